/* test_compare.c - the same questions to two models: what is missing is computed, what agrees is counted. The second
 * model is the first one whose runtime sees a quarter of the values. */
#include "unit/engine/engine_testing.h"

#include <math.h>

#define PHOTOS 9

static bool near(double a, double b, double error) {
  return fabs(a - b) <= error;
}

static bool half_blind;

static akin_status other_infer(akin_network_session *session, float *out, const uint8_t *pixels, uint32_t count,
                               akin_error *err) {
  akin_status status = engine_runtime_infer(session, out, pixels, count, err);
  for (uint32_t i = 0; half_blind && i < engine_dim; i++)
    if (i % ENGINE_FAKE_DIM < ENGINE_FAKE_DIM * 3 / 4) out[i] = 0;
  return status;
}

static int compare_setup(void **state) {
  akin_import_options import = AKIN_IMPORT_OPTIONS_INIT;
  akin_error err;
  engine_setup(state);
  engine_bench *b = *state;
  engine_runtime.infer = other_infer;
  half_blind = false;
  import.models_folder = b->models;
  import.card = AKIN_TEST_DATA "/models/tiny.json";
  import.name = "other";
  testing_ok(akin_model_import_file(AKIN_TEST_MODELS "/tiny.pth", &import, NULL, 0, &err), &err);
  engine_photos(b, PHOTOS);
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
  return 0;
}

typedef struct seen {
  unsigned comparisons, notes, skipped;
  char note[256];
  char image[256];
  uint64_t questions, computed[2];
  double milliseconds[2];
  akin_agreement agreement;
  akin_status end; /* what the visit returns */
  char first[2][256];
} seen;

static akin_status see(void *context, const akin_comparison *c) {
  seen *s = context;
  s->comparisons++;
  assert_int_equal(c->model_count, 2);
  s->questions = c->questions;
  s->agreement = c->agreement[1];
  assert_true(near(c->agreement[0].common, 1, 0));
  assert_true(near(c->agreement[3].overlap, 1, 1e-12));
  assert_memory_equal(&c->agreement[1], &c->agreement[2], sizeof c->agreement[1]);
  snprintf(s->image, sizeof s->image, "%s", c->image ? c->image : "");
  for (size_t i = 0; i < 2; i++) {
    s->computed[i] = c->models[i].computed;
    s->milliseconds[i] = c->models[i].milliseconds;
    assert_int_equal(c->models[i].dim, engine_dim);
    assert_true(!c->image == !c->models[i].hits);
    if (c->image) snprintf(s->first[i], sizeof s->first[i], "%s", akin_hits_at(c->models[i].hits, 0)->path);
  }
  return s->end;
}

static void on_note(void *context, const char *line) {
  seen *s = context;
  s->notes++;
  snprintf(s->note, sizeof s->note, "%s", line);
  half_blind = true;
}

static void on_skipped(void *context, const char *path, const char *reason) {
  seen *s = context;
  assert_non_null(strstr(path, "none.jpg"));
  assert_true(reason[0] != '\0');
  s->skipped++;
}

static akin_status compare(engine_bench *b, seen *s, const char *const *images, size_t count, uint32_t k,
                           akin_error *err) {
  static const char *const models[] = {"tiny", "other"};
  akin_compare_options options = AKIN_COMPARE_OPTIONS_INIT;
  akin_query query = AKIN_QUERY_INIT;
  akin_ingest_options ingest = AKIN_INGEST_OPTIONS_INIT;
  query.k = k;
  ingest.on_note = on_note;
  ingest.on_skipped = on_skipped;
  ingest.context = s;
  options.models = models;
  options.model_count = 2;
  options.query = &query;
  options.ingest = &ingest;
  return akin_store_compare(b->store, images, count, &options, see, s, err);
}

static void missing_features_are_computed_after_a_word(void **state) {
  engine_bench *b = *state;
  seen s = {0};
  akin_error err;
  testing_ok(compare(b, &s, NULL, 0, 3, &err), &err);
  assert_int_equal(s.comparisons, 1);
  assert_string_equal(s.note, "other: the store lacks its features of 9 images; computing them");
  assert_int_equal(s.computed[0], 0);
  assert_int_equal(s.computed[1], PHOTOS);
  assert_int_equal(s.questions, PHOTOS);
  assert_true(s.milliseconds[0] > 0 && s.milliseconds[1] > 0);
  assert_true(s.agreement.overlap > 0 && s.agreement.overlap < 1);
  half_blind = false; /* all is there now */
  s = (seen){0};
  testing_ok(compare(b, &s, NULL, 0, 3, &err), &err);
  assert_int_equal(s.notes, 0);
  assert_int_equal(s.computed[1], 0);
}

/* The whole store's agreement is the mean of the single questions'. */
static void each_image_is_one_question(void **state) {
  engine_bench *b = *state;
  seen all = {0}, one = {0};
  akin_agreement sum = {0, 0};
  unsigned differing = 0;
  akin_error err;
  testing_ok(compare(b, &all, NULL, 0, 3, &err), &err);
  for (unsigned i = 0; i < PHOTOS; i++) {
    char name[32];
    snprintf(name, sizeof name, "p%02u.jpg", i);
    char *path = testing_path(b->photos, name);
    testing_ok(compare(b, &one, (const char *const *)&path, 1, 3, &err), &err);
    assert_string_equal(one.image, path);
    sum.common += one.agreement.common;
    sum.overlap += one.agreement.overlap;
    differing += strcmp(one.first[0], one.first[1]) != 0;
    akin_free(path);
  }
  assert_true(differing > 0);
  assert_true(near(all.agreement.common, sum.common / PHOTOS, 1e-9));
  assert_true(near(all.agreement.overlap, sum.overlap / PHOTOS, 1e-9));
}

static void an_image_that_cannot_be_read_is_skipped(void **state) {
  engine_bench *b = *state;
  seen s = {0};
  akin_error err;
  char *there = testing_path(b->photos, "p03.jpg"), *none = testing_path(b->photos, "none.jpg");
  const char *const images[] = {none, there, none};
  testing_ok(compare(b, &s, images, 3, 3, &err), &err);
  assert_int_equal(s.skipped, 2);
  assert_int_equal(s.comparisons, 1);
  assert_string_equal(s.image, there);
  akin_free(none);
  akin_free(there);
}

/* The second model's features are stored, but it is not imported any more: that is no fault of a new image. */
static void a_model_that_is_gone_is_no_fault_of_an_image(void **state) {
  engine_bench *b = *state;
  seen s = {0};
  akin_error err;
  char *outside = testing_path(b->folder, "outside.jpg");
  engine_picture(outside, 77);
  testing_ok(compare(b, &s, NULL, 0, 3, &err), &err);
  testing_ok(akin_model_delete(b->models, "other", &err), &err);
  s = (seen){0};
  testing_expect(compare(b, &s, (const char *const *)&outside, 1, 3, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, "no model 'other'");
  assert_int_equal(s.skipped + s.comparisons, 0);
  akin_free(outside);
}

static void a_visit_can_end_it(void **state) {
  engine_bench *b = *state;
  seen s = {.end = AKIN_ERROR_CANCELLED};
  akin_error err = {AKIN_OK, "as it was"};
  char *there = testing_path(b->photos, "p03.jpg");
  const char *const images[] = {there, there};
  assert_int_equal(compare(b, &s, images, 2, 3, &err), AKIN_ERROR_CANCELLED);
  assert_int_equal(s.comparisons, 1);
  assert_string_equal(err.text, "as it was");
  akin_free(there);
}

static void wrong_options(void **state) {
  engine_bench *b = *state;
  static const char *const twice[] = {"tiny", "other", "tiny"}, *const unknown[] = {"tiny", "nosuch"};
  akin_compare_options options = AKIN_COMPARE_OPTIONS_INIT;
  seen s = {0};
  akin_error err;
  options.models = twice;
  options.model_count = 1;
  testing_expect(akin_store_compare(b->store, NULL, 0, &options, see, &s, &err), AKIN_ERROR_USAGE, &err);
  testing_says(&err, "1 model to compare: name 2 to 32");
  options.model_count = 3;
  testing_expect(akin_store_compare(b->store, NULL, 0, &options, see, &s, &err), AKIN_ERROR_USAGE, &err);
  testing_says(&err, "tiny is to be compared with itself");
  options.model_count = 2;
  options.models = unknown;
  testing_expect(akin_store_compare(b->store, NULL, 0, &options, see, &s, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, "no model 'nosuch'");
  testing_expect(compare(b, &s, NULL, 0, 0, &err), AKIN_ERROR_USAGE, &err);
  testing_expect(compare(b, &s, NULL, 0, 1001, &err), AKIN_ERROR_USAGE, &err);
  testing_says(&err, "k is 1001: compare 1 to 1000 hits");
  akin_query weighed = AKIN_QUERY_INIT;
  static const float weights[] = {1};
  weighed.weights = weights;
  options.query = &weighed;
  options.models = twice;
  testing_expect(akin_store_compare(b->store, NULL, 0, &options, see, &s, &err), AKIN_ERROR_USAGE, &err);
  testing_says(&err, "no weights");
  options.version = 2;
  testing_expect(akin_store_compare(b->store, NULL, 0, &options, see, &s, &err), AKIN_ERROR_USAGE, &err);
  assert_int_equal(s.comparisons, 0);
}

#define COMPARE_TEST(test) cmocka_unit_test_setup_teardown(test, compare_setup, engine_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {COMPARE_TEST(missing_features_are_computed_after_a_word),
                                     COMPARE_TEST(each_image_is_one_question),
                                     COMPARE_TEST(an_image_that_cannot_be_read_is_skipped),
                                     COMPARE_TEST(a_model_that_is_gone_is_no_fault_of_an_image),
                                     COMPARE_TEST(a_visit_can_end_it),
                                     COMPARE_TEST(wrong_options)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
