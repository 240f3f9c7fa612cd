/*
 * imprint.h - a small likeness of a picture that tells whether another one shows the same: resized, compressed anew,
 * cropped a little, brighter or darker. Two different photos of one thing do not pass.
 *
 * Two imprints are laid over each other (register.h), then compared where they cover each other:
 *   - in squares of 8 × 8 pixels, each by its correlation, once as it is and once weighted by how much there is to be
 *     seen in it: agreement is the smaller mean. What is clipped to white is left out, so that brightening costs
 * little;
 *   - by the mean brightness of the squares, after one contrast and brightness for all;
 *   - by colour: what was dyed otherwise is something else.
 * Pictures of nearly one colour have nothing to be laid over: they are the same when their pixels are.
 * The thresholds are those of docs/duplicates.md, where their effect was measured.
 */
#ifndef AKIN_IMAGE_IMPRINT_H
#define AKIN_IMAGE_IMPRINT_H

#include <akin/image.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AKIN_IMPRINT_SIDE   64 /* pixels of brightness, across and down; the picture is stretched to it */
#define AKIN_IMPRINT_COLOUR 16 /* pixels of colour, across and down */

typedef struct akin_imprint {
  uint8_t luma[AKIN_IMPRINT_SIDE * AKIN_IMPRINT_SIDE];     /* 0 to 255 */
  int16_t blue[AKIN_IMPRINT_COLOUR * AKIN_IMPRINT_COLOUR]; /* less luma: -255 to 255 */
  int16_t red[AKIN_IMPRINT_COLOUR * AKIN_IMPRINT_COLOUR];
} akin_imprint;

/* Of the image in a file, upright. Errors as akin_image_prepare. */
akin_status akin_image_imprint(akin_imprint *out, const void *bytes, size_t n, const akin_limits *limits,
                               akin_error *err);
/* left and right exchanged */
void akin_imprint_mirror(akin_imprint *out, const akin_imprint *in);

/* Do both show the same? agreement: 0 to 1, also when they do not. The order of the two does not matter to a bit of it.
 */
bool akin_imprint_same(const akin_imprint *a, const akin_imprint *b, float *agreement);

#endif
