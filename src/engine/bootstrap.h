/* bootstrap.h - how sure a mean is: means of resamples of the queries, drawn with replacement, by a seeded generator.
 */
#ifndef AKIN_ENGINE_BOOTSTRAP_H
#define AKIN_ENGINE_BOOTSTRAP_H

#include <akin/evaluate.h>

typedef struct akin_samples {
  const double (*values)[AKIN_METRICS]; /* [n] of each query */
  const uint32_t *classes;              /* [n] of each query, below class_count */
  size_t n, class_count;                /* 1 or more */
} akin_samples;

/*
 * Means over queries, and over classes of their means, with the 2.5th and 97.5th percentile of `resamples` of the same
 * (linear between two), each of n queries drawn one by one: query number random mod n. A class that a resample misses
 * does not count in it. With the same seed and n the same queries are drawn, so that what is paired stays paired.
 */
akin_status akin_bootstrap(akin_interval micro[AKIN_METRICS], akin_interval macro[AKIN_METRICS],
                           const akin_samples *samples, uint32_t resamples, uint64_t seed, akin_error *err);

#endif
