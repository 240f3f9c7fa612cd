/* lower_arithmetic.c - normalizations and arithmetic (lowering.h). */
#include "base/error.h"
#include "base/memory.h"
#include "model/lowering.h"

#include <math.h>

/* ---- scale and shift ---- */

/* x · scale + shift, both one number a channel and stored. */
static void arithmetic_affine(lowering *lo, const akin_layer *layer, const char *input, const char *scale,
                              const char *shift, const char *output) {
  const bool both = scale && shift;
  if (scale)
    input =
        akin_lowering_binary(lo, "Mul", input, scale, both ? akin_lowering_name(lo, layer->name, "scaled") : output);
  if (shift) akin_lowering_binary(lo, "Add", input, shift, output);
  if (!scale && !shift) akin_lowering_unary(lo, "Identity", input, output);
}

/* x · gamma + beta, as far as the layer has them. */
static void arithmetic_gamma_beta(lowering *lo, const akin_layer *layer, const char *input, const char *output) {
  const char *gamma = NULL, *beta = NULL;
  if (akin_lowering_has(layer, AKIN_WEIGHT_GAMMA)) gamma = akin_lowering_channels(lo, layer, AKIN_WEIGHT_GAMMA);
  if (akin_lowering_has(layer, AKIN_WEIGHT_BETA)) beta = akin_lowering_channels(lo, layer, AKIN_WEIGHT_BETA);
  arithmetic_affine(lo, layer, input, gamma, beta, output);
}

/* Two arrays of doubles, stored as x · scale + shift; frees them. */
static void arithmetic_store_affine(lowering *lo, const akin_layer *layer, double *scale, double *shift,
                                    const char *output) {
  const size_t channels = layer->shape.size[layer->shape.rank - 1];
  float *values = akin_calloc(channels, sizeof *values);
  const char *names[2] = {"", ""};
  if (!values) akin_lowering_starve(lo);
  for (int i = 0; i < 2 && values && scale && shift && lo->status == AKIN_OK; i++) {
    for (size_t c = 0; c < channels; c++)
      values[c] = (float)(i ? shift : scale)[c];
    names[i] = akin_lowering_store_channels(lo, layer, i ? AKIN_WEIGHT_BETA : AKIN_WEIGHT_GAMMA, values);
  }
  akin_free(values);
  akin_free(scale);
  akin_free(shift);
  arithmetic_affine(lo, layer, akin_lowering_input(lo, layer, 0), names[0], names[1], output);
}

void akin_lower_batch_normalization(lowering *lo, const akin_layer *layer, const char *output) {
  double *scale = NULL, *shift = NULL;
  if (lo->folded[layer->inputs[0]] == (size_t)(layer - lo->layers->at)) return; /* into the convolution before it */
  akin_lowering_statistics(lo, layer, &scale, &shift);
  arithmetic_store_affine(lo, layer, scale, shift, output);
}

/* Keras keeps a deviation from being none: at least 1e-7. */
static double arithmetic_deviation(double variance) {
  const double deviation = sqrt(variance);
  return deviation > 1e-7 ? deviation : 1e-7;
}

static double arithmetic_of(const akin_constant *constant, size_t channel) {
  const uint32_t rank = constant->shape.rank;
  if (!constant->values) return 0; /* it was to be read, and could not be */
  const size_t count = rank ? constant->shape.size[rank - 1] : 1;
  return (double)constant->values[count == 1 ? 0 : channel];
}

void akin_lower_normalization(lowering *lo, const akin_layer *layer, const char *output) {
  const akin_constant *mean = &layer->as.standard.mean, *variance = &layer->as.standard.variance;
  const size_t channels = layer->shape.size[layer->shape.rank - 1];
  float *means = mean->values ? NULL : akin_lowering_read(lo, layer, AKIN_WEIGHT_MEAN);
  float *variances = mean->values ? NULL : akin_lowering_read(lo, layer, AKIN_WEIGHT_VARIANCE);
  double *scale = akin_calloc(channels, sizeof *scale), *shift = akin_calloc(channels, sizeof *shift);
  if (!scale || !shift) akin_lowering_starve(lo);
  for (size_t c = 0; c < channels && scale && shift && lo->status == AKIN_OK; c++) {
    const double m = means ? (double)means[c] : arithmetic_of(mean, c);
    const double v = variances ? (double)variances[c] : arithmetic_of(variance, c);
    const double deviation = arithmetic_deviation(v);
    scale[c] = layer->as.standard.invert ? deviation : 1 / deviation;
    shift[c] = layer->as.standard.invert ? m : -m / deviation;
    if (!isfinite((float)scale[c]) || !isfinite((float)shift[c]))
      lo->status =
          akin_fail(lo->err, AKIN_ERROR_FORMAT, "layer %s: its variance is negative or not finite", layer->name);
  }
  akin_free(means);
  akin_free(variances);
  arithmetic_store_affine(lo, layer, scale, shift, output);
}

void akin_lower_layer_scale(lowering *lo, const akin_layer *layer, const char *output) {
  arithmetic_gamma_beta(lo, layer, akin_lowering_input(lo, layer, 0), output);
}

/* ---- normalizations by what comes in ---- */

static const char *arithmetic_reduce(lowering *lo, const char *operation, const char *input, int64_t axis,
                                     const char *output) {
  akin_graph_node *node = akin_lowering_node(lo, operation, output, &input, 1);
  akin_graph_set_integers(node, "axes", &axis, 1);
  akin_graph_set_integer(node, "keepdims", 1);
  return output;
}

/* (x - mean) / √(variance + epsilon) along one axis */
static const char *arithmetic_standard(lowering *lo, const akin_layer *layer, const char *input, int64_t axis) {
  const char *name = layer->name;
  const char *mean = arithmetic_reduce(lo, "ReduceMean", input, axis, akin_lowering_name(lo, name, "mean of input"));
  const char *centred = akin_lowering_binary(lo, "Sub", input, mean, akin_lowering_name(lo, name, "centred"));
  const char *squares = akin_lowering_binary(lo, "Mul", centred, centred, akin_lowering_name(lo, name, "squares"));
  const char *variance =
      arithmetic_reduce(lo, "ReduceMean", squares, axis, akin_lowering_name(lo, name, "variance of input"));
  const char *epsilon = akin_lowering_scalar(lo, layer->as.normalization.epsilon);
  const char *safe = akin_lowering_binary(lo, "Add", variance, epsilon, akin_lowering_name(lo, name, "safe"));
  const char *deviation = akin_lowering_unary(lo, "Sqrt", safe, akin_lowering_name(lo, name, "deviation"));
  return akin_lowering_binary(lo, "Div", centred, deviation, akin_lowering_name(lo, name, "standard"));
}

void akin_lower_layer_normalization(lowering *lo, const akin_layer *layer, const char *output) {
  const int64_t channels = akin_lowering_axis(&layer->shape, layer->shape.rank - 1);
  const char *standard = arithmetic_standard(lo, layer, akin_lowering_input(lo, layer, 0), channels);
  arithmetic_gamma_beta(lo, layer, standard, output);
}

/* Channels first, [1, groups, the rest], normalised, and back. */
void akin_lower_group_normalization(lowering *lo, const akin_layer *layer, const char *output) {
  const uint32_t rank = layer->shape.rank, channels = layer->shape.size[rank - 1];
  const int64_t groups = layer->as.normalization.groups ? layer->as.normalization.groups : channels;
  const char *input = akin_lowering_input(lo, layer, 0), *name = layer->name;
  const bool turn = rank == 2;
  const int64_t swapped[3] = {0, 2, 1}, grouped[3] = {0, groups, -1};
  const int64_t first[4] = {0, channels, rank == 1 ? 0 : layer->shape.size[0], rank == 3 ? layer->shape.size[1] : 0};
  if (turn) {
    const char *turned = akin_lowering_name(lo, name, "channels first");
    akin_graph_set_integers(akin_lowering_node(lo, "Transpose", turned, &input, 1), "perm", swapped, 3);
    input = turned;
  }
  const char *groups_apart = akin_lowering_binary(lo, "Reshape", input, akin_lowering_integers(lo, grouped, 3),
                                                  akin_lowering_name(lo, name, "groups"));
  const char *standard = arithmetic_standard(lo, layer, groups_apart, 2);
  const char *joined = akin_lowering_binary(lo, "Reshape", standard, akin_lowering_integers(lo, first, rank + 1),
                                            akin_lowering_name(lo, name, "joined"));
  if (turn) {
    const char *turned = akin_lowering_name(lo, name, "channels last");
    akin_graph_set_integers(akin_lowering_node(lo, "Transpose", turned, &joined, 1), "perm", swapped, 3);
    joined = turned;
  }
  arithmetic_gamma_beta(lo, layer, joined, output);
}

void akin_lower_unit_normalization(lowering *lo, const akin_layer *layer, const char *output) {
  const char *input = akin_lowering_input(lo, layer, 0), *name = layer->name;
  const int64_t channels = akin_lowering_axis(&layer->shape, layer->shape.rank - 1);
  const char *length = arithmetic_reduce(lo, "ReduceL2", input, channels, akin_lowering_name(lo, name, "length"));
  const char *safe =
      akin_lowering_binary(lo, "Max", length, akin_lowering_scalar(lo, 1e-12), akin_lowering_name(lo, name, "safe"));
  akin_lowering_binary(lo, "Div", input, safe, output);
}

void akin_lower_prelu(lowering *lo, const akin_layer *layer, const char *output) {
  const akin_layer_weight *w = &layer->weights[0];
  int64_t shape[AKIN_SHAPE_RANK] = {w->shape[0], w->shape[1], w->shape[2], w->shape[3]};
  if (w->rank == 3) {
    shape[0] = w->shape[2];
    shape[1] = w->shape[0];
    shape[2] = w->shape[1];
  }
  float *alpha = akin_lowering_read(lo, layer, AKIN_WEIGHT_ALPHA);
  const char *slope = akin_lowering_store(lo, layer, AKIN_WEIGHT_ALPHA, alpha, shape, w->rank);
  akin_free(alpha);
  akin_lowering_binary(lo, "PRelu", akin_lowering_input(lo, layer, 0), slope, output);
}

/* ---- of inputs and constants ---- */

static const char *const arithmetic_operations[] = {
    [AKIN_OPERATION_ADD] = "Add",     [AKIN_OPERATION_SUBTRACT] = "Sub", [AKIN_OPERATION_MULTIPLY] = "Mul",
    [AKIN_OPERATION_DIVIDE] = "Div",  [AKIN_OPERATION_POWER] = "Pow",    [AKIN_OPERATION_AVERAGE] = "Add",
    [AKIN_OPERATION_MAXIMUM] = "Max", [AKIN_OPERATION_MINIMUM] = "Min",
};

/* A vector meets the channels of a map. */
static const char *arithmetic_operand(lowering *lo, const akin_layer *layer, size_t number) {
  const char *input = akin_lowering_input(lo, layer, number);
  const akin_shape *shape = akin_lowering_input_shape(lo, layer, number);
  if (shape->rank != 1 || layer->shape.rank != 3) return input;
  const char *output = akin_lowering_numbered(lo, layer->name, "channels", number + 1);
  const int64_t sizes[4] = {0, shape->size[0], 1, 1};
  return akin_lowering_binary(lo, "Reshape", input, akin_lowering_integers(lo, sizes, 4), output);
}

static void arithmetic_with_constant(lowering *lo, const akin_layer *layer, const char *output) {
  const akin_constant *constant = &layer->as.arithmetic.constant;
  const char *input = akin_lowering_input(lo, layer, 0);
  const char *value =
      akin_lowering_constant(lo, akin_lowering_name(lo, layer->name, "constant"), constant, &layer->shape);
  const bool first = layer->as.arithmetic.constant_first;
  akin_lowering_binary(lo, arithmetic_operations[layer->as.arithmetic.operation], first ? value : input,
                       first ? input : value, output);
}

void akin_lower_arithmetic(lowering *lo, const akin_layer *layer, const char *output) {
  const akin_operation operation = layer->as.arithmetic.operation;
  if (layer->as.arithmetic.constant.values) {
    arithmetic_with_constant(lo, layer, output);
    return;
  }
  const bool average = operation == AKIN_OPERATION_AVERAGE;
  const char *value = arithmetic_operand(lo, layer, 0);
  for (size_t i = 1; i < layer->input_count; i++) {
    const bool last = i + 1 == layer->input_count && !average;
    value = akin_lowering_binary(lo, arithmetic_operations[operation], value, arithmetic_operand(lo, layer, i),
                                 last ? output : akin_lowering_numbered(lo, layer->name, "of", i + 1));
  }
  if (average)
    akin_lowering_binary(lo, "Div", value, akin_lowering_scalar(lo, (double)layer->input_count), output);
  else if (layer->input_count == 1)
    akin_lowering_unary(lo, "Identity", value, output);
}

void akin_lower_rescaling(lowering *lo, const akin_layer *layer, const char *output) {
  const char *scale = akin_lowering_constant(lo, akin_lowering_name(lo, layer->name, "scale"),
                                             &layer->as.rescaling.scale, &layer->shape);
  const char *offset = akin_lowering_constant(lo, akin_lowering_name(lo, layer->name, "offset"),
                                              &layer->as.rescaling.offset, &layer->shape);
  arithmetic_affine(lo, layer, akin_lowering_input(lo, layer, 0), scale, offset, output);
}

void akin_lower_custom_scale(lowering *lo, const akin_layer *layer, const char *output) {
  const char *factor = akin_lowering_scalar(lo, layer->as.custom_scale.scale);
  const char *scaled = akin_lowering_binary(lo, "Mul", akin_lowering_input(lo, layer, 1), factor,
                                            akin_lowering_name(lo, layer->name, "scaled"));
  akin_lowering_binary(lo, "Add", akin_lowering_input(lo, layer, 0), scaled, output);
}
