/*
 * background.h - the scores of pairs of images that nobody chose: how a score compares with them says whether it is a
 * high one in this store.
 */
#ifndef AKIN_ENGINE_BACKGROUND_H
#define AKIN_ENGINE_BACKGROUND_H

#include <akin/status.h>
#include <stddef.h>
#include <stdint.h>

/* Pairs that are looked at; a percentile is exact to about 0.003. */
#define AKIN_BACKGROUND_PAIRS 32768

typedef struct akin_background {
  float *scores; /* ascending; owned */
  size_t count;  /* 0: nothing is known */
} akin_background;

/* rows: f32 [n, dim] of unit length. All pairs when they are no more than AKIN_BACKGROUND_PAIRS, else as many drawn by
 * a generator whose seed is always the same. */
akin_status akin_background_measure(akin_background *out, const float *rows, size_t n, uint32_t dim, akin_error *err);
/* The share of pairs whose score is lower, with half of those that are equal, in percent; negative: not known. */
double akin_background_percentile(const akin_background *b, float score);
void akin_background_free(akin_background *b);

#endif
