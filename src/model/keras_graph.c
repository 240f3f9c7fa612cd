/* keras_graph.c - layers and calls of one model in a Keras configuration (keras_graph.h). */
#include "model/keras_graph.h"

#include "base/error.h"
#include "base/memory.h"
#include "model/layers.h"

#include <stdlib.h>
#include <string.h>

#define GRAPH_OPERANDS_MOST 4096u /* of one call */
#define GRAPH_NAMED_MOST    64u   /* settings in one call */

typedef struct graph_name {
  const char *name;
  size_t member;
} graph_name;

typedef struct graph_reader {
  akin_keras_graph *graph;
  akin_arena *arena;
  graph_name *names; /* sorted */
  const char *layer; /* whose calls are read, for messages */
  bool older;        /* calls are written as Keras 2 does */
  akin_keras_operand operands[GRAPH_OPERANDS_MOST];
  size_t operand_count;
  akin_status status;
  akin_error *err;
} graph_reader;

static void graph_fail(graph_reader *r, akin_status status, const char *what, const char *text) {
  if (r->status == AKIN_OK) r->status = akin_fail(r->err, status, "layer %s: %s%.80s", r->layer, what, text);
}

static void graph_starve(graph_reader *r) {
  if (r->status == AKIN_OK) r->status = akin_fail_memory(r->err, r->arena->used);
}

/* ---- members ---- */

static const akin_json *graph_list(const akin_json *model) {
  const akin_json *config = akin_json_get(model, "config");
  return akin_json_is_array(config) ? config : akin_json_get(config, "layers"); /* Keras 2.2's Sequential: a list */
}

bool akin_keras_is_model(const akin_json *model) {
  const char *name = akin_json_text(akin_json_get(model, "class_name"));
  if (akin_json_is_array(graph_list(model))) return name != NULL;
  return false;
}

static const char *graph_text(const akin_json *object, const char *key, const char *otherwise) {
  const char *text = akin_json_text(akin_json_get(object, key));
  return text ? text : otherwise;
}

static bool graph_is_operation(const akin_keras_member *m) {
  static const char *const classes[] = {"TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"};
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
    if (strcmp(m->class_name, classes[i]) == 0) return true;
  if (strstr(m->module, ".ops.") || strstr(m->module, ".activations.activations")) return true;
  return !*m->module && !m->is_input && !m->is_model && !akin_json_get(m->config, "trainable"); /* whole .h5 files */
}

static void graph_read_member(graph_reader *r, akin_keras_member *m, const akin_json *json) {
  m->config = akin_json_get(json, "config");
  m->class_name = graph_text(json, "class_name", NULL);
  m->module = graph_text(json, "module", "");
  m->name = graph_text(json, "name", graph_text(m->config, "name", NULL));
  m->nodes = akin_json_get(json, "inbound_nodes");
  r->layer = m->name ? m->name : "?";
  if (!m->name || !m->class_name || !m->config || !*m->name) {
    graph_fail(r, AKIN_ERROR_FORMAT, "has no name, no class or no settings", "");
    return;
  }
  m->is_model = akin_keras_is_model(json);
  m->is_input = strcmp(m->class_name, "InputLayer") == 0;
  m->is_operation = graph_is_operation(m);
}

static void graph_read_members(graph_reader *r, const akin_json *list) {
  akin_keras_graph *g = r->graph;
  g->member_count = akin_json_count(list);
  if (g->member_count == 0 || g->member_count > AKIN_LAYERS_MOST) {
    r->status =
        akin_fail(r->err, g->member_count ? AKIN_ERROR_LIMIT : AKIN_ERROR_FORMAT,
                  "model %s: has %zu layers, of 1 to %u that akin takes", g->name, g->member_count, AKIN_LAYERS_MOST);
    return;
  }
  g->members = akin_arena_array(r->arena, g->member_count, sizeof *g->members);
  if (!g->members) graph_starve(r);
  for (size_t i = 0; i < g->member_count && r->status == AKIN_OK; i++)
    graph_read_member(r, &g->members[i], akin_json_at(list, i));
}

static int graph_compare_names(const void *a, const void *b) {
  return strcmp(((const graph_name *)a)->name, ((const graph_name *)b)->name);
}

static void graph_sort_names(graph_reader *r) {
  const akin_keras_graph *g = r->graph;
  r->names = akin_arena_array(r->arena, g->member_count, sizeof *r->names);
  if (!r->names) {
    graph_starve(r);
    return;
  }
  for (size_t i = 0; i < g->member_count; i++)
    r->names[i] = (graph_name){g->members[i].name, i};
  qsort(r->names, g->member_count, sizeof *r->names, graph_compare_names);
  for (size_t i = 1; i < g->member_count; i++) {
    if (strcmp(r->names[i - 1].name, r->names[i].name) != 0) continue;
    r->layer = r->names[i].name;
    graph_fail(r, AKIN_ERROR_FORMAT, "there are two of this name", "");
  }
}

/* member_count: none */
static size_t graph_find(const graph_reader *r, const char *name) {
  const graph_name key = {name, 0};
  const graph_name *found = bsearch(&key, r->names, r->graph->member_count, sizeof *r->names, graph_compare_names);
  return found ? found->member : r->graph->member_count;
}

/* ---- references ---- */

/* ["conv1", 0, 0]: the first output of the first call of conv1. Keras 2 writes more behind it. */
static bool graph_is_reference(const akin_json *value) {
  int64_t number = 0;
  const size_t count = akin_json_count(value);
  return akin_json_is_array(value) && (count == 3 || count == 4) && akin_json_text(akin_json_at(value, 0)) &&
         akin_json_integer(&number, akin_json_at(value, 1)) && akin_json_integer(&number, akin_json_at(value, 2));
}

/* The call that a reference names. Keras 2 counts the making of a model as its first call. */
static size_t graph_resolve(graph_reader *r, const akin_json *reference) {
  int64_t number = 0, output = 0;
  const char *name = akin_json_text(akin_json_at(reference, 0));
  const size_t found = graph_find(r, name);
  if (found == r->graph->member_count) {
    graph_fail(r, AKIN_ERROR_FORMAT, "there is no layer ", name);
    return 0;
  }
  const akin_keras_member *m = &r->graph->members[found];
  akin_json_integer(&number, akin_json_at(reference, 1));
  akin_json_integer(&output, akin_json_at(reference, 2));
  if (r->older && m->is_model && number > 0) number--;
  if (number < 0 || (uint64_t)number >= m->call_count) {
    graph_fail(r, AKIN_ERROR_FORMAT, "waits for a call that is not made, of layer ", name);
    return 0;
  }
  if (output != 0) graph_fail(r, AKIN_ERROR_UNSUPPORTED, "reads another than the first output of layer ", name);
  return m->first_call + (size_t)number;
}

static void graph_add_operand(graph_reader *r, const akin_keras_operand *operand) {
  if (r->operand_count == GRAPH_OPERANDS_MOST)
    graph_fail(r, AKIN_ERROR_LIMIT, "is called with too many values", "");
  else if (r->status == AKIN_OK)
    r->operands[r->operand_count++] = *operand;
}

static void graph_add_tensor(graph_reader *r, const akin_json *reference) {
  const size_t call = graph_resolve(r, reference);
  graph_add_operand(r, &(akin_keras_operand){.is_tensor = true, .call = call});
}

static void graph_add_value(graph_reader *r, const akin_json *value) {
  graph_add_operand(r, &(akin_keras_operand){.value = value});
}

/* ---- what Keras 3 calls with: {"args": […], "kwargs": {…}} ---- */

/* ["conv1", 0, 0] out of {"class_name": "__keras_tensor__", "config": {"keras_history": …}}; NULL: no tensor */
static const akin_json *graph_tensor(const akin_json *value) {
  const char *name = akin_json_text(akin_json_get(value, "class_name"));
  if (!name || strcmp(name, "__keras_tensor__") != 0) return NULL;
  const akin_json *history = akin_json_get(akin_json_get(value, "config"), "keras_history");
  return graph_is_reference(history) ? history : NULL;
}

/* The tensors in nested lists; how many there are. */
static size_t graph_add_tensors(graph_reader *r, const akin_json *value) {
  const akin_json *tensor = graph_tensor(value);
  size_t found = 0;
  if (tensor) {
    graph_add_tensor(r, tensor);
    return 1;
  }
  if (!akin_json_is_array(value)) return 0;
  for (size_t i = 0; i < akin_json_count(value) && r->status == AKIN_OK; i++)
    found += graph_add_tensors(r, akin_json_at(value, i));
  return found;
}

static void graph_read_arguments(graph_reader *r, const akin_json *node) {
  const akin_json *arguments = akin_json_get(node, "args"), *named = akin_json_get(node, "kwargs");
  for (size_t i = 0; i < akin_json_count(arguments) && r->status == AKIN_OK; i++) {
    const akin_json *argument = akin_json_at(arguments, i);
    if (graph_add_tensors(r, argument)) continue;
    bool flag = false;
    if (!akin_json_is_null(argument) && !akin_json_boolean(&flag, argument))
      graph_add_value(r, argument); /* training or not: no value */
  }
  if (akin_json_count(named) > GRAPH_NAMED_MOST) graph_fail(r, AKIN_ERROR_LIMIT, "is called with too many values", "");
  for (size_t i = 0; i < akin_json_count(named) && r->status == AKIN_OK; i++)
    graph_add_tensors(r, akin_json_get(named, akin_json_key_at(named, i)));
}

/* ---- what Keras 2 calls with: [["conv1", 0, 0, {"y": …}], …], or one of these alone ---- */

/* A setting of a call: a tensor, a list of tensors, or one of the values that stand for a tensor. */
static void graph_read_named(graph_reader *r, const char *key, const akin_json *value) {
  if (graph_is_reference(value)) {
    graph_add_tensor(r, value);
  } else if (akin_json_is_array(value) && graph_is_reference(akin_json_at(value, 0))) {
    for (size_t i = 0; i < akin_json_count(value) && r->status == AKIN_OK; i++)
      if (graph_is_reference(akin_json_at(value, i))) graph_add_tensor(r, akin_json_at(value, i));
  } else if (value && (strcmp(key, "y") == 0 || strcmp(key, "bias") == 0)) {
    graph_add_value(r, value);
  }
}

static void graph_read_older(graph_reader *r, akin_keras_node *call, const akin_json *item) {
  const char *name = akin_json_text(akin_json_at(item, 0));
  const akin_json *named = akin_json_at(item, 3);
  if (name && strcmp(name, "_CONSTANT_VALUE") == 0) {
    graph_add_value(r, akin_json_at(item, 2));
  } else if (graph_is_reference(item)) {
    graph_add_tensor(r, item);
  } else {
    graph_fail(r, AKIN_ERROR_FORMAT, "its inputs are not as Keras writes them", "");
    return;
  }
  if (!call->settings) call->settings = named;
  if (akin_json_count(named) > GRAPH_NAMED_MOST) graph_fail(r, AKIN_ERROR_LIMIT, "is called with too many values", "");
  for (size_t i = 0; i < akin_json_count(named) && r->status == AKIN_OK; i++) {
    const char *key = akin_json_key_at(named, i);
    graph_read_named(r, key, akin_json_get(named, key));
  }
}

static void graph_read_list(graph_reader *r, akin_keras_node *call) {
  if (akin_json_text(akin_json_at(call->json, 0))) {
    graph_read_older(r, call, call->json);
    return;
  }
  for (size_t i = 0; i < akin_json_count(call->json) && r->status == AKIN_OK; i++)
    graph_read_older(r, call, akin_json_at(call->json, i));
}

/* ---- calls ---- */

static void graph_keep_operands(graph_reader *r, akin_keras_node *call) {
  call->operands = akin_arena_array(r->arena, r->operand_count, sizeof *call->operands);
  if (!call->operands) {
    graph_starve(r);
    return;
  }
  if (r->operand_count) memcpy(call->operands, r->operands, r->operand_count * sizeof *call->operands);
  call->operand_count = r->operand_count;
}

static void graph_read_call(graph_reader *r, akin_keras_node *call) {
  r->layer = r->graph->members[call->layer].name;
  r->operand_count = 0;
  if (akin_json_is_object(call->json))
    graph_read_arguments(r, call->json);
  else if (akin_json_is_array(call->json))
    graph_read_list(r, call);
  graph_keep_operands(r, call);
}

/* Each call of a member is known by its number before what it is called with is read: calls refer to each other. */
static void graph_count_calls(graph_reader *r, bool sequential) {
  akin_keras_graph *g = r->graph;
  for (size_t i = 0; i < g->member_count; i++) {
    akin_keras_member *m = &g->members[i];
    m->first_call = g->call_count;
    m->call_count = sequential || m->is_input ? 1 : akin_json_count(m->nodes);
    r->layer = m->name;
    if (m->call_count == 0) graph_fail(r, AKIN_ERROR_FORMAT, "is never called", "");
    if (m->call_count > AKIN_LAYERS_MOST - g->call_count) graph_fail(r, AKIN_ERROR_LIMIT, "one call too many", "");
    if (r->status != AKIN_OK) return;
    g->call_count += m->call_count;
    if (akin_json_is_array(akin_json_at(m->nodes, 0))) r->older = true;
  }
  g->calls = akin_arena_array(r->arena, g->call_count, sizeof *g->calls);
  if (!g->calls) {
    graph_starve(r);
    return;
  }
  for (size_t i = 0; i < g->member_count; i++) {
    const akin_keras_member *m = &g->members[i];
    for (size_t k = 0; k < m->call_count; k++)
      g->calls[m->first_call + k] = (akin_keras_node){.layer = i, .number = k, .json = akin_json_at(m->nodes, k)};
  }
}

/* ---- the two kinds of model ---- */

static void graph_read_sequential(graph_reader *r) {
  akin_keras_graph *g = r->graph;
  graph_count_calls(r, true);
  for (size_t i = 0; i < g->call_count && r->status == AKIN_OK; i++) {
    r->operands[0] = (akin_keras_operand){.is_tensor = true, .call = i ? i - 1 : AKIN_KERAS_GIVEN};
    r->operand_count = g->members[i].is_input ? 0 : 1;
    graph_keep_operands(r, &g->calls[i]);
  }
  g->output = g->call_count - 1;
}

/* References in lists and objects of any depth, to at most `most` calls; how many there are. */
static size_t graph_collect(graph_reader *r, const akin_json *value, size_t *calls, size_t most) {
  if (r->status != AKIN_OK || most == 0) return 0;
  if (graph_is_reference(value)) {
    *calls = graph_resolve(r, value);
    return 1;
  }
  size_t found = 0;
  if (akin_json_is_object(value) && akin_json_count(value) > GRAPH_NAMED_MOST)
    graph_fail(r, AKIN_ERROR_LIMIT, "has too many inputs or outputs", "");
  for (size_t i = 0; i < akin_json_count(value) && found < most && r->status == AKIN_OK; i++) {
    const akin_json *item =
        akin_json_is_array(value) ? akin_json_at(value, i) : akin_json_get(value, akin_json_key_at(value, i));
    found += graph_collect(r, item, calls + found, most - found);
  }
  return found;
}

static void graph_read_functional(graph_reader *r, const akin_json *config) {
  akin_keras_graph *g = r->graph;
  graph_sort_names(r);
  if (r->status == AKIN_OK) graph_count_calls(r, false);
  for (size_t i = 0; i < g->call_count && r->status == AKIN_OK; i++)
    graph_read_call(r, &g->calls[i]);
  if (r->status != AKIN_OK) return;
  size_t *inputs = akin_arena_array(r->arena, g->member_count, sizeof *inputs);
  if (!inputs) {
    graph_starve(r);
    return;
  }
  r->layer = g->name;
  g->input_count = graph_collect(r, akin_json_get(config, "input_layers"), inputs, g->member_count);
  for (size_t i = 0; i < g->input_count; i++)
    inputs[i] = g->calls[inputs[i]].layer;
  g->inputs = inputs;
  if (graph_collect(r, akin_json_get(config, "output_layers"), &g->output, 1) == 0)
    graph_fail(r, AKIN_ERROR_FORMAT, "has no output", "");
}

akin_status akin_keras_graph_read(akin_keras_graph *graph, akin_arena *arena, const akin_json *model, akin_error *err) {
  *graph = (akin_keras_graph){0};
  graph_reader *r = akin_calloc(1, sizeof *r);
  if (!r) return akin_fail_memory(err, sizeof *r);
  r->graph = graph;
  r->arena = arena;
  r->err = err;
  const akin_json *config = akin_json_get(model, "config");
  graph->name = graph_text(config, "name", graph_text(model, "name", graph_text(model, "class_name", "")));
  graph_read_members(r, graph_list(model));
  if (r->status == AKIN_OK && akin_json_get(config, "output_layers"))
    graph_read_functional(r, config);
  else if (r->status == AKIN_OK)
    graph_read_sequential(r);
  const akin_status status = r->status;
  akin_free(r);
  return status;
}
