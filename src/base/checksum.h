/*
 * checksum.h - XXH64, after its published description: 64 bits against damage, not against forgery. In plain C it runs
 * at 10 to 20 GB/s, so that a whole cache or compiled network is verified whenever it is opened. Damage that is
 * confined to one 8-byte word is always noticed, any other but for one case in 2^64.
 */
#ifndef AKIN_BASE_CHECKSUM_H
#define AKIN_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

typedef struct akin_checksum {
  uint64_t lanes[4];
  uint64_t seed;
  uint64_t size; /* bytes so far */
} akin_checksum;

#define AKIN_CHECKSUM_STRIPE 32

uint64_t akin_checksum_of(const void *bytes, size_t n, uint64_t seed);

/* The same in pieces: n must be a multiple of AKIN_CHECKSUM_STRIPE, but in the end anything may be left over. */
void akin_checksum_start(akin_checksum *c, uint64_t seed);
void akin_checksum_add(akin_checksum *c, const void *bytes, size_t n);
uint64_t akin_checksum_end(akin_checksum *c, const void *bytes, size_t n);

#endif
