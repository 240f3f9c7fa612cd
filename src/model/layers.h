/*
 * layers.h - a network in Keras' own terms: layers with Keras' class names, settings, weights and output shapes.
 *
 * A family (families/) adds layers in order, each after its inputs, so that the list is topologically sorted and
 * counts as Keras' model.layers does. What a kind of layer means is said once, in the table of kinds in layers.c
 * (shape, weights) and in that of lower.c (ONNX): a new kind is a row in each.
 */
#ifndef AKIN_MODEL_LAYERS_H
#define AKIN_MODEL_LAYERS_H

#include "base/arena.h"

#include <akin/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum akin_layer_kind {
  AKIN_LAYER_INPUT,
  AKIN_LAYER_CONV2D,
  AKIN_LAYER_DEPTHWISE_CONV2D,
  AKIN_LAYER_BATCH_NORMALIZATION,
  AKIN_LAYER_RELU,
  AKIN_LAYER_ADD,
  AKIN_LAYER_GLOBAL_AVERAGE_POOLING2D,
  AKIN_LAYER_DROPOUT,
  AKIN_LAYER_DENSE
} akin_layer_kind;

/* Without the batch: [height, width, channels] of a map, [units] of a vector. */
typedef struct akin_shape {
  uint32_t rank; /* 3 or 1 */
  uint32_t size[3];
} akin_shape;

typedef enum akin_padding {
  AKIN_PADDING_VALID,
  AKIN_PADDING_SAME /* TensorFlow's: by the actual size, the odd one out at the bottom and right */
} akin_padding;

typedef struct akin_convolution {
  uint32_t filters; /* Conv2D */
  uint32_t kernel[2], strides[2];
  akin_padding padding;
  bool bias;
} akin_convolution;

typedef enum akin_weight_role {
  AKIN_WEIGHT_KERNEL,
  AKIN_WEIGHT_BIAS,
  AKIN_WEIGHT_GAMMA,
  AKIN_WEIGHT_BETA,
  AKIN_WEIGHT_MOVING_MEAN,
  AKIN_WEIGHT_MOVING_VARIANCE
} akin_weight_role;

typedef struct akin_layer_weight {
  akin_weight_role role;
  uint32_t rank;
  uint32_t shape[4];  /* as Keras has it */
  const char *tensor; /* its name in the weights file; NULL until bound (weights of a file: binding.h) */
} akin_layer_weight;

#define AKIN_LAYER_WEIGHTS 4

typedef struct akin_layer {
  const char *name;
  akin_layer_kind kind;
  const size_t *inputs; /* numbers of earlier layers */
  size_t input_count;
  union {
    akin_shape input;
    akin_convolution convolution; /* Conv2D, DepthwiseConv2D */
    struct {
      double epsilon;
    } batch_normalization;
    struct {
      double max; /* 0: none */
    } relu;
    struct {
      uint32_t units;
      bool bias;
    } dense;
  } as;
  akin_shape shape;                              /* of the output */
  akin_layer_weight weights[AKIN_LAYER_WEIGHTS]; /* in Keras' order */
  size_t weight_count;
} akin_layer;

typedef struct akin_layers {
  akin_arena arena; /* holds everything below */
  akin_layer *at;
  size_t count, room;
} akin_layers;

#define AKIN_LAYERS_INIT                                                                                               \
  { AKIN_ARENA_INIT(0), NULL, 0, 0 }

/*
 * Adds a copy of layer (name, kind and its settings; the rest is worked out here) behind all others.
 *   inputs: [input_count], copied
 * Errors: USAGE (a name that is taken, inputs that do not fit), MEMORY.
 */
akin_status akin_layers_add(akin_layers *layers, const akin_layer *layer, const size_t *inputs, size_t input_count,
                            akin_error *err);
void akin_layers_free(akin_layers *layers);

const char *akin_layer_class(akin_layer_kind kind);           /* "Conv2D" */
const char *akin_weight_role_name(akin_weight_role role);     /* "kernel" */
uint64_t akin_layer_weight_count(const akin_layer_weight *w); /* numbers in it */
uint64_t akin_layer_parameters(const akin_layer *layer);      /* numbers in all its weights, as Keras counts */
bool akin_layer_is_identity(const akin_layer *layer);         /* acts in training only */

/* The number of a layer by its name; layers->count when there is none. */
size_t akin_layers_find(const akin_layers *layers, const char *name);

/* What TensorFlow's SAME adds along one axis; VALID adds nothing. */
void akin_padding_of(uint32_t *before, uint32_t *after, akin_padding padding, uint32_t size, uint32_t kernel,
                     uint32_t stride);

#endif
