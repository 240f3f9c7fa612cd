/*
 * worklist.h - paths that wait for work, kept in an unnamed temporary file, so that memory does not grow with their
 * number. Written first, then read once from the start. One thread at a time.
 */
#ifndef AKIN_ENGINE_WORKLIST_H
#define AKIN_ENGINE_WORKLIST_H

#include "base/buffer.h"

#include <stdbool.h>

typedef struct akin_worklist akin_worklist;

/* folder: where the temporary file may lie; it has no name and goes with the process. */
akin_status akin_worklist_new(akin_worklist **out, const char *folder, akin_error *err);
void akin_worklist_free(akin_worklist *w); /* NULL is fine */
/* tag: any number that comes back with the path. */
akin_status akin_worklist_add(akin_worklist *w, const char *path, uint64_t tag, akin_error *err);
uint64_t akin_worklist_count(const akin_worklist *w);
/* The next one, from the first; *more is false, and nothing else set, after the last. */
akin_status akin_worklist_next(akin_worklist *w, akin_buffer *path, uint64_t *tag, bool *more, akin_error *err);

#endif
