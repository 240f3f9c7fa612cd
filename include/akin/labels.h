/*
 * akin/labels.h - labels: what people say of images, values by name, for filters (`where` of akin_query) to look at.
 *
 * A label belongs to an image, which is known by its path: it stays while the file changes, and leaves with the image.
 * Names and values are UTF-8. Thread safety: see akin/store.h.
 */
#ifndef AKIN_LABELS_H
#define AKIN_LABELS_H

#include <akin/status.h>
#include <akin/store.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct akin_label_totals {
  uint64_t images;  /* that the file has a row for and the store knows */
  uint64_t values;  /* of theirs that are set now; empty fields are not counted */
  uint64_t unknown; /* rows of images that the store does not know */
} akin_label_totals;

/*
 * Reads labels from a table as RFC 4180 has it: UTF-8, with or without a byte order mark; the first line names the
 * columns, the first column is the image's path, absolute or as seen from the table's folder, each other one is a
 * label. A row replaces the image's values of these names, an empty field takes the value away. Everything or nothing,
 * but for rows of images that the store does not know: they are told and passed over.
 *   file: the table's path; at most AKIN_LABELS_BYTES
 *   on_unknown: told of such a row, with the number of its line, from 1, and its path, borrowed for the call; must not
 *     use the store; may be NULL
 *   totals: may be NULL; zeros on failure
 * Errors: NOT_FOUND (the file; no store; a table without any image that the store knows), FORMAT (a broken line, a name
 * or a value that cannot be one, a second row for an image: says which line), LIMIT, BUSY, IO, NO_SPACE, MEMORY.
 */
#define AKIN_LABELS_BYTES ((size_t)1 << 30)
AKIN_API akin_status akin_store_import_labels(akin_store *store, const char *file,
                                              void (*on_unknown)(void *context, uint64_t line, const char *path),
                                              void *context, akin_label_totals *totals, akin_error *err);

/* The names of all labels in byte order, with how many images have one, borrowed for the visit, which must not use the
 * store. One that does not return AKIN_OK ends it, and that is the result, with err as it was. Errors: NOT_FOUND (no
 * store), FORMAT, IO, MEMORY. */
AKIN_API akin_status akin_store_label_names(akin_store *store,
                                            akin_status (*visit)(void *context, const char *name, uint64_t images),
                                            void *context, akin_error *err);

/* The images that have a label of that name, in order of path, with its value; as above. NOT_FOUND also: none has. */
AKIN_API akin_status akin_store_labels(akin_store *store, const char *name,
                                       akin_status (*visit)(void *context, const char *path, const char *value),
                                       void *context, akin_error *err);

/*
 * Takes the labels of that name away from all images.
 *   removed: from how many; 0 on failure
 * Errors: NOT_FOUND (no store, no image has it), BUSY, IO, NO_SPACE, MEMORY.
 */
AKIN_API akin_status akin_store_remove_labels(akin_store *store, const char *name, uint64_t *removed, akin_error *err);

#ifdef __cplusplus
}
#endif
#endif
