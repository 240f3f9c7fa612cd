/*
 * efficientnet.h - what the EfficientNets share: stem, inverted residual blocks and head, named as Keras names them, or
 * as the modules of PyTorch that have their weights (akin_layers.modules). A family gives its stages, scaled, and says
 * in what its network differs.
 */
#ifndef AKIN_MODEL_FAMILIES_EFFICIENTNET_H
#define AKIN_MODEL_FAMILIES_EFFICIENTNET_H

#include "model/families/keras.h"
#include "weights/tensors.h"

typedef struct akin_efficientnet_stage {
  uint32_t repeats, kernel, stride, expansion, channels;
  bool fused; /* one k×k convolution for expansion and depthwise convolution, no squeeze-and-excitation */
} akin_efficientnet_stage;

/* The stages of EfficientNet-B0, before scaling. */
#define AKIN_EFFICIENTNET_STAGES 7
extern const akin_efficientnet_stage akin_efficientnet_stages[AKIN_EFFICIENTNET_STAGES];

/* Where a block stands; all counted from 0. */
typedef struct akin_efficientnet_block {
  const akin_efficientnet_stage *stage;
  uint32_t stage_number, repeat, number; /* number: among all blocks */
  const char *name;                      /* "block2a_" */
} akin_efficientnet_block;

/* Its convolutions, each followed by its normalization and its activation, and what else has weights. */
typedef enum akin_efficientnet_part {
  AKIN_EFFICIENTNET_STEM,
  AKIN_EFFICIENTNET_STEM_BN,
  AKIN_EFFICIENTNET_STEM_ACTIVATION,
  AKIN_EFFICIENTNET_EXPAND,
  AKIN_EFFICIENTNET_EXPAND_BN,
  AKIN_EFFICIENTNET_EXPAND_ACTIVATION,
  AKIN_EFFICIENTNET_DEPTHWISE,
  AKIN_EFFICIENTNET_DEPTHWISE_BN,
  AKIN_EFFICIENTNET_DEPTHWISE_ACTIVATION,
  AKIN_EFFICIENTNET_PROJECT,
  AKIN_EFFICIENTNET_PROJECT_BN,
  AKIN_EFFICIENTNET_PROJECT_ACTIVATION,
  AKIN_EFFICIENTNET_TOP,
  AKIN_EFFICIENTNET_TOP_BN,
  AKIN_EFFICIENTNET_TOP_ACTIVATION,
  AKIN_EFFICIENTNET_REDUCE, /* squeeze-and-excitation */
  AKIN_EFFICIENTNET_EXCITE,
  AKIN_EFFICIENTNET_PREDICTIONS,
  AKIN_EFFICIENTNET_PARTS
} akin_efficientnet_part;

struct akin_efficientnet;

/* The module of a PyTorch original that has the weights of a part; block: NULL of what is in none. Where layers are
 * named as modules it names activations, too. */
typedef const char *akin_efficientnet_module(const struct akin_efficientnet *net, akin_efficientnet_part part,
                                             const akin_efficientnet_block *block);

/* How one family's network is made. */
typedef struct akin_efficientnet_style {
  double epsilon;                   /* of batch normalizations */
  bool relu6;                       /* for swish */
  bool squeezes;                    /* squeeze-and-excitation in blocks that are not fused */
  bool pads;                        /* strided convolutions stand behind a ZeroPadding2D */
  bool scores;                      /* the network ends with class scores in front of softmax */
  const char *depthwise;            /* Keras' name: "dwconv" */
  akin_efficientnet_module *module; /* NULL: the weights are Keras' */
} akin_efficientnet_style;

/* A network in the making. */
typedef struct akin_efficientnet {
  akin_builder *b;
  const akin_efficientnet_style *style;
  uint32_t stages, blocks; /* added so far */
} akin_efficientnet;

size_t akin_efficientnet_stem(akin_efficientnet *net, size_t input, uint32_t filters);
/* Its blocks: the first has the stage's stride, the others none. More than 26 are UNSUPPORTED. */
size_t akin_efficientnet_add(akin_efficientnet *net, size_t input, const akin_efficientnet_stage *stage);
/* The last convolution and, unless the card is of a network without them, the layers that make class scores. */
void akin_efficientnet_top(akin_efficientnet *net, size_t input, uint32_t filters, const akin_card *card);

/* torchvision's form: how its network is made, and what names its layers. */
akin_efficientnet_style akin_efficientnet_torchvision(double epsilon);

/*
 * Which of the two networks a user's own weights of an EfficientNet B0 to B7 are for, "efficientnet" or
 * "efficientnet-plain". Most files list their layers. Of those that do not: what starts from the official weights has
 * their mean and variance, not 0 and 1. Errors: those of akin_tensors_read.
 */
akin_status akin_efficientnet_family_of(const char **family, const akin_tensors *tensors, akin_error *err);

#endif
