/*
 * search.h - the room search: packed vectors, scores, best k. Knows ids and vectors, not images or stores.
 */
#ifndef AKIN_SEARCH_SEARCH_H
#define AKIN_SEARCH_SEARCH_H

#include <akin/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- kernels: dot products of f32 vectors, sums in f32, chosen at run time: "avx512", "avx2", "neon", "plain" ---- */

/* scores[i] = query · rows[i]; rows: f32 [n, dim], each row `stride` floats after the one before. The same pair gives
 * the same bits whatever n is and wherever the row stands. */
void akin_search_scores(float *scores, const float *query, const float *rows, size_t n, size_t dim, size_t stride);
const char *akin_search_kernels(void);
bool akin_search_use_kernels(const char *name); /* for tests; false when this machine has no such kernels */

/* Divides by the Euclidean norm. AKIN_ERROR_FORMAT when the norm is zero or any value is NaN or infinite; v is then
 * untouched. */
akin_status akin_search_normalise(float *v, size_t dim, akin_error *err);

/* ---- the cache: an append-only file of packed vectors with tombstones, mapped; derived from the store, may be deleted
 * at any time ---- */

typedef struct akin_vectors akin_vectors;

/* Identifies what the cache was made from. All must match, otherwise it is thrown away and made again. */
typedef struct akin_vectors_key {
  const char *fingerprint;
  uint32_t dim;
  uint64_t store_id; /* random number of the store */
} akin_vectors_key;

/*
 * Opens or creates the cache at path. A damaged, stale or foreign file counts as empty (*rebuilt = true).
 * writable: commits go to the file; at most one process at a time (the caller holds the cache's lock). Not writable:
 * the file is only mapped, and what is appended or removed lives in this handle's memory. Opening never fails for what
 * is in the file.
 */
akin_status akin_vectors_open(akin_vectors **out, const char *path, const akin_vectors_key *key, bool writable,
                              bool *rebuilt, akin_error *err);
void akin_vectors_close(akin_vectors *v); /* NULL is fine */
uint32_t akin_vectors_dim(const akin_vectors *v);
/* The store's generation up to which the cache is complete; 0 for a new one. */
uint64_t akin_vectors_generation(const akin_vectors *v);
/* Appends one row (f32 [dim]; ids are never 0 and never come back after removal) / marks the row of an id as gone
 * (unknown ids are ignored). In the file, and so for others, both exist from commit(generation) on, which syncs; a
 * process killed before loses them. */
akin_status akin_vectors_append(akin_vectors *v, uint64_t id, const float *row, akin_error *err);
akin_status akin_vectors_remove(akin_vectors *v, uint64_t id, akin_error *err);
akin_status akin_vectors_commit(akin_vectors *v, uint64_t generation, akin_error *err);
size_t akin_vectors_live(const akin_vectors *v); /* rows that are not tombstones */
/* The row of an id, f32 [dim], borrowed until the next append or close; NULL: none. */
const float *akin_vectors_find(const akin_vectors *v, uint64_t id);
/* The rows in runs that lie together (a mapped one, one in memory): f32 [n, dim] at `stride` floats, ids[i] 0 for a
 * tombstone; returns n, 0 past the last run. Borrowed until the next append or close. */
size_t akin_vectors_run(const akin_vectors *v, size_t index, const float **rows, size_t *stride, const uint64_t **ids);
/* Are all checksums right? AKIN_ERROR_MISMATCH says where not. For `akin verify`. */
akin_status akin_vectors_verify(const akin_vectors *v, akin_error *err);

/* ---- best k ---- */

typedef struct akin_scored {
  uint64_t id;
  float score;
} akin_scored;

/*
 * The best k of the live rows by score, and with them every further row whose score equals the kth, so that the caller
 * can break ties by path. Excluded: ids for which skip(context, id) is true (skip may be NULL). *out is sorted by score
 * descending, then id ascending; freed with akin_free. k >= 1. *count may exceed k (ties) or be less (too few rows).
 */
akin_status akin_search_best(akin_scored **out, size_t *count, const akin_vectors *v, const float *query, size_t k,
                             bool (*skip)(void *context, uint64_t id), void *context, akin_error *err);

#endif
