/* compact_x86.c - the kernels of compact.h by AVX2. */
#include "search/compact.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define COMPACT_AVX2 __attribute__((target("avx2,f16c,fma"))) static

/* The instruction multiplies unsigned by signed bytes: the sign of a goes to b. No pair of products exceeds 16 bits,
 * since -128 does not occur. */
COMPACT_AVX2 int32_t compact_avx2_i8(const int8_t *a, const int8_t *b, size_t n) {
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i sums = _mm256_setzero_si256();
  for (size_t i = 0; i < n; i += 32) {
    __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(a + i));
    __m256i y = _mm256_loadu_si256((const __m256i *)(const void *)(b + i));
    __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(x), _mm256_sign_epi8(y, x));
    sums = _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, ones));
  }
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
  return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 1)));
}

COMPACT_AVX2 inline __m256 compact_avx2_load(const uint16_t *halves) {
  return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)halves));
}

COMPACT_AVX2 float compact_avx2_f16(const uint16_t *a, const uint16_t *b, size_t n) {
  __m256 first = _mm256_setzero_ps(), second = first;
  for (size_t i = 0; i < n; i += 16) {
    first = _mm256_fmadd_ps(compact_avx2_load(a + i), compact_avx2_load(b + i), first);
    second = _mm256_fmadd_ps(compact_avx2_load(a + i + 8), compact_avx2_load(b + i + 8), second);
  }
  __m256 eight = _mm256_add_ps(first, second);
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

const akin_compact_kernels akin_compact_avx2 = {compact_avx2_i8, compact_avx2_f16};

/* Not every compiler knows "f16c" by name; that the system saves the wide registers is part of the answer for AVX2. */
bool akin_compact_avx2_supported(void) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __get_cpuid(1, &a, &b, &c, &d) &&
         (c & bit_F16C);
}

#endif
