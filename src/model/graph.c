/* graph.c - building a graph and cutting it (graph.h). */
#include "model/graph.h"

#include "base/error.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- types ---- */

static const struct {
  const char *name;
  size_t size;
} graph_elements[] = {
    [AKIN_ELEMENT_F32] = {"f32", 4},   [AKIN_ELEMENT_U8] = {"u8", 1},     [AKIN_ELEMENT_I8] = {"i8", 1},
    [AKIN_ELEMENT_U16] = {"u16", 2},   [AKIN_ELEMENT_I16] = {"i16", 2},   [AKIN_ELEMENT_I32] = {"i32", 4},
    [AKIN_ELEMENT_I64] = {"i64", 8},   [AKIN_ELEMENT_BOOL] = {"bool", 1}, [AKIN_ELEMENT_F16] = {"f16", 2},
    [AKIN_ELEMENT_F64] = {"f64", 8},   [AKIN_ELEMENT_U32] = {"u32", 4},   [AKIN_ELEMENT_U64] = {"u64", 8},
    [AKIN_ELEMENT_BF16] = {"bf16", 2},
};

static bool graph_element_known(int type) {
  return type >= 0 && (size_t)type < sizeof graph_elements / sizeof *graph_elements && graph_elements[type].size;
}

size_t akin_element_size(int type) {
  return graph_element_known(type) ? graph_elements[type].size : 0;
}

const char *akin_element_name(int type) {
  return graph_element_known(type) ? graph_elements[type].name : "a type that is not read";
}

bool akin_element_is_float(int type) {
  return type == AKIN_ELEMENT_F32 || type == AKIN_ELEMENT_F64 || type == AKIN_ELEMENT_F16 || type == AKIN_ELEMENT_BF16;
}

/* ---- adding ---- */

void akin_graph_free(akin_graph *graph) {
  akin_arena_free(&graph->arena);
  *graph = (akin_graph)AKIN_GRAPH_INIT;
}

void akin_graph_move(akin_graph *to, akin_graph *from) {
  akin_graph_free(to);
  *to = *from;
  *from = (akin_graph)AKIN_GRAPH_INIT;
  for (size_t i = 0; i < to->node_count; i++)
    to->nodes[i].arena = &to->arena;
}

static const char *graph_text(akin_graph *graph, const char *text) {
  return akin_arena_text(&graph->arena, text, strlen(text));
}

static const char **graph_texts(akin_graph *graph, const char *const *texts, size_t count) {
  const char **copies = akin_arena_array(&graph->arena, count, sizeof *copies);
  for (size_t i = 0; copies && i < count; i++)
    if (!(copies[i] = graph_text(graph, texts[i]))) return NULL;
  return copies;
}

akin_graph_node *akin_graph_add_node(akin_graph *graph, const char *operation, const char *output,
                                     const char *const *inputs, size_t input_count) {
  akin_graph_node *nodes =
      akin_arena_room(&graph->arena, graph->nodes, graph->node_count, &graph->node_room, sizeof *graph->nodes);
  if (!nodes) return NULL;
  graph->nodes = nodes;
  akin_graph_node *node = &nodes[graph->node_count];
  *node = (akin_graph_node){.operation = graph_text(graph, operation), .domain = "", .arena = &graph->arena};
  node->outputs = graph_texts(graph, &output, 1);
  node->inputs = graph_texts(graph, inputs, input_count);
  if (!node->operation || !node->outputs || !node->inputs) return NULL;
  node->output_count = 1;
  node->input_count = input_count;
  node->name = node->outputs[0];
  graph->node_count++;
  return node;
}

akin_graph_tensor *akin_graph_add_tensor(akin_graph *graph, const char *name, const int64_t *shape, uint32_t rank) {
  akin_graph_tensor *tensors =
      akin_arena_room(&graph->arena, graph->tensors, graph->tensor_count, &graph->tensor_room, sizeof *graph->tensors);
  if (!tensors) return NULL;
  graph->tensors = tensors;
  akin_graph_tensor *tensor = &tensors[graph->tensor_count];
  *tensor = (akin_graph_tensor){
      .name = graph_text(graph, name), .type = AKIN_ELEMENT_F32, .rank = rank, .bytes = sizeof(float)};
  if (!tensor->name) return NULL;
  for (uint32_t i = 0; i < rank; i++) {
    tensor->shape[i] = shape[i];
    tensor->bytes *= (uint64_t)shape[i];
  }
  graph->tensor_count++;
  return tensor;
}

akin_graph_tensor *akin_graph_add_numbers(akin_graph *graph, const char *name, const float *values,
                                          const int64_t *shape, uint32_t rank) {
  akin_graph_tensor *tensor = akin_graph_add_tensor(graph, name, shape, rank);
  if (tensor) tensor->values = akin_arena_copy(&graph->arena, values, (size_t)tensor->bytes, 1);
  return tensor && tensor->values ? tensor : NULL;
}

akin_graph_tensor *akin_graph_add_integers(akin_graph *graph, const char *name, const int64_t *values, size_t count) {
  const int64_t shape = (int64_t)count;
  const int64_t *copy = akin_arena_copy(&graph->arena, values, count, sizeof *copy);
  akin_graph_tensor *tensor = copy ? akin_graph_add_tensor(graph, name, &shape, 1) : NULL;
  if (!tensor) return NULL;
  tensor->type = AKIN_ELEMENT_I64;
  tensor->values = copy;
  tensor->bytes = count * sizeof *copy;
  return tensor;
}

/* ---- attributes ---- */

void akin_graph_set_attribute(akin_graph_node *node, const akin_graph_attribute *attribute) {
  if (!node) return;
  akin_graph_attribute *attributes =
      akin_arena_room(node->arena, node->attributes, node->attribute_count, &node->attribute_room, sizeof *attributes);
  if (!attributes) return;
  node->attributes = attributes;
  node->attributes[node->attribute_count++] = *attribute;
}

void akin_graph_set_integer(akin_graph_node *node, const char *name, int64_t value) {
  akin_graph_set_attribute(
      node, &(akin_graph_attribute){.name = name, .kind = AKIN_GRAPH_INTEGER, .integer = value, .count = 1});
}

void akin_graph_set_integers(akin_graph_node *node, const char *name, const int64_t *values, size_t count) {
  const int64_t *copy = node ? akin_arena_copy(node->arena, values, count, sizeof *values) : NULL;
  if (!copy) return;
  akin_graph_set_attribute(
      node, &(akin_graph_attribute){.name = name, .kind = AKIN_GRAPH_INTEGERS, .integers = copy, .count = count});
}

void akin_graph_set_number(akin_graph_node *node, const char *name, double value) {
  akin_graph_set_attribute(
      node, &(akin_graph_attribute){.name = name, .kind = AKIN_GRAPH_NUMBER, .number = (float)value, .count = 1});
}

void akin_graph_set_text(akin_graph_node *node, const char *name, const char *text) {
  akin_graph_set_attribute(node,
                           &(akin_graph_attribute){.name = name, .kind = AKIN_GRAPH_TEXT, .text = text, .count = 1});
}

bool akin_graph_set_value(akin_graph *graph, akin_graph_value *value, const char *name, const int64_t *shape,
                          uint32_t rank) {
  *value = (akin_graph_value){.name = graph_text(graph, name), .type = AKIN_ELEMENT_F32, .rank = rank};
  if (rank) memcpy(value->shape, shape, rank * sizeof *shape);
  return value->name != NULL;
}

/* ---- names ---- */

typedef struct graph_entry {
  const char *name;
  size_t number; /* from 1 on */
} graph_entry;

struct akin_graph_index {
  size_t count;
  graph_entry entries[];
};

static int graph_compare(const void *a, const void *b) {
  return strcmp(((const graph_entry *)a)->name, ((const graph_entry *)b)->name);
}

static akin_graph_index *graph_index_room(size_t entries) {
  size_t bytes = 0;
  if (!akin_multiply(&bytes, entries, sizeof(graph_entry)) || !akin_add(&bytes, bytes, sizeof(akin_graph_index)))
    return NULL;
  akin_graph_index *index = akin_alloc(bytes);
  if (index) index->count = 0;
  return index;
}

static void graph_index_add(akin_graph_index *index, const char *name, size_t number) {
  if (*name) index->entries[index->count++] = (graph_entry){name, number};
}

static void graph_index_sort(akin_graph_index *index) {
  if (index->count) qsort(index->entries, index->count, sizeof *index->entries, graph_compare);
}

/* Of what nodes read, or of what they make. */
static akin_graph_index *graph_index_nodes(const akin_graph *graph, bool read) {
  size_t count = 0;
  for (size_t i = 0; i < graph->node_count; i++)
    count += read ? graph->nodes[i].input_count : graph->nodes[i].output_count;
  akin_graph_index *index = graph_index_room(count);
  for (size_t i = 0; index && i < graph->node_count; i++) {
    const akin_graph_node *node = &graph->nodes[i];
    const char **names = read ? node->inputs : node->outputs;
    for (size_t k = 0; k < (read ? node->input_count : node->output_count); k++)
      graph_index_add(index, names[k], i + 1);
  }
  if (index) graph_index_sort(index);
  return index;
}

akin_graph_index *akin_graph_index_makers(const akin_graph *graph) {
  return graph_index_nodes(graph, false);
}

akin_graph_index *akin_graph_index_readers(const akin_graph *graph) {
  return graph_index_nodes(graph, true);
}

akin_graph_index *akin_graph_index_given(const akin_graph *graph, const akin_graph_value *inputs, size_t input_count) {
  akin_graph_index *index = graph_index_room(graph->tensor_count + input_count);
  if (!index) return NULL;
  for (size_t i = 0; i < graph->tensor_count; i++)
    graph_index_add(index, graph->tensors[i].name, i + 1);
  for (size_t i = 0; i < input_count; i++)
    graph_index_add(index, inputs[i].name, graph->tensor_count + i + 1);
  graph_index_sort(index);
  return index;
}

akin_graph_index *akin_graph_index_of(const char *const *names, size_t count) {
  akin_graph_index *index = graph_index_room(count);
  for (size_t i = 0; index && i < count; i++)
    graph_index_add(index, names[i], i + 1);
  if (index) graph_index_sort(index);
  return index;
}

const char *akin_graph_index_twice(const akin_graph_index *index) {
  for (size_t i = 1; i < index->count; i++)
    if (graph_compare(&index->entries[i - 1], &index->entries[i]) == 0) return index->entries[i].name;
  return NULL;
}

size_t akin_graph_index_find(const akin_graph_index *index, const char *name) {
  const graph_entry wanted = {name, 0};
  const graph_entry *found =
      index->count ? bsearch(&wanted, index->entries, index->count, sizeof wanted, graph_compare) : NULL;
  return found ? found->number : 0;
}

const akin_graph_tensor *akin_graph_find_tensor(const akin_graph *graph, const char *name) {
  for (size_t i = 0; i < graph->tensor_count; i++)
    if (strcmp(graph->tensors[i].name, name) == 0) return &graph->tensors[i];
  return NULL;
}

bool akin_graph_computes(const akin_graph *graph, const char *name) {
  for (size_t i = 0; i < graph->node_count; i++)
    for (size_t k = 0; k < graph->nodes[i].output_count; k++)
      if (strcmp(graph->nodes[i].outputs[k], name) == 0) return true;
  return strcmp(graph->input.name, name) == 0;
}

/* ---- cutting ---- */

/* Of the tensors, leaves those that a node reads. */
static akin_status graph_drop_unread(akin_graph *graph, akin_error *err) {
  size_t kept = 0;
  akin_graph_index *read = akin_graph_index_readers(graph);
  if (!read) return akin_fail_memory(err, graph->tensor_count);
  for (size_t i = 0; i < graph->tensor_count; i++)
    if (akin_graph_index_find(read, graph->tensors[i].name)) graph->tensors[kept++] = graph->tensors[i];
  graph->tensor_count = kept;
  akin_free(read);
  return AKIN_OK;
}

akin_status akin_graph_keep(akin_graph *graph, const char *const *names, size_t count, akin_error *err) {
  akin_status status = AKIN_OK;
  size_t kept = 0;
  bool *needed = akin_calloc(graph->node_count + 1, sizeof *needed); /* [0]: of what no node makes */
  akin_graph_index *index = akin_graph_index_makers(graph);
  if (!needed || !index) {
    status = akin_fail_memory(err, graph->node_count);
    goto out;
  }
  for (size_t i = 0; i < count; i++)
    needed[akin_graph_index_find(index, names[i])] = true;
  for (size_t i = graph->node_count; i > 0; i--) { /* backwards: what a needed node reads stands before it */
    const akin_graph_node *node = &graph->nodes[i - 1];
    for (size_t k = 0; needed[i] && k < node->input_count; k++)
      needed[akin_graph_index_find(index, node->inputs[k])] = true;
  }
  for (size_t i = 0; i < graph->node_count; i++)
    if (needed[i + 1]) graph->nodes[kept++] = graph->nodes[i];
  graph->node_count = kept;
  status = graph_drop_unread(graph, err);
out:
  akin_free(index);
  akin_free(needed);
  return status;
}

akin_status akin_graph_cut(akin_graph *graph, const akin_graph_value *output, akin_error *err) {
  akin_status status = akin_graph_keep(graph, &output->name, 1, err);
  if (status == AKIN_OK) graph->output = *output;
  return status;
}
