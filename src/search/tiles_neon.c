/* tiles_neon.c - tiles on arm64: 12 × 8 in 24 of the 32 registers. */
#include "search/tiles.h"

#if defined(__aarch64__)

#include <arm_neon.h>

#define TILES_NEON_ROWS 12

static void tiles_neon_micro(float *out, size_t stride, const float *a, const float *b, size_t depth, bool add) {
  float32x4_t sums[TILES_NEON_ROWS][2];
  for (size_t r = 0; r < TILES_NEON_ROWS; r++)
    sums[r][0] = sums[r][1] = vdupq_n_f32(0);
  for (size_t k = 0; k < depth; k++) {
    const float32x4_t left = vld1q_f32(b + 8 * k), right = vld1q_f32(b + 8 * k + 4);
    _Pragma("GCC unroll 16") for (size_t r = 0; r < TILES_NEON_ROWS; r++) {
      const float row = a[TILES_NEON_ROWS * k + r];
      sums[r][0] = vfmaq_n_f32(sums[r][0], left, row);
      sums[r][1] = vfmaq_n_f32(sums[r][1], right, row);
    }
  }
  for (size_t r = 0; r < TILES_NEON_ROWS; r++) {
    float *to = out + r * stride;
    vst1q_f32(to, add ? vaddq_f32(vld1q_f32(to), sums[r][0]) : sums[r][0]);
    vst1q_f32(to + 4, add ? vaddq_f32(vld1q_f32(to + 4), sums[r][1]) : sums[r][1]);
  }
}

static bool tiles_neon_supported(void) {
  return true;
}

const akin_tile_set akin_tile_neon = {"neon",
                                      tiles_neon_supported,
                                      TILES_NEON_ROWS,
                                      8,
                                      tiles_neon_micro,
                                      akin_tile_pack_plain,
                                      akin_tile_next_plain,
                                      NULL,
                                      NULL};

#endif
