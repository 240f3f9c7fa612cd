/*
 * measure.h - what is measured of a model's features, on a sample of them, and kept in the store as facts:
 *
 *   measured                 how many features there were then, in decimal
 *   centre                   their mean, f32 [dim]
 *   background cosine,
 *   background centred       scores of pairs, f32, ascending (background.h)
 *   axes, variances          the first principal axes, f32 [to, dim], and the variance along each, f32 [to]: costly, so
 *                            made when they are first asked for
 *
 * All but the last line by whoever writes features; all go when they are measured anew. No label is looked at.
 */
#ifndef AKIN_ENGINE_MEASURE_H
#define AKIN_ENGINE_MEASURE_H

#include "engine/background.h"
#include "engine/store.h"
#include "engine/transform.h"

/*
 * For who has written features or removed them: of each model of the store, measures anew when nothing is, or when more
 * features came or left since than a fifth of those there were; with fewer than AKIN_MEASURED_IMAGES features what was
 * measured goes. Transactions of its own. Not being able to is no failure: the next writer tries again.
 */
void akin_store_measure(akin_store *store, akin_storage *writer);

/* *known: the model's centre is, or can be: a writer that was killed before it measured leaves that to the questions,
 * which come to the same. */
akin_status akin_measure_known(akin_storage *reader, const akin_stored_model *model, bool *known, akin_error *err);
/* The transform that `scores`, not DEFAULT, says. NOT_FOUND: the store holds too few images. */
akin_status akin_measure_transform(akin_transform *out, akin_store *store, const akin_stored_model *model,
                                   akin_scores scores, akin_error *err);
/* Of the scores that the transform leads to. Measured now when the store keeps none of that kind; empty when it holds
 * too few images. */
akin_status akin_measure_background(akin_background *out, akin_storage *reader, const akin_stored_model *model,
                                    const akin_transform *transform, akin_scores scores, akin_error *err);

#endif
