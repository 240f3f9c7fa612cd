/*
 * torchvision.h - what torchvision's forms of the families share (akin_card.dialect). Layers have the names that
 * torchvision's own feature extraction gives to them, which are those of the modules with their weights; the second use
 * of a module is "relu_1", counted as akin_keras_name does.
 */
#ifndef AKIN_MODEL_FAMILIES_TORCHVISION_H
#define AKIN_MODEL_FAMILIES_TORCHVISION_H

#include "model/builder.h"
#include "model/families/families.h"

#define AKIN_TORCH_EPSILON 1e-5 /* of BatchNorm2d where the code says nothing */

/* A square kernel with PyTorch's padding kernel // 2, no bias. */
akin_convolution akin_torch_kernel(uint32_t filters, uint32_t size, uint32_t stride);

/* Global average pooling and class scores, unless the card is of a network without them. */
void akin_torch_classify(akin_builder *b, size_t input, const char *pooled, const char *scores, const akin_card *card);

#endif
