/*
 * graph.h - a dataflow graph in ONNX's operations: what lower.c makes of layers, what net.c makes of a user's own ONNX
 * network, what cut.c shortens, what onnx_write.c and onnx_read.c write and read. All of it lies in the graph's arena.
 */
#ifndef AKIN_MODEL_GRAPH_H
#define AKIN_MODEL_GRAPH_H

#include "base/arena.h"

#include <akin/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AKIN_GRAPH_RANK 8

/* ONNX's numbers for the types of elements. */
typedef enum akin_element {
  AKIN_ELEMENT_F32 = 1,
  AKIN_ELEMENT_U8 = 2,
  AKIN_ELEMENT_I8 = 3,
  AKIN_ELEMENT_U16 = 4,
  AKIN_ELEMENT_I16 = 5,
  AKIN_ELEMENT_I32 = 6,
  AKIN_ELEMENT_I64 = 7,
  AKIN_ELEMENT_BOOL = 9,
  AKIN_ELEMENT_F16 = 10,
  AKIN_ELEMENT_F64 = 11,
  AKIN_ELEMENT_U32 = 12,
  AKIN_ELEMENT_U64 = 13,
  AKIN_ELEMENT_BF16 = 16
} akin_element;

/* Bytes of an element; 0 of types that are not in the list. */
size_t akin_element_size(int type);
const char *akin_element_name(int type); /* "f32"; "a type that is not read" */
bool akin_element_is_float(int type);    /* f16, bf16, f32, f64 */

/* A constant: its numbers are here, or in a file. */
typedef struct akin_graph_tensor {
  const char *name;
  akin_element type;
  uint32_t rank; /* 0: one number */
  int64_t shape[AKIN_GRAPH_RANK];
  const void *values;     /* little-endian, not always aligned; NULL: they are in a file */
  const char *location;   /* of that file; NULL: the weights file of the model */
  uint64_t offset, bytes; /* bytes: size of an element · product of shape, in any case */
} akin_graph_tensor;

typedef enum akin_graph_attribute_kind {
  AKIN_GRAPH_INTEGER,
  AKIN_GRAPH_INTEGERS,
  AKIN_GRAPH_NUMBER,
  AKIN_GRAPH_NUMBERS,
  AKIN_GRAPH_TEXT,
  AKIN_GRAPH_TEXTS,
  AKIN_GRAPH_CONSTANT
} akin_graph_attribute_kind;

typedef struct akin_graph_attribute {
  const char *name;
  akin_graph_attribute_kind kind;
  union {
    int64_t integer;
    float number;
    const char *text;
    const int64_t *integers;
    const float *numbers;
    const char *const *texts;
    const akin_graph_tensor *constant; /* its values are here */
  };
  size_t count; /* of integers, numbers, texts */
} akin_graph_attribute;

typedef struct akin_graph_node {
  const char *name, *operation, *domain; /* domain "": ONNX's own */
  const char **inputs, **outputs;        /* "": one that is left out */
  size_t input_count, output_count;
  akin_graph_attribute *attributes;
  size_t attribute_count, attribute_room;
  akin_arena *arena; /* the graph's */
} akin_graph_node;

/* What goes in or comes out; shape[0] is the batch. */
typedef struct akin_graph_value {
  const char *name;
  int type; /* of a file that is read: it may be none of akin_element */
  uint32_t rank;
  int64_t shape[AKIN_GRAPH_RANK]; /* -1: open */
} akin_graph_value;

/* Which version of a domain's operations is meant. */
typedef struct akin_graph_opset {
  const char *domain;
  int64_t version;
} akin_graph_opset;

typedef struct akin_graph {
  akin_arena arena;
  const char *name;
  const akin_graph_opset *opsets; /* none: ONNX's 17 */
  size_t opset_count;
  akin_graph_value input, output;
  akin_graph_node *nodes; /* each after its inputs */
  size_t node_count, node_room;
  akin_graph_tensor *tensors;
  size_t tensor_count, tensor_room;
} akin_graph;

#define AKIN_GRAPH_INIT                                                                                                \
  { .arena = AKIN_ARENA_INIT(0) }

void akin_graph_free(akin_graph *graph);
void akin_graph_move(akin_graph *to, akin_graph *from); /* frees what was in to; from is then empty */

/* Each copies its texts, and gives NULL when memory is short. A node or tensor is borrowed until the next is added.
 * Tensors are f32, their bytes are not checked against an overflow. */
akin_graph_node *akin_graph_add_node(akin_graph *graph, const char *operation, const char *output,
                                     const char *const *inputs, size_t input_count);
akin_graph_tensor *akin_graph_add_tensor(akin_graph *graph, const char *name, const int64_t *shape, uint32_t rank);
/* f32 [shape], copied. */
akin_graph_tensor *akin_graph_add_numbers(akin_graph *graph, const char *name, const float *values,
                                          const int64_t *shape, uint32_t rank);
akin_graph_tensor *akin_graph_add_integers(akin_graph *graph, const char *name, const int64_t *values, size_t count);
/* Attributes; names and texts: static, or the graph's; lists are copied. On NULL they do nothing. When memory is short
 * the graph's arena is starved. */
void akin_graph_set_integer(akin_graph_node *node, const char *name, int64_t value);
void akin_graph_set_integers(akin_graph_node *node, const char *name, const int64_t *values, size_t count);
void akin_graph_set_number(akin_graph_node *node, const char *name, double value);
void akin_graph_set_text(akin_graph_node *node, const char *name, const char *text);
void akin_graph_set_attribute(akin_graph_node *node, const akin_graph_attribute *attribute); /* borrows all of it */
bool akin_graph_set_value(akin_graph *graph, akin_graph_value *value, const char *name, const int64_t *shape,
                          uint32_t rank); /* false: no memory */

/* Numbers behind names, made once for many questions; akin_free. NULL when memory is short. */
typedef struct akin_graph_index akin_graph_index;
akin_graph_index *akin_graph_index_makers(const akin_graph *graph);  /* of values: the node that makes each */
akin_graph_index *akin_graph_index_readers(const akin_graph *graph); /* of values: a node that reads it */
/* Of values that no node makes: tensors of the graph, then `inputs`. */
akin_graph_index *akin_graph_index_given(const akin_graph *graph, const akin_graph_value *inputs, size_t input_count);
akin_graph_index *akin_graph_index_of(const char *const *names, size_t count); /* their places in the list */
size_t akin_graph_index_find(const akin_graph_index *index, const char *name); /* 1 + number; 0: none */
const char *akin_graph_index_twice(const akin_graph_index *index); /* a name that is there twice; NULL: none */

const akin_graph_tensor *akin_graph_find_tensor(const akin_graph *graph, const char *name); /* NULL: none */
bool akin_graph_computes(const akin_graph *graph, const char *name); /* a node's output, or the input */

/*
 * Puts each node behind those whose values it reads, others stay in their order; for graphs that are not trusted.
 * Errors: FORMAT (a value that nothing makes, that two make, or that is made of itself: names it), MEMORY.
 */
akin_status akin_graph_sort(akin_graph *graph, const akin_graph_value *inputs, size_t input_count, akin_error *err);

/* Leaves of the graph what makes the values of these names. Errors: MEMORY. */
akin_status akin_graph_keep(akin_graph *graph, const char *const *names, size_t count, akin_error *err);
/* Ends the graph at `output`, which is computed in it: what is not needed for it goes. Errors: MEMORY. */
akin_status akin_graph_cut(akin_graph *graph, const akin_graph_value *output, akin_error *err);

#endif
