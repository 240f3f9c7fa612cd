/*
 * test_approximate.c - the graph against exact search: as many of the best as it says, with the same scores; changed,
 * saved, opened, and with every kind of damage refused.
 */
#include "cache.h"

#include "search/approximate.h"

#define DIM  48
#define ROWS 3000

typedef struct bench {
  char *folder, *path;
  float *rows; /* f32 [ROWS, DIM], of id 1 and so on */
  akin_vectors *vectors;
  akin_approximate *graph;
} bench;

/* Clusters of 30: centres, and around them. */
static void bench_rows(bench *b) {
  seeded s = {3};
  float centre[DIM] = {0};
  b->rows = seeded_floats(ROWS * DIM);
  for (size_t i = 0; i < ROWS; i++) {
    float *row = b->rows + i * DIM;
    if (i % 30 == 0) seeded_unit(&s, centre, DIM);
    seeded_unit(&s, row, DIM);
    for (size_t j = 0; j < DIM; j++)
      row[j] = centre[j] + 0.7f * row[j];
    testing_ok(akin_search_normalise(row, DIM, NULL), NULL);
  }
}

static void bench_add(bench *b, size_t first, size_t end) {
  akin_error err;
  for (size_t i = first; i < end; i++)
    testing_ok(akin_vectors_append(b->vectors, i + 1, b->rows + i * DIM, &err), &err);
}

static int bench_setup(void **state) {
  bench *b = akin_calloc(1, sizeof *b);
  bool rebuilt = true;
  assert_non_null(b);
  b->folder = testing_folder();
  b->path = testing_path(b->folder, "a.hnsw");
  char *cache = testing_path(b->folder, "a.vec");
  b->vectors = cache_open(cache, DIM, false, &rebuilt);
  akin_free(cache);
  bench_rows(b);
  *state = b;
  return 0;
}

static int bench_teardown(void **state) {
  bench *b = *state;
  akin_approximate_free(b->graph);
  akin_vectors_close(b->vectors);
  akin_free(b->rows);
  akin_free(b->path);
  testing_remove_folder(b->folder);
  akin_free(b);
  return 0;
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, bench_setup, bench_teardown)

static void bench_build(bench *b, akin_compact kind, unsigned threads) {
  akin_error err;
  akin_approximate_free(b->graph);
  b->graph = TESTING_POISON;
  testing_ok(akin_approximate_new(&b->graph, DIM, kind, false, &err), &err);
  testing_ok(akin_approximate_add_all(b->graph, b->vectors, threads, NULL, NULL, &err), &err);
  testing_ok(akin_approximate_measure(b->graph, b->vectors, threads, &err), &err);
}

static void bench_save(bench *b, uint64_t generation) {
  akin_error err;
  const akin_vectors_key key = cache_key(DIM);
  testing_ok(akin_approximate_save(b->graph, b->path, &key, generation, &err), &err);
}

static void bench_open(bench *b, bool writable, bool expected) {
  akin_error err;
  const akin_vectors_key key = cache_key(DIM);
  bool damaged = true;
  akin_approximate_free(b->graph);
  b->graph = TESTING_POISON;
  testing_ok(akin_approximate_open(&b->graph, b->path, &key, writable, &damaged, &err), &err);
  assert_int_equal(damaged, !expected);
  if (expected) assert_non_null(b->graph);
  if (!expected) assert_null(b->graph);
}

/* How many of the exact best 10 of every 7th row are found; scores must be the same to the bit, and in order. */
static double bench_recall(bench *b, bool (*skip)(void *context, uint64_t id)) {
  size_t found = 0, all = 0;
  for (size_t i = 0; i < ROWS; i += 7) {
    akin_scored *exact = NULL, *near = TESTING_POISON;
    size_t n = 0, m = 99;
    uint64_t self = i + 1;
    const akin_approximate_skip skipped = {skip, &self, 1};
    const float *row = b->rows + i * DIM;
    akin_error err;
    testing_ok(akin_search_best(&exact, &n, b->vectors, row, 10, skip, &self, &err), &err);
    testing_ok(akin_approximate_best(&near, &m, b->graph, b->vectors, row, 10, skip ? &skipped : NULL, &err), &err);
    assert_int_equal(m, n);
    for (size_t j = 0, k = 0; j < m; j++) {
      float score = 0;
      assert_true(j == 0 || near[j - 1].score >= near[j].score);
      akin_search_scores(&score, row, akin_vectors_find(b->vectors, near[j].id), 1, DIM, DIM);
      assert_true(score == near[j].score);
      while (k < n && exact[k].id != near[j].id)
        k++;
      found += k < n;
      if (k == n) k = 0;
    }
    all += n;
    akin_free(exact);
    akin_free(near);
  }
  return (double)found / (double)all;
}

static bool is_self(void *context, uint64_t id) {
  return *(const uint64_t *)context == id;
}

static void test_finds_what_exact_search_finds(void **state) {
  bench *b = *state;
  bench_add(b, 0, ROWS);
  for (akin_compact kind = 0; kind < AKIN_COMPACT_COUNT; kind++) {
    bench_build(b, kind, 2);
    const akin_approximate_facts *facts = akin_approximate_facts_of(b->graph);
    assert_int_equal(facts->sampled, 200);
    assert_true(facts->recall >= AKIN_APPROXIMATE_RECALL && facts->recall <= 1);
    assert_true(bench_recall(b, is_self) >= 0.97);
    assert_true(bench_recall(b, NULL) >= 0.97);
    bench_save(b, 7);
    bench_open(b, false, true);
    facts = akin_approximate_facts_of(b->graph);
    assert_int_equal(facts->kind, kind);
    assert_int_equal(facts->generation, 7);
    assert_int_equal(facts->features, ROWS);
    assert_true(bench_recall(b, is_self) >= 0.97);
  }
}

/* Rows go and others come: the file is changed, not made again, and knows those and only those. */
static void test_follows(void **state) {
  bench *b = *state;
  akin_error err;
  bench_add(b, 0, 2000);
  bench_build(b, AKIN_COMPACT_I8, 2);
  bench_save(b, 1);
  bench_open(b, true, true);
  for (uint64_t id = 1; id <= 300; id++) {
    testing_ok(akin_vectors_remove(b->vectors, id, &err), &err);
    testing_ok(akin_approximate_remove(b->graph, id, &err), &err);
  }
  testing_ok(akin_approximate_remove(b->graph, 123456, &err), &err);
  bench_add(b, 2000, ROWS);
  testing_ok(akin_approximate_add_all(b->graph, b->vectors, 2, NULL, NULL, &err), &err);
  testing_ok(akin_approximate_measure(b->graph, b->vectors, 2, &err), &err);
  bench_save(b, 2);
  bench_open(b, false, true);
  assert_int_equal(akin_approximate_facts_of(b->graph)->features, ROWS - 300);
  assert_true(bench_recall(b, is_self) >= 0.97);
}

/* A graph that is behind: what went is no hit, what came is one when it is said to be there. */
static void test_behind(void **state) {
  bench *b = *state;
  akin_error err;
  bench_add(b, 0, 2000);
  bench_build(b, AKIN_COMPACT_I8, 2);
  bench_save(b, 1);
  bench_open(b, false, true);
  for (uint64_t id = 1; id <= 5; id++)
    testing_ok(akin_vectors_remove(b->vectors, id, &err), &err);
  bench_add(b, 2000, ROWS);
  for (uint64_t id = 1991; id <= ROWS; id++) /* ten of them it has already */
    testing_ok(akin_approximate_extra(b->graph, id, &err), &err);
  assert_int_equal(akin_approximate_extra_count(b->graph), ROWS - 1990);
  assert_true(bench_recall(b, is_self) >= 0.97);
}

static bool never(void *context, uint64_t id) {
  (void)context;
  (void)id;
  return true;
}

static void test_edges(void **state) {
  bench *b = *state;
  akin_error err;
  akin_scored *best = TESTING_POISON;
  const akin_approximate_skip all = {never, NULL, SIZE_MAX};
  size_t count = 9;
  bench_build(b, AKIN_COMPACT_I8, 1); /* of nothing */
  assert_true(akin_approximate_facts_of(b->graph)->recall == 1);
  testing_ok(akin_approximate_best(&best, &count, b->graph, b->vectors, b->rows, 3, NULL, &err), &err);
  assert_int_equal(count, 0);
  akin_free(best);
  bench_add(b, 0, 3);
  bench_build(b, AKIN_COMPACT_I8, 64); /* more threads than rows */
  testing_ok(akin_approximate_best(&best, &count, b->graph, b->vectors, b->rows, SIZE_MAX, NULL, &err), &err);
  assert_int_equal(count, 3);
  assert_int_equal(best[0].id, 1);
  akin_free(best);
  testing_ok(akin_approximate_best(&best, &count, b->graph, b->vectors, b->rows, 3, &all, &err), &err);
  assert_int_equal(count, 0);
  akin_free(best);
  testing_expect(akin_approximate_best(&best, &count, b->graph, b->vectors, b->rows, 0, NULL, &err), AKIN_ERROR_USAGE,
                 &err);
  assert_null(best);
  akin_approximate *wide = TESTING_POISON;
  testing_expect(akin_approximate_new(&wide, 131073, AKIN_COMPACT_I8, false, &err), AKIN_ERROR_LIMIT, &err);
  assert_null(wide);
  assert_true(akin_approximate_possible(131072) && !akin_approximate_possible(131073) && !akin_approximate_possible(0));
}

static bool stop_at_once(void *context, uint64_t done, uint64_t total) {
  uint64_t *told = context;
  assert_true(done > 0 && done <= total && total == ROWS);
  (*told)++;
  return false;
}

static void test_stopped(void **state) {
  bench *b = *state;
  akin_error err;
  uint64_t told = 0;
  bench_add(b, 0, ROWS);
  testing_ok(akin_approximate_new(&b->graph, DIM, AKIN_COMPACT_I8, false, &err), &err);
  testing_expect(akin_approximate_add_all(b->graph, b->vectors, 2, stop_at_once, &told, &err), AKIN_ERROR_CANCELLED,
                 &err);
  assert_int_equal(told, 1);
}

/* The same questions and, with one thread, the same graph: the same figures. */
static void test_repeats(void **state) {
  bench *b = *state;
  akin_buffer first = AKIN_BUFFER_INIT(1u << 24), second = AKIN_BUFFER_INIT(1u << 24);
  bench_add(b, 0, 1000);
  for (int i = 0; i < 2; i++) {
    bench_build(b, AKIN_COMPACT_F16, 1);
    bench_save(b, 1);
    testing_ok(akin_file_read(i ? &second : &first, b->path, 1u << 24, NULL, NULL), NULL);
  }
  assert_int_equal(first.size, second.size);
  assert_memory_equal(first.data, second.data, first.size);
  akin_buffer_free(&first);
  akin_buffer_free(&second);
}

/* ---- files ---- */

static void write_file(const bench *b, const akin_buffer *bytes, size_t size) {
  testing_write(b->path, bytes->data, size);
}

static void test_damage_is_refused(void **state) {
  bench *b = *state;
  akin_buffer bytes = AKIN_BUFFER_INIT(1u << 24);
  akin_approximate_facts facts;
  const akin_vectors_key key = cache_key(DIM);
  bool found = false;
  seeded s = {17};
  bench_add(b, 0, 300);
  bench_build(b, AKIN_COMPACT_I8, 1);
  bench_save(b, 1);
  testing_ok(akin_file_read(&bytes, b->path, 1u << 24, NULL, NULL), NULL);
  for (size_t i = 0; i < 600; i++) {
    const size_t at = i < 128 ? i : seeded_below(&s, bytes.size);
    const char flip = (char)(1 << seeded_below(&s, 8));
    bytes.data[at] ^= flip;
    write_file(b, &bytes, bytes.size);
    bench_open(b, i % 2, false);
    testing_ok(akin_approximate_peek(&facts, &found, b->path, &key, NULL), NULL);
    assert_int_equal(found, at >= 128);
    bytes.data[at] ^= flip;
  }
  for (size_t i = 0; i < 200; i++) {
    write_file(b, &bytes, i < 130 ? i : seeded_below(&s, bytes.size));
    bench_open(b, false, false);
  }
  write_file(b, &bytes, bytes.size);
  bench_open(b, false, true);
  akin_buffer_free(&bytes);
}

static void test_other_keys_are_refused(void **state) {
  bench *b = *state;
  akin_vectors_key keys[] = {cache_key(DIM), cache_key(DIM), cache_key(DIM + 1)};
  akin_approximate_facts facts;
  akin_error err;
  bool damaged, found = true;
  keys[0].fingerprint = "another";
  keys[1].store_id++;
  bench_add(b, 0, 50);
  bench_build(b, AKIN_COMPACT_I8, 1);
  bench_save(b, 1);
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    akin_approximate *graph = TESTING_POISON;
    damaged = false;
    testing_ok(akin_approximate_open(&graph, b->path, &keys[i], false, &damaged, &err), &err);
    assert_true(damaged && !graph);
    testing_ok(akin_approximate_peek(&facts, &found, b->path, &keys[i], NULL), NULL);
    assert_false(found);
  }
  testing_ok(akin_file_remove(b->path, &err), &err);
  akin_approximate *graph = TESTING_POISON;
  damaged = true;
  testing_ok(akin_approximate_open(&graph, b->path, &keys[0], false, &damaged, &err), &err);
  assert_true(!damaged && !graph);
}

static void test_memory_runs_out(void **state) {
  bench *b = *state;
  const akin_vectors_key key = cache_key(DIM);
  bench_add(b, 0, 60);
  bench_build(b, AKIN_COMPACT_I8, 1);
  bench_save(b, 1);
  for (uint64_t nth = 1; nth < 200; nth++) {
    akin_approximate *graph = NULL;
    akin_scored *best = NULL;
    size_t count = 0;
    bool damaged = false;
    akin_memory_fail_at(nth, true);
    akin_status status = akin_approximate_open(&graph, b->path, &key, true, &damaged, NULL);
    if (!status && graph) status = akin_approximate_add_all(graph, b->vectors, 1, NULL, NULL, NULL);
    if (!status && graph) status = akin_approximate_measure(graph, b->vectors, 1, NULL);
    if (!status && graph) status = akin_approximate_save(graph, b->path, &key, 2, NULL);
    if (!status && graph) status = akin_approximate_best(&best, &count, graph, b->vectors, b->rows, 5, NULL, NULL);
    const bool reached = akin_memory_count() >= nth;
    akin_memory_fail_at(0, true);
    assert_true(status == AKIN_OK || status == AKIN_ERROR_MEMORY);
    if (status) assert_null(best);
    akin_free(best);
    akin_approximate_free(graph);
    if (!reached) return;
  }
  fail();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_BENCH(test_finds_what_exact_search_finds),
      WITH_BENCH(test_follows),
      WITH_BENCH(test_behind),
      WITH_BENCH(test_edges),
      WITH_BENCH(test_stopped),
      WITH_BENCH(test_repeats),
      WITH_BENCH(test_damage_is_refused),
      WITH_BENCH(test_other_keys_are_refused),
      WITH_BENCH(test_memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
