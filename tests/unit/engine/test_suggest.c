/* test_suggest.c - the sample is the same whatever the order; models that see are told from one that does not. */
#include "unit/engine/engine_testing.h"

#include "engine/sample.h"

#define PHOTOS 8

static bool blind; /* every image gives the same feature */

static akin_status dim_infer(akin_network_session *session, float *out, const uint8_t *pixels, uint32_t count,
                             akin_error *err) {
  akin_status status = engine_runtime_infer(session, out, pixels, count, err);
  for (uint32_t i = 0; blind && i < engine_dim; i++)
    out[i] = 1;
  return status;
}

static int suggest_setup(void **state) {
  engine_setup(state);
  engine_runtime.infer = dim_infer;
  blind = false;
  engine_photos(*state, PHOTOS);
  return 0;
}

/* ---- the sample ---- */

static void a_sample_does_not_depend_on_order(void **state) {
  engine_bench *b = *state;
  akin_sample few = {0}, again = {0}, all = {0};
  akin_error err;
  char *one = testing_path(b->photos, "p03.jpg"), *text = testing_path(b->photos, "notes.txt");
  testing_write_text(text, "no image");
  const char *const there[] = {b->photos, one}, *const back[] = {one, b->photos, b->photos};
  testing_ok(akin_sample_take(&few, there, 2, 5, &err), &err);
  testing_ok(akin_sample_take(&again, back, 3, 5, &err), &err);
  testing_ok(akin_sample_take(&all, there, 2, 100, &err), &err);
  assert_int_equal(few.count, 5);
  assert_int_equal(again.count, 5);
  assert_int_equal(all.count, PHOTOS);
  for (size_t i = 0; i < 5; i++) {
    assert_string_equal(few.paths[i], again.paths[i]);
    assert_string_equal(few.paths[i], all.paths[i]);
  }
  akin_sample_free(&few);
  akin_sample_free(&again);
  akin_sample_free(&all);
  const char *const none[] = {"/nowhere/at/all"};
  testing_expect(akin_sample_take(&few, none, 1, 5, &err), AKIN_ERROR_NOT_FOUND, &err);
  assert_null(few.paths);
  akin_free(text);
  akin_free(one);
}

/* ---- models ---- */

typedef struct seen {
  unsigned visits, skipped, progress;
  akin_suggestion last;
  akin_status end;
  bool cancel;
} seen;

static akin_status see(void *context, const akin_suggestion *suggestion) {
  seen *s = context;
  s->visits++;
  s->last = *suggestion;
  assert_string_equal(suggestion->model, "tiny");
  return s->end;
}

static void on_progress(void *context, const char *model, uint64_t done, uint64_t total) {
  seen *s = context;
  assert_string_equal(model, "tiny");
  assert_int_equal(done, ++s->progress);
  assert_true(done <= total);
}

static void on_skipped(void *context, const char *path, const char *reason) {
  seen *s = context;
  assert_non_null(strstr(path, "broken.jpg"));
  assert_true(reason[0] != '\0');
  s->skipped++;
}

static int should_cancel(void *context) {
  return ((seen *)context)->cancel;
}

static akin_status suggest(engine_bench *b, seen *s, uint32_t sample, akin_error *err) {
  akin_suggest_options options = AKIN_SUGGEST_OPTIONS_INIT;
  const char *path = b->photos;
  options.models_folder = b->models;
  options.sample = sample;
  options.jobs = 3;
  options.on_progress = on_progress;
  options.on_skipped = on_skipped;
  options.should_cancel = should_cancel;
  options.context = s;
  return akin_models_suggest(&path, 1, &options, see, s, err);
}

static void a_model_that_sees_and_one_that_does_not(void **state) {
  engine_bench *b = *state;
  seen s = {0};
  akin_error err;
  testing_ok(suggest(b, &s, 200, &err), &err);
  assert_int_equal(s.visits, 1);
  assert_int_equal(s.last.images, PHOTOS);
  assert_int_equal(s.progress, PHOTOS);
  assert_int_equal(s.last.dim, engine_dim);
  assert_true(s.last.milliseconds > 0 && s.last.bytes > 0);
  assert_true(s.last.found[AKIN_ALTERATION_COMPRESS] > 0.5);
  assert_true(s.last.mean_reciprocal_rank > 0.3 && s.last.mean_reciprocal_rank <= 1);
  assert_true(s.last.uncertainty > 0 && s.last.uncertainty < 1); /* not every original comes first */
  const double sees = s.last.margin;
  blind = true;
  s = (seen){0};
  testing_ok(suggest(b, &s, 200, &err), &err);
  assert_true(s.last.margin == 0); /* nothing is nearer than anything else */
  assert_true(s.last.uncertainty == 0);
  assert_true(sees != 0);
}

static void what_cannot_be_read_is_skipped(void **state) {
  engine_bench *b = *state;
  seen s = {0};
  akin_error err;
  char *broken = testing_path(b->photos, "broken.jpg");
  testing_write_text(broken, "\xff\xd8\xff not really");
  testing_ok(suggest(b, &s, 200, &err), &err);
  assert_int_equal(s.skipped, 1);
  assert_int_equal(s.last.images, PHOTOS);
  akin_free(broken);
}

static void errors(void **state) {
  engine_bench *b = *state;
  seen s = {.end = AKIN_ERROR_LIMIT};
  akin_error err = {AKIN_OK, "as it was"};
  assert_int_equal(suggest(b, &s, 4, &err), AKIN_ERROR_LIMIT);
  assert_string_equal(err.text, "as it was");
  s = (seen){.cancel = true};
  testing_expect(suggest(b, &s, 4, &err), AKIN_ERROR_CANCELLED, &err);
  testing_expect(suggest(b, &s, 1, &err), AKIN_ERROR_USAGE, &err);
  testing_expect(akin_models_suggest(NULL, 0, NULL, see, &s, &err), AKIN_ERROR_USAGE, &err);
  assert_int_equal(s.visits, 0);
  testing_ok(akin_model_delete(b->models, "tiny", &err), &err);
  s = (seen){0};
  testing_expect(suggest(b, &s, 4, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, "no model is imported");
  char *one = testing_path(b->photos, "p01.jpg");
  testing_expect(akin_models_suggest((const char *const *)&one, 1, NULL, see, &s, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, "fewer than two images");
  akin_free(one);
}

#define SUGGEST_TEST(test) cmocka_unit_test_setup_teardown(test, suggest_setup, engine_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {SUGGEST_TEST(a_sample_does_not_depend_on_order),
                                     SUGGEST_TEST(a_model_that_sees_and_one_that_does_not),
                                     SUGGEST_TEST(what_cannot_be_read_is_skipped), SUGGEST_TEST(errors)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
