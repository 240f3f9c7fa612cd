/*
 * close.h - every pair of rows of one table whose score reaches a threshold, each product computed once, in tiles
 * (tiles.h). Which pairs, and their scores, are those of akin_search_scores to the bit: the tiles' products, which
 * round otherwise, only choose what is scored.
 */
#ifndef AKIN_SEARCH_CLOSE_H
#define AKIN_SEARCH_CLOSE_H

#include <akin/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct akin_close_options {
  const float *const *rows; /* f32 [dim] of unit length each */
  size_t n, dim;            /* at most 4,294,967,295 rows */
  float threshold;
  size_t most;      /* pairs */
  unsigned threads; /* 1 or more */
  /* Asked between tiles by the calling thread: true stops it. May be NULL. */
  bool (*stop)(void *context);
  void *context;
} akin_close_options;

typedef struct akin_close_pair {
  uint32_t a, b; /* numbers of rows, a < b */
  float score;
} akin_close_pair;

/*
 * out: in order of a, then b; freed with akin_free
 * Errors: LIMIT (more than `most`), CANCELLED (by stop), MEMORY.
 */
akin_status akin_search_close(akin_close_pair **out, size_t *count, const akin_close_options *options, akin_error *err);

#endif
