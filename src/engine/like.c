/* like.c - "which images are most like these?": from names of images to the vectors that are looked for. answer.c looks
 * for them. */
#include "engine/like.h"

#include "base/error.h"
#include "base/hits.h"
#include "base/memory.h"
#include "base/path.h"
#include "engine/facts.h"
#include "engine/model.h"

#include <math.h>
#include <string.h>

/* ---- is it a question? ---- */

static akin_status question_check_weights(const char *whose, const float *weights, size_t count, akin_error *err) {
  for (size_t i = 0; weights && i < count; i++) {
    if (!(weights[i] > 0.0f && isfinite(weights[i]))) {
      return akin_fail(err, AKIN_ERROR_USAGE, "weight %zu of the %s is %g: give numbers above 0", i + 1, whose,
                       (double)weights[i]);
    }
  }
  return AKIN_OK;
}

static akin_status question_check_range(const char *name, float value, float lowest, akin_error *err) {
  if (value >= lowest && value <= 1.0f) return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_USAGE, "%s is %g: give a number from %g to 1", name, (double)value, (double)lowest);
}

/* images: how many the question is made of */
static akin_status question_check(const akin_query *query, size_t images, akin_error *err) {
  if (query->version != AKIN_QUERY_VERSION) {
    return akin_fail(err, AKIN_ERROR_USAGE, "a query of version %u, this library knows version %u", query->version,
                     AKIN_QUERY_VERSION);
  }
  if (images == 0) return akin_fail(err, AKIN_ERROR_USAGE, "no image was given");
  if (query->k == 0) return akin_fail(err, AKIN_ERROR_USAGE, "k is 0: ask for at least one hit");
  if (query->combine != AKIN_COMBINE_MEAN && query->combine != AKIN_COMBINE_ANY)
    return akin_fail(err, AKIN_ERROR_USAGE, "there is no way number %d to combine images", (int)query->combine);
  if ((unsigned)query->search > AKIN_SEARCH_APPROXIMATE)
    return akin_fail(err, AKIN_ERROR_USAGE, "there is no way number %d to search", (int)query->search);
  akin_status status = question_check_weights("images", query->weights, images, err);
  if (!status) status = question_check_weights("negatives", query->negative_weights, query->negative_count, err);
  if (!status) status = question_check_range("the least score", query->min_score, -1.0f, err);
  return status ? status : question_check_range("diverse", query->diverse, 0.0f, err);
}

/* ---- putting a question together ---- */

#define QUESTION_ATTEMPTS 8

/* Fixes what is seen of the store, with packed features of just that moment. Another process may write meanwhile, and
 * never rest: the features then follow inside of the transaction, and may know contents of a moment later. */
static akin_status question_begin_moment(akin_question *q, akin_error *err) {
  uint64_t generation = 0;
  akin_status status = akin_store_reader(q->store, &q->reader, err);
  for (int i = 0; !status && i < QUESTION_ATTEMPTS; i++) {
    if ((status = akin_store_points(q->store, &q->vectors, q->space, err)) ||
        (status = akin_storage_begin(q->reader, err)) ||
        (status = akin_storage_generation(q->reader, &generation, err)) ||
        akin_vectors_generation(q->vectors) == generation)
      return status;
    akin_storage_rollback(q->reader);
  }
  if (!status) status = akin_storage_begin(q->reader, err);
  return status ? status : akin_store_points(q->store, &q->vectors, q->space, err);
}

/* The models, and what their features become before they are compared. */
static akin_status question_begin_space(akin_question *q, akin_error *err) {
  const akin_query *query = q->query;
  const char *const one[] = {query->model}, *const *names = query->model_count > 0 ? query->models : one;
  const size_t count = query->model_count > 0 ? query->model_count : query->model != NULL;
  akin_status status = akin_space_open(&q->space, q->store, names, count, query->scores, err);
  if (status) return status;
  q->dim = q->space->dim;
  return akin_space_names(&q->names, q->space, err);
}

static akin_status question_begin_vectors(akin_question *q, akin_error *err) {
  const size_t dim = q->dim, rows = q->query->combine == AKIN_COMBINE_ANY ? q->images : 1;
  size_t all = 0;
  if (!akin_multiply(&all, dim, rows)) return akin_fail_memory(err, SIZE_MAX);
  q->asked = akin_calloc(all, sizeof *q->asked);
  q->against = akin_calloc(dim, sizeof *q->against);
  q->point = akin_calloc(dim, sizeof *q->point);
  q->features = akin_calloc(q->space->count, sizeof *q->features);
  bool room = q->asked && q->against && q->point && q->features;
  for (size_t i = 0; room && i < q->space->count; i++)
    room = (q->features[i] = akin_calloc(q->space->models[i]->dim, sizeof **q->features)) != NULL;
  return room ? AKIN_OK : akin_fail_memory(err, all * sizeof *q->asked);
}

akin_status akin_question_begin(akin_question *q, akin_store *store, const akin_query *query, size_t images,
                                akin_error *err) {
  static const akin_query defaults = AKIN_QUERY_INIT;
  *q = (akin_question){.store = store, .query = query ? query : &defaults, .images = images};
  akin_status status = question_check(q->query, images, err);
  if (!status) status = question_begin_space(q, err);
  if (!status) status = question_begin_moment(q, err);
  if (!status && q->query->where) status = akin_selection_new(&q->selection, q->reader, q->query->where, err);
  if (!status) status = akin_space_background(q->space, store, q->vectors, err);
  if (!status && q->query->exclude_duplicates) status = akin_store_vectors(store, &q->plain, q->space->models[0], err);
  if (!status) status = question_begin_vectors(q, err);
  return status ? status : akin_question_restart(q, err);
}

static const akin_limits *question_limits(const akin_question *q) {
  static const akin_limits limits = AKIN_LIMITS_INIT;
  return q->query->model_options ? &q->query->model_options->limits : &limits;
}

akin_status akin_question_restart(akin_question *q, akin_error *err) {
  akin_hits_free(q->hits);
  q->hits = NULL;
  q->content_count = 0;
  memset(q->asked, 0, q->dim * sizeof *q->asked);
  akin_seen_free(q->seen);
  q->seen = NULL;
  akin_query asked = *q->query;
  asked.scores = q->space->scores;
  akin_status status = akin_hits_new(&q->hits, q->names, err);
  if (!status) status = akin_hits_ask(q->hits, &asked, q->images, err);
  if (status || !q->query->exclude_duplicates) return status;
  return akin_seen_new(&q->seen, q->store, q->plain, question_limits(q), err);
}

void akin_question_end(akin_question *q) {
  if (q->reader) akin_storage_rollback(q->reader);
  akin_selection_free(q->selection);
  akin_seen_free(q->seen);
  akin_hits_free(q->hits);
  akin_free(q->asked);
  akin_free(q->against);
  for (size_t i = 0; q->features && i < q->space->count; i++)
    akin_free(q->features[i]);
  akin_free(q->features);
  akin_free(q->point);
  akin_free(q->contents);
  akin_free(q->names);
  akin_space_free(q->space);
  *q = (akin_question){0};
}

static akin_status question_add_content(akin_question *q, uint64_t content_id, akin_error *err) {
  if (q->content_count == q->content_room) {
    size_t room = q->content_room ? q->content_room * 2 : 16;
    uint64_t *contents = akin_realloc_array(q->contents, room, sizeof *contents);
    if (!contents) return akin_fail_memory(err, room * sizeof *contents);
    q->contents = contents;
    q->content_room = room;
  }
  q->contents[q->content_count++] = content_id;
  return AKIN_OK;
}

/* What an image is to the question. */
typedef enum question_role { QUESTION_IMAGE, QUESTION_NEGATIVE } question_role;

/* sum += weight × point, both f32 [dim] */
static void question_sum(float *sum, const float *point, float weight, size_t dim) {
  for (size_t i = 0; i < dim; i++)
    sum[i] += weight * point[i];
}

/* content_id: 0 when the store does not know it */
static akin_status question_add(akin_question *q, question_role role, const char *path, const float *point,
                                uint64_t content_id, akin_error *err) {
  const size_t dim = q->dim;
  const akin_query *query = q->query, *known = akin_hits_asked(q->hits);
  akin_status status = content_id ? question_add_content(q, content_id, err) : AKIN_OK;
  if (!status && q->seen && !query->include_self)
    status = akin_seen_add(q->seen, content_id, path, q->features[0], err);
  if (status) return status;
  if (role == QUESTION_NEGATIVE) {
    const float weight =
        query->negative_weights ? query->negative_weights[known->negative_count] : AKIN_NEGATIVE_WEIGHT;
    question_sum(q->against, point, weight / (float)query->negative_count, dim);
    return akin_hits_add_negative(q->hits, path, err);
  }
  const size_t index = akin_hits_query_count(q->hits);
  if (query->combine == AKIN_COMBINE_ANY)
    memcpy(q->asked + index * dim, point, dim * sizeof *point);
  else /* the point of one image has unit length already, and stays what it is to the last bit */
    question_sum(q->asked, point, query->weights && q->images > 1 ? query->weights[index] : 1.0f, dim);
  return akin_hits_add_query(q->hits, path, err);
}

static akin_status question_add_stored(akin_question *q, question_role role, const char *path, uint64_t content_id,
                                       akin_error *err) {
  const float *point = akin_vectors_find(q->vectors, content_id);
  if (!point) {
    return akin_fail(err, AKIN_ERROR_NOT_FOUND,
                     "%s: the store has no feature of %s for it yet: akin index --model NAME FOLDER", path, q->names);
  }
  return question_add(q, role, path, point, content_id, err);
}

akin_status akin_question_add_stored(akin_question *q, const char *path, uint64_t content_id, akin_error *err) {
  return question_add_stored(q, QUESTION_IMAGE, path, content_id, err);
}

/* ---- an image by its path ---- */

/* Two models of one name, and nothing to compare: says what differs. */
static akin_status question_fail_model(const akin_model *model, const akin_stored_model *stored, akin_error *err) {
  char *difference = NULL;
  akin_status status = akin_model_settings_difference(&difference, model, stored->card, err);
  if (!status) {
    status = akin_fail(
        err, AKIN_ERROR_MISMATCH,
        "the imported %s is not the one that the store's features are from (%s): import that one, or index again with "
        "another --store",
        stored->name, difference);
  }
  akin_free(difference);
  return status;
}

/* A place for each of the question's models. */
static akin_status question_make_places(akin_store *store, size_t count, akin_error *err) {
  if (count <= store->model_count) return AKIN_OK;
  akin_model **models = akin_realloc_array(store->models, count, sizeof *models);
  if (!models) return akin_fail_memory(err, count * sizeof *models);
  store->models = models;
  while (store->model_count < count)
    models[store->model_count++] = NULL;
  return AKIN_OK;
}

static akin_model *question_find_model(const akin_store *store, const akin_stored_model *stored) {
  for (size_t i = 0; i < store->model_count; i++)
    if (store->models[i] && strcmp(akin_model_fingerprint(store->models[i]), stored->fingerprint) == 0)
      return store->models[i];
  return NULL;
}

/* The model that the store's features are from, opened with the options that it was indexed with.
 *   index: which of the question's models */
static akin_status question_open_model(akin_model **out, akin_question *q, size_t index, akin_error *err) {
  const akin_stored_model *stored = q->space->models[index];
  akin_model_options options = AKIN_MODEL_OPTIONS_INIT;
  akin_store *store = q->store;
  char *layer = NULL, *meaning = NULL;
  if (q->query->model_options) options = *q->query->model_options;
  if (!options.on_note) {
    options.on_note = store->on_note;
    options.note_context = store->note_context;
  }
  if ((*out = question_find_model(store, stored))) {
    (*out)->options.limits = options.limits; /* the question before may have had others */
    return AKIN_OK;
  }
  akin_status status = question_make_places(store, q->space->count, err);
  if (status) return status;
  akin_model_free(store->models[index]);
  store->models[index] = NULL;
  status = akin_model_settings_parse(&options, &layer, &meaning, stored->card, err);
  if (!status) status = akin_model_open(out, stored->name, &options, err);
  if (!status && strcmp(akin_model_fingerprint(*out), stored->fingerprint) != 0) {
    status = question_fail_model(*out, stored, err);
    akin_model_free(*out);
  }
  if (!status) store->models[index] = *out;
  akin_free(meaning);
  akin_free(layer);
  return status;
}

typedef struct question_stored {
  bool readable, there, unchanged;
  akin_file_facts now;
  uint64_t content_id;
} question_stored;

static akin_status question_visit_stored(void *context, const akin_stored_image *image, akin_error *err) {
  question_stored *s = context;
  (void)err;
  s->readable = image->state == AKIN_IMAGE_READABLE;
  s->content_id = image->content_id;
  s->unchanged = !s->there || akin_facts_same(&s->now, &image->facts);
  return AKIN_OK;
}

/* *content_id > 0: the store has this very file. A stored file that is not there at the moment still counts: its
 * feature is known. */
static akin_status question_find_path(akin_question *q, const char *path, uint64_t *content_id, akin_error *err) {
  question_stored s = {0};
  *content_id = 0;
  s.there = akin_file_facts_of(&s.now, path, NULL) == AKIN_OK;
  akin_status status = akin_storage_image_at(q->reader, path, question_visit_stored, &s, err);
  if (status == AKIN_ERROR_NOT_FOUND) status = AKIN_OK;
  if (!status && s.readable && s.unchanged && akin_vectors_find(q->vectors, s.content_id)) *content_id = s.content_id;
  return status;
}

static akin_status question_embed(akin_question *q, const char *path, const akin_buffer *bytes, akin_error *err) {
  akin_status status = AKIN_OK;
  for (size_t i = 0; !status && i < q->space->count; i++) {
    akin_model *model = NULL;
    status = question_open_model(&model, q, i, err);
    if (!status) status = akin_model_prepare(model, 1, err);
    q->model_failed = status != AKIN_OK;
    if (!status && (status = akin_model_embed_memory(model, q->features[i], bytes->data, bytes->size, 0, err)))
      status = akin_fail_context(err, status, "%s", path);
  }
  if (!status) akin_space_point(q->space, q->point, (const float *const *)q->features);
  return status;
}

/* An image that is not stored under this path: by its content, else by the model. */
static akin_status question_add_outside(akin_question *q, question_role role, const char *path, akin_error *err) {
  akin_buffer bytes = AKIN_BUFFER_INIT(0);
  akin_hash hash;
  uint64_t content_id = 0;
  akin_status status = akin_file_read(&bytes, path, question_limits(q)->max_bytes, NULL, err);
  if (status || (status = akin_hash_bytes(&hash, bytes.data, bytes.size, err)) ||
      (status = akin_storage_content_find(q->reader, &hash, &content_id, NULL, NULL, err)))
    goto out;
  const float *point = content_id ? akin_vectors_find(q->vectors, content_id) : NULL;
  if (!point) {
    status = question_embed(q, path, &bytes, err);
    point = q->point;
  }
  if (!status) status = question_add(q, role, path, point, content_id, err);
out:
  akin_buffer_free(&bytes);
  return status;
}

static akin_status question_add_path(akin_question *q, question_role role, const char *path, akin_error *err) {
  char *absolute = NULL;
  uint64_t content_id = 0;
  akin_status status = akin_path_absolute(&absolute, path, err);
  if (!status) status = question_find_path(q, absolute, &content_id, err);
  if (!status) {
    status = content_id ? question_add_stored(q, role, absolute, content_id, err)
                        : question_add_outside(q, role, absolute, err);
  }
  akin_free(absolute);
  return status;
}

akin_status akin_question_add_path(akin_question *q, const char *path, akin_error *err) {
  return question_add_path(q, QUESTION_IMAGE, path, err);
}

/* ---- the whole ---- */

akin_status akin_store_like(akin_store *store, akin_hits **out, const char *const *images, size_t count,
                            const akin_query *query, akin_error *err) {
  akin_question q = {0};
  *out = NULL;
  akin_status status = akin_question_begin(&q, store, query, count, err);
  for (size_t i = 0; !status && i < count; i++)
    status = question_add_path(&q, QUESTION_IMAGE, images[i], err);
  for (size_t i = 0; !status && i < q.query->negative_count; i++)
    status = question_add_path(&q, QUESTION_NEGATIVE, q.query->negatives[i], err);
  if (!status) status = akin_question_answer(&q, err);
  if (!status) {
    *out = q.hits;
    q.hits = NULL;
  }
  akin_question_end(&q);
  return status;
}
