/*
 * fuzz_tensors.c - any bytes as a weights file, in memory but with a path; every tensor that is not huge is read, as it
 * is and with its axes turned round. Mutated entries of a ZIP get right checksums again.
 */
#include "fuzz/crc.h"
#include "fuzz/fuzz.h"
#include "fuzz/tensors.h"

static akin_status body(const uint8_t *bytes, size_t n, akin_error *err) {
  return read_weights(bytes, n, NULL, err);
}

FUZZ_TARGET(body)

/* The entry whose local header, "PK\3\4", is at header: its checksum, if it is stored and all there; 0 otherwise. */
static uint32_t entry_crc(const uint8_t *bytes, size_t n, size_t header, size_t size) {
  if (header > n || n - header < 30 || memcmp(bytes + header, "PK\3\4", 4) != 0) return 0;
  const size_t start =
      header + 30 + bytes[header + 26] + 256u * bytes[header + 27] + bytes[header + 28] + 256u * bytes[header + 29];
  return start > n || size > n - start ? 0 : fuzz_crc(bytes + start, size);
}

/* Goes over the central directory, whose entries begin with "PK\1\2", wherever they are. */
static void repair_zip(uint8_t *bytes, size_t n) {
  for (size_t at = 0; n - at >= 46; at++) {
    if (memcmp(bytes + at, "PK\1\2", 4) != 0) continue;
    const size_t header = fuzz_read_le(bytes + at + 42);
    const uint32_t crc = entry_crc(bytes, n, header, fuzz_read_le(bytes + at + 20));
    if (!crc) continue;
    fuzz_write_le(bytes + at + 16, crc);
    fuzz_write_le(bytes + header + 14, crc);
  }
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n, size_t room, unsigned seed) {
  n = LLVMFuzzerMutate(bytes, n, room);
  if (seed % 8) repair_zip(bytes, n); /* wrong ones must be met too */
  return n;
}
