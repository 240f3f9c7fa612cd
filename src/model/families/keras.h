/*
 * keras.h - what the families of Keras' applications share. Their files add layers in the order in which Keras' own
 * code creates them: names that Keras numbers by itself, and the order of weights, follow from it.
 */
#ifndef AKIN_MODEL_FAMILIES_KERAS_H
#define AKIN_MODEL_FAMILIES_KERAS_H

#include "model/builder.h"
#include "model/families/families.h"

#define AKIN_KERAS_EPSILON 1e-3 /* of a BatchNormalization where the code says nothing */

/* The name that Keras gives to a layer without one: "conv2d", then "conv2d_1" … */
const char *akin_keras_name(akin_builder *b, const char *base);

/* A square kernel, no bias. */
akin_convolution akin_keras_kernel(uint32_t filters, uint32_t size, uint32_t stride, akin_padding padding);

/* To the nearest multiple of 8, at least 8, but not below nine tenths of what was asked for. */
uint32_t akin_keras_divisible(double channels);

/* What a convolution of stride 2 with padding VALID needs in front to give what SAME gives: by the parity of the map.
 */
akin_margins akin_keras_padding(const akin_builder *b, size_t input, uint32_t kernel);

uint32_t akin_keras_width(const akin_builder *b, size_t map);
uint32_t akin_keras_channels(const akin_builder *b, size_t layer); /* of its output */

/* Global average pooling named `pooled` and class scores, unless the card is of a network without them. */
void akin_keras_classify(akin_builder *b, size_t input, const char *pooled, const akin_card *card);

#endif
