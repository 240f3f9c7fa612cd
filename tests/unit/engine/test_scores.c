/* test_scores.c - what questions make of scores: centred by default once a store is large enough, with percentiles,
 * cosines on request, several models joined. */
#include "unit/engine/engine_testing.h"

#include "engine/space.h"

#include <math.h>

#define PHOTOS 110

static int scores_setup(void **state) {
  akin_error err;
  engine_setup(state);
  engine_photos(*state, PHOTOS);
  testing_ok(engine_ingest(*state, NULL, NULL, &err), &err);
  atomic_store(&engine_inferences, 0);
  return 0;
}

/* A second model in the store: the same network, another layer. */
static void add_second(engine_bench *b) {
  akin_import_options import = AKIN_IMPORT_OPTIONS_INIT;
  akin_model_options options = AKIN_MODEL_OPTIONS_INIT;
  akin_model *model = NULL;
  const char *paths[] = {b->photos};
  akin_error err;
  import.models_folder = b->models;
  import.card = AKIN_TEST_DATA "/models/tiny.json";
  import.name = "second";
  import.replace = 1; /* the same again */
  testing_ok(akin_model_import_file(AKIN_TEST_MODELS "/tiny.pth", &import, NULL, 0, &err), &err);
  options.models_folder = b->models;
  options.preprocess = AKIN_PREPROCESS_KERAS;
  testing_ok(akin_model_open(&model, "second", &options, &err), &err);
  testing_ok(akin_store_ingest(b->store, model, paths, 1, NULL, NULL, &err), &err);
  akin_model_free(model);
}

static akin_hits *ask(engine_bench *b, const char *path, const akin_query *query) {
  akin_hits *hits = NULL;
  akin_error err;
  testing_ok(akin_store_like(b->store, &hits, &path, 1, query, &err), &err);
  return hits;
}

typedef struct found_content {
  uint64_t id;
} found_content;

static akin_status find_content(void *context, const akin_stored_image *image, akin_error *err) {
  found_content *found = context;
  (void)err;
  found->id = image->content_id;
  return AKIN_OK;
}

static uint64_t content_of(engine_bench *b, const char *path) {
  akin_storage *reader = NULL;
  found_content found = {0};
  akin_error err;
  testing_ok(akin_store_reader(b->store, &reader, &err), &err);
  testing_ok(akin_storage_image_at(reader, path, find_content, &found, &err), &err);
  return found.id;
}

/* The score of two stored images by their points in a space. */
static double score_in(engine_bench *b, akin_scores scores, const char *const *models, size_t count, const char *first,
                       const char *second) {
  akin_space *space = NULL;
  akin_vectors *points = NULL;
  akin_error err;
  double sum = 0;
  testing_ok(akin_space_open(&space, b->store, models, count, scores, &err), &err);
  testing_ok(akin_store_points(b->store, &points, space, &err), &err);
  const float *x = akin_vectors_find(points, content_of(b, first)),
              *y = akin_vectors_find(points, content_of(b, second));
  assert_non_null(x);
  assert_non_null(y);
  for (uint32_t i = 0; i < space->dim; i++)
    sum += (double)x[i] * (double)y[i];
  akin_space_free(space);
  return sum;
}

static void centred_scores_are_the_default(void **state) {
  engine_bench *b = *state;
  akin_query query = AKIN_QUERY_INIT;
  char *path = testing_path(b->photos, "p20.jpg");
  akin_hits *hits = ask(b, path, NULL);
  double before = 100;
  assert_int_equal(akin_hits_asked(hits)->scores, AKIN_SCORES_CENTRED);
  for (size_t i = 0; i < akin_hits_count(hits); i++) {
    const akin_hit *hit = akin_hits_at(hits, i);
    assert_true(fabs((double)hit->score - score_in(b, AKIN_SCORES_CENTRED, NULL, 0, path, hit->path)) < 1e-5);
    assert_true(hit->percentile >= 0 && hit->percentile <= before); /* falls with the score */
    before = hit->percentile;
  }
  assert_true(akin_hits_at(hits, 0)->percentile > 50);
  akin_hits_free(hits);
  query.scores = AKIN_SCORES_COSINE;
  hits = ask(b, path, &query);
  assert_int_equal(akin_hits_asked(hits)->scores, AKIN_SCORES_COSINE);
  for (size_t i = 0; i < akin_hits_count(hits); i++) {
    const akin_hit *hit = akin_hits_at(hits, i);
    assert_true(fabs((double)hit->score - score_in(b, AKIN_SCORES_COSINE, NULL, 0, path, hit->path)) < 1e-5);
    assert_true(hit->percentile >= 0);
  }
  akin_hits_free(hits);
  akin_free(path);
}

/* The percentile of a score is what counting all pairs gives. */
static void a_percentile_counts_pairs(void **state) {
  engine_bench *b = *state;
  akin_space *space = NULL;
  akin_vectors *points = NULL;
  const float *rows = NULL, *all[PHOTOS];
  const uint64_t *ids = NULL;
  size_t stride = 0, count = 0, below = 0, equal = 0;
  akin_error err;
  char *path = testing_path(b->photos, "p33.jpg");
  akin_hits *hits = ask(b, path, NULL);
  const akin_hit *hit = akin_hits_at(hits, 3);
  testing_ok(akin_space_open(&space, b->store, NULL, 0, AKIN_SCORES_CENTRED, &err), &err);
  testing_ok(akin_store_points(b->store, &points, space, &err), &err);
  for (size_t run = 0, n; (n = akin_vectors_run(points, run, &rows, &stride, &ids)) > 0; run++)
    for (size_t i = 0; i < n; i++)
      all[count++] = rows + i * stride;
  assert_int_equal(count, PHOTOS); /* few enough for all pairs */
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < i; j++) {
      float score = 0;
      akin_search_scores(&score, all[i], all[j], 1, space->dim, space->dim);
      below += score < hit->score;
      equal += score == hit->score;
    }
  const double want = 100 * ((double)below + (double)equal / 2) / (PHOTOS * (PHOTOS - 1) / 2.0);
  assert_true(fabs(hit->percentile - want) < 1e-9);
  akin_space_free(space);
  akin_hits_free(hits);
  akin_free(path);
}

/* An image from outside is moved as the stored ones are: the copy of a stored picture finds it with a score of 1. */
static void an_image_from_outside_is_centred_too(void **state) {
  engine_bench *b = *state;
  akin_query query = AKIN_QUERY_INIT;
  char *outside = testing_path(b->folder, "outside.jpg"), *inside = testing_path(b->photos, "zz.jpg");
  akin_error err;
  query.include_self = 1;
  engine_picture(outside, 240);
  akin_hits *before = ask(b, outside, &query);
  assert_int_equal(engine_inferences, 1);
  akin_free(engine_photo(b, "zz.jpg", 240));
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
  akin_hits *after = ask(b, inside, &query);
  assert_string_equal(akin_hits_at(after, 0)->path, inside);
  assert_true(akin_hits_at(after, 0)->score > 0.999999f);
  for (size_t i = 0; i < 4; i++) {
    assert_string_equal(akin_hits_at(before, i)->path, akin_hits_at(after, i + 1)->path);
    assert_true(akin_hits_at(before, i)->score == akin_hits_at(after, i + 1)->score);
  }
  akin_hits_free(before);
  akin_hits_free(after);
  akin_free(outside);
  akin_free(inside);
}

static void a_joined_score_is_the_mean(void **state) {
  engine_bench *b = *state;
  const char *const models[] = {"tiny", "second"};
  akin_query query = AKIN_QUERY_INIT;
  char *path = testing_path(b->photos, "p20.jpg"), *outside = testing_path(b->folder, "outside.jpg");
  add_second(b);
  query.models = models;
  query.model_count = 2;
  akin_hits *hits = ask(b, path, &query);
  assert_string_equal(akin_hits_model(hits), "tiny + second");
  assert_int_equal(akin_hits_count(hits), 5);
  for (size_t i = 0; i < 5; i++) {
    const akin_hit *hit = akin_hits_at(hits, i);
    const double one = score_in(b, AKIN_SCORES_CENTRED, models, 1, path, hit->path),
                 other = score_in(b, AKIN_SCORES_CENTRED, models + 1, 1, path, hit->path);
    assert_true(fabs((double)hit->score - (one + other) / 2) < 1e-5);
    assert_true(hit->percentile >= 0);
  }
  akin_hits_free(hits);
  atomic_store(&engine_inferences, 0);
  engine_picture(outside, 240);
  akin_hits_free(ask(b, outside, &query));
  akin_hits_free(ask(b, outside, &query)); /* both networks are open now */
  assert_int_equal(engine_inferences, 4);
  akin_free(path);
  akin_free(outside);
}

/* Images that not all models know are no hits; they become some when the last feature comes. */
static void a_joined_space_follows(void **state) {
  engine_bench *b = *state;
  const char *const models[] = {"tiny", "second"};
  akin_query query = AKIN_QUERY_INIT;
  akin_error err;
  char *path = testing_path(b->photos, "p20.jpg");
  uint64_t removed = 0;
  add_second(b);
  query.models = models;
  query.model_count = 2;
  query.k = 1000;
  akin_hits *hits = ask(b, path, &query);
  assert_int_equal(akin_hits_count(hits), PHOTOS - 1);
  akin_hits_free(hits);
  char *fresh = engine_photo(b, "zz.jpg", 240);
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err); /* by tiny only */
  hits = ask(b, path, &query);
  assert_int_equal(akin_hits_count(hits), PHOTOS - 1);
  akin_hits_free(hits);
  add_second(b);
  hits = ask(b, path, &query);
  assert_int_equal(akin_hits_count(hits), PHOTOS);
  akin_hits_free(hits);
  const char *const gone[] = {fresh};
  testing_ok(akin_store_remove(b->store, gone, 1, &removed, &err), &err);
  hits = ask(b, path, &query);
  assert_int_equal(akin_hits_count(hits), PHOTOS - 1);
  akin_hits_free(hits);
  akin_free(fresh);
  akin_free(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(centred_scores_are_the_default, scores_setup, engine_teardown),
      cmocka_unit_test_setup_teardown(a_percentile_counts_pairs, scores_setup, engine_teardown),
      cmocka_unit_test_setup_teardown(an_image_from_outside_is_centred_too, scores_setup, engine_teardown),
      cmocka_unit_test_setup_teardown(a_joined_score_is_the_mean, scores_setup, engine_teardown),
      cmocka_unit_test_setup_teardown(a_joined_space_follows, scores_setup, engine_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
