/*
 * efficientnet_lite.c - EfficientNet-Lite: EfficientNet without squeeze-and-excitation, with ReLU6 for swish, and with
 * first stage, last stage, stem and head left out of the scaling (Tan & Le 2019, arXiv:1905.11946, and its Lite
 * variants). Layers are named as Keras names those of EfficientNet; the modules are those of the PyTorch conversion.
 *
 * Paddings are TensorFlow's SAME, by the actual size of each map: a fixed padding fits Lite0 and not Lite1 or Lite2.
 */
#include "model/families/efficientnet.h"

#include <math.h>

#define LITE_STEM 32
#define LITE_HEAD 1280

static const char *lite_module(const akin_efficientnet *net, akin_efficientnet_part part,
                               const akin_efficientnet_block *block) {
  static const char *const names[AKIN_EFFICIENTNET_PARTS] = {
      [AKIN_EFFICIENTNET_STEM] = "_conv_stem",
      [AKIN_EFFICIENTNET_STEM_BN] = "_bn0",
      [AKIN_EFFICIENTNET_EXPAND] = "_expand_conv",
      [AKIN_EFFICIENTNET_EXPAND_BN] = "_bn0",
      [AKIN_EFFICIENTNET_DEPTHWISE] = "_depthwise_conv",
      [AKIN_EFFICIENTNET_DEPTHWISE_BN] = "_bn1",
      [AKIN_EFFICIENTNET_PROJECT] = "_project_conv",
      [AKIN_EFFICIENTNET_PROJECT_BN] = "_bn2",
      [AKIN_EFFICIENTNET_TOP] = "_conv_head",
      [AKIN_EFFICIENTNET_TOP_BN] = "_bn1",
      [AKIN_EFFICIENTNET_PREDICTIONS] = "_fc",
  };
  return block ? akin_builder_text(net->b, "_blocks.%u.%s", block->number, names[part]) : names[part];
}

static akin_status lite_build(akin_layers *layers, const akin_card *card, akin_error *err) {
  static const akin_efficientnet_style style = {
      .epsilon = AKIN_KERAS_EPSILON, .relu6 = true, .scores = true, .depthwise = "dwconv", .module = lite_module};
  akin_builder builder = {layers, err, AKIN_OK}, *b = &builder;
  akin_efficientnet net = {.b = b, .style = &style};
  size_t x = akin_builder_input(b, card->preparation.height, card->preparation.width);
  x = akin_efficientnet_stem(&net, x, LITE_STEM);
  for (size_t i = 0; i < AKIN_EFFICIENTNET_STAGES; i++) {
    akin_efficientnet_stage stage = akin_efficientnet_stages[i];
    stage.channels = akin_keras_divisible(stage.channels * card->width_factor);
    if (i > 0 && i < AKIN_EFFICIENTNET_STAGES - 1) stage.repeats = (uint32_t)ceil(stage.repeats * card->depth_factor);
    x = akin_efficientnet_add(&net, x, &stage);
  }
  akin_efficientnet_top(&net, x, LITE_HEAD, card);
  return b->status;
}

const akin_family akin_family_efficientnet_lite = {"efficientnet-lite",
                                                   AKIN_FAMILY_WIDTH_FACTOR | AKIN_FAMILY_DEPTH_FACTOR, 1, lite_build};
