/* kernels.c - chooses the instruction set when a program runs. */
#include "image/kernels.h"

#include "image/image.h"

#include <stdatomic.h>
#include <string.h>

/* The best first. */
static const akin_kernels *const kernels_all[] = {
#if defined(__x86_64__)
    &akin_kernels_avx2,
    &akin_kernels_sse41,
#elif defined(__aarch64__)
    &akin_kernels_neon,
#endif
    &akin_kernels_plain,
};
#define KERNELS_COUNT (sizeof kernels_all / sizeof kernels_all[0])

static _Atomic(const akin_kernels *) kernels_chosen; /* NULL until first asked for; every thread finds the same */

const akin_kernels *akin_kernels_current(void) {
  const akin_kernels *chosen = atomic_load_explicit(&kernels_chosen, memory_order_relaxed);
  for (size_t i = 0; !chosen && i < KERNELS_COUNT; i++)
    if (kernels_all[i]->available()) chosen = kernels_all[i];
  atomic_store_explicit(&kernels_chosen, chosen, memory_order_relaxed);
  return chosen;
}

const char *akin_image_kernels(void) {
  return akin_kernels_current()->name;
}

bool akin_image_use_kernels(const char *name) {
  for (size_t i = 0; i < KERNELS_COUNT; i++) {
    if (strcmp(kernels_all[i]->name, name) != 0 || !kernels_all[i]->available()) continue;
    atomic_store_explicit(&kernels_chosen, kernels_all[i], memory_order_relaxed);
    return true;
  }
  return false;
}

size_t akin_kernels_reach(const akin_taps *taps) {
  uint32_t last = 0;
  for (uint32_t i = 0; i < taps->padded; i++)
    if (taps->first[i] > last) last = taps->first[i];
  return ((size_t)last + taps->lanes) * 3 + 8; /* vectors are a little longer than the pixels in them */
}
