/*
 * kernels_neon.c - dot products by NEON, which every arm64 has, one row after the other. The 32 lanes are eight
 * registers. vfmaq is avoided on purpose: see kernels.h.
 */
#include "search/kernels.h"

#if defined(__aarch64__)

#include <arm_neon.h>

#define KERNELS_NEON_REGISTERS (AKIN_KERNEL_LANES / 4)

static inline void kernels_neon_step(float32x4_t lanes[KERNELS_NEON_REGISTERS], const float *query, const float *row) {
#pragma GCC unroll 8 /* so that the lanes stay in registers */
  for (int r = 0; r < KERNELS_NEON_REGISTERS; r++)
    lanes[r] = vaddq_f32(lanes[r], vmulq_f32(vld1q_f32(query + 4 * r), vld1q_f32(row + 4 * r)));
}

static inline float32x4_t kernels_neon_add4(float32x4_t a, float32x4_t b, float32x4_t c, float32x4_t d) {
  return vaddq_f32(vaddq_f32(a, b), vaddq_f32(c, d));
}

static inline float kernels_neon_sum(const float32x4_t lanes[KERNELS_NEON_REGISTERS]) {
  float32x4_t four = vaddq_f32(kernels_neon_add4(lanes[0], lanes[4], lanes[2], lanes[6]),
                               kernels_neon_add4(lanes[1], lanes[5], lanes[3], lanes[7]));
  float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
  return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}

static float kernels_neon_dot(const float *query, const float *query_tail, const float *row, size_t dim,
                              const char *ahead) {
  (void)ahead;
  float32x4_t lanes[KERNELS_NEON_REGISTERS];
#pragma GCC unroll 8
  for (int r = 0; r < KERNELS_NEON_REGISTERS; r++)
    lanes[r] = vdupq_n_f32(0);
  size_t i = 0;
  for (; dim - i >= AKIN_KERNEL_LANES; i += AKIN_KERNEL_LANES)
    kernels_neon_step(lanes, query + i, row + i);
  if (i < dim) {
    float tail[AKIN_KERNEL_LANES];
    akin_kernel_tail(tail, row, dim);
    kernels_neon_step(lanes, query_tail, tail);
  }
  return kernels_neon_sum(lanes);
}

static bool kernels_neon_supported(void) {
  return true;
}

const akin_dot_kernels akin_dot_kernels_neon = {"neon", kernels_neon_supported, kernels_neon_dot};

#endif
