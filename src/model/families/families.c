/* families.c - the list of families. */
#include "model/families/families.h"

#include "base/error.h"
#include "model/builder.h"
#include "model/order.h"

#include <string.h>

static const akin_family *const families_all[] = {&akin_family_convnext_base,
                                                  &akin_family_convnext_large,
                                                  &akin_family_convnext_small,
                                                  &akin_family_convnext_tiny,
                                                  &akin_family_convnext_xlarge,
                                                  &akin_family_densenet,
                                                  &akin_family_efficientnet,
                                                  &akin_family_efficientnet_lite,
                                                  &akin_family_efficientnet_plain,
                                                  &akin_family_efficientnet_v2_b,
                                                  &akin_family_efficientnet_v2_l,
                                                  &akin_family_efficientnet_v2_m,
                                                  &akin_family_efficientnet_v2_s,
                                                  &akin_family_inception_resnet_v2,
                                                  &akin_family_inception_v3,
                                                  &akin_family_mobilenet,
                                                  &akin_family_mobilenet_v2,
                                                  &akin_family_mobilenet_v3_large,
                                                  &akin_family_mobilenet_v3_small,
                                                  &akin_family_nasnet_large,
                                                  &akin_family_nasnet_mobile,
                                                  &akin_family_onnx,
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

static bool family_is_model(const akin_layer *layer) {
  return layer->class_name && strcmp(layer->class_name, AKIN_SEQUENTIAL) == 0;
}

/* The model that a layer is in: 1 + its number; 0: none. */
static size_t family_parent(const akin_layers *layers, const akin_layer *layer) {
  const char *slash = strchr(layer->name, '/');
  const size_t length = slash ? (size_t)(slash - layer->name) : 0;
  for (size_t i = 0; slash && i < layers->count; i++) {
    const akin_layer *model = &layers->at[i];
    if (family_is_model(model) && strlen(model->name) == length && strncmp(model->name, layer->name, length) == 0)
      return i + 1;
  }
  return 0;
}

/* Says what Keras lists, in a network in which operations or models stand. */
static akin_status family_enter(akin_layers *layers, akin_error *err) {
  bool any = false;
  for (size_t i = 0; i < layers->count; i++)
    any = any || layers->at[i].is_operation || family_is_model(&layers->at[i]);
  akin_status status = AKIN_OK;
  for (size_t i = 0; any && i < layers->count && status == AKIN_OK; i++) {
    const akin_layer *layer = &layers->at[i];
    const akin_layers_entry entry = {.name = layer->name,
                                     .class_name = akin_layer_class(layer),
                                     .trainable = true,
                                     .is_model = family_is_model(layer),
                                     .is_operation = layer->is_operation,
                                     .parent = family_parent(layers, layer),
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
