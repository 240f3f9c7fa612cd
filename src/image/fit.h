/*
 * fit.h - which part of a picture goes where: stretch, crop, pad, and resize and crop, in whole pixels.
 *
 * With w × h the upright picture, W × H the result, round(x) = floor(x + 1/2):
 *   stretch: the whole picture onto the whole result
 *   crop:    the largest centred part of proportions W : H, times the fraction f:
 *            w * H > h * W (wider):  width round(h * W / H * f), height round(h * f)
 *            otherwise:              width round(w * f),         height round(w * H / W * f)
 *            each at least 1; left = (w - width) / 2 and top = (h - height) / 2, rounded down.
 *            What lies outside does not enter the result: crop, then resize.
 *   pad:     the whole picture onto a centred part of the result:
 *            w * H > h * W (wider):  W × round(h * W / w)
 *            otherwise:              round(w * H / h) × H
 *            each at least 1; offsets rounded down.
 *   resize-crop: the whole picture to a shorter side of s pixels, the longer one s * longer / shorter rounded down; of
 *            that the W × H whose left and top are half of what is left over, halves to the even number.
 */
#ifndef AKIN_IMAGE_FIT_H
#define AKIN_IMAGE_FIT_H

#include "image/image.h"

typedef struct akin_rectangle {
  uint32_t left, top, width, height;
} akin_rectangle;

typedef struct akin_fit_plan {
  akin_rectangle from;    /* of the upright picture, whole pixels */
  akin_rectangle to;      /* of the result */
  akin_rectangle shown;   /* of what `from` is resized to: the part that goes there; width and height as `to` */
  uint32_t width, height; /* that `from` is resized to */
} akin_fit_plan;

akin_fit_plan akin_fit_of(const akin_preparation *p, uint32_t width, uint32_t height);

/* In which size a JPEG may be decoded, in eighths: 8, 4, 2 or 1 (the others are slower than 8 in libjpeg-turbo). The
 * smallest where the part that is used stays at least twice as wide and as high as where it goes; 8 when p does not
 * allow it. width, height, orientation of info are used. */
uint32_t akin_fit_eighths(const akin_preparation *p, const akin_image_info *info);

/* USAGE with the values when a field is out of its range. */
akin_status akin_fit_check(const akin_preparation *p, akin_error *err);
akin_status akin_fit_check_pixels(const akin_pixels *pixels, akin_error *err);

#endif
