/* lower_steps.c - nodes, constants and orders of axes, for all that lowers layers (lowering.h). */
#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "model/lowering.h"

#include <string.h>

void akin_lowering_starve(lowering *lo) {
  if (lo->status == AKIN_OK) lo->status = akin_fail_memory(lo->err, lo->graph->arena.used);
}

static const char *steps_text(lowering *lo, const char *text) {
  const char *copy = text ? akin_arena_text(&lo->graph->arena, text, strlen(text)) : NULL;
  if (!copy) akin_lowering_starve(lo);
  return copy ? copy : "";
}

const char *akin_lowering_name(lowering *lo, const char *base, const char *suffix) {
  if (lo->status != AKIN_OK) return "";
  char *text = akin_format("%s/%s", base, suffix);
  const char *name = steps_text(lo, text);
  akin_free(text);
  return name;
}

const char *akin_lowering_numbered(lowering *lo, const char *base, const char *word, size_t number) {
  if (lo->status != AKIN_OK) return "";
  char *text = akin_format("%s/%s %zu", base, word, number);
  const char *name = steps_text(lo, text);
  akin_free(text);
  return name;
}

/* ---- nodes ---- */

akin_graph_node *akin_lowering_node(lowering *lo, const char *operation, const char *output, const char *const *inputs,
                                    size_t count) {
  if (lo->status != AKIN_OK) return NULL;
  if (akin_graph_computes(lo->graph, output) || akin_graph_find_tensor(lo->graph, output)) {
    lo->status = akin_fail(lo->err, AKIN_ERROR_UNSUPPORTED, "layer %s: its name is that of a part of another", output);
    return NULL;
  }
  akin_graph_node *node = akin_graph_add_node(lo->graph, operation, output, inputs, count);
  if (!node) akin_lowering_starve(lo);
  return node;
}

const char *akin_lowering_unary(lowering *lo, const char *operation, const char *input, const char *output) {
  akin_lowering_node(lo, operation, output, &input, 1);
  return output;
}

const char *akin_lowering_binary(lowering *lo, const char *operation, const char *first, const char *second,
                                 const char *output) {
  akin_lowering_node(lo, operation, output, (const char *const[]){first, second}, 2);
  return output;
}

/* ---- constants ---- */

const char *akin_lowering_values(lowering *lo, const char *name, const float *values, const int64_t *shape,
                                 uint32_t rank) {
  if (lo->status != AKIN_OK) return "";
  const akin_graph_tensor *tensor = akin_graph_add_numbers(lo->graph, name, values, shape, rank);
  if (!tensor) akin_lowering_starve(lo);
  return tensor ? tensor->name : "";
}

const char *akin_lowering_scalar(lowering *lo, double value) {
  if (lo->status != AKIN_OK) return "";
  const float number = (float)value;
  char *text = akin_format("scalar/%.9g", value);
  const akin_graph_tensor *tensor = text ? akin_graph_find_tensor(lo->graph, text) : NULL;
  const char *name = "";
  if (!text)
    akin_lowering_starve(lo);
  else
    name = tensor ? tensor->name : akin_lowering_values(lo, text, &number, NULL, 0);
  akin_free(text);
  return name;
}

const char *akin_lowering_integers(lowering *lo, const int64_t *values, size_t count) {
  if (lo->status != AKIN_OK) return "";
  akin_buffer text = AKIN_BUFFER_INIT(0);
  akin_status status = akin_buffer_append_text(&text, "integers/");
  for (size_t i = 0; i < count && status == AKIN_OK; i++)
    status = akin_buffer_printf(&text, i ? ",%lld" : "%lld", (long long)values[i]);
  const akin_graph_tensor *tensor = status == AKIN_OK ? akin_graph_find_tensor(lo->graph, text.data) : NULL;
  if (status == AKIN_OK && !tensor) tensor = akin_graph_add_integers(lo->graph, text.data, values, count);
  akin_buffer_free(&text);
  if (!tensor) akin_lowering_starve(lo);
  return tensor ? tensor->name : "";
}

const char *akin_lowering_constant(lowering *lo, const char *name, const akin_constant *constant,
                                   const akin_shape *shape) {
  const akin_shape *own = &constant->shape;
  int64_t sizes[AKIN_SHAPE_RANK + 1] = {1, 1, 1, 1, 1}; /* of the batch and the axes in front, 1 */
  size_t count = 1;
  if (own->rank == 0) return akin_lowering_scalar(lo, (double)constant->values[0]);
  for (uint32_t i = 0; i < own->rank; i++) {
    sizes[shape->rank - own->rank + i + 1] = own->size[i];
    count *= own->size[i];
  }
  const uint32_t rank = shape->rank + 1;
  if (shape->rank != 3 || count == own->size[own->rank - 1]) { /* the channels alone are in order as they are */
    if (shape->rank == 3) {
      sizes[1] = sizes[3];
      sizes[3] = 1;
    }
    return akin_lowering_values(lo, name, constant->values, sizes, rank);
  }
  float *turned = akin_alloc(count * sizeof *turned);
  if (!turned) {
    akin_lowering_starve(lo);
    return "";
  }
  const size_t pixels = (size_t)(sizes[1] * sizes[2]), channels = (size_t)sizes[3];
  for (size_t i = 0; i < count; i++)
    turned[i % channels * pixels + i / channels] = constant->values[i];
  name = akin_lowering_values(lo, name, turned, (const int64_t[]){1, sizes[3], sizes[1], sizes[2]}, 4);
  akin_free(turned);
  return name;
}

/* ---- inputs and orders of axes ---- */

const char *akin_lowering_input(const lowering *lo, const akin_layer *layer, size_t number) {
  return lo->layers->at[akin_lower_standing(lo->layers, layer->inputs[number])].name;
}

const akin_shape *akin_lowering_input_shape(const lowering *lo, const akin_layer *layer, size_t number) {
  return &lo->layers->at[layer->inputs[number]].shape;
}

int64_t akin_lowering_axis(const akin_shape *shape, uint32_t axis) {
  static const int64_t of_map[3] = {2, 3, 1};
  return shape->rank == 3 ? of_map[axis] : (int64_t)axis + 1;
}

static const char *steps_transpose(lowering *lo, const char *value, const int64_t axes[4], const char *output) {
  akin_graph_set_integers(akin_lowering_node(lo, "Transpose", output, &value, 1), "perm", axes, 4);
  return output;
}

const char *akin_lowering_to_keras(lowering *lo, const char *value, const akin_shape *shape, const char *base) {
  if (shape->rank != 3) return value;
  return steps_transpose(lo, value, (const int64_t[]){0, 2, 3, 1}, akin_lowering_name(lo, base, "in order"));
}

const char *akin_lowering_from_keras(lowering *lo, const char *value, const akin_shape *shape, const char *output) {
  if (shape->rank != 3) return akin_lowering_unary(lo, "Identity", value, output);
  return steps_transpose(lo, value, (const int64_t[]){0, 3, 1, 2}, output);
}

const char *akin_lowering_reshape(lowering *lo, const char *value, const akin_shape *shape, const char *output) {
  int64_t sizes[AKIN_SHAPE_RANK + 1] = {0}; /* the batch as it is */
  for (uint32_t i = 0; i < shape->rank; i++)
    sizes[i + 1] = shape->size[i];
  return akin_lowering_binary(lo, "Reshape", value, akin_lowering_integers(lo, sizes, shape->rank + 1), output);
}
