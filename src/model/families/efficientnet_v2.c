/*
 * efficientnet_v2.c - EfficientNetV2: fused blocks in the first stages (Tan & Le 2021, arXiv:2104.00298). B0 to B3 are
 * one network, scaled as EfficientNet is, S, M and L three others. It prepares its pixels itself: S, M and L x / 128 -
 * 1, the others by constants. torchvision's takes pixels that are prepared.
 */
#include "model/families/efficientnet.h"

#include <math.h>

#define V2_HEAD 1280

static const akin_efficientnet_stage v2_b[] = {
    {1, 3, 1, 1, 16, true},  {2, 3, 2, 4, 32, true},   {2, 3, 2, 4, 48, true},
    {3, 3, 2, 4, 96, false}, {5, 3, 1, 6, 112, false}, {8, 3, 2, 6, 192, false},
};
static const akin_efficientnet_stage v2_s[] = {
    {2, 3, 1, 1, 24, true},   {4, 3, 2, 4, 48, true},   {4, 3, 2, 4, 64, true},
    {6, 3, 2, 4, 128, false}, {9, 3, 1, 6, 160, false}, {15, 3, 2, 6, 256, false},
};
static const akin_efficientnet_stage v2_m[] = {
    {3, 3, 1, 1, 24, true},    {5, 3, 2, 4, 48, true},    {5, 3, 2, 4, 80, true},   {7, 3, 2, 4, 160, false},
    {14, 3, 1, 6, 176, false}, {18, 3, 2, 6, 304, false}, {5, 3, 1, 6, 512, false},
};
static const akin_efficientnet_stage v2_l[] = {
    {4, 3, 1, 1, 32, true},    {7, 3, 2, 4, 64, true},    {7, 3, 2, 4, 96, true},   {10, 3, 2, 4, 192, false},
    {19, 3, 1, 6, 224, false}, {25, 3, 2, 6, 384, false}, {7, 3, 1, 6, 640, false},
};

typedef struct v2_network {
  const akin_efficientnet_stage *stages;
  size_t count;
  uint32_t stem;
  bool normalizes; /* its pixels, as EfficientNet does */
} v2_network;

/* To the nearest multiple of 8, but at least 8. */
static uint32_t v2_channels(uint32_t channels, double factor) {
  const uint32_t rounded = (uint32_t)(channels * factor + 4) / 8 * 8;
  return rounded < 8 ? 8 : rounded;
}

static size_t v2_prepare(akin_builder *b, size_t x, bool normalizes) {
  static const float mean[3] = {0.485F, 0.456F, 0.406F};
  static const float variance[3] = {0.229F * 0.229F, 0.224F * 0.224F, 0.225F * 0.225F};
  if (!normalizes) return akin_builder_rescaling(b, x, akin_keras_name(b, "rescaling"), 1.0 / 128.0, -1);
  x = akin_builder_rescaling(b, x, akin_keras_name(b, "rescaling"), 1.0 / 255.0, 0);
  return akin_builder_normalization(b, x, akin_keras_name(b, "normalization"), mean, variance);
}

static akin_status v2_build(akin_layers *layers, const v2_network *network, const akin_card *card, akin_error *err) {
  static const akin_efficientnet_style keras = {
      .epsilon = AKIN_KERAS_EPSILON, .squeezes = true, .depthwise = "dwconv2"};
  const bool torch = layers->modules = card->dialect == AKIN_DIALECT_TORCHVISION;
  const akin_efficientnet_style style = torch ? akin_efficientnet_torchvision(AKIN_KERAS_EPSILON) : keras;
  const double width = card->width_factor;
  akin_builder builder = {layers, err, AKIN_OK}, *b = &builder;
  akin_efficientnet net = {.b = b, .style = &style};
  size_t x = akin_builder_input(b, card->preparation.height, card->preparation.width);
  if (!torch) x = v2_prepare(b, x, network->normalizes);
  x = akin_efficientnet_stem(&net, x, v2_channels(network->stem, width));
  for (size_t i = 0; i < network->count; i++) {
    akin_efficientnet_stage stage = network->stages[i];
    stage.channels = v2_channels(stage.channels, width);
    stage.repeats = (uint32_t)ceil(stage.repeats * card->depth_factor);
    x = akin_efficientnet_add(&net, x, &stage);
  }
  akin_efficientnet_top(&net, x, v2_channels(V2_HEAD, width), card);
  return b->status;
}

static akin_status v2_build_b(akin_layers *layers, const akin_card *card, akin_error *err) {
  static const v2_network network = {v2_b, sizeof v2_b / sizeof *v2_b, 32, true};
  return v2_build(layers, &network, card, err);
}

static akin_status v2_build_s(akin_layers *layers, const akin_card *card, akin_error *err) {
  static const v2_network network = {v2_s, sizeof v2_s / sizeof *v2_s, 24, false};
  return v2_build(layers, &network, card, err);
}

static akin_status v2_build_m(akin_layers *layers, const akin_card *card, akin_error *err) {
  static const v2_network network = {v2_m, sizeof v2_m / sizeof *v2_m, 24, false};
  return v2_build(layers, &network, card, err);
}

static akin_status v2_build_l(akin_layers *layers, const akin_card *card, akin_error *err) {
  static const v2_network network = {v2_l, sizeof v2_l / sizeof *v2_l, 32, false};
  return v2_build(layers, &network, card, err);
}

const akin_family akin_family_efficientnet_v2_b = {"efficientnet-v2-b",
                                                   AKIN_FAMILY_WIDTH_FACTOR | AKIN_FAMILY_DEPTH_FACTOR, 1, v2_build_b};
const akin_family akin_family_efficientnet_v2_s = {"efficientnet-v2-s", AKIN_FAMILY_TORCHVISION, 1, v2_build_s};
const akin_family akin_family_efficientnet_v2_m = {"efficientnet-v2-m", AKIN_FAMILY_TORCHVISION, 1, v2_build_m};
const akin_family akin_family_efficientnet_v2_l = {"efficientnet-v2-l", AKIN_FAMILY_TORCHVISION, 1, v2_build_l};
