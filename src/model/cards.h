/* cards.h - the texts of the built-in cards, compiled in from models/ by scripts/embed-cards.cmake. */
#ifndef AKIN_MODEL_CARDS_H
#define AKIN_MODEL_CARDS_H

#include <stddef.h>

typedef struct akin_card_text {
  const char *json;
  size_t size;
} akin_card_text;

extern const akin_card_text akin_card_texts[];
extern const size_t akin_card_texts_count;

#endif
