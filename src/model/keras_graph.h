/*
 * keras_graph.h - what a Keras configuration says of one model: its layers, their calls, and what each is called with.
 * All three dialects come out the same: Keras 3's Functional, Keras 2's, and Sequential, whose calls are implied.
 */
#ifndef AKIN_MODEL_KERAS_GRAPH_H
#define AKIN_MODEL_KERAS_GRAPH_H

#include "base/arena.h"
#include "base/json.h"

#include <akin/status.h>

#define AKIN_KERAS_GIVEN SIZE_MAX /* in place of a call: what the model itself is called with */

/* What a call is given: the output of another call of the same model, or something that is no tensor. */
typedef struct akin_keras_operand {
  bool is_tensor;
  size_t call; /* of a tensor; or AKIN_KERAS_GIVEN */
  const akin_json *value;
} akin_keras_operand;

typedef struct akin_keras_node {
  size_t layer;  /* whose call it is */
  size_t number; /* of that layer's calls, from 0 */
  const akin_json *json;
  const akin_json *settings; /* Keras 2: what is named in the call, {"y": 2.0}; else NULL */
  akin_keras_operand *operands;
  size_t operand_count;
} akin_keras_node;

typedef struct akin_keras_member {
  const char *name, *class_name, *module;
  const akin_json *config;
  const akin_json *nodes; /* its calls; NULL: of a Sequential model's layer */
  size_t first_call, call_count;
  bool is_model, is_input, is_operation;
} akin_keras_member;

typedef struct akin_keras_graph {
  const char *name;
  akin_keras_member *members; /* in the order of model.layers */
  size_t member_count;
  akin_keras_node *calls;
  size_t call_count;
  const size_t *inputs; /* the input layers' members in the order of the model's arguments; none: Sequential */
  size_t input_count;
  size_t output; /* the call that makes the model's (first) output */
} akin_keras_graph;

/* Is this a model: has it layers of its own? */
bool akin_keras_is_model(const akin_json *model);

/*
 * graph lies in the arena; what it points to of the JSON is borrowed.
 *   model: {"class_name": …, "config": {"layers": […] …}}
 * Errors: FORMAT (names the layer), UNSUPPORTED, LIMIT, MEMORY.
 */
akin_status akin_keras_graph_read(akin_keras_graph *graph, akin_arena *arena, const akin_json *model, akin_error *err);

#endif
