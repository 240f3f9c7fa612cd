/* bootstrap.c - see bootstrap.h. */
#include "engine/bootstrap.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BOOTSTRAP_LOW  0.025
#define BOOTSTRAP_HIGH 0.975

/* What is added up of one resample, and what all gave. */
typedef struct bootstrap {
  double (*sums)[AKIN_METRICS]; /* [class_count] */
  size_t *counts;               /* [class_count] */
  double *means;                /* [2 * AKIN_METRICS, resamples]: micro, then macro */
} bootstrap;

static void bootstrap_free(bootstrap *b) {
  akin_free(b->sums);
  akin_free(b->counts);
  akin_free(b->means);
}

static void bootstrap_add(bootstrap *b, const akin_samples *s, size_t query) {
  const uint32_t class = s->classes[query];
  b->counts[class]++;
  for (size_t m = 0; m < AKIN_METRICS; m++)
    b->sums[class][m] += s->values[query][m];
}

/* The means of what was added; then nothing is. */
static void bootstrap_means(double micro[AKIN_METRICS], double macro[AKIN_METRICS], bootstrap *b,
                            const akin_samples *s) {
  size_t classes = 0;
  for (size_t m = 0; m < AKIN_METRICS; m++)
    micro[m] = macro[m] = 0;
  for (size_t c = 0; c < s->class_count; c++) {
    classes += b->counts[c] > 0;
    for (size_t m = 0; b->counts[c] > 0 && m < AKIN_METRICS; m++) {
      micro[m] += b->sums[c][m];
      macro[m] += b->sums[c][m] / (double)b->counts[c];
    }
  }
  for (size_t m = 0; m < AKIN_METRICS; m++) {
    micro[m] /= (double)s->n;
    macro[m] /= (double)classes;
  }
  memset(b->sums, 0, s->class_count * sizeof *b->sums);
  memset(b->counts, 0, s->class_count * sizeof *b->counts);
}

static int bootstrap_order(const void *x, const void *y) {
  const double a = *(const double *)x, b = *(const double *)y;
  return a < b ? -1 : a > b;
}

static double bootstrap_quantile(const double *sorted, size_t n, double share) {
  const double place = share * (double)(n - 1);
  const size_t low = (size_t)place, high = low + 1 < n ? low + 1 : low;
  return sorted[low] + (place - (double)low) * (sorted[high] - sorted[low]);
}

static void bootstrap_interval(akin_interval *out, double *means, size_t n) {
  if (n == 0) {
    out->low = out->high = out->value;
    return;
  }
  qsort(means, n, sizeof *means, bootstrap_order);
  out->low = bootstrap_quantile(means, n, BOOTSTRAP_LOW);
  out->high = bootstrap_quantile(means, n, BOOTSTRAP_HIGH);
}

static void bootstrap_resample(bootstrap *b, const akin_samples *s, uint32_t resamples, uint64_t seed) {
  akin_random random = {seed};
  double micro[AKIN_METRICS], macro[AKIN_METRICS];
  for (uint32_t r = 0; r < resamples; r++) {
    for (size_t i = 0; i < s->n; i++)
      bootstrap_add(b, s, akin_random_below(&random, s->n));
    bootstrap_means(micro, macro, b, s);
    for (size_t m = 0; m < AKIN_METRICS; m++) {
      b->means[m * resamples + r] = micro[m];
      b->means[(AKIN_METRICS + m) * resamples + r] = macro[m];
    }
  }
}

akin_status akin_bootstrap(akin_interval micro[AKIN_METRICS], akin_interval macro[AKIN_METRICS],
                           const akin_samples *samples, uint32_t resamples, uint64_t seed, akin_error *err) {
  double whole_micro[AKIN_METRICS], whole_macro[AKIN_METRICS];
  bootstrap b = {.sums = akin_calloc(samples->class_count, sizeof *b.sums),
                 .counts = akin_calloc(samples->class_count, sizeof *b.counts),
                 .means = akin_calloc((size_t)resamples + 1, 2 * AKIN_METRICS * sizeof *b.means)};
  if (!b.sums || !b.counts || !b.means) {
    bootstrap_free(&b);
    return akin_fail_memory(err, resamples * 2 * AKIN_METRICS * sizeof *b.means);
  }
  for (size_t i = 0; i < samples->n; i++)
    bootstrap_add(&b, samples, i);
  bootstrap_means(whole_micro, whole_macro, &b, samples);
  bootstrap_resample(&b, samples, resamples, seed);
  for (size_t m = 0; m < AKIN_METRICS; m++) {
    micro[m].value = whole_micro[m];
    macro[m].value = whole_macro[m];
    bootstrap_interval(&micro[m], b.means + m * resamples, resamples);
    bootstrap_interval(&macro[m], b.means + (AKIN_METRICS + m) * resamples, resamples);
  }
  bootstrap_free(&b);
  return AKIN_OK;
}
