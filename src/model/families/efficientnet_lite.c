/*
 * efficientnet_lite.c - EfficientNet-Lite: EfficientNet without squeeze-and-excitation, with ReLU6 for swish, and with
 * first stage, last stage, stem and head left out of the scaling (Tan & Le 2019, arXiv:1905.11946, and its Lite
 * variants). Layers are named as Keras names those of EfficientNet; the modules are those of the PyTorch conversion.
 *
 * Paddings are TensorFlow's SAME, by the actual size of each map: a fixed padding fits Lite0 and not Lite1 or Lite2.
 */
#include "model/families/keras.h"

#include <math.h>

#define LITE_EPSILON AKIN_KERAS_EPSILON
#define LITE_STEM    32
#define LITE_HEAD    1280
#define LITE_RELU6   6.0

typedef struct lite_stage {
  uint32_t repeats, kernel, stride, expansion, channels;
} lite_stage;

static const lite_stage lite_stages[] = {
    {1, 3, 1, 1, 16},  {2, 3, 2, 6, 24},  {2, 5, 2, 6, 40},  {3, 3, 2, 6, 80},
    {3, 5, 1, 6, 112}, {4, 5, 2, 6, 192}, {1, 3, 1, 6, 320},
};

#define LITE_STAGES (sizeof lite_stages / sizeof *lite_stages)

static uint32_t lite_channels(uint32_t channels, double factor) {
  return akin_keras_divisible(channels * factor);
}

static uint32_t lite_repeats(size_t stage, double factor) {
  const uint32_t repeats = lite_stages[stage].repeats;
  return stage == 0 || stage == LITE_STAGES - 1 ? repeats : (uint32_t)ceil(repeats * factor);
}

static akin_convolution lite_convolution(uint32_t filters, uint32_t kernel, uint32_t stride) {
  return akin_keras_kernel(filters, kernel, stride, AKIN_PADDING_SAME);
}

/* Where a block stands: names and inputs of its layers. */
typedef struct lite_block {
  const char *name;  /* "block2a_" */
  const char *torch; /* "_blocks.1." */
  uint32_t expansion, kernel, stride, inputs, outputs;
} lite_block;

static size_t lite_expand(akin_builder *b, size_t x, const lite_block *block) {
  const akin_convolution settings = lite_convolution(block->inputs * block->expansion, 1, 1);
  x = akin_builder_conv2d(b, x, akin_builder_text(b, "%sexpand_conv", block->name), &settings,
                          akin_builder_text(b, "%s_expand_conv", block->torch));
  x = akin_builder_batch_normalization(b, x, akin_builder_text(b, "%sexpand_bn", block->name), LITE_EPSILON,
                                       akin_builder_text(b, "%s_bn0", block->torch));
  return akin_builder_relu(b, x, akin_builder_text(b, "%sexpand_activation", block->name), LITE_RELU6);
}

static size_t lite_depthwise(akin_builder *b, size_t x, const lite_block *block) {
  const akin_convolution settings = lite_convolution(0, block->kernel, block->stride);
  x = akin_builder_depthwise_conv2d(b, x, akin_builder_text(b, "%sdwconv", block->name), &settings,
                                    akin_builder_text(b, "%s_depthwise_conv", block->torch));
  x = akin_builder_batch_normalization(b, x, akin_builder_text(b, "%sbn", block->name), LITE_EPSILON,
                                       akin_builder_text(b, "%s_bn1", block->torch));
  return akin_builder_relu(b, x, akin_builder_text(b, "%sactivation", block->name), LITE_RELU6);
}

static size_t lite_project(akin_builder *b, size_t x, const lite_block *block) {
  const akin_convolution settings = lite_convolution(block->outputs, 1, 1);
  x = akin_builder_conv2d(b, x, akin_builder_text(b, "%sproject_conv", block->name), &settings,
                          akin_builder_text(b, "%s_project_conv", block->torch));
  return akin_builder_batch_normalization(b, x, akin_builder_text(b, "%sproject_bn", block->name), LITE_EPSILON,
                                          akin_builder_text(b, "%s_bn2", block->torch));
}

static size_t lite_add_block(akin_builder *b, size_t input, const lite_block *block) {
  size_t x = input;
  if (block->expansion > 1) x = lite_expand(b, x, block);
  x = lite_depthwise(b, x, block);
  x = lite_project(b, x, block);
  if (block->stride != 1 || block->inputs != block->outputs) return x;
  x = akin_builder_dropout(b, x, akin_builder_text(b, "%sdrop", block->name));
  return akin_builder_add(b, x, input, akin_builder_text(b, "%sadd", block->name));
}

static size_t lite_add_blocks(akin_builder *b, size_t x, const akin_card *card) {
  uint32_t channels = LITE_STEM, number = 0;
  for (size_t stage = 0; stage < LITE_STAGES; stage++) {
    const lite_stage *s = &lite_stages[stage];
    const uint32_t outputs = lite_channels(s->channels, card->width_factor);
    for (uint32_t i = 0; i < lite_repeats(stage, card->depth_factor); i++) {
      const lite_block block = {akin_builder_text(b, "block%zu%c_", stage + 1, (int)('a' + i)),
                                akin_builder_text(b, "_blocks.%u.", number),
                                s->expansion,
                                s->kernel,
                                i == 0 ? s->stride : 1,
                                channels,
                                outputs};
      x = lite_add_block(b, x, &block);
      channels = outputs;
      number++;
    }
  }
  return x;
}

static akin_status lite_build(akin_layers *layers, const akin_card *card, akin_error *err) {
  akin_builder builder = {layers, err, AKIN_OK}, *b = &builder;
  const akin_convolution stem = lite_convolution(LITE_STEM, 3, 2), head = lite_convolution(LITE_HEAD, 1, 1);
  size_t x = akin_builder_input(b, card->preparation.height, card->preparation.width);
  x = akin_builder_conv2d(b, x, "stem_conv", &stem, "_conv_stem");
  x = akin_builder_batch_normalization(b, x, "stem_bn", LITE_EPSILON, "_bn0");
  x = akin_builder_relu(b, x, "stem_activation", LITE_RELU6);
  x = lite_add_blocks(b, x, card);
  x = akin_builder_conv2d(b, x, "top_conv", &head, "_conv_head");
  x = akin_builder_batch_normalization(b, x, "top_bn", LITE_EPSILON, "_bn1");
  x = akin_builder_relu(b, x, "top_activation", LITE_RELU6);
  if (card->classes == 0) return b->status;
  x = akin_builder_global_average_pooling2d(b, x, "avg_pool");
  x = akin_builder_dropout(b, x, "top_dropout");
  akin_builder_dense(b, x, "predictions", card->classes, "_fc");
  return b->status;
}

const akin_family akin_family_efficientnet_lite = {"efficientnet-lite",
                                                   AKIN_FAMILY_WIDTH_FACTOR | AKIN_FAMILY_DEPTH_FACTOR, 1, lite_build};
