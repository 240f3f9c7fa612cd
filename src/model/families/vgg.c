/*
 * vgg.c - VGG: convolutions of 3×3 with biases, and three dense layers (Simonyan & Zisserman 2015, arXiv:1409.1556).
 * 16 and 19 as Keras has them; 11 to 19 as torchvision has them: also with normalization, a map of 7×7 whatever the
 * size of the image, and flattened channels first.
 */
#include "base/error.h"
#include "model/families/keras.h"
#include "model/families/torchvision.h"

#define VGG_BLOCKS 5
#define VGG_DENSE  4096
#define VGG_PLACES 7 /* of the map in front of the dense layers, in torchvision's */

static const uint32_t vgg_filters[VGG_BLOCKS] = {64, 128, 256, 512, 512};

/* Convolutions of each block; NULL: no network of that depth. */
static const uint32_t *vgg_blocks(uint32_t depth, bool torch) {
  static const struct {
    uint32_t depth, convolutions[VGG_BLOCKS];
  } known[] = {{16, {2, 2, 3, 3, 3}}, {19, {2, 2, 4, 4, 4}}, {11, {1, 1, 2, 2, 2}}, {13, {2, 2, 2, 2, 2}}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (known[i].depth == depth && (torch || depth >= 16)) return known[i].convolutions;
  return NULL;
}

/* ---- Keras ---- */

static size_t vgg_block(akin_builder *b, size_t x, uint32_t number, uint32_t convolutions, uint32_t filters) {
  akin_convolution settings = akin_keras_kernel(filters, 3, 1, AKIN_PADDING_SAME);
  settings.bias = true;
  for (uint32_t i = 1; i <= convolutions; i++) {
    x = akin_builder_conv2d(b, x, akin_builder_text(b, "block%u_conv%u", number, i), &settings, NULL);
    x = akin_builder_activated(b, x, AKIN_ACTIVATION_RELU);
  }
  return akin_builder_max_pooling2d(b, x, akin_builder_text(b, "block%u_pool", number), 2, 2, AKIN_PADDING_VALID);
}

static size_t vgg_dense(akin_builder *b, size_t x, const char *name, uint32_t units, akin_activation_kind activation) {
  x = akin_builder_dense(b, x, name, units, NULL);
  return akin_builder_activated(b, x, activation);
}

static void vgg_classify(akin_builder *b, size_t x, const akin_card *card) {
  x = akin_builder_flatten(b, x, "flatten");
  x = vgg_dense(b, x, "fc1", VGG_DENSE, AKIN_ACTIVATION_RELU);
  x = vgg_dense(b, x, "fc2", VGG_DENSE, AKIN_ACTIVATION_RELU);
  vgg_dense(b, x, "predictions", card->classes, AKIN_ACTIVATION_SOFTMAX);
}

/* ---- torchvision ---- */

/* "features.3" */
static const char *vgg_module(akin_builder *b, uint32_t *number) {
  return akin_builder_text(b, "features.%u", (*number)++);
}

/* number: of the next module. */
static size_t vgg_block_torch(akin_builder *b, size_t x, uint32_t *number, uint32_t convolutions, uint32_t filters,
                              bool normalized) {
  akin_convolution settings = akin_torch_kernel(filters, 3, 1);
  settings.bias = true;
  for (uint32_t i = 0; i < convolutions; i++) {
    x = akin_builder_conv2d(b, x, vgg_module(b, number), &settings, NULL);
    if (normalized) x = akin_builder_batch_normalization(b, x, vgg_module(b, number), AKIN_TORCH_EPSILON, NULL);
    x = akin_builder_activation(b, x, vgg_module(b, number), AKIN_ACTIVATION_RELU);
  }
  return akin_builder_max_pooling2d(b, x, vgg_module(b, number), 2, 2, AKIN_PADDING_VALID);
}

static void vgg_classify_torch(akin_builder *b, size_t x, const akin_card *card) {
  x = akin_builder_adaptive_average_pooling2d(b, x, "avgpool", VGG_PLACES, VGG_PLACES);
  x = akin_builder_channels_first(b, x, "channels_first");
  x = akin_builder_flatten(b, x, "flatten");
  x = akin_builder_dense(b, x, "classifier.0", VGG_DENSE, NULL);
  x = akin_builder_activation(b, x, "classifier.1", AKIN_ACTIVATION_RELU);
  x = akin_builder_dropout(b, x, "classifier.2");
  x = akin_builder_dense(b, x, "classifier.3", VGG_DENSE, NULL);
  x = akin_builder_activation(b, x, "classifier.4", AKIN_ACTIVATION_RELU);
  x = akin_builder_dropout(b, x, "classifier.5");
  akin_builder_dense(b, x, "classifier.6", card->classes, NULL);
}

static akin_status vgg_build(akin_layers *layers, const akin_card *card, akin_error *err) {
  const bool torch = card->dialect == AKIN_DIALECT_TORCHVISION;
  akin_builder builder = {layers, err, AKIN_OK}, *b = &builder;
  layers->modules = torch;
  const uint32_t *convolutions = vgg_blocks(card->depth, torch);
  uint32_t number = 0;
  if (!convolutions)
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "there is no VGG of depth %u: %s16 or 19", card->depth,
                     torch ? "11, 13, " : "");
  size_t x = akin_builder_input(b, card->preparation.height, card->preparation.width);
  for (uint32_t i = 0; i < VGG_BLOCKS; i++)
    x = torch ? vgg_block_torch(b, x, &number, convolutions[i], vgg_filters[i], card->normalized)
              : vgg_block(b, x, i + 1, convolutions[i], vgg_filters[i]);
  if (card->classes && torch) vgg_classify_torch(b, x, card);
  if (card->classes && !torch) vgg_classify(b, x, card);
  return b->status;
}

const akin_family akin_family_vgg = {"vgg", AKIN_FAMILY_DEPTH | AKIN_FAMILY_TORCHVISION | AKIN_FAMILY_NORMALIZED, 1,
                                     vgg_build};
