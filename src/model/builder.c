/* builder.c - thin wrappers of akin_layers_add (builder.h). */
#include "model/builder.h"

#include "base/error.h"
#include "base/memory.h"
#include "model/binding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BUILDER_TEXT 128

const char *akin_builder_text(akin_builder *b, const char *format, ...) {
  if (b->status != AKIN_OK) return "";
  char text[BUILDER_TEXT];
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  char *copy = length >= 0 && length < BUILDER_TEXT ? akin_arena_text(&b->layers->arena, text, (size_t)length) : NULL;
  if (!copy) b->status = akin_fail_memory(b->err, BUILDER_TEXT);
  return copy ? copy : "";
}

static size_t builder_add(akin_builder *b, const akin_layer *layer, const size_t *inputs, size_t input_count,
                          const char *torch) {
  if (b->status != AKIN_OK) return 0;
  b->status = akin_layers_add(b->layers, layer, inputs, input_count, b->err);
  if (b->status != AKIN_OK) return 0;
  const size_t added = b->layers->count - 1;
  if (!torch && b->layers->modules) torch = layer->name;
  if (torch) b->status = akin_binding_torch(b->layers, added, torch, b->err);
  return added;
}

size_t akin_builder_layer(akin_builder *b, const akin_layer *layer, const size_t *inputs, size_t input_count) {
  return builder_add(b, layer, inputs, input_count, NULL);
}

size_t akin_builder_activated(akin_builder *b, size_t layer, akin_activation_kind activation) {
  if (b->status == AKIN_OK) b->layers->at[layer].activation.kind = activation;
  return layer;
}

/* A layer of one input that has no settings but these. */
static size_t builder_add_plain(akin_builder *b, size_t input, const char *name, akin_layer_kind kind) {
  const akin_layer layer = {.name = name, .kind = kind};
  return builder_add(b, &layer, &input, 1, NULL);
}

/* ---- with weights ---- */

size_t akin_builder_input(akin_builder *b, uint32_t height, uint32_t width) {
  const akin_layer layer = {.name = "input", .kind = AKIN_LAYER_INPUT, .as.input = {3, {height, width, 3}}};
  return builder_add(b, &layer, NULL, 0, NULL);
}

static size_t builder_add_convolution(akin_builder *b, size_t input, const char *name, akin_layer_kind kind,
                                      const akin_convolution *settings, const char *torch) {
  const akin_layer layer = {.name = name, .kind = kind, .as.convolution = *settings};
  return builder_add(b, &layer, &input, 1, torch);
}

size_t akin_builder_conv2d(akin_builder *b, size_t input, const char *name, const akin_convolution *settings,
                           const char *torch) {
  return builder_add_convolution(b, input, name, AKIN_LAYER_CONV2D, settings, torch);
}

size_t akin_builder_depthwise_conv2d(akin_builder *b, size_t input, const char *name, const akin_convolution *settings,
                                     const char *torch) {
  return builder_add_convolution(b, input, name, AKIN_LAYER_DEPTHWISE_CONV2D, settings, torch);
}

size_t akin_builder_separable_conv2d(akin_builder *b, size_t input, const char *name,
                                     const akin_convolution *settings) {
  return builder_add_convolution(b, input, name, AKIN_LAYER_SEPARABLE_CONV2D, settings, NULL);
}

size_t akin_builder_dense(akin_builder *b, size_t input, const char *name, uint32_t units, const char *torch) {
  const akin_layer layer = {.name = name, .kind = AKIN_LAYER_DENSE, .as.dense = {units, true}};
  return builder_add(b, &layer, &input, 1, torch);
}

size_t akin_builder_batch_normalization(akin_builder *b, size_t input, const char *name, double epsilon,
                                        const char *torch) {
  const akin_layer layer = {.name = name, .kind = AKIN_LAYER_BATCH_NORMALIZATION, .as.normalization.epsilon = epsilon};
  return builder_add(b, &layer, &input, 1, torch);
}

size_t akin_builder_batch_normalization_unscaled(akin_builder *b, size_t input, const char *name, double epsilon) {
  const akin_layer layer = {
      .name = name, .kind = AKIN_LAYER_BATCH_NORMALIZATION, .as.normalization = {.epsilon = epsilon, .no_scale = true}};
  return builder_add(b, &layer, &input, 1, NULL);
}

size_t akin_builder_layer_normalization(akin_builder *b, size_t input, const char *name, double epsilon) {
  const akin_layer layer = {.name = name, .kind = AKIN_LAYER_LAYER_NORMALIZATION, .as.normalization.epsilon = epsilon};
  return builder_add(b, &layer, &input, 1, NULL);
}

size_t akin_builder_normalization(akin_builder *b, size_t input, const char *name, const float mean[3],
                                  const float variance[3]) {
  const akin_layer layer = {.name = name,
                            .kind = AKIN_LAYER_NORMALIZATION,
                            .as.standard = {.mean = {mean, {1, {3}}}, .variance = {variance, {1, {3}}}}};
  return builder_add(b, &layer, &input, 1, NULL);
}

size_t akin_builder_layer_scale(akin_builder *b, size_t input, const char *name) {
  return builder_add_plain(b, input, name, AKIN_LAYER_LAYER_SCALE);
}

/* ---- activations ---- */

size_t akin_builder_relu(akin_builder *b, size_t input, const char *name, double max) {
  const akin_layer layer = {.name = name,
                            .kind = AKIN_LAYER_ACTIVATION,
                            .class_name = "ReLU",
                            .activation = {.kind = AKIN_ACTIVATION_RELU, .max = max}};
  return builder_add(b, &layer, &input, 1, NULL);
}

size_t akin_builder_activation(akin_builder *b, size_t input, const char *name, akin_activation_kind activation) {
  const akin_layer layer = {.name = name, .kind = AKIN_LAYER_ACTIVATION, .activation.kind = activation};
  return builder_add(b, &layer, &input, 1, NULL);
}

/* ---- maps ---- */

static size_t builder_add_pooling(akin_builder *b, size_t input, const char *name, akin_layer_kind kind, uint32_t pool,
                                  uint32_t stride, akin_padding padding) {
  const akin_layer layer = {.name = name, .kind = kind, .as.pooling = {{pool, pool}, {stride, stride}, padding}};
  return builder_add(b, &layer, &input, 1, NULL);
}

size_t akin_builder_max_pooling2d(akin_builder *b, size_t input, const char *name, uint32_t pool, uint32_t stride,
                                  akin_padding padding) {
  return builder_add_pooling(b, input, name, AKIN_LAYER_MAX_POOLING2D, pool, stride, padding);
}

size_t akin_builder_average_pooling2d(akin_builder *b, size_t input, const char *name, uint32_t pool, uint32_t stride,
                                      akin_padding padding) {
  return builder_add_pooling(b, input, name, AKIN_LAYER_AVERAGE_POOLING2D, pool, stride, padding);
}

size_t akin_builder_global_average_pooling2d(akin_builder *b, size_t input, const char *name) {
  return builder_add_plain(b, input, name, AKIN_LAYER_GLOBAL_AVERAGE_POOLING2D);
}

size_t akin_builder_global_average_pooling2d_map(akin_builder *b, size_t input, const char *name) {
  const akin_layer layer = {
      .name = name, .kind = AKIN_LAYER_GLOBAL_AVERAGE_POOLING2D, .as.global_pooling.keepdims = true};
  return builder_add(b, &layer, &input, 1, NULL);
}

size_t akin_builder_adaptive_average_pooling2d(akin_builder *b, size_t input, const char *name, uint32_t height,
                                               uint32_t width) {
  const akin_layer layer = {
      .name = name, .kind = AKIN_LAYER_ADAPTIVE_AVERAGE_POOLING2D, .as.resizing = {.height = height, .width = width}};
  return builder_add(b, &layer, &input, 1, NULL);
}

size_t akin_builder_zero_padding2d(akin_builder *b, size_t input, const char *name, akin_margins margins) {
  const akin_layer layer = {.name = name, .kind = AKIN_LAYER_ZERO_PADDING2D, .as.margins = margins};
  return builder_add(b, &layer, &input, 1, NULL);
}

size_t akin_builder_cropping2d(akin_builder *b, size_t input, const char *name, akin_margins margins) {
  const akin_layer layer = {.name = name, .kind = AKIN_LAYER_CROPPING2D, .as.margins = margins};
  return builder_add(b, &layer, &input, 1, NULL);
}

/* ---- arithmetic ---- */

static size_t builder_add_pair(akin_builder *b, size_t first, size_t second, const char *name,
                               akin_operation operation) {
  const akin_layer layer = {.name = name, .kind = AKIN_LAYER_ARITHMETIC, .as.arithmetic.operation = operation};
  const size_t inputs[2] = {first, second};
  return builder_add(b, &layer, inputs, 2, NULL);
}

size_t akin_builder_add(akin_builder *b, size_t first, size_t second, const char *name) {
  return builder_add_pair(b, first, second, name, AKIN_OPERATION_ADD);
}

size_t akin_builder_multiply(akin_builder *b, size_t first, size_t second, const char *name) {
  return builder_add_pair(b, first, second, name, AKIN_OPERATION_MULTIPLY);
}

size_t akin_builder_plus(akin_builder *b, size_t first, size_t second, const char *name) {
  const size_t sum = akin_builder_add(b, first, second, name);
  if (b->status == AKIN_OK) b->layers->at[sum].is_operation = true;
  return sum;
}

size_t akin_builder_scalar(akin_builder *b, size_t input, const char *name, akin_operation operation, double value) {
  const float number = (float)value;
  const akin_layer layer = {.name = name,
                            .kind = AKIN_LAYER_ARITHMETIC,
                            .is_operation = true,
                            .as.arithmetic = {.operation = operation, .constant = {&number, {0}}}};
  return builder_add(b, &layer, &input, 1, NULL);
}

size_t akin_builder_concatenate(akin_builder *b, const size_t *inputs, size_t count, const char *name) {
  const akin_layer layer = {.name = name, .kind = AKIN_LAYER_CONCATENATE, .as.concatenate.axis = -1};
  return builder_add(b, &layer, inputs, count, NULL);
}

size_t akin_builder_custom_scale(akin_builder *b, size_t first, size_t second, const char *name, double scale) {
  const akin_layer layer = {.name = name, .kind = AKIN_LAYER_CUSTOM_SCALE, .as.custom_scale.scale = scale};
  const size_t inputs[2] = {first, second};
  return builder_add(b, &layer, inputs, 2, NULL);
}

size_t akin_builder_rescaling(akin_builder *b, size_t input, const char *name, double scale, double offset) {
  const float numbers[2] = {(float)scale, (float)offset};
  const akin_layer layer = {.name = name,
                            .kind = AKIN_LAYER_RESCALING,
                            .as.rescaling = {.scale = {&numbers[0], {0}}, .offset = {&numbers[1], {0}}}};
  return builder_add(b, &layer, &input, 1, NULL);
}

/* ---- forms ---- */

size_t akin_builder_flatten(akin_builder *b, size_t input, const char *name) {
  return builder_add_plain(b, input, name, AKIN_LAYER_FLATTEN);
}

size_t akin_builder_reshape(akin_builder *b, size_t input, const char *name, const akin_shape *shape) {
  akin_layer layer = {.name = name, .kind = AKIN_LAYER_RESHAPE, .as.reshape.rank = shape->rank};
  for (uint32_t i = 0; i < shape->rank; i++)
    layer.as.reshape.size[i] = (int32_t)shape->size[i];
  return builder_add(b, &layer, &input, 1, NULL);
}

size_t akin_builder_channels_first(akin_builder *b, size_t input, const char *name) {
  const akin_layer layer = {.name = name, .kind = AKIN_LAYER_PERMUTE, .as.permute = {3, {2, 0, 1}}};
  return builder_add(b, &layer, &input, 1, NULL);
}

size_t akin_builder_dropout(akin_builder *b, size_t input, const char *name) {
  return builder_add_plain(b, input, name, AKIN_LAYER_DROPOUT);
}

size_t akin_builder_sequential(akin_builder *b, size_t input, const char *name) {
  const akin_layer layer = {.name = name, .kind = AKIN_LAYER_DROPOUT, .class_name = AKIN_SEQUENTIAL};
  return builder_add(b, &layer, &input, 1, NULL);
}
