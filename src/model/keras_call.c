/* keras_call.c - settings of a layer in a Keras configuration (keras_call.h). */
#include "model/keras_call.h"

#include "base/error.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

#define CALL_WHOLE_MOST    0x7FFFFFFF
#define CALL_CONSTANT_MOST 1048576u /* numbers in a constant */
#define CALL_CONSTANT_RANK 8        /* nested lists in it */

/* ---- failures ---- */

void akin_keras_starve(akin_keras_call *c) {
  if (c->status == AKIN_OK) c->status = akin_layers_starved(c->arena, c->err);
}

void akin_keras_unsupported(akin_keras_call *c, const char *what) {
  if (c->status != AKIN_OK) return;
  c->status = akin_fail(c->err, AKIN_ERROR_UNSUPPORTED, "layer %s (%s): %s", c->name, c->class_name, what);
}

void akin_keras_wrong(akin_keras_call *c, const char *key, const char *must) {
  if (c->status != AKIN_OK) return;
  c->status =
      akin_fail(c->err, AKIN_ERROR_FORMAT, "layer %s (%s): \"%s\" must be %s", c->name, c->class_name, key, must);
}

/* ---- single settings ---- */

bool akin_keras_has(const akin_keras_call *c, const char *key) {
  return akin_json_get(c->config, key) != NULL;
}

const char *akin_keras_text(akin_keras_call *c, const char *key, const char *otherwise) {
  if (!akin_keras_has(c, key)) return otherwise;
  const char *text = akin_json_text(akin_json_get(c->config, key));
  if (!text) akin_keras_wrong(c, key, "a text");
  return text ? text : otherwise;
}

bool akin_keras_flag(akin_keras_call *c, const char *key, bool otherwise) {
  bool value = otherwise;
  if (akin_keras_has(c, key) && !akin_json_boolean(&value, akin_json_get(c->config, key)))
    akin_keras_wrong(c, key, "true or false");
  return value;
}

double akin_keras_number(akin_keras_call *c, const char *key, double otherwise) {
  double value = otherwise;
  if (akin_keras_has(c, key) && !(akin_json_number(&value, akin_json_get(c->config, key)) && isfinite((float)value)))
    akin_keras_wrong(c, key, "a number");
  return value;
}

static bool call_whole(uint32_t *out, const akin_json *value) {
  int64_t whole = 0;
  if (!akin_json_integer(&whole, value) || whole < 0 || whole > CALL_WHOLE_MOST) return false;
  *out = (uint32_t)whole;
  return true;
}

uint32_t akin_keras_whole(akin_keras_call *c, const char *key, uint32_t otherwise) {
  uint32_t value = otherwise;
  if (akin_keras_has(c, key) && !call_whole(&value, akin_json_get(c->config, key)))
    akin_keras_wrong(c, key, "a whole number from 0 on");
  return value;
}

void akin_keras_pair(akin_keras_call *c, const char *key, uint32_t out[2], const uint32_t otherwise[2]) {
  const akin_json *value = akin_json_get(c->config, key);
  out[0] = otherwise[0];
  out[1] = otherwise[1];
  if (!value) return;
  bool right = false;
  if (akin_json_is_array(value))
    right = akin_json_count(value) == 2 && call_whole(&out[0], akin_json_at(value, 0)) &&
            call_whole(&out[1], akin_json_at(value, 1));
  else if ((right = call_whole(&out[0], value)))
    out[1] = out[0];
  if (!right) akin_keras_wrong(c, key, "a whole number or two");
}

/* ---- axes ---- */

void akin_keras_channels_last(akin_keras_call *c) {
  const char *format = akin_keras_text(c, "data_format", "channels_last");
  if (strcmp(format, "channels_last") != 0)
    akin_keras_unsupported(c,
                           "has its channels first: save the model with \"channels_last\", as Keras does by default");
}

const akin_shape *akin_keras_shape(akin_keras_call *c) {
  static const akin_shape none = {0};
  for (size_t i = 0; i < c->argument_count; i++)
    if (c->arguments[i].is_tensor) return &c->layers->at[c->arguments[i].layer].shape;
  akin_keras_unsupported(c, "is called with no tensor");
  return &none;
}

void akin_keras_last_axis(akin_keras_call *c, const char *key) {
  const akin_json *value = akin_json_get(c->config, key);
  int64_t axis = 0;
  uint32_t number = 0;
  if (!value) return;
  if (akin_json_is_array(value) && akin_json_count(value) == 1) value = akin_json_at(value, 0);
  const uint32_t rank = akin_keras_shape(c)->rank;
  if (c->status != AKIN_OK) return;
  if (!akin_json_integer(&axis, value) || !akin_layers_axis(&number, axis, rank) || number + 1 != rank)
    akin_keras_unsupported(c, "works along an axis that is not the last: akin knows the last alone");
}

/* ---- constants ---- */

/* Shape and count of nested lists, by their first members. */
static bool call_measure(size_t shape[CALL_CONSTANT_RANK], uint32_t *rank, size_t *count, const akin_json *value) {
  *rank = 0;
  *count = 1;
  for (; akin_json_is_array(value); value = akin_json_at(value, 0)) {
    if (*rank == CALL_CONSTANT_RANK) return false;
    shape[*rank] = akin_json_count(value);
    if (!shape[*rank] || shape[*rank] > CALL_CONSTANT_MOST / *count) return false;
    *count *= shape[(*rank)++];
  }
  return true;
}

/* Numbers in row-major order; false when the lists are not of that shape. */
static bool call_collect(float **out, const akin_json *value, const size_t *shape, uint32_t rank) {
  double number = 0;
  if (rank == 0) {
    if (!akin_json_number(&number, value) || !isfinite((float)number)) return false;
    *(*out)++ = (float)number;
    return true;
  }
  if (!akin_json_is_array(value) || akin_json_count(value) != shape[0]) return false;
  for (size_t i = 0; i < shape[0]; i++)
    if (!call_collect(out, akin_json_at(value, i), shape + 1, rank - 1)) return false;
  return true;
}

akin_constant akin_keras_constant(akin_keras_call *c, const akin_json *value) {
  size_t shape[CALL_CONSTANT_RANK] = {0}, count = 0;
  uint32_t rank = 0;
  akin_constant constant = {0};
  const akin_json *inside = akin_json_get(akin_json_get(value, "config"), "value"); /* {"class_name": "__tensor__", … */
  if (inside) value = inside;
  if (c->status != AKIN_OK || !call_measure(shape, &rank, &count, value)) return constant;
  float *values = akin_arena_array(c->arena, count, sizeof *values), *end = values;
  if (!values) {
    akin_keras_starve(c);
    return constant;
  }
  if (!call_collect(&end, value, shape, rank)) return constant;
  uint32_t leading = 0;
  while (leading < rank && shape[leading] == 1)
    leading++;
  if (rank - leading > AKIN_SHAPE_RANK) return constant;
  constant.shape.rank = rank - leading;
  for (uint32_t i = leading; i < rank; i++)
    constant.shape.size[i - leading] = (uint32_t)shape[i];
  constant.values = values;
  return constant;
}

akin_interpolation akin_keras_interpolation(akin_keras_call *c, const char *otherwise) {
  const char *name = akin_keras_text(c, "interpolation", otherwise);
  if (strcmp(name, "nearest") == 0) return AKIN_INTERPOLATION_NEAREST;
  if (strcmp(name, "bicubic") == 0) return AKIN_INTERPOLATION_BICUBIC;
  if (strcmp(name, "bilinear") != 0)
    akin_keras_unsupported(c, "interpolates otherwise than \"nearest\", \"bilinear\" and \"bicubic\"");
  return AKIN_INTERPOLATION_BILINEAR;
}
