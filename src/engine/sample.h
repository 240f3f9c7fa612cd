/* sample.h - a few of the images in folders, always the same ones, whatever order the folders are read in. */
#ifndef AKIN_ENGINE_SAMPLE_H
#define AKIN_ENGINE_SAMPLE_H

#include <akin/status.h>
#include <stddef.h>
#include <stdint.h>

typedef struct akin_sample {
  char **paths; /* absolute, [count], in the order of their hashes */
  size_t count;
} akin_sample;

/* The images of the given folders and files whose paths have the lowest SHA-256; `most` at most, 1 or more. Errors:
 * NOT_FOUND (a path), IO, MEMORY. */
akin_status akin_sample_take(akin_sample *out, const char *const *paths, size_t count, size_t most, akin_error *err);
void akin_sample_free(akin_sample *sample); /* fine on {0} */

#endif
