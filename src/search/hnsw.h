/*
 * hnsw.h - a graph of near neighbours (HNSW) over vectors that are bytes to it. Between hnsw.cpp, which is a shared
 * object of its own, since usearch is C++, and approximate.c, which loads it when it is first needed and is the only
 * one to call it. Nothing of C++ passes through: failures are texts, exceptions are caught.
 *
 * Several threads may add to a graph at the same time, each with a number of its own; all else is for one thread at a
 * time.
 */
#ifndef AKIN_SEARCH_HNSW_H
#define AKIN_SEARCH_HNSW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AKIN_HNSW_VERSION  1u /* of these functions */
#define AKIN_HNSW_FILE     "libakin_approximate.so"
#define AKIN_HNSW_FUNCTION "akin_hnsw_functions" /* returns const akin_hnsw_table * */

/* Distance of two vectors of `size` bytes: small is near. No alignment is assumed. */
typedef float akin_hnsw_distance(const void *a, const void *b, size_t size);

typedef struct akin_hnsw_options {
  size_t size;          /* bytes of a vector */
  size_t connectivity;  /* neighbours of a vector in a layer; twice as many in the lowest */
  size_t expansion_add; /* candidates looked at when a vector is added */
  size_t threads;       /* that add at the same time */
  akin_hnsw_distance *distance;
} akin_hnsw_options;

typedef struct akin_hnsw akin_hnsw;

/* Takes the graph's bytes in order; false: enough. */
typedef bool akin_hnsw_sink(void *context, const void *bytes, size_t n);

/* Functions that may fail return NULL or false, and *why is then a text that need not be freed. */
typedef struct akin_hnsw_table {
  uint32_t version; /* AKIN_HNSW_VERSION */
  akin_hnsw *(*create)(const akin_hnsw_options *options, const char **why);
  void (*destroy)(akin_hnsw *graph); /* NULL is fine */
  /* Room for so many vectors in all; before vectors are added. */
  bool (*reserve)(akin_hnsw *graph, size_t count, const char **why);
  /* id: not there yet, never 0 or UINT64_MAX; thread: below options->threads */
  bool (*add)(akin_hnsw *graph, uint64_t id, const void *vector, size_t thread, const char **why);
  bool (*contains)(const akin_hnsw *graph, uint64_t id);
  bool (*remove)(akin_hnsw *graph, uint64_t id, const char **why); /* one that is not there: fine */
  size_t (*count)(const akin_hnsw *graph);                         /* of vectors */
  /* The nearest `wanted` at most, the nearest first; expansion: candidates looked at, `wanted` at least. */
  bool (*search)(akin_hnsw *graph, const void *vector, size_t wanted, size_t expansion, uint64_t *ids, size_t *found,
                 const char **why);
  bool (*save)(const akin_hnsw *graph, akin_hnsw_sink *sink, void *context, const char **why);
  /* In place of what the graph holds, from bytes that save gave; the caller has verified that they are the same. load
   * copies them. view borrows them until the graph is destroyed; such a graph is for searching alone. */
  bool (*load)(akin_hnsw *graph, const void *bytes, size_t n, const char **why);
  bool (*view)(akin_hnsw *graph, const void *bytes, size_t n, const char **why);
} akin_hnsw_table;

#ifdef __cplusplus
}
#endif
#endif
