/* pool.c - the names of poolings. They enter fingerprints: a changed word makes every stored feature another model's.
 */
#include "model/model.h"

#include <string.h>

static const char *const pool_names[AKIN_POOL_COUNT] = {
    [AKIN_POOL_CARD] = "card",   [AKIN_POOL_AVERAGE] = "average", [AKIN_POOL_MAX] = "max",   [AKIN_POOL_GEM] = "gem",
    [AKIN_POOL_CLASS] = "class", [AKIN_POOL_PATCHES] = "patches", [AKIN_POOL_BOTH] = "both",
};

const char *akin_pool_name(akin_pool pool) {
  return pool_names[pool];
}

bool akin_pool_from_name(akin_pool *out, const char *name) {
  for (int i = 0; i < AKIN_POOL_COUNT; i++) {
    if (strcmp(pool_names[i], name) != 0) continue;
    *out = (akin_pool)i;
    return true;
  }
  return false;
}
