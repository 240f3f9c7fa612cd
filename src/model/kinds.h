/* kinds.h - what layers.c asks of a kind of layer; the kinds themselves are in kinds.c and kinds_map.c. */
#ifndef AKIN_MODEL_KINDS_H
#define AKIN_MODEL_KINDS_H

#include "model/layers.h"

typedef struct akin_kind {
  const char *class_name;
  size_t least, most; /* inputs */
  /* Sets shape and weights of a layer whose settings are there, by the shapes of its inputs: false when they do not
   * fit, or when a size would be none or overflow. Weights point to nothing yet. */
  bool (*set)(akin_layer *layer, const akin_shape *const *inputs);
} akin_kind;

const akin_kind *akin_kind_of(akin_layer_kind kind);

/* One more weight of a layer. */
akin_layer_weight *akin_kind_weight(akin_layer *layer, akin_weight_role role, const uint32_t *shape, uint32_t rank);

/* Kinds that work on maps: kinds_map.c. */
bool akin_kind_conv2d(akin_layer *layer, const akin_shape *const *inputs);
bool akin_kind_depthwise_conv2d(akin_layer *layer, const akin_shape *const *inputs);
bool akin_kind_separable_conv2d(akin_layer *layer, const akin_shape *const *inputs);
bool akin_kind_conv2d_transpose(akin_layer *layer, const akin_shape *const *inputs);
bool akin_kind_pooling2d(akin_layer *layer, const akin_shape *const *inputs);
bool akin_kind_adaptive_pooling2d(akin_layer *layer, const akin_shape *const *inputs);
bool akin_kind_global_pooling2d(akin_layer *layer, const akin_shape *const *inputs);
bool akin_kind_zero_padding2d(akin_layer *layer, const akin_shape *const *inputs);
bool akin_kind_cropping2d(akin_layer *layer, const akin_shape *const *inputs);
bool akin_kind_up_sampling2d(akin_layer *layer, const akin_shape *const *inputs);
bool akin_kind_resizing(akin_layer *layer, const akin_shape *const *inputs);
bool akin_kind_center_crop(akin_layer *layer, const akin_shape *const *inputs);

#endif
