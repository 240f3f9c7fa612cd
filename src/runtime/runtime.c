/* runtime.c - which runtime is in use. */
#include "runtime/runtime.h"

static const akin_runtime *runtime_in_use = &akin_runtime_openvino;

const akin_runtime *akin_runtime_get(void) {
  return runtime_in_use;
}

void akin_runtime_set(const akin_runtime *runtime) {
  runtime_in_use = runtime;
}
