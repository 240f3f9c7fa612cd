/*
 * layers.h - a network in Keras' own terms: layers with Keras' class names, settings, weights and output shapes.
 *
 * A family (families/) or the configuration of a user's own model (keras_config.h) adds layers in order, each after its
 * inputs, so that the list is topologically sorted. What a kind of layer means is said once, in the table of kinds in
 * kinds.c (shape, weights) and in that of lower.c (ONNX): a new kind is a row in each. All shapes are Keras', without
 * the batch: [height, width, channels] of a map.
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
  AKIN_LAYER_SEPARABLE_CONV2D,
  AKIN_LAYER_CONV2D_TRANSPOSE,
  AKIN_LAYER_DENSE, /* on the last axis of any rank */
  AKIN_LAYER_BATCH_NORMALIZATION,
  AKIN_LAYER_LAYER_NORMALIZATION,
  AKIN_LAYER_GROUP_NORMALIZATION,
  AKIN_LAYER_UNIT_NORMALIZATION,
  AKIN_LAYER_ACTIVATION, /* nothing but akin_layer.activation */
  AKIN_LAYER_PRELU,
  AKIN_LAYER_MAX_POOLING2D,
  AKIN_LAYER_AVERAGE_POOLING2D,          /* padding is left out of the mean */
  AKIN_LAYER_ADAPTIVE_AVERAGE_POOLING2D, /* to a fixed size: means of parts that are as equal as they can be */
  AKIN_LAYER_GLOBAL_AVERAGE_POOLING2D,
  AKIN_LAYER_GLOBAL_MAX_POOLING2D,
  AKIN_LAYER_ZERO_PADDING2D,
  AKIN_LAYER_CROPPING2D,
  AKIN_LAYER_UP_SAMPLING2D,
  AKIN_LAYER_RESIZING,
  AKIN_LAYER_CENTER_CROP,
  AKIN_LAYER_ARITHMETIC, /* Add, Subtract, Multiply, Average, Maximum …: of inputs, or of an input and a constant */
  AKIN_LAYER_CONCATENATE,
  AKIN_LAYER_STACK, /* like CONCATENATE, along an axis that is new */
  AKIN_LAYER_GET_ITEM,
  AKIN_LAYER_FLATTEN, /* a map in the order height, width, channels */
  AKIN_LAYER_RESHAPE,
  AKIN_LAYER_PERMUTE,
  AKIN_LAYER_RESCALING,
  AKIN_LAYER_NORMALIZATION, /* (x - mean) / deviation, constants of the data */
  AKIN_LAYER_CUSTOM_SCALE,  /* first input + scale · second: InceptionResNetV2's */
  AKIN_LAYER_LAYER_SCALE,   /* ConvNeXt's gamma · x */
  AKIN_LAYER_DROPOUT,       /* and all that act in training only: another class_name */
  AKIN_LAYER_TENSOR,        /* what a node of an ONNX graph gives: class_name is its operator */
  AKIN_LAYER_KINDS
} akin_layer_kind;

#define AKIN_SHAPE_RANK 4

/* Without the batch: [height, width, channels] of a map, [units] of a vector. */
typedef struct akin_shape {
  uint32_t rank; /* 1 to 4 */
  uint32_t size[AKIN_SHAPE_RANK];
} akin_shape;

typedef enum akin_padding {
  AKIN_PADDING_VALID,
  AKIN_PADDING_SAME,     /* TensorFlow's: by the actual size, the odd one out at the bottom and right */
  AKIN_PADDING_SYMMETRIC /* PyTorch's kernel // 2 on every side, whatever the size */
} akin_padding;

/* Of all four convolutions. */
typedef struct akin_convolution {
  uint32_t filters; /* not of DepthwiseConv2D */
  uint32_t kernel[2], strides[2];
  akin_padding padding;
  bool bias;
  uint32_t groups;            /* Conv2D; 0: 1 */
  uint32_t dilation[2];       /* 0: 1 */
  uint32_t multiplier;        /* channels a channel: DepthwiseConv2D, SeparableConv2D; 0: 1 */
  bool has_output_padding;    /* Conv2DTranspose */
  uint32_t output_padding[2]; /* when it has */
} akin_convolution;

typedef struct akin_pool_window {
  uint32_t pool[2], strides[2];
  akin_padding padding;
} akin_pool_window;

typedef struct akin_margins {
  uint32_t top, bottom, left, right;
} akin_margins;

typedef enum akin_interpolation {
  AKIN_INTERPOLATION_NEAREST,
  AKIN_INTERPOLATION_BILINEAR,
  AKIN_INTERPOLATION_BICUBIC
} akin_interpolation; /* half-pixel centres, no antialiasing */

typedef enum akin_activation_kind {
  AKIN_ACTIVATION_LINEAR,
  AKIN_ACTIVATION_RELU, /* alpha below threshold, threshold, max */
  AKIN_ACTIVATION_LEAKY_RELU,
  AKIN_ACTIVATION_ELU,
  AKIN_ACTIVATION_SELU,
  AKIN_ACTIVATION_CELU,
  AKIN_ACTIVATION_GELU,      /* exact */
  AKIN_ACTIVATION_GELU_TANH, /* approximate=True */
  AKIN_ACTIVATION_TANH,
  AKIN_ACTIVATION_SIGMOID,
  AKIN_ACTIVATION_HARD_SIGMOID,   /* Keras 3: relu6(x + 3) / 6 */
  AKIN_ACTIVATION_HARD_SIGMOID_2, /* Keras 1 and 2: clip(0.2 x + 0.5, 0, 1) */
  AKIN_ACTIVATION_HARD_SWISH,     /* x · hard_sigmoid(x) of Keras 3 */
  AKIN_ACTIVATION_SWISH,
  AKIN_ACTIVATION_SOFTPLUS,
  AKIN_ACTIVATION_SOFTSIGN,
  AKIN_ACTIVATION_SOFTMAX, /* of the last axis */
  AKIN_ACTIVATION_LOG_SOFTMAX,
  AKIN_ACTIVATION_LOG_SIGMOID,
  AKIN_ACTIVATION_EXPONENTIAL,
  AKIN_ACTIVATION_MISH,
  AKIN_ACTIVATION_HARD_TANH,
  AKIN_ACTIVATION_HARD_SHRINK, /* threshold */
  AKIN_ACTIVATION_SOFT_SHRINK, /* threshold */
  AKIN_ACTIVATION_TANH_SHRINK,
  AKIN_ACTIVATION_THRESHOLD,  /* x above threshold, else alpha */
  AKIN_ACTIVATION_SQUAREPLUS, /* alpha: its b */
  AKIN_ACTIVATION_ABSOLUTE,
  AKIN_ACTIVATION_NEGATIVE,
  AKIN_ACTIVATION_SQUARE,
  AKIN_ACTIVATION_SQRT,
  AKIN_ACTIVATION_LOG,
  AKIN_ACTIVATION_KINDS
} akin_activation_kind;

typedef struct akin_activation {
  akin_activation_kind kind;
  double alpha, threshold;
  double max; /* RELU; 0: none */
} akin_activation;

typedef enum akin_operation {
  AKIN_OPERATION_ADD,
  AKIN_OPERATION_SUBTRACT,
  AKIN_OPERATION_MULTIPLY,
  AKIN_OPERATION_DIVIDE,
  AKIN_OPERATION_POWER,
  AKIN_OPERATION_AVERAGE,
  AKIN_OPERATION_MAXIMUM,
  AKIN_OPERATION_MINIMUM
} akin_operation;

/* Numbers that are in the description of a network, not in its weights: [shape], row-major, in Keras' order. */
typedef struct akin_constant {
  const float *values; /* NULL: none. akin_layers_add copies them */
  akin_shape shape;    /* rank 0: one number; else it stands for the last axes of what it meets */
} akin_constant;

/* x[start:stop:step] of one axis. */
typedef struct akin_slice {
  uint32_t start, count; /* the first place that is taken, and how many are */
  int32_t step;          /* not 0 */
  bool drop;             /* one place alone: the axis goes */
} akin_slice;

/* A tensor of an ONNX graph, as a layer: the graph has it under the layer's name. */
typedef struct akin_tensor_layer {
  akin_shape shape;    /* without the batch: [height, width, channels] of a map, wherever the graph has the channels;
                          [tokens, channels] of tokens */
  uint64_t parameters; /* numbers in the constants that its node reads */
  bool channels_last;  /* a map: the graph has it as [1, height, width, channels], else [1, channels, height, width] */
  bool weighted;       /* its node multiplies by, or adds, a constant */
  bool pointwise;      /* of a convolution: 1×1 */
  bool biased;         /* Gemm, Conv: with a bias of its own */
} akin_tensor_layer;

typedef enum akin_weight_role {
  AKIN_WEIGHT_KERNEL,
  AKIN_WEIGHT_DEPTHWISE_KERNEL,
  AKIN_WEIGHT_POINTWISE_KERNEL,
  AKIN_WEIGHT_BIAS,
  AKIN_WEIGHT_GAMMA,
  AKIN_WEIGHT_BETA,
  AKIN_WEIGHT_MOVING_MEAN,
  AKIN_WEIGHT_MOVING_VARIANCE,
  AKIN_WEIGHT_ALPHA,
  AKIN_WEIGHT_MEAN,
  AKIN_WEIGHT_VARIANCE,
  AKIN_WEIGHT_COUNT /* of Normalization: how many images it has seen; nothing reads it */
} akin_weight_role;

typedef struct akin_layer_weight {
  akin_weight_role role;
  uint32_t rank;      /* 0: one number */
  uint32_t shape[4];  /* as Keras has it */
  const char *tensor; /* its name in the weights file; NULL until bound (weights of a file: binding.h) */
} akin_layer_weight;

#define AKIN_LAYER_WEIGHTS 4

typedef struct akin_layer {
  const char *name;
  akin_layer_kind kind;
  const char *class_name; /* as Keras calls it, where that is not the kind's own name; else NULL */
  bool is_operation;      /* of a family: an operation on tensors, which Keras does not list among the layers */
  const size_t *inputs;   /* numbers of earlier layers */
  size_t input_count;
  union {
    akin_shape input;
    akin_convolution convolution;
    struct {
      uint32_t units;
      bool bias;
    } dense;
    struct {
      double epsilon;
      bool no_scale, no_center; /* without gamma, without beta */
      uint32_t groups;          /* GroupNormalization; 0: as many as channels */
    } normalization;            /* Batch-, Layer-, Group-, UnitNormalization: of the last axis */
    struct {
      bool shared[AKIN_SHAPE_RANK]; /* axes along which alpha is one */
    } prelu;
    akin_pool_window pooling;
    struct {
      bool keepdims;
    } global_pooling;
    akin_margins margins; /* ZeroPadding2D, Cropping2D */
    struct {
      uint32_t factor[2];
      akin_interpolation interpolation;
    } up_sampling;
    struct {
      uint32_t height, width;
      akin_interpolation interpolation; /* Resizing */
      bool crop_to_aspect;              /* Resizing: the middle of the wanted aspect alone */
    } resizing;                         /* Resizing, CenterCrop, AdaptiveAveragePooling2D */
    struct {
      akin_operation operation;
      akin_constant constant; /* with one input */
      bool constant_first;    /* constant - x, not x - constant */
    } arithmetic;
    struct {
      int32_t axis; /* as Keras counts: 1 is the first behind the batch, -1 the last */
    } concatenate;  /* Stack, too */
    struct {
      akin_slice at[AKIN_SHAPE_RANK];
    } get_item;
    struct {
      uint32_t rank;
      int32_t size[AKIN_SHAPE_RANK]; /* -1, once: what is left */
    } reshape;
    struct {
      uint32_t rank;
      uint32_t axes[AKIN_SHAPE_RANK]; /* axis i of the output is axes[i] of the input, 0 the first behind the batch */
    } permute;
    struct {
      akin_constant scale, offset; /* x · scale + offset */
    } rescaling;
    struct {
      akin_constant mean, variance; /* none: they are weights */
      bool invert;
    } standard; /* Normalization */
    struct {
      double scale;
    } custom_scale;
    akin_tensor_layer tensor;
  } as;
  akin_activation activation; /* applied to what the layer gives */
  size_t shares;    /* 1 + the number of the layer whose weights are its weights: a later call of a layer; 0: its own */
  akin_shape shape; /* of the output */
  akin_layer_weight weights[AKIN_LAYER_WEIGHTS]; /* in Keras' order: of training first */
  size_t weight_count;
} akin_layer;

/*
 * A layer as Keras' own lists have it, model.layers of the model and of each model inside it: what weights files go by,
 * and what --layer -2 counts. Of users' own models, and of families' networks in which operations stand; else every
 * layer is one entry, in the order of the list.
 */
typedef struct akin_layers_entry {
  const char *name, *class_name;
  bool trainable;    /* its own flag; it is frozen when a model around it is frozen, too */
  bool is_model;     /* a model inside the model: what has it for its parent is inside */
  bool is_operation; /* an operation on tensors, not in model.layers */
  size_t parent;     /* 1 + the number of the entry that it is inside of; 0: of the outermost model */
  size_t layer;      /* its first call; of a model: the layer that stands for its output */
} akin_layers_entry;

typedef struct akin_layers {
  akin_arena arena; /* holds everything below */
  akin_layer *at;
  size_t count, room;
  akin_layers_entry *entries; /* none: every layer is one */
  size_t entry_count, entry_room;
  size_t output; /* 1 + the number of the layer that the network ends with; 0: the last */
  bool modules;  /* layers are named as the modules of PyTorch that have their weights */
} akin_layers;

#define AKIN_LAYERS_BYTES ((size_t)256 << 20) /* of names and constants of a network; weights are not in it */
#define AKIN_LAYERS_INIT                                                                                               \
  { .arena = AKIN_ARENA_INIT(AKIN_LAYERS_BYTES) }

#define AKIN_LAYERS_MOST 5000u /* calls of layers in a network */

/*
 * Adds a copy of layer (name, kind and its settings; the rest is worked out here) behind all others.
 *   inputs: [input_count], copied
 * Errors: FORMAT (a name that is taken, inputs that do not fit), LIMIT (too many), MEMORY.
 */
akin_status akin_layers_add(akin_layers *layers, const akin_layer *layer, const size_t *inputs, size_t input_count,
                            akin_error *err);
void akin_layers_free(akin_layers *layers);

/* Behind all entries; texts are copied. Errors: MEMORY. */
akin_status akin_layers_enter(akin_layers *layers, const akin_layers_entry *entry, akin_error *err);

const char *akin_layer_class(const akin_layer *layer);    /* "Conv2D" */
const char *akin_weight_role_name(akin_weight_role role); /* "kernel" */
/* Why an arena of layers gave nothing: MEMORY, or LIMIT at its ceiling. */
akin_status akin_layers_starved(const akin_arena *arena, akin_error *err);

uint64_t akin_layer_weight_count(const akin_layer_weight *w); /* numbers in it */
uint64_t akin_layer_parameters(const akin_layer *layer);      /* numbers in all weights of its own, as Keras counts */
bool akin_layer_is_identity(const akin_layer *layer);         /* what comes out is what went in */
bool akin_layer_acts(const akin_layer *layer);                /* has an activation */

/* The number of a layer by its name; layers->count when there is none. */
size_t akin_layers_find(const akin_layers *layers, const char *name);
/* The layer that the network ends with. */
size_t akin_layers_output(const akin_layers *layers);

/* An axis as Keras counts it (1 is the first behind the batch, -1 the last) as a number from 0; false: there is none.
 */
bool akin_layers_axis(uint32_t *out, int64_t axis, uint32_t rank);

/* What a padding adds along one axis. kernel: with its dilation. */
void akin_padding_of(uint32_t *before, uint32_t *after, akin_padding padding, uint32_t size, uint32_t kernel,
                     uint32_t stride);
/* What a kernel of so many places covers. 0: too much. */
uint32_t akin_dilated(uint32_t kernel, uint32_t dilation);

/* The middle of an image that has the aspect of height × width, as Keras' smart_resize takes it. */
akin_margins akin_aspect_crop(const akin_shape *image, uint32_t height, uint32_t width);

#endif
