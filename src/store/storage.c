/* storage.c - opening a store, transactions, generations. */
#include "store/storage.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"
#include "store/schema.h"

#include <string.h>

/* ---- opening ---- */

/* *found: a regular file akin.db is there. */
static akin_status storage_look(bool *found, const char *folder, const char *file, akin_error *err) {
  akin_file_facts facts;
  *found = false;
  akin_status status = akin_file_facts_of(&facts, folder, err);
  if (status) return status;
  if (!facts.is_folder) return akin_fail(err, AKIN_ERROR_FORMAT, "%s: is a file, but a store is a folder", folder);
  status = akin_file_facts_of(&facts, file, err);
  if (status == AKIN_ERROR_NOT_FOUND) return AKIN_OK;
  if (!status && !facts.is_regular)
    return akin_fail(err, AKIN_ERROR_FORMAT, "%s: is not a regular file, so this is no store", file);
  *found = !status;
  return status;
}

static akin_status storage_nothing_there(const char *folder, akin_error *err) {
  return akin_fail(err, AKIN_ERROR_NOT_FOUND, "%s: there is no store here; akin index makes one", folder);
}

static akin_status storage_open_to_read(akin_storage *s, const char *folder, const char *file, akin_error *err) {
  bool found = false;
  uint32_t version = 0;
  akin_status status = storage_look(&found, folder, file, err);
  if (status == AKIN_ERROR_NOT_FOUND || (!status && !found)) return storage_nothing_there(folder, err);
  if (!status) status = akin_database_open(&s->database, file, AKIN_DATABASE_READ, err);
  if (!status) status = akin_schema_check(s->database, &akin_schema_current, &version, err);
  /* Version 0: the process that was making it was killed before the first commit. */
  if (!status && version == 0) return storage_nothing_there(folder, err);
  if (!status && version < akin_schema_current.version) {
    status = akin_fail(err, AKIN_ERROR_UNSUPPORTED,
                       "%s: has version %u of the store's format, this akin wants version %u: akin index brings it up "
                       "to date",
                       file, (unsigned)version, (unsigned)akin_schema_current.version);
  }
  return status;
}

/* Waiting writers are the caller's idea, not ours: a held lock is BUSY at once. */
static akin_status storage_lock(akin_storage *s, const char *folder, akin_error *err) {
  char *path = akin_path_join(folder, "writer.lock");
  if (!path) return akin_fail_memory(err, strlen(folder));
  akin_status status = akin_file_lock(&s->lock, path, err);
  akin_free(path);
  if (status == AKIN_ERROR_BUSY) return akin_fail_context(err, status, "another process is writing this store");
  return status ? akin_fail_context(err, status, "the store cannot be written") : AKIN_OK;
}

/* The size of pages can only be chosen before the first one is written. */
static akin_status storage_choose_pages(akin_storage *s, akin_error *err) {
  char *sql = akin_format("PRAGMA page_size = %d; PRAGMA auto_vacuum = NONE;", AKIN_SCHEMA_PAGE);
  akin_status status = sql ? akin_database_run(s->database, sql, err) : akin_fail_memory(err, 0);
  akin_free(sql);
  return status;
}

static akin_status storage_open_to_write(akin_storage *s, const char *folder, const char *file, akin_error *err) {
  bool found = false;
  uint32_t version = 0;
  akin_status status = storage_look(&found, folder, file, err);
  if (status == AKIN_ERROR_NOT_FOUND) status = akin_path_create_folder(folder, true, err);
  if (!status) status = storage_lock(s, folder, err);
  if (!status) status = akin_database_open(&s->database, file, AKIN_DATABASE_WRITE, err);
  if (!status) status = akin_schema_check(s->database, &akin_schema_current, &version, err);
  if (!status && version == 0) status = storage_choose_pages(s, err);
  if (!status) status = akin_database_run(s->database, "PRAGMA journal_mode = WAL", err);
  return status ? status : akin_schema_upgrade(s->database, &akin_schema_current, version, err);
}

akin_status akin_storage_open(akin_storage **out, const char *folder, akin_storage_mode mode, akin_error *err) {
  *out = NULL;
  akin_storage *s = akin_calloc(1, sizeof *s);
  char *file = akin_path_join(folder, "akin.db");
  akin_status status = s && file ? AKIN_OK : akin_fail_memory(err, sizeof *s + strlen(folder));
  if (!status) {
    s->lock = -1;
    s->mode = mode;
    status = mode == AKIN_STORAGE_WRITE ? storage_open_to_write(s, folder, file, err)
                                        : storage_open_to_read(s, folder, file, err);
  }
  if (!status) status = akin_database_number(s->database, "SELECT random FROM store", NULL, 0, &s->id, err);
  akin_free(file);
  if (status) {
    akin_storage_close(s);
    return status;
  }
  *out = s;
  return AKIN_OK;
}

void akin_storage_close(akin_storage *s) {
  if (!s) return;
  akin_database_close(s->database);
  if (s->lock >= 0) akin_file_unlock(s->lock);
  akin_free(s);
}

uint64_t akin_storage_id(const akin_storage *s) {
  return s->id;
}

/* ---- transactions ---- */

akin_status akin_storage_generation(akin_storage *s, uint64_t *out, akin_error *err) {
  return akin_database_number(s->database, "SELECT generation FROM store", NULL, 0, out, err);
}

akin_status akin_storage_begin(akin_storage *s, akin_error *err) {
  uint64_t generation = 0;
  if (akin_database_in_transaction(s->database))
    return akin_fail(err, AKIN_ERROR_USAGE, "a transaction was begun before the last one ended");
  akin_status status = akin_database_run(s->database, s->mode == AKIN_STORAGE_WRITE ? "BEGIN IMMEDIATE" : "BEGIN", err);
  /* A reader's state is fixed by its first look. */
  if (!status) status = akin_storage_generation(s, &generation, err);
  if (status) {
    akin_storage_rollback(s);
    return status;
  }
  s->generation = generation + 1;
  s->changes = akin_database_changes(s->database);
  return AKIN_OK;
}

static akin_status storage_seal(akin_storage *s, akin_error *err) {
  if (akin_database_changes(s->database) == s->changes) return AKIN_OK;
  akin_status status = akin_storage_removals_trim(s, err);
  if (status) return status;
  return akin_database_run_with(s->database, "UPDATE store SET generation = ?1", &s->generation, 1, err);
}

akin_status akin_storage_commit(akin_storage *s, akin_error *err) {
  if (!akin_database_in_transaction(s->database))
    return akin_fail(err, AKIN_ERROR_USAGE, "nothing to commit: the transaction was not begun, or it failed before");
  akin_status status = storage_seal(s, err);
  if (!status) status = akin_database_run(s->database, "COMMIT", err);
  if (status) akin_storage_rollback(s);
  return status;
}

void akin_storage_rollback(akin_storage *s) {
  /* SQLite may have rolled back on its own, as it does when the disk is full. */
  if (akin_database_in_transaction(s->database)) (void)akin_database_run(s->database, "ROLLBACK", NULL);
}

akin_status akin_storage_check_writing(const akin_storage *s, akin_error *err) {
  if (s->mode == AKIN_STORAGE_WRITE && akin_database_in_transaction(s->database)) return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_USAGE,
                   "the store can only be changed in a transaction: it was not begun, or it failed before");
}

/* ---- sizes ---- */

static uint64_t storage_multiply(uint64_t a, uint64_t b) {
  uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

uint64_t akin_storage_estimate(uint64_t images, uint32_t dim) {
  const uint64_t page = AKIN_SCHEMA_PAGE, head = 64; /* head: of a row, with its share of the page's head */
  const uint64_t image = 1024;                       /* an image and its content, with their indices */
  const uint64_t log = 32u << 20;                    /* the write-ahead log, and room to work */
  uint64_t row = (uint64_t)dim * sizeof(float) + head;
  uint64_t feature = row < page ? page / (page / row) : (row / page + 1) * page; /* a large one fills whole pages */
  uint64_t all = storage_multiply(images, image + feature);
  return all > UINT64_MAX - log ? UINT64_MAX : all + log;
}

/* ---- paths ---- */

akin_status akin_path_range_of(akin_path_range *out, const char *folder, akin_error *err) {
  size_t size = strlen(folder);
  *out = (akin_path_range){0};
  if (folder[0] != '/' || (size > 1 && folder[size - 1] == '/'))
    return akin_fail(err, AKIN_ERROR_USAGE, "%s: not an absolute path in its shortest form", folder);
  const char *stem = size > 1 ? folder : ""; /* of "/" itself: "/" to "0" */
  out->low = akin_format("%s/", stem);
  out->high = akin_format("%s0", stem);
  out->size = strlen(stem) + 1;
  if (out->low && out->high) return AKIN_OK;
  akin_path_range_free(out);
  return akin_fail_memory(err, size);
}

void akin_path_range_free(akin_path_range *range) {
  akin_free(range->low);
  akin_free(range->high);
  *range = (akin_path_range){0};
}
