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

/* Everything is allocated here; the weights come out cleared. */
static akin_status taps_allocate(akin_taps *out, uint32_t outputs, uint32_t most, akin_error *err) {
  size_t entries = 0;
  *out = (akin_taps){.outputs = outputs, .padded = taps_round_up(outputs), .lanes = taps_round_up(most)};
  if (!akin_multiply(&entries, out->padded, out->lanes)) entries = SIZE_MAX;
  out->first = akin_calloc(out->padded, sizeof *out->first);
  out->count = akin_calloc(out->padded, sizeof *out->count);
  out->weights = akin_calloc(entries, sizeof *out->weights);
  out->halves = akin_calloc(entries, 2 * sizeof *out->halves);
  if (out->first && out->count && out->weights && out->halves) return AKIN_OK;
  akin_taps_free(out);
  return akin_fail(err, AKIN_ERROR_MEMORY, "out of memory: no room for %u x %u resampling weights", outputs, most);
}

/* weight: room for the lanes of one output. */
static void taps_fill(akin_taps *taps, uint32_t output, double *weight, const akin_span *span,
                      const taps_filter *filter) {
  double from = span->from - span->low;
  double scale = (span->to - span->from) / taps->outputs;
  double wide = scale > 1.0 ? scale : 1.0;
  double inverse = 1.0 / wide, reach = filter->half_width * wide;
  double centre = from + (output + 0.5) * scale;
  double begin = centre - reach + 0.5, end = centre + reach + 0.5, sum = 0.0;
  uint32_t size = span->high - span->low;
  uint32_t first = begin < 0.0 ? 0 : (uint32_t)begin;
  uint32_t last = end > size ? size : (uint32_t)end;
  for (uint32_t i = 0; i < last - first; i++) {
    weight[i] = filter->weight((i + first - centre + 0.5) * inverse);
    sum += weight[i];
  }
  int32_t *fixed = taps->weights + (size_t)output * taps->lanes;
  for (uint32_t i = 0; i < last - first; i++)
    fixed[i] = taps_fixed(sum != 0.0 ? weight[i] / sum : weight[i]);
  taps->first[output] = first;
  taps->count[output] = last - first;
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

akin_status akin_taps_make(akin_taps *out, const akin_span *span, uint32_t outputs, akin_filter filter,
                           akin_error *err) {
  taps_filter f = taps_filter_of(filter);
  double scale = (span->to - span->from) / outputs;
  double most = ceil(f.half_width * (scale > 1.0 ? scale : 1.0)) * 2 + 1;
  akin_status status = taps_allocate(out, outputs, (uint32_t)most, err);
  if (status != AKIN_OK) return status;
  double *weight = akin_calloc(out->lanes, sizeof *weight);
  if (!weight) {
    akin_taps_free(out);
    return akin_fail_memory(err, out->lanes * sizeof *weight);
  }
  for (uint32_t i = 0; i < outputs; i++)
    taps_fill(out, i, weight, span, &f);
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
