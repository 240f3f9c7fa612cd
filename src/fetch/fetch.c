/* fetch.c - attempts, going on where one stopped, checking, and putting the file in its place. */
#include "fetch/fetch.h"

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "fetch/curl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef struct fetch_job {
  const akin_fetch_request *request;
  char *part; /* PATH.part */
  akin_transfer transfer;
  bool resumed; /* some of it is from an earlier call or attempt */
} fetch_job;

/* ---- the part ---- */

/* A part that is not ours to look after. */
static void fetch_let_go(fetch_job *job) {
  if (job->transfer.file >= 0) close(job->transfer.file);
  job->transfer.file = -1;
}

/* Is what is open still what lies at PATH.part? Another process may have put it in its place meanwhile. */
static bool fetch_is_there(const fetch_job *job, const struct stat *facts) {
  struct stat there;
  return lstat(job->part, &there) == 0 && there.st_dev == facts->st_dev && there.st_ino == facts->st_ino;
}

static akin_status fetch_lock(fetch_job *job, struct stat *facts, akin_error *err) {
  job->transfer.file = open(job->part, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
  if (job->transfer.file < 0) return akin_fail_errno(err, errno, "%s: cannot open", job->part);
  if (flock(job->transfer.file, LOCK_EX | LOCK_NB)) {
    return errno == EWOULDBLOCK ? akin_fail(err, AKIN_ERROR_BUSY, "%s: another process is fetching it", job->part)
                                : akin_fail_errno(err, errno, "%s: cannot lock", job->part);
  }
  if (fstat(job->transfer.file, facts)) return akin_fail_errno(err, errno, "%s: cannot look at it", job->part);
  return S_ISREG(facts->st_mode) ? AKIN_OK : akin_fail(err, AKIN_ERROR_IO, "%s: not a regular file", job->part);
}

/* Opens PATH.part, this process's own as long as it is open. */
static akin_status fetch_open(fetch_job *job, akin_error *err) {
  struct stat facts = {0};
  akin_status status = fetch_lock(job, &facts, err);
  if (!status && !fetch_is_there(job, &facts)) {
    fetch_let_go(job);
    status = fetch_lock(job, &facts, err);
  }
  if (status) {
    fetch_let_go(job);
    return status;
  }
  job->transfer.got = (uint64_t)facts.st_size;
  job->resumed = job->transfer.got > 0;
  return AKIN_OK;
}

static akin_status fetch_start_again(fetch_job *job, akin_error *err) {
  job->transfer.got = 0;
  job->resumed = false;
  return ftruncate(job->transfer.file, 0) ? akin_fail_errno(err, errno, "%s: cannot be emptied", job->part) : AKIN_OK;
}

/* ---- attempts ---- */

static bool fetch_is_cancelled(const akin_fetch_request *r) {
  return r->should_cancel && r->should_cancel(r->context);
}

/* Waits, and looks ten times a second whether it is still to. */
static void fetch_pause(const akin_fetch_request *r, unsigned attempt) {
  const unsigned doublings = attempt < 6 ? attempt : 6;
  for (unsigned i = 0; i < (r->pause_seconds << doublings) * 10 && !fetch_is_cancelled(r); i++)
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
}

static akin_status fetch_transfer(fetch_job *job, akin_error *err) {
  const akin_fetch_request *r = job->request;
  akin_status status = AKIN_OK;
  for (unsigned attempt = 0; attempt < r->attempts; attempt++) {
    akin_error why;
    if (r->bytes && job->transfer.got == r->bytes) return AKIN_OK; /* an earlier call was stopped at its very end */
    status = akin_transfer_run(&job->transfer, &why);
    if (status && job->transfer.unresumed && !(status = fetch_start_again(job, &why)))
      status = akin_transfer_run(&job->transfer, &why);
    if (!status) return AKIN_OK;
    if (!job->transfer.worthwhile) return akin_fail(err, status, "%s", why.text);
    if (attempt + 1 == r->attempts) {
      return akin_fail(err, status, "%s (after %u attempt%s, with %llu bytes there)", why.text, r->attempts,
                       r->attempts == 1 ? "" : "s", (unsigned long long)job->transfer.got);
    }
    job->resumed = job->transfer.got > 0;
    fetch_pause(r, attempt);
    if (fetch_is_cancelled(r)) return akin_fail(err, AKIN_ERROR_CANCELLED, "stopped; what has come is kept");
  }
  return status;
}

/* ---- checking ---- */

static akin_status fetch_wrong(const fetch_job *job, const char *kind, const char *found, const char *wanted,
                               akin_error *err) {
  return akin_fail(err, AKIN_ERROR_MISMATCH, "%s: not the file that is wanted: its %s is %s, not %s",
                   job->request->address, kind, found, wanted);
}

static akin_status fetch_check_sha256(const fetch_job *job, akin_error *err) {
  const akin_fetch_request *r = job->request;
  akin_hash hash;
  char hex[AKIN_HASH_HEX_SIZE], wanted[AKIN_HASH_HEX_SIZE];
  if (!r->sha256 && !r->sha256_prefix) return AKIN_OK;
  akin_status status = akin_hash_file(&hash, job->part, err);
  if (status) return status;
  akin_hash_hex(hex, &hash);
  if (r->sha256 && !akin_hash_equal(&hash, r->sha256)) {
    akin_hash_hex(wanted, r->sha256);
    return fetch_wrong(job, "SHA-256", hex, wanted, err);
  }
  if (!r->sha256_prefix || akin_hash_begins(&hash, r->sha256_prefix)) return AKIN_OK;
  snprintf(wanted, sizeof wanted, "%.60s...", r->sha256_prefix);
  return fetch_wrong(job, "SHA-256", hex, wanted, err);
}

static akin_status fetch_check(const fetch_job *job, akin_error *err) {
  const akin_fetch_request *r = job->request;
  char hex[AKIN_HASH_HEX_SIZE], wanted[AKIN_HASH_HEX_SIZE];
  if (r->bytes && job->transfer.got != r->bytes) {
    snprintf(hex, sizeof hex, "%llu bytes", (unsigned long long)job->transfer.got);
    snprintf(wanted, sizeof wanted, "%llu", (unsigned long long)r->bytes);
    return fetch_wrong(job, "size", hex, wanted, err);
  }
  akin_status status = fetch_check_sha256(job, err);
  if (status || !r->md5 || (status = akin_hash_file_md5(hex, job->part, err))) return status;
  return strcmp(hex, r->md5) == 0 ? AKIN_OK : fetch_wrong(job, "MD5", hex, r->md5, err);
}

/* A part that an earlier call left may be of another file: then once more from the start. */
static akin_status fetch_and_check(fetch_job *job, akin_error *err) {
  akin_error why;
  akin_status status = fetch_transfer(job, err);
  if (status) return status;
  status = fetch_check(job, &why);
  if (status == AKIN_ERROR_MISMATCH && job->resumed && !(status = fetch_start_again(job, err)) &&
      !(status = fetch_transfer(job, err)))
    status = fetch_check(job, &why);
  return status ? akin_fail(err, status, "%s", why.text) : AKIN_OK;
}

static akin_status fetch_finish(const fetch_job *job, akin_error *err) {
  if (fsync(job->transfer.file)) return akin_fail_errno(err, errno, "%s: cannot write", job->part);
  return rename(job->part, job->request->path) ? akin_fail_errno(err, errno, "%s: cannot be renamed", job->part)
                                               : AKIN_OK;
}

akin_status akin_fetch(const akin_fetch_request *request, akin_error *err) {
  fetch_job job = {.request = request, .transfer = {.request = request, .file = -1}};
  const bool secure = strncmp(request->address, "https://", 8) == 0;
  if (!secure && !(request->plain && strncmp(request->address, "http://", 7) == 0))
    return akin_fail(err, AKIN_ERROR_USAGE, "%s: not an address that begins with https://%s", request->address,
                     request->plain ? " or http://" : "");
  if (!(job.part = akin_format("%s.part", request->path))) return akin_fail_memory(err, strlen(request->path));
  akin_status status = fetch_open(&job, err);
  if (!status) status = fetch_and_check(&job, err);
  if (!status) status = fetch_finish(&job, err);
  if (status == AKIN_ERROR_MISMATCH || (status && job.transfer.file >= 0 && job.transfer.got == 0))
    (void)akin_file_remove(job.part, NULL);
  if (job.transfer.file >= 0) close(job.transfer.file);
  akin_free(job.part);
  return status;
}
