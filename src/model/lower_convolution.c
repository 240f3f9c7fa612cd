/* lower_convolution.c - convolutions and dense layers, with what is folded into them (lowering.h). */
#include "base/error.h"
#include "base/memory.h"
#include "model/lowering.h"

#include <math.h>
#include <string.h>

static int64_t convolution_dilation(const akin_convolution *c, int axis) {
  return c->dilation[axis] ? c->dilation[axis] : 1;
}

/* ---- weights ---- */

/* kernel: [channels, each]; bias: [channels]. False when a result is not finite. */
static bool convolution_multiply(float *kernel, float *bias, size_t channels, size_t each, const double *scale,
                                 const double *shift) {
  bool finite = true;
  for (size_t c = 0; c < channels; c++) {
    bias[c] = (float)(shift[c] + (double)bias[c] * scale[c]);
    finite = finite && isfinite(bias[c]);
    for (size_t i = c * each; i < (c + 1) * each; i++) {
      kernel[i] = (float)(kernel[i] * scale[c]);
      finite = finite && isfinite(kernel[i]);
    }
  }
  return finite;
}

static void convolution_fold(lowering *lo, float *kernel, float *bias, size_t channels, size_t each,
                             const akin_layer *bn) {
  double *scale = NULL, *shift = NULL;
  akin_lowering_statistics(lo, bn, &scale, &shift);
  if (lo->status == AKIN_OK && !convolution_multiply(kernel, bias, channels, each, scale, shift)) {
    lo->status = akin_fail(lo->err, AKIN_ERROR_FORMAT,
                           "layer %s: its variances are negative, or too small for its other weights", bn->name);
  }
  akin_free(scale);
  akin_free(shift);
}

/* The layer's bias; zeros when it has none. */
static float *convolution_bias(lowering *lo, const akin_layer *layer, size_t channels) {
  if (akin_lowering_has(layer, AKIN_WEIGHT_BIAS)) return akin_lowering_read(lo, layer, AKIN_WEIGHT_BIAS);
  float *zeros = akin_calloc(channels, sizeof *zeros);
  if (!zeros) akin_lowering_starve(lo);
  return zeros;
}

/* Stores kernel and bias, the batch normalization behind the layer multiplied in; inputs[1] and [2] are their names.
 * kernel_shape: [channels, …] */
static void convolution_weights(lowering *lo, const akin_layer *layer, akin_weight_role role,
                                const int64_t kernel_shape[4], const char *inputs[3]) {
  const size_t fold = lo->folded[layer - lo->layers->at], channels = (size_t)kernel_shape[0];
  float *kernel = akin_lowering_read(lo, layer, role), *bias = convolution_bias(lo, layer, channels);
  if (fold < lo->layers->count && lo->status == AKIN_OK) {
    const size_t each = (size_t)(kernel_shape[1] * kernel_shape[2] * kernel_shape[3]);
    convolution_fold(lo, kernel, bias, channels, each, &lo->layers->at[fold]);
  }
  inputs[1] = akin_lowering_store(lo, layer, role, kernel, kernel_shape, 4);
  inputs[2] = akin_lowering_store(lo, layer, AKIN_WEIGHT_BIAS, bias, kernel_shape, 1);
  akin_free(kernel);
  akin_free(bias);
}

/* The value that the layer makes: that of the batch normalization which is folded into it, when there is one. */
static const char *convolution_output(const lowering *lo, const akin_layer *layer, const char *output) {
  const size_t fold = lo->folded[layer - lo->layers->at];
  return fold < lo->layers->count ? lo->layers->at[fold].name : output;
}

/* ---- nodes ---- */

static void convolution_name(lowering *lo, akin_graph_node *node, const char *name) {
  if (!node) return;
  node->name = akin_arena_text(&lo->graph->arena, name, strlen(name));
  if (!node->name) akin_lowering_starve(lo);
}

/* A node Conv of a layer's settings. */
static akin_graph_node *convolution_node(lowering *lo, const akin_layer *layer, const char *output,
                                         const char *const *inputs, size_t count, int64_t groups) {
  const akin_convolution *c = &layer->as.convolution;
  const akin_shape *in = akin_lowering_input_shape(lo, layer, 0);
  uint32_t before[2] = {0}, after[2] = {0};
  for (int axis = 0; axis < 2; axis++) {
    const uint32_t covered = akin_dilated(c->kernel[axis], c->dilation[axis]);
    akin_padding_of(&before[axis], &after[axis], c->padding, in->size[axis], covered, c->strides[axis]);
  }
  akin_graph_node *node = akin_lowering_node(lo, "Conv", output, inputs, count);
  akin_graph_set_integers(node, "kernel_shape", (const int64_t[]){c->kernel[0], c->kernel[1]}, 2);
  akin_graph_set_integers(node, "strides", (const int64_t[]){c->strides[0], c->strides[1]}, 2);
  akin_graph_set_integers(node, "pads", (const int64_t[]){before[0], before[1], after[0], after[1]}, 4);
  akin_graph_set_integer(node, "group", groups);
  const int64_t dilations[2] = {convolution_dilation(c, 0), convolution_dilation(c, 1)};
  if (dilations[0] > 1 || dilations[1] > 1) akin_graph_set_integers(node, "dilations", dilations, 2);
  return node;
}

void akin_lower_convolution(lowering *lo, const akin_layer *layer, const char *output) {
  const akin_convolution *c = &layer->as.convolution;
  const int64_t channels = akin_lowering_input_shape(lo, layer, 0)->size[2];
  const int64_t groups = layer->kind == AKIN_LAYER_DEPTHWISE_CONV2D ? channels : c->groups ? c->groups : 1;
  const int64_t shape[4] = {layer->shape.size[2], channels / groups, c->kernel[0], c->kernel[1]};
  const char *inputs[3] = {akin_lowering_input(lo, layer, 0), NULL, NULL};
  convolution_weights(lo, layer, AKIN_WEIGHT_KERNEL, shape, inputs);
  output = convolution_output(lo, layer, output);
  convolution_name(lo, convolution_node(lo, layer, output, inputs, 3, groups), layer->name);
}

void akin_lower_separable_conv2d(lowering *lo, const akin_layer *layer, const char *output) {
  const akin_convolution *c = &layer->as.convolution;
  const int64_t channels = akin_lowering_input_shape(lo, layer, 0)->size[2];
  const int64_t between = layer->weights[1].shape[2];
  const int64_t depthwise[4] = {between, 1, c->kernel[0], c->kernel[1]};
  const int64_t pointwise[4] = {c->filters, between, 1, 1};
  float *kernel = akin_lowering_read(lo, layer, AKIN_WEIGHT_DEPTHWISE_KERNEL);
  const char *inputs[3] = {akin_lowering_input(lo, layer, 0), NULL, NULL};
  inputs[1] = akin_lowering_store(lo, layer, AKIN_WEIGHT_DEPTHWISE_KERNEL, kernel, depthwise, 4);
  akin_free(kernel);
  const char *middle = akin_lowering_name(lo, layer->name, "depthwise");
  convolution_node(lo, layer, middle, inputs, 2, channels);
  inputs[0] = middle;
  convolution_weights(lo, layer, AKIN_WEIGHT_POINTWISE_KERNEL, pointwise, inputs);
  akin_lowering_node(lo, "Conv", convolution_output(lo, layer, output), inputs, 3);
}

void akin_lower_conv2d_transpose(lowering *lo, const akin_layer *layer, const char *output) {
  const akin_convolution *c = &layer->as.convolution;
  const akin_shape *in = akin_lowering_input_shape(lo, layer, 0);
  const int64_t shape[4] = {in->size[2], c->filters, c->kernel[0], c->kernel[1]}, bias_shape = c->filters;
  const char *inputs[3] = {akin_lowering_input(lo, layer, 0), NULL, NULL};
  int64_t pads[4] = {0}, beyond[2] = {0};
  for (int axis = 0; axis < 2; axis++) { /* TensorFlow's: what is too much goes half in front, the odd one behind */
    const int64_t covered = akin_dilated(c->kernel[axis], c->dilation[axis]);
    const int64_t whole = ((int64_t)in->size[axis] - 1) * c->strides[axis] + covered;
    const int64_t over = whole - layer->shape.size[axis];
    if (over > 0) {
      pads[axis] = over / 2;
      pads[axis + 2] = over - over / 2;
    } else {
      beyond[axis] = -over;
    }
  }
  float *kernel = akin_lowering_read(lo, layer, AKIN_WEIGHT_KERNEL), *bias = convolution_bias(lo, layer, c->filters);
  inputs[1] = akin_lowering_store(lo, layer, AKIN_WEIGHT_KERNEL, kernel, shape, 4);
  inputs[2] = akin_lowering_store(lo, layer, AKIN_WEIGHT_BIAS, bias, &bias_shape, 1);
  akin_free(kernel);
  akin_free(bias);
  akin_graph_node *node = akin_lowering_node(lo, "ConvTranspose", output, inputs, 3);
  akin_graph_set_integers(node, "kernel_shape", &shape[2], 2);
  akin_graph_set_integers(node, "strides", (const int64_t[]){c->strides[0], c->strides[1]}, 2);
  akin_graph_set_integers(node, "pads", pads, 4);
  akin_graph_set_integers(node, "output_padding", beyond, 2);
  akin_graph_set_integers(node, "dilations", (const int64_t[]){convolution_dilation(c, 0), convolution_dilation(c, 1)},
                          2);
}

/* ---- dense ---- */

/* Of a map: a convolution with a kernel of one place, [units, in, 1, 1]. */
static void convolution_dense_of_map(lowering *lo, const akin_layer *layer, const char *inputs[3], size_t count,
                                     const float *kernel, const char *output) {
  const size_t in = layer->weights[0].shape[0], units = layer->weights[0].shape[1];
  const int64_t shape[4] = {(int64_t)units, (int64_t)in, 1, 1};
  float *turned = akin_calloc(in, units * sizeof *turned);
  if (turned) {
    for (size_t i = 0; i < in * units; i++)
      turned[i % units * in + i / units] = kernel[i];
    inputs[1] = akin_lowering_store(lo, layer, AKIN_WEIGHT_KERNEL, turned, shape, 4);
  } else {
    akin_lowering_starve(lo);
  }
  akin_free(turned);
  akin_lowering_node(lo, "Conv", output, inputs, count);
}

static void convolution_dense(lowering *lo, const akin_layer *layer, const char *inputs[3], const float *kernel,
                              const char *output) {
  const int64_t shape[2] = {layer->weights[0].shape[0], layer->weights[0].shape[1]};
  inputs[1] = akin_lowering_store(lo, layer, AKIN_WEIGHT_KERNEL, kernel, shape, 2);
  if (layer->shape.rank == 1) {
    akin_lowering_node(lo, "Gemm", output, inputs, inputs[2] ? 3 : 2);
  } else if (inputs[2]) {
    const char *product =
        akin_lowering_binary(lo, "MatMul", inputs[0], inputs[1], akin_lowering_name(lo, layer->name, "product"));
    akin_lowering_binary(lo, "Add", product, inputs[2], output);
  } else {
    akin_lowering_binary(lo, "MatMul", inputs[0], inputs[1], output);
  }
}

void akin_lower_dense(lowering *lo, const akin_layer *layer, const char *output) {
  const int64_t units = layer->as.dense.units;
  const char *inputs[3] = {akin_lowering_input(lo, layer, 0), NULL, NULL};
  if (layer->as.dense.bias) {
    float *bias = akin_lowering_read(lo, layer, AKIN_WEIGHT_BIAS);
    inputs[2] = akin_lowering_store(lo, layer, AKIN_WEIGHT_BIAS, bias, &units, 1);
    akin_free(bias);
  }
  float *kernel = akin_lowering_read(lo, layer, AKIN_WEIGHT_KERNEL);
  if (lo->status == AKIN_OK && layer->shape.rank == 3)
    convolution_dense_of_map(lo, layer, inputs, inputs[2] ? 3 : 2, kernel, output);
  else if (lo->status == AKIN_OK)
    convolution_dense(lo, layer, inputs, kernel, output);
  akin_free(kernel);
}
