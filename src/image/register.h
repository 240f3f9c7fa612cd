/*
 * register.h - laying one small grey picture over another: which stretch and shift, across and down, brings them
 * together? Made for pictures of which one may be cut out of the other by up to a tenth on each side.
 *
 * Gauss-Newton steps from coarse to fine, on 16, 32 and 64 pixels, for the four numbers of the placing and, so that
 * brightness and contrast do not matter, for a gain and an offset beside them.
 */
#ifndef AKIN_IMAGE_REGISTER_H
#define AKIN_IMAGE_REGISTER_H

#include <stdbool.h>
#include <stdint.h>

#define AKIN_REGISTER_LEVELS 3

/* Pixels across and down of a level: 16, 32, 64. */
#define AKIN_REGISTER_SIDE(level) (16 << (level))

/* A picture at three sizes, each slightly smoothed: f32 [side, side]. */
typedef struct akin_pyramid {
  float level[AKIN_REGISTER_LEVELS][64 * 64]; /* the first side * side of each are used */
} akin_pyramid;

/* What is at (x, y) of the one picture is at (scale_x * x + shift_x, scale_y * y + shift_y) of the other; both reach
 * from -1 to 1. */
typedef struct akin_placing {
  float scale_x, shift_x, scale_y, shift_y;
} akin_placing;

/* luma: u8 [64, 64] */
void akin_pyramid_make(akin_pyramid *out, const uint8_t *luma);
/* Starts from *placing and betters it on one level. False: they cannot be brought together, or only by an unlikely
 * placing. */
bool akin_register(akin_placing *placing, const akin_pyramid *a, const akin_pyramid *b, int level);

/* The place of pixel i of `side` in the one picture, and from there in the other: a position in its pixels. */
static inline float akin_placing_at(float scale, float shift, int i, int side) {
  const float x = ((float)i + 0.5f) / (float)side * 2.0f - 1.0f;
  return (scale * x + shift + 1.0f) * 0.5f * (float)side - 0.5f;
}

#endif
