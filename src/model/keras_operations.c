/*
 * keras_operations.c - operations on tensors that stand among the layers of a Keras model: x / 127.5 - 1, x[..., ::-1]
 * and their like, by Keras 3's classes (TrueDivide) and by the functions of Keras 2's TFOpLambda (math.truediv).
 */
#include "base/error.h"
#include "model/keras_call.h"

#include <math.h>
#include <string.h>

/* A setting: of Keras 3's operations in their configuration, of Keras 2's among the named arguments. */
static const akin_json *operations_setting(const akin_keras_call *c, const char *first, const char *second) {
  const akin_json *value = akin_json_get(c->config, first);
  return value ? value : akin_json_get(c->config, second);
}

static void operations_one_tensor(akin_keras_call *c) {
  if (c->argument_count == 0 || !c->arguments[0].is_tensor)
    akin_keras_unsupported(c, "is not called with a tensor first");
  c->argument_count = 1;
}

/* ---- arithmetic ---- */

static void operations_with_constant(akin_keras_call *c, size_t constant) {
  c->layer.as.arithmetic.constant = akin_keras_constant(c, c->arguments[constant].value);
  c->layer.as.arithmetic.constant_first = constant == 0;
  if (!c->layer.as.arithmetic.constant.values)
    akin_keras_unsupported(c, "is called with something that is neither a tensor nor numbers");
}

static void operations_arithmetic(akin_keras_call *c, akin_operation operation) {
  c->layer.kind = AKIN_LAYER_ARITHMETIC;
  c->layer.as.arithmetic.operation = operation;
  if (c->argument_count != 2) {
    akin_keras_unsupported(c, "is not called with two values");
  } else if (c->arguments[0].is_tensor && c->arguments[1].is_tensor) {
    const akin_shape *first = &c->layers->at[c->arguments[0].layer].shape;
    if (first->rank != c->layers->at[c->arguments[1].layer].shape.rank)
      akin_keras_unsupported(c, "is called with tensors of different ranks");
  } else if (c->arguments[0].is_tensor || c->arguments[1].is_tensor) {
    operations_with_constant(c, c->arguments[0].is_tensor ? 1 : 0);
  } else {
    akin_keras_unsupported(c, "is called with no tensor");
  }
}

static void operations_bias_add(akin_keras_call *c) {
  const char *format = akin_keras_text(c, "data_format", "NHWC");
  if (strcmp(format, "NHWC") != 0) akin_keras_unsupported(c, "has its channels first");
  operations_arithmetic(c, AKIN_OPERATION_ADD);
}

static void operations_clip(akin_keras_call *c) {
  double most = 0, least = 0;
  operations_one_tensor(c);
  if (!akin_json_number(&least, operations_setting(c, "x_min", "clip_value_min")) ||
      !akin_json_number(&most, operations_setting(c, "x_max", "clip_value_max")) || least != 0 || !(most > 0)) {
    akin_keras_unsupported(c, "clips otherwise than from 0 to a number above");
    return;
  }
  c->layer.kind = AKIN_LAYER_ACTIVATION;
  c->layer.activation = (akin_activation){.kind = AKIN_ACTIVATION_RELU, .max = most};
}

static void operations_identity(akin_keras_call *c) {
  operations_one_tensor(c);
  c->layer.kind = AKIN_LAYER_DROPOUT;
}

/* ---- x[…] ---- */

static bool operations_whole(int64_t *out, const akin_json *value) {
  return akin_json_integer(out, value) && *out >= INT32_MIN && *out <= INT32_MAX;
}

/* Python's start:stop:step of an axis. */
static bool operations_range(akin_slice *out, const akin_json *slice, uint32_t size) {
  const akin_json *start = akin_json_get(slice, "start"), *stop = akin_json_get(slice, "stop");
  const akin_json *step = akin_json_get(slice, "step");
  int64_t by = 1, from = 0, to = 0;
  const int64_t n = size;
  if (step && (!operations_whole(&by, step) || by == 0)) return false;
  from = by > 0 ? 0 : n - 1;
  to = by > 0 ? n : -1;
  if (start) {
    if (!operations_whole(&from, start)) return false;
    if (from < 0) from += n;
    if (from < 0) from = by > 0 ? 0 : -1;
    if (from >= n) from = by > 0 ? n : n - 1;
  }
  if (stop) {
    if (!operations_whole(&to, stop)) return false;
    if (to < 0) to += n;
    if (to < 0) to = by > 0 ? 0 : -1;
    if (to > n) to = n;
  }
  const int64_t span = by > 0 ? to - from : from - to, stride = by > 0 ? by : -by;
  if (span <= 0) return false;
  *out = (akin_slice){(uint32_t)from, (uint32_t)((span + stride - 1) / stride), (int32_t)by, false};
  return true;
}

static bool operations_place(akin_slice *out, const akin_json *value, uint32_t size) {
  int64_t place = 0;
  if (!operations_whole(&place, value)) return false;
  if (place < 0) place += size;
  if (place < 0 || place >= size) return false;
  *out = (akin_slice){(uint32_t)place, 1, 1, true};
  return true;
}

static bool operations_is_ellipsis(const akin_json *item) {
  const char *name = akin_json_text(akin_json_get(item, "class_name"));
  return name && strcmp(name, "__ellipsis__") == 0;
}

/* Keras 3: {"class_name": "__slice__", "config": {"start": …}}; Keras 2: {"start": …} */
static const akin_json *operations_slice(const akin_json *item) {
  const akin_json *config = akin_json_get(item, "config");
  return config ? config : item;
}

static bool operations_takes_all(const akin_json *item) {
  const akin_json *slice = operations_slice(item);
  int64_t step = 1;
  const akin_json *by = akin_json_get(slice, "step");
  return akin_json_is_object(slice) && !akin_json_get(slice, "start") && !akin_json_get(slice, "stop") &&
         (!by || (akin_json_integer(&step, by) && step == 1));
}

/* One axis of the slices, whose item is not an ellipsis. */
static bool operations_axis(akin_slice *out, const akin_json *item, uint32_t size) {
  if (akin_json_is_object(item)) return operations_range(out, operations_slice(item), size);
  return operations_place(out, item, size);
}

static void operations_get_item(akin_keras_call *c) {
  const akin_json *key = c->argument_count > 1 ? c->arguments[1].value : akin_json_get(c->config, "slice_spec");
  const akin_shape *shape = akin_keras_shape(c);
  const size_t count = akin_json_count(key);
  operations_one_tensor(c);
  if (c->status != AKIN_OK) return;
  c->layer.kind = AKIN_LAYER_GET_ITEM;
  for (uint32_t i = 0; i < shape->rank; i++)
    c->layer.as.get_item.at[i] = (akin_slice){0, shape->size[i], 1, false};
  bool fits = akin_json_is_array(key) && count > 0;
  size_t axis = 0; /* 0 is the batch */
  for (size_t i = 0; i < count && fits; i++) {
    const akin_json *item = akin_json_at(key, i);
    if (operations_is_ellipsis(item)) {
      const size_t behind = count - i - 1; /* items behind it take the last axes */
      fits = behind <= shape->rank && axis <= shape->rank + 1 - behind;
      axis = shape->rank + 1 - behind;
      continue;
    }
    if (axis == 0)
      fits = operations_takes_all(item);
    else
      fits = axis <= shape->rank && operations_axis(&c->layer.as.get_item.at[axis - 1], item, shape->size[axis - 1]);
    axis++;
  }
  if (!fits) akin_keras_unsupported(c, "takes a part of its tensor in a way that akin does not know");
}

/* ---- forms ---- */

static void operations_join(akin_keras_call *c, akin_layer_kind kind, int64_t otherwise) {
  const akin_json *value = akin_json_get(c->config, "axis");
  int64_t axis = otherwise;
  if (value && (!akin_json_integer(&axis, value) || axis < -8 || axis > 8)) akin_keras_wrong(c, "axis", "an axis");
  for (size_t i = 0; i < c->argument_count; i++)
    if (!c->arguments[i].is_tensor) akin_keras_unsupported(c, "is called with something that is no tensor");
  c->layer.kind = kind;
  c->layer.as.concatenate.axis = (int32_t)axis;
}

/* The axes of a setting that may be a number or a list, as numbers from 0 behind the batch; a mask of them. */
static bool operations_axes(uint32_t *mask, const akin_json *value, uint32_t rank) {
  *mask = 0;
  const size_t count = akin_json_is_array(value) ? akin_json_count(value) : 1;
  for (size_t i = 0; i < count; i++) {
    int64_t axis = 0;
    uint32_t number = 0;
    if (!akin_json_integer(&axis, akin_json_is_array(value) ? akin_json_at(value, i) : value)) return false;
    if (!akin_layers_axis(&number, axis, rank)) return false;
    *mask |= 1u << number;
  }
  return count > 0;
}

static void operations_reduce(akin_keras_call *c, akin_layer_kind kind) {
  uint32_t mask = 0;
  const akin_shape *shape = akin_keras_shape(c);
  operations_one_tensor(c);
  if (shape->rank != 3 || !operations_axes(&mask, akin_json_get(c->config, "axis"), 3) || mask != 3)
    akin_keras_unsupported(c, "reduces other axes than height and width of a map");
  c->layer.kind = kind;
  c->layer.as.global_pooling.keepdims = akin_keras_flag(c, "keepdims", false);
}

static void operations_to_shape(akin_keras_call *c, const akin_shape *shape) {
  c->layer.kind = AKIN_LAYER_RESHAPE;
  c->layer.as.reshape.rank = shape->rank;
  for (uint32_t i = 0; i < shape->rank; i++)
    c->layer.as.reshape.size[i] = (int32_t)shape->size[i];
}

static void operations_expand(akin_keras_call *c) {
  const akin_shape *shape = akin_keras_shape(c);
  const akin_json *value = akin_json_get(c->config, "axis");
  akin_shape wide = {.rank = shape->rank + 1};
  int64_t axis = 0;
  uint32_t number = 0;
  operations_one_tensor(c);
  if (shape->rank == AKIN_SHAPE_RANK || !akin_json_integer(&axis, value) ||
      !akin_layers_axis(&number, axis, wide.rank)) {
    akin_keras_unsupported(c, "adds an axis that akin does not know");
    return;
  }
  for (uint32_t i = 0, from = 0; i < wide.rank; i++)
    wide.size[i] = i == number ? 1 : shape->size[from++];
  operations_to_shape(c, &wide);
}

static void operations_squeeze(akin_keras_call *c) {
  const akin_shape *shape = akin_keras_shape(c);
  const akin_json *value = akin_json_get(c->config, "axis");
  akin_shape narrow = {0};
  uint32_t mask = 0;
  operations_one_tensor(c);
  if (value && !operations_axes(&mask, value, shape->rank)) akin_keras_wrong(c, "axis", "axes of its tensor");
  for (uint32_t i = 0; i < shape->rank; i++) {
    const bool goes = value ? (mask & 1u << i) != 0 : shape->size[i] == 1;
    if (goes && shape->size[i] != 1) akin_keras_wrong(c, "axis", "of size 1");
    if (!goes) narrow.size[narrow.rank++] = shape->size[i];
  }
  operations_to_shape(c, &narrow);
}

/* The batch stands first: null, -1, or 1 when no other size is open. */
static void operations_reshape(akin_keras_call *c) {
  const akin_json *shape = operations_setting(c, "newshape", "shape");
  const size_t count = akin_json_count(shape);
  operations_one_tensor(c);
  if (!akin_json_is_array(shape) || count < 2 || count > AKIN_SHAPE_RANK + 1) {
    akin_keras_unsupported(c, "takes a shape that akin does not know");
    return;
  }
  c->layer.kind = AKIN_LAYER_RESHAPE;
  c->layer.as.reshape.rank = (uint32_t)count - 1;
  for (size_t i = 1; i < count; i++) {
    int64_t size = 0;
    if (!operations_whole(&size, akin_json_at(shape, i)) || size < -1) {
      akin_keras_unsupported(c, "takes a shape that akin does not know");
      return;
    }
    c->layer.as.reshape.size[i - 1] = (int32_t)size;
  }
}

static void operations_transpose(akin_keras_call *c) {
  const akin_json *axes = operations_setting(c, "axes", "perm");
  const uint32_t rank = akin_keras_shape(c)->rank;
  int64_t axis = -1;
  operations_one_tensor(c);
  if (akin_json_count(axes) != rank + 1 || !akin_json_integer(&axis, akin_json_at(axes, 0)) || axis != 0) {
    akin_keras_unsupported(c, "moves the batch");
    return;
  }
  c->layer.kind = AKIN_LAYER_PERMUTE;
  c->layer.as.permute.rank = rank;
  for (uint32_t i = 0; i < rank; i++) {
    if (!akin_json_integer(&axis, akin_json_at(axes, i + 1)) || axis < 1 || axis > (int64_t)rank)
      akin_keras_wrong(c, "axes", "the axes of its tensor");
    c->layer.as.permute.axes[i] = (uint32_t)(axis - 1);
  }
}

static void operations_resize(akin_keras_call *c) {
  static const uint32_t none[2] = {0, 0};
  uint32_t size[2] = {0};
  operations_one_tensor(c);
  akin_keras_channels_last(c);
  akin_keras_pair(c, "size", size, none);
  c->layer.kind = AKIN_LAYER_RESIZING;
  c->layer.as.resizing.height = size[0];
  c->layer.as.resizing.width = size[1];
  c->layer.as.resizing.interpolation = akin_keras_interpolation(c, akin_keras_text(c, "method", "bilinear"));
  c->layer.as.resizing.crop_to_aspect = akin_keras_flag(c, "crop_to_aspect_ratio", false);
  if (akin_keras_flag(c, "pad_to_aspect_ratio", false) || akin_keras_flag(c, "preserve_aspect_ratio", false))
    akin_keras_unsupported(c, "keeps an aspect ratio");
  if (akin_keras_flag(c, "antialias", false)) akin_keras_unsupported(c, "resizes with antialiasing");
}

/* ---- the tables ---- */

static bool operations_named(const char *name, const char *const *names) {
  for (; *names; names++)
    if (strcmp(name, *names) == 0) return true;
  return false;
}

static bool operations_read_arithmetic(akin_keras_call *c) {
  static const struct {
    akin_operation operation;
    const char *names[6];
  } rows[] = {
      {AKIN_OPERATION_ADD, {"Add", "math.add", "__operators__.add", "add"}},
      {AKIN_OPERATION_SUBTRACT, {"Subtract", "math.subtract", "__operators__.sub", "subtract"}},
      {AKIN_OPERATION_MULTIPLY, {"Multiply", "math.multiply", "__operators__.mul", "multiply"}},
      {AKIN_OPERATION_DIVIDE,
       {"Divide", "TrueDivide", "math.truediv", "math.divide", "realdiv", "__operators__.truediv"}},
      {AKIN_OPERATION_POWER, {"Power", "math.pow", "pow", "__operators__.pow"}},
      {AKIN_OPERATION_MAXIMUM, {"Maximum", "math.maximum", "maximum"}},
      {AKIN_OPERATION_MINIMUM, {"Minimum", "math.minimum", "minimum"}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    for (size_t k = 0; k < 6 && rows[i].names[k]; k++) {
      if (strcmp(rows[i].names[k], c->class_name) != 0) continue;
      operations_arithmetic(c, rows[i].operation);
      return true;
    }
  }
  return false;
}

static bool operations_read_form(akin_keras_call *c) {
  const char *name = c->class_name;
  if (operations_named(name, (const char *const[]){"GetItem", "__operators__.getitem", NULL}))
    operations_get_item(c);
  else if (operations_named(name, (const char *const[]){"Stack", "stack", NULL}))
    operations_join(c, AKIN_LAYER_STACK, c->keras2 ? 0 : -1);
  else if (operations_named(name, (const char *const[]){"Concatenate", "concat", NULL}))
    operations_join(c, AKIN_LAYER_CONCATENATE, -1);
  else if (operations_named(name, (const char *const[]){"Mean", "math.reduce_mean", NULL}))
    operations_reduce(c, AKIN_LAYER_GLOBAL_AVERAGE_POOLING2D);
  else if (operations_named(name, (const char *const[]){"Max", "math.reduce_max", NULL}))
    operations_reduce(c, AKIN_LAYER_GLOBAL_MAX_POOLING2D);
  else if (operations_named(name, (const char *const[]){"Reshape", "reshape", NULL}))
    operations_reshape(c);
  else if (operations_named(name, (const char *const[]){"ExpandDims", "expand_dims", NULL}))
    operations_expand(c);
  else if (operations_named(name, (const char *const[]){"Squeeze", "squeeze", NULL}))
    operations_squeeze(c);
  else if (operations_named(name, (const char *const[]){"Transpose", "transpose", NULL}))
    operations_transpose(c);
  else if (operations_named(name, (const char *const[]){"Resize", "image.resize", NULL}))
    operations_resize(c);
  else if (operations_named(name, (const char *const[]){"Clip", "clip_by_value", NULL}))
    operations_clip(c);
  else if (operations_named(name, (const char *const[]){"Cast", "Identity", "cast", "identity", "stop_gradient", NULL}))
    operations_identity(c);
  else if (strcmp(name, "nn.bias_add") == 0)
    operations_bias_add(c);
  else
    return false;
  return true;
}

/* Functions of TensorFlow that are activations: "nn.relu6", "math.sigmoid", "keras.activations.silu". */
static const char *operations_function(const char *name) {
  static const struct {
    const char *function, *activation;
  } others[] = {{"math.abs", "Abs"},
                {"abs", "Abs"},
                {"math.negative", "Negative"},
                {"math.exp", "Exp"},
                {"math.square", "Square"},
                {"math.sqrt", "Sqrt"},
                {"math.log", "Log"}};
  static const char *const prefixes[] = {"nn.", "math.", "keras.activations."};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (strcmp(name, others[i].function) == 0) return others[i].activation;
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
    if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) return name + strlen(prefixes[i]);
  return name;
}

bool akin_keras_read_operation(akin_keras_call *c) {
  c->layer.class_name = c->class_name;
  if (operations_read_arithmetic(c) || operations_read_form(c)) return true;
  if (!akin_keras_read_activation(c, operations_function(c->class_name), &c->layer.activation)) return false;
  operations_one_tensor(c);
  c->layer.kind = AKIN_LAYER_ACTIVATION;
  return true;
}
