/* tensors.h - for the targets that read weights: a file in memory, and a look at every tensor. Include fuzz.h first. */
#ifndef AKIN_TESTS_FUZZ_TENSORS_H
#define AKIN_TESTS_FUZZ_TENSORS_H

#include "weights/tensors.h"

#include <sys/mman.h>
#include <unistd.h>

#define MOST_NUMBERS 65536 /* of a tensor that is read: strides of 0 can make a small file say millions */
#define MOST_TENSORS 64

static inline void read_tensor(const akin_tensors *t, const akin_tensor *tensor) {
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

static inline void check_tensor(const akin_tensors *t, const akin_tensor *tensor) {
  uint64_t product = 1;
  fuzz_require(tensor->name != NULL && tensor->rank <= AKIN_TENSOR_RANK);
  for (uint32_t i = 0; i < tensor->rank; i++)
    fuzz_require(!__builtin_mul_overflow(product, tensor->shape[i], &product) || tensor->count == 0);
  fuzz_require(akin_tensors_find(t, tensor->name) != NULL);
  if (tensor->count <= MOST_NUMBERS) read_tensor(t, tensor);
}

/* Opens bytes as a weights file, and reads what is in it; look (may be NULL) sees it open. */
static inline akin_status read_weights(const uint8_t *bytes, size_t n, void (*look)(const akin_tensors *),
                                       akin_error *err) {
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
    if (look) look(t);
    akin_tensors_free(t);
  }
  close(file);
  return status;
}

#endif
