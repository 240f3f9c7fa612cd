/* tiles_x86.c - tiles by AVX2 with FMA and by AVX-512. The registers hold a small tile and one step of its columns. */
#include "search/tiles.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define TILES_UNROLL _Pragma("GCC unroll 16")

static void tiles_pack_rest(float *to, const float *const *from, size_t width, size_t depth, size_t c, size_t n,
                            size_t k) {
  for (; k < depth; k++)
    for (size_t i = c; i < c + n; i++)
      to[k * width + i] = from[i][k];
}

/* Vectors from c on, four by four places at a time. */
static void tiles_pack_fours(float *to, const float *const *from, size_t width, size_t depth, size_t c) {
  const size_t whole = depth - depth % 4;
  for (; c + 4 <= width; c += 4) {
    for (size_t k = 0; k < whole; k += 4) {
      __m128 v0 = _mm_loadu_ps(from[c] + k), v1 = _mm_loadu_ps(from[c + 1] + k);
      __m128 v2 = _mm_loadu_ps(from[c + 2] + k), v3 = _mm_loadu_ps(from[c + 3] + k);
      _MM_TRANSPOSE4_PS(v0, v1, v2, v3);
      _mm_storeu_ps(to + k * width + c, v0);
      _mm_storeu_ps(to + (k + 1) * width + c, v1);
      _mm_storeu_ps(to + (k + 2) * width + c, v2);
      _mm_storeu_ps(to + (k + 3) * width + c, v3);
    }
    tiles_pack_rest(to, from, width, depth, c, 4, whole);
  }
  tiles_pack_rest(to, from, width, depth, c, width - c, 0);
}

/* ---- AVX2 with FMA: 6 × 16 in twelve of the sixteen registers ---- */

#define TILES_AVX2      __attribute__((target("avx2,fma"))) static
#define TILES_AVX2_ROWS 6

/* Eight vectors by eight places: halves of rows side by side, then pairs, then fours. */
TILES_AVX2 inline void tiles_turn8(float *to, const float *const *from, size_t width, size_t k) {
  __m256 rows[8], pairs[8];
  TILES_UNROLL
  for (size_t i = 0; i < 4; i++) {
    rows[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(from[i] + k)), _mm_loadu_ps(from[i + 4] + k), 1);
    rows[i + 4] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(from[i] + k + 4)),
                                       _mm_loadu_ps(from[i + 4] + k + 4), 1);
  }
  TILES_UNROLL
  for (size_t i = 0; i < 8; i += 2) {
    pairs[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
  }
  TILES_UNROLL
  for (size_t half = 0; half < 2; half++) {
    const __m256 *p = pairs + 4 * half;
    float *out = to + (k + 4 * half) * width;
    _mm256_storeu_ps(out, _mm256_shuffle_ps(p[0], p[2], 0x44));
    _mm256_storeu_ps(out + width, _mm256_shuffle_ps(p[0], p[2], 0xEE));
    _mm256_storeu_ps(out + 2 * width, _mm256_shuffle_ps(p[1], p[3], 0x44));
    _mm256_storeu_ps(out + 3 * width, _mm256_shuffle_ps(p[1], p[3], 0xEE));
  }
}

TILES_AVX2 void tiles_avx2_pack(float *to, const float *const *from, size_t width, size_t depth) {
  const size_t whole = depth - depth % 8;
  size_t c = 0;
  for (; c + 8 <= width; c += 8) {
    for (size_t k = 0; k < whole; k += 8)
      tiles_turn8(to + c, from + c, width, k);
    tiles_pack_rest(to, from, width, depth, c, 8, whole);
  }
  if (c < width) tiles_pack_fours(to, from, width, depth, c);
}

TILES_AVX2 void tiles_avx2_micro(float *out, size_t stride, const float *a, const float *b, size_t depth, bool add) {
  __m256 sums[TILES_AVX2_ROWS][2];
  TILES_UNROLL
  for (size_t r = 0; r < TILES_AVX2_ROWS; r++)
    sums[r][0] = sums[r][1] = _mm256_setzero_ps();
  for (size_t k = 0; k < depth; k++) {
    const __m256 left = _mm256_load_ps(b + 16 * k), right = _mm256_load_ps(b + 16 * k + 8);
    TILES_UNROLL
    for (size_t r = 0; r < TILES_AVX2_ROWS; r++) {
      const __m256 row = _mm256_broadcast_ss(a + TILES_AVX2_ROWS * k + r);
      sums[r][0] = _mm256_fmadd_ps(row, left, sums[r][0]);
      sums[r][1] = _mm256_fmadd_ps(row, right, sums[r][1]);
    }
  }
  TILES_UNROLL
  for (size_t r = 0; r < TILES_AVX2_ROWS; r++) {
    float *to = out + r * stride;
    if (add) {
      sums[r][0] = _mm256_add_ps(_mm256_loadu_ps(to), sums[r][0]);
      sums[r][1] = _mm256_add_ps(_mm256_loadu_ps(to + 8), sums[r][1]);
    }
    _mm256_storeu_ps(to, sums[r][0]);
    _mm256_storeu_ps(to + 8, sums[r][1]);
  }
}

/* Sixteen places, as whole numbers in order. */
TILES_AVX2 inline __m256i tiles_round16(const float *from) {
  const __m256 one = _mm256_set1_ps(AKIN_TILE_COARSE_ONE);
  const __m256i a = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(from), one)),
                b = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(from + 8), one));
  return _mm256_permute4x64_epi64(_mm256_packs_epi32(a, b), 0xD8); /* it packs halves of both side by side */
}

TILES_AVX2 void tiles_avx2_round(float *to, const float *from, size_t depth) {
  const size_t whole = depth - depth % 16;
  for (size_t k = 0; k < whole; k += 16)
    _mm256_storeu_ps(to + k / 2, _mm256_castsi256_ps(tiles_round16(from + k)));
  if (whole == depth) return;
  float last[16] = {0}, rounded[8];
  memcpy(last, from + whole, (depth - whole) * sizeof *from);
  _mm256_storeu_ps(rounded, _mm256_castsi256_ps(tiles_round16(last)));
  memcpy(to + whole / 2, rounded, (depth - whole + 1) / 2 * sizeof *to);
}

/* Of this type, sums stay in registers: arrays of __m256i are left in memory by GCC 12. */
typedef int tiles_ints256 __attribute__((vector_size(32)));

/* sum + the products of pairs. */
TILES_AVX2 inline tiles_ints256 tiles_add_pairs256(tiles_ints256 sum, __m256 a, __m256 b) {
  const __m256i products = _mm256_madd_epi16(_mm256_castps_si256(a), _mm256_castps_si256(b));
  return (tiles_ints256)_mm256_add_epi32((__m256i)sum, products);
}

TILES_AVX2 inline void tiles_put256(float *to, tiles_ints256 sum, bool add) {
  const __m256 there = add ? _mm256_loadu_ps(to) : _mm256_setzero_ps(), unit = _mm256_set1_ps(AKIN_TILE_COARSE_UNIT);
  _mm256_storeu_ps(to, _mm256_fmadd_ps(_mm256_cvtepi32_ps((__m256i)sum), unit, there));
}

TILES_AVX2 void tiles_avx2_coarse(float *out, size_t stride, const float *a, const float *b, size_t depth, bool add) {
  tiles_ints256 sums[TILES_AVX2_ROWS][2];
  TILES_UNROLL
  for (size_t r = 0; r < TILES_AVX2_ROWS; r++)
    sums[r][0] = sums[r][1] = (tiles_ints256){0};
  for (size_t k = 0; k < depth; k++) {
    const __m256 left = _mm256_load_ps(b + 16 * k), right = _mm256_load_ps(b + 16 * k + 8);
    TILES_UNROLL
    for (size_t r = 0; r < TILES_AVX2_ROWS; r++) {
      const __m256 row = _mm256_broadcast_ss(a + TILES_AVX2_ROWS * k + r);
      sums[r][0] = tiles_add_pairs256(sums[r][0], row, left);
      sums[r][1] = tiles_add_pairs256(sums[r][1], row, right);
    }
  }
  TILES_UNROLL
  for (size_t r = 0; r < TILES_AVX2_ROWS; r++) {
    tiles_put256(out + r * stride, sums[r][0], add);
    tiles_put256(out + r * stride + 8, sums[r][1], add);
  }
}

TILES_AVX2 size_t tiles_avx2_next(const float *scores, float threshold, const float *thresholds, size_t from,
                                  size_t groups) {
  const __m256 all = _mm256_set1_ps(threshold);
  for (size_t group = from; group < groups; group++) {
    const float *own = thresholds + group * AKIN_TILE_GROUP;
    const __m256 a = _mm256_loadu_ps(scores + group * AKIN_TILE_GROUP),
                 b = _mm256_loadu_ps(scores + group * AKIN_TILE_GROUP + 8);
    const __m256 lower_a = _mm256_min_ps(all, _mm256_loadu_ps(own)),
                 lower_b = _mm256_min_ps(all, _mm256_loadu_ps(own + 8));
    const __m256 any = _mm256_or_ps(_mm256_cmp_ps(a, lower_a, _CMP_GE_OQ), _mm256_cmp_ps(b, lower_b, _CMP_GE_OQ));
    if (_mm256_movemask_ps(any)) return group;
  }
  return groups;
}

static bool tiles_avx2_supported(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

const akin_tile_set akin_tile_avx2 = {"avx2",           tiles_avx2_supported, TILES_AVX2_ROWS, 16,
                                      tiles_avx2_micro, tiles_avx2_pack,      tiles_avx2_next, tiles_avx2_coarse,
                                      tiles_avx2_round};

/* ---- AVX-512: 12 × 32 in 24 of the 32 registers ---- */

#define TILES_AVX512      __attribute__((target("avx512f,avx2,fma"))) static
#define TILES_AVX512_ROWS 12

TILES_AVX512 void tiles_avx512_micro(float *out, size_t stride, const float *a, const float *b, size_t depth,
                                     bool add) {
  __m512 sums[TILES_AVX512_ROWS][2];
  TILES_UNROLL
  for (size_t r = 0; r < TILES_AVX512_ROWS; r++)
    sums[r][0] = sums[r][1] = _mm512_setzero_ps();
  for (size_t k = 0; k < depth; k++) {
    const __m512 left = _mm512_load_ps(b + 32 * k), right = _mm512_load_ps(b + 32 * k + 16);
    TILES_UNROLL
    for (size_t r = 0; r < TILES_AVX512_ROWS; r++) {
      const __m512 row = _mm512_set1_ps(a[TILES_AVX512_ROWS * k + r]);
      sums[r][0] = _mm512_fmadd_ps(row, left, sums[r][0]);
      sums[r][1] = _mm512_fmadd_ps(row, right, sums[r][1]);
    }
  }
  TILES_UNROLL
  for (size_t r = 0; r < TILES_AVX512_ROWS; r++) {
    float *to = out + r * stride;
    if (add) {
      sums[r][0] = _mm512_add_ps(_mm512_loadu_ps(to), sums[r][0]);
      sums[r][1] = _mm512_add_ps(_mm512_loadu_ps(to + 16), sums[r][1]);
    }
    _mm512_storeu_ps(to, sums[r][0]);
    _mm512_storeu_ps(to + 16, sums[r][1]);
  }
}

TILES_AVX512 size_t tiles_avx512_next(const float *scores, float threshold, const float *thresholds, size_t from,
                                      size_t groups) {
  const __m512 all = _mm512_set1_ps(threshold);
  for (size_t group = from; group < groups; group++) {
    const __m512 lower = _mm512_min_ps(all, _mm512_loadu_ps(thresholds + group * AKIN_TILE_GROUP));
    if (_mm512_cmp_ps_mask(_mm512_loadu_ps(scores + group * AKIN_TILE_GROUP), lower, _CMP_GE_OQ)) return group;
  }
  return groups;
}

static bool tiles_avx512_supported(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

const akin_tile_set akin_tile_avx512 = {"avx512",
                                        tiles_avx512_supported,
                                        TILES_AVX512_ROWS,
                                        32,
                                        tiles_avx512_micro,
                                        tiles_avx2_pack,
                                        tiles_avx512_next,
                                        NULL,
                                        NULL};

/* ---- AVX-512 with VNNI: the same, with an instruction for two products and their sum ---- */

#define TILES_VNNI __attribute__((target("avx512f,avx512vnni,avx2,fma"))) static

typedef int tiles_ints512 __attribute__((vector_size(64))); /* see tiles_ints256 */

TILES_VNNI inline tiles_ints512 tiles_add_pairs512(tiles_ints512 sum, __m512 a, __m512 b) {
  return (tiles_ints512)_mm512_dpwssd_epi32((__m512i)sum, _mm512_castps_si512(a), _mm512_castps_si512(b));
}

TILES_VNNI inline void tiles_put512(float *to, tiles_ints512 sum, bool add) {
  const __m512 there = add ? _mm512_loadu_ps(to) : _mm512_setzero_ps(), unit = _mm512_set1_ps(AKIN_TILE_COARSE_UNIT);
  _mm512_storeu_ps(to, _mm512_fmadd_ps(_mm512_cvtepi32_ps((__m512i)sum), unit, there));
}

TILES_VNNI void tiles_vnni_coarse(float *out, size_t stride, const float *a, const float *b, size_t depth, bool add) {
  tiles_ints512 sums[TILES_AVX512_ROWS][2];
  TILES_UNROLL
  for (size_t r = 0; r < TILES_AVX512_ROWS; r++)
    sums[r][0] = sums[r][1] = (tiles_ints512){0};
  for (size_t k = 0; k < depth; k++) {
    const __m512 left = _mm512_load_ps(b + 32 * k), right = _mm512_load_ps(b + 32 * k + 16);
    TILES_UNROLL
    for (size_t r = 0; r < TILES_AVX512_ROWS; r++) {
      const __m512 row = _mm512_set1_ps(a[TILES_AVX512_ROWS * k + r]);
      sums[r][0] = tiles_add_pairs512(sums[r][0], row, left);
      sums[r][1] = tiles_add_pairs512(sums[r][1], row, right);
    }
  }
  TILES_UNROLL
  for (size_t r = 0; r < TILES_AVX512_ROWS; r++) {
    tiles_put512(out + r * stride, sums[r][0], add);
    tiles_put512(out + r * stride + 16, sums[r][1], add);
  }
}

static bool tiles_vnni_supported(void) {
  return tiles_avx512_supported() && __builtin_cpu_supports("avx512vnni");
}

const akin_tile_set akin_tile_avx512vnni = {
    "avx512vnni",      tiles_vnni_supported, TILES_AVX512_ROWS, 32, tiles_avx512_micro, tiles_avx2_pack,
    tiles_avx512_next, tiles_vnni_coarse,    tiles_avx2_round};

#endif
