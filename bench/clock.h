/* clock.h - seconds of real time, for the programs that measure. */
#ifndef AKIN_BENCH_CLOCK_H
#define AKIN_BENCH_CLOCK_H

#include <time.h>

static inline double bench_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#endif
