/* likeness.h - an order in which vectors that are alike are side by side. */
#ifndef AKIN_ENGINE_LIKENESS_H
#define AKIN_ENGINE_LIKENESS_H

#include <akin/status.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Bisects the vectors into two clusters, those again, and so on; of two clusters that one comes first which is nearer
 * to what is before them. No chance is in it. Time: n · dim · log n, memory: 16 bytes a vector.
 *   order: uint32_t [n], a permutation of 0 … n - 1
 *   features: n of f32 [dim], of unit length
 */
akin_status akin_order_by_likeness(uint32_t *order, const float *const *features, size_t n, size_t dim,
                                   akin_error *err);

#endif
