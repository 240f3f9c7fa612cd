/*
 * keras_call.h - one call of a layer in a Keras configuration, as the files that know the layers see it
 * (keras_layers.c, keras_operations.c, keras_activations.c). A call that has failed stays so: what is asked of it then
 * does nothing.
 */
#ifndef AKIN_MODEL_KERAS_CALL_H
#define AKIN_MODEL_KERAS_CALL_H

#include "base/arena.h"
#include "base/json.h"
#include "model/layers.h"

/* What a layer is called with: a tensor, which is the output of an earlier call, or something else. */
typedef struct akin_keras_argument {
  bool is_tensor;
  size_t layer; /* of a tensor */
  const akin_json *value;
} akin_keras_argument;

typedef struct akin_keras_call {
  const akin_layers *layers; /* those in front */
  akin_arena *arena;         /* for what the layer points to until it is added */
  const char *name, *class_name;
  const akin_json *config; /* of an operation of Keras 2: its arguments by name */
  bool keras2;
  akin_keras_argument *arguments; /* [argument_count]; lists are flat */
  size_t argument_count;
  akin_layer layer; /* to be filled */
  akin_status status;
  akin_error *err;
} akin_keras_call;

/* ---- failures ---- */

void akin_keras_starve(akin_keras_call *c);
/* "layer NAME (CLASS): what" */
void akin_keras_unsupported(akin_keras_call *c, const char *what);
void akin_keras_wrong(akin_keras_call *c, const char *key, const char *must); /* a setting is not what it must be */

/* ---- settings of its configuration; null counts as not there ---- */

bool akin_keras_has(const akin_keras_call *c, const char *key);
const char *akin_keras_text(akin_keras_call *c, const char *key, const char *otherwise);
bool akin_keras_flag(akin_keras_call *c, const char *key, bool otherwise);
double akin_keras_number(akin_keras_call *c, const char *key, double otherwise);
uint32_t akin_keras_whole(akin_keras_call *c, const char *key, uint32_t otherwise); /* 0 to 2^31 - 1 */
/* [a, b], or a for both. */
void akin_keras_pair(akin_keras_call *c, const char *key, uint32_t out[2], const uint32_t otherwise[2]);
/* Refuses "channels_first". */
void akin_keras_channels_last(akin_keras_call *c);
/* A setting that names the last axis, alone or in a list of one; anything else is refused. */
void akin_keras_last_axis(akin_keras_call *c, const char *key);
/* Numbers in nested lists, leading axes of one dropped; in the arena. values NULL: no numbers. */
akin_constant akin_keras_constant(akin_keras_call *c, const akin_json *value);
akin_activation akin_keras_activation(akin_keras_call *c, const akin_json *value); /* null: linear */
akin_interpolation akin_keras_interpolation(akin_keras_call *c, const char *otherwise);

/* The shape of the first tensor that it is called with; a call without one fails and gets an empty one. */
const akin_shape *akin_keras_shape(akin_keras_call *c);

/* ---- the tables: each fills c->layer; false when it does not know the class ---- */

bool akin_keras_read_layer(akin_keras_call *c);
bool akin_keras_read_operation(akin_keras_call *c); /* class_name: Keras 3's class, or Keras 2's function */
/* An activation by its name or class ("relu", "LeakyReLU") with settings in c->config. */
bool akin_keras_read_activation(akin_keras_call *c, const char *name, akin_activation *out);

#endif
