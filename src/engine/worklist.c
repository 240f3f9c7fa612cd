/* worklist.c - records of: tag (8 bytes, this machine's order), path, NUL. */
#include "engine/worklist.h"

#include "base/error.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct akin_worklist {
  FILE *file;
  uint64_t count;
  bool reading;
};

/* A file without a name: O_TMPFILE where the file system can, else made and unlinked. */
static int worklist_unnamed(const char *folder) {
  int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
  char *path = akin_format("%s/worklist-XXXXXX", folder);
  fd = path ? mkostemp(path, O_CLOEXEC) : -1;
  if (fd >= 0) (void)unlink(path);
  akin_free(path);
  return fd;
}

akin_status akin_worklist_new(akin_worklist **out, const char *folder, akin_error *err) {
  *out = NULL;
  akin_worklist *w = akin_calloc(1, sizeof *w);
  if (!w) return akin_fail_memory(err, sizeof *w);
  int fd = worklist_unnamed(folder);
  w->file = fd >= 0 ? fdopen(fd, "w+b") : NULL;
  if (!w->file) {
    akin_status status = akin_fail_errno(err, errno, "%s: a temporary file", folder);
    if (fd >= 0) close(fd);
    akin_free(w);
    return status;
  }
  *out = w;
  return AKIN_OK;
}

void akin_worklist_free(akin_worklist *w) {
  if (w) {
    (void)fclose(w->file); /* unnamed: what could not be flushed is not needed any more */
    akin_free(w);
  }
}

akin_status akin_worklist_add(akin_worklist *w, const char *path, uint64_t tag, akin_error *err) {
  size_t size = strlen(path) + 1;
  if (fwrite(&tag, sizeof tag, 1, w->file) != 1 || fwrite(path, 1, size, w->file) != size)
    return akin_fail_errno(err, errno, "the list of images to do");
  w->count++;
  return AKIN_OK;
}

uint64_t akin_worklist_count(const akin_worklist *w) {
  return w->count;
}

akin_status akin_worklist_next(akin_worklist *w, akin_buffer *path, uint64_t *tag, bool *more, akin_error *err) {
  if (!w->reading) {
    if (fflush(w->file) || fseeko(w->file, 0, SEEK_SET)) return akin_fail_errno(err, errno, "the list of images to do");
    w->reading = true;
  }
  akin_buffer_clear(path);
  *more = fread(tag, sizeof *tag, 1, w->file) == 1;
  if (!*more) return ferror(w->file) ? akin_fail_errno(err, errno, "the list of images to do") : AKIN_OK;
  for (;;) {
    int c = getc_unlocked(w->file);
    char byte = (char)c;
    if (c == EOF) return akin_fail(err, AKIN_ERROR_IO, "the list of images to do ends in the middle");
    if (c == '\0') return AKIN_OK;
    if (akin_buffer_append(path, &byte, 1)) return akin_fail_memory(err, path->size);
  }
}
