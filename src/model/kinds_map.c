/* kinds_map.c - the kinds of layers that see a map as one: convolutions, poolings, what pads, cuts and resizes. */
#include "model/kinds.h"

#define KINDS_MOST 0x7FFFFFFFu

static uint32_t kinds_one(uint32_t value) {
  return value ? value : 1;
}

/* ---- windows ---- */

void akin_padding_of(uint32_t *before, uint32_t *after, akin_padding padding, uint32_t size, uint32_t kernel,
                     uint32_t stride) {
  *before = *after = 0;
  if (padding == AKIN_PADDING_VALID) return;
  if (padding == AKIN_PADDING_SYMMETRIC) {
    *before = *after = kernel / 2;
    return;
  }
  const uint64_t covered = (uint64_t)((size - 1) / stride) * stride + kernel; /* by the windows that SAME wants */
  if (covered <= size) return;
  *before = (uint32_t)((covered - size) / 2);
  *after = (uint32_t)(covered - size) - *before;
}

uint32_t akin_dilated(uint32_t kernel, uint32_t dilation) {
  const uint64_t covered = kernel ? (uint64_t)(kernel - 1) * kinds_one(dilation) + 1 : 0;
  return covered <= KINDS_MOST ? (uint32_t)covered : 0;
}

/* Places of a window along an axis; 0 when it does not fit. */
static uint32_t kinds_places(akin_padding padding, uint32_t size, uint32_t kernel, uint32_t stride) {
  if (padding == AKIN_PADDING_SAME) return (size - 1) / stride + 1;
  if (padding == AKIN_PADDING_SYMMETRIC) size += kernel / 2 * 2;
  return kernel > size ? 0 : (size - kernel) / stride + 1;
}

static bool kinds_slide(akin_shape *shape, const uint32_t kernel[2], const uint32_t strides[2],
                        const uint32_t dilation[2], akin_padding padding) {
  if (shape->rank != 3) return false;
  for (int axis = 0; axis < 2; axis++) {
    const uint32_t covered = akin_dilated(kernel[axis], dilation[axis]);
    if (!covered || !strides[axis] || strides[axis] > KINDS_MOST) return false;
    shape->size[axis] = kinds_places(padding, shape->size[axis], covered, strides[axis]);
    if (!shape->size[axis]) return false;
  }
  return true;
}

static bool kinds_multiplied(uint32_t *out, uint32_t channels, uint32_t multiplier) {
  const uint64_t product = (uint64_t)channels * kinds_one(multiplier);
  *out = (uint32_t)product;
  return product <= KINDS_MOST;
}

/* ---- convolutions ---- */

bool akin_kind_conv2d(akin_layer *layer, const akin_shape *const *inputs) {
  const akin_convolution *c = &layer->as.convolution;
  const uint32_t groups = kinds_one(c->groups);
  layer->shape = *inputs[0];
  if (!kinds_slide(&layer->shape, c->kernel, c->strides, c->dilation, c->padding) || !c->filters) return false;
  if (layer->shape.size[2] % groups || c->filters % groups) return false;
  const uint32_t kernel[4] = {c->kernel[0], c->kernel[1], layer->shape.size[2] / groups, c->filters};
  akin_kind_weight(layer, AKIN_WEIGHT_KERNEL, kernel, 4);
  if (c->bias) akin_kind_weight(layer, AKIN_WEIGHT_BIAS, &c->filters, 1);
  layer->shape.size[2] = c->filters;
  return true;
}

bool akin_kind_depthwise_conv2d(akin_layer *layer, const akin_shape *const *inputs) {
  const akin_convolution *c = &layer->as.convolution;
  layer->shape = *inputs[0];
  if (!kinds_slide(&layer->shape, c->kernel, c->strides, c->dilation, c->padding)) return false;
  const uint32_t kernel[4] = {c->kernel[0], c->kernel[1], layer->shape.size[2], kinds_one(c->multiplier)};
  if (!kinds_multiplied(&layer->shape.size[2], layer->shape.size[2], c->multiplier)) return false;
  akin_kind_weight(layer, AKIN_WEIGHT_KERNEL, kernel, 4);
  if (c->bias) akin_kind_weight(layer, AKIN_WEIGHT_BIAS, &layer->shape.size[2], 1);
  return true;
}

bool akin_kind_separable_conv2d(akin_layer *layer, const akin_shape *const *inputs) {
  const akin_convolution *c = &layer->as.convolution;
  uint32_t between = 0;
  layer->shape = *inputs[0];
  if (!kinds_slide(&layer->shape, c->kernel, c->strides, c->dilation, c->padding) || !c->filters) return false;
  if (!kinds_multiplied(&between, layer->shape.size[2], c->multiplier)) return false;
  const uint32_t depthwise[4] = {c->kernel[0], c->kernel[1], layer->shape.size[2], kinds_one(c->multiplier)};
  const uint32_t pointwise[4] = {1, 1, between, c->filters};
  akin_kind_weight(layer, AKIN_WEIGHT_DEPTHWISE_KERNEL, depthwise, 4);
  akin_kind_weight(layer, AKIN_WEIGHT_POINTWISE_KERNEL, pointwise, 4);
  if (c->bias) akin_kind_weight(layer, AKIN_WEIGHT_BIAS, &c->filters, 1);
  layer->shape.size[2] = c->filters;
  return true;
}

/* Keras' size along one axis; 0: none. */
static uint32_t kinds_transposed(const akin_convolution *c, int axis, uint32_t size) {
  const int64_t kernel = akin_dilated(c->kernel[axis], c->dilation[axis]), stride = c->strides[axis];
  int64_t out = 0;
  if (!kernel || !stride || stride > KINDS_MOST) return 0;
  if (c->has_output_padding) {
    const int64_t cut = c->padding == AKIN_PADDING_SAME ? kernel / 2 : 0;
    if (c->output_padding[axis] >= stride) return 0;
    out = ((int64_t)size - 1) * stride + kernel - 2 * cut + c->output_padding[axis];
  } else {
    out = size * stride;
    if (c->padding == AKIN_PADDING_VALID && kernel > stride) out += kernel - stride;
  }
  return out > 0 && out <= KINDS_MOST ? (uint32_t)out : 0;
}

bool akin_kind_conv2d_transpose(akin_layer *layer, const akin_shape *const *inputs) {
  const akin_convolution *c = &layer->as.convolution;
  if (inputs[0]->rank != 3 || !c->filters) return false;
  layer->shape = *inputs[0];
  const uint32_t kernel[4] = {c->kernel[0], c->kernel[1], c->filters, layer->shape.size[2]};
  for (int axis = 0; axis < 2; axis++)
    layer->shape.size[axis] = kinds_transposed(c, axis, layer->shape.size[axis]);
  akin_kind_weight(layer, AKIN_WEIGHT_KERNEL, kernel, 4);
  if (c->bias) akin_kind_weight(layer, AKIN_WEIGHT_BIAS, &c->filters, 1);
  layer->shape.size[2] = c->filters;
  return true;
}

/* ---- poolings ---- */

bool akin_kind_pooling2d(akin_layer *layer, const akin_shape *const *inputs) {
  static const uint32_t dense[2] = {1, 1};
  const akin_pool_window *p = &layer->as.pooling;
  layer->shape = *inputs[0];
  return kinds_slide(&layer->shape, p->pool, p->strides, dense, p->padding);
}

bool akin_kind_global_pooling2d(akin_layer *layer, const akin_shape *const *inputs) {
  const uint32_t channels = inputs[0]->size[2];
  layer->shape = layer->as.global_pooling.keepdims ? (akin_shape){3, {1, 1, channels}} : (akin_shape){1, {channels}};
  return inputs[0]->rank == 3;
}

/* ---- margins ---- */

bool akin_kind_zero_padding2d(akin_layer *layer, const akin_shape *const *inputs) {
  const akin_margins *m = &layer->as.margins;
  layer->shape = *inputs[0];
  const uint64_t height = (uint64_t)layer->shape.size[0] + m->top + m->bottom;
  const uint64_t width = (uint64_t)layer->shape.size[1] + m->left + m->right;
  layer->shape.size[0] = (uint32_t)height;
  layer->shape.size[1] = (uint32_t)width;
  return layer->shape.rank == 3 && height <= KINDS_MOST && width <= KINDS_MOST;
}

bool akin_kind_cropping2d(akin_layer *layer, const akin_shape *const *inputs) {
  const akin_margins *m = &layer->as.margins;
  const uint64_t height = (uint64_t)m->top + m->bottom, width = (uint64_t)m->left + m->right;
  layer->shape = *inputs[0];
  if (layer->shape.rank != 3 || height >= layer->shape.size[0] || width >= layer->shape.size[1]) return false;
  layer->shape.size[0] -= (uint32_t)height;
  layer->shape.size[1] -= (uint32_t)width;
  return true;
}

/* ---- other sizes ---- */

bool akin_kind_up_sampling2d(akin_layer *layer, const akin_shape *const *inputs) {
  layer->shape = *inputs[0];
  for (int axis = 0; axis < 2; axis++) {
    const uint64_t size = (uint64_t)layer->shape.size[axis] * layer->as.up_sampling.factor[axis];
    if (size > KINDS_MOST) return false;
    layer->shape.size[axis] = (uint32_t)size;
  }
  return layer->shape.rank == 3;
}

akin_margins akin_aspect_crop(const akin_shape *image, uint32_t height, uint32_t width) {
  const uint32_t rows = image->size[0], columns = image->size[1];
  const uint64_t wanted_rows = (uint64_t)((double)((uint64_t)columns * height) / width);
  const uint64_t wanted_columns = (uint64_t)((double)((uint64_t)rows * width) / height);
  const uint32_t kept_rows = wanted_rows < rows ? (uint32_t)wanted_rows : rows;
  const uint32_t kept_columns = wanted_columns < columns ? (uint32_t)wanted_columns : columns;
  akin_margins margins = {.top = (rows - kept_rows) / 2, .left = (columns - kept_columns) / 2};
  margins.bottom = rows - kept_rows - margins.top;
  margins.right = columns - kept_columns - margins.left;
  return margins;
}

bool akin_kind_resizing(akin_layer *layer, const akin_shape *const *inputs) {
  const uint32_t height = layer->as.resizing.height, width = layer->as.resizing.width;
  if (inputs[0]->rank != 3 || !height || !width) return false;
  if (layer->as.resizing.crop_to_aspect) {
    const akin_margins margins = akin_aspect_crop(inputs[0], height, width);
    if (margins.top + margins.bottom >= inputs[0]->size[0] || margins.left + margins.right >= inputs[0]->size[1])
      return false;
  }
  layer->shape = (akin_shape){3, {height, width, inputs[0]->size[2]}};
  return true;
}

bool akin_kind_adaptive_pooling2d(akin_layer *layer, const akin_shape *const *inputs) {
  layer->shape = (akin_shape){3, {layer->as.resizing.height, layer->as.resizing.width, inputs[0]->size[2]}};
  return inputs[0]->rank == 3 && layer->shape.size[0] && layer->shape.size[1];
}

/* What is smaller than the crop would be resized by Keras, which nobody means. */
bool akin_kind_center_crop(akin_layer *layer, const akin_shape *const *inputs) {
  const uint32_t height = layer->as.resizing.height, width = layer->as.resizing.width;
  layer->shape = (akin_shape){3, {height, width, inputs[0]->size[2]}};
  return inputs[0]->rank == 3 && height <= inputs[0]->size[0] && width <= inputs[0]->size[1];
}
