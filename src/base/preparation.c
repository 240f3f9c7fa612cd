/* preparation.c - names and the canonical text of a preparation. What is written here enters fingerprints: a change of
 * a word makes every stored feature another model's. */
#include "base/preparation.h"

#include <string.h>

static const char *const preparation_filters[] = {
    [AKIN_FILTER_NEAREST] = "nearest",
    [AKIN_FILTER_BOX] = "box",
    [AKIN_FILTER_BILINEAR] = "bilinear",
    [AKIN_FILTER_BICUBIC] = "bicubic",
};
static const char *const preparation_fits[] = {
    [AKIN_FIT_STRETCH] = "stretch",
    [AKIN_FIT_CROP] = "crop",
    [AKIN_FIT_PAD] = "pad",
    [AKIN_FIT_RESIZE_CROP] = "resize-crop",
};

#define PREPARATION_COUNT(names) (sizeof(names) / sizeof(names)[0])

/* Index of name; count when it is none of them. */
static size_t preparation_find(const char *const *names, size_t count, const char *name) {
  size_t i = 0;
  while (i < count && strcmp(names[i], name) != 0)
    i++;
  return i;
}

const char *akin_filter_name(akin_filter f) {
  return preparation_filters[f];
}
const char *akin_fit_name(akin_fit f) {
  return preparation_fits[f];
}

bool akin_filter_from_name(akin_filter *out, const char *name) {
  const size_t found = preparation_find(preparation_filters, PREPARATION_COUNT(preparation_filters), name);
  if (found == PREPARATION_COUNT(preparation_filters)) return false;
  *out = (akin_filter)found;
  return true;
}

bool akin_fit_from_name(akin_fit *out, const char *name) {
  const size_t found = preparation_find(preparation_fits, PREPARATION_COUNT(preparation_fits), name);
  if (found == PREPARATION_COUNT(preparation_fits)) return false;
  *out = (akin_fit)found;
  return true;
}

void akin_preparation_keras(akin_preparation *p) {
  p->filter = AKIN_FILTER_NEAREST;
  p->antialias = false;
  p->fit = AKIN_FIT_STRETCH;
  p->alpha = AKIN_ALPHA_DROP;
  p->upright = false;
  p->scaled_decoding = false;
}

static akin_status preparation_append_fit(akin_buffer *out, const akin_preparation *p) {
  switch (p->fit) {
  case AKIN_FIT_CROP:
    return akin_buffer_printf(out, " crop %.9g", (double)p->crop_fraction);
  case AKIN_FIT_PAD:
    return akin_buffer_printf(out, " pad #%02x%02x%02x", p->pad_colour[0], p->pad_colour[1], p->pad_colour[2]);
  case AKIN_FIT_RESIZE_CROP:
    return akin_buffer_printf(out, " resize-crop %u", p->shorter);
  case AKIN_FIT_STRETCH:
    break;
  }
  return akin_buffer_append_text(out, " stretch");
}

akin_status akin_preparation_text(akin_buffer *out, const akin_preparation *p) {
  const size_t before = out->size;
  akin_status status = akin_buffer_printf(out, "%ux%u %s%s", p->width, p->height, akin_filter_name(p->filter),
                                          p->antialias ? " antialias" : "");
  if (status == AKIN_OK) status = preparation_append_fit(out, p);
  if (status == AKIN_OK)
    status = akin_buffer_printf(out, " %s%s%s", p->alpha == AKIN_ALPHA_DROP ? "drop" : "white",
                                p->upright ? " upright" : "", p->scaled_decoding ? " scaled" : "");
  if (status != AKIN_OK) akin_buffer_shorten(out, before);
  return status;
}
