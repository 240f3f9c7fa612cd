/*
 * fuzz_keras.c - any bytes as a Keras file, by the child process and libhdf5, which may crash there; what comes back is
 * looked at. No allocation is made to fail, and nothing is compared: libhdf5 reads memory that it has not written, so
 * that a damaged file is not refused in the same way every time.
 */
#include "fuzz/fuzz.h"
#include "fuzz/tensors.h"
#include "weights/keras.h"

static void look(const akin_tensors *t) {
  const akin_keras_file *file = akin_tensors_keras(t);
  size_t tensors = 0;
  if (!file) return; /* another kind of weights file */
  for (size_t i = 0; i < file->group_count; i++) {
    fuzz_require(file->groups[i].name != NULL && file->groups[i].first == tensors);
    tensors += file->groups[i].count;
  }
  fuzz_require(tensors == akin_tensors_count(t));
  fuzz_require(!file->config || strlen(file->config) == file->config_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
  akin_error err;
  const akin_status status = read_weights(bytes, n, look, &err);
  if (status != AKIN_OK) fuzz_check_error(status, &err);
  return 0;
}
