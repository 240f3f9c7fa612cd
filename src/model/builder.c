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
  if (torch) b->status = akin_binding_torch(b->layers, added, torch, b->err);
  return added;
}

size_t akin_builder_input(akin_builder *b, uint32_t height, uint32_t width) {
  const akin_layer layer = {.name = "input", .kind = AKIN_LAYER_INPUT, .as.input = {3, {height, width, 3}}};
  return builder_add(b, &layer, NULL, 0, NULL);
}

size_t akin_builder_conv2d(akin_builder *b, size_t input, const char *name, const akin_convolution *settings,
                           const char *torch) {
  const akin_layer layer = {.name = name, .kind = AKIN_LAYER_CONV2D, .as.convolution = *settings};
  return builder_add(b, &layer, &input, 1, torch);
}

size_t akin_builder_depthwise_conv2d(akin_builder *b, size_t input, const char *name, const akin_convolution *settings,
                                     const char *torch) {
  const akin_layer layer = {.name = name, .kind = AKIN_LAYER_DEPTHWISE_CONV2D, .as.convolution = *settings};
  return builder_add(b, &layer, &input, 1, torch);
}

size_t akin_builder_batch_normalization(akin_builder *b, size_t input, const char *name, double epsilon,
                                        const char *torch) {
  const akin_layer layer = {
      .name = name, .kind = AKIN_LAYER_BATCH_NORMALIZATION, .as.batch_normalization.epsilon = epsilon};
  return builder_add(b, &layer, &input, 1, torch);
}

size_t akin_builder_relu(akin_builder *b, size_t input, const char *name, double max) {
  const akin_layer layer = {.name = name, .kind = AKIN_LAYER_RELU, .as.relu.max = max};
  return builder_add(b, &layer, &input, 1, NULL);
}

size_t akin_builder_add(akin_builder *b, size_t first, size_t second, const char *name) {
  const akin_layer layer = {.name = name, .kind = AKIN_LAYER_ADD};
  const size_t inputs[2] = {first, second};
  return builder_add(b, &layer, inputs, 2, NULL);
}

size_t akin_builder_global_average_pooling2d(akin_builder *b, size_t input, const char *name) {
  const akin_layer layer = {.name = name, .kind = AKIN_LAYER_GLOBAL_AVERAGE_POOLING2D};
  return builder_add(b, &layer, &input, 1, NULL);
}

size_t akin_builder_dropout(akin_builder *b, size_t input, const char *name) {
  const akin_layer layer = {.name = name, .kind = AKIN_LAYER_DROPOUT};
  return builder_add(b, &layer, &input, 1, NULL);
}

size_t akin_builder_dense(akin_builder *b, size_t input, const char *name, uint32_t units, const char *torch) {
  const akin_layer layer = {.name = name, .kind = AKIN_LAYER_DENSE, .as.dense = {units, true}};
  return builder_add(b, &layer, &input, 1, torch);
}
