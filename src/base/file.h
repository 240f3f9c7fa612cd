/* file.h - reading with ceilings, replacing atomically, mapping, locking. */
#ifndef AKIN_BASE_FILE_H
#define AKIN_BASE_FILE_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What tells whether a file is still the one that was seen: a file is unchanged when all of these are. */
typedef struct akin_file_facts {
  uint64_t size;
  int64_t mtime_ns;
  int64_t ctime_ns;
  uint64_t inode;
  uint64_t device;
  bool is_regular;
  bool is_folder;
} akin_file_facts;

akin_status akin_file_facts_of(akin_file_facts *out, const char *path, akin_error *err); /* follows links */
/* Was nothing written to it, and nothing put in its place? Not ctime, which a new name changes, too. */
bool akin_file_facts_same(const akin_file_facts *a, const akin_file_facts *b);
bool akin_file_exists(const char *path);

/* Opens a regular file for reading; never blocks on a FIFO, a device or a socket: those are refused before a byte is
 * read. facts may be NULL. The caller closes *out. */
akin_status akin_file_open(int *out, akin_file_facts *facts, const char *path, akin_error *err);

/* Reads a whole regular file (see akin_file_open) of at most `ceiling` bytes into *out (emptied first). facts (may be
 * NULL) are those of the file that was read, taken before its first byte: one that changes meanwhile will differ from
 * them when it is looked at again. Larger: AKIN_ERROR_LIMIT, before anything is allocated. */
akin_status akin_file_read(akin_buffer *out, const char *path, size_t ceiling, akin_file_facts *facts, akin_error *err);

/* Replaces path as a whole or not at all: temporary file beside it, fsync, rename, fsync of the folder. The mode is
 * 0666 less umask. Where something else than a regular file is (a device, a folder) it is refused. */
akin_status akin_file_replace(const char *path, const void *bytes, size_t n, akin_error *err);

/* The same in pieces: a writer is either committed or discarded; freeing an uncommitted one discards. */
typedef struct akin_file_writer akin_file_writer;
akin_status akin_file_writer_open(akin_file_writer **out, const char *path, akin_error *err);
akin_status akin_file_writer_write(akin_file_writer *w, const void *bytes, size_t n, akin_error *err);
uint64_t akin_file_writer_size(const akin_file_writer *w);
/* The descriptor beneath, for who writes by other means and seeks; borrowed until commit or discard. Not to be mixed
 * with akin_file_writer_write, which keeps bytes back. */
int akin_file_writer_descriptor(const akin_file_writer *w);
akin_status akin_file_writer_commit(akin_file_writer *w, akin_error *err); /* frees w in any case */
void akin_file_writer_discard(akin_file_writer *w);                        /* NULL is fine */

/* A read-only mapping of a whole regular file. An empty file maps to data NULL, size 0. */
typedef struct akin_mapping {
  const void *data;
  size_t size;
} akin_mapping;
akin_status akin_mapping_open(akin_mapping *out, const char *path, akin_error *err);
/*
 * The same of a file that another file names and that is trusted to be inside the folder alone: `inside` is refused
 * when it is absolute or goes upwards, and no link is followed on the way. UNSUPPORTED says which of these.
 */
akin_status akin_mapping_open_inside(akin_mapping *out, const char *folder, const char *inside, akin_error *err);
void akin_mapping_close(akin_mapping *m);

/* An advisory lock held until released or until the process ends (flock). *out is -1 and the status AKIN_ERROR_BUSY
 * when another holds it; the file's text is the holder's process id, put into the message. */
akin_status akin_file_lock(int *out, const char *path, akin_error *err);
void akin_file_unlock(int lock);

akin_status akin_file_remove(const char *path, akin_error *err); /* a missing file is fine */
akin_status akin_file_remove_folder(const char *path,
                                    akin_error *err); /* with all it holds; never follows links; missing is fine */
akin_status akin_file_free_space(uint64_t *out, const char *path,
                                 akin_error *err); /* bytes an ordinary user may still write there */
/* Bytes of blocks of a file, or of a folder and all in it that can be read; 0 when missing. */
uint64_t akin_file_disk_use(const char *path);

#endif
