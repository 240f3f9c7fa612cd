/* test_close.c - all pairs above a threshold: exactly those of one score after the other, with every number of threads.
 */
#include "seeded.h"

#include "search/close.h"
#include "search/search.h"
#include "search/tiles.h"

#define DIM 37

typedef struct table {
  float *values;
  const float **rows;
  size_t n;
} table;

/* Unit vectors around a few centres, so that some are close; some are the same. */
static table table_make(size_t n, uint64_t seed) {
  seeded s = {seed};
  table t = {seeded_floats(n * DIM), akin_realloc_array(NULL, n + 1, sizeof(float *)), n};
  float centre[DIM] = {0};
  assert_non_null(t.rows);
  for (size_t i = 0; i < n; i++) {
    float *row = t.values + i * DIM;
    akin_error err;
    if (i % 7 == 0) seeded_unit(&s, centre, DIM);
    seeded_unit(&s, row, DIM);
    for (size_t k = 0; k < DIM; k++)
      row[k] = i % 11 == 3 ? centre[k] : centre[k] + 0.9f * row[k];
    testing_ok(akin_search_normalise(row, DIM, &err), &err);
    t.rows[i] = row;
  }
  return t;
}

static void table_free(table *t) {
  akin_free(t->values);
  akin_free(t->rows);
}

static akin_close_options options_of(const table *t, float threshold, unsigned threads) {
  return (akin_close_options){
      .rows = t->rows, .n = t->n, .dim = DIM, .threshold = threshold, .most = 1000000, .threads = threads};
}

static void check(const table *t, float threshold, unsigned threads) {
  const akin_close_options options = options_of(t, threshold, threads);
  akin_error err;
  akin_close_pair *pairs = TESTING_POISON;
  size_t count = 99, at = 0;
  testing_ok(akin_search_close(&pairs, &count, &options, &err), &err);
  for (uint32_t a = 0; a < t->n; a++)
    for (uint32_t b = a + 1; b < t->n; b++) {
      float score;
      akin_search_scores(&score, t->rows[a], t->rows[b], 1, DIM, DIM);
      if (!(score >= threshold)) continue;
      assert_true(at < count);
      assert_int_equal(pairs[at].a, a);
      assert_int_equal(pairs[at].b, b);
      assert_memory_equal(&pairs[at].score, &score, sizeof score);
      at++;
    }
  assert_int_equal(at, count);
  akin_free(pairs);
}

static void exactly_the_close_pairs(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 2, 191, 192, 193, 500};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    table t = table_make(sizes[i], 40 + i);
    check(&t, 0.7f, 1);
    check(&t, 0.7f, 3);
    check(&t, 1.0f, 2); /* equal rows score exactly 1 */
    check(&t, 1.1f, 2);
    table_free(&t);
  }
  table t = table_make(60, 9);
  check(&t, -1.0f, 2); /* all */
  float score;
  akin_search_scores(&score, t.rows[3], t.rows[40], 1, DIM, DIM);
  check(&t, score, 2); /* a score that is the threshold reaches it */
  table_free(&t);
}

static void every_set_of_kernels_agrees(void **state) {
  (void)state;
  static const char *const names[] = {"plain", "avx2", "avx512", "neon"};
  const char *chosen = akin_tile_kernels();
  table t = table_make(300, 5);
  for (size_t i = 0; i < 4; i++)
    if (akin_tile_use_kernels(names[i])) check(&t, 0.6f, 2);
  assert_true(akin_tile_use_kernels(chosen));
  table_free(&t);
}

static void too_many_are_refused(void **state) {
  (void)state;
  table t = table_make(400, 6);
  akin_close_options options = options_of(&t, -1.0f, 2);
  akin_error err;
  akin_close_pair *pairs = TESTING_POISON;
  size_t count = 99;
  options.most = 400 * 399 / 2 - 1;
  testing_expect(akin_search_close(&pairs, &count, &options, &err), AKIN_ERROR_LIMIT, &err);
  testing_says(&err, "more than 79799 pairs score -1.000");
  assert_null(pairs);
  assert_int_equal(count, 0);
  options.most++;
  testing_ok(akin_search_close(&pairs, &count, &options, &err), &err);
  assert_int_equal(count, 79800);
  akin_free(pairs);
  table_free(&t);
}

static bool stop_at_once(void *context) {
  ++*(int *)context;
  return true;
}

static void it_can_be_stopped(void **state) {
  (void)state;
  table t = table_make(1500, 7);
  akin_close_options options = options_of(&t, 0.5f, 1);
  akin_error err;
  akin_close_pair *pairs = TESTING_POISON;
  size_t count = 99;
  int asked = 0;
  options.stop = stop_at_once;
  options.context = &asked;
  testing_expect(akin_search_close(&pairs, &count, &options, &err), AKIN_ERROR_CANCELLED, &err);
  assert_int_equal(asked, 1);
  assert_null(pairs);
  table_free(&t);
}

static akin_status find_all(void *context) {
  const akin_close_options options = options_of(context, -1.0f, 1);
  akin_close_pair *pairs = NULL;
  size_t count = 0;
  akin_status status = akin_search_close(&pairs, &count, &options, NULL);
  akin_free(pairs);
  return status;
}

static void memory_may_be_short(void **state) {
  (void)state;
  table t = table_make(120, 8);
  assert_true(testing_fail_allocations(find_all, &t, true) >= 4);
  assert_true(testing_fail_allocations(find_all, &t, false) >= 4);
  table_free(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exactly_the_close_pairs), cmocka_unit_test(every_set_of_kernels_agrees),
      cmocka_unit_test(too_many_are_refused),    cmocka_unit_test(it_can_be_stopped),
      cmocka_unit_test(memory_may_be_short),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
