/* random.h - numbers that look drawn by chance and are the same every time: splitmix64, after its published
 * description. Not for secrets. */
#ifndef AKIN_BASE_RANDOM_H
#define AKIN_BASE_RANDOM_H

#include <stdint.h>

typedef struct akin_random {
  uint64_t state; /* begins as the seed; any will do */
} akin_random;

static inline uint64_t akin_random_next(akin_random *r) {
  uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* 0 to n - 1; n is 1 or more. What the remainder favours is less than n in 2^64. */
static inline uint64_t akin_random_below(akin_random *r, uint64_t n) {
  return akin_random_next(r) % n;
}

#endif
