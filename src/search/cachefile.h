/*
 * cachefile.h - the bytes of the vectors cache: mapping, checking, appending and replacing them. Which rows are live is
 * vectors.c's business. The layout is at the head of cachefile.c.
 */
#ifndef AKIN_SEARCH_CACHEFILE_H
#define AKIN_SEARCH_CACHEFILE_H

#include "search/search.h"

#define AKIN_CACHEFILE_SLOT      64 /* bytes of the file's header, of a block's, and what all offsets are multiples of */
#define AKIN_CACHEFILE_DIM_LIMIT (UINT32_C(1) << 24)

typedef struct akin_cachefile {
  uint8_t header[AKIN_CACHEFILE_SLOT]; /* that the file has, or gets */
  size_t row_size;                     /* bytes from one row to the next: a multiple of AKIN_CACHEFILE_SLOT */
  int fd;                              /* -1: there is no sound file */
  bool appendable;
  const uint8_t *data; /* the mapped file */
  size_t size;         /* of it */
  size_t end;          /* where the slot of the next block is */
  uint64_t chain;      /* checksum of the slot before it */
} akin_cachefile;

/* A committed block; all is borrowed from the mapping. */
typedef struct akin_cacheblock {
  uint64_t generation;
  size_t rows, tombstones;         /* how many */
  const uint64_t *ids, *tombstone; /* of rows of this block; of rows of earlier blocks */
  size_t vectors;                  /* offset of the first row in the file */
} akin_cacheblock;

/* What is to become a block: vectors[i] has the row of ids[i], row_size bytes. */
typedef struct akin_cacheblock_source {
  uint64_t generation;
  size_t rows, tombstones;
  const uint64_t *ids, *tombstone;
  const float *const *vectors;
} akin_cacheblock_source;

typedef enum akin_cachefile_answer {
  AKIN_CACHEFILE_FOUND,
  AKIN_CACHEFILE_END,    /* no such file; no further block */
  AKIN_CACHEFILE_DAMAGED /* not this cache's file, or not as it was written */
} akin_cachefile_answer;

/* Sets up *f without a file: nothing to close yet. */
akin_status akin_cachefile_init(akin_cachefile *f, const akin_vectors_key *key, akin_error *err);

/* Maps the file and checks its header. The blocks come by akin_cachefile_next, each verified, in the order in which
 * they were committed. A file that cannot be read at all counts as damaged. */
akin_cachefile_answer akin_cachefile_open(akin_cachefile *f, const char *path, bool writable);
akin_cachefile_answer akin_cachefile_next(akin_cachefile *f, akin_cacheblock *block);
void akin_cachefile_rewind(akin_cachefile *f); /* to the first block */
void akin_cachefile_close(akin_cachefile *f);

/* Appends a block and maps the file anew: akin_cachefile_next gives it. After a failure the file is not appendable any
 * more, since the block may or may not be there: replace it. */
akin_status akin_cachefile_append(akin_cachefile *f, const char *path, const akin_cacheblock_source *source,
                                  akin_error *err);

/* Puts a file with this one block in place of what is at path; who has that mapped keeps it. f itself is not changed:
 * close it and open it. */
akin_status akin_cachefile_replace(const akin_cachefile *f, const char *path, const akin_cacheblock_source *source,
                                   akin_error *err);

#endif
