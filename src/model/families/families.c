/* families.c - the list of families. */
#include "model/families/families.h"

#include "base/error.h"
#include "model/order.h"

#include <string.h>

static const akin_family *const families_all[] = {&akin_family_densenet,
                                                  &akin_family_efficientnet_lite,
                                                  &akin_family_inception_resnet_v2,
                                                  &akin_family_inception_v3,
                                                  &akin_family_mobilenet,
                                                  &akin_family_mobilenet_v2,
                                                  &akin_family_mobilenet_v3_large,
                                                  &akin_family_mobilenet_v3_small,
                                                  &akin_family_own,
                                                  &akin_family_resnet,
                                                  &akin_family_resnet_v2,
                                                  &akin_family_vgg,
                                                  &akin_family_xception};

const akin_family *akin_family_at(size_t index) {
  return index < sizeof families_all / sizeof *families_all ? families_all[index] : NULL;
}

const akin_family *akin_family_find(const char *name) {
  for (size_t i = 0; i < sizeof families_all / sizeof *families_all; i++)
    if (strcmp(families_all[i]->name, name) == 0) return families_all[i];
  return NULL;
}

/* An operation on tensors is no layer to Keras: nothing counts it. */
static bool family_is_operation(const akin_layer *layer) {
  return layer->kind == AKIN_LAYER_ARITHMETIC && layer->input_count == 1;
}

/* Says which ones are, in a network that has any. */
static akin_status family_enter(akin_layers *layers, akin_error *err) {
  bool any = false;
  for (size_t i = 0; i < layers->count; i++)
    any = any || family_is_operation(&layers->at[i]);
  akin_status status = AKIN_OK;
  for (size_t i = 0; any && i < layers->count && status == AKIN_OK; i++) {
    const akin_layer *layer = &layers->at[i];
    const akin_layers_entry entry = {.name = layer->name,
                                     .class_name = akin_layer_class(layer),
                                     .trainable = true,
                                     .is_operation = family_is_operation(layer),
                                     .layer = i};
    status = akin_layers_enter(layers, &entry, err);
  }
  return status;
}

akin_status akin_family_build(akin_layers *layers, const akin_card *card, akin_error *err) {
  const akin_family *family = akin_family_find(card->family);
  if (!family) return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "card %s: no family '%s'", card->name, card->family);
  akin_status status = family->build(layers, card, err);
  if (status == AKIN_OK) status = akin_layers_order(layers, err);
  if (status == AKIN_OK) status = family_enter(layers, err);
  return status == AKIN_OK ? AKIN_OK : akin_fail_context(err, status, "card %s", card->name);
}
