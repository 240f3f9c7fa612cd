/* spec.c - checking what is asked of a runtime, and the key under which its compiled form is kept. */
#include "runtime/spec.h"

#include "base/buffer.h"
#include "base/error.h"
#include "runtime/cpu.h"

#include <math.h>

#define SPEC_SIDE_MAX    65535u
#define SPEC_WORKERS_MAX 4096u

akin_status akin_spec_check(const akin_runtime_spec *spec, akin_error *err) {
  if (!spec->width || !spec->height || spec->width > SPEC_SIDE_MAX || spec->height > SPEC_SIDE_MAX)
    return akin_fail(err, AKIN_ERROR_USAGE, "an input of %u×%u pixels: each side must be 1 to %u", spec->width,
                     spec->height, SPEC_SIDE_MAX);
  if (spec->workers > SPEC_WORKERS_MAX)
    return akin_fail(err, AKIN_ERROR_USAGE, "%u workers: at most %u", spec->workers, SPEC_WORKERS_MAX);
  if (spec->batch > AKIN_RUNTIME_BATCH_MOST)
    return akin_fail(err, AKIN_ERROR_USAGE, "batches of %u images: at most %u", spec->batch, AKIN_RUNTIME_BATCH_MOST);
  for (int c = 0; c < 3; c++)
    if (!isfinite(spec->mean[c]) || !isnormal(spec->scale[c]))
      return akin_fail(err, AKIN_ERROR_USAGE,
                       "preprocessing of channel %d: mean and scale must be finite numbers, scale not 0", c);
  if (spec->precision == AKIN_PRECISION_BF16 && !akin_cpu_has_bf16())
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED,
                     "this processor does not compute in bfloat16 (AVX512_BF16, AMX): use f32");
  return AKIN_OK;
}

const char *akin_spec_precision(const akin_runtime_spec *spec) {
  return spec->precision == AKIN_PRECISION_BF16 ? "bf16" : "f32";
}

char *akin_spec_blob_key(const akin_runtime_spec *spec, uint32_t batch, const char *version) {
  akin_buffer key = AKIN_BUFFER_INIT(0);
  char *text = NULL;
  if (!akin_buffer_printf(&key, "network: %s\nruntime: OpenVINO %s\nprecision: %s\nprocessor: ", spec->key, version,
                          akin_spec_precision(spec)) &&
      !akin_cpu_features(&key) && !akin_buffer_append_text(&key, "\n") &&
      (batch == 1 || !akin_buffer_printf(&key, "batch: %u\n", batch)))
    text = akin_buffer_take(&key);
  akin_buffer_free(&key);
  return text;
}
