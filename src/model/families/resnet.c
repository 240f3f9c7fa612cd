/*
 * resnet.c - ResNet (He et al. 2015, arXiv:1512.03385) and its second version.
 *
 * V1 as Keras has it: the stride on a block's first convolution, biases everywhere. As torchvision has it: on the
 * convolution of 3×3, no biases, other names; there are also blocks of two convolutions (18, 34) and convolutions in
 * groups or wider ones (ResNeXt, arXiv:1611.05431; wide ResNet, arXiv:1605.07146).
 * V2 (arXiv:1603.05027): normalization in front of convolutions, the stride in the last block of a stack, and nothing
 * between the first convolution and its pooling, so that the zeros of the padding take part in the maximum.
 */
#include "base/error.h"
#include "model/families/keras.h"
#include "model/families/torchvision.h"

#define RESNET_EPSILON 1.001e-5
#define RESNET_STACKS  4

/* Whose network: of all its blocks. */
typedef struct resnet_style {
  bool bias;
  akin_padding padding; /* of kernels of 3×3 */
  double epsilon;
  int convolutions; /* of a block: 3, or 2 of 3×3 */
  int stride_at;    /* which of them has the block's stride, from 1 */
  uint32_t groups, group_width;
} resnet_style;

typedef struct resnet_block {
  const char *name; /* "conv3_block1", "layer2.0" */
  uint32_t filters, stride;
  bool convolve; /* the shortcut */
} resnet_block;

/* "conv3_block1_2_conv", "layer2.0.conv2"; number 0: of the shortcut. part: "conv", "bn", "relu" */
static const char *resnet_name(akin_builder *b, const resnet_block *block, int number, const char *part) {
  if (!b->layers->modules) return akin_builder_text(b, "%s_%d_%s", block->name, number, part);
  if (number == 0) return akin_builder_text(b, "%s.downsample.%d", block->name, part[0] == 'b');
  if (part[0] != 'r') return akin_builder_text(b, "%s.%s%d", block->name, part, number);
  return akin_keras_name(b, akin_builder_text(b, "%s.relu", block->name));
}

static size_t resnet_conv(akin_builder *b, size_t x, const resnet_block *block, int number, akin_convolution settings) {
  return akin_builder_conv2d(b, x, resnet_name(b, block, number, "conv"), &settings, NULL);
}

static akin_convolution resnet_kernel(uint32_t filters, uint32_t size, uint32_t stride, bool bias) {
  akin_convolution settings = akin_keras_kernel(filters, size, stride, AKIN_PADDING_VALID);
  settings.bias = bias;
  return settings;
}

/* ---- V1 ---- */

static uint32_t resnet_outputs(const resnet_block *block, const resnet_style *style) {
  return style->convolutions == 2 ? block->filters : 4 * block->filters;
}

/* The convolution `number`, from 1, of a block. */
static akin_convolution resnet_kernel_v1(const resnet_block *block, int number, const resnet_style *style) {
  const uint32_t stride = number == style->stride_at ? block->stride : 1;
  const uint32_t width = block->filters * style->group_width / 64 * style->groups;
  if (style->convolutions == 3 && number != 2)
    return resnet_kernel(number == 1 ? width : resnet_outputs(block, style), 1, stride, style->bias);
  akin_convolution settings = resnet_kernel(style->convolutions == 2 ? block->filters : width, 3, stride, style->bias);
  settings.padding = style->padding;
  settings.groups = style->groups;
  return settings;
}

static size_t resnet_block_v1(akin_builder *b, size_t input, const resnet_block *block, const resnet_style *style) {
  size_t shortcut = input, x = input;
  if (block->convolve) {
    const akin_convolution settings = resnet_kernel(resnet_outputs(block, style), 1, block->stride, style->bias);
    shortcut = resnet_conv(b, input, block, 0, settings);
    shortcut = akin_builder_batch_normalization(b, shortcut, resnet_name(b, block, 0, "bn"), style->epsilon, NULL);
  }
  for (int number = 1; number <= style->convolutions; number++) {
    x = resnet_conv(b, x, block, number, resnet_kernel_v1(block, number, style));
    x = akin_builder_batch_normalization(b, x, resnet_name(b, block, number, "bn"), style->epsilon, NULL);
    if (number < style->convolutions)
      x = akin_builder_activation(b, x, resnet_name(b, block, number, "relu"), AKIN_ACTIVATION_RELU);
  }
  x = akin_builder_add(b, shortcut, x, akin_builder_text(b, b->layers->modules ? "%s.add" : "%s_add", block->name));
  const char *out = b->layers->modules ? resnet_name(b, block, style->convolutions, "relu")
                                       : akin_builder_text(b, "%s_out", block->name);
  return akin_builder_activation(b, x, out, AKIN_ACTIVATION_RELU);
}

static size_t resnet_stem_torch(akin_builder *b, size_t x, const resnet_style *style) {
  const akin_convolution stem = akin_torch_kernel(64, 7, 2);
  x = akin_builder_conv2d(b, x, "conv1", &stem, NULL);
  x = akin_builder_batch_normalization(b, x, "bn1", style->epsilon, NULL);
  x = akin_builder_activation(b, x, "relu", AKIN_ACTIVATION_RELU);
  return akin_builder_max_pooling2d(b, x, "maxpool", 3, 2, style->padding);
}

/* ---- V2, and the stem of Keras' V1 ---- */

static size_t resnet_bn_relu(akin_builder *b, size_t x, const char *name) {
  x = akin_builder_batch_normalization(b, x, akin_builder_text(b, "%s_bn", name), RESNET_EPSILON, NULL);
  return akin_builder_activation(b, x, akin_builder_text(b, "%s_relu", name), AKIN_ACTIVATION_RELU);
}

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

static size_t resnet_stem_keras(akin_builder *b, size_t x, bool v2) {
  const akin_convolution stem = resnet_kernel(64, 7, 2, true);
  x = akin_builder_zero_padding2d(b, x, "conv1_pad", (akin_margins){3, 3, 3, 3});
  x = akin_builder_conv2d(b, x, "conv1_conv", &stem, NULL);
  if (!v2) x = resnet_bn_relu(b, x, "conv1");
  x = akin_builder_zero_padding2d(b, x, "pool1_pad", (akin_margins){1, 1, 1, 1});
  return akin_builder_max_pooling2d(b, x, "pool1_pool", 3, 2, AKIN_PADDING_VALID);
}

/* ---- all ---- */

/* Blocks of each stack; NULL: no network of that depth. */
static const uint32_t *resnet_stacks(uint32_t depth, bool torch) {
  static const struct {
    uint32_t depth, blocks[RESNET_STACKS];
  } known[] = {{50, {3, 4, 6, 3}}, {101, {3, 4, 23, 3}}, {152, {3, 8, 36, 3}}, {18, {2, 2, 2, 2}}, {34, {3, 4, 6, 3}}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (known[i].depth == depth && (torch || depth >= 50)) return known[i].blocks;
  return NULL;
}

/* stack: from 0. style: NULL of V2. V1 has its stride in the first block of all stacks but the first, V2 in the last of
 * all but the last. */
static size_t resnet_stack(akin_builder *b, size_t x, uint32_t stack, uint32_t blocks, const resnet_style *style) {
  const bool strides = style ? stack > 0 : stack < RESNET_STACKS - 1;
  for (uint32_t i = 1; i <= blocks; i++) {
    const resnet_block block = {.name = b->layers->modules ? akin_builder_text(b, "layer%u.%u", stack + 1, i - 1)
                                                           : akin_builder_text(b, "conv%u_block%u", stack + 2, i),
                                .filters = 64u << stack,
                                .stride = strides && i == (style ? 1 : blocks) ? 2 : 1,
                                .convolve = i == 1 && (stack > 0 || !style || style->convolutions == 3)};
    x = style ? resnet_block_v1(b, x, &block, style) : resnet_block_v2(b, x, &block);
  }
  return x;
}

static akin_status resnet_build(akin_layers *layers, const akin_card *card, bool v2, akin_error *err) {
  const bool torch = card->dialect == AKIN_DIALECT_TORCHVISION;
  akin_builder builder = {layers, err, AKIN_OK}, *b = &builder;
  layers->modules = torch;
  const uint32_t *blocks = resnet_stacks(card->depth, torch);
  if (!blocks)
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "there is no ResNet of depth %u: %s50, 101 or 152", card->depth,
                     torch ? "18, 34, " : "");
  const bool basic = card->depth < 50;
  if (basic && (card->groups != 1 || card->group_width != 64))
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "a ResNet of depth %u has no groups", card->depth);
  const resnet_style keras = {true, AKIN_PADDING_SAME, RESNET_EPSILON, 3, 1, 1, 64};
  const resnet_style torchvision = {false,         AKIN_PADDING_SYMMETRIC, AKIN_TORCH_EPSILON, basic ? 2 : 3,
                                    basic ? 1 : 2, card->groups,           card->group_width};
  const resnet_style *style = torch ? &torchvision : &keras;
  size_t x = akin_builder_input(b, card->preparation.height, card->preparation.width);
  x = torch ? resnet_stem_torch(b, x, style) : resnet_stem_keras(b, x, v2);
  for (uint32_t stack = 0; stack < RESNET_STACKS; stack++)
    x = resnet_stack(b, x, stack, blocks[stack], v2 ? NULL : style);
  if (v2) x = resnet_bn_relu(b, x, "post");
  if (torch)
    akin_torch_classify(b, x, "avgpool", "fc", card);
  else
    akin_keras_classify(b, x, "avg_pool", card);
  return b->status;
}

static akin_status resnet_build_v1(akin_layers *layers, const akin_card *card, akin_error *err) {
  return resnet_build(layers, card, false, err);
}

static akin_status resnet_build_v2(akin_layers *layers, const akin_card *card, akin_error *err) {
  return resnet_build(layers, card, true, err);
}

const akin_family akin_family_resnet = {"resnet", AKIN_FAMILY_DEPTH | AKIN_FAMILY_TORCHVISION | AKIN_FAMILY_GROUPS, 1,
                                        resnet_build_v1};
const akin_family akin_family_resnet_v2 = {"resnet-v2", AKIN_FAMILY_DEPTH, 1, resnet_build_v2};
