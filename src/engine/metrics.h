/* metrics.h - from the scores of one query to its metrics: see akin/evaluate.h. Numbers only. */
#ifndef AKIN_ENGINE_METRICS_H
#define AKIN_ENGINE_METRICS_H

#include <akin/evaluate.h>
#include <stdbool.h>

/* A candidate of a query, told by its place in the order of paths. */
typedef struct akin_candidate {
  float score;
  size_t index;
} akin_candidate;

/* Is a before b in an answer? */
bool akin_candidate_before(const akin_candidate *a, const akin_candidate *b);
/* Sorts, best first. */
void akin_candidates_sort(akin_candidate *candidates, size_t n);

/*
 * Ranks of the relevant ones among all.
 *   ranks: [n] filled, ascending, from 1
 *   relevant: [n] sorted as by akin_candidates_sort
 *   others: [m], in any order
 */
void akin_ranks_find(size_t *ranks, const akin_candidate *relevant, size_t n, const akin_candidate *others, size_t m);
/* ranks: [n] ascending, n 1 or more. */
void akin_metrics_of_ranks(double out[AKIN_METRICS], const size_t *ranks, size_t n, size_t k);

#endif
