/*
 * search.h - the room search: packed vectors, scores, best k. Knows ids and vectors, not images or stores.
 */
#ifndef AKIN_SEARCH_SEARCH_H
#define AKIN_SEARCH_SEARCH_H

#include <akin/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- kernels: dot products of f32 vectors, sums in f32, chosen at run time: "avx512", "avx2", "neon", "plain".
 * Any thread may call these. ---- */

/*
 * scores[i] = cosine similarity of query and rows[i], all of unit length: the dot product, with what rounding adds
 * beyond -1 or 1 taken off (here, so that whatever ranks, prints or compares scores sees the same ones; two images with
 * the same feature tie with an image that is the query itself).
 *   rows: f32 [n, dim], each row `stride` floats after the one before; no alignment is needed
 * The same two vectors give the same bits whatever n is, wherever the row stands, which of them is the query, and on
 * every machine. NaN gives NaN.
 */
void akin_search_scores(float *scores, const float *query, const float *rows, size_t n, size_t dim, size_t stride);
/* The same of one pair. next: a vector that is to be scored next, f32 [dim], fetched meanwhile: rows lie anywhere in
 * memory; NULL: none. */
float akin_search_score(const float *a, const float *b, size_t dim, const float *next);
const char *akin_search_kernels(void);
bool akin_search_use_kernels(const char *name); /* for tests; false when this machine has no such kernels */

/* Divides by the Euclidean norm. AKIN_ERROR_FORMAT when the norm is zero or any value is NaN or infinite; v is then
 * untouched. */
akin_status akin_search_normalise(float *v, size_t dim, akin_error *err);

/* ---- the cache: an append-only file of packed vectors with tombstones, mapped; derived from the store, may be deleted
 * at any time ---- */

/* A handle is used by one thread at a time; any number of threads may run akin_search_best on it while none changes it
 * or calls akin_vectors_find. Any number of handles, in one process or many, may have the file open beside one writer.
 */
typedef struct akin_vectors akin_vectors;

/* Identifies what the cache was made from. All must match, otherwise it is thrown away and made again. */
typedef struct akin_vectors_key {
  const char *fingerprint;
  uint32_t dim; /* 1 to 16,777,216 */
  uint64_t store_id;
} akin_vectors_key;

/*
 * Opens or creates the cache at path; nothing is written before the first commit.
 * Every checksum is verified now. A damaged, stale or foreign file, or one that cannot be read, counts as empty
 * (*rebuilt = true) and is replaced by the next commit. What a killed commit left behind, or a file that was cut off,
 * is no damage: the handle then stands where the last whole commit stood, at its generation.
 * writable: commits go to the file; at most one process at a time (the caller holds the cache's lock). Not writable:
 * the file is only mapped, and what is appended or removed lives in this handle's memory. Opening never fails for what
 * is in the file. Errors: USAGE (dim), MEMORY.
 */
akin_status akin_vectors_open(akin_vectors **out, const char *path, const akin_vectors_key *key, bool writable,
                              bool *rebuilt, akin_error *err);
void akin_vectors_close(akin_vectors *v); /* NULL is fine */
uint32_t akin_vectors_dim(const akin_vectors *v);
/* The store's generation up to which the cache is complete; 0 for a new one. */
uint64_t akin_vectors_generation(const akin_vectors *v);
/*
 * Appends one row (f32 [dim]; ids are never 0 and never come back after removal: USAGE when the id is there) / marks
 * the row of an id as gone (unknown ids are ignored). This handle sees both at once.
 */
akin_status akin_vectors_append(akin_vectors *v, uint64_t id, const float *row, akin_error *err);
akin_status akin_vectors_remove(akin_vectors *v, uint64_t id, akin_error *err);
/*
 * From here on both exist in the file, and for others; a process killed before loses them, and nothing else. The bytes
 * are synced before they count, so a machine that loses power loses the last commit at most. Rows that wait for a
 * commit are in memory: a caller who appends very many may commit in between, with the generation that the cache has
 * anyway. The file is written anew without its dead rows once they are more than a quarter.
 * Errors: IO, NO_SPACE, MEMORY; a handle whose commit failed is good for searching at most. The file is then as before
 * the commit, or as after it.
 */
akin_status akin_vectors_commit(akin_vectors *v, uint64_t generation, akin_error *err);
size_t akin_vectors_live(const akin_vectors *v); /* rows that are not tombstones */
/* The row of an id, f32 [dim], borrowed until the next append, commit or close; NULL: none. */
const float *akin_vectors_find(const akin_vectors *v, uint64_t id);
/* The rows in runs that lie together (a block of the file, a chunk in memory): f32 [n, dim] at `stride` floats, each
 * aligned to 64 bytes, ids[i] 0 for a tombstone; returns n, 0 past the last run. Borrowed until the next append, commit
 * or close. */
size_t akin_vectors_run(const akin_vectors *v, size_t index, const float **rows, size_t *stride, const uint64_t **ids);
/* Are all checksums right? AKIN_ERROR_MISMATCH says where not. For `akin verify`. */
akin_status akin_vectors_verify(const akin_vectors *v, akin_error *err);

/* ---- principal axes ---- */

/*
 * The directions in which rows differ most, with the variance along each, largest first.
 *   axes: f32 [k, dim], of unit length, at right angles; zero past the number of directions that there are
 *   variances: f32 [k]: the mean of the squares of what lies along the axis
 *   rows: f32 [n, dim], their mean taken off already
 * The same rows give the same axes. Time: n · dim · min(n, dim) and about 30 · k · min(n, dim)² products. The last of
 * many axes that hardly differ in variance are good ones of their kind, not the very best. Errors: MEMORY.
 */
akin_status akin_search_principal(float *axes, float *variances, const float *rows, size_t n, uint32_t dim, uint32_t k,
                                  akin_error *err);

/* ---- best k ---- */

typedef struct akin_scored {
  uint64_t id;
  float score;
} akin_scored;

/*
 * The best k of the live rows by score, and with them every further row whose score equals the kth, so that the caller
 * can break ties by path. Excluded: ids for which skip(context, id) is true (skip may be NULL). *out is sorted by score
 * descending, then id ascending; freed with akin_free. *count may exceed k (ties) or be less (too few rows). A row
 * whose score is NaN is never a hit. Errors: USAGE (k of 0), MEMORY.
 */
akin_status akin_search_best(akin_scored **out, size_t *count, const akin_vectors *v, const float *query, size_t k,
                             bool (*skip)(void *context, uint64_t id), void *context, akin_error *err);

#endif
