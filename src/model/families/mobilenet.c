/*
 * mobilenet.c - MobileNet (V1): depthwise and 1×1 convolutions in turn (Howard et al. 2017, arXiv:1704.04861). Strides
 * are padded below and to the right, whatever the parity of the map.
 */
#include "model/families/keras.h"

#define MOBILENET_RELU6 6.0

static size_t mobilenet_bn_relu(akin_builder *b, size_t x, const char *name) {
  x = akin_builder_batch_normalization(b, x, akin_builder_text(b, "%s_bn", name), AKIN_KERAS_EPSILON, NULL);
  return akin_builder_relu(b, x, akin_builder_text(b, "%s_relu", name), MOBILENET_RELU6);
}

static size_t mobilenet_block(akin_builder *b, size_t x, unsigned number, uint32_t filters, uint32_t stride) {
  const akin_convolution depthwise =
      akin_keras_kernel(0, 3, stride, stride == 1 ? AKIN_PADDING_SAME : AKIN_PADDING_VALID);
  const akin_convolution pointwise = akin_keras_kernel(filters, 1, 1, AKIN_PADDING_SAME);
  if (stride != 1) {
    x = akin_builder_zero_padding2d(b, x, akin_builder_text(b, "conv_pad_%u", number),
                                    (akin_margins){.bottom = 1, .right = 1});
  }
  const char *name = akin_builder_text(b, "conv_dw_%u", number);
  x = akin_builder_depthwise_conv2d(b, x, name, &depthwise, NULL);
  x = mobilenet_bn_relu(b, x, name);
  name = akin_builder_text(b, "conv_pw_%u", number);
  x = akin_builder_conv2d(b, x, name, &pointwise, NULL);
  return mobilenet_bn_relu(b, x, name);
}

static void mobilenet_classify(akin_builder *b, size_t x, uint32_t classes) {
  akin_convolution scores = akin_keras_kernel(classes, 1, 1, AKIN_PADDING_SAME);
  scores.bias = true;
  x = akin_builder_global_average_pooling2d_map(b, x, akin_keras_name(b, "global_average_pooling2d"));
  x = akin_builder_dropout(b, x, "dropout");
  x = akin_builder_conv2d(b, x, "conv_preds", &scores, NULL);
  x = akin_builder_reshape(b, x, "reshape_2", &(akin_shape){1, {classes}});
  akin_builder_activation(b, x, "predictions", AKIN_ACTIVATION_SOFTMAX);
}

static akin_status mobilenet_build(akin_layers *layers, const akin_card *card, akin_error *err) {
  static const struct {
    uint32_t filters, stride;
  } blocks[] = {{64, 1},  {128, 2}, {128, 1}, {256, 2}, {256, 1},  {512, 2}, {512, 1},
                {512, 1}, {512, 1}, {512, 1}, {512, 1}, {1024, 2}, {1024, 1}};
  akin_builder builder = {layers, err, AKIN_OK}, *b = &builder;
  const akin_convolution stem = akin_keras_kernel((uint32_t)(32 * card->width_factor), 3, 2, AKIN_PADDING_SAME);
  size_t x = akin_builder_input(b, card->preparation.height, card->preparation.width);
  x = akin_builder_conv2d(b, x, "conv1", &stem, NULL);
  x = mobilenet_bn_relu(b, x, "conv1");
  for (unsigned i = 0; i < sizeof blocks / sizeof *blocks; i++)
    x = mobilenet_block(b, x, i + 1, (uint32_t)(blocks[i].filters * card->width_factor), blocks[i].stride);
  if (card->classes) mobilenet_classify(b, x, card->classes);
  return b->status;
}

const akin_family akin_family_mobilenet = {"mobilenet", AKIN_FAMILY_WIDTH_FACTOR, 1, mobilenet_build};
