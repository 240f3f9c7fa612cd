/* space.c - see space.h. */
#include "engine/space.h"

#include "base/error.h"
#include "base/memory.h"
#include "engine/measure.h"

#include <math.h>
#include <string.h>

void akin_space_free(akin_space *space) {
  if (!space) return;
  for (size_t i = 0; i < space->count; i++) {
    akin_stored_models_free(space->models[i], space->models[i] ? 1 : 0);
    akin_transform_free(&space->transforms[i]);
  }
  akin_background_free(&space->background);
  akin_free(space->models);
  akin_free(space->transforms);
  akin_free(space);
}

/* ---- opening ---- */

static akin_status space_find_models(akin_space *space, akin_store *store, const char *const *names, akin_error *err) {
  akin_status status = AKIN_OK;
  for (size_t i = 0; !status && i < space->count; i++) {
    status = akin_store_find_model(store, &space->models[i], names ? names[i] : NULL, err);
    for (size_t j = 0; !status && j < i; j++)
      if (space->models[j]->id == space->models[i]->id)
        status = akin_fail(err, AKIN_ERROR_USAGE, "%s was named twice", space->models[i]->name);
  }
  return status;
}

/* What DEFAULT means here. */
static akin_status space_choose(akin_space *space, akin_store *store, akin_scores scores, akin_error *err) {
  bool known = true;
  akin_status status = AKIN_OK;
  for (size_t i = 0; scores == AKIN_SCORES_DEFAULT && !status && known && i < space->count; i++)
    status = akin_measure_known(store->reader, space->models[i], &known, err);
  space->scores = scores != AKIN_SCORES_DEFAULT ? scores : known ? AKIN_SCORES_CENTRED : AKIN_SCORES_COSINE;
  return status;
}

static akin_status space_transforms(akin_space *space, akin_store *store, akin_error *err) {
  akin_status status = AKIN_OK;
  for (size_t i = 0; !status && i < space->count; i++) {
    status = akin_measure_transform(&space->transforms[i], store, space->models[i], space->scores, err);
    space->dim += space->transforms[i].to;
  }
  return status;
}

/* Of one model and plain features the key is the model's own fingerprint. */
static akin_status space_key(akin_space *space, akin_error *err) {
  akin_hasher *h = NULL;
  akin_hash hash;
  if (akin_space_is_plain(space) && strlen(space->models[0]->fingerprint) < sizeof space->key) {
    memcpy(space->key, space->models[0]->fingerprint, strlen(space->models[0]->fingerprint) + 1);
    return AKIN_OK;
  }
  akin_status status = akin_hasher_new(&h, err);
  for (size_t i = 0; !status && i < space->count; i++) {
    const akin_stored_model *m = space->models[i];
    status = akin_hasher_update(h, &m->id, sizeof m->id, err);
    if (!status) status = akin_hasher_update(h, m->fingerprint, strlen(m->fingerprint) + 1, err);
    if (!status) status = akin_transform_hash(&space->transforms[i], h, err);
  }
  if (status) {
    akin_hasher_free(h);
    return status;
  }
  if (!(status = akin_hasher_finish(h, &hash, err))) akin_hash_hex(space->key, &hash);
  return status;
}

akin_status akin_space_open(akin_space **out, akin_store *store, const char *const *names, size_t count,
                            akin_scores scores, akin_error *err) {
  *out = NULL;
  akin_space *space = akin_calloc(1, sizeof *space);
  if (!space) return akin_fail_memory(err, sizeof *space);
  space->count = count ? count : 1;
  space->models = akin_calloc(space->count, sizeof *space->models);
  space->transforms = akin_calloc(space->count, sizeof *space->transforms);
  akin_status status = AKIN_OK;
  if (!space->models || !space->transforms) {
    space->count = 0;
    status = akin_fail_memory(err, count * sizeof *space->models);
  }
  if (status || (status = space_find_models(space, store, count ? names : NULL, err)) ||
      (status = space_choose(space, store, scores, err)) || (status = space_transforms(space, store, err)) ||
      (status = space_key(space, err))) {
    akin_space_free(space);
    return status;
  }
  *out = space;
  return AKIN_OK;
}

akin_status akin_space_names(char **out, const akin_space *space, akin_error *err) {
  akin_buffer text = AKIN_BUFFER_INIT(0);
  akin_status status = AKIN_OK;
  for (size_t i = 0; !status && i < space->count; i++)
    status = akin_buffer_printf(&text, "%s%s", i ? " + " : "", space->models[i]->name);
  *out = status ? NULL : akin_buffer_take(&text);
  akin_buffer_free(&text);
  return *out ? AKIN_OK : akin_fail_memory(err, 0);
}

/* ---- points ---- */

bool akin_space_is_plain(const akin_space *space) {
  return space->count == 1 && !space->transforms[0].centre;
}

void akin_space_point(const akin_space *space, float *out, const float *const *features) {
  const float share = (float)(1 / sqrt((double)space->count));
  for (size_t i = 0; i < space->count; i++) {
    const uint32_t to = space->transforms[i].to;
    akin_transform_apply(&space->transforms[i], out, features[i]);
    for (uint32_t j = 0; space->count > 1 && j < to; j++)
      out[j] *= share;
    out += to;
  }
}

/* ---- percentiles ---- */

#define SPACE_SAMPLE 1024

static akin_status space_sample(float **rows, size_t *n, akin_store *store, const akin_space *space,
                                const akin_vectors *points, akin_error *err) {
  uint64_t *ids = akin_calloc(SPACE_SAMPLE, sizeof *ids);
  size_t count = 0;
  *n = 0;
  *rows = akin_calloc(SPACE_SAMPLE, space->dim * sizeof **rows);
  akin_status status = ids && *rows
                           ? akin_storage_sample(store->reader, space->models[0]->id, ids, SPACE_SAMPLE, &count, err)
                           : akin_fail_memory(err, SPACE_SAMPLE * space->dim * sizeof **rows);
  for (size_t i = 0; !status && i < count; i++) {
    const float *point = akin_vectors_find(points, ids[i]);
    if (point) memcpy(*rows + (*n)++ * space->dim, point, space->dim * sizeof *point);
  }
  akin_free(ids);
  return status;
}

akin_status akin_space_background(akin_space *space, akin_store *store, const akin_vectors *points, akin_error *err) {
  float *rows = NULL;
  size_t n = 0;
  if (space->count == 1)
    return akin_measure_background(&space->background, store->reader, space->models[0], &space->transforms[0],
                                   space->scores, err);
  if (akin_vectors_live(points) < AKIN_MEASURED_IMAGES) return AKIN_OK;
  akin_status status = space_sample(&rows, &n, store, space, points, err);
  if (!status) status = akin_background_measure(&space->background, rows, n, space->dim, err);
  akin_free(rows);
  return status;
}
