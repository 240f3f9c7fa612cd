/*
 * inception_resnet_v2.c - InceptionResNetV2 (Szegedy et al. 2016, arXiv:1602.07261): what a block's branches give is
 * scaled and added to its input. A block's last convolution has a bias and no normalization, the last block no ReLU.
 */
#include "model/families/inception.h"

/* 35×35 */
static size_t inception_mixed_5b(akin_builder *b, size_t input) {
  size_t branches[4];
  branches[0] = akin_inception_conv(b, input, 96, 1, 1);
  branches[1] = akin_inception_conv(b, input, 48, 1, 1);
  branches[1] = akin_inception_conv(b, branches[1], 64, 5, 5);
  branches[2] = akin_inception_conv(b, input, 64, 1, 1);
  branches[2] = akin_inception_conv(b, branches[2], 96, 3, 3);
  branches[2] = akin_inception_conv(b, branches[2], 96, 3, 3);
  branches[3] = akin_inception_average(b, input, 64);
  return akin_builder_concatenate(b, branches, 4, "mixed_5b");
}

static size_t inception_mixed_6a(akin_builder *b, size_t input) {
  size_t branches[3];
  branches[0] = akin_inception_reduce(b, input, 384);
  branches[1] = akin_inception_conv(b, input, 256, 1, 1);
  branches[1] = akin_inception_conv(b, branches[1], 256, 3, 3);
  branches[1] = akin_inception_reduce(b, branches[1], 384);
  branches[2] = akin_inception_reduce_pool(b, input);
  return akin_builder_concatenate(b, branches, 3, "mixed_6a");
}

static size_t inception_mixed_7a(akin_builder *b, size_t input) {
  size_t branches[4];
  branches[0] = akin_inception_conv(b, input, 256, 1, 1);
  branches[0] = akin_inception_reduce(b, branches[0], 384);
  branches[1] = akin_inception_conv(b, input, 256, 1, 1);
  branches[1] = akin_inception_reduce(b, branches[1], 288);
  branches[2] = akin_inception_conv(b, input, 256, 1, 1);
  branches[2] = akin_inception_conv(b, branches[2], 288, 3, 3);
  branches[2] = akin_inception_reduce(b, branches[2], 320);
  branches[3] = akin_inception_reduce_pool(b, input);
  return akin_builder_concatenate(b, branches, 4, "mixed_7a");
}

/* ---- residual blocks: the branches of each kind ---- */

typedef size_t inception_branches(akin_builder *b, size_t input, size_t branches[3]); /* how many */

static size_t inception_branches_35(akin_builder *b, size_t input, size_t branches[3]) {
  branches[0] = akin_inception_conv(b, input, 32, 1, 1);
  branches[1] = akin_inception_conv(b, input, 32, 1, 1);
  branches[1] = akin_inception_conv(b, branches[1], 32, 3, 3);
  branches[2] = akin_inception_conv(b, input, 32, 1, 1);
  branches[2] = akin_inception_conv(b, branches[2], 48, 3, 3);
  branches[2] = akin_inception_conv(b, branches[2], 64, 3, 3);
  return 3;
}

static size_t inception_branches_17(akin_builder *b, size_t input, size_t branches[3]) {
  branches[0] = akin_inception_conv(b, input, 192, 1, 1);
  branches[1] = akin_inception_conv(b, input, 128, 1, 1);
  branches[1] = akin_inception_conv(b, branches[1], 160, 1, 7);
  branches[1] = akin_inception_conv(b, branches[1], 192, 7, 1);
  return 2;
}

static size_t inception_branches_8(akin_builder *b, size_t input, size_t branches[3]) {
  branches[0] = akin_inception_conv(b, input, 192, 1, 1);
  branches[1] = akin_inception_conv(b, input, 192, 1, 1);
  branches[1] = akin_inception_conv(b, branches[1], 224, 1, 3);
  branches[1] = akin_inception_conv(b, branches[1], 256, 3, 1);
  return 2;
}

typedef struct inception_stack {
  const char *name;
  inception_branches *branches;
  unsigned blocks;
  double scale;
} inception_stack;

static size_t inception_block(akin_builder *b, size_t input, const inception_stack *stack, unsigned number, bool last) {
  size_t branches[3];
  const size_t count = stack->branches(b, input, branches);
  const char *name = akin_builder_text(b, "%s_%u", stack->name, number);
  akin_convolution settings = akin_keras_kernel(akin_keras_channels(b, input), 1, 1, AKIN_PADDING_SAME);
  settings.bias = true;
  size_t x = akin_builder_concatenate(b, branches, count, akin_builder_text(b, "%s_mixed", name));
  x = akin_builder_conv2d(b, x, akin_builder_text(b, "%s_conv", name), &settings, NULL);
  x = akin_builder_custom_scale(b, input, x, akin_keras_name(b, "custom_scale_layer"), last ? 1.0 : stack->scale);
  if (last) return x;
  return akin_builder_activation(b, x, akin_builder_text(b, "%s_ac", name), AKIN_ACTIVATION_RELU);
}

static size_t inception_blocks(akin_builder *b, size_t x, const inception_stack *stack, bool ends) {
  for (unsigned i = 1; i <= stack->blocks; i++)
    x = inception_block(b, x, stack, i, ends && i == stack->blocks);
  return x;
}

static akin_status inception_build(akin_layers *layers, const akin_card *card, akin_error *err) {
  static const inception_stack block35 = {"block35", inception_branches_35, 10, 0.17},
                               block17 = {"block17", inception_branches_17, 20, 0.1},
                               block8 = {"block8", inception_branches_8, 10, 0.2};
  const akin_convolution head = akin_keras_kernel(1536, 1, 1, AKIN_PADDING_SAME);
  akin_builder builder = {layers, err, AKIN_OK}, *b = &builder;
  size_t x = akin_inception_stem(b, card);
  x = inception_blocks(b, inception_mixed_5b(b, x), &block35, false);
  x = inception_blocks(b, inception_mixed_6a(b, x), &block17, false);
  x = inception_blocks(b, inception_mixed_7a(b, x), &block8, true);
  x = akin_builder_conv2d(b, x, "conv_7b", &head, NULL);
  x = akin_builder_batch_normalization_unscaled(b, x, "conv_7b_bn", AKIN_KERAS_EPSILON);
  x = akin_builder_activation(b, x, "conv_7b_ac", AKIN_ACTIVATION_RELU);
  akin_keras_classify(b, x, "avg_pool", card);
  return b->status;
}

const akin_family akin_family_inception_resnet_v2 = {"inception-resnet-v2", 0, 1, inception_build};
