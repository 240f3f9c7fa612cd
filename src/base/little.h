/* little.h - whole numbers in little-endian bytes, wherever they lie. */
#ifndef AKIN_BASE_LITTLE_H
#define AKIN_BASE_LITTLE_H

#include <stdint.h>

/* size: 0 to 8 bytes. */
static inline uint64_t akin_little_get(const void *bytes, unsigned size) {
  const uint8_t *p = bytes;
  uint64_t value = 0;
  for (unsigned i = size; i > 0; i--)
    value = value << 8 | p[i - 1];
  return value;
}

static inline void akin_little_put(void *bytes, unsigned size, uint64_t value) {
  uint8_t *p = bytes;
  for (unsigned i = 0; i < size; i++)
    p[i] = (uint8_t)(value >> (8 * i));
}

#endif
