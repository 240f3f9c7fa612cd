/* curl.h - one transfer, as fetch.c asks for it. */
#ifndef AKIN_FETCH_CURL_H
#define AKIN_FETCH_CURL_H

#include "fetch/fetch.h"

typedef struct akin_transfer {
  const akin_fetch_request *request;
  int file;        /* takes the bytes, at `got` */
  uint64_t got;    /* bytes in it: before the transfer, and after */
  uint64_t total;  /* as the server says; 0: it does not */
  bool worthwhile; /* after a failure: another attempt may well succeed */
  bool unresumed;  /* after a failure: the server will not go on from `got`, only from the start */
} akin_transfer;

/* Errors as akin_fetch's. */
akin_status akin_transfer_run(akin_transfer *transfer, akin_error *err);

#endif
