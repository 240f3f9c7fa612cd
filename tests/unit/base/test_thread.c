/* test_thread.c - every index runs once, no item is lost or doubled, closing wakes everybody. Meant for tsan too. */
#include "unit/testing.h"

#include "base/thread.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- cores ---- */

static void cores_follow_the_affinity(void **state) {
  (void)state;
  cpu_set_t before, one;
  assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
  const unsigned all = akin_thread_cores();
  assert_in_range(all, 1, CPU_COUNT(&before));
  int first = 0;
  while (!CPU_ISSET(first, &before))
    first++;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
  const unsigned limited = akin_thread_cores();
  assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
  assert_int_equal(limited, 1);
}

/* ---- threads ---- */

#define MOST 64

typedef struct counters {
  atomic_int runs[MOST];
  atomic_bool sigint_blocked, sigsegv_blocked; /* on a thread that is not the first */
} counters;

static void count_run(void *context, unsigned index) {
  counters *c = context;
  sigset_t mask;
  atomic_fetch_add(&c->runs[index], 1);
  if (index == 0) return;
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  if (sigismember(&mask, SIGINT)) atomic_store(&c->sigint_blocked, true);
  if (sigismember(&mask, SIGSEGV)) atomic_store(&c->sigsegv_blocked, true);
}

static void check_runs(counters *c, unsigned count) {
  for (unsigned i = 0; i < MOST; i++)
    assert_int_equal(atomic_load(&c->runs[i]), i < count);
}

static void every_index_runs_once(void **state) {
  (void)state;
  static const unsigned counts[] = {0, 1, 2, 3, 17, MOST};
  akin_error err;
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
    counters c = {0};
    testing_ok(akin_threads_run(counts[i], count_run, &c, &err), &err);
    check_runs(&c, counts[i]);
  }
}

static void started_threads_run_until_joined(void **state) {
  (void)state;
  static const unsigned counts[] = {0, 1, 17, MOST};
  akin_error err;
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
    counters c = {0};
    akin_threads *t = TESTING_POISON;
    testing_ok(akin_threads_start(&t, counts[i], count_run, &c, &err), &err);
    akin_threads_join(t);
    check_runs(&c, counts[i]);
  }
  akin_threads_join(NULL);
}

static void meet(void *context, unsigned index) {
  (void)index;
  pthread_barrier_wait(context);
}

/* They would never meet if they did not run at the same time. */
static void indices_run_at_the_same_time(void **state) {
  (void)state;
  akin_error err;
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, NULL, 8);
  testing_ok(akin_threads_run(8, meet, &barrier, &err), &err);
  pthread_barrier_destroy(&barrier);
}

static void our_threads_take_no_signals(void **state) {
  (void)state;
  akin_error err;
  counters c = {0};
  sigset_t after;
  testing_ok(akin_threads_run(2, count_run, &c, &err), &err);
  pthread_sigmask(SIG_SETMASK, NULL, &after);
  assert_true(atomic_load(&c.sigint_blocked));
  assert_false(atomic_load(&c.sigsegv_blocked));    /* a fault is still reported */
  assert_int_equal(sigismember(&after, SIGINT), 0); /* the caller's mask is its own again */
}

/* A process whose address space has no room for a stack, and in which no thread ever ran that could have left one. */
static int run_without_threads(void) {
  counters c = {0};
  akin_error err;
  akin_threads *t = TESTING_POISON;
  const struct rlimit limit = {1, 1};
  void *warm = akin_alloc(1 << 16); /* what the heap has now must do */
  akin_free(warm);
  if (setrlimit(RLIMIT_AS, &limit) != 0) return 77;
  if (akin_threads_run(5, count_run, &c, &err) != AKIN_OK) return 1;
  for (unsigned i = 0; i < 5; i++)
    if (atomic_load(&c.runs[i]) != 1) return 2;
  if (atomic_load(&c.sigint_blocked)) return 5; /* one did get a thread of its own */
  if (akin_threads_start(&t, 5, count_run, &c, &err) != AKIN_ERROR_IO || t != TESTING_POISON) return 3;
  return strstr(err.text, "cannot start a thread") ? 0 : 4;
}

static void work_is_not_lost_without_threads(void **state) {
  (void)state;
  int outcome = 0;
  if (SANITIZED) {
    print_message("the sanitizers need address space themselves\n");
    skip();
  }
  const pid_t child = fork();
  if (child == 0) _exit(run_without_threads());
  assert_int_equal(waitpid(child, &outcome, 0), child);
  assert_true(WIFEXITED(outcome));
  assert_int_equal(WEXITSTATUS(outcome), 0);
}

/* ---- queue ---- */

static void items_come_in_order(void **state) {
  (void)state;
  akin_error err;
  akin_queue *q = NULL;
  int items[10];
  testing_ok(akin_queue_new(&q, 3, &err), &err);
  for (int round = 0, next = 0; round < 5; round++) {
    for (int i = 0; i < 1 + round % 3; i++)
      assert_true(akin_queue_push(q, &items[(next + i) % 10]));
    for (int i = 0; i < 1 + round % 3; i++, next++) {
      void *item = NULL;
      assert_true(akin_queue_pop(q, &item));
      assert_ptr_equal(item, &items[next % 10]);
    }
  }
  akin_queue_free(q);
  akin_queue_free(NULL);
}

static void a_closed_queue_gives_what_it_has(void **state) {
  (void)state;
  akin_error err;
  akin_queue *q = NULL;
  int a, b;
  void *item = TESTING_POISON;
  testing_ok(akin_queue_new(&q, 4, &err), &err);
  assert_int_equal(akin_queue_pop_timed(q, &item, 0), 0);
  assert_true(akin_queue_push(q, &a));
  assert_true(akin_queue_push(q, &b));
  akin_queue_close(q);
  akin_queue_close(q);
  assert_false(akin_queue_push(q, &a));
  assert_true(akin_queue_pop(q, &item));
  assert_ptr_equal(item, &a);
  assert_int_equal(akin_queue_pop_timed(q, &item, 1000), 1);
  assert_ptr_equal(item, &b);
  item = TESTING_POISON;
  assert_false(akin_queue_pop(q, &item));
  assert_int_equal(akin_queue_pop_timed(q, &item, 1000), -1);
  assert_ptr_equal(item, TESTING_POISON);
  akin_queue_free(q);
}

static void a_timed_pop_waits_its_time(void **state) {
  (void)state;
  akin_error err;
  akin_queue *q = NULL;
  void *item = TESTING_POISON;
  testing_ok(akin_queue_new(&q, 1, &err), &err);
  const double before = seconds();
  assert_int_equal(akin_queue_pop_timed(q, &item, 60), 0);
  assert_true(seconds() - before >= 0.059);
  assert_ptr_equal(item, TESTING_POISON);
  akin_queue_free(q);
}

typedef struct bulk {
  akin_queue *q;
  unsigned items; /* that are pushed while the other thread waits */
  int got;
  double waited;
} bulk;

static void push_or_pop_timed(void *context, unsigned index) {
  bulk *b = context;
  void *item = NULL;
  if (index == 1) {
    usleep(30000);
    for (unsigned i = 0; i < b->items; i++)
      assert_true(akin_queue_push(b->q, b));
  } else {
    const double before = seconds();
    b->got = akin_queue_pop_timed(b->q, &item, 400);
    b->waited = seconds() - before;
  }
}

/* Who takes in bulk is left alone until half of the room is taken, and does not miss what came meanwhile. */
static void a_timed_pop_waits_for_half(void **state) {
  (void)state;
  for (unsigned items = 3; items <= 4; items++) {
    bulk b = {.items = items};
    testing_ok(akin_queue_new(&b.q, 8, NULL), NULL);
    testing_ok(akin_threads_run(2, push_or_pop_timed, &b, NULL), NULL);
    assert_int_equal(b.got, 1);
    assert_true(items < 4 ? b.waited >= 0.399 : b.waited < 0.3);
    b.items = 0;
    push_or_pop_timed(&b, 0); /* the rest is given at once */
    assert_int_equal(b.got, 1);
    assert_true(b.waited < 0.3);
    akin_queue_free(b.q);
  }
}

static void queues_that_cannot_be(void **state) {
  (void)state;
  akin_error err;
  akin_queue *q = TESTING_POISON;
  testing_expect(akin_queue_new(&q, 0, &err), AKIN_ERROR_USAGE, &err);
  testing_expect(akin_queue_new(&q, SIZE_MAX / 2, &err), AKIN_ERROR_MEMORY, &err);
  akin_memory_fail_at(1, true);
  testing_expect(akin_queue_new(&q, 1, &err), AKIN_ERROR_MEMORY, &err);
  akin_memory_fail_at(0, true);
  assert_ptr_equal(q, TESTING_POISON);
}

#define PRODUCERS 4
#define CONSUMERS 5
#define EACH      5000

typedef struct traffic {
  akin_queue *q;
  atomic_int producing;
  atomic_uchar seen[PRODUCERS * EACH]; /* how often an item was popped */
  unsigned char things[PRODUCERS * EACH];
} traffic;

static void produce_or_consume(void *context, unsigned index) {
  traffic *t = context;
  void *item = NULL;
  if (index < PRODUCERS) {
    for (size_t i = 0; i < EACH; i++)
      if (!akin_queue_push(t->q, &t->things[index * EACH + i])) return;
    if (atomic_fetch_sub(&t->producing, 1) == 1) akin_queue_close(t->q);
    return;
  }
  for (;;) {
    const int got = index % 2 ? akin_queue_pop(t->q, &item) : akin_queue_pop_timed(t->q, &item, 1);
    if (got < 0 || (index % 2 && got == 0)) return;
    if (got) atomic_fetch_add(&t->seen[(unsigned char *)item - t->things], 1);
  }
}

static void no_item_is_lost_or_doubled(void **state) {
  (void)state;
  static const size_t bounds[] = {1, 2, 7, 1000};
  akin_error err;
  for (size_t round = 0; round < sizeof bounds / sizeof bounds[0]; round++) {
    traffic *t = akin_calloc(1, sizeof *t);
    assert_non_null(t);
    atomic_store(&t->producing, PRODUCERS);
    testing_ok(akin_queue_new(&t->q, bounds[round], &err), &err);
    testing_ok(akin_threads_run(PRODUCERS + CONSUMERS, produce_or_consume, t, &err), &err);
    for (size_t i = 0; i < PRODUCERS * EACH; i++)
      assert_int_equal(atomic_load(&t->seen[i]), 1);
    akin_queue_free(t->q);
    akin_free(t);
  }
}

typedef struct blocked {
  akin_queue *full, *empty;
  atomic_int pushed, popped; /* calls that came back with false */
} blocked;

static void block_on_both(void *context, unsigned index) {
  blocked *b = context;
  void *item = NULL;
  if (index % 2) {
    if (!akin_queue_push(b->full, b)) atomic_fetch_add(&b->pushed, 1);
  } else if (!akin_queue_pop(b->empty, &item)) {
    atomic_fetch_add(&b->popped, 1);
  }
}

static void closing_wakes_everybody(void **state) {
  (void)state;
  akin_error err;
  akin_threads *t = NULL;
  blocked b = {0};
  void *item = NULL;
  testing_ok(akin_queue_new(&b.full, 1, &err), &err);
  testing_ok(akin_queue_new(&b.empty, 1, &err), &err);
  assert_true(akin_queue_push(b.full, &b));
  testing_ok(akin_threads_start(&t, 8, block_on_both, &b, &err), &err);
  usleep(30000);
  assert_int_equal(atomic_load(&b.pushed) + atomic_load(&b.popped), 0); /* all wait */
  akin_queue_close(b.full);
  akin_queue_close(b.empty);
  akin_threads_join(t);
  assert_int_equal(atomic_load(&b.pushed), 4);
  assert_int_equal(atomic_load(&b.popped), 4);
  assert_true(akin_queue_pop(b.full, &item));
  assert_ptr_equal(item, &b);
  akin_queue_free(b.full);
  akin_queue_free(b.empty);
}

static akin_status threads_once(void *context) {
  counters c = {0};
  akin_error err;
  akin_threads *t = NULL;
  (void)context;
  akin_status status = akin_threads_run(3, count_run, &c, &err);
  if (status == AKIN_OK) check_runs(&c, 3);
  if (status != AKIN_OK) check_runs(&c, 0); /* an error means that nothing ran */
  if (status == AKIN_OK) status = akin_threads_start(&t, 3, count_run, &c, &err);
  akin_threads_join(t);
  return status;
}

static void threads_without_memory(void **state) {
  (void)state;
  assert_int_equal(testing_fail_allocations(threads_once, NULL, true), 2);
}

/* Two numbers under a lock each, that would lose counts without. */
typedef struct locked {
  akin_locks *locks;
  size_t numbers[2];
} locked;

static void count_locked(void *context, unsigned index) {
  locked *l = context;
  for (size_t i = 0; i < 20000; i++) {
    const size_t at = (i + index) % 2;
    akin_locks_take(l->locks, at);
    l->numbers[at]++;
    akin_locks_give(l->locks, at);
  }
}

static void a_lock_is_held_by_one(void **state) {
  (void)state;
  locked l = {0};
  akin_error err;
  testing_ok(akin_locks_new(&l.locks, 2, &err), &err);
  testing_ok(akin_threads_run(4, count_locked, &l, &err), &err);
  assert_int_equal(l.numbers[0], 40000);
  assert_int_equal(l.numbers[1], 40000);
  akin_locks_free(l.locks);
  l.locks = TESTING_POISON;
  testing_expect(akin_locks_new(&l.locks, SIZE_MAX / 8, &err), AKIN_ERROR_MEMORY, &err);
  assert_null(l.locks);
  akin_locks_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(work_is_not_lost_without_threads), /* first: see run_without_threads */
      cmocka_unit_test(cores_follow_the_affinity),        cmocka_unit_test(every_index_runs_once),
      cmocka_unit_test(started_threads_run_until_joined), cmocka_unit_test(indices_run_at_the_same_time),
      cmocka_unit_test(our_threads_take_no_signals),      cmocka_unit_test(items_come_in_order),
      cmocka_unit_test(a_closed_queue_gives_what_it_has), cmocka_unit_test(a_timed_pop_waits_its_time),
      cmocka_unit_test(a_timed_pop_waits_for_half),       cmocka_unit_test(queues_that_cannot_be),
      cmocka_unit_test(no_item_is_lost_or_doubled),       cmocka_unit_test(closing_wakes_everybody),
      cmocka_unit_test(threads_without_memory),           cmocka_unit_test(a_lock_is_held_by_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
