/*
 * builder.h - adding layers as a family's file reads best: each call gives the number of the new layer, to be the input
 * of the next; after the first failure all further calls do nothing, and status says what it was.
 *
 * torch: the module of the PyTorch original that has the layer's weights.
 */
#ifndef AKIN_MODEL_BUILDER_H
#define AKIN_MODEL_BUILDER_H

#include "model/layers.h"

typedef struct akin_builder {
  akin_layers *layers;
  akin_error *err;
  akin_status status;
} akin_builder;

/* A text that lives as long as the layers; "" after a failure. */
const char *akin_builder_text(akin_builder *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

size_t akin_builder_input(akin_builder *b, uint32_t height, uint32_t width);
size_t akin_builder_conv2d(akin_builder *b, size_t input, const char *name, const akin_convolution *settings,
                           const char *torch);
size_t akin_builder_depthwise_conv2d(akin_builder *b, size_t input, const char *name, const akin_convolution *settings,
                                     const char *torch);
size_t akin_builder_batch_normalization(akin_builder *b, size_t input, const char *name, double epsilon,
                                        const char *torch);
size_t akin_builder_relu(akin_builder *b, size_t input, const char *name, double max); /* max 0: none */
size_t akin_builder_add(akin_builder *b, size_t first, size_t second, const char *name);
size_t akin_builder_global_average_pooling2d(akin_builder *b, size_t input, const char *name);
size_t akin_builder_dropout(akin_builder *b, size_t input, const char *name);
size_t akin_builder_dense(akin_builder *b, size_t input, const char *name, uint32_t units, const char *torch);

#endif
