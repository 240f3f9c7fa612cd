/*
 * answer.c - from the vectors that are looked for to hits. Contents are scored; each stands for the images that have
 * it; of these the query takes some. When it may turn some down, more contents are looked at until there are hits
 * enough or no contents left.
 */
#include "base/error.h"
#include "base/hits.h"
#include "base/memory.h"
#include "engine/like.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- contents, best first ---- */

static bool answer_skips(void *context, uint64_t content_id) {
  const akin_question *q = context;
  for (size_t i = 0; i < q->content_count && !q->query->include_self; i++)
    if (q->contents[i] == content_id) return true;
  return q->selection && !akin_selection_has_content(q->selection, content_id);
}

/* Makes v, f32 [dim], what is looked for: of unit length, less the negatives. unit: it has that length already. */
static akin_status answer_direct(const akin_question *q, float *v, bool unit, akin_error *err) {
  akin_status status = unit ? AKIN_OK : akin_search_normalise(v, q->model->dim, err);
  if (!status && q->query->negative_count > 0) {
    for (uint32_t i = 0; i < q->model->dim; i++)
      v[i] -= q->against[i];
    status = akin_search_normalise(v, q->model->dim, err);
  }
  return status ? akin_fail_context(err, status, "these images cancel each other out") : AKIN_OK;
}

static akin_status answer_direct_all(akin_question *q, akin_error *err) {
  if (q->query->combine == AKIN_COMBINE_MEAN) return answer_direct(q, q->asked, q->images == 1, err);
  akin_status status = AKIN_OK;
  for (size_t i = 0; !status && i < q->images; i++)
    status = answer_direct(q, q->asked + i * q->model->dim, true, err);
  return status;
}

static int answer_by_content(const void *x, const void *y) {
  const akin_scored *a = x, *b = y;
  if (a->id != b->id) return a->id < b->id ? -1 : 1;
  return a->score > b->score ? -1 : a->score < b->score;
}

static int answer_by_score(const void *x, const void *y) {
  const akin_scored *a = x, *b = y;
  if (a->score != b->score) return a->score > b->score ? -1 : 1;
  return a->id < b->id ? -1 : a->id > b->id;
}

/* Keeps each content once, with its best score; best first. Returns how many are left. */
static size_t answer_unite(akin_scored *scored, size_t count) {
  size_t kept = 0;
  if (count > 0) qsort(scored, count, sizeof *scored, answer_by_content);
  for (size_t i = 0; i < count; i++)
    if (kept == 0 || scored[kept - 1].id != scored[i].id) scored[kept++] = scored[i];
  if (kept > 0) qsort(scored, kept, sizeof *scored, answer_by_score);
  return kept;
}

/* How much the score for image `index` counts against those for the others: 1 for the image of the largest weight. */
static float answer_share(const akin_question *q, size_t index) {
  float largest = 0.0f;
  if (!q->query->weights) return 1.0f;
  for (size_t i = 0; i < q->images; i++)
    largest = fmaxf(largest, q->query->weights[i]);
  return q->query->weights[index] / largest;
}

/* The best k by the best of several scores: each is among the best k, or ties with the kth, by one of them. */
static akin_status answer_search_any(akin_scored **out, size_t *count, akin_question *q, size_t k, akin_error *err) {
  akin_status status = AKIN_OK;
  for (size_t i = 0; !status && i < q->images; i++) {
    akin_scored *one = NULL;
    size_t n = 0;
    const float share = answer_share(q, i);
    status = akin_search_best(&one, &n, q->vectors, q->asked + i * q->model->dim, k, answer_skips, q, err);
    akin_scored *all = status ? NULL : akin_realloc_array(*out, *count + n, sizeof *all);
    if (all) *out = all;
    for (size_t j = 0; all && j < n; j++)
      all[(*count)++] = (akin_scored){one[j].id, one[j].score * share};
    if (!status && !all) status = akin_fail_memory(err, (*count + n) * sizeof *all);
    akin_free(one);
  }
  *count = answer_unite(*out, *count);
  return status;
}

/* The best k contents and those that tie with the kth, best first, none below the least score. *all: there are no more.
 * Freed with akin_free, also on failure. */
static akin_status answer_search(akin_scored **out, size_t *count, bool *all, akin_question *q, size_t k,
                                 akin_error *err) {
  *out = NULL;
  *count = 0;
  akin_status status = q->query->combine == AKIN_COMBINE_ANY
                           ? answer_search_any(out, count, q, k, err)
                           : akin_search_best(out, count, q->vectors, q->asked, k, answer_skips, q, err);
  *all = *count < k;
  while (*count > 0 && (*out)[*count - 1].score < q->query->min_score) {
    (*count)--;
    *all = true;
  }
  return status;
}

/* ---- images ---- */

typedef struct answer_image {
  char *path; /* owned */
  uint64_t content_id;
  float score;
  uint32_t width, height;
  float near; /* how similar it is to the most similar hit before it */
  bool done;  /* a hit, or turned down */
} answer_image;

typedef struct answer {
  answer_image *images;
  size_t count, room;
  size_t first; /* all before it are done */
  float score;  /* of the content at hand */
  const akin_selection *selection;
} answer;

static void answer_free(answer *a) {
  for (size_t i = 0; i < a->count; i++)
    akin_free(a->images[i].path);
  akin_free(a->images);
  *a = (answer){0};
}

static akin_status answer_visit(void *context, const akin_stored_image *image, akin_error *err) {
  answer *a = context;
  if (a->selection && !akin_selection_has_image(a->selection, image->id)) return AKIN_OK;
  if (a->count == a->room) {
    size_t room = a->room ? a->room * 2 : 32;
    answer_image *images = akin_realloc_array(a->images, room, sizeof *images);
    if (!images) return akin_fail_memory(err, room * sizeof *images);
    a->images = images;
    a->room = room;
  }
  char *path = akin_strdup(image->path);
  if (!path) return akin_fail_memory(err, strlen(image->path) + 1);
  a->images[a->count++] = (answer_image){path, image->content_id, a->score, image->width, image->height, -1.0f, false};
  return AKIN_OK;
}

static int answer_order(const void *x, const void *y) {
  const answer_image *a = x, *b = y;
  if (a->score != b->score) return a->score > b->score ? -1 : 1;
  return strcmp(a->path, b->path);
}

/* Contents, best first → images, best first, ties by path: at least `wanted`, or all. */
static akin_status answer_collect(answer *a, akin_question *q, const akin_scored *best, size_t count, size_t wanted,
                                  akin_error *err) {
  akin_status status = AKIN_OK;
  for (size_t i = 0; !status && i < count; i++) {
    /* contents of equal score are taken together; after a whole group, that many images are enough */
    if (a->count >= wanted && best[i].score < a->score) break;
    a->score = best[i].score;
    status = akin_storage_images_of(q->reader, best[i].id, answer_visit, a, err);
  }
  if (!status && a->count > 0) qsort(a->images, a->count, sizeof *a->images, answer_order);
  return status;
}

/* ---- choosing ---- */

/* What counts for the next hit: see akin_query's diverse. */
static float answer_worth(const answer_image *image, float diverse) {
  return (1.0f - diverse) * image->score - diverse * image->near;
}

/* The candidate that is the next hit; count: none is left. Ties go to the better and to the first by path. */
static size_t answer_next(answer *a, float diverse) {
  while (a->first < a->count && a->images[a->first].done)
    a->first++;
  size_t next = a->first;
  for (size_t i = a->first; i < a->count && diverse > 0.0f; i++)
    if (!a->images[i].done && answer_worth(&a->images[i], diverse) > answer_worth(&a->images[next], diverse)) next = i;
  return next;
}

/* Tells the candidates that are left of a new hit. */
static void answer_approach(answer *a, const akin_question *q, const answer_image *hit) {
  const uint32_t dim = q->model->dim;
  const float *feature = akin_vectors_find(q->vectors, hit->content_id);
  for (size_t i = 0; i < a->count; i++) {
    float score = 0.0f;
    if (a->images[i].done) continue;
    akin_search_scores(&score, feature, akin_vectors_find(q->vectors, a->images[i].content_id), 1, dim, dim);
    a->images[i].near = fmaxf(a->images[i].near, score);
  }
}

/* The hits that are asked for, of the candidates. */
static akin_status answer_choose(akin_question *q, answer *a, size_t wanted, akin_error *err) {
  akin_status status = AKIN_OK;
  for (size_t taken = 0, next; !status && taken < wanted && (next = answer_next(a, q->query->diverse)) < a->count;) {
    answer_image *image = &a->images[next];
    image->done = true;
    if (q->query->diverse > 0.0f) answer_approach(a, q, image);
    if (taken++ >= q->query->offset)
      status = akin_hits_add(q->hits, image->path, image->score, image->width, image->height, err);
  }
  return status;
}

akin_status akin_question_answer(akin_question *q, akin_error *err) {
  const size_t wanted = (size_t)q->query->k + q->query->offset;
  size_t candidates = wanted, count = 0;
  akin_scored *best = NULL;
  answer a = {.selection = q->selection};
  bool all = false;
  if (q->query->diverse > 0.0f)
    candidates = 10 * wanted > AKIN_DIVERSE_CANDIDATES ? 10 * wanted : AKIN_DIVERSE_CANDIDATES;
  akin_status status = answer_direct_all(q, err);
  if (!status) status = answer_search(&best, &count, &all, q, candidates, err);
  if (!status) status = answer_collect(&a, q, best, count, candidates, err);
  if (!status) status = answer_choose(q, &a, wanted, err);
  answer_free(&a);
  akin_free(best);
  return status;
}
