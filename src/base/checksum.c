/* checksum.c - XXH64: four lanes take 8 bytes each in turn; a short rest is mixed in at the end. */
#include "base/checksum.h"

#include <string.h>

#define CHECKSUM_PRIME_1 UINT64_C(0x9E3779B185EBCA87)
#define CHECKSUM_PRIME_2 UINT64_C(0xC2B2AE3D27D4EB4F)
#define CHECKSUM_PRIME_3 UINT64_C(0x165667B19E3779F9)
#define CHECKSUM_PRIME_4 UINT64_C(0x85EBCA77C2B2AE63)
#define CHECKSUM_PRIME_5 UINT64_C(0x27D4EB2F165667C5)

static inline uint64_t checksum_rotate(uint64_t x, int bits) {
  return x << bits | x >> (64 - bits);
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are read as they lie in memory");

static inline uint64_t checksum_word(const uint8_t *p) {
  uint64_t word;
  memcpy(&word, p, sizeof word);
  return word;
}

static inline uint64_t checksum_round(uint64_t lane, uint64_t word) {
  return checksum_rotate(lane + word * CHECKSUM_PRIME_2, 31) * CHECKSUM_PRIME_1;
}

void akin_checksum_start(akin_checksum *c, uint64_t seed) {
  c->lanes[0] = seed + CHECKSUM_PRIME_1 + CHECKSUM_PRIME_2;
  c->lanes[1] = seed + CHECKSUM_PRIME_2;
  c->lanes[2] = seed;
  c->lanes[3] = seed - CHECKSUM_PRIME_1;
  c->seed = seed;
  c->size = 0;
}

void akin_checksum_add(akin_checksum *c, const void *bytes, size_t n) {
  const uint8_t *p = bytes, *end = p + n;
  uint64_t first = c->lanes[0], second = c->lanes[1], third = c->lanes[2], fourth = c->lanes[3];
  for (; p < end; p += AKIN_CHECKSUM_STRIPE) {
    first = checksum_round(first, checksum_word(p));
    second = checksum_round(second, checksum_word(p + 8));
    third = checksum_round(third, checksum_word(p + 16));
    fourth = checksum_round(fourth, checksum_word(p + 24));
  }
  c->lanes[0] = first;
  c->lanes[1] = second;
  c->lanes[2] = third;
  c->lanes[3] = fourth;
  c->size += n;
}

/* What the lanes come to; nothing went through them while there was no whole stripe. */
static uint64_t checksum_merge(const akin_checksum *c) {
  static const int rotations[4] = {1, 7, 12, 18};
  uint64_t sum = 0;
  if (c->size == 0) return c->seed + CHECKSUM_PRIME_5;
  for (int i = 0; i < 4; i++)
    sum += checksum_rotate(c->lanes[i], rotations[i]);
  for (int i = 0; i < 4; i++)
    sum = (sum ^ checksum_round(0, c->lanes[i])) * CHECKSUM_PRIME_1 + CHECKSUM_PRIME_4;
  return sum;
}

static uint64_t checksum_rest(uint64_t sum, const uint8_t *p, size_t n) {
  for (; n >= 8; p += 8, n -= 8)
    sum = checksum_rotate(sum ^ checksum_round(0, checksum_word(p)), 27) * CHECKSUM_PRIME_1 + CHECKSUM_PRIME_4;
  if (n >= 4) {
    uint32_t half;
    memcpy(&half, p, sizeof half);
    sum = checksum_rotate(sum ^ half * CHECKSUM_PRIME_1, 23) * CHECKSUM_PRIME_2 + CHECKSUM_PRIME_3;
    p += 4, n -= 4;
  }
  for (; n > 0; p++, n--)
    sum = checksum_rotate(sum ^ *p * CHECKSUM_PRIME_5, 11) * CHECKSUM_PRIME_1;
  return sum;
}

uint64_t akin_checksum_end(akin_checksum *c, const void *bytes, size_t n) {
  const size_t rest = n % AKIN_CHECKSUM_STRIPE;
  akin_checksum_add(c, bytes, n - rest);
  uint64_t sum = checksum_rest(checksum_merge(c) + c->size + rest, (const uint8_t *)bytes + (n - rest), rest);
  sum = (sum ^ sum >> 33) * CHECKSUM_PRIME_2;
  sum = (sum ^ sum >> 29) * CHECKSUM_PRIME_3;
  return sum ^ sum >> 32;
}

uint64_t akin_checksum_of(const void *bytes, size_t n, uint64_t seed) {
  akin_checksum c;
  akin_checksum_start(&c, seed);
  return akin_checksum_end(&c, bytes, n);
}
