/* mobilenet_v2.c - MobileNetV2: inverted residuals (Sandler et al. 2018, arXiv:1801.04381). The head grows with the
 * width, but does not shrink. */
#include "model/families/keras.h"

#define V2_RELU6     6.0
#define V2_EXPANSION 6
#define V2_STEM      32
#define V2_HEAD      1280

static size_t v2_bn(akin_builder *b, size_t x, const char *name) {
  return akin_builder_batch_normalization(b, x, akin_builder_text(b, "%s_BN", name), AKIN_KERAS_EPSILON, NULL);
}

static size_t v2_bn_relu(akin_builder *b, size_t x, const char *name) {
  x = v2_bn(b, x, name);
  return akin_builder_relu(b, x, akin_builder_text(b, "%s_relu", name), V2_RELU6);
}

static size_t v2_block(akin_builder *b, size_t input, uint32_t number, uint32_t filters, uint32_t stride) {
  const uint32_t channels = akin_keras_channels(b, input);
  const char *prefix = number ? akin_builder_text(b, "block_%u", number) : "expanded_conv", *name;
  size_t x = input;
  if (number) {
    const akin_convolution expand = akin_keras_kernel(V2_EXPANSION * channels, 1, 1, AKIN_PADDING_SAME);
    name = akin_builder_text(b, "%s_expand", prefix);
    x = v2_bn_relu(b, akin_builder_conv2d(b, x, name, &expand, NULL), name);
  }
  if (stride == 2)
    x = akin_builder_zero_padding2d(b, x, akin_builder_text(b, "%s_pad", prefix), akin_keras_padding(b, x, 3));
  const akin_convolution depthwise =
      akin_keras_kernel(0, 3, stride, stride == 1 ? AKIN_PADDING_SAME : AKIN_PADDING_VALID);
  name = akin_builder_text(b, "%s_depthwise", prefix);
  x = v2_bn_relu(b, akin_builder_depthwise_conv2d(b, x, name, &depthwise, NULL), name);
  const akin_convolution project = akin_keras_kernel(filters, 1, 1, AKIN_PADDING_SAME);
  name = akin_builder_text(b, "%s_project", prefix);
  x = v2_bn(b, akin_builder_conv2d(b, x, name, &project, NULL), name);
  if (channels != filters || stride != 1) return x;
  return akin_builder_add(b, input, x, akin_builder_text(b, "%s_add", prefix));
}

static size_t v2_blocks(akin_builder *b, size_t x, double width) {
  static const struct {
    uint32_t repeats, filters, stride;
  } stages[] = {{1, 16, 1}, {2, 24, 2}, {3, 32, 2}, {4, 64, 2}, {3, 96, 1}, {3, 160, 2}, {1, 320, 1}};
  uint32_t number = 0;
  for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
    const uint32_t filters = akin_keras_divisible((uint32_t)(stages[i].filters * width));
    for (uint32_t k = 0; k < stages[i].repeats; k++)
      x = v2_block(b, x, number++, filters, k == 0 ? stages[i].stride : 1);
  }
  return x;
}

static akin_status v2_build(akin_layers *layers, const akin_card *card, akin_error *err) {
  akin_builder builder = {layers, err, AKIN_OK}, *b = &builder;
  const double width = card->width_factor;
  const akin_convolution stem = akin_keras_kernel(akin_keras_divisible(V2_STEM * width), 3, 2, AKIN_PADDING_SAME);
  const akin_convolution head =
      akin_keras_kernel(width > 1 ? akin_keras_divisible(V2_HEAD * width) : V2_HEAD, 1, 1, AKIN_PADDING_VALID);
  size_t x = akin_builder_input(b, card->preparation.height, card->preparation.width);
  x = akin_builder_conv2d(b, x, "Conv1", &stem, NULL);
  x = akin_builder_batch_normalization(b, x, "bn_Conv1", AKIN_KERAS_EPSILON, NULL);
  x = akin_builder_relu(b, x, "Conv1_relu", V2_RELU6);
  x = v2_blocks(b, x, width);
  x = akin_builder_conv2d(b, x, "Conv_1", &head, NULL);
  x = akin_builder_batch_normalization(b, x, "Conv_1_bn", AKIN_KERAS_EPSILON, NULL);
  x = akin_builder_relu(b, x, "out_relu", V2_RELU6);
  akin_keras_classify(b, x, akin_keras_name(b, "global_average_pooling2d"), card);
  return b->status;
}

const akin_family akin_family_mobilenet_v2 = {"mobilenet-v2", AKIN_FAMILY_WIDTH_FACTOR, 1, v2_build};
