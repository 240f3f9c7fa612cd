/* layers.c - the list of layers (layers.h). */
#include "model/layers.h"

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "model/kinds.h"

#include <string.h>

#define LAYERS_SIZE_MOST   0x1000000u   /* along one axis */
#define LAYERS_VOLUME_MOST 0x7FFFFFFFu  /* numbers in one output */
#define LAYERS_WEIGHT_MOST 0xFFFFFFFFFu /* numbers in one weight */

akin_status akin_layers_starved(const akin_arena *arena, akin_error *err) {
  if (!arena->full) return akin_fail_memory(err, arena->used);
  return akin_fail(err, AKIN_ERROR_LIMIT, "its layers take more than %zu bytes of memory besides their weights",
                   arena->ceiling);
}

/* ---- a layer resolved: its shape and weights worked out ---- */

static bool layers_product_within(const uint32_t *sizes, uint32_t rank, uint64_t most) {
  uint64_t product = 1; /* below 2^36 times below 2^24 */
  for (uint32_t i = 0; i < rank; i++) {
    if (!sizes[i] || sizes[i] > LAYERS_SIZE_MOST) return false;
    product *= sizes[i];
    if (product > most) return false;
  }
  return true;
}

static bool layers_sizes_fit(const akin_layer *layer) {
  for (size_t i = 0; i < layer->weight_count; i++)
    if (!layers_product_within(layer->weights[i].shape, layer->weights[i].rank, LAYERS_WEIGHT_MOST)) return false;
  return layers_product_within(layer->shape.size, layer->shape.rank, LAYERS_VOLUME_MOST);
}

/* ": [5, 5, 3] and [7]" */
static akin_status layers_describe_inputs(akin_buffer *out, const akin_layers *layers, const akin_layer *layer) {
  akin_status status = akin_buffer_append_text(out, "");
  for (size_t i = 0; i < layer->input_count && status == AKIN_OK; i++) {
    const akin_shape *shape = &layers->at[layer->inputs[i]].shape;
    status = akin_buffer_append_text(out, i ? " and [" : " of [");
    for (uint32_t k = 0; k < shape->rank && status == AKIN_OK; k++)
      status = akin_buffer_printf(out, k ? ", %u" : "%u", shape->size[k]);
    if (status == AKIN_OK) status = akin_buffer_append_text(out, "]");
  }
  return status;
}

static akin_status layers_misfit(const akin_layers *layers, const akin_layer *layer, akin_error *err) {
  akin_buffer shapes = AKIN_BUFFER_INIT(0);
  akin_status status = layers_describe_inputs(&shapes, layers, layer);
  if (status == AKIN_OK) {
    status = akin_fail(err, AKIN_ERROR_FORMAT,
                       "layer %s (%s): with these settings it cannot stand behind %zu input%s%.200s", layer->name,
                       akin_layer_class(layer), layer->input_count, layer->input_count == 1 ? "" : "s", shapes.data);
  } else {
    status = akin_fail_memory(err, shapes.size);
  }
  akin_buffer_free(&shapes);
  return status;
}

static akin_status layers_resolve(const akin_layers *layers, akin_layer *layer, akin_error *err) {
  const akin_kind *kind = akin_kind_of(layer->kind);
  size_t bytes = 0;
  const akin_shape **shapes = akin_multiply(&bytes, layer->input_count, sizeof *shapes) ? akin_alloc(bytes) : NULL;
  if (!shapes) return akin_fail_memory(err, layer->input_count * sizeof *shapes);
  for (size_t i = 0; i < layer->input_count; i++)
    shapes[i] = &layers->at[layer->inputs[i]].shape;
  layer->weight_count = 0;
  const bool fits = layer->input_count >= kind->least && layer->input_count <= kind->most && kind->set(layer, shapes) &&
                    layers_sizes_fit(layer);
  akin_free(shapes);
  return fits ? AKIN_OK : layers_misfit(layers, layer, err);
}

/* ---- a layer made the list's own ---- */

static bool layers_own_text(akin_layers *layers, const char **text) {
  if (!*text) return true;
  *text = akin_arena_text(&layers->arena, *text, strlen(*text));
  return *text != NULL;
}

static bool layers_own_constant(akin_layers *layers, akin_constant *constant) {
  if (!constant->values) return true;
  size_t count = 1;
  for (uint32_t i = 0; i < constant->shape.rank; i++)
    if (!akin_multiply(&count, count, constant->shape.size[i])) return false;
  constant->values = akin_arena_copy(&layers->arena, constant->values, count, sizeof *constant->values);
  return constant->values != NULL;
}

static bool layers_own(akin_layers *layers, akin_layer *layer, const size_t *inputs) {
  layer->inputs = akin_arena_copy(&layers->arena, inputs, layer->input_count, sizeof *inputs);
  bool own = layer->inputs && layers_own_text(layers, &layer->name) && layers_own_text(layers, &layer->class_name);
  if (layer->kind == AKIN_LAYER_ARITHMETIC) own = own && layers_own_constant(layers, &layer->as.arithmetic.constant);
  if (layer->kind == AKIN_LAYER_RESCALING) {
    own = own && layers_own_constant(layers, &layer->as.rescaling.scale) &&
          layers_own_constant(layers, &layer->as.rescaling.offset);
  }
  if (layer->kind == AKIN_LAYER_NORMALIZATION) {
    own = own && layers_own_constant(layers, &layer->as.standard.mean) &&
          layers_own_constant(layers, &layer->as.standard.variance);
  }
  return own;
}

akin_status akin_layers_add(akin_layers *layers, const akin_layer *layer, const size_t *inputs, size_t input_count,
                            akin_error *err) {
  if (akin_layers_find(layers, layer->name) != layers->count)
    return akin_fail(err, AKIN_ERROR_FORMAT, "two layers are named %s", layer->name);
  if (layers->count == AKIN_LAYERS_MOST)
    return akin_fail(err, AKIN_ERROR_LIMIT, "layer %s: a network of more than %u layers", layer->name,
                     AKIN_LAYERS_MOST);
  for (size_t i = 0; i < input_count; i++)
    if (inputs[i] >= layers->count)
      return akin_fail(err, AKIN_ERROR_FORMAT, "layer %s: its input %zu is not there", layer->name, i + 1);
  akin_layer *at = akin_arena_room(&layers->arena, layers->at, layers->count, &layers->room, sizeof *at);
  if (!at) return akin_layers_starved(&layers->arena, err);
  layers->at = at;
  akin_layer *added = &at[layers->count];
  *added = *layer;
  added->input_count = input_count;
  if (!layers_own(layers, added, inputs)) return akin_layers_starved(&layers->arena, err);
  akin_status status = layers_resolve(layers, added, err);
  if (status == AKIN_OK) layers->count++;
  return status;
}

akin_status akin_layers_enter(akin_layers *layers, const akin_layers_entry *entry, akin_error *err) {
  akin_layers_entry *entries =
      akin_arena_room(&layers->arena, layers->entries, layers->entry_count, &layers->entry_room, sizeof *entries);
  if (!entries) return akin_layers_starved(&layers->arena, err);
  layers->entries = entries;
  akin_layers_entry *added = &entries[layers->entry_count];
  *added = *entry;
  if (!layers_own_text(layers, &added->name) || !layers_own_text(layers, &added->class_name))
    return akin_layers_starved(&layers->arena, err);
  layers->entry_count++;
  return AKIN_OK;
}

void akin_layers_free(akin_layers *layers) {
  akin_arena_free(&layers->arena);
  *layers = (akin_layers)AKIN_LAYERS_INIT;
}

/* ---- what is asked of it ---- */

const char *akin_weight_role_name(akin_weight_role role) {
  static const char *const names[] = {
      [AKIN_WEIGHT_KERNEL] = "kernel",
      [AKIN_WEIGHT_DEPTHWISE_KERNEL] = "depthwise_kernel",
      [AKIN_WEIGHT_POINTWISE_KERNEL] = "pointwise_kernel",
      [AKIN_WEIGHT_BIAS] = "bias",
      [AKIN_WEIGHT_GAMMA] = "gamma",
      [AKIN_WEIGHT_BETA] = "beta",
      [AKIN_WEIGHT_MOVING_MEAN] = "moving_mean",
      [AKIN_WEIGHT_MOVING_VARIANCE] = "moving_variance",
      [AKIN_WEIGHT_ALPHA] = "alpha",
      [AKIN_WEIGHT_MEAN] = "mean",
      [AKIN_WEIGHT_VARIANCE] = "variance",
      [AKIN_WEIGHT_COUNT] = "count",
  };
  return names[role];
}

uint64_t akin_layer_weight_count(const akin_layer_weight *w) {
  uint64_t count = 1;
  for (uint32_t i = 0; i < w->rank; i++)
    count *= w->shape[i];
  return count;
}

uint64_t akin_layer_parameters(const akin_layer *layer) {
  uint64_t count = layer->kind == AKIN_LAYER_TENSOR ? layer->as.tensor.parameters : 0;
  for (size_t i = 0; i < layer->weight_count && !layer->shares; i++)
    count += akin_layer_weight_count(&layer->weights[i]);
  return count;
}

bool akin_layer_acts(const akin_layer *layer) {
  return layer->activation.kind != AKIN_ACTIVATION_LINEAR;
}

bool akin_layer_is_identity(const akin_layer *layer) {
  return (layer->kind == AKIN_LAYER_DROPOUT || layer->kind == AKIN_LAYER_ACTIVATION) && !akin_layer_acts(layer);
}

size_t akin_layers_output(const akin_layers *layers) {
  return layers->output ? layers->output - 1 : layers->count - 1;
}

size_t akin_layers_find(const akin_layers *layers, const char *name) {
  for (size_t i = 0; i < layers->count; i++)
    if (strcmp(layers->at[i].name, name) == 0) return i;
  return layers->count;
}
