/*
 * pool.h - what makes one vector of a feature layer that is a map (a vector a place) or a row of tokens (a vector a
 * patch of the image, behind a class token and others that stand for the whole).
 */
#ifndef AKIN_MODEL_POOL_H
#define AKIN_MODEL_POOL_H

#include "model/graph.h"
#include "model/layers.h"
#include "model/model.h"

/* How the output of one layer is pooled. */
typedef struct akin_pool_plan {
  akin_pool pool;         /* AKIN_POOL_CARD: not at all: a vector, or what is put into one row */
  double power;           /* of AKIN_POOL_GEM */
  bool tokens;            /* [tokens, channels], else a map */
  bool channels_last;     /* a map: the graph has it as [1, height, width, channels] */
  uint32_t count, prefix; /* of tokens: all, and those in front that are no patches */
  uint32_t channels;
} akin_pool_plan;

/*
 * How `layer` is pooled when `asked` and `power` are asked for (AKIN_POOL_CARD, 0: as the card says, else by what the
 * layer is).
 * Errors: UNSUPPORTED (class and patches of a map; a class token where there is none).
 */
akin_status akin_pool_plan_make(akin_pool_plan *out, const akin_card *card, const akin_layer *layer, akin_pool asked,
                                double power, akin_error *err);
uint32_t akin_pool_plan_dim(const akin_pool_plan *plan); /* of one that pools */

/* Appends the words of the fingerprint: "none", "average", "gem:3", "both 1" (behind one token in front). */
akin_status akin_pool_plan_text(akin_buffer *out, const akin_pool_plan *plan);

/* The same for people: ", mean over its places"; "" of "none". akin_free; NULL: no memory. */
char *akin_pool_plan_describe(const akin_pool_plan *plan);

/* Adds what makes the vector `output` [1, dim] of the layer's value `input`. Errors: UNSUPPORTED (the name `output`, or
 * that of a part of it, is taken), MEMORY. */
akin_status akin_pool_lower(akin_graph *graph, const akin_pool_plan *plan, const char *input, const char *output,
                            akin_error *err);

#endif
