/*
 * test_vectors.c - the vectors cache as its users see it: what went in comes out, in this handle and in others, removed
 * rows stay away, and the file is written anew when too much of it is dead. Damage is test_vectors_damage.c's business,
 * other processes test_vectors_shared.c's.
 */
#include "cache.h"

#include <sys/stat.h>

static void a_new_cache_is_empty_and_writes_nothing(void **state) {
  char *path = testing_path(*state, "new.vec");
  bool rebuilt = true;
  const float *rows = NULL;
  const uint64_t *ids = NULL;
  size_t stride = 0;
  akin_vectors *v = cache_open(path, 5, true, &rebuilt);
  cache_model empty = {0};
  assert_false(rebuilt);
  assert_true(cache_matches(v, &empty));
  assert_int_equal(akin_vectors_run(v, 0, &rows, &stride, &ids), 0);
  testing_ok(cache_append(v, 1, NULL), NULL);
  akin_vectors_close(v);
  assert_false(akin_file_exists(path));
  akin_free(path);
}

static void what_was_committed_comes_back(void **state) {
  static const uint32_t dims[] = {1, 7, 16, 17, 1280, 4096};
  bool rebuilt = true;
  for (size_t d = 0; d < sizeof dims / sizeof dims[0]; d++) {
    char *path = testing_path(*state, "round.vec");
    cache_model m = {0};
    akin_vectors *v = cache_open(path, dims[d], true, &rebuilt);
    for (uint64_t id = 1, generation = 10; generation <= 40; generation += 10) {
      for (uint64_t end = id + generation; id < end; id++)
        cache_put(v, &m, CACHE_IDS - id);
      cache_commit(v, &m, generation);
      assert_true(cache_matches(v, &m));
      assert_true(cache_file_matches(path, dims[d], &m, &rebuilt));
      assert_false(rebuilt);
    }
    testing_ok(akin_vectors_verify(v, NULL), NULL);
    akin_vectors_close(v);
    assert_int_equal(unlink(path), 0);
    akin_free(path);
  }
}

static void uncommitted_rows_are_this_handles_alone(void **state) {
  char *path = testing_path(*state, "pending.vec");
  bool rebuilt = true;
  cache_model m = {0};
  akin_vectors *v = cache_open(path, 9, true, &rebuilt);
  cache_put(v, &m, 3);
  cache_commit(v, &m, 1);
  cache_model committed = m;
  cache_put(v, &m, 4);
  cache_take(v, &m, 3);
  assert_true(cache_matches(v, &m));
  assert_true(cache_file_matches(path, 9, &committed, &rebuilt));
  akin_vectors_close(v);
  assert_true(cache_file_matches(path, 9, &committed, &rebuilt));
  assert_false(rebuilt);
  akin_free(path);
}

static void an_id_is_appended_once(void **state) {
  char *path = testing_path(*state, "twice.vec");
  bool rebuilt = true;
  akin_error err;
  cache_model m = {0};
  akin_vectors *v = cache_open(path, 3, true, &rebuilt);
  testing_expect(cache_append(v, 0, &err), AKIN_ERROR_USAGE, &err);
  cache_put(v, &m, 7);
  testing_expect(cache_append(v, 7, &err), AKIN_ERROR_USAGE, &err);
  testing_says(&err, "id 7");
  cache_commit(v, &m, 1);
  testing_expect(cache_append(v, 7, &err), AKIN_ERROR_USAGE, &err);
  assert_true(cache_matches(v, &m));
  akin_vectors_close(v);
  akin_free(path);
}

static void commits_that_change_nothing_write_nothing(void **state) {
  char *path = testing_path(*state, "same.vec");
  bool rebuilt = true;
  cache_model m = {0};
  akin_file_facts before, after;
  akin_vectors *v = cache_open(path, 3, true, &rebuilt);
  cache_put(v, &m, 7);
  cache_commit(v, &m, 5);
  testing_ok(akin_file_facts_of(&before, path, NULL), NULL);
  cache_commit(v, &m, 5);
  testing_ok(akin_file_facts_of(&after, path, NULL), NULL);
  assert_true(before.mtime_ns == after.mtime_ns && before.size == after.size && before.inode == after.inode);
  cache_commit(v, &m, 6); /* a generation in which nothing of this model changed */
  akin_vectors_close(v);
  assert_true(cache_file_matches(path, 3, &m, &rebuilt));
  akin_free(path);
}

static void a_handle_that_may_not_write_keeps_all_in_memory(void **state) {
  char *path = testing_path(*state, "memory.vec");
  bool rebuilt = true;
  size_t before_size = 0, after_size = 0;
  cache_model m = {0};
  akin_vectors *v = cache_open(path, 6, true, &rebuilt);
  for (uint64_t id = 1; id <= 10; id++)
    cache_put(v, &m, id);
  cache_commit(v, &m, 1);
  akin_vectors_close(v);
  char *before = testing_read(path, &before_size);
  cache_model committed = m;

  v = cache_open(path, 6, false, &rebuilt);
  cache_take(v, &m, 2);
  for (uint64_t id = 11; id <= 200; id++)
    cache_put(v, &m, id);
  cache_take(v, &m, 150);
  cache_commit(v, &m, 9);
  assert_true(cache_matches(v, &m));
  cache_put(v, &m, 300);
  assert_true(cache_matches(v, &m));
  testing_ok(akin_vectors_verify(v, NULL), NULL);
  akin_vectors_close(v);

  char *after = testing_read(path, &after_size);
  assert_int_equal(before_size, after_size);
  assert_memory_equal(before, after, before_size);
  assert_true(cache_file_matches(path, 6, &committed, &rebuilt));
  akin_free(after);
  akin_free(before);
  akin_free(path);
}

static void dead_rows_leave_the_file(void **state) {
  char *path = testing_path(*state, "compact.vec");
  bool rebuilt = true;
  cache_model m = {0};
  akin_file_facts full, kept, compact;
  akin_vectors *v = cache_open(path, 256, true, &rebuilt);
  for (uint64_t id = 1; id <= 100; id++)
    cache_put(v, &m, id);
  cache_commit(v, &m, 1);
  testing_ok(akin_file_facts_of(&full, path, NULL), NULL);
  akin_vectors *old_reader = cache_open(path, 256, false, &rebuilt);
  const cache_model old = m;

  for (uint64_t id = 1; id <= 25; id++) /* a quarter: still appended to */
    cache_take(v, &m, id);
  cache_commit(v, &m, 2);
  testing_ok(akin_file_facts_of(&kept, path, NULL), NULL);
  assert_true(kept.inode == full.inode && kept.size > full.size);

  cache_take(v, &m, 60);
  cache_put(v, &m, 400);
  cache_commit(v, &m, 3);
  testing_ok(akin_file_facts_of(&compact, path, NULL), NULL);
  assert_true(compact.inode != full.inode && compact.size < full.size);
  assert_true(cache_matches(v, &m));
  cache_put(v, &m, 401); /* and goes on as before */
  cache_commit(v, &m, 4);
  assert_true(cache_file_matches(path, 256, &m, &rebuilt));
  assert_false(rebuilt);
  assert_true(cache_matches(old_reader, &old));
  akin_vectors_close(old_reader);
  akin_vectors_close(v);
  akin_free(path);
}

/* ---- any order of calls against the model ---- */

/* One of the calls, on the handle and on the model; sometimes the handle is closed and opened again. */
static void step(akin_vectors **v, cache_model *m, cache_model *committed, seeded *random, const char *path) {
  bool rebuilt = true;
  uint64_t id = 1 + seeded_below(random, CACHE_IDS - 1);
  switch (seeded_below(random, 10)) {
  case 0:
    cache_commit(*v, m, m->generation + 1);
    *committed = *m;
    assert_true(cache_matches(*v, m));
    break;
  case 1:
    akin_vectors_close(*v);
    *v = cache_open(path, 19, true, &rebuilt);
    assert_false(rebuilt);
    *m = *committed;
    assert_true(cache_matches(*v, m));
    break;
  case 2:
  case 3:
  case 4:
    cache_take(*v, m, id);
    break;
  default:
    if (!m->has[id]) cache_put(*v, m, id);
  }
}

static void any_order_of_calls_keeps_to_the_model(void **state) {
  char *path = testing_path(*state, "any.vec");
  bool rebuilt = true;
  seeded random = {11};
  cache_model m = {0}, committed = m;
  akin_vectors *v = cache_open(path, 19, true, &rebuilt);
  for (int i = 0; i < 3000; i++)
    step(&v, &m, &committed, &random, path);
  assert_true(cache_matches(v, &m));
  akin_vectors_close(v);
  akin_free(path);
}

/* ---- what the system refuses ---- */

static void a_missing_folder_fails_the_commit_alone(void **state) {
  char *path = testing_path(*state, "nowhere/cache.vec");
  bool rebuilt = true;
  akin_error err;
  cache_model m = {0};
  akin_vectors *v = cache_open(path, 4, true, &rebuilt);
  assert_false(rebuilt);
  cache_put(v, &m, 1);
  testing_expect(akin_vectors_commit(v, 1, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, "cache.vec");
  assert_true(cache_matches(v, &m));
  akin_vectors_close(v);
  akin_free(path);
}

/* As root every folder can be written, so the test is somebody else for a while. */
static void a_folder_that_cannot_be_written(void **state) {
  const char *folder = *state;
  char *path = testing_path(folder, "readonly.vec");
  const uid_t user = geteuid();
  bool rebuilt = true;
  akin_error err;
  cache_model m = {0};
  akin_vectors *v = cache_open(path, 4, true, &rebuilt);
  cache_put(v, &m, 1);
  cache_commit(v, &m, 1);
  akin_vectors_close(v);
  assert_int_equal(chmod(path, 0444), 0);
  assert_int_equal(chmod(folder, 0555), 0);
  if (user == 0) assert_int_equal(seteuid(65534), 0);

  v = cache_open(path, 4, true, &rebuilt);
  assert_false(rebuilt);
  const cache_model committed = m;
  cache_put(v, &m, 2);
  const akin_status refused = akin_vectors_commit(v, 2, &err);
  assert_true(cache_matches(v, &m));
  akin_vectors_close(v);
  const bool kept = cache_file_matches(path, 4, &committed, &rebuilt);

  if (user == 0) assert_int_equal(seteuid(user), 0);
  assert_int_equal(chmod(folder, 0755), 0);
  testing_expect(refused, AKIN_ERROR_IO, &err);
  testing_says(&err, "readonly.vec");
  assert_true(kept);
  akin_free(path);
}

/* ---- allocations ---- */

/* Everything that allocates, on a fresh file. A lookup without memory for its index is slow, not wrong. */
static akin_status work_on_a_cache(const char *path, akin_error *err) {
  akin_vectors_key key = cache_key(40);
  akin_vectors *v = NULL;
  bool rebuilt = false;
  (void)unlink(path);
  akin_status status = akin_vectors_open(&v, path, &key, true, &rebuilt, err);
  for (uint64_t id = 1; !status && id <= 100; id++)
    status = cache_append(v, id, err);
  if (!status) status = akin_vectors_commit(v, 1, err);
  for (uint64_t id = 1; !status && id <= 10; id++)
    status = akin_vectors_remove(v, id, err);
  for (uint64_t id = 101; !status && id <= 103; id++)
    status = cache_append(v, id, err);
  if (!status) status = akin_vectors_commit(v, 2, err);
  akin_vectors_close(v);
  v = NULL;
  if (!status) status = akin_vectors_open(&v, path, &key, false, &rebuilt, err);
  if (!status) {
    assert_int_equal(akin_vectors_live(v), 93);
    assert_null(akin_vectors_find(v, 10));
    assert_true(cache_row_is(akin_vectors_find(v, 11), 11, 40));
    assert_true(cache_row_is(akin_vectors_find(v, 103), 103, 40));
  }
  akin_vectors_close(v);
  return status;
}

static void every_failed_allocation_is_reported_or_got_over(void **state) {
  char *path = testing_path(*state, "starved.vec");
  for (int once = 0; once < 2; once++) {
    uint64_t nth = 0, failed = 0;
    bool reached = true;
    while (reached) {
      akin_error err;
      akin_memory_fail_at(++nth, once);
      const akin_status status = work_on_a_cache(path, &err);
      reached = akin_memory_count() >= nth;
      akin_memory_fail_at(0, false);
      assert_true(status == AKIN_OK || status == AKIN_ERROR_MEMORY);
      failed += status == AKIN_ERROR_MEMORY;
    }
    assert_true(failed > 20);
  }
  akin_free(path);
}

static void impossible_dims_are_refused(void **state) {
  char *path = testing_path(*state, "dim.vec");
  static const uint32_t dims[] = {0, (1u << 24) + 1, UINT32_MAX};
  akin_error err;
  for (size_t i = 0; i < 3; i++) {
    akin_vectors_key key = cache_key(dims[i]);
    akin_vectors *v = TESTING_POISON;
    bool rebuilt = true;
    testing_expect(akin_vectors_open(&v, path, &key, true, &rebuilt, &err), AKIN_ERROR_USAGE, &err);
    assert_null(v);
  }
  akin_vectors_close(NULL);
  akin_free(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IN_FOLDER(a_new_cache_is_empty_and_writes_nothing),
      IN_FOLDER(what_was_committed_comes_back),
      IN_FOLDER(uncommitted_rows_are_this_handles_alone),
      IN_FOLDER(an_id_is_appended_once),
      IN_FOLDER(commits_that_change_nothing_write_nothing),
      IN_FOLDER(a_handle_that_may_not_write_keeps_all_in_memory),
      IN_FOLDER(dead_rows_leave_the_file),
      IN_FOLDER(any_order_of_calls_keeps_to_the_model),
      IN_FOLDER(a_missing_folder_fails_the_commit_alone),
      IN_FOLDER(a_folder_that_cannot_be_written),
      IN_FOLDER(every_failed_allocation_is_reported_or_got_over),
      IN_FOLDER(impossible_dims_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
