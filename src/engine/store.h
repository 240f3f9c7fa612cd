/* store.h - an opened store, as the rest of the engine sees it. */
#ifndef AKIN_ENGINE_STORE_H
#define AKIN_ENGINE_STORE_H

#include "search/search.h"
#include "store/store.h"

#include <akin/store.h>

struct akin_store {
  char *folder;                                     /* absolute */
  bool create;                                      /* made by the first write when it is missing */
  akin_storage *reader;                             /* opened when first needed, closed before this handle writes */
  akin_vectors *vectors;                            /* the packed features of the model that was asked last, or NULL */
  uint64_t vectors_model;                           /* its id in the store */
  void (*on_note)(void *context, const char *line); /* NULL: nobody wants to know */
  void *note_context;
  akin_model *model; /* opened for a question whose image was not stored; kept for the next one */
};

/* Borrowed until the handle writes or is closed. NOT_FOUND says how to make a store. */
akin_status akin_store_reader(akin_store *store, akin_storage **out, akin_error *err);

/* The model of that name in the store (NULL: the first); freed with akin_stored_models_free(out, 1). NOT_FOUND names
 * those that are there. */
akin_status akin_store_find_model(akin_store *store, akin_stored_model **out, const char *name, akin_error *err);

/* The model's packed features, up to date with the store; borrowed until the next call or close. */
akin_status akin_store_vectors(akin_store *store, akin_vectors **out, const akin_stored_model *model, akin_error *err);

/* Deletes what is only made from the store's features of a model. */
akin_status akin_store_drop_vectors(akin_store *store, const akin_stored_model *model, akin_error *err);

/* Checks a model's packed features against the store; each fault is told, and the packed features are made again. */
akin_status akin_store_verify_vectors(akin_store *store, const akin_stored_model *model,
                                      void (*report)(void *context, const char *line), void *context, uint64_t *faults,
                                      akin_error *err);

/* Opens the store's writer; the reader and what hangs on it are closed. */
akin_status akin_store_writer(akin_store *store, akin_storage **out, akin_error *err);

#endif
