/*
 * test_everything.c - recommendations for every stored image at once against one question after the other: the same
 * hits with the same scores to the bit, whatever is asked, also with copies of images and with a part at a time.
 */
#include "engine_testing.h"

#include "engine/like.h"

#define PHOTOS 23

/* p00.jpg … , copies of two of them, and one more content that looks just like another: the fake network sees a pixel
 * less than the decoder. */
static int everything_setup(void **state) {
  akin_error err;
  if (engine_setup(state)) return 1;
  engine_bench *b = *state;
  engine_photos(b, PHOTOS);
  akin_free(engine_photo(b, "a-copy.jpg", 3));
  akin_free(engine_photo(b, "z-copy.jpg", 3));
  akin_free(engine_photo(b, "copy.jpg", 9));
  char *like = testing_path(b->photos, "like.jpg"), *path = testing_path(b->photos, "p04.jpg");
  size_t size = 0;
  char *bytes = testing_read(path, &size);
  bytes[size] = '!'; /* in place of the NUL: another content, the same picture */
  testing_write(like, bytes, size + 1);
  akin_free(bytes);
  akin_free(path);
  akin_free(like);
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
  return 0;
}

typedef struct told {
  engine_bench *b;
  akin_store *other; /* that is asked one question after the other */
  const akin_query *query;
  size_t count;
  char last[512];
} told;

static akin_status compare(void *context, const akin_hits *hits) {
  told *t = context;
  akin_hits *want = NULL;
  akin_error err;
  const char *path = akin_hits_query(hits, 0);
  assert_true(strcmp(t->last, path) < 0);
  snprintf(t->last, sizeof t->last, "%s", path);
  testing_ok(akin_store_like(t->other, &want, &path, 1, t->query, &err), &err);
  assert_int_equal(akin_hits_count(hits), akin_hits_count(want));
  for (size_t i = 0; i < akin_hits_count(want); i++) {
    const akin_hit *a = akin_hits_at(hits, i), *b = akin_hits_at(want, i);
    assert_string_equal(a->path, b->path);
    assert_memory_equal(&a->score, &b->score, sizeof a->score);
    assert_int_equal(a->rank, b->rank);
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
  }
  akin_hits_free(want);
  t->count++;
  return AKIN_OK;
}

/* bytes 0: as akin_store_recommend does it */
static void check(engine_bench *b, const akin_query *query, size_t bytes) {
  told t = {.b = b, .query = query};
  akin_question question;
  akin_error err;
  testing_ok(akin_store_open(&t.other, b->store_folder, 0, &err), &err);
  if (bytes == 0) {
    testing_ok(akin_store_recommend(b->store, NULL, 0, query, compare, NULL, &t, &err), &err);
  } else {
    testing_ok(akin_question_begin(&question, b->store, query, 1, &err), &err);
    testing_ok(akin_question_everything(&question, bytes, compare, &t, &err), &err);
    akin_question_end(&question);
  }
  assert_int_equal(t.count, PHOTOS + 4);
  akin_store_close(t.other);
}

static void test_every_k(void **state) {
  const uint32_t ks[] = {1, 2, 3, 5, 20, PHOTOS, 100, UINT32_MAX};
  for (size_t i = 0; i < sizeof ks / sizeof ks[0]; i++) {
    akin_query query = AKIN_QUERY_INIT;
    query.k = ks[i];
    check(*state, &query, 0);
    query.include_self = 1;
    check(*state, &query, 0);
  }
}

static void test_offset_and_least_score(void **state) {
  akin_query query = AKIN_QUERY_INIT;
  query.offset = 3;
  check(*state, &query, 0);
  query.offset = 100;
  check(*state, &query, 0);
  query.offset = 1;
  query.min_score = 0.9f;
  check(*state, &query, 0);
}

static void test_diverse_hits_are_asked_one_by_one(void **state) {
  akin_query query = AKIN_QUERY_INIT;
  query.diverse = 0.5f;
  check(*state, &query, 0);
}

static void test_in_several_parts(void **state) {
  akin_query query = AKIN_QUERY_INIT;
  const size_t budgets[] = {1, 300, 1000, 3000};
  for (size_t i = 0; i < sizeof budgets / sizeof budgets[0]; i++)
    check(*state, &query, budgets[i]);
}

static int cancel(void *context) {
  ++*(int *)context;
  return 1;
}

static akin_status never(void *context, const akin_hits *hits) {
  (void)context;
  (void)hits;
  fail();
  return AKIN_OK;
}

static akin_status never_row(void *context, size_t row, const float *scores, size_t n) {
  (void)row;
  (void)scores;
  (void)n;
  return never(context, NULL);
}

static akin_status any_begin(void *context, const char *const *paths, size_t n, double seconds) {
  (void)context;
  (void)paths;
  return n > 0 && seconds > 0 ? AKIN_OK : AKIN_ERROR_RUNTIME;
}

static void test_the_watch_can_cancel(void **state) {
  engine_bench *b = *state;
  int asked = 0;
  const akin_watch watch = {NULL, cancel, &asked};
  akin_error err;
  akin_store_watch(b->store, &watch);
  testing_expect(akin_store_recommend(b->store, NULL, 0, NULL, never, NULL, NULL, &err), AKIN_ERROR_CANCELLED, &err);
  assert_int_equal(asked, 1);
  asked = 0;
  testing_expect(akin_store_matrix(b->store, NULL, any_begin, never_row, NULL, &err), AKIN_ERROR_CANCELLED, &err);
  assert_int_equal(asked, 1);
  akin_store_watch(b->store, NULL);
  akin_query query = AKIN_QUERY_INIT;
  check(b, &query, 0);
}

static akin_status ignore(void *context, const akin_hits *hits) {
  (void)context;
  (void)hits;
  return AKIN_OK;
}

/* Without memory a part of the work is not done in silence. Which allocations there are depends on the threads. */
static void test_without_memory(void **state) {
  engine_bench *b = *state;
  akin_query query = AKIN_QUERY_INIT;
  akin_error err;
  size_t failed = 0;
  for (uint64_t nth = 1; nth < 60; nth++) {
    akin_question question;
    told t = {.query = &query};
    testing_ok(akin_question_begin(&question, b->store, &query, 1, &err), &err);
    akin_memory_fail_at(nth, false);
    const akin_status status = akin_question_everything(&question, 1 << 20, ignore, &t, &err);
    akin_memory_fail_at(0, true);
    if (status) testing_expect(status, AKIN_ERROR_MEMORY, &err);
    failed += status != AKIN_OK;
    akin_question_end(&question);
  }
  assert_true(failed >= 40);
}

#define EVERYTHING_TEST(test) cmocka_unit_test_setup_teardown(test, everything_setup, engine_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      EVERYTHING_TEST(test_every_k),
      EVERYTHING_TEST(test_offset_and_least_score),
      EVERYTHING_TEST(test_diverse_hits_are_asked_one_by_one),
      EVERYTHING_TEST(test_in_several_parts),
      EVERYTHING_TEST(test_the_watch_can_cancel),
      EVERYTHING_TEST(test_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
