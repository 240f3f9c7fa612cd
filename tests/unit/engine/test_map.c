/*
 * test_map.c - the heat map against the matrix: the same scores as long as there is a field for each pair, their means
 * when there is not; both orders; the picture as PNG, decoded again; what cannot be asked.
 */
#include "engine_testing.h"

#include <math.h>

#define PHOTOS 33

static int map_setup(void **state) {
  akin_error err;
  if (engine_setup(state)) return 1;
  engine_bench *b = *state;
  engine_photos(b, PHOTOS - 1);
  akin_free(engine_photo(b, "z-copy.jpg", 3));
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
  return 0;
}

typedef struct square {
  size_t n;
  char paths[PHOTOS][512];
  float scores[PHOTOS][PHOTOS];
} square;

static akin_status square_begin(void *context, const char *const *paths, size_t n, double seconds) {
  square *s = context;
  assert_int_equal(n, PHOTOS);
  assert_true(seconds > 0);
  for (size_t i = 0; i < n; i++)
    snprintf(s->paths[i], sizeof s->paths[i], "%s", paths[i]);
  return AKIN_OK;
}

static akin_status square_row(void *context, size_t row, const float *scores, size_t n) {
  square *s = context;
  memcpy(s->scores[row], scores, n * sizeof *scores);
  s->n++;
  return AKIN_OK;
}

static square *matrix(engine_bench *b) {
  square *s = akin_calloc(1, sizeof *s);
  akin_error err;
  assert_non_null(s);
  testing_ok(akin_store_matrix(b->store, NULL, square_begin, square_row, s, &err), &err);
  assert_int_equal(s->n, PHOTOS);
  return s;
}

static size_t matrix_row(const square *s, const char *path) {
  size_t i = 0;
  while (i < PHOTOS && strcmp(s->paths[i], path) != 0)
    i++;
  assert_true(i < PHOTOS);
  return i;
}

static akin_map *map(engine_bench *b, akin_map_order order, uint32_t side) {
  akin_map_options options = AKIN_MAP_OPTIONS_INIT;
  akin_map *m = NULL;
  akin_error err;
  options.order = order;
  options.side = side;
  testing_ok(akin_store_map(b->store, &m, &options, &err), &err);
  assert_int_equal(akin_map_images(m), PHOTOS);
  assert_int_equal(akin_map_side(m), side < PHOTOS ? side : PHOTOS);
  assert_string_equal(akin_map_model(m), "tiny");
  assert_int_equal(akin_map_first(m, 0), 0);
  assert_int_equal(akin_map_first(m, akin_map_side(m)), PHOTOS);
  assert_null(akin_map_image(m, PHOTOS));
  return m;
}

/* The mean over two runs of images, from the matrix. */
static double mean(const square *s, const akin_map *m, size_t row, size_t column) {
  double sum = 0;
  size_t pairs = 0;
  for (size_t i = akin_map_first(m, row); i < akin_map_first(m, row + 1); i++)
    for (size_t j = akin_map_first(m, column); j < akin_map_first(m, column + 1); j++, pairs++)
      sum += s->scores[matrix_row(s, akin_map_image(m, i))][matrix_row(s, akin_map_image(m, j))];
  assert_true(pairs > 0);
  return sum / (double)pairs;
}

static void check_map(const square *s, const akin_map *m) {
  const size_t side = akin_map_side(m);
  const float *scores = akin_map_scores(m);
  bool seen[PHOTOS] = {false};
  for (size_t i = 0; i < PHOTOS; i++) {
    const size_t row = matrix_row(s, akin_map_image(m, i));
    assert_false(seen[row]);
    seen[row] = true;
  }
  for (size_t i = 0; i < side; i++) {
    for (size_t j = 0; j < side; j++) {
      const float score = scores[i * side + j];
      assert_true(score == scores[j * side + i]);
      assert_true(fabs(score - mean(s, m, i, j)) <= (side == PHOTOS ? 0 : 2e-6));
    }
  }
}

static void test_scores_are_those_of_the_matrix(void **state) {
  engine_bench *b = *state;
  square *s = matrix(b);
  const uint32_t sides[] = {16, 17, PHOTOS - 1, PHOTOS, 1000};
  for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
    for (int order = AKIN_MAP_BY_FOLDER; order <= AKIN_MAP_BY_LIKENESS; order++) {
      akin_map *m = map(b, (akin_map_order)order, sides[i]);
      check_map(s, m);
      if (order == AKIN_MAP_BY_FOLDER)
        for (size_t j = 0; j < PHOTOS; j++)
          assert_string_equal(akin_map_image(m, j), s->paths[j]);
      akin_map_free(m);
    }
  }
  akin_free(s);
}

static void test_the_range_leaves_out_the_diagonal(void **state) {
  akin_map *m = map(*state, AKIN_MAP_BY_FOLDER, 1000);
  float low = NAN, high = NAN, most = -1;
  akin_map_range(m, &low, &high);
  for (size_t i = 0; i < PHOTOS; i++)
    for (size_t j = 0; j < i; j++)
      most = fmaxf(most, akin_map_scores(m)[i * PHOTOS + j]);
  assert_true(low < high && high <= most + 0.01f);
  akin_map_free(m);
}

/* Is the map's field at [row, column] lighter than another? In a map of zoom × zoom pixels a field, in a margin. */
static int lightness(const akin_image *image, size_t row, size_t column) {
  enum { MARGIN = 24, ZOOM = (600 + PHOTOS - 1) / PHOTOS };
  const size_t x = MARGIN + column * ZOOM + ZOOM / 2, y = MARGIN + row * ZOOM + ZOOM / 2;
  const uint8_t *p = image->pixels + (y * image->width + x) * 3;
  return 2 * p[0] + 5 * p[1] + p[2];
}

/* Read back, the picture is lighter where scores are higher. */
static void test_the_png_shows_the_scores(void **state) {
  engine_bench *b = *state;
  akin_map *m = map(b, AKIN_MAP_BY_FOLDER, 1000);
  char *path = testing_path(b->folder, "map.png");
  akin_image image;
  akin_error err;
  size_t size = 0;
  float low, high;
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  testing_ok(akin_map_png(file, m, &err), &err);
  assert_int_equal(fclose(file), 0);
  char *bytes = testing_read(path, &size);
  testing_ok(akin_image_decode(&image, NULL, bytes, size, NULL, NULL, &err), &err);
  akin_map_range(m, &low, &high);
  const float *scores = akin_map_scores(m), step = (high - low) / 20;
  for (size_t i = 1; i < PHOTOS * PHOTOS; i++)
    if (scores[i] > scores[i - 1] + step && scores[i - 1] < high - step && scores[i] > low + step)
      assert_true(lightness(&image, i / PHOTOS, i % PHOTOS) > lightness(&image, (i - 1) / PHOTOS, (i - 1) % PHOTOS));
  akin_image_free(&image);
  akin_free(bytes);
  akin_free(path);
  akin_map_free(m);
}

static void test_what_cannot_be_asked(void **state) {
  engine_bench *b = *state;
  akin_map_options options = AKIN_MAP_OPTIONS_INIT;
  akin_map *m = TESTING_POISON;
  akin_error err;
  const uint32_t sides[] = {0, 15, AKIN_MAP_SIDE + 1};
  for (size_t i = 0; i < 3; i++) {
    options.side = sides[i];
    m = TESTING_POISON;
    testing_expect(akin_store_map(b->store, &m, &options, &err), AKIN_ERROR_USAGE, &err);
    assert_null(m);
  }
  options = (akin_map_options)AKIN_MAP_OPTIONS_INIT;
  options.order = (akin_map_order)7;
  testing_expect(akin_store_map(b->store, &m, &options, &err), AKIN_ERROR_USAGE, &err);
  options = (akin_map_options)AKIN_MAP_OPTIONS_INIT;
  options.version = 0;
  testing_expect(akin_store_map(b->store, &m, &options, &err), AKIN_ERROR_USAGE, &err);
  options = (akin_map_options)AKIN_MAP_OPTIONS_INIT;
  options.model = "none";
  testing_expect(akin_store_map(b->store, &m, &options, &err), AKIN_ERROR_NOT_FOUND, &err);
  const char *photos = b->photos;
  uint64_t removed = 0;
  testing_ok(akin_store_remove(b->store, &photos, 1, &removed, &err), &err);
  testing_expect(akin_store_map(b->store, &m, NULL, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, "holds no images of tiny yet: akin index FOLDER");
  assert_null(m);
}

static int cancel(void *context) {
  (void)context;
  return 1;
}

static void test_it_can_be_cancelled(void **state) {
  engine_bench *b = *state;
  const akin_watch watch = {NULL, cancel, NULL};
  akin_map *m = TESTING_POISON;
  akin_error err;
  akin_store_watch(b->store, &watch);
  testing_expect(akin_store_map(b->store, &m, NULL, &err), AKIN_ERROR_CANCELLED, &err);
  assert_null(m);
}

#define MAP_TEST(test) cmocka_unit_test_setup_teardown(test, map_setup, engine_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      MAP_TEST(test_scores_are_those_of_the_matrix),
      MAP_TEST(test_the_range_leaves_out_the_diagonal),
      MAP_TEST(test_the_png_shows_the_scores),
      MAP_TEST(test_what_cannot_be_asked),
      MAP_TEST(test_it_can_be_cancelled),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
