/*
 * xception.c - Xception: separable convolutions with shortcuts (Chollet 2017, arXiv:1610.02357). ReLU stands in front
 * of them, but not in front of the first one, and behind those of the last block.
 */
#include "model/families/keras.h"

static size_t xception_relu(akin_builder *b, size_t x, const char *name) {
  return akin_builder_activation(b, x, akin_builder_text(b, "%s_act", name), AKIN_ACTIVATION_RELU);
}

static size_t xception_bn(akin_builder *b, size_t x, const char *name) {
  return akin_builder_batch_normalization(b, x, name, AKIN_KERAS_EPSILON, NULL);
}

static size_t xception_stem(akin_builder *b, size_t x, const char *name, uint32_t filters, uint32_t stride) {
  const akin_convolution settings = akin_keras_kernel(filters, 3, stride, AKIN_PADDING_VALID);
  x = akin_builder_conv2d(b, x, name, &settings, NULL);
  x = xception_bn(b, x, akin_builder_text(b, "%s_bn", name));
  return xception_relu(b, x, name);
}

/* 3×3, and its normalization */
static size_t xception_separable(akin_builder *b, size_t x, const char *name, uint32_t filters) {
  const akin_convolution settings = akin_keras_kernel(filters, 3, 1, AKIN_PADDING_SAME);
  x = akin_builder_separable_conv2d(b, x, name, &settings);
  return xception_bn(b, x, akin_builder_text(b, "%s_bn", name));
}

/* A block that halves its map; first, second: filters. */
static size_t xception_reduce(akin_builder *b, size_t input, unsigned number, uint32_t first, uint32_t second) {
  const akin_convolution shortcut = akin_keras_kernel(second, 1, 2, AKIN_PADDING_SAME);
  size_t residual = akin_builder_conv2d(b, input, akin_keras_name(b, "conv2d"), &shortcut, NULL), x = input;
  residual = xception_bn(b, residual, akin_keras_name(b, "batch_normalization"));
  const char *name = akin_builder_text(b, "block%u_sepconv1", number);
  if (number > 2) x = xception_relu(b, x, name);
  x = xception_separable(b, x, name, first);
  name = akin_builder_text(b, "block%u_sepconv2", number);
  x = xception_separable(b, xception_relu(b, x, name), name, second);
  x = akin_builder_max_pooling2d(b, x, akin_builder_text(b, "block%u_pool", number), 3, 2, AKIN_PADDING_SAME);
  return akin_builder_add(b, x, residual, akin_keras_name(b, "add"));
}

static size_t xception_middle(akin_builder *b, size_t input, unsigned number) {
  size_t x = input;
  for (unsigned i = 1; i <= 3; i++) {
    const char *name = akin_builder_text(b, "block%u_sepconv%u", number, i);
    x = xception_separable(b, xception_relu(b, x, name), name, 728);
  }
  return akin_builder_add(b, x, input, akin_keras_name(b, "add"));
}

static akin_status xception_build(akin_layers *layers, const akin_card *card, akin_error *err) {
  akin_builder builder = {layers, err, AKIN_OK}, *b = &builder;
  size_t x = akin_builder_input(b, card->preparation.height, card->preparation.width);
  x = xception_stem(b, x, "block1_conv1", 32, 2);
  x = xception_stem(b, x, "block1_conv2", 64, 1);
  x = xception_reduce(b, x, 2, 128, 128);
  x = xception_reduce(b, x, 3, 256, 256);
  x = xception_reduce(b, x, 4, 728, 728);
  for (unsigned number = 5; number <= 12; number++)
    x = xception_middle(b, x, number);
  x = xception_reduce(b, x, 13, 728, 1024);
  x = xception_relu(b, xception_separable(b, x, "block14_sepconv1", 1536), "block14_sepconv1");
  x = xception_relu(b, xception_separable(b, x, "block14_sepconv2", 2048), "block14_sepconv2");
  akin_keras_classify(b, x, "avg_pool", card);
  return b->status;
}

const akin_family akin_family_xception = {"xception", 0, 1, xception_build};
