/* features.c - models, their features, and what caches need to follow: features since, removals since. */
#include "store/storage.h"

#include "base/error.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

/* How many removals are kept. A cache that is further behind is told every id that has no feature. */
#define REMOVALS_KEPT "65536"

/* No store has come near to these; a file that says more is damaged, and must not make us allocate or count for long.
 */
#define DIM_MAX        (1u << 24)
#define CONTENT_ID_MAX UINT32_MAX

/* ---- models ---- */

static akin_status model_of_row(akin_statement *st, akin_stored_model *out, akin_error *err) {
  *out = (akin_stored_model){
      .id = akin_statement_number(st, 0),
      .name = akin_strdup(akin_statement_text(st, 1)),
      .fingerprint = akin_strdup(akin_statement_text(st, 2)),
      .card = akin_strdup(akin_statement_text(st, 3)),
      .dim = (uint32_t)akin_statement_number(st, 4),
      .features = akin_statement_number(st, 5),
  };
  return out->name && out->fingerprint && out->card ? AKIN_OK : akin_fail_memory(err, 0);
}

akin_status akin_storage_models(akin_storage *s, akin_stored_model **out, size_t *count, akin_error *err) {
  akin_statement *st = NULL;
  akin_stored_model *models = NULL;
  size_t n = 0;
  bool row = false;
  *out = NULL;
  *count = 0;
  akin_status status = akin_statement_start(&st, s->database,
                                            "SELECT id, name, fingerprint, card, dim,"
                                            " (SELECT count(*) FROM features WHERE model_id = models.id)"
                                            " FROM models ORDER BY id",
                                            err);
  while (!status && !(status = akin_statement_next(st, &row, err)) && row) {
    akin_stored_model *more = akin_realloc_array(models, n + 1, sizeof *models);
    if (!more) {
      status = akin_fail_memory(err, (n + 1) * sizeof *models);
      break;
    }
    models = more;
    status = model_of_row(st, &models[n++], err);
  }
  akin_statement_end(st);
  if (status) {
    akin_stored_models_free(models, n);
    return status;
  }
  *out = models;
  *count = n;
  return AKIN_OK;
}

void akin_stored_models_free(akin_stored_model *models, size_t count) {
  for (size_t i = 0; i < count; i++) {
    akin_free(models[i].name);
    akin_free(models[i].fingerprint);
    akin_free(models[i].card);
  }
  akin_free(models);
}

/* *id is 0 when no model has the name; MISMATCH when one has it that is another. */
static akin_status model_find(akin_storage *s, const char *name, const char *fingerprint, uint32_t dim, uint64_t *id,
                              akin_error *err) {
  akin_statement *st = NULL;
  bool row = false;
  *id = 0;
  akin_status status =
      akin_statement_start(&st, s->database, "SELECT id, fingerprint, dim FROM models WHERE name = ?1", err);
  if (status) return status;
  akin_statement_bind_text(st, 1, name);
  status = akin_statement_next(st, &row, err);
  if (!status && row) {
    const char *known = akin_statement_text(st, 1);
    uint64_t known_dim = akin_statement_number(st, 2);
    if (strcmp(known, fingerprint) != 0 || known_dim != dim) {
      status = akin_fail(err, AKIN_ERROR_MISMATCH,
                         "%s: the store's features of this name have fingerprint %s and %llu values, the model has "
                         "fingerprint %s and %u",
                         name, known, (unsigned long long)known_dim, fingerprint, (unsigned)dim);
    } else {
      *id = akin_statement_number(st, 0);
    }
  }
  akin_statement_end(st);
  return status;
}

akin_status akin_storage_model_add(akin_storage *s, const char *name, const char *fingerprint, uint32_t dim,
                                   const char *card, uint64_t *model_id, akin_error *err) {
  akin_statement *st = NULL;
  *model_id = 0;
  if (dim == 0 || dim > DIM_MAX) {
    return akin_fail(err, AKIN_ERROR_USAGE, "%s: features of %u values, possible are 1 to %u", name, (unsigned)dim,
                     DIM_MAX);
  }
  akin_status status = akin_storage_check_writing(s, err);
  if (!status) status = model_find(s, name, fingerprint, dim, model_id, err);
  if (status || *model_id != 0) return status;
  status = akin_statement_start(
      &st, s->database, "INSERT INTO models (name, fingerprint, dim, card) VALUES (?1, ?2, ?3, ?4) RETURNING id", err);
  if (status) return status;
  akin_statement_bind_text(st, 1, name);
  akin_statement_bind_text(st, 2, fingerprint);
  akin_statement_bind_number(st, 3, dim);
  akin_statement_bind_text(st, 4, card);
  return akin_statement_finish_number(st, model_id, err);
}

static akin_status model_dim(akin_storage *s, uint64_t model_id, size_t *dim, akin_error *err) {
  uint64_t found = 0;
  akin_status status = akin_database_number(s->database, "SELECT coalesce((SELECT dim FROM models WHERE id = ?1), 0)",
                                            &model_id, 1, &found, err);
  if (!status && found == 0)
    status = akin_fail(err, AKIN_ERROR_NOT_FOUND, "the store has no model %llu any more", (unsigned long long)model_id);
  if (!status && found > DIM_MAX) {
    status = akin_database_damaged(s->database, err, "the features of model %llu have %llu values",
                                   (unsigned long long)model_id, (unsigned long long)found);
  }
  *dim = status ? 0 : (size_t)found;
  return status;
}

akin_status akin_storage_model_remove(akin_storage *s, uint64_t model_id, akin_error *err) {
  static const char *const steps[] = {"DELETE FROM features WHERE model_id = ?1",
                                      "DELETE FROM removals WHERE model_id = ?1", "DELETE FROM models WHERE id = ?1"};
  size_t dim = 0;
  akin_status status = akin_storage_check_writing(s, err);
  if (!status) status = model_dim(s, model_id, &dim, err);
  for (size_t i = 0; !status && i < sizeof steps / sizeof *steps; i++)
    status = akin_database_run_with(s->database, steps[i], &model_id, 1, err);
  return status;
}

/* ---- features ---- */

bool akin_feature_is_sound(const float *feature, size_t dim) {
  double sum = 0;
  for (size_t i = 0; i < dim; i++)
    sum += (double)feature[i] * (double)feature[i];
  return fabs(sum - 1) <= 1e-4; /* false for NaN */
}

void akin_feature_from_bytes(float *feature, const void *bytes, size_t dim) {
  const uint8_t *b = bytes;
  for (size_t i = 0; i < dim; i++, b += 4) {
    uint32_t bits = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    memcpy(&feature[i], &bits, sizeof bits);
  }
}

void akin_feature_to_bytes(uint8_t *bytes, const float *feature, size_t dim) {
  for (size_t i = 0; i < dim; i++, bytes += 4) {
    uint32_t bits = 0;
    memcpy(&bits, &feature[i], sizeof bits);
    bytes[0] = (uint8_t)bits;
    bytes[1] = (uint8_t)(bits >> 8);
    bytes[2] = (uint8_t)(bits >> 16);
    bytes[3] = (uint8_t)(bits >> 24);
  }
}

static akin_status feature_insert(akin_storage *s, uint64_t model_id, uint64_t content_id, const uint8_t *bytes,
                                  size_t size, akin_error *err) {
  akin_statement *st = NULL;
  akin_status status = akin_statement_start(&st, s->database,
                                            "INSERT INTO features (model_id, content_id, generation, vector)"
                                            " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (content_id, model_id) DO NOTHING",
                                            err);
  if (status) return status;
  akin_statement_bind_number(st, 1, model_id);
  akin_statement_bind_number(st, 2, content_id);
  akin_statement_bind_number(st, 3, s->generation);
  akin_statement_bind_bytes(st, 4, bytes, size);
  return akin_statement_finish(st, err);
}

akin_status akin_storage_feature_put(akin_storage *s, uint64_t model_id, uint64_t content_id, const float *feature,
                                     akin_error *err) {
  size_t dim = 0, size = 0;
  akin_status status = akin_storage_check_writing(s, err);
  if (!status) status = model_dim(s, model_id, &dim, err);
  if (status) return status;
  if (!akin_feature_is_sound(feature, dim)) {
    return akin_fail(err, AKIN_ERROR_USAGE, "a feature of content %llu was given that is not of unit length",
                     (unsigned long long)content_id);
  }
  uint8_t *bytes = akin_multiply(&size, dim, sizeof *feature) ? akin_alloc(size) : NULL;
  if (!bytes) return akin_fail_memory(err, size);
  akin_feature_to_bytes(bytes, feature, dim);
  status = feature_insert(s, model_id, content_id, bytes, size, err);
  akin_free(bytes);
  return status;
}

/* The vector in a column, which must have dim values. */
static akin_status feature_of_row(akin_storage *s, akin_statement *st, int column, uint64_t content_id, float *out,
                                  size_t dim, akin_error *err) {
  size_t size = 0;
  const void *bytes = akin_statement_bytes(st, column, &size);
  if (size / sizeof *out != dim || size % sizeof *out != 0) {
    return akin_database_damaged(s->database, err, "the feature of content %llu has %zu bytes, not %zu values",
                                 (unsigned long long)content_id, size, dim);
  }
  akin_feature_from_bytes(out, bytes, dim);
  return AKIN_OK;
}

akin_status akin_storage_feature_get(akin_storage *s, uint64_t model_id, uint64_t content_id, float *out, bool *found,
                                     akin_error *err) {
  akin_statement *st = NULL;
  size_t dim = 0;
  *found = false;
  akin_status status = out ? model_dim(s, model_id, &dim, err) : AKIN_OK;
  if (!status) {
    status = akin_statement_start(&st, s->database,
                                  "SELECT vector FROM features WHERE content_id = ?1 AND model_id = ?2", err);
  }
  if (status) return status;
  akin_statement_bind_number(st, 1, content_id);
  akin_statement_bind_number(st, 2, model_id);
  status = akin_statement_next(st, found, err);
  if (!status && *found && out) status = feature_of_row(s, st, 0, content_id, out, dim, err);
  akin_statement_end(st);
  if (status) *found = false;
  return status;
}

static akin_status feature_visit_rows(akin_storage *s, akin_statement *st, float *vector, size_t dim,
                                      akin_feature_visit *visit, void *context, akin_error *err) {
  bool row = false;
  akin_status status;
  while (!(status = akin_statement_next(st, &row, err)) && row) {
    uint64_t content_id = akin_statement_number(st, 0);
    status = feature_of_row(s, st, 1, content_id, vector, dim, err);
    if (!status) status = visit(context, content_id, vector, err);
    if (status) break;
  }
  return status;
}

akin_status akin_storage_features_since(akin_storage *s, uint64_t model_id, uint64_t generation,
                                        akin_feature_visit *visit, void *context, akin_error *err) {
  akin_statement *st = NULL;
  size_t dim = 0, size = 0;
  akin_status status = model_dim(s, model_id, &dim, err);
  if (status) return status;
  float *vector = akin_multiply(&size, dim, sizeof *vector) ? akin_alloc(size) : NULL;
  if (!vector) return akin_fail_memory(err, size);
  status = akin_statement_start(&st, s->database,
                                "SELECT content_id, vector FROM features WHERE model_id = ?1 AND generation > ?2"
                                " ORDER BY generation, content_id",
                                err);
  if (!status) {
    akin_statement_bind_number(st, 1, model_id);
    akin_statement_bind_number(st, 2, generation);
    status = feature_visit_rows(s, st, vector, dim, visit, context, err);
  }
  akin_statement_end(st);
  akin_free(vector);
  return status;
}

/* ---- removals ---- */

akin_status akin_storage_removals_trim(akin_storage *s, akin_error *err) {
  uint64_t after = 0;
  akin_status status = akin_database_number(
      s->database,
      "SELECT coalesce((SELECT generation FROM removals WHERE id <= (SELECT max(id) FROM removals) - " REMOVALS_KEPT
      " ORDER BY id DESC LIMIT 1), 0)",
      NULL, 0, &after, err);
  if (status || after == 0) return status;
  status = akin_database_run_with(s->database, "UPDATE store SET removals_after = ?1", &after, 1, err);
  if (status) return status;
  return akin_database_run(s->database,
                           "DELETE FROM removals WHERE id <= (SELECT max(id) FROM removals) - " REMOVALS_KEPT, err);
}

static akin_status removals_visit_noted(akin_storage *s, uint64_t model_id, uint64_t generation,
                                        akin_feature_visit *visit, void *context, akin_error *err) {
  akin_statement *st = NULL;
  bool row = false;
  akin_status status = akin_statement_start(&st, s->database,
                                            "SELECT content_id FROM removals WHERE model_id = ?1 AND generation > ?2"
                                            " ORDER BY generation",
                                            err);
  if (status) return status;
  akin_statement_bind_number(st, 1, model_id);
  akin_statement_bind_number(st, 2, generation);
  while (!(status = akin_statement_next(st, &row, err)) && row) {
    status = visit(context, akin_statement_number(st, 0), NULL, err);
    if (status) break;
  }
  akin_statement_end(st);
  return status;
}

/* Every id that ever was and has no feature now: the gaps between those that have one. */
static akin_status removals_visit_gaps(akin_storage *s, uint64_t model_id, akin_feature_visit *visit, void *context,
                                       akin_error *err) {
  akin_statement *st = NULL;
  uint64_t next = 1;
  bool row = false;
  akin_status status = akin_statement_start(&st, s->database,
                                            "SELECT content_id FROM features WHERE model_id = ?1"
                                            " UNION ALL SELECT seq + 1 FROM sqlite_sequence WHERE name = 'contents'"
                                            " ORDER BY 1",
                                            err);
  if (status) return status;
  akin_statement_bind_number(st, 1, model_id);
  while (!(status = akin_statement_next(st, &row, err)) && row) {
    uint64_t present = akin_statement_number(st, 0);
    if (present > CONTENT_ID_MAX) {
      status = akin_database_damaged(s->database, err, "a content has the number %llu", (unsigned long long)present);
      break;
    }
    for (; !status && next < present; next++)
      status = visit(context, next, NULL, err);
    if (status) break;
    next = present + 1;
  }
  akin_statement_end(st);
  return status;
}

akin_status akin_storage_removals_since(akin_storage *s, uint64_t model_id, uint64_t generation,
                                        akin_feature_visit *visit, void *context, akin_error *err) {
  uint64_t after = 0;
  akin_status status = removals_visit_noted(s, model_id, generation, visit, context, err);
  /* Looked at last: what another process drops while we visit is then noticed. */
  if (!status) status = akin_database_number(s->database, "SELECT removals_after FROM store", NULL, 0, &after, err);
  if (status || generation >= after) return status;
  return removals_visit_gaps(s, model_id, visit, context, err);
}
