/*
 * kernels_avx2.c - the resampler's inner loops with AVX2, two rows at a time (one in each half of a register).
 *
 * A weight has 22 binary places, too many for the 16-bit multiply-add; so it is split into high * 2^11 + low, both are
 * summed, and joined before rounding. That costs two multiply-adds for two pixels and keeps the result exact.
 */
#include "image/kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define AVX2        __attribute__((target("avx2")))
#define AVX2_INLINE static inline __attribute__((always_inline, target("avx2")))

/* Sums of one register of 8 × i32, in their two halves. */
typedef struct avx2_sums {
  __m256i low, high;
} avx2_sums;

/* words: 16 × i16, pairs of pixels' samples; half: low, low, high, high of their two weights. */
AVX2_INLINE avx2_sums avx2_add(avx2_sums sums, __m256i words, const int16_t *half) {
  int32_t low, high;
  memcpy(&low, half, 4);
  memcpy(&high, half + 2, 4);
  sums.low = _mm256_add_epi32(sums.low, _mm256_madd_epi16(words, _mm256_set1_epi32(low)));
  sums.high = _mm256_add_epi32(sums.high, _mm256_madd_epi16(words, _mm256_set1_epi32(high)));
  return sums;
}

AVX2_INLINE avx2_sums avx2_start(void) {
  return (avx2_sums){_mm256_set1_epi32(1 << (AKIN_TAPS_BITS - 1)), _mm256_setzero_si256()};
}

AVX2_INLINE __m256i avx2_join(avx2_sums sums) {
  return _mm256_srai_epi32(_mm256_add_epi32(sums.low, _mm256_slli_epi32(sums.high, AKIN_TAPS_HALF)), AKIN_TAPS_BITS);
}

/* Samples of four pixels, r g b r g b …, to pairs of words: r0 r1 g0 g1 b0 b1 0 0, and the same of pixels 2 and 3. */
#define AVX2_PAIR(a)                                                                                                   \
  _mm256_setr_epi8((a), -1, (a) + 3, -1, (a) + 1, -1, (a) + 4, -1, (a) + 2, -1, (a) + 5, -1, -1, -1, -1, -1, (a), -1,  \
                   (a) + 3, -1, (a) + 1, -1, (a) + 4, -1, (a) + 2, -1, (a) + 5, -1, -1, -1, -1, -1)

/* One output pixel of both rows: i32 r g b 0 | r g b 0. quads: lanes / 4. */
AVX2_INLINE __m256i avx2_pixel(const uint8_t *above, const uint8_t *below, const int16_t *half, uint32_t quads) {
  avx2_sums sums = avx2_start();
  for (uint32_t q = 0; q < quads; q++, above += 12, below += 12, half += 8) {
    __m256i samples = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)above)),
                                              _mm_loadu_si128((const __m128i *)below), 1);
    sums = avx2_add(sums, _mm256_shuffle_epi8(samples, AVX2_PAIR(0)), half);
    sums = avx2_add(sums, _mm256_shuffle_epi8(samples, AVX2_PAIR(6)), half + 4);
  }
  return avx2_join(sums);
}

AVX2_INLINE void avx2_rows(uint8_t *const out[2], const uint8_t *const in[2], const akin_taps *taps, uint32_t quads) {
  const __m256i squeeze = _mm256_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1, 0, 1, 2, 4, 5, 6, 8,
                                           9, 10, 12, 13, 14, -1, -1, -1, -1);
  const uint8_t *above = in[0], *below = in[1];
  uint8_t *out_above = out[0], *out_below = out[1];
  const uint32_t *first = taps->first, *last = first + taps->padded;
  const int16_t *half = taps->halves;
  const size_t step = (size_t)quads * 8;
  /* Four outputs are written out one by one: in a loop they would pass through memory. */
  for (; first < last; first += 4, half += 4 * step, out_above += 12, out_below += 12) {
    size_t at0 = first[0] * (size_t)3, at1 = first[1] * (size_t)3, at2 = first[2] * (size_t)3;
    size_t at3 = first[3] * (size_t)3;
    __m256i pixel0 = avx2_pixel(above + at0, below + at0, half, quads);
    __m256i pixel1 = avx2_pixel(above + at1, below + at1, half + step, quads);
    __m256i pixel2 = avx2_pixel(above + at2, below + at2, half + 2 * step, quads);
    __m256i pixel3 = avx2_pixel(above + at3, below + at3, half + 3 * step, quads);
    __m256i bytes = _mm256_packus_epi16(_mm256_packs_epi32(pixel0, pixel1), _mm256_packs_epi32(pixel2, pixel3));
    bytes = _mm256_shuffle_epi8(bytes, squeeze);
    _mm_storeu_si128((__m128i *)out_above, _mm256_castsi256_si128(bytes));
    _mm_storeu_si128((__m128i *)out_below, _mm256_extracti128_si256(bytes, 1));
  }
}

AVX2 static void avx2_across(uint8_t *const out[2], const uint8_t *const in[2], const akin_taps *taps) {
  if (taps->lanes == 4) /* shrinking less than twice, bilinear: the usual photo; the loop over quads vanishes */
    avx2_rows(out, in, taps, 1);
  else
    avx2_rows(out, in, taps, taps->lanes / 4);
}

AVX2 static void avx2_down(uint8_t *out, const uint8_t *const *rows, const akin_taps *taps, uint32_t output,
                           size_t bytes) {
  const __m256i zero = _mm256_setzero_si256();
  const int16_t *halves = taps->halves + (size_t)output * taps->lanes * 2;
  uint32_t count = taps->count[output];
  for (size_t at = 0; at < bytes; at += AKIN_KERNELS_BLOCK) {
    avx2_sums sums[4] = {avx2_start(), avx2_start(), avx2_start(), avx2_start()};
    for (uint32_t k = 0; k < count; k += 2) {
      const int16_t *half = halves + (size_t)k * 2;
      __m256i upper = _mm256_loadu_si256((const __m256i *)(rows[k] + at));
      __m256i lower = _mm256_loadu_si256((const __m256i *)(rows[k + 1] + at));
      __m256i left = _mm256_unpacklo_epi8(upper, lower), right = _mm256_unpackhi_epi8(upper, lower);
      sums[0] = avx2_add(sums[0], _mm256_unpacklo_epi8(left, zero), half);
      sums[1] = avx2_add(sums[1], _mm256_unpackhi_epi8(left, zero), half);
      sums[2] = avx2_add(sums[2], _mm256_unpacklo_epi8(right, zero), half);
      sums[3] = avx2_add(sums[3], _mm256_unpackhi_epi8(right, zero), half);
    }
    __m256i words0 = _mm256_packs_epi32(avx2_join(sums[0]), avx2_join(sums[1]));
    __m256i words1 = _mm256_packs_epi32(avx2_join(sums[2]), avx2_join(sums[3]));
    _mm256_storeu_si256((__m256i *)(out + at), _mm256_packus_epi16(words0, words1));
  }
}

static bool avx2_available(void) {
  return __builtin_cpu_supports("avx2");
}

const akin_kernels akin_kernels_avx2 = {"avx2", avx2_available, avx2_across, avx2_down};

#else
typedef int akin_kernels_avx2_none; /* ISO C wants a declaration */
#endif
