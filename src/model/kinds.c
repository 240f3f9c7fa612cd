/* kinds.c - the table of layer kinds: how many inputs, what shape comes out, which weights (kinds.h). */
#include "model/kinds.h"

#include <string.h>

#define KINDS_MANY SIZE_MAX

akin_layer_weight *akin_kind_weight(akin_layer *layer, akin_weight_role role, const uint32_t *shape, uint32_t rank) {
  akin_layer_weight *weight = &layer->weights[layer->weight_count++];
  *weight = (akin_layer_weight){.role = role, .rank = rank};
  if (rank) memcpy(weight->shape, shape, rank * sizeof *shape);
  return weight;
}

static const uint32_t *kinds_channels(const akin_shape *shape) {
  return &shape->size[shape->rank - 1];
}

static bool kinds_same_shape(akin_layer *layer, const akin_shape *const *inputs) {
  layer->shape = *inputs[0];
  return true;
}

static bool kinds_input(akin_layer *layer, const akin_shape *const *inputs) {
  (void)inputs;
  layer->shape = layer->as.input;
  return layer->shape.rank == 3;
}

static bool kinds_tensor(akin_layer *layer, const akin_shape *const *inputs) {
  (void)inputs;
  layer->shape = layer->as.tensor.shape;
  return layer->shape.rank >= 1 && layer->shape.rank <= AKIN_SHAPE_RANK;
}

static bool kinds_dense(akin_layer *layer, const akin_shape *const *inputs) {
  const uint32_t kernel[2] = {*kinds_channels(inputs[0]), layer->as.dense.units};
  layer->shape = *inputs[0];
  layer->shape.size[layer->shape.rank - 1] = layer->as.dense.units;
  akin_kind_weight(layer, AKIN_WEIGHT_KERNEL, kernel, 2);
  if (layer->as.dense.bias) akin_kind_weight(layer, AKIN_WEIGHT_BIAS, &kernel[1], 1);
  return true;
}

/* ---- normalizations ---- */

static void kinds_scale_and_center(akin_layer *layer) {
  if (!layer->as.normalization.no_scale) akin_kind_weight(layer, AKIN_WEIGHT_GAMMA, kinds_channels(&layer->shape), 1);
  if (!layer->as.normalization.no_center) akin_kind_weight(layer, AKIN_WEIGHT_BETA, kinds_channels(&layer->shape), 1);
}

static bool kinds_layer_normalization(akin_layer *layer, const akin_shape *const *inputs) {
  layer->shape = *inputs[0];
  kinds_scale_and_center(layer);
  return layer->as.normalization.epsilon >= 0;
}

static bool kinds_batch_normalization(akin_layer *layer, const akin_shape *const *inputs) {
  layer->shape = *inputs[0];
  kinds_scale_and_center(layer);
  akin_kind_weight(layer, AKIN_WEIGHT_MOVING_MEAN, kinds_channels(&layer->shape), 1);
  akin_kind_weight(layer, AKIN_WEIGHT_MOVING_VARIANCE, kinds_channels(&layer->shape), 1);
  return layer->as.normalization.epsilon >= 0;
}

static bool kinds_group_normalization(akin_layer *layer, const akin_shape *const *inputs) {
  const uint32_t groups = layer->as.normalization.groups;
  if (groups && *kinds_channels(inputs[0]) % groups) return false;
  return inputs[0]->rank != 4 && kinds_layer_normalization(layer, inputs);
}

static bool kinds_prelu(akin_layer *layer, const akin_shape *const *inputs) {
  layer->shape = *inputs[0];
  akin_shape alpha = layer->shape;
  for (uint32_t i = 0; i < alpha.rank; i++)
    if (layer->as.prelu.shared[i]) alpha.size[i] = 1;
  akin_kind_weight(layer, AKIN_WEIGHT_ALPHA, alpha.size, alpha.rank);
  return true;
}

/* ---- arithmetic ---- */

/* Does a constant spread over the last axes of a shape? */
static bool kinds_spreads(const akin_constant *constant, const akin_shape *shape) {
  const akin_shape *own = &constant->shape;
  if (own->rank > shape->rank) return false;
  for (uint32_t i = 0; i < own->rank; i++) {
    const uint32_t size = own->size[own->rank - 1 - i];
    if (size != 1 && size != shape->size[shape->rank - 1 - i]) return false;
  }
  return true;
}

/* Of two tensors: sizes of 1 stretch; a vector meets the channels of a map, as Keras' merging layers have it. */
static bool kinds_broadcast(akin_shape *into, const akin_shape *other) {
  if (into->rank != other->rank && into->rank != 1 && other->rank != 1) return false;
  akin_shape wide = into->rank >= other->rank ? *into : *other;
  const akin_shape *narrow = into->rank >= other->rank ? other : into;
  for (uint32_t i = 0; i < narrow->rank; i++) {
    uint32_t *size = &wide.size[wide.rank - 1 - i];
    const uint32_t theirs = narrow->size[narrow->rank - 1 - i];
    if (*size == 1) *size = theirs;
    if (theirs != 1 && theirs != *size) return false;
  }
  *into = wide;
  return true;
}

static bool kinds_arithmetic(akin_layer *layer, const akin_shape *const *inputs) {
  const akin_constant *constant = &layer->as.arithmetic.constant;
  layer->shape = *inputs[0];
  if (constant->values) return layer->input_count == 1 && kinds_spreads(constant, inputs[0]);
  for (size_t i = 1; i < layer->input_count; i++)
    if (!kinds_broadcast(&layer->shape, inputs[i])) return false;
  return true;
}

static bool kinds_rescaling(akin_layer *layer, const akin_shape *const *inputs) {
  layer->shape = *inputs[0];
  return kinds_spreads(&layer->as.rescaling.scale, inputs[0]) && kinds_spreads(&layer->as.rescaling.offset, inputs[0]);
}

static bool kinds_normalization(akin_layer *layer, const akin_shape *const *inputs) {
  const akin_constant *mean = &layer->as.standard.mean, *variance = &layer->as.standard.variance;
  layer->shape = *inputs[0];
  if (!mean->values != !variance->values) return false;
  if (mean->shape.rank > 1 || variance->shape.rank > 1) return false; /* one a channel, or one for all */
  if (mean->values) return kinds_spreads(mean, inputs[0]) && kinds_spreads(variance, inputs[0]);
  akin_kind_weight(layer, AKIN_WEIGHT_MEAN, kinds_channels(&layer->shape), 1);
  akin_kind_weight(layer, AKIN_WEIGHT_VARIANCE, kinds_channels(&layer->shape), 1);
  akin_kind_weight(layer, AKIN_WEIGHT_COUNT, NULL, 0);
  return true;
}

static bool kinds_custom_scale(akin_layer *layer, const akin_shape *const *inputs) {
  layer->shape = *inputs[0];
  return inputs[0]->rank == inputs[1]->rank &&
         memcmp(inputs[0]->size, inputs[1]->size, inputs[0]->rank * sizeof *inputs[0]->size) == 0;
}

static bool kinds_layer_scale(akin_layer *layer, const akin_shape *const *inputs) {
  layer->shape = *inputs[0];
  akin_kind_weight(layer, AKIN_WEIGHT_GAMMA, kinds_channels(&layer->shape), 1);
  return true;
}

/* ---- forms ---- */

bool akin_layers_axis(uint32_t *out, int64_t axis, uint32_t rank) {
  if (axis == 0 || axis > (int64_t)rank || axis < -(int64_t)rank) return false;
  *out = (uint32_t)(axis > 0 ? axis - 1 : axis + rank);
  return true;
}

static bool kinds_concatenate(akin_layer *layer, const akin_shape *const *inputs) {
  uint32_t axis = 0;
  layer->shape = *inputs[0];
  if (!akin_layers_axis(&axis, layer->as.concatenate.axis, layer->shape.rank)) return false;
  uint64_t size = layer->shape.size[axis];
  for (size_t i = 1; i < layer->input_count; i++) {
    if (inputs[i]->rank != layer->shape.rank) return false;
    for (uint32_t k = 0; k < layer->shape.rank; k++)
      if (k != axis && inputs[i]->size[k] != layer->shape.size[k]) return false;
    size += inputs[i]->size[axis];
  }
  layer->shape.size[axis] = (uint32_t)size;
  return size <= UINT32_MAX;
}

static bool kinds_stack(akin_layer *layer, const akin_shape *const *inputs) {
  uint32_t axis = 0;
  const uint32_t rank = inputs[0]->rank;
  if (rank == AKIN_SHAPE_RANK || !akin_layers_axis(&axis, layer->as.concatenate.axis, rank + 1)) return false;
  for (size_t i = 1; i < layer->input_count; i++)
    if (inputs[i]->rank != rank || memcmp(inputs[i]->size, inputs[0]->size, rank * sizeof *inputs[0]->size) != 0)
      return false;
  layer->shape = (akin_shape){.rank = rank + 1};
  for (uint32_t i = 0, from = 0; i <= rank; i++)
    layer->shape.size[i] = i == axis ? (uint32_t)layer->input_count : inputs[0]->size[from++];
  return layer->input_count <= UINT32_MAX;
}

/* Is every place that a slice takes inside its axis? */
static bool kinds_slice_fits(const akin_slice *slice, uint32_t size) {
  if (!slice->count || !slice->step || slice->start >= size || (slice->drop && slice->count != 1)) return false;
  const int64_t last = slice->start + (int64_t)(slice->count - 1) * slice->step;
  return last >= 0 && last < size;
}

static bool kinds_get_item(akin_layer *layer, const akin_shape *const *inputs) {
  layer->shape = (akin_shape){0};
  for (uint32_t i = 0; i < inputs[0]->rank; i++) {
    const akin_slice *slice = &layer->as.get_item.at[i];
    if (!kinds_slice_fits(slice, inputs[0]->size[i])) return false;
    if (!slice->drop) layer->shape.size[layer->shape.rank++] = slice->count;
  }
  return layer->shape.rank > 0;
}

static uint64_t kinds_volume(const akin_shape *shape) {
  uint64_t volume = 1; /* of sizes that layers.c has checked */
  for (uint32_t i = 0; i < shape->rank; i++)
    volume *= shape->size[i];
  return volume;
}

static bool kinds_flatten(akin_layer *layer, const akin_shape *const *inputs) {
  layer->shape = (akin_shape){1, {(uint32_t)kinds_volume(inputs[0])}};
  return true;
}

static bool kinds_reshape(akin_layer *layer, const akin_shape *const *inputs) {
  const uint64_t volume = kinds_volume(inputs[0]);
  uint32_t *open = NULL;
  uint64_t known = 1;
  layer->shape = (akin_shape){.rank = layer->as.reshape.rank};
  for (uint32_t i = 0; i < layer->shape.rank; i++) {
    const int32_t size = layer->as.reshape.size[i];
    if (size == 0 || size < -1 || (size == -1 && open)) return false;
    if (size == -1)
      open = &layer->shape.size[i];
    else
      layer->shape.size[i] = (uint32_t)size;
    if (size > 0) known *= (uint64_t)size;
    if (known > volume) return false;
  }
  if (open) *open = (uint32_t)(volume / known);
  return layer->shape.rank && (open ? volume % known == 0 : volume == known);
}

static bool kinds_permute(akin_layer *layer, const akin_shape *const *inputs) {
  const uint32_t rank = inputs[0]->rank;
  uint32_t seen = 0;
  layer->shape = (akin_shape){.rank = rank};
  if (layer->as.permute.rank != rank) return false;
  for (uint32_t i = 0; i < rank; i++) {
    const uint32_t axis = layer->as.permute.axes[i];
    if (axis >= rank || seen & 1u << axis) return false;
    seen |= 1u << axis;
    layer->shape.size[i] = inputs[0]->size[axis];
  }
  return true;
}

/* ---- the table ---- */

static const akin_kind kinds_all[AKIN_LAYER_KINDS] = {
    [AKIN_LAYER_INPUT] = {"InputLayer", 0, 0, kinds_input},
    [AKIN_LAYER_CONV2D] = {"Conv2D", 1, 1, akin_kind_conv2d},
    [AKIN_LAYER_DEPTHWISE_CONV2D] = {"DepthwiseConv2D", 1, 1, akin_kind_depthwise_conv2d},
    [AKIN_LAYER_SEPARABLE_CONV2D] = {"SeparableConv2D", 1, 1, akin_kind_separable_conv2d},
    [AKIN_LAYER_CONV2D_TRANSPOSE] = {"Conv2DTranspose", 1, 1, akin_kind_conv2d_transpose},
    [AKIN_LAYER_DENSE] = {"Dense", 1, 1, kinds_dense},
    [AKIN_LAYER_BATCH_NORMALIZATION] = {"BatchNormalization", 1, 1, kinds_batch_normalization},
    [AKIN_LAYER_LAYER_NORMALIZATION] = {"LayerNormalization", 1, 1, kinds_layer_normalization},
    [AKIN_LAYER_GROUP_NORMALIZATION] = {"GroupNormalization", 1, 1, kinds_group_normalization},
    [AKIN_LAYER_UNIT_NORMALIZATION] = {"UnitNormalization", 1, 1, kinds_same_shape},
    [AKIN_LAYER_ACTIVATION] = {"Activation", 1, 1, kinds_same_shape},
    [AKIN_LAYER_PRELU] = {"PReLU", 1, 1, kinds_prelu},
    [AKIN_LAYER_MAX_POOLING2D] = {"MaxPooling2D", 1, 1, akin_kind_pooling2d},
    [AKIN_LAYER_AVERAGE_POOLING2D] = {"AveragePooling2D", 1, 1, akin_kind_pooling2d},
    [AKIN_LAYER_ADAPTIVE_AVERAGE_POOLING2D] = {"AdaptiveAveragePooling2D", 1, 1, akin_kind_adaptive_pooling2d},
    [AKIN_LAYER_GLOBAL_AVERAGE_POOLING2D] = {"GlobalAveragePooling2D", 1, 1, akin_kind_global_pooling2d},
    [AKIN_LAYER_GLOBAL_MAX_POOLING2D] = {"GlobalMaxPooling2D", 1, 1, akin_kind_global_pooling2d},
    [AKIN_LAYER_ZERO_PADDING2D] = {"ZeroPadding2D", 1, 1, akin_kind_zero_padding2d},
    [AKIN_LAYER_CROPPING2D] = {"Cropping2D", 1, 1, akin_kind_cropping2d},
    [AKIN_LAYER_UP_SAMPLING2D] = {"UpSampling2D", 1, 1, akin_kind_up_sampling2d},
    [AKIN_LAYER_RESIZING] = {"Resizing", 1, 1, akin_kind_resizing},
    [AKIN_LAYER_CENTER_CROP] = {"CenterCrop", 1, 1, akin_kind_center_crop},
    [AKIN_LAYER_ARITHMETIC] = {"", 1, KINDS_MANY, kinds_arithmetic}, /* named after its operation */
    [AKIN_LAYER_CONCATENATE] = {"Concatenate", 1, KINDS_MANY, kinds_concatenate},
    [AKIN_LAYER_STACK] = {"Stack", 1, KINDS_MANY, kinds_stack},
    [AKIN_LAYER_GET_ITEM] = {"GetItem", 1, 1, kinds_get_item},
    [AKIN_LAYER_FLATTEN] = {"Flatten", 1, 1, kinds_flatten},
    [AKIN_LAYER_RESHAPE] = {"Reshape", 1, 1, kinds_reshape},
    [AKIN_LAYER_PERMUTE] = {"Permute", 1, 1, kinds_permute},
    [AKIN_LAYER_RESCALING] = {"Rescaling", 1, 1, kinds_rescaling},
    [AKIN_LAYER_NORMALIZATION] = {"Normalization", 1, 1, kinds_normalization},
    [AKIN_LAYER_CUSTOM_SCALE] = {"CustomScaleLayer", 2, 2, kinds_custom_scale},
    [AKIN_LAYER_LAYER_SCALE] = {"LayerScale", 1, 1, kinds_layer_scale},
    [AKIN_LAYER_DROPOUT] = {"Dropout", 1, 1, kinds_same_shape},
    [AKIN_LAYER_TENSOR] = {"", 0, KINDS_MANY, kinds_tensor}, /* named after its operator */
};

const akin_kind *akin_kind_of(akin_layer_kind kind) {
  return &kinds_all[kind];
}

const char *akin_layer_class(const akin_layer *layer) {
  static const char *const operations[] = {
      [AKIN_OPERATION_ADD] = "Add",           [AKIN_OPERATION_SUBTRACT] = "Subtract",
      [AKIN_OPERATION_MULTIPLY] = "Multiply", [AKIN_OPERATION_DIVIDE] = "Divide",
      [AKIN_OPERATION_POWER] = "Power",       [AKIN_OPERATION_AVERAGE] = "Average",
      [AKIN_OPERATION_MAXIMUM] = "Maximum",   [AKIN_OPERATION_MINIMUM] = "Minimum",
  };
  if (layer->class_name) return layer->class_name;
  if (layer->kind == AKIN_LAYER_ARITHMETIC) return operations[layer->as.arithmetic.operation];
  return kinds_all[layer->kind].class_name;
}
