/* background.c - see background.h. */
#include "engine/background.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "search/search.h"

#include <stdbool.h>
#include <stdlib.h>

#define BACKGROUND_SEED UINT64_C(0x616b696e)

static int background_order(const void *x, const void *y) {
  const float a = *(const float *)x, b = *(const float *)y;
  return a < b ? -1 : a > b;
}

static float background_score(const float *rows, size_t i, size_t j, uint32_t dim) {
  float score = 0;
  akin_search_scores(&score, rows + i * dim, rows + j * dim, 1, dim, dim);
  return score;
}

static void background_all(akin_background *b, const float *rows, size_t n, uint32_t dim) {
  for (size_t i = 0; i < n; i++)
    for (size_t j = i + 1; j < n; j++)
      b->scores[b->count++] = background_score(rows, i, j, dim);
}

static void background_drawn(akin_background *b, const float *rows, size_t n, uint32_t dim) {
  akin_random random = {BACKGROUND_SEED};
  while (b->count < AKIN_BACKGROUND_PAIRS) {
    const size_t i = akin_random_below(&random, n), j = akin_random_below(&random, n);
    if (i != j) b->scores[b->count++] = background_score(rows, i, j, dim);
  }
}

akin_status akin_background_measure(akin_background *out, const float *rows, size_t n, uint32_t dim, akin_error *err) {
  *out = (akin_background){0};
  if (n < 2) return AKIN_OK;
  const bool all = n <= AKIN_BACKGROUND_PAIRS && n * (n - 1) / 2 <= AKIN_BACKGROUND_PAIRS;
  const size_t room = all ? n * (n - 1) / 2 : AKIN_BACKGROUND_PAIRS;
  out->scores = akin_alloc(room * sizeof *out->scores);
  if (!out->scores) return akin_fail_memory(err, room * sizeof *out->scores);
  if (all)
    background_all(out, rows, n, dim);
  else
    background_drawn(out, rows, n, dim);
  qsort(out->scores, out->count, sizeof *out->scores, background_order);
  return AKIN_OK;
}

/* How many of the scores are below one, or, with `equal`, not above it. */
static size_t background_below(const akin_background *b, float score, bool equal) {
  size_t low = 0, high = b->count;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (b->scores[middle] < score || (equal && !(b->scores[middle] > score)))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

double akin_background_percentile(const akin_background *b, float score) {
  if (b->count == 0) return -1;
  const double below = (double)background_below(b, score, false), up_to = (double)background_below(b, score, true);
  return 100 * (below + up_to) / 2 / (double)b->count;
}

void akin_background_free(akin_background *b) {
  akin_free(b->scores);
  *b = (akin_background){0};
}
