/*
 * tiles.c - products of many with many: which kernels run on this machine, those in plain C, and the loops around them.
 *
 * AKIN_TILE_DEPTH places of all rows of a tile are packed side by side (they stay in the second cache), then of a few
 * columns (in the first); the small tile that the registers hold is summed from the two. On one core of Zen 5 that is
 * 225 to 250 GFLOP/s with AVX-512 and 120 to 130 with AVX2; the sgemm of OpenBLAS 0.3.21, which would be one more
 * library and whose bits depend on the place in a matrix, makes 237 to 250 and 135. The small tile alone makes 275 and
 * 140, and of coarse products 550 and 240: then packing, and so memory, takes its share.
 */
#include "search/tiles.h"

#include <math.h>
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

static const akin_tile_set tiles_plain = {
    "plain", tiles_always, PLAIN_ROWS, PLAIN_COLUMNS, tiles_plain_micro, akin_tile_pack_plain, akin_tile_next_plain,
    NULL,    NULL};

/* ---- the set in use ---- */

/* The fastest first; the last runs everywhere. */
static const akin_tile_set *const tiles_known[] = {
#if defined(__x86_64__)
    &akin_tile_avx512vnni,
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
  if (chosen) return chosen;
  size_t i = 0;
  while (i + 1 < TILES_KNOWN && !tiles_known[i]->supported())
    i++;
  atomic_store_explicit(&tiles_in_use, tiles_known[i], memory_order_relaxed);
  return tiles_known[i];
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

/* A job on its way. Depths are places; of coarse products, two places are packed as one. */
typedef struct tiles_run {
  akin_tile_job job;
  const akin_tile_set *set;
  float *columns, *rows; /* packed; in the scratch */
} tiles_run;

static size_t tiles_packed(const tiles_run *run, size_t depth) {
  return run->job.coarse ? (depth + 1) / 2 : depth;
}

static size_t tiles_depth(const tiles_run *run, size_t k) {
  const size_t step = run->job.coarse ? 2 * (size_t)AKIN_TILE_DEPTH : AKIN_TILE_DEPTH;
  return run->job.dim - k < step ? run->job.dim - k : step;
}

/* Packs vectors `first` … `first + width - 1` of n from place k on; those past the end count as zeros. */
static void tiles_pack(const tiles_run *run, float *to, const float *const *vectors, size_t first, size_t n,
                       size_t width, size_t k, size_t depth) {
  static const float zeros[AKIN_TILE_DEPTH];
  float rounded[AKIN_TILE_COLUMNS][AKIN_TILE_DEPTH];
  const float *from[AKIN_TILE_COLUMNS];
  for (size_t i = 0; i < width; i++) {
    from[i] = first + i < n ? vectors[first + i] + k : zeros;
    if (!run->job.coarse || first + i >= n) continue;
    run->set->round(rounded[i], from[i], depth);
    from[i] = rounded[i];
  }
  run->set->pack(to, from, width, tiles_packed(run, depth));
}

/* `depth` places of vector i of n are on their way when they are packed: packing alone would wait for memory. */
static void tiles_expect(const float *const *vectors, size_t i, size_t n, size_t k, size_t depth) {
  if (i >= n) return;
  for (size_t at = 0; at < depth; at += 16) /* a line of the cache */
    __builtin_prefetch(vectors[i] + k + at, 0, 2);
}

/* Columns j … of b against all of a, places k … k + depth - 1; what comes next is fetched meanwhile. */
static void tiles_columns(const tiles_run *run, size_t j, size_t k, size_t depth) {
  const akin_tile_set *set = run->set;
  const akin_tile_job *job = &run->job;
  akin_tile_micro *micro = job->coarse ? set->coarse : set->micro;
  const size_t packed = tiles_packed(run, depth), next = k + depth, after = tiles_depth(run, next);
  const size_t end = job->above && j + set->columns < job->m ? j + set->columns : job->m;
  tiles_pack(run, run->columns, job->b, j, job->n, set->columns, k, depth);
  for (size_t i = 0, step = 0; i < end; i += set->rows, step++) {
    if (step < set->columns) {
      tiles_expect(job->b, j + set->columns + step, job->n, k, depth);
      tiles_expect(job->a, j + step, job->m, next, after);
    }
    micro(job->out + i * job->stride + j, job->stride, run->rows + i * packed, run->columns, packed, k > 0);
  }
}

void akin_tile_run(const akin_tile_job *job) {
  const tiles_run run = {*job, tiles_choose(), job->scratch, job->scratch + AKIN_TILE_COLUMNS * AKIN_TILE_DEPTH};
  const akin_tile_set *set = run.set;
  for (size_t k = 0, depth; k < job->dim; k += depth) {
    depth = tiles_depth(&run, k);
    for (size_t i = 0; i < job->m; i += set->rows)
      tiles_pack(&run, run.rows + i * tiles_packed(&run, depth), job->a, i, job->m, set->rows, k, depth);
    for (size_t j = 0; j < akin_tile_round(job->n, AKIN_TILE_COLUMNS); j += set->columns)
      tiles_columns(&run, j, k, depth);
  }
}

void akin_tile_products(float *out, size_t stride, const float *const *a, size_t m, const float *const *b, size_t n,
                        size_t dim, float *scratch) {
  akin_tile_run(&(akin_tile_job){out, stride, a, b, m, n, dim, scratch, false, false});
}

bool akin_tile_has_coarse(void) {
  return tiles_choose()->coarse != NULL;
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

/* A vector rounded to coarse places is off by d, at most half a unit a place (the product that is rounded has an error,
 * too: 2^-24 of it), so by Cauchy and Schwarz its product with another one by |d| times that one's length, and the
 * other's rounding adds |d| (1 + |d|). What is summed is exact; a step's sum becomes f32, and is added: two roundings.
 */
double akin_tile_coarse_error(size_t dim) {
  const double d = (0.5 * sqrt((double)dim) + 0.01) / (double)AKIN_TILE_COARSE_ONE;
  const size_t steps = dim / (2 * (size_t)AKIN_TILE_DEPTH) + 1;
  const double roundings = (double)(2 * steps + 2) * 1.1 + ((double)dim / 32 + 7);
  return 1.001 * (d * (2 + d) + roundings / (1 << 24));
}

size_t akin_tile_next(const float *scores, float threshold, const float *thresholds, size_t from, size_t groups) {
  return tiles_choose()->next(scores, threshold, thresholds, from, groups);
}
