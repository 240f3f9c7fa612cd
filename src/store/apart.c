/* apart.c - pairs of contents that people told apart: not duplicates, however alike. They are kept by hash, whether the
 * store has such contents or not. */
#include "store/storage.h"

#include "base/error.h"

#include <string.h>

/* Runs a change of one pair, smaller hash first. *changed: it made a difference. */
static akin_status apart_change(akin_storage *s, const char *sql, const akin_hash *a, const akin_hash *b, bool *changed,
                                akin_error *err) {
  akin_statement *st = NULL;
  const int order = memcmp(a->bytes, b->bytes, sizeof a->bytes);
  *changed = false;
  if (order == 0) return akin_fail(err, AKIN_ERROR_USAGE, "a content cannot be told apart from itself");
  akin_status status = akin_storage_check_writing(s, err);
  if (!status) status = akin_statement_start(&st, s->database, sql, err);
  if (status) return status;
  const uint64_t changes = akin_database_changes(s->database);
  akin_statement_bind_bytes(st, 1, order < 0 ? a->bytes : b->bytes, sizeof a->bytes);
  akin_statement_bind_bytes(st, 2, order < 0 ? b->bytes : a->bytes, sizeof a->bytes);
  status = akin_statement_finish(st, err);
  *changed = !status && akin_database_changes(s->database) != changes;
  return status;
}

akin_status akin_storage_apart_put(akin_storage *s, const akin_hash *a, const akin_hash *b, bool *changed,
                                   akin_error *err) {
  return apart_change(s, "INSERT INTO not_duplicates (first_hash, second_hash) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                      a, b, changed, err);
}

akin_status akin_storage_apart_remove(akin_storage *s, const akin_hash *a, const akin_hash *b, bool *changed,
                                      akin_error *err) {
  return apart_change(s, "DELETE FROM not_duplicates WHERE first_hash = ?1 AND second_hash = ?2", a, b, changed, err);
}

static akin_status apart_hash(akin_storage *s, akin_statement *st, int column, akin_hash *out, akin_error *err) {
  size_t size = 0;
  const void *bytes = akin_statement_bytes(st, column, &size);
  if (size != sizeof out->bytes)
    return akin_database_damaged(s->database, err, "a pair that was told apart has a hash of %zu bytes", size);
  memcpy(out->bytes, bytes, size);
  return AKIN_OK;
}

akin_status akin_storage_apart(akin_storage *s, akin_storage_apart_visit *visit, void *context, akin_error *err) {
  akin_statement *st = NULL;
  akin_hash pair[2];
  bool row = false;
  akin_status status = akin_statement_start(
      &st, s->database, "SELECT first_hash, second_hash FROM not_duplicates ORDER BY first_hash, second_hash", err);
  while (!status && !(status = akin_statement_next(st, &row, err)) && row) {
    status = apart_hash(s, st, 0, &pair[0], err);
    if (!status) status = apart_hash(s, st, 1, &pair[1], err);
    if (!status) status = visit(context, &pair[0], &pair[1], err);
  }
  akin_statement_end(st);
  return status;
}
