/* median.h - of a few measurements. */
#ifndef AKIN_ENGINE_MEDIAN_H
#define AKIN_ENGINE_MEDIAN_H

#include <stddef.h>

/* values: `count` of them, 1 or more; they come out sorted. Of an even number the mean of the two in the middle. */
double akin_median(double *values, size_t count);

#endif
