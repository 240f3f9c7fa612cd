/*
 * worker.h - the second half of an ingest: images computed by several threads. One thread reads the worklist; every
 * worker carries one image the whole way from bytes to vector; what they find comes back through a bounded queue to the
 * one who writes.
 */
#ifndef AKIN_ENGINE_WORKER_H
#define AKIN_ENGINE_WORKER_H

#include "base/file.h"
#include "base/hash.h"
#include "engine/model.h"
#include "engine/worklist.h"

typedef enum akin_outcome {
  AKIN_OUTCOME_EMBEDDED,   /* feature is there, computed */
  AKIN_OUTCOME_REUSED,     /* feature is there, from the store: it had one for this content */
  AKIN_OUTCOME_UNREADABLE, /* reason is there */
  AKIN_OUTCOME_VANISHED,   /* the file went away; reason is there */
  AKIN_OUTCOME_FATAL       /* no image's fault: status and reason; the run ends */
} akin_outcome;

/* What became of one image; freed by akin_result_free. */
typedef struct akin_result {
  akin_outcome outcome;
  akin_status status;
  char *path;
  uint64_t root_id;
  akin_file_facts facts; /* settled (facts.h) */
  akin_hash content;
  uint32_t width, height; /* upright */
  char *reason;
  float *feature; /* f32 [dim], unit length */
} akin_result;

void akin_result_free(akin_result *result); /* NULL is fine */

typedef struct akin_workers akin_workers;

/* Starts `jobs` workers on what is in work. store_folder: each opens a reader of its own there. */
akin_status akin_workers_start(akin_workers **out, unsigned jobs, akin_worklist *work, akin_model *model,
                               uint64_t model_id, const char *store_folder, akin_error *err);
/* The next result, owned by the caller: 1; 0: none within `milliseconds`; -1: all work is done (or stopped) and told.
 */
int akin_workers_next(akin_workers *w, akin_result **out, unsigned milliseconds);
/* After -1: did the list of images break off? MEMORY then, else AKIN_OK. */
akin_status akin_workers_outcome(const akin_workers *w, akin_error *err);
/* Asks them to stop soon. Results go on coming until akin_workers_next says -1. */
void akin_workers_stop(akin_workers *w);
/* Stops, waits, frees. NULL is fine. */
void akin_workers_free(akin_workers *w);

#endif
