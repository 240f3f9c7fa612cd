/*
 * twins.h - the search for duplicates in a whole store, step by step: which images there are, which pairs are
 * candidates, what the pictures look like, which pairs agree. duplicates.c puts the outcome into groups.
 *
 * Everything is in the order of content hashes, then of paths, so that nothing depends on when an image was indexed or
 * on which thread was faster.
 */
#ifndef AKIN_ENGINE_TWINS_H
#define AKIN_ENGINE_TWINS_H

#include "engine/duplicates.h"

#include <akin/duplicates.h>
#include <stdatomic.h>

typedef struct akin_twin_image {
  char *path; /* owned */
  uint64_t content_id;
  akin_hash hash;
  uint32_t width, height;
  akin_file_facts facts;
  char *reason; /* owned; why it can be in no group; NULL: it can */
} akin_twin_image;

typedef struct akin_twin_content {
  size_t first, count; /* its images */
  size_t best;         /* the first of them that can be in a group; SIZE_MAX: none, or not looked at */
  const float *row;    /* f32 [dim], borrowed from the store's vectors */
  bool candidate;      /* in a pair */
  bool readable;       /* imprint is there */
  akin_imprint *imprint;
} akin_twin_content;

/* Two contents, a < b. */
typedef struct akin_twin_pair {
  uint32_t a, b;
  float score;
  float agreement;
  bool same, mirrored; /* after akin_twins_compare: they are duplicates; one of them mirrored */
} akin_twin_pair;

typedef struct akin_twins {
  akin_store *store;
  const akin_duplicates_options *options;
  akin_duplicates_progress progress;
  char model[128];
  uint32_t dim;
  unsigned jobs;
  akin_apart apart;
  akin_twin_image *images;
  size_t image_count, image_room;
  akin_twin_content *contents;
  size_t content_count;
  akin_twin_pair *pairs; /* in order of (a, b) */
  size_t pair_count;
  double told;           /* when progress was last told, seconds */
  atomic_bool cancelled; /* or out of memory: what runs shall end */
} akin_twins;

/* Each step may be cancelled. Errors: see akin_store_duplicates. */
akin_status akin_twins_collect(akin_twins *t, akin_store *store, const akin_duplicates_options *options,
                               akin_error *err);
/* Pairs of contents whose features score at least min_score and that were not told apart. */
akin_status akin_twins_pair(akin_twins *t, akin_error *err);
/* Looks at the files of all contents that may be in a group. */
akin_status akin_twins_look(akin_twins *t, akin_error *err);
/* Judges each pair by its pixels. */
akin_status akin_twins_compare(akin_twins *t, akin_error *err);
/* The same of any two contents whose pictures were read: are they duplicates? Fills all of pair but a and b, which say
 * which; either may be the smaller. False when there is nothing to compare. */
bool akin_twins_judge(const akin_twins *t, akin_twin_pair *pair);
void akin_twins_free(akin_twins *t);

#endif
