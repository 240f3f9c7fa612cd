/*
 * blob.h - compiled networks on disk: files of our own around the bytes that the inference library exports.
 *
 * The library's own cache loads a blob with a flipped bit in silence, and then features are wrong. So each blob carries
 * a checksum over everything and the text of its key (what was compiled, by what, for what), and is used only when both
 * are right. Anything else, also a file cut short, of another program or another version, is not an error for the user:
 * the network is compiled again and the file replaced.
 *
 *     offset  size  what
 *          0     8  "akinblob"
 *          8     8  XXH64 of every byte from offset 32 on (base/checksum.h)
 *         16    24  zero
 *         40     4  format: 2 (numbers are little-endian)
 *         44     4  K, bytes of the key: 1 to 4,039
 *         48     8  P, bytes of the payload: 1 or more
 *         56     K  the key, "name: value" lines
 *     56 + K        zero bytes
 *      4,096     P  the payload; the file ends with it
 *
 * Whom it trusts: the checksum finds damage, not malice, because whoever can write the file can write its checksum. So
 * a folder that belongs to another user (but root), or that others may write to, is not used at all; it is made with
 * mode 0700. Whoever can write to the user's own folders can run code as the user anyway.
 */
#ifndef AKIN_RUNTIME_BLOB_H
#define AKIN_RUNTIME_BLOB_H

#include "base/file.h"

#include <akin/status.h>
#include <stdbool.h>
#include <stddef.h>

/* After a blob was written those that were not used for longest leave, until at most so many, and so many bytes beside
 * the new one, remain. Room for a dozen networks; old versions' and deleted models' blobs go without being known. */
#define AKIN_BLOB_COUNT_MAX 12u
#define AKIN_BLOB_BYTES_MAX 2147483648u

/* Makes the folder when it is missing. False when blobs cannot be kept there: not a folder, not ours, open to others.
 */
bool akin_blob_folder_ready(const char *folder);

/* The file in which a network with this key belongs: FOLDER/HASH.blob. NULL when memory ran out. akin_free. */
char *akin_blob_path(const char *folder, const char *key);

/* A checked blob, mapped: the payload is valid until akin_blob_close. */
typedef struct akin_blob {
  akin_mapping mapping;
  const char *payload;
  size_t size;
} akin_blob;

/* Errors: NOT_FOUND, IO, FORMAT (damaged, truncated, foreign, another format),
 * MISMATCH (another key). *out is then empty. A blob that is used moves to the end of the line for leaving. */
akin_status akin_blob_open(akin_blob *out, const char *path, const char *key, akin_error *err);
void akin_blob_close(akin_blob *blob); /* fine on {0} */

/* Writes a blob whose payload is what lies in `payload`, as a whole or not at all; then trims the folder. */
akin_status akin_blob_save(const char *path, const char *key, const void *payload, size_t size, akin_error *err);

/* An empty file without a name in the folder, for a library that exports to a path only: *fd is closed by the caller,
 * and the file is gone. */
akin_status akin_blob_scratch(int *fd, const char *folder, akin_error *err);

#endif
