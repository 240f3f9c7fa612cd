/*
 * mobilenet_v3.c - MobileNetV3 small and large: inverted residuals with squeeze-and-excitation and hard swish, or,
 * minimalistic, without either and with kernels of 3×3 alone (Howard et al. 2019, arXiv:1905.02244). The network
 * rescales its pixels itself.
 */
#include "model/families/keras.h"

#define V3_SQUEEZE 0.25
#define V3_STEM    16

typedef struct v3_block {
  double expansion; /* of the first block: none */
  uint32_t filters, kernel, stride;
  bool squeeze, swish;
} v3_block;

static const v3_block v3_small[] = {
    {1, 16, 3, 2, true, false}, {72.0 / 16, 24, 3, 2, false, false}, {88.0 / 24, 24, 3, 1, false, false},
    {4, 40, 5, 2, true, true},  {6, 40, 5, 1, true, true},           {6, 40, 5, 1, true, true},
    {3, 48, 5, 1, true, true},  {3, 48, 5, 1, true, true},           {6, 96, 5, 2, true, true},
    {6, 96, 5, 1, true, true},  {6, 96, 5, 1, true, true},
};
static const v3_block v3_large[] = {
    {1, 16, 3, 1, false, false},  {4, 24, 3, 2, false, false},  {3, 24, 3, 1, false, false},
    {3, 40, 5, 2, true, false},   {3, 40, 5, 1, true, false},   {3, 40, 5, 1, true, false},
    {6, 80, 3, 2, false, true},   {2.5, 80, 3, 1, false, true}, {2.3, 80, 3, 1, false, true},
    {2.3, 80, 3, 1, false, true}, {6, 112, 3, 1, true, true},   {6, 112, 3, 1, true, true},
    {6, 160, 5, 2, true, true},   {6, 160, 5, 1, true, true},   {6, 160, 5, 1, true, true},
};

typedef struct v3_network {
  const v3_block *blocks;
  size_t count;
  uint32_t head;
} v3_network;

static size_t v3_bn(akin_builder *b, size_t x, const char *name) {
  return akin_builder_batch_normalization(b, x, akin_builder_text(b, "%s_bn", name), AKIN_KERAS_EPSILON, NULL);
}

static size_t v3_act(akin_builder *b, size_t x, bool swish) {
  if (swish) return akin_builder_activation(b, x, akin_keras_name(b, "activation"), AKIN_ACTIVATION_HARD_SWISH);
  return akin_builder_relu(b, x, akin_keras_name(b, "re_lu"), 0);
}

static size_t v3_conv(akin_builder *b, size_t x, const char *name, uint32_t filters, bool bias) {
  akin_convolution settings = akin_keras_kernel(filters, 1, 1, AKIN_PADDING_SAME);
  settings.bias = bias;
  return akin_builder_conv2d(b, x, name, &settings, NULL);
}

/* relu6(x + 3) / 6, as Keras' code writes it: three layers */
static size_t v3_hard_sigmoid(akin_builder *b, size_t x) {
  x = akin_builder_scalar(b, x, akin_keras_name(b, "add"), AKIN_OPERATION_ADD, 3);
  x = akin_builder_relu(b, x, akin_keras_name(b, "re_lu"), 6);
  return akin_builder_scalar(b, x, akin_keras_name(b, "multiply"), AKIN_OPERATION_MULTIPLY, 1.0 / 6.0);
}

static size_t v3_squeeze_excite(akin_builder *b, size_t input, const char *prefix) {
  const uint32_t channels = akin_keras_channels(b, input);
  size_t x =
      akin_builder_global_average_pooling2d_map(b, input, akin_builder_text(b, "%ssqueeze_excite_avg_pool", prefix));
  x = v3_conv(b, x, akin_builder_text(b, "%ssqueeze_excite_conv", prefix), akin_keras_divisible(channels * V3_SQUEEZE),
              true);
  x = akin_builder_relu(b, x, akin_builder_text(b, "%ssqueeze_excite_relu", prefix), 0);
  x = v3_conv(b, x, akin_builder_text(b, "%ssqueeze_excite_conv_1", prefix), channels, true);
  x = v3_hard_sigmoid(b, x);
  return akin_builder_multiply(b, input, x, akin_builder_text(b, "%ssqueeze_excite_mul", prefix));
}

static size_t v3_depthwise(akin_builder *b, size_t x, const char *prefix, const v3_block *block) {
  const akin_convolution settings =
      akin_keras_kernel(0, block->kernel, block->stride, block->stride == 1 ? AKIN_PADDING_SAME : AKIN_PADDING_VALID);
  if (block->stride == 2) {
    x = akin_builder_zero_padding2d(b, x, akin_builder_text(b, "%sdepthwise_pad", prefix),
                                    akin_keras_padding(b, x, block->kernel));
  }
  const char *name = akin_builder_text(b, "%sdepthwise", prefix);
  x = v3_bn(b, akin_builder_depthwise_conv2d(b, x, name, &settings, NULL), name);
  return v3_act(b, x, block->swish);
}

static size_t v3_add_block(akin_builder *b, size_t input, size_t number, const v3_block *block) {
  const uint32_t channels = akin_keras_channels(b, input);
  const char *prefix = number ? akin_builder_text(b, "expanded_conv_%zu_", number) : "expanded_conv_", *name;
  size_t x = input;
  if (number) {
    name = akin_builder_text(b, "%sexpand", prefix);
    x = v3_bn(b, v3_conv(b, x, name, akin_keras_divisible(channels * block->expansion), false), name);
    x = v3_act(b, x, block->swish);
  }
  x = v3_depthwise(b, x, prefix, block);
  if (block->squeeze) x = v3_squeeze_excite(b, x, prefix);
  name = akin_builder_text(b, "%sproject", prefix);
  x = v3_bn(b, v3_conv(b, x, name, block->filters, false), name);
  if (block->stride != 1 || channels != block->filters) return x;
  return akin_builder_add(b, input, x, akin_builder_text(b, "%sadd", prefix));
}

static size_t v3_add_blocks(akin_builder *b, size_t x, const v3_network *network, const akin_card *card) {
  for (size_t i = 0; i < network->count; i++) {
    v3_block block = network->blocks[i];
    block.filters = akin_keras_divisible(block.filters * card->width_factor);
    if (card->minimalistic) {
      block.kernel = 3;
      block.squeeze = block.swish = false;
    }
    x = v3_add_block(b, x, i, &block);
  }
  return x;
}

static void v3_classify(akin_builder *b, size_t x, const v3_network *network, const akin_card *card) {
  const double width = card->width_factor;
  x = akin_builder_global_average_pooling2d_map(b, x, akin_keras_name(b, "global_average_pooling2d"));
  x = v3_conv(b, x, "conv_2", width > 1 ? akin_keras_divisible(network->head * width) : network->head, true);
  x = v3_act(b, x, !card->minimalistic);
  x = akin_builder_dropout(b, x, akin_keras_name(b, "dropout"));
  x = v3_conv(b, x, "logits", card->classes, true);
  x = akin_builder_flatten(b, x, akin_keras_name(b, "flatten"));
  akin_builder_activation(b, x, "predictions", AKIN_ACTIVATION_SOFTMAX);
}

static akin_status v3_build(akin_layers *layers, const v3_network *network, const akin_card *card, akin_error *err) {
  akin_builder builder = {layers, err, AKIN_OK}, *b = &builder;
  const akin_convolution stem = akin_keras_kernel(V3_STEM, 3, 2, AKIN_PADDING_SAME);
  size_t x = akin_builder_input(b, card->preparation.height, card->preparation.width);
  x = akin_builder_rescaling(b, x, akin_keras_name(b, "rescaling"), 1.0 / 127.5, -1);
  x = v3_bn(b, akin_builder_conv2d(b, x, "conv", &stem, NULL), "conv");
  x = v3_act(b, x, !card->minimalistic);
  x = v3_add_blocks(b, x, network, card);
  x = v3_conv(b, x, "conv_1", akin_keras_divisible(akin_keras_channels(b, x) * 6), false);
  x = v3_bn(b, x, "conv_1");
  x = v3_act(b, x, !card->minimalistic);
  if (card->classes) v3_classify(b, x, network, card);
  return b->status;
}

static akin_status v3_build_small(akin_layers *layers, const akin_card *card, akin_error *err) {
  static const v3_network network = {v3_small, sizeof v3_small / sizeof *v3_small, 1024};
  return v3_build(layers, &network, card, err);
}

static akin_status v3_build_large(akin_layers *layers, const akin_card *card, akin_error *err) {
  static const v3_network network = {v3_large, sizeof v3_large / sizeof *v3_large, 1280};
  return v3_build(layers, &network, card, err);
}

#define V3_PARAMETERS (AKIN_FAMILY_WIDTH_FACTOR | AKIN_FAMILY_MINIMALISTIC)

const akin_family akin_family_mobilenet_v3_small = {"mobilenet-v3-small", V3_PARAMETERS, 1, v3_build_small};
const akin_family akin_family_mobilenet_v3_large = {"mobilenet-v3-large", V3_PARAMETERS, 1, v3_build_large};
