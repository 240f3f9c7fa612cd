/* onnx_write.c - a graph as protobuf, by protobuf-c; none of its types leave this file (onnx.h). */
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
ONNX_INIT(Onnx__OperatorSetIdProto, operator_set_id_proto)
ONNX_INIT(Onnx__ValueInfoProto, value_info_proto)

static bool onnx_build_tensor(onnx_builder *b, Onnx__TensorProto *out, const akin_graph_tensor *from);

static bool onnx_build_texts(onnx_builder *b, Onnx__AttributeProto *out, const akin_graph_attribute *from) {
  ProtobufCBinaryData *texts = akin_arena_array(&b->arena, from->count, sizeof *texts);
  for (size_t i = 0; texts && i < from->count; i++)
    texts[i] = (ProtobufCBinaryData){strlen(from->texts[i]), (uint8_t *)from->texts[i]};
  out->n_strings = from->count;
  out->strings = texts;
  return texts != NULL;
}

static bool onnx_build_constant(onnx_builder *b, Onnx__AttributeProto *out, const akin_graph_attribute *from) {
  out->t = akin_arena_alloc(&b->arena, sizeof *out->t);
  if (!out->t) return false;
  onnx__tensor_proto__init(out->t);
  return onnx_build_tensor(b, out->t, from->constant);
}

static bool onnx_build_attribute(onnx_builder *b, Onnx__AttributeProto *out, const akin_graph_attribute *from) {
  static const Onnx__AttributeProto__AttributeType types[] = {
      [AKIN_GRAPH_INTEGER] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT,
      [AKIN_GRAPH_INTEGERS] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS,
      [AKIN_GRAPH_NUMBER] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT,
      [AKIN_GRAPH_NUMBERS] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS,
      [AKIN_GRAPH_TEXT] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING,
      [AKIN_GRAPH_TEXTS] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS,
      [AKIN_GRAPH_CONSTANT] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR,
  };
  out->name = (char *)from->name;
  out->has_type = 1;
  out->type = types[from->kind];
  switch (from->kind) {
  case AKIN_GRAPH_INTEGER:
    out->has_i = 1;
    out->i = from->integer;
    return true;
  case AKIN_GRAPH_INTEGERS:
    out->n_ints = from->count;
    out->ints = (int64_t *)from->integers;
    return true;
  case AKIN_GRAPH_NUMBER:
    out->has_f = 1;
    out->f = from->number;
    return true;
  case AKIN_GRAPH_NUMBERS:
    out->n_floats = from->count;
    out->floats = (float *)from->numbers;
    return true;
  case AKIN_GRAPH_TEXT:
    out->has_s = 1;
    out->s = (ProtobufCBinaryData){strlen(from->text), (uint8_t *)from->text};
    return true;
  case AKIN_GRAPH_TEXTS:
    return onnx_build_texts(b, out, from);
  case AKIN_GRAPH_CONSTANT:
    break;
  }
  return onnx_build_constant(b, out, from);
}

static bool onnx_build_attributes(onnx_builder *b, Onnx__NodeProto *out, const akin_graph_node *node) {
  void **pointers = NULL;
  Onnx__AttributeProto *all =
      onnx_messages(b, &pointers, node->attribute_count, sizeof *all, onnx_init_attribute_proto);
  bool built = all != NULL;
  for (size_t i = 0; built && i < node->attribute_count; i++)
    built = onnx_build_attribute(b, &all[i], &node->attributes[i]);
  out->n_attribute = node->attribute_count;
  out->attribute = (Onnx__AttributeProto **)pointers;
  return built;
}

static bool onnx_build_nodes(onnx_builder *b, Onnx__GraphProto *out, const akin_graph *graph) {
  void **pointers = NULL;
  Onnx__NodeProto *all = onnx_messages(b, &pointers, graph->node_count, sizeof *all, onnx_init_node_proto);
  if (!all) return false;
  for (size_t i = 0; i < graph->node_count; i++) {
    const akin_graph_node *from = &graph->nodes[i];
    if (!onnx_build_attributes(b, &all[i], from)) return false;
    all[i].name = (char *)from->name;
    all[i].op_type = (char *)from->operation;
    if (*from->domain) all[i].domain = (char *)from->domain;
    all[i].n_input = from->input_count;
    all[i].input = (char **)from->inputs;
    all[i].n_output = from->output_count;
    all[i].output = (char **)from->outputs;
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

static bool onnx_build_tensor(onnx_builder *b, Onnx__TensorProto *out, const akin_graph_tensor *from) {
  const uint8_t *inside = from->values;
  out->name = (char *)from->name;
  out->n_dims = from->rank;
  out->dims = (int64_t *)from->shape;
  out->has_data_type = 1;
  out->data_type = (int32_t)from->type;
  if (!inside && b->form->weights) inside = b->form->weights + from->offset;
  if (!inside) return onnx_build_external(b, out, from);
  out->has_raw_data = 1;
  out->raw_data = (ProtobufCBinaryData){(size_t)from->bytes, (uint8_t *)inside};
  return true;
}

static bool onnx_build_tensors(onnx_builder *b, Onnx__GraphProto *out, const akin_graph *graph) {
  void **pointers = NULL;
  Onnx__TensorProto *all = onnx_messages(b, &pointers, graph->tensor_count, sizeof *all, onnx_init_tensor_proto);
  bool built = all != NULL;
  for (size_t i = 0; built && i < graph->tensor_count; i++)
    built = onnx_build_tensor(b, &all[i], &graph->tensors[i]);
  out->n_initializer = graph->tensor_count;
  out->initializer = (Onnx__TensorProto **)pointers;
  return built;
}

static bool onnx_build_opsets(onnx_builder *b, Onnx__ModelProto *out, const akin_graph *graph) {
  static const akin_graph_opset usual = {"", ONNX_OPSET};
  const akin_graph_opset *from = graph->opset_count ? graph->opsets : &usual;
  const size_t count = graph->opset_count ? graph->opset_count : 1;
  void **pointers = NULL;
  Onnx__OperatorSetIdProto *all = onnx_messages(b, &pointers, count, sizeof *all, onnx_init_operator_set_id_proto);
  if (!all) return false;
  for (size_t i = 0; i < count; i++) {
    all[i].domain = (char *)from[i].domain;
    all[i].has_version = 1;
    all[i].version = from[i].version;
  }
  out->n_opset_import = count;
  out->opset_import = (Onnx__OperatorSetIdProto **)pointers;
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
  if (b->form->any_batch && value->rank) {
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

/* What comes out: the graph's own output, or those that the form names, without saying what they are. */
static bool onnx_build_outputs(onnx_builder *b, Onnx__GraphProto *out, onnx_value *own, const akin_graph *graph) {
  const size_t count = b->form->output_count;
  void **pointers = NULL;
  if (!count) {
    out->n_output = 1;
    out->output = &own->address;
    return onnx_build_value(b, own, &graph->output);
  }
  Onnx__ValueInfoProto *all = onnx_messages(b, &pointers, count, sizeof *all, onnx_init_value_info_proto);
  for (size_t i = 0; all && i < count; i++)
    all[i].name = (char *)b->form->outputs[i];
  out->n_output = count;
  out->output = (Onnx__ValueInfoProto **)pointers;
  return all != NULL;
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
  Onnx__GraphProto body = ONNX__GRAPH_PROTO__INIT;
  Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
  const bool built = onnx_build_nodes(&b, &body, graph) && onnx_build_tensors(&b, &body, graph) &&
                     onnx_build_opsets(&b, &model, graph) && onnx_build_value(&b, &input, &graph->input) &&
                     onnx_build_outputs(&b, &body, &output, graph) &&
                     onnx_build_properties(&b, &model.metadata_props, form->properties, form->property_count);
  if (built) {
    body.name = (char *)graph->name;
    body.n_input = 1;
    body.input = &input.address;
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
  const akin_onnx_form form = {0};
  onnx_sink sink = {{onnx_append}, NULL, out, AKIN_OK, err};
  return onnx_put(&sink, graph, &form);
}
