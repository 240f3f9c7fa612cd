/* onnx.c - protobuf by protobuf-c; none of its types leave this file (onnx.h). */
#include "model/onnx.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

#include "onnx.pb-c.h"

#include <string.h>

#define ONNX_IR_VERSION 8
#define ONNX_OPSET      17
#define ONNX_NUMBER     24 /* characters of a 64-bit number, NUL included */

/* ---- building protobuf's structs; all lie in an arena until they are packed ---- */

typedef struct onnx_builder {
  akin_arena arena;
  const akin_onnx_form *form;
} onnx_builder;

/* An array of count messages with their addresses, initialised by `init`: protobuf-c wants arrays of pointers. */
static void *onnx_messages(onnx_builder *b, void ***pointers, size_t count, size_t size, void (*init)(void *)) {
  char *messages = akin_arena_array(&b->arena, count, size);
  *pointers = akin_arena_array(&b->arena, count, sizeof **pointers);
  if (!messages || !*pointers) return NULL;
  for (size_t i = 0; i < count; i++) {
    (*pointers)[i] = messages + i * size;
    init((*pointers)[i]);
  }
  return messages;
}

#define ONNX_INIT(type, name)                                                                                          \
  static void onnx_init_##name(void *message) {                                                                        \
    onnx__##name##__init((type *)message);                                                                             \
  }
ONNX_INIT(Onnx__NodeProto, node_proto)
ONNX_INIT(Onnx__AttributeProto, attribute_proto)
ONNX_INIT(Onnx__TensorProto, tensor_proto)
ONNX_INIT(Onnx__StringStringEntryProto, string_string_entry_proto)
ONNX_INIT(Onnx__TensorShapeProto__Dimension, tensor_shape_proto__dimension)

static const Onnx__AttributeProto__AttributeType onnx_attribute_types[] = {
    [AKIN_GRAPH_INTEGER] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT,
    [AKIN_GRAPH_INTEGERS] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS,
    [AKIN_GRAPH_NUMBER] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT,
    [AKIN_GRAPH_TEXT] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING,
};

static bool onnx_build_attributes(onnx_builder *b, Onnx__NodeProto *out, const akin_graph_node *node) {
  void **pointers = NULL;
  Onnx__AttributeProto *all =
      onnx_messages(b, &pointers, node->attribute_count, sizeof *all, onnx_init_attribute_proto);
  if (!all) return false;
  for (size_t i = 0; i < node->attribute_count; i++) {
    const akin_graph_attribute *from = &node->attributes[i];
    all[i].name = (char *)from->name;
    all[i].has_type = 1;
    all[i].type = onnx_attribute_types[from->kind];
    all[i].has_i = from->kind == AKIN_GRAPH_INTEGER;
    all[i].i = from->integers[0];
    all[i].n_ints = from->kind == AKIN_GRAPH_INTEGERS ? from->count : 0;
    all[i].ints = (int64_t *)from->integers;
    all[i].has_f = from->kind == AKIN_GRAPH_NUMBER;
    all[i].f = from->number;
    all[i].has_s = from->kind == AKIN_GRAPH_TEXT;
    if (from->text) all[i].s = (ProtobufCBinaryData){strlen(from->text), (uint8_t *)from->text};
  }
  out->n_attribute = node->attribute_count;
  out->attribute = (Onnx__AttributeProto **)pointers;
  return true;
}

static bool onnx_build_nodes(onnx_builder *b, Onnx__GraphProto *out, const akin_graph *graph) {
  void **pointers = NULL;
  Onnx__NodeProto *all = onnx_messages(b, &pointers, graph->node_count, sizeof *all, onnx_init_node_proto);
  if (!all) return false;
  for (size_t i = 0; i < graph->node_count; i++) {
    const akin_graph_node *from = &graph->nodes[i];
    char **output = akin_arena_alloc(&b->arena, sizeof *output);
    if (!output || !onnx_build_attributes(b, &all[i], from)) return false;
    *output = (char *)from->output;
    all[i].name = (char *)from->name;
    all[i].op_type = (char *)from->operation;
    all[i].n_input = from->input_count;
    all[i].input = (char **)from->inputs;
    all[i].n_output = 1;
    all[i].output = output;
  }
  out->n_node = graph->node_count;
  out->node = (Onnx__NodeProto **)pointers;
  return true;
}

static bool onnx_build_properties(onnx_builder *b, Onnx__StringStringEntryProto ***out,
                                  const akin_onnx_property *properties, size_t count) {
  void **pointers = NULL;
  Onnx__StringStringEntryProto *all =
      onnx_messages(b, &pointers, count, sizeof *all, onnx_init_string_string_entry_proto);
  if (!all) return false;
  for (size_t i = 0; i < count; i++) {
    all[i].key = (char *)properties[i].key;
    all[i].value = (char *)properties[i].value;
  }
  *out = (Onnx__StringStringEntryProto **)pointers;
  return true;
}

static const char *onnx_number(onnx_builder *b, uint64_t value) {
  char digits[ONNX_NUMBER];
  size_t at = sizeof digits;
  do {
    digits[--at] = (char)('0' + value % 10);
    value /= 10;
  } while (value);
  return akin_arena_text(&b->arena, digits + at, sizeof digits - at);
}

static bool onnx_build_external(onnx_builder *b, Onnx__TensorProto *out, const akin_graph_tensor *tensor) {
  const akin_onnx_property where[] = {{"location", AKIN_ONNX_WEIGHTS},
                                      {"offset", onnx_number(b, tensor->offset)},
                                      {"length", onnx_number(b, tensor->bytes)}};
  if (!where[1].value || !where[2].value) return false;
  out->has_data_location = 1;
  out->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
  out->n_external_data = 3;
  return onnx_build_properties(b, &out->external_data, where, 3);
}

static bool onnx_build_tensors(onnx_builder *b, Onnx__GraphProto *out, const akin_graph *graph) {
  void **pointers = NULL;
  Onnx__TensorProto *all = onnx_messages(b, &pointers, graph->tensor_count, sizeof *all, onnx_init_tensor_proto);
  if (!all) return false;
  for (size_t i = 0; i < graph->tensor_count; i++) {
    const akin_graph_tensor *from = &graph->tensors[i];
    all[i].name = (char *)from->name;
    all[i].n_dims = from->rank;
    all[i].dims = (int64_t *)from->shape;
    all[i].has_data_type = 1;
    all[i].data_type = from->integers ? ONNX__TENSOR_PROTO__DATA_TYPE__INT64 : ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    const uint8_t *inside = from->integers ? (const uint8_t *)from->integers : (const uint8_t *)from->values;
    if (!inside && b->form->weights) inside = b->form->weights + from->offset;
    if (!inside && !onnx_build_external(b, &all[i], from)) return false;
    if (!inside) continue;
    all[i].has_raw_data = 1;
    all[i].raw_data = (ProtobufCBinaryData){(size_t)from->bytes, (uint8_t *)inside};
  }
  out->n_initializer = graph->tensor_count;
  out->initializer = (Onnx__TensorProto **)pointers;
  return true;
}

/* An input or output with everything that belongs to it. */
typedef struct onnx_value {
  Onnx__ValueInfoProto info;
  Onnx__TypeProto type;
  Onnx__TypeProto__Tensor tensor;
  Onnx__TensorShapeProto shape;
  Onnx__ValueInfoProto *address;
} onnx_value;

static bool onnx_build_value(onnx_builder *b, onnx_value *out, const akin_graph_value *value) {
  void **pointers = NULL;
  Onnx__TensorShapeProto__Dimension *all =
      onnx_messages(b, &pointers, value->rank, sizeof *all, onnx_init_tensor_shape_proto__dimension);
  if (!all) return false;
  for (uint32_t i = 0; i < value->rank; i++) {
    all[i].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
    all[i].dim_value = value->shape[i];
  }
  if (b->form->any_batch) {
    all[0].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
    all[0].dim_param = "N";
  }
  onnx__value_info_proto__init(&out->info);
  onnx__type_proto__init(&out->type);
  onnx__type_proto__tensor__init(&out->tensor);
  onnx__tensor_shape_proto__init(&out->shape);
  out->shape.n_dim = value->rank;
  out->shape.dim = (Onnx__TensorShapeProto__Dimension **)pointers;
  out->tensor.has_elem_type = 1;
  out->tensor.elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
  out->tensor.shape = &out->shape;
  out->type.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
  out->type.tensor_type = &out->tensor;
  out->info.name = (char *)value->name;
  out->info.type = &out->type;
  out->address = &out->info;
  return true;
}

/* ---- packing ---- */

typedef struct onnx_sink {
  ProtobufCBuffer base;
  akin_file_writer *writer; /* or */
  akin_buffer *buffer;
  akin_status status;
  akin_error *err;
} onnx_sink;

static void onnx_append(ProtobufCBuffer *base, size_t size, const uint8_t *bytes) {
  onnx_sink *sink = (onnx_sink *)base;
  if (sink->status != AKIN_OK) return;
  if (sink->writer)
    sink->status = akin_file_writer_write(sink->writer, bytes, size, sink->err);
  else if (akin_buffer_append(sink->buffer, bytes, size) != AKIN_OK)
    sink->status = akin_fail_memory(sink->err, size);
}

static akin_status onnx_put(onnx_sink *sink, const akin_graph *graph, const akin_onnx_form *form) {
  onnx_builder b = {AKIN_ARENA_INIT(0), form};
  onnx_value input, output;
  Onnx__OperatorSetIdProto opset = ONNX__OPERATOR_SET_ID_PROTO__INIT, *opsets = &opset;
  Onnx__GraphProto body = ONNX__GRAPH_PROTO__INIT;
  Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
  const bool built = onnx_build_nodes(&b, &body, graph) && onnx_build_tensors(&b, &body, graph) &&
                     onnx_build_value(&b, &input, &graph->input) && onnx_build_value(&b, &output, &graph->output) &&
                     onnx_build_properties(&b, &model.metadata_props, form->properties, form->property_count);
  if (built) {
    body.name = (char *)graph->name;
    body.n_input = body.n_output = 1;
    body.input = &input.address;
    body.output = &output.address;
    opset.domain = "";
    opset.has_version = 1;
    opset.version = ONNX_OPSET;
    model.n_opset_import = 1;
    model.opset_import = &opsets;
    model.has_ir_version = 1;
    model.ir_version = ONNX_IR_VERSION;
    model.producer_name = "akin";
    model.producer_version = AKIN_VERSION_STRING;
    model.n_metadata_props = form->property_count;
    model.graph = &body;
    onnx__model_proto__pack_to_buffer(&model, &sink->base);
  }
  if (!built) sink->status = akin_fail_memory(sink->err, b.arena.used);
  akin_arena_free(&b.arena);
  return sink->status;
}

akin_status akin_onnx_write(akin_file_writer *out, const akin_graph *graph, const akin_onnx_form *form,
                            akin_error *err) {
  onnx_sink sink = {{onnx_append}, out, NULL, AKIN_OK, err};
  return onnx_put(&sink, graph, form);
}

akin_status akin_onnx_pack(akin_buffer *out, const akin_graph *graph, akin_error *err) {
  const akin_onnx_form form = {NULL, false, NULL, 0};
  onnx_sink sink = {{onnx_append}, NULL, out, AKIN_OK, err};
  return onnx_put(&sink, graph, &form);
}

/* ---- reading ---- */

/* context: a bool that remembers that memory was short. */
static void *onnx_allocate(void *context, size_t size) {
  void *p = akin_alloc(size);
  if (!p) *(bool *)context = true;
  return p;
}

static void onnx_release(void *context, void *p) {
  (void)context;
  akin_free(p);
}

static bool onnx_take_attribute(akin_graph *graph, akin_graph_node *node, const Onnx__AttributeProto *from) {
  if (!from->name || node->attribute_count == AKIN_GRAPH_ATTRIBUTES || from->n_ints > AKIN_GRAPH_RANK) return false;
  const char *name = akin_arena_text(&graph->arena, from->name, strlen(from->name)), *text = NULL;
  if (!name) return false;
  switch (from->type) {
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS:
    akin_graph_set_integers(node, name, from->ints, from->n_ints);
    return true;
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT:
    akin_graph_set_integer(node, name, from->i);
    return true;
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT:
    akin_graph_set_number(node, name, (double)from->f);
    return true;
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING:
    text = akin_arena_text(&graph->arena, from->s.len ? (const char *)from->s.data : "", from->s.len);
    akin_graph_set_text(node, name, text);
    return text != NULL;
  default:
    return false;
  }
}

static bool onnx_take_node(akin_graph *graph, const Onnx__NodeProto *from) {
  if (!from->op_type || !from->name || from->n_output != 1) return false;
  akin_graph_node *node =
      akin_graph_add_node(graph, from->op_type, from->output[0], (const char *const *)from->input, from->n_input);
  if (!node) return false;
  node->name = akin_arena_text(&graph->arena, from->name, strlen(from->name));
  for (size_t i = 0; i < from->n_attribute; i++)
    if (!onnx_take_attribute(graph, node, from->attribute[i])) return false;
  return node->name != NULL;
}

static bool onnx_take_number(uint64_t *out, const Onnx__TensorProto *from, const char *key) {
  for (size_t i = 0; i < from->n_external_data; i++) {
    const Onnx__StringStringEntryProto *entry = from->external_data[i];
    if (entry->key && entry->value && strcmp(entry->key, key) == 0)
      return akin_parse_u64(out, entry->value, 0, INT64_MAX);
  }
  return false;
}

static bool onnx_take_integers(akin_graph *graph, const Onnx__TensorProto *from) {
  const size_t count = from->raw_data.len / sizeof(int64_t);
  if (from->n_dims != 1 || from->dims[0] != (int64_t)count || from->raw_data.len % sizeof(int64_t)) return false;
  int64_t *values = akin_arena_alloc(&graph->arena, from->raw_data.len); /* protobuf's bytes are not aligned */
  if (!values) return false;
  if (count) memcpy(values, from->raw_data.data, from->raw_data.len);
  return akin_graph_add_integers(graph, from->name, values, count) != NULL;
}

static bool onnx_take_tensor(akin_graph *graph, const Onnx__TensorProto *from) {
  if (!from->name || from->n_dims > AKIN_GRAPH_RANK) return false;
  if (from->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__INT64) return onnx_take_integers(graph, from);
  akin_graph_tensor *tensor = akin_graph_add_tensor(graph, from->name, from->dims, (uint32_t)from->n_dims);
  if (!tensor) return false;
  if (!from->has_raw_data) {
    uint64_t length = 0;
    return onnx_take_number(&tensor->offset, from, "offset") && onnx_take_number(&length, from, "length") &&
           length == tensor->bytes;
  }
  if (from->raw_data.len != tensor->bytes) return false;
  float *values = akin_arena_alloc(&graph->arena, from->raw_data.len);
  if (!values) return false;
  memcpy(values, from->raw_data.data, from->raw_data.len);
  tensor->values = values;
  return true;
}

static bool onnx_take_value(akin_graph *graph, akin_graph_value *out, const Onnx__ValueInfoProto *from) {
  int64_t shape[AKIN_GRAPH_RANK] = {0};
  if (!from->name || !from->type || from->type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE) return false;
  const Onnx__TensorShapeProto *dims = from->type->tensor_type->shape;
  if (!dims || dims->n_dim > AKIN_GRAPH_RANK) return false;
  for (size_t i = 0; i < dims->n_dim; i++) {
    if (dims->dim[i]->value_case != ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE) return false;
    shape[i] = dims->dim[i]->dim_value;
  }
  return akin_graph_set_value(graph, out, from->name, shape, (uint32_t)dims->n_dim);
}

static bool onnx_take(akin_graph *graph, const Onnx__GraphProto *from) {
  if (!from->name || from->n_input != 1 || from->n_output != 1) return false;
  graph->name = akin_arena_text(&graph->arena, from->name, strlen(from->name));
  bool taken = graph->name && onnx_take_value(graph, &graph->input, from->input[0]) &&
               onnx_take_value(graph, &graph->output, from->output[0]);
  for (size_t i = 0; taken && i < from->n_initializer; i++)
    taken = onnx_take_tensor(graph, from->initializer[i]);
  for (size_t i = 0; taken && i < from->n_node; i++)
    taken = onnx_take_node(graph, from->node[i]);
  return taken;
}

akin_status akin_onnx_unpack(akin_graph *graph, const void *bytes, size_t size, akin_error *err) {
  bool starved = false;
  ProtobufCAllocator allocator = {onnx_allocate, onnx_release, &starved};
  Onnx__ModelProto *model = onnx__model_proto__unpack(&allocator, size, bytes);
  const bool taken = model && model->graph && onnx_take(graph, model->graph);
  if (model) onnx__model_proto__free_unpacked(model, &allocator);
  if (taken) return AKIN_OK;
  if (starved || graph->arena.starved) return akin_fail_memory(err, size);
  return akin_fail(err, AKIN_ERROR_FORMAT, "damaged: its graph is not as it was written");
}
