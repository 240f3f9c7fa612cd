/*
 * akin/suggest.h - which of the imported models suits these images? Without labels: a model is good here when it finds
 * an image again after it was cropped, mirrored, compressed hard or lit differently.
 *
 * Thread safety: may be called from any thread. Callbacks are called one at a time, by any of the threads at work; the
 * visit by the calling one.
 */
#ifndef AKIN_SUGGEST_H
#define AKIN_SUGGEST_H

#include <akin/image.h>
#include <akin/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is done to an image before it is looked for. */
typedef enum akin_alteration {
  AKIN_ALTERATION_CROP = 0,     /* half of it: without 15 % of its width and height at each side */
  AKIN_ALTERATION_MIRROR = 1,   /* left and right exchanged */
  AKIN_ALTERATION_COMPRESS = 2, /* written as JPEG of quality 10 */
  AKIN_ALTERATION_COLOUR = 3    /* brighter by a third, and warmer: red by a fifth more, blue by a fifth less */
} akin_alteration;
#define AKIN_ALTERATIONS 4

/* How one model did. */
typedef struct akin_suggestion {
  const char *model;
  uint32_t dim;        /* floats in a feature */
  uint64_t bytes;      /* of the model on disk */
  double milliseconds; /* of an image, as akin_model_time measures it, and as akin_model_list tells it from now on */
  uint32_t images;     /* that were looked for */
  /* Of each alteration: the share of images whose original is the most similar of all, 0 to 1. */
  double found[AKIN_ALTERATIONS];
  double mean_reciprocal_rank; /* of the original, over images and alterations, 0 to 1 */
  double uncertainty;          /* half the width of its 95 % interval, by how it differs from image to image */
  /* How much more like its original an altered image is than like the most similar other image, in standard deviations
   * of the similarities to all others; the mean. */
  double margin;
} akin_suggestion;

/* Start from AKIN_SUGGEST_OPTIONS_INIT. Strings are borrowed for the call. */
typedef struct akin_suggest_options {
  uint32_t version;
  const char *models_folder; /* as in akin_model_options */
  uint32_t sample;    /* images at most, 2 to 10,000: those whose paths have the lowest hashes, always the same */
  uint32_t jobs;      /* images at a time, a core each; 0: as many as there are cores */
  akin_limits limits; /* for image files */

  /* All callbacks may be NULL. */
  void (*on_progress)(void *context, const char *model, uint64_t done, uint64_t total); /* images of this model */
  /* An image, once, not for each model; or a model that is damaged, by its name. */
  void (*on_skipped)(void *context, const char *path, const char *reason);
  int (*should_cancel)(void *context); /* not 0: stop soon; the status is AKIN_ERROR_CANCELLED */
  void *context;
} akin_suggest_options;

#define AKIN_SUGGEST_OPTIONS_VERSION 1u
#define AKIN_SUGGEST_OPTIONS_INIT                                                                                      \
  { AKIN_SUGGEST_OPTIONS_VERSION, NULL, 200u, 0u, AKIN_LIMITS_INIT, NULL, NULL, NULL, NULL }

/*
 * Measures every imported model on a sample of images.
 *   paths: `count` folders or files
 *   options: NULL for the defaults
 *   visit: gets each model, in order of name, borrowed for the visit. One that does not return AKIN_OK ends it, and
 *     that is the result, with err as it was
 * Memory: five features an image of the sample, and one decoded image a job.
 * Errors: USAGE (no path, options), NOT_FOUND (a path; fewer than two images that can be read; no model is imported),
 * those of akin_model_open, CANCELLED, RUNTIME, IO, MEMORY.
 */
typedef akin_status akin_suggest_visit(void *context, const akin_suggestion *suggestion);
AKIN_API akin_status akin_models_suggest(const char *const *paths, size_t count, const akin_suggest_options *options,
                                         akin_suggest_visit *visit, void *context, akin_error *err);

#ifdef __cplusplus
}
#endif
#endif
