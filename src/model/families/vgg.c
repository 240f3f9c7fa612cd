/* vgg.c - VGG16 and VGG19: convolutions of 3×3 with biases, and three dense layers (Simonyan & Zisserman 2015,
 * arXiv:1409.1556). */
#include "base/error.h"
#include "model/families/keras.h"

#define VGG_BLOCKS 5
#define VGG_DENSE  4096

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

static akin_status vgg_build(akin_layers *layers, const akin_card *card, akin_error *err) {
  static const uint32_t filters[VGG_BLOCKS] = {64, 128, 256, 512, 512};
  akin_builder builder = {layers, err, AKIN_OK}, *b = &builder;
  if (card->depth != 16 && card->depth != 19)
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "there is no VGG of depth %u: 16 or 19", card->depth);
  const uint32_t more = card->depth == 16 ? 3 : 4; /* convolutions of a block from the third on */
  size_t x = akin_builder_input(b, card->preparation.height, card->preparation.width);
  for (uint32_t i = 0; i < VGG_BLOCKS; i++)
    x = vgg_block(b, x, i + 1, i < 2 ? 2 : more, filters[i]);
  if (card->classes == 0) return b->status;
  x = akin_builder_flatten(b, x, "flatten");
  x = vgg_dense(b, x, "fc1", VGG_DENSE, AKIN_ACTIVATION_RELU);
  x = vgg_dense(b, x, "fc2", VGG_DENSE, AKIN_ACTIVATION_RELU);
  vgg_dense(b, x, "predictions", card->classes, AKIN_ACTIVATION_SOFTMAX);
  return b->status;
}

const akin_family akin_family_vgg = {"vgg", AKIN_FAMILY_DEPTH, 1, vgg_build};
