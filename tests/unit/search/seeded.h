/* seeded.h - the same random vectors in every run: xorshift64*. */
#ifndef AKIN_TESTS_UNIT_SEARCH_SEEDED_H
#define AKIN_TESTS_UNIT_SEARCH_SEEDED_H

#include "unit/testing.h"

#include <math.h>

typedef struct seeded {
  uint64_t state; /* not 0 */
} seeded;

TESTING uint64_t seeded_next(seeded *s) {
  s->state ^= s->state >> 12;
  s->state ^= s->state << 25;
  s->state ^= s->state >> 27;
  return s->state * UINT64_C(0x2545F4914F6CDD1D);
}

/* 0 to below - 1 */
TESTING size_t seeded_below(seeded *s, size_t below) {
  return (size_t)(seeded_next(s) % below);
}

/* -1 to 1 */
TESTING float seeded_value(seeded *s) {
  return (float)((double)(seeded_next(s) >> 11) * 0x1p-52 - 1);
}

TESTING void seeded_fill(seeded *s, float *v, size_t n) {
  for (size_t i = 0; i < n; i++)
    v[i] = seeded_value(s);
}

/* v: f32 [dim], of unit length */
TESTING void seeded_unit(seeded *s, float *v, size_t dim) {
  double squares = 0;
  seeded_fill(s, v, dim);
  for (size_t i = 0; i < dim; i++)
    squares += (double)v[i] * v[i];
  for (size_t i = 0; i < dim; i++)
    v[i] = (float)(v[i] / sqrt(squares));
}

/* f32 [n], freed with akin_free; aligned to 64 bytes. */
TESTING float *seeded_floats(size_t n) {
  float *v = akin_alloc_aligned(64, n * sizeof *v);
  assert_non_null(v);
  return v;
}

#endif
