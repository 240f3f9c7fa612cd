/* test_principal.c - principal axes of rows whose axes and variances are known, because they were made from them. */
#include "unit/testing.h"

#include "base/random.h"
#include "search/search.h"

#include <math.h>

/* 0 in the mean, 1 in variance, as drawn. */
static double drawn(akin_random *r) {
  double sum = 0;
  for (int i = 0; i < 12; i++)
    sum += (double)(akin_random_next(r) >> 11) / 9007199254740992.0;
  return sum - 6;
}

static double dot(const float *a, const float *b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += (double)a[i] * (double)b[i];
  return sum;
}

/* Right angles, unit length, and variances that are those of the rows along the axes, falling. */
static void check_axes(const float *axes, const float *variances, const float *rows, size_t n, uint32_t dim,
                       uint32_t k) {
  for (uint32_t i = 0; i < k; i++) {
    double along = 0;
    for (size_t r = 0; r < n; r++)
      along += pow(dot(axes + i * dim, rows + r * dim, dim), 2) / (double)n;
    assert_true(fabs(along - (double)variances[i]) <= 1e-3 * (double)variances[0]);
    assert_true(i == 0 || variances[i] <= variances[i - 1]);
    for (uint32_t j = 0; j <= i; j++)
      assert_true(fabs(dot(axes + i * dim, axes + j * dim, dim) - (i == j)) <= 1e-5);
  }
}

/* Rows that differ by 8, 4, 2, 1 … along axes that are known: those of the coordinates, turned by mirrors. */
static void known_axes(size_t n, uint32_t dim, uint32_t k) {
  akin_random r = {dim};
  float *rows = akin_calloc(n * dim, sizeof *rows), *mirror = akin_calloc(dim, sizeof *mirror),
        *axes = akin_calloc((size_t)k * dim, sizeof *axes), *again = akin_calloc((size_t)k * dim, sizeof *again);
  float variances[16];
  akin_error err;
  for (uint32_t j = 0; j < dim; j++)
    mirror[j] = (float)drawn(&r);
  testing_ok(akin_search_normalise(mirror, dim, &err), &err);
  for (size_t i = 0; i < n; i++) {
    for (uint32_t j = 0; j < dim; j++)
      rows[i * dim + j] = (float)(drawn(&r) * (j < 6 ? pow(2, 3 - (double)j) : 0.01));
    const double along = dot(rows + i * dim, mirror, dim);
    for (uint32_t j = 0; j < dim; j++)
      rows[i * dim + j] -= (float)(2 * along * (double)mirror[j]);
  }
  testing_ok(akin_search_principal(axes, variances, rows, n, dim, k, &err), &err);
  check_axes(axes, variances, rows, n, dim, k);
  for (uint32_t i = 0; i < 4; i++) { /* the mirror's image of the coordinate's axis, in one of its two directions */
    double same = 0;
    for (uint32_t j = 0; j < dim; j++)
      same += (double)axes[i * dim + j] * ((j == i) - 2 * (double)mirror[i] * (double)mirror[j]);
    assert_true(fabs(same) > 0.95);
    assert_true(fabs(sqrt((double)variances[i]) / pow(2, 3 - (double)i) - 1) < 0.25);
  }
  testing_ok(akin_search_principal(again, variances, rows, n, dim, k, &err), &err);
  assert_memory_equal(axes, again, (size_t)k * dim * sizeof *axes);
  akin_free(rows);
  akin_free(mirror);
  akin_free(axes);
  akin_free(again);
}

static void axes_of_many_rows(void **state) {
  (void)state;
  known_axes(400, 37, 6);
}

static void axes_of_few_rows(void **state) {
  (void)state;
  known_axes(120, 300, 6);
}

static void no_more_axes_than_directions(void **state) {
  const float rows[3][4] = {{1, 0, 0, 0}, {-1, 0, 0, 0}, {0, 0, 0, 0}};
  float axes[4][4], variances[4];
  akin_error err;
  (void)state;
  memset(axes, 0xA5, sizeof axes);
  testing_ok(akin_search_principal(axes[0], variances, rows[0], 3, 4, 4, &err), &err);
  assert_true(fabsf(fabsf(axes[0][0]) - 1) < 1e-6f);
  assert_true(fabsf(variances[0] - 2.0f / 3) < 1e-6f);
  for (size_t i = 1; i < 4; i++)
    assert_true(variances[i] <= 1e-6f && isfinite(axes[i][0]));
  testing_ok(akin_search_principal(axes[0], variances, rows[0], 0, 4, 4, &err), &err);
  assert_true(axes[0][0] == 0.0f && variances[0] == 0.0f);
}

static void short_memory_is_told(void **state) {
  float rows[8] = {1, 2, 3, 4, -1, -2, -3, -4}, axes[8], variances[2];
  akin_error err;
  akin_status status = AKIN_ERROR_MEMORY;
  (void)state;
  for (uint64_t nth = 1; status && nth < 20; nth++) {
    akin_memory_fail_at(nth, true);
    status = akin_search_principal(axes, variances, rows, 2, 4, 2, &err);
    akin_memory_fail_at(0, false);
    assert_true(status == AKIN_OK || status == AKIN_ERROR_MEMORY);
    assert_true(status == AKIN_OK || nth < 7);
  }
  assert_int_equal(status, AKIN_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(axes_of_many_rows),
      cmocka_unit_test(axes_of_few_rows),
      cmocka_unit_test(no_more_axes_than_directions),
      cmocka_unit_test(short_memory_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
