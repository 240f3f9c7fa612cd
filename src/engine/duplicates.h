/*
 * duplicates.h - is one image a near-duplicate of another? Features say which pairs are worth a look, pixels decide.
 * Shared by duplicates.c, which groups a whole store, and by questions that want each picture once.
 */
#ifndef AKIN_ENGINE_DUPLICATES_H
#define AKIN_ENGINE_DUPLICATES_H

#include "base/hash.h"
#include "engine/store.h"
#include "image/imprint.h"

/* Pairs whose features are less alike are not looked at, unless the caller says otherwise. docs/duplicates.md. */
#define AKIN_DUPLICATES_MIN_SCORE 0.7f

/* ---- for questions: which hits repeat the query or a better hit? ----
 *
 *     akin_seen_new(&seen, store, vectors, limits, err);
 *     akin_seen_add(seen, content or 0, path, feature, err)     for each query image
 *     for each candidate, best first:
 *       akin_seen_test(seen, content_id, &repeats, err)
 *       repeats ? leave it out : (take it, akin_seen_add(seen, content_id, NULL, NULL, err))
 *
 * The same content repeats, whatever was told apart; else features must score at least AKIN_DUPLICATES_MIN_SCORE, the
 * pair must not have been told apart, and pixels must agree. An image whose file is gone or was changed repeats
 * nothing. Each picture is read once; memory: about 5 KB for each that was.
 */
typedef struct akin_seen akin_seen;

/* vectors: borrowed, and must not change, until akin_seen_free. limits NULL: the defaults. */
akin_status akin_seen_new(akin_seen **out, akin_store *store, const akin_vectors *vectors, const akin_limits *limits,
                          akin_error *err);
/* content_id > 0: a stored content, path and feature are ignored. 0: an image from outside, by its file and its
 * feature, f32 [dim] of unit length, copied. */
akin_status akin_seen_add(akin_seen *seen, uint64_t content_id, const char *path, const float *feature,
                          akin_error *err);
/* Does this stored content repeat one that was added? */
akin_status akin_seen_test(akin_seen *seen, uint64_t content_id, bool *repeats, akin_error *err);
void akin_seen_free(akin_seen *seen); /* NULL is fine */

/* ---- parts of both ---- */

/* Reads a file, which must have that content (content NULL: any), and makes its imprint. facts: as the store has them,
 * so that an unchanged file is not hashed; NULL: it is. Errors tell, without the path in front, why it cannot be taken:
 * NOT_FOUND, MISMATCH (changed), and those of reading an image. */
akin_status akin_imprint_of_file(akin_imprint *out, const char *path, const akin_hash *content,
                                 const akin_file_facts *facts, const akin_limits *limits, akin_error *err);

/* Pairs that were told apart, looked up by binary search. */
typedef struct akin_apart {
  akin_hash (*pairs)[2]; /* sorted; first < second */
  size_t count, room;
} akin_apart;
akin_status akin_apart_load(akin_apart *out, akin_storage *reader, akin_error *err);
bool akin_apart_has(const akin_apart *apart, const akin_hash *a, const akin_hash *b);
void akin_apart_free(akin_apart *apart);

#endif
