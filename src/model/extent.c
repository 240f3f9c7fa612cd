/* extent.c - what a card's network is known by before its weights are here: its feature's length, its weights. */
#include "base/memory.h"
#include "model/families/families.h"
#include "model/feature.h"

void akin_card_extent(uint32_t *dim, uint64_t *parameters, const akin_card *card) {
  akin_layers layers = AKIN_LAYERS_INIT;
  size_t layer = 0;
  char *rule = NULL;
  *dim = 0;
  *parameters = 0;
  if (akin_family_build(&layers, card, NULL) == AKIN_OK &&
      akin_feature_find(&layer, &rule, &layers, card->layer, "the card", NULL) == AKIN_OK) {
    const akin_shape *shape = &layers.at[layer].shape;
    *dim = shape->size[shape->rank - 1]; /* a vector, or a map whose places are pooled */
    for (size_t i = 0; i < layers.count; i++)
      *parameters += akin_layer_parameters(&layers.at[i]);
  }
  akin_free(rule);
  akin_layers_free(&layers);
}
