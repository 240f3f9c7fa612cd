/* lower.c - the table of lowerings, one a kind of layer (lower.h). */
#include "model/lower.h"

#include "base/error.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

#define LOWER_ALIGNMENT 64u

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "ONNX's external data is little-endian");

typedef struct lowering {
  akin_graph *graph;
  const akin_layers *layers;
  const akin_weight_source *source;
  akin_file_writer *weights;
  size_t *folded; /* [layers]: of a convolution, the batch normalization folded into it; else layers->count */
  akin_error *err;
} lowering;

/* ---- weights ---- */

static const akin_layer_weight *lower_weight(const akin_layer *layer, akin_weight_role role, size_t *number) {
  for (size_t i = 0; i < layer->weight_count; i++) {
    if (layer->weights[i].role != role) continue;
    *number = i;
    return &layer->weights[i];
  }
  return NULL;
}

/* *out: a new array of the weight's numbers, to akin_free. */
static akin_status lower_read(lowering *lo, float **out, const akin_layer *layer, akin_weight_role role) {
  size_t number = 0, bytes = 0;
  const akin_layer_weight *w = lower_weight(layer, role, &number);
  float *values = akin_multiply(&bytes, akin_layer_weight_count(w), sizeof *values) ? akin_alloc(bytes) : NULL;
  if (!values) return akin_fail_memory(lo->err, bytes);
  akin_status status = lo->source->read(lo->source->context, layer, number, values, lo->err);
  if (status == AKIN_OK)
    *out = values;
  else
    akin_free(values);
  return status;
}

/* Adds LAYER/role to the graph and its numbers to the weights file; *name is the tensor's. */
static akin_status lower_store(lowering *lo, const char **name, const akin_layer *layer, akin_weight_role role,
                               const float *values, const int64_t *shape, uint32_t rank) {
  static const char zeros[LOWER_ALIGNMENT];
  const size_t beyond = akin_file_writer_size(lo->weights) % LOWER_ALIGNMENT;
  akin_status status = AKIN_OK;
  if (beyond) status = akin_file_writer_write(lo->weights, zeros, LOWER_ALIGNMENT - beyond, lo->err);
  if (status != AKIN_OK) return status;
  char *text = akin_format("%s/%s", layer->name, akin_weight_role_name(role));
  akin_graph_tensor *tensor = text ? akin_graph_add_tensor(lo->graph, text, shape, rank) : NULL;
  akin_free(text);
  if (!tensor) return akin_fail_memory(lo->err, strlen(layer->name));
  tensor->offset = akin_file_writer_size(lo->weights);
  *name = tensor->name;
  return akin_file_writer_write(lo->weights, values, (size_t)tensor->bytes, lo->err);
}

/* ---- folding ---- */

typedef struct lower_statistics {
  float *gamma, *beta, *mean, *variance; /* [channels] */
} lower_statistics;

static void lower_statistics_free(lower_statistics *s) {
  akin_free(s->gamma);
  akin_free(s->beta);
  akin_free(s->mean);
  akin_free(s->variance);
}

static akin_status lower_read_statistics(lowering *lo, lower_statistics *s, const akin_layer *bn) {
  akin_status status = lower_read(lo, &s->gamma, bn, AKIN_WEIGHT_GAMMA);
  if (status == AKIN_OK) status = lower_read(lo, &s->beta, bn, AKIN_WEIGHT_BETA);
  if (status == AKIN_OK) status = lower_read(lo, &s->mean, bn, AKIN_WEIGHT_MOVING_MEAN);
  if (status == AKIN_OK) status = lower_read(lo, &s->variance, bn, AKIN_WEIGHT_MOVING_VARIANCE);
  return status;
}

/* kernel: [channels, each]; bias: [channels]. Sums in double. False when a result is not finite. */
static bool lower_fold(float *kernel, float *bias, size_t channels, size_t each, const lower_statistics *s,
                       double epsilon) {
  bool finite = true;
  for (size_t c = 0; c < channels; c++) {
    const double scale = s->gamma[c] / sqrt(s->variance[c] + epsilon);
    bias[c] = (float)(s->beta[c] + ((double)bias[c] - s->mean[c]) * scale);
    finite = finite && isfinite(scale) && isfinite(bias[c]);
    for (size_t i = c * each; i < (c + 1) * each; i++) {
      kernel[i] = (float)(kernel[i] * scale);
      finite = finite && isfinite(kernel[i]);
    }
  }
  return finite;
}

static akin_status lower_fold_in(lowering *lo, float *kernel, float *bias, size_t channels, size_t each,
                                 const akin_layer *bn) {
  lower_statistics statistics = {NULL, NULL, NULL, NULL};
  akin_status status = lower_read_statistics(lo, &statistics, bn);
  if (status == AKIN_OK && !lower_fold(kernel, bias, channels, each, &statistics, bn->as.batch_normalization.epsilon)) {
    status = akin_fail(lo->err, AKIN_ERROR_FORMAT,
                       "layer %s: its variances are negative, or too small for its other weights", bn->name);
  }
  lower_statistics_free(&statistics);
  return status;
}

/* Finds the batch normalizations that can be folded: alone behind a convolution. */
static void lower_find_folds(lowering *lo, size_t *readers) {
  const akin_layers *layers = lo->layers;
  for (size_t i = 0; i < layers->count; i++) {
    lo->folded[i] = layers->count;
    for (size_t k = 0; k < layers->at[i].input_count; k++)
      readers[layers->at[i].inputs[k]]++;
  }
  for (size_t i = 0; i < layers->count; i++) {
    if (layers->at[i].kind != AKIN_LAYER_BATCH_NORMALIZATION) continue;
    const size_t input = layers->at[i].inputs[0];
    const akin_layer_kind kind = layers->at[input].kind;
    const bool convolution = kind == AKIN_LAYER_CONV2D || kind == AKIN_LAYER_DEPTHWISE_CONV2D;
    if (convolution && readers[input] == 1) lo->folded[input] = i;
  }
}

/* ---- nodes ---- */

static const char *lower_input(const lowering *lo, const akin_layer *layer, size_t number) {
  return lo->layers->at[akin_lower_standing(lo->layers, layer->inputs[number])].name;
}

static akin_graph_node *lower_node(lowering *lo, const char *operation, const char *output, const char *const *inputs,
                                   size_t count) {
  akin_graph_node *node = akin_graph_add_node(lo->graph, operation, output, inputs, count);
  if (!node) akin_fail_memory(lo->err, strlen(output));
  return node;
}

/* A constant scalar that many nodes share. */
static akin_status lower_scalar(lowering *lo, const char **name, double value) {
  char *text = akin_format("scalar/%.9g", value);
  if (!text) return akin_fail_memory(lo->err, 16);
  const akin_graph_tensor *tensor = akin_graph_find_tensor(lo->graph, text);
  if (!tensor) {
    float *number = akin_arena_alloc(&lo->graph->arena, sizeof *number);
    akin_graph_tensor *added = number ? akin_graph_add_tensor(lo->graph, text, NULL, 0) : NULL;
    if (added) {
      *number = (float)value;
      added->values = number;
    }
    tensor = added;
  }
  akin_free(text);
  if (!tensor) return akin_fail_memory(lo->err, sizeof(float));
  *name = tensor->name;
  return AKIN_OK;
}

static akin_status lower_convolution_node(lowering *lo, const akin_layer *layer, const char *output, const char *kernel,
                                          const char *bias, int64_t groups) {
  const akin_convolution *c = &layer->as.convolution;
  const akin_shape *in = &lo->layers->at[layer->inputs[0]].shape;
  uint32_t before[2] = {0}, after[2] = {0};
  for (int axis = 0; axis < 2; axis++)
    akin_padding_of(&before[axis], &after[axis], c->padding, in->size[axis], c->kernel[axis], c->strides[axis]);
  const char *inputs[] = {lower_input(lo, layer, 0), kernel, bias};
  akin_graph_node *node = lower_node(lo, "Conv", output, inputs, 3);
  if (!node) return AKIN_ERROR_MEMORY;
  node->name = akin_arena_text(&lo->graph->arena, layer->name, strlen(layer->name));
  if (!node->name) return akin_fail_memory(lo->err, strlen(layer->name) + 1);
  akin_graph_set_integers(node, "kernel_shape", (const int64_t[]){c->kernel[0], c->kernel[1]}, 2);
  akin_graph_set_integers(node, "strides", (const int64_t[]){c->strides[0], c->strides[1]}, 2);
  akin_graph_set_integers(node, "pads", (const int64_t[]){before[0], before[1], after[0], after[1]}, 4);
  akin_graph_set_integer(node, "group", groups);
  return AKIN_OK;
}

/* ---- kinds ---- */

static akin_status lower_convolution(lowering *lo, const akin_layer *layer) {
  const akin_convolution *c = &layer->as.convolution;
  const bool depthwise = layer->kind == AKIN_LAYER_DEPTHWISE_CONV2D;
  const size_t fold = lo->folded[layer - lo->layers->at], channels = layer->shape.size[2];
  const int64_t inputs = depthwise ? 1 : lo->layers->at[layer->inputs[0]].shape.size[2];
  const int64_t shape[4] = {(int64_t)channels, inputs, c->kernel[0], c->kernel[1]};
  const akin_layer *bn = fold < lo->layers->count ? &lo->layers->at[fold] : NULL;
  float *kernel = NULL, *bias = NULL;
  const char *kernel_name = NULL, *bias_name = NULL;
  akin_status status = lower_read(lo, &kernel, layer, AKIN_WEIGHT_KERNEL);
  if (status == AKIN_OK && c->bias) status = lower_read(lo, &bias, layer, AKIN_WEIGHT_BIAS);
  if (status == AKIN_OK && !bias) {
    bias = akin_calloc(channels, sizeof *bias);
    if (!bias) status = akin_fail_memory(lo->err, channels * sizeof *bias);
  }
  if (status == AKIN_OK && bn)
    status = lower_fold_in(lo, kernel, bias, channels, (size_t)inputs * c->kernel[0] * c->kernel[1], bn);
  if (status == AKIN_OK) status = lower_store(lo, &kernel_name, layer, AKIN_WEIGHT_KERNEL, kernel, shape, 4);
  if (status == AKIN_OK) status = lower_store(lo, &bias_name, layer, AKIN_WEIGHT_BIAS, bias, shape, 1);
  akin_free(kernel);
  akin_free(bias);
  if (status != AKIN_OK) return status;
  return lower_convolution_node(lo, layer, bn ? bn->name : layer->name, kernel_name, bias_name,
                                depthwise ? (int64_t)channels : 1);
}

static akin_status lower_input_layer(lowering *lo, const akin_layer *layer) {
  int64_t shape[AKIN_GRAPH_RANK] = {0};
  const uint32_t rank = akin_lower_shape(shape, &layer->shape);
  if (akin_graph_set_value(lo->graph, &lo->graph->input, layer->name, shape, rank)) return AKIN_OK;
  return akin_fail_memory(lo->err, strlen(layer->name) + 1);
}

static akin_status lower_batch_normalization(lowering *lo, const akin_layer *layer) {
  if (akin_graph_computes(lo->graph, layer->name)) return AKIN_OK; /* by the convolution that it is folded into */
  return akin_fail(lo->err, AKIN_ERROR_UNSUPPORTED,
                   "layer %s: a BatchNormalization that does not stand alone behind a convolution", layer->name);
}

static akin_status lower_relu(lowering *lo, const akin_layer *layer) {
  const char *inputs[3] = {lower_input(lo, layer, 0), NULL, NULL};
  if (layer->as.relu.max <= 0) return lower_node(lo, "Relu", layer->name, inputs, 1) ? AKIN_OK : AKIN_ERROR_MEMORY;
  akin_status status = lower_scalar(lo, &inputs[1], 0);
  if (status == AKIN_OK) status = lower_scalar(lo, &inputs[2], layer->as.relu.max);
  if (status != AKIN_OK) return status;
  return lower_node(lo, "Clip", layer->name, inputs, 3) ? AKIN_OK : AKIN_ERROR_MEMORY;
}

static akin_status lower_add(lowering *lo, const akin_layer *layer) {
  const char *inputs[] = {lower_input(lo, layer, 0), lower_input(lo, layer, 1)};
  return lower_node(lo, "Add", layer->name, inputs, 2) ? AKIN_OK : AKIN_ERROR_MEMORY;
}

static akin_status lower_global_average_pooling2d(lowering *lo, const akin_layer *layer) {
  return akin_lower_pool(lo->graph, "GlobalAveragePool", lower_input(lo, layer, 0), layer->name, lo->err);
}

static akin_status lower_dropout(lowering *lo, const akin_layer *layer) {
  (void)lo;
  (void)layer; /* akin_lower_standing sees to it */
  return AKIN_OK;
}

static akin_status lower_dense(lowering *lo, const akin_layer *layer) {
  const int64_t shape[2] = {layer->weights[0].shape[0], layer->weights[0].shape[1]};
  const char *inputs[3] = {lower_input(lo, layer, 0), NULL, NULL};
  float *kernel = NULL, *bias = NULL;
  akin_status status = lower_read(lo, &kernel, layer, AKIN_WEIGHT_KERNEL);
  if (status == AKIN_OK) status = lower_store(lo, &inputs[1], layer, AKIN_WEIGHT_KERNEL, kernel, shape, 2);
  if (status == AKIN_OK && layer->as.dense.bias) status = lower_read(lo, &bias, layer, AKIN_WEIGHT_BIAS);
  if (status == AKIN_OK && bias) status = lower_store(lo, &inputs[2], layer, AKIN_WEIGHT_BIAS, bias, &shape[1], 1);
  akin_free(kernel);
  akin_free(bias);
  if (status != AKIN_OK) return status;
  return lower_node(lo, "Gemm", layer->name, inputs, inputs[2] ? 3 : 2) ? AKIN_OK : AKIN_ERROR_MEMORY;
}

static akin_status (*const lower_kinds[])(lowering *lo, const akin_layer *layer) = {
    [AKIN_LAYER_INPUT] = lower_input_layer,
    [AKIN_LAYER_CONV2D] = lower_convolution,
    [AKIN_LAYER_DEPTHWISE_CONV2D] = lower_convolution,
    [AKIN_LAYER_BATCH_NORMALIZATION] = lower_batch_normalization,
    [AKIN_LAYER_RELU] = lower_relu,
    [AKIN_LAYER_ADD] = lower_add,
    [AKIN_LAYER_GLOBAL_AVERAGE_POOLING2D] = lower_global_average_pooling2d,
    [AKIN_LAYER_DROPOUT] = lower_dropout,
    [AKIN_LAYER_DENSE] = lower_dense,
};

/* ---- the whole ---- */

uint32_t akin_lower_shape(int64_t out[AKIN_GRAPH_RANK], const akin_shape *shape) {
  out[0] = 1;
  out[1] = shape->size[shape->rank - 1]; /* channels, or units */
  if (shape->rank == 1) return 2;
  out[2] = shape->size[0];
  out[3] = shape->size[1];
  return 4;
}

size_t akin_lower_standing(const akin_layers *layers, size_t layer) {
  while (akin_layer_is_identity(&layers->at[layer]))
    layer = layers->at[layer].inputs[0];
  return layer;
}

akin_status akin_lower_pool(akin_graph *graph, const char *operation, const char *input, const char *output,
                            akin_error *err) {
  char *map = akin_format("%s/map", output);
  akin_graph_node *flatten = NULL;
  if (map && akin_graph_add_node(graph, operation, map, &input, 1))
    flatten = akin_graph_add_node(graph, "Flatten", output, (const char *const[]){map}, 1);
  akin_free(map);
  if (!flatten) return akin_fail_memory(err, strlen(output));
  akin_graph_set_integer(flatten, "axis", 1);
  return AKIN_OK;
}

static akin_status lower_output(lowering *lo) {
  int64_t shape[AKIN_GRAPH_RANK] = {0};
  const akin_layer *last = &lo->layers->at[akin_lower_standing(lo->layers, lo->layers->count - 1)];
  const uint32_t rank = akin_lower_shape(shape, &last->shape);
  if (akin_graph_set_value(lo->graph, &lo->graph->output, last->name, shape, rank)) return AKIN_OK;
  return akin_fail_memory(lo->err, strlen(last->name) + 1);
}

akin_status akin_lower(akin_graph *graph, const akin_layers *layers, const akin_weight_source *source,
                       akin_file_writer *weights, akin_error *err) {
  size_t *places = akin_calloc(layers->count, 2 * sizeof *places);
  if (!places) return akin_fail_memory(err, layers->count * 2 * sizeof *places);
  lowering lo = {graph, layers, source, weights, places, err};
  lower_find_folds(&lo, places + layers->count);
  akin_status status = AKIN_OK;
  for (size_t i = 0; i < layers->count && status == AKIN_OK; i++)
    status = lower_kinds[layers->at[i].kind](&lo, &layers->at[i]);
  if (status == AKIN_OK) status = lower_output(&lo);
  akin_free(places);
  return status;
}
