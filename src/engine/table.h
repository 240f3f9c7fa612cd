/*
 * table.h - every image that has a feature of a model, at once: what is asked of all images against all needs them by
 * number, not one by one from the database. Memory: about 150 bytes an image; the features stay where they are.
 */
#ifndef AKIN_ENGINE_TABLE_H
#define AKIN_ENGINE_TABLE_H

#include "engine/store.h"

#define AKIN_TABLE_NONE UINT32_MAX

typedef struct akin_table_image {
  uint32_t content; /* its number in the table */
  uint32_t next;    /* the next image of the same content, in order of path; AKIN_TABLE_NONE: none */
  uint32_t width, height;
} akin_table_image;

typedef struct akin_table {
  char **paths; /* owned, and so is each; in byte order */
  akin_table_image *images;
  size_t count;
  /* Contents are numbered in the order of their first image. */
  const float **features; /* f32 [dim] each; borrowed from the vectors until the store handle asks for others */
  uint32_t *firsts;       /* the first image of each */
  size_t content_count;
} akin_table;

/* The images that have a feature in `vectors`; none is no error. *out is freed also after a failure. Errors: FORMAT,
 * IO, MEMORY, LIMIT (4,294,967,294 images). */
akin_status akin_table_read(akin_table *out, akin_storage *reader, akin_vectors *vectors, akin_error *err);
/* The images of a model (NULL: the store's first); none is NOT_FOUND, with a line that says what to do.
 *   model: freed with akin_stored_models_free(model, 1); NULL on failure */
akin_status akin_table_of_model(akin_table *out, akin_stored_model **model, akin_store *store, const char *name,
                                akin_error *err);
void akin_table_free(akin_table *table);

#endif
