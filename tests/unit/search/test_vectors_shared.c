/*
 * test_vectors_shared.c - one writer appends, removes and writes the file anew, while readers in other processes and
 * other threads open it again and again: each sees a state that was committed, whole. And a writer that is killed at
 * any time leaves one.
 */
#include "cache.h"

#include "base/thread.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

#define DIM         40
#define GENERATIONS 60

/* After generation g: ids 1 … 5 g, but of those up to 5 (g - 4) only every fifth. So old rows die, and the file is
 * written anew now and then. */
static bool shared_has(uint64_t id, uint64_t generation) {
  if (id == 0 || id > 5 * generation) return false;
  return generation < 4 || id > 5 * (generation - 4) || id % 5 == 0;
}

static cache_model shared_model(uint64_t generation) {
  cache_model m = {.generation = generation};
  for (uint64_t id = 1; id < CACHE_IDS; id++) {
    m.has[id] = shared_has(id, generation);
    m.live += m.has[id];
  }
  return m;
}

static akin_status shared_advance(akin_vectors *v, akin_error *err) {
  const uint64_t next = akin_vectors_generation(v) + 1;
  akin_status status = AKIN_OK;
  for (uint64_t id = 1; !status && id <= 5 * next; id++) {
    const bool before = shared_has(id, next - 1), after = shared_has(id, next);
    if (after && !before) status = cache_append(v, id, err);
    if (before && !after) status = akin_vectors_remove(v, id, err);
  }
  return status ? status : akin_vectors_commit(v, next, err);
}

/* Without cmocka, for threads and children: is what the file has now a state of shared_model, and not before `oldest`?
 * *oldest becomes its generation. */
static bool shared_look(const char *path, uint64_t *oldest) {
  akin_vectors_key key = cache_key(DIM);
  akin_vectors *v = NULL;
  bool rebuilt = false, good = false;
  if (!akin_vectors_open(&v, path, &key, false, &rebuilt, NULL)) {
    const cache_model m = shared_model(akin_vectors_generation(v));
    good = !rebuilt && m.generation >= *oldest && m.generation <= GENERATIONS && cache_matches(v, &m);
    *oldest = m.generation;
  }
  akin_vectors_close(v);
  return good;
}

/* Looks until the last generation is there; what the file had at first must stay as it was to the end. */
static bool shared_watch(const char *path) {
  akin_vectors_key key = cache_key(DIM);
  akin_vectors *first = NULL;
  bool rebuilt = false, good = true;
  uint64_t generation = 0;
  if (akin_vectors_open(&first, path, &key, false, &rebuilt, NULL)) return false;
  const cache_model m = shared_model(akin_vectors_generation(first));
  while (good && generation < GENERATIONS)
    good = shared_look(path, &generation) && cache_matches(first, &m);
  akin_vectors_close(first);
  return good;
}

static void shared_write(const char *path) {
  bool rebuilt = true;
  akin_error err;
  akin_file_facts facts = {0};
  size_t anew = 0;
  akin_vectors *v = cache_open(path, DIM, true, &rebuilt);
  while (akin_vectors_generation(v) < GENERATIONS) {
    const uint64_t size = facts.size;
    testing_ok(shared_advance(v, &err), &err);
    testing_ok(akin_file_facts_of(&facts, path, &err), &err);
    anew += facts.size < size;
  }
  assert_true(anew > 0); /* the file was also replaced */
  akin_vectors_close(v);
}

static void other_processes_read_while_one_writes(void **state) {
  enum { READERS = 2 };
  char *path = testing_path(*state, "processes.vec");
  pid_t readers[READERS];
  for (int i = 0; i < READERS; i++) {
    readers[i] = fork();
    assert_true(readers[i] >= 0);
    if (readers[i] == 0) {
      alarm(60);
      _exit(shared_watch(path) ? 0 : 1);
    }
  }
  shared_write(path);
  for (int i = 0; i < READERS; i++) {
    int result = -1;
    assert_int_equal(waitpid(readers[i], &result, 0), readers[i]);
    assert_int_equal(result, 0);
  }
  akin_free(path);
}

typedef struct shared_threads {
  const char *path;
  atomic_int good;
} shared_threads;

static void shared_thread(void *context, unsigned index) {
  shared_threads *t = context;
  (void)index;
  if (shared_watch(t->path)) atomic_fetch_add(&t->good, 1);
}

static void other_threads_read_while_one_writes(void **state) {
  char *path = testing_path(*state, "threads.vec");
  shared_threads t = {path, 0};
  akin_threads *threads = NULL;
  akin_error err;
  testing_ok(akin_threads_start(&threads, 2, shared_thread, &t, &err), &err);
  shared_write(path);
  akin_threads_join(threads);
  assert_int_equal(atomic_load(&t.good), 2);
  akin_free(path);
}

/* Several threads ask one handle that nobody changes. */
typedef struct shared_question {
  akin_vectors *v;
  atomic_int good;
} shared_question;

static void shared_ask(void *context, unsigned index) {
  shared_question *q = context;
  float query[DIM] = {0};
  query[index % DIM] = 1;
  for (int i = 0; i < 20; i++) {
    akin_scored *got = NULL;
    size_t count = 0;
    if (!akin_search_best(&got, &count, q->v, query, 3, NULL, NULL, NULL) && count >= 3) atomic_fetch_add(&q->good, 1);
    akin_free(got);
  }
}

static void threads_search_one_handle(void **state) {
  char *path = testing_path(*state, "one.vec");
  bool rebuilt = true;
  akin_error err;
  shared_write(path);
  shared_question q = {cache_open(path, DIM, false, &rebuilt), 0};
  testing_ok(akin_threads_run(3, shared_ask, &q, &err), &err);
  assert_int_equal(atomic_load(&q.good), 60);
  akin_vectors_close(q.v);
  akin_free(path);
}

/* ---- killed ---- */

/* A child writes until it is killed, after `microseconds`. Returns whether it was still at work. */
static bool shared_kill_writer(const char *path, long microseconds) {
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    akin_vectors_key key = cache_key(DIM);
    akin_vectors *v = NULL;
    bool rebuilt = false;
    akin_status status = akin_vectors_open(&v, path, &key, true, &rebuilt, NULL);
    while (!status && akin_vectors_generation(v) < GENERATIONS)
      status = shared_advance(v, NULL);
    _exit(status ? 1 : 0);
  }
  const struct timespec wait = {microseconds / 1000000, microseconds % 1000000 * 1000};
  nanosleep(&wait, NULL);
  int result = 0;
  kill(child, SIGKILL);
  assert_int_equal(waitpid(child, &result, 0), child);
  if (WIFEXITED(result)) assert_int_equal(WEXITSTATUS(result), 0);
  return WIFSIGNALED(result);
}

static void a_killed_writer_leaves_a_committed_state(void **state) {
  char *path = testing_path(*state, "killed.vec");
  seeded random = {41};
  size_t killed = 0;
  for (int round = 0; round < 24; round++) {
    uint64_t generation = 0;
    long patience = 2000;
    bool working = true;
    (void)unlink(path);
    while (working) {
      working = shared_kill_writer(path, (long)seeded_below(&random, (size_t)patience));
      killed += working;
      assert_true(shared_look(path, &generation));
      if (round % 4 != 0) break; /* some go on until the end, from kill to kill, however slow the machine is */
      patience *= 2;
    }
  }
  assert_true(killed > 5);
  akin_free(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IN_FOLDER(other_processes_read_while_one_writes),
      IN_FOLDER(other_threads_read_while_one_writes),
      IN_FOLDER(threads_search_one_handle),
      IN_FOLDER(a_killed_writer_leaves_a_committed_state),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
