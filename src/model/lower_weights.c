/* lower_weights.c - weights read from their source, multiplied where layers are folded, and put into the file. */
#include "base/error.h"
#include "base/memory.h"
#include "model/lowering.h"

#include <math.h>
#include <string.h>

#define LOWER_ALIGNMENT 64u

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "ONNX's external data is little-endian");

static const akin_layer_weight *weights_find(const akin_layer *layer, akin_weight_role role, size_t *number) {
  for (size_t i = 0; i < layer->weight_count; i++) {
    if (layer->weights[i].role != role) continue;
    *number = i;
    return &layer->weights[i];
  }
  return NULL;
}

bool akin_lowering_has(const akin_layer *layer, akin_weight_role role) {
  size_t number = 0;
  return weights_find(layer, role, &number) != NULL;
}

float *akin_lowering_read(lowering *lo, const akin_layer *layer, akin_weight_role role) {
  size_t number = 0, bytes = 0;
  if (lo->status != AKIN_OK) return NULL;
  const akin_layer_weight *w = weights_find(layer, role, &number);
  float *values = akin_multiply(&bytes, akin_layer_weight_count(w), sizeof *values) ? akin_alloc(bytes) : NULL;
  if (!values)
    lo->status = akin_fail_memory(lo->err, bytes);
  else
    lo->status = lo->source->read(lo->source->context, layer, number, values, lo->err);
  if (lo->status == AKIN_OK) return values;
  akin_free(values);
  return NULL;
}

const char *akin_lowering_store(lowering *lo, const akin_layer *layer, akin_weight_role role, const float *values,
                                const int64_t *shape, uint32_t rank) {
  static const char zeros[LOWER_ALIGNMENT];
  const char *name = akin_lowering_name(lo, layer->name, akin_weight_role_name(role));
  if (lo->status != AKIN_OK) return "";
  const size_t beyond = akin_file_writer_size(lo->weights) % LOWER_ALIGNMENT;
  if (beyond) lo->status = akin_file_writer_write(lo->weights, zeros, LOWER_ALIGNMENT - beyond, lo->err);
  if (lo->status != AKIN_OK) return "";
  akin_graph_tensor *tensor = akin_graph_add_tensor(lo->graph, name, shape, rank);
  if (!tensor) {
    akin_lowering_starve(lo);
    return "";
  }
  tensor->offset = akin_file_writer_size(lo->weights);
  lo->status = akin_file_writer_write(lo->weights, values, (size_t)tensor->bytes, lo->err);
  return tensor->name;
}

const char *akin_lowering_store_channels(lowering *lo, const akin_layer *layer, akin_weight_role role,
                                         const float *values) {
  const bool map = layer->shape.rank == 3;
  const int64_t shape[3] = {layer->shape.size[layer->shape.rank - 1], 1, 1};
  return akin_lowering_store(lo, layer, role, values, shape, map ? 3 : 1);
}

const char *akin_lowering_channels(lowering *lo, const akin_layer *layer, akin_weight_role role) {
  float *values = akin_lowering_read(lo, layer, role);
  const char *name = akin_lowering_store_channels(lo, layer, role, values);
  akin_free(values);
  return name;
}

/* ---- batch normalization ---- */

typedef struct weights_statistics {
  float *gamma, *beta, *mean, *variance; /* [channels]; gamma and beta may be none */
} weights_statistics;

/* False when a result is not finite as a float. */
static bool weights_scale_and_shift(double *scale, double *shift, size_t channels, const weights_statistics *s,
                                    double epsilon) {
  bool finite = true;
  for (size_t c = 0; c < channels; c++) {
    scale[c] = (s->gamma ? (double)s->gamma[c] : 1.0) / sqrt(s->variance[c] + epsilon);
    shift[c] = (s->beta ? (double)s->beta[c] : 0.0) - s->mean[c] * scale[c];
    finite = finite && isfinite((float)scale[c]) && isfinite((float)shift[c]);
  }
  return finite;
}

void akin_lowering_statistics(lowering *lo, const akin_layer *bn, double **scale, double **shift) {
  const size_t channels = bn->shape.size[bn->shape.rank - 1];
  weights_statistics s = {NULL, NULL, NULL, NULL};
  *scale = *shift = NULL;
  if (!bn->as.normalization.no_scale) s.gamma = akin_lowering_read(lo, bn, AKIN_WEIGHT_GAMMA);
  if (!bn->as.normalization.no_center) s.beta = akin_lowering_read(lo, bn, AKIN_WEIGHT_BETA);
  s.mean = akin_lowering_read(lo, bn, AKIN_WEIGHT_MOVING_MEAN);
  s.variance = akin_lowering_read(lo, bn, AKIN_WEIGHT_MOVING_VARIANCE);
  if (lo->status == AKIN_OK) {
    *scale = akin_calloc(channels, sizeof **scale);
    *shift = akin_calloc(channels, sizeof **shift);
    if (!*scale || !*shift) akin_lowering_starve(lo);
  }
  if (lo->status == AKIN_OK && *scale && *shift &&
      !weights_scale_and_shift(*scale, *shift, channels, &s, bn->as.normalization.epsilon)) {
    lo->status = akin_fail(lo->err, AKIN_ERROR_FORMAT,
                           "layer %s: its variances are negative, or too small for its other weights", bn->name);
  }
  akin_free(s.gamma);
  akin_free(s.beta);
  akin_free(s.mean);
  akin_free(s.variance);
}
