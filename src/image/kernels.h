/*
 * kernels.h - the two inner loops of the resampler, once for each instruction set. All sets give the same bytes: sums
 * of products of 8-bit pixels and fixed-point weights, exact in 32 bits modulo 2^32, rounded once a pass.
 */
#ifndef AKIN_IMAGE_KERNELS_H
#define AKIN_IMAGE_KERNELS_H

#include "image/taps.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AKIN_KERNELS_BLOCK 32 /* `down` works on whole blocks of so many bytes */

typedef struct akin_kernels {
  const char *name;
  bool (*available)(void);

  /*
   * Two rows from left to right.
   *   out: each u8 [taps->padded, 3], and 4 bytes more that may be overwritten
   *   in:  each from the span's low, readable for akin_kernels_reach(taps) bytes
   */
  void (*across)(uint8_t *const out[2], const uint8_t *const in[2], const akin_taps *taps);

  /*
   * One row of output `output` from rows above each other.
   *   out:  u8 [bytes]; bytes: a multiple of AKIN_KERNELS_BLOCK
   *   rows: [count rounded up to even] each u8 [bytes]
   */
  void (*down)(uint8_t *out, const uint8_t *const *rows, const akin_taps *taps, uint32_t output, size_t bytes);
} akin_kernels;

extern const akin_kernels akin_kernels_plain;
#if defined(__x86_64__)
extern const akin_kernels akin_kernels_sse41;
extern const akin_kernels akin_kernels_avx2;
#elif defined(__aarch64__)
extern const akin_kernels akin_kernels_neon;
#endif

/* Those in use: the best of this machine, or what akin_image_use_kernels chose. */
const akin_kernels *akin_kernels_current(void);

/* Bytes of a row, from the span's low, that `across` may read. */
size_t akin_kernels_reach(const akin_taps *taps);

#endif
