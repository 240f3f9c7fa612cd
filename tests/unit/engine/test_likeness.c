/*
 * test_likeness.c - the order by likeness: a permutation whatever is ordered, the same every time; clusters stay
 * together, and near ones side by side.
 */
#include "unit/testing.h"

#include "engine/likeness.h"

#include <math.h>

#define DIM 8

typedef struct points {
  size_t n;
  float (*values)[DIM];
  const float **rows;
  uint32_t *order;
} points;

static points points_new(size_t n) {
  points p = {n, akin_calloc(n, sizeof *p.values), akin_calloc(n, sizeof *p.rows), akin_calloc(n, sizeof *p.order)};
  assert_true(p.values && p.rows && p.order);
  for (size_t i = 0; i < n; i++)
    p.rows[i] = p.values[i];
  return p;
}

static void points_free(points *p) {
  akin_free(p->values);
  akin_free(p->rows);
  akin_free(p->order);
}

/* A point of unit length on an arc. */
static void points_set(points *p, size_t i, double angle, double aside) {
  p->values[i][0] = (float)(cos(angle) * cos(aside));
  p->values[i][1] = (float)(sin(angle) * cos(aside));
  p->values[i][2] = (float)sin(aside);
}

static void order(points *p) {
  bool *seen = akin_calloc(p->n, sizeof *seen);
  akin_error err;
  assert_non_null(seen);
  memset(p->order, 0xEE, p->n * sizeof *p->order);
  testing_ok(akin_order_by_likeness(p->order, p->rows, p->n, DIM, &err), &err);
  for (size_t i = 0; i < p->n; i++) {
    assert_true(p->order[i] < p->n && !seen[p->order[i]]);
    seen[p->order[i]] = true;
  }
  akin_free(seen);
}

static void points_on_an_arc_come_in_order(void **state) {
  (void)state;
  const size_t sizes[] = {1, 2, 3, 4, 5, 16, 33, 500};
  for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
    points p = points_new(sizes[s]);
    for (size_t i = 0; i < p.n; i++) /* shuffled: 7 and 11 divide no size */
      points_set(&p, i, (double)(i * 77 % p.n) / (double)p.n * 2.5, 0);
    order(&p);
    double length = 0;
    for (size_t i = 1; i < p.n; i++)
      length += fabs(atan2(p.values[p.order[i]][1], p.values[p.order[i]][0]) -
                     atan2(p.values[p.order[i - 1]][1], p.values[p.order[i - 1]][0]));
    if (!(length <= 2 * 2.5)) fail_msg("%zu points: a way of %g", p.n, length); /* shuffled it is n / 3 times that */
    points_free(&p);
  }
}

/* Of five clusters, the members of each follow one another. */
static void clusters_stay_together(void **state) {
  (void)state;
  points p = points_new(400);
  for (size_t i = 0; i < p.n; i++)
    points_set(&p, i, (double)(i % 5) * 0.6, (double)(i / 5) * 0.001);
  order(&p);
  size_t changes = 0;
  for (size_t i = 1; i < p.n; i++)
    changes += p.order[i] % 5 != p.order[i - 1] % 5;
  assert_int_equal(changes, 4);
  uint32_t *again = p.order;
  p.order = akin_calloc(p.n, sizeof *p.order);
  order(&p);
  assert_memory_equal(again, p.order, p.n * sizeof *again);
  akin_free(again);
  points_free(&p);
}

static void equal_and_opposite_points(void **state) {
  (void)state;
  points p = points_new(3000);
  for (size_t i = 0; i < p.n; i++)
    points_set(&p, i, 0, 0);
  order(&p);
  for (size_t i = 0; i < p.n; i += 2)
    p.values[i][0] = -1; /* their sum is zero, and has no direction */
  order(&p);
  for (size_t i = 1; i < p.n; i++)
    if (p.order[i] % 2 != p.order[i - 1] % 2) assert_int_equal(i, p.n / 2);
  points_free(&p);
}

static akin_status order_points(void *context) {
  points *p = context;
  return akin_order_by_likeness(p->order, p->rows, p->n, DIM, NULL);
}

static void without_memory(void **state) {
  (void)state;
  points p = points_new(20);
  for (size_t i = 0; i < p.n; i++)
    points_set(&p, i, (double)i, 0);
  assert_true(testing_fail_allocations(order_points, &p, true) > 5);
  assert_true(testing_fail_allocations(order_points, &p, false) > 5);
  points_free(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(points_on_an_arc_come_in_order),
      cmocka_unit_test(clusters_stay_together),
      cmocka_unit_test(equal_and_opposite_points),
      cmocka_unit_test(without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
