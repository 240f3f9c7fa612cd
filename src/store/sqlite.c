/*
 * sqlite.c - database.h by SQLite: connections, kept statements, and SQLite's result codes as our own. The only file
 * that includes sqlite3.h.
 */
#include "store/database.h"

#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/memory.h"
#include "base/text.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <string.h>

#define DATABASE_PATIENCE_MS 10000 /* how long a lock of another process is waited for */
#define DATABASE_URI_MAX     65536

struct akin_statement {
  akin_database *database;
  sqlite3_stmt *compiled;
  const char *sql;      /* its address is the key */
  int failure;          /* SQLITE_OK, or what a binding or a column ran into */
  akin_statement *next; /* among the idle ones */
};

struct akin_database {
  sqlite3 *connection;
  char *path;
  akin_statement *idle;
};

/* ---- SQLite's codes ---- */

static akin_status database_status_of(int code) {
  switch (code) {
  case SQLITE_IOERR_NOMEM:
    return AKIN_ERROR_MEMORY;
  case SQLITE_IOERR_CORRUPTFS:
    return AKIN_ERROR_FORMAT;
  case SQLITE_CONSTRAINT_FOREIGNKEY:
    return AKIN_ERROR_NOT_FOUND;
  default:
    break;
  }
  switch (code & 0xff) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return AKIN_ERROR_BUSY;
  case SQLITE_FULL:
    return AKIN_ERROR_NO_SPACE;
  case SQLITE_NOMEM:
    return AKIN_ERROR_MEMORY;
  case SQLITE_TOOBIG:
    return AKIN_ERROR_LIMIT;
  case SQLITE_ERROR: /* our SQL is right, so tables or columns are missing */
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
  case SQLITE_CONSTRAINT:
  case SQLITE_MISMATCH:
  case SQLITE_FORMAT:
    return AKIN_ERROR_FORMAT;
  default:
    return AKIN_ERROR_IO;
  }
}

static const char *database_advice(akin_status status) {
  switch (status) {
  case AKIN_ERROR_FORMAT:
    return "; the store is damaged: akin verify tells more, indexing into another folder makes a new one";
  case AKIN_ERROR_BUSY:
    return "; another program keeps it locked: try again when it is done";
  case AKIN_ERROR_NO_SPACE:
    return "; what was committed before is kept: make room, then run it again";
  default:
    return "";
  }
}

/* The system's reason for an I/O error. SQLite forgets it when a commit fails; then errno, which was cleared before the
 * call, has it still. */
static int database_errno(const akin_database *d, int code) {
  int kept = sqlite3_system_errno(d->connection);
  if ((code & 0xff) != SQLITE_IOERR && (code & 0xff) != SQLITE_CANTOPEN) return 0;
  return kept ? kept : errno;
}

static akin_status database_fail(const akin_database *d, int code, akin_error *err) {
  akin_status status = database_status_of(code);
  int errnum = database_errno(d, code);
  if (status == AKIN_ERROR_IO && errnum != 0)
    return akin_fail_errno(err, errnum, "%s: %s", d->path, sqlite3_errstr(code));
  /* A message that belongs to another code is stale: the failing call did not reach the connection. */
  bool fresh = sqlite3_extended_errcode(d->connection) == code;
  return akin_fail(err, status, "%s: %s%s", d->path, fresh ? sqlite3_errmsg(d->connection) : sqlite3_errstr(code),
                   database_advice(status));
}

akin_status akin_database_damaged(const akin_database *d, akin_error *err, const char *format, ...) {
  char what[AKIN_ERROR_TEXT];
  va_list arguments;
  va_start(arguments, format);
  int length = akin_vformat(what, sizeof what, format, arguments);
  va_end(arguments);
  return akin_fail(err, AKIN_ERROR_FORMAT, "%s: %s%s", d->path, length < 0 ? "damaged" : what,
                   database_advice(AKIN_ERROR_FORMAT));
}

/* ---- connections ---- */

/* As a URI, because only there SQLite takes the option immutable, and because a Debian build reads any name that begins
 * with "file:" as one. */
static akin_status database_uri(akin_buffer *out, const char *path, bool immutable) {
  akin_status status = akin_buffer_append_text(out, path[0] == '/' ? "file://" : "file:");
  if (!status) status = akin_text_url(out, path);
  if (!status && immutable) status = akin_buffer_append_text(out, "?immutable=1");
  return status;
}

static int database_configure(sqlite3 *connection, akin_database_mode mode) {
  sqlite3_extended_result_codes(connection, 1);
  int code = sqlite3_busy_timeout(connection, DATABASE_PATIENCE_MS);
  if (!code) code = sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
  if (!code) code = sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  if (!code) code = sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  if (!code) {
    code = sqlite3_exec(connection,
                        "PRAGMA synchronous = FULL;"  /* a commit that returned survives a power cut */
                        "PRAGMA temp_store = MEMORY;" /* no other folder can be full or read-only */
                        "PRAGMA cell_size_check = ON;",
                        NULL, NULL, NULL);
  }
  if (!code && mode == AKIN_DATABASE_READ) code = sqlite3_exec(connection, "PRAGMA query_only = ON;", NULL, NULL, NULL);
  /* Reads the header and the schema, and sets up the WAL: from here on the file is known to be readable. */
  if (!code) code = sqlite3_exec(connection, "SELECT 1 FROM sqlite_schema LIMIT 1;", NULL, NULL, NULL);
  return code;
}

static void database_disconnect(akin_database *d) {
  sqlite3_close(d->connection);
  d->connection = NULL;
}

/* *code is SQLite's, for the caller to judge; the connection stays for its error text. */
static akin_status database_connect(akin_database *d, akin_database_mode mode, bool immutable, int *code,
                                    akin_error *err) {
  akin_buffer uri = AKIN_BUFFER_INIT(DATABASE_URI_MAX);
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
  akin_status status = database_uri(&uri, d->path, immutable);
  if (status) {
    akin_buffer_free(&uri);
    return status == AKIN_ERROR_MEMORY ? akin_fail_memory(err, 0)
                                       : akin_fail(err, status, "%s: a path of this length cannot be opened", d->path);
  }
  errno = 0;
  *code =
      sqlite3_open_v2(uri.data, &d->connection, flags | (mode == AKIN_DATABASE_WRITE ? SQLITE_OPEN_CREATE : 0), NULL);
  if (!*code) *code = database_configure(d->connection, mode);
  akin_buffer_free(&uri);
  return *code ? database_fail(d, *code, err) : AKIN_OK;
}

/* Is there something in the write-ahead log that the file does not have yet? */
static bool database_has_pending(const char *path) {
  akin_file_facts facts = {0};
  char *log = akin_format("%s-wal", path);
  bool pending = !log || (!akin_file_facts_of(&facts, log, NULL) && facts.size > 0);
  akin_free(log);
  return pending;
}

/* A reader must share memory with writers through a file beside the database. Where that cannot be made nobody can
 * write either, so the file is read as one that does not change. */
static akin_status database_connect_immutable(akin_database *d, akin_error *err) {
  int code = SQLITE_OK;
  if (database_has_pending(d->path)) {
    return akin_fail(err, AKIN_ERROR_IO,
                     "%s: was not closed in order and its folder cannot be written: give write permission for one "
                     "command, or copy the folder to where you can write",
                     d->path);
  }
  database_disconnect(d);
  return database_connect(d, AKIN_DATABASE_READ, true, &code, err);
}

akin_status akin_database_open(akin_database **out, const char *path, akin_database_mode mode, akin_error *err) {
  *out = NULL;
  int code = SQLITE_OK;
  akin_database *d = akin_calloc(1, sizeof *d);
  if (!d || !(d->path = akin_strdup(path))) {
    akin_free(d);
    return akin_fail_memory(err, sizeof *d + strlen(path));
  }
  akin_status status = database_connect(d, mode, false, &code, err);
  if (mode == AKIN_DATABASE_READ && ((code & 0xff) == SQLITE_CANTOPEN || (code & 0xff) == SQLITE_READONLY))
    status = database_connect_immutable(d, err);
  if (!status && mode == AKIN_DATABASE_WRITE && sqlite3_db_readonly(d->connection, "main") == 1)
    status = akin_fail(err, AKIN_ERROR_IO, "%s: can be read but not written: check the permissions of the file", path);
  if (status) {
    akin_database_close(d);
    return status;
  }
  *out = d;
  return AKIN_OK;
}

static void statement_free(akin_statement *st) {
  sqlite3_finalize(st->compiled);
  akin_free(st);
}

void akin_database_close(akin_database *d) {
  if (!d) return;
  while (d->idle) {
    akin_statement *st = d->idle;
    d->idle = st->next;
    statement_free(st);
  }
  database_disconnect(d);
  akin_free(d->path);
  akin_free(d);
}

const char *akin_database_path(const akin_database *d) {
  return d->path;
}

akin_status akin_database_run(akin_database *d, const char *sql, akin_error *err) {
  errno = 0;
  int code = sqlite3_exec(d->connection, sql, NULL, NULL, NULL);
  return code ? database_fail(d, code, err) : AKIN_OK;
}

bool akin_database_in_transaction(const akin_database *d) {
  return sqlite3_get_autocommit(d->connection) == 0;
}

uint64_t akin_database_changes(const akin_database *d) {
  return (uint64_t)sqlite3_total_changes64(d->connection);
}

/* ---- statements ---- */

static akin_statement *statement_take_idle(akin_database *d, const char *sql) {
  for (akin_statement **link = &d->idle; *link; link = &(*link)->next) {
    if ((*link)->sql == sql) {
      akin_statement *st = *link;
      *link = st->next;
      return st;
    }
  }
  return NULL;
}

akin_status akin_statement_start(akin_statement **out, akin_database *d, const char *sql, akin_error *err) {
  *out = statement_take_idle(d, sql);
  if (*out) return AKIN_OK;
  akin_statement *st = akin_calloc(1, sizeof *st);
  if (!st) return akin_fail_memory(err, sizeof *st);
  st->database = d;
  st->sql = sql;
  int code = sqlite3_prepare_v3(d->connection, sql, -1, SQLITE_PREPARE_PERSISTENT, &st->compiled, NULL);
  if (code) {
    akin_status status = database_fail(d, code, err);
    statement_free(st);
    return status;
  }
  *out = st;
  return AKIN_OK;
}

void akin_statement_end(akin_statement *st) {
  if (!st) return;
  sqlite3_reset(st->compiled); /* its code is that of the last step, which was told already */
  sqlite3_clear_bindings(st->compiled);
  st->failure = SQLITE_OK;
  st->next = st->database->idle;
  st->database->idle = st;
}

static void statement_note(akin_statement *st, int code) {
  if (!st->failure) st->failure = code;
}

void akin_statement_bind_number(akin_statement *st, int index, uint64_t value) {
  statement_note(st, sqlite3_bind_int64(st->compiled, index, (sqlite3_int64)value));
}

void akin_statement_bind_bytes(akin_statement *st, int index, const void *bytes, size_t size) {
  statement_note(st, sqlite3_bind_blob64(st->compiled, index, size ? bytes : "", size, SQLITE_STATIC));
}

void akin_statement_bind_text(akin_statement *st, int index, const char *text) {
  statement_note(st, sqlite3_bind_text64(st->compiled, index, text, strlen(text), SQLITE_STATIC, SQLITE_UTF8));
}

void akin_statement_bind_null(akin_statement *st, int index) {
  statement_note(st, sqlite3_bind_null(st->compiled, index));
}

akin_status akin_statement_next(akin_statement *st, bool *row, akin_error *err) {
  *row = false;
  errno = 0;
  int code = st->failure ? st->failure : sqlite3_step(st->compiled);
  if (code != SQLITE_ROW && code != SQLITE_DONE) return database_fail(st->database, code, err);
  *row = code == SQLITE_ROW;
  return AKIN_OK;
}

akin_status akin_statement_finish(akin_statement *st, akin_error *err) {
  bool row = true;
  akin_status status = AKIN_OK;
  while (!status && row)
    status = akin_statement_next(st, &row, err);
  akin_statement_end(st);
  return status;
}

akin_status akin_statement_finish_number(akin_statement *st, uint64_t *out, akin_error *err) {
  bool row = false;
  akin_status status = akin_statement_next(st, &row, err);
  if (!status && !row) status = akin_database_damaged(st->database, err, "a row that must be there is missing");
  if (!status) *out = akin_statement_number(st, 0);
  if (!status) return akin_statement_finish(st, err);
  akin_statement_end(st);
  return status;
}

static akin_status statement_start_with(akin_statement **out, akin_database *d, const char *sql,
                                        const uint64_t *numbers, size_t count, akin_error *err) {
  akin_status status = akin_statement_start(out, d, sql, err);
  for (size_t i = 0; !status && i < count; i++)
    akin_statement_bind_number(*out, (int)i + 1, numbers[i]);
  return status;
}

akin_status akin_database_run_with(akin_database *d, const char *sql, const uint64_t *numbers, size_t count,
                                   akin_error *err) {
  akin_statement *st = NULL;
  akin_status status = statement_start_with(&st, d, sql, numbers, count, err);
  return status ? status : akin_statement_finish(st, err);
}

akin_status akin_database_number(akin_database *d, const char *sql, const uint64_t *numbers, size_t count,
                                 uint64_t *out, akin_error *err) {
  akin_statement *st = NULL;
  akin_status status = statement_start_with(&st, d, sql, numbers, count, err);
  return status ? status : akin_statement_finish_number(st, out, err);
}

uint64_t akin_statement_number(akin_statement *st, int column) {
  return (uint64_t)sqlite3_column_int64(st->compiled, column);
}

/* SQLite answers NULL for an empty value and when memory ran out; the second must not pass for the first. */
static const void *statement_value(akin_statement *st, const void *value) {
  if (!value && sqlite3_errcode(st->database->connection) == SQLITE_NOMEM) statement_note(st, SQLITE_NOMEM);
  return value ? value : "";
}

const void *akin_statement_bytes(akin_statement *st, int column, size_t *size) {
  const void *bytes = statement_value(st, sqlite3_column_blob(st->compiled, column));
  *size = (size_t)sqlite3_column_bytes(st->compiled, column);
  return bytes;
}

const char *akin_statement_text(akin_statement *st, int column) {
  return statement_value(st, sqlite3_column_text(st->compiled, column));
}
