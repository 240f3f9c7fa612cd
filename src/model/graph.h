/*
 * graph.h - a small dataflow graph in ONNX's operations: what lower.c makes of layers, what cut.c shortens, what onnx.c
 * writes and reads. Every node has one output; every value is f32, and so are constants, but for lists of integers that
 * give shapes. All of it lies in the graph's arena.
 */
#ifndef AKIN_MODEL_GRAPH_H
#define AKIN_MODEL_GRAPH_H

#include "base/arena.h"

#include <akin/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AKIN_GRAPH_RANK       5 /* the batch, and what a layer has at most */
#define AKIN_GRAPH_ATTRIBUTES 6

typedef enum akin_graph_attribute_kind {
  AKIN_GRAPH_INTEGER, /* integers[0] */
  AKIN_GRAPH_INTEGERS,
  AKIN_GRAPH_NUMBER,
  AKIN_GRAPH_TEXT
} akin_graph_attribute_kind;

typedef struct akin_graph_attribute {
  const char *name;
  akin_graph_attribute_kind kind;
  int64_t integers[AKIN_GRAPH_RANK];
  size_t count; /* of integers */
  float number;
  const char *text;
} akin_graph_attribute;

typedef struct akin_graph_node {
  const char *name, *operation, *output;
  const char **inputs;
  size_t input_count;
  akin_graph_attribute attributes[AKIN_GRAPH_ATTRIBUTES];
  size_t attribute_count;
} akin_graph_node;

/* A constant: its numbers are here, or in the weights file. */
typedef struct akin_graph_tensor {
  const char *name;
  uint32_t rank;
  int64_t shape[AKIN_GRAPH_RANK];
  const float *values;
  const int64_t *integers; /* rank 1, always here */
  uint64_t offset, bytes;  /* without values and integers: in the weights file at offset. bytes is 4 (of integers 8) ·
                              product of shape in any case */
} akin_graph_tensor;

/* What goes in or comes out; shape[0] is the batch. */
typedef struct akin_graph_value {
  const char *name;
  uint32_t rank;
  int64_t shape[AKIN_GRAPH_RANK];
} akin_graph_value;

typedef struct akin_graph {
  akin_arena arena;
  const char *name;
  akin_graph_value input, output;
  akin_graph_node *nodes; /* each after its inputs */
  size_t node_count, node_room;
  akin_graph_tensor *tensors;
  size_t tensor_count, tensor_room;
} akin_graph;

#define AKIN_GRAPH_INIT                                                                                                \
  { .arena = AKIN_ARENA_INIT(0) }

void akin_graph_free(akin_graph *graph);

/* Each copies its texts, and gives NULL when memory is short. A node or tensor is borrowed until the next is added. */
akin_graph_node *akin_graph_add_node(akin_graph *graph, const char *operation, const char *output,
                                     const char *const *inputs, size_t input_count);
akin_graph_tensor *akin_graph_add_tensor(akin_graph *graph, const char *name, const int64_t *shape, uint32_t rank);
akin_graph_tensor *akin_graph_add_integers(akin_graph *graph, const char *name, const int64_t *values, size_t count);
/* Attributes; names and texts: static, or the graph's. On NULL they do nothing. */
void akin_graph_set_integer(akin_graph_node *node, const char *name, int64_t value);
void akin_graph_set_integers(akin_graph_node *node, const char *name, const int64_t *values, size_t count);
void akin_graph_set_number(akin_graph_node *node, const char *name, double value);
void akin_graph_set_text(akin_graph_node *node, const char *name, const char *text);
bool akin_graph_set_value(akin_graph *graph, akin_graph_value *value, const char *name, const int64_t *shape,
                          uint32_t rank); /* false: no memory */

const akin_graph_tensor *akin_graph_find_tensor(const akin_graph *graph, const char *name); /* NULL: none */
bool akin_graph_computes(const akin_graph *graph, const char *name); /* a node's output, or the input */

/* Ends the graph at `output`, which is computed in it: what is not needed for it goes. Errors: MEMORY. */
akin_status akin_graph_cut(akin_graph *graph, const akin_graph_value *output, akin_error *err);

#endif
