/* curl.c - see curl.h. The only file that knows libcurl's types. */
#include "fetch/curl.h"

#include "base/error.h"

#include <akin/status.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define CURL_SONAME    "libcurl.so.4"
#define CURL_REDIRECTS 5L
#define CURL_HTTP_GONE 416L /* range not satisfiable */

/* ---- the library ---- */

#define CURL_FUNCTIONS(X)                                                                                              \
  X(curl_global_init)                                                                                                  \
  X(curl_easy_init)                                                                                                    \
  X(curl_easy_setopt)                                                                                                  \
  X(curl_easy_perform)                                                                                                 \
  X(curl_easy_getinfo)                                                                                                 \
  X(curl_easy_strerror)                                                                                                \
  X(curl_easy_cleanup)

/* Two of the names are macros, too, that check arguments; without parentheses after them they are functions. */
static struct curl_table {
#define CURL_FIELD(name) __typeof__(name) *name;
  CURL_FUNCTIONS(CURL_FIELD)
#undef CURL_FIELD
} curl;

static akin_error curl_trouble; /* why it cannot be used; code AKIN_OK: it can */

static void curl_symbol(void *function, void *library, const char *name) {
  void *symbol = dlsym(library, name);
  memcpy(function, &symbol, sizeof symbol); /* POSIX lets an object pointer be a function's; ISO C wants the detour */
  if (!symbol && !curl_trouble.code)
    akin_fail(&curl_trouble, AKIN_ERROR_UNSUPPORTED, "%s has no %s: it is too old", CURL_SONAME, name);
}

static void curl_load(void) {
  void *library = dlopen(CURL_SONAME, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    akin_fail(&curl_trouble, AKIN_ERROR_UNSUPPORTED, "nothing can be fetched without libcurl: %s", dlerror());
    return;
  }
#define CURL_LOAD(name) curl_symbol(&curl.name, library, #name);
  CURL_FUNCTIONS(CURL_LOAD)
#undef CURL_LOAD
  if (!curl_trouble.code && (curl.curl_global_init)(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    akin_fail(&curl_trouble, AKIN_ERROR_UNSUPPORTED, "%s cannot be started", CURL_SONAME);
}

/* ---- what it calls ---- */

typedef struct curl_work {
  akin_transfer *transfer;
  CURL *handle;
  char text[CURL_ERROR_SIZE];
  akin_error why; /* of a stop that was ours; code AKIN_OK: there was none */
} curl_work;

static akin_status curl_check_space(curl_work *work, uint64_t needed) {
  const akin_fetch_request *r = work->transfer->request;
  struct statvfs disk;
  if (fstatvfs(work->transfer->file, &disk)) return AKIN_OK; /* writing will tell */
  const uint64_t left = (uint64_t)disk.f_bavail * disk.f_frsize;
  if (needed <= left) return AKIN_OK;
  return akin_fail(&work->why, AKIN_ERROR_NO_SPACE, "%s: %llu MB are to come, the disk has %llu MB left", r->path,
                   (unsigned long long)(needed >> 20), (unsigned long long)(left >> 20));
}

/* Is what the server is about to send what was asked for? Looked at before its first byte is kept. */
static akin_status curl_check_size(curl_work *work) {
  akin_transfer *t = work->transfer;
  const akin_fetch_request *r = t->request;
  curl_off_t length = -1;
  (curl.curl_easy_getinfo)(work->handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  if (length < 0) return AKIN_OK;
  t->total = t->got + (uint64_t)length;
  if (r->bytes && t->total != r->bytes) {
    return akin_fail(&work->why, AKIN_ERROR_MISMATCH,
                     "%s: the server offers %llu bytes, the file that is wanted has %llu", r->address,
                     (unsigned long long)t->total, (unsigned long long)r->bytes);
  }
  if (t->total > r->max_bytes) {
    return akin_fail(&work->why, AKIN_ERROR_LIMIT, "%s: %llu bytes, at most %llu are taken", r->address,
                     (unsigned long long)t->total, (unsigned long long)r->max_bytes);
  }
  return curl_check_space(work, (uint64_t)length);
}

static akin_status curl_keep(curl_work *work, const char *bytes, size_t n) {
  akin_transfer *t = work->transfer;
  if (n > t->request->max_bytes - t->got) {
    return akin_fail(&work->why, AKIN_ERROR_LIMIT, "%s: more than %llu bytes", t->request->address,
                     (unsigned long long)t->request->max_bytes);
  }
  while (n > 0) {
    const ssize_t put = pwrite(t->file, bytes, n, (off_t)t->got);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return akin_fail_errno(&work->why, put < 0 ? errno : EIO, "%s.part: cannot write", t->request->path);
    bytes += put;
    n -= (size_t)put;
    t->got += (uint64_t)put;
  }
  return AKIN_OK;
}

static size_t curl_on_bytes(char *bytes, size_t size, size_t count, void *context) {
  curl_work *work = context;
  const size_t n = size * count; /* libcurl: size is 1 */
  if (work->transfer->total == 0 && curl_check_size(work)) return 0;
  return curl_keep(work, bytes, n) ? 0 : n;
}

static int curl_on_progress(void *context, curl_off_t total, curl_off_t got, curl_off_t up_total, curl_off_t up) {
  curl_work *work = context;
  const akin_fetch_request *r = work->transfer->request;
  (void)total;
  (void)got;
  (void)up_total;
  (void)up;
  if (r->on_progress) r->on_progress(r->context, work->transfer->got, work->transfer->total);
  if (!r->should_cancel || !r->should_cancel(r->context)) return 0;
  akin_fail(&work->why, AKIN_ERROR_CANCELLED, "stopped; what has come is kept");
  return 1;
}

/* ---- one transfer ---- */

static CURLcode curl_set(curl_work *work, CURL *handle) {
  const akin_fetch_request *r = work->transfer->request;
  const char *protocols = strncmp(r->address, "https://", 8) == 0 ? "https" : "http,https";
  const long seconds = (long)r->stall_seconds;
  CURLcode code = CURLE_OK;
#define SET(option, value) (code = code ? code : (curl.curl_easy_setopt)(handle, option, value))
  SET(CURLOPT_URL, r->address);
  SET(CURLOPT_PROTOCOLS_STR, protocols);
  SET(CURLOPT_REDIR_PROTOCOLS_STR, protocols);
  SET(CURLOPT_FOLLOWLOCATION, 1L);
  SET(CURLOPT_MAXREDIRS, CURL_REDIRECTS);
  SET(CURLOPT_FAILONERROR, 1L);
  SET(CURLOPT_NOSIGNAL, 1L);
  SET(CURLOPT_USERAGENT, "akin/" AKIN_VERSION_STRING);
  SET(CURLOPT_CONNECTTIMEOUT, seconds);
  SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
  SET(CURLOPT_LOW_SPEED_TIME, seconds);
  SET(CURLOPT_RESUME_FROM_LARGE, (curl_off_t)work->transfer->got);
  SET(CURLOPT_ERRORBUFFER, work->text);
  SET(CURLOPT_WRITEFUNCTION, curl_on_bytes);
  SET(CURLOPT_WRITEDATA, (void *)work);
  SET(CURLOPT_NOPROGRESS, 0L);
  SET(CURLOPT_XFERINFOFUNCTION, curl_on_progress);
  SET(CURLOPT_XFERINFODATA, (void *)work);
#undef SET
  return code;
}

static bool curl_is_passing(CURLcode code, long http) {
  switch (code) {
  case CURLE_OPERATION_TIMEDOUT:
  case CURLE_PARTIAL_FILE:
  case CURLE_RECV_ERROR:
  case CURLE_SEND_ERROR:
  case CURLE_GOT_NOTHING:
  case CURLE_HTTP2:
  case CURLE_HTTP2_STREAM:
    return true;
  case CURLE_HTTP_RETURNED_ERROR:
    return http >= 500 || http == 429;
  default:
    return false;
  }
}

static akin_status curl_judge(curl_work *work, CURLcode code, akin_error *err) {
  akin_transfer *t = work->transfer;
  long http = 0;
  (curl.curl_easy_getinfo)(work->handle, CURLINFO_RESPONSE_CODE, &http);
  if (work->why.code) return akin_fail(err, work->why.code, "%s", work->why.text);
  if (code == CURLE_OK) return AKIN_OK;
  t->worthwhile = curl_is_passing(code, http);
  t->unresumed = t->got > 0 && (code == CURLE_RANGE_ERROR || http == CURL_HTTP_GONE);
  const char *text = work->text[0] ? work->text : (curl.curl_easy_strerror)(code);
  if (code == CURLE_OUT_OF_MEMORY) return akin_fail_memory(err, 0);
  if (code == CURLE_UNSUPPORTED_PROTOCOL)
    return akin_fail(err, AKIN_ERROR_IO, "%s: leads to where akin does not follow (%s)", t->request->address, text);
  return akin_fail(err, http == 404 || http == 410 ? AKIN_ERROR_NOT_FOUND : AKIN_ERROR_IO, "%s: %s",
                   t->request->address, text);
}

akin_status akin_transfer_run(akin_transfer *transfer, akin_error *err) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  curl_work work = {.transfer = transfer};
  pthread_once(&once, curl_load);
  if (curl_trouble.code) return akin_fail(err, curl_trouble.code, "%s", curl_trouble.text);
  transfer->total = 0;
  transfer->worthwhile = transfer->unresumed = false;
  if (!(work.handle = (curl.curl_easy_init)())) return akin_fail_memory(err, 0);
  CURLcode code = curl_set(&work, work.handle);
  if (code == CURLE_OK) code = (curl.curl_easy_perform)(work.handle);
  akin_status status = curl_judge(&work, code, err);
  (curl.curl_easy_cleanup)(work.handle);
  return status;
}
