/*
 * densenet.c - DenseNet 121, 169 and 201: each block reads what all blocks before it have made (Huang et al. 2017,
 * arXiv:1608.06993). Normalization stands in front of convolutions, which have no biases. torchvision's form has
 * another epsilon and other names, and there is the wider 161.
 */
#include "base/error.h"
#include "model/families/keras.h"
#include "model/families/torchvision.h"

#define DENSENET_EPSILON 1.001e-5
#define DENSENET_STAGES  4

typedef struct densenet_form {
  uint32_t depth, growth, stem, blocks[DENSENET_STAGES];
} densenet_form;

/* The name that torchvision has for what Keras calls `keras`. */
static const char *densenet_either(const akin_builder *b, const char *keras, const char *torch) {
  return b->layers->modules ? torch : keras;
}

static size_t densenet_bn_relu(akin_builder *b, size_t x, const char *bn, const char *relu) {
  const double epsilon = b->layers->modules ? AKIN_TORCH_EPSILON : DENSENET_EPSILON;
  x = akin_builder_batch_normalization(b, x, bn, epsilon, NULL);
  return akin_builder_activation(b, x, relu, AKIN_ACTIVATION_RELU);
}

static size_t densenet_conv(akin_builder *b, size_t x, const char *name, akin_convolution settings) {
  return akin_builder_conv2d(b, x, name, &settings, NULL);
}

/* A block in the making: "conv2_block1", "features.denseblock1.denselayer1"; and its concatenation, which torchvision
 * counts to what reads it. */
typedef struct densenet_place {
  const char *name, *concatenation;
} densenet_place;

/* Normalization, ReLU and convolution `number`, 1 or 2, of a block. Keras counts normalizations from 0. */
static size_t densenet_step(akin_builder *b, size_t x, const char *name, unsigned number, akin_convolution settings) {
  if (b->layers->modules) {
    x = densenet_bn_relu(b, x, akin_builder_text(b, "%s.norm%u", name, number),
                         akin_builder_text(b, "%s.relu%u", name, number));
    return densenet_conv(b, x, akin_builder_text(b, "%s.conv%u", name, number), settings);
  }
  x = densenet_bn_relu(b, x, akin_builder_text(b, "%s_%u_bn", name, number - 1),
                       akin_builder_text(b, "%s_%u_relu", name, number - 1));
  return densenet_conv(b, x, akin_builder_text(b, "%s_%u_conv", name, number), settings);
}

/* Adds its own channels behind those that it reads. */
static size_t densenet_block(akin_builder *b, size_t input, const densenet_place *place, uint32_t growth) {
  size_t x = densenet_step(b, input, place->name, 1, akin_keras_kernel(4 * growth, 1, 1, AKIN_PADDING_VALID));
  x = densenet_step(b, x, place->name, 2, akin_keras_kernel(growth, 3, 1, AKIN_PADDING_SAME));
  const size_t both[2] = {input, x};
  return akin_builder_concatenate(b, both, 2, place->concatenation);
}

static densenet_place densenet_place_of(akin_builder *b, unsigned stage, unsigned block, unsigned blocks) {
  if (!b->layers->modules) {
    const char *name = akin_builder_text(b, "conv%u_block%u", stage + 1, block);
    return (densenet_place){name, akin_builder_text(b, "%s_concat", name)};
  }
  const char *stage_name = akin_builder_text(b, "features.denseblock%u", stage);
  return (densenet_place){akin_builder_text(b, "%s.denselayer%u", stage_name, block),
                          block < blocks ? akin_builder_text(b, "%s.denselayer%u.cat", stage_name, block + 1)
                                         : akin_builder_text(b, "%s.cat", stage_name)};
}

/* stage: from 1 */
static size_t densenet_stage(akin_builder *b, size_t x, unsigned stage, const densenet_form *form) {
  const unsigned blocks = form->blocks[stage - 1];
  for (unsigned i = 1; i <= blocks; i++) {
    const densenet_place place = densenet_place_of(b, stage, i, blocks);
    x = densenet_block(b, x, &place, form->growth);
  }
  return x;
}

/* Halves channels and map, behind a stage. prefix: "pool2_", "features.transition1." */
static size_t densenet_transition(akin_builder *b, size_t x, const char *prefix) {
  const uint32_t channels = akin_keras_channels(b, x);
  const char *norm = densenet_either(b, "bn", "norm");
  x = densenet_bn_relu(b, x, akin_builder_text(b, "%s%s", prefix, norm), akin_builder_text(b, "%srelu", prefix));
  x = densenet_conv(b, x, akin_builder_text(b, "%sconv", prefix),
                    akin_keras_kernel(channels / 2, 1, 1, AKIN_PADDING_VALID));
  return akin_builder_average_pooling2d(b, x, akin_builder_text(b, "%spool", prefix), 2, 2, AKIN_PADDING_VALID);
}

static size_t densenet_stem(akin_builder *b, size_t x) {
  x = akin_builder_zero_padding2d(b, x, akin_keras_name(b, "zero_padding2d"), (akin_margins){3, 3, 3, 3});
  x = densenet_conv(b, x, "conv1_conv", akin_keras_kernel(64, 7, 2, AKIN_PADDING_VALID));
  x = densenet_bn_relu(b, x, "conv1_bn", "conv1_relu");
  x = akin_builder_zero_padding2d(b, x, akin_keras_name(b, "zero_padding2d"), (akin_margins){1, 1, 1, 1});
  return akin_builder_max_pooling2d(b, x, "pool1", 3, 2, AKIN_PADDING_VALID);
}

static size_t densenet_stem_torch(akin_builder *b, size_t x, uint32_t filters) {
  x = densenet_conv(b, x, "features.conv0", akin_torch_kernel(filters, 7, 2));
  x = densenet_bn_relu(b, x, "features.norm0", "features.relu0");
  return akin_builder_max_pooling2d(b, x, "features.pool0", 3, 2, AKIN_PADDING_SYMMETRIC);
}

/* NULL: no network of that depth. */
static const densenet_form *densenet_form_of(uint32_t depth, bool torch) {
  static const densenet_form known[] = {{121, 32, 64, {6, 12, 24, 16}},
                                        {169, 32, 64, {6, 12, 32, 32}},
                                        {201, 32, 64, {6, 12, 48, 32}},
                                        {161, 48, 96, {6, 12, 36, 24}}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (known[i].depth == depth && (torch || depth != 161)) return &known[i];
  return NULL;
}

static akin_status densenet_build(akin_layers *layers, const akin_card *card, akin_error *err) {
  akin_builder builder = {layers, err, AKIN_OK}, *b = &builder;
  const bool torch = layers->modules = card->dialect == AKIN_DIALECT_TORCHVISION;
  const densenet_form *form = densenet_form_of(card->depth, torch);
  if (!form)
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "there is no DenseNet of depth %u: 121, %s169 or 201", card->depth,
                     torch ? "161, " : "");
  size_t x = akin_builder_input(b, card->preparation.height, card->preparation.width);
  x = torch ? densenet_stem_torch(b, x, form->stem) : densenet_stem(b, x);
  for (unsigned stage = 1; stage <= DENSENET_STAGES; stage++) {
    if (stage > 1)
      x = densenet_transition(b, x,
                              torch ? akin_builder_text(b, "features.transition%u.", stage - 1)
                                    : akin_builder_text(b, "pool%u_", stage));
    x = densenet_stage(b, x, stage, form);
  }
  x = densenet_bn_relu(b, x, densenet_either(b, "bn", "features.norm5"), "relu");
  if (torch)
    akin_torch_classify(b, x, "adaptive_avg_pool2d", "classifier", card);
  else
    akin_keras_classify(b, x, "avg_pool", card);
  return b->status;
}

const akin_family akin_family_densenet = {"densenet", AKIN_FAMILY_DEPTH | AKIN_FAMILY_TORCHVISION, 1, densenet_build};
