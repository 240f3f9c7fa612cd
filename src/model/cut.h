/* cut.h - a network's graph that ends at its feature layer, as a file of its own beside model.onnx. */
#ifndef AKIN_MODEL_CUT_H
#define AKIN_MODEL_CUT_H

#include "model/folder.h"
#include "model/pool.h"

/* The feature layer of a model: which, and what makes a vector of it. Freed with akin_cut_place_clear. */
typedef struct akin_cut_place {
  size_t layer;
  char *rule;
  akin_pool_plan plan;
  char *pooling; /* the plan in the words of the fingerprint */
  uint32_t dim;
} akin_cut_place;

/* Where, when it is asked for as in an akin_cut_request. Errors: NOT_FOUND (no such layer), UNSUPPORTED (a pooling that
 * the layer cannot have), MEMORY. */
akin_status akin_cut_place_find(akin_cut_place *out, const akin_folder *f, const char *layer, akin_pool pool,
                                double power, akin_error *err);
void akin_cut_place_clear(akin_cut_place *place); /* fine on {0} */

/* The graph that ends there is in the folder when this has returned. *name: the file's name, akin_free. Errors:
 * UNSUPPORTED (a layer that folding took away: names the one to take), IO, MEMORY. */
akin_status akin_cut_write(char **name, const akin_folder *f, const akin_cut_place *place, akin_error *err);

#endif
