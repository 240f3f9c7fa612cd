/* gather.h - numbers of any type and stride out of a run of bytes, as f32. */
#ifndef AKIN_WEIGHTS_GATHER_H
#define AKIN_WEIGHTS_GATHER_H

#include "weights/tensors.h"

size_t akin_dtype_size(akin_dtype dtype);
const char *akin_dtype_name(akin_dtype dtype);

/* Where a tensor's elements are in its storage: element (i, j, …) is number offset + i·strides[0] + j·strides[1] + … */
typedef struct akin_view {
  uint64_t offset;
  uint32_t rank;
  uint64_t shape[AKIN_TENSOR_RANK];
  uint64_t strides[AKIN_TENSOR_RANK];
} akin_view;

/* Of a tensor that lies as it is, one element behind the other. */
akin_view akin_view_row_major(const akin_tensor *tensor);

/*
 * Is every element inside a storage of `stored` elements, and are they no more than it has? *count: product of shape.
 * Errors: FORMAT with the numbers.
 */
akin_status akin_view_check(uint64_t *count, const akin_view *view, uint64_t stored, akin_error *err);

/* bytes: the storage, little-endian; the view was checked against it. out: f32 [count], row-major with the axes in the
 * order of `axes` (NULL: as they are). */
void akin_gather(float *out, const uint8_t *bytes, akin_dtype dtype, const akin_view *view, const uint32_t *axes);

#endif
