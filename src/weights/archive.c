/*
 * archive.c - stored entries of a zip archive (APPNOTE.TXT 6.3): from the end record to the central directory, and from
 * there to an entry's local header, behind which its bytes are. Sizes and places of more than 4 GB are in an extra
 * field (zip64).
 */
#include "weights/archive.h"

#include "base/error.h"
#include "base/little.h"

#include <string.h>
#include <zlib.h>

#define ARCHIVE_END_SIZE     22u
#define ARCHIVE_END64_SIZE   56u
#define ARCHIVE_LOCATOR_SIZE 20u
#define ARCHIVE_HEADER_SIZE  30u /* of a local header, before its name */
#define ARCHIVE_RECORD_SIZE  46u /* of an entry of the central directory, before its name */
#define ARCHIVE_COMMENT      65535u
#define ARCHIVE_ELSEWHERE    0xFFFFFFFFu /* the number is in the zip64 field */

typedef struct archive_record {
  const uint8_t *name;
  size_t name_size;
  uint16_t flags, method;
  uint32_t crc;
  uint64_t packed, size, header; /* bytes, bytes when unpacked, where the local header is */
} archive_record;

static bool archive_is(const uint8_t *bytes, size_t n, size_t at, size_t size, const char *signature) {
  return at <= n && n - at >= size && memcmp(bytes + at, signature, 4) == 0;
}

static akin_status archive_damaged(akin_error *err) {
  return akin_fail(err, AKIN_ERROR_FORMAT, "damaged or truncated zip archive");
}

bool akin_archive_begins_with(const uint8_t *bytes, size_t n, const char *const *names, size_t count) {
  if (!archive_is(bytes, n, 0, ARCHIVE_HEADER_SIZE, "PK\3\4")) return false;
  const size_t size = akin_little_get(bytes + 26, 2);
  if (size > n - ARCHIVE_HEADER_SIZE) return false;
  for (size_t i = 0; i < count; i++)
    if (strlen(names[i]) == size && memcmp(bytes + ARCHIVE_HEADER_SIZE, names[i], size) == 0) return true;
  return false;
}

/* The end record: the last one, behind which there may be a comment. */
static bool archive_find_end(size_t *out, const uint8_t *bytes, size_t n) {
  for (size_t back = ARCHIVE_END_SIZE; back <= n && back <= ARCHIVE_END_SIZE + ARCHIVE_COMMENT; back++) {
    const size_t at = n - back;
    if (!archive_is(bytes, n, at, ARCHIVE_END_SIZE, "PK\5\6")) continue;
    if (akin_little_get(bytes + at + 20, 2) != back - ARCHIVE_END_SIZE) continue;
    *out = at;
    return true;
  }
  return false;
}

/* The central directory's place and number of entries. */
static bool archive_find_directory(uint64_t *at, uint64_t *entries, const uint8_t *bytes, size_t n) {
  size_t end = 0;
  if (!archive_find_end(&end, bytes, n)) return false;
  *entries = akin_little_get(bytes + end + 10, 2);
  *at = akin_little_get(bytes + end + 16, 4);
  if (end < ARCHIVE_LOCATOR_SIZE || !archive_is(bytes, n, end - ARCHIVE_LOCATOR_SIZE, ARCHIVE_LOCATOR_SIZE, "PK\6\7"))
    return *at <= n;
  const uint64_t end64 = akin_little_get(bytes + end - ARCHIVE_LOCATOR_SIZE + 8, 8);
  if (end64 > n || !archive_is(bytes, n, (size_t)end64, ARCHIVE_END64_SIZE, "PK\6\6")) return false;
  *entries = akin_little_get(bytes + end64 + 32, 8);
  *at = akin_little_get(bytes + end64 + 48, 8);
  return *at <= n;
}

/* Takes what is too large for its own field from the zip64 field among the extra ones. */
static bool archive_read_zip64(archive_record *r, const uint8_t *extra, size_t size) {
  uint64_t *wanted[] = {&r->size, &r->packed, &r->header};
  while (size >= 4) {
    const size_t id = akin_little_get(extra, 2), length = akin_little_get(extra + 2, 2);
    extra += 4;
    size -= 4;
    if (length > size) return false;
    size_t at = 0;
    for (size_t i = 0; id == 1 && i < sizeof wanted / sizeof *wanted; i++) {
      if (*wanted[i] != ARCHIVE_ELSEWHERE) continue;
      if (length - at < 8) return false;
      *wanted[i] = akin_little_get(extra + at, 8);
      at += 8;
    }
    extra += length;
    size -= length;
  }
  return true;
}

/* The record at *at of the directory; *at moves on to the next. */
static bool archive_read_record(archive_record *r, size_t *at, const uint8_t *bytes, size_t n) {
  if (!archive_is(bytes, n, *at, ARCHIVE_RECORD_SIZE, "PK\1\2")) return false;
  const uint8_t *p = bytes + *at;
  const size_t extra = akin_little_get(p + 30, 2), comment = akin_little_get(p + 32, 2);
  *r = (archive_record){.name = p + ARCHIVE_RECORD_SIZE,
                        .name_size = akin_little_get(p + 28, 2),
                        .flags = (uint16_t)akin_little_get(p + 8, 2),
                        .method = (uint16_t)akin_little_get(p + 10, 2),
                        .crc = (uint32_t)akin_little_get(p + 16, 4),
                        .packed = akin_little_get(p + 20, 4),
                        .size = akin_little_get(p + 24, 4),
                        .header = akin_little_get(p + 42, 4)};
  const size_t rest = r->name_size + extra + comment; /* three numbers of 16 bits */
  if (rest > n - *at - ARCHIVE_RECORD_SIZE) return false;
  *at += ARCHIVE_RECORD_SIZE + rest;
  return archive_read_zip64(r, r->name + r->name_size, extra);
}

static bool archive_crc_is(uint32_t crc, const uint8_t *bytes, size_t n) {
  return crc32_z(crc32_z(0, NULL, 0), bytes, n) == crc;
}

static akin_status archive_open(akin_archive_entry *out, const archive_record *r, const uint8_t *bytes, size_t n,
                                const char *name, akin_error *err) {
  if (r->flags & 1u) return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "entry '%s' is encrypted", name);
  if (r->method != 0) {
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED,
                     "entry '%s' is compressed, as Keras does not write it: unzip all, and zip it again with zip -0",
                     name);
  }
  if (r->header > n || !archive_is(bytes, n, (size_t)r->header, ARCHIVE_HEADER_SIZE, "PK\3\4"))
    return archive_damaged(err);
  const uint8_t *header = bytes + r->header;
  const size_t before = ARCHIVE_HEADER_SIZE + akin_little_get(header + 26, 2) + akin_little_get(header + 28, 2);
  const size_t left = n - (size_t)r->header;
  if (before > left || r->size > left - before || r->size != r->packed) return archive_damaged(err);
  *out = (akin_archive_entry){header + before, (size_t)r->size};
  if (archive_crc_is(r->crc, out->bytes, out->size)) return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_FORMAT, "entry '%s' is damaged: its checksum differs", name);
}

akin_status akin_archive_find(akin_archive_entry *out, const uint8_t *bytes, size_t n, const char *name,
                              akin_error *err) {
  uint64_t directory = 0, entries = 0;
  archive_record record, found = {.name = NULL};
  *out = (akin_archive_entry){NULL, 0};
  if (!archive_find_directory(&directory, &entries, bytes, n)) return archive_damaged(err);
  size_t at = (size_t)directory;
  for (uint64_t i = 0; i < entries; i++) {
    if (!archive_read_record(&record, &at, bytes, n)) return archive_damaged(err);
    if (record.name_size != strlen(name) || memcmp(record.name, name, record.name_size) != 0) continue;
    if (found.name) return akin_fail(err, AKIN_ERROR_FORMAT, "has two entries '%s'", name);
    found = record;
  }
  return found.name ? archive_open(out, &found, bytes, n, name, err) : AKIN_OK;
}
