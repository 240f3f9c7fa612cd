/*
 * compact.h - features in the form that the graph of approximate search keeps: as they are, or in a half or a quarter
 * of the bytes. Distances between such are only to find candidates; scores are computed from the features themselves.
 *
 *   kind  bytes of a vector                     what
 *   f32   4 · dim, rounded up to 128            the feature, then zeros
 *   f16   2 · dim, rounded up to 32             rounded to half precision (IEEE 754), then zeros
 *   i8    dim, rounded up to 32, and 4          rounded to 127ths of its largest value, then zeros; then f32: what
 *                                               makes it unit length again
 */
#ifndef AKIN_SEARCH_COMPACT_H
#define AKIN_SEARCH_COMPACT_H

#include "search/hnsw.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum akin_compact { AKIN_COMPACT_I8, AKIN_COMPACT_F16, AKIN_COMPACT_F32, AKIN_COMPACT_COUNT } akin_compact;

const char *akin_compact_name(akin_compact kind); /* "i8" … */

/* Bytes of a vector; dim: 1 to 16,777,216. */
size_t akin_compact_size(akin_compact kind, size_t dim);

/* feature: f32 [dim] of unit length; out: akin_compact_size bytes, aligned for f32 */
void akin_compact_pack(akin_compact kind, void *out, const float *feature, size_t dim);

/* 1 minus the cosine similarity, by the fastest kernel that this machine has. */
akin_hnsw_distance *akin_compact_distance(akin_compact kind);

/* ---- for compact*.c and tests ---- */

/* The sum of the products of `n` elements, a multiple of 32; no alignment is needed. */
typedef struct akin_compact_kernels {
  int32_t (*dot_i8)(const int8_t *a, const int8_t *b, size_t n);
  float (*dot_f16)(const uint16_t *a, const uint16_t *b, size_t n);
} akin_compact_kernels;

extern const akin_compact_kernels akin_compact_plain;
extern const akin_compact_kernels akin_compact_avx2; /* x86-64 only; needs avx2, f16c and fma */
bool akin_compact_avx2_supported(void);

uint16_t akin_compact_half(float value);     /* rounded to even; |value| below 65,520 */
float akin_compact_from_half(uint16_t half); /* of a finite one */

#endif
