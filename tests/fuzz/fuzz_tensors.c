/*
 * fuzz_tensors.c - any bytes as a weights file, in memory but with a path; every tensor that is not huge is read, as it
 * is and with its axes turned round. Mutated entries of a ZIP get right checksums again.
 */
#include "fuzz/crc.h"
#include "fuzz/fuzz.h"
#include "weights/tensors.h"

#include <sys/mman.h>
#include <unistd.h>

#define MOST_NUMBERS 65536 /* of a tensor that is read: strides of 0 can make a small file say millions */
#define MOST_TENSORS 64

static void read_tensor(const akin_tensors *t, const akin_tensor *tensor) {
  uint32_t axes[AKIN_TENSOR_RANK];
  akin_error err;
  for (uint32_t i = 0; i < tensor->rank; i++)
    axes[i] = tensor->rank - 1 - i;
  float *numbers = akin_alloc(tensor->count * sizeof *numbers);
  if (!numbers) return;
  for (int turned = 0; turned < 2; turned++) {
    const akin_status status = akin_tensors_read(t, tensor, turned ? axes : NULL, numbers, &err);
    if (status != AKIN_OK) fuzz_check_error(status, &err);
  }
  akin_free(numbers);
}

static void check_tensor(const akin_tensors *t, const akin_tensor *tensor) {
  uint64_t product = 1;
  fuzz_require(tensor->name != NULL && tensor->rank <= AKIN_TENSOR_RANK);
  for (uint32_t i = 0; i < tensor->rank; i++)
    fuzz_require(!__builtin_mul_overflow(product, tensor->shape[i], &product) || tensor->count == 0);
  fuzz_require(akin_tensors_find(t, tensor->name) != NULL);
  if (tensor->count <= MOST_NUMBERS) read_tensor(t, tensor);
}

static akin_status body(const uint8_t *bytes, size_t n, akin_error *err) {
  char path[32];
  akin_tensors *t = NULL;
  const int file = memfd_create("weights", MFD_CLOEXEC);
  fuzz_require(file >= 0 && write(file, bytes, n) == (ssize_t)n);
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  const akin_status status = akin_tensors_open(&t, path, err);
  if (status == AKIN_OK) {
    fuzz_require(akin_tensors_format(t) != NULL && akin_tensors_at(t, akin_tensors_count(t)) == NULL);
    for (size_t i = 0; i < akin_tensors_count(t) && i < MOST_TENSORS; i++)
      check_tensor(t, akin_tensors_at(t, i));
    akin_tensors_free(t);
  }
  close(file);
  return status;
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
