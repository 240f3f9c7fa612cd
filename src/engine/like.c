/* like.c - "which images are most like these?" */
#include "engine/like.h"

#include "base/error.h"
#include "base/hits.h"
#include "base/memory.h"
#include "base/path.h"
#include "engine/facts.h"
#include "engine/model.h"

#include <stdlib.h>
#include <string.h>

/* ---- putting a question together ---- */

static akin_status question_check(const akin_query *query, akin_error *err) {
  if (query->version != AKIN_QUERY_VERSION) {
    return akin_fail(err, AKIN_ERROR_USAGE, "a query of version %u, this library knows version %u", query->version,
                     AKIN_QUERY_VERSION);
  }
  return query->k >= 1 ? AKIN_OK : akin_fail(err, AKIN_ERROR_USAGE, "k is 0: ask for at least one hit");
}

akin_status akin_question_begin(akin_question *q, akin_store *store, const akin_query *query, akin_error *err) {
  static const akin_query defaults = AKIN_QUERY_INIT;
  *q = (akin_question){.store = store, .query = query ? query : &defaults};
  akin_status status = question_check(q->query, err);
  if (status || (status = akin_store_find_model(store, &q->model, q->query->model, err)) ||
      (status = akin_store_vectors(store, &q->vectors, q->model, err)))
    return status;
  q->sum = akin_calloc(q->model->dim, sizeof *q->sum);
  q->feature = akin_calloc(q->model->dim, sizeof *q->feature);
  return q->sum && q->feature ? akin_question_restart(q, err) : akin_fail_memory(err, q->model->dim * sizeof *q->sum);
}

akin_status akin_question_restart(akin_question *q, akin_error *err) {
  akin_hits_free(q->hits);
  q->hits = NULL;
  q->content_count = 0;
  memset(q->sum, 0, q->model->dim * sizeof *q->sum);
  return akin_hits_new(&q->hits, q->model->name, err);
}

void akin_question_end(akin_question *q) {
  akin_hits_free(q->hits);
  akin_free(q->sum);
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

static akin_status question_add(akin_question *q, const char *path, const float *feature, uint64_t content_id,
                                akin_error *err) {
  for (uint32_t i = 0; i < q->model->dim; i++)
    q->sum[i] += feature[i];
  akin_status status = content_id ? question_add_content(q, content_id, err) : AKIN_OK;
  return status ? status : akin_hits_add_query(q->hits, path, err);
}

akin_status akin_question_add_stored(akin_question *q, const char *path, uint64_t content_id, akin_error *err) {
  const float *feature = akin_vectors_find(q->vectors, content_id);
  if (!feature) {
    return akin_fail(err, AKIN_ERROR_NOT_FOUND,
                     "%s: the store has no feature of %s for it yet: akin index --model %s FOLDER", path,
                     q->model->name, q->model->name);
  }
  return question_add(q, path, feature, content_id, err);
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
  akin_storage *reader = NULL;
  *content_id = 0;
  s.there = akin_file_facts_of(&s.now, path, NULL) == AKIN_OK;
  akin_status status = akin_store_reader(q->store, &reader, err);
  if (!status) {
    status = akin_storage_image_at(reader, path, question_visit_stored, &s, err);
    status = status == AKIN_ERROR_NOT_FOUND ? AKIN_OK : status;
  }
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
static akin_status question_add_outside(akin_question *q, const char *path, akin_error *err) {
  static const akin_limits default_limits = AKIN_LIMITS_INIT;
  const akin_limits *limits = q->query->model_options ? &q->query->model_options->limits : &default_limits;
  akin_buffer bytes = AKIN_BUFFER_INIT(0);
  akin_storage *reader = NULL;
  akin_hash hash;
  uint64_t content_id = 0;
  akin_status status = akin_file_read(&bytes, path, limits->max_bytes, NULL, err);
  if (status || (status = akin_hash_bytes(&hash, bytes.data, bytes.size, err)) ||
      (status = akin_store_reader(q->store, &reader, err)) ||
      (status = akin_storage_content_find(reader, &hash, &content_id, NULL, NULL, err)))
    goto out;
  const float *feature = content_id ? akin_vectors_find(q->vectors, content_id) : NULL;
  if (!feature) {
    status = question_embed(q, path, &bytes, err);
    feature = q->feature;
  }
  if (!status) status = question_add(q, path, feature, content_id, err);
out:
  akin_buffer_free(&bytes);
  return status;
}

akin_status akin_question_add_path(akin_question *q, const char *path, akin_error *err) {
  char *absolute = NULL;
  uint64_t content_id = 0;
  akin_status status = akin_path_absolute(&absolute, path, err);
  if (!status) status = question_find_path(q, absolute, &content_id, err);
  if (!status) {
    status =
        content_id ? akin_question_add_stored(q, absolute, content_id, err) : question_add_outside(q, absolute, err);
  }
  akin_free(absolute);
  return status;
}

bool akin_question_skips(akin_status status) {
  return status == AKIN_ERROR_NOT_FOUND || status == AKIN_ERROR_IO || status == AKIN_ERROR_FORMAT ||
         status == AKIN_ERROR_UNSUPPORTED || status == AKIN_ERROR_LIMIT;
}

/* ---- the answer ---- */

typedef struct answer_image {
  char *path; /* owned */
  float score;
  uint32_t width, height;
} answer_image;

typedef struct answer {
  answer_image *images;
  size_t count, room;
  float score; /* of the content at hand */
} answer;

static void answer_free(answer *a) {
  for (size_t i = 0; i < a->count; i++)
    akin_free(a->images[i].path);
  akin_free(a->images);
}

static akin_status answer_visit(void *context, const akin_stored_image *image, akin_error *err) {
  answer *a = context;
  if (a->count == a->room) {
    size_t room = a->room ? a->room * 2 : 32;
    answer_image *images = akin_realloc_array(a->images, room, sizeof *images);
    if (!images) return akin_fail_memory(err, room * sizeof *images);
    a->images = images;
    a->room = room;
  }
  char *path = akin_strdup(image->path);
  if (!path) return akin_fail_memory(err, strlen(image->path) + 1);
  a->images[a->count++] = (answer_image){path, a->score, image->width, image->height};
  return AKIN_OK;
}

static int answer_order(const void *x, const void *y) {
  const answer_image *a = x, *b = y;
  if (a->score != b->score) return a->score > b->score ? -1 : 1;
  return strcmp(a->path, b->path);
}

static bool question_skips(void *context, uint64_t id) {
  const akin_question *q = context;
  for (size_t i = 0; i < q->content_count; i++)
    if (q->contents[i] == id) return true;
  return false;
}

/* Contents, best first with all ties → images, best first, ties by path → the first k. */
static akin_status question_fill(akin_question *q, const akin_scored *best, size_t count, akin_error *err) {
  answer a = {0};
  akin_storage *reader = NULL;
  akin_status status = akin_store_reader(q->store, &reader, err);
  for (size_t i = 0; !status && i < count; i++) {
    /* contents of equal score are taken together; after a whole group, k images are enough */
    if (a.count >= q->query->k && best[i].score < a.score) break;
    a.score = best[i].score;
    status = akin_storage_images_of(reader, best[i].id, answer_visit, &a, err);
  }
  if (!status && a.count > 0) qsort(a.images, a.count, sizeof *a.images, answer_order);
  for (size_t i = 0; !status && i < a.count && i < q->query->k; i++)
    status = akin_hits_add(q->hits, a.images[i].path, a.images[i].score, a.images[i].width, a.images[i].height, err);
  answer_free(&a);
  return status;
}

akin_status akin_question_answer(akin_question *q, akin_error *err) {
  akin_scored *best = NULL;
  size_t count = 0;
  /* The feature of one image has unit length already, and stays what it is to the last bit. */
  akin_status status = akin_hits_query_count(q->hits) > 1 ? akin_search_normalise(q->sum, q->model->dim, err) : AKIN_OK;
  if (status) return akin_fail_context(err, status, "the mean feature of these images");
  status = akin_search_best(&best, &count, q->vectors, q->sum, q->query->k,
                            q->query->include_self ? NULL : question_skips, q, err);
  if (!status) status = question_fill(q, best, count, err);
  akin_free(best);
  return status;
}

akin_status akin_store_like(akin_store *store, akin_hits **out, const char *const *images, size_t count,
                            const akin_query *query, akin_error *err) {
  akin_question q = {0};
  *out = NULL;
  akin_status status =
      count > 0 ? akin_question_begin(&q, store, query, err) : akin_fail(err, AKIN_ERROR_USAGE, "no image was given");
  for (size_t i = 0; !status && i < count; i++)
    status = akin_question_add_path(&q, images[i], err);
  if (!status) status = akin_question_answer(&q, err);
  if (!status) {
    *out = q.hits;
    q.hits = NULL;
  }
  akin_question_end(&q);
  return status;
}
