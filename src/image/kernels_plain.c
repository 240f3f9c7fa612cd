/* kernels_plain.c - the resampler's inner loops in plain C: for machines without the others, and what those must equal.
 */
#include "image/kernels.h"

/* sum: of pixel * weight, modulo 2^32; the true value is within int32. */
static uint8_t plain_round(uint32_t sum) {
  int32_t value = (int32_t)(sum + (1u << (AKIN_TAPS_BITS - 1)));
  if (value < 0) return 0;
  value >>= AKIN_TAPS_BITS;
  return value > 255 ? 255 : (uint8_t)value;
}

static void plain_row(uint8_t *out, const uint8_t *in, const akin_taps *taps) {
  for (uint32_t i = 0; i < taps->outputs; i++, out += 3) {
    const int32_t *weight = taps->weights + (size_t)i * taps->lanes;
    const uint8_t *pixel = in + (size_t)taps->first[i] * 3;
    uint32_t red = 0, green = 0, blue = 0;
    for (uint32_t k = 0; k < taps->count[i]; k++, pixel += 3) {
      uint32_t w = (uint32_t)weight[k];
      red += pixel[0] * w;
      green += pixel[1] * w;
      blue += pixel[2] * w;
    }
    out[0] = plain_round(red);
    out[1] = plain_round(green);
    out[2] = plain_round(blue);
  }
}

static void plain_across(uint8_t *const out[2], const uint8_t *const in[2], const akin_taps *taps) {
  plain_row(out[0], in[0], taps);
  plain_row(out[1], in[1], taps);
}

static void plain_down(uint8_t *out, const uint8_t *const *rows, const akin_taps *taps, uint32_t output, size_t bytes) {
  const int32_t *weight = taps->weights + (size_t)output * taps->lanes;
  for (size_t at = 0; at < bytes; at += AKIN_KERNELS_BLOCK) {
    uint32_t sums[AKIN_KERNELS_BLOCK] = {0};
    for (uint32_t k = 0; k < taps->count[output]; k++)
      for (size_t i = 0; i < AKIN_KERNELS_BLOCK; i++)
        sums[i] += rows[k][at + i] * (uint32_t)weight[k];
    for (size_t i = 0; i < AKIN_KERNELS_BLOCK; i++)
      out[at + i] = plain_round(sums[i]);
  }
}

static bool plain_available(void) {
  return true;
}

const akin_kernels akin_kernels_plain = {"plain", plain_available, plain_across, plain_down};
