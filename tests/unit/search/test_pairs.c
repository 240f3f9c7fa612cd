/*
 * test_pairs.c - the best k of many questions at once against akin_search_best, one question after the other: the same
 * rows with the same bits, and all ties. Random rows, rows in clusters, rows of which many are equal; k below, at and
 * beyond the number of rows; all rows asked or some; one thread and several; by every set of kernels; stopped, and
 * without memory. In the clusters all rows are closer than coarse products can tell: they are asked twice.
 */
#include "seeded.h"

#include "search/pairs.h"
#include "search/search.h"
#include "search/tiles.h"

typedef struct pairs_case {
  size_t n, dim;
  float *values; /* f32 [n, dim] */
  const float **rows;
  akin_vectors *vectors; /* row i has the id i + 1 */
} pairs_case;

enum kind { RANDOM, CLUSTERS, COPIES, ALL_EQUAL };

/* Clusters: rows around a few centres. Copies: a third of the rows is one of three. */
static void make_rows(pairs_case *c, enum kind kind, seeded *random) {
  for (size_t i = 0; i < c->n; i++) {
    float *row = c->values + i * c->dim;
    seeded_unit(random, row, c->dim);
    if (kind == CLUSTERS && i > 6)
      for (size_t j = 0; j < c->dim; j++)
        row[j] = c->values[i % 7 * c->dim + j] + 0.01f * row[j];
    if (kind == CLUSTERS) testing_ok(akin_search_normalise(row, c->dim, NULL), NULL);
    const bool copy = kind == ALL_EQUAL || (kind == COPIES && i >= 3 && seeded_below(random, 3) == 0);
    if (copy && i > 0) memcpy(row, c->values + (kind == ALL_EQUAL ? 0 : i % 3) * c->dim, c->dim * sizeof *row);
  }
}

static pairs_case pairs_case_new(enum kind kind, size_t n, size_t dim) {
  seeded random = {71 + kind};
  pairs_case c = {.n = n, .dim = dim, .values = seeded_floats(n * dim), .rows = akin_calloc(n, sizeof(float *))};
  akin_vectors_key key = {"pairs", (uint32_t)dim, 1};
  bool rebuilt = false;
  akin_error err;
  assert_non_null(c.rows);
  make_rows(&c, kind, &random);
  testing_ok(akin_vectors_open(&c.vectors, "/nowhere/pairs.vec", &key, false, &rebuilt, &err), &err);
  for (size_t i = 0; i < n; i++) {
    c.rows[i] = c.values + i * dim;
    testing_ok(akin_vectors_append(c.vectors, i + 1, c.rows[i], &err), &err);
  }
  return c;
}

static void pairs_case_free(pairs_case *c) {
  akin_vectors_close(c->vectors);
  akin_free(c->values);
  akin_free(c->rows);
}

static bool is_row(void *context, uint64_t id) {
  return id == *(const uint64_t *)context;
}

static void check_row(const pairs_case *c, akin_pairs *pairs, uint32_t row, const akin_pairs_options *options) {
  akin_scored *want = NULL;
  const akin_pair *got = TESTING_POISON;
  size_t wanted = 0, count = 999;
  uint64_t id = row + (uint64_t)1;
  akin_error err;
  testing_ok(
      akin_search_best(&want, &wanted, c->vectors, c->rows[row], options->k, options->self ? NULL : is_row, &id, &err),
      &err);
  testing_ok(akin_pairs_best(pairs, row, &got, &count, &err), &err);
  if (count != wanted) fail_msg("n %zu, k %zu, row %u: %zu hits, %zu expected", c->n, options->k, row, count, wanted);
  for (size_t i = 0; i < count; i++)
    if (got[i].row + (uint64_t)1 != want[i].id || memcmp(&got[i].score, &want[i].score, sizeof got[i].score) != 0)
      fail_msg("n %zu, k %zu, row %u, place %zu: %u (%.9g), %u (%.9g) expected", c->n, options->k, row, i, got[i].row,
               (double)got[i].score, (unsigned)want[i].id - 1, (double)want[i].score);
  akin_free(want);
}

/* Asks for every `step`th row from `first` on. */
static void check_asked(const pairs_case *c, akin_pairs *pairs, const akin_pairs_options *options, size_t first,
                        size_t step) {
  uint32_t *asked = akin_calloc(c->n, sizeof *asked);
  size_t count = 0;
  akin_error err;
  assert_non_null(asked);
  for (size_t i = first; i < c->n; i += step)
    asked[count++] = (uint32_t)i;
  testing_ok(akin_pairs_ask(pairs, asked, count, &err), &err);
  for (size_t i = 0; i < count; i++)
    check_row(c, pairs, asked[i], options);
  akin_free(asked);
}

static void check_case(const pairs_case *c, size_t k, bool self, unsigned threads) {
  akin_pairs_options options = {.rows = c->rows, .n = c->n, .dim = c->dim, .k = k, .self = self, .threads = threads};
  akin_pairs *pairs = TESTING_POISON;
  akin_error err;
  testing_ok(akin_pairs_new(&pairs, &options, &err), &err);
  check_asked(c, pairs, &options, 0, 1);
  check_asked(c, pairs, &options, 5, 3);
  check_asked(c, pairs, &options, c->n, 1); /* nothing */
  check_asked(c, pairs, &options, 0, 1);
  akin_pairs_free(pairs);
}

static const size_t sizes[] = {1, 2, 3, 63, 64, 65, 97, 700};
static const size_t ks[] = {1, 2, 5, 30, 300, 699, 700, 100000, SIZE_MAX};

static void check_kind(enum kind kind, size_t dim) {
  for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
    pairs_case c = pairs_case_new(kind, sizes[s], dim);
    for (size_t i = 0; i < sizeof ks / sizeof ks[0]; i++) {
      if (kind == ALL_EQUAL && ks[i] > 30 && ks[i] < 700) continue;
      check_case(&c, ks[i], i % 2 == 0, 1 + (unsigned)(i + s) % 3);
    }
    pairs_case_free(&c);
  }
}

static void random_rows(void **state) {
  (void)state;
  check_kind(RANDOM, 40);
}

static void rows_in_clusters(void **state) {
  (void)state;
  check_kind(CLUSTERS, 300);
}

static void every_set_of_kernels(void **state) {
  (void)state;
  static const char *const names[] = {"plain", "neon", "avx2", "avx512", "avx512vnni"};
  const char *usual = akin_tile_kernels();
  size_t tried = 0;
  for (enum kind kind = RANDOM; kind <= COPIES; kind++) {
    pairs_case c = pairs_case_new(kind, 700, 67);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
      if (!akin_tile_use_kernels(names[i])) continue;
      tried++;
      check_case(&c, 10, false, 2);
      check_case(&c, 40, true, 1);
    }
    pairs_case_free(&c);
  }
  assert_true(tried >= 3);
  assert_true(akin_tile_use_kernels(usual));
}

static void many_equal_rows(void **state) {
  (void)state;
  check_kind(COPIES, 17);
}

static void all_rows_are_equal(void **state) {
  (void)state;
  check_kind(ALL_EQUAL, 9);
}

typedef struct stopping {
  size_t asked, stop_at;
} stopping;

static bool stop(void *context, double share) {
  stopping *s = context;
  assert_true(share >= 0 && share <= 1);
  return ++s->asked == s->stop_at;
}

static void it_can_be_stopped_and_asked_again(void **state) {
  (void)state;
  pairs_case c = pairs_case_new(RANDOM, 500, 20);
  stopping s = {0, 2};
  akin_pairs_options options = {
      .rows = c.rows, .n = c.n, .dim = c.dim, .k = 3, .threads = 1, .stop = stop, .context = &s};
  akin_pairs *pairs = NULL;
  uint32_t asked[2] = {1, 400};
  akin_error err;
  testing_ok(akin_pairs_new(&pairs, &options, &err), &err);
  testing_expect(akin_pairs_ask(pairs, asked, 2, &err), AKIN_ERROR_CANCELLED, &err);
  assert_int_equal(s.asked, 2);
  s = (stopping){0, 1}; /* before anything is done */
  testing_expect(akin_pairs_ask(pairs, asked, 2, &err), AKIN_ERROR_CANCELLED, &err);
  assert_int_equal(s.asked, 1);
  check_asked(&c, pairs, &options, 0, 7);
  akin_pairs_free(pairs);
  pairs_case_free(&c);
}

/* Rows of one cluster are asked again, so that there are more tiles than for random ones; and still a share. */
static void what_coarse_products_cannot_choose_is_asked_again(void **state) {
  (void)state;
  size_t asked[2] = {0, 0};
  for (enum kind kind = RANDOM; kind <= CLUSTERS; kind++) {
    pairs_case c = pairs_case_new(kind, 700, 300);
    stopping s = {0, 0};
    akin_pairs_options options = {
        .rows = c.rows, .n = c.n, .dim = c.dim, .k = 3, .threads = 1, .stop = stop, .context = &s};
    akin_pairs *pairs = NULL;
    akin_error err;
    testing_ok(akin_pairs_new(&pairs, &options, &err), &err);
    check_asked(&c, pairs, &options, 0, 1);
    asked[kind] = s.asked;
    akin_pairs_free(pairs);
    pairs_case_free(&c);
  }
  assert_int_equal(asked[CLUSTERS], akin_tile_has_coarse() ? 2 * asked[RANDOM] : asked[RANDOM]);
}

static void what_cannot_be_asked(void **state) {
  (void)state;
  const float row[1] = {1};
  const float *rows[1] = {row};
  akin_pairs_options options = {.rows = rows, .n = 1, .dim = 1, .threads = 1};
  akin_pairs *pairs = TESTING_POISON;
  akin_error err;
  testing_expect(akin_pairs_new(&pairs, &options, &err), AKIN_ERROR_USAGE, &err);
  assert_null(pairs);
  options.k = 1;
  options.n = (size_t)UINT32_MAX;
  pairs = TESTING_POISON;
  testing_expect(akin_pairs_new(&pairs, &options, &err), AKIN_ERROR_LIMIT, &err);
  assert_null(pairs);
}

static akin_status ask_all(void *context) {
  const pairs_case *c = context;
  akin_pairs_options options = {.rows = c->rows, .n = c->n, .dim = c->dim, .k = 2, .threads = 1};
  akin_pairs *pairs = NULL;
  uint32_t asked[3] = {0, 100, 199};
  const akin_pair *best = NULL;
  size_t count = 0;
  akin_error err;
  akin_status status = akin_pairs_new(&pairs, &options, &err);
  if (!status) status = akin_pairs_ask(pairs, asked, 3, &err);
  if (!status) status = akin_pairs_best(pairs, 100, &best, &count, &err);
  assert_int_equal(count, status ? 0 : c->n - 1);
  akin_pairs_free(pairs);
  return status;
}

static void failed_allocations_are_reported(void **state) {
  (void)state;
  pairs_case c = pairs_case_new(ALL_EQUAL, 200, 8);
  assert_true(testing_fail_allocations(ask_all, &c, true) >= 8);
  assert_true(testing_fail_allocations(ask_all, &c, false) >= 8);
  pairs_case_free(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_rows),
      cmocka_unit_test(rows_in_clusters),
      cmocka_unit_test(every_set_of_kernels),
      cmocka_unit_test(many_equal_rows),
      cmocka_unit_test(all_rows_are_equal),
      cmocka_unit_test(it_can_be_stopped_and_asked_again),
      cmocka_unit_test(what_coarse_products_cannot_choose_is_asked_again),
      cmocka_unit_test(what_cannot_be_asked),
      cmocka_unit_test(failed_allocations_are_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
