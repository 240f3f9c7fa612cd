/* worker.c - see worker.h. */
#include "engine/worker.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"
#include "engine/facts.h"
#include "runtime/runtime.h"
#include "store/store.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

/* Results that may wait for the writer: more than a commit takes, so that nobody waits for the disk. */
#define WORKER_RESULTS 256
/* Paths that wait for a worker: enough that the feeding thread is woken seldom. */
#define WORKER_PATHS 64

struct akin_workers {
  akin_worklist *work; /* read by the feeding thread alone */
  akin_model *model;
  uint64_t model_id;
  const char *store_folder;
  akin_queue *jobs;    /* akin_result, with path and root */
  akin_queue *results; /* akin_result, whole */
  akin_threads *threads;
  atomic_bool stop;
  atomic_bool broken; /* the feeding thread had no memory */
  atomic_uint running;
};

void akin_result_free(akin_result *result) {
  if (result) {
    akin_free(result->path);
    akin_free(result->reason);
    akin_free(result->feature);
    akin_free(result);
  }
}

/* ---- one image ---- */

static void worker_fail(akin_result *r, akin_outcome outcome, akin_status status, const char *text) {
  /* The path stands beside the reason wherever it is shown, so it need not be in it. */
  size_t length = strlen(r->path);
  if (strncmp(text, r->path, length) == 0 && strncmp(text + length, ": ", 2) == 0) text += length + 2;
  r->outcome = outcome;
  r->status = status;
  akin_free(r->reason);
  r->reason = akin_strdup(text);
  if (!r->reason) {
    r->outcome = AKIN_OUTCOME_FATAL;
    r->status = AKIN_ERROR_MEMORY;
  }
}

/* The image's own fault, or what ends the run? */
static akin_outcome worker_outcome(akin_status status) {
  const bool own = status == AKIN_ERROR_FORMAT || status == AKIN_ERROR_UNSUPPORTED || status == AKIN_ERROR_LIMIT ||
                   status == AKIN_ERROR_IO;
  return own ? AKIN_OUTCOME_UNREADABLE : AKIN_OUTCOME_FATAL;
}

static bool worker_is_link(const char *path) {
  struct stat st;
  return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

static akin_status worker_read(akin_workers *w, akin_result *r, akin_buffer *bytes, akin_error *err) {
  int64_t before = akin_facts_now();
  akin_status status = akin_file_read(bytes, r->path, w->model->options.limits.max_bytes, &r->facts, err);
  if (status && akin_file_facts_of(&r->facts, r->path, NULL) == AKIN_ERROR_NOT_FOUND)
    return akin_fail(err, AKIN_ERROR_NOT_FOUND,
                     worker_is_link(r->path) ? "is a link to a file that is not there"
                                             : "went away while it was being indexed");
  akin_facts_settle(&r->facts, before);
  if (!status && bytes->size == 0) return akin_fail(err, AKIN_ERROR_FORMAT, "is empty (0 bytes)");
  return status ? status : akin_hash_bytes(&r->content, bytes->data, bytes->size, err);
}

static akin_status worker_make_room(const akin_workers *w, akin_result *r, akin_error *err) {
  size_t size = (size_t)akin_model_dim(w->model) * sizeof(float);
  r->feature = akin_alloc(size);
  return r->feature ? AKIN_OK : akin_fail_memory(err, size);
}

/* Is there a feature for this content already? Then r has it, and its size. It is not enough that the store has the
 * feature now: it leaves with the last image of its content, which may be written before r is. */
static akin_status worker_look_up(akin_workers *w, akin_result *r, akin_storage *reader, bool *known, akin_error *err) {
  uint64_t content_id = 0;
  *known = false;
  akin_status status = akin_storage_content_find(reader, &r->content, &content_id, &r->width, &r->height, err);
  if (!status && content_id > 0)
    status = akin_storage_feature_get(reader, w->model_id, content_id, r->feature, known, err);
  r->outcome = AKIN_OUTCOME_REUSED;
  return status;
}

/* *known: r has its feature. Else it is to be computed from the bytes, unless that is not possible: then r says why. */
static akin_status worker_find(akin_workers *w, akin_result *r, akin_storage *reader, akin_buffer *bytes, bool *known) {
  akin_error err;
  *known = false;
  akin_status status = worker_read(w, r, bytes, &err);
  if (status) {
    worker_fail(r, status == AKIN_ERROR_NOT_FOUND ? AKIN_OUTCOME_VANISHED : worker_outcome(status), status, err.text);
    return status;
  }
  status = worker_make_room(w, r, &err);
  if (!status) status = worker_look_up(w, r, reader, known, &err);
  if (status) worker_fail(r, AKIN_OUTCOME_FATAL, status, err.text);
  return status;
}

/* ---- one batch ---- */

/* A worker, and the images that it has decoded and not computed yet: as many as the network takes at a time. */
typedef struct worker {
  akin_workers *all;
  akin_storage *reader;
  akin_buffer bytes;
  struct akin_model_slot *slot; /* NULL: none is needed now */
  akin_result *batch[AKIN_RUNTIME_BATCH_MOST];
  uint32_t count;
} worker;

static void worker_tell(akin_workers *w, akin_result *r) {
  if (!akin_queue_push(w->results, r)) akin_result_free(r);
}

static void worker_give_slot(worker *me) {
  if (me->slot) akin_model_give_slot(me->all->model, me->slot);
  me->slot = NULL;
}

/* Computes what waits, and tells it. */
static void worker_compute(worker *me) {
  akin_model *model = me->all->model;
  akin_error err;
  akin_status ran = me->count > 0 ? akin_model_infer(model, me->slot, me->count, &err) : AKIN_OK;
  for (uint32_t i = 0; i < me->count; i++) {
    akin_result *r = me->batch[i];
    akin_status status = ran ? ran : akin_model_feature(model, me->slot, i, r->feature, 0, &err);
    if (status) worker_fail(r, worker_outcome(status), status, err.text);
    worker_tell(me->all, r);
  }
  me->count = 0;
  worker_give_slot(me);
}

/* Decodes r, and computes when the batch is full. */
static void worker_add(worker *me, akin_result *r) {
  akin_model *model = me->all->model;
  akin_error err;
  akin_status status = me->slot ? AKIN_OK : akin_model_take_slot(model, &me->slot, &err);
  if (!status)
    status = akin_model_decode(model, me->slot, me->count, &r->width, &r->height, me->bytes.data, me->bytes.size, &err);
  if (status) {
    worker_fail(r, worker_outcome(status), status, err.text);
    worker_tell(me->all, r);
    if (me->count == 0) worker_give_slot(me);
    return;
  }
  r->outcome = AKIN_OUTCOME_EMBEDDED;
  me->batch[me->count++] = r;
  if (me->count == model->batch) worker_compute(me);
}

/* ---- the threads ---- */

/* The next job of the list; NULL at its end or, with w->broken set, without memory. */
static akin_result *worker_next_job(akin_workers *w, akin_buffer *path) {
  akin_error err = {AKIN_OK, ""};
  bool more = false;
  akin_result *r = akin_calloc(1, sizeof *r);
  akin_status status = r ? akin_worklist_next(w->work, path, &r->root_id, &more, &err) : AKIN_ERROR_MEMORY;
  if (!status && !more) {
    akin_free(r);
    return NULL;
  }
  if (!r || !(r->path = akin_strndup(status ? "" : path->data, status ? 0 : path->size))) {
    akin_free(r);
    atomic_store(&w->broken, true);
    return NULL;
  }
  if (status) worker_fail(r, AKIN_OUTCOME_FATAL, status, err.text);
  return r;
}

/* Reads the worklist into the bounded queue, so that there are never many paths in memory. */
static void worker_feed(akin_workers *w) {
  akin_buffer path = AKIN_BUFFER_INIT(0);
  akin_result *job = NULL;
  while (!atomic_load(&w->stop) && (job = worker_next_job(w, &path))) {
    bool fatal = job->reason != NULL;
    if (!akin_queue_push(fatal ? w->results : w->jobs, job)) {
      akin_result_free(job);
      break;
    }
    if (fatal) break;
  }
  akin_buffer_free(&path);
  akin_queue_close(w->jobs);
}

static void worker_take(worker *me, akin_result *r) {
  bool known = false;
  if (worker_find(me->all, r, me->reader, &me->bytes, &known) || known)
    worker_tell(me->all, r);
  else
    worker_add(me, r);
}

static void worker_loop(akin_workers *w) {
  worker me = {.all = w, .bytes = AKIN_BUFFER_INIT(0)};
  akin_error err;
  void *item = NULL;
  akin_status opened = akin_storage_open(&me.reader, w->store_folder, AKIN_STORAGE_READ, &err);
  while (akin_queue_pop(w->jobs, &item)) {
    if (atomic_load(&w->stop)) {
      akin_result_free(item);
    } else if (opened) {
      worker_fail(item, AKIN_OUTCOME_FATAL, opened, err.text);
      worker_tell(w, item);
    } else {
      worker_take(&me, item);
    }
  }
  worker_compute(&me);
  akin_buffer_free(&me.bytes);
  akin_storage_close(me.reader);
}

static void worker_ended(akin_workers *w, unsigned count) {
  if (atomic_fetch_sub(&w->running, count) == count) akin_queue_close(w->results);
}

/* Thread 0 feeds; who ends last says that no result will come any more. */
static void worker_thread(void *context, unsigned index) {
  akin_workers *w = context;
  if (index == 0)
    worker_feed(w);
  else
    worker_loop(w);
  worker_ended(w, 1);
}

akin_status akin_workers_start(akin_workers **out, unsigned jobs, akin_worklist *work, akin_model *model,
                               uint64_t model_id, const char *store_folder, akin_error *err) {
  *out = NULL;
  akin_workers *w = akin_calloc(1, sizeof *w);
  if (!w) return akin_fail_memory(err, sizeof *w);
  w->work = work;
  w->model = model;
  w->model_id = model_id;
  w->store_folder = store_folder;
  atomic_init(&w->stop, false);
  atomic_init(&w->broken, false);
  atomic_init(&w->running, jobs + 1);
  akin_status status = akin_queue_new(&w->jobs, (size_t)jobs + WORKER_PATHS, err);
  if (!status) status = akin_queue_new(&w->results, WORKER_RESULTS, err);
  if (!status) status = akin_threads_start(&w->threads, jobs + 1, worker_thread, w, err);
  if (!status) {
    unsigned started = akin_threads_count(w->threads);
    if (started < jobs + 1) worker_ended(w, jobs + 1 - started);
    if (started < 2) {
      akin_queue_close(w->jobs); /* nobody would take what is fed */
      status = akin_fail(err, AKIN_ERROR_IO, "the system gave no thread to work with");
    }
  }
  if (status) {
    akin_workers_free(w);
    return status;
  }
  *out = w;
  return AKIN_OK;
}

akin_status akin_workers_outcome(const akin_workers *w, akin_error *err) {
  return atomic_load(&w->broken) ? akin_fail_memory(err, sizeof(akin_result)) : AKIN_OK;
}

int akin_workers_next(akin_workers *w, akin_result **out, unsigned milliseconds) {
  void *item = NULL;
  int got = akin_queue_pop_timed(w->results, &item, milliseconds);
  *out = got == 1 ? item : NULL;
  return got;
}

void akin_workers_stop(akin_workers *w) {
  atomic_store(&w->stop, true);
}

void akin_workers_free(akin_workers *w) {
  akin_result *result = NULL;
  if (!w) return;
  if (w->threads) {
    akin_workers_stop(w);
    while (akin_workers_next(w, &result, 1000) >= 0)
      akin_result_free(result);
    akin_threads_join(w->threads);
  }
  akin_queue_free(w->jobs);
  akin_queue_free(w->results);
  akin_free(w);
}
