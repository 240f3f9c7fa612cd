/*
 * card_own.c - a built-in card for weights of the user's own: the same network, with as many classes as the file has
 * numbers for, or without its last layers; what the card says of the official weights does not hold for these.
 */
#include "base/error.h"
#include "base/format.h"
#include "base/memory.h"
#include "model/card.h"
#include "model/families/efficientnet.h"

#include <string.h>

#define OWN_MOST_CLASSES 1000000u

/* ---- counting ---- */

static bool own_is_weight(const akin_tensor *tensor) {
  return tensor->dtype == AKIN_DTYPE_F32 || tensor->dtype == AKIN_DTYPE_F64 || tensor->dtype == AKIN_DTYPE_F16 ||
         tensor->dtype == AKIN_DTYPE_BF16;
}

/* All numbers in a file that are weights of layers; PyTorch's counters are no floating-point ones. */
static uint64_t own_numbers(const akin_tensors *tensors) {
  uint64_t numbers = 0;
  for (size_t i = 0; i < akin_tensors_count(tensors); i++)
    if (own_is_weight(akin_tensors_at(tensors, i))) numbers += akin_tensors_at(tensors, i)->count;
  return numbers;
}

/* Of Normalization: whole numbers, too. */
static uint64_t own_counters(const akin_layer *layer) {
  uint64_t counters = 0;
  for (size_t i = 0; i < layer->weight_count; i++)
    counters += layer->weights[i].role == AKIN_WEIGHT_COUNT;
  return counters;
}

/* Numbers in the network of a card, and how many of them each class has: its column of the last layer, and its bias. */
static akin_status own_count(uint64_t *numbers, uint64_t *each, const akin_card *card, akin_error *err) {
  akin_layers layers = AKIN_LAYERS_INIT;
  akin_status status = akin_family_build(&layers, card, err);
  *numbers = *each = 0;
  for (size_t i = 0; i < layers.count && status == AKIN_OK; i++) {
    const uint64_t parameters = akin_layer_parameters(&layers.at[i]) - own_counters(&layers.at[i]);
    *numbers += parameters;
    if (parameters && card->classes) *each = parameters / card->classes;
  }
  akin_layers_free(&layers);
  return status;
}

/* The classes that weights of that many numbers are for; the card's own when no number of classes fits. */
static akin_status own_classes(uint32_t *classes, const akin_card *card, uint64_t numbers, akin_error *err) {
  akin_card without = *card;
  uint64_t all = 0, each = 0, rest = 0, none = 0;
  *classes = card->classes;
  if (card->classes == 0) return AKIN_OK;
  without.classes = 0;
  akin_status status = own_count(&all, &each, card, err);
  if (status == AKIN_OK) status = own_count(&rest, &none, &without, err);
  if (status != AKIN_OK) return status;
  if (numbers == rest) {
    *classes = 0;
    return AKIN_OK;
  }
  rest = all - card->classes * each; /* the layers that make class scores are more than the last one, in some */
  if (!each || numbers <= rest || (numbers - rest) % each != 0 || (numbers - rest) / each > OWN_MOST_CLASSES)
    return AKIN_OK;
  *classes = (uint32_t)((numbers - rest) / each);
  return AKIN_OK;
}

/* ---- the card ---- */

/* Networks that no weight tells apart. */
static akin_status own_family(const char **family, const akin_card *card, const akin_tensors *tensors,
                              akin_error *err) {
  *family = card->family;
  if (strcmp(card->family, akin_family_efficientnet.name) != 0) return AKIN_OK;
  return akin_efficientnet_family_of(family, tensors, err);
}

/* The text of a card with weights of another origin. */
static akin_status own_write(akin_buffer *out, const akin_card *from, const char *family, uint32_t classes,
                             akin_error *err) {
  akin_card card = *from;
  char *description = classes ? akin_format("%s with weights of your own, %u classes", from->name, classes)
                              : akin_format("%s with weights of your own, without its last layers", from->name);
  card.description = description;
  card.family = family;
  card.classes = classes;
  card.licence = "NOASSERTION"; /* SPDX: nobody has said */
  card.weights_count = 0;
  akin_status status = description ? akin_card_json(out, &card) : AKIN_ERROR_MEMORY;
  akin_free(description);
  return status == AKIN_OK ? AKIN_OK : akin_fail_memory(err, out->size);
}

akin_status akin_card_own(akin_card **out, const akin_card *from, const akin_tensors *tensors, akin_error *err) {
  akin_buffer text = AKIN_BUFFER_INIT(0);
  const char *family = NULL;
  uint32_t classes = 0;
  *out = NULL;
  akin_status status = own_classes(&classes, from, own_numbers(tensors), err);
  if (status == AKIN_OK) status = own_family(&family, from, tensors, err);
  if (status == AKIN_OK) status = own_write(&text, from, family, classes, err);
  if (status == AKIN_OK) status = akin_card_parse(out, text.data, text.size, err);
  akin_buffer_free(&text);
  return status;
}
