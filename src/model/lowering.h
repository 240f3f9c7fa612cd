/*
 * lowering.h - what the files that lower layers share (lower.c, lower_*.c). A lowering that has failed does nothing
 * more: nodes are NULL, names "", and status says what it was, so that steps can be written one behind the other.
 *
 * A map's values are [1, channels, height, width], those of all other shapes [1, …] in Keras' order.
 */
#ifndef AKIN_MODEL_LOWERING_H
#define AKIN_MODEL_LOWERING_H

#include "model/lower.h"

typedef struct lowering {
  akin_graph *graph;
  const akin_layers *layers;
  const akin_weight_source *source;
  akin_file_writer *weights;
  size_t *folded; /* [layers]: of a convolution, the batch normalization folded into it; else layers->count */
  akin_status status;
  akin_error *err;
} lowering;

/* ---- steps: lower_steps.c ---- */

void akin_lowering_starve(lowering *lo); /* memory was short */
/* "base/suffix", as long as the graph lives. */
const char *akin_lowering_name(lowering *lo, const char *base, const char *suffix);
/* "BASE/WORD 2" */
const char *akin_lowering_numbered(lowering *lo, const char *base, const char *word, size_t number);

akin_graph_node *akin_lowering_node(lowering *lo, const char *operation, const char *output, const char *const *inputs,
                                    size_t count);
/* A node of one or two inputs; return output. */
const char *akin_lowering_unary(lowering *lo, const char *operation, const char *input, const char *output);
const char *akin_lowering_binary(lowering *lo, const char *operation, const char *first, const char *second,
                                 const char *output);

/* Constants that many nodes share. */
const char *akin_lowering_scalar(lowering *lo, double value);
const char *akin_lowering_integers(lowering *lo, const int64_t *values, size_t count);
/* Numbers that are kept in the graph itself; copied. */
const char *akin_lowering_values(lowering *lo, const char *name, const float *values, const int64_t *shape,
                                 uint32_t rank);
/* A constant of a layer, laid out as the values of a layer of such a shape: it spreads over the last axes. */
const char *akin_lowering_constant(lowering *lo, const char *name, const akin_constant *constant,
                                   const akin_shape *shape);

const char *akin_lowering_input(const lowering *lo, const akin_layer *layer, size_t number);
const akin_shape *akin_lowering_input_shape(const lowering *lo, const akin_layer *layer, size_t number);
/* Where an axis of a layer's shape, counted from 0, is among those of its values. */
int64_t akin_lowering_axis(const akin_shape *shape, uint32_t axis);
/* Values in Keras' order, [1, height, width, channels] of a map, and back. Of other shapes they are as they are. */
const char *akin_lowering_to_keras(lowering *lo, const char *value, const akin_shape *shape, const char *base);
const char *akin_lowering_from_keras(lowering *lo, const char *value, const akin_shape *shape, const char *output);
/* Values in Keras' order as another shape of as many numbers. */
const char *akin_lowering_reshape(lowering *lo, const char *value, const akin_shape *shape, const char *output);

/* ---- weights: lower_weights.c ---- */

/* The layer has such a weight. */
bool akin_lowering_has(const akin_layer *layer, akin_weight_role role);
/* A new array of the weight's numbers, to akin_free; NULL after a failure. */
float *akin_lowering_read(lowering *lo, const akin_layer *layer, akin_weight_role role);
/* Puts numbers into the weights file as LAYER/role; gives the tensor's name. */
const char *akin_lowering_store(lowering *lo, const akin_layer *layer, akin_weight_role role, const float *values,
                                const int64_t *shape, uint32_t rank);
/* One number a channel, shaped to meet the layer's values. */
const char *akin_lowering_store_channels(lowering *lo, const akin_layer *layer, akin_weight_role role,
                                         const float *values);
/* A weight of one number a channel, as it is. */
const char *akin_lowering_channels(lowering *lo, const akin_layer *layer, akin_weight_role role);
/* What a batch normalization does with each channel: x · scale + shift; new arrays, to akin_free. */
void akin_lowering_statistics(lowering *lo, const akin_layer *bn, double **scale, double **shift);

/* ---- kinds: each makes the value `output` ---- */

typedef void akin_lower_kind(lowering *lo, const akin_layer *layer, const char *output);

akin_lower_kind akin_lower_convolution, akin_lower_separable_conv2d, akin_lower_conv2d_transpose, akin_lower_dense;
akin_lower_kind akin_lower_max_pooling2d, akin_lower_average_pooling2d, akin_lower_adaptive_average_pooling2d,
    akin_lower_global_average_pooling2d, akin_lower_global_max_pooling2d, akin_lower_zero_padding2d,
    akin_lower_cropping2d, akin_lower_up_sampling2d, akin_lower_resizing, akin_lower_center_crop;
akin_lower_kind akin_lower_batch_normalization, akin_lower_layer_normalization, akin_lower_group_normalization,
    akin_lower_unit_normalization, akin_lower_normalization, akin_lower_layer_scale, akin_lower_prelu;
akin_lower_kind akin_lower_arithmetic, akin_lower_rescaling, akin_lower_custom_scale;
akin_lower_kind akin_lower_concatenate, akin_lower_stack, akin_lower_get_item, akin_lower_flatten, akin_lower_reshape,
    akin_lower_permute;

void akin_lower_activation(lowering *lo, const akin_activation *activation, const akin_shape *shape, const char *input,
                           const char *output);

#endif
