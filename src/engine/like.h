/* like.h - one question: from features to hits. Shared by like.c (any images) and recommend.c (every stored one). */
#ifndef AKIN_ENGINE_LIKE_H
#define AKIN_ENGINE_LIKE_H

#include "engine/store.h"

/* A question being put together: which images, the sum of their features, which contents are not to be among the hits.
 */
typedef struct akin_question {
  akin_store *store;
  const akin_query *query;
  akin_stored_model *model;
  akin_vectors *vectors;
  akin_hits *hits;
  float *sum;         /* f32 [dim] */
  float *feature;     /* f32 [dim], of the image at hand */
  uint64_t *contents; /* of the query images that are stored */
  size_t content_count, content_room;
  bool model_failed; /* the model could not be opened or compiled: no image's own fault */
} akin_question;

/* Checks the query and finds the model; contents come from the store's vectors. */
akin_status akin_question_begin(akin_question *q, akin_store *store, const akin_query *query, akin_error *err);
/* Back to no image, for the next question. */
akin_status akin_question_restart(akin_question *q, akin_error *err);
/* Adds an image: stored and unchanged: its stored feature; else its content's; else the model computes it. */
akin_status akin_question_add_path(akin_question *q, const char *path, akin_error *err);
/* Adds a stored image whose content is known. */
akin_status akin_question_add_stored(akin_question *q, const char *path, uint64_t content_id, akin_error *err);
/* Searches, and fills q->hits. */
akin_status akin_question_answer(akin_question *q, akin_error *err);
/* Does a failure to add an image lie in the image, so that other questions can go on? */
bool akin_question_skips(akin_status status);
void akin_question_end(akin_question *q);

#endif
