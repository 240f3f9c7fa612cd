/*
 * best.c - the best k of many, exactly, with all that tie with the kth. The scores are made a piece at a time, so that
 * they are looked at while they are in the nearest cache, and nearly all of them are passed over by one comparison.
 *
 * What was found lies in one array: a heap of the best k so far, its worst on top, then the ties of that worst. A
 * better row pushes the worst out; it becomes a tie when its equal is the new worst, and otherwise all ties are gone.
 */
#include "search/search.h"

#include "base/error.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BEST_PIECE 512 /* rows scored at a time */
#define BEST_GROUP 16  /* scores compared at a time */

typedef struct best_list {
  akin_scored *found; /* [0, heap): the heap; [heap, count): ties */
  size_t heap, count, room, k;
  float threshold; /* lower scores cannot enter */
  bool (*skip)(void *context, uint64_t id);
  void *context;
} best_list;

/* Moves found[i] down to where both below it are no worse. */
static void best_sift_down(best_list *b, size_t i) {
  const akin_scored moving = b->found[i];
  for (size_t below = 2 * i + 1; below < b->heap; below = 2 * i + 1) {
    if (below + 1 < b->heap && b->found[below + 1].score < b->found[below].score) below++;
    if (!(b->found[below].score < moving.score)) break;
    b->found[i] = b->found[below];
    i = below;
  }
  b->found[i] = moving;
}

static void best_sift_up(best_list *b, size_t i) {
  const akin_scored moving = b->found[i];
  for (size_t above; i > 0 && moving.score < b->found[above = (i - 1) / 2].score; i = above)
    b->found[i] = b->found[above];
  b->found[i] = moving;
}

static akin_status best_push(best_list *b, akin_scored row, akin_error *err) {
  if (b->count == b->room) {
    akin_scored *grown = akin_realloc_array(b->found, 2 * b->room, sizeof *grown);
    if (!grown) return akin_fail_memory(err, 2 * b->room * sizeof *grown);
    b->found = grown;
    b->room *= 2;
  }
  b->found[b->count++] = row;
  return AKIN_OK;
}

/* A row whose score is not below the threshold. */
static akin_status best_add(best_list *b, akin_scored row, akin_error *err) {
  if (b->heap == b->k && row.score == b->threshold) return best_push(b, row, err);
  if (b->heap < b->k) {
    akin_status status = best_push(b, row, err);
    if (status) return status;
    best_sift_up(b, b->heap++);
    if (b->heap == b->k) b->threshold = b->found[0].score;
    return AKIN_OK;
  }
  const akin_scored worst = b->found[0];
  b->found[0] = row;
  best_sift_down(b, 0);
  b->threshold = b->found[0].score;
  if (worst.score == b->threshold) return best_push(b, worst, err);
  b->count = b->heap;
  return AKIN_OK;
}

/* Written without a jump, for the compiler to compare several at once. NaN is below everything. */
static bool best_any(const float scores[BEST_GROUP], float threshold) {
  int any = 0;
  for (size_t i = 0; i < BEST_GROUP; i++)
    any |= scores[i] >= threshold;
  return any != 0;
}

/* scores: f32 [n rounded up to BEST_GROUP], NaN past n */
static akin_status best_scan(best_list *b, const float *scores, const uint64_t *ids, size_t n, akin_error *err) {
  akin_status status = AKIN_OK;
  for (size_t group = 0; group < n; group += BEST_GROUP) {
    if (!best_any(scores + group, b->threshold)) continue;
    for (size_t i = group; !status && i < group + BEST_GROUP; i++) {
      if (!(scores[i] >= b->threshold) || ids[i] == 0 || (b->skip && b->skip(b->context, ids[i]))) continue;
      status = best_add(b, (akin_scored){ids[i], scores[i]}, err);
    }
  }
  return status;
}

static akin_status best_scan_run(best_list *b, const float *query, size_t dim, const float *rows, size_t stride,
                                 const uint64_t *ids, size_t n, akin_error *err) {
  float scores[BEST_PIECE];
  akin_status status = AKIN_OK;
  for (size_t at = 0, size; !status && at < n; at += size) {
    size = n - at < BEST_PIECE ? n - at : BEST_PIECE;
    akin_search_scores(scores, query, rows + at * stride, size, dim, stride);
    for (size_t i = size; i % BEST_GROUP != 0; i++)
      scores[i] = NAN;
    status = best_scan(b, scores, ids + at, size, err);
  }
  return status;
}

static int best_order(const void *left, const void *right) {
  const akin_scored *a = left, *b = right;
  if (a->score != b->score) return a->score > b->score ? -1 : 1;
  return a->id < b->id ? -1 : a->id > b->id;
}

akin_status akin_search_best(akin_scored **out, size_t *count, const akin_vectors *v, const float *query, size_t k,
                             bool (*skip)(void *context, uint64_t id), void *context, akin_error *err) {
  best_list best = {.k = k, .threshold = -INFINITY, .skip = skip, .context = context};
  const float *rows = NULL;
  const uint64_t *ids = NULL;
  size_t stride = 0, live = akin_vectors_live(v);
  akin_status status = AKIN_OK;
  *out = NULL;
  *count = 0;
  if (k == 0) return akin_fail(err, AKIN_ERROR_USAGE, "0 hits were asked for, 1 or more are possible");
  best.room = (k < live ? k : live) + BEST_GROUP;
  best.found = akin_calloc(best.room, sizeof *best.found);
  if (!best.found) return akin_fail_memory(err, best.room * sizeof *best.found);
  for (size_t i = 0, n; !status && (n = akin_vectors_run(v, i, &rows, &stride, &ids)) > 0; i++)
    status = best_scan_run(&best, query, akin_vectors_dim(v), rows, stride, ids, n, err);
  if (status) {
    akin_free(best.found);
    return status;
  }
  qsort(best.found, best.count, sizeof *best.found, best_order);
  *out = best.found;
  *count = best.count;
  return AKIN_OK;
}
