/*
 * net_fit.c - a network made to take what the runtime gives and to compute in f32 (akin_net_fit).
 *
 * In front of its own input come, where it needs them: the sum of the channels that makes an image grey, the axes in
 * its order, whole numbers. What the runtime gives gets a name of its own then, so that no node need be changed.
 */
#include "model/net.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/net_numbers.h"

#include <string.h>

#define FIT_NAME "akin/%s%s"

/* ---- f32 ---- */

static akin_status fit_constant(akin_graph *graph, akin_graph_attribute *attribute, akin_error *err) {
  const akin_graph_tensor *from = attribute->constant;
  if (!akin_element_is_float((int)from->type)) return AKIN_OK;
  const size_t count = (size_t)from->bytes / akin_element_size((int)from->type);
  akin_graph_tensor *made = akin_arena_alloc(&graph->arena, sizeof *made);
  float *values = akin_arena_array(&graph->arena, count, sizeof *values);
  if (!made || !values) return akin_fail_memory(err, count * sizeof *values);
  *made = *from;
  made->type = AKIN_ELEMENT_F32;
  made->values = values;
  made->bytes = count * sizeof *values;
  attribute->constant = made;
  return akin_net_convert(values, from->values, from->type, count, count == 1, attribute->name, err);
}

/* Everything that says of what kind of floating-point numbers something is to be, says f32. */
static akin_status fit_attributes(akin_graph *graph, akin_graph_node *node, akin_error *err) {
  akin_status status = AKIN_OK;
  for (size_t i = 0; i < node->attribute_count && status == AKIN_OK; i++) {
    akin_graph_attribute *attribute = &node->attributes[i];
    const bool names_type = attribute->kind == AKIN_GRAPH_INTEGER &&
                            (strcmp(attribute->name, "to") == 0 || strcmp(attribute->name, "dtype") == 0);
    if (names_type && attribute->integer >= 0 && attribute->integer <= AKIN_ELEMENT_BF16 &&
        akin_element_is_float((int)attribute->integer))
      attribute->integer = AKIN_ELEMENT_F32;
    if (attribute->kind == AKIN_GRAPH_CONSTANT) status = fit_constant(graph, attribute, err);
  }
  return status;
}

/* Features of a network that draws numbers at random could not be compared. */
static akin_status fit_check_operation(const akin_graph_node *node, akin_error *err) {
  static const char *const random[] = {"RandomNormal",      "RandomNormalLike", "RandomUniform",
                                       "RandomUniformLike", "Bernoulli",        "Multinomial"};
  if (!AKIN_TEXT_AMONG(node->operation, random)) return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_UNSUPPORTED,
                   "node '%s', %s: gives other numbers whenever it runs: export the network in evaluation mode",
                   *node->name ? node->name : node->outputs[0], node->operation);
}

/* ---- the input ---- */

/* A name that nothing has yet. */
static const char *fit_name(akin_graph *graph, const char *what) {
  char marks[8] = "";
  for (size_t n = 0; n < sizeof marks; n++) {
    char *name = akin_format(FIT_NAME, what, marks);
    const char *kept = name ? akin_arena_text(&graph->arena, name, strlen(name)) : NULL;
    akin_free(name);
    if (!kept) return NULL;
    if (!akin_graph_computes(graph, kept) && !akin_graph_find_tensor(graph, kept)) return kept;
    if (n + 1 < sizeof marks) marks[n] = '_';
  }
  return NULL;
}

/* One more step in front: reads *value and gives what *value then is. */
static akin_graph_node *fit_step(akin_graph *graph, const char **value, const char *operation, const char *output) {
  const char *const input = *value;
  if (!output) return NULL;
  *value = output;
  return akin_graph_add_node(graph, operation, output, &input, 1);
}

/* How bright the eye sees red, green and blue, as ITU-R BT.601 has it and Pillow's "L"; what becomes a whole number is
 * rounded as there. */
static bool fit_grey(akin_graph *graph, const char **value, const char *output, bool whole) {
  static const float weights[3] = {19595.f / 65536, 38470.f / 65536, 7471.f / 65536}, half[1] = {0.5f};
  const char *const inputs[3] = {*value, fit_name(graph, "brightness"), fit_name(graph, "half")};
  if (!output || !inputs[1] || !inputs[2]) return false;
  *value = output;
  return akin_graph_add_numbers(graph, inputs[1], weights, (const int64_t[]){1, 3, 1, 1}, 4) &&
         (!whole || akin_graph_add_numbers(graph, inputs[2], half, (const int64_t[]){1}, 1)) &&
         akin_graph_add_node(graph, "Conv", output, inputs, whole ? 3 : 2);
}

static bool fit_turn(akin_graph *graph, const char **value, const char *output) {
  akin_graph_node *node = fit_step(graph, value, "Transpose", output);
  akin_graph_set_integers(node, "perm", (const int64_t[]){0, 2, 3, 1}, 4);
  return node;
}

static bool fit_bytes(akin_graph *graph, const char **value, const char *output) {
  akin_graph_node *node = fit_step(graph, value, "Cast", output);
  akin_graph_set_integer(node, "to", AKIN_ELEMENT_U8);
  return node;
}

static akin_status fit_input(akin_net *net, uint32_t width, uint32_t height, akin_error *err) {
  akin_graph *graph = &net->network.graph;
  const char *own = net->image.name, *value = own;
  const bool bytes = net->image.type == AKIN_ELEMENT_U8, turned = net->channels_last, grey = net->grey;
  graph->input.name = own; /* so that no step gets its name */
  if (bytes || turned || grey) value = fit_name(graph, "image");
  bool made = value && akin_graph_set_value(graph, &graph->input, value, (const int64_t[]){1, 3, height, width}, 4);
  if (made && grey) made = fit_grey(graph, &value, turned || bytes ? fit_name(graph, "grey") : own, bytes);
  if (made && turned) made = fit_turn(graph, &value, bytes ? fit_name(graph, "turned") : own);
  if (made && bytes) made = fit_bytes(graph, &value, own);
  if (!made || graph->arena.starved) return akin_fail_memory(err, graph->arena.used);
  net->network.inputs = &graph->input;
  net->network.input_count = 1;
  return akin_graph_sort(graph, &graph->input, 1, err); /* the new ones come first */
}

akin_status akin_net_fit(akin_net *net, const char *layer, uint32_t width, uint32_t height, akin_error *err) {
  akin_graph *graph = &net->network.graph;
  const char **wanted = akin_arena_array(&graph->arena, net->output_count + 1, sizeof *wanted);
  size_t count = net->output_count;
  if (!wanted) return akin_fail_memory(err, net->output_count * sizeof *wanted);
  memcpy(wanted, net->outputs, count * sizeof *wanted);
  if (layer) wanted[count++] = layer;
  akin_status status = akin_graph_keep(graph, wanted, count, err);
  for (size_t i = 0; i < graph->node_count && status == AKIN_OK; i++) {
    status = fit_check_operation(&graph->nodes[i], err);
    if (status == AKIN_OK) status = fit_attributes(graph, &graph->nodes[i], err);
  }
  return status == AKIN_OK ? fit_input(net, width, height, err) : status;
}
