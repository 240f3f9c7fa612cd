/*
 * families.h - networks that are built from a card's few parameters: one file a family, one row in families.c.
 *
 * A family adds the layers of its network and says, for each layer with weights, which module of the PyTorch original
 * has them.
 */
#ifndef AKIN_MODEL_FAMILIES_H
#define AKIN_MODEL_FAMILIES_H

#include "model/layers.h"
#include "model/model.h"

typedef struct akin_family {
  const char *name;
  unsigned revision; /* part of fingerprints: raised when a correction of build changes what features mean */
  akin_status (*build)(akin_layers *layers, const akin_card *card, akin_error *err);
} akin_family;

extern const akin_family akin_family_efficientnet_lite;

const akin_family *akin_family_find(const char *name); /* NULL: none */
/* The network of a card; layers is freed by the caller, also on failure. */
akin_status akin_family_build(akin_layers *layers, const akin_card *card, akin_error *err);

#endif
