/*
 * akin/compare.h - the same questions put to several models, side by side.
 *
 * Thread safety: as for akin/store.h; what a visit gets is borrowed for the visit.
 */
#ifndef AKIN_COMPARE_H
#define AKIN_COMPARE_H

#include <akin/status.h>
#include <akin/store.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How many models, and how many hits of a question, can be compared at once. */
#define AKIN_COMPARE_MODELS 32
#define AKIN_COMPARE_K      1000

/* One model's side of a comparison. */
typedef struct akin_compared_model {
  const char *name;
  uint32_t dim; /* floats in a feature */
  /* What one image takes on one core, from file to feature: the median over up to five stored images, each computed
   * once the network is warm. Negative: not measured, because the model is not imported here or no image can be read */
  double milliseconds;
  uint64_t computed;     /* features that the store lacked and that were computed for this comparison */
  const akin_hits *hits; /* its answer; NULL in a comparison over the whole store */
} akin_compared_model;

/*
 * How far two models agree on the first k of a question; over several questions the mean.
 *   common: share of the images that both found, 0 to 1
 *   overlap: rank-biased overlap with p = 0.9, 0 to 1: the first ranks count most. Extrapolated from the k that are
 *     known (Webber, Moffat and Zobel, "A similarity measure for indefinite rankings", 2010, equation 32)
 */
typedef struct akin_agreement {
  double common, overlap;
} akin_agreement;

typedef struct akin_comparison {
  const char *image;  /* absolute path of the query image; NULL: every stored image was one question */
  uint64_t questions; /* that each agreement is the mean of, or more: 1 where image is not NULL */
  uint32_t k;         /* hits that were asked for */
  const akin_compared_model *models;
  size_t model_count;
  const akin_agreement *agreement; /* [model_count, model_count], rows one after the other, symmetric */
} akin_comparison;

/* Start from AKIN_COMPARE_OPTIONS_INIT. Strings and arrays are borrowed for the call. */
typedef struct akin_compare_options {
  uint32_t version;
  const char *const *models; /* `model_count` different names, 2 to AKIN_COMPARE_MODELS */
  size_t model_count;
  const akin_query *query; /* what is asked; its models are ignored; NULL for the defaults */
  /* How features that the store lacks are computed, and who is told of it: on_note gets a line before it begins,
   * on_skipped also gets query images that cannot be read. NULL for the defaults. */
  const akin_ingest_options *ingest;
} akin_compare_options;

#define AKIN_COMPARE_OPTIONS_VERSION 1u
#define AKIN_COMPARE_OPTIONS_INIT                                                                                      \
  { AKIN_COMPARE_OPTIONS_VERSION, NULL, 0, NULL, NULL }

/*
 * Puts the same questions to several models. Stored images that a model has no feature of yet are computed first, with
 * the options that its other features in the store were computed with; images whose files are gone stay without.
 *   images: `count` paths, each a question of its own; count 0: every stored image is one, and visit gets one
 *     comparison, of the whole
 *   visit: gets each comparison. One that does not return AKIN_OK ends it, and that is the result, with err as it was
 *   context: passed to visit; the callbacks of options->ingest get their own
 * Memory: the features of all models; over the whole store also 8 · k bytes an image and model.
 * Errors: USAGE (options: too few or too many models, the same one twice; k of 0 or above AKIN_COMPARE_K; weights,
 * negatives), those of akin_model_open where features must be computed, those of akin_store_ingest and akin_store_like,
 * CANCELLED.
 */
typedef akin_status akin_compare_visit(void *context, const akin_comparison *comparison);
AKIN_API akin_status akin_store_compare(akin_store *store, const char *const *images, size_t count,
                                        const akin_compare_options *options, akin_compare_visit *visit, void *context,
                                        akin_error *err);

#ifdef __cplusplus
}
#endif
#endif
