/* crc.h - CRC-32 as PNG and ZIP have it, bit by bit: for repairing the checksums of mutated files. */
#ifndef AKIN_TESTS_FUZZ_CRC_H
#define AKIN_TESTS_FUZZ_CRC_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t fuzz_crc(const uint8_t *bytes, size_t n) {
  uint32_t crc = 0xFFFFFFFFu;
  for (size_t i = 0; i < n; i++) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; bit++)
      crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
  }
  return ~crc;
}

static inline uint32_t fuzz_read_be(const uint8_t *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline uint32_t fuzz_read_le(const uint8_t *at) {
  return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static inline void fuzz_write_be(uint8_t *at, uint32_t value) {
  for (int i = 0; i < 4; i++)
    at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static inline void fuzz_write_le(uint8_t *at, uint32_t value) {
  for (int i = 0; i < 4; i++)
    at[i] = (uint8_t)(value >> 8 * i);
}

#endif
