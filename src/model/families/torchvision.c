/* torchvision.c - kernels and the head that torchvision's networks share (torchvision.h). */
#include "model/families/torchvision.h"

#include "model/families/keras.h"

akin_convolution akin_torch_kernel(uint32_t filters, uint32_t size, uint32_t stride) {
  return akin_keras_kernel(filters, size, stride, AKIN_PADDING_SYMMETRIC);
}

void akin_torch_classify(akin_builder *b, size_t input, const char *pooled, const char *scores, const akin_card *card) {
  if (card->classes == 0) return;
  const size_t x = akin_builder_global_average_pooling2d(b, input, pooled);
  akin_builder_dense(b, x, scores, card->classes, NULL);
}
