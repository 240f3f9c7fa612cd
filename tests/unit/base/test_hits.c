/* test_hits.c - an answer holds what was put into it, in order, in copies of its own. */
#include "unit/testing.h"

#include "base/hits.h"

static void an_empty_answer(void **state) {
  (void)state;
  akin_error err;
  akin_hits *hits = TESTING_POISON;
  testing_ok(akin_hits_new(&hits, "lite0", &err), &err);
  assert_string_equal(akin_hits_model(hits), "lite0");
  assert_int_equal(akin_hits_count(hits) + akin_hits_query_count(hits), 0);
  assert_null(akin_hits_at(hits, 0));
  assert_null(akin_hits_query(hits, 0));
  akin_hits_free(hits);
  akin_hits_free(NULL);
}

static void many_hits_in_order(void **state) {
  (void)state;
  akin_error err;
  akin_hits *hits = NULL;
  char path[32];
  testing_ok(akin_hits_new(&hits, "m", &err), &err);
  for (uint32_t i = 0; i < 1000; i++) {
    snprintf(path, sizeof path, "/p/%u\n\xFF", i);
    testing_ok(akin_hits_add(hits, path, 1.0f - (float)i / 1000, i, 2 * i, &err), &err);
    snprintf(path, sizeof path, "/q/%u", i);
    testing_ok(akin_hits_add_query(hits, path, &err), &err);
  }
  assert_int_equal(akin_hits_count(hits), 1000);
  assert_int_equal(akin_hits_query_count(hits), 1000);
  for (uint32_t i = 0; i < 1000; i++) {
    const akin_hit *hit = akin_hits_at(hits, i);
    snprintf(path, sizeof path, "/p/%u\n\xFF", i);
    assert_string_equal(hit->path, path);
    assert_true(hit->rank == i + 1 && hit->width == i && hit->height == 2 * i && hit->score == 1.0f - (float)i / 1000);
    snprintf(path, sizeof path, "/q/%u", i);
    assert_string_equal(akin_hits_query(hits, i), path);
  }
  assert_null(akin_hits_at(hits, 1000));
  assert_null(akin_hits_at(hits, SIZE_MAX));
  assert_null(akin_hits_query(hits, 1000));
  akin_hits_free(hits);
}

static akin_status fill(void *context) {
  akin_error err;
  akin_hits *hits = NULL;
  (void)context;
  akin_status status = akin_hits_new(&hits, "m", &err);
  for (uint32_t i = 0; i < 20 && status == AKIN_OK; i++) {
    status = akin_hits_add(hits, "/a", 0.5f, 1, 1, &err);
    if (status == AKIN_OK) status = akin_hits_add_query(hits, "/b", &err);
    /* a failed one adds nothing */
    if (status != AKIN_OK) assert_in_range(akin_hits_count(hits) - akin_hits_query_count(hits), 0, 1);
  }
  akin_hits_free(hits);
  return status;
}

static void without_memory(void **state) {
  (void)state;
  /* answer and model's name, 20 paths twice, and three sizes of both arrays: 8, 16, 32 */
  assert_int_equal(testing_fail_allocations(fill, NULL, true), 2 + 40 + 6);
  assert_int_equal(testing_fail_allocations(fill, NULL, false), 2 + 40 + 6);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_empty_answer),
      cmocka_unit_test(many_hits_in_order),
      cmocka_unit_test(without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
