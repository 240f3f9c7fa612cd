/*
 * kernels_x86.c - dot products by AVX2 and by AVX-512, one row after the other: memory then sees one even stream. With
 * several rows side by side, which saves loads of the query, 20,000 × 1,280 took 2.6 to 3.8 ms on Zen 5, one by
 * one 2.5, and with what lies ahead fetched meanwhile 2.1 to 2.2: 48 GB/s, what one core gets from memory.
 */
#include "search/kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

/* 32 places, two lines of the cache. */
static inline void kernels_prefetch(const char *ahead) {
  _mm_prefetch(ahead, _MM_HINT_T0);
  _mm_prefetch(ahead + 64, _MM_HINT_T0);
}

/* ---- AVX2: the 32 lanes are four registers ---- */

#define KERNELS_AVX2 __attribute__((target("avx2"))) static

typedef struct kernels_lanes256 {
  __m256 a, b, c, d;
} kernels_lanes256;

KERNELS_AVX2 inline __m256 kernels_add_product256(__m256 sum, const float *query, const float *row) {
  return _mm256_add_ps(sum, _mm256_mul_ps(_mm256_loadu_ps(query), _mm256_loadu_ps(row)));
}

KERNELS_AVX2 inline void kernels_step256(kernels_lanes256 *lanes, const float *query, const float *row) {
  lanes->a = kernels_add_product256(lanes->a, query, row);
  lanes->b = kernels_add_product256(lanes->b, query + 8, row + 8);
  lanes->c = kernels_add_product256(lanes->c, query + 16, row + 16);
  lanes->d = kernels_add_product256(lanes->d, query + 24, row + 24);
}

KERNELS_AVX2 inline float kernels_sum256(__m256 eight) {
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

KERNELS_AVX2 float kernels_avx2_dot(const float *query, const float *query_tail, const float *row, size_t dim,
                                    const char *ahead) {
  const __m256 zero = _mm256_setzero_ps();
  kernels_lanes256 lanes = {zero, zero, zero, zero};
  size_t i = 0;
  for (; dim - i >= AKIN_KERNEL_LANES; i += AKIN_KERNEL_LANES) {
    kernels_prefetch(ahead + i * sizeof *row);
    kernels_step256(&lanes, query + i, row + i);
  }
  if (i < dim) {
    float tail[AKIN_KERNEL_LANES];
    akin_kernel_tail(tail, row, dim);
    kernels_step256(&lanes, query_tail, tail);
  }
  return kernels_sum256(_mm256_add_ps(_mm256_add_ps(lanes.a, lanes.c), _mm256_add_ps(lanes.b, lanes.d)));
}

static bool kernels_avx2_supported(void) {
  return __builtin_cpu_supports("avx2") != 0;
}

const akin_dot_kernels akin_dot_kernels_avx2 = {"avx2", kernels_avx2_supported, kernels_avx2_dot};

/* ---- AVX-512: the 32 lanes are two registers ---- */

#define KERNELS_AVX512 __attribute__((target("avx512f,avx2"))) static

typedef struct kernels_lanes512 {
  __m512 a, b;
} kernels_lanes512;

KERNELS_AVX512 inline void kernels_step512(kernels_lanes512 *lanes, const float *query, const float *row) {
  lanes->a = _mm512_add_ps(lanes->a, _mm512_mul_ps(_mm512_loadu_ps(query), _mm512_loadu_ps(row)));
  lanes->b = _mm512_add_ps(lanes->b, _mm512_mul_ps(_mm512_loadu_ps(query + 16), _mm512_loadu_ps(row + 16)));
}

KERNELS_AVX512 float kernels_avx512_dot(const float *query, const float *query_tail, const float *row, size_t dim,
                                        const char *ahead) {
  kernels_lanes512 lanes = {_mm512_setzero_ps(), _mm512_setzero_ps()};
  size_t i = 0;
  for (; dim - i >= AKIN_KERNEL_LANES; i += AKIN_KERNEL_LANES) {
    kernels_prefetch(ahead + i * sizeof *row);
    kernels_step512(&lanes, query + i, row + i);
  }
  if (i < dim) {
    float tail[AKIN_KERNEL_LANES];
    akin_kernel_tail(tail, row, dim);
    kernels_step512(&lanes, query_tail, tail);
  }
  __m512 sums = _mm512_add_ps(lanes.a, lanes.b);
  __m256 upper = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(sums), 1));
  return kernels_sum256(_mm256_add_ps(_mm512_castps512_ps256(sums), upper));
}

static bool kernels_avx512_supported(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx2");
}

const akin_dot_kernels akin_dot_kernels_avx512 = {"avx512", kernels_avx512_supported, kernels_avx512_dot};

#endif
