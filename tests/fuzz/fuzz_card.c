/* fuzz_card.c - any bytes as a model card; a card that is accepted is written as JSON, which must read as the same. */
#include "fuzz/fuzz.h"
#include "model/model.h"

static akin_status written(akin_buffer *out, const akin_buffer *json, akin_error *err) {
  akin_card *card = NULL;
  akin_status status = akin_card_parse(&card, json->data, json->size, err);
  if (status == AKIN_OK) status = akin_card_json(out, card);
  akin_card_free(card);
  return status;
}

static akin_status body(const uint8_t *bytes, size_t n, akin_error *err) {
  akin_buffer first = AKIN_BUFFER_INIT(0), second = AKIN_BUFFER_INIT(0);
  akin_card *card = NULL;
  akin_status status = akin_card_parse(&card, (const char *)bytes, n, err);
  if (status != AKIN_OK) return status;
  status = akin_card_json(&first, card);
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
