/* hash.c - SHA-256 by OpenSSL's EVP; no OpenSSL type leaves this file. */
#include "base/hash.h"

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#define HASH_CHUNK 65536 /* bytes read at a time */

struct akin_hasher {
  EVP_MD_CTX *context;
};

static akin_status hash_fail(akin_error *err) {
  return akin_fail(err, AKIN_ERROR_RUNTIME, "libcrypto cannot compute SHA-256: is it disabled in openssl.cnf?");
}

akin_status akin_hash_bytes(akin_hash *out, const void *bytes, size_t n, akin_error *err) {
  unsigned size = 0;
  akin_hash hash;
  if (EVP_Digest(bytes, n, hash.bytes, &size, EVP_sha256(), NULL) != 1 || size != AKIN_HASH_SIZE) return hash_fail(err);
  *out = hash;
  return AKIN_OK;
}

akin_status akin_hasher_new(akin_hasher **out, akin_error *err) {
  akin_hasher *h = akin_calloc(1, sizeof *h);
  if (!h) return akin_fail_memory(err, sizeof *h);
  h->context = EVP_MD_CTX_new();
  if (!h->context || EVP_DigestInit_ex(h->context, EVP_sha256(), NULL) != 1) {
    akin_hasher_free(h);
    return hash_fail(err);
  }
  *out = h;
  return AKIN_OK;
}

akin_status akin_hasher_update(akin_hasher *h, const void *bytes, size_t n, akin_error *err) {
  return EVP_DigestUpdate(h->context, bytes, n) == 1 ? AKIN_OK : hash_fail(err);
}

akin_status akin_hasher_finish(akin_hasher *h, akin_hash *out, akin_error *err) {
  unsigned size = 0;
  akin_hash hash;
  const bool done = EVP_DigestFinal_ex(h->context, hash.bytes, &size) == 1 && size == AKIN_HASH_SIZE;
  akin_hasher_free(h);
  if (!done) return hash_fail(err);
  *out = hash;
  return AKIN_OK;
}

void akin_hasher_free(akin_hasher *h) {
  if (!h) return;
  EVP_MD_CTX_free(h->context);
  akin_free(h);
}

static akin_status hash_descriptor(akin_hasher *h, int file, const char *path, void *chunk, akin_error *err) {
  for (;;) {
    const ssize_t got = read(file, chunk, HASH_CHUNK);
    if (got == 0) return AKIN_OK;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return akin_fail_errno(err, errno, "%s: cannot read", path);
    const akin_status status = akin_hasher_update(h, chunk, (size_t)got, err);
    if (status != AKIN_OK) return status;
  }
}

akin_status akin_hash_file(akin_hash *out, const char *path, akin_error *err) {
  int file = -1;
  akin_hasher *h = NULL;
  void *chunk = NULL;
  akin_status status = akin_file_open(&file, NULL, path, err);
  if (status == AKIN_OK) status = akin_hasher_new(&h, err);
  if (status == AKIN_OK && !(chunk = akin_alloc(HASH_CHUNK))) status = akin_fail_memory(err, HASH_CHUNK);
  if (status == AKIN_OK) status = hash_descriptor(h, file, path, chunk, err);
  if (status == AKIN_OK) {
    status = akin_hasher_finish(h, out, err);
    h = NULL;
  }
  akin_hasher_free(h);
  akin_free(chunk);
  if (file >= 0) close(file);
  return status;
}

void akin_hash_hex(char out[AKIN_HASH_HEX_SIZE], const akin_hash *h) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < AKIN_HASH_SIZE; i++) {
    out[2 * i] = digits[h->bytes[i] >> 4];
    out[2 * i + 1] = digits[h->bytes[i] & 15];
  }
  out[2 * AKIN_HASH_SIZE] = '\0';
}

/* -1: no hexadecimal digit. */
static int hash_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool akin_hash_parse(akin_hash *out, const char *hex) {
  akin_hash hash;
  if (strlen(hex) != 2 * AKIN_HASH_SIZE) return false;
  for (size_t i = 0; i < AKIN_HASH_SIZE; i++) {
    const int high = hash_digit(hex[2 * i]), low = hash_digit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    hash.bytes[i] = (uint8_t)(high << 4 | low);
  }
  *out = hash;
  return true;
}

bool akin_hash_equal(const akin_hash *a, const akin_hash *b) {
  return memcmp(a->bytes, b->bytes, AKIN_HASH_SIZE) == 0;
}
