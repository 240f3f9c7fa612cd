/* output.c - a FILE over base's atomic writer, so that an answer of any length appears as a whole or not at all. */
#include "report/output.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"

#include <akin/report.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct akin_output {
  char *path;               /* for messages */
  akin_file_writer *writer; /* NULL: path is written to directly */
  FILE *file;               /* of its own descriptor; NULL: closed */
};

akin_status akin_output_resolve(char **out, const char *path, akin_error *err) {
  char real[PATH_MAX];
  if (!realpath(path, real)) return akin_path_absolute(out, path, err);
  *out = akin_strdup(real);
  return *out ? AKIN_OK : akin_fail_memory(err, strlen(real) + 1);
}

static akin_status output_open_file(akin_output *o, akin_error *err) {
  akin_file_facts facts;
  if (akin_file_facts_of(&facts, o->path, NULL) == AKIN_OK && !facts.is_regular) {
    o->file = fopen(o->path, "wbe");
    return o->file ? AKIN_OK : akin_fail_errno(err, errno, "%s: cannot write", o->path);
  }
  akin_status status = akin_file_writer_open(&o->writer, o->path, err);
  if (status) return status;
  const int own = fcntl(akin_file_writer_descriptor(o->writer), F_DUPFD_CLOEXEC, 0);
  o->file = own < 0 ? NULL : fdopen(own, "wb");
  if (o->file) return AKIN_OK;
  status = akin_fail_errno(err, errno, "%s: cannot write", o->path);
  if (own >= 0) close(own);
  return status;
}

akin_status akin_output_open(akin_output **out, const char *path, akin_error *err) {
  *out = NULL;
  akin_output *o = akin_calloc(1, sizeof *o);
  if (!o) return akin_fail_memory(err, sizeof *o);
  akin_status status = akin_output_resolve(&o->path, path, err);
  if (!status) status = output_open_file(o, err);
  if (status) {
    akin_output_discard(o);
    return status;
  }
  *out = o;
  return AKIN_OK;
}

akin_status akin_output_room(const char *path, uint64_t bytes, akin_error *err) {
  akin_file_facts facts;
  char *real = NULL, *folder = NULL;
  uint64_t room = 0;
  akin_status status = akin_output_resolve(&real, path, err);
  if (status) return status;
  const bool regular = akin_file_facts_of(&facts, real, NULL) != AKIN_OK || facts.is_regular;
  if (regular) {
    folder = akin_path_folder(real);
    status = folder ? akin_file_free_space(&room, folder, err) : akin_fail_memory(err, strlen(real) + 1);
    if (!status && room < bytes)
      status = akin_fail(err, AKIN_ERROR_NO_SPACE, "%s: %.1f MB are needed, the disk has %.1f MB free", real,
                         (double)bytes / 1e6, (double)room / 1e6);
  }
  akin_free(folder);
  akin_free(real);
  return status;
}

FILE *akin_output_file(akin_output *output) {
  return output->file;
}

akin_status akin_output_commit(akin_output *output, akin_error *err) {
  akin_status status = AKIN_OK;
  errno = 0;
  const int failed = ferror(output->file);
  const int closed = fclose(output->file);
  output->file = NULL;
  if (failed || closed != 0) {
    status = akin_fail_errno(err, errno ? errno : EIO, "%s: cannot write", output->path);
  } else if (output->writer) {
    status = akin_file_writer_commit(output->writer, err);
    output->writer = NULL;
  }
  akin_output_discard(output);
  return status;
}

void akin_output_discard(akin_output *output) {
  if (!output) return;
  if (output->file) fclose(output->file);
  akin_file_writer_discard(output->writer);
  akin_free(output->path);
  akin_free(output);
}
