/* layers.c - the table of layer kinds: how many inputs, what shape comes out, which weights (layers.h). */
#include "model/layers.h"

#include "base/error.h"

#include <string.h>

/* ---- shapes ---- */

void akin_padding_of(uint32_t *before, uint32_t *after, akin_padding padding, uint32_t size, uint32_t kernel,
                     uint32_t stride) {
  *before = *after = 0;
  if (padding == AKIN_PADDING_VALID) return;
  const uint32_t covered = (size - 1) / stride * stride + kernel; /* by the windows that SAME wants */
  if (covered <= size) return;
  *before = (covered - size) / 2;
  *after = covered - size - *before;
}

/* Places of a window along an axis; 0 when it does not fit. */
static uint32_t layers_places(akin_padding padding, uint32_t size, uint32_t kernel, uint32_t stride) {
  if (padding == AKIN_PADDING_SAME) return (size - 1) / stride + 1;
  return kernel > size ? 0 : (size - kernel) / stride + 1;
}

static bool layers_convolve(akin_shape *shape, const akin_convolution *c) {
  if (shape->rank != 3 || !c->kernel[0] || !c->kernel[1] || !c->strides[0] || !c->strides[1]) return false;
  shape->size[0] = layers_places(c->padding, shape->size[0], c->kernel[0], c->strides[0]);
  shape->size[1] = layers_places(c->padding, shape->size[1], c->kernel[1], c->strides[1]);
  return shape->size[0] && shape->size[1];
}

static akin_layer_weight *layers_weight(akin_layer *layer, akin_weight_role role, uint32_t rank) {
  akin_layer_weight *weight = &layer->weights[layer->weight_count++];
  weight->role = role;
  weight->rank = rank;
  return weight;
}

static void layers_vector(akin_layer *layer, akin_weight_role role, uint32_t size) {
  layers_weight(layer, role, 1)->shape[0] = size;
}

static void layers_kernel(akin_layer *layer, uint32_t height, uint32_t width, uint32_t in, uint32_t out) {
  akin_layer_weight *weight = layers_weight(layer, AKIN_WEIGHT_KERNEL, 4);
  const uint32_t shape[4] = {height, width, in, out};
  memcpy(weight->shape, shape, sizeof shape);
}

/* ---- kinds: each sets shape and weights from the shapes of its inputs; false when they do not fit ---- */

static bool layers_set_input(akin_layer *layer, const akin_shape *const *inputs) {
  (void)inputs;
  layer->shape = layer->as.input;
  return layer->shape.rank == 3 && layer->shape.size[0] && layer->shape.size[1] && layer->shape.size[2];
}

static bool layers_set_conv2d(akin_layer *layer, const akin_shape *const *inputs) {
  const akin_convolution *c = &layer->as.convolution;
  layer->shape = *inputs[0];
  if (!layers_convolve(&layer->shape, c) || !c->filters) return false;
  layers_kernel(layer, c->kernel[0], c->kernel[1], layer->shape.size[2], c->filters);
  if (c->bias) layers_vector(layer, AKIN_WEIGHT_BIAS, c->filters);
  layer->shape.size[2] = c->filters;
  return true;
}

static bool layers_set_depthwise_conv2d(akin_layer *layer, const akin_shape *const *inputs) {
  const akin_convolution *c = &layer->as.convolution;
  layer->shape = *inputs[0];
  if (!layers_convolve(&layer->shape, c)) return false;
  layers_kernel(layer, c->kernel[0], c->kernel[1], layer->shape.size[2], 1);
  if (c->bias) layers_vector(layer, AKIN_WEIGHT_BIAS, layer->shape.size[2]);
  return true;
}

static bool layers_set_batch_normalization(akin_layer *layer, const akin_shape *const *inputs) {
  layer->shape = *inputs[0];
  const uint32_t channels = layer->shape.size[layer->shape.rank - 1];
  layers_vector(layer, AKIN_WEIGHT_GAMMA, channels);
  layers_vector(layer, AKIN_WEIGHT_BETA, channels);
  layers_vector(layer, AKIN_WEIGHT_MOVING_MEAN, channels);
  layers_vector(layer, AKIN_WEIGHT_MOVING_VARIANCE, channels);
  return layer->as.batch_normalization.epsilon >= 0;
}

static bool layers_set_same_shape(akin_layer *layer, const akin_shape *const *inputs) {
  layer->shape = *inputs[0];
  return true;
}

static bool layers_set_add(akin_layer *layer, const akin_shape *const *inputs) {
  layer->shape = *inputs[0];
  return inputs[0]->rank == inputs[1]->rank &&
         memcmp(inputs[0]->size, inputs[1]->size, inputs[0]->rank * sizeof *inputs[0]->size) == 0;
}

static bool layers_set_global_average_pooling2d(akin_layer *layer, const akin_shape *const *inputs) {
  layer->shape = (akin_shape){1, {inputs[0]->size[2]}};
  return inputs[0]->rank == 3;
}

static bool layers_set_dense(akin_layer *layer, const akin_shape *const *inputs) {
  const uint32_t units = layer->as.dense.units;
  if (inputs[0]->rank != 1 || !units) return false;
  akin_layer_weight *kernel = layers_weight(layer, AKIN_WEIGHT_KERNEL, 2);
  kernel->shape[0] = inputs[0]->size[0];
  kernel->shape[1] = units;
  if (layer->as.dense.bias) layers_vector(layer, AKIN_WEIGHT_BIAS, units);
  layer->shape = (akin_shape){1, {units}};
  return true;
}

typedef struct layers_kind {
  const char *class_name;
  size_t inputs;
  bool (*set)(akin_layer *layer, const akin_shape *const *inputs);
} layers_kind;

#define LAYERS_INPUTS 2 /* the most that a kind has */

static const layers_kind layers_kinds[] = {
    [AKIN_LAYER_INPUT] = {"InputLayer", 0, layers_set_input},
    [AKIN_LAYER_CONV2D] = {"Conv2D", 1, layers_set_conv2d},
    [AKIN_LAYER_DEPTHWISE_CONV2D] = {"DepthwiseConv2D", 1, layers_set_depthwise_conv2d},
    [AKIN_LAYER_BATCH_NORMALIZATION] = {"BatchNormalization", 1, layers_set_batch_normalization},
    [AKIN_LAYER_RELU] = {"ReLU", 1, layers_set_same_shape},
    [AKIN_LAYER_ADD] = {"Add", 2, layers_set_add},
    [AKIN_LAYER_GLOBAL_AVERAGE_POOLING2D] = {"GlobalAveragePooling2D", 1, layers_set_global_average_pooling2d},
    [AKIN_LAYER_DROPOUT] = {"Dropout", 1, layers_set_same_shape},
    [AKIN_LAYER_DENSE] = {"Dense", 1, layers_set_dense},
};

/* ---- the list ---- */

static akin_status layers_make_room(akin_layers *layers, akin_error *err) {
  if (layers->count < layers->room) return AKIN_OK;
  const size_t room = layers->room ? 2 * layers->room : 64;
  akin_layer *grown = akin_arena_array(&layers->arena, room, sizeof *grown);
  if (!grown) return akin_fail_memory(err, room * sizeof *grown);
  if (layers->count) memcpy(grown, layers->at, layers->count * sizeof *grown);
  layers->at = grown;
  layers->room = room;
  return AKIN_OK;
}

static akin_status layers_resolve(akin_layers *layers, akin_layer *layer, akin_error *err) {
  const layers_kind *kind = &layers_kinds[layer->kind];
  const akin_shape *shapes[LAYERS_INPUTS] = {NULL};
  bool fits = layer->input_count == kind->inputs;
  for (size_t i = 0; fits && i < layer->input_count; i++) {
    fits = layer->inputs[i] < layers->count;
    if (fits) shapes[i] = &layers->at[layer->inputs[i]].shape;
  }
  if (fits && kind->set(layer, shapes)) return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_USAGE, "layer %s: a %s cannot stand there", layer->name, kind->class_name);
}

akin_status akin_layers_add(akin_layers *layers, const akin_layer *layer, const size_t *inputs, size_t input_count,
                            akin_error *err) {
  if (akin_layers_find(layers, layer->name) != layers->count)
    return akin_fail(err, AKIN_ERROR_USAGE, "two layers are named %s", layer->name);
  akin_status status = layers_make_room(layers, err);
  if (status != AKIN_OK) return status;
  akin_layer *added = &layers->at[layers->count];
  *added = *layer;
  size_t *own_inputs = akin_arena_array(&layers->arena, input_count, sizeof *own_inputs);
  added->name = akin_arena_text(&layers->arena, layer->name, strlen(layer->name));
  if (!own_inputs || !added->name) return akin_fail_memory(err, strlen(layer->name) + 1);
  if (input_count) memcpy(own_inputs, inputs, input_count * sizeof *inputs);
  added->inputs = own_inputs;
  added->input_count = input_count;
  added->weight_count = 0;
  status = layers_resolve(layers, added, err);
  if (status == AKIN_OK) layers->count++;
  return status;
}

void akin_layers_free(akin_layers *layers) {
  akin_arena_free(&layers->arena);
  *layers = (akin_layers)AKIN_LAYERS_INIT;
}

const char *akin_layer_class(akin_layer_kind kind) {
  return layers_kinds[kind].class_name;
}

const char *akin_weight_role_name(akin_weight_role role) {
  static const char *const names[] = {
      [AKIN_WEIGHT_KERNEL] = "kernel",
      [AKIN_WEIGHT_BIAS] = "bias",
      [AKIN_WEIGHT_GAMMA] = "gamma",
      [AKIN_WEIGHT_BETA] = "beta",
      [AKIN_WEIGHT_MOVING_MEAN] = "moving_mean",
      [AKIN_WEIGHT_MOVING_VARIANCE] = "moving_variance",
  };
  return names[role];
}

uint64_t akin_layer_weight_count(const akin_layer_weight *w) {
  uint64_t count = 1;
  for (uint32_t i = 0; i < w->rank; i++)
    count *= w->shape[i];
  return count;
}

uint64_t akin_layer_parameters(const akin_layer *layer) {
  uint64_t count = 0;
  for (size_t i = 0; i < layer->weight_count; i++)
    count += akin_layer_weight_count(&layer->weights[i]);
  return count;
}

bool akin_layer_is_identity(const akin_layer *layer) {
  return layer->kind == AKIN_LAYER_DROPOUT;
}

size_t akin_layers_find(const akin_layers *layers, const char *name) {
  for (size_t i = 0; i < layers->count; i++)
    if (strcmp(layers->at[i].name, name) == 0) return i;
  return layers->count;
}
