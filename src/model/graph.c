/* graph.c - building a graph and cutting it (graph.h). */
#include "model/graph.h"

#include "base/error.h"
#include "base/memory.h"

#include <string.h>

void akin_graph_free(akin_graph *graph) {
  akin_arena_free(&graph->arena);
  *graph = (akin_graph)AKIN_GRAPH_INIT;
}

static const char *graph_text(akin_graph *graph, const char *text) {
  return akin_arena_text(&graph->arena, text, strlen(text));
}

/* Room for one more of `count` items; NULL when memory is short. */
static void *graph_room(akin_graph *graph, void *items, size_t count, size_t *room, size_t size) {
  if (count < *room) return items;
  const size_t wanted = *room ? 2 * *room : 64;
  void *grown = akin_arena_array(&graph->arena, wanted, size);
  if (!grown) return NULL;
  if (count) memcpy(grown, items, count * size);
  *room = wanted;
  return grown;
}

akin_graph_node *akin_graph_add_node(akin_graph *graph, const char *operation, const char *output,
                                     const char *const *inputs, size_t input_count) {
  akin_graph_node *nodes = graph_room(graph, graph->nodes, graph->node_count, &graph->node_room, sizeof *graph->nodes);
  if (!nodes) return NULL;
  graph->nodes = nodes;
  akin_graph_node *node = &nodes[graph->node_count];
  *node = (akin_graph_node){.operation = graph_text(graph, operation), .output = graph_text(graph, output)};
  node->name = node->output;
  node->inputs = akin_arena_array(&graph->arena, input_count, sizeof *node->inputs);
  if (!node->operation || !node->output || !node->inputs) return NULL;
  for (node->input_count = 0; node->input_count < input_count; node->input_count++) {
    const char *input = graph_text(graph, inputs[node->input_count]);
    if (!input) return NULL;
    node->inputs[node->input_count] = input;
  }
  graph->node_count++;
  return node;
}

akin_graph_tensor *akin_graph_add_tensor(akin_graph *graph, const char *name, const int64_t *shape, uint32_t rank) {
  akin_graph_tensor *tensors =
      graph_room(graph, graph->tensors, graph->tensor_count, &graph->tensor_room, sizeof *graph->tensors);
  if (!tensors) return NULL;
  graph->tensors = tensors;
  akin_graph_tensor *tensor = &tensors[graph->tensor_count];
  *tensor = (akin_graph_tensor){.name = graph_text(graph, name), .rank = rank, .bytes = sizeof(float)};
  if (!tensor->name) return NULL;
  for (uint32_t i = 0; i < rank; i++) {
    tensor->shape[i] = shape[i];
    tensor->bytes *= (uint64_t)shape[i];
  }
  graph->tensor_count++;
  return tensor;
}

akin_graph_tensor *akin_graph_add_integers(akin_graph *graph, const char *name, const int64_t *values, size_t count) {
  const int64_t shape = (int64_t)count;
  int64_t *copy = akin_arena_array(&graph->arena, count, sizeof *copy);
  akin_graph_tensor *tensor = copy ? akin_graph_add_tensor(graph, name, &shape, 1) : NULL;
  if (!tensor) return NULL;
  if (count) memcpy(copy, values, count * sizeof *copy);
  tensor->integers = copy;
  tensor->bytes = count * sizeof *copy;
  return tensor;
}

static void graph_set(akin_graph_node *node, const akin_graph_attribute *attribute) {
  if (node) node->attributes[node->attribute_count++] = *attribute;
}

void akin_graph_set_integer(akin_graph_node *node, const char *name, int64_t value) {
  graph_set(node, &(akin_graph_attribute){.name = name, .kind = AKIN_GRAPH_INTEGER, .integers = {value}, .count = 1});
}

void akin_graph_set_integers(akin_graph_node *node, const char *name, const int64_t *values, size_t count) {
  akin_graph_attribute attribute = {.name = name, .kind = AKIN_GRAPH_INTEGERS, .count = count};
  if (count) memcpy(attribute.integers, values, count * sizeof *values);
  graph_set(node, &attribute);
}

void akin_graph_set_number(akin_graph_node *node, const char *name, double value) {
  graph_set(node, &(akin_graph_attribute){.name = name, .kind = AKIN_GRAPH_NUMBER, .number = (float)value});
}

void akin_graph_set_text(akin_graph_node *node, const char *name, const char *text) {
  graph_set(node, &(akin_graph_attribute){.name = name, .kind = AKIN_GRAPH_TEXT, .text = text});
}

bool akin_graph_set_value(akin_graph *graph, akin_graph_value *value, const char *name, const int64_t *shape,
                          uint32_t rank) {
  *value = (akin_graph_value){.name = graph_text(graph, name), .rank = rank};
  memcpy(value->shape, shape, rank * sizeof *shape);
  return value->name != NULL;
}

const akin_graph_tensor *akin_graph_find_tensor(const akin_graph *graph, const char *name) {
  for (size_t i = 0; i < graph->tensor_count; i++)
    if (strcmp(graph->tensors[i].name, name) == 0) return &graph->tensors[i];
  return NULL;
}

/* The node that computes a value; node_count when none does. */
static size_t graph_find_node(const akin_graph *graph, const char *output) {
  for (size_t i = 0; i < graph->node_count; i++)
    if (strcmp(graph->nodes[i].output, output) == 0) return i;
  return graph->node_count;
}

bool akin_graph_computes(const akin_graph *graph, const char *name) {
  return graph_find_node(graph, name) < graph->node_count || strcmp(graph->input.name, name) == 0;
}

static bool graph_reads(const akin_graph_node *node, const char *value) {
  for (size_t i = 0; i < node->input_count; i++)
    if (strcmp(node->inputs[i], value) == 0) return true;
  return false;
}

/* Keeps the nodes that are marked, and of the tensors those that a kept node reads. */
static void graph_keep(akin_graph *graph, const bool *needed) {
  size_t kept = 0;
  for (size_t i = 0; i < graph->node_count; i++)
    if (needed[i]) graph->nodes[kept++] = graph->nodes[i];
  graph->node_count = kept;
  kept = 0;
  for (size_t i = 0; i < graph->tensor_count; i++) {
    bool read = false;
    for (size_t n = 0; n < graph->node_count && !read; n++)
      read = graph_reads(&graph->nodes[n], graph->tensors[i].name);
    if (read) graph->tensors[kept++] = graph->tensors[i];
  }
  graph->tensor_count = kept;
}

akin_status akin_graph_cut(akin_graph *graph, const akin_graph_value *output, akin_error *err) {
  bool *needed = akin_calloc(graph->node_count, sizeof *needed);
  if (!needed) return akin_fail_memory(err, graph->node_count);
  const size_t last = graph_find_node(graph, output->name);
  if (last < graph->node_count) needed[last] = true;
  for (size_t i = graph->node_count; i > 0; i--) { /* backwards: what a needed node reads stands before it */
    const akin_graph_node *node = &graph->nodes[i - 1];
    for (size_t k = 0; needed[i - 1] && k < node->input_count; k++) {
      const size_t from = graph_find_node(graph, node->inputs[k]);
      if (from < i) needed[from] = true;
    }
  }
  graph_keep(graph, needed);
  graph->output = *output;
  akin_free(needed);
  return AKIN_OK;
}
