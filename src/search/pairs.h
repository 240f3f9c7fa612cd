/*
 * pairs.h - the best k of many questions at once, all of them rows of one table: every row against every other, each
 * product computed once, in tiles (tiles.h).
 *
 * The answers are those of akin_search_best, to the bit and with all ties. The tiles' products only choose, coarse ones
 * where there are such: a row gathers whatever is not further below its kth best product than both roundings can reach
 * (akin_tile_error, akin_tile_coarse_error), and what it gathered is then scored by akin_search_score. A row with too
 * many that close is asked again with exact products, and then, as with hundreds of equal features, alone.
 */
#ifndef AKIN_SEARCH_PAIRS_H
#define AKIN_SEARCH_PAIRS_H

#include <akin/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A handle is used by one thread at a time. */
typedef struct akin_pairs akin_pairs;

typedef struct akin_pairs_options {
  const float *const *rows; /* f32 [dim] of unit length each; borrowed as long as the handle lives */
  size_t n, dim;            /* at most 4,294,967,294 rows */
  size_t k;                 /* 1 or more */
  bool self;                /* a row may be its own hit */
  unsigned threads;         /* 1 or more */
  /* Asked before the first tile and between tiles by the calling thread, with how much of the work is done: true stops
   * it. What is asked again begins at 0 once more. May be NULL. */
  bool (*stop)(void *context, double share);
  void *context;
} akin_pairs_options;

/* A row that was found, by its number. */
typedef struct akin_pair {
  float score; /* of akin_search_score */
  uint32_t row;
} akin_pair;

/* Bytes that a question takes while questions are asked together; the tiles take about 2 MB a thread besides. */
size_t akin_pairs_bytes(size_t n, size_t k);

akin_status akin_pairs_new(akin_pairs **out, const akin_pairs_options *options, akin_error *err);
void akin_pairs_free(akin_pairs *pairs); /* NULL is fine */

/*
 * Asks for `count` rows at once. What was asked before is forgotten.
 *   asked: their numbers, each once
 * Errors: MEMORY, CANCELLED (by stop).
 */
akin_status akin_pairs_ask(akin_pairs *pairs, const uint32_t *asked, size_t count, akin_error *err);

/*
 * The answer for a row that was asked: its best k and all that tie with the kth, by score descending, then by number;
 * fewer when there are fewer.
 *   out, count: borrowed until the next call
 */
akin_status akin_pairs_best(akin_pairs *pairs, uint32_t row, const akin_pair **out, size_t *count, akin_error *err);

#endif
