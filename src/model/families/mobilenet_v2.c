/*
 * mobilenet_v2.c - MobileNetV2: inverted residuals (Sandler et al. 2018, arXiv:1801.04381). The head grows with the
 * width, but does not shrink. torchvision's form pads symmetrically and has another epsilon and other names.
 */
#include "model/families/keras.h"
#include "model/families/torchvision.h"

#define V2_RELU6     6.0
#define V2_EXPANSION 6
#define V2_STEM      32
#define V2_HEAD      1280

/* Convolutions of a block; steps of each. */
typedef enum v2_part { V2_EXPAND, V2_DEPTHWISE, V2_PROJECT } v2_part;
typedef enum v2_step { V2_CONV, V2_BN, V2_RELU } v2_step;

/* "block_3_expand_BN", "features.4.conv.0.1"; the first block does not expand. */
static const char *v2_name(akin_builder *b, uint32_t number, v2_part part, v2_step step) {
  static const char *const parts[] = {"expand", "depthwise", "project"}, *const steps[] = {"", "_BN", "_relu"};
  const unsigned at = (unsigned)part - (number == 0);
  if (b->layers->modules && part == V2_PROJECT)
    return akin_builder_text(b, "features.%u.conv.%u", number + 1, at + (unsigned)step);
  if (b->layers->modules) return akin_builder_text(b, "features.%u.conv.%u.%u", number + 1, at, (unsigned)step);
  if (number) return akin_builder_text(b, "block_%u_%s%s", number, parts[part], steps[step]);
  return akin_builder_text(b, "expanded_conv_%s%s", parts[part], steps[step]);
}

static size_t v2_bn(akin_builder *b, size_t x, const char *name) {
  const double epsilon = b->layers->modules ? AKIN_TORCH_EPSILON : AKIN_KERAS_EPSILON;
  return akin_builder_batch_normalization(b, x, name, epsilon, NULL);
}

static size_t v2_bn_relu(akin_builder *b, size_t x, uint32_t number, v2_part part) {
  x = v2_bn(b, x, v2_name(b, number, part, V2_BN));
  return akin_builder_relu(b, x, v2_name(b, number, part, V2_RELU), V2_RELU6);
}

static size_t v2_depthwise(akin_builder *b, size_t x, uint32_t number, uint32_t stride) {
  akin_convolution settings = akin_keras_kernel(0, 3, stride, AKIN_PADDING_SAME);
  if (b->layers->modules) {
    settings.padding = AKIN_PADDING_SYMMETRIC;
  } else if (stride == 2) {
    settings.padding = AKIN_PADDING_VALID;
    x = akin_builder_zero_padding2d(b, x, akin_builder_text(b, "block_%u_pad", number), akin_keras_padding(b, x, 3));
  }
  return akin_builder_depthwise_conv2d(b, x, v2_name(b, number, V2_DEPTHWISE, V2_CONV), &settings, NULL);
}

static size_t v2_block(akin_builder *b, size_t input, uint32_t number, uint32_t filters, uint32_t stride) {
  const uint32_t channels = akin_keras_channels(b, input);
  const akin_convolution expand = akin_keras_kernel(V2_EXPANSION * channels, 1, 1, AKIN_PADDING_SAME);
  const akin_convolution project = akin_keras_kernel(filters, 1, 1, AKIN_PADDING_SAME);
  size_t x = input;
  if (number) {
    x = akin_builder_conv2d(b, x, v2_name(b, number, V2_EXPAND, V2_CONV), &expand, NULL);
    x = v2_bn_relu(b, x, number, V2_EXPAND);
  }
  x = v2_bn_relu(b, v2_depthwise(b, x, number, stride), number, V2_DEPTHWISE);
  x = akin_builder_conv2d(b, x, v2_name(b, number, V2_PROJECT, V2_CONV), &project, NULL);
  x = v2_bn(b, x, v2_name(b, number, V2_PROJECT, V2_BN));
  if (channels != filters || stride != 1) return x;
  return akin_builder_add(b, input, x,
                          b->layers->modules ? akin_builder_text(b, "features.%u.add", number + 1)
                                             : akin_builder_text(b, "block_%u_add", number));
}

/* Keras cuts off what is behind the point first. */
static uint32_t v2_filters(const akin_builder *b, uint32_t filters, double width) {
  return akin_keras_divisible(b->layers->modules ? filters * width : (uint32_t)(filters * width));
}

/* blocks: how many there are. */
static size_t v2_blocks(akin_builder *b, size_t x, double width, uint32_t *blocks) {
  static const struct {
    uint32_t repeats, filters, stride;
  } stages[] = {{1, 16, 1}, {2, 24, 2}, {3, 32, 2}, {4, 64, 2}, {3, 96, 1}, {3, 160, 2}, {1, 320, 1}};
  for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
    const uint32_t filters = v2_filters(b, stages[i].filters, width);
    for (uint32_t k = 0; k < stages[i].repeats; k++)
      x = v2_block(b, x, (*blocks)++, filters, k == 0 ? stages[i].stride : 1);
  }
  return x;
}

static akin_status v2_build(akin_layers *layers, const akin_card *card, akin_error *err) {
  akin_builder builder = {layers, err, AKIN_OK}, *b = &builder;
  const bool torch = layers->modules = card->dialect == AKIN_DIALECT_TORCHVISION;
  const double width = card->width_factor;
  const akin_convolution stem = akin_keras_kernel(akin_keras_divisible(V2_STEM * width), 3, 2,
                                                  torch ? AKIN_PADDING_SYMMETRIC : AKIN_PADDING_SAME);
  const akin_convolution head =
      akin_keras_kernel(width > 1 ? akin_keras_divisible(V2_HEAD * width) : V2_HEAD, 1, 1, AKIN_PADDING_VALID);
  uint32_t blocks = 0;
  size_t x = akin_builder_input(b, card->preparation.height, card->preparation.width);
  x = akin_builder_conv2d(b, x, torch ? "features.0.0" : "Conv1", &stem, NULL);
  x = v2_bn(b, x, torch ? "features.0.1" : "bn_Conv1");
  x = akin_builder_relu(b, x, torch ? "features.0.2" : "Conv1_relu", V2_RELU6);
  x = v2_blocks(b, x, width, &blocks);
  x = akin_builder_conv2d(b, x, torch ? akin_builder_text(b, "features.%u.0", blocks + 1) : "Conv_1", &head, NULL);
  x = v2_bn(b, x, torch ? akin_builder_text(b, "features.%u.1", blocks + 1) : "Conv_1_bn");
  x = akin_builder_relu(b, x, torch ? akin_builder_text(b, "features.%u.2", blocks + 1) : "out_relu", V2_RELU6);
  if (torch)
    akin_torch_classify(b, x, "adaptive_avg_pool2d", "classifier.1", card);
  else
    akin_keras_classify(b, x, akin_keras_name(b, "global_average_pooling2d"), card);
  return b->status;
}

const akin_family akin_family_mobilenet_v2 = {"mobilenet-v2", AKIN_FAMILY_WIDTH_FACTOR | AKIN_FAMILY_TORCHVISION, 1,
                                              v2_build};
