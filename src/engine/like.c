/* like.c - "which images are most like these?": from names of images to the vectors that are looked for. answer.c looks
 * for them. */
#include "engine/like.h"

#include "base/error.h"
#include "base/hits.h"
#include "base/memory.h"
#include "base/path.h"
#include "engine/approximate.h"
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
    if ((status = akin_store_vectors(q->store, &q->vectors, q->model, err)) ||
        (status = akin_storage_begin(q->reader, err)) ||
        (status = akin_storage_generation(q->reader, &generation, err)) ||
        akin_vectors_generation(q->vectors) == generation)
      return status;
    akin_storage_rollback(q->reader);
  }
  if (!status) status = akin_storage_begin(q->reader, err);
  return status ? status : akin_store_vectors(q->store, &q->vectors, q->model, err);
}

static akin_status question_begin_vectors(akin_question *q, akin_error *err) {
  const size_t dim = q->model->dim, rows = q->query->combine == AKIN_COMBINE_ANY ? q->images : 1;
  size_t all = 0;
  if (!akin_multiply(&all, dim, rows)) return akin_fail_memory(err, SIZE_MAX);
  q->asked = akin_calloc(all, sizeof *q->asked);
  q->against = akin_calloc(dim, sizeof *q->against);
  q->feature = akin_calloc(dim, sizeof *q->feature);
  return q->asked && q->against && q->feature ? AKIN_OK : akin_fail_memory(err, all * sizeof *q->asked);
}

akin_status akin_question_begin(akin_question *q, akin_store *store, const akin_query *query, size_t images,
                                akin_error *err) {
  static const akin_query defaults = AKIN_QUERY_INIT;
  *q = (akin_question){.store = store, .query = query ? query : &defaults, .images = images};
  akin_status status = question_check(q->query, images, err);
  if (!status) status = akin_store_find_model(store, &q->model, q->query->model, err);
  if (!status) status = question_begin_moment(q, err);
  if (!status && q->query->where) status = akin_selection_new(&q->selection, q->reader, q->query->where, err);
  if (!status && !q->query->where && !q->query->exclude_duplicates)
    status = akin_store_graph(store, &q->graph, q->model, q->vectors, q->query->search, err);
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
  memset(q->asked, 0, q->model->dim * sizeof *q->asked);
  akin_seen_free(q->seen);
  q->seen = NULL;
  akin_status status = akin_hits_new(&q->hits, q->model->name, err);
  if (!status) status = akin_hits_ask(q->hits, q->query, q->images, err);
  if (status || !q->query->exclude_duplicates) return status;
  return akin_seen_new(&q->seen, q->store, q->vectors, false, question_limits(q), err);
}

void akin_question_end(akin_question *q) {
  if (q->reader) akin_storage_rollback(q->reader);
  akin_selection_free(q->selection);
  akin_seen_free(q->seen);
  akin_hits_free(q->hits);
  akin_free(q->asked);
  akin_free(q->against);
  akin_free(q->feature);
  akin_free(q->contents);
  akin_stored_models_free(q->model, q->model ? 1 : 0);
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

/* sum += weight × feature, both f32 [dim] */
static void question_sum(float *sum, const float *feature, float weight, size_t dim) {
  for (size_t i = 0; i < dim; i++)
    sum[i] += weight * feature[i];
}

/* content_id: 0 when the store does not know it */
static akin_status question_add(akin_question *q, question_role role, const char *path, const float *feature,
                                uint64_t content_id, akin_error *err) {
  const size_t dim = q->model->dim;
  const akin_query *query = q->query, *known = akin_hits_asked(q->hits);
  akin_status status = content_id ? question_add_content(q, content_id, err) : AKIN_OK;
  if (!status && q->seen && !query->include_self) status = akin_seen_add(q->seen, content_id, path, feature, err);
  if (status) return status;
  if (role == QUESTION_NEGATIVE) {
    const float weight =
        query->negative_weights ? query->negative_weights[known->negative_count] : AKIN_NEGATIVE_WEIGHT;
    question_sum(q->against, feature, weight / (float)query->negative_count, dim);
    return akin_hits_add_negative(q->hits, path, err);
  }
  const size_t index = akin_hits_query_count(q->hits);
  if (query->combine == AKIN_COMBINE_ANY)
    memcpy(q->asked + index * dim, feature, dim * sizeof *feature);
  else /* the feature of one image has unit length already, and stays what it is to the last bit */
    question_sum(q->asked, feature, query->weights && q->images > 1 ? query->weights[index] : 1.0f, dim);
  return akin_hits_add_query(q->hits, path, err);
}

static akin_status question_add_stored(akin_question *q, question_role role, const char *path, uint64_t content_id,
                                       akin_error *err) {
  const float *feature = akin_vectors_find(q->vectors, content_id);
  if (!feature) {
    return akin_fail(err, AKIN_ERROR_NOT_FOUND,
                     "%s: the store has no feature of %s for it yet: akin index --model %s FOLDER", path,
                     q->model->name, q->model->name);
  }
  return question_add(q, role, path, feature, content_id, err);
}

akin_status akin_question_add_stored(akin_question *q, const char *path, uint64_t content_id, akin_error *err) {
  return question_add_stored(q, QUESTION_IMAGE, path, content_id, err);
}

/* ---- an image by its path ---- */

/* Two models of one name, and nothing to compare: says what differs. */
static akin_status question_fail_model(const akin_question *q, akin_error *err) {
  char *difference = NULL;
  akin_status status = akin_model_settings_difference(&difference, q->store->model, q->model->card, err);
  if (!status) {
    status = akin_fail(
        err, AKIN_ERROR_MISMATCH,
        "the imported %s is not the one that the store's features are from (%s): import that one, or index again with "
        "another --store",
        q->model->name, difference);
  }
  akin_free(difference);
  return status;
}

/* The model that the store's features are from, opened with the options that it was indexed with. */
static akin_status question_open_model(akin_question *q, akin_error *err) {
  akin_model_options options = AKIN_MODEL_OPTIONS_INIT;
  akin_store *store = q->store;
  char *layer = NULL, *meaning = NULL;
  if (q->query->model_options) options = *q->query->model_options;
  if (!options.on_note) {
    options.on_note = store->on_note;
    options.note_context = store->note_context;
  }
  if (store->model && strcmp(akin_model_fingerprint(store->model), q->model->fingerprint) == 0) {
    store->model->options.limits = options.limits; /* the question before may have had others */
    return AKIN_OK;
  }
  akin_model_free(store->model);
  store->model = NULL;
  akin_status status = akin_model_settings_parse(&options, &layer, &meaning, q->model->card, err);
  if (!status) status = akin_model_open(&store->model, q->model->name, &options, err);
  if (!status && strcmp(akin_model_fingerprint(store->model), q->model->fingerprint) != 0) {
    status = question_fail_model(q, err);
    akin_model_free(store->model);
    store->model = NULL;
  }
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
  akin_status status = question_open_model(q, err);
  if (!status) status = akin_model_prepare(q->store->model, err);
  q->model_failed = status != AKIN_OK;
  if (!status && (status = akin_model_embed_memory(q->store->model, q->feature, bytes->data, bytes->size, 0, err)))
    status = akin_fail_context(err, status, "%s", path);
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
  const float *feature = content_id ? akin_vectors_find(q->vectors, content_id) : NULL;
  if (!feature) {
    status = question_embed(q, path, &bytes, err);
    feature = q->feature;
  }
  if (!status) status = question_add(q, role, path, feature, content_id, err);
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

bool akin_question_skips(akin_status status) {
  return status == AKIN_ERROR_NOT_FOUND || status == AKIN_ERROR_IO || status == AKIN_ERROR_FORMAT ||
         status == AKIN_ERROR_UNSUPPORTED || status == AKIN_ERROR_LIMIT;
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
