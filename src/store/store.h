/*
 * store.h - the room store: images and features kept. SQLite is behind it, seen by sqlite.c only. docs/formats.md
 * describes the file.
 *
 *   roots     folders that were indexed; none lies inside another
 *   images    one row a file: its root, absolute path, file facts, state; a readable one points to its content
 *   contents  one row a distinct content (SHA-256): width, height
 *   models    name, fingerprint, dim, card
 *   features  (model, content) → f32 [dim], unit length. A renamed or copied file costs no inference.
 *   removals  (generation, model, content): features that are gone, so that caches can follow
 *   labels    what people said of an image, by name
 *   facts     what was measured of a model's features, by name
 *   apart     pairs of contents that were told apart: no duplicates
 *
 * The store is a folder: akin.db (with akin.db-wal and akin.db-shm while it is open), writer.lock. What else lies there
 * is made from it and may be deleted.
 * One writer (a lock held while it is open), any number of readers, in one process or many. A handle is used by one
 * thread at a time. Ids of contents and models, and generations, only grow and are never used again: what is made from
 * them can be named by them.
 */
#ifndef AKIN_STORE_STORE_H
#define AKIN_STORE_STORE_H

#include "base/buffer.h"
#include "base/file.h"
#include "base/hash.h"

#include <akin/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct akin_storage akin_storage;

typedef enum akin_storage_mode {
  AKIN_STORAGE_READ, /* NOT_FOUND when there is no store; works in a folder that cannot be written, unless a killed
                        writer left work behind that must be put in order first: IO, says what to do */
  AKIN_STORAGE_WRITE /* created when missing, migrated when older; BUSY while another writer lives */
} akin_storage_mode;

/* Errors: NOT_FOUND, BUSY, IO, NO_SPACE, FORMAT (damaged), UNSUPPORTED (made by a newer version: says which). */
akin_status akin_storage_open(akin_storage **out, const char *folder, akin_storage_mode mode, akin_error *err);
void akin_storage_close(akin_storage *s); /* NULL is fine; an open transaction is rolled back */

uint64_t akin_storage_id(const akin_storage *s); /* random, given at creation */
/* Grows with every commit that changed anything; inside a transaction still the last commit's. 0: an empty store. */
akin_status akin_storage_generation(akin_storage *s, uint64_t *out, akin_error *err);

/* ---- transactions ----
 *
 * A writer changes the store between begin and commit: everything or nothing. A change outside of that is USAGE. One
 * that fails with USAGE, NOT_FOUND or MISMATCH has changed nothing; after any other failure roll back: the change may
 * be half done, or SQLite may have given up the whole transaction. A reader's begin fixes what it sees until commit or
 * rollback, so that several calls tell of one moment; without it each call sees what was committed last.
 */
akin_status akin_storage_begin(akin_storage *s, akin_error *err);
/* Durable when it returns; when it fails it has rolled back. The generation grows if anything was changed. */
akin_status akin_storage_commit(akin_storage *s, akin_error *err);
void akin_storage_rollback(akin_storage *s); /* fine without a transaction */

/* ---- roots ---- */
typedef struct akin_root {
  uint64_t id;
  char *path;      /* absolute; bytes */
  bool scanned;    /* a folder that was indexed as such; false: only single files of it were given */
  uint64_t images; /* how many images are known under it, the unreadable ones included */
} akin_root;
/* Ordered by path. Free with akin_roots_free. */
akin_status akin_storage_roots(akin_storage *s, akin_root **out, size_t *count, akin_error *err);
void akin_roots_free(akin_root *roots, size_t count);
/* The root that holds `path` (absolute, normalised), made when there is none. A path inside a known root belongs to
 * that root. When `path` is above known roots, they and their images become part of the new one. scanned: see
 * akin_root; it counts only when path is the root itself, and once true it stays so. */
akin_status akin_storage_root_add(akin_storage *s, const char *path, bool scanned, uint64_t *root_id, akin_error *err);

/* ---- images ---- */
typedef enum akin_image_state { AKIN_IMAGE_READABLE = 0, AKIN_IMAGE_UNREADABLE = 1 } akin_image_state;

typedef struct akin_stored_image {
  uint64_t id;
  uint64_t root_id;
  const char *path;      /* absolute; bytes */
  akin_file_facts facts; /* size, mtime, ctime, inode, device as they were when it was read */
  akin_image_state state;
  const char *reason;     /* unreadable: why, one line; else "" */
  uint64_t content_id;    /* readable: > 0 */
  akin_hash content;      /* readable */
  uint32_t width, height; /* readable: upright */
} akin_stored_image;

/* Visits images in byte order of their absolute paths; fields are borrowed for the visit. A visit that returns anything
 * but AKIN_OK ends it, and that is the result. under: an absolute path, only what is inside it or equal to it (NULL:
 * all). The visitor may read and write through the same handle; an image that it adds may or may not be visited. */
typedef akin_status akin_image_visit(void *context, const akin_stored_image *image, akin_error *err);
akin_status akin_storage_images(akin_storage *s, const char *under, akin_image_visit *visit, void *context,
                                akin_error *err);
/* Images that have this content, in path order. */
akin_status akin_storage_images_of(akin_storage *s, uint64_t content_id, akin_image_visit *visit, void *context,
                                   akin_error *err);
/* The image at an absolute path: calls visit once, or returns AKIN_ERROR_NOT_FOUND (err untouched). */
akin_status akin_storage_image_at(akin_storage *s, const char *path, akin_image_visit *visit, void *context,
                                  akin_error *err);

/* Readable images whose content has no feature of this model, in path order; model_id 0: all readable ones. */
akin_status akin_storage_images_without(akin_storage *s, uint64_t model_id, akin_image_visit *visit, void *context,
                                        akin_error *err);

typedef struct akin_storage_counts {
  uint64_t images; /* readable */
  uint64_t unreadable;
  uint64_t contents;
} akin_storage_counts;
akin_status akin_storage_count(akin_storage *s, akin_storage_counts *out, akin_error *err);

/* Adds or replaces the image at image->path under image->root_id; image->id and content_id are ignored, the content is
 * found or made by its hash; width and height count when it is made. *content_id (may be NULL) is it, 0 for an
 * unreadable image. A content that no image has any more is removed with its features. USAGE when the path is not
 * inside the root. */
akin_status akin_storage_image_put(akin_storage *s, const akin_stored_image *image, uint64_t *content_id,
                                   akin_error *err);
/* Updates only the file facts: a file that was touched, with the same content. NOT_FOUND: no such image; so below. */
akin_status akin_storage_image_touch(akin_storage *s, uint64_t image_id, const akin_file_facts *facts, akin_error *err);
akin_status akin_storage_image_remove(akin_storage *s, uint64_t image_id, akin_error *err);

/* The content with this hash: its id, 0 when there is none; width and height may be NULL. */
akin_status akin_storage_content_find(akin_storage *s, const akin_hash *content, uint64_t *id, uint32_t *width,
                                      uint32_t *height, akin_error *err);

/* ---- labels: what people said of images, values by name. They leave with their image. ---- */

/* In place of the image's value of that name; value NULL: it has none any more. */
akin_status akin_storage_label_put(akin_storage *s, uint64_t image_id, const char *name, const char *value,
                                   akin_error *err);
/* All values of that name; *removed: how many there were. */
akin_status akin_storage_labels_remove(akin_storage *s, const char *name, uint64_t *removed, akin_error *err);
/* The values of that name in order of path, borrowed for the visit. A visit that does not return AKIN_OK ends it. */
typedef akin_status akin_label_visit(void *context, uint64_t image_id, const char *path, const char *value,
                                     akin_error *err);
akin_status akin_storage_labels(akin_storage *s, const char *name, akin_label_visit *visit, void *context,
                                akin_error *err);
typedef struct akin_label_name {
  char *name;
  uint64_t images; /* that have it */
} akin_label_name;
/* Ordered by name. Free with akin_label_names_free. */
akin_status akin_storage_label_names(akin_storage *s, akin_label_name **out, size_t *count, akin_error *err);
void akin_label_names_free(akin_label_name *names, size_t count);

/* ---- models ---- */
typedef struct akin_stored_model {
  uint64_t id;
  char *name;
  char *fingerprint;
  char *card; /* JSON, with what was chosen: layer, pooling, preprocessing, precision; for people and for messages */
  uint32_t dim;
  uint64_t features;
} akin_stored_model;
/* In the order in which they came: the first is the store's default. Free with akin_stored_models_free. */
akin_status akin_storage_models(akin_storage *s, akin_stored_model **out, size_t *count, akin_error *err);
void akin_stored_models_free(akin_stored_model *models, size_t count);
/* The model of that name, added when there is none. MISMATCH when the name is there with another fingerprint: the text
 * names both; what makes them differ is the caller's business. */
akin_status akin_storage_model_add(akin_storage *s, const char *name, const char *fingerprint, uint32_t dim,
                                   const char *card, uint64_t *model_id, akin_error *err);
/* With its features. No removals are noted: a model that is added again has another id. */
akin_status akin_storage_model_remove(akin_storage *s, uint64_t model_id, akin_error *err);

/* ---- features ---- */
/* feature: f32 [dim of the model], unit length (else USAGE). There already: kept as it is. NOT_FOUND: no such model or
 * content. */
akin_status akin_storage_feature_put(akin_storage *s, uint64_t model_id, uint64_t content_id, const float *feature,
                                     akin_error *err);
/* out: f32 [dim of the model]; *found false when there is none. out NULL: only looks whether there is one. */
akin_status akin_storage_feature_get(akin_storage *s, uint64_t model_id, uint64_t content_id, float *out, bool *found,
                                     akin_error *err);
/* Features of a model that came after `generation` (0: all), in the order in which they were committed, then by content
 * id; feature is borrowed for the visit. */
typedef akin_status akin_feature_visit(void *context, uint64_t content_id, const float *feature, akin_error *err);
akin_status akin_storage_features_since(akin_storage *s, uint64_t model_id, uint64_t generation,
                                        akin_feature_visit *visit, void *context, akin_error *err);
/* Contents whose feature of this model went after `generation`; feature is NULL in the visit. The last 65,536 removals
 * are remembered; from further back every content id is visited that has no feature of the model now, so ids that a
 * cache never had must be fine. */
akin_status akin_storage_removals_since(akin_storage *s, uint64_t model_id, uint64_t generation,
                                        akin_feature_visit *visit, void *context, akin_error *err);

/* ---- what is measured of a model's features ----
 *
 * Facts are named bytes of one model that can be measured again: backgrounds of scores, means, recall. They leave with
 * their model.
 */
/* Keeps the bytes, in place of what had the name. generation: of the features that they tell of. */
akin_status akin_storage_fact_put(akin_storage *s, uint64_t model_id, const char *name, uint64_t generation,
                                  const void *bytes, size_t size, akin_error *err);
/* out: becomes the bytes; *found false, out untouched: there are none of that name. */
akin_status akin_storage_fact_get(akin_storage *s, uint64_t model_id, const char *name, akin_buffer *out,
                                  uint64_t *generation, bool *found, akin_error *err);
/* The same for floats, kept little-endian. out: freed with akin_free; NULL, count 0: none of that name. */
akin_status akin_storage_fact_put_floats(akin_storage *s, uint64_t model_id, const char *name, uint64_t generation,
                                         const float *values, size_t count, akin_error *err);
akin_status akin_storage_fact_get_floats(akin_storage *s, uint64_t model_id, const char *name, float **out,
                                         size_t *count, akin_error *err);
/* None of that name is fine. */
akin_status akin_storage_fact_remove(akin_storage *s, uint64_t model_id, const char *name, akin_error *err);
/* all: the features of a model; newer: those that came after `generation`. What is gone since then follows from it. */
akin_status akin_storage_features_count(akin_storage *s, uint64_t model_id, uint64_t generation, uint64_t *all,
                                        uint64_t *newer, akin_error *err);
/* A sample of the contents that have a feature of the model: the up to `most` smallest hashes, in their order. Hashes
 * are as good as dice, and the sample does not depend on the order in which images came. */
akin_status akin_storage_sample(akin_storage *s, uint64_t model_id, uint64_t *content_ids, size_t most, size_t *count,
                                akin_error *err);

/* ---- pairs told apart ---- */
/* Remembers, or forgets, that two contents are no duplicates; they need not be in the store. *changed: false when that
 * was so already. USAGE: both are the same. */
akin_status akin_storage_apart_put(akin_storage *s, const akin_hash *a, const akin_hash *b, bool *changed,
                                   akin_error *err);
akin_status akin_storage_apart_remove(akin_storage *s, const akin_hash *a, const akin_hash *b, bool *changed,
                                      akin_error *err);
/* Every pair, first < second as bytes, in that order. */
typedef akin_status akin_storage_apart_visit(void *context, const akin_hash *first, const akin_hash *second,
                                             akin_error *err);
akin_status akin_storage_apart(akin_storage *s, akin_storage_apart_visit *visit, void *context, akin_error *err);

/* ---- soundness ---- */
/* SQLite's integrity and foreign key checks; every feature has its size, is finite and of unit length; every content
 * has an image and every readable image its content; roots and paths agree. Each fault is told to report (one line);
 * the status is FORMAT when there was any. */
akin_status akin_storage_verify(akin_storage *s, void (*report)(void *context, const char *line), void *context,
                                uint64_t *faults, akin_error *err);
/* Bytes that `images` new images with features of `dim` will take, generously. */
uint64_t akin_storage_estimate(uint64_t images, uint32_t dim);

#endif
