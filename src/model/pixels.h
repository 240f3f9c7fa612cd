/* pixels.h - the usual ways in which networks are given their images. */
#ifndef AKIN_MODEL_PIXELS_H
#define AKIN_MODEL_PIXELS_H

#include "model/model.h"

typedef struct akin_pixels_kind {
  const char *name, *meaning; /* "tf", "x / 127.5 - 1" */
  bool bgr;
  float mean[3], scale[3];
} akin_pixels_kind;

const akin_pixels_kind *akin_pixels_find(const char *name); /* NULL: none */
void akin_pixels_use(akin_card *card, const akin_pixels_kind *pixels);
/* As a kind, or as a built-in card's network: its name. Errors: USAGE. */
akin_status akin_pixels_set(akin_card *card, const char *name, akin_error *err);

#endif
