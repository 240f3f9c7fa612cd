/* sql_testing.h - looking at a store's file, and spoiling it, behind the store's back. */
#ifndef AKIN_TESTS_UNIT_STORE_SQL_TESTING_H
#define AKIN_TESTS_UNIT_STORE_SQL_TESTING_H

#include "unit/testing.h"

#include <sqlite3.h>

/* Runs SQL on a file, made when missing. Foreign keys and checks are off, so that anything can be spoiled. */
TESTING void sql_run(const char *file, const char *sql) {
  sqlite3 *db = NULL;
  char *message = NULL;
  assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, "PRAGMA ignore_check_constraints = ON", NULL, NULL, NULL), SQLITE_OK);
  if (sqlite3_exec(db, sql, NULL, NULL, &message)) fail_msg("%s: %s", sql, message);
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* The first column of the first row, as text; akin_free. */
TESTING char *sql_value(const char *file, const char *sql) {
  sqlite3 *db = NULL;
  sqlite3_stmt *st = NULL;
  assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
  assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(st), SQLITE_ROW);
  char *value = akin_strdup((const char *)sqlite3_column_text(st, 0));
  assert_non_null(value);
  assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
  return value;
}

TESTING void sql_expect(const char *file, const char *sql, const char *want) {
  char *got = sql_value(file, sql);
  assert_string_equal(got, want);
  akin_free(got);
}

#endif
