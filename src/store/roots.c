/* roots.c - the folders that were indexed. No root lies inside another. */
#include "store/storage.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"

#include <string.h>

/* The root that holds path. *id is 0 when there is none; *exact: the root is path itself. */
static akin_status root_find(akin_storage *s, const char *path, uint64_t *id, bool *exact, akin_error *err) {
  akin_statement *st = NULL;
  bool row = true;
  *id = 0;
  *exact = false;
  akin_status status = akin_statement_start(&st, s->database, "SELECT id, path FROM roots", err);
  while (!status && row && *id == 0) {
    status = akin_statement_next(st, &row, err);
    const char *rest = !status && row ? akin_path_inside(path, akin_statement_text(st, 1)) : NULL;
    if (rest) {
      *id = akin_statement_number(st, 0);
      *exact = rest[0] == '\0';
    }
  }
  akin_statement_end(st);
  return status;
}

static akin_status root_insert(akin_storage *s, const char *path, bool scanned, uint64_t *id, akin_error *err) {
  akin_statement *st = NULL;
  akin_status status =
      akin_statement_start(&st, s->database, "INSERT INTO roots (path, scanned) VALUES (?1, ?2) RETURNING id", err);
  if (status) return status;
  akin_statement_bind_bytes(st, 1, path, strlen(path));
  akin_statement_bind_number(st, 2, scanned);
  return akin_statement_finish_number(st, id, err);
}

static akin_status root_run_in_range(akin_storage *s, const char *sql, uint64_t id, const akin_path_range *range,
                                     akin_error *err) {
  akin_statement *st = NULL;
  akin_status status = akin_statement_start(&st, s->database, sql, err);
  if (status) return status;
  akin_statement_bind_number(st, 1, id);
  akin_statement_bind_bytes(st, 2, range->low, range->size);
  akin_statement_bind_bytes(st, 3, range->high, range->size);
  return akin_statement_finish(st, err);
}

/* Roots inside the new one, and what belongs to them, become part of it. */
static akin_status root_swallow(akin_storage *s, uint64_t id, const akin_path_range *range, akin_error *err) {
  akin_status status = root_run_in_range(
      s, "UPDATE images SET root_id = ?1 WHERE path >= ?2 AND path < ?3 AND root_id <> ?1", id, range, err);
  if (status) return status;
  return root_run_in_range(s, "DELETE FROM roots WHERE path >= ?2 AND path < ?3 AND id <> ?1", id, range, err);
}

akin_status akin_storage_root_add(akin_storage *s, const char *path, bool scanned, uint64_t *root_id, akin_error *err) {
  akin_path_range range = {0};
  bool exact = false;
  *root_id = 0;
  akin_status status = akin_storage_check_writing(s, err);
  if (!status) status = akin_path_range_of(&range, path, err);
  if (!status) status = root_find(s, path, root_id, &exact, err);
  if (!status && *root_id != 0) {
    if (exact && scanned) {
      status = akin_database_run_with(s->database, "UPDATE roots SET scanned = 1 WHERE id = ?1 AND scanned = 0",
                                      root_id, 1, err);
    }
  } else if (!status) {
    status = root_insert(s, path, scanned, root_id, err);
    if (!status) status = root_swallow(s, *root_id, &range, err);
  }
  akin_path_range_free(&range);
  return status;
}

/* ---- listing ---- */

static akin_status root_of_row(akin_statement *st, akin_root *out, akin_error *err) {
  *out = (akin_root){
      .id = akin_statement_number(st, 0),
      .path = akin_strdup(akin_statement_text(st, 1)),
      .scanned = akin_statement_number(st, 2) != 0,
      .images = akin_statement_number(st, 3),
  };
  return out->path ? AKIN_OK : akin_fail_memory(err, 0);
}

akin_status akin_storage_roots(akin_storage *s, akin_root **out, size_t *count, akin_error *err) {
  akin_statement *st = NULL;
  akin_root *roots = NULL;
  size_t n = 0;
  bool row = false;
  *out = NULL;
  *count = 0;
  akin_status status = akin_statement_start(&st, s->database,
                                            "SELECT id, path, scanned,"
                                            " (SELECT count(*) FROM images WHERE root_id = roots.id)"
                                            " FROM roots ORDER BY path",
                                            err);
  while (!status && !(status = akin_statement_next(st, &row, err)) && row) {
    akin_root *more = akin_realloc_array(roots, n + 1, sizeof *roots);
    if (!more) {
      status = akin_fail_memory(err, (n + 1) * sizeof *roots);
      break;
    }
    roots = more;
    status = root_of_row(st, &roots[n], err);
    n += !status;
  }
  akin_statement_end(st);
  if (status) {
    akin_roots_free(roots, n);
    return status;
  }
  *out = roots;
  *count = n;
  return AKIN_OK;
}

void akin_roots_free(akin_root *roots, size_t count) {
  for (size_t i = 0; i < count; i++)
    akin_free(roots[i].path);
  akin_free(roots);
}
