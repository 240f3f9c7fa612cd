/*
 * plan.h - the first half of an ingest: what is there, what is new or changed, what is gone. Nothing is computed yet
 * and, roots aside, nothing is written.
 */
#ifndef AKIN_ENGINE_PLAN_H
#define AKIN_ENGINE_PLAN_H

#include "engine/store.h"
#include "engine/worklist.h"

typedef struct akin_plan {
  akin_storage *writer;
  uint64_t model_id;
  const akin_ingest_options *options;
  akin_progress *progress;
  void (*tick)(void *context); /* called for every file: progress, cancelling */
  bool *cancelled;             /* set by tick */
  void *context;
  akin_worklist *work; /* images to be done; tag: the root's id */
  akin_worklist *gone; /* images whose files are not there any more */
  uint8_t *seen;       /* a bit an image id: its file is there */
  size_t seen_bytes;
  char **unread; /* folders that could not be read: what is inside them stays */
  size_t unread_count;
  uint64_t root_id; /* of the path being scanned */
  uint64_t here;    /* images found under it */
} akin_plan;

/* Makes the root of a path, which swallows the roots inside it: for every path, before the first is added, so that no
 * work is planned under a root that a later path swallows. */
akin_status akin_plan_root(akin_plan *plan, const char *path, akin_error *err);

/* Takes a path (a folder or a file) into the plan. A path that cannot be used, or whose images are all gone, is an
 * error after which others can still be taken: NOT_FOUND, REFUSED. */
akin_status akin_plan_add(akin_plan *plan, const char *path, akin_error *err);
/* Was this image met by one of the paths? */
bool akin_plan_saw(const akin_plan *plan, uint64_t image_id);
void akin_plan_free(akin_plan *plan); /* what it owns: work, gone, seen, unread */

#endif
