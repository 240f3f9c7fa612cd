/*
 * answer.c - from the vectors that are looked for to hits. Contents are scored; each stands for the images that have
 * it; of these the query takes some. When it may turn some down, more contents are looked at until there are hits
 * enough or no contents left.
 */
#include "base/error.h"
#include "base/hits.h"
#include "base/memory.h"
#include "engine/approximate.h"
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

/* The best k contents for v, f32 [dim]: through the graph, unless that gives too few. */
static akin_status answer_best(akin_scored **out, size_t *count, akin_question *q, const float *v, size_t k,
                               akin_error *err) {
  if (q->graph && k <= AKIN_APPROXIMATE_K) {
    const akin_approximate_skip skip = {answer_skips, q, q->query->include_self ? 0 : q->content_count};
    akin_status status = akin_approximate_best(out, count, q->graph, q->vectors, v, k, &skip, err);
    if (status || *count >= k) return status;
    akin_free(*out);
  }
  return akin_search_best(out, count, q->vectors, v, k, answer_skips, q, err);
}

/* Makes v, f32 [dim], what is looked for: of unit length, less the negatives. unit: it has that length already. */
static akin_status answer_direct(const akin_question *q, float *v, bool unit, akin_error *err) {
  akin_status status = unit ? AKIN_OK : akin_search_normalise(v, q->dim, err);
  if (!status && q->query->negative_count > 0) {
    for (uint32_t i = 0; i < q->dim; i++)
      v[i] -= q->against[i];
    status = akin_search_normalise(v, q->dim, err);
  }
  return status ? akin_fail_context(err, status, "these images cancel each other out") : AKIN_OK;
}

static akin_status answer_direct_all(akin_question *q, akin_error *err) {
  if (q->query->combine == AKIN_COMBINE_MEAN) return answer_direct(q, q->asked, q->images == 1, err);
  akin_status status = AKIN_OK;
  for (size_t i = 0; !status && i < q->images; i++)
    status = answer_direct(q, q->asked + i * q->dim, true, err);
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

/* The best k by the best of several scores: each is among the best k, or ties with the kth, by one of them. What comes
 * behind those in the union is not known to be in order: what is next by one may beat what is first by another. */
static akin_status answer_search_any(akin_scored **out, size_t *count, akin_question *q, size_t k, akin_error *err) {
  akin_status status = AKIN_OK;
  for (size_t i = 0; !status && i < q->images; i++) {
    akin_scored *one = NULL;
    size_t n = 0;
    const float share = answer_share(q, i);
    status = answer_best(&one, &n, q, q->asked + i * q->dim, k, err);
    akin_scored *all = status ? NULL : akin_realloc_array(*out, *count + n, sizeof *all);
    if (all) *out = all;
    for (size_t j = 0; all && j < n; j++)
      all[(*count)++] = (akin_scored){one[j].id, one[j].score * share};
    if (!status && !all) status = akin_fail_memory(err, (*count + n) * sizeof *all);
    akin_free(one);
  }
  *count = answer_unite(*out, *count);
  while (*out && *count > k && (*out)[*count - 1].score < (*out)[k - 1].score)
    (*count)--;
  return status;
}

typedef struct answer_image {
  char *path; /* owned */
  uint64_t content_id;
  float score;
  uint32_t width, height;
  float near; /* how similar it is to the most similar hit before it */
  bool done;  /* a hit, or turned down */
  bool hit;
} answer_image;

typedef struct answer {
  akin_question *question;
  akin_scored *best;     /* contents, best first with all ties, none below the least score */
  size_t contents, used; /* of used ones the images are among the candidates */
  size_t k;              /* how many were asked for */
  bool all;              /* there are no more */
  answer_image *images;  /* the candidates, best first */
  size_t count, room;
  size_t first; /* all before it are done */
  float score;  /* of the content at hand */
} answer;

/* Finds the best k contents, in place of fewer that were found before: those are its beginning. */
static akin_status answer_search(answer *a, size_t k, akin_error *err) {
  akin_question *q = a->question;
  akin_free(a->best);
  a->best = NULL;
  a->contents = 0;
  a->k = k;
  akin_status status = q->query->combine == AKIN_COMBINE_ANY ? answer_search_any(&a->best, &a->contents, q, k, err)
                                                             : answer_best(&a->best, &a->contents, q, q->asked, k, err);
  a->all = a->contents < k;
  if (!a->best) a->contents = 0; /* it is so; said for the analyzer */
  while (a->contents > 0 && a->best[a->contents - 1].score < q->query->min_score) {
    a->contents--;
    a->all = true;
  }
  return status;
}

/* ---- candidates: images, best first ---- */

static void answer_free(answer *a) {
  for (size_t i = 0; i < a->count; i++)
    akin_free(a->images[i].path);
  akin_free(a->images);
  akin_free(a->best);
}

static akin_status answer_visit(void *context, const akin_stored_image *image, akin_error *err) {
  answer *a = context;
  const akin_selection *selection = a->question->selection;
  if (selection && !akin_selection_has_image(selection, image->id)) return AKIN_OK;
  if (a->count == a->room) {
    size_t room = a->room ? a->room * 2 : 32;
    answer_image *images = akin_realloc_array(a->images, room, sizeof *images);
    if (!images) return akin_fail_memory(err, room * sizeof *images);
    a->images = images;
    a->room = room;
  }
  char *path = akin_strdup(image->path);
  if (!path) return akin_fail_memory(err, strlen(image->path) + 1);
  a->images[a->count++] = (answer_image){.path = path,
                                         .content_id = image->content_id,
                                         .score = a->score,
                                         .width = image->width,
                                         .height = image->height,
                                         .near = -1.0f};
  return AKIN_OK;
}

static int answer_order(const void *x, const void *y) {
  const answer_image *a = x, *b = y;
  if (a->score != b->score) return a->score > b->score ? -1 : 1;
  return strcmp(a->path, b->path);
}

/* Tells candidates from `first` on of a hit. */
static void answer_approach(answer *a, size_t first, const answer_image *hit) {
  const akin_vectors *v = a->question->vectors;
  const uint32_t dim = akin_vectors_dim(v);
  const float *feature = akin_vectors_find(v, hit->content_id);
  for (size_t i = first; i < a->count; i++) {
    float score = 0.0f;
    if (a->images[i].done) continue;
    akin_search_scores(&score, feature, akin_vectors_find(v, a->images[i].content_id), 1, dim, dim);
    a->images[i].near = fmaxf(a->images[i].near, score);
  }
}

/* At least so many more candidates, or all; ties by path. Contents of equal score are taken together. */
static akin_status answer_more(answer *a, size_t wanted, akin_error *err) {
  const size_t before = a->count;
  akin_status status = AKIN_OK;
  while (!status && a->count < before + wanted && !(a->used == a->contents && a->all)) {
    if (a->used == a->contents) status = answer_search(a, a->k ? 4 * a->k : wanted, err);
    for (; !status && a->best && a->used < a->contents; a->used++) {
      if (a->count >= before + wanted && a->best[a->used].score < a->score) break;
      a->score = a->best[a->used].score;
      status = akin_storage_images_of(a->question->reader, a->best[a->used].id, answer_visit, a, err);
    }
  }
  if (status || a->count == before) return status;
  qsort(a->images + before, a->count - before, sizeof *a->images, answer_order);
  for (size_t i = 0; i < before && a->question->query->diverse > 0.0f; i++)
    if (a->images[i].hit) answer_approach(a, before, &a->images[i]);
  return AKIN_OK;
}

/* ---- choosing ---- */

/* What counts for the next hit: see akin_query's diverse. */
static float answer_worth(const answer_image *image, float diverse) {
  return (1.0f - diverse) * image->score - diverse * image->near;
}

/* The candidate that is to be the next hit; count: none is left. Ties go to the better and to the first by path. */
static size_t answer_next(answer *a) {
  const float diverse = a->question->query->diverse;
  while (a->first < a->count && a->images[a->first].done)
    a->first++;
  size_t next = a->first;
  for (size_t i = a->first; i < a->count && diverse > 0.0f; i++)
    if (!a->images[i].done && answer_worth(&a->images[i], diverse) > answer_worth(&a->images[next], diverse)) next = i;
  return next;
}

akin_status akin_question_add_hit(akin_question *q, const char *path, float score, uint32_t width, uint32_t height,
                                  akin_error *err) {
  akin_status status = akin_hits_add(q->hits, path, score, width, height, err);
  if (!status) akin_hits_rate(q->hits, akin_background_percentile(&q->space->background, score));
  return status;
}

/* Makes the candidate a hit, unless it repeats one. */
static akin_status answer_take(answer *a, answer_image *image, akin_error *err) {
  akin_seen *seen = a->question->seen;
  bool repeats = false;
  image->done = true;
  akin_status status = seen ? akin_seen_test(seen, image->content_id, &repeats, err) : AKIN_OK;
  if (status || repeats) return status;
  if (seen) status = akin_seen_add(seen, image->content_id, NULL, NULL, err);
  image->hit = true;
  if (a->question->query->diverse > 0.0f) answer_approach(a, 0, image);
  return status;
}

/* candidates: how many are looked at together. */
static akin_status answer_choose(answer *a, size_t candidates, akin_error *err) {
  akin_question *q = a->question;
  const size_t wanted = (size_t)q->query->k + q->query->offset;
  akin_status status = answer_more(a, candidates, err);
  for (size_t taken = 0; !status && taken < wanted;) {
    size_t next = answer_next(a);
    if (next == a->count) {
      if ((status = answer_more(a, candidates, err)) || next == a->count) break;
      next = answer_next(a);
    }
    answer_image *image = &a->images[next];
    if ((status = answer_take(a, image, err)) || !image->hit) continue;
    if (taken++ >= q->query->offset)
      status = akin_question_add_hit(q, image->path, image->score, image->width, image->height, err);
  }
  return status;
}

/* What turns hits down may ask for more and more candidates, of which those before must be the beginning: exactly. */
static akin_status answer_find_graph(akin_question *q, akin_error *err) {
  q->graph = NULL;
  if (q->selection || q->query->exclude_duplicates) return AKIN_OK;
  return akin_store_graph(q->store, &q->graph, q->space, q->vectors, q->query->search, err);
}

akin_status akin_question_answer(akin_question *q, akin_error *err) {
  answer a = {.question = q};
  size_t candidates = (size_t)q->query->k + q->query->offset;
  if (q->query->diverse > 0.0f)
    candidates = 10 * candidates > AKIN_DIVERSE_CANDIDATES ? 10 * candidates : AKIN_DIVERSE_CANDIDATES;
  akin_status status = answer_direct_all(q, err);
  if (!status) status = answer_find_graph(q, err);
  if (!status) status = answer_choose(&a, candidates, err);
  answer_free(&a);
  return status;
}
