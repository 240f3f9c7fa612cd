/* meaning.c - see meaning.h; and what two meanings differ in. */
#include "model/meaning.h"

#include "base/memory.h"
#include "model/card.h"
#include "model/families/families.h"

#include <stdio.h>
#include <string.h>

static akin_status meaning_three(akin_buffer *out, const char *key, const float values[3]) {
  akin_status status = akin_buffer_printf(out, "%s:", key);
  for (int i = 0; i < 3 && status == AKIN_OK; i++) {
    status = akin_buffer_append_text(out, " ");
    if (status == AKIN_OK) status = akin_card_number(out, (double)values[i], true);
  }
  return status == AKIN_OK ? akin_buffer_append_text(out, "\n") : status;
}

akin_status akin_meaning_text(akin_buffer *out, const akin_meaning *m) {
  char hex[AKIN_HASH_HEX_SIZE];
  akin_hash_hex(hex, m->weights);
  akin_status status =
      akin_buffer_printf(out, "weights: %s\nnetwork: %s %u\nlayer: %s\npooling: %s\npreprocessing: ", hex,
                         m->card->family, akin_family_find(m->card->family)->revision, m->layer, m->pooling);
  if (status == AKIN_OK) status = akin_preparation_text(out, m->preparation);
  if (status == AKIN_OK) {
    status =
        akin_buffer_printf(out, "\nmirror: %s\nchannels: %s\n", m->mirror ? "yes" : "no", m->card->bgr ? "bgr" : "rgb");
  }
  if (status == AKIN_OK) status = meaning_three(out, "mean", m->card->mean);
  if (status == AKIN_OK) status = meaning_three(out, "scale", m->card->scale);
  if (status == AKIN_OK)
    status = akin_buffer_printf(out, "decoding: %u\nprecision: %s\n", m->decode_version, m->precision);
  return status;
}

/* ---- differences ---- */

typedef struct meaning_line {
  const char *key, *value;
  size_t key_size, value_size;
} meaning_line;

/* The line at *text, which moves on to the next; false at the end. */
static bool meaning_next(meaning_line *line, const char **text) {
  if (!**text) return false;
  const char *end = strchrnul(*text, '\n');
  const char *colon = memchr(*text, ':', (size_t)(end - *text));
  line->key = *text;
  line->key_size = (size_t)((colon ? colon : end) - *text);
  line->value = colon ? colon + 1 + (colon[1] == ' ') : end;
  line->value_size = (size_t)(end - line->value);
  *text = *end ? end + 1 : end;
  return true;
}

static bool meaning_find(meaning_line *found, const char *text, const meaning_line *like) {
  while (meaning_next(found, &text))
    if (found->key_size == like->key_size && memcmp(found->key, like->key, like->key_size) == 0) return true;
  return false;
}

/* "; key: a here, b there"; what nobody can compare by eye is said to differ. */
static akin_status meaning_append_difference(akin_buffer *out, const meaning_line *here, const meaning_line *there) {
  const meaning_line *line = here ? here : there;
  akin_status status = akin_buffer_append_text(out, out->size ? "; " : "");
  if (status == AKIN_OK) status = akin_buffer_append(out, line->key, line->key_size);
  if (status != AKIN_OK) return status;
  if (here && there && line->key_size == strlen("weights") && memcmp(line->key, "weights", line->key_size) == 0)
    return akin_buffer_append_text(out, " differ");
  return akin_buffer_printf(out, ": %.*s here, %.*s there", here ? (int)here->value_size : (int)strlen("nothing"),
                            here ? here->value : "nothing", there ? (int)there->value_size : (int)strlen("nothing"),
                            there ? there->value : "nothing");
}

char *akin_cut_difference(const char *meaning_here, const char *meaning_there) {
  akin_buffer out = AKIN_BUFFER_INIT(0);
  akin_status status = AKIN_OK;
  meaning_line here, there;
  for (const char *at = meaning_here; status == AKIN_OK && meaning_next(&here, &at);)
    if (!meaning_find(&there, meaning_there, &here))
      status = meaning_append_difference(&out, &here, NULL);
    else if (here.value_size != there.value_size || memcmp(here.value, there.value, here.value_size) != 0)
      status = meaning_append_difference(&out, &here, &there);
  for (const char *at = meaning_there; status == AKIN_OK && meaning_next(&there, &at);)
    if (!meaning_find(&here, meaning_here, &there)) status = meaning_append_difference(&out, NULL, &there);
  if (status == AKIN_OK && out.size == 0) status = akin_buffer_append_text(&out, "nothing differs");
  char *text = status == AKIN_OK ? akin_buffer_take(&out) : NULL;
  akin_buffer_free(&out);
  return text;
}
