/*
 * tensors.h - the room weights: named tensors out of a file. Readers know files, not networks.
 * A reader never executes anything of a file, follows no links and checks every size before it uses it.
 */
#ifndef AKIN_WEIGHTS_TENSORS_H
#define AKIN_WEIGHTS_TENSORS_H

#include <akin/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AKIN_TENSOR_RANK 8

typedef enum akin_dtype {
  AKIN_DTYPE_F32,
  AKIN_DTYPE_F64,
  AKIN_DTYPE_F16,
  AKIN_DTYPE_BF16,
  AKIN_DTYPE_I64,
  AKIN_DTYPE_I32,
  AKIN_DTYPE_U8,
  AKIN_DTYPE_BOOL
} akin_dtype;

typedef struct akin_tensor {
  const char *name; /* as in the file; borrowed from the reader */
  akin_dtype dtype; /* as stored; reading converts to f32 */
  uint32_t rank;    /* 0: a scalar */
  uint64_t shape[AKIN_TENSOR_RANK];
  uint64_t count; /* product of shape, checked */
} akin_tensor;

/* A file of tensors; used by one thread at a time. */
typedef struct akin_tensors akin_tensors;

/*
 * Finds the reader by the file's first bytes.
 * Errors: UNSUPPORTED (names the format and what to do), FORMAT (damaged), LIMIT (more in it than is read; it takes too
 * long), RUNTIME (Keras files: the HDF5 library is missing), NOT_FOUND, IO, MEMORY.
 */
akin_status akin_tensors_open(akin_tensors **out, const char *path, akin_error *err);
void akin_tensors_free(akin_tensors *t); /* NULL is fine */

const char *akin_tensors_path(const akin_tensors *t);   /* as it was opened; borrowed until free */
const char *akin_tensors_format(const akin_tensors *t); /* "pth", "keras", "safetensors" */
size_t akin_tensors_count(const akin_tensors *t);
const akin_tensor *akin_tensors_at(const akin_tensors *t, size_t index); /* in the file's order; borrowed until free */
const akin_tensor *akin_tensors_find(const akin_tensors *t, const char *name); /* NULL: none */

/*
 * Reads one tensor, whatever strides the file has.
 *   tensor: one of t's
 *   axes: tensor->rank numbers, the order in which its axes come out: axis i of out is axis axes[i] of the file's
 *         ({1, 0} transposes a matrix); NULL: as they are
 *   out: f32 [tensor->count], row-major in that order
 * Errors: FORMAT (damaged), MEMORY.
 */
akin_status akin_tensors_read(const akin_tensors *t, const akin_tensor *tensor, const uint32_t *axes, float *out,
                              akin_error *err);

#endif
