/*
 * test_best.c - the best k against a sort of all scores: random and full of ties, with rows that are gone, skipped or
 * NaN, k below, at and beyond the number of rows, rows in the file and in memory.
 */
#include "seeded.h"

#include "search/search.h"

#define DIM 33

/* Rows by id, for the brute force. */
typedef struct best_case {
  akin_vectors *v;
  size_t n;    /* ids are 1 … n */
  float *rows; /* f32 [n, DIM] */
  bool *gone;  /* [n] */
  float query[DIM];
} best_case;

static bool best_skips(void *context, uint64_t id) {
  const uint64_t *every = context;
  return id % *every == 0;
}

static akin_vectors *best_open(const char *path, bool writable) {
  akin_vectors_key key = {"best", DIM, 1};
  akin_vectors *v = NULL;
  bool rebuilt = false;
  akin_error err;
  testing_ok(akin_vectors_open(&v, path, &key, writable, &rebuilt, &err), &err);
  return v;
}

static best_case best_begin(size_t n) {
  best_case c = {.n = n, .rows = seeded_floats(n * DIM + 1), .gone = akin_calloc(n + 1, sizeof(bool))};
  assert_non_null(c.gone);
  return c;
}

/* Half of the rows go through the file, in two commits, the others stay in memory; `dead` in ten are taken out again.
 */
static void best_fill(best_case *c, const char *folder, seeded *random, size_t dead) {
  char *path = testing_path(folder, "best.vec");
  akin_error err;
  (void)unlink(path);
  c->v = best_open(path, true);
  for (size_t i = 0; i < c->n; i++) {
    testing_ok(akin_vectors_append(c->v, i + 1, c->rows + i * DIM, &err), &err);
    c->gone[i] = seeded_below(random, 10) < dead;
    if (i + 1 == c->n / 4 || i + 1 == c->n / 2) testing_ok(akin_vectors_commit(c->v, i, &err), &err);
    if (c->gone[i]) testing_ok(akin_vectors_remove(c->v, i + 1, &err), &err);
  }
  akin_free(path);
}

static void best_end(best_case *c) {
  akin_vectors_close(c->v);
  akin_free(c->rows);
  akin_free(c->gone);
}

static int brute_order(const void *left, const void *right) {
  const akin_scored *a = left, *b = right;
  if (a->score > b->score) return -1;
  if (a->score < b->score) return 1;
  return a->id < b->id ? -1 : 1;
}

/* All that may be a hit, sorted, cut after the last tie of the kth. */
static size_t brute_force(const best_case *c, akin_scored *all, size_t k, uint64_t skip_every) {
  size_t n = 0;
  for (size_t i = 0; i < c->n; i++) {
    float score = NAN;
    akin_search_scores(&score, c->query, c->rows + i * DIM, 1, DIM, DIM);
    if (c->gone[i] || isnan(score) || (skip_every && (i + 1) % skip_every == 0)) continue;
    all[n++] = (akin_scored){i + 1, score};
  }
  qsort(all, n, sizeof *all, brute_order);
  size_t count = k < n ? k : n;
  while (count > 0 && count < n && all[count].score == all[count - 1].score)
    count++;
  return count;
}

static void best_check(const best_case *c, size_t k, uint64_t skip_every) {
  akin_scored *want = akin_calloc(c->n + 1, sizeof *want), *got = TESTING_POISON;
  size_t count = 12345;
  akin_error err;
  assert_non_null(want);
  testing_ok(akin_search_best(&got, &count, c->v, c->query, k, skip_every ? best_skips : NULL, &skip_every, &err),
             &err);
  assert_int_equal(count, brute_force(c, want, k, skip_every));
  for (size_t i = 0; i < count; i++)
    if (got[i].id != want[i].id || !(got[i].score == want[i].score))
      fail_msg("n %zu, k %zu, place %zu: id %u, %u expected", c->n, k, i, (unsigned)got[i].id, (unsigned)want[i].id);
  akin_free(got);
  akin_free(want);
}

static void best_check_every_k(const best_case *c) {
  const size_t ks[] = {1, 2, 3, 5, 10, 31, c->n / 2 + 1, c->n, c->n + 1, 10 * c->n + 7, SIZE_MAX};
  for (size_t i = 0; i < sizeof ks / sizeof ks[0]; i++) {
    if (ks[i] == 0) continue;
    best_check(c, ks[i], 0);
    best_check(c, ks[i], 3);
    best_check(c, ks[i], 1); /* nothing is left */
  }
}

static const size_t sizes[] = {0, 1, 2, 15, 16, 17, 63, 500, 1500};
#define SIZES (sizeof sizes / sizeof sizes[0])

static void random_rows(void **state) {
  seeded random = {31};
  for (size_t s = 0; s < SIZES; s++) {
    best_case c = best_begin(sizes[s]);
    for (size_t i = 0; i < c.n; i++)
      seeded_unit(&random, c.rows + i * DIM, DIM);
    seeded_unit(&random, c.query, DIM);
    best_fill(&c, *state, &random, s % 4);
    best_check_every_k(&c);
    best_end(&c);
  }
}

/* Scores take few values: 0, 1/8 … ; with one value they are all ties. */
static void rows_full_of_ties(void **state) {
  seeded random = {32};
  for (size_t values = 1; values <= 4; values++)
    for (size_t s = 0; s < SIZES; s++) {
      best_case c = best_begin(sizes[s]);
      memset(c.rows, 0, c.n * DIM * sizeof *c.rows);
      for (size_t i = 0; i < c.n; i++)
        c.rows[i * DIM] = (float)seeded_below(&random, values) / 8;
      memset(c.query, 0, sizeof c.query);
      c.query[0] = 1;
      best_fill(&c, *state, &random, s % 3);
      best_check_every_k(&c);
      best_end(&c);
    }
}

/* Rising scores push everything out again and again; falling ones never. */
static void sorted_rows(void **state) {
  seeded random = {33};
  for (int rising = 0; rising < 2; rising++) {
    best_case c = best_begin(800);
    memset(c.rows, 0, c.n * DIM * sizeof *c.rows);
    memset(c.query, 0, sizeof c.query);
    c.query[DIM - 1] = 1;
    for (size_t i = 0; i < c.n; i++) {
      const size_t pair = (rising ? i : c.n - i) / 2; /* two rows tie */
      c.rows[i * DIM + DIM - 1] = (float)pair / 1024 - 0.25f;
    }
    best_fill(&c, *state, &random, 0);
    best_check_every_k(&c);
    best_end(&c);
  }
}

static void nan_is_never_a_hit(void **state) {
  seeded random = {34};
  best_case c = best_begin(300);
  for (size_t i = 0; i < c.n; i++) {
    seeded_unit(&random, c.rows + i * DIM, DIM);
    if (i % 3 == 0) c.rows[i * DIM + i % DIM] = NAN;
  }
  seeded_unit(&random, c.query, DIM);
  best_fill(&c, *state, &random, 1);
  best_check_every_k(&c);
  c.query[5] = NAN;
  best_check_every_k(&c); /* no hit at all */
  best_end(&c);
}

static void duplicates_of_the_query_tie_at_one(void **state) {
  seeded random = {35};
  best_case c = best_begin(50);
  for (size_t i = 0; i < c.n; i++)
    seeded_unit(&random, c.rows + i * DIM, DIM);
  for (size_t i = 0; i < c.n; i += 7)
    memcpy(c.rows + i * DIM, c.rows, DIM * sizeof *c.rows);
  memcpy(c.query, c.rows, sizeof c.query);
  best_fill(&c, *state, &random, 0);
  akin_scored *got = NULL;
  size_t count = 0;
  testing_ok(akin_search_best(&got, &count, c.v, c.query, 1, NULL, NULL, NULL), NULL);
  assert_int_equal(count, 8);
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(got[i].id, 7 * i + 1);
    assert_true(got[i].score <= 1 && got[i].score == got[0].score);
  }
  akin_free(got);
  best_end(&c);
}

static void zero_hits_are_no_question(void **state) {
  char *path = testing_path(*state, "none.vec");
  akin_vectors *v = best_open(path, false);
  float query[DIM] = {1};
  akin_scored *got = TESTING_POISON;
  size_t count = 7;
  akin_error err;
  testing_expect(akin_search_best(&got, &count, v, query, 0, NULL, NULL, &err), AKIN_ERROR_USAGE, &err);
  assert_null(got);
  assert_int_equal(count, 0);
  akin_vectors_close(v);
  akin_free(path);
}

static akin_status ask_for_many(void *context) {
  const best_case *c = context;
  akin_scored *got = TESTING_POISON;
  size_t count = 7;
  const akin_status status = akin_search_best(&got, &count, c->v, c->query, 1, NULL, NULL, NULL);
  assert_int_equal(count, status ? 0 : c->n);
  if (status) assert_null(got);
  akin_free(got);
  return status;
}

static void failed_allocations_are_reported(void **state) {
  seeded random = {36};
  best_case c = best_begin(500);
  memset(c.rows, 0, c.n * DIM * sizeof *c.rows);
  memset(c.query, 0, sizeof c.query);
  best_fill(&c, *state, &random, 0);
  assert_true(testing_fail_allocations(ask_for_many, &c, true) >= 5); /* the ties outgrow their room several times */
  assert_true(testing_fail_allocations(ask_for_many, &c, false) >= 5);
  best_end(&c);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, testing_setup, testing_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      IN_FOLDER(random_rows),
      IN_FOLDER(rows_full_of_ties),
      IN_FOLDER(sorted_rows),
      IN_FOLDER(nan_is_never_a_hit),
      IN_FOLDER(duplicates_of_the_query_tie_at_one),
      IN_FOLDER(zero_hits_are_no_question),
      IN_FOLDER(failed_allocations_are_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
