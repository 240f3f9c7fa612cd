/*
 * fuzz_card.c - any bytes as a model card; a card that is accepted is written as JSON, which must read as the same, and
 * its network is built, whatever its sizes.
 */
#include "fuzz/fuzz.h"
#include "model/families/families.h"
#include "model/model.h"

static akin_status written(akin_buffer *out, const akin_buffer *json, akin_error *err) {
  akin_card *card = NULL;
  akin_status status = akin_card_parse(&card, json->data, json->size, err);
  if (status == AKIN_OK) status = akin_card_json(out, card);
  akin_card_free(card);
  return status;
}

/* Every size of a network that is built has been checked. */
static void build(const akin_card *card) {
  akin_layers layers = AKIN_LAYERS_INIT;
  if (akin_family_build(&layers, card, NULL) == AKIN_OK) {
    for (size_t i = 0; i < layers.count; i++) {
      fuzz_require(layers.at[i].shape.rank > 0 && layers.at[i].shape.size[0] > 0);
      for (size_t k = 0; k < layers.at[i].input_count; k++)
        fuzz_require(layers.at[i].inputs[k] < i);
    }
  }
  akin_layers_free(&layers);
}

static akin_status body(const uint8_t *bytes, size_t n, akin_error *err) {
  akin_buffer first = AKIN_BUFFER_INIT(0), second = AKIN_BUFFER_INIT(0);
  akin_card *card = NULL;
  akin_status status = akin_card_parse(&card, (const char *)bytes, n, err);
  if (status != AKIN_OK) return status;
  status = akin_card_json(&first, card);
  build(card);
  akin_card_free(card);
  if (status == AKIN_OK) status = written(&second, &first, err);
  if (status == AKIN_OK)
    fuzz_require(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
  else
    fuzz_require(status == AKIN_ERROR_MEMORY);
  akin_buffer_free(&first);
  akin_buffer_free(&second);
  return status;
}

FUZZ_TARGET(body)
