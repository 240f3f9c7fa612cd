/* card_builtin.c - the cards that are compiled in, parsed once a process; and cards from files. */
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "model/card.h"
#include "model/cards.h"
#include "model/name.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define CARD_FILE_BYTES    1048576u
#define BUILTIN_PLAIN_SIZE 65u /* of the letters and digits of a name */

static pthread_mutex_t builtin_lock = PTHREAD_MUTEX_INITIALIZER;
static akin_card **builtin_cards; /* kept until the process ends */
static size_t builtin_count;

/* Adds the card of a text, and its form without the last layers, to cards, which has room for both. */
static bool builtin_add(akin_card **cards, size_t *count, const akin_card_text *text) {
  akin_card *card = NULL, *notop = NULL;
  if (akin_card_parse(&card, text->json, text->size, NULL) != AKIN_OK) return false;
  cards[(*count)++] = card;
  if (akin_card_parse_notop(&notop, text->json, text->size, NULL) != AKIN_OK) return false;
  if (notop) cards[(*count)++] = notop;
  return true;
}

static void builtin_parse(void) {
  akin_card **cards = akin_calloc(akin_card_texts_count, 2 * sizeof(akin_card *));
  size_t count = 0;
  bool whole = cards != NULL;
  for (size_t i = 0; whole && i < akin_card_texts_count; i++)
    whole = builtin_add(cards, &count, &akin_card_texts[i]);
  if (whole) {
    builtin_cards = cards;
    builtin_count = count;
    return;
  }
  while (count > 0)
    akin_card_free(cards[--count]);
  akin_free(cards);
}

/* All cards, and how many; NULL when memory ran out. */
static akin_card **builtin_all(size_t *count) {
  pthread_mutex_lock(&builtin_lock);
  if (!builtin_cards) builtin_parse();
  akin_card **cards = builtin_cards;
  *count = builtin_count;
  pthread_mutex_unlock(&builtin_lock);
  return cards;
}

size_t akin_card_builtin_count(void) {
  size_t count = 0;
  return builtin_all(&count) ? count : akin_card_texts_count;
}

const akin_card *akin_card_builtin_at(size_t index) {
  size_t count = 0;
  akin_card **cards = builtin_all(&count);
  return cards && index < count ? cards[index] : NULL;
}

const akin_card *akin_card_builtin(const char *name) {
  size_t count = 0;
  akin_card **cards = builtin_all(&count);
  for (size_t i = 0; cards && i < count; i++)
    if (strcmp(cards[i]->name, name) == 0) return cards[i];
  return NULL;
}

/* ---- by nearly its name ---- */

/* "MobileNet_V2" and "mobilenet-v2" are "mobilenetv2". */
static void builtin_plain(char out[BUILTIN_PLAIN_SIZE], const char *name) {
  size_t n = 0;
  for (; *name && n + 1 < BUILTIN_PLAIN_SIZE; name++) {
    const char letter = *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name;
    if ((letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9')) out[n++] = letter;
  }
  out[n] = '\0';
}

const char *akin_card_hint(char out[AKIN_CARD_HINT_SIZE], const char *name) {
  const akin_card *nearest = NULL;
  char wanted[BUILTIN_PLAIN_SIZE], known[BUILTIN_PLAIN_SIZE];
  size_t count = 0, least = SIZE_MAX;
  akin_card **cards = builtin_all(&count);
  builtin_plain(wanted, name);
  for (size_t i = 0; cards && i < count; i++) {
    builtin_plain(known, cards[i]->name);
    const size_t most = strlen(known) / 3, distance = akin_name_distance(wanted, known, most);
    if (distance > most || distance >= least) continue;
    least = distance;
    nearest = cards[i];
  }
  snprintf(out, AKIN_CARD_HINT_SIZE, nearest ? "; did you mean %s?" : "%s", nearest ? nearest->name : "");
  return out;
}

/* ---- by a weights file ---- */

typedef struct builtin_file {
  const char *name;
  const akin_hash *sha256;
  const char *md5;
} builtin_file;

typedef bool builtin_match(const akin_card_weights *weights, const builtin_file *file);

bool akin_card_weights_hashed(const akin_card_weights *weights) {
  return weights->has_hash || weights->sha256_prefix || weights->md5;
}

static bool builtin_has_sha256(const akin_card_weights *weights, const builtin_file *file) {
  return weights->has_hash && akin_hash_equal(&weights->hash, file->sha256);
}

static bool builtin_begins(const akin_card_weights *weights, const builtin_file *file) {
  return weights->sha256_prefix && akin_hash_begins(file->sha256, weights->sha256_prefix);
}

static bool builtin_has_md5(const akin_card_weights *weights, const builtin_file *file) {
  return weights->md5 && strcmp(weights->md5, file->md5) == 0;
}

static bool builtin_has_name(const akin_card_weights *weights, const builtin_file *file) {
  return !akin_card_weights_hashed(weights) && strcmp(weights->file, file->name) == 0;
}

static const akin_card *builtin_search(const builtin_file *file, builtin_match *match) {
  size_t count = 0;
  akin_card **cards = builtin_all(&count);
  for (size_t i = 0; cards && i < count; i++)
    for (size_t k = 0; k < cards[i]->weights_count; k++)
      if (match(&cards[i]->weights[k], file)) return cards[i];
  return NULL;
}

akin_status akin_card_find(const akin_card **out, bool *verified, const char *path, const akin_hash *sha256,
                           akin_error *err) {
  char md5[AKIN_MD5_HEX_SIZE];
  const builtin_file file = {akin_path_name(path), sha256, md5};
  *verified = true;
  *out = builtin_search(&file, builtin_has_sha256);
  if (!*out) *out = builtin_search(&file, builtin_begins);
  if (*out) return AKIN_OK;
  akin_status status = akin_hash_file_md5(md5, path, err);
  if (status != AKIN_OK) return status;
  *out = builtin_search(&file, builtin_has_md5);
  if (*out) return AKIN_OK;
  *verified = false;
  *out = builtin_search(&file, builtin_has_name);
  return AKIN_OK;
}

/* ---- from a file ---- */

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
