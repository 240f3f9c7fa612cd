/*
 * families.h - networks that are built from a card's few parameters: one file a family, one row in families.c.
 *
 * A family adds the layers of its network, in the order in which Keras creates them; akin_family_build then sorts them
 * as Keras does (order.h). Where the weights are PyTorch's, it also says which module of the original has a layer's.
 */
#ifndef AKIN_MODEL_FAMILIES_H
#define AKIN_MODEL_FAMILIES_H

#include "model/layers.h"
#include "model/model.h"

/* What a card of a family has to say beside the number of classes. */
typedef enum akin_family_parameter {
  AKIN_FAMILY_WIDTH_FACTOR = 1, /* Keras' alpha */
  AKIN_FAMILY_DEPTH_FACTOR = 2,
  AKIN_FAMILY_DEPTH = 4, /* 50 of ResNet50 */
  AKIN_FAMILY_MINIMALISTIC = 8,
  /* These a card may say: */
  AKIN_FAMILY_TORCHVISION = 16, /* "dialect": "torchvision" */
  AKIN_FAMILY_GROUPS = 32,      /* with it: "groups" and "group_width" */
  AKIN_FAMILY_NORMALIZED = 64   /* with it: "normalized" */
} akin_family_parameter;

typedef struct akin_family {
  const char *name;
  unsigned parameters; /* akin_family_parameter, or-ed */
  unsigned revision;   /* part of fingerprints: raised when a correction of build changes what features mean */
  akin_status (*build)(akin_layers *layers, const akin_card *card, akin_error *err);
} akin_family;

extern const akin_family akin_family_convnext_base;
extern const akin_family akin_family_convnext_large;
extern const akin_family akin_family_convnext_small;
extern const akin_family akin_family_convnext_tiny;
extern const akin_family akin_family_convnext_xlarge;
extern const akin_family akin_family_densenet;
extern const akin_family akin_family_efficientnet;
extern const akin_family akin_family_efficientnet_lite;
extern const akin_family akin_family_efficientnet_plain;
extern const akin_family akin_family_efficientnet_v2_b;
extern const akin_family akin_family_efficientnet_v2_l;
extern const akin_family akin_family_efficientnet_v2_m;
extern const akin_family akin_family_efficientnet_v2_s;
extern const akin_family akin_family_inception_resnet_v2;
extern const akin_family akin_family_inception_v3;
extern const akin_family akin_family_mobilenet;
extern const akin_family akin_family_mobilenet_v2;
extern const akin_family akin_family_mobilenet_v3_large;
extern const akin_family akin_family_mobilenet_v3_small;
extern const akin_family akin_family_nasnet_large;
extern const akin_family akin_family_nasnet_mobile;
extern const akin_family akin_family_onnx; /* networks in ONNX: net.h */
extern const akin_family akin_family_own;  /* users' own models: own.h */
extern const akin_family akin_family_resnet;
extern const akin_family akin_family_resnet_v2;
extern const akin_family akin_family_vgg;
extern const akin_family akin_family_xception;

const akin_family *akin_family_find(const char *name); /* NULL: none */
const akin_family *akin_family_at(size_t index);       /* in order of name; NULL: behind the last */
/* The network of a card; layers is freed by the caller, also on failure. */
akin_status akin_family_build(akin_layers *layers, const akin_card *card, akin_error *err);

#endif
