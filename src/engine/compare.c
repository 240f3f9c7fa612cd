/*
 * compare.c - the same questions to several models. Each model has a handle of its own on the store, so that its packed
 * features and its network stay open from question to question. What two models found is compared by path.
 */
#include "base/error.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/path.h"
#include "engine/agreement.h"
#include "engine/compare_side.h"
#include "engine/like.h"
#include "engine/skip.h"

#include <stdlib.h>
#include <string.h>

/* What was found for every image, in memory: a row an image, its key and then its hits' keys, 0 past the last. */
typedef struct compare_table {
  uint64_t *rows;
  size_t count, room;
} compare_table;

typedef struct compare_side {
  akin_store *store;
  akin_hits *hits;
  compare_table table;
} compare_side;

typedef struct compare {
  const akin_compare_options *options;
  akin_query query;
  akin_ingest_options ingest;
  compare_side sides[AKIN_COMPARE_MODELS];
  akin_compared_model models[AKIN_COMPARE_MODELS];
  akin_agreement agreement[AKIN_COMPARE_MODELS * AKIN_COMPARE_MODELS];
  size_t count;
  compare_table *filling; /* of the side that is being asked about all images */
  akin_error noted;       /* why that ended */
} compare;

/* ---- beginning and ending ---- */

static akin_status compare_check(const akin_compare_options *o, akin_error *err) {
  if (o->version != AKIN_COMPARE_OPTIONS_VERSION) {
    return akin_fail(err, AKIN_ERROR_USAGE, "compare options of version %u, this library knows version %u", o->version,
                     AKIN_COMPARE_OPTIONS_VERSION);
  }
  if (o->model_count < 2 || o->model_count > AKIN_COMPARE_MODELS) {
    return akin_fail(err, AKIN_ERROR_USAGE, "%zu model%s to compare: name 2 to %d", o->model_count,
                     o->model_count == 1 ? "" : "s", AKIN_COMPARE_MODELS);
  }
  if (o->query && (o->query->weights || o->query->negative_count > 0 || o->query->combine != AKIN_COMBINE_MEAN)) {
    return akin_fail(err, AKIN_ERROR_USAGE,
                     "comparisons are of one image each: no weights, negatives, or ways to combine images");
  }
  if (o->query && (o->query->k < 1 || o->query->k > AKIN_COMPARE_K))
    return akin_fail(err, AKIN_ERROR_USAGE, "k is %u: compare 1 to %d hits", o->query->k, AKIN_COMPARE_K);
  for (size_t i = 0; i < o->model_count; i++)
    for (size_t j = 0; j < i; j++)
      if (strcmp(o->models[i], o->models[j]) == 0)
        return akin_fail(err, AKIN_ERROR_USAGE, "%s is to be compared with itself: name each model once", o->models[i]);
  return AKIN_OK;
}

/* All features are computed before the first is measured, as measuring next to computing gives no true times. */
static akin_status compare_prepare(compare *c, akin_store *store, akin_error *err) {
  akin_status status = AKIN_OK;
  for (size_t i = 0; !status && i < c->count; i++) {
    akin_compared_model *m = &c->models[i];
    m->name = c->options->models[i];
    status = akin_compare_complete(store, m->name, &c->query, &c->ingest, &m->computed, err);
  }
  for (size_t i = 0; !status && i < c->count; i++) {
    akin_compared_model *m = &c->models[i];
    akin_stored_model *stored = NULL;
    if ((status = akin_store_open(&c->sides[i].store, store->folder, 0, err))) break;
    akin_store_on_note(c->sides[i].store, store->on_note, store->note_context);
    if ((status = akin_store_find_model(c->sides[i].store, &stored, m->name, err))) break;
    m->dim = stored->dim;
    akin_stored_models_free(stored, 1);
    status = akin_compare_measure(c->sides[i].store, m->name, &c->query, &m->milliseconds, err);
  }
  return status;
}

static void compare_end(compare *c) {
  for (size_t i = 0; i < c->count; i++) {
    akin_hits_free(c->sides[i].hits);
    akin_store_close(c->sides[i].store);
    akin_free(c->sides[i].table.rows);
  }
}

/* ---- agreement ---- */

/* A path as a number, never 0. Two of a store's paths that share one are less likely than a broken disk. */
static uint64_t compare_key(const char *path, akin_status *status, akin_error *err) {
  akin_hash hash = {{0}};
  uint64_t key;
  if (!*status) *status = akin_hash_bytes(&hash, path, strlen(path), err);
  memcpy(&key, hash.bytes, sizeof key);
  return key ? key : 1;
}

static akin_status compare_keys(uint64_t *keys, const akin_hits *hits, akin_error *err) {
  akin_status status = AKIN_OK;
  for (size_t i = 0; i < akin_hits_count(hits); i++)
    keys[i] = compare_key(akin_hits_at(hits, i)->path, &status, err);
  return status;
}

static void compare_set(compare *c, size_t i, size_t j, akin_agreement agreement) {
  c->agreement[i * c->count + j] = c->agreement[j * c->count + i] = agreement;
}

static akin_status compare_answers(compare *c, akin_error *err) {
  const size_t k = c->query.k;
  uint64_t *keys = akin_calloc(c->count, k * sizeof *keys);
  akin_status status = keys ? AKIN_OK : akin_fail_memory(err, c->count * k * sizeof *keys);
  for (size_t i = 0; !status && i < c->count; i++) {
    status = compare_keys(keys + i * k, c->sides[i].hits, err);
    for (size_t j = 0; !status && j <= i; j++)
      compare_set(c, i, j,
                  akin_agreement_of(keys + i * k, akin_hits_count(c->sides[i].hits), keys + j * k,
                                    akin_hits_count(c->sides[j].hits)));
  }
  akin_free(keys);
  return status;
}

/* ---- one image ---- */

/* *skips: it is the image that failed. */
static akin_status compare_ask(compare *c, size_t side, const char *image, bool *skips, akin_error *err) {
  akin_question q = {0};
  akin_query query = c->query;
  query.model = c->models[side].name;
  akin_hits_free(c->sides[side].hits);
  c->models[side].hits = c->sides[side].hits = NULL;
  akin_status status = akin_question_begin(&q, c->sides[side].store, &query, 1, err);
  if (!status) {
    status = akin_question_add_path(&q, image, err);
    *skips = akin_image_is_at_fault(status) && !q.model_failed;
  }
  if (!status) status = akin_question_answer(&q, err);
  if (!status) {
    c->models[side].hits = c->sides[side].hits = q.hits;
    q.hits = NULL;
  }
  akin_question_end(&q);
  return status;
}

static akin_status compare_tell(const compare *c, akin_compare_visit *visit, void *context) {
  const akin_comparison told = {.image = akin_hits_query(c->sides[0].hits, 0),
                                .questions = 1,
                                .k = c->query.k,
                                .models = c->models,
                                .model_count = c->count,
                                .agreement = c->agreement};
  return visit(context, &told);
}

static akin_status compare_images(compare *c, const char *const *images, size_t count, akin_compare_visit *visit,
                                  void *context, akin_error *err) {
  akin_status status = AKIN_OK;
  for (size_t i = 0; !status && i < count; i++) {
    akin_error why;
    bool skips = false;
    for (size_t side = 0; !status && side < c->count; side++)
      status = compare_ask(c, side, images[i], &skips, &why);
    if (!status) status = compare_answers(c, &why);
    if (skips) {
      if (c->ingest.on_skipped) c->ingest.on_skipped(c->ingest.context, images[i], why.text);
      status = AKIN_OK;
    } else if (status) {
      status = akin_fail(err, status, "%s", why.text);
    } else {
      status = compare_tell(c, visit, context);
    }
  }
  return status;
}

/* ---- the whole store ---- */

static akin_status compare_grow(compare_table *table, size_t width, akin_error *err) {
  if (table->count < table->room) return AKIN_OK;
  size_t room = table->room ? table->room * 2 : 1024, cells;
  uint64_t *rows = akin_multiply(&cells, room, width) ? akin_realloc_array(table->rows, cells, sizeof *rows) : NULL;
  if (!rows) return akin_fail_memory(err, room);
  table->rows = rows;
  table->room = room;
  return AKIN_OK;
}

static akin_status compare_note_answer(void *context, const akin_hits *hits) {
  compare *c = context;
  compare_table *table = c->filling;
  const size_t width = (size_t)c->query.k + 1;
  akin_error *err = &c->noted;
  if (c->ingest.should_cancel && c->ingest.should_cancel(c->ingest.context))
    return akin_fail(err, AKIN_ERROR_CANCELLED, "stopped");
  akin_status status = compare_grow(table, width, err);
  if (status) return status;
  uint64_t *row = table->rows + table->count * width;
  memset(row, 0, width * sizeof *row);
  row[0] = compare_key(akin_hits_query(hits, 0), &status, err);
  if (!status) status = compare_keys(row + 1, hits, err);
  if (!status) table->count++;
  return status;
}

static int compare_row_order(const void *a, const void *b) {
  const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static size_t compare_filled(const uint64_t *keys, size_t most) {
  size_t count = 0;
  while (count < most && keys[count])
    count++;
  return count;
}

/* The mean over the images that both models have a feature of; *questions: how many. */
static akin_agreement compare_tables(const compare_table *a, const compare_table *b, size_t k, uint64_t *questions) {
  akin_agreement sum = {0, 0};
  size_t i = 0, j = 0;
  *questions = 0;
  while (i < a->count && j < b->count) {
    const uint64_t *x = a->rows + i * (k + 1), *y = b->rows + j * (k + 1);
    i += x[0] <= y[0];
    j += y[0] <= x[0];
    if (x[0] != y[0]) continue;
    const akin_agreement one = akin_agreement_of(x + 1, compare_filled(x + 1, k), y + 1, compare_filled(y + 1, k));
    sum.common += one.common;
    sum.overlap += one.overlap;
    ++*questions;
  }
  const double n = *questions ? (double)*questions : 1;
  return (akin_agreement){sum.common / n, sum.overlap / n};
}

static akin_status compare_fill(compare *c, size_t side, akin_error *err) {
  akin_query query = c->query;
  query.model = c->models[side].name;
  c->filling = &c->sides[side].table;
  akin_status status = akin_store_recommend(c->sides[side].store, NULL, 0, &query, compare_note_answer, NULL, c, err);
  if (c->noted.code) return akin_fail(err, c->noted.code, "%s", c->noted.text);
  if (!status && c->filling->count > 0)
    qsort(c->filling->rows, c->filling->count, (c->query.k + 1) * sizeof *c->filling->rows, compare_row_order);
  return status;
}

static akin_status compare_store(compare *c, akin_compare_visit *visit, void *context, akin_error *err) {
  akin_comparison told = {.k = c->query.k, .models = c->models, .model_count = c->count, .agreement = c->agreement};
  akin_status status = AKIN_OK;
  told.questions = UINT64_MAX;
  for (size_t i = 0; !status && i < c->count; i++) {
    status = compare_fill(c, i, err);
    compare_set(c, i, i, (akin_agreement){1, 1});
    for (size_t j = 0; !status && j < i; j++) {
      uint64_t questions = 0;
      compare_set(c, i, j, compare_tables(&c->sides[i].table, &c->sides[j].table, c->query.k, &questions));
      if (questions < told.questions) told.questions = questions;
    }
  }
  return status ? status : visit(context, &told);
}

akin_status akin_store_compare(akin_store *store, const char *const *images, size_t count,
                               const akin_compare_options *options, akin_compare_visit *visit, void *context,
                               akin_error *err) {
  static const akin_query default_query = AKIN_QUERY_INIT;
  static const akin_ingest_options default_ingest = AKIN_INGEST_OPTIONS_INIT;
  akin_status status = compare_check(options, err);
  if (status) return status;
  compare *c = akin_calloc(1, sizeof *c);
  if (!c) return akin_fail_memory(err, sizeof *c);
  c->options = options;
  c->query = options->query ? *options->query : default_query;
  c->ingest = options->ingest ? *options->ingest : default_ingest;
  c->count = options->model_count;
  c->query.models = NULL;
  c->query.model_count = 0;
  status = compare_prepare(c, store, err);
  if (!status)
    status = count > 0 ? compare_images(c, images, count, visit, context, err) : compare_store(c, visit, context, err);
  compare_end(c);
  akin_free(c);
  return status;
}
