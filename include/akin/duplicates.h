/*
 * akin/duplicates.h - near-identical images in a store: found, put into groups with the best copy of each, told apart
 * where they are not. Nothing here deletes a file.
 *
 * Two images are near-duplicates when their features are alike (a candidate), and their pixels show the same picture:
 * resized, compressed anew, cropped by up to about a tenth, brighter or darker; with an option also mirrored.
 *
 * Thread safety: as akin/store.h says. Callbacks come from the calling thread and must not use the same akin_store.
 */
#ifndef AKIN_DUPLICATES_H
#define AKIN_DUPLICATES_H

#include <akin/image.h>
#include <akin/status.h>
#include <akin/store.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a copy is to the best one of its group. */
typedef enum akin_copy {
  AKIN_COPY_BEST = 0,    /* the one to keep: most pixels, then most bytes, then first by path */
  AKIN_COPY_SAME = 1,    /* the same content, byte by byte */
  AKIN_COPY_NEAR = 2,    /* the same picture */
  AKIN_COPY_MIRRORED = 3 /* the same picture, left and right exchanged */
} akin_copy;

/* A short English word: "best", "same", "near", "mirrored". Never NULL; static. */
AKIN_API const char *akin_copy_name(akin_copy copy);

typedef struct akin_duplicate {
  akin_copy copy;
  const char *path;       /* absolute, bytes */
  uint32_t width, height; /* pixels, upright */
  uint64_t bytes;         /* of the file */
  float score;            /* cosine similarity with the best copy's feature, -1 to 1; 1 for the best and the same */
  float agreement;        /* of its pixels with the best copy's, 0 to 1; 1 for the best and the same */
} akin_duplicate;

/* A group: the best copy first, then the others by pixels, bytes and path. Borrowed for the visit. */
typedef struct akin_duplicate_group {
  const char *model; /* whose features gave the candidates */
  size_t number;     /* 1, 2, 3 … */
  size_t groups;     /* of all */
  const akin_duplicate *images;
  size_t count; /* at least 2 */
} akin_duplicate_group;

/* Where a search for duplicates stands. */
typedef struct akin_duplicates_progress {
  uint64_t images;           /* that are looked at */
  uint64_t candidates;       /* pairs whose features are alike */
  uint64_t pictures, looked; /* pictures to be read, and read so far */
  uint64_t compared;         /* candidates compared so far */
  uint64_t groups;           /* found; 0 before the end */
} akin_duplicates_progress;

/* Start from AKIN_DUPLICATES_OPTIONS_INIT. Strings are borrowed for the call. */
typedef struct akin_duplicates_options {
  uint32_t version;
  const char *model;        /* whose features give the candidates; NULL: the store's first */
  float min_score;          /* pairs below are no candidates, -1 to 1; default 0.7 */
  int mirrored;             /* 1: mirrored pictures are duplicates too */
  uint32_t jobs;            /* threads; 0: as many as the cores that affinity and cgroup allow */
  const char *const *paths; /* `path_count` files or folders: only images that are these or lie in them; 0: all */
  size_t path_count;
  akin_limits limits; /* for image files */

  /* All callbacks may be NULL. */
  void (*on_progress)(void *context, const akin_duplicates_progress *progress); /* a few times a second */
  /* An image that can be in no group: it is gone, or is not the one that was indexed any more, or cannot be read.
   * Absolute path as bytes, the reason as one line. In order of path. */
  void (*on_skipped)(void *context, const char *path, const char *reason);
  int (*should_cancel)(void *context); /* not 0: stop; the status is AKIN_ERROR_CANCELLED */
  void *context;
} akin_duplicates_options;

#define AKIN_DUPLICATES_OPTIONS_VERSION 1u
#define AKIN_DUPLICATES_OPTIONS_INIT                                                                                   \
  { AKIN_DUPLICATES_OPTIONS_VERSION, NULL, 0.7f, 0, 0u, NULL, 0, AKIN_LIMITS_INIT, NULL, NULL, NULL, NULL }

/*
 * Finds all groups of duplicates. The images are taken from the best to the worst (pixels, bytes, path): each that is
 * in no group yet is the best copy of a new one, and takes in every image that is in none yet, whose pixels agree with
 * *its*, and that is a duplicate of it or of one already taken in. So no chain of small steps joins what is different,
 * every copy was compared with the one that stays, and the order in which images were indexed does not matter.
 * Two images that were told apart are never in one group. Images of the same content are duplicates, whatever was told.
 * A file counts only if it is there now and has the content that was indexed.
 *   options: NULL for the defaults
 *   visit: gets each group, in order of the best copies' paths. One that does not return AKIN_OK ends it, and that is
 *     the result, with err as it was
 *   total: the last progress; may be NULL
 * Memory: about 5 KB a picture that is in a candidate pair, 24 bytes a pair, and the paths.
 * Errors: USAGE (min_score), NOT_FOUND (an empty store; no such model in it; a path of which it knows no image), LIMIT
 * (too many candidates: raise min_score), CANCELLED, IO, MEMORY.
 */
typedef akin_status akin_duplicates_visit(void *context, const akin_duplicate_group *group);
AKIN_API akin_status akin_store_duplicates(akin_store *store, const akin_duplicates_options *options,
                                           akin_duplicates_visit *visit, void *context, akin_duplicates_progress *total,
                                           akin_error *err);

/*
 * Remembers that images are not duplicates of each other, each of each; or, with apart 0, forgets that. Contents are
 * remembered, not paths, so that it holds for moved and copied files, and for images that are indexed again.
 *   images: `count` paths of files, 2 to 1,000: stored images, which need not be there any more, or any files
 *   changed: how many pairs were told apart, or forgotten, that were not before; 0 on failure; may be NULL
 * Errors: USAGE (count; two images of the same content), NOT_FOUND (a file; no store), BUSY, IO, NO_SPACE, MEMORY.
 */
AKIN_API akin_status akin_store_tell_apart(akin_store *store, const char *const *images, size_t count, int apart,
                                           uint64_t *changed, akin_error *err);

/*
 * Every pair that was told apart, in no order that means anything.
 *   visit: two paths, each the first of that content in the store, or NULL when it has none now; and the contents'
 *     SHA-256 as 64 hexadecimal digits; all borrowed for the visit. One that does not return AKIN_OK ends it, and that
 *     is the result, with err as it was
 * Errors: NOT_FOUND (no store), FORMAT, IO, MEMORY.
 */
typedef akin_status akin_apart_visit(void *context, const char *const paths[2], const char *const contents[2]);
AKIN_API akin_status akin_store_told_apart(akin_store *store, akin_apart_visit *visit, void *context, akin_error *err);

#ifdef __cplusplus
}
#endif
#endif
