/*
 * hash.h - SHA-256 (FIPS 180-4) by libcrypto: for the content of images, weights and blobs. MD5 only to know files
 * whose publisher gives nothing better.
 */
#ifndef AKIN_BASE_HASH_H
#define AKIN_BASE_HASH_H

#include <akin/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AKIN_HASH_SIZE     32 /* bytes */
#define AKIN_HASH_HEX_SIZE 65 /* characters of the lower-case hexadecimal form, NUL included */
#define AKIN_MD5_HEX_SIZE  33 /* the same of an MD5 */

typedef struct akin_hash {
  uint8_t bytes[AKIN_HASH_SIZE];
} akin_hash;

akin_status akin_hash_bytes(akin_hash *out, const void *bytes, size_t n, akin_error *err);
akin_status akin_hash_file(akin_hash *out, const char *path,
                           akin_error *err); /* streamed; any size; regular files only */
akin_status akin_hash_file_md5(char out[AKIN_MD5_HEX_SIZE], const char *path, akin_error *err); /* likewise */
void akin_hash_hex(char out[AKIN_HASH_HEX_SIZE], const akin_hash *h);
bool akin_hash_parse(akin_hash *out, const char *hex);
/* Does its hexadecimal form begin with these digits (lower case)? */
bool akin_hash_begins(const akin_hash *h, const char *digits);
bool akin_hash_equal(const akin_hash *a, const akin_hash *b);

typedef struct akin_hasher akin_hasher;
akin_status akin_hasher_new(akin_hasher **out, akin_error *err);
akin_status akin_hasher_update(akin_hasher *h, const void *bytes, size_t n, akin_error *err);
akin_status akin_hasher_finish(akin_hasher *h, akin_hash *out, akin_error *err); /* frees h in any case */
void akin_hasher_free(akin_hasher *h);                                           /* NULL is fine */

#endif
