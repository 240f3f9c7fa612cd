/*
 * file.c - files read with ceilings, replaced as a whole, mapped and locked.
 *
 * A file is looked at before it is opened and again afterwards: opening a FIFO would already disturb its writer, and
 * between the two looks it may have been exchanged for one.
 */
#include "base/file.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- looking ---- */

/* A file may say any time: past the year 2262 the number wraps, and still tells two times apart. */
static int64_t file_nanoseconds(struct timespec t) {
  return (int64_t)((uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec);
}

static akin_file_facts file_facts(const struct stat *st) {
  return (akin_file_facts){.size = (uint64_t)st->st_size,
                           .mtime_ns = file_nanoseconds(st->st_mtim),
                           .ctime_ns = file_nanoseconds(st->st_ctim),
                           .inode = st->st_ino,
                           .device = st->st_dev,
                           .is_regular = S_ISREG(st->st_mode),
                           .is_folder = S_ISDIR(st->st_mode)};
}

akin_status akin_file_facts_of(akin_file_facts *out, const char *path, akin_error *err) {
  struct stat st;
  if (stat(path, &st) != 0) return akin_fail_errno(err, errno, "%s: cannot look at it", path);
  *out = file_facts(&st);
  return AKIN_OK;
}

bool akin_file_facts_same(const akin_file_facts *a, const akin_file_facts *b) {
  return a->size == b->size && a->mtime_ns == b->mtime_ns && a->inode == b->inode && a->device == b->device;
}

bool akin_file_exists(const char *path) {
  struct stat st;
  return stat(path, &st) == 0;
}

static const char *file_kind(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

static akin_status file_require_regular(const struct stat *st, const char *path, akin_error *err) {
  if (S_ISREG(st->st_mode)) return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "%s: is %s, not a file", path, file_kind(st->st_mode));
}

static int file_open_retrying(const char *path, int flags, mode_t mode) {
  int file = -1;
  do
    file = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode);
  while (file < 0 && errno == EINTR);
  return file;
}

akin_status akin_file_open(int *out, akin_file_facts *facts, const char *path, akin_error *err) {
  struct stat st;
  if (stat(path, &st) != 0) return akin_fail_errno(err, errno, "%s: cannot open", path);
  akin_status status = file_require_regular(&st, path, err);
  if (status != AKIN_OK) return status;
  const int file = file_open_retrying(path, O_RDONLY, 0);
  if (file < 0) return akin_fail_errno(err, errno, "%s: cannot open", path);
  if (fstat(file, &st) != 0)
    status = akin_fail_errno(err, errno, "%s: cannot look at it", path);
  else
    status = file_require_regular(&st, path, err);
  if (status != AKIN_OK) {
    close(file);
    return status;
  }
  if (facts) *facts = file_facts(&st);
  *out = file;
  return AKIN_OK;
}

/* ---- reading ---- */

static akin_status file_too_large(akin_error *err, const char *path, uint64_t size, size_t ceiling) {
  return akin_fail(err, AKIN_ERROR_LIMIT, "%s: has %llu bytes, more than the %zu that are allowed", path,
                   (unsigned long long)size, ceiling);
}

static ssize_t file_read_some(int file, void *to, size_t n) {
  ssize_t got = 0;
  do
    got = read(file, to, n);
  while (got < 0 && errno == EINTR);
  return got;
}

/* Reads until the file ends, whatever size was announced: it may grow or shrink meanwhile. When the buffer is full one
 * byte is tried beside it, so that a file of the announced size costs no growing. */
static akin_status file_read_to_end(akin_buffer *out, int file, const char *path, size_t ceiling, akin_error *err) {
  for (;;) {
    char beside = 0;
    size_t room = out->room - out->size - 1;
    if (room > ceiling - out->size) room = ceiling - out->size;
    const ssize_t got = file_read_some(file, room ? out->data + out->size : &beside, room ? room : 1);
    if (got < 0) return akin_fail_errno(err, errno, "%s: cannot read", path);
    if (got == 0) return AKIN_OK;
    if (room) {
      out->size += (size_t)got;
      out->data[out->size] = '\0';
    } else if (out->size == ceiling) {
      return file_too_large(err, path, (uint64_t)ceiling + 1, ceiling);
    } else if (akin_buffer_append(out, &beside, 1) != AKIN_OK) {
      return akin_fail_memory(err, out->size + 2);
    }
  }
}

akin_status akin_file_read(akin_buffer *out, const char *path, size_t ceiling, akin_file_facts *facts,
                           akin_error *err) {
  akin_file_facts seen;
  int file = -1;
  akin_buffer_clear(out);
  if (out->ceiling && out->ceiling < ceiling) ceiling = out->ceiling;
  akin_status status = akin_file_open(&file, &seen, path, err);
  if (status != AKIN_OK) return status;
  if (seen.size > ceiling)
    status = file_too_large(err, path, seen.size, ceiling);
  else if (akin_buffer_reserve(out, (size_t)seen.size) != AKIN_OK)
    status = akin_fail_memory(err, (size_t)seen.size + 1);
  else
    status = file_read_to_end(out, file, path, ceiling, err);
  close(file);
  if (status != AKIN_OK) akin_buffer_clear(out);
  if (status == AKIN_OK && facts) *facts = seen;
  return status;
}

/* ---- mapping ---- */

akin_status akin_mapping_open(akin_mapping *out, const char *path, akin_error *err) {
  akin_file_facts facts;
  int file = -1;
  akin_status status = akin_file_open(&file, &facts, path, err);
  if (status != AKIN_OK) return status;
  akin_mapping mapping = {NULL, (size_t)facts.size};
  if (facts.size > SIZE_MAX) {
    status = file_too_large(err, path, facts.size, SIZE_MAX);
  } else if (facts.size > 0) {
    void *data = mmap(NULL, mapping.size, PROT_READ, MAP_PRIVATE, file, 0);
    if (data == MAP_FAILED)
      status = akin_fail_errno(err, errno, "%s: cannot map %zu bytes", path, mapping.size);
    else
      mapping.data = data;
  }
  close(file);
  if (status == AKIN_OK) *out = mapping;
  return status;
}

void akin_mapping_close(akin_mapping *m) {
  if (m->data) munmap((void *)m->data, m->size);
  *m = (akin_mapping){NULL, 0};
}

/* ---- locking ---- */

static akin_status file_lock_is_held(int lock, const char *path, akin_error *err) {
  char holder[24] = "";
  const ssize_t got = pread(lock, holder, sizeof holder - 1, 0);
  if (got > 0) holder[strcspn(holder, "\n")] = '\0';
  if (got <= 0 || holder[0] == '\0') return akin_fail(err, AKIN_ERROR_BUSY, "%s: locked by another process", path);
  return akin_fail(err, AKIN_ERROR_BUSY, "%s: locked by process %s: wait until it is done", path, holder);
}

/* For the message that others get. The lock is held without it, so a full disk is no reason to fail. */
static void file_lock_sign(int lock) {
  char text[24];
  const int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
  const bool signature = ftruncate(lock, 0) == 0 && pwrite(lock, text, (size_t)length, 0) == length;
  (void)signature;
}

akin_status akin_file_lock(int *out, const char *path, akin_error *err) {
  struct stat st;
  *out = -1;
  const int lock = file_open_retrying(path, O_RDWR | O_CREAT, 0666);
  if (lock < 0) return akin_fail_errno(err, errno, "%s: cannot open the lock", path);
  akin_status status = AKIN_OK;
  if (fstat(lock, &st) != 0)
    status = akin_fail_errno(err, errno, "%s: cannot look at it", path);
  else
    status = file_require_regular(&st, path, err);
  while (status == AKIN_OK && flock(lock, LOCK_EX | LOCK_NB) != 0)
    if (errno == EWOULDBLOCK)
      status = file_lock_is_held(lock, path, err);
    else if (errno != EINTR)
      status = akin_fail_errno(err, errno, "%s: cannot lock", path);
  if (status != AKIN_OK) {
    close(lock);
    return status;
  }
  file_lock_sign(lock);
  *out = lock;
  return AKIN_OK;
}

void akin_file_unlock(int lock) {
  if (lock >= 0) close(lock);
}
