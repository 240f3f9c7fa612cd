/* lower.c - the table of lowerings, one a kind of layer, and their order (lower.h, lowering.h). */
#include "base/error.h"
#include "base/memory.h"
#include "model/lowering.h"

#include <string.h>

/* ---- folding ---- */

static bool lower_can_fold(const akin_layer *layer) {
  const bool convolution = layer->kind == AKIN_LAYER_CONV2D || layer->kind == AKIN_LAYER_DEPTHWISE_CONV2D ||
                           layer->kind == AKIN_LAYER_SEPARABLE_CONV2D;
  return convolution && !akin_layer_acts(layer);
}

/* Finds the batch normalizations that can be folded: alone behind a convolution. */
static void lower_find_folds(lowering *lo, size_t *readers) {
  const akin_layers *layers = lo->layers;
  for (size_t i = 0; i < layers->count; i++) {
    lo->folded[i] = layers->count;
    for (size_t k = 0; k < layers->at[i].input_count; k++)
      readers[layers->at[i].inputs[k]]++;
  }
  readers[akin_layers_output(layers)]++;
  for (size_t i = 0; i < layers->count; i++) {
    if (layers->at[i].kind != AKIN_LAYER_BATCH_NORMALIZATION) continue;
    const size_t input = layers->at[i].inputs[0];
    if (lower_can_fold(&layers->at[input]) && readers[input] == 1) lo->folded[input] = i;
  }
}

/* ---- kinds ---- */

static void lower_input_layer(lowering *lo, const akin_layer *layer, const char *output) {
  int64_t shape[AKIN_GRAPH_RANK] = {0};
  const uint32_t rank = akin_lower_shape(shape, &layer->shape);
  if (!akin_graph_set_value(lo->graph, &lo->graph->input, output, shape, rank)) akin_lowering_starve(lo);
}

static akin_lower_kind *const lower_kinds[AKIN_LAYER_KINDS] = {
    [AKIN_LAYER_INPUT] = lower_input_layer,
    [AKIN_LAYER_CONV2D] = akin_lower_convolution,
    [AKIN_LAYER_DEPTHWISE_CONV2D] = akin_lower_convolution,
    [AKIN_LAYER_SEPARABLE_CONV2D] = akin_lower_separable_conv2d,
    [AKIN_LAYER_CONV2D_TRANSPOSE] = akin_lower_conv2d_transpose,
    [AKIN_LAYER_DENSE] = akin_lower_dense,
    [AKIN_LAYER_BATCH_NORMALIZATION] = akin_lower_batch_normalization,
    [AKIN_LAYER_LAYER_NORMALIZATION] = akin_lower_layer_normalization,
    [AKIN_LAYER_GROUP_NORMALIZATION] = akin_lower_group_normalization,
    [AKIN_LAYER_UNIT_NORMALIZATION] = akin_lower_unit_normalization,
    [AKIN_LAYER_ACTIVATION] = NULL, /* nothing before its activation */
    [AKIN_LAYER_PRELU] = akin_lower_prelu,
    [AKIN_LAYER_MAX_POOLING2D] = akin_lower_max_pooling2d,
    [AKIN_LAYER_AVERAGE_POOLING2D] = akin_lower_average_pooling2d,
    [AKIN_LAYER_ADAPTIVE_AVERAGE_POOLING2D] = akin_lower_adaptive_average_pooling2d,
    [AKIN_LAYER_GLOBAL_AVERAGE_POOLING2D] = akin_lower_global_average_pooling2d,
    [AKIN_LAYER_GLOBAL_MAX_POOLING2D] = akin_lower_global_max_pooling2d,
    [AKIN_LAYER_ZERO_PADDING2D] = akin_lower_zero_padding2d,
    [AKIN_LAYER_CROPPING2D] = akin_lower_cropping2d,
    [AKIN_LAYER_UP_SAMPLING2D] = akin_lower_up_sampling2d,
    [AKIN_LAYER_RESIZING] = akin_lower_resizing,
    [AKIN_LAYER_CENTER_CROP] = akin_lower_center_crop,
    [AKIN_LAYER_ARITHMETIC] = akin_lower_arithmetic,
    [AKIN_LAYER_CONCATENATE] = akin_lower_concatenate,
    [AKIN_LAYER_STACK] = akin_lower_stack,
    [AKIN_LAYER_GET_ITEM] = akin_lower_get_item,
    [AKIN_LAYER_FLATTEN] = akin_lower_flatten,
    [AKIN_LAYER_RESHAPE] = akin_lower_reshape,
    [AKIN_LAYER_PERMUTE] = akin_lower_permute,
    [AKIN_LAYER_RESCALING] = akin_lower_rescaling,
    [AKIN_LAYER_NORMALIZATION] = akin_lower_normalization,
    [AKIN_LAYER_CUSTOM_SCALE] = akin_lower_custom_scale,
    [AKIN_LAYER_LAYER_SCALE] = akin_lower_layer_scale,
    [AKIN_LAYER_DROPOUT] = NULL, /* akin_lower_standing sees to it */
    [AKIN_LAYER_TENSOR] = NULL,  /* of graphs that are ONNX already */
};

static void lower_layer(lowering *lo, const akin_layer *layer) {
  akin_lower_kind *kind = lower_kinds[layer->kind];
  if (akin_layer_is_identity(layer)) return;
  if (!akin_layer_acts(layer)) {
    kind(lo, layer, layer->name);
    return;
  }
  const char *linear = kind ? akin_lowering_name(lo, layer->name, "linear") : akin_lowering_input(lo, layer, 0);
  if (kind) kind(lo, layer, linear);
  akin_lower_activation(lo, &layer->activation, &layer->shape, linear, layer->name);
}

/* ---- the whole ---- */

uint32_t akin_lower_shape(int64_t out[AKIN_GRAPH_RANK], const akin_shape *shape) {
  out[0] = 1;
  for (uint32_t i = 0; i < shape->rank; i++)
    out[akin_lowering_axis(shape, i)] = shape->size[i];
  return shape->rank + 1;
}

size_t akin_lower_standing(const akin_layers *layers, size_t layer) {
  while (akin_layer_is_identity(&layers->at[layer]))
    layer = layers->at[layer].inputs[0];
  return layer;
}

static void lower_output(lowering *lo) {
  int64_t shape[AKIN_GRAPH_RANK] = {0};
  const akin_layer *last = &lo->layers->at[akin_lower_standing(lo->layers, akin_layers_output(lo->layers))];
  const uint32_t rank = akin_lower_shape(shape, &last->shape);
  if (!akin_graph_set_value(lo->graph, &lo->graph->output, last->name, shape, rank)) akin_lowering_starve(lo);
}

akin_status akin_lower(akin_graph *graph, const akin_layers *layers, const akin_weight_source *source,
                       akin_file_writer *weights, akin_error *err) {
  size_t *places = akin_calloc(layers->count, 2 * sizeof *places);
  if (!places) return akin_fail_memory(err, layers->count * 2 * sizeof *places);
  lowering lo = {graph, layers, source, weights, places, AKIN_OK, err};
  lower_find_folds(&lo, places + layers->count);
  for (size_t i = 0; i < layers->count && lo.status == AKIN_OK; i++)
    lower_layer(&lo, &layers->at[i]);
  if (lo.status == AKIN_OK) lower_output(&lo);
  if (lo.status == AKIN_OK && graph->arena.starved) akin_lowering_starve(&lo); /* an attribute may be missing */
  akin_free(places);
  return lo.status;
}
