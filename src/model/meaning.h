/*
 * meaning.h - the text that a fingerprint is the hash of: everything that decides what a feature means, and nothing of
 * how it is computed, one "key: value" a line, always in this order. A changed word makes every stored feature another
 * model's.
 */
#ifndef AKIN_MODEL_MEANING_H
#define AKIN_MODEL_MEANING_H

#include "model/model.h"

typedef struct akin_meaning {
  const akin_hash *weights;
  const akin_card *card; /* family, channels, mean, scale */
  const char *layer;
  const char *pooling; /* "none", "average" …: akin_pool_plan_text */
  const akin_preparation *preparation;
  bool mirror;
  const char *precision;
  unsigned decode_version;
} akin_meaning;

akin_status akin_meaning_text(akin_buffer *out, const akin_meaning *meaning);

#endif
