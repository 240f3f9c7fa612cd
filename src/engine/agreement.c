/* agreement.c - see agreement.h and akin_agreement of akin/compare.h. */
#include "engine/agreement.h"

#include <stdbool.h>

#define AGREEMENT_P 0.9

static bool agreement_has(const uint64_t *things, size_t count, uint64_t thing) {
  for (size_t i = 0; i < count; i++)
    if (things[i] == thing) return true;
  return false;
}

/* What the ranking at depth d adds to the things in common among the first d of both. */
static size_t agreement_new(const uint64_t *a, const uint64_t *b, size_t d) {
  const bool same = a[d - 1] == b[d - 1];
  return same ? 1 : (size_t)agreement_has(b, d - 1, a[d - 1]) + (size_t)agreement_has(a, d - 1, b[d - 1]);
}

/* Equation 32 for lists of equal length; of unequal ones the longer's tail is not looked at. */
static double agreement_overlap(const uint64_t *a, const uint64_t *b, size_t depth) {
  size_t common = 0;
  double sum = 0, weight = 1;
  for (size_t d = 1; d <= depth; d++) {
    common += agreement_new(a, b, d);
    weight *= AGREEMENT_P;
    sum += (double)common / (double)d * weight;
  }
  return (double)common / (double)depth * weight + (1 - AGREEMENT_P) / AGREEMENT_P * sum;
}

akin_agreement akin_agreement_of(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count) {
  const size_t shorter = a_count < b_count ? a_count : b_count, longer = a_count < b_count ? b_count : a_count;
  size_t common = 0;
  if (shorter == 0) return (akin_agreement){longer == 0, longer == 0};
  for (size_t i = 0; i < a_count; i++)
    common += agreement_has(b, b_count, a[i]);
  return (akin_agreement){(double)common / (double)longer, agreement_overlap(a, b, shorter)};
}
