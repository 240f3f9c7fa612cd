/* store.h - an opened store, as the rest of the engine sees it. */
#ifndef AKIN_ENGINE_STORE_H
#define AKIN_ENGINE_STORE_H

#include "search/approximate.h"
#include "search/search.h"
#include "store/store.h"

#include <akin/store.h>

typedef struct akin_opened_vectors {
  char *path; /* of their file: one a space */
  akin_vectors *vectors;
} akin_opened_vectors;

struct akin_store {
  char *folder;                 /* absolute */
  bool create;                  /* made by the first write when it is missing */
  akin_storage *reader;         /* opened when first needed, closed before this handle writes */
  akin_opened_vectors *vectors; /* packed points, of each space that was asked for */
  size_t vectors_count;
  akin_approximate *graph; /* for approximate search, of the points that were asked last; NULL: none that helps, or … */
  bool graph_looked_for;   /* … false: not looked for yet */
  uint64_t graph_model;    /* the points' model; 0: none was asked yet */
  char graph_key[AKIN_HASH_HEX_SIZE];               /* their space */
  uint64_t graph_generation;                        /* and generation */
  void (*on_note)(void *context, const char *line); /* NULL: nobody wants to know */
  void *note_context;
  akin_watch watch; /* of long work */
  /* Opened for a question whose image was not stored, one for each of its models; kept for the next one. */
  akin_model **models;
  size_t model_count;
};

/* Borrowed until the handle writes or is closed. NOT_FOUND says how to make a store. */
akin_status akin_store_reader(akin_store *store, akin_storage **out, akin_error *err);

/* Tells the watch how much of long work is done; true: it is to stop. */
bool akin_store_follow(const akin_store *store, double share);

/* The model of that name in the store (NULL: the first); freed with akin_stored_models_free(out, 1). NOT_FOUND names
 * those that are there. */
akin_status akin_store_find_model(akin_store *store, akin_stored_model **out, const char *name, akin_error *err);

/* The model's packed features, as they are, up to date with the store; borrowed until the same are asked for again, or
 * close. What questions are asked of are the points of a space: space.h. */
akin_status akin_store_vectors(akin_store *store, akin_vectors **out, const akin_stored_model *model, akin_error *err);

void akin_store_close_vectors(akin_store *store); /* all of them */

/* Deletes what is packed of a model: its features, its points, and those of it joined with others. */
akin_status akin_store_drop_vectors(akin_store *store, const akin_stored_model *model, akin_error *err);
/* Deletes a model's graphs. */
akin_status akin_store_drop_graphs(akin_store *store, const akin_stored_model *model, akin_error *err);
/* Deletes all packed points, and no plain features: what they were transformed by is no more. */
void akin_store_drop_points(akin_store *store);
/* The files of STORE/vectors whose names are as the shell's `pattern` has them, but not the one at `keep` (NULL: all).
 *   count: how many; may be NULL
 *   remove: deletes them */
akin_status akin_store_packed_files(const akin_store *store, const char *pattern, const char *keep, size_t *count,
                                    bool remove, akin_error *err);

/* Checks what is packed of a model against the store, each fault is told, and the damaged is made again. */
akin_status akin_store_verify_vectors(akin_store *store, const akin_stored_model *model,
                                      void (*report)(void *context, const char *line), void *context, uint64_t *faults,
                                      akin_error *err);

/* Opens the store's writer; the reader and what hangs on it are closed. */
akin_status akin_store_writer(akin_store *store, akin_storage **out, akin_error *err);

#endif
