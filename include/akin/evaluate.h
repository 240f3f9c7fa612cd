/*
 * akin/evaluate.h - how good recommendations are, measured on images whose classes are known.
 *
 * Every image of a class is asked for, as akin_store_like would be asked, among all other images that have a class.
 * Those of its own class are the relevant ones. Images with the content of the query are left out on both sides. With
 * R relevant images, of which the i-th best has rank r(i):
 *
 *   precision  share of the first k hits that are relevant: hits / k, also where R < k
 *   recall     share of the relevant images that are among the first k: hits / R
 *   mAP@k      sum over the relevant ones among the first k of i / r(i), over min(k, R)
 *   MAP@R      the same with k = R: Musgrave, Belongie, Lim: A Metric Learning Reality Check, ECCV 2020, section 3.2
 *   mAP        the same over all: the average precision of scikit-learn (sum of precision times step of recall), which
 *              is one number for the whole order
 *
 * A query without a relevant image has none of these and is left out ("alone"). Micro is the mean over queries, macro
 * the mean over classes of the means of their queries. Ties are ordered by path, as they are in answers.
 */
#ifndef AKIN_EVALUATE_H
#define AKIN_EVALUATE_H

#include <akin/status.h>
#include <akin/store.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum akin_metric {
  AKIN_METRIC_PRECISION = 0,
  AKIN_METRIC_RECALL = 1,
  AKIN_METRIC_MAP_K = 2,
  AKIN_METRIC_MAP_R = 3,
  AKIN_METRIC_MAP = 4
} akin_metric;
#define AKIN_METRICS 5

/* "precision", "recall", "map_k", "map_r", "map"; static. */
AKIN_API const char *akin_metric_name(akin_metric metric);

/* A mean, and between what it lies with 95 % confidence: the 2.5th and 97.5th percentile of the means of resamples of
 * the queries, drawn with replacement. Says how much depends on which images are asked for, not on which are found. */
typedef struct akin_interval {
  double value, low, high; /* 0 to 1; of differences -1 to 1 */
} akin_interval;

typedef struct akin_evaluation_class {
  const char *name;
  uint64_t images;
  uint64_t queries;             /* of them with a relevant image */
  double metrics[AKIN_METRICS]; /* means over its queries; 0 without any */
} akin_evaluation_class;

/* One query, with what it found. */
typedef struct akin_evaluation_query {
  const char *path;       /* absolute */
  const char *class_name; /* of the query */
  uint64_t relevant;      /* R */
  double metrics[AKIN_METRICS];
  const akin_hits *hits;          /* the first k */
  const char *const *hit_classes; /* one a hit */
} akin_evaluation_query;

/* What one model is worth, or several joined. */
typedef struct akin_evaluation_row {
  const char *model;  /* its name; of joined ones "a + b" */
  akin_scores scores; /* never DEFAULT */
  akin_interval micro[AKIN_METRICS], macro[AKIN_METRICS];
  akin_interval difference[AKIN_METRICS]; /* micro, less that of the first row, on the same resamples; 0 in the first */
  const akin_evaluation_class *classes;   /* class_count of the evaluation, by name */
  const akin_evaluation_query *worst;     /* lowest MAP@R first, then lowest mAP, then by path */
  size_t worst_count;
} akin_evaluation_row;

/* Strings and arrays are owned by the evaluation. */
typedef struct akin_evaluation {
  uint32_t k;
  uint32_t resamples;
  uint64_t seed;
  const char *classes_from; /* "folders", "the label NAME", or the path of a file */
  uint64_t images;          /* with a class and a feature of every model */
  uint64_t queries;         /* of them with a relevant image */
  uint64_t alone;           /* without one */
  uint64_t unlabelled;      /* images of the store without a class */
  uint64_t incomplete;      /* with a class, but without a feature of every model */
  size_t class_count;
  const akin_evaluation_row *rows;
  size_t row_count;
} akin_evaluation;

/* Start from AKIN_EVALUATE_OPTIONS_INIT. Strings and arrays are borrowed for the call. */
typedef struct akin_evaluate_options {
  uint32_t version;
  const char *const *models; /* `model_count` names, one row each; 0: the store's first */
  size_t model_count;
  int fuse;           /* 1: and one row more: all of them joined, see akin_query */
  akin_scores scores; /* what is compared */
  uint32_t k;         /* 1 or more; default 5 */
  /* Where classes come from: both NULL: an image's class is the name of its folder. */
  const char *labels; /* a CSV file: a header line, a column "image" (a path; a relative one starts at the file's
                         folder), and others */
  const char *label;  /* which column of the file (NULL: the first that is not "image"); without a file: which label of
                         the store */
  uint32_t resamples; /* for the intervals; 0: none, low and high are the value; default 1000 */
  uint64_t seed;      /* of the resamples; default 1 */
  uint32_t worst;     /* so many of the worst queries are kept; default 20 */
} akin_evaluate_options;

#define AKIN_EVALUATE_OPTIONS_VERSION 1u
#define AKIN_EVALUATE_OPTIONS_INIT                                                                                     \
  { AKIN_EVALUATE_OPTIONS_VERSION, NULL, 0u, 0, AKIN_SCORES_DEFAULT, 5u, NULL, NULL, 1000u, 1u, 20u }

/*
 * Evaluates; all cores are used. Time grows with the square of the images.
 *   out: freed with akin_evaluation_free, and does not depend on the store; NULL on failure
 *   options: NULL for the defaults
 * Errors: USAGE (k of 0, a model twice, no class with two images), NOT_FOUND (an empty store; a model; a label that no
 * image has; a labels file, or an image in it that the store does not have: says the line), FORMAT (a labels file: says
 * the line), IO, MEMORY.
 */
AKIN_API akin_status akin_store_evaluate(akin_store *store, const akin_evaluation **out,
                                         const akin_evaluate_options *options, akin_error *err);
AKIN_API void akin_evaluation_free(const akin_evaluation *evaluation); /* NULL is fine */

#ifdef __cplusplus
}
#endif
#endif
