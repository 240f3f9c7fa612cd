/* test_options.c - a model opened with the store's options gives the store's kind of features. */
#include "unit/engine/engine_testing.h"

#include <math.h>

/* Ingests with a model that was opened with these options. */
static void ingest_to_the_power(engine_bench *b, const char *layer, akin_pooling pooling, double power,
                                akin_preprocess preprocess) {
  akin_error err;
  akin_model_options options = AKIN_MODEL_OPTIONS_INIT;
  options.layer = layer;
  options.pooling = pooling;
  options.pooling_power = power;
  options.preprocess = preprocess;
  options.workers = 1;
  akin_model_free(b->model);
  b->model = NULL;
  testing_ok(akin_model_open(&b->model, "tiny", &options, &err), &err);
  engine_dim = akin_model_dim(b->model);
  engine_photos(b, 3);
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
}

static void ingest_with(engine_bench *b, const char *layer, akin_pooling pooling, akin_preprocess preprocess) {
  ingest_to_the_power(b, layer, pooling, 0, preprocess);
}

static void features_of_the_same_kind(engine_bench *b, const char *name) {
  akin_error err;
  akin_model *model = NULL;
  char layer[256];
  akin_model_options options = AKIN_MODEL_OPTIONS_INIT;
  options.workers = 3;
  options.limits.max_bytes = 12345;
  testing_ok(akin_store_model_options(b->store, name, &options, layer, sizeof layer, &err), &err);
  assert_int_equal(options.workers, 3);
  assert_int_equal(options.limits.max_bytes, 12345);
  testing_ok(akin_model_open(&model, "tiny", &options, &err), &err);
  assert_string_equal(akin_model_fingerprint(model), akin_model_fingerprint(b->model));
  akin_model_free(model);
}

static void test_everything_that_was_chosen(void **state) {
  engine_bench *b = *state;
  ingest_with(b, "stem_activation", AKIN_POOLING_MAX, AKIN_PREPROCESS_KERAS);
  features_of_the_same_kind(b, "tiny");
  features_of_the_same_kind(b, NULL);
}

static void test_the_power_of_a_pooling(void **state) {
  engine_bench *b = *state;
  akin_error err;
  char layer[256];
  akin_model_options options = AKIN_MODEL_OPTIONS_INIT;
  ingest_to_the_power(b, "stem_activation", AKIN_POOLING_GEM, 4.5, AKIN_PREPROCESS_CARD);
  testing_ok(akin_store_model_options(b->store, NULL, &options, layer, sizeof layer, &err), &err);
  assert_int_equal(options.pooling, AKIN_POOLING_GEM);
  assert_true(options.pooling_power == 4.5);
  features_of_the_same_kind(b, "tiny");
}

static void test_poolings_that_are_none(void **state) {
  static const double powers[] = {0.5, -1, 101, NAN};
  akin_error err;
  akin_model *model = TESTING_POISON;
  akin_model_options options = AKIN_MODEL_OPTIONS_INIT;
  (void)state;
  for (size_t i = 0; i < sizeof powers / sizeof *powers; i++) {
    options.pooling_power = powers[i];
    testing_expect(akin_model_open(&model, "tiny", &options, &err), AKIN_ERROR_USAGE, &err);
    testing_says(&err, "from 1 to 100");
    assert_null(model);
  }
  options.pooling_power = 0;
  options.pooling = (akin_pooling)7;
  testing_expect(akin_model_open(&model, "tiny", &options, &err), AKIN_ERROR_USAGE, &err);
}

static void test_nothing_was_chosen(void **state) {
  engine_bench *b = *state;
  ingest_with(b, NULL, AKIN_POOLING_AVERAGE, AKIN_PREPROCESS_CARD);
  features_of_the_same_kind(b, NULL);
}

/* Whatever the options said before, the store's are taken. */
static void test_the_stores_win(void **state) {
  engine_bench *b = *state;
  akin_error err;
  char layer[256];
  akin_model_options options = AKIN_MODEL_OPTIONS_INIT;
  ingest_with(b, NULL, AKIN_POOLING_AVERAGE, AKIN_PREPROCESS_CARD);
  options.layer = "top_bn";
  options.pooling = AKIN_POOLING_MAX;
  options.preprocess = AKIN_PREPROCESS_KERAS;
  testing_ok(akin_store_model_options(b->store, NULL, &options, layer, sizeof layer, &err), &err);
  assert_null(options.layer);
  assert_int_equal(options.pooling, AKIN_POOLING_AVERAGE);
  assert_int_equal(options.preprocess, AKIN_PREPROCESS_CARD);
}

static void test_failures_leave_the_options(void **state) {
  engine_bench *b = *state;
  akin_error err;
  char layer[5] = "same";
  akin_model_options options = AKIN_MODEL_OPTIONS_INIT;
  options.layer = "untouched";
  testing_expect(akin_store_model_options(b->store, NULL, &options, layer, sizeof layer, &err), AKIN_ERROR_NOT_FOUND,
                 &err);
  ingest_with(b, "stem_activation", AKIN_POOLING_MAX, AKIN_PREPROCESS_KERAS);
  testing_expect(akin_store_model_options(b->store, "none", &options, layer, sizeof layer, &err), AKIN_ERROR_NOT_FOUND,
                 &err);
  testing_says(&err, "tiny");
  testing_expect(akin_store_model_options(b->store, NULL, &options, layer, sizeof layer, &err), AKIN_ERROR_LIMIT, &err);
  testing_says(&err, "16 bytes, there is room for 5");
  assert_string_equal(options.layer, "untouched");
  assert_string_equal(layer, "same");
  assert_int_equal(options.pooling, AKIN_POOLING_CARD);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_everything_that_was_chosen, engine_setup, engine_teardown),
      cmocka_unit_test_setup_teardown(test_the_power_of_a_pooling, engine_setup, engine_teardown),
      cmocka_unit_test_setup_teardown(test_poolings_that_are_none, engine_setup, engine_teardown),
      cmocka_unit_test_setup_teardown(test_nothing_was_chosen, engine_setup, engine_teardown),
      cmocka_unit_test_setup_teardown(test_the_stores_win, engine_setup, engine_teardown),
      cmocka_unit_test_setup_teardown(test_failures_leave_the_options, engine_setup, engine_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
