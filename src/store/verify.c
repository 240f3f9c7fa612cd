/* verify.c - is the store sound? SQLite's own checks, then what SQL can say about our tables, then every feature. */
#include "store/storage.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

#define VERIFY_LINE_MAX   8192
#define VERIFY_VECTOR_MAX (64u << 20) /* bytes of the largest feature that is looked at */

typedef struct verify_run {
  akin_storage *storage;
  void (*report)(void *context, const char *line);
  void *context;
  uint64_t faults;
} verify_run;

/* Each query gives one line a fault. Paths in it are made safe before they are reported. */
static const char *const verify_queries[] = {
    "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
    "SELECT 'row ' || coalesce(rowid, '?') || ' of ' || \"table\" || ' refers to a row of ' || parent ||"
    " ' that is not there' FROM pragma_foreign_key_check",
    "SELECT 'content ' || id || ' has no image' FROM contents"
    " WHERE NOT EXISTS (SELECT 1 FROM images WHERE content_id = contents.id)",
    "SELECT 'image ' || path || ' has no content' FROM images"
    " WHERE state = 0 AND NOT EXISTS (SELECT 1 FROM contents WHERE contents.id = content_id)",
    "SELECT 'image ' || images.path || ' is not inside its root ' || roots.path FROM images"
    " JOIN roots ON roots.id = root_id WHERE roots.path NOT IN (x'2f', images.path)"
    " AND substr(images.path, 1, length(roots.path) + 1) <> CAST(roots.path || '/' AS BLOB)",
    "SELECT 'root ' || inner_root.path || ' is inside root ' || outer_root.path FROM roots AS inner_root"
    " JOIN roots AS outer_root ON inner_root.id <> outer_root.id AND (outer_root.path = x'2f' OR"
    " substr(inner_root.path, 1, length(outer_root.path) + 1) = CAST(outer_root.path || '/' AS BLOB))",
    "SELECT 'feature of content ' || content_id || ' came with generation ' || features.generation ||"
    " ', but the store is at ' || store.generation FROM features JOIN store ON features.generation > store.generation",
    "SELECT 'feature of content ' || content_id || ' has ' || length(vector) || ' bytes as a ' || typeof(vector) ||"
    " ', ' || name || ' gives a blob of ' || (4 * dim) FROM features JOIN models ON models.id = model_id"
    " WHERE length(vector) <> 4 * dim OR typeof(vector) <> 'blob'",
};

static akin_status verify_fault(verify_run *run, const char *text, akin_error *err) {
  akin_buffer line = AKIN_BUFFER_INIT(VERIFY_LINE_MAX);
  akin_status status = akin_text_line(&line, text);
  run->faults++;
  if (status == AKIN_ERROR_MEMORY) {
    akin_buffer_free(&line);
    return akin_fail_memory(err, 0);
  }
  run->report(run->context, status ? "a fault whose description is too long" : line.data);
  akin_buffer_free(&line);
  return AKIN_OK;
}

/* Damage that stops a check is a fault as well, and the other checks go on. */
static akin_status verify_tell_damage(verify_run *run, akin_status status, const akin_error *why, akin_error *err) {
  if (status == AKIN_ERROR_FORMAT) return verify_fault(run, why->text, err);
  return akin_fail(err, status, "%s", why->text);
}

static akin_status verify_query(verify_run *run, const char *sql, akin_error *err) {
  akin_statement *st = NULL;
  akin_error why = {AKIN_OK, ""};
  bool row = false;
  akin_status told = AKIN_OK;
  akin_status status = akin_statement_start(&st, run->storage->database, sql, &why);
  while (!status && !told && !(status = akin_statement_next(st, &row, &why)) && row)
    told = verify_fault(run, akin_statement_text(st, 0), err);
  akin_statement_end(st);
  if (told) return told;
  return status ? verify_tell_damage(run, status, &why, err) : AKIN_OK;
}

/* The values of one feature; those of a wrong size are the business of a query. */
static akin_status verify_vector(verify_run *run, akin_statement *st, akin_error *err) {
  size_t size = 0;
  const void *bytes = akin_statement_bytes(st, 1, &size);
  if (size == 0 || size % sizeof(float) != 0 || size > VERIFY_VECTOR_MAX) return AKIN_OK;
  size_t dim = size / sizeof(float);
  float *feature = akin_alloc(size);
  if (!feature) return akin_fail_memory(err, size);
  akin_feature_from_bytes(feature, bytes, dim);
  bool sound = akin_feature_is_sound(feature, dim);
  akin_free(feature);
  if (sound) return AKIN_OK;
  char *text =
      akin_format("feature of content %llu is not of unit length", (unsigned long long)akin_statement_number(st, 0));
  akin_status status = text ? verify_fault(run, text, err) : akin_fail_memory(err, 0);
  akin_free(text);
  return status;
}

static akin_status verify_vectors(verify_run *run, akin_error *err) {
  akin_statement *st = NULL;
  akin_error why = {AKIN_OK, ""};
  bool row = false;
  akin_status told = AKIN_OK;
  akin_status status =
      akin_statement_start(&st, run->storage->database, "SELECT content_id, vector FROM features", &why);
  while (!status && !told && !(status = akin_statement_next(st, &row, &why)) && row)
    told = verify_vector(run, st, err);
  akin_statement_end(st);
  if (told) return told;
  return status ? verify_tell_damage(run, status, &why, err) : AKIN_OK;
}

akin_status akin_storage_verify(akin_storage *s, void (*report)(void *context, const char *line), void *context,
                                uint64_t *faults, akin_error *err) {
  verify_run run = {s, report, context, 0};
  akin_status status = AKIN_OK;
  *faults = 0;
  for (size_t i = 0; !status && i < sizeof verify_queries / sizeof *verify_queries; i++)
    status = verify_query(&run, verify_queries[i], err);
  if (!status) status = verify_vectors(&run, err);
  *faults = run.faults;
  if (status || run.faults == 0) return status;
  return akin_fail(err, AKIN_ERROR_FORMAT, "%s: %llu faults; index into another folder to make a new store",
                   akin_database_path(s->database), (unsigned long long)run.faults);
}
