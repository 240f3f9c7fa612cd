/*
 * fuzz.h - what fuzz targets share. A target is a fuzz_body; FUZZ_TARGET makes of it the function that libFuzzer and
 * replay.c call. Every input is taken twice: as it is, and with one allocation failing, which one the input says.
 */
#ifndef AKIN_TESTS_FUZZ_FUZZ_H
#define AKIN_TESTS_FUZZ_FUZZ_H

#include "base/memory.h"
#include "base/text.h"

#include <akin/status.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t n, size_t room); /* libFuzzer's, or replay.c's */
/* A target may have one, to repair checksums, without which a parser behind them would never be reached. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n, size_t room, unsigned seed);

static inline void fuzz_require_at(int holds, const char *what, const char *file, int line) {
  if (holds) return;
  fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
  abort();
}
#define fuzz_require(condition) fuzz_require_at((condition) != 0, #condition, __FILE__, __LINE__)

static inline uint32_t fuzz_hash(const uint8_t *bytes, size_t n) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < n; i++)
    hash = (hash ^ bytes[i]) * 16777619u;
  return hash ^ hash >> 15;
}

/* One line of text for people, whatever the input was. */
static inline void fuzz_check_error(akin_status status, const akin_error *err) {
  const size_t size = strnlen(err->text, sizeof err->text);
  fuzz_require(err->code == status);
  fuzz_require(size > 0 && size < sizeof err->text);
  for (size_t at = 0, length = 0; at < size; at += length) {
    length = akin_text_plain_length(err->text + at, size - at);
    fuzz_require(length > 0);
  }
}

/* Parses bytes, looks at all that came out, frees it. The status is that of the parsing. */
typedef akin_status fuzz_body(const uint8_t *bytes, size_t n, akin_error *err);

static inline void fuzz_run(fuzz_body *body, const uint8_t *bytes, size_t n) {
  akin_error err;
  memset(&err, 0xA5, sizeof err);
  akin_memory_fail_at(0, true);
  const akin_status status = body(bytes, n, &err);
  const uint64_t allocations = akin_memory_count();
  if (status != AKIN_OK) fuzz_check_error(status, &err);
  if (allocations == 0) return;
  akin_memory_fail_at(1 + fuzz_hash(bytes, n) % allocations, true);
  const akin_status without = body(bytes, n, &err);
  akin_memory_fail_at(0, true);
  fuzz_require(without == AKIN_ERROR_MEMORY || without == status);
}

#define FUZZ_TARGET(body)                                                                                              \
  int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {                                                         \
    fuzz_run(body, bytes, n);                                                                                          \
    return 0;                                                                                                          \
  }

#endif
