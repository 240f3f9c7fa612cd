/*
 * tiles.h - dot products of many vectors with many: out = A · Bᵀ a tile at a time, at the speed of the processor's
 * arithmetic where search.h's scores run at the speed of its memory.
 *
 * Every element is summed in the same order, wherever it stands in a tile and whichever of its vectors is a row: places
 * are taken in steps of AKIN_TILE_DEPTH; within a step one fused product is added after the other, and the sums of the
 * steps are added up. So dot(a, b) has the bits of dot(b, a), and those of any other tile; all sets of kernels agree
 * but "plain", which does not fuse. They differ from akin_search_scores, at most by akin_tile_error.
 *
 * Coarse products are for who only chooses what to look at: of places rounded to 16 bits, two at a time in the room of
 * one f32, summed as whole numbers: twice as many a second where the processor has the instruction. Same bits
 * everywhere, too.
 */
#ifndef AKIN_SEARCH_TILES_H
#define AKIN_SEARCH_TILES_H

#include <stdbool.h>
#include <stddef.h>

#define AKIN_TILE_DEPTH   256 /* places of f32 in a step; of coarse products twice as many */
#define AKIN_TILE_ROWS    12  /* a tile's rows are rounded up to these, */
#define AKIN_TILE_COLUMNS 32  /* and its columns to these */

/* n rounded up to a multiple. */
static inline size_t akin_tile_round(size_t n, size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

/* All pairs of `blocks` blocks, each once: task → blocks i <= j. Diagonal d has blocks - d tasks. */
static inline void akin_tile_pair(size_t blocks, size_t task, size_t *i, size_t *j) {
  size_t diagonal = 0;
  while (task >= blocks - diagonal)
    task -= blocks - diagonal++;
  *i = task;
  *j = task + diagonal;
}

/*
 * out[i * stride + j] = a[i] · b[j], for i < m and j < n; what rounding adds beyond -1 or 1 stays. Any thread may call
 * it.
 *   out: room for m rounded up to AKIN_TILE_ROWS rows; stride at least n rounded up to AKIN_TILE_COLUMNS: zeros are
 *     written there
 *   a, b: pointers to vectors, f32 [dim] each, no alignment is needed
 *   scratch: f32 [akin_tile_scratch(m)], aligned to 64 bytes
 */
void akin_tile_products(float *out, size_t stride, const float *const *a, size_t m, const float *const *b, size_t n,
                        size_t dim, float *scratch);
size_t akin_tile_scratch(size_t m);

/* akin_tile_products with more to be said. */
typedef struct akin_tile_job {
  float *out;
  size_t stride;
  const float *const *a, *const *b;
  size_t m, n, dim;
  float *scratch;
  bool above;  /* a is b: those products alone where j >= i; below that anything may be left in out */
  bool coarse; /* only where akin_tile_has_coarse() */
} akin_tile_job;
void akin_tile_run(const akin_tile_job *job);
bool akin_tile_has_coarse(void);

/* How much a product of two vectors of unit length can differ from akin_search_scores, rounding at its worst. */
double akin_tile_error(size_t dim);
double akin_tile_coarse_error(size_t dim);

/*
 * The first group of 16 scores from group `from` on, of `groups`, with one that is not below `threshold`, or not below
 * its own of `thresholds`; `groups` when there is none. NaN is below everything.
 */
size_t akin_tile_next(const float *scores, float threshold, const float *thresholds, size_t from, size_t groups);
#define AKIN_TILE_GROUP 16

/* ---- sets of kernels, for tests ---- */

const char *akin_tile_kernels(void);
bool akin_tile_use_kernels(const char *name); /* false when this machine has no such kernels */

/* One small tile from packed vectors: out[r * stride + c] = (add ? what is there : 0) + the sum over k < depth of
 * a[k * rows + r] * b[k * columns + c]. a and b are aligned to 64 bytes. */
typedef void akin_tile_micro(float *out, size_t stride, const float *a, const float *b, size_t depth, bool add);

/* What 1 becomes in 16 bits. Products of two vectors of unit length then fit in 32, and so do all sums on the way:
 * rounding makes a vector longer by at most sqrt(dim) / 2 of 32,767, which for 16,777,216 places, the most that there
 * are, is a 16th; so no sum is above 1.13 * 2^30. */
#define AKIN_TILE_COARSE_ONE  32767.0f
#define AKIN_TILE_COARSE_UNIT (1 / (AKIN_TILE_COARSE_ONE * AKIN_TILE_COARSE_ONE))

typedef struct akin_tile_set {
  const char *name;
  bool (*supported)(void); /* by the machine that is running */
  size_t rows, columns;    /* of the small tile; divide AKIN_TILE_ROWS and AKIN_TILE_COLUMNS */
  akin_tile_micro *micro;
  /* to[k * width + c] = from[c][k], c < width, k < depth */
  void (*pack)(float *to, const float *const *from, size_t width, size_t depth);
  size_t (*next)(const float *scores, float threshold, const float *thresholds, size_t from, size_t groups);
  /* Both NULL: no coarse products. The small tile of pairs of i16, each pair in the room of a float; the sum, times
   * AKIN_TILE_COARSE_UNIT, is stored or added by one fused step. */
  akin_tile_micro *coarse;
  /* to: i16 [depth rounded up to 2] of from · AKIN_TILE_COARSE_ONE, to the nearest, halves to even; then zeros */
  void (*round)(float *to, const float *from, size_t depth);
} akin_tile_set;

extern const akin_tile_set akin_tile_avx512vnni, akin_tile_avx512, akin_tile_avx2; /* x86-64 only */
extern const akin_tile_set akin_tile_neon;                                         /* arm64 only */

void akin_tile_pack_plain(float *to, const float *const *from, size_t width, size_t depth);
size_t akin_tile_next_plain(const float *scores, float threshold, const float *thresholds, size_t from, size_t groups);

#endif
