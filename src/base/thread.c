/*
 * thread.c - threads and a bounded queue by pthreads; no pthread type leaves this file. Our threads take no signals, so
 * that a program's handlers run on threads of its own.
 */
#include "base/thread.h"

#include "base/cgroup.h"
#include "base/error.h"
#include "base/memory.h"

#include <akin/model.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

/* ---- cores ---- */

#define THREAD_MOST_CPUS 65536 /* size of the largest affinity mask that is asked for */

/* The kernel refuses a mask with fewer bits than it has processors: asked for with more until it fits. */
static unsigned thread_affinity_cores(void) {
  unsigned cores = 0;
  for (int cpus = CPU_SETSIZE; cores == 0 && cpus <= THREAD_MOST_CPUS; cpus *= 2) {
    const size_t size = CPU_ALLOC_SIZE(cpus);
    cpu_set_t *set = akin_calloc(1, size);
    if (!set) break;
    const bool fits = sched_getaffinity(0, size, set) == 0;
    if (fits) cores = (unsigned)CPU_COUNT_S(size, set);
    const bool larger = !fits && errno == EINVAL;
    akin_free(set);
    if (!larger) break;
  }
  return cores ? cores : 1;
}

unsigned akin_thread_cores(void) {
  const unsigned affinity = thread_affinity_cores(), quota = akin_cgroup_cores("");
  return quota != 0 && quota < affinity ? quota : affinity;
}

uint32_t akin_cores(void) {
  return akin_thread_cores();
}

/* ---- threads ---- */

typedef struct thread_job {
  void (*work)(void *context, unsigned index);
  void *context;
  unsigned index;
  pthread_t id;
} thread_job;

struct akin_threads {
  unsigned count; /* of those that run */
  thread_job jobs[];
};

static void *thread_main(void *argument) {
  const thread_job *job = argument;
  job->work(job->context, job->index);
  return NULL;
}

/* Starts up to count jobs; stops at one that cannot be started. Returns how many run and
 * gives the errno value of the failure. */
static unsigned thread_start(thread_job *jobs, unsigned count, int *errnum) {
  sigset_t blocked, before;
  unsigned started = 0;
  sigfillset(&blocked);
  static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGPROF}; /* a thread's own */
  for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
    sigdelset(&blocked, own[i]);
  pthread_sigmask(SIG_SETMASK, &blocked, &before);
  for (*errnum = 0; started < count; started++) {
    *errnum = pthread_create(&jobs[started].id, NULL, thread_main, &jobs[started]);
    if (*errnum) break;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return started;
}

static akin_threads *thread_new(unsigned count, unsigned first, void (*work)(void *context, unsigned index),
                                void *context, akin_error *err) {
  size_t size = 0;
  akin_threads *t = NULL;
  if (akin_multiply(&size, count, sizeof t->jobs[0]) && akin_add(&size, size, sizeof *t)) t = akin_calloc(1, size);
  if (!t) {
    akin_fail_memory(err, size);
    return NULL;
  }
  for (unsigned i = 0; i < count; i++)
    t->jobs[i] = (thread_job){.work = work, .context = context, .index = first + i};
  return t;
}

akin_status akin_threads_start(akin_threads **out, unsigned count, void (*work)(void *context, unsigned index),
                               void *context, akin_error *err) {
  int errnum = 0;
  akin_threads *t = thread_new(count, 0, work, context, err);
  if (!t) return AKIN_ERROR_MEMORY;
  t->count = thread_start(t->jobs, count, &errnum);
  if (t->count == 0 && errnum) {
    akin_free(t);
    return akin_fail_errno(err, errnum, "cannot start a thread");
  }
  *out = t;
  return AKIN_OK;
}

unsigned akin_threads_count(const akin_threads *t) {
  return t->count;
}

void akin_threads_join(akin_threads *t) {
  if (!t) return;
  for (unsigned i = 0; i < t->count; i++)
    pthread_join(t->jobs[i].id, NULL);
  akin_free(t);
}

akin_status akin_threads_run(unsigned count, void (*work)(void *context, unsigned index), void *context,
                             akin_error *err) {
  int errnum = 0;
  if (count == 0) return AKIN_OK;
  akin_threads *t = thread_new(count - 1, 1, work, context, err);
  if (!t) return AKIN_ERROR_MEMORY;
  t->count = thread_start(t->jobs, count - 1, &errnum);
  work(context, 0);
  for (unsigned index = t->count + 1; index < count; index++)
    work(context, index); /* those that found no thread */
  akin_threads_join(t);
  return AKIN_OK;
}

/* ---- locks ---- */

struct akin_locks {
  size_t count;
  pthread_mutex_t each[];
};

akin_status akin_locks_new(akin_locks **out, size_t count, akin_error *err) {
  size_t size = 0;
  akin_locks *locks = NULL;
  *out = NULL;
  if (akin_multiply(&size, count, sizeof locks->each[0]) && akin_add(&size, size, sizeof *locks))
    locks = akin_calloc(1, size);
  if (!locks) return akin_fail_memory(err, size);
  for (; locks->count < count; locks->count++) {
    const int errnum = pthread_mutex_init(&locks->each[locks->count], NULL);
    if (!errnum) continue;
    akin_locks_free(locks);
    return akin_fail_errno(err, errnum, "cannot make a lock");
  }
  *out = locks;
  return AKIN_OK;
}

void akin_locks_take(akin_locks *locks, size_t index) {
  pthread_mutex_lock(&locks->each[index]);
}

void akin_locks_give(akin_locks *locks, size_t index) {
  pthread_mutex_unlock(&locks->each[index]);
}

void akin_locks_free(akin_locks *locks) {
  if (!locks) return;
  for (size_t i = 0; i < locks->count; i++)
    pthread_mutex_destroy(&locks->each[i]);
  akin_free(locks);
}

/* ---- queue ---- */

struct akin_queue {
  pthread_mutex_t mutex;  /* guards all below */
  pthread_cond_t filled;  /* an item came, or it was closed */
  pthread_cond_t half;    /* half of the room is taken, or it was closed */
  pthread_cond_t emptied; /* half of the room is free again, or it was closed */
  bool closed;
  size_t first, count, bound; /* items are at first, first + 1 … modulo bound */
  void *items[];
};

/* A wait with a time must not end early or late because the clock on the wall was set. */
static int queue_init_condition(pthread_cond_t *condition) {
  pthread_condattr_t attributes;
  int errnum = pthread_condattr_init(&attributes);
  if (errnum) return errnum;
  errnum = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  if (!errnum) errnum = pthread_cond_init(condition, &attributes);
  pthread_condattr_destroy(&attributes);
  return errnum;
}

static int queue_init(akin_queue *q) {
  int errnum = pthread_mutex_init(&q->mutex, NULL);
  if (errnum) return errnum;
  errnum = queue_init_condition(&q->filled);
  if (errnum) goto no_filled;
  errnum = queue_init_condition(&q->half);
  if (errnum) goto no_half;
  errnum = queue_init_condition(&q->emptied);
  if (errnum) goto no_emptied;
  return 0;
no_emptied:
  pthread_cond_destroy(&q->half);
no_half:
  pthread_cond_destroy(&q->filled);
no_filled:
  pthread_mutex_destroy(&q->mutex);
  return errnum;
}

akin_status akin_queue_new(akin_queue **out, size_t bound, akin_error *err) {
  size_t size = 0;
  akin_queue *q = NULL;
  if (bound == 0) return akin_fail(err, AKIN_ERROR_USAGE, "a queue must have room for an item");
  if (akin_multiply(&size, bound, sizeof q->items[0]) && akin_add(&size, size, sizeof *q)) q = akin_calloc(1, size);
  if (!q) return akin_fail_memory(err, size);
  q->bound = bound;
  const int errnum = queue_init(q);
  if (errnum) {
    akin_free(q);
    return akin_fail_errno(err, errnum, "cannot make a queue");
  }
  *out = q;
  return AKIN_OK;
}

bool akin_queue_push(akin_queue *q, void *item) {
  pthread_mutex_lock(&q->mutex);
  while (q->count == q->bound && !q->closed)
    pthread_cond_wait(&q->emptied, &q->mutex);
  const bool open = !q->closed;
  if (open) {
    const size_t to_end = q->bound - q->first;
    q->items[q->count < to_end ? q->first + q->count : q->count - to_end] = item;
    q->count++;
    pthread_cond_signal(&q->filled);
    if (q->count == (q->bound + 1) / 2) pthread_cond_broadcast(&q->half);
  }
  pthread_mutex_unlock(&q->mutex);
  return open;
}

/* With the mutex held. Producers that wait are woken when half of the room is free, not for each place: with one core a
 * worker, a thread that is woken takes the core from one that works. */
static bool queue_take(akin_queue *q, void **item) {
  if (q->count == 0) return false;
  *item = q->items[q->first];
  q->first = q->first + 1 == q->bound ? 0 : q->first + 1;
  q->count--;
  if (q->count == q->bound / 2) pthread_cond_broadcast(&q->emptied);
  return true;
}

bool akin_queue_pop(akin_queue *q, void **item) {
  pthread_mutex_lock(&q->mutex);
  while (q->count == 0 && !q->closed)
    pthread_cond_wait(&q->filled, &q->mutex);
  const bool taken = queue_take(q, item);
  pthread_mutex_unlock(&q->mutex);
  return taken;
}

int akin_queue_pop_timed(akin_queue *q, void **item, unsigned milliseconds) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += milliseconds / 1000;
  until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
  if (until.tv_nsec >= 1000000000) {
    until.tv_nsec -= 1000000000;
    until.tv_sec++;
  }
  pthread_mutex_lock(&q->mutex);
  int errnum = 0;
  while (q->count == 0 && !q->closed && errnum != ETIMEDOUT)
    errnum = pthread_cond_timedwait(&q->half, &q->mutex, &until);
  const int outcome = queue_take(q, item) ? 1 : q->closed ? -1 : 0;
  pthread_mutex_unlock(&q->mutex);
  return outcome;
}

void akin_queue_close(akin_queue *q) {
  pthread_mutex_lock(&q->mutex);
  q->closed = true;
  pthread_cond_broadcast(&q->filled);
  pthread_cond_broadcast(&q->half);
  pthread_cond_broadcast(&q->emptied);
  pthread_mutex_unlock(&q->mutex);
}

void akin_queue_free(akin_queue *q) {
  if (!q) return;
  pthread_cond_destroy(&q->filled);
  pthread_cond_destroy(&q->half);
  pthread_cond_destroy(&q->emptied);
  pthread_mutex_destroy(&q->mutex);
  akin_free(q);
}
