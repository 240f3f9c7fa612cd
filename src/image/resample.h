/*
 * resample.h - from a picture to the pixels that a network wants: fit, then nearest neighbour or two passes, first
 * across, then down, with rounding to 8 bits between them, as Pillow does.
 */
#ifndef AKIN_IMAGE_RESAMPLE_H
#define AKIN_IMAGE_RESAMPLE_H

#include "image/image.h"
#include "image/view.h"

/*
 * out: u8 [p->height, p->width, 3].
 * width, height: of the whole upright picture, of which view shows eighths / 8 (rounded up to whole pixels).
 * Memory beside out: the weights and as many rows of the result's width as one output row is made of.
 */
akin_status akin_resample_fit(uint8_t *out, const akin_view *view, uint32_t width, uint32_t height, uint32_t eighths,
                              const akin_preparation *p, akin_error *err);

#endif
