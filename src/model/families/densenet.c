/*
 * densenet.c - DenseNet 121, 169 and 201: each block reads what all blocks before it have made (Huang et al. 2017,
 * arXiv:1608.06993). Normalization stands in front of convolutions, which have no biases.
 */
#include "base/error.h"
#include "model/families/keras.h"

#define DENSENET_EPSILON 1.001e-5
#define DENSENET_GROWTH  32
#define DENSENET_STAGES  4

static size_t densenet_bn_relu(akin_builder *b, size_t x, const char *bn, const char *relu) {
  x = akin_builder_batch_normalization(b, x, bn, DENSENET_EPSILON, NULL);
  return akin_builder_activation(b, x, relu, AKIN_ACTIVATION_RELU);
}

static size_t densenet_conv(akin_builder *b, size_t x, const char *name, akin_convolution settings) {
  return akin_builder_conv2d(b, x, name, &settings, NULL);
}

/* Adds its own channels behind those that it reads. name: "conv2_block1" */
static size_t densenet_block(akin_builder *b, size_t input, const char *name) {
  size_t x = densenet_bn_relu(b, input, akin_builder_text(b, "%s_0_bn", name), akin_builder_text(b, "%s_0_relu", name));
  x = densenet_conv(b, x, akin_builder_text(b, "%s_1_conv", name),
                    akin_keras_kernel(4 * DENSENET_GROWTH, 1, 1, AKIN_PADDING_VALID));
  x = densenet_bn_relu(b, x, akin_builder_text(b, "%s_1_bn", name), akin_builder_text(b, "%s_1_relu", name));
  x = densenet_conv(b, x, akin_builder_text(b, "%s_2_conv", name),
                    akin_keras_kernel(DENSENET_GROWTH, 3, 1, AKIN_PADDING_SAME));
  const size_t both[2] = {input, x};
  return akin_builder_concatenate(b, both, 2, akin_builder_text(b, "%s_concat", name));
}

/* Halves channels and map, behind stage `number`. */
static size_t densenet_transition(akin_builder *b, size_t x, unsigned number) {
  const uint32_t channels = akin_keras_channels(b, x);
  x = densenet_bn_relu(b, x, akin_builder_text(b, "pool%u_bn", number), akin_builder_text(b, "pool%u_relu", number));
  x = densenet_conv(b, x, akin_builder_text(b, "pool%u_conv", number),
                    akin_keras_kernel(channels / 2, 1, 1, AKIN_PADDING_VALID));
  return akin_builder_average_pooling2d(b, x, akin_builder_text(b, "pool%u_pool", number), 2, 2, AKIN_PADDING_VALID);
}

static size_t densenet_stem(akin_builder *b, size_t x) {
  x = akin_builder_zero_padding2d(b, x, akin_keras_name(b, "zero_padding2d"), (akin_margins){3, 3, 3, 3});
  x = densenet_conv(b, x, "conv1_conv", akin_keras_kernel(64, 7, 2, AKIN_PADDING_VALID));
  x = densenet_bn_relu(b, x, "conv1_bn", "conv1_relu");
  x = akin_builder_zero_padding2d(b, x, akin_keras_name(b, "zero_padding2d"), (akin_margins){1, 1, 1, 1});
  return akin_builder_max_pooling2d(b, x, "pool1", 3, 2, AKIN_PADDING_VALID);
}

/* Blocks of each stage; NULL: no network of that depth. */
static const uint32_t *densenet_stages(uint32_t depth) {
  static const struct {
    uint32_t depth, blocks[DENSENET_STAGES];
  } known[] = {{121, {6, 12, 24, 16}}, {169, {6, 12, 32, 32}}, {201, {6, 12, 48, 32}}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (known[i].depth == depth) return known[i].blocks;
  return NULL;
}

static akin_status densenet_build(akin_layers *layers, const akin_card *card, akin_error *err) {
  akin_builder builder = {layers, err, AKIN_OK}, *b = &builder;
  const uint32_t *blocks = densenet_stages(card->depth);
  if (!blocks)
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "there is no DenseNet of depth %u: 121, 169 or 201", card->depth);
  size_t x = akin_builder_input(b, card->preparation.height, card->preparation.width);
  x = densenet_stem(b, x);
  for (unsigned stage = 0; stage < DENSENET_STAGES; stage++) {
    if (stage > 0) x = densenet_transition(b, x, stage + 1);
    for (unsigned i = 1; i <= blocks[stage]; i++)
      x = densenet_block(b, x, akin_builder_text(b, "conv%u_block%u", stage + 2, i));
  }
  x = densenet_bn_relu(b, x, "bn", "relu");
  akin_keras_classify(b, x, "avg_pool", card);
  return b->status;
}

const akin_family akin_family_densenet = {"densenet", AKIN_FAMILY_DEPTH, 1, densenet_build};
