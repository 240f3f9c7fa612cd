/* compact.c - see compact.h. */
#include "search/compact.h"

#include "search/kernels.h"

#include <math.h>
#include <string.h>

#define COMPACT_STEP 32 /* elements: what every kernel takes at a time */

static size_t compact_round_up(size_t n) {
  return (n + COMPACT_STEP - 1) / COMPACT_STEP * COMPACT_STEP;
}

const char *akin_compact_name(akin_compact kind) {
  static const char *const names[AKIN_COMPACT_COUNT] = {"i8", "f16", "f32"};
  return names[kind];
}

size_t akin_compact_size(akin_compact kind, size_t dim) {
  const size_t n = compact_round_up(dim);
  if (kind == AKIN_COMPACT_I8) return n + sizeof(float);
  return kind == AKIN_COMPACT_F16 ? n * sizeof(uint16_t) : n * sizeof(float);
}

/* ---- half precision: 1 bit sign, 5 exponent (bias 15), 10 mantissa ---- */

static uint32_t compact_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static float compact_float(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

uint16_t akin_compact_half(float value) {
  const uint32_t bits = compact_bits(value), sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
  const uint32_t least =
      113u << 23; /* 2^-14: below it halves are multiples of 2^-24, and so is this sum's last place */
  if (magnitude < least) return (uint16_t)(sign | (compact_bits(compact_float(magnitude) + 0.5f) - compact_bits(0.5f)));
  const uint32_t odd = magnitude >> 13 & 1;
  return (uint16_t)(sign | ((magnitude - (112u << 23) + 0xfffu + odd) >> 13));
}

float akin_compact_from_half(uint16_t half) {
  const uint32_t sign = (uint32_t)(half & 0x8000u) << 16, magnitude = half & 0x7fffu;
  const float value =
      magnitude < 0x400u ? ldexpf((float)magnitude, -24) : compact_float((magnitude << 13) + (112u << 23));
  return compact_float(compact_bits(value) | sign);
}

/* ---- packing ---- */

static void compact_pack_i8(int8_t *out, const float *feature, size_t dim) {
  float largest = 0, sum = 0;
  for (size_t i = 0; i < dim; i++)
    largest = fmaxf(largest, fabsf(feature[i]));
  const float scale = largest > 0 ? 127.0f / largest : 0;
  for (size_t i = 0; i < dim; i++) {
    out[i] = (int8_t)lrintf(feature[i] * scale);
    sum += (float)(out[i] * out[i]);
  }
  const float inverse = sum > 0 ? 1.0f / sqrtf(sum) : 0;
  memcpy(out + compact_round_up(dim), &inverse, sizeof inverse);
}

void akin_compact_pack(akin_compact kind, void *out, const float *feature, size_t dim) {
  memset(out, 0, akin_compact_size(kind, dim));
  if (kind == AKIN_COMPACT_I8) compact_pack_i8(out, feature, dim);
  if (kind == AKIN_COMPACT_F32) memcpy(out, feature, dim * sizeof *feature);
  uint16_t *halves = out;
  for (size_t i = 0; kind == AKIN_COMPACT_F16 && i < dim; i++)
    halves[i] = akin_compact_half(feature[i]);
}

/* ---- distances ---- */

static int32_t compact_plain_i8(const int8_t *a, const int8_t *b, size_t n) {
  int32_t sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}

static float compact_plain_f16(const uint16_t *a, const uint16_t *b, size_t n) {
  float sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += akin_compact_from_half(a[i]) * akin_compact_from_half(b[i]);
  return sum;
}

const akin_compact_kernels akin_compact_plain = {compact_plain_i8, compact_plain_f16};

static inline float compact_distance_i8(const akin_compact_kernels *kernels, const void *a, const void *b,
                                        size_t size) {
  const size_t n = size - sizeof(float);
  float of_a, of_b;
  memcpy(&of_a, (const char *)a + n, sizeof of_a);
  memcpy(&of_b, (const char *)b + n, sizeof of_b);
  return 1.0f - (float)kernels->dot_i8(a, b, n) * (of_a * of_b);
}

static float compact_distance_plain_i8(const void *a, const void *b, size_t size) {
  return compact_distance_i8(&akin_compact_plain, a, b, size);
}

static float compact_distance_plain_f16(const void *a, const void *b, size_t size) {
  return 1.0f - akin_compact_plain.dot_f16(a, b, size / sizeof(uint16_t));
}

static float compact_distance_f32(const void *a, const void *b, size_t size) {
  float dot;
  akin_search_dots(&dot, a, b, 1, size / sizeof(float), size / sizeof(float));
  return 1.0f - dot;
}

#if defined(__x86_64__)

static float compact_distance_avx2_i8(const void *a, const void *b, size_t size) {
  return compact_distance_i8(&akin_compact_avx2, a, b, size);
}

static float compact_distance_avx2_f16(const void *a, const void *b, size_t size) {
  return 1.0f - akin_compact_avx2.dot_f16(a, b, size / sizeof(uint16_t));
}

#else

#define compact_distance_avx2_i8  compact_distance_plain_i8
#define compact_distance_avx2_f16 compact_distance_plain_f16

bool akin_compact_avx2_supported(void) {
  return false;
}

#endif

akin_hnsw_distance *akin_compact_distance(akin_compact kind) {
  const bool avx2 = akin_compact_avx2_supported();
  if (kind == AKIN_COMPACT_F32) return compact_distance_f32;
  if (kind == AKIN_COMPACT_F16) return avx2 ? compact_distance_avx2_f16 : compact_distance_plain_f16;
  return avx2 ? compact_distance_avx2_i8 : compact_distance_plain_i8;
}
