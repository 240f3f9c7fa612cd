/* lower_forms.c - layers that compute nothing and put values in another order or together (lowering.h). */
#include "base/memory.h"
#include "model/lowering.h"

/* Flatten and Reshape: the order of the numbers is Keras'. */
static void forms_reshape(lowering *lo, const akin_layer *layer, const char *output) {
  const akin_shape *from = akin_lowering_input_shape(lo, layer, 0);
  const char *value = akin_lowering_input(lo, layer, 0);
  const bool turned = from->rank == 3 && from->size[0] * from->size[1] > 1;
  if (turned) value = akin_lowering_to_keras(lo, value, from, layer->name);
  if (layer->shape.rank == 3) {
    value = akin_lowering_reshape(lo, value, &layer->shape, akin_lowering_name(lo, layer->name, "reshaped"));
    akin_lowering_from_keras(lo, value, &layer->shape, output);
  } else {
    akin_lowering_reshape(lo, value, &layer->shape, output);
  }
}

void akin_lower_flatten(lowering *lo, const akin_layer *layer, const char *output) {
  forms_reshape(lo, layer, output);
}

void akin_lower_reshape(lowering *lo, const akin_layer *layer, const char *output) {
  forms_reshape(lo, layer, output);
}

void akin_lower_permute(lowering *lo, const akin_layer *layer, const char *output) {
  const char *value = akin_lowering_input(lo, layer, 0);
  const akin_shape *shape = &layer->shape;
  int64_t axes[AKIN_SHAPE_RANK + 1] = {0};
  for (uint32_t i = 0; i < shape->rank; i++) /* where the values have it */
    axes[akin_lowering_axis(shape, i)] = akin_lowering_axis(shape, layer->as.permute.axes[i]);
  akin_graph_set_integers(akin_lowering_node(lo, "Transpose", output, &value, 1), "perm", axes, shape->rank + 1);
}

static void forms_join(lowering *lo, const char *const *values, size_t count, int64_t axis, const char *output) {
  akin_graph_set_integer(akin_lowering_node(lo, "Concat", output, values, count), "axis", axis);
}

void akin_lower_concatenate(lowering *lo, const akin_layer *layer, const char *output) {
  uint32_t axis = 0;
  const char **values = akin_calloc(layer->input_count, sizeof *values);
  if (!values) {
    akin_lowering_starve(lo);
    return;
  }
  akin_layers_axis(&axis, layer->as.concatenate.axis, layer->shape.rank);
  for (size_t i = 0; i < layer->input_count; i++)
    values[i] = akin_lowering_input(lo, layer, i);
  forms_join(lo, values, layer->input_count, akin_lowering_axis(&layer->shape, axis), output);
  akin_free(values);
}

/* One input of a Stack, in Keras' order and with the new axis. */
static const char *forms_stacked(lowering *lo, const akin_layer *layer, size_t number, int64_t axis) {
  const akin_shape *shape = akin_lowering_input_shape(lo, layer, number);
  const char *part = akin_lowering_numbered(lo, layer->name, "part", number + 1);
  const char *value = akin_lowering_to_keras(lo, akin_lowering_input(lo, layer, number), shape, part);
  return akin_lowering_binary(lo, "Unsqueeze", value, akin_lowering_integers(lo, &axis, 1), part);
}

void akin_lower_stack(lowering *lo, const akin_layer *layer, const char *output) {
  uint32_t axis = 0;
  const char **values = akin_calloc(layer->input_count, sizeof *values);
  if (!values) {
    akin_lowering_starve(lo);
    return;
  }
  akin_layers_axis(&axis, layer->as.concatenate.axis, layer->shape.rank);
  for (size_t i = 0; i < layer->input_count; i++)
    values[i] = forms_stacked(lo, layer, i, (int64_t)axis + 1);
  const char *joined = layer->shape.rank == 3 ? akin_lowering_name(lo, layer->name, "stacked") : output;
  forms_join(lo, values, layer->input_count, (int64_t)axis + 1, joined);
  if (layer->shape.rank == 3) akin_lowering_from_keras(lo, joined, &layer->shape, output);
  akin_free(values);
}

/* Where slices of an axis start, end, and in what steps, as ONNX wants them. */
typedef struct forms_slices {
  int64_t starts[AKIN_SHAPE_RANK], ends[AKIN_SHAPE_RANK], axes[AKIN_SHAPE_RANK], steps[AKIN_SHAPE_RANK];
  size_t count;
} forms_slices;

static void forms_add_slice(forms_slices *s, const akin_slice *slice, int64_t axis) {
  const int64_t past = slice->start + (int64_t)slice->count * slice->step;
  s->starts[s->count] = slice->start;
  s->ends[s->count] = past < 0 ? INT64_MIN : past; /* in front of the first: -1 would be the last */
  s->axes[s->count] = axis;
  s->steps[s->count++] = slice->step;
}

/* In Keras' order when an axis goes, because a map without one of its axes is no map. */
void akin_lower_get_item(lowering *lo, const akin_layer *layer, const char *output) {
  const akin_shape *shape = akin_lowering_input_shape(lo, layer, 0);
  const char *value = akin_lowering_input(lo, layer, 0), *name = layer->name;
  int64_t dropped[AKIN_SHAPE_RANK] = {0};
  size_t drops = 0;
  forms_slices s = {.count = 0};
  for (uint32_t i = 0; i < shape->rank; i++)
    if (layer->as.get_item.at[i].drop) dropped[drops++] = (int64_t)i + 1;
  for (uint32_t i = 0; i < shape->rank; i++)
    forms_add_slice(&s, &layer->as.get_item.at[i], drops ? (int64_t)i + 1 : akin_lowering_axis(shape, i));
  if (drops) value = akin_lowering_to_keras(lo, value, shape, name);
  const char *inputs[5] = {value, akin_lowering_integers(lo, s.starts, s.count),
                           akin_lowering_integers(lo, s.ends, s.count), akin_lowering_integers(lo, s.axes, s.count),
                           akin_lowering_integers(lo, s.steps, s.count)};
  const char *taken = drops ? akin_lowering_name(lo, name, "taken") : output;
  akin_lowering_node(lo, "Slice", taken, inputs, 5);
  if (!drops) return;
  const bool map = layer->shape.rank == 3;
  const char *squeezed = akin_lowering_binary(lo, "Squeeze", taken, akin_lowering_integers(lo, dropped, drops),
                                              map ? akin_lowering_name(lo, name, "squeezed") : output);
  if (map) akin_lowering_from_keras(lo, squeezed, &layer->shape, output);
}
