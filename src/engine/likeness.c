/*
 * likeness.c - see likeness.h. A bisection is a spherical 2-means: it starts from two vectors that are far apart, then
 * each vector goes to the centre it is nearer to, and the centres follow. One that leaves nearly all on one side is
 * replaced by halves, so that the depth stays logarithmic.
 */
#include "engine/likeness.h"

#include "base/error.h"
#include "base/memory.h"
#include "search/search.h"

#include <stdlib.h>
#include <string.h>

#define LIKENESS_ROUNDS 6  /* of 2-means; more change the picture little */
#define LIKENESS_LEAST  16 /* the smaller side has at least one in so many */

/* A vector on its way to a side. */
typedef struct likeness_item {
  uint32_t number;
  float lean; /* how much nearer it is to the first centre */
} likeness_item;

typedef struct likeness {
  const float *const *features;
  size_t dim;
  likeness_item *items; /* [n] */
} likeness;

static float likeness_score(const likeness *l, const float *a, const float *b) {
  float score = 0;
  akin_search_scores(&score, a, b, 1, l->dim, l->dim);
  return score;
}

/* centre: the mean direction of items [first, end); stays as it is when there is none. */
static void likeness_centre(const likeness *l, float *centre, float *sum, size_t first, size_t end) {
  memset(sum, 0, l->dim * sizeof *sum);
  for (size_t i = first; i < end; i++) {
    const float *feature = l->features[l->items[i].number];
    for (size_t j = 0; j < l->dim; j++)
      sum[j] += feature[j];
  }
  if (akin_search_normalise(sum, l->dim, NULL) == AKIN_OK) memcpy(centre, sum, l->dim * sizeof *sum);
}

/* The vector of items [first, end) that is least like another. */
static const float *likeness_farthest(const likeness *l, const float *from, size_t first, size_t end) {
  const float *farthest = l->features[l->items[first].number];
  float lowest = 2;
  for (size_t i = first; i < end; i++) {
    const float *feature = l->features[l->items[i].number], score = likeness_score(l, from, feature);
    if (!(score < lowest)) continue;
    lowest = score;
    farthest = feature;
  }
  return farthest;
}

static int likeness_order(const void *left, const void *right) {
  const likeness_item *a = left, *b = right;
  if (a->lean != b->lean) return a->lean > b->lean ? -1 : 1;
  return a->number < b->number ? -1 : a->number > b->number;
}

/* Sorts items [first, end) by how they lean; returns where the second side begins. */
static size_t likeness_part(const likeness *l, const float *a, const float *b, size_t first, size_t end) {
  const size_t n = end - first, least = n / LIKENESS_LEAST + 1;
  size_t middle = first;
  for (size_t i = first; i < end; i++) {
    const float *feature = l->features[l->items[i].number];
    l->items[i].lean = likeness_score(l, a, feature) - likeness_score(l, b, feature);
  }
  qsort(l->items + first, n, sizeof *l->items, likeness_order);
  while (middle < end && l->items[middle].lean > 0)
    middle++;
  return middle - first < least || end - middle < least ? first + n / 2 : middle;
}

/* Bisects; a and b become the centres. */
static size_t likeness_bisect(const likeness *l, float *a, float *b, float *sum, size_t first, size_t end) {
  size_t middle = first;
  likeness_centre(l, a, sum, first, end);
  memcpy(a, likeness_farthest(l, a, first, end), l->dim * sizeof *a);
  memcpy(b, likeness_farthest(l, a, first, end), l->dim * sizeof *b);
  for (int round = 0; round < LIKENESS_ROUNDS; round++) {
    const size_t before = middle;
    middle = likeness_part(l, a, b, first, end);
    likeness_centre(l, a, sum, first, middle);
    likeness_centre(l, b, sum, middle, end);
    if (middle == before) break;
  }
  return middle;
}

static void likeness_swap_sides(const likeness *l, likeness_item *spare, size_t first, size_t middle, size_t end) {
  const size_t n = end - first, front = middle - first;
  memcpy(spare, l->items + first, n * sizeof *spare);
  memcpy(l->items + first, spare + front, (n - front) * sizeof *spare);
  memcpy(l->items + first + (n - front), spare, front * sizeof *spare);
}

/* left, right: the centres of what is before and behind; NULL: nothing is. spare: [n] */
static akin_status likeness_sort(const likeness *l, likeness_item *spare, const float *left, const float *right,
                                 size_t first, size_t end, akin_error *err) {
  if (end - first < 2) return AKIN_OK;
  float *vectors = akin_calloc(3 * l->dim, sizeof *vectors);
  if (!vectors) return akin_fail_memory(err, 3 * l->dim * sizeof *vectors);
  float *a = vectors, *b = vectors + l->dim;
  size_t middle = likeness_bisect(l, a, b, vectors + 2 * l->dim, first, end);
  const float kept = (left ? likeness_score(l, a, left) : 0) + (right ? likeness_score(l, b, right) : 0);
  const float swapped = (left ? likeness_score(l, b, left) : 0) + (right ? likeness_score(l, a, right) : 0);
  if (swapped > kept) {
    likeness_swap_sides(l, spare, first, middle, end);
    middle = first + (end - middle);
    a = vectors + l->dim;
    b = vectors;
  }
  akin_status status = likeness_sort(l, spare, left, b, first, middle, err);
  if (!status) status = likeness_sort(l, spare, a, right, middle, end, err);
  akin_free(vectors);
  return status;
}

akin_status akin_order_by_likeness(uint32_t *order, const float *const *features, size_t n, size_t dim,
                                   akin_error *err) {
  likeness_item *items = akin_calloc(n, sizeof *items), *spare = akin_calloc(n, sizeof *spare);
  const likeness l = {features, dim, items};
  akin_status status = items && spare ? AKIN_OK : akin_fail_memory(err, n * sizeof *items);
  for (uint32_t i = 0; !status && i < n; i++)
    items[i].number = i;
  if (!status) status = likeness_sort(&l, spare, NULL, NULL, 0, n, err);
  for (size_t i = 0; !status && i < n; i++)
    order[i] = items[i].number;
  akin_free(spare);
  akin_free(items);
  return status;
}
