/* pixels.c - see pixels.h. */
#include "model/pixels.h"

#include "base/error.h"

#include <string.h>

static const akin_pixels_kind pixels_all[] = {
    {"raw", "0 to 255", false, {0, 0, 0}, {1, 1, 1}},
    {"unit", "x / 255", false, {0, 0, 0}, {255, 255, 255}},
    {"tf", "x / 127.5 - 1", false, {127.5f, 127.5f, 127.5f}, {127.5f, 127.5f, 127.5f}},
    {"torch",
     "x / 255 less ImageNet's mean, by its deviation",
     false,
     {123.675f, 116.28f, 103.53f},
     {58.395f, 57.12f, 57.375f}},
    {"caffe", "BGR less ImageNet's mean", true, {103.939f, 116.779f, 123.68f}, {1, 1, 1}},
};

const akin_pixels_kind *akin_pixels_find(const char *name) {
  for (size_t i = 0; i < sizeof pixels_all / sizeof *pixels_all; i++)
    if (strcmp(pixels_all[i].name, name) == 0) return &pixels_all[i];
  return NULL;
}

void akin_pixels_use(akin_card *card, const akin_pixels_kind *pixels) {
  card->bgr = pixels->bgr;
  memcpy(card->mean, pixels->mean, sizeof card->mean);
  memcpy(card->scale, pixels->scale, sizeof card->scale);
}

akin_status akin_pixels_set(akin_card *card, const char *name, akin_error *err) {
  const akin_card *like = akin_card_builtin(name);
  const akin_pixels_kind *pixels = akin_pixels_find(name);
  if (pixels) {
    akin_pixels_use(card, pixels);
    return AKIN_OK;
  }
  if (!like)
    return akin_fail(
        err, AKIN_ERROR_USAGE,
        "pixels '%s': there are raw, unit, tf, torch, caffe, or the name of a model that 'akin model list' shows",
        name);
  card->bgr = like->bgr;
  memcpy(card->mean, like->mean, sizeof card->mean);
  memcpy(card->scale, like->scale, sizeof card->scale);
  return AKIN_OK;
}
