/* spec.h - what a caller asks of a runtime: is it possible, and what does its compiled form depend on? */
#ifndef AKIN_RUNTIME_SPEC_H
#define AKIN_RUNTIME_SPEC_H

#include "runtime/runtime.h"

/* Numbers in range, and a processor that can compute so. Errors: USAGE, UNSUPPORTED. */
akin_status akin_spec_check(const akin_runtime_spec *spec, akin_error *err);

/* "f32" or "bf16", as OpenVINO has it too. Static. */
const char *akin_spec_precision(const akin_runtime_spec *spec);

/*
 * The key of the blob: everything that a compiled network depends on, as "name: value" lines. Streams and threads are
 * not among it: OpenVINO exports the same bytes for any number of them, and they are set when it imports; so what
 * `index` compiled for one image at a time serves `like` too.
 *   batch: images an inference takes
 *   version: of the runtime
 * NULL when memory ran out; akin_free.
 */
char *akin_spec_blob_key(const akin_runtime_spec *spec, uint32_t batch, const char *version);

#endif
