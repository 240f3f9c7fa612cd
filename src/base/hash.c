/* hash.c - SHA-256 and MD5 by OpenSSL's EVP; no OpenSSL type leaves this file. */
#include "base/hash.h"

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#define HASH_CHUNK 65536 /* bytes read at a time */
#define HASH_MD5   16    /* bytes of an MD5 */

struct akin_hasher {
  EVP_MD_CTX *context;
};

static akin_status hash_fail(akin_error *err) {
  return akin_fail(err, AKIN_ERROR_RUNTIME, "libcrypto cannot compute SHA-256 or MD5: is it disabled in openssl.cnf?");
}

akin_status akin_hash_bytes(akin_hash *out, const void *bytes, size_t n, akin_error *err) {
  unsigned size = 0;
  akin_hash hash;
  if (EVP_Digest(bytes, n, hash.bytes, &size, EVP_sha256(), NULL) != 1 || size != AKIN_HASH_SIZE) return hash_fail(err);
  *out = hash;
  return AKIN_OK;
}

static akin_status hash_start(akin_hasher **out, const EVP_MD *kind, akin_error *err) {
  akin_hasher *h = akin_calloc(1, sizeof *h);
  if (!h) return akin_fail_memory(err, sizeof *h);
  h->context = EVP_MD_CTX_new();
  if (!h->context || EVP_DigestInit_ex(h->context, kind, NULL) != 1) {
    akin_hasher_free(h);
    return hash_fail(err);
  }
  *out = h;
  return AKIN_OK;
}

akin_status akin_hasher_new(akin_hasher **out, akin_error *err) {
  return hash_start(out, EVP_sha256(), err);
}

akin_status akin_hasher_update(akin_hasher *h, const void *bytes, size_t n, akin_error *err) {
  return EVP_DigestUpdate(h->context, bytes, n) == 1 ? AKIN_OK : hash_fail(err);
}

/* Fills out with `size` bytes; frees h in any case. */
static akin_status hash_end(akin_hasher *h, uint8_t out[EVP_MAX_MD_SIZE], unsigned size, akin_error *err) {
  unsigned made = 0;
  const bool done = EVP_DigestFinal_ex(h->context, out, &made) == 1 && made == size;
  akin_hasher_free(h);
  return done ? AKIN_OK : hash_fail(err);
}

akin_status akin_hasher_finish(akin_hasher *h, akin_hash *out, akin_error *err) {
  uint8_t bytes[EVP_MAX_MD_SIZE];
  akin_status status = hash_end(h, bytes, AKIN_HASH_SIZE, err);
  if (status == AKIN_OK) memcpy(out->bytes, bytes, AKIN_HASH_SIZE);
  return status;
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

static akin_status hash_file(uint8_t out[EVP_MAX_MD_SIZE], const EVP_MD *kind, unsigned size, const char *path,
                             akin_error *err) {
  int file = -1;
  akin_hasher *h = NULL;
  void *chunk = NULL;
  akin_status status = akin_file_open(&file, NULL, path, err);
  if (status == AKIN_OK) status = hash_start(&h, kind, err);
  if (status == AKIN_OK && !(chunk = akin_alloc(HASH_CHUNK))) status = akin_fail_memory(err, HASH_CHUNK);
  if (status == AKIN_OK) status = hash_descriptor(h, file, path, chunk, err);
  if (status == AKIN_OK) {
    status = hash_end(h, out, size, err);
    h = NULL;
  }
  akin_hasher_free(h);
  akin_free(chunk);
  if (file >= 0) close(file);
  return status;
}

/* out: 2 · size characters and NUL */
static void hash_digits(char *out, const uint8_t *bytes, size_t size) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < size; i++) {
    out[2 * i] = digits[bytes[i] >> 4];
    out[2 * i + 1] = digits[bytes[i] & 15];
  }
  out[2 * size] = '\0';
}

akin_status akin_hash_file(akin_hash *out, const char *path, akin_error *err) {
  uint8_t bytes[EVP_MAX_MD_SIZE];
  akin_status status = hash_file(bytes, EVP_sha256(), AKIN_HASH_SIZE, path, err);
  if (status == AKIN_OK) memcpy(out->bytes, bytes, AKIN_HASH_SIZE);
  return status;
}

akin_status akin_hash_file_md5(char out[AKIN_MD5_HEX_SIZE], const char *path, akin_error *err) {
  uint8_t bytes[EVP_MAX_MD_SIZE];
  akin_status status = hash_file(bytes, EVP_md5(), HASH_MD5, path, err);
  if (status == AKIN_OK) hash_digits(out, bytes, HASH_MD5);
  return status;
}

void akin_hash_hex(char out[AKIN_HASH_HEX_SIZE], const akin_hash *h) {
  hash_digits(out, h->bytes, AKIN_HASH_SIZE);
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

bool akin_hash_begins(const akin_hash *h, const char *digits) {
  char hex[AKIN_HASH_HEX_SIZE];
  akin_hash_hex(hex, h);
  return strncmp(hex, digits, strlen(digits)) == 0;
}

bool akin_hash_equal(const akin_hash *a, const akin_hash *b) {
  return memcmp(a->bytes, b->bytes, AKIN_HASH_SIZE) == 0;
}
