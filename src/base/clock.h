/* clock.h - time that only goes forward. */
#ifndef AKIN_BASE_CLOCK_H
#define AKIN_BASE_CLOCK_H

#include <time.h>

/* Seconds since some moment; it does not jump when the system's clock is set. */
static inline double akin_clock_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Seconds that processors have worked for this process so far, all of its threads together. */
static inline double akin_clock_worked(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#endif
