/* transform.h - what is done to a feature before it is compared: see akin_scores of akin/store.h. */
#ifndef AKIN_ENGINE_TRANSFORM_H
#define AKIN_ENGINE_TRANSFORM_H

#include "base/hash.h"

#include <akin/store.h>

/* All zero but from and to: the features as they are. */
typedef struct akin_transform {
  uint32_t from, to; /* floats of a feature, and of what becomes of it */
  float *centre;     /* f32 [from], taken off; NULL: nothing is */
  float *axes;       /* f32 [to, from], of unit length, at right angles; NULL: to is from */
  float *scales;     /* f32 [to], what is along an axis is multiplied by; with axes */
  float *scratch;    /* f32 [from]; with axes */
} akin_transform;

/* out: f32 [to], of unit length; all zero for a feature that is the centre and so has no direction. One thread at a
 * time. */
void akin_transform_apply(const akin_transform *t, float *out, const float *feature);
/* Adds to h what the transform is made of. */
akin_status akin_transform_hash(const akin_transform *t, akin_hasher *h, akin_error *err);
void akin_transform_free(akin_transform *t); /* what it points to */

#endif
