/*
 * kernels.c - which dot products run on this machine, those in plain C, and the functions on single vectors. What all
 * sets have in common is said in kernels.h. CMake compiles this room with -ffp-contract=off: no fused products.
 */
#include "search/kernels.h"

#include "base/error.h"
#include "search/search.h"

#include <math.h>
#include <stdatomic.h>
#include <stdint.h>

static void kernels_plain_step(float lanes[AKIN_KERNEL_LANES], const float *a, const float *b) {
  for (size_t j = 0; j < AKIN_KERNEL_LANES; j++)
    lanes[j] += a[j] * b[j];
}

static float kernels_plain_dot(const float *query, const float *query_tail, const float *row, size_t dim,
                               const char *ahead) {
  (void)ahead;
  float lanes[AKIN_KERNEL_LANES] = {0}, tail[AKIN_KERNEL_LANES];
  size_t i = 0;
  for (; dim - i >= AKIN_KERNEL_LANES; i += AKIN_KERNEL_LANES)
    kernels_plain_step(lanes, query + i, row + i);
  if (i < dim) {
    akin_kernel_tail(tail, row, dim);
    kernels_plain_step(lanes, query_tail, tail);
  }
  for (size_t half = AKIN_KERNEL_LANES / 2; half > 0; half /= 2)
    for (size_t j = 0; j < half; j++)
      lanes[j] += lanes[j + half];
  return lanes[0];
}

static bool kernels_always(void) {
  return true;
}

static const akin_dot_kernels kernels_plain = {"plain", kernels_always, kernels_plain_dot};

/* The fastest first; the last runs everywhere. */
static const akin_dot_kernels *const kernels_known[] = {
#if defined(__x86_64__)
    &akin_dot_kernels_avx512,
    &akin_dot_kernels_avx2,
#elif defined(__aarch64__)
    &akin_dot_kernels_neon,
#endif
    &kernels_plain,
};

#define KERNELS_KNOWN (sizeof kernels_known / sizeof kernels_known[0])

/* Threads that come here at the same time find the same set, so it does not matter who stores it. */
static _Atomic(const akin_dot_kernels *) kernels_in_use;

static const akin_dot_kernels *kernels_choose(void) {
  const akin_dot_kernels *chosen = atomic_load_explicit(&kernels_in_use, memory_order_relaxed);
  for (size_t i = 0; !chosen && i < KERNELS_KNOWN; i++) {
    if (kernels_known[i]->supported()) {
      chosen = kernels_known[i];
      atomic_store_explicit(&kernels_in_use, chosen, memory_order_relaxed);
    }
  }
  return chosen;
}

const char *akin_search_kernels(void) {
  return kernels_choose()->name;
}

bool akin_search_use_kernels(const char *name) {
  for (size_t i = 0; i < KERNELS_KNOWN; i++) {
    if (strcmp(kernels_known[i]->name, name) == 0 && kernels_known[i]->supported()) {
      atomic_store_explicit(&kernels_in_use, kernels_known[i], memory_order_relaxed);
      return true;
    }
  }
  return false;
}

/* Bytes that are asked for ahead of use when rows follow one another: the processor's own prefetching pauses at every
 * 4 KB page. */
#define KERNELS_AHEAD 8192

void akin_search_dots(float *out, const float *query, const float *rows, size_t n, size_t dim, size_t stride) {
  akin_kernel_dot *dot = kernels_choose()->dot;
  const uintptr_t ahead = n > 1 ? KERNELS_AHEAD : 0;
  float query_tail[AKIN_KERNEL_LANES];
  akin_kernel_tail(query_tail, query, dim);
  for (size_t i = 0; i < n; i++) {
    const float *row = rows + i * stride;
    out[i] = dot(query, query_tail, row, dim, (const char *)((uintptr_t)row + ahead));
  }
}

static float kernels_clamp(float score) { /* written so that NaN stays NaN */
  return score > 1 ? 1 : score < -1 ? -1 : score;
}

void akin_search_scores(float *scores, const float *query, const float *rows, size_t n, size_t dim, size_t stride) {
  akin_search_dots(scores, query, rows, n, dim, stride);
  for (size_t i = 0; i < n; i++)
    scores[i] = kernels_clamp(scores[i]);
}

float akin_search_score(const float *a, const float *b, size_t dim, const float *next) {
  float tail[AKIN_KERNEL_LANES];
  akin_kernel_tail(tail, a, dim);
  return kernels_clamp(kernels_choose()->dot(a, tail, b, dim, (const char *)(next ? next : b)));
}

akin_status akin_search_normalise(float *v, size_t dim, akin_error *err) {
  double squares = 0; /* the largest float's square times any dim fits in a double */
  for (size_t i = 0; i < dim; i++) {
    if (!isfinite(v[i]))
      return akin_fail(err, AKIN_ERROR_FORMAT, "a feature has the value %f at place %zu of %zu", (double)v[i], i, dim);
    squares += (double)v[i] * v[i];
  }
  if (squares == 0)
    return akin_fail(err, AKIN_ERROR_FORMAT, "a feature is zero in all its %zu places and has no direction", dim);
  double norm = sqrt(squares);
  for (size_t i = 0; i < dim; i++)
    v[i] = (float)(v[i] / norm);
  return AKIN_OK;
}
