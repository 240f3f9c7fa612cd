/*
 * h5.h - HDF5 files as Keras files use them: groups, texts as attributes, datasets that lie in the file as they are.
 * All but akin_h5_load is called in the child of child.h only: libhdf5 crashes on damaged files, and what is opened
 * here is never closed.
 *
 * Never followed: soft and external links. Never read: datasets that are elsewhere (external, virtual), in chunks, or
 * behind a filter, which a plugin would undo. Numbers are not read at all: it is said where they are.
 */
#ifndef AKIN_WEIGHTS_H5_H
#define AKIN_WEIGHTS_H5_H

#include "base/arena.h"
#include "weights/tensors.h"

#define AKIN_H5_NAME 1024 /* bytes of a name, NUL included */

typedef int64_t akin_h5; /* an open file, group or dataset */

typedef enum akin_h5_kind {
  AKIN_H5_NOTHING, /* no such name */
  AKIN_H5_GROUP,
  AKIN_H5_DATASET
} akin_h5_kind;

/* Loads libhdf5, once, in the parent: in a child of a program with threads nothing can be loaded safely. It stays. Any
 * number of threads. RUNTIME: it is not there (says which package has it). */
akin_status akin_h5_load(akin_error *err);
/* Starts it, in the child. */
akin_status akin_h5_start(akin_error *err);

/* A file's bytes, which stay where they are. FORMAT: no HDF5 file, or damaged. */
akin_status akin_h5_open(akin_h5 *out, const uint8_t *bytes, size_t n, akin_error *err);

/*
 * What has this name in a group.
 *   path: one name, or several with '/' between
 * Errors: UNSUPPORTED (a link to elsewhere), FORMAT (damaged, or a name inside path is no group).
 */
akin_status akin_h5_find(akin_h5 *out, akin_h5_kind *kind, akin_h5 group, const char *path, akin_error *err);

/* Names of everything in a group, in alphabetical order: [*count] in the arena. LIMIT: more than `most`. */
akin_status akin_h5_names(char ***out, size_t *count, akin_h5 group, size_t most, akin_arena *arena, akin_error *err);

/* An attribute that is one text. *out is NULL when there is none of that name. */
akin_status akin_h5_text(char **out, akin_h5 object, const char *name, akin_arena *arena, akin_error *err);

/* An attribute that is a list of texts: [*count] in the arena. *out is NULL when there is none of that name; an empty
 * list may have any type. */
akin_status akin_h5_texts(char ***out, size_t *count, akin_h5 object, const char *name, akin_arena *arena,
                          akin_error *err);

typedef struct akin_h5_numbers {
  akin_dtype dtype;
  uint32_t rank;
  uint64_t shape[AKIN_TENSOR_RANK];
  uint64_t offset; /* of the first byte in the file */
} akin_h5_numbers;

/* Where a dataset's numbers are, and what. UNSUPPORTED: see above, or of a type that is not in akin_dtype. */
akin_status akin_h5_numbers_of(akin_h5_numbers *out, akin_h5 dataset, akin_error *err);

#endif
