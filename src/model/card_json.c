/* card_json.c - a card written as akin_card_parse reads it. */
#include "base/text.h"
#include "model/card.h"
#include "model/families/families.h"
#include "model/net.h"

#include <string.h>

akin_status akin_card_number(akin_buffer *out, double value, bool single) {
  const size_t before = out->size;
  const int most = single ? 9 : 17; /* digits that always suffice */
  for (int digits = 1;; digits++) {
    akin_buffer_shorten(out, before);
    akin_status status = akin_buffer_printf(out, "%.*g", digits, value);
    double back = 0;
    if (status != AKIN_OK || digits == most) return status;
    if (!akin_parse_double(&back, out->data + before, value - 1, value + 1)) continue;
    if (single ? (float)back == (float)value : back == value) return AKIN_OK;
  }
}

/* ---- pieces; the status sticks ---- */

typedef struct card_writer {
  akin_buffer *out;
  akin_status status;
} card_writer;

static void card_write(card_writer *w, const char *text) {
  if (w->status == AKIN_OK) w->status = akin_buffer_append_text(w->out, text);
}

static void card_write_text(card_writer *w, const char *key, const char *text) {
  card_write(w, key);
  if (w->status == AKIN_OK) w->status = akin_text_json(w->out, text);
}

static void card_write_number(card_writer *w, const char *key, double value, bool single) {
  card_write(w, key);
  if (w->status == AKIN_OK) w->status = akin_card_number(w->out, value, single);
}

static void card_write_boolean(card_writer *w, const char *key, bool value) {
  card_write(w, key);
  card_write(w, value ? "true" : "false");
}

static void card_write_whole(card_writer *w, const char *key, uint64_t value) {
  if (w->status == AKIN_OK) w->status = akin_buffer_printf(w->out, "%s%llu", key, (unsigned long long)value);
}

static void card_write_three(card_writer *w, const char *key, const float values[3]) {
  card_write(w, key);
  for (int i = 0; i < 3; i++)
    card_write_number(w, i ? ", " : "[", (double)values[i], true);
  card_write(w, "]");
}

/* ---- parts ---- */

static void card_write_preparation(card_writer *w, const akin_preparation *p) {
  card_write_whole(w, ",\n  \"input\": {\n    \"width\": ", p->width);
  card_write_whole(w, ",\n    \"height\": ", p->height);
  card_write_text(w, ",\n    \"filter\": ", akin_filter_name(p->filter));
  card_write_boolean(w, ",\n    \"antialias\": ", p->antialias);
  card_write_text(w, ",\n    \"fit\": ", akin_fit_name(p->fit));
  if (p->fit == AKIN_FIT_CROP) card_write_number(w, ",\n    \"crop_fraction\": ", (double)p->crop_fraction, true);
  if (p->fit == AKIN_FIT_RESIZE_CROP) card_write_whole(w, ",\n    \"shorter\": ", p->shorter);
  if (p->fit == AKIN_FIT_PAD) {
    const float colour[3] = {p->pad_colour[0], p->pad_colour[1], p->pad_colour[2]};
    card_write_three(w, ",\n    \"pad_colour\": ", colour);
  }
  card_write_text(w, ",\n    \"alpha\": ", p->alpha == AKIN_ALPHA_DROP ? "drop" : "white");
  card_write_boolean(w, ",\n    \"upright\": ", p->upright);
  card_write_boolean(w, ",\n    \"scaled_decoding\": ", p->scaled_decoding);
  card_write(w, "\n  }");
}

static void card_write_parameters(card_writer *w, const akin_card *card) {
  const unsigned parameters = akin_family_find(card->family)->parameters;
  if (parameters & AKIN_FAMILY_WIDTH_FACTOR) card_write_number(w, ",\n  \"width_factor\": ", card->width_factor, false);
  if (parameters & AKIN_FAMILY_DEPTH_FACTOR) card_write_number(w, ",\n  \"depth_factor\": ", card->depth_factor, false);
  if (parameters & AKIN_FAMILY_DEPTH) card_write_whole(w, ",\n  \"depth\": ", card->depth);
  if (parameters & AKIN_FAMILY_MINIMALISTIC) card_write_boolean(w, ",\n  \"minimalistic\": ", card->minimalistic);
  if (card->dialect != AKIN_DIALECT_TORCHVISION) return;
  card_write(w, ",\n  \"dialect\": \"torchvision\"");
  if (parameters & AKIN_FAMILY_GROUPS) card_write_whole(w, ",\n  \"groups\": ", card->groups);
  if (parameters & AKIN_FAMILY_GROUPS) card_write_whole(w, ",\n  \"group_width\": ", card->group_width);
  if (parameters & AKIN_FAMILY_NORMALIZED) card_write_boolean(w, ",\n  \"normalized\": ", card->normalized);
}

static void card_write_weights(card_writer *w, const akin_card *card) {
  card_write(w, ",\n  \"weights\": [");
  for (size_t i = 0; i < card->weights_count; i++) {
    const akin_card_weights *file = &card->weights[i];
    card_write_text(w, i ? ",\n    {\n      \"format\": " : "\n    {\n      \"format\": ", file->format);
    card_write_text(w, ",\n      \"file\": ", file->file);
    card_write_text(w, ",\n      \"origin\": ", file->origin);
    if (file->address) card_write_text(w, ",\n      \"address\": ", file->address);
    if (file->bytes) card_write_whole(w, ",\n      \"bytes\": ", file->bytes);
    if (file->has_hash) {
      char hex[AKIN_HASH_HEX_SIZE];
      akin_hash_hex(hex, &file->hash);
      card_write_text(w, ",\n      \"sha256\": ", hex);
    }
    if (file->sha256_prefix) card_write_text(w, ",\n      \"sha256_prefix\": ", file->sha256_prefix);
    if (file->md5) card_write_text(w, ",\n      \"md5\": ", file->md5);
    if (!file->top) card_write_boolean(w, ",\n      \"top\": ", false);
    card_write(w, "\n    }");
  }
  card_write(w, card->weights_count ? "\n  ]" : "]");
}

akin_status akin_card_parameters_text(akin_buffer *out, const akin_card *card) {
  card_writer writer = {out, AKIN_OK}, *w = &writer;
  const unsigned parameters = akin_family_find(card->family)->parameters;
  if (parameters & AKIN_FAMILY_WIDTH_FACTOR) card_write_number(w, ", width ", card->width_factor, false);
  if (parameters & AKIN_FAMILY_DEPTH_FACTOR) card_write_number(w, ", depth ", card->depth_factor, false);
  if (parameters & AKIN_FAMILY_DEPTH) card_write_whole(w, ", depth ", card->depth);
  if (card->minimalistic) card_write(w, ", minimalistic");
  if (card->dialect == AKIN_DIALECT_TORCHVISION) {
    if (card->normalized) card_write(w, ", normalized");
    if (card->groups > 1) card_write_whole(w, ", groups ", card->groups);
    if (card->group_width != AKIN_CARD_GROUP_WIDTH) card_write_whole(w, ", group width ", card->group_width);
    card_write(w, ", torchvision's");
  }
  if (card->classes == 0 && strcmp(card->family, AKIN_NET_FAMILY) != 0) card_write(w, ", without top");
  return w->status;
}

static void card_write_pooling(card_writer *w, const akin_card *card) {
  card_write(w, ",\n  \"pooling\": \"");
  if (w->status == AKIN_OK) w->status = akin_pool_text(w->out, card->pool, card->pool_power);
  card_write(w, "\"");
}

akin_status akin_card_json(akin_buffer *out, const akin_card *card) {
  card_writer writer = {out, AKIN_OK}, *w = &writer;
  card_write_text(w, "{\n  \"name\": ", card->name);
  card_write_text(w, ",\n  \"description\": ", card->description);
  if (card->variant_of) card_write_text(w, ",\n  \"variant_of\": ", card->variant_of);
  card_write_text(w, ",\n  \"family\": ", card->family);
  card_write_parameters(w, card);
  card_write_whole(w, ",\n  \"classes\": ", card->classes);
  card_write_preparation(w, &card->preparation);
  card_write_boolean(w, ",\n  \"mirror\": ", card->mirror);
  card_write_text(w, ",\n  \"channels\": ", card->bgr ? "bgr" : "rgb");
  card_write_three(w, ",\n  \"mean\": ", card->mean);
  card_write_three(w, ",\n  \"scale\": ", card->scale);
  if (card->layer) card_write_text(w, ",\n  \"layer\": ", card->layer);
  if (card->pool != AKIN_POOL_CARD) card_write_pooling(w, card);
  if (card->has_prefix_tokens) card_write_whole(w, ",\n  \"prefix_tokens\": ", card->prefix_tokens);
  card_write_text(w, ",\n  \"licence\": ", card->licence);
  card_write_text(w, ",\n  \"citation\": ", card->citation);
  card_write_weights(w, card);
  card_write(w, "\n}\n");
  return w->status;
}
