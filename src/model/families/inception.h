/* inception.h - what InceptionV3 and InceptionResNetV2 share: layers numbered by Keras, and the stem. */
#ifndef AKIN_MODEL_FAMILIES_INCEPTION_H
#define AKIN_MODEL_FAMILIES_INCEPTION_H

#include "model/families/keras.h"

/* Convolution without bias, normalization without scale, ReLU. */
size_t akin_inception_conv(akin_builder *b, size_t input, uint32_t filters, uint32_t rows, uint32_t columns);
/* The same, 3×3 with stride 2 and without padding: what makes a map smaller. */
size_t akin_inception_reduce(akin_builder *b, size_t input, uint32_t filters);
size_t akin_inception_reduce_pool(akin_builder *b, size_t input); /* 3×3 */
/* 3×3 averages, then a 1×1 convolution. */
size_t akin_inception_average(akin_builder *b, size_t input, uint32_t filters);

/* Input to the first map of 192 channels. */
size_t akin_inception_stem(akin_builder *b, const akin_card *card);

#endif
