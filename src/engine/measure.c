/* measure.c - see measure.h. */
#include "engine/measure.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

/* The sample: images enough for a mean. It is read one by one, so that an index takes no memory for it. */
#define MEASURE_ROWS  4096
#define MEASURE_BYTES ((size_t)32 << 20) /* of the features */
/* Those of the sample whose pairs are the background; they are in memory, all. Half a million pairs can be drawn. */
#define MEASURE_BACKGROUND_ROWS 1024
/* Principal axes cost the square of the rows or of their length, whichever is less. */
#define MEASURE_AXES_ROWS 2048
/* Added to each variance before it is divided by, as a share of the largest: directions in which the features hardly
 * differ are noise, and would be blown up to full size. */
#define MEASURE_RIDGE 0.25
/* Anew when this share of the features has changed: a fifth. */
#define MEASURE_SHARE 5

static const char *const measure_facts[] = {"measured",           "centre", "background cosine",
                                            "background centred", "axes",   "variances"};

/* ---- the sample ---- */

/* The contents of the sample: at most `most`. *ids: freed with akin_free. */
static akin_status measure_ids(uint64_t **ids, size_t *count, akin_storage *s, const akin_stored_model *model,
                               size_t most, akin_error *err) {
  const size_t row = model->dim * sizeof(float), fit = MEASURE_BYTES / row > 1 ? MEASURE_BYTES / row : 1;
  const size_t room = most < fit ? most : fit;
  *count = 0;
  *ids = akin_calloc(room, sizeof **ids);
  return *ids ? akin_storage_sample(s, model->id, *ids, room, count, err) : akin_fail_memory(err, room);
}

/* *rows: f32 [*n, dim], freed with akin_free. */
static akin_status measure_sample(float **rows, size_t *n, akin_storage *s, const akin_stored_model *model, size_t most,
                                  akin_error *err) {
  const size_t row = model->dim * sizeof **rows;
  uint64_t *ids = NULL;
  size_t count = 0;
  bool found = true;
  *rows = NULL;
  *n = 0;
  akin_status status = measure_ids(&ids, &count, s, model, most, err);
  if (!status && !(*rows = akin_alloc(count * row))) status = akin_fail_memory(err, count * row);
  for (size_t i = 0; !status && i < count; i++) {
    status = akin_storage_feature_get(s, model->id, ids[i], *rows + *n * model->dim, &found, err);
    *n += !status && found;
  }
  akin_free(ids);
  return status;
}

/* *out: the mean of the sample, f32 [dim]; NULL when the sample is empty. */
static akin_status measure_mean(float **out, akin_storage *s, const akin_stored_model *model, akin_error *err) {
  const uint32_t dim = model->dim;
  double *sum = akin_calloc(dim, sizeof *sum);
  float *row = akin_alloc(dim * sizeof *row);
  uint64_t *ids = NULL;
  size_t count = 0, n = 0;
  bool found = true;
  *out = NULL;
  akin_status status =
      sum && row ? measure_ids(&ids, &count, s, model, MEASURE_ROWS, err) : akin_fail_memory(err, dim * sizeof *sum);
  for (size_t i = 0; !status && i < count; i++) {
    status = akin_storage_feature_get(s, model->id, ids[i], row, &found, err);
    for (uint32_t j = 0; !status && found && j < dim; j++)
      sum[j] += (double)row[j];
    n += !status && found;
  }
  for (uint32_t j = 0; !status && n > 0 && j < dim; j++)
    row[j] = (float)(sum[j] / (double)n);
  if (!status && n > 0) {
    *out = row;
    row = NULL;
  }
  akin_free(ids);
  akin_free(row);
  akin_free(sum);
  return status;
}

/* ---- measuring anew ---- */

/* What came, and what left, since there were `then` features. */
static bool measure_is_stale(uint64_t then, uint64_t all, uint64_t newer) {
  const uint64_t left = then + newer > all ? then + newer - all : 0;
  return (newer + left) * MEASURE_SHARE > then;
}

static akin_status measure_wanted(akin_storage *s, const akin_stored_model *model, uint64_t *all, bool *wanted,
                                  bool *there, akin_error *err) {
  akin_buffer text = AKIN_BUFFER_INIT(0);
  uint64_t generation = 0, then = 0, newer = 0;
  akin_status status = akin_storage_fact_get(s, model->id, "measured", &text, &generation, there, err);
  const bool sound = !status && *there && akin_parse_u64(&then, text.data, 1, UINT64_MAX / 16);
  akin_buffer_free(&text);
  if (!status) status = akin_storage_features_count(s, model->id, generation, all, &newer, err);
  *wanted = !sound || measure_is_stale(then, *all, newer);
  return status;
}

static akin_status measure_put_background(akin_storage *writer, const akin_stored_model *model, const char *name,
                                          uint64_t generation, const float *rows, size_t n, akin_error *err) {
  akin_background b = {0};
  akin_status status = akin_background_measure(&b, rows, n, model->dim, err);
  if (!status) status = akin_storage_fact_put_floats(writer, model->id, name, generation, b.scores, b.count, err);
  akin_background_free(&b);
  return status;
}

static akin_status measure_put(akin_storage *writer, const akin_stored_model *model, uint64_t generation, uint64_t all,
                               akin_error *err) {
  akin_transform t = {.from = model->dim, .to = model->dim};
  char text[24];
  float *rows = NULL;
  size_t n = 0;
  const int size = snprintf(text, sizeof text, "%llu", (unsigned long long)all);
  akin_status status = measure_mean(&t.centre, writer, model, err);
  if (!status && !t.centre) status = akin_fail(err, AKIN_ERROR_NOT_FOUND, "%s has no features", model->name);
  if (!status) status = measure_sample(&rows, &n, writer, model, MEASURE_BACKGROUND_ROWS, err);
  if (!status) status = measure_put_background(writer, model, "background cosine", generation, rows, n, err);
  for (size_t i = 0; !status && i < n; i++)
    akin_transform_apply(&t, rows + i * model->dim, rows + i * model->dim);
  if (!status) status = measure_put_background(writer, model, "background centred", generation, rows, n, err);
  if (!status)
    status = akin_storage_fact_put_floats(writer, model->id, "centre", generation, t.centre, model->dim, err);
  if (!status) status = akin_storage_fact_put(writer, model->id, "measured", generation, text, (size_t)size, err);
  akin_transform_free(&t);
  akin_free(rows);
  return status;
}

static akin_status measure_refresh(akin_storage *writer, const akin_stored_model *model, bool *changed,
                                   akin_error *err) {
  uint64_t all = 0, generation = 0;
  bool wanted = false, there = false;
  *changed = false;
  akin_status status = measure_wanted(writer, model, &all, &wanted, &there, err);
  const bool enough = all >= AKIN_MEASURED_IMAGES;
  if (status || !wanted || (!enough && !there)) return status;
  if ((status = akin_storage_generation(writer, &generation, err)) || (status = akin_storage_begin(writer, err)))
    return status;
  for (size_t i = 0; !status && i < sizeof measure_facts / sizeof *measure_facts; i++)
    status = akin_storage_fact_remove(writer, model->id, measure_facts[i], err);
  if (!status && enough) status = measure_put(writer, model, generation, all, err);
  if (status) {
    akin_storage_rollback(writer);
    return status;
  }
  *changed = true;
  return akin_storage_commit(writer, err);
}

void akin_store_measure(akin_store *store, akin_storage *writer) {
  akin_stored_model *models = NULL;
  size_t count = 0;
  bool changed = false, any = false;
  if (akin_storage_models(writer, &models, &count, NULL)) return;
  for (size_t i = 0; i < count; i++) {
    (void)measure_refresh(writer, &models[i], &changed, NULL);
    any = any || changed;
  }
  if (any) akin_store_drop_points(store);
  akin_stored_models_free(models, count);
}

/* ---- what is kept ---- */

/* f32 [want], else NULL: none, or of another size, as only a damaged file has it. */
static akin_status measure_get(float **out, akin_storage *s, const akin_stored_model *model, const char *name,
                               size_t want, akin_error *err) {
  size_t count = 0;
  akin_status status = akin_storage_fact_get_floats(s, model->id, name, out, &count, err);
  if (!status && count != want) {
    akin_free(*out);
    *out = NULL;
  }
  return status;
}

static bool measure_is_enough(const akin_stored_model *model) {
  return model->features >= AKIN_MEASURED_IMAGES;
}

/* The centre that is kept, or, where none is, the one that would be; NULL: too few features. */
static akin_status measure_centre(float **out, akin_storage *reader, const akin_stored_model *model, akin_error *err) {
  akin_status status = measure_get(out, reader, model, "centre", model->dim, err);
  return status || *out || !measure_is_enough(model) ? status : measure_mean(out, reader, model, err);
}

akin_status akin_measure_known(akin_storage *reader, const akin_stored_model *model, bool *known, akin_error *err) {
  float *centre = NULL;
  akin_status status = measure_get(&centre, reader, model, "centre", model->dim, err);
  *known = centre != NULL || measure_is_enough(model);
  akin_free(centre);
  return status;
}

static akin_status measure_background_now(akin_background *out, akin_storage *reader, const akin_stored_model *model,
                                          const akin_transform *transform, akin_error *err) {
  float *rows = NULL, *points = NULL;
  size_t n = 0;
  akin_status status = measure_sample(&rows, &n, reader, model, MEASURE_BACKGROUND_ROWS, err);
  if (!status && !(points = akin_calloc(n + 1, transform->to * sizeof *points)))
    status = akin_fail_memory(err, n * transform->to * sizeof *points);
  for (size_t i = 0; !status && i < n; i++)
    akin_transform_apply(transform, points + i * transform->to, rows + i * model->dim);
  if (!status) status = akin_background_measure(out, points, n, transform->to, err);
  akin_free(points);
  akin_free(rows);
  return status;
}

akin_status akin_measure_background(akin_background *out, akin_storage *reader, const akin_stored_model *model,
                                    const akin_transform *transform, akin_scores scores, akin_error *err) {
  const char *name = scores == AKIN_SCORES_COSINE    ? "background cosine"
                     : scores == AKIN_SCORES_CENTRED ? "background centred"
                                                     : NULL;
  *out = (akin_background){0};
  akin_status status =
      name ? akin_storage_fact_get_floats(reader, model->id, name, &out->scores, &out->count, err) : AKIN_OK;
  if (status || out->count > 0 || !measure_is_enough(model)) return status;
  return measure_background_now(out, reader, model, transform, err);
}

/* ---- principal axes ---- */

/* How many axes there can be: no more than what the features have of directions. */
static uint32_t measure_axes_count(uint32_t dim) {
  return dim < AKIN_REDUCED_DIM ? dim : AKIN_REDUCED_DIM;
}

static akin_status measure_axes(akin_transform *t, float *variances, akin_storage *reader,
                                const akin_stored_model *model, akin_error *err) {
  float *rows = NULL;
  size_t n = 0;
  akin_status status = measure_sample(&rows, &n, reader, model, MEASURE_AXES_ROWS, err);
  for (size_t i = 0; !status && i < n; i++)
    for (uint32_t j = 0; j < model->dim; j++)
      rows[i * model->dim + j] -= t->centre[j];
  if (!status) status = akin_search_principal(t->axes, variances, rows, n, model->dim, t->to, err);
  akin_free(rows);
  return status;
}

/* Kept for the next question. A store that cannot be written now costs that one a second, and nothing else. */
static void measure_keep_axes(const akin_store *store, const akin_transform *t, const float *variances,
                              const akin_stored_model *model) {
  akin_storage *writer = NULL;
  uint64_t generation = 0;
  const size_t size = (size_t)t->to * t->from;
  if (akin_storage_open(&writer, store->folder, AKIN_STORAGE_WRITE, NULL)) return;
  if (!akin_storage_generation(writer, &generation, NULL) && !akin_storage_begin(writer, NULL) &&
      !akin_storage_fact_put_floats(writer, model->id, "axes", generation, t->axes, size, NULL) &&
      !akin_storage_fact_put_floats(writer, model->id, "variances", generation, variances, t->to, NULL))
    (void)akin_storage_commit(writer, NULL);
  akin_storage_close(writer);
}

static akin_status measure_find_axes(akin_transform *t, float **variances, akin_store *store,
                                     const akin_stored_model *model, akin_error *err) {
  const size_t size = (size_t)t->to * t->from;
  akin_status status = measure_get(&t->axes, store->reader, model, "axes", size, err);
  if (!status) status = measure_get(variances, store->reader, model, "variances", t->to, err);
  if (status || (t->axes && *variances)) return status;
  akin_free(t->axes);
  akin_free(*variances);
  t->axes = akin_calloc(size, sizeof *t->axes);
  *variances = akin_calloc(t->to, sizeof **variances);
  if (!t->axes || !*variances) return akin_fail_memory(err, size * sizeof *t->axes);
  status = measure_axes(t, *variances, store->reader, model, err);
  if (!status) measure_keep_axes(store, t, *variances, model);
  return status;
}

static akin_status measure_reduce(akin_transform *t, akin_store *store, const akin_stored_model *model, bool whiten,
                                  akin_error *err) {
  float *variances = NULL;
  t->to = measure_axes_count(model->dim);
  t->scales = akin_calloc(t->to, sizeof *t->scales);
  t->scratch = akin_calloc(t->from, sizeof *t->scratch);
  akin_status status = t->scales && t->scratch ? measure_find_axes(t, &variances, store, model, err)
                                               : akin_fail_memory(err, t->from * sizeof *t->scratch);
  for (uint32_t i = 0; !status && i < t->to; i++) {
    const double ridge = MEASURE_RIDGE * (double)variances[0], variance = (double)variances[i] + ridge;
    t->scales[i] = whiten && variance > 0 ? (float)sqrt(ridge / variance) : 1.0f;
  }
  akin_free(variances);
  return status;
}

akin_status akin_measure_transform(akin_transform *out, akin_store *store, const akin_stored_model *model,
                                   akin_scores scores, akin_error *err) {
  akin_storage *reader = NULL;
  *out = (akin_transform){.from = model->dim, .to = model->dim};
  if (scores == AKIN_SCORES_COSINE) return AKIN_OK;
  akin_status status = akin_store_reader(store, &reader, err);
  if (!status) status = measure_centre(&out->centre, reader, model, err);
  if (!status && !out->centre) {
    status =
        akin_fail(err, AKIN_ERROR_NOT_FOUND,
                  "%s scores need %d different images of %s or more, measured when they are indexed; the store "
                  "has %llu: akin index FOLDER, or ask for cosine scores",
                  akin_scores_name(scores), AKIN_MEASURED_IMAGES, model->name, (unsigned long long)model->features);
  }
  if (!status && scores != AKIN_SCORES_CENTRED)
    status = measure_reduce(out, store, model, scores == AKIN_SCORES_WHITENED, err);
  if (status) akin_transform_free(out);
  return status;
}
