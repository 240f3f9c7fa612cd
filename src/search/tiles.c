/*
 * tiles.c - products of many with many: which kernels run on this machine, those in plain C, and the loops around them.
 *
 * AKIN_TILE_DEPTH places of all rows of a tile are packed side by side (they stay in the second cache), then of a few
 * columns (in the first); the small tile that the registers hold is summed from the two. On one core of Zen 5 that is
 * 225 to 250 GFLOP/s with AVX-512 and 120 to 130 with AVX2; the sgemm of OpenBLAS 0.3.21, which would be one more
 * library and whose bits depend on the place in a matrix, makes 237 to 250 and 135.
 */
#include "search/tiles.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

/* ---- plain C ---- */

#define PLAIN_ROWS    4
#define PLAIN_COLUMNS 8

static void tiles_plain_micro(float *out, size_t stride, const float *a, const float *b, size_t depth, bool add) {
  float sums[PLAIN_ROWS][PLAIN_COLUMNS] = {{0}};
  for (size_t k = 0; k < depth; k++)
    for (size_t r = 0; r < PLAIN_ROWS; r++)
      for (size_t c = 0; c < PLAIN_COLUMNS; c++)
        sums[r][c] += a[k * PLAIN_ROWS + r] * b[k * PLAIN_COLUMNS + c];
  for (size_t r = 0; r < PLAIN_ROWS; r++)
    for (size_t c = 0; c < PLAIN_COLUMNS; c++)
      out[r * stride + c] = (add ? out[r * stride + c] : 0) + sums[r][c];
}

void akin_tile_pack_plain(float *to, const float *const *from, size_t width, size_t depth) {
  for (size_t k = 0; k < depth; k++)
    for (size_t c = 0; c < width; c++)
      to[k * width + c] = from[c][k];
}

size_t akin_tile_next_plain(const float *scores, float threshold, const float *thresholds, size_t from, size_t groups) {
  for (size_t group = from; group < groups; group++) {
    const float *s = scores + group * AKIN_TILE_GROUP, *t = thresholds + group * AKIN_TILE_GROUP;
    int any = 0;
    for (size_t i = 0; i < AKIN_TILE_GROUP; i++) /* without a jump, for the compiler to compare several at once */
      any |= (s[i] >= threshold) | (s[i] >= t[i]);
    if (any) return group;
  }
  return groups;
}

static bool tiles_always(void) {
  return true;
}

static const akin_tile_set tiles_plain = {"plain",           tiles_always,         PLAIN_ROWS,          PLAIN_COLUMNS,
                                          tiles_plain_micro, akin_tile_pack_plain, akin_tile_next_plain};

/* ---- the set in use ---- */

/* The fastest first; the last runs everywhere. */
static const akin_tile_set *const tiles_known[] = {
#if defined(__x86_64__)
    &akin_tile_avx512,
    &akin_tile_avx2,
#elif defined(__aarch64__)
    &akin_tile_neon,
#endif
    &tiles_plain,
};

#define TILES_KNOWN (sizeof tiles_known / sizeof tiles_known[0])

/* Threads that come here at the same time find the same set, so it does not matter who stores it. */
static _Atomic(const akin_tile_set *) tiles_in_use;

static const akin_tile_set *tiles_choose(void) {
  const akin_tile_set *chosen = atomic_load_explicit(&tiles_in_use, memory_order_relaxed);
  for (size_t i = 0; !chosen && i < TILES_KNOWN; i++) {
    if (tiles_known[i]->supported()) {
      chosen = tiles_known[i];
      atomic_store_explicit(&tiles_in_use, chosen, memory_order_relaxed);
    }
  }
  return chosen;
}

const char *akin_tile_kernels(void) {
  return tiles_choose()->name;
}

bool akin_tile_use_kernels(const char *name) {
  for (size_t i = 0; i < TILES_KNOWN; i++) {
    if (strcmp(tiles_known[i]->name, name) == 0 && tiles_known[i]->supported()) {
      atomic_store_explicit(&tiles_in_use, tiles_known[i], memory_order_relaxed);
      return true;
    }
  }
  return false;
}

/* ---- the loops ---- */

size_t akin_tile_scratch(size_t m) {
  return (akin_tile_round(m, AKIN_TILE_ROWS) + AKIN_TILE_COLUMNS) * AKIN_TILE_DEPTH;
}

/* Packs vectors `first` … `first + width - 1` of n from place k on; those past the end count as zeros. */
static void tiles_pack(const akin_tile_set *set, float *to, const float *const *vectors, size_t first, size_t n,
                       size_t width, size_t k, size_t depth) {
  static const float zeros[AKIN_TILE_DEPTH];
  const float *from[AKIN_TILE_COLUMNS];
  for (size_t i = 0; i < width; i++)
    from[i] = first + i < n ? vectors[first + i] + k : zeros;
  set->pack(to, from, width, depth);
}

/* `depth` places of vector i of n are on their way when they are packed: packing alone would wait for memory. */
static void tiles_expect(const float *const *vectors, size_t i, size_t n, size_t k, size_t depth) {
  if (i >= n) return;
  for (size_t at = 0; at < depth; at += 16) /* a line of the cache */
    __builtin_prefetch(vectors[i] + k + at, 0, 2);
}

/* above: what is wholly below the diagonal is left out. */
static void tiles_run(float *out, size_t stride, const float *const *a, size_t m, const float *const *b, size_t n,
                      size_t dim, float *scratch, bool above) {
  const akin_tile_set *set = tiles_choose();
  float *columns = scratch, *rows = scratch + (size_t)AKIN_TILE_COLUMNS * AKIN_TILE_DEPTH;
  for (size_t k = 0, depth; k < dim; k += depth) {
    depth = dim - k < AKIN_TILE_DEPTH ? dim - k : AKIN_TILE_DEPTH;
    const size_t after = dim - k - depth < AKIN_TILE_DEPTH ? dim - k - depth : AKIN_TILE_DEPTH;
    for (size_t i = 0; i < m; i += set->rows)
      tiles_pack(set, rows + i * depth, a, i, m, set->rows, k, depth);
    for (size_t j = 0; j < akin_tile_round(n, AKIN_TILE_COLUMNS); j += set->columns) {
      tiles_pack(set, columns, b, j, n, set->columns, k, depth);
      const size_t end = above && j + set->columns < m ? j + set->columns : m;
      for (size_t i = 0, step = 0; i < end; i += set->rows, step++) {
        if (step < set->columns) {
          tiles_expect(b, j + set->columns + step, n, k, depth);
          tiles_expect(a, j + step, m, k + depth, after);
        }
        set->micro(out + i * stride + j, stride, rows + i * depth, columns, depth, k > 0);
      }
    }
  }
}

void akin_tile_products(float *out, size_t stride, const float *const *a, size_t m, const float *const *b, size_t n,
                        size_t dim, float *scratch) {
  tiles_run(out, stride, a, m, b, n, dim, scratch, false);
}

void akin_tile_products_above(float *out, size_t stride, const float *const *a, size_t n, size_t dim, float *scratch) {
  tiles_run(out, stride, a, n, a, n, dim, scratch, true);
}

/* A chain of n rounded sums is off by at most n · 2^-24 of the sum of the magnitudes, which for unit vectors is 1 at
 * most; a product that is not fused adds one rounding. Then the error of akin_search_scores (kernels.h), and something
 * for vectors whose length is not quite 1. */
double akin_tile_error(size_t dim) {
  const size_t depth = dim < AKIN_TILE_DEPTH ? dim : AKIN_TILE_DEPTH;
  const size_t sums = dim / AKIN_TILE_DEPTH + 1;
  const double roundings = (double)(depth + 1 + sums) + ((double)dim / 32 + 7);
  return 1.001 * roundings / (1 << 24);
}

size_t akin_tile_next(const float *scores, float threshold, const float *thresholds, size_t from, size_t groups) {
  return tiles_choose()->next(scores, threshold, thresholds, from, groups);
}
