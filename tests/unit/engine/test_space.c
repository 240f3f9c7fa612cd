/* test_space.c - what scores are made of: backgrounds against counting, transforms against double precision, what a
 * store measures and when, points of one model and of two. */
#include "unit/engine/engine_testing.h"

#include "base/random.h"
#include "engine/measure.h"
#include "engine/space.h"

#include <math.h>

#define DIM 40u

/* ---- without a store ---- */

static void drawn_rows(float *rows, size_t n, uint64_t seed) {
  akin_random r = {seed};
  akin_error err;
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < DIM; j++)
      rows[i * DIM + j] = (float)(akin_random_next(&r) >> 40) / 16777216.0f + (j < 5 ? 1.0f : 0.0f);
    testing_ok(akin_search_normalise(rows + i * DIM, DIM, &err), &err);
  }
}

static void background_of_few_is_all_pairs(void **state) {
  enum { N = 30 };
  static float rows[N * DIM];
  akin_background b = {0};
  akin_error err;
  (void)state;
  drawn_rows(rows, N, 1);
  testing_ok(akin_background_measure(&b, rows, N, DIM, &err), &err);
  assert_int_equal(b.count, N * (N - 1) / 2);
  for (size_t i = 0; i < N; i += 7) {
    float score = 0;
    size_t below = 0, equal = 0;
    akin_search_scores(&score, rows, rows + (i + 1) * DIM, 1, DIM, DIM);
    for (size_t x = 0; x < N; x++)
      for (size_t y = 0; y < x; y++) {
        float other = 0;
        akin_search_scores(&other, rows + x * DIM, rows + y * DIM, 1, DIM, DIM);
        below += other < score;
        equal += other == score;
      }
    const double want = 100 * ((double)below + (double)equal / 2) / (double)b.count;
    assert_true(fabs(akin_background_percentile(&b, score) - want) < 1e-9);
  }
  assert_true(akin_background_percentile(&b, 1.5f) == 100);
  assert_true(akin_background_percentile(&b, -1.5f) == 0);
  akin_background_free(&b);
  assert_true(akin_background_percentile(&b, 0.5f) < 0);
  testing_ok(akin_background_measure(&b, rows, 1, DIM, &err), &err);
  assert_int_equal(b.count, 0);
}

static void background_of_many_is_a_sample(void **state) {
  enum { N = 600 };
  static float rows[N * DIM];
  akin_background b = {0}, again = {0};
  akin_error err;
  (void)state;
  drawn_rows(rows, N, 2);
  testing_ok(akin_background_measure(&b, rows, N, DIM, &err), &err);
  assert_int_equal(b.count, AKIN_BACKGROUND_PAIRS);
  for (size_t i = 1; i < b.count; i++)
    assert_true(b.scores[i - 1] <= b.scores[i]);
  size_t below = 0, pairs = 0;
  const float score = b.scores[b.count / 4];
  for (size_t x = 0; x < N; x++)
    for (size_t y = 0; y < x; y++, pairs++) {
      float other = 0;
      akin_search_scores(&other, rows + x * DIM, rows + y * DIM, 1, DIM, DIM);
      below += other < score;
    }
  assert_true(fabs((double)below / (double)pairs - 0.25) < 0.02);
  testing_ok(akin_background_measure(&again, rows, N, DIM, &err), &err);
  assert_memory_equal(b.scores, again.scores, b.count * sizeof *b.scores);
  akin_background_free(&b);
  akin_background_free(&again);
}

static void a_centred_feature_is_what_differs(void **state) {
  float feature[2 * DIM], centre[DIM] = {0}, out[DIM];
  akin_transform t = {.from = DIM, .to = DIM, .centre = centre};
  double length = 0;
  (void)state;
  drawn_rows(feature, 2, 3);
  memcpy(centre, feature + DIM, sizeof centre);
  akin_transform_apply(&t, out, feature);
  for (size_t j = 0; j < DIM; j++)
    length += pow((double)feature[j] - (double)centre[j], 2);
  for (size_t j = 0; j < DIM; j++)
    assert_true(fabs(out[j] - ((double)feature[j] - (double)centre[j]) / sqrt(length)) < 1e-6);
  memset(out, 0xA5, sizeof out);
  akin_transform_apply(&t, out, centre); /* no direction */
  for (size_t j = 0; j < DIM; j++)
    assert_true(out[j] == 0.0f);
}

static void names_of_scores(void **state) {
  akin_scores scores = AKIN_SCORES_DEFAULT;
  (void)state;
  for (int i = AKIN_SCORES_DEFAULT; i <= AKIN_SCORES_WHITENED; i++) {
    assert_int_equal(akin_scores_from_name(&scores, akin_scores_name((akin_scores)i)), 1);
    assert_int_equal(scores, i);
  }
  assert_int_equal(akin_scores_from_name(&scores, "Cosine"), 0);
  assert_int_equal(scores, AKIN_SCORES_WHITENED);
  assert_string_equal(akin_scores_name((akin_scores)77), "unknown");
}

/* ---- of a store ---- */

static int store_setup(void **state) {
  engine_setup(state);
  engine_photos(*state, 120);
  akin_error err;
  testing_ok(engine_ingest(*state, NULL, NULL, &err), &err);
  return 0;
}

static akin_space *open_space(engine_bench *b, akin_scores scores) {
  akin_space *space = NULL;
  akin_error err;
  testing_ok(akin_space_open(&space, b->store, NULL, 0, scores, &err), &err);
  return space;
}

static akin_vectors *points_of(engine_bench *b, const akin_space *space) {
  akin_vectors *v = NULL;
  akin_error err;
  testing_ok(akin_store_points(b->store, &v, space, &err), &err);
  return v;
}

/* Each point against its feature less the mean of all, in double precision. */
static void points_are_features_less_their_mean(void **state) {
  engine_bench *b = *state;
  akin_space *plain = open_space(b, AKIN_SCORES_COSINE), *centred = open_space(b, AKIN_SCORES_DEFAULT);
  akin_vectors *features = points_of(b, plain), *points = points_of(b, centred);
  const uint32_t dim = plain->dim;
  double *mean = akin_calloc(dim, sizeof *mean);
  const float *rows = NULL;
  const uint64_t *ids = NULL;
  size_t stride = 0, count = 0;
  assert_int_equal(plain->scores, AKIN_SCORES_COSINE);
  assert_int_equal(centred->scores, AKIN_SCORES_CENTRED);
  assert_int_equal(akin_vectors_live(points), akin_vectors_live(features));
  for (size_t run = 0, n; (n = akin_vectors_run(features, run, &rows, &stride, &ids)) > 0; run++)
    for (size_t i = 0; i < n; i++, count++)
      for (uint32_t j = 0; j < dim; j++)
        mean[j] += (double)rows[i * stride + j];
  for (uint32_t j = 0; j < dim; j++)
    mean[j] /= (double)count;
  for (size_t run = 0, n; (n = akin_vectors_run(features, run, &rows, &stride, &ids)) > 0; run++)
    for (size_t i = 0; i < n; i++) {
      const float *point = akin_vectors_find(points, ids[i]);
      double length = 0;
      assert_non_null(point);
      for (uint32_t j = 0; j < dim; j++)
        length += pow((double)rows[i * stride + j] - mean[j], 2);
      for (uint32_t j = 0; j < dim; j++)
        assert_true(fabs(point[j] - ((double)rows[i * stride + j] - mean[j]) / sqrt(length)) < 1e-5);
    }
  akin_free(mean);
  akin_space_free(plain);
  akin_space_free(centred);
}

/* A few more images follow by the old mean; more than a fifth of new ones bring a new one. */
static void the_mean_is_taken_anew_when_a_fifth_changed(void **state) {
  engine_bench *b = *state;
  akin_error err;
  akin_space *first = open_space(b, AKIN_SCORES_DEFAULT);
  akin_free(engine_photo(b, "more.jpg", 250));
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
  akin_space *second = open_space(b, AKIN_SCORES_DEFAULT);
  assert_string_equal(first->key, second->key);
  assert_int_equal(akin_vectors_live(points_of(b, second)), 121);
  for (unsigned i = 0; i < 30; i++) {
    char name[32];
    snprintf(name, sizeof name, "new%02u.jpg", i);
    akin_free(engine_photo(b, name, 130 + i));
  }
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
  akin_space *third = open_space(b, AKIN_SCORES_DEFAULT);
  assert_string_not_equal(second->key, third->key);
  assert_int_equal(akin_vectors_live(points_of(b, third)), 151);
  akin_space_free(first);
  akin_space_free(second);
  akin_space_free(third);
}

static void few_images_have_no_mean(void **state) {
  engine_bench *b = *state;
  akin_error err;
  uint64_t removed = 0;
  akin_space *space = TESTING_POISON;
  for (unsigned i = 0; i < 30; i++) {
    char name[32];
    snprintf(name, sizeof name, "p%02u.jpg", i);
    char *path = testing_path(b->photos, name);
    const char *const paths[] = {path};
    testing_ok(akin_store_remove(b->store, paths, 1, &removed, &err), &err);
    akin_free(path);
  }
  akin_space *chosen = open_space(b, AKIN_SCORES_DEFAULT);
  assert_int_equal(chosen->scores, AKIN_SCORES_COSINE);
  testing_expect(akin_space_open(&space, b->store, NULL, 0, AKIN_SCORES_CENTRED, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, "need 100 different images");
  assert_null(space);
  akin_space_free(chosen);
}

/* As a writer leaves it that was killed before it measured: questions come to the same, to the bit. */
static void what_was_not_measured_is_measured_by_who_asks(void **state) {
  static const char *const names[] = {"measured", "centre", "background centred"};
  engine_bench *b = *state;
  akin_error err;
  akin_storage *writer = NULL;
  akin_space *kept = open_space(b, AKIN_SCORES_DEFAULT);
  testing_ok(akin_space_background(kept, b->store, points_of(b, kept), &err), &err);
  testing_ok(akin_store_writer(b->store, &writer, &err), &err);
  testing_ok(akin_storage_begin(writer, &err), &err);
  for (size_t i = 0; i < 3; i++)
    testing_ok(akin_storage_fact_remove(writer, kept->models[0]->id, names[i], &err), &err);
  testing_ok(akin_storage_commit(writer, &err), &err);
  akin_storage_close(writer);
  akin_space *made = open_space(b, AKIN_SCORES_DEFAULT);
  testing_ok(akin_space_background(made, b->store, points_of(b, made), &err), &err);
  assert_int_equal(made->scores, AKIN_SCORES_CENTRED);
  assert_string_equal(made->key, kept->key);
  assert_int_equal(made->background.count, kept->background.count);
  assert_memory_equal(made->background.scores, kept->background.scores, made->background.count * sizeof(float));
  akin_space_free(kept);
  akin_space_free(made);
}

static void axes_are_made_once_and_kept(void **state) {
  engine_bench *b = *state;
  akin_space *reduced = open_space(b, AKIN_SCORES_REDUCED), *again = open_space(b, AKIN_SCORES_REDUCED),
             *whitened = open_space(b, AKIN_SCORES_WHITENED);
  float *axes = NULL;
  size_t count = 0;
  akin_error err;
  testing_ok(akin_storage_fact_get_floats(b->store->reader, reduced->models[0]->id, "axes", &axes, &count, &err), &err);
  assert_int_equal(count, (size_t)reduced->dim * reduced->models[0]->dim);
  assert_true(reduced->dim <= AKIN_REDUCED_DIM);
  assert_string_equal(reduced->key, again->key);
  assert_string_not_equal(reduced->key, whitened->key);
  assert_int_equal(akin_vectors_live(points_of(b, whitened)), 120);
  akin_free(axes);
  akin_space_free(reduced);
  akin_space_free(again);
  akin_space_free(whitened);
}

static void a_model_is_not_joined_with_itself(void **state) {
  engine_bench *b = *state;
  const char *const names[] = {"tiny", "tiny"};
  akin_space *space = TESTING_POISON;
  akin_error err;
  testing_expect(akin_space_open(&space, b->store, names, 2, AKIN_SCORES_COSINE, &err), AKIN_ERROR_USAGE, &err);
  testing_says(&err, "named twice");
  assert_null(space);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(background_of_few_is_all_pairs),
      cmocka_unit_test(background_of_many_is_a_sample),
      cmocka_unit_test(a_centred_feature_is_what_differs),
      cmocka_unit_test(names_of_scores),
      cmocka_unit_test_setup_teardown(points_are_features_less_their_mean, store_setup, engine_teardown),
      cmocka_unit_test_setup_teardown(the_mean_is_taken_anew_when_a_fifth_changed, store_setup, engine_teardown),
      cmocka_unit_test_setup_teardown(few_images_have_no_mean, store_setup, engine_teardown),
      cmocka_unit_test_setup_teardown(what_was_not_measured_is_measured_by_who_asks, store_setup, engine_teardown),
      cmocka_unit_test_setup_teardown(axes_are_made_once_and_kept, store_setup, engine_teardown),
      cmocka_unit_test_setup_teardown(a_model_is_not_joined_with_itself, store_setup, engine_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
