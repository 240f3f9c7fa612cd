/*
 * test_kernels.c - dot products of every instruction set of this machine: against sums in double within the bound that
 * kernels.h states, against each other to the bit, at any place and alignment, and at the edge of readable memory.
 */
#include "seeded.h"

#include "search/kernels.h"
#include "search/search.h"

#include <float.h>
#include <sys/mman.h>

#define LARGEST 4096

static const char *const every_set[] = {"plain", "avx2", "avx512", "neon"};
#define SETS (sizeof every_set / sizeof every_set[0])

static size_t edge_dim(size_t i) { /* 1 … 70, then those of real networks and odd ones beyond a few steps */
  static const size_t more[] = {127, 128, 1000, 1279, 1280, 1281, LARGEST};
  return i < 70 ? i + 1 : i - 70 < sizeof more / sizeof more[0] ? more[i - 70] : 0;
}

static float dot(const float *a, const float *b, size_t dim) {
  float out = NAN;
  akin_search_dots(&out, a, b, 1, dim, dim);
  return out;
}

static bool same_bits(float a, float b) {
  return memcmp(&a, &b, sizeof a) == 0;
}

/* What is to be scored next changes nothing. */
static void one_score_is_that_of_many(void **state) {
  (void)state;
  seeded random = {5};
  float a[130], b[130], score = NAN;
  for (size_t s = 0; s < SETS; s++) {
    if (!akin_search_use_kernels(every_set[s])) continue;
    for (size_t dim = 1; dim <= 130; dim++) {
      seeded_unit(&random, a, dim);
      seeded_unit(&random, b, dim);
      akin_search_scores(&score, a, b, 1, dim, dim);
      assert_true(same_bits(akin_search_score(a, b, dim, NULL), score));
      assert_true(same_bits(akin_search_score(b, a, dim, b), score));
      akin_search_scores(&score, a, a, 1, dim, dim);
      assert_true(same_bits(akin_search_score(a, a, dim, b), score));
    }
  }
}

static int restore_kernels(void **state) {
  (void)state;
  for (size_t s = 0; s < SETS; s++) /* the last of those in the order of speed */
    akin_search_use_kernels(every_set[s]);
  return 0;
}

static void the_error_keeps_its_bound(void **state) {
  (void)state;
  seeded random = {1};
  float *a = seeded_floats(LARGEST), *b = seeded_floats(LARGEST);
  size_t tried = 0;
  for (size_t s = 0; s < SETS; s++) {
    if (!akin_search_use_kernels(every_set[s])) continue;
    tried++;
    for (size_t i = 0, dim; (dim = edge_dim(i)) > 0; i++) {
      double exact = 0, magnitude = 0;
      seeded_fill(&random, a, dim);
      seeded_fill(&random, b, dim);
      for (size_t j = 0; j < dim; j++) {
        exact += (double)a[j] * b[j];
        magnitude += fabs((double)a[j] * b[j]);
      }
      const double bound = ((double)dim / 32 + 7) * 0x1p-24 * magnitude, error = fabs(dot(a, b, dim) - exact);
      if (!(error <= bound)) fail_msg("%s, dim %zu: error %g, bound %g", every_set[s], dim, error, bound);
    }
  }
  assert_true(tried >= 1);
  akin_free(a);
  akin_free(b);
}

static void all_sets_give_the_same_bits(void **state) {
  (void)state;
  seeded random = {2};
  float *a = seeded_floats(LARGEST), *b = seeded_floats(LARGEST);
  for (size_t i = 0, dim; (dim = edge_dim(i)) > 0; i++) {
    seeded_fill(&random, a, dim);
    seeded_fill(&random, b, dim);
    a[0] *= 1e-42f; /* subnormal products and sums too */
    assert_true(akin_search_use_kernels("plain"));
    const float plain = dot(a, b, dim);
    for (size_t s = 0; s < SETS; s++) {
      if (!akin_search_use_kernels(every_set[s])) continue;
      assert_string_equal(akin_search_kernels(), every_set[s]);
      if (!same_bits(dot(a, b, dim), plain)) fail_msg("%s differs from plain at dim %zu", every_set[s], dim);
      if (!same_bits(dot(b, a, dim), plain)) fail_msg("%s is not symmetric at dim %zu", every_set[s], dim);
    }
  }
  akin_free(a);
  akin_free(b);
}

/* Five rows, `gap` floats between them, beginning `shift` floats after an aligned address. */
static void check_placement(seeded *random, float *memory, float *query, size_t dim, size_t shift, size_t gap) {
  const size_t n = 5, stride = dim + gap;
  float *rows = memory + shift, all[5], moved_query[LARGEST + 16], *unaligned = moved_query + shift;
  seeded_fill(random, query, dim);
  seeded_fill(random, rows, n * stride);
  memcpy(unaligned, query, dim * sizeof *query);
  akin_search_dots(all, query, rows, n, dim, stride);
  for (size_t i = 0; i < n; i++) {
    float *alone = memory + 8 * LARGEST, one = NAN;
    memcpy(alone, rows + i * stride, dim * sizeof *alone);
    akin_search_dots(&one, unaligned, alone, 1, dim, dim);
    if (!same_bits(one, all[i]))
      fail_msg("%s, dim %zu, shift %zu: row %zu is not what it is alone", akin_search_kernels(), dim, shift, i);
  }
}

static void a_row_scores_the_same_wherever_it_stands(void **state) {
  (void)state;
  seeded random = {3};
  float *memory = seeded_floats((size_t)9 * LARGEST), *query = seeded_floats(LARGEST);
  for (size_t s = 0; s < SETS; s++) {
    if (!akin_search_use_kernels(every_set[s])) continue;
    for (size_t i = 0, dim; (dim = edge_dim(i)) > 0 && dim < LARGEST; i++)
      for (size_t shift = 0; shift < 16; shift += 3)
        check_placement(&random, memory, query, dim, shift, shift % 5);
  }
  akin_free(memory);
  akin_free(query);
}

/* Pages that cannot be touched right before and behind the vectors: a read outside ends the program. */
static void nothing_outside_is_read(void **state) {
  (void)state;
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  uint8_t *map = mmap(NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(map != MAP_FAILED);
  assert_int_equal(mprotect(map + page, page, PROT_READ | PROT_WRITE), 0);
  float *first = (float *)(void *)(map + page), *end = (float *)(void *)(map + 2 * page);
  for (float *v = first; v < end; v++)
    *v = 1;
  for (size_t s = 0; s < SETS; s++) {
    if (!akin_search_use_kernels(every_set[s])) continue;
    for (size_t dim = 1; dim <= 100; dim++) {
      assert_true(dot(first, end - dim, dim) == (float)dim);
      assert_true(dot(end - dim, first, dim) == (float)dim);
    }
  }
  munmap(map, 3 * page);
}

static void no_rows_give_no_scores(void **state) {
  (void)state;
  float untouched = 7, query[3] = {1, 0, 0};
  akin_search_scores(&untouched, query, query, 0, 3, 3);
  assert_true(untouched == 7);
}

/* Some vectors' product with themselves is a little above 1: found, so that the test proves something. */
static void scores_stay_between_minus_one_and_one(void **state) {
  (void)state;
  enum { DIM = 77 };
  seeded random = {4};
  float a[DIM], rows[2 * DIM], scores[2];
  size_t above = 0;
  for (int i = 0; i < 5000; i++) {
    seeded_unit(&random, a, DIM);
    for (size_t j = 0; j < DIM; j++) {
      rows[j] = a[j];
      rows[DIM + j] = -a[j];
    }
    above += dot(a, a, DIM) > 1;
    akin_search_scores(scores, a, rows, 2, DIM, DIM);
    assert_true(scores[0] <= 1 && scores[0] > 0.999999f);
    assert_true(scores[1] == -scores[0]);
  }
  assert_true(above > 0);
  a[3] = NAN;
  akin_search_scores(scores, a, rows, 2, DIM, DIM);
  assert_true(isnan(scores[0]) && isnan(scores[1]));
}

static void an_unknown_set_changes_nothing(void **state) {
  (void)state;
  assert_true(akin_search_use_kernels("plain"));
  assert_false(akin_search_use_kernels("abacus"));
  assert_false(akin_search_use_kernels(""));
  assert_string_equal(akin_search_kernels(), "plain");
}

static void normalising_gives_unit_length(void **state) {
  (void)state;
  static const float scales[] = {1, FLT_MAX, FLT_MIN, 1e-30f, 0x1p-149f};
  seeded random = {5};
  float v[1280];
  akin_error err;
  for (size_t s = 0; s < sizeof scales / sizeof scales[0]; s++)
    for (size_t dim = 1; dim <= 1280; dim += 213) {
      double squares = 0;
      for (size_t i = 0; i < dim; i++)
        v[i] = (i % 2 ? -1 : 1) * scales[s] * (seeded_below(&random, 2) ? 1 : 0.5f);
      v[dim / 2] = scales[s];
      testing_ok(akin_search_normalise(v, dim, &err), &err);
      for (size_t i = 0; i < dim; i++)
        squares += (double)v[i] * v[i];
      assert_true(fabs(sqrt(squares) - 1) < 1e-7);
    }
}

static void normalising_keeps_the_direction(void **state) {
  (void)state;
  float v[2] = {-3, 4};
  testing_ok(akin_search_normalise(v, 2, NULL), NULL);
  assert_true(v[0] == -0.6f && v[1] == 0.8f);
}

static void what_has_no_direction_is_refused(void **state) {
  (void)state;
  static const float bad[] = {NAN, INFINITY, -INFINITY};
  akin_error err;
  for (size_t b = 0; b < 3; b++)
    for (size_t place = 0; place < 5; place++) {
      float v[5] = {1, 2, 3, 4, 5}, kept[5];
      v[place] = bad[b];
      memcpy(kept, v, sizeof v);
      testing_expect(akin_search_normalise(v, 5, &err), AKIN_ERROR_FORMAT, &err);
      testing_says(&err, "place");
      assert_memory_equal(v, kept, sizeof v);
    }
  float zero[5] = {0, -0.0f, 0, 0, 0};
  testing_expect(akin_search_normalise(zero, 5, &err), AKIN_ERROR_FORMAT, &err);
  testing_says(&err, "zero in all its 5 places");
  assert_true(zero[0] == 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(the_error_keeps_its_bound, restore_kernels),
      cmocka_unit_test_teardown(all_sets_give_the_same_bits, restore_kernels),
      cmocka_unit_test_teardown(one_score_is_that_of_many, restore_kernels),
      cmocka_unit_test_teardown(a_row_scores_the_same_wherever_it_stands, restore_kernels),
      cmocka_unit_test_teardown(nothing_outside_is_read, restore_kernels),
      cmocka_unit_test(no_rows_give_no_scores),
      cmocka_unit_test(scores_stay_between_minus_one_and_one),
      cmocka_unit_test_teardown(an_unknown_set_changes_nothing, restore_kernels),
      cmocka_unit_test(normalising_gives_unit_length),
      cmocka_unit_test(normalising_keeps_the_direction),
      cmocka_unit_test(what_has_no_direction_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
