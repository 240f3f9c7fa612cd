/*
 * card.c - cards out of JSON, strictly: a key that is unknown, missing, of another type or out of range is named. The
 * keys are described in docs/models.md; models/ has examples.
 */
#include "model/model.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/card.h"
#include "model/families/families.h"
#include "model/name.h"

#include <math.h>
#include <string.h>

#define CARD_PREFIX_LEAST 8u /* digits of a hash that a file is known by */

/* What akin_card_parse gives out: the card first, so that its address is this one's. */
typedef struct card_owner {
  akin_card card;
  akin_arena arena;
} card_owner;

typedef struct card_reader {
  const akin_json *object; /* whose keys are read */
  const char *where;       /* in front of a key's name: "", "input." */
  akin_arena *arena;
  akin_error *err;
} card_reader;

static akin_status card_wrong(const card_reader *r, const char *key, const char *must) {
  return akin_fail(r->err, AKIN_ERROR_FORMAT, "key \"%s%s\" must be %s", r->where, key, must);
}

/* ---- one key ---- */

static akin_status card_check_keys(const card_reader *r, const char *const *known, size_t count) {
  for (size_t i = 0; i < akin_json_count(r->object); i++) {
    const char *key = akin_json_key_at(r->object, i);
    if (!akin_text_among(key, known, count))
      return akin_fail(r->err, AKIN_ERROR_FORMAT, "key \"%s%s\" is not known", r->where, key);
  }
  return AKIN_OK;
}

/* A text that is not empty; *out stays NULL when an optional one is not there. */
static akin_status card_read_text(const card_reader *r, const char **out, const char *key, bool required) {
  const akin_json *value = akin_json_get(r->object, key);
  if (!value && !required) return AKIN_OK;
  const char *text = akin_json_text(value);
  if (!text || !*text) return card_wrong(r, key, "a text");
  *out = akin_arena_text(r->arena, text, strlen(text));
  return *out ? AKIN_OK : akin_fail_memory(r->err, strlen(text) + 1);
}

static akin_status card_read_number(const card_reader *r, double *out, const char *key, double lowest, double highest) {
  double value = 0;
  if (!akin_json_number(&value, akin_json_get(r->object, key)) || !(value >= lowest && value <= highest)) {
    return akin_fail(r->err, AKIN_ERROR_FORMAT, "key \"%s%s\" must be a number from %g to %g", r->where, key, lowest,
                     highest);
  }
  *out = value;
  return AKIN_OK;
}

static akin_status card_read_whole(const card_reader *r, uint32_t *out, const char *key, uint32_t lowest,
                                   uint32_t highest) {
  int64_t value = 0;
  if (!akin_json_integer(&value, akin_json_get(r->object, key)) || value < lowest || value > highest) {
    return akin_fail(r->err, AKIN_ERROR_FORMAT, "key \"%s%s\" must be a whole number from %u to %u", r->where, key,
                     lowest, highest);
  }
  *out = (uint32_t)value;
  return AKIN_OK;
}

static akin_status card_read_boolean(const card_reader *r, bool *out, const char *key) {
  return akin_json_boolean(out, akin_json_get(r->object, key)) ? AKIN_OK : card_wrong(r, key, "true or false");
}

/* Three numbers, one a channel; each from lowest to highest. */
static akin_status card_read_three(const card_reader *r, double out[3], const char *key, double lowest,
                                   double highest) {
  const akin_json *array = akin_json_get(r->object, key);
  bool right = akin_json_is_array(array) && akin_json_count(array) == 3;
  for (size_t i = 0; right && i < 3; i++)
    right = akin_json_number(&out[i], akin_json_at(array, i)) && out[i] >= lowest && out[i] <= highest;
  if (right) return AKIN_OK;
  return akin_fail(r->err, AKIN_ERROR_FORMAT, "key \"%s%s\" must be three numbers from %g to %g", r->where, key, lowest,
                   highest);
}

/* ---- "input" ---- */

static akin_status card_read_filter(const card_reader *r, akin_preparation *p) {
  const char *name = akin_json_text(akin_json_get(r->object, "filter"));
  if (!name || !akin_filter_from_name(&p->filter, name))
    return card_wrong(r, "filter", "\"nearest\", \"box\", \"bilinear\" or \"bicubic\"");
  akin_status status = card_read_boolean(r, &p->antialias, "antialias");
  if (status != AKIN_OK) return status;
  if (p->antialias != (p->filter != AKIN_FILTER_NEAREST))
    return card_wrong(r, "antialias", "false with the filter \"nearest\", true with all others");
  return AKIN_OK;
}

static akin_status card_read_fit(const card_reader *r, akin_preparation *p) {
  const char *name = akin_json_text(akin_json_get(r->object, "fit"));
  if (!name || !akin_fit_from_name(&p->fit, name))
    return card_wrong(r, "fit", "\"stretch\", \"crop\", \"pad\" or \"resize-crop\"");
  const bool fraction = akin_json_get(r->object, "crop_fraction"), colour = akin_json_get(r->object, "pad_colour");
  if (fraction != (p->fit == AKIN_FIT_CROP))
    return card_wrong(r, "crop_fraction", "there with \"fit\": \"crop\" alone");
  if (colour != (p->fit == AKIN_FIT_PAD)) return card_wrong(r, "pad_colour", "there with \"fit\": \"pad\" alone");
  const bool shorter = akin_json_get(r->object, "shorter");
  if (shorter != (p->fit == AKIN_FIT_RESIZE_CROP))
    return card_wrong(r, "shorter", "there with \"fit\": \"resize-crop\" alone");
  double value = 1, colours[3] = {255, 255, 255};
  akin_status status = AKIN_OK;
  if (fraction) status = card_read_number(r, &value, "crop_fraction", 0.01, 1);
  if (colour) status = card_read_three(r, colours, "pad_colour", 0, 255);
  if (shorter)
    status = card_read_whole(r, &p->shorter, "shorter", p->width > p->height ? p->width : p->height,
                             AKIN_PREPARATION_SIDE_MOST);
  if (status != AKIN_OK) return status;
  p->crop_fraction = (float)value;
  for (int i = 0; i < 3; i++)
    p->pad_colour[i] = (uint8_t)colours[i];
  return AKIN_OK;
}

static akin_status card_read_alpha(const card_reader *r, akin_preparation *p) {
  const char *name = akin_json_text(akin_json_get(r->object, "alpha"));
  if (!name || (strcmp(name, "white") != 0 && strcmp(name, "drop") != 0))
    return card_wrong(r, "alpha", "\"white\" or \"drop\"");
  p->alpha = strcmp(name, "drop") == 0 ? AKIN_ALPHA_DROP : AKIN_ALPHA_WHITE;
  return AKIN_OK;
}

static akin_status card_read_preparation(const card_reader *outer, akin_preparation *p) {
  static const char *const keys[] = {"width",         "height",     "filter",  "antialias",       "fit",    "alpha",
                                     "crop_fraction", "pad_colour", "upright", "scaled_decoding", "shorter"};
  const card_reader r = {akin_json_get(outer->object, "input"), "input.", outer->arena, outer->err};
  if (!akin_json_is_object(r.object)) return card_wrong(outer, "input", "an object");
  *p = (akin_preparation)AKIN_PREPARATION_INIT(1, 1);
  akin_status status = card_check_keys(&r, keys, sizeof keys / sizeof *keys);
  if (status == AKIN_OK) status = card_read_whole(&r, &p->width, "width", 1, AKIN_PREPARATION_SIDE_MOST);
  if (status == AKIN_OK) status = card_read_whole(&r, &p->height, "height", 1, AKIN_PREPARATION_SIDE_MOST);
  if (status == AKIN_OK) status = card_read_filter(&r, p);
  if (status == AKIN_OK) status = card_read_fit(&r, p);
  if (status == AKIN_OK) status = card_read_alpha(&r, p);
  if (status == AKIN_OK) status = card_read_boolean(&r, &p->upright, "upright");
  if (status == AKIN_OK) status = card_read_boolean(&r, &p->scaled_decoding, "scaled_decoding");
  return status;
}

/* ---- "weights" ---- */

static akin_status card_read_hashes(const card_reader *r, akin_card_weights *w) {
  const akin_json *hash = akin_json_get(r->object, "sha256");
  const char *hex = akin_json_text(hash);
  w->has_hash = hash != NULL;
  if (hash && (!hex || !akin_hash_parse(&w->hash, hex))) return card_wrong(r, "sha256", "64 hexadecimal digits");
  akin_status status = card_read_text(r, &w->md5, "md5", false);
  if (status == AKIN_OK && w->md5 &&
      (strlen(w->md5) != AKIN_MD5_HEX_SIZE - 1 || strspn(w->md5, "0123456789abcdef") != AKIN_MD5_HEX_SIZE - 1))
    return card_wrong(r, "md5", "32 lower-case hexadecimal digits");
  if (status == AKIN_OK) status = card_read_text(r, &w->sha256_prefix, "sha256_prefix", false);
  const size_t digits = status == AKIN_OK && w->sha256_prefix ? strlen(w->sha256_prefix) : CARD_PREFIX_LEAST;
  if (digits < CARD_PREFIX_LEAST || digits >= AKIN_HASH_HEX_SIZE ||
      (w->sha256_prefix && strspn(w->sha256_prefix, "0123456789abcdef") != digits))
    return card_wrong(r, "sha256_prefix", "8 to 64 lower-case hexadecimal digits");
  return status;
}

static akin_status card_read_weights_entry(const card_reader *r, akin_card_weights *w) {
  static const char *const keys[] = {"format", "file", "origin", "address",      "bytes",
                                     "sha256", "md5",  "top",    "sha256_prefix"};
  static const char *const formats[] = {"pth", "h5", "onnx"};
  akin_status status = akin_json_is_object(r->object) ? card_check_keys(r, keys, sizeof keys / sizeof *keys)
                                                      : card_wrong(r, "", "objects");
  if (status == AKIN_OK) status = card_read_text(r, &w->format, "format", true);
  if (status == AKIN_OK && !AKIN_TEXT_AMONG(w->format, formats))
    status = card_wrong(r, "format", "\"pth\", \"h5\" or \"onnx\"");
  if (status == AKIN_OK) status = card_read_text(r, &w->file, "file", true);
  if (status == AKIN_OK) status = card_read_text(r, &w->origin, "origin", true);
  if (status == AKIN_OK) status = card_read_text(r, &w->address, "address", false);
  if (status == AKIN_OK) status = card_read_hashes(r, w);
  if (status != AKIN_OK) return status;
  const akin_json *size = akin_json_get(r->object, "bytes");
  int64_t bytes = 0;
  if (size && (!akin_json_integer(&bytes, size) || bytes < 1)) return card_wrong(r, "bytes", "the file's size");
  w->bytes = (uint64_t)bytes;
  w->top = true;
  return akin_json_get(r->object, "top") ? card_read_boolean(r, &w->top, "top") : AKIN_OK;
}

static akin_status card_read_weights(const card_reader *outer, akin_card *card) {
  const size_t most = sizeof card->weights / sizeof *card->weights;
  const akin_json *array = akin_json_get(outer->object, "weights");
  if (!akin_json_is_array(array) || akin_json_count(array) > most)
    return card_wrong(outer, "weights", "a list of at most four files (it may be empty)");
  card->weights_count = akin_json_count(array);
  for (size_t i = 0; i < card->weights_count; i++) {
    const card_reader r = {akin_json_at(array, i), "weights.", outer->arena, outer->err};
    akin_status status = card_read_weights_entry(&r, &card->weights[i]);
    if (status != AKIN_OK) return status;
  }
  return AKIN_OK;
}

/* Leaves the weights of the form with or without the last layers; all, when the card is of the latter itself. */
static void card_keep_weights(akin_card *card, bool top) {
  size_t kept = 0;
  for (size_t i = 0; i < card->weights_count; i++)
    if (card->weights[i].top == top) card->weights[kept++] = card->weights[i];
  card->weights_count = kept;
}

/* ---- the whole card ---- */

static akin_status card_read_name(const card_reader *r, akin_card *card) {
  akin_status status = card_read_text(r, &card->name, "name", true);
  if (status == AKIN_OK && !akin_name_valid(card->name)) status = card_wrong(r, "name", AKIN_NAME_RULE);
  return status;
}

static akin_status card_unknown_family(const card_reader *r, const char *name) {
  akin_buffer names = AKIN_BUFFER_INIT(0);
  akin_status status = AKIN_OK;
  for (size_t i = 0; akin_family_at(i) && status == AKIN_OK; i++)
    status = akin_buffer_printf(&names, i ? ", %s" : "%s", akin_family_at(i)->name);
  if (status == AKIN_OK)
    status = akin_fail(r->err, AKIN_ERROR_UNSUPPORTED, "family \"%s\" is not known: there are %s", name, names.data);
  else
    status = akin_fail_memory(r->err, names.size);
  akin_buffer_free(&names);
  return status;
}

/* Parameters are in the card exactly when the family takes them. */
static akin_status card_read_parameters(const card_reader *r, akin_card *card, const akin_family *family) {
  static const struct {
    akin_family_parameter parameter;
    const char *key;
  } keys[] = {{AKIN_FAMILY_WIDTH_FACTOR, "width_factor"},
              {AKIN_FAMILY_DEPTH_FACTOR, "depth_factor"},
              {AKIN_FAMILY_DEPTH, "depth"},
              {AKIN_FAMILY_MINIMALISTIC, "minimalistic"}};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    if (akin_json_get(r->object, keys[i].key) && !(family->parameters & keys[i].parameter)) {
      return akin_fail(r->err, AKIN_ERROR_FORMAT, "key \"%s\" must not be there: family \"%s\" takes none", keys[i].key,
                       family->name);
    }
  }
  akin_status status = AKIN_OK;
  card->width_factor = card->depth_factor = 1;
  if (family->parameters & AKIN_FAMILY_WIDTH_FACTOR)
    status = card_read_number(r, &card->width_factor, "width_factor", 0.01, 10);
  if (status == AKIN_OK && family->parameters & AKIN_FAMILY_DEPTH_FACTOR)
    status = card_read_number(r, &card->depth_factor, "depth_factor", 0.01, 6);
  if (status == AKIN_OK && family->parameters & AKIN_FAMILY_DEPTH)
    status = card_read_whole(r, &card->depth, "depth", 1, 1000);
  if (status == AKIN_OK && family->parameters & AKIN_FAMILY_MINIMALISTIC)
    status = card_read_boolean(r, &card->minimalistic, "minimalistic");
  return status;
}

/* What is there with "dialect": "torchvision" alone. */
static akin_status card_read_torchvision(const card_reader *r, akin_card *card, const akin_family *family) {
  static const struct {
    akin_family_parameter parameter;
    const char *key;
  } keys[] = {
      {AKIN_FAMILY_GROUPS, "groups"}, {AKIN_FAMILY_GROUPS, "group_width"}, {AKIN_FAMILY_NORMALIZED, "normalized"}};
  bool there[sizeof keys / sizeof *keys];
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    const bool takes = family->parameters & keys[i].parameter;
    there[i] = akin_json_get(r->object, keys[i].key);
    if (there[i] && (card->dialect != AKIN_DIALECT_TORCHVISION || !takes))
      return akin_fail(r->err, AKIN_ERROR_FORMAT, "key \"%s\" must not be there: family \"%s\" takes none%s",
                       keys[i].key, family->name, takes ? " unless the dialect is \"torchvision\"" : "");
  }
  akin_status status = AKIN_OK;
  card->groups = 1;
  card->group_width = AKIN_CARD_GROUP_WIDTH;
  if (there[0]) status = card_read_whole(r, &card->groups, keys[0].key, 1, 1024);
  if (status == AKIN_OK && there[1]) status = card_read_whole(r, &card->group_width, keys[1].key, 1, 1024);
  if (status == AKIN_OK && there[2]) status = card_read_boolean(r, &card->normalized, keys[2].key);
  return status;
}

static akin_status card_read_dialect(const card_reader *r, akin_card *card, const akin_family *family) {
  const akin_json *value = akin_json_get(r->object, "dialect");
  const char *name = akin_json_text(value);
  const bool two = family->parameters & AKIN_FAMILY_TORCHVISION;
  if (!value || (name && strcmp(name, "keras") == 0)) return AKIN_OK;
  if (!name || !two || strcmp(name, "torchvision") != 0)
    return card_wrong(r, "dialect", two ? "\"keras\" or \"torchvision\"" : "\"keras\": this family has no other");
  card->dialect = AKIN_DIALECT_TORCHVISION;
  return AKIN_OK;
}

static akin_status card_read_family(const card_reader *r, akin_card *card) {
  akin_status status = card_read_text(r, &card->family, "family", true);
  if (status != AKIN_OK) return status;
  const akin_family *family = akin_family_find(card->family);
  if (!family) return card_unknown_family(r, card->family);
  status = card_read_parameters(r, card, family);
  if (status == AKIN_OK) status = card_read_dialect(r, card, family);
  if (status == AKIN_OK) status = card_read_torchvision(r, card, family);
  return status == AKIN_OK ? card_read_whole(r, &card->classes, "classes", 0, AKIN_CARD_CLASSES_MOST) : status;
}

static akin_status card_read_pixels(const card_reader *r, akin_card *card) {
  double mean[3] = {0}, scale[3] = {0};
  const char *channels = akin_json_text(akin_json_get(r->object, "channels"));
  if (!channels || (strcmp(channels, "rgb") != 0 && strcmp(channels, "bgr") != 0))
    return card_wrong(r, "channels", "\"rgb\" or \"bgr\"");
  card->bgr = strcmp(channels, "bgr") == 0;
  akin_status status = card_read_boolean(r, &card->mirror, "mirror");
  if (status == AKIN_OK) status = card_read_three(r, mean, "mean", -1000, 1000);
  if (status == AKIN_OK) status = card_read_three(r, scale, "scale", 0.001, 100000);
  for (int i = 0; i < 3; i++) {
    card->mean[i] = (float)mean[i];
    card->scale[i] = (float)scale[i];
  }
  return status;
}

/* How the feature layer becomes a vector, where the card says. */
static akin_status card_read_pooling(const card_reader *r, akin_card *card) {
  const akin_json *pooling = akin_json_get(r->object, "pooling");
  const char *name = akin_json_text(pooling);
  if (pooling &&
      (!name || !akin_pool_from_name(&card->pool, &card->pool_power, name) || card->pool == AKIN_POOL_CARD)) {
    return card_wrong(r, "pooling",
                      "\"average\", \"max\", \"gem\", \"gem:4.5\" (a power from 1 to 100), \"class\", \"patches\" or "
                      "\"both\"");
  }
  card->has_prefix_tokens = akin_json_get(r->object, "prefix_tokens") != NULL;
  return card->has_prefix_tokens ? card_read_whole(r, &card->prefix_tokens, "prefix_tokens", 0, 1000) : AKIN_OK;
}

static akin_status card_read(const card_reader *r, akin_card *card) {
  static const char *const keys[] = {"name",         "description", "variant_of",   "family",    "width_factor",
                                     "depth_factor", "depth",       "minimalistic", "classes",   "input",
                                     "mirror",       "channels",    "mean",         "scale",     "layer",
                                     "licence",      "citation",    "weights",      "pooling",   "prefix_tokens",
                                     "dialect",      "groups",      "group_width",  "normalized"};
  if (!akin_json_is_object(r->object)) return akin_fail(r->err, AKIN_ERROR_FORMAT, "not a card: not a JSON object");
  akin_status status = card_check_keys(r, keys, sizeof keys / sizeof *keys);
  if (status == AKIN_OK) status = card_read_name(r, card);
  if (status == AKIN_OK) status = card_read_text(r, &card->description, "description", true);
  if (status == AKIN_OK) status = card_read_text(r, &card->variant_of, "variant_of", false);
  if (status == AKIN_OK) status = card_read_family(r, card);
  if (status == AKIN_OK) status = card_read_preparation(r, &card->preparation);
  if (status == AKIN_OK) status = card_read_pixels(r, card);
  if (status == AKIN_OK) status = card_read_text(r, &card->layer, "layer", false);
  if (status == AKIN_OK) status = card_read_pooling(r, card);
  if (status == AKIN_OK) status = card_read_text(r, &card->licence, "licence", true);
  if (status == AKIN_OK) status = card_read_text(r, &card->citation, "citation", true);
  if (status == AKIN_OK) status = card_read_weights(r, card);
  return status;
}

/* The card with the weights of all forms. */
static akin_status card_parse(akin_card **out, const char *json, size_t n, akin_error *err) {
  *out = NULL;
  akin_json *root = NULL;
  akin_status status = akin_json_parse(&root, json, n, err);
  if (status != AKIN_OK) return status;
  card_owner *owner = akin_calloc(1, sizeof *owner);
  if (owner) {
    const card_reader reader = {root, "", &owner->arena, err};
    status = card_read(&reader, &owner->card);
  } else {
    status = akin_fail_memory(err, sizeof *owner);
  }
  akin_json_free(root);
  if (status == AKIN_OK)
    *out = &owner->card;
  else if (owner)
    akin_card_free(&owner->card);
  return status;
}

akin_status akin_card_parse(akin_card **out, const char *json, size_t n, akin_error *err) {
  akin_status status = card_parse(out, json, n, err);
  if (status == AKIN_OK && (*out)->classes > 0) card_keep_weights(*out, true);
  return status;
}

/* Replaces a text of the card by itself and `more`. */
static akin_status card_extend(akin_card *card, const char **text, const char *more, akin_error *err) {
  const size_t length = strlen(*text), size = length + strlen(more) + 1;
  char *extended = akin_arena_alloc(&((card_owner *)card)->arena, size);
  if (!extended) return akin_fail_memory(err, size);
  memcpy(extended, *text, length);
  memcpy(extended + length, more, size - length);
  *text = extended;
  return AKIN_OK;
}

static akin_status card_drop_top(akin_card *card, akin_error *err) {
  if (!card->variant_of) card->variant_of = card->name;
  akin_status status = card_extend(card, &card->name, "-notop", err);
  if (status == AKIN_OK) status = card_extend(card, &card->description, ", without the last layers", err);
  if (status != AKIN_OK) return status;
  card->classes = 0;
  card_keep_weights(card, false);
  return AKIN_OK;
}

akin_status akin_card_parse_notop(akin_card **out, const char *json, size_t n, akin_error *err) {
  akin_status status = card_parse(out, json, n, err);
  const bool has_top = status == AKIN_OK && (*out)->classes > 0;
  if (has_top) status = card_drop_top(*out, err);
  if (status == AKIN_OK && has_top && (*out)->weights_count > 0) return AKIN_OK;
  akin_card_free(*out);
  *out = NULL;
  return status;
}

void akin_card_free(akin_card *card) {
  if (!card) return;
  card_owner *owner = (card_owner *)card;
  akin_arena_free(&owner->arena);
  akin_free(owner);
}
