/*
 * keras_config.c - the layers of a Keras configuration (keras_config.h). A model's calls are made in whatever order
 * their inputs allow; a model inside it is a call that makes the calls of its own.
 */
#include "model/keras_config.h"

#include "base/error.h"
#include "base/memory.h"
#include "model/keras_call.h"
#include "model/keras_graph.h"

#include <string.h>

typedef struct config_reader {
  akin_layers *layers;
  const akin_keras_config *options;
  akin_arena arena;
  bool keras2;
  bool has_input; /* the image's layer is there */
  akin_error *err;
} config_reader;

/* A model that is being made. */
typedef struct config_model {
  config_reader *r;
  akin_keras_graph graph;
  const char *prefix;  /* "base/"; "" of the outermost */
  size_t parent;       /* 1 + its entry; 0: the outermost */
  size_t first_entry;  /* that of its first member */
  const size_t *given; /* layers that it is called with; NULL of the outermost: images */
  size_t given_count;
  size_t *made; /* [call_count]: the layer that a call made; SIZE_MAX: not yet */
} config_model;

static akin_status config_build_model(config_reader *r, config_model *m, const akin_json *model);

/* ---- entries ---- */

static bool config_trainable(const akin_keras_member *member) {
  bool trainable = true;
  akin_json_boolean(&trainable, akin_json_get(member->config, "trainable"));
  return trainable;
}

/* The members' entries one behind the other, unless an earlier call of the model has made them. */
static akin_status config_enter(config_model *m) {
  const akin_layers *layers = m->r->layers;
  for (m->first_entry = 0; m->parent && m->first_entry < layers->entry_count; m->first_entry++)
    if (layers->entries[m->first_entry].parent == m->parent) return AKIN_OK;
  m->first_entry = layers->entry_count;
  for (size_t i = 0; i < m->graph.member_count; i++) {
    const akin_keras_member *member = &m->graph.members[i];
    const akin_layers_entry entry = {.name = member->name,
                                     .class_name = member->class_name,
                                     .trainable = config_trainable(member),
                                     .is_model = member->is_model,
                                     .is_operation = member->is_operation,
                                     .parent = m->parent,
                                     .layer = SIZE_MAX};
    akin_status status = akin_layers_enter(m->r->layers, &entry, m->r->err);
    if (status != AKIN_OK) return status;
  }
  return AKIN_OK;
}

/* ---- one call ---- */

/* "base/conv", "base/conv@2" */
static const char *config_name(config_model *m, const akin_keras_node *call) {
  const char *name = m->graph.members[call->layer].name;
  char *text =
      call->number ? akin_format("%s%s@%zu", m->prefix, name, call->number + 1) : akin_format("%s%s", m->prefix, name);
  const char *copy = text ? akin_arena_text(&m->r->arena, text, strlen(text)) : NULL;
  akin_free(text);
  return copy;
}

/* Adds a layer that a call made; a layer that was made before lends its weights. */
static akin_status config_add(config_model *m, const akin_keras_node *call, akin_layer *layer, const size_t *inputs,
                              size_t count) {
  akin_layers *layers = m->r->layers;
  akin_layers_entry *entry = &layers->entries[m->first_entry + call->layer];
  if (entry->layer != SIZE_MAX) layer->shares = entry->layer + 1;
  akin_status status = akin_layers_add(layers, layer, inputs, count, m->r->err);
  if (status != AKIN_OK) return status;
  if (entry->layer == SIZE_MAX) entry->layer = layers->count - 1;
  m->made[call - m->graph.calls] = layers->count - 1;
  return AKIN_OK;
}

static size_t config_operand_layer(const config_model *m, const akin_keras_operand *operand) {
  return operand->call == AKIN_KERAS_GIVEN ? m->given[0] : m->made[operand->call];
}

/* ---- the image ---- */

/* Where the model leaves the size open: that of a Resizing which the image goes into. */
static void config_resizing(const config_model *m, size_t image, uint32_t *height, uint32_t *width) {
  for (size_t i = 0; i < m->graph.call_count; i++) {
    const akin_keras_node *call = &m->graph.calls[i];
    const akin_keras_member *member = &m->graph.members[call->layer];
    int64_t rows = 0, columns = 0;
    if (call->operand_count != 1 || !call->operands[0].is_tensor || call->operands[0].call != image) continue;
    if (strcmp(member->class_name, "Resizing") != 0) continue;
    if (!akin_json_integer(&rows, akin_json_get(member->config, "height")) || rows < 1 || rows > INT32_MAX) continue;
    if (!akin_json_integer(&columns, akin_json_get(member->config, "width")) || columns < 1 || columns > INT32_MAX)
      continue;
    *height = (uint32_t)rows;
    *width = (uint32_t)columns;
  }
}

/* One size of [null, height, width, channels]; open: found. */
static akin_status config_size(const config_reader *r, const char *name, const char *what, const akin_json *value,
                               uint32_t wanted, uint32_t *out) {
  int64_t size = 0;
  if (akin_json_is_null(value)) {
    *out = wanted;
    if (wanted) return AKIN_OK;
    return akin_fail(r->err, AKIN_ERROR_UNSUPPORTED,
                     "layer %s: the model leaves the size of its images open: say it with --size PIXELS", name);
  }
  if (!akin_json_integer(&size, value) || size < 1 || size > INT32_MAX)
    return akin_fail(r->err, AKIN_ERROR_FORMAT, "layer %s: its shape is no shape of images", name);
  *out = (uint32_t)size;
  if (wanted == 0 || wanted == size) return AKIN_OK;
  return akin_fail(r->err, AKIN_ERROR_USAGE, "the model takes images of one %s, %u, and no other", what, *out);
}

static akin_status config_image_shape(const config_model *m, const akin_json *shape, size_t image, const char *name,
                                      akin_shape *out) {
  const config_reader *r = m->r;
  uint32_t height = r->options->height, width = r->options->width;
  int64_t channels = 3;
  if (akin_json_count(shape) != 4)
    return akin_fail(r->err, AKIN_ERROR_UNSUPPORTED,
                     "layer %s: the model takes no images of height, width and channels", name);
  if (height == 0 && akin_json_is_null(akin_json_at(shape, 1)) && akin_json_is_null(akin_json_at(shape, 2)))
    config_resizing(m, image, &height, &width);
  *out = (akin_shape){.rank = 3};
  akin_status status = config_size(r, name, "height", akin_json_at(shape, 1), height, &out->size[0]);
  if (status == AKIN_OK) status = config_size(r, name, "width", akin_json_at(shape, 2), width, &out->size[1]);
  if (status != AKIN_OK) return status;
  akin_json_integer(&channels, akin_json_at(shape, 3));
  out->size[2] = 3;
  if (channels == 3) return AKIN_OK;
  return akin_fail(r->err, AKIN_ERROR_UNSUPPORTED,
                   "layer %s: the model takes images of %lld channel%s, akin gives it 3%s", name, (long long)channels,
                   channels == 1 ? "" : "s", channels == 1 ? ": export it to ONNX, of which those of 1 are read" : "");
}

static akin_status config_add_image(config_model *m, const akin_json *shape, size_t image, const char *name) {
  config_reader *r = m->r;
  akin_layer layer = {.name = name, .kind = AKIN_LAYER_INPUT};
  if (r->has_input)
    return akin_fail(r->err, AKIN_ERROR_UNSUPPORTED, "layer %s: the model has several inputs, akin gives it one image",
                     name);
  r->has_input = true;
  akin_status status = config_image_shape(m, shape, image, name, &layer.as.input);
  return status == AKIN_OK ? akin_layers_add(r->layers, &layer, NULL, 0, r->err) : status;
}

static const akin_json *config_shape_of(const akin_json *config) {
  const akin_json *shape = akin_json_get(config, "batch_shape");
  return shape ? shape : akin_json_get(config, "batch_input_shape");
}

/* A layer InputLayer: the image, or what the model is called with. */
static akin_status config_input(config_model *m, const akin_keras_node *call, const char *name) {
  const akin_keras_member *member = &m->graph.members[call->layer];
  const size_t number = (size_t)(call - m->graph.calls);
  if (!m->given) {
    akin_status status = config_add_image(m, config_shape_of(member->config), number, name);
    if (status != AKIN_OK) return status;
    m->made[number] = m->r->layers->count - 1;
    m->r->layers->entries[m->first_entry + call->layer].layer = m->made[number];
    return AKIN_OK;
  }
  size_t argument = 0;
  while (argument < m->graph.input_count && m->graph.inputs[argument] != call->layer)
    argument++;
  if (m->graph.input_count == 0) argument = 0; /* Sequential */
  if (argument >= m->given_count)
    return akin_fail(m->r->err, AKIN_ERROR_FORMAT, "layer %s: its model is called with %zu values", name,
                     m->given_count);
  akin_layer layer = {.name = name, .kind = AKIN_LAYER_DROPOUT, .class_name = member->class_name};
  return config_add(m, call, &layer, &m->given[argument], 1);
}

/* A Sequential model without InputLayer: Keras names the input after the first layer. */
static akin_status config_implied_image(config_model *m, const akin_json *model, size_t *made) {
  const akin_keras_member *first = &m->graph.members[0];
  const akin_json *config = akin_json_get(model, "config"), *shape = config_shape_of(first->config);
  if (!shape) shape = akin_json_get(config, "build_input_shape");
  if (!shape) shape = akin_json_get(akin_json_get(model, "build_config"), "input_shape");
  char *name = akin_format("%s_input", first->name);
  if (!name) return akin_fail_memory(m->r->err, strlen(first->name));
  akin_status status = config_add_image(m, shape, AKIN_KERAS_GIVEN, name);
  akin_free(name);
  *made = m->r->layers->count - 1;
  return status;
}

/* ---- a model in the model ---- */

static akin_status config_nested(config_model *m, const akin_keras_node *call, const char *name, const size_t *inputs,
                                 size_t count, const akin_json *json) {
  const akin_keras_member *member = &m->graph.members[call->layer];
  char *prefix = akin_format("%s/", name);
  config_model inside = {.r = m->r,
                         .prefix = prefix ? akin_arena_text(&m->r->arena, prefix, strlen(prefix)) : NULL,
                         .parent = m->first_entry + call->layer + 1,
                         .given = inputs,
                         .given_count = count};
  akin_free(prefix);
  if (!inside.prefix) return akin_fail_memory(m->r->err, strlen(name));
  if (count == 0) return akin_fail(m->r->err, AKIN_ERROR_FORMAT, "layer %s: is called with no tensor", name);
  akin_status status = config_build_model(m->r, &inside, json);
  if (status != AKIN_OK) return status;
  akin_layer layer = {.name = name, .kind = AKIN_LAYER_DROPOUT, .class_name = member->class_name};
  return config_add(m, call, &layer, &inside.made[inside.graph.output], 1);
}

/* ---- a layer ---- */

/* InceptionResNetV2's blocks before Keras 2.13 scaled by a Lambda: x[0] + x[1] · scale. */
static bool config_is_scale(const akin_keras_member *member, const akin_keras_call *c, double *scale) {
  static const char *const names[] = {"block35_", "block17_", "block8_"};
  const akin_json *arguments = akin_json_get(member->config, "arguments");
  bool known = false;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    known = known || strncmp(member->name, names[i], strlen(names[i])) == 0;
  return known && strcmp(member->class_name, "Lambda") == 0 && c->argument_count == 2 &&
         akin_json_count(arguments) == 1 && akin_json_number(scale, akin_json_get(arguments, "scale"));
}

static void config_unknown(akin_keras_call *c, const akin_keras_member *member) {
  double scale = 0;
  if (config_is_scale(member, c, &scale)) {
    c->layer.kind = AKIN_LAYER_CUSTOM_SCALE;
    c->layer.class_name = "CustomScaleLayer";
    c->layer.as.custom_scale.scale = scale;
  } else if (strcmp(member->class_name, "Lambda") == 0) {
    akin_keras_unsupported(c, "is Python code, which akin never runs: put Keras' own layers or operations in its place "
                              "(Rescaling, x / 127.5 - 1), or export the model to ONNX");
  } else {
    akin_keras_unsupported(c, "akin does not know this type of layer: export the model to ONNX, or build it of others");
  }
}

/* Operations of Keras 2 are known by their function. */
static const char *config_class(const akin_keras_member *member) {
  const char *function = akin_json_text(akin_json_get(member->config, "function"));
  if (!member->is_operation || !function) return member->class_name;
  static const char older[] = "compat.v1.";
  return strncmp(function, older, sizeof older - 1) == 0 ? function + sizeof older - 1 : function;
}

static void config_read(akin_keras_call *c, const akin_keras_member *member) {
  for (size_t i = 0; i < c->argument_count && !member->is_operation; i++)
    if (!c->arguments[i].is_tensor) akin_keras_unsupported(c, "is called with something that is no tensor");
  if (c->status != AKIN_OK) return;
  if (member->is_operation ? akin_keras_read_operation(c) : akin_keras_read_layer(c)) return;
  config_unknown(c, member);
}

static akin_status config_layer(config_model *m, const akin_keras_node *call, const char *name, const size_t *inputs,
                                size_t count, akin_keras_argument *arguments) {
  const akin_keras_member *member = &m->graph.members[call->layer];
  akin_keras_call c = {.layers = m->r->layers,
                       .arena = &m->r->arena,
                       .name = name,
                       .class_name = config_class(member),
                       .config = call->settings && member->is_operation ? call->settings : member->config,
                       .keras2 = m->r->keras2,
                       .arguments = arguments,
                       .argument_count = call->operand_count,
                       .layer.name = name,
                       .err = m->r->err};
  config_read(&c, member);
  if (c.status != AKIN_OK) return c.status;
  if (member->is_operation) { /* it may have passed over what is no input */
    count = 0;
    for (size_t i = 0; i < c.argument_count; i++)
      count += arguments[i].is_tensor;
  }
  return config_add(m, call, &c.layer, inputs, count);
}

/* ---- calls ---- */

static akin_status config_make(config_model *m, const akin_keras_node *call, const akin_json *json) {
  const akin_keras_member *member = &m->graph.members[call->layer];
  const char *name = config_name(m, call);
  size_t *inputs = akin_arena_array(&m->r->arena, call->operand_count, sizeof *inputs), count = 0;
  akin_keras_argument *arguments = akin_arena_array(&m->r->arena, call->operand_count, sizeof *arguments);
  if (!name || !inputs || !arguments) return akin_fail_memory(m->r->err, m->r->arena.used);
  for (size_t i = 0; i < call->operand_count; i++) {
    const akin_keras_operand *operand = &call->operands[i];
    arguments[i] = (akin_keras_argument){operand->is_tensor, 0, operand->value};
    if (!operand->is_tensor) continue;
    arguments[i].layer = inputs[count++] = config_operand_layer(m, operand);
  }
  if (member->is_input) return config_input(m, call, name);
  if (member->is_model) return config_nested(m, call, name, inputs, count, json);
  return config_layer(m, call, name, inputs, count, arguments);
}

static bool config_ready(const config_model *m, const akin_keras_node *call) {
  for (size_t i = 0; i < call->operand_count; i++) {
    const akin_keras_operand *operand = &call->operands[i];
    if (operand->is_tensor && operand->call != AKIN_KERAS_GIVEN && m->made[operand->call] == SIZE_MAX) return false;
  }
  return true;
}

/* An earlier call of a layer is made first: its weights are then its own. */
static bool config_in_turn(const config_model *m, const akin_keras_node *call) {
  return call->number == 0 || m->made[call - m->graph.calls - 1] != SIZE_MAX;
}

/* All calls, in passes over them, as Keras does: each pass makes at least one. */
static akin_status config_make_all(config_model *m, const akin_json *list) {
  size_t left = m->graph.call_count;
  while (left > 0) {
    const size_t before = left;
    for (size_t i = 0; i < m->graph.call_count; i++) {
      const akin_keras_node *call = &m->graph.calls[i];
      if (m->made[i] != SIZE_MAX || !config_ready(m, call) || !config_in_turn(m, call)) continue;
      akin_status status = config_make(m, call, akin_json_at(list, call->layer));
      if (status != AKIN_OK) return status;
      left--;
    }
    if (left < before) continue;
    size_t waiting = 0;
    while (m->made[waiting] != SIZE_MAX)
      waiting++;
    return akin_fail(m->r->err, AKIN_ERROR_FORMAT, "layer %s%s: waits for its own output", m->prefix,
                     m->graph.members[m->graph.calls[waiting].layer].name);
  }
  return AKIN_OK;
}

static akin_status config_build_model(config_reader *r, config_model *m, const akin_json *model) {
  const akin_json *config = akin_json_get(model, "config");
  const akin_json *list = akin_json_is_array(config) ? config : akin_json_get(config, "layers");
  size_t implied = 0;
  akin_status status = akin_keras_graph_read(&m->graph, &r->arena, model, r->err);
  if (status == AKIN_OK) status = config_enter(m);
  if (status != AKIN_OK) return status;
  m->made = akin_arena_array(&r->arena, m->graph.call_count, sizeof *m->made);
  if (!m->made) return akin_fail_memory(r->err, r->arena.used);
  for (size_t i = 0; i < m->graph.call_count; i++)
    m->made[i] = SIZE_MAX;
  if (!m->given && m->graph.input_count == 0 && !m->graph.members[0].is_input) {
    status = config_implied_image(m, model, &implied);
    m->given = &implied;
    m->given_count = 1;
  }
  if (status == AKIN_OK) status = config_make_all(m, list);
  m->given = NULL; /* it may have been a local one */
  return status;
}

/* ---- the whole ---- */

static bool config_is_keras2(const akin_keras_config *options, const akin_json *root) {
  const char *version = options->version ? options->version : akin_json_text(akin_json_get(root, "keras_version"));
  return version && (version[0] == '2' || version[0] == '1');
}

akin_status akin_keras_config_build(akin_layers *layers, const akin_keras_config *config, akin_error *err) {
  const akin_json *root = config->model;
  akin_status status = AKIN_OK;
  config_reader r = {.layers = layers, .options = config, .arena = AKIN_ARENA_INIT(AKIN_LAYERS_BYTES), .err = err};
  config_model model = {.r = &r, .prefix = ""};
  r.keras2 = config_is_keras2(config, root);
  if (akin_keras_is_model(root)) {
    status = config_build_model(&r, &model, root);
  } else {
    const char *name = akin_json_text(akin_json_get(root, "class_name"));
    status =
        akin_fail(err, AKIN_ERROR_UNSUPPORTED,
                  "the model (%.80s) lists no layers: akin reads Sequential and Functional models; export others to "
                  "ONNX",
                  name ? name : "of no class");
  }
  if (status == AKIN_OK && !r.has_input)
    status = akin_fail(err, AKIN_ERROR_UNSUPPORTED, "the model has no input that takes an image");
  if (status == AKIN_OK) layers->output = model.made[model.graph.output] + 1;
  akin_arena_free(&r.arena);
  return status;
}
