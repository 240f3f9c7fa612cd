/* compare_side.h - one model's side of a comparison: its features made complete, its time measured. */
#ifndef AKIN_ENGINE_COMPARE_SIDE_H
#define AKIN_ENGINE_COMPARE_SIDE_H

#include "engine/store.h"

#include <akin/compare.h>

/*
 * Computes the features of a model that the store lacks, after telling options->on_note. *computed: how many.
 *   query: whose limits for image files count; its model_options may be NULL
 */
akin_status akin_compare_complete(akin_store *store, const char *model, const akin_query *query,
                                  const akin_ingest_options *options, uint64_t *computed, akin_error *err);

/* What one image takes, see akin_compared_model; negative when it cannot be measured. */
akin_status akin_compare_measure(akin_store *store, const char *model, const akin_query *query, double *milliseconds,
                                 akin_error *err);

#endif
