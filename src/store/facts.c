/* facts.c - what was measured of a model's features, and a sample of them to measure on. */
#include "store/storage.h"

#include "base/error.h"
#include "base/memory.h"

akin_status akin_storage_fact_put(akin_storage *s, uint64_t model_id, const char *name, uint64_t generation,
                                  const void *bytes, size_t size, akin_error *err) {
  akin_statement *st = NULL;
  akin_status status = akin_storage_check_writing(s, err);
  if (!status) {
    status = akin_statement_start(&st, s->database,
                                  "INSERT OR REPLACE INTO model_facts (model_id, name, generation, value)"
                                  " VALUES (?1, ?2, ?3, ?4)",
                                  err);
  }
  if (status) return status;
  akin_statement_bind_number(st, 1, model_id);
  akin_statement_bind_text(st, 2, name);
  akin_statement_bind_number(st, 3, generation);
  akin_statement_bind_bytes(st, 4, bytes, size);
  return akin_statement_finish(st, err);
}

akin_status akin_storage_fact_get(akin_storage *s, uint64_t model_id, const char *name, akin_buffer *out,
                                  uint64_t *generation, bool *found, akin_error *err) {
  akin_statement *st = NULL;
  size_t size = 0;
  *found = false;
  *generation = 0;
  akin_status status = akin_statement_start(
      &st, s->database, "SELECT generation, value FROM model_facts WHERE model_id = ?1 AND name = ?2", err);
  if (status) return status;
  akin_statement_bind_number(st, 1, model_id);
  akin_statement_bind_text(st, 2, name);
  status = akin_statement_next(st, found, err);
  if (!status && *found) {
    const void *bytes = akin_statement_bytes(st, 1, &size);
    *generation = akin_statement_number(st, 0);
    akin_buffer_clear(out);
    if ((status = akin_buffer_append(out, bytes, size))) status = akin_fail_memory(err, size);
  }
  akin_statement_end(st);
  if (status) *found = false;
  return status;
}

akin_status akin_storage_fact_put_floats(akin_storage *s, uint64_t model_id, const char *name, uint64_t generation,
                                         const float *values, size_t count, akin_error *err) {
  size_t size = 0;
  uint8_t *bytes = akin_multiply(&size, count, sizeof *values) ? akin_alloc(size) : NULL;
  if (!bytes) return akin_fail_memory(err, size);
  akin_feature_to_bytes(bytes, values, count);
  akin_status status = akin_storage_fact_put(s, model_id, name, generation, bytes, size, err);
  akin_free(bytes);
  return status;
}

akin_status akin_storage_fact_get_floats(akin_storage *s, uint64_t model_id, const char *name, float **out,
                                         size_t *count, akin_error *err) {
  akin_buffer bytes = AKIN_BUFFER_INIT(0);
  uint64_t generation = 0;
  bool found = false;
  *out = NULL;
  *count = 0;
  akin_status status = akin_storage_fact_get(s, model_id, name, &bytes, &generation, &found, err);
  const size_t n = bytes.size / sizeof **out;
  if (!status && n > 0) {
    *out = akin_alloc(n * sizeof **out);
    if (*out) {
      akin_feature_from_bytes(*out, bytes.data, n);
      *count = n;
    } else {
      status = akin_fail_memory(err, n * sizeof **out);
    }
  }
  akin_buffer_free(&bytes);
  return status;
}

akin_status akin_storage_fact_remove(akin_storage *s, uint64_t model_id, const char *name, akin_error *err) {
  akin_statement *st = NULL;
  akin_status status = akin_storage_check_writing(s, err);
  if (!status)
    status = akin_statement_start(&st, s->database, "DELETE FROM model_facts WHERE model_id = ?1 AND name = ?2", err);
  if (status) return status;
  akin_statement_bind_number(st, 1, model_id);
  akin_statement_bind_text(st, 2, name);
  return akin_statement_finish(st, err);
}

akin_status akin_storage_features_count(akin_storage *s, uint64_t model_id, uint64_t generation, uint64_t *all,
                                        uint64_t *newer, akin_error *err) {
  const uint64_t both[] = {model_id, generation};
  akin_status status =
      akin_database_number(s->database, "SELECT count(*) FROM features WHERE model_id = ?1", &model_id, 1, all, err);
  return status ? status
                : akin_database_number(s->database,
                                       "SELECT count(*) FROM features WHERE model_id = ?1 AND generation > ?2", both, 2,
                                       newer, err);
}

akin_status akin_storage_sample(akin_storage *s, uint64_t model_id, uint64_t *content_ids, size_t most, size_t *count,
                                akin_error *err) {
  akin_statement *st = NULL;
  bool row = false;
  *count = 0;
  /* CROSS JOIN keeps SQLite at reading the index of hashes from its beginning. */
  akin_status status =
      akin_statement_start(&st, s->database,
                           "SELECT contents.id FROM contents CROSS JOIN features ON features.content_id = contents.id"
                           " WHERE features.model_id = ?1 ORDER BY contents.hash LIMIT ?2",
                           err);
  if (status) return status;
  akin_statement_bind_number(st, 1, model_id);
  akin_statement_bind_number(st, 2, most);
  while (*count < most && !(status = akin_statement_next(st, &row, err)) && row)
    content_ids[(*count)++] = akin_statement_number(st, 0);
  akin_statement_end(st);
  return status;
}
