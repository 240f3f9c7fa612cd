/* pool.c - which pooling a layer gets (pool.h), and the names of poolings. They enter fingerprints: a changed word
 * makes every stored feature another model's. */
#include "model/pool.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/card.h"

#include <string.h>

static const char *const pool_names[AKIN_POOL_COUNT] = {
    [AKIN_POOL_CARD] = "card",   [AKIN_POOL_AVERAGE] = "average", [AKIN_POOL_MAX] = "max",   [AKIN_POOL_GEM] = "gem",
    [AKIN_POOL_CLASS] = "class", [AKIN_POOL_PATCHES] = "patches", [AKIN_POOL_BOTH] = "both",
};

akin_status akin_pool_text(akin_buffer *out, akin_pool pool, double power) {
  akin_status status = akin_buffer_append_text(out, pool_names[pool]);
  if (pool != AKIN_POOL_GEM || power == 0 || status != AKIN_OK) return status;
  status = akin_buffer_append_text(out, ":");
  return status == AKIN_OK ? akin_card_number(out, power, false) : status;
}

bool akin_pool_from_name(akin_pool *out, double *power, const char *name) {
  const char *const gem = pool_names[AKIN_POOL_GEM];
  const size_t length = strlen(gem);
  *power = 0;
  if (strncmp(name, gem, length) == 0 && name[length] == ':') {
    *out = AKIN_POOL_GEM;
    return akin_parse_double(power, name + length + 1, AKIN_POOL_POWER_LEAST, AKIN_POOL_POWER_MOST);
  }
  for (int i = 0; i < AKIN_POOL_COUNT; i++) {
    if (strcmp(pool_names[i], name) != 0) continue;
    *out = (akin_pool)i;
    return true;
  }
  return false;
}

/* ---- plans ---- */

/*
 * Tokens in front of those of patches, as the image's shape tells: square patches, as small as there are tokens for,
 * make a grid; what is left over stands in front.
 */
static uint32_t pool_prefix(const akin_card *card, uint32_t tokens) {
  const uint32_t width = card->preparation.width, height = card->preparation.height;
  if (card->has_prefix_tokens) return card->prefix_tokens;
  for (uint32_t side = 1; side <= width && side <= height; side++) {
    const uint64_t grid = (uint64_t)(width / side) * (height / side);
    if (grid <= tokens) return tokens - (uint32_t)grid;
  }
  return tokens;
}

static akin_pool pool_of_layer(const akin_pool_plan *plan) {
  if (!plan->tokens) return AKIN_POOL_AVERAGE;
  return plan->prefix ? AKIN_POOL_CLASS : AKIN_POOL_PATCHES;
}

static bool pool_is_of_tokens(akin_pool pool) {
  return pool == AKIN_POOL_CLASS || pool == AKIN_POOL_PATCHES || pool == AKIN_POOL_BOTH;
}

static akin_status pool_check(const akin_pool_plan *plan, const akin_layer *layer, akin_error *err) {
  if (!pool_is_of_tokens(plan->pool)) return AKIN_OK;
  const char *name = pool_names[plan->pool];
  if (!plan->tokens) {
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED,
                     "layer '%s' is a map, and pooling %s is of tokens: take average, max or gem", layer->name, name);
  }
  if (plan->prefix >= plan->count) {
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED,
                     "layer '%s' has %u tokens, of which %u stand in front of those of patches: none is left",
                     layer->name, plan->count, plan->prefix);
  }
  if (plan->prefix > 0 || plan->pool == AKIN_POOL_PATCHES) return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_UNSUPPORTED,
                   "layer '%s' has %u tokens, all of patches, and no class token: take pooling patches, average, max "
                   "or gem",
                   layer->name, plan->count);
}

akin_status akin_pool_plan_make(akin_pool_plan *out, const akin_card *card, const akin_layer *layer, akin_pool asked,
                                double power, akin_error *err) {
  const akin_shape *shape = &layer->shape;
  const bool described = layer->kind == AKIN_LAYER_TENSOR;
  const akin_pool wanted = asked != AKIN_POOL_CARD ? asked : card->pool;
  *out = (akin_pool_plan){.pool = AKIN_POOL_CARD};
  out->tokens =
      shape->rank == 2 && (described || wanted != AKIN_POOL_CARD); /* rows in Keras' models stay as they are */
  if (shape->rank != 3 && !out->tokens) return AKIN_OK;
  out->channels_last = described && layer->as.tensor.channels_last;
  out->channels = shape->size[shape->rank - 1];
  if (out->tokens) {
    out->count = shape->size[0];
    out->prefix = pool_prefix(card, out->count);
  }
  out->pool = wanted != AKIN_POOL_CARD ? wanted : pool_of_layer(out);
  out->power = power > 0 ? power : card->pool_power > 0 ? card->pool_power : AKIN_POOL_POWER;
  return pool_check(out, layer, err);
}

uint32_t akin_pool_plan_dim(const akin_pool_plan *plan) {
  return plan->pool == AKIN_POOL_BOTH ? 2 * plan->channels : plan->channels;
}

akin_status akin_pool_plan_text(akin_buffer *out, const akin_pool_plan *plan) {
  if (plan->pool == AKIN_POOL_CARD) return akin_buffer_append_text(out, "none");
  akin_status status = akin_pool_text(out, plan->pool, plan->power);
  if (status != AKIN_OK || (plan->pool != AKIN_POOL_PATCHES && plan->pool != AKIN_POOL_BOTH)) return status;
  return akin_buffer_printf(out, " %u", plan->prefix);
}

char *akin_pool_plan_describe(const akin_pool_plan *plan) {
  const char *of = plan->tokens ? "tokens" : "places";
  switch (plan->pool) {
  case AKIN_POOL_AVERAGE:
    return akin_format(", mean over its %s", of);
  case AKIN_POOL_MAX:
    return akin_format(", maximum over its %s", of);
  case AKIN_POOL_GEM:
    return akin_format(", generalised mean of power %g over its %s", plan->power, of);
  case AKIN_POOL_CLASS:
    return akin_format(", the first of its %u tokens", plan->count);
  case AKIN_POOL_PATCHES:
    return akin_format(", mean of %u of its %u tokens, those of patches", plan->count - plan->prefix, plan->count);
  case AKIN_POOL_BOTH:
    return akin_format(", the first of its %u tokens and the mean of %u, those of patches", plan->count,
                       plan->count - plan->prefix);
  default:
    return akin_strdup("");
  }
}
