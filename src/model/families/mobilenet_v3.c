/*
 * mobilenet_v3.c - MobileNetV3 small and large: inverted residuals with squeeze-and-excitation and hard swish, or,
 * minimalistic, without either and with kernels of 3×3 alone (Howard et al. 2019, arXiv:1905.02244). Keras' network
 * rescales its pixels itself; torchvision's pads symmetrically, ends in dense layers and has other names.
 */
#include "base/error.h"
#include "model/families/keras.h"
#include "model/families/torchvision.h"

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

/* A block in the making: "expanded_conv_3_", "features.4." */
typedef struct v3_place {
  const char *prefix;
  unsigned at; /* of torchvision's modules in the block: which one is next */
} v3_place;

/* Keras' name, prefix and `keras`; or torchvision's "features.4.block.1" and `torch` of the part that is being added.
 */
static const char *v3_name(akin_builder *b, const v3_place *place, const char *keras, const char *torch) {
  if (b->layers->modules) return akin_builder_text(b, "%sblock.%u%s", place->prefix, place->at, torch);
  return akin_builder_text(b, "%s%s", place->prefix, keras);
}

static size_t v3_bn(akin_builder *b, size_t x, const char *name) {
  return akin_builder_batch_normalization(b, x, name, AKIN_KERAS_EPSILON, NULL); /* in torchvision's, too */
}

/* torch: its name in torchvision's */
static size_t v3_act(akin_builder *b, size_t x, bool swish, const char *torch) {
  const char *name = b->layers->modules ? torch : akin_keras_name(b, swish ? "activation" : "re_lu");
  return swish ? akin_builder_activation(b, x, name, AKIN_ACTIVATION_HARD_SWISH) : akin_builder_relu(b, x, name, 0);
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

static size_t v3_squeeze_excite(akin_builder *b, size_t input, v3_place *place) {
  const uint32_t channels = akin_keras_channels(b, input);
  size_t x =
      akin_builder_global_average_pooling2d_map(b, input, v3_name(b, place, "squeeze_excite_avg_pool", ".avgpool"));
  x = v3_conv(b, x, v3_name(b, place, "squeeze_excite_conv", ".fc1"), akin_keras_divisible(channels * V3_SQUEEZE),
              true);
  x = akin_builder_relu(b, x, v3_name(b, place, "squeeze_excite_relu", ".activation"), 0);
  x = v3_conv(b, x, v3_name(b, place, "squeeze_excite_conv_1", ".fc2"), channels, true);
  x = b->layers->modules
          ? akin_builder_activation(b, x, v3_name(b, place, "", ".scale_activation"), AKIN_ACTIVATION_HARD_SIGMOID)
          : v3_hard_sigmoid(b, x);
  x = akin_builder_multiply(b, input, x, v3_name(b, place, "squeeze_excite_mul", ""));
  place->at++;
  return x;
}

static size_t v3_depthwise(akin_builder *b, size_t x, v3_place *place, const v3_block *block) {
  akin_convolution settings = akin_keras_kernel(0, block->kernel, block->stride, AKIN_PADDING_SAME);
  if (b->layers->modules) {
    settings.padding = AKIN_PADDING_SYMMETRIC;
  } else if (block->stride == 2) {
    settings.padding = AKIN_PADDING_VALID;
    x = akin_builder_zero_padding2d(b, x, v3_name(b, place, "depthwise_pad", ""),
                                    akin_keras_padding(b, x, block->kernel));
  }
  x = akin_builder_depthwise_conv2d(b, x, v3_name(b, place, "depthwise", ".0"), &settings, NULL);
  x = v3_bn(b, x, v3_name(b, place, "depthwise_bn", ".1"));
  x = v3_act(b, x, block->swish, v3_name(b, place, "", ".2"));
  place->at++;
  return x;
}

static const char *v3_prefix(akin_builder *b, size_t number) {
  if (b->layers->modules) return akin_builder_text(b, "features.%zu.", number + 1);
  return number ? akin_builder_text(b, "expanded_conv_%zu_", number) : "expanded_conv_";
}

static size_t v3_add_block(akin_builder *b, size_t input, size_t number, const v3_block *block) {
  const uint32_t channels = akin_keras_channels(b, input);
  v3_place place = {v3_prefix(b, number), 0};
  size_t x = input;
  if (number) {
    x = v3_conv(b, x, v3_name(b, &place, "expand", ".0"), akin_keras_divisible(channels * block->expansion), false);
    x = v3_bn(b, x, v3_name(b, &place, "expand_bn", ".1"));
    x = v3_act(b, x, block->swish, v3_name(b, &place, "", ".2"));
    place.at++;
  }
  x = v3_depthwise(b, x, &place, block);
  if (block->squeeze) x = v3_squeeze_excite(b, x, &place);
  x = v3_conv(b, x, v3_name(b, &place, "project", ".0"), block->filters, false);
  x = v3_bn(b, x, v3_name(b, &place, "project_bn", ".1"));
  if (block->stride != 1 || channels != block->filters) return x;
  return akin_builder_add(b, input, x, akin_builder_text(b, "%sadd", place.prefix));
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
  x = v3_act(b, x, !card->minimalistic, NULL);
  x = akin_builder_dropout(b, x, akin_keras_name(b, "dropout"));
  x = v3_conv(b, x, "logits", card->classes, true);
  x = akin_builder_flatten(b, x, akin_keras_name(b, "flatten"));
  akin_builder_activation(b, x, "predictions", AKIN_ACTIVATION_SOFTMAX);
}

static void v3_classify_torch(akin_builder *b, size_t x, const v3_network *network, const akin_card *card) {
  x = akin_builder_global_average_pooling2d(b, x, "avgpool");
  x = akin_builder_dense(b, x, "classifier.0", network->head, NULL);
  x = akin_builder_activation(b, x, "classifier.1", AKIN_ACTIVATION_HARD_SWISH);
  x = akin_builder_dropout(b, x, "classifier.2");
  akin_builder_dense(b, x, "classifier.3", card->classes, NULL);
}

/* Stem and last convolution. keras: "conv"; torch: "features.0" */
static size_t v3_outer(akin_builder *b, size_t x, const char *keras, const char *torch,
                       const akin_convolution *settings, bool swish) {
  const bool modules = b->layers->modules;
  x = akin_builder_conv2d(b, x, modules ? akin_builder_text(b, "%s.0", torch) : keras, settings, NULL);
  x = v3_bn(b, x, modules ? akin_builder_text(b, "%s.1", torch) : akin_builder_text(b, "%s_bn", keras));
  return v3_act(b, x, swish, akin_builder_text(b, "%s.2", torch));
}

static akin_status v3_build(akin_layers *layers, const v3_network *network, const akin_card *card, akin_error *err) {
  akin_builder builder = {layers, err, AKIN_OK}, *b = &builder;
  const bool torch = layers->modules = card->dialect == AKIN_DIALECT_TORCHVISION;
  if (torch && (card->width_factor != 1 || card->minimalistic))
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED,
                     "torchvision's MobileNetV3 has one width, 1, and is not minimalistic");
  const akin_convolution stem = akin_keras_kernel(V3_STEM, 3, 2, torch ? AKIN_PADDING_SYMMETRIC : AKIN_PADDING_SAME);
  size_t x = akin_builder_input(b, card->preparation.height, card->preparation.width);
  if (!torch) x = akin_builder_rescaling(b, x, akin_keras_name(b, "rescaling"), 1.0 / 127.5, -1);
  x = v3_outer(b, x, "conv", "features.0", &stem, !card->minimalistic);
  x = v3_add_blocks(b, x, network, card);
  const akin_convolution last =
      akin_keras_kernel(akin_keras_divisible(akin_keras_channels(b, x) * 6), 1, 1, AKIN_PADDING_SAME);
  x = v3_outer(b, x, "conv_1", akin_builder_text(b, "features.%zu", network->count + 1), &last, !card->minimalistic);
  if (card->classes && torch) v3_classify_torch(b, x, network, card);
  if (card->classes && !torch) v3_classify(b, x, network, card);
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

#define V3_PARAMETERS (AKIN_FAMILY_WIDTH_FACTOR | AKIN_FAMILY_MINIMALISTIC | AKIN_FAMILY_TORCHVISION)

const akin_family akin_family_mobilenet_v3_small = {"mobilenet-v3-small", V3_PARAMETERS, 1, v3_build_small};
const akin_family akin_family_mobilenet_v3_large = {"mobilenet-v3-large", V3_PARAMETERS, 1, v3_build_large};
