/* taps.c - the weights of a resampling along one axis; see taps.h for the rule. */
#include "image/taps.h"

#include "base/error.h"
#include "base/memory.h"

#include <math.h>

#define TAPS_MULTIPLE 4u

typedef struct taps_filter {
  double half_width;
  double (*weight)(double x);
} taps_filter;

static double taps_box(double x) {
  return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
}

static double taps_bilinear(double x) {
  x = fabs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

/* Keys' cubic convolution with a = -1/2. The order of operations is Pillow's: it decides the last bit. */
static double taps_bicubic(double x) {
  const double a = -0.5;
  x = fabs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

static taps_filter taps_filter_of(akin_filter filter) {
  switch (filter) {
  case AKIN_FILTER_BOX:
    return (taps_filter){0.5, taps_box};
  case AKIN_FILTER_BICUBIC:
    return (taps_filter){2.0, taps_bicubic};
  default:
    return (taps_filter){1.0, taps_bilinear};
  }
}

static uint32_t taps_round_up(uint32_t n) {
  return (n + TAPS_MULTIPLE - 1) / TAPS_MULTIPLE * TAPS_MULTIPLE;
}

static int32_t taps_fixed(double weight) {
  double scaled = weight * (1 << AKIN_TAPS_BITS);
  return (int32_t)(weight < 0 ? scaled - 0.5 : scaled + 0.5);
}

/* One axis, in pixels from the span's low. */
typedef struct taps_axis {
  double from, scale, inverse, reach;
  uint32_t size, first;
} taps_axis;

static taps_axis taps_axis_of(const akin_span *span, const taps_filter *filter) {
  double scale = (span->to - span->from) / span->whole;
  double wide = scale > 1.0 ? scale : 1.0;
  return (taps_axis){.from = span->from - span->low,
                     .scale = scale,
                     .inverse = 1.0 / wide,
                     .reach = filter->half_width * wide,
                     .size = span->high - span->low,
                     .first = span->first};
}

static double taps_centre(const taps_axis *axis, uint32_t output) {
  return axis->from + (axis->first + output + 0.5) * axis->scale;
}

/* Which pixels each output is made of; returns the largest count. */
static uint32_t taps_bounds(akin_taps *taps, const taps_axis *axis) {
  uint32_t most = 1;
  for (uint32_t i = 0; i < taps->outputs; i++) {
    double centre = taps_centre(axis, i);
    double begin = centre - axis->reach + 0.5, end = centre + axis->reach + 0.5;
    taps->first[i] = begin < 0.0 ? 0 : (uint32_t)begin;
    taps->count[i] = (end > axis->size ? axis->size : (uint32_t)end) - taps->first[i];
    if (taps->count[i] > most) most = taps->count[i];
  }
  return most;
}

static void taps_weigh(akin_taps *taps, uint32_t output, const taps_axis *axis, const taps_filter *filter,
                       double *weight) {
  double centre = taps_centre(axis, output), sum = 0.0;
  uint32_t first = taps->first[output], count = taps->count[output];
  for (uint32_t i = 0; i < count; i++) {
    weight[i] = filter->weight((i + first - centre + 0.5) * axis->inverse);
    sum += weight[i];
  }
  int32_t *fixed = taps->weights + (size_t)output * taps->lanes;
  for (uint32_t i = 0; i < count; i++)
    fixed[i] = taps_fixed(sum != 0.0 ? weight[i] / sum : weight[i]);
}

static void taps_halve(akin_taps *taps) {
  size_t pairs = (size_t)taps->padded * taps->lanes / 2;
  const int32_t *weight = taps->weights;
  int16_t *half = taps->halves;
  for (size_t i = 0; i < pairs; i++, weight += 2, half += 4) {
    for (int k = 0; k < 2; k++) {
      int32_t low = weight[k] & ((1 << AKIN_TAPS_HALF) - 1);
      half[k] = (int16_t)low;
      half[2 + k] = (int16_t)((weight[k] - low) / (1 << AKIN_TAPS_HALF));
    }
  }
}

static akin_status taps_fail_memory(akin_taps *taps, akin_error *err) {
  akin_status status = akin_fail(err, AKIN_ERROR_MEMORY, "out of memory: no room for the weights of %u x %u samples",
                                 taps->outputs, taps->lanes);
  akin_taps_free(taps);
  return status;
}

akin_status akin_taps_make(akin_taps *out, const akin_span *span, uint32_t outputs, akin_filter filter,
                           akin_error *err) {
  taps_filter f = taps_filter_of(filter);
  taps_axis axis = taps_axis_of(span, &f);
  *out = (akin_taps){.outputs = outputs, .padded = taps_round_up(outputs)};
  out->first = akin_calloc(out->padded, sizeof *out->first);
  out->count = akin_calloc(out->padded, sizeof *out->count);
  if (!out->first || !out->count) return taps_fail_memory(out, err);
  out->lanes = taps_round_up(taps_bounds(out, &axis));
  size_t entries = (size_t)out->padded * out->lanes; /* 4,096 outputs of 65,535 pixels at most */
  double *weight = akin_calloc(out->lanes, sizeof *weight);
  out->weights = akin_calloc(entries, sizeof *out->weights);
  out->halves = akin_calloc(entries, 2 * sizeof *out->halves);
  if (!weight || !out->weights || !out->halves) {
    akin_free(weight);
    return taps_fail_memory(out, err);
  }
  for (uint32_t i = 0; i < outputs; i++)
    taps_weigh(out, i, &axis, &f, weight);
  akin_free(weight);
  taps_halve(out);
  return AKIN_OK;
}

void akin_taps_free(akin_taps *taps) {
  akin_free(taps->first);
  akin_free(taps->count);
  akin_free(taps->weights);
  akin_free(taps->halves);
  *taps = (akin_taps){0};
}
