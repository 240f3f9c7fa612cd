/*
 * approximate.h - the best k found without looking at all: candidates from a graph of near neighbours (hnsw.h), scores
 * computed from the packed vectors themselves, so that they are the ones that exact search gives. How many of the best
 * are found is measured after every change, on questions whose exact answers are known.
 *
 * The graph is kept in a file that is made from the packed vectors, may be deleted at any time and is not trusted: it
 * has our own header and checksums, since usearch loads damaged bytes in silence. The layout is at the head of
 * approximate_file.c.
 */
#ifndef AKIN_SEARCH_APPROXIMATE_H
#define AKIN_SEARCH_APPROXIMATE_H

#include "search/compact.h"
#include "search/search.h"

#define AKIN_APPROXIMATE_RECALL 0.98f /* of the best 10 that must be found */
/* What is aimed at: recall is measured with stored images, and others find one in a hundred less (200,000 × 256). */
#define AKIN_APPROXIMATE_AIM 0.99f

typedef struct akin_approximate_facts {
  akin_compact kind;      /* how the graph keeps vectors */
  uint32_t connectivity;  /* neighbours of a vector */
  uint32_t expansion_add; /* candidates looked at when a vector is added */
  uint32_t expansion;     /* and when 10 are asked for: raised until recall is enough */
  uint64_t generation;    /* of the packed vectors that the graph was made from */
  uint64_t features;      /* vectors in it */
  uint32_t sampled;       /* questions that recall was measured with; 0: not measured */
  float recall;           /* 0 to 1: how many of the exact best 10 were found */
} akin_approximate_facts;

/* A handle is used by one thread at a time. */
typedef struct akin_approximate akin_approximate;

/* Can features of this size be in a graph? */
bool akin_approximate_possible(uint32_t dim);

/* An empty graph. thorough: more neighbours and candidates, for features that the usual ones find too few of; takes
 * twice the time and more memory. Errors: RUNTIME (the library with usearch is missing), LIMIT (dim), MEMORY. */
akin_status akin_approximate_new(akin_approximate **out, uint32_t dim, akin_compact kind, bool thorough,
                                 akin_error *err);
/*
 * The graph at path. *out is NULL, with AKIN_OK, when there is none, and when it is damaged, or of another store, model
 * or version (*damaged = true). writable: it is read into memory and may be changed; else the file is mapped, and the
 * handle only answers. Errors: RUNTIME, MEMORY.
 */
akin_status akin_approximate_open(akin_approximate **out, const char *path, const akin_vectors_key *key, bool writable,
                                  bool *damaged, akin_error *err);
void akin_approximate_free(akin_approximate *a); /* NULL is fine */
const akin_approximate_facts *akin_approximate_facts_of(const akin_approximate *a);
/* The facts of the file at path, without the graph: *found is false where there is no sound header of this key. */
akin_status akin_approximate_peek(akin_approximate_facts *out, bool *found, const char *path,
                                  const akin_vectors_key *key, akin_error *err);

/* ---- changing a graph ---- */

/* Asked between steps, by the calling thread: false stops. May be NULL. */
typedef bool akin_approximate_tick(void *context, uint64_t done, uint64_t total);

akin_status akin_approximate_remove(akin_approximate *a, uint64_t id, akin_error *err);
/* Adds every live row of v that is not in the graph, with `threads` threads. Errors: CANCELLED, MEMORY, RUNTIME. */
akin_status akin_approximate_add_all(akin_approximate *a, const akin_vectors *v, unsigned threads,
                                     akin_approximate_tick *tick, void *context, akin_error *err);
/* Measures recall with questions sampled from v (always the same ones of the same rows), and raises the expansion until
 * it is what is aimed at, the largest is reached, or it is enough and does not rise any more. */
akin_status akin_approximate_measure(akin_approximate *a, const akin_vectors *v, unsigned threads, akin_error *err);
/* Replaces the file at path, as made from v. */
akin_status akin_approximate_save(akin_approximate *a, const char *path, const akin_vectors_key *key,
                                  uint64_t generation, akin_error *err);

/* ---- asking ---- */

/* A row that came after the graph was made: always among the candidates. */
akin_status akin_approximate_extra(akin_approximate *a, uint64_t id, akin_error *err);
size_t akin_approximate_extra_count(const akin_approximate *a);

/* Rows that are to be no hits: those that skip is true for, `most` of them at most. */
typedef struct akin_approximate_skip {
  bool (*skip)(void *context, uint64_t id);
  void *context;
  size_t most;
} akin_approximate_skip;

/*
 * As akin_search_best, but best among the candidates that the graph gives: the same scores in the same order, some hits
 * may be missing. Rows that are not in v any more are no hits. skip: NULL: none are skipped. *count is less than k when
 * too few candidates were left: ask exactly then.
 */
akin_status akin_approximate_best(akin_scored **out, size_t *count, akin_approximate *a, const akin_vectors *v,
                                  const float *query, size_t k, const akin_approximate_skip *skip, akin_error *err);

#endif
