/*
 * convnext.c - ConvNeXt tiny to xlarge: residual blocks of a wide depthwise convolution and two dense layers, with
 * normalization over channels (Liu et al. 2022, arXiv:2201.03545). The network normalizes its pixels itself; its stem
 * and what stands between stages are Sequential models inside it.
 */
#include "model/families/keras.h"

#define CONVNEXT_EPSILON 1e-6
#define CONVNEXT_STAGES  4

typedef struct convnext_network {
  const char *name; /* what the names of all layers begin with */
  uint32_t blocks[CONVNEXT_STAGES], channels[CONVNEXT_STAGES];
} convnext_network;

static const char *convnext_name(akin_builder *b, const char *prefix, const char *part) {
  return akin_builder_text(b, "%s_%s", prefix, part);
}

static size_t convnext_norm(akin_builder *b, size_t x, const char *name) {
  return akin_builder_layer_normalization(b, x, name, CONVNEXT_EPSILON);
}

static size_t convnext_conv(akin_builder *b, size_t x, const char *name, akin_convolution settings) {
  settings.bias = true;
  return akin_builder_conv2d(b, x, name, &settings, NULL);
}

static size_t convnext_prestem(akin_builder *b, size_t x, const char *network) {
  static const float mean[3] = {0.485 * 255, 0.456 * 255, 0.406 * 255};
  static const float variance[3] = {(0.229 * 255) * (0.229 * 255), (0.224 * 255) * (0.224 * 255),
                                    (0.225 * 255) * (0.225 * 255)};
  return akin_builder_normalization(b, x, convnext_name(b, network, "prestem_normalization"), mean, variance);
}

static size_t convnext_stem(akin_builder *b, size_t x, const convnext_network *network) {
  const char *model = convnext_name(b, network->name, "stem");
  const akin_convolution settings = akin_keras_kernel(network->channels[0], 4, 4, AKIN_PADDING_VALID);
  x = convnext_conv(b, x, akin_builder_text(b, "%s/%s_conv", model, model), settings);
  x = convnext_norm(b, x, akin_builder_text(b, "%s/%s_layernorm", model, model));
  return akin_builder_sequential(b, x, model);
}

/* In front of stage `stage`, which is not the first. */
static size_t convnext_downsample(akin_builder *b, size_t x, const convnext_network *network, uint32_t stage) {
  const char *model = akin_builder_text(b, "%s_downsampling_block_%u", network->name, stage - 1);
  const akin_convolution settings = akin_keras_kernel(network->channels[stage], 2, 2, AKIN_PADDING_VALID);
  x = convnext_norm(b, x, akin_builder_text(b, "%s/%s_downsampling_layernorm_%u", model, network->name, stage - 1));
  x = convnext_conv(b, x, akin_builder_text(b, "%s/%s_downsampling_conv_%u", model, network->name, stage - 1),
                    settings);
  return akin_builder_sequential(b, x, model);
}

/* name: "convnext_tiny_stage_0_block_0" */
static size_t convnext_block(akin_builder *b, size_t input, const char *name, uint32_t channels) {
  akin_convolution settings = akin_keras_kernel(channels, 7, 1, AKIN_PADDING_SAME);
  settings.groups = channels;
  size_t x = convnext_conv(b, input, convnext_name(b, name, "depthwise_conv"), settings);
  x = convnext_norm(b, x, convnext_name(b, name, "layernorm"));
  x = akin_builder_dense(b, x, convnext_name(b, name, "pointwise_conv_1"), 4 * channels, NULL);
  x = akin_builder_activation(b, x, convnext_name(b, name, "gelu"), AKIN_ACTIVATION_GELU);
  x = akin_builder_dense(b, x, convnext_name(b, name, "pointwise_conv_2"), channels, NULL);
  x = akin_builder_layer_scale(b, x, convnext_name(b, name, "layer_scale"));
  x = akin_builder_activation(b, x, convnext_name(b, name, "identity"), AKIN_ACTIVATION_LINEAR);
  return akin_builder_plus(b, input, x, akin_keras_name(b, "add"));
}

static size_t convnext_stage(akin_builder *b, size_t x, const convnext_network *network, uint32_t stage) {
  for (uint32_t i = 0; i < network->blocks[stage]; i++) {
    const char *name = akin_builder_text(b, "%s_stage_%u_block_%u", network->name, stage, i);
    x = convnext_block(b, x, name, network->channels[stage]);
  }
  return x;
}

/* Without class scores the last normalization is of the map, not of its mean. */
static void convnext_head(akin_builder *b, size_t x, const char *network, const akin_card *card) {
  if (card->classes == 0) {
    convnext_norm(b, x, akin_keras_name(b, "layer_normalization"));
    return;
  }
  x = akin_builder_global_average_pooling2d(b, x, convnext_name(b, network, "head_gap"));
  x = convnext_norm(b, x, convnext_name(b, network, "head_layernorm"));
  x = akin_builder_dense(b, x, convnext_name(b, network, "head_dense"), card->classes, NULL);
  akin_builder_activated(b, x, AKIN_ACTIVATION_SOFTMAX);
}

static akin_status convnext_build(akin_layers *layers, const convnext_network *network, const akin_card *card,
                                  akin_error *err) {
  akin_builder builder = {layers, err, AKIN_OK}, *b = &builder;
  size_t x = akin_builder_input(b, card->preparation.height, card->preparation.width);
  x = convnext_stem(b, convnext_prestem(b, x, network->name), network);
  for (uint32_t stage = 0; stage < CONVNEXT_STAGES; stage++) {
    if (stage > 0) x = convnext_downsample(b, x, network, stage);
    x = convnext_stage(b, x, network, stage);
  }
  convnext_head(b, x, network->name, card);
  return b->status;
}

static akin_status convnext_build_tiny(akin_layers *layers, const akin_card *card, akin_error *err) {
  static const convnext_network network = {"convnext_tiny", {3, 3, 9, 3}, {96, 192, 384, 768}};
  return convnext_build(layers, &network, card, err);
}

static akin_status convnext_build_small(akin_layers *layers, const akin_card *card, akin_error *err) {
  static const convnext_network network = {"convnext_small", {3, 3, 27, 3}, {96, 192, 384, 768}};
  return convnext_build(layers, &network, card, err);
}

static akin_status convnext_build_base(akin_layers *layers, const akin_card *card, akin_error *err) {
  static const convnext_network network = {"convnext_base", {3, 3, 27, 3}, {128, 256, 512, 1024}};
  return convnext_build(layers, &network, card, err);
}

static akin_status convnext_build_large(akin_layers *layers, const akin_card *card, akin_error *err) {
  static const convnext_network network = {"convnext_large", {3, 3, 27, 3}, {192, 384, 768, 1536}};
  return convnext_build(layers, &network, card, err);
}

static akin_status convnext_build_xlarge(akin_layers *layers, const akin_card *card, akin_error *err) {
  static const convnext_network network = {"convnext_xlarge", {3, 3, 27, 3}, {256, 512, 1024, 2048}};
  return convnext_build(layers, &network, card, err);
}

const akin_family akin_family_convnext_tiny = {"convnext-tiny", 0, 1, convnext_build_tiny};
const akin_family akin_family_convnext_small = {"convnext-small", 0, 1, convnext_build_small};
const akin_family akin_family_convnext_base = {"convnext-base", 0, 1, convnext_build_base};
const akin_family akin_family_convnext_large = {"convnext-large", 0, 1, convnext_build_large};
const akin_family akin_family_convnext_xlarge = {"convnext-xlarge", 0, 1, convnext_build_xlarge};
