/*
 * onnx_read.c - ONNX files, by protobuf-c; none of its types leave this file (onnx.h).
 *
 * protobuf-c gets the file without its weights (onnx_slim.h), and no more memory than ONNX_MEMORY: a message of two
 * bytes takes a hundred when it is unpacked.
 */
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/onnx.h"
#include "model/onnx_slim.h"

#include "onnx.pb-c.h"

#include <string.h>

#define ONNX_SLIM_BYTES     ((size_t)64 << 20)
#define ONNX_MEMORY         ((size_t)512 << 20)
#define ONNX_NODES_MOST     20000u
#define ONNX_TENSORS_MOST   65536u
#define ONNX_LIST_MOST      4096u  /* inputs or outputs of a node, values of an attribute */
#define ONNX_NAME_MOST      1000u  /* bytes */
#define ONNX_ATTRIBUTE_MOST 65536u /* bytes of a tensor that is an attribute */

typedef struct onnx_reader {
  akin_graph *graph;
  const uint8_t *bytes;
  size_t size;
  akin_error *err;
} onnx_reader;

/* ---- memory ---- */

typedef struct onnx_memory {
  size_t left;
  bool full, starved;
} onnx_memory;

/* Nothing is given back to `left`: messages are freed all together. */
static void *onnx_allocate(void *context, size_t size) {
  onnx_memory *memory = context;
  if (size > memory->left) {
    memory->full = true;
    return NULL;
  }
  void *p = akin_alloc(size);
  if (p)
    memory->left -= size;
  else
    memory->starved = true;
  return p;
}

static void onnx_release(void *context, void *p) {
  (void)context;
  akin_free(p);
}

static akin_status onnx_starved(const onnx_reader *r) {
  return akin_fail_memory(r->err, r->graph->arena.used);
}

/* ---- names ---- */

/* A name that can be shown as it is. */
static akin_status onnx_name(const onnx_reader *r, const char **out, const char *from, const char *of) {
  const size_t length = from ? strlen(from) : 0;
  if (length > ONNX_NAME_MOST)
    return akin_fail(r->err, AKIN_ERROR_FORMAT, "a name (%s) has %zu bytes, at most %u are read", of, length,
                     ONNX_NAME_MOST);
  for (size_t i = 0; i < length;) {
    const size_t step = akin_text_plain_length(from + i, length - i);
    if (!step) return akin_fail(r->err, AKIN_ERROR_FORMAT, "a name (%s) is no plain text: %s", of, from);
    i += step;
  }
  *out = akin_arena_text(&r->graph->arena, from ? from : "", length);
  return *out ? AKIN_OK : onnx_starved(r);
}

static akin_status onnx_names(const onnx_reader *r, const char ***out, char *const *from, size_t count,
                              const char *of) {
  if (count > ONNX_LIST_MOST)
    return akin_fail(r->err, AKIN_ERROR_LIMIT, "a node has %zu values, at most %u are read", count, ONNX_LIST_MOST);
  *out = akin_arena_array(&r->graph->arena, count, sizeof **out);
  akin_status status = *out ? AKIN_OK : onnx_starved(r);
  for (size_t i = 0; i < count && status == AKIN_OK; i++)
    status = onnx_name(r, &(*out)[i], from[i], of);
  return status;
}

/* ---- tensors ---- */

static akin_status onnx_tensor_shape(const onnx_reader *r, akin_graph_tensor *out, const Onnx__TensorProto *from) {
  const size_t size = akin_element_size(from->data_type);
  if (!size)
    return akin_fail(r->err, AKIN_ERROR_UNSUPPORTED, "tensor '%s' has elements of ONNX's type %d, which is not read",
                     out->name, from->data_type);
  if (from->n_dims > AKIN_GRAPH_RANK)
    return akin_fail(r->err, AKIN_ERROR_UNSUPPORTED, "tensor '%s' has %zu dimensions, at most %d are read", out->name,
                     from->n_dims, AKIN_GRAPH_RANK);
  out->type = (akin_element)from->data_type;
  out->rank = (uint32_t)from->n_dims;
  out->bytes = size;
  for (uint32_t i = 0; i < out->rank; i++) {
    out->shape[i] = from->dims[i];
    if (from->dims[i] < 0 || __builtin_mul_overflow(out->bytes, (uint64_t)from->dims[i], &out->bytes) ||
        out->bytes > INT64_MAX)
      return akin_fail(r->err, AKIN_ERROR_FORMAT, "tensor '%s': dimension %u of its shape is %lld, which cannot be",
                       out->name, i, (long long)from->dims[i]);
  }
  return AKIN_OK;
}

static akin_status onnx_wrong_size(const onnx_reader *r, const akin_graph_tensor *tensor, uint64_t found) {
  return akin_fail(r->err, AKIN_ERROR_FORMAT, "tensor '%s' has %llu bytes, its shape needs %llu", tensor->name,
                   (unsigned long long)found, (unsigned long long)tensor->bytes);
}

static const char *onnx_entry(const Onnx__TensorProto *from, const char *key) {
  for (size_t i = 0; i < from->n_external_data; i++) {
    const Onnx__StringStringEntryProto *entry = from->external_data[i];
    if (entry->key && entry->value && strcmp(entry->key, key) == 0) return entry->value;
  }
  return NULL;
}

/* Numbers in a file beside: whether it has them is checked when it is opened. */
static akin_status onnx_tensor_external(const onnx_reader *r, akin_graph_tensor *out, const Onnx__TensorProto *from) {
  const char *offset = onnx_entry(from, "offset"), *length = onnx_entry(from, "length");
  uint64_t bytes = out->bytes;
  if ((offset && !akin_parse_u64(&out->offset, offset, 0, INT64_MAX)) ||
      (length && !akin_parse_u64(&bytes, length, 0, INT64_MAX)))
    return akin_fail(r->err, AKIN_ERROR_FORMAT, "tensor '%s': offset or length of its external data are no numbers",
                     out->name);
  if (bytes != out->bytes) return onnx_wrong_size(r, out, bytes);
  const char *location = onnx_entry(from, "location");
  if (!location || !*location)
    return akin_fail(r->err, AKIN_ERROR_FORMAT, "tensor '%s': nothing says in which file its numbers are", out->name);
  return onnx_name(r, &out->location, location, "file of external data");
}

/* Numbers that the file has one by one: `count` of them, each put into its own type. */
static akin_status onnx_tensor_list(const onnx_reader *r, akin_graph_tensor *out, const void *from, size_t count,
                                    size_t step) {
  const size_t size = akin_element_size((int)out->type);
  if (count != out->bytes / size) return onnx_wrong_size(r, out, (uint64_t)count * size);
  if (size > step)
    return akin_fail(r->err, AKIN_ERROR_FORMAT, "tensor '%s': its numbers are not in the list of its type", out->name);
  char *values = akin_arena_array(&r->graph->arena, count, size);
  if (!values) return onnx_starved(r);
  for (size_t i = 0; i < count; i++) /* little-endian: the low bytes come first */
    memcpy(values + i * size, (const char *)from + i * step, size);
  out->values = values;
  return AKIN_OK;
}

static akin_status onnx_tensor_raw(const onnx_reader *r, akin_graph_tensor *out, const Onnx__TensorProto *from) {
  akin_onnx_place place = {0, 0};
  if (from->raw_data.len == sizeof place) memcpy(&place, from->raw_data.data, sizeof place);
  if (from->raw_data.len != sizeof place || place.offset > r->size || place.size > r->size - place.offset)
    return akin_fail(r->err, AKIN_ERROR_FORMAT, "tensor '%s': its numbers are outside the file", out->name);
  if (place.size != out->bytes) return onnx_wrong_size(r, out, place.size);
  out->values = r->bytes + place.offset;
  return AKIN_OK;
}

static akin_status onnx_tensor_numbers(const onnx_reader *r, akin_graph_tensor *out, const Onnx__TensorProto *from) {
  if (from->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL) return onnx_tensor_external(r, out, from);
  if (from->has_raw_data) return onnx_tensor_raw(r, out, from);
  if (from->n_float_data) return onnx_tensor_list(r, out, from->float_data, from->n_float_data, sizeof(float));
  if (from->n_int32_data) return onnx_tensor_list(r, out, from->int32_data, from->n_int32_data, sizeof(int32_t));
  if (from->n_int64_data) return onnx_tensor_list(r, out, from->int64_data, from->n_int64_data, sizeof(int64_t));
  if (from->n_uint64_data) return onnx_tensor_list(r, out, from->uint64_data, from->n_uint64_data, sizeof(uint64_t));
  return onnx_tensor_list(r, out, from->double_data, from->n_double_data, sizeof(double));
}

static akin_status onnx_fill_tensor(const onnx_reader *r, akin_graph_tensor *out, const Onnx__TensorProto *from) {
  akin_status status = onnx_tensor_shape(r, out, from);
  return status == AKIN_OK ? onnx_tensor_numbers(r, out, from) : status;
}

static akin_status onnx_read_tensor(const onnx_reader *r, const Onnx__TensorProto *from, const char *named) {
  const char *name = NULL;
  akin_status status = onnx_name(r, &name, named, "tensor");
  if (status != AKIN_OK) return status;
  if (!*name) return akin_fail(r->err, AKIN_ERROR_FORMAT, "a tensor has no name");
  if (r->graph->tensor_count == ONNX_TENSORS_MOST)
    return akin_fail(r->err, AKIN_ERROR_LIMIT, "has more than %u tensors", ONNX_TENSORS_MOST);
  akin_graph_tensor *tensor = akin_graph_add_tensor(r->graph, name, NULL, 0);
  return tensor ? onnx_fill_tensor(r, tensor, from) : onnx_starved(r);
}

/* ---- attributes ---- */

/* Old files do not say what an attribute is. */
static int onnx_attribute_type(const Onnx__AttributeProto *from) {
  if (from->has_type) return (int)from->type;
  if (from->has_f) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
  if (from->has_i) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
  if (from->has_s) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
  if (from->t) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR;
  if (from->n_floats) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS;
  return from->n_strings ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS : ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
}

static const char *onnx_bytes_text(const onnx_reader *r, const ProtobufCBinaryData *from) {
  return akin_arena_text(&r->graph->arena, from->len ? (const char *)from->data : "", from->len);
}

static bool onnx_take_list(const onnx_reader *r, akin_graph_attribute *out, const Onnx__AttributeProto *from) {
  const void *numbers = out->kind == AKIN_GRAPH_INTEGERS ? (const void *)from->ints : (const void *)from->floats;
  const size_t size = out->kind == AKIN_GRAPH_INTEGERS ? sizeof *from->ints : sizeof *from->floats;
  out->count = out->kind == AKIN_GRAPH_INTEGERS ? from->n_ints : from->n_floats;
  const void *copy = akin_arena_copy(&r->graph->arena, numbers, out->count, size);
  out->integers = copy;
  if (out->kind == AKIN_GRAPH_NUMBERS) out->numbers = copy;
  return copy != NULL;
}

static bool onnx_take_texts(const onnx_reader *r, akin_graph_attribute *out, const Onnx__AttributeProto *from) {
  const char **texts = akin_arena_array(&r->graph->arena, from->n_strings, sizeof *texts);
  for (size_t i = 0; texts && i < from->n_strings; i++)
    if (!(texts[i] = onnx_bytes_text(r, &from->strings[i]))) return false;
  out->texts = texts;
  out->count = from->n_strings;
  return texts != NULL;
}

static akin_status onnx_take_constant(const onnx_reader *r, akin_graph_attribute *out,
                                      const Onnx__AttributeProto *from) {
  akin_graph_tensor *tensor = akin_arena_alloc(&r->graph->arena, sizeof *tensor);
  if (!tensor) return onnx_starved(r);
  out->constant = tensor;
  tensor->name = out->name;
  akin_status status = onnx_fill_tensor(r, tensor, from->t);
  if (status != AKIN_OK) return status;
  if (!tensor->values || tensor->bytes > ONNX_ATTRIBUTE_MOST)
    return akin_fail(r->err, AKIN_ERROR_UNSUPPORTED,
                     "attribute '%s' has more than %u bytes of numbers, or in another file", out->name,
                     ONNX_ATTRIBUTE_MOST);
  tensor->values = akin_arena_copy(&r->graph->arena, tensor->values, (size_t)tensor->bytes, 1);
  return tensor->values ? AKIN_OK : onnx_starved(r);
}

static akin_status onnx_fill_attribute(const onnx_reader *r, akin_graph_attribute *out,
                                       const Onnx__AttributeProto *from) {
  bool taken = true;
  out->count = 1;
  switch (onnx_attribute_type(from)) {
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT:
    out->kind = AKIN_GRAPH_INTEGER;
    out->integer = from->i;
    break;
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT:
    out->kind = AKIN_GRAPH_NUMBER;
    out->number = from->f;
    break;
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING:
    out->kind = AKIN_GRAPH_TEXT;
    taken = (out->text = onnx_bytes_text(r, &from->s)) != NULL;
    break;
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS:
    out->kind = AKIN_GRAPH_INTEGERS;
    taken = onnx_take_list(r, out, from);
    break;
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS:
    out->kind = AKIN_GRAPH_NUMBERS;
    taken = onnx_take_list(r, out, from);
    break;
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS:
    out->kind = AKIN_GRAPH_TEXTS;
    taken = onnx_take_texts(r, out, from);
    break;
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR:
    out->kind = AKIN_GRAPH_CONSTANT;
    if (from->t) return onnx_take_constant(r, out, from);
    return akin_fail(r->err, AKIN_ERROR_FORMAT, "attribute '%s' has no value", out->name);
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH:
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPHS:
    return akin_fail(r->err, AKIN_ERROR_UNSUPPORTED,
                     "it chooses or repeats a part of the network while it runs, which is not read: export the network "
                     "for one size of images, in evaluation mode, or simplify it (onnxsim)");
  default:
    return akin_fail(r->err, AKIN_ERROR_UNSUPPORTED, "attribute '%s' is of a kind that is not read", out->name);
  }
  return taken ? AKIN_OK : onnx_starved(r);
}

static akin_status onnx_read_attribute(const onnx_reader *r, akin_graph_node *node, const Onnx__AttributeProto *from) {
  akin_graph_attribute attribute = {0};
  akin_status status = onnx_name(r, &attribute.name, from->name, "attribute");
  if (status == AKIN_OK && from->ref_attr_name && *from->ref_attr_name)
    status = akin_fail(r->err, AKIN_ERROR_FORMAT, "attribute '%s' is that of a function", attribute.name);
  if (status == AKIN_OK) status = onnx_fill_attribute(r, &attribute, from);
  if (status == AKIN_OK) akin_graph_set_attribute(node, &attribute);
  return status;
}

/* ---- nodes ---- */

/* A node that is a tensor, in one of its four forms. */
static akin_status onnx_read_constant(const onnx_reader *r, const Onnx__NodeProto *from) {
  const Onnx__AttributeProto *value = from->n_attribute == 1 ? from->attribute[0] : NULL;
  const char *kind = value && value->name && from->n_output == 1 ? value->name : "";
  Onnx__TensorProto tensor = ONNX__TENSOR_PROTO__INIT;
  int64_t count = 0;
  if (strcmp(kind, "value") == 0 && value->t) return onnx_read_tensor(r, value->t, from->output[0]);
  if (strncmp(kind, "value_int", strlen("value_int")) == 0) {
    tensor.data_type = AKIN_ELEMENT_I64;
    tensor.int64_data = value->has_i ? (int64_t *)&value->i : value->ints;
    count = (int64_t)(tensor.n_int64_data = value->has_i ? 1 : value->n_ints);
  } else if (strncmp(kind, "value_float", strlen("value_float")) == 0) {
    tensor.data_type = AKIN_ELEMENT_F32;
    tensor.float_data = value->has_f ? (float *)&value->f : value->floats;
    count = (int64_t)(tensor.n_float_data = value->has_f ? 1 : value->n_floats);
  } else {
    return akin_fail(r->err, AKIN_ERROR_UNSUPPORTED, "a Constant of the kind '%s' is not read", kind);
  }
  tensor.n_dims = kind[strlen(kind) - 1] == 's';
  tensor.dims = &count;
  return onnx_read_tensor(r, &tensor, from->output[0]);
}

static akin_status onnx_fill_node(const onnx_reader *r, const Onnx__NodeProto *from) {
  akin_graph_node read = {0};
  akin_status status = onnx_name(r, &read.operation, from->op_type, "operator");
  if (status == AKIN_OK) status = onnx_name(r, &read.domain, from->domain, "domain");
  if (status == AKIN_OK) status = onnx_name(r, &read.name, from->name, "node");
  if (status == AKIN_OK) status = onnx_names(r, &read.inputs, from->input, from->n_input, "tensor");
  if (status == AKIN_OK) status = onnx_names(r, &read.outputs, from->output, from->n_output, "tensor");
  if (status != AKIN_OK) return status;
  akin_graph_node *node = akin_graph_add_node(r->graph, read.operation, "", NULL, 0);
  if (!node) return onnx_starved(r);
  if (strcmp(read.domain, "ai.onnx") != 0) node->domain = read.domain; /* the same as none */
  node->name = read.name;
  node->inputs = read.inputs;
  node->outputs = read.outputs;
  node->input_count = from->n_input;
  node->output_count = from->n_output;
  for (size_t i = 0; i < from->n_attribute && status == AKIN_OK; i++)
    status = onnx_read_attribute(r, node, from->attribute[i]);
  return status;
}

static akin_status onnx_read_node(const onnx_reader *r, const Onnx__NodeProto *from) {
  if (!from->op_type || !*from->op_type || from->n_output == 0)
    return akin_fail(r->err, AKIN_ERROR_FORMAT, "a node has no operator, or no output");
  const bool own = !from->domain || !*from->domain || strcmp(from->domain, "ai.onnx") == 0;
  akin_status status =
      own && strcmp(from->op_type, "Constant") == 0 ? onnx_read_constant(r, from) : onnx_fill_node(r, from);
  if (status == AKIN_OK || status == AKIN_ERROR_MEMORY) return status;
  return akin_fail_context(r->err, status, "node '%s', %s", from->name && *from->name ? from->name : from->output[0],
                           from->op_type);
}

/* ---- what goes in and comes out ---- */

static akin_status onnx_read_value(const onnx_reader *r, akin_graph_value *out, const Onnx__ValueInfoProto *from) {
  const Onnx__TypeProto *type = from->type;
  akin_status status = onnx_name(r, &out->name, from->name, "input or output");
  if (status != AKIN_OK) return status;
  if (!type || type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE) return AKIN_OK;
  out->type = type->tensor_type->elem_type;
  const Onnx__TensorShapeProto *shape = type->tensor_type->shape;
  if (!shape || shape->n_dim > AKIN_GRAPH_RANK) return AKIN_OK;
  out->rank = (uint32_t)shape->n_dim;
  for (uint32_t i = 0; i < out->rank; i++) {
    const bool known = shape->dim[i]->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
    out->shape[i] = known && shape->dim[i]->dim_value > 0 ? shape->dim[i]->dim_value : -1;
  }
  return AKIN_OK;
}

static akin_status onnx_read_values(const onnx_reader *r, akin_graph_value **out, size_t *count,
                                    Onnx__ValueInfoProto *const *from, size_t n) {
  *count = 0;
  if (n > ONNX_LIST_MOST)
    return akin_fail(r->err, AKIN_ERROR_LIMIT, "has %zu inputs or outputs, at most %u are read", n, ONNX_LIST_MOST);
  *out = akin_arena_array(&r->graph->arena, n, sizeof **out);
  akin_status status = *out ? AKIN_OK : onnx_starved(r);
  for (size_t i = 0; i < n && status == AKIN_OK; i++) {
    status = onnx_read_value(r, &(*out)[*count], from[i]);
    if (status == AKIN_OK) (*count)++;
  }
  return status;
}

/* Inputs that have a value when none is given are not inputs to us. */
static akin_status onnx_drop_defaults(const onnx_reader *r, akin_onnx_network *network) {
  size_t kept = 0;
  akin_graph_index *tensors = akin_graph_index_given(r->graph, NULL, 0);
  if (!tensors) return onnx_starved(r);
  for (size_t i = 0; i < network->input_count; i++)
    if (!akin_graph_index_find(tensors, network->inputs[i].name)) network->inputs[kept++] = network->inputs[i];
  network->input_count = kept;
  akin_free(tensors);
  return AKIN_OK;
}

/* ---- the whole ---- */

static akin_status onnx_read_opsets(const onnx_reader *r, const Onnx__ModelProto *model) {
  akin_graph_opset *opsets = akin_arena_array(&r->graph->arena, model->n_opset_import, sizeof *opsets);
  int64_t own = 0;
  akin_status status = opsets ? AKIN_OK : onnx_starved(r);
  for (size_t i = 0; i < model->n_opset_import && status == AKIN_OK; i++) {
    const Onnx__OperatorSetIdProto *from = model->opset_import[i];
    status = onnx_name(r, &opsets[i].domain, from->domain, "domain");
    opsets[i].version = from->version;
    if (status != AKIN_OK || (*opsets[i].domain && strcmp(opsets[i].domain, "ai.onnx") != 0)) continue;
    opsets[i].domain = "";
    own = from->version;
  }
  if (status != AKIN_OK) return status;
  r->graph->opsets = opsets;
  r->graph->opset_count = model->n_opset_import;
  if (own >= AKIN_ONNX_OLDEST) return AKIN_OK;
  if (!own) return akin_fail(r->err, AKIN_ERROR_FORMAT, "damaged: nothing says of which version its operators are");
  return akin_fail(r->err, AKIN_ERROR_UNSUPPORTED,
                   "uses version %lld of ONNX's operators, %d and later are read: onnx.version_converter makes one of "
                   "the other",
                   (long long)own, AKIN_ONNX_OLDEST);
}

static akin_status onnx_read_graph(const onnx_reader *r, akin_onnx_network *out, const Onnx__GraphProto *from) {
  if (from->n_sparse_initializer)
    return akin_fail(r->err, AKIN_ERROR_UNSUPPORTED, "has sparse tensors, which are not read: save them dense");
  if (from->n_node > ONNX_NODES_MOST)
    return akin_fail(r->err, AKIN_ERROR_LIMIT, "has %zu nodes, at most %u are read", from->n_node, ONNX_NODES_MOST);
  akin_status status = onnx_name(r, &r->graph->name, from->name, "graph");
  for (size_t i = 0; i < from->n_initializer && status == AKIN_OK; i++)
    status = onnx_read_tensor(r, from->initializer[i], from->initializer[i]->name);
  if (status == AKIN_OK) status = onnx_read_values(r, &out->inputs, &out->input_count, from->input, from->n_input);
  if (status == AKIN_OK) status = onnx_drop_defaults(r, out);
  if (status == AKIN_OK) status = onnx_read_values(r, &out->outputs, &out->output_count, from->output, from->n_output);
  for (size_t i = 0; i < from->n_node && status == AKIN_OK; i++)
    status = onnx_read_node(r, from->node[i]);
  if (status == AKIN_OK && r->graph->arena.starved) status = onnx_starved(r);
  return status;
}

static akin_status onnx_read_model(const onnx_reader *r, akin_onnx_network *out, const Onnx__ModelProto *model) {
  if (!model->graph) return akin_fail(r->err, AKIN_ERROR_FORMAT, "not ONNX: there is no graph in it");
  if (model->n_functions)
    return akin_fail(r->err, AKIN_ERROR_UNSUPPORTED,
                     "has functions of its own ('%s'), which are not read: onnx.inliner.inline_local_functions puts "
                     "them in their places",
                     model->functions[0]->name ? model->functions[0]->name : "");
  akin_status status = onnx_read_opsets(r, model);
  return status == AKIN_OK ? onnx_read_graph(r, out, model->graph) : status;
}

akin_status akin_onnx_read(akin_onnx_network *out, const uint8_t *bytes, size_t size, akin_error *err) {
  *out = (akin_onnx_network){.graph = AKIN_GRAPH_INIT};
  const onnx_reader r = {&out->graph, bytes, size, err};
  onnx_memory memory = {.left = ONNX_MEMORY};
  ProtobufCAllocator allocator = {onnx_allocate, onnx_release, &memory};
  akin_buffer slim = AKIN_BUFFER_INIT(ONNX_SLIM_BYTES);
  Onnx__ModelProto *model = NULL;
  akin_status status = akin_onnx_slim(&slim, bytes, size, err);
  if (status == AKIN_OK) model = onnx__model_proto__unpack(&allocator, slim.size, (const uint8_t *)slim.data);
  akin_buffer_free(&slim);
  if (model) status = onnx_read_model(&r, out, model);
  if (model) onnx__model_proto__free_unpacked(model, &allocator);
  if (model || status != AKIN_OK) return status;
  if (memory.starved) return akin_fail_memory(err, size);
  if (memory.full)
    return akin_fail(err, AKIN_ERROR_LIMIT, "its graph takes more than %zu MB of memory", ONNX_MEMORY >> 20);
  return akin_fail(err, AKIN_ERROR_FORMAT, "not ONNX, or damaged");
}
