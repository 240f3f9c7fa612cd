/* transform.c - see transform.h. */
#include "engine/transform.h"

#include "base/memory.h"
#include "search/search.h"

#include <math.h>
#include <string.h>

/* Nearer to the centre than this a feature is the centre, and what is left is what rounding left. */
#define TRANSFORM_NOTHING 1e-5

/* Brings v to unit length, or to zero when it is next to nothing. */
static void transform_normalise(float *v, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += (double)v[i] * (double)v[i];
  const double scale = sum > TRANSFORM_NOTHING * TRANSFORM_NOTHING ? 1 / sqrt(sum) : 0;
  for (size_t i = 0; i < n; i++)
    v[i] = (float)(v[i] * scale);
}

static void transform_centre(const akin_transform *t, float *out, const float *feature) {
  for (uint32_t i = 0; i < t->from; i++)
    out[i] = feature[i] - t->centre[i];
  transform_normalise(out, t->from);
}

void akin_transform_apply(const akin_transform *t, float *out, const float *feature) {
  if (!t->centre) {
    memcpy(out, feature, t->from * sizeof *out);
  } else if (!t->axes) {
    transform_centre(t, out, feature);
  } else {
    transform_centre(t, t->scratch, feature);
    akin_search_scores(out, t->scratch, t->axes, t->to, t->from, t->from);
    for (uint32_t i = 0; i < t->to; i++)
      out[i] *= t->scales[i];
    transform_normalise(out, t->to);
  }
}

akin_status akin_transform_hash(const akin_transform *t, akin_hasher *h, akin_error *err) {
  const size_t from = t->from, to = t->to;
  akin_status status = t->centre ? akin_hasher_update(h, t->centre, from * sizeof *t->centre, err) : AKIN_OK;
  if (!status && t->axes) status = akin_hasher_update(h, t->axes, to * from * sizeof *t->axes, err);
  if (!status && t->axes) status = akin_hasher_update(h, t->scales, to * sizeof *t->scales, err);
  return status;
}

void akin_transform_free(akin_transform *t) {
  akin_free(t->centre);
  akin_free(t->axes);
  akin_free(t->scales);
  akin_free(t->scratch);
  *t = (akin_transform){0};
}
