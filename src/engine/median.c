/* median.c - see median.h. */
#include "engine/median.h"

#include <stdlib.h>

static int median_order(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double akin_median(double *values, size_t count) {
  qsort(values, count, sizeof *values, median_order);
  return (values[(count - 1) / 2] + values[count / 2]) / 2;
}
