/*
 * resnet.c - ResNet 50, 101 and 152 as Keras has them: V1 (He et al. 2015, arXiv:1512.03385) with the stride on a
 * block's first convolution and biases everywhere; V2 (arXiv:1603.05027) with normalization in front of convolutions,
 * the stride in the last block of a stack, and nothing between the first convolution and its pooling, so that the zeros
 * of the padding take part in the maximum.
 */
#include "base/error.h"
#include "model/families/keras.h"

#define RESNET_EPSILON 1.001e-5
#define RESNET_STACKS  4

typedef struct resnet_block {
  const char *name; /* "conv3_block1" */
  uint32_t filters, stride;
  bool convolve; /* the shortcut */
} resnet_block;

static size_t resnet_conv(akin_builder *b, size_t x, const resnet_block *block, int number, akin_convolution settings) {
  return akin_builder_conv2d(b, x, akin_builder_text(b, "%s_%d_conv", block->name, number), &settings, NULL);
}

static size_t resnet_bn(akin_builder *b, size_t x, const char *name) {
  return akin_builder_batch_normalization(b, x, name, RESNET_EPSILON, NULL);
}

static size_t resnet_bn_relu(akin_builder *b, size_t x, const char *name) {
  x = resnet_bn(b, x, akin_builder_text(b, "%s_bn", name));
  return akin_builder_activation(b, x, akin_builder_text(b, "%s_relu", name), AKIN_ACTIVATION_RELU);
}

static akin_convolution resnet_kernel(uint32_t filters, uint32_t size, uint32_t stride, bool bias) {
  akin_convolution settings = akin_keras_kernel(filters, size, stride, AKIN_PADDING_VALID);
  settings.bias = bias;
  return settings;
}

/* ---- V1 ---- */

static size_t resnet_block_v1(akin_builder *b, size_t input, const resnet_block *block) {
  size_t shortcut = input, x = input;
  if (block->convolve) {
    shortcut = resnet_conv(b, input, block, 0, resnet_kernel(4 * block->filters, 1, block->stride, true));
    shortcut = resnet_bn(b, shortcut, akin_builder_text(b, "%s_0_bn", block->name));
  }
  x = resnet_conv(b, x, block, 1, resnet_kernel(block->filters, 1, block->stride, true));
  x = resnet_bn_relu(b, x, akin_builder_text(b, "%s_1", block->name));
  akin_convolution middle = resnet_kernel(block->filters, 3, 1, true);
  middle.padding = AKIN_PADDING_SAME;
  x = resnet_conv(b, x, block, 2, middle);
  x = resnet_bn_relu(b, x, akin_builder_text(b, "%s_2", block->name));
  x = resnet_conv(b, x, block, 3, resnet_kernel(4 * block->filters, 1, 1, true));
  x = resnet_bn(b, x, akin_builder_text(b, "%s_3_bn", block->name));
  x = akin_builder_add(b, shortcut, x, akin_builder_text(b, "%s_add", block->name));
  return akin_builder_activation(b, x, akin_builder_text(b, "%s_out", block->name), AKIN_ACTIVATION_RELU);
}

/* ---- V2 ---- */

static size_t resnet_shortcut_v2(akin_builder *b, size_t input, size_t active, const resnet_block *block) {
  if (block->convolve)
    return resnet_conv(b, active, block, 0, resnet_kernel(4 * block->filters, 1, block->stride, true));
  if (block->stride == 1) return input;
  return akin_builder_max_pooling2d(b, input, akin_keras_name(b, "max_pooling2d"), 1, block->stride,
                                    AKIN_PADDING_VALID);
}

static size_t resnet_block_v2(akin_builder *b, size_t input, const resnet_block *block) {
  const size_t active = resnet_bn_relu(b, input, akin_builder_text(b, "%s_preact", block->name));
  const size_t shortcut = resnet_shortcut_v2(b, input, active, block);
  size_t x = resnet_conv(b, active, block, 1, resnet_kernel(block->filters, 1, 1, false));
  x = resnet_bn_relu(b, x, akin_builder_text(b, "%s_1", block->name));
  x = akin_builder_zero_padding2d(b, x, akin_builder_text(b, "%s_2_pad", block->name), (akin_margins){1, 1, 1, 1});
  x = resnet_conv(b, x, block, 2, resnet_kernel(block->filters, 3, block->stride, false));
  x = resnet_bn_relu(b, x, akin_builder_text(b, "%s_2", block->name));
  x = resnet_conv(b, x, block, 3, resnet_kernel(4 * block->filters, 1, 1, true));
  return akin_builder_add(b, shortcut, x, akin_builder_text(b, "%s_out", block->name));
}

/* ---- both ---- */

/* Blocks of each stack; NULL: no network of that depth. */
static const uint32_t *resnet_stacks(uint32_t depth) {
  static const struct {
    uint32_t depth, blocks[RESNET_STACKS];
  } known[] = {{50, {3, 4, 6, 3}}, {101, {3, 4, 23, 3}}, {152, {3, 8, 36, 3}}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (known[i].depth == depth) return known[i].blocks;
  return NULL;
}

/* stack: from 0. V1 has its stride in the first block of all stacks but the first, V2 in the last of all but the last.
 */
static size_t resnet_stack(akin_builder *b, size_t x, uint32_t stack, uint32_t blocks, bool v2) {
  const bool strides = v2 ? stack < RESNET_STACKS - 1 : stack > 0;
  for (uint32_t i = 1; i <= blocks; i++) {
    const resnet_block block = {.name = akin_builder_text(b, "conv%u_block%u", stack + 2, i),
                                .filters = 64u << stack,
                                .stride = strides && i == (v2 ? blocks : 1) ? 2 : 1,
                                .convolve = i == 1};
    x = v2 ? resnet_block_v2(b, x, &block) : resnet_block_v1(b, x, &block);
  }
  return x;
}

static akin_status resnet_build(akin_layers *layers, const akin_card *card, bool v2, akin_error *err) {
  akin_builder builder = {layers, err, AKIN_OK}, *b = &builder;
  const uint32_t *blocks = resnet_stacks(card->depth);
  if (!blocks)
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "there is no ResNet of depth %u: 50, 101 or 152", card->depth);
  const akin_convolution stem = resnet_kernel(64, 7, 2, true);
  size_t x = akin_builder_input(b, card->preparation.height, card->preparation.width);
  x = akin_builder_zero_padding2d(b, x, "conv1_pad", (akin_margins){3, 3, 3, 3});
  x = akin_builder_conv2d(b, x, "conv1_conv", &stem, NULL);
  if (!v2) x = resnet_bn_relu(b, x, "conv1");
  x = akin_builder_zero_padding2d(b, x, "pool1_pad", (akin_margins){1, 1, 1, 1});
  x = akin_builder_max_pooling2d(b, x, "pool1_pool", 3, 2, AKIN_PADDING_VALID);
  for (uint32_t stack = 0; stack < RESNET_STACKS; stack++)
    x = resnet_stack(b, x, stack, blocks[stack], v2);
  if (v2) x = resnet_bn_relu(b, x, "post");
  akin_keras_classify(b, x, "avg_pool", card);
  return b->status;
}

static akin_status resnet_build_v1(akin_layers *layers, const akin_card *card, akin_error *err) {
  return resnet_build(layers, card, false, err);
}

static akin_status resnet_build_v2(akin_layers *layers, const akin_card *card, akin_error *err) {
  return resnet_build(layers, card, true, err);
}

const akin_family akin_family_resnet = {"resnet", AKIN_FAMILY_DEPTH, 1, resnet_build_v1};
const akin_family akin_family_resnet_v2 = {"resnet-v2", AKIN_FAMILY_DEPTH, 1, resnet_build_v2};
