/* test_like.c - questions and their answers: scores against double precision, ties, copies, images from outside,
 * errors. */
#include "unit/engine/engine_testing.h"

#include "base/error.h"

#include <math.h>

#define PHOTOS 12

typedef struct all {
  char paths[64][256];
  float features[64][4096];
  size_t count;
  uint32_t dim;
} all;

static akin_status all_visit(void *context, const char *path, const float *feature, uint32_t dim) {
  all *a = context;
  assert_true(a->count < 64 && dim <= 4096);
  snprintf(a->paths[a->count], sizeof a->paths[0], "%s", path);
  memcpy(a->features[a->count++], feature, dim * sizeof *feature);
  a->dim = dim;
  return AKIN_OK;
}

static int like_setup(void **state) {
  akin_error err;
  engine_setup(state);
  engine_photos(*state, PHOTOS);
  testing_ok(engine_ingest(*state, NULL, NULL, &err), &err);
  atomic_store(&engine_inferences, 0);
  return 0;
}

static all *all_features(engine_bench *b) {
  all *a = akin_calloc(1, sizeof *a);
  akin_error err;
  assert_non_null(a);
  testing_ok(akin_store_features(b->store, NULL, all_visit, a, &err), &err);
  return a;
}

static double all_score(const all *a, size_t i, size_t j) {
  double sum = 0;
  for (uint32_t k = 0; k < a->dim; k++)
    sum += (double)a->features[i][k] * (double)a->features[j][k];
  return sum;
}

static akin_hits *ask(engine_bench *b, const char *path, uint32_t k, int include_self) {
  akin_query query = AKIN_QUERY_INIT;
  akin_hits *hits = NULL;
  akin_error err;
  query.k = k;
  query.include_self = include_self;
  testing_ok(akin_store_like(b->store, &hits, &path, 1, &query, &err), &err);
  return hits;
}

static void test_best_of_a_stored_image(void **state) {
  engine_bench *b = *state;
  all *a = all_features(b);
  assert_int_equal(a->count, PHOTOS);
  for (size_t i = 0; i < a->count; i++) {
    akin_hits *hits = ask(b, a->paths[i], 5, 0);
    assert_int_equal(akin_hits_count(hits), 5);
    assert_string_equal(akin_hits_query(hits, 0), a->paths[i]);
    assert_string_equal(akin_hits_model(hits), "tiny");
    double worst = 2;
    for (size_t h = 0; h < 5; h++) {
      const akin_hit *hit = akin_hits_at(hits, h);
      size_t j = 0;
      while (strcmp(a->paths[j], hit->path) != 0)
        j++;
      assert_int_not_equal(i, j);
      assert_int_equal(hit->rank, h + 1);
      assert_true(fabs((double)hit->score - all_score(a, i, j)) <= 1e-5);
      assert_true((double)hit->score <= worst);
      assert_int_equal(hit->width, 64);
      assert_int_equal(hit->height, 48);
      worst = (double)hit->score;
    }
    size_t better = 0; /* nothing better was left out */
    for (size_t j = 0; j < a->count; j++)
      better += j != i && all_score(a, i, j) > worst + 1e-5;
    assert_true(better <= 5);
    akin_hits_free(hits);
  }
  assert_int_equal(engine_inferences, 0);
  akin_free(a);
}

static void test_self_only_when_asked(void **state) {
  engine_bench *b = *state;
  char *copy = engine_photo(b, "z-copy-of-p03.jpg", 4), *original = testing_path(b->photos, "p03.jpg");
  akin_error err;
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
  akin_hits *hits = ask(b, original, 20, 1);
  assert_int_equal(akin_hits_count(hits), PHOTOS + 1);
  assert_string_equal(akin_hits_at(hits, 0)->path, original); /* equal scores: by path */
  assert_string_equal(akin_hits_at(hits, 1)->path, copy);
  assert_true(akin_hits_at(hits, 0)->score == akin_hits_at(hits, 1)->score);
  akin_hits_free(hits);
  hits = ask(b, original, 20, 0);
  assert_int_equal(akin_hits_count(hits), PHOTOS - 1);
  akin_hits_free(hits);
  /* copies are hits of others, in path order, and k cuts between them */
  char *other = testing_path(b->photos, "p04.jpg");
  hits = ask(b, other, 20, 0);
  bool together = false;
  for (size_t i = 1; i < akin_hits_count(hits); i++)
    together = together || (strcmp(akin_hits_at(hits, i - 1)->path, original) == 0 &&
                            strcmp(akin_hits_at(hits, i)->path, copy) == 0);
  assert_true(together);
  akin_hits_free(hits);
  akin_free(copy);
  akin_free(original);
  akin_free(other);
}

static void test_image_from_outside(void **state) {
  engine_bench *b = *state;
  char *outside = testing_path(b->folder, "outside.jpg"), *same = testing_path(b->folder, "same.jpg"),
       *fifth = testing_path(b->photos, "p05.jpg");
  engine_picture(outside, 99);
  engine_picture(same, 6);
  akin_hits *hits = ask(b, outside, 3, 0);
  assert_int_equal(akin_hits_count(hits), 3);
  assert_int_equal(engine_inferences, 1);
  akin_hits_free(hits);
  hits = ask(b, same, PHOTOS, 1); /* the content is known: nothing is computed */
  assert_int_equal(engine_inferences, 1);
  assert_string_equal(akin_hits_at(hits, 0)->path, fifth);
  akin_hits_free(hits);
  hits = ask(b, same, PHOTOS, 0);
  assert_int_equal(akin_hits_count(hits), PHOTOS - 1);
  akin_hits_free(hits);
  akin_free(outside);
  akin_free(same);
  akin_free(fifth);
}

static void test_several_images_are_their_mean(void **state) {
  engine_bench *b = *state;
  all *a = all_features(b);
  const char *paths[] = {a->paths[1], a->paths[7]};
  akin_hits *hits = NULL;
  akin_query query = AKIN_QUERY_INIT;
  akin_error err;
  query.k = PHOTOS;
  testing_ok(akin_store_like(b->store, &hits, paths, 2, &query, &err), &err);
  assert_int_equal(akin_hits_query_count(hits), 2);
  assert_int_equal(akin_hits_count(hits), PHOTOS - 2);
  double norm = sqrt(2 + 2 * all_score(a, 1, 7));
  for (size_t h = 0; h < akin_hits_count(hits); h++) {
    size_t j = 0;
    while (strcmp(a->paths[j], akin_hits_at(hits, h)->path) != 0)
      j++;
    assert_true(fabs((double)akin_hits_at(hits, h)->score - (all_score(a, 1, j) + all_score(a, 7, j)) / norm) <= 1e-5);
  }
  akin_hits_free(hits);
  akin_free(a);
}

static void test_stored_image_whose_file_is_gone(void **state) {
  engine_bench *b = *state;
  char *path = testing_path(b->photos, "p02.jpg");
  assert_int_equal(unlink(path), 0);
  akin_hits *hits = ask(b, path, 3, 0);
  assert_int_equal(akin_hits_count(hits), 3);
  akin_hits_free(hits);
  akin_free(path);
}

static void test_errors(void **state) {
  engine_bench *b = *state;
  akin_query query = AKIN_QUERY_INIT;
  akin_hits *hits = TESTING_POISON;
  akin_error err;
  char *bad = testing_path(b->folder, "bad.jpg"), *missing = testing_path(b->folder, "missing.jpg");
  const char *path = missing;
  testing_write_text(bad, "no image");
  testing_expect(akin_store_like(b->store, &hits, &path, 1, NULL, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, missing);
  assert_null(hits);
  path = bad;
  testing_expect(akin_store_like(b->store, &hits, &path, 1, NULL, &err), AKIN_ERROR_FORMAT, &err);
  testing_says(&err, bad);
  testing_expect(akin_store_like(b->store, &hits, &path, 0, NULL, &err), AKIN_ERROR_USAGE, &err);
  query.k = 0;
  testing_expect(akin_store_like(b->store, &hits, &path, 1, &query, &err), AKIN_ERROR_USAGE, &err);
  query = (akin_query)AKIN_QUERY_INIT;
  query.model = "vgg16";
  testing_expect(akin_store_like(b->store, &hits, &path, 1, &query, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, "tiny");
  akin_free(bad);
  akin_free(missing);
}

static void test_no_store(void **state) {
  engine_bench *b = *state;
  akin_store *store = TESTING_POISON;
  akin_error err;
  char *folder = testing_path(b->folder, "nothing-here");
  testing_expect(akin_store_open(&store, folder, 0, &err), AKIN_ERROR_NOT_FOUND, &err);
  assert_null(store);
  testing_says(&err, "akin index");
  assert_false(akin_file_exists(folder)); /* asking makes no store */
  akin_free(folder);
}

/* ---- recommend ---- */

typedef struct table {
  size_t rows, skipped;
  char first[256];
  char last[256];
} table;

static akin_status table_row(void *context, const akin_hits *hits) {
  table *t = context;
  assert_int_equal(akin_hits_query_count(hits), 1);
  if (t->rows > 0) assert_true(strcmp(t->last, akin_hits_query(hits, 0)) < 0);
  snprintf(t->last, sizeof t->last, "%s", akin_hits_query(hits, 0));
  assert_int_equal(akin_hits_count(hits), 5);
  t->rows++;
  return AKIN_OK;
}

static akin_status table_first(void *context, const akin_hits *hits) {
  (void)hits;
  ((table *)context)->rows++;
  return AKIN_ERROR_CANCELLED;
}

static void table_skipped(void *context, const char *path, const char *reason) {
  (void)path;
  assert_true(strlen(reason) > 0);
  ((table *)context)->skipped++;
}

static void test_recommend_everything(void **state) {
  engine_bench *b = *state;
  table t = {0};
  akin_error err;
  testing_ok(akin_store_recommend(b->store, NULL, 0, NULL, table_row, table_skipped, &t, &err), &err);
  assert_int_equal(t.rows, PHOTOS);
  t = (table){0};
  testing_expect(akin_store_recommend(b->store, NULL, 0, NULL, table_first, NULL, &t, &err), AKIN_ERROR_CANCELLED,
                 &err);
  assert_int_equal(t.rows, 1);
}

static akin_status refuse_to_open(akin_network **out, const akin_runtime_spec *spec, akin_error *err) {
  *out = NULL;
  (void)spec;
  return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "this processor cannot compute that");
}

static void test_recommend_goes_on_after_a_bad_image(void **state) {
  engine_bench *b = *state;
  table t = {0};
  akin_error err;
  char *bad = testing_path(b->folder, "bad.jpg"), *good = testing_path(b->photos, "p03.jpg");
  const char *paths[] = {bad, good};
  testing_write_text(bad, "no image");
  testing_ok(akin_store_recommend(b->store, paths, 2, NULL, table_row, table_skipped, &t, &err), &err);
  assert_int_equal(t.rows, 1);
  assert_int_equal(t.skipped, 1);
  akin_free(bad);
  akin_free(good);
}

static void test_broken_runtime_is_no_image_s_fault(void **state) {
  engine_bench *b = *state;
  table t = {0};
  akin_error err;
  char *outside = testing_path(b->folder, "outside.jpg");
  const char *path = outside;
  engine_picture(outside, 99);
  engine_runtime.open = refuse_to_open;
  testing_expect(akin_store_recommend(b->store, &path, 1, NULL, table_row, table_skipped, &t, &err),
                 AKIN_ERROR_UNSUPPORTED, &err);
  assert_int_equal(t.rows + t.skipped, 0);
  akin_free(outside);
}

/* The store keeps the model that it opened for a question; the limits are the next question's all the same. */
static void test_limits_are_those_of_the_question(void **state) {
  engine_bench *b = *state;
  akin_error err;
  akin_hits *hits = NULL;
  akin_query query = AKIN_QUERY_INIT;
  akin_model_options options = AKIN_MODEL_OPTIONS_INIT;
  char *outside = testing_path(b->folder, "outside.jpg");
  const char *path = outside;
  engine_picture(outside, 99);
  query.model_options = &options;
  options.limits.max_pixels = 64 * 48 - 1;
  testing_expect(akin_store_like(b->store, &hits, &path, 1, &query, &err), AKIN_ERROR_LIMIT, &err);
  options.limits.max_pixels++;
  testing_ok(akin_store_like(b->store, &hits, &path, 1, &query, &err), &err);
  akin_hits_free(hits);
  options.limits.max_pixels--;
  testing_expect(akin_store_like(b->store, &hits, &path, 1, &query, &err), AKIN_ERROR_LIMIT, &err);
  akin_free(outside);
}

/* ---- matrix ---- */

typedef struct square {
  size_t n, rows;
  float scores[64][64];
} square;

static akin_status square_begin(void *context, const char *const *paths, size_t n, double seconds) {
  square *s = context;
  assert_true(n <= 64);
  assert_true(seconds > 0 && seconds < 10);
  for (size_t i = 1; i < n; i++)
    assert_true(strcmp(paths[i - 1], paths[i]) < 0);
  s->n = n;
  return AKIN_OK;
}
static akin_status square_row(void *context, size_t row, const float *scores, size_t n) {
  square *s = context;
  assert_int_equal(row, s->rows++);
  memcpy(s->scores[row], scores, n * sizeof *scores);
  return AKIN_OK;
}

static void test_matrix(void **state) {
  engine_bench *b = *state;
  square *s = akin_calloc(1, sizeof *s);
  akin_error err;
  akin_free(engine_photo(b, "copy.jpg", 3));
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
  all *a = all_features(b);
  testing_ok(akin_store_matrix(b->store, NULL, square_begin, square_row, s, &err), &err);
  assert_int_equal(s->rows, PHOTOS + 1);
  for (size_t i = 0; i < s->n; i++) {
    assert_true(s->scores[i][i] == 1.0f);
    for (size_t j = 0; j < s->n; j++) {
      assert_memory_equal(&s->scores[i][j], &s->scores[j][i], sizeof(float));
      assert_true(fabs((double)s->scores[i][j] - all_score(a, i, j)) <= 1e-5);
      assert_true(s->scores[i][j] <= 1.0f);
    }
  }
  akin_free(a);
  akin_free(s);
}

/* ---- caches are only caches ---- */

static void note_into(void *context, const char *line) {
  snprintf(context, 512, "%s", line);
}

static void test_damaged_cache_is_made_again(void **state) {
  engine_bench *b = *state;
  char *path = testing_path(b->photos, "p01.jpg"), *vectors = testing_path(b->store_folder, "vectors"), *command;
  akin_hits *before = ask(b, path, 5, 0);
  akin_error err;
  akin_store_close(b->store);
  command = akin_format("for f in '%s'/*.vec; do printf '\\377\\377\\377\\377' | dd of=\"$f\" bs=1 seek=300 "
                        "conv=notrunc 2>/dev/null; done; ls '%s'/*.vec >/dev/null",
                        vectors, vectors);
  assert_int_equal(system(command), 0);
  b->store = NULL;
  char note[512] = "";
  testing_ok(akin_store_open(&b->store, b->store_folder, 0, &err), &err);
  akin_store_on_note(b->store, note_into, note);
  akin_hits *after = ask(b, path, 5, 0);
  assert_non_null(strstr(note, vectors)); /* told once, and by name */
  assert_non_null(strstr(note, "made again"));
  note[0] = '\0';
  akin_hits_free(ask(b, path, 5, 0));
  assert_string_equal(note, "");
  for (size_t i = 0; i < 5; i++) {
    assert_string_equal(akin_hits_at(before, i)->path, akin_hits_at(after, i)->path);
    assert_true(akin_hits_at(before, i)->score == akin_hits_at(after, i)->score);
  }
  akin_hits_free(before);
  akin_hits_free(after);
  akin_free(command);
  akin_free(vectors);
  akin_free(path);
}

#define LIKE_TEST(test) cmocka_unit_test_setup_teardown(test, like_setup, engine_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      LIKE_TEST(test_best_of_a_stored_image),
      LIKE_TEST(test_self_only_when_asked),
      LIKE_TEST(test_image_from_outside),
      LIKE_TEST(test_several_images_are_their_mean),
      LIKE_TEST(test_stored_image_whose_file_is_gone),
      LIKE_TEST(test_errors),
      LIKE_TEST(test_no_store),
      LIKE_TEST(test_recommend_everything),
      LIKE_TEST(test_recommend_goes_on_after_a_bad_image),
      LIKE_TEST(test_broken_runtime_is_no_image_s_fault),
      LIKE_TEST(test_limits_are_those_of_the_question),
      LIKE_TEST(test_matrix),
      LIKE_TEST(test_damaged_cache_is_made_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
