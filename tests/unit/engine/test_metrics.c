/* test_metrics.c - ranks against sorting everything, metrics against numbers worked out by hand, intervals of samples
 * whose mean cannot vary or is known. */
#include "unit/testing.h"

#include "base/random.h"
#include "engine/bootstrap.h"
#include "engine/metrics.h"

#include <math.h>

static void ranks_are_places_in_the_sorted_whole(void **state) {
  enum { N = 60 };
  akin_random random = {11};
  (void)state;
  for (int round = 0; round < 50; round++) {
    akin_candidate relevant[N], others[N], all[N];
    size_t n = 0, m = 0, ranks[N];
    for (size_t i = 0; i < N; i++) {
      all[i] = (akin_candidate){(float)akin_random_below(&random, 12) / 12.0f, i}; /* many ties */
      if (akin_random_below(&random, 3) == 0)
        relevant[n++] = all[i];
      else
        others[m++] = all[i];
    }
    akin_candidates_sort(relevant, n);
    akin_ranks_find(ranks, relevant, n, others, m);
    akin_candidates_sort(all, N);
    for (size_t i = 0; i < n; i++)
      assert_int_equal(all[ranks[i] - 1].index, relevant[i].index);
  }
}

static void metrics_by_hand(void **state) {
  const size_t ranks[] = {1, 3, 6, 10};
  double out[AKIN_METRICS];
  (void)state;
  akin_metrics_of_ranks(out, ranks, 4, 5);
  assert_true(fabs(out[AKIN_METRIC_PRECISION] - 2 / 5.0) < 1e-12);
  assert_true(fabs(out[AKIN_METRIC_RECALL] - 2 / 4.0) < 1e-12);
  assert_true(fabs(out[AKIN_METRIC_MAP_K] - (1 + 2 / 3.0) / 4) < 1e-12);
  assert_true(fabs(out[AKIN_METRIC_MAP_R] - (1 + 2 / 3.0) / 4) < 1e-12); /* ranks 1 and 3 are within R = 4 */
  assert_true(fabs(out[AKIN_METRIC_MAP] - (1 + 2 / 3.0 + 3 / 6.0 + 4 / 10.0) / 4) < 1e-12);
  akin_metrics_of_ranks(out, ranks, 1, 5); /* one relevant, found first: all that can be found is */
  assert_true(out[AKIN_METRIC_PRECISION] == 0.2 && out[AKIN_METRIC_RECALL] == 1 && out[AKIN_METRIC_MAP_K] == 1);
  assert_true(out[AKIN_METRIC_MAP_R] == 1 && out[AKIN_METRIC_MAP] == 1);
}

static void intervals(void **state) {
  enum { N = 400 };
  static double values[N][AKIN_METRICS];
  static uint32_t classes[N];
  const akin_samples samples = {(const double(*)[AKIN_METRICS])values, classes, N, 2};
  akin_interval micro[AKIN_METRICS], macro[AKIN_METRICS], again[AKIN_METRICS];
  akin_error err;
  (void)state;
  for (size_t i = 0; i < N; i++) {
    classes[i] = i < 100;           /* class 1 is a quarter */
    values[i][0] = 0.5;             /* cannot vary */
    values[i][1] = classes[i];      /* micro 0.25, macro 0.5 */
    values[i][2] = (double)(i % 2); /* a coin: its mean has a deviation of 0.025 */
  }
  testing_ok(akin_bootstrap(micro, macro, &samples, 2000, 5, &err), &err);
  assert_true(micro[0].value == 0.5 && micro[0].low == 0.5 && micro[0].high == 0.5);
  assert_true(micro[1].value == 0.25 && macro[1].value == 0.5 && macro[1].low == 0.5);
  assert_true(fabs(micro[2].high - micro[2].low - 2 * 1.96 * 0.025) < 0.01);
  assert_true(fabs((micro[2].high + micro[2].low) / 2 - 0.5) < 0.005);
  testing_ok(akin_bootstrap(again, macro, &samples, 2000, 5, &err), &err);
  assert_memory_equal(micro, again, sizeof micro);
  testing_ok(akin_bootstrap(again, macro, &samples, 0, 5, &err), &err);
  assert_true(again[2].low == again[2].value && again[2].high == again[2].value);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ranks_are_places_in_the_sorted_whole),
      cmocka_unit_test(metrics_by_hand),
      cmocka_unit_test(intervals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
