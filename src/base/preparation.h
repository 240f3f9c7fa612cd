/*
 * preparation.h - how an image becomes the pixels that a network was trained on. Shared by the rooms image (which does
 * it), model (whose cards say it) and engine. Part of a feature's fingerprint: see akin_preparation_text.
 */
#ifndef AKIN_BASE_PREPARATION_H
#define AKIN_BASE_PREPARATION_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum akin_filter {
  AKIN_FILTER_NEAREST,
  AKIN_FILTER_BOX,
  AKIN_FILTER_BILINEAR,
  AKIN_FILTER_BICUBIC
} akin_filter;
typedef enum akin_fit {
  AKIN_FIT_STRETCH,    /* to width × height, proportions lost */
  AKIN_FIT_CROP,       /* the largest centred part of the right proportions, times crop_fraction */
  AKIN_FIT_PAD,        /* the whole image, centred on pad_colour */
  AKIN_FIT_RESIZE_CROP /* resized until its shorter side is `shorter`, then the middle, as torchvision does */
} akin_fit;
typedef enum akin_alpha {
  AKIN_ALPHA_WHITE, /* composited over white */
  AKIN_ALPHA_DROP   /* the alpha channel is ignored, as Pillow's convert("RGB") does */
} akin_alpha;

#define AKIN_PREPARATION_SIDE_MOST 4096u

typedef struct akin_preparation {
  uint32_t width, height; /* of the result, 1 to AKIN_PREPARATION_SIDE_MOST */
  akin_filter filter;
  bool antialias; /* the filter is widened when shrinking, as Pillow does; false only with NEAREST */
  akin_fit fit;
  float crop_fraction;   /* 0 < f <= 1; with AKIN_FIT_CROP */
  uint8_t pad_colour[3]; /* with AKIN_FIT_PAD */
  uint32_t shorter;      /* with AKIN_FIT_RESIZE_CROP: at least width and height, at most that */
  akin_alpha alpha;
  bool upright;         /* EXIF orientation is obeyed */
  bool scaled_decoding; /* JPEG may be decoded at a smaller size that is still at least twice the target */
} akin_preparation;

#define AKIN_PREPARATION_INIT(w, h)                                                                                    \
  { (w), (h), AKIN_FILTER_BILINEAR, true, AKIN_FIT_STRETCH, 1.0f, {255, 255, 255}, 0, AKIN_ALPHA_WHITE, true, true }

/* Names as cards and fingerprints have them: "nearest", "stretch", "white" …; from name: false when unknown. */
const char *akin_filter_name(akin_filter f);
const char *akin_fit_name(akin_fit f);
bool akin_filter_from_name(akin_filter *out, const char *name);
bool akin_fit_from_name(akin_fit *out, const char *name);

/* Keras' load_img(target_size=…): nearest, stretched, no EXIF, alpha dropped, whole decoding. */
void akin_preparation_keras(akin_preparation *p);

/* Appends the canonical text that goes into a fingerprint and that `akin model inspect` shows, such as
 * "224x224 bilinear antialias stretch white upright scaled". */
akin_status akin_preparation_text(akin_buffer *out, const akin_preparation *p);

#endif
