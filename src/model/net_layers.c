/*
 * net_layers.c - the tensors of a network's graph as layers: what follows from the image, is f32 [1, …] of a size that
 * is known, and is read by somebody (akin_net_layers). Everything else, shapes that are computed, masks, windows that
 * are cut out of a map, is in the graph alone.
 */
#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"
#include "model/net_input.h"
#include "runtime/runtime.h"

#include <string.h>

#define LAYERS_GRAPH        "shapes.onnx" /* in the folder while it is made */
#define LAYERS_NUMBERS_MOST 0x7FFFFFFFu   /* in a layer's output, as akin_layers_add has it */

typedef struct layers_maker {
  akin_net *net;
  const akin_graph *graph;
  akin_graph_index *makers, *given, *values; /* values: those of `names` */
  uint8_t *flags;                            /* [node_count] */
  bool *counted;                             /* [tensor_count], its numbers belong to a layer */
  const char **names;                        /* [count], values that may become layers, in the graph's order */
  size_t *nodes;                             /* [count], which give them */
  size_t *made;                              /* [count], 1 + the layer that each became; 0: none */
  size_t count;
  akin_runtime_shape *shapes; /* [count] */
  akin_layers *layers;
  size_t reached;   /* nodes whose numbers were counted */
  uint64_t pending; /* numbers of values that are no layer: the next one's */
  akin_error *err;
} layers_maker;

/* ---- which values ---- */

/* Is a value read by a node, or does it come out? */
static bool layers_is_used(const layers_maker *m, const akin_graph_index *read, const char *name) {
  if (akin_graph_index_find(read, name)) return true;
  for (size_t i = 0; i < m->net->output_count; i++)
    if (strcmp(m->net->outputs[i], name) == 0) return true;
  return false;
}

static akin_status layers_collect(layers_maker *m) {
  akin_graph_index *read = akin_graph_index_readers(m->graph);
  size_t room = 0;
  for (size_t i = 0; i < m->graph->node_count; i++)
    room += m->graph->nodes[i].output_count;
  m->names = akin_calloc(room, sizeof *m->names);
  m->nodes = akin_calloc(room, sizeof *m->nodes);
  m->made = akin_calloc(room, sizeof *m->made);
  m->shapes = akin_calloc(room, sizeof *m->shapes);
  bool enough = read && m->names && m->nodes && m->made && m->shapes;
  for (size_t i = 0; enough && i < m->graph->node_count; i++) {
    const akin_graph_node *node = &m->graph->nodes[i];
    for (size_t k = 0; m->flags[i] == AKIN_NET_ON_IMAGE && k < node->output_count; k++) {
      const char *name = node->outputs[k];
      if (!*name || !layers_is_used(m, read, name)) continue;
      m->names[m->count] = name;
      m->nodes[m->count++] = i;
    }
  }
  if (enough) m->values = akin_graph_index_of(m->names, m->count);
  enough = enough && m->values;
  akin_free(read);
  return enough ? AKIN_OK : akin_fail_memory(m->err, room * sizeof *m->shapes);
}

/* ---- their shapes ---- */

static akin_status layers_ask(layers_maker *m, const char *path) {
  akin_file_writer *writer = NULL;
  const akin_onnx_form form = {.outputs = m->names, .output_count = m->count};
  akin_status status = akin_file_writer_open(&writer, path, m->err);
  if (status != AKIN_OK) return status;
  status = akin_onnx_write(writer, m->graph, &form, m->err);
  if (status != AKIN_OK) {
    akin_file_writer_discard(writer);
    return status;
  }
  status = akin_file_writer_commit(writer, m->err);
  if (status == AKIN_OK) status = akin_runtime_get()->shapes(m->shapes, m->count, path, m->err);
  if (status != AKIN_OK && m->net->image.shape[0] > 1)
    akin_fail_context(m->err, status, "perhaps its batch of %lld images is built into it: export it for one",
                      (long long)m->net->image.shape[0]);
  else if (status != AKIN_OK && (!m->net->height || !m->net->width))
    akin_fail_context(m->err, status, "given images of %lldx%lld", (long long)m->graph->input.shape[3],
                      (long long)m->graph->input.shape[2]);
  akin_file_remove(path, NULL);
  return status;
}

/* ---- one layer ---- */

static const akin_graph_attribute *layers_attribute(const akin_graph_node *node, const char *name) {
  for (size_t i = 0; i < node->attribute_count; i++)
    if (strcmp(node->attributes[i].name, name) == 0) return &node->attributes[i];
  return NULL;
}

/* Where a map has its channels: behind operators that have them first by definition, first; a Transpose may turn them;
 * all others leave them where they are. */
static bool layers_channels_last(const layers_maker *m, const akin_graph_node *node, const size_t *inputs,
                                 size_t input_count) {
  static const char *const first[] = {"Conv",
                                      "ConvTranspose",
                                      "MaxPool",
                                      "AveragePool",
                                      "GlobalAveragePool",
                                      "GlobalMaxPool",
                                      "BatchNormalization",
                                      "InstanceNormalization",
                                      "LRN"};
  static const int64_t to_last[4] = {0, 2, 3, 1};
  if (AKIN_TEXT_AMONG(node->operation, first)) return false;
  if (strcmp(node->operation, "Transpose") == 0) {
    const akin_graph_attribute *perm = layers_attribute(node, "perm");
    return perm && perm->kind == AKIN_GRAPH_INTEGERS && perm->count == 4 &&
           memcmp(perm->integers, to_last, sizeof to_last) == 0;
  }
  for (size_t i = 0; i < input_count; i++)
    if (m->layers->at[inputs[i]].shape.rank == 3) return m->layers->at[inputs[i]].as.tensor.channels_last;
  return false;
}

static bool layers_shape(akin_shape *out, const akin_runtime_shape *from, bool channels_last) {
  if (!from->known || from->rank < 2 || from->rank > AKIN_SHAPE_RANK + 1 || from->size[0] != 1) return false;
  uint64_t numbers = 1;
  out->rank = from->rank - 1;
  for (uint32_t i = 0; i < out->rank; i++) {
    const uint64_t size = (uint64_t)from->size[i + 1];
    if (size < 1 || size > LAYERS_NUMBERS_MOST / numbers) return false; /* also what is empty */
    numbers *= size;
    out->size[i] = (uint32_t)size;
  }
  if (out->rank == 3 && !channels_last) {
    const uint32_t channels = out->size[0];
    out->size[0] = out->size[1];
    out->size[1] = out->size[2];
    out->size[2] = channels;
  }
  return true;
}

/* Numbers in tensors that a node reads; each is counted once. */
static uint64_t layers_numbers(layers_maker *m, const akin_graph_node *node) {
  uint64_t numbers = 0;
  for (size_t i = 0; i < node->input_count; i++) {
    const size_t given = *node->inputs[i] ? akin_graph_index_find(m->given, node->inputs[i]) : 0;
    if (!given || m->counted[given - 1]) continue;
    const akin_graph_tensor *tensor = &m->graph->tensors[given - 1];
    m->counted[given - 1] = true;
    if (tensor->type == AKIN_ELEMENT_F32 || tensor->type == AKIN_ELEMENT_I8 || tensor->type == AKIN_ELEMENT_U8)
      numbers += tensor->bytes / akin_element_size((int)tensor->type);
  }
  return numbers;
}

/* Those of all nodes up to one that were not counted yet. */
static uint64_t layers_numbers_up_to(layers_maker *m, size_t node) {
  uint64_t numbers = 0;
  for (; m->reached <= node; m->reached++)
    numbers += layers_numbers(m, &m->graph->nodes[m->reached]);
  return numbers;
}

static bool layers_is_constant(const layers_maker *m, const char *name) {
  return *name && akin_net_value_flags(m->net, m->makers, m->flags, name) == 0;
}

/* Does a convolution look at one place alone? */
static bool layers_pointwise(const layers_maker *m, const akin_graph_node *node) {
  const akin_graph_attribute *kernel = layers_attribute(node, "kernel_shape");
  const size_t given = node->input_count > 1 ? akin_graph_index_find(m->given, node->inputs[1]) : 0;
  if (strcmp(node->operation, "Conv") != 0) return false;
  if (kernel && kernel->kind == AKIN_GRAPH_INTEGERS) {
    for (size_t i = 0; i < kernel->count; i++)
      if (kernel->integers[i] != 1) return false;
    return kernel->count > 0;
  }
  const akin_graph_tensor *weight = given && given <= m->graph->tensor_count ? &m->graph->tensors[given - 1] : NULL;
  return weight && weight->rank == 4 && weight->shape[2] == 1 && weight->shape[3] == 1;
}

/* 1 + the layer of a value; 0: none. */
static size_t layers_of(const layers_maker *m, const char *name) {
  const size_t value = *name ? akin_graph_index_find(m->values, name) : 0;
  if (value) return m->made[value - 1];
  return *name && strcmp(name, m->graph->input.name) == 0; /* the first */
}

static akin_status layers_add(layers_maker *m, size_t number, size_t *inputs) {
  const akin_graph_node *node = &m->graph->nodes[m->nodes[number]];
  akin_layer layer = {.name = m->names[number], .kind = AKIN_LAYER_TENSOR, .class_name = node->operation};
  size_t input_count = 0;
  for (size_t i = 0; i < node->input_count; i++) {
    const size_t found = layers_of(m, node->inputs[i]);
    if (found)
      inputs[input_count++] = found - 1;
    else
      layer.as.tensor.weighted = layer.as.tensor.weighted || layers_is_constant(m, node->inputs[i]);
  }
  const uint64_t numbers = m->pending + layers_numbers_up_to(m, m->nodes[number]);
  const bool last = m->shapes[number].rank == 4 && layers_channels_last(m, node, inputs, input_count);
  if (!layers_shape(&layer.as.tensor.shape, &m->shapes[number], last)) {
    m->pending = numbers;
    return AKIN_OK;
  }
  m->pending = 0;
  layer.as.tensor.parameters = numbers;
  layer.as.tensor.channels_last = last;
  layer.as.tensor.pointwise = layers_pointwise(m, node);
  layer.as.tensor.biased = node->input_count > 2 && *node->inputs[2] != '\0';
  akin_status status = akin_layers_add(m->layers, &layer, inputs, input_count, m->err);
  if (status == AKIN_OK) m->made[number] = m->layers->count;
  return status;
}

/* ---- the whole ---- */

static akin_status layers_add_input(layers_maker *m) {
  const akin_graph_value *input = &m->graph->input;
  const akin_layer layer = {.name = input->name,
                            .kind = AKIN_LAYER_TENSOR,
                            .class_name = "Input",
                            .as.tensor.shape = {3, {(uint32_t)input->shape[2], (uint32_t)input->shape[3], 3}}};
  return akin_layers_add(m->layers, &layer, NULL, 0, m->err);
}

static akin_status layers_add_all(layers_maker *m) {
  size_t most = 0;
  for (size_t i = 0; i < m->graph->node_count; i++)
    if (m->graph->nodes[i].input_count > most) most = m->graph->nodes[i].input_count;
  size_t *inputs = akin_calloc(most, sizeof *inputs);
  akin_status status = inputs ? layers_add_input(m) : akin_fail_memory(m->err, most * sizeof *inputs);
  for (size_t i = 0; i < m->count && status == AKIN_OK; i++)
    status = layers_add(m, i, inputs);
  akin_free(inputs);
  return status;
}

/* 1 + the value of this name, where a layer was made of it; 0: none. */
static size_t layers_value(const layers_maker *m, const char *name) {
  const size_t value = akin_graph_index_find(m->values, name);
  return value && m->made[value - 1] ? value : 0;
}

/* The network's output: the first of its outputs that can be a feature, else the layer that is wanted. */
static akin_status layers_set_output(layers_maker *m, const char *wanted, akin_graph_value *output) {
  size_t value = 0;
  for (size_t i = 0; i < m->net->output_count && !value; i++)
    value = layers_value(m, m->net->outputs[i]);
  if (!value && wanted) value = layers_value(m, wanted);
  if (!value)
    return akin_fail(m->err, AKIN_ERROR_UNSUPPORTED,
                     "%s '%s' is none that a feature can be taken from, f32 [1, …] of up to %d dimensions: name "
                     "another tensor by --layer",
                     wanted ? "layer" : "its output", wanted ? wanted : m->net->outputs[0], AKIN_SHAPE_RANK + 1);
  const char *name = m->names[value - 1];
  const akin_runtime_shape *shape = &m->shapes[value - 1];
  m->layers->output = m->made[value - 1];
  if (akin_graph_set_value(&m->net->network.graph, output, name, shape->size, shape->rank)) return AKIN_OK;
  return akin_fail_memory(m->err, strlen(name));
}

akin_status akin_net_layers(akin_layers *layers, akin_net *net, const char *wanted, const char *folder,
                            akin_error *err) {
  akin_graph *graph = &net->network.graph;
  layers_maker m = {.net = net, .graph = graph, .layers = layers, .err = err};
  char *path = akin_path_join(folder, LAYERS_GRAPH);
  akin_status status = AKIN_OK;
  net->image.name = graph->input.name; /* the one that flags go out from, now */
  m.makers = akin_graph_index_makers(graph);
  m.given = akin_graph_index_given(graph, NULL, 0);
  m.flags = m.makers ? akin_net_flags(net, m.makers) : NULL;
  m.counted = akin_calloc(graph->tensor_count, sizeof *m.counted);
  if (!path || !m.given || !m.flags || !m.counted) status = akin_fail_memory(err, graph->node_count);
  if (status == AKIN_OK) status = layers_collect(&m);
  if (status == AKIN_OK) status = layers_ask(&m, path);
  if (status == AKIN_OK) status = layers_add_all(&m);
  if (status == AKIN_OK) status = layers_set_output(&m, wanted, &graph->output);
  akin_free(m.shapes);
  akin_free(m.values);
  akin_free(m.made);
  akin_free(m.nodes);
  akin_free(m.names);
  akin_free(m.counted);
  akin_free(m.flags);
  akin_free(m.given);
  akin_free(m.makers);
  akin_free(path);
  return status;
}
