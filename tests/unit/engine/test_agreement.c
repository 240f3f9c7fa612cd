/* test_agreement.c - how far rankings agree, against values worked out by hand from the definition. */
#include "unit/testing.h"

#include "engine/agreement.h"

#include <math.h>
#include <stdbool.h>

static bool near(double a, double b, double error) {
  return fabs(a - b) <= error;
}

static void expect(akin_agreement got, double common, double overlap) {
  assert_true(near(got.common, common, 1e-12));
  assert_true(near(got.overlap, overlap, 1e-12));
}

static void equal_and_disjoint(void **state) {
  (void)state;
  const uint64_t a[] = {1, 2, 3, 4, 5}, b[] = {6, 7, 8, 9, 10};
  expect(akin_agreement_of(a, 5, a, 5), 1, 1);
  expect(akin_agreement_of(a, 5, b, 5), 0, 0);
  expect(akin_agreement_of(a, 0, b, 0), 1, 1);
  expect(akin_agreement_of(a, 5, b, 0), 0, 0);
}

/* In common at depth 1, 2, 3: 1, 1, 2. Extrapolated: 2/3 · 0.9³ + (0.1 / 0.9) · (0.9 + 0.81/2 + 0.729 · 2/3). */
static void one_place_differs(void **state) {
  (void)state;
  const uint64_t a[] = {1, 2, 3}, b[] = {1, 3, 4};
  expect(akin_agreement_of(a, 3, b, 3), 2.0 / 3, 0.486 + (0.1 / 0.9) * (0.9 + 0.405 + 0.486));
  expect(akin_agreement_of(b, 3, a, 3), 2.0 / 3, 0.486 + (0.1 / 0.9) * (0.9 + 0.405 + 0.486));
}

/* The same images in another order: all in common, and the later they are swapped, the closer. */
static void order_counts_at_the_head_most(void **state) {
  (void)state;
  const uint64_t a[] = {1, 2, 3, 4}, head[] = {2, 1, 3, 4}, tail[] = {1, 2, 4, 3};
  const akin_agreement at_head = akin_agreement_of(a, 4, head, 4), at_tail = akin_agreement_of(a, 4, tail, 4);
  expect(at_head, 1, 0.6561 + (0.1 / 0.9) * (0 + 0.81 + 0.729 + 0.6561));
  assert_true(near(at_tail.common, 1, 0));
  assert_true(at_head.overlap < at_tail.overlap && at_tail.overlap < 1);
}

static void a_shorter_answer(void **state) {
  (void)state;
  const uint64_t a[] = {1, 2, 3, 4}, b[] = {1, 2};
  expect(akin_agreement_of(a, 4, b, 2), 0.5, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(equal_and_disjoint), cmocka_unit_test(one_place_differs),
                                     cmocka_unit_test(order_counts_at_the_head_most),
                                     cmocka_unit_test(a_shorter_answer)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
