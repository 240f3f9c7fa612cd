/* cpu.h - what this processor can compute with, as far as it decides how a network is compiled. */
#ifndef AKIN_RUNTIME_CPU_H
#define AKIN_RUNTIME_CPU_H

#include "base/buffer.h"

#include <akin/status.h>
#include <stdbool.h>

/* Appends the instruction sets that matter and that the system lets us use, such as "x86-64 avx avx2 fma"; part of a
 * blob's key. */
akin_status akin_cpu_features(akin_buffer *out);

/* Appends what the processor calls itself: "AMD EPYC 9R14 96-Core Processor"; nothing where it does not say. */
akin_status akin_cpu_name(akin_buffer *out);

/* Does it multiply bfloat16 numbers by itself (AVX512_BF16, AMX, Arm's BF16)? */
bool akin_cpu_has_bf16(void);

/* For tests: from now on akin_cpu_has_bf16 says no (true), or the truth again (false). Not thread-safe. */
void akin_cpu_hide_bf16(bool hide);

#endif
