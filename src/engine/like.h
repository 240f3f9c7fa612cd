/*
 * like.h - one question: from images to hits. Shared by like.c (any images) and recommend.c (every stored one).
 *
 * From begin to end a question holds a transaction of the store's reader: all that it sees is of one moment.
 */
#ifndef AKIN_ENGINE_LIKE_H
#define AKIN_ENGINE_LIKE_H

#include "engine/duplicates.h"
#include "engine/selection.h"
#include "engine/space.h"

/* A question being put together: which images, what is looked for, which contents are not to be among the hits. */
typedef struct akin_question {
  akin_store *store;
  const akin_query *query;
  size_t images; /* that it will be made of */
  akin_space *space;
  uint32_t dim; /* of the space */
  char *names;  /* of its models, "a + b" */
  akin_storage *reader;
  akin_vectors *vectors;     /* points of the space */
  akin_vectors *plain;       /* features of its first model, for exclude_duplicates */
  akin_selection *selection; /* of the query's filter; NULL: all */
  akin_seen *seen;           /* what hits are not to repeat; NULL: they may */
  akin_approximate *graph;   /* NULL: all vectors are looked at */
  akin_hits *hits;
  float *asked;       /* f32 [dim], the weighted sum of the images' points; AKIN_COMBINE_ANY: f32 [images, dim] */
  float *against;     /* f32 [dim], the weighted mean of the negatives' */
  float *point;       /* f32 [dim], of the image at hand */
  float **features;   /* and its features, f32 [its dim] of each model */
  uint64_t *contents; /* of the query images and negatives that are stored */
  size_t content_count, content_room;
  bool model_failed; /* the model could not be opened or compiled: no image's own fault */
} akin_question;

/* Checks the query and finds the model; contents come from the store's vectors. images: how many there will be. */
akin_status akin_question_begin(akin_question *q, akin_store *store, const akin_query *query, size_t images,
                                akin_error *err);
/* Back to no image, for the next question. */
akin_status akin_question_restart(akin_question *q, akin_error *err);
/* Adds an image: stored and unchanged: its stored feature; else its content's; else the model computes it. */
akin_status akin_question_add_path(akin_question *q, const char *path, akin_error *err);
/* Adds a stored image whose content is known. */
akin_status akin_question_add_stored(akin_question *q, const char *path, uint64_t content_id, akin_error *err);
/* Searches, and fills q->hits; answer.c. Once for each restart. */
akin_status akin_question_answer(akin_question *q, akin_error *err);
/* One more of q->hits, with its percentile. */
akin_status akin_question_add_hit(akin_question *q, const char *path, float score, uint32_t width, uint32_t height,
                                  akin_error *err);
void akin_question_end(akin_question *q);

/* Do the hits of an image follow from the scores of its feature alone? Then akin_question_everything may answer. What
 * is added to akin_query, and turns hits down or reorders them, is added here too. */
bool akin_question_is_plain(const akin_question *q);
/* Answers for every stored image, all at once, as akin_question_answer would one after the other; everything.c. bytes:
 * about what the lists of hits may take at a time; less makes it slower. */
akin_status akin_question_everything(akin_question *q, size_t bytes, akin_hits_visit *visit, void *context,
                                     akin_error *err);

#endif
