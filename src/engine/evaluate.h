/* evaluate.h - an evaluation as it is put together: the images that take part, and what becomes of each model. */
#ifndef AKIN_ENGINE_EVALUATE_H
#define AKIN_ENGINE_EVALUATE_H

#include "base/hits.h"
#include "engine/bootstrap.h"
#include "engine/metrics.h"
#include "engine/space.h"

typedef struct akin_evaluated_image {
  char *path;       /* owned */
  char *class_name; /* owned */
  uint64_t content;
  uint32_t width, height;
  uint32_t class;    /* its number */
  uint64_t relevant; /* images of the class that have another content */
} akin_evaluated_image;

/* The images that have a class and a point in all spaces, in order of path. */
typedef struct akin_evaluated {
  akin_evaluated_image *items;
  size_t count, room;
  const char **classes; /* names, in their order; of the images */
  size_t class_count;
  char *from;     /* where classes come from */
  size_t queries; /* images with a relevant one */
  uint64_t unlabelled, incomplete;
  double (*first_values)[AKIN_METRICS]; /* [count], of the first row; owned when it says so */
  bool owns_first;
} akin_evaluated;

/* USAGE: no image has another of its class. *out is freed also after a failure. */
akin_status akin_evaluated_read(akin_evaluated *out, akin_store *store, akin_space *const *spaces, size_t count,
                                const akin_evaluate_options *options, akin_error *err);
void akin_evaluated_free(akin_evaluated *images);

typedef struct akin_verdict_query {
  akin_hits *hits;
  const char **hit_classes;
} akin_verdict_query;

typedef struct akin_verdict_row {
  akin_evaluation_row view; /* points to what follows */
  char *name;
  akin_evaluation_class *classes;
  akin_evaluation_query *worst;
  akin_verdict_query *queries;
  size_t worst_count;
} akin_verdict_row;

/* The public part comes first, so that akin_evaluation_free finds the rest. */
typedef struct akin_verdict {
  akin_evaluation view;
  akin_evaluated images;
  akin_verdict_row *rows;
  size_t row_count;
  akin_evaluation_row *views; /* [rows] */
} akin_verdict;

akin_status akin_verdict_new(akin_verdict **out, size_t rows, const akin_evaluate_options *options, akin_error *err);
akin_status akin_verdict_row_name(akin_verdict_row *row, const akin_space *space, akin_error *err);
/* Room for so many of the worst queries. */
akin_status akin_verdict_row_room(akin_verdict_row *row, size_t worst, akin_error *err);
/* Fills in the public part. */
const akin_evaluation *akin_verdict_view(akin_verdict *result);
void akin_verdict_free(akin_verdict *result); /* NULL is fine */

#endif
