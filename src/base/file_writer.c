/*
 * file_writer.c - a file replaced as a whole or not at all (file.h): written beside under another name, synced,
 * renamed, and the folder synced, so that after a crash there is either the old file or the new one. A process killed
 * in between leaves a hidden file .akin-PID-N.tmp, which nothing reads.
 */
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITER_PENDING  65536 /* small writes are gathered up to this many bytes */
#define WRITER_ATTEMPTS 1000  /* names tried for the temporary file */

struct akin_file_writer {
  char *path;      /* what is replaced */
  char *folder;    /* the folder of both */
  char *temporary; /* NULL: there is no such file (any more) */
  int file;        /* -1: closed */
  uint64_t size;   /* bytes given so far */
  size_t pending;  /* bytes in gathered */
  char gathered[WRITER_PENDING];
};

static atomic_uint writer_number; /* makes names differ between the writers of this process */

/* A device or a folder is never replaced, least of all /dev/stdout. */
static akin_status writer_check_target(const char *path, akin_error *err) {
  struct stat st;
  if (stat(path, &st) != 0 || S_ISREG(st.st_mode)) return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_USAGE, "%s: is not a regular file and cannot be replaced", path);
}

/* O_EXCL instead of mkstemp: the file gets the mode that the user's umask gives. */
static akin_status writer_create_temporary(akin_file_writer *w, akin_error *err) {
  int errnum = 0;
  for (int attempt = 0; attempt < WRITER_ATTEMPTS; attempt++) {
    const unsigned number = atomic_fetch_add(&writer_number, 1);
    w->temporary = akin_format("%s/.akin-%ld-%u.tmp", w->folder, (long)getpid(), number);
    if (!w->temporary) return akin_fail_memory(err, strlen(w->folder) + 64);
    w->file = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0666);
    if (w->file >= 0) return AKIN_OK;
    errnum = errno;
    akin_free(w->temporary);
    w->temporary = NULL;
    if (errnum != EEXIST && errnum != EINTR) break;
  }
  return akin_fail_errno(err, errnum, "%s: cannot write in the folder %s", w->path, w->folder);
}

akin_status akin_file_writer_open(akin_file_writer **out, const char *path, akin_error *err) {
  akin_status status = writer_check_target(path, err);
  if (status != AKIN_OK) return status;
  akin_file_writer *w = akin_calloc(1, sizeof *w);
  if (!w) return akin_fail_memory(err, sizeof *w);
  w->file = -1;
  w->path = akin_strdup(path);
  w->folder = akin_path_folder(path);
  if (!w->path || !w->folder)
    status = akin_fail_memory(err, strlen(path) + 1);
  else
    status = writer_create_temporary(w, err);
  if (status != AKIN_OK) {
    akin_file_writer_discard(w);
    return status;
  }
  *out = w;
  return AKIN_OK;
}

/* write(2) until all is written. */
static akin_status writer_put(akin_file_writer *w, const char *bytes, size_t n, akin_error *err) {
  while (n > 0) {
    const ssize_t put = write(w->file, bytes, n);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return akin_fail_errno(err, errno, "%s: cannot write", w->path);
    bytes += put;
    n -= (size_t)put;
  }
  return AKIN_OK;
}

static akin_status writer_flush(akin_file_writer *w, akin_error *err) {
  const size_t n = w->pending;
  w->pending = 0;
  return writer_put(w, w->gathered, n, err);
}

akin_status akin_file_writer_write(akin_file_writer *w, const void *bytes, size_t n, akin_error *err) {
  if (n > WRITER_PENDING - w->pending) {
    const akin_status status = writer_flush(w, err);
    if (status != AKIN_OK) return status;
  }
  w->size += n;
  if (n > WRITER_PENDING) return writer_put(w, bytes, n, err);
  if (n) memcpy(w->gathered + w->pending, bytes, n);
  w->pending += n;
  return AKIN_OK;
}

uint64_t akin_file_writer_size(const akin_file_writer *w) {
  return w->size;
}

int akin_file_writer_descriptor(const akin_file_writer *w) {
  return w->file;
}

static int writer_sync(int file) {
  int result = 0;
  do
    result = fsync(file);
  while (result != 0 && errno == EINTR);
  return result;
}

/* Makes the rename last. A folder that may be written but not read cannot be opened for it, and some file systems do
 * not sync folders: then the rename is as safe as it gets. */
static akin_status writer_sync_folder(const akin_file_writer *w, akin_error *err) {
  const int folder = open(w->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0 && errno == EACCES) return AKIN_OK;
  if (folder < 0) return akin_fail_errno(err, errno, "%s: cannot sync the folder %s", w->path, w->folder);
  akin_status status = AKIN_OK;
  if (writer_sync(folder) != 0 && errno != EINVAL)
    status = akin_fail_errno(err, errno, "%s: cannot sync the folder %s", w->path, w->folder);
  close(folder);
  return status;
}

akin_status akin_file_writer_commit(akin_file_writer *w, akin_error *err) {
  akin_status status = writer_flush(w, err);
  if (status != AKIN_OK) goto out;
  if (writer_sync(w->file) != 0) {
    status = akin_fail_errno(err, errno, "%s: cannot write", w->path);
    goto out;
  }
  if (rename(w->temporary, w->path) != 0) {
    status = akin_fail_errno(err, errno, "%s: cannot replace", w->path);
    goto out;
  }
  akin_free(w->temporary);
  w->temporary = NULL;
  status = writer_sync_folder(w, err);
out:
  akin_file_writer_discard(w);
  return status;
}

void akin_file_writer_discard(akin_file_writer *w) {
  if (!w) return;
  if (w->file >= 0) close(w->file);
  if (w->temporary) unlink(w->temporary);
  akin_free(w->temporary);
  akin_free(w->folder);
  akin_free(w->path);
  akin_free(w);
}

akin_status akin_file_replace(const char *path, const void *bytes, size_t n, akin_error *err) {
  akin_file_writer *w = NULL;
  akin_status status = akin_file_writer_open(&w, path, err);
  if (status != AKIN_OK) return status;
  status = akin_file_writer_write(w, bytes, n, err);
  if (status == AKIN_OK) return akin_file_writer_commit(w, err);
  akin_file_writer_discard(w);
  return status;
}
