/* keras_layers.c - Keras' layers by their classes: which kind of ours, with which settings (keras_call.h). */
#include "base/error.h"
#include "model/keras_call.h"

#include <string.h>

static const uint32_t layers_ones[2] = {1, 1}, layers_twos[2] = {2, 2};

typedef void keras_layer_reader(akin_keras_call *c);

static akin_padding layers_padding(akin_keras_call *c) {
  const char *padding = akin_keras_text(c, "padding", "valid");
  if (strcmp(padding, "same") == 0) return AKIN_PADDING_SAME;
  if (strcmp(padding, "valid") != 0) akin_keras_wrong(c, "padding", "\"valid\" or \"same\"");
  return AKIN_PADDING_VALID;
}

/* ---- with weights ---- */

static void layers_convolution(akin_keras_call *c) {
  akin_convolution *v = &c->layer.as.convolution;
  akin_keras_channels_last(c);
  v->filters = akin_keras_whole(c, "filters", 0);
  v->groups = akin_keras_whole(c, "groups", 1);
  v->multiplier = akin_keras_whole(c, "depth_multiplier", 1);
  akin_keras_pair(c, "kernel_size", v->kernel, layers_ones);
  akin_keras_pair(c, "strides", v->strides, layers_ones);
  akin_keras_pair(c, "dilation_rate", v->dilation, layers_ones);
  v->padding = layers_padding(c);
  v->bias = akin_keras_flag(c, "use_bias", true);
  v->has_output_padding = akin_keras_has(c, "output_padding");
  akin_keras_pair(c, "output_padding", v->output_padding, layers_ones);
  c->layer.activation = akin_keras_activation(c, akin_json_get(c->config, "activation"));
  if (!v->groups || !v->multiplier) akin_keras_wrong(c, v->groups ? "depth_multiplier" : "groups", "1 or more");
}

static void layers_dense(akin_keras_call *c) {
  c->layer.as.dense.units = akin_keras_whole(c, "units", 0);
  c->layer.as.dense.bias = akin_keras_flag(c, "use_bias", true);
  c->layer.activation = akin_keras_activation(c, akin_json_get(c->config, "activation"));
  if (akin_keras_has(c, "lora_rank")) akin_keras_unsupported(c, "has LoRA weights: merge them before saving");
  if (akin_keras_has(c, "quantization_config")) akin_keras_unsupported(c, "is quantized: save the model in float32");
}

static void layers_normalization(akin_keras_call *c, double epsilon) {
  akin_keras_last_axis(c, "axis");
  c->layer.as.normalization.epsilon = akin_keras_number(c, "epsilon", epsilon);
  c->layer.as.normalization.no_scale = !akin_keras_flag(c, "scale", true);
  c->layer.as.normalization.no_center = !akin_keras_flag(c, "center", true);
}

static void layers_batch_normalization(akin_keras_call *c) {
  layers_normalization(c, 1e-3);
  if (akin_keras_flag(c, "renorm", false)) akin_keras_unsupported(c, "renormalizes, which akin does not know");
}

static void layers_layer_normalization(akin_keras_call *c) {
  layers_normalization(c, 1e-3);
  if (akin_keras_flag(c, "rms_scaling", false)) akin_keras_unsupported(c, "scales by the root mean square alone");
}

static void layers_group_normalization(akin_keras_call *c) {
  const akin_json *groups = akin_json_get(c->config, "groups");
  int64_t whole = 32;
  layers_normalization(c, 1e-3);
  if (groups && (!akin_json_integer(&whole, groups) || whole < -1 || whole == 0 || whole > INT32_MAX))
    akin_keras_wrong(c, "groups", "a whole number from 1 on, or -1");
  c->layer.as.normalization.groups = whole == -1 ? 0 : (uint32_t)whole;
}

static void layers_unit_normalization(akin_keras_call *c) {
  akin_keras_last_axis(c, "axis");
}

static void layers_prelu(akin_keras_call *c) {
  const akin_json *axes = akin_json_get(c->config, "shared_axes");
  const uint32_t rank = akin_keras_shape(c)->rank;
  for (size_t i = 0; i < akin_json_count(axes); i++) {
    int64_t axis = 0;
    uint32_t number = 0;
    if (!akin_json_integer(&axis, akin_json_at(axes, i)) || !akin_layers_axis(&number, axis, rank)) {
      akin_keras_wrong(c, "shared_axes", "axes of its input");
      return;
    }
    c->layer.as.prelu.shared[number] = true;
  }
}

static void layers_scale(akin_keras_call *c) {
  c->layer.as.custom_scale.scale = akin_keras_number(c, "scale", 1);
}

static void layers_nothing(akin_keras_call *c) {
  (void)c;
}

/* ---- activations ---- */

static void layers_activation(akin_keras_call *c) {
  c->layer.activation = akin_keras_activation(c, akin_json_get(c->config, "activation"));
}

/* ReLU, LeakyReLU …: the settings are the layer's. */
static void layers_activation_class(akin_keras_call *c) {
  akin_keras_read_activation(c, c->class_name, &c->layer.activation);
}

/* ---- maps ---- */

static void layers_pooling(akin_keras_call *c) {
  akin_pool_window *p = &c->layer.as.pooling;
  akin_keras_channels_last(c);
  akin_keras_pair(c, "pool_size", p->pool, layers_twos);
  akin_keras_pair(c, "strides", p->strides, p->pool);
  p->padding = layers_padding(c);
}

static void layers_global_pooling(akin_keras_call *c) {
  akin_keras_channels_last(c);
  c->layer.as.global_pooling.keepdims = akin_keras_flag(c, "keepdims", false);
}

/* 1, [1, 2] or [[1, 2], [3, 4]]: top, bottom, left, right */
static void layers_margins(akin_keras_call *c) {
  static const uint32_t none[2] = {0, 0};
  const char *key = c->layer.kind == AKIN_LAYER_CROPPING2D ? "cropping" : "padding";
  const akin_json *value = akin_json_get(c->config, key), *first = akin_json_at(value, 0);
  uint32_t rows[2] = {0}, columns[2] = {0}, both[2] = {0};
  akin_keras_channels_last(c);
  if (akin_json_is_array(first)) {
    for (size_t axis = 0; axis < 2; axis++) {
      for (size_t side = 0; side < 2; side++) {
        int64_t margin = -1;
        if (!akin_json_integer(&margin, akin_json_at(akin_json_at(value, axis), side)) || margin < 0 ||
            margin > INT32_MAX) {
          akin_keras_wrong(c, key, "two pairs of whole numbers");
          return;
        }
        (axis ? columns : rows)[side] = (uint32_t)margin;
      }
    }
  } else {
    akin_keras_pair(c, key, both, value ? none : layers_ones);
    rows[0] = rows[1] = both[0];
    columns[0] = columns[1] = both[1];
  }
  c->layer.as.margins = (akin_margins){rows[0], rows[1], columns[0], columns[1]};
}

static void layers_up_sampling(akin_keras_call *c) {
  akin_keras_channels_last(c);
  akin_keras_pair(c, "size", c->layer.as.up_sampling.factor, layers_twos);
  c->layer.as.up_sampling.interpolation = akin_keras_interpolation(c, "nearest");
}

static void layers_size(akin_keras_call *c) {
  akin_keras_channels_last(c);
  c->layer.as.resizing.height = akin_keras_whole(c, "height", 0);
  c->layer.as.resizing.width = akin_keras_whole(c, "width", 0);
}

static void layers_resizing(akin_keras_call *c) {
  layers_size(c);
  c->layer.as.resizing.interpolation = akin_keras_interpolation(c, "bilinear");
  c->layer.as.resizing.crop_to_aspect = akin_keras_flag(c, "crop_to_aspect_ratio", false);
  if (akin_keras_flag(c, "pad_to_aspect_ratio", false)) akin_keras_unsupported(c, "pads to its aspect ratio");
  if (akin_keras_flag(c, "antialias", false)) akin_keras_unsupported(c, "resizes with antialiasing");
}

/* At inference it takes the middle; nothing happens to images of its size. */
static void layers_random_crop(akin_keras_call *c) {
  const akin_shape *shape = akin_keras_shape(c);
  layers_size(c);
  if (shape->rank != 3 || shape->size[0] != c->layer.as.resizing.height || shape->size[1] != c->layer.as.resizing.width)
    akin_keras_unsupported(c, "crops images of another size than its own: give the model images of that size");
}

/* ---- of several inputs ---- */

static void layers_concatenate(akin_keras_call *c) {
  const akin_json *axis = akin_json_get(c->config, "axis");
  int64_t number = -1;
  if (axis && (!akin_json_integer(&number, axis) || number < -AKIN_SHAPE_RANK || number > AKIN_SHAPE_RANK))
    akin_keras_wrong(c, "axis", "an axis of its inputs");
  c->layer.as.concatenate.axis = (int32_t)number;
}

/* ---- forms ---- */

static void layers_flatten(akin_keras_call *c) {
  akin_keras_channels_last(c);
}

static void layers_reshape(akin_keras_call *c) {
  const akin_json *shape = akin_json_get(c->config, "target_shape");
  const size_t rank = akin_json_count(shape);
  if (!akin_json_is_array(shape) || rank > AKIN_SHAPE_RANK) {
    akin_keras_unsupported(c, "its target shape has more than four axes");
    return;
  }
  c->layer.as.reshape.rank = (uint32_t)rank;
  for (size_t i = 0; i < rank; i++) {
    int64_t size = 0;
    if (!akin_json_integer(&size, akin_json_at(shape, i)) || size < -1 || size > INT32_MAX)
      akin_keras_wrong(c, "target_shape", "whole numbers");
    c->layer.as.reshape.size[i] = (int32_t)size;
  }
}

static void layers_permute(akin_keras_call *c) {
  const akin_json *dims = akin_json_get(c->config, "dims");
  const size_t rank = akin_json_count(dims);
  if (rank > AKIN_SHAPE_RANK) {
    akin_keras_wrong(c, "dims", "the axes of its input");
    return;
  }
  c->layer.as.permute.rank = (uint32_t)rank;
  for (size_t i = 0; i < rank; i++) {
    int64_t axis = 0;
    if (!akin_json_integer(&axis, akin_json_at(dims, i)) || axis < 1 || axis > (int64_t)rank)
      akin_keras_wrong(c, "dims", "the axes of its input");
    c->layer.as.permute.axes[i] = (uint32_t)(axis - 1);
  }
}

/* ---- constants ---- */

static void layers_rescaling(akin_keras_call *c) {
  static const float one = 1, zero = 0;
  const akin_json *scale = akin_json_get(c->config, "scale"), *offset = akin_json_get(c->config, "offset");
  c->layer.as.rescaling.scale = scale ? akin_keras_constant(c, scale) : (akin_constant){.values = &one};
  c->layer.as.rescaling.offset = offset ? akin_keras_constant(c, offset) : (akin_constant){.values = &zero};
  if (!c->layer.as.rescaling.scale.values) akin_keras_wrong(c, "scale", "numbers");
  if (!c->layer.as.rescaling.offset.values) akin_keras_wrong(c, "offset", "numbers");
}

static void layers_standard(akin_keras_call *c) {
  const akin_json *mean = akin_json_get(c->config, "mean"), *variance = akin_json_get(c->config, "variance");
  akin_keras_last_axis(c, "axis");
  c->layer.as.standard.invert = akin_keras_flag(c, "invert", false);
  if (!mean && !variance) return; /* they are weights */
  c->layer.as.standard.mean = akin_keras_constant(c, mean);
  c->layer.as.standard.variance = akin_keras_constant(c, variance);
  if (!c->layer.as.standard.mean.values || !c->layer.as.standard.variance.values)
    akin_keras_wrong(c, c->layer.as.standard.mean.values ? "variance" : "mean", "numbers");
}

/* ---- the table ---- */

typedef struct keras_layer_row {
  const char *class_name;
  keras_layer_reader *read;
  akin_layer_kind kind;
  akin_operation operation; /* of ARITHMETIC */
} keras_layer_row;

static const keras_layer_row keras_layers_all[] = {
    {"Conv2D", layers_convolution, AKIN_LAYER_CONV2D, 0},
    {"Convolution2D", layers_convolution, AKIN_LAYER_CONV2D, 0},
    {"DepthwiseConv2D", layers_convolution, AKIN_LAYER_DEPTHWISE_CONV2D, 0},
    {"SeparableConv2D", layers_convolution, AKIN_LAYER_SEPARABLE_CONV2D, 0},
    {"SeparableConvolution2D", layers_convolution, AKIN_LAYER_SEPARABLE_CONV2D, 0},
    {"Conv2DTranspose", layers_convolution, AKIN_LAYER_CONV2D_TRANSPOSE, 0},
    {"Convolution2DTranspose", layers_convolution, AKIN_LAYER_CONV2D_TRANSPOSE, 0},
    {"Dense", layers_dense, AKIN_LAYER_DENSE, 0},
    {"BatchNormalization", layers_batch_normalization, AKIN_LAYER_BATCH_NORMALIZATION, 0},
    {"BatchNormalizationV1", layers_batch_normalization, AKIN_LAYER_BATCH_NORMALIZATION, 0},
    {"BatchNormalizationV2", layers_batch_normalization, AKIN_LAYER_BATCH_NORMALIZATION, 0},
    {"SyncBatchNormalization", layers_batch_normalization, AKIN_LAYER_BATCH_NORMALIZATION, 0},
    {"LayerNormalization", layers_layer_normalization, AKIN_LAYER_LAYER_NORMALIZATION, 0},
    {"GroupNormalization", layers_group_normalization, AKIN_LAYER_GROUP_NORMALIZATION, 0},
    {"UnitNormalization", layers_unit_normalization, AKIN_LAYER_UNIT_NORMALIZATION, 0},
    {"Activation", layers_activation, AKIN_LAYER_ACTIVATION, 0},
    {"ReLU", layers_activation_class, AKIN_LAYER_ACTIVATION, 0},
    {"LeakyReLU", layers_activation_class, AKIN_LAYER_ACTIVATION, 0},
    {"ELU", layers_activation_class, AKIN_LAYER_ACTIVATION, 0},
    {"ThresholdedReLU", layers_activation_class, AKIN_LAYER_ACTIVATION, 0},
    {"Softmax", layers_activation_class, AKIN_LAYER_ACTIVATION, 0},
    {"PReLU", layers_prelu, AKIN_LAYER_PRELU, 0},
    {"MaxPooling2D", layers_pooling, AKIN_LAYER_MAX_POOLING2D, 0},
    {"MaxPool2D", layers_pooling, AKIN_LAYER_MAX_POOLING2D, 0},
    {"AveragePooling2D", layers_pooling, AKIN_LAYER_AVERAGE_POOLING2D, 0},
    {"AvgPool2D", layers_pooling, AKIN_LAYER_AVERAGE_POOLING2D, 0},
    {"GlobalAveragePooling2D", layers_global_pooling, AKIN_LAYER_GLOBAL_AVERAGE_POOLING2D, 0},
    {"GlobalAvgPool2D", layers_global_pooling, AKIN_LAYER_GLOBAL_AVERAGE_POOLING2D, 0},
    {"GlobalMaxPooling2D", layers_global_pooling, AKIN_LAYER_GLOBAL_MAX_POOLING2D, 0},
    {"GlobalMaxPool2D", layers_global_pooling, AKIN_LAYER_GLOBAL_MAX_POOLING2D, 0},
    {"ZeroPadding2D", layers_margins, AKIN_LAYER_ZERO_PADDING2D, 0},
    {"Cropping2D", layers_margins, AKIN_LAYER_CROPPING2D, 0},
    {"UpSampling2D", layers_up_sampling, AKIN_LAYER_UP_SAMPLING2D, 0},
    {"Resizing", layers_resizing, AKIN_LAYER_RESIZING, 0},
    {"CenterCrop", layers_size, AKIN_LAYER_CENTER_CROP, 0},
    {"RandomCrop", layers_random_crop, AKIN_LAYER_CENTER_CROP, 0},
    {"Add", layers_nothing, AKIN_LAYER_ARITHMETIC, AKIN_OPERATION_ADD},
    {"Subtract", layers_nothing, AKIN_LAYER_ARITHMETIC, AKIN_OPERATION_SUBTRACT},
    {"Multiply", layers_nothing, AKIN_LAYER_ARITHMETIC, AKIN_OPERATION_MULTIPLY},
    {"Average", layers_nothing, AKIN_LAYER_ARITHMETIC, AKIN_OPERATION_AVERAGE},
    {"Maximum", layers_nothing, AKIN_LAYER_ARITHMETIC, AKIN_OPERATION_MAXIMUM},
    {"Minimum", layers_nothing, AKIN_LAYER_ARITHMETIC, AKIN_OPERATION_MINIMUM},
    {"Concatenate", layers_concatenate, AKIN_LAYER_CONCATENATE, 0},
    {"Flatten", layers_flatten, AKIN_LAYER_FLATTEN, 0},
    {"Reshape", layers_reshape, AKIN_LAYER_RESHAPE, 0},
    {"Permute", layers_permute, AKIN_LAYER_PERMUTE, 0},
    {"Rescaling", layers_rescaling, AKIN_LAYER_RESCALING, 0},
    {"Normalization", layers_standard, AKIN_LAYER_NORMALIZATION, 0},
    {"CustomScaleLayer", layers_scale, AKIN_LAYER_CUSTOM_SCALE, 0},
    {"LayerScale", layers_nothing, AKIN_LAYER_LAYER_SCALE, 0},
};

/* They act in training only. */
static const char *const keras_layers_idle[] = {
    "Dropout",
    "SpatialDropout2D",
    "AlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
    "ActivityRegularization",
    "Identity",
    "StochasticDepth",
    "RandomFlip",
    "RandomRotation",
    "RandomZoom",
    "RandomTranslation",
    "RandomContrast",
    "RandomBrightness",
    "RandomHue",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomColorJitter",
    "RandomColorDegeneration",
    "RandomErasing",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomElasticTransform",
    "RandAugment",
    "AugMix",
};

bool akin_keras_read_layer(akin_keras_call *c) {
  for (size_t i = 0; i < sizeof keras_layers_all / sizeof *keras_layers_all; i++) {
    const keras_layer_row *row = &keras_layers_all[i];
    if (strcmp(row->class_name, c->class_name) != 0) continue;
    c->layer.kind = row->kind;
    c->layer.class_name = c->class_name;
    if (row->kind == AKIN_LAYER_ARITHMETIC) c->layer.as.arithmetic.operation = row->operation;
    row->read(c);
    return true;
  }
  for (size_t i = 0; i < sizeof keras_layers_idle / sizeof *keras_layers_idle; i++) {
    if (strcmp(keras_layers_idle[i], c->class_name) != 0) continue;
    c->layer.kind = AKIN_LAYER_DROPOUT;
    c->layer.class_name = c->class_name;
    return true;
  }
  return false;
}
