/* kernels_sse41.c - the resampler's inner loops with SSE4.1; kernels_avx2.c says how, this does a row at a time. */
#include "image/kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define SSE41        __attribute__((target("sse4.1")))
#define SSE41_INLINE static inline __attribute__((always_inline, target("sse4.1")))

typedef struct sse41_sums {
  __m128i low, high;
} sse41_sums;

SSE41_INLINE sse41_sums sse41_add(sse41_sums sums, __m128i words, const int16_t *half) {
  int32_t low, high;
  memcpy(&low, half, 4);
  memcpy(&high, half + 2, 4);
  sums.low = _mm_add_epi32(sums.low, _mm_madd_epi16(words, _mm_set1_epi32(low)));
  sums.high = _mm_add_epi32(sums.high, _mm_madd_epi16(words, _mm_set1_epi32(high)));
  return sums;
}

SSE41_INLINE sse41_sums sse41_start(void) {
  return (sse41_sums){_mm_set1_epi32(1 << (AKIN_TAPS_BITS - 1)), _mm_setzero_si128()};
}

SSE41_INLINE __m128i sse41_join(sse41_sums sums) {
  return _mm_srai_epi32(_mm_add_epi32(sums.low, _mm_slli_epi32(sums.high, AKIN_TAPS_HALF)), AKIN_TAPS_BITS);
}

/* i32 r g b 0 of one output pixel. */
SSE41_INLINE __m128i sse41_pixel(const uint8_t *in, const int16_t *half, uint32_t quads) {
  const __m128i pair01 = _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1);
  const __m128i pair23 = _mm_setr_epi8(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
  sse41_sums sums = sse41_start();
  for (uint32_t q = 0; q < quads; q++, in += 12, half += 8) {
    __m128i samples = _mm_loadu_si128((const __m128i *)in);
    sums = sse41_add(sums, _mm_shuffle_epi8(samples, pair01), half);
    sums = sse41_add(sums, _mm_shuffle_epi8(samples, pair23), half + 4);
  }
  return sse41_join(sums);
}

SSE41_INLINE void sse41_row(uint8_t *out, const uint8_t *in, const akin_taps *taps) {
  const __m128i squeeze = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
  const int16_t *half = taps->halves;
  uint32_t quads = taps->lanes / 4;
  for (uint32_t i = 0; i < taps->padded; i += 4, out += 12) {
    __m128i pixel[4];
    for (int k = 0; k < 4; k++, half += (size_t)quads * 8)
      pixel[k] = sse41_pixel(in + (size_t)taps->first[i + k] * 3, half, quads);
    __m128i bytes = _mm_packus_epi16(_mm_packs_epi32(pixel[0], pixel[1]), _mm_packs_epi32(pixel[2], pixel[3]));
    _mm_storeu_si128((__m128i *)out, _mm_shuffle_epi8(bytes, squeeze));
  }
}

SSE41 static void sse41_across(uint8_t *const out[2], const uint8_t *const in[2], const akin_taps *taps) {
  sse41_row(out[0], in[0], taps);
  sse41_row(out[1], in[1], taps);
}

SSE41 static void sse41_down(uint8_t *out, const uint8_t *const *rows, const akin_taps *taps, uint32_t output,
                             size_t bytes) {
  const __m128i zero = _mm_setzero_si128();
  const int16_t *halves = taps->halves + (size_t)output * taps->lanes * 2;
  uint32_t count = taps->count[output];
  for (size_t at = 0; at < bytes; at += sizeof zero) {
    sse41_sums sums[4] = {sse41_start(), sse41_start(), sse41_start(), sse41_start()};
    for (uint32_t k = 0; k < count; k += 2) {
      const int16_t *half = halves + (size_t)k * 2;
      __m128i upper = _mm_loadu_si128((const __m128i *)(rows[k] + at));
      __m128i lower = _mm_loadu_si128((const __m128i *)(rows[k + 1] + at));
      __m128i left = _mm_unpacklo_epi8(upper, lower), right = _mm_unpackhi_epi8(upper, lower);
      sums[0] = sse41_add(sums[0], _mm_unpacklo_epi8(left, zero), half);
      sums[1] = sse41_add(sums[1], _mm_unpackhi_epi8(left, zero), half);
      sums[2] = sse41_add(sums[2], _mm_unpacklo_epi8(right, zero), half);
      sums[3] = sse41_add(sums[3], _mm_unpackhi_epi8(right, zero), half);
    }
    __m128i words0 = _mm_packs_epi32(sse41_join(sums[0]), sse41_join(sums[1]));
    __m128i words1 = _mm_packs_epi32(sse41_join(sums[2]), sse41_join(sums[3]));
    _mm_storeu_si128((__m128i *)(out + at), _mm_packus_epi16(words0, words1));
  }
}

static bool sse41_available(void) {
  return __builtin_cpu_supports("sse4.1");
}

const akin_kernels akin_kernels_sse41 = {"sse4.1", sse41_available, sse41_across, sse41_down};

#else
typedef int akin_kernels_sse41_none; /* ISO C wants a declaration */
#endif
