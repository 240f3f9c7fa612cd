/*
 * cache.h - what the tests of the vectors cache share: rows that follow from their ids, a model of what a cache must
 * hold, and the comparison of the two.
 */
#ifndef AKIN_TESTS_UNIT_SEARCH_CACHE_H
#define AKIN_TESTS_UNIT_SEARCH_CACHE_H

#include "seeded.h"

#include "search/search.h"

#define CACHE_IDS 512 /* ids are below this */

/* As cmocka_unit_test_setup: the folder is in memory where the system has such a place, because these tests sync their
 * files thousands of times. */
TESTING int cache_setup(void **state) {
  if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 0);
  return testing_setup(state);
}
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, cache_setup, testing_teardown)

/* What a cache must hold at a generation. */
typedef struct cache_model {
  uint64_t generation;
  size_t live;
  bool has[CACHE_IDS];
} cache_model;

TESTING akin_vectors_key cache_key(uint32_t dim) {
  return (akin_vectors_key){"0123456789abcdef fingerprint", dim, UINT64_C(0xFEDCBA9876543210)};
}

/* Value j of the row of an id: another one for each of both, so that a row in a wrong place is seen. */
TESTING float cache_value(uint64_t id, size_t j) {
  return (float)id + (float)j / 8192;
}

TESTING akin_status cache_append(akin_vectors *v, uint64_t id, akin_error *err) {
  float row[4096];
  for (size_t j = 0; j < akin_vectors_dim(v); j++)
    row[j] = cache_value(id, j);
  return akin_vectors_append(v, id, row, err);
}

/* Opens; the test fails when that fails. */
TESTING akin_vectors *cache_open(const char *path, uint32_t dim, bool writable, bool *rebuilt) {
  akin_vectors_key key = cache_key(dim);
  akin_vectors *v = TESTING_POISON;
  akin_error err;
  testing_ok(akin_vectors_open(&v, path, &key, writable, rebuilt, &err), &err);
  assert_non_null(v);
  assert_int_equal(akin_vectors_dim(v), dim);
  return v;
}

TESTING void cache_put(akin_vectors *v, cache_model *m, uint64_t id) {
  akin_error err;
  testing_ok(cache_append(v, id, &err), &err);
  m->live += !m->has[id];
  m->has[id] = true;
}

TESTING void cache_take(akin_vectors *v, cache_model *m, uint64_t id) {
  akin_error err;
  testing_ok(akin_vectors_remove(v, id, &err), &err);
  m->live -= m->has[id];
  m->has[id] = false;
}

TESTING void cache_commit(akin_vectors *v, cache_model *m, uint64_t generation) {
  akin_error err;
  testing_ok(akin_vectors_commit(v, generation, &err), &err);
  m->generation = generation;
}

TESTING bool cache_row_is(const float *row, uint64_t id, size_t dim) {
  for (size_t j = 0; j < dim; j++)
    if (row[j] != cache_value(id, j)) return false;
  return true;
}

/* Every live id of the runs, once, with its row. */
TESTING bool cache_runs_match(const akin_vectors *v, const cache_model *m) {
  bool seen[CACHE_IDS] = {false};
  const float *rows = NULL;
  const uint64_t *ids = NULL;
  size_t stride = 0, live = 0, dim = akin_vectors_dim(v);
  for (size_t r = 0, n; (n = akin_vectors_run(v, r, &rows, &stride, &ids)) > 0; r++)
    for (size_t i = 0; i < n; i++) {
      const float *row = rows + i * stride;
      if ((uintptr_t)row % 64 != 0) return false;
      if (ids[i] == 0) continue;
      if (ids[i] >= CACHE_IDS || !m->has[ids[i]] || seen[ids[i]] || !cache_row_is(row, ids[i], dim)) return false;
      seen[ids[i]] = true;
      live++;
    }
  return live == m->live;
}

TESTING bool cache_matches(const akin_vectors *v, const cache_model *m) {
  if (akin_vectors_generation(v) != m->generation || akin_vectors_live(v) != m->live) return false;
  for (uint64_t id = 0; id < CACHE_IDS; id++) {
    const float *row = akin_vectors_find(v, id);
    if ((row != NULL) != m->has[id] || (row && !cache_row_is(row, id, akin_vectors_dim(v)))) return false;
  }
  return cache_runs_match(v, m);
}

/* Opens the file for reading, compares, closes. */
TESTING bool cache_file_matches(const char *path, uint32_t dim, const cache_model *m, bool *rebuilt) {
  akin_vectors *v = cache_open(path, dim, false, rebuilt);
  bool same = cache_matches(v, m);
  akin_vectors_close(v);
  return same;
}

#endif
