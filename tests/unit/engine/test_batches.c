/*
 * test_batches.c - several images in one inference: which networks are run so, and that nobody can tell from the
 * features. The fake runtime is told to take three images at a time, whatever it is asked for.
 */
#include "unit/engine/engine_testing.h"

#include "base/error.h"
#include "engine/model.h"

#define BATCH  3
#define PHOTOS 8

static uint32_t granted, asked; /* images an inference: what the runtime takes, what it was asked for */
static bool fails;

static akin_status batch_open(akin_network **out, const akin_runtime_spec *spec, akin_error *err) {
  akin_runtime_spec other = *spec;
  asked = spec->batch;
  other.batch = granted;
  return akin_runtime_fake.open(out, &other, err);
}

static akin_status batch_infer(akin_network_session *session, float *out, const uint8_t *pixels, uint32_t count,
                               akin_error *err) {
  assert_in_range(count, 1, granted);
  if (fails) return akin_fail(err, AKIN_ERROR_RUNTIME, "told to fail");
  return engine_runtime_infer(session, out, pixels, count, err);
}

static int batch_setup(void **state) {
  engine_setup(state);
  engine_runtime.open = batch_open;
  engine_runtime.infer = batch_infer;
  granted = BATCH;
  fails = false;
  return 0;
}

/* By one worker there are as many inferences as batches. */
static akin_status ingest_by(engine_bench *b, uint32_t jobs, akin_progress *total, akin_error *err) {
  akin_ingest_options options = AKIN_INGEST_OPTIONS_INIT;
  options.jobs = jobs;
  return engine_ingest(b, &options, total, err);
}

/* ---- features ---- */

typedef struct compared {
  akin_model *alone;
  unsigned rows;
} compared;

static akin_status compare_with_one_alone(void *context, const char *path, const float *feature, uint32_t dim) {
  akin_error err;
  compared *c = context;
  float *wanted = akin_calloc(dim, sizeof *wanted);
  testing_ok(akin_model_embed_path(c->alone, wanted, path, 0, &err), &err);
  assert_memory_equal(feature, wanted, dim * sizeof *wanted);
  akin_free(wanted);
  c->rows++;
  return AKIN_OK;
}

/* Each stored feature against that of its image alone, to the bit. */
static void expect_features(engine_bench *b, unsigned count) {
  compared c = {.alone = engine_open_model(b, 1, NULL)};
  akin_error err;
  granted = 1;
  testing_ok(akin_store_features(b->store, NULL, compare_with_one_alone, &c, &err), &err);
  granted = BATCH;
  assert_int_equal(c.rows, count);
  akin_model_free(c.alone);
}

static void test_features_are_those_of_images_alone(void **state) {
  engine_bench *b = *state;
  akin_progress total;
  akin_error err;
  engine_photos(b, PHOTOS);
  testing_ok(ingest_by(b, 1, &total, &err), &err);
  assert_int_equal(total.embedded, PHOTOS);
  assert_int_equal(engine_inferences, 3); /* 3 + 3 + 2 */
  expect_features(b, PHOTOS);
}

static void test_fewer_images_than_a_batch(void **state) {
  engine_bench *b = *state;
  akin_error err;
  engine_photos(b, 2);
  testing_ok(ingest_by(b, 1, NULL, &err), &err);
  assert_int_equal(engine_inferences, 1);
  expect_features(b, 2);
}

/* Two slots: a worker more than that waits until one is free. */
static void test_more_workers_than_slots(void **state) {
  engine_bench *b = *state;
  akin_progress total;
  akin_error err;
  engine_photos(b, 40);
  testing_ok(ingest_by(b, 5, &total, &err), &err);
  assert_int_equal(total.embedded, 40);
  expect_features(b, 40);
}

static void test_bad_and_known_images_take_no_place(void **state) {
  engine_bench *b = *state;
  akin_progress total;
  akin_error err;
  engine_photos(b, PHOTOS);
  char *first = testing_path(b->photos, "p00.jpg"), *middle = testing_path(b->photos, "p04.jpg");
  testing_write_text(first, "no image");
  testing_write(middle, "\xff\xd8\xff\xe0 cut off", 12);
  testing_ok(ingest_by(b, 1, &total, &err), &err);
  assert_int_equal(total.embedded, PHOTOS - 2);
  assert_int_equal(total.skipped, 2);
  assert_int_equal(engine_inferences, 2);
  expect_features(b, PHOTOS - 2);
  /* two that are new, and a copy of one that is known between them */
  engine_picture(first, 90);
  engine_picture(middle, 91);
  akin_free(engine_photo(b, "p02-copy.jpg", 3));
  atomic_store(&engine_inferences, 0);
  testing_ok(ingest_by(b, 1, &total, &err), &err);
  assert_int_equal(total.embedded, 2);
  assert_int_equal(total.reused, 1);
  assert_int_equal(engine_inferences, 1);
  expect_features(b, PHOTOS + 1);
  akin_free(first);
  akin_free(middle);
}

/* ---- breaking off ---- */

static int cancel_at_once(void *context) {
  (void)context;
  return 1;
}

static void test_cancelled_run_goes_on_later(void **state) {
  engine_bench *b = *state;
  akin_ingest_options options = AKIN_INGEST_OPTIONS_INIT;
  akin_error err;
  options.should_cancel = cancel_at_once;
  engine_photos(b, 40);
  testing_expect(engine_ingest(b, &options, NULL, &err), AKIN_ERROR_CANCELLED, &err);
  testing_ok(ingest_by(b, 2, NULL, &err), &err);
  expect_features(b, 40);
}

static void test_failing_inference_ends_the_run(void **state) {
  engine_bench *b = *state;
  akin_progress total;
  akin_error err;
  engine_photos(b, PHOTOS);
  fails = true;
  testing_expect(ingest_by(b, 2, &total, &err), AKIN_ERROR_RUNTIME, &err);
  assert_int_equal(total.embedded, 0);
  fails = false;
  testing_ok(ingest_by(b, 2, &total, &err), &err);
  assert_int_equal(total.embedded, PHOTOS);
  expect_features(b, PHOTOS);
}

static void test_without_memory(void **state) {
  engine_bench *b = *state;
  unsigned failed = 0;
  engine_photos(b, PHOTOS);
  for (uint64_t nth = 1; nth < 400; nth += 7) {
    akin_error err;
    akin_memory_fail_at(nth, false);
    akin_status status = ingest_by(b, 2, NULL, &err);
    akin_memory_fail_at(0, true);
    if (status) testing_expect(status, AKIN_ERROR_MEMORY, &err);
    failed += status != AKIN_OK;
  }
  assert_true(failed > 5);
  akin_error err;
  testing_ok(ingest_by(b, 2, NULL, &err), &err);
  expect_features(b, PHOTOS);
}

/* ---- which networks ---- */

static uint32_t batch_asked_for(const engine_bench *b, uint64_t weights, uint32_t workers, uint64_t images) {
  akin_model *model = engine_open_model(b, workers, NULL);
  akin_error err;
  model->cut.vector_weights = weights;
  testing_ok(akin_model_prepare(model, images, &err), &err);
  akin_model_free(model);
  return asked;
}

static void test_batches_are_for_large_dense_layers_and_many_images(void **state) {
  const engine_bench *b = *state;
  const uint64_t vgg16 = 25088 * 4096 + 4096 + 4096 * 4096 + 4096, least = (64u << 20) / 4;
  assert_int_equal(b->model->cut.vector_weights, 0); /* its one dense layer makes the class scores, behind the cut */
  assert_int_equal(batch_asked_for(b, 0, 2, 1000000), 1);
  assert_int_equal(batch_asked_for(b, least - 1, 2, 1000000), 1);
  assert_int_equal(batch_asked_for(b, least, 2, 1000000), 4);
  assert_int_equal(batch_asked_for(b, vgg16, 2, 64), 4);
  assert_int_equal(batch_asked_for(b, vgg16, 2, 63), 1);
  assert_int_equal(batch_asked_for(b, vgg16, 16, 64), 1);
  assert_int_equal(batch_asked_for(b, vgg16, 0, 32), 4);
  assert_int_equal(batch_asked_for(b, vgg16, 1, 1), 1); /* a question */
}

#define BATCH_TEST(test) cmocka_unit_test_setup_teardown(test, batch_setup, engine_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      BATCH_TEST(test_features_are_those_of_images_alone),
      BATCH_TEST(test_fewer_images_than_a_batch),
      BATCH_TEST(test_more_workers_than_slots),
      BATCH_TEST(test_bad_and_known_images_take_no_place),
      BATCH_TEST(test_cancelled_run_goes_on_later),
      BATCH_TEST(test_failing_inference_ends_the_run),
      BATCH_TEST(test_without_memory),
      BATCH_TEST(test_batches_are_for_large_dense_layers_and_many_images),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
