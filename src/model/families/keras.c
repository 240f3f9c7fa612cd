/* keras.c - names, sizes and the head that Keras' families share (keras.h). */
#include "model/families/keras.h"

#include <ctype.h>
#include <string.h>

/* Is it the base, or the base and a number? */
static bool keras_is_named(const char *name, const char *base) {
  const size_t length = strlen(base);
  if (strncmp(name, base, length) != 0) return false;
  if (!name[length]) return true;
  return name[length] == '_' && isdigit((unsigned char)name[length + 1]) &&
         strspn(name + length + 1, "0123456789") == strlen(name + length + 1);
}

const char *akin_keras_name(akin_builder *b, const char *base) {
  size_t earlier = 0;
  for (size_t i = 0; i < b->layers->count; i++)
    earlier += keras_is_named(b->layers->at[i].name, base);
  return earlier ? akin_builder_text(b, "%s_%zu", base, earlier) : base;
}

akin_convolution akin_keras_kernel(uint32_t filters, uint32_t size, uint32_t stride, akin_padding padding) {
  return (akin_convolution){
      .filters = filters, .kernel = {size, size}, .strides = {stride, stride}, .padding = padding};
}

uint32_t akin_keras_divisible(double channels) {
  uint32_t rounded = (uint32_t)(channels + 4) / 8 * 8;
  if (rounded < 8) rounded = 8;
  return rounded < 0.9 * channels ? rounded + 8 : rounded;
}

/* The output of a layer; of none after a failure, when layers may be missing. */
static akin_shape keras_shape(const akin_builder *b, size_t layer) {
  return b->status == AKIN_OK ? b->layers->at[layer].shape : (akin_shape){.rank = 0};
}

akin_margins akin_keras_padding(const akin_builder *b, size_t input, uint32_t kernel) {
  const akin_shape shape = keras_shape(b, input);
  const uint32_t half = kernel / 2, top = 1 - shape.size[0] % 2, left = 1 - shape.size[1] % 2;
  return (akin_margins){.top = half - top, .bottom = half, .left = half - left, .right = half};
}

uint32_t akin_keras_width(const akin_builder *b, size_t map) {
  return keras_shape(b, map).size[1];
}

uint32_t akin_keras_channels(const akin_builder *b, size_t layer) {
  const akin_shape shape = keras_shape(b, layer);
  return shape.rank ? shape.size[shape.rank - 1] : 0;
}

void akin_keras_classify(akin_builder *b, size_t input, const char *pooled, const akin_card *card) {
  if (card->classes == 0) return;
  size_t x = akin_builder_global_average_pooling2d(b, input, pooled);
  x = akin_builder_dense(b, x, "predictions", card->classes, NULL);
  akin_builder_activated(b, x, AKIN_ACTIVATION_SOFTMAX);
}
