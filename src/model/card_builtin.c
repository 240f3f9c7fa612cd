/* card_builtin.c - the cards that are compiled in, parsed once a process; and cards from files. */
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "model/card.h"
#include "model/cards.h"

#include <pthread.h>
#include <string.h>

#define CARD_FILE_BYTES 1048576u

static pthread_mutex_t builtin_lock = PTHREAD_MUTEX_INITIALIZER;
static akin_card **builtin_cards; /* [akin_card_texts_count]; kept until the process ends */

static akin_card **builtin_parse(void) {
  akin_card **cards = akin_calloc(akin_card_texts_count, sizeof(akin_card *));
  for (size_t i = 0; cards && i < akin_card_texts_count; i++) {
    if (akin_card_parse(&cards[i], akin_card_texts[i].json, akin_card_texts[i].size, NULL) == AKIN_OK) continue;
    while (i > 0)
      akin_card_free(cards[--i]);
    akin_free(cards);
    cards = NULL;
  }
  return cards;
}

size_t akin_card_builtin_count(void) {
  return akin_card_texts_count;
}

const akin_card *akin_card_builtin_at(size_t index) {
  if (index >= akin_card_texts_count) return NULL;
  pthread_mutex_lock(&builtin_lock);
  if (!builtin_cards) builtin_cards = builtin_parse();
  const akin_card *card = builtin_cards ? builtin_cards[index] : NULL;
  pthread_mutex_unlock(&builtin_lock);
  return card;
}

const akin_card *akin_card_builtin(const char *name) {
  for (size_t i = 0; i < akin_card_texts_count; i++) {
    const akin_card *card = akin_card_builtin_at(i);
    if (card && strcmp(card->name, name) == 0) return card;
  }
  return NULL;
}

const akin_card *akin_card_by_hash(const akin_hash *weights) {
  for (size_t i = 0; i < akin_card_texts_count; i++) {
    const akin_card *card = akin_card_builtin_at(i);
    for (size_t k = 0; card && k < card->weights_count; k++)
      if (card->weights[k].has_hash && akin_hash_equal(&card->weights[k].hash, weights)) return card;
  }
  return NULL;
}

akin_status akin_card_read(akin_card **out, const char *path, akin_error *err) {
  akin_buffer text = AKIN_BUFFER_INIT(0);
  *out = NULL;
  akin_status status = akin_file_read(&text, path, CARD_FILE_BYTES, NULL, err); /* names the file itself */
  if (status == AKIN_OK) {
    status = akin_card_parse(out, text.data, text.size, err);
    if (status != AKIN_OK) akin_fail_context(err, status, "%s", path);
  }
  akin_buffer_free(&text);
  return status;
}
