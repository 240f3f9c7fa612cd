/*
 * taps.h - which input pixels make an output pixel along one axis, and with which weights: Pillow's rule, so that the
 * results are equal to the bit.
 *
 * With scale = (to - from) / whole, wide = max(scale, 1) and reach = the filter's half-width * wide, output i is
 * centred on c = from + (first + i + 1/2) * scale and made of the pixels floor(c - reach + 1/2) up to, without,
 * floor(c + reach + 1/2), kept inside the span; pixel x weighs filter((x - c + 1/2) / wide), divided by the sum of the
 * weights, in fixed point with AKIN_TAPS_BITS binary places, rounded half away from zero.
 */
#ifndef AKIN_IMAGE_TAPS_H
#define AKIN_IMAGE_TAPS_H

#include "base/preparation.h"

#include <akin/status.h>
#include <stdint.h>

#define AKIN_TAPS_BITS 22 /* 8 for the pixel and 2 for overshoot and sign remain of 32 */
#define AKIN_TAPS_HALF 11 /* a weight is high * 2^11 + low with 0 <= low < 2^11: both fit into 16 bits */

/* Pixels low to high - 1 may enter; from to to (low <= from < to <= high) is what `whole` outputs cover, of which those
 * from the first on are wanted. */
typedef struct akin_span {
  uint32_t low, high;
  double from, to;
  uint32_t whole, first;
} akin_span;

/*
 *   first:   [padded] the first input pixel of each output, counted from the span's low
 *   count:   [padded] how many input pixels it has, 1 to lanes
 *   weights: i32 [padded, lanes], zero past count
 *   halves:  i16 [padded, lanes / 2, 4]: for the pixels 2k and 2k + 1: low, low, high, high
 * padded: outputs rounded up to a multiple of 4; the additional ones have weights of zero. lanes: a multiple of 4.
 */
typedef struct akin_taps {
  uint32_t outputs, padded, lanes;
  uint32_t *first;
  uint32_t *count;
  int32_t *weights;
  int16_t *halves;
} akin_taps;

/* filter: not NEAREST. outputs: 1 or more; with the span's first at most its whole. */
akin_status akin_taps_make(akin_taps *out, const akin_span *span, uint32_t outputs, akin_filter filter,
                           akin_error *err);
void akin_taps_free(akin_taps *taps); /* fine on {0} */

#endif
