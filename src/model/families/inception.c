/* inception.c - see inception.h. */
#include "model/families/inception.h"

static size_t inception_add(akin_builder *b, size_t x, const akin_convolution *settings) {
  x = akin_builder_conv2d(b, x, akin_keras_name(b, "conv2d"), settings, NULL);
  x = akin_builder_batch_normalization_unscaled(b, x, akin_keras_name(b, "batch_normalization"), AKIN_KERAS_EPSILON);
  return akin_builder_activation(b, x, akin_keras_name(b, "activation"), AKIN_ACTIVATION_RELU);
}

size_t akin_inception_conv(akin_builder *b, size_t input, uint32_t filters, uint32_t rows, uint32_t columns) {
  akin_convolution settings = akin_keras_kernel(filters, rows, 1, AKIN_PADDING_SAME);
  settings.kernel[1] = columns;
  return inception_add(b, input, &settings);
}

static size_t inception_valid(akin_builder *b, size_t x, uint32_t filters, uint32_t size, uint32_t stride) {
  const akin_convolution settings = akin_keras_kernel(filters, size, stride, AKIN_PADDING_VALID);
  return inception_add(b, x, &settings);
}

size_t akin_inception_reduce(akin_builder *b, size_t input, uint32_t filters) {
  return inception_valid(b, input, filters, 3, 2);
}

size_t akin_inception_reduce_pool(akin_builder *b, size_t input) {
  return akin_builder_max_pooling2d(b, input, akin_keras_name(b, "max_pooling2d"), 3, 2, AKIN_PADDING_VALID);
}

size_t akin_inception_average(akin_builder *b, size_t input, uint32_t filters) {
  const size_t x =
      akin_builder_average_pooling2d(b, input, akin_keras_name(b, "average_pooling2d"), 3, 1, AKIN_PADDING_SAME);
  return akin_inception_conv(b, x, filters, 1, 1);
}

size_t akin_inception_stem(akin_builder *b, const akin_card *card) {
  size_t x = akin_builder_input(b, card->preparation.height, card->preparation.width);
  x = akin_inception_reduce(b, x, 32);
  x = inception_valid(b, x, 32, 3, 1);
  x = akin_inception_conv(b, x, 64, 3, 3);
  x = akin_inception_reduce_pool(b, x);
  x = inception_valid(b, x, 80, 1, 1);
  x = inception_valid(b, x, 192, 3, 1);
  return akin_inception_reduce_pool(b, x);
}
