/*
 * lower.h - layers to ONNX's operations, in one place.
 *
 *     values   the output of layer NAME is the tensor NAME: [1, channels, height, width] of a map, else [1, …] as Keras
 *              has it. A layer with an activation has its value before it as NAME/linear
 *     folding  a BatchNormalization behind a convolution is multiplied into its weights; the convolution's own output
 *              is then not in the graph, and the tensor has the name of the BatchNormalization
 *     dropped  layers that act in training only: their output is their input's tensor
 *     weights  LAYER/kernel and LAYER/bias, in the weights file at multiples of 64 bytes, in the order of the layers;
 *              at no time more than one layer's weights are in memory
 */
#ifndef AKIN_MODEL_LOWER_H
#define AKIN_MODEL_LOWER_H

#include "base/file.h"
#include "model/graph.h"
#include "model/layers.h"

/* Where the numbers come from: fills out with weight number `weight` of a layer, f32 in ONNX's layout (binding.h). */
typedef struct akin_weight_source {
  akin_status (*read)(void *context, const akin_layer *layer, size_t weight, float *out, akin_error *err);
  void *context;
} akin_weight_source;

/*
 * The whole network as a graph whose output is that of akin_layers_output.
 *   graph: freed by the caller, also on failure
 *   weights: gets the numbers; the caller opens and commits it
 * Errors: UNSUPPORTED (a name that is that of a part of another layer), FORMAT (numbers that overflow when folded),
 * those of the source and the writer, MEMORY.
 */
akin_status akin_lower(akin_graph *graph, const akin_layers *layers, const akin_weight_source *source,
                       akin_file_writer *weights, akin_error *err);

/* The layer whose output tensor stands for that of `layer`: itself, or its input when it is dropped. */
size_t akin_lower_standing(const akin_layers *layers, size_t layer);

/* [1, c, h, w] of a map, else [1, …] as it is; returns the rank. */
uint32_t akin_lower_shape(int64_t out[AKIN_GRAPH_RANK], const akin_shape *shape);

/* Adds what puts all axes but the batch behind each other. */
akin_status akin_lower_flatten_value(akin_graph *graph, const char *input, const char *output, akin_error *err);

/* Adds what makes a vector of a map: operation "GlobalAveragePool" or "GlobalMaxPool", flattened. */
akin_status akin_lower_pool(akin_graph *graph, const char *operation, const char *input, const char *output,
                            akin_error *err);

#endif
