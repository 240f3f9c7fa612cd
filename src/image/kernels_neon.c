/* kernels_neon.c - the resampler's inner loops with NEON, which multiplies 32-bit weights as they are. */
#include "image/kernels.h"

#if defined(__aarch64__)

#include <arm_neon.h>

static int32x4_t neon_start(void) {
  return vdupq_n_s32(1 << (AKIN_TAPS_BITS - 1));
}

/* Four sums to words, between 0 and 65,535. */
static uint16x4_t neon_join(int32x4_t sums) {
  return vqmovun_s32(vshrq_n_s32(sums, AKIN_TAPS_BITS));
}

/* The first 4 of 8 bytes as words. */
static int32x4_t neon_widen(const uint8_t *in) {
  return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(vmovl_u8(vld1_u8(in)))));
}

static void neon_row(uint8_t *out, const uint8_t *in, const akin_taps *taps) {
  for (uint32_t i = 0; i < taps->outputs; i++, out += 3) {
    const int32_t *weight = taps->weights + (size_t)i * taps->lanes;
    const uint8_t *pixel = in + (size_t)taps->first[i] * 3;
    int32x4_t sums = neon_start(); /* r g b and a neighbour's r, which is dropped */
    for (uint32_t k = 0; k < taps->count[i]; k++, pixel += 3)
      sums = vmlaq_n_s32(sums, neon_widen(pixel), weight[k]);
    uint16x4_t words = neon_join(sums);
    uint8x8_t bytes = vqmovn_u16(vcombine_u16(words, words));
    vst1_lane_u8(out, bytes, 0);
    vst1_lane_u8(out + 1, bytes, 1);
    vst1_lane_u8(out + 2, bytes, 2);
  }
}

static void neon_across(uint8_t *const out[2], const uint8_t *const in[2], const akin_taps *taps) {
  neon_row(out[0], in[0], taps);
  neon_row(out[1], in[1], taps);
}

static void neon_down(uint8_t *out, const uint8_t *const *rows, const akin_taps *taps, uint32_t output, size_t bytes) {
  const int32_t *weight = taps->weights + (size_t)output * taps->lanes;
  for (size_t at = 0; at < bytes; at += 16) {
    int32x4_t sums[4] = {neon_start(), neon_start(), neon_start(), neon_start()};
    for (uint32_t k = 0; k < taps->count[output]; k++) {
      uint8x16_t samples = vld1q_u8(rows[k] + at);
      uint16x8_t left = vmovl_u8(vget_low_u8(samples)), right = vmovl_u8(vget_high_u8(samples));
      sums[0] = vmlaq_n_s32(sums[0], vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(left))), weight[k]);
      sums[1] = vmlaq_n_s32(sums[1], vreinterpretq_s32_u32(vmovl_u16(vget_high_u16(left))), weight[k]);
      sums[2] = vmlaq_n_s32(sums[2], vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(right))), weight[k]);
      sums[3] = vmlaq_n_s32(sums[3], vreinterpretq_s32_u32(vmovl_u16(vget_high_u16(right))), weight[k]);
    }
    uint16x8_t words0 = vcombine_u16(neon_join(sums[0]), neon_join(sums[1]));
    uint16x8_t words1 = vcombine_u16(neon_join(sums[2]), neon_join(sums[3]));
    vst1q_u8(out + at, vcombine_u8(vqmovn_u16(words0), vqmovn_u16(words1)));
  }
}

static bool neon_available(void) {
  return true; /* part of every 64-bit ARM */
}

const akin_kernels akin_kernels_neon = {"neon", neon_available, neon_across, neon_down};

#else
typedef int akin_kernels_neon_none; /* ISO C wants a declaration */
#endif
