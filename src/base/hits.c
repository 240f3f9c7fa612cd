/* hits.c - the answer to a question: what was asked and the images found, in order. It owns all its texts. */
#include "base/hits.h"

#include "base/error.h"
#include "base/memory.h"

#include <stdbool.h>
#include <string.h>

struct akin_hits {
  char *model;
  char **queries;
  size_t query_count, query_room;
  char **negatives;
  size_t negative_room; /* asked has their count */
  float *weights, *negative_weights;
  char *where;
  akin_query asked; /* points to the above */
  akin_hit *hits;
  size_t count, room;
};

#define HITS_FIRST_ROOM 8

/* items, with room for one more of `size` bytes; NULL: out of memory, the items stay as they are. */
static void *hits_with_room(void *items, size_t count, size_t *room, size_t size) {
  size_t wanted = *room ? *room : HITS_FIRST_ROOM;
  if (count < *room) return items;
  if (!akin_add(&wanted, wanted, *room)) return NULL;
  void *grown = akin_realloc_array(items, wanted, size);
  if (grown) *room = wanted;
  return grown;
}

akin_status akin_hits_new(akin_hits **out, const char *model, akin_error *err) {
  akin_hits *hits = akin_calloc(1, sizeof *hits);
  if (hits) hits->model = akin_strdup(model);
  if (!hits || !hits->model) {
    akin_hits_free(hits);
    return akin_fail_memory(err, sizeof *hits + strlen(model) + 1);
  }
  hits->asked = (akin_query)AKIN_QUERY_INIT;
  hits->asked.model = hits->model;
  hits->asked.scores = AKIN_SCORES_COSINE;
  *out = hits;
  return AKIN_OK;
}

/* NULL for no values; else a copy that counts as failed when it is NULL. */
static float *hits_copy_floats(const float *values, size_t count, bool *failed) {
  float *copy = values ? akin_calloc(count, sizeof *copy) : NULL;
  if (copy) memcpy(copy, values, count * sizeof *copy);
  *failed = *failed || (values && !copy);
  return copy;
}

akin_status akin_hits_ask(akin_hits *hits, const akin_query *query, size_t images, akin_error *err) {
  bool failed = false;
  hits->weights = hits_copy_floats(query->weights, images, &failed);
  hits->negative_weights = hits_copy_floats(query->negative_weights, query->negative_count, &failed);
  hits->where = query->where ? akin_strdup(query->where) : NULL;
  failed = failed || (query->where && !hits->where);
  hits->asked = *query;
  hits->asked.model = hits->model;
  hits->asked.model_options = NULL;
  hits->asked.models = NULL;
  hits->asked.model_count = 0;
  hits->asked.weights = hits->weights;
  hits->asked.negative_weights = hits->negative_weights;
  hits->asked.where = hits->where;
  hits->asked.negatives = NULL;
  hits->asked.negative_count = 0;
  return failed ? akin_fail_memory(err, images * sizeof *hits->weights) : AKIN_OK;
}

static akin_status hits_add_path(char ***paths, size_t *count, size_t *room, const char *path, akin_error *err) {
  char **grown = hits_with_room(*paths, *count, room, sizeof *grown);
  if (grown) *paths = grown;
  char *copy = grown ? akin_strdup(path) : NULL;
  if (!copy) return akin_fail_memory(err, strlen(path) + 1);
  (*paths)[(*count)++] = copy;
  return AKIN_OK;
}

akin_status akin_hits_add_query(akin_hits *hits, const char *path, akin_error *err) {
  return hits_add_path(&hits->queries, &hits->query_count, &hits->query_room, path, err);
}

akin_status akin_hits_add_negative(akin_hits *hits, const char *path, akin_error *err) {
  akin_status status = hits_add_path(&hits->negatives, &hits->asked.negative_count, &hits->negative_room, path, err);
  hits->asked.negatives = (const char *const *)hits->negatives;
  return status;
}

akin_status akin_hits_add(akin_hits *hits, const char *path, float score, uint32_t width, uint32_t height,
                          akin_error *err) {
  akin_hit *grown = hits_with_room(hits->hits, hits->count, &hits->room, sizeof *grown);
  if (grown) hits->hits = grown;
  char *copy = grown ? akin_strdup(path) : NULL;
  if (!copy) return akin_fail_memory(err, strlen(path) + 1);
  hits->hits[hits->count] = (akin_hit){hits->asked.offset + (uint32_t)hits->count + 1, score, copy, width, height, -1};
  hits->count++;
  return AKIN_OK;
}

void akin_hits_rate(akin_hits *hits, double percentile) {
  if (hits->count > 0) hits->hits[hits->count - 1].percentile = percentile;
}

void akin_hits_free(akin_hits *hits) {
  if (!hits) return;
  for (size_t i = 0; i < hits->query_count; i++)
    akin_free(hits->queries[i]);
  for (size_t i = 0; i < hits->asked.negative_count; i++)
    akin_free(hits->negatives[i]);
  for (size_t i = 0; i < hits->count; i++)
    akin_free((char *)hits->hits[i].path); /* lent out as const, but ours */
  akin_free(hits->queries);
  akin_free(hits->negatives);
  akin_free(hits->weights);
  akin_free(hits->negative_weights);
  akin_free(hits->where);
  akin_free(hits->hits);
  akin_free(hits->model);
  akin_free(hits);
}

const char *akin_hits_model(const akin_hits *hits) {
  return hits->model;
}

const akin_query *akin_hits_asked(const akin_hits *hits) {
  return &hits->asked;
}

size_t akin_hits_query_count(const akin_hits *hits) {
  return hits->query_count;
}

const char *akin_hits_query(const akin_hits *hits, size_t index) {
  return index < hits->query_count ? hits->queries[index] : NULL;
}

size_t akin_hits_count(const akin_hits *hits) {
  return hits->count;
}

const akin_hit *akin_hits_at(const akin_hits *hits, size_t index) {
  return index < hits->count ? &hits->hits[index] : NULL;
}
