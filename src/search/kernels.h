/*
 * kernels.h - dot products of one vector with many, one table entry an instruction set. Only kernels*.c and their tests
 * include this.
 *
 * Every set adds in the same order, so the same two vectors give the same bits on every machine, wherever the row
 * stands, and dot(a, b) is dot(b, a):
 *   - 32 lanes start at 0; lane j takes the rounded products of elements j, j + 32, j + 64 … one after the other, never
 *     fused (a fused product has other bits, and not every machine has it; memory is the bottleneck, not arithmetic);
 *   - a vector whose size is no multiple of 32 counts as filled up with zeros, which changes no lane;
 *   - lane j and lane j + 16 are added, then j and j + 8, j + 4, j + 2, j + 1.
 * The error is at most (dim / 32 + 7) · 2^-24 · sum |a[i] b[i]|.
 */
#ifndef AKIN_SEARCH_KERNELS_H
#define AKIN_SEARCH_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define AKIN_KERNEL_LANES 32

/* query · row; query_tail: akin_kernel_tail of the query, f32 [AKIN_KERNEL_LANES]. No alignment is assumed.
 * ahead: as many bytes from there on are fetched meanwhile as the row has; only a hint, may point anywhere. */
typedef float akin_kernel_dot(const float *query, const float *query_tail, const float *row, size_t dim,
                              const char *ahead);

typedef struct akin_dot_kernels {
  const char *name;
  bool (*supported)(void); /* by the machine that is running */
  akin_kernel_dot *dot;
} akin_dot_kernels;

extern const akin_dot_kernels akin_dot_kernels_avx512, akin_dot_kernels_avx2; /* x86-64 only */
extern const akin_dot_kernels akin_dot_kernels_neon;                          /* arm64 only */

/* out[i] = query · rows[i] as akin_search_scores describes, but not clamped: for any vectors. */
void akin_search_dots(float *out, const float *query, const float *rows, size_t n, size_t dim, size_t stride);

/* The last dim % 32 elements of v, filled up with zeros. */
static inline void akin_kernel_tail(float tail[AKIN_KERNEL_LANES], const float *v, size_t dim) {
  size_t whole = dim - dim % AKIN_KERNEL_LANES;
  memset(tail, 0, AKIN_KERNEL_LANES * sizeof *tail);
  memcpy(tail, v + whole, (dim - whole) * sizeof *tail);
}

#endif
