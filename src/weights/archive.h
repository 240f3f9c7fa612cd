/*
 * archive.h - entries of a zip archive whose bytes lie in it as they are (stored), as Keras writes its .keras files:
 * the weights are then read where they are. libzip, which copies, does not say where an entry lies.
 */
#ifndef AKIN_WEIGHTS_ARCHIVE_H
#define AKIN_WEIGHTS_ARCHIVE_H

#include <akin/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct akin_archive_entry {
  const uint8_t *bytes; /* inside the archive's; NULL: there is no entry of that name */
  size_t size;
} akin_archive_entry;

/* Is the first entry one of `names`, [count]? */
bool akin_archive_begins_with(const uint8_t *bytes, size_t n, const char *const *names, size_t count);

/*
 * Finds an entry by its name and compares its bytes with its checksum.
 * Errors: FORMAT (damaged, or two entries of that name), UNSUPPORTED (it is compressed or encrypted: says what to do).
 */
akin_status akin_archive_find(akin_archive_entry *out, const uint8_t *bytes, size_t n, const char *name,
                              akin_error *err);

#endif
