/* test_facts.c - facts of a model's features: kept, replaced, gone with the model; counts and samples of features. */
#include "store_testing.h"

#include "base/buffer.h"

static uint64_t fact(akin_storage *s, uint64_t model, const char *name, akin_buffer *out) {
  akin_error err;
  uint64_t generation_of = UINT64_MAX;
  bool found = false;
  testing_ok(akin_storage_fact_get(s, model, name, out, &generation_of, &found, &err), &err);
  return found ? generation_of : UINT64_MAX;
}

static void put_fact(akin_storage *s, uint64_t model, const char *name, uint64_t at, const char *text) {
  akin_error err;
  testing_ok(akin_storage_fact_put(s, model, name, at, text, strlen(text), &err), &err);
}

static void a_fact_comes_back_and_is_replaced(void **state) {
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  akin_buffer out = AKIN_BUFFER_INIT(0);
  akin_error err;
  begin(s);
  uint64_t a = add_model(s, "a"), b = add_model(s, "b");
  put_fact(s, a, "mean", 7, "old\n");
  testing_ok(akin_storage_fact_put(s, a, "mean", 9, "n\0ew", 4, &err), &err);
  put_fact(s, a, "empty", 1, "");
  commit(s);
  assert_true(fact(s, a, "mean", &out) == 9);
  assert_int_equal(out.size, 4);
  assert_memory_equal(out.data, "n\0ew", 4);
  assert_true(fact(s, a, "empty", &out) == 1);
  assert_int_equal(out.size, 0);
  akin_buffer_append_text(&out, "kept");
  assert_true(fact(s, b, "mean", &out) == UINT64_MAX);
  assert_true(fact(s, a, "Mean", &out) == UINT64_MAX);
  assert_string_equal(out.data, "kept"); /* untouched */
  akin_buffer_free(&out);
  akin_storage_close(s);
}

static void floats_come_back_to_the_bit(void **state) {
  const float values[] = {1.0f, -0.0f, 1e-40f, 3.1415927f};
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  akin_error err;
  float *got = TESTING_POISON;
  size_t count = 99;
  begin(s);
  uint64_t a = add_model(s, "a");
  testing_ok(akin_storage_fact_put_floats(s, a, "centre", 3, values, 4, &err), &err);
  testing_ok(akin_storage_fact_get_floats(s, a, "centre", &got, &count, &err), &err);
  assert_int_equal(count, 4);
  assert_memory_equal(got, values, sizeof values);
  akin_free(got);
  testing_ok(akin_storage_fact_remove(s, a, "centre", &err), &err);
  testing_ok(akin_storage_fact_remove(s, a, "centre", &err), &err);
  testing_ok(akin_storage_fact_get_floats(s, a, "centre", &got, &count, &err), &err);
  assert_null(got);
  assert_int_equal(count, 0);
  commit(s);
  akin_storage_close(s);
}

static void a_fact_leaves_with_its_model(void **state) {
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  akin_buffer out = AKIN_BUFFER_INIT(0);
  akin_error err;
  begin(s);
  uint64_t a = add_model(s, "a"), b = add_model(s, "b");
  put_fact(s, a, "mean", 1, "a's");
  put_fact(s, b, "mean", 1, "b's");
  commit(s);
  begin(s);
  testing_ok(akin_storage_model_remove(s, a, &err), &err);
  commit(s);
  assert_true(fact(s, a, "mean", &out) == UINT64_MAX);
  assert_true(fact(s, b, "mean", &out) == 1);
  akin_buffer_free(&out);
  akin_storage_close(s);
}

static void a_fact_needs_a_transaction_and_a_model(void **state) {
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  akin_error err;
  assert_int_equal(akin_storage_fact_put(s, 1, "mean", 1, "x", 1, &err), AKIN_ERROR_USAGE);
  begin(s);
  assert_int_not_equal(akin_storage_fact_put(s, 99, "mean", 1, "x", 1, &err), AKIN_OK);
  akin_storage_rollback(s);
  akin_storage_close(s);
}

/* Contents come in another order than that of their hashes; one has no feature of the model. */
static void a_sample_follows_the_hashes(void **state) {
  enum { COUNT = 40 };
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  akin_error err;
  uint64_t ids[COUNT], by_number[COUNT + 1] = {0};
  size_t count = 99;
  begin(s);
  uint64_t root = add_root(s, "/photos", true), model = add_model(s, "a"), other = add_model(s, "b");
  for (uint64_t i = 0; i < COUNT; i++) {
    uint64_t number = (i * 23) % COUNT + 1; /* below 256: the order of the numbers is that of the hashes */
    char path[32];
    snprintf(path, sizeof path, "/photos/%02u.jpg", (unsigned)number);
    by_number[number] = put_image(s, root, path, number);
    put_feature(s, number == 2 ? other : model, by_number[number], number);
  }
  commit(s);
  testing_ok(akin_storage_sample(s, model, ids, COUNT, &count, &err), &err);
  assert_int_equal(count, COUNT - 1);
  for (size_t i = 0; i < count; i++)
    assert_true(ids[i] == by_number[i == 0 ? 1 : i + 2]);
  testing_ok(akin_storage_sample(s, model, ids, 3, &count, &err), &err);
  assert_int_equal(count, 3);
  assert_true(ids[2] == by_number[4]);
  testing_ok(akin_storage_sample(s, 99, ids, COUNT, &count, &err), &err);
  assert_int_equal(count, 0);
  akin_storage_close(s);
}

static void newer_features_are_counted(void **state) {
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  akin_error err;
  uint64_t all = 99, newer = 99;
  begin(s);
  uint64_t root = add_root(s, "/photos", true), model = add_model(s, "a");
  put_feature(s, model, put_image(s, root, "/photos/1.jpg", 1), 1);
  put_feature(s, model, put_image(s, root, "/photos/2.jpg", 2), 2);
  commit(s);
  uint64_t first = generation(s);
  begin(s);
  put_feature(s, model, put_image(s, root, "/photos/3.jpg", 3), 3);
  commit(s);
  testing_ok(akin_storage_features_count(s, model, first, &all, &newer, &err), &err);
  assert_int_equal(all, 3);
  assert_int_equal(newer, 1);
  testing_ok(akin_storage_features_count(s, model, 0, &all, &newer, &err), &err);
  assert_int_equal(newer, 3);
  akin_storage_close(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_fact_comes_back_and_is_replaced, setup_in_memory, testing_teardown),
      cmocka_unit_test_setup_teardown(floats_come_back_to_the_bit, setup_in_memory, testing_teardown),
      cmocka_unit_test_setup_teardown(a_fact_leaves_with_its_model, setup_in_memory, testing_teardown),
      cmocka_unit_test_setup_teardown(a_fact_needs_a_transaction_and_a_model, setup_in_memory, testing_teardown),
      cmocka_unit_test_setup_teardown(a_sample_follows_the_hashes, setup_in_memory, testing_teardown),
      cmocka_unit_test_setup_teardown(newer_features_are_counted, setup_in_memory, testing_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
