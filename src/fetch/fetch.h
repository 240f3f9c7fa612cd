/*
 * fetch.h - the room fetch: a file over HTTPS, whole and checked or not at all. libcurl is behind it, loaded when first
 * needed and seen by curl.c only; its environment variables for proxies count.
 *
 * What has come is kept in PATH.part until the file is whole, so that a later call goes on where this one stopped.
 */
#ifndef AKIN_FETCH_FETCH_H
#define AKIN_FETCH_FETCH_H

#include "base/hash.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct akin_fetch_request {
  const char *address;       /* https://…, or http://… where plain */
  const char *path;          /* the file that comes into being; its folder exists */
  uint64_t bytes;            /* its size; 0: not known */
  uint64_t max_bytes;        /* no file is larger */
  const akin_hash *sha256;   /* what it must be; NULL: not known */
  const char *sha256_prefix; /* the first digits of it, lower case; NULL: not known */
  const char *md5;           /* 32 lower-case hexadecimal digits; NULL: not known */
  bool plain;                /* http://, too; https:// is never led to it */
  unsigned attempts;         /* at least 1: how often it is tried when a server stalls, fails or breaks off */
  unsigned stall_seconds;    /* at least 1: without a byte for so long, an attempt has failed */
  unsigned pause_seconds;    /* before the second attempt; twice as long before each further one */
  /* Several times a second. total 0: not known; got counts what an earlier call had. May be NULL. */
  void (*on_progress)(void *context, uint64_t got, uint64_t total);
  int (*should_cancel)(void *context); /* not 0: stop, keep what has come. May be NULL */
  void *context;
} akin_fetch_request;

/*
 * Errors: USAGE (an address of another kind), UNSUPPORTED (no libcurl), BUSY (another process fetches it), NOT_FOUND
 * (the server has no such file), LIMIT, MISMATCH (another size or hash: nothing is kept), IO (everything else that can
 * go wrong between two machines), NO_SPACE, CANCELLED, MEMORY.
 */
akin_status akin_fetch(const akin_fetch_request *request, akin_error *err);

#endif
