/*
 * metrics.c - see metrics.h. All metrics follow from the ranks of the relevant images, so nothing has to be sorted but
 * those: each other candidate pushes back the relevant ones that it comes before, by one.
 */
#include "engine/metrics.h"

#include <stdlib.h>
#include <string.h>

bool akin_candidate_before(const akin_candidate *a, const akin_candidate *b) {
  return a->score != b->score ? a->score > b->score : a->index < b->index;
}

static int metrics_order(const void *x, const void *y) {
  const akin_candidate *a = x, *b = y;
  return akin_candidate_before(a, b) ? -1 : akin_candidate_before(b, a);
}

void akin_candidates_sort(akin_candidate *candidates, size_t n) {
  if (n > 0) qsort(candidates, n, sizeof *candidates, metrics_order);
}

/* The first of the relevant ones that c comes before; n when there is none. */
static size_t metrics_place(const akin_candidate *c, const akin_candidate *relevant, size_t n) {
  size_t low = 0, high = n;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (akin_candidate_before(c, &relevant[middle]))
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

void akin_ranks_find(size_t *ranks, const akin_candidate *relevant, size_t n, const akin_candidate *others, size_t m) {
  memset(ranks, 0, n * sizeof *ranks);
  for (size_t i = 0; i < m; i++) {
    const size_t place = metrics_place(&others[i], relevant, n);
    if (place < n) ranks[place]++;
  }
  size_t pushed = 0;
  for (size_t i = 0; i < n; i++) {
    pushed += ranks[i];
    ranks[i] = pushed + i + 1;
  }
}

/* The sum of precisions at the relevant ranks up to `last`; *hits: how many those are. */
static double metrics_precisions(const size_t *ranks, size_t n, size_t last, size_t *hits) {
  double sum = 0;
  *hits = 0;
  while (*hits < n && ranks[*hits] <= last) {
    sum += (double)(*hits + 1) / (double)ranks[*hits];
    (*hits)++;
  }
  return sum;
}

void akin_metrics_of_ranks(double out[AKIN_METRICS], const size_t *ranks, size_t n, size_t k) {
  size_t hits = 0, ignored = 0;
  out[AKIN_METRIC_MAP_K] = metrics_precisions(ranks, n, k, &hits) / (double)(k < n ? k : n);
  out[AKIN_METRIC_PRECISION] = (double)hits / (double)k;
  out[AKIN_METRIC_RECALL] = (double)hits / (double)n;
  out[AKIN_METRIC_MAP_R] = metrics_precisions(ranks, n, n, &ignored) / (double)n;
  out[AKIN_METRIC_MAP] = metrics_precisions(ranks, n, SIZE_MAX, &ignored) / (double)n;
}
