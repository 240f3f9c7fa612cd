/*
 * builder.h - adding layers as a family's file reads best: each call gives the number of the new layer, to be the input
 * of the next; after the first failure all further calls do nothing, and status says what it was.
 *
 * torch: the module of the PyTorch original that has the layer's weights; NULL: that of the layer's name where the
 * layers are named so (akin_layers.modules), else weights are found by Keras' rules.
 * Settings that a call here does not have: fill an akin_layer (layers.h) and give it to akin_builder_layer.
 */
#ifndef AKIN_MODEL_BUILDER_H
#define AKIN_MODEL_BUILDER_H

#include "model/layers.h"

#define AKIN_SEQUENTIAL "Sequential" /* the class of akin_builder_sequential */

typedef struct akin_builder {
  akin_layers *layers;
  akin_error *err;
  akin_status status;
} akin_builder;

/* A text that lives as long as the layers; "" after a failure. */
const char *akin_builder_text(akin_builder *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Any layer: name, kind and its settings are read. */
size_t akin_builder_layer(akin_builder *b, const akin_layer *layer, const size_t *inputs, size_t input_count);
/* The layer with an activation of its own, as Keras' activation= gives it; it must be the last that was added. */
size_t akin_builder_activated(akin_builder *b, size_t layer, akin_activation_kind activation);

size_t akin_builder_input(akin_builder *b, uint32_t height, uint32_t width);
size_t akin_builder_conv2d(akin_builder *b, size_t input, const char *name, const akin_convolution *settings,
                           const char *torch);
size_t akin_builder_depthwise_conv2d(akin_builder *b, size_t input, const char *name, const akin_convolution *settings,
                                     const char *torch);
size_t akin_builder_separable_conv2d(akin_builder *b, size_t input, const char *name, const akin_convolution *settings);
size_t akin_builder_dense(akin_builder *b, size_t input, const char *name, uint32_t units, const char *torch);

size_t akin_builder_batch_normalization(akin_builder *b, size_t input, const char *name, double epsilon,
                                        const char *torch);
/* scale=False: without gamma */
size_t akin_builder_batch_normalization_unscaled(akin_builder *b, size_t input, const char *name, double epsilon);

size_t akin_builder_layer_normalization(akin_builder *b, size_t input, const char *name, double epsilon);
/* (x - mean) / √variance of each colour, numbers that are not among the weights */
size_t akin_builder_normalization(akin_builder *b, size_t input, const char *name, const float mean[3],
                                  const float variance[3]);
size_t akin_builder_layer_scale(akin_builder *b, size_t input, const char *name); /* x · gamma */

size_t akin_builder_relu(akin_builder *b, size_t input, const char *name, double max); /* max 0: none */
size_t akin_builder_activation(akin_builder *b, size_t input, const char *name, akin_activation_kind activation);

size_t akin_builder_max_pooling2d(akin_builder *b, size_t input, const char *name, uint32_t pool, uint32_t stride,
                                  akin_padding padding);
size_t akin_builder_average_pooling2d(akin_builder *b, size_t input, const char *name, uint32_t pool, uint32_t stride,
                                      akin_padding padding);
size_t akin_builder_global_average_pooling2d(akin_builder *b, size_t input, const char *name);
size_t akin_builder_global_average_pooling2d_map(akin_builder *b, size_t input, const char *name); /* keepdims */

size_t akin_builder_adaptive_average_pooling2d(akin_builder *b, size_t input, const char *name, uint32_t height,
                                               uint32_t width);

size_t akin_builder_zero_padding2d(akin_builder *b, size_t input, const char *name, akin_margins margins);
size_t akin_builder_cropping2d(akin_builder *b, size_t input, const char *name, akin_margins margins);

size_t akin_builder_add(akin_builder *b, size_t first, size_t second, const char *name);
size_t akin_builder_multiply(akin_builder *b, size_t first, size_t second, const char *name);
/* An operation on tensors, no layer: first + second */
size_t akin_builder_plus(akin_builder *b, size_t first, size_t second, const char *name);
/* With one number: x + value, x · value …; an operation, too */
size_t akin_builder_scalar(akin_builder *b, size_t input, const char *name, akin_operation operation, double value);
size_t akin_builder_concatenate(akin_builder *b, const size_t *inputs, size_t count, const char *name); /* last axis */
size_t akin_builder_custom_scale(akin_builder *b, size_t first, size_t second, const char *name, double scale);
size_t akin_builder_rescaling(akin_builder *b, size_t input, const char *name, double scale, double offset);

size_t akin_builder_flatten(akin_builder *b, size_t input, const char *name);
size_t akin_builder_reshape(akin_builder *b, size_t input, const char *name, const akin_shape *shape);
size_t akin_builder_channels_first(akin_builder *b, size_t input, const char *name); /* of a map, to be flattened so */
size_t akin_builder_dropout(akin_builder *b, size_t input, const char *name);
/* Stands for the output of a Sequential model in the network: its layers, in front, are named NAME/… */
size_t akin_builder_sequential(akin_builder *b, size_t input, const char *name);

#endif
