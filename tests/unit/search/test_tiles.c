/*
 * test_tiles.c - products of many with many, exact and coarse, by every set of kernels of this machine: against
 * akin_search_scores within the bounds that tiles.h states, symmetric to the bit, the same in every tile and by every
 * set that fuses, nothing written past the rounded edges; and the scan for scores that are not below a threshold.
 */
#include "seeded.h"

#include "search/search.h"
#include "search/tiles.h"

static const char *const every_set[] = {"plain", "neon", "avx2", "avx512", "avx512vnni"};
#define SETS (sizeof every_set / sizeof every_set[0])

typedef struct table {
  size_t n, dim;
  float *values; /* f32 [n, dim] */
  const float **rows;
} table;

static table table_new(seeded *random, size_t n, size_t dim) {
  table t = {n, dim, seeded_floats(n * dim), akin_calloc(n, sizeof(float *))};
  assert_non_null(t.rows);
  for (size_t i = 0; i < n; i++) {
    seeded_unit(random, t.values + i * dim, dim);
    t.rows[i] = t.values + i * dim;
  }
  return t;
}

static void table_free(table *t) {
  akin_free(t->values);
  akin_free(t->rows);
}

/* All products of a[0..m) with b[0..n), with a border behind that must stay as it is. */
static float *products(const float *const *a, size_t m, const float *const *b, size_t n, size_t dim, bool coarse,
                       size_t *stride) {
  const size_t rows = akin_tile_round(m, AKIN_TILE_ROWS);
  *stride = akin_tile_round(n, AKIN_TILE_COLUMNS) + 3;
  float *out = seeded_floats((rows + 1) * *stride), *scratch = seeded_floats(akin_tile_scratch(m));
  for (size_t i = 0; i < (rows + 1) * *stride; i++)
    out[i] = 77;
  if (coarse)
    akin_tile_run(&(akin_tile_job){out, *stride, a, b, m, n, dim, scratch, false, true});
  else
    akin_tile_products(out, *stride, a, m, b, n, dim, scratch);
  for (size_t i = 0; i <= rows; i++)
    for (size_t j = i < rows ? *stride - 3 : 0; j < *stride; j++)
      assert_true(out[i * *stride + j] == 77);
  akin_free(scratch);
  return out;
}

static const size_t dims[] = {1, 2, 3, 7, 16, 31, 255, 256, 257, 511, 513, 1280, 1283};
static const size_t sizes[] = {1, 2, 5, 6, 11, 12, 13, 33, 70};
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void check_table(const table *t, size_t m, bool coarse, const char *set) {
  const double bound = coarse ? akin_tile_coarse_error(t->dim) : akin_tile_error(t->dim);
  size_t stride = 0, across = 0;
  float *out = products(t->rows, m, t->rows, t->n, t->dim, coarse, &stride);
  float *turned = products(t->rows, t->n, t->rows, m, t->dim, coarse, &across);
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < t->n; j++) {
      float score = NAN;
      akin_search_scores(&score, t->rows[i], t->rows[j], 1, t->dim, t->dim);
      const float product = out[i * stride + j];
      const float clamped = product > 1 ? 1 : product < -1 ? -1 : product;
      if (!(fabs((double)score - clamped) <= bound))
        fail_msg("%s, dim %zu, %zu and %zu: %.9g, score %.9g", set, t->dim, i, j, (double)product, (double)score);
      if (memcmp(&product, &turned[j * across + i], sizeof product) != 0)
        fail_msg("%s, dim %zu: %zu with %zu is not %zu with %zu", set, t->dim, i, j, j, i);
    }
  }
  akin_free(turned);
  akin_free(out);
}

/* The same products on and above the diagonal. */
static void check_above(const table *t, size_t n, bool coarse, const char *set) {
  size_t stride = 0;
  float *out = products(t->rows, n, t->rows, n, t->dim, coarse, &stride);
  float *above = seeded_floats(akin_tile_round(n, AKIN_TILE_ROWS) * stride);
  float *scratch = seeded_floats(akin_tile_scratch(n));
  akin_tile_run(&(akin_tile_job){above, stride, t->rows, t->rows, n, n, t->dim, scratch, true, coarse});
  for (size_t i = 0; i < n; i++)
    if (memcmp(out + i * stride + i, above + i * stride + i, (n - i) * sizeof *out) != 0)
      fail_msg("%s, dim %zu, %zu rows: row %zu differs", set, t->dim, n, i);
  akin_free(scratch);
  akin_free(above);
  akin_free(out);
}

static void products_are_scores_and_symmetric(void **state) {
  (void)state;
  seeded random = {41};
  size_t tried = 0;
  for (size_t s = 0; s < SETS; s++) {
    if (!akin_tile_use_kernels(every_set[s])) continue;
    tried++;
    for (size_t d = 0; d < COUNT(dims); d++) {
      table t = table_new(&random, 70, dims[d]);
      for (size_t i = 0; i < 2 * COUNT(sizes); i++) {
        const bool coarse = i % 2 == 1;
        if (coarse && !akin_tile_has_coarse()) continue;
        check_table(&t, sizes[i / 2], coarse, every_set[s]);
        check_above(&t, sizes[i / 2], coarse, every_set[s]);
      }
      table_free(&t);
    }
  }
  assert_true(tried >= 1);
}

/* The bits of a product do not depend on its tile, nor on the set, as long as it fuses. */
static void check_bits(const table *t, bool coarse) {
  float first[50];
  size_t stride = 0, tried = 0;
  for (size_t s = 1; s < SETS; s++) {
    if (!akin_tile_use_kernels(every_set[s]) || (coarse && !akin_tile_has_coarse())) continue;
    float *out = products(t->rows + 7, 13, t->rows, 50, t->dim, coarse, &stride);
    float *alone = products(t->rows + 9, 1, t->rows, 50, t->dim, coarse, &stride);
    assert_memory_equal(out + 2 * stride, alone, sizeof first);
    if (tried++ > 0) assert_memory_equal(first, alone, sizeof first);
    memcpy(first, alone, sizeof first);
    akin_free(alone);
    akin_free(out);
  }
}

static void every_fusing_set_gives_the_same_bits(void **state) {
  (void)state;
  seeded random = {42};
  table t = table_new(&random, 50, 1777);
  check_bits(&t, false);
  check_bits(&t, true);
  table_free(&t);
}

/* Whole numbers of 16 bits are multiplied and summed without an error, at their largest, too: vectors with one place of
 * 1 or -1, and vectors whose places are all the same. Each product is compared with that of the rounded places. */
static void coarse_products_are_those_of_rounded_places(void **state) {
  (void)state;
  enum { DIM = 1026, N = 40 };
  float *values = seeded_floats(N * DIM);
  const float *rows[N];
  for (size_t i = 0; i < N; i++) {
    rows[i] = values + i * DIM;
    for (size_t j = 0; j < DIM; j++)
      values[i * DIM + j] = i % 4 == 3 ? sqrtf(1.0f / DIM) : j == i / 4 ? 1 - (float)(i % 4) : 0;
  }
  for (size_t s = 0; s < SETS; s++) {
    size_t stride = 0;
    if (!akin_tile_use_kernels(every_set[s]) || !akin_tile_has_coarse()) continue;
    float *out = products(rows, N, rows, N, DIM, true, &stride);
    for (size_t i = 0; i < N * N; i++) {
      double sum = 0;
      for (size_t j = 0; j < DIM; j++)
        sum += nearbyint((double)rows[i / N][j] * 32767) * nearbyint((double)rows[i % N][j] * 32767);
      if (fabs(out[i / N * stride + i % N] - sum / 32767 / 32767) > 4e-7)
        fail_msg("%s, %zu and %zu: %.9g, %.9g expected", every_set[s], i / N, i % N,
                 (double)out[i / N * stride + i % N], sum / 32767 / 32767);
    }
    akin_free(out);
  }
  akin_free(values);
}

static void the_scan_finds_every_group(void **state) {
  (void)state;
  enum { GROUPS = 9, N = GROUPS * AKIN_TILE_GROUP };
  seeded random = {43};
  float scores[N], thresholds[N];
  for (size_t round = 0; round < 2000; round++) {
    bool wanted[GROUPS] = {false};
    const float threshold = round % 3 ? 0.9f : INFINITY;
    for (size_t i = 0; i < N; i++) {
      const size_t kind = seeded_below(&random, 200);
      scores[i] = kind == 0 ? NAN : kind == 1 ? 0.9f : kind == 2 ? 0.5f : 0.25f;
      thresholds[i] = kind == 2 ? 0.5f : kind == 3 ? -INFINITY : INFINITY;
      if (scores[i] >= threshold || scores[i] >= thresholds[i]) wanted[i / AKIN_TILE_GROUP] = true;
    }
    for (size_t s = 0; s < SETS; s++) {
      if (!akin_tile_use_kernels(every_set[s])) continue;
      for (size_t from = 0; from <= GROUPS; from++) {
        size_t next = from;
        while (next < GROUPS && !wanted[next])
          next++;
        assert_int_equal(akin_tile_next(scores, threshold, thresholds, from, GROUPS), next);
      }
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(products_are_scores_and_symmetric),
      cmocka_unit_test(every_fusing_set_gives_the_same_bits),
      cmocka_unit_test(coarse_products_are_those_of_rounded_places),
      cmocka_unit_test(the_scan_finds_every_group),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
