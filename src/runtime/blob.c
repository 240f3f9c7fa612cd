/* blob.c - blob files: checked when read, written as a whole, bounded in number and size. The format is in blob.h. */
#include "runtime/blob.h"

#include "base/checksum.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/little.h"
#include "base/memory.h"
#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOB_FORMAT      2u
#define BLOB_AT_CHECKSUM 8u
#define BLOB_AT_ZERO     16u
#define BLOB_AT_CHECKED  32u /* the checksum is of every byte from here on */
#define BLOB_AT_FORMAT   40u
#define BLOB_AT_KEY_SIZE 44u
#define BLOB_AT_SIZE     48u
#define BLOB_AT_KEY      56u
#define BLOB_AT_PAYLOAD  4096u
#define BLOB_KEY_MAX     (BLOB_AT_PAYLOAD - BLOB_AT_KEY - 1u) /* a NUL follows */
#define BLOB_EXTENSION   "blob"

static const uint8_t blob_magic[8] = {'a', 'k', 'i', 'n', 'b', 'l', 'o', 'b'};

bool akin_blob_folder_ready(const char *folder) {
  struct stat st;
  if (akin_path_create_folder(folder, true, NULL) || stat(folder, &st)) return false;
  return S_ISDIR(st.st_mode) && (st.st_uid == geteuid() || st.st_uid == 0) && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

char *akin_blob_path(const char *folder, const char *key) {
  akin_hash hash;
  char hex[AKIN_HASH_HEX_SIZE];
  if (akin_hash_bytes(&hash, key, strlen(key), NULL)) return NULL;
  akin_hash_hex(hex, &hash);
  return akin_format("%s/%s." BLOB_EXTENSION, folder, hex);
}

/* ---- reading ---- */

_Static_assert((BLOB_AT_PAYLOAD - BLOB_AT_CHECKED) % AKIN_CHECKSUM_STRIPE == 0, "the head is added in whole stripes");

static uint64_t blob_checksum(const uint8_t *head, const void *payload, size_t size) {
  akin_checksum checksum;
  akin_checksum_start(&checksum, 0);
  akin_checksum_add(&checksum, head + BLOB_AT_CHECKED, BLOB_AT_PAYLOAD - BLOB_AT_CHECKED);
  return akin_checksum_end(&checksum, payload, size);
}

static akin_status blob_check(const akin_mapping *m, const char *path, const char *key, akin_error *err) {
  const uint8_t *head = m->data;
  if (m->size <= BLOB_AT_PAYLOAD || memcmp(head, blob_magic, sizeof blob_magic) != 0)
    return akin_fail(err, AKIN_ERROR_FORMAT, "%s: not a compiled network of akin's (%zu bytes)", path, m->size);
  const uint8_t *payload = head + BLOB_AT_PAYLOAD;
  size_t size = m->size - BLOB_AT_PAYLOAD;
  uint64_t format = akin_little_get(head + BLOB_AT_FORMAT, 4), key_size = akin_little_get(head + BLOB_AT_KEY_SIZE, 4);
  if (format != BLOB_FORMAT)
    return akin_fail(err, AKIN_ERROR_FORMAT, "%s: blob format %llu, this build reads %u", path,
                     (unsigned long long)format, BLOB_FORMAT);
  if (key_size > BLOB_KEY_MAX || akin_little_get(head + BLOB_AT_SIZE, 8) != size)
    return akin_fail(err, AKIN_ERROR_FORMAT, "%s: damaged: its sizes do not fit %zu bytes", path, m->size);
  if (key_size != strlen(key) || memcmp(head + BLOB_AT_KEY, key, key_size) != 0)
    return akin_fail(err, AKIN_ERROR_MISMATCH, "%s: compiled for something else", path);
  static const uint8_t zeros[BLOB_AT_CHECKED - BLOB_AT_ZERO];
  if (memcmp(head + BLOB_AT_ZERO, zeros, sizeof zeros) == 0 &&
      akin_little_get(head + BLOB_AT_CHECKSUM, 8) == blob_checksum(head, payload, size))
    return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_FORMAT, "%s: damaged: its checksum does not fit", path);
}

akin_status akin_blob_open(akin_blob *out, const char *path, const char *key, akin_error *err) {
  *out = (akin_blob){{NULL, 0}, NULL, 0};
  akin_mapping mapping = {NULL, 0};
  akin_status status = akin_mapping_open(&mapping, path, err);
  if (status) return status;
  status = blob_check(&mapping, path, key, err);
  if (status) {
    akin_mapping_close(&mapping);
    return status;
  }
  (void)utimensat(AT_FDCWD, path, NULL, 0); /* used now; where that is not allowed, the order of leaving is by age */
  *out = (akin_blob){mapping, (const char *)mapping.data + BLOB_AT_PAYLOAD, mapping.size - BLOB_AT_PAYLOAD};
  return AKIN_OK;
}

void akin_blob_close(akin_blob *blob) {
  akin_mapping_close(&blob->mapping);
  *blob = (akin_blob){{NULL, 0}, NULL, 0};
}

/* ---- writing ---- */

typedef struct blob_folder {
  size_t count;
  uint64_t bytes;
  char *oldest; /* path; NULL when there is none but `keep` */
} blob_folder;

static bool blob_is_older(const struct stat *a, const struct timespec *b) {
  return a->st_mtim.tv_sec < b->tv_sec || (a->st_mtim.tv_sec == b->tv_sec && a->st_mtim.tv_nsec < b->tv_nsec);
}

/* Counts the blobs beside `keep` and finds the one that was not used for longest. */
static bool blob_survey(blob_folder *out, const char *folder, const char *keep) {
  struct timespec oldest = {0, 0};
  struct stat st;
  DIR *listing = opendir(folder);
  *out = (blob_folder){0, 0, NULL};
  if (!listing) return false;
  for (const struct dirent *entry; (entry = readdir(listing));) {
    if (!akin_path_has_extension(entry->d_name, BLOB_EXTENSION) || !strcmp(entry->d_name, keep) ||
        fstatat(dirfd(listing), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
      continue;
    out->count++;
    out->bytes += (uint64_t)st.st_size;
    if (!out->oldest || blob_is_older(&st, &oldest)) {
      akin_free(out->oldest);
      out->oldest = akin_path_join(folder, entry->d_name);
      oldest = st.st_mtim;
    }
  }
  closedir(listing);
  return true;
}

/* Removes the blobs that were not used for longest; a failure leaves more on disk, nothing worse. */
static void blob_trim(const char *path) {
  char *folder = akin_path_folder(path);
  blob_folder found = {0, 0, NULL};
  bool more = folder != NULL;
  while (more && blob_survey(&found, folder, akin_path_name(path))) {
    more = (found.count >= AKIN_BLOB_COUNT_MAX || found.bytes > AKIN_BLOB_BYTES_MAX) && found.oldest &&
           !akin_file_remove(found.oldest, NULL);
    akin_free(found.oldest);
  }
  akin_free(folder);
}

akin_status akin_blob_save(const char *path, const char *key, const void *payload, size_t size, akin_error *err) {
  uint8_t head[BLOB_AT_PAYLOAD] = {0};
  size_t key_size = strlen(key);
  akin_file_writer *writer = NULL;
  if (!key_size || key_size > BLOB_KEY_MAX || !size)
    return akin_fail(err, AKIN_ERROR_USAGE, "%s: a blob needs a key of 1 to %u bytes (has %zu) and a payload", path,
                     BLOB_KEY_MAX, key_size);
  memcpy(head, blob_magic, sizeof blob_magic);
  akin_little_put(head + BLOB_AT_FORMAT, 4, BLOB_FORMAT);
  akin_little_put(head + BLOB_AT_KEY_SIZE, 4, key_size);
  akin_little_put(head + BLOB_AT_SIZE, 8, size);
  memcpy(head + BLOB_AT_KEY, key, key_size + 1);
  akin_little_put(head + BLOB_AT_CHECKSUM, 8, blob_checksum(head, payload, size));

  akin_status status = akin_file_writer_open(&writer, path, err);
  if (!status) status = akin_file_writer_write(writer, head, sizeof head, err);
  if (!status) status = akin_file_writer_write(writer, payload, size, err);
  if (status) {
    akin_file_writer_discard(writer);
    return status;
  }
  status = akin_file_writer_commit(writer, err);
  if (!status) blob_trim(path);
  return status;
}

akin_status akin_blob_scratch(int *fd, const char *folder, akin_error *err) {
  char *name = akin_path_join(folder, "export-XXXXXX");
  if (!name) return akin_fail_memory(err, strlen(folder));
  akin_status status = AKIN_OK;
  *fd = mkostemp(name, O_CLOEXEC);
  if (*fd < 0)
    status = akin_fail_errno(err, errno, "%s", name);
  else
    (void)unlink(name); /* the folder lets us make names, so it lets us take them away */
  akin_free(name);
  return status;
}
