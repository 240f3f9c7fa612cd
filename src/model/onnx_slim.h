/*
 * onnx_slim.h - an ONNX file without what makes it large, so that the rest can be parsed whatever its size.
 *
 * Of the file's messages the fields that akin reads are copied, all others left out; the bytes of a tensor are replaced
 * by where in the file they are, an akin_onnx_place. What comes out is a few thousandths of the file, has no messages
 * inside messages of the same kind, so that no parser can be led deep, and nothing that a parser does not know.
 */
#ifndef AKIN_MODEL_ONNX_SLIM_H
#define AKIN_MODEL_ONNX_SLIM_H

#include "base/buffer.h"

#include <stddef.h>
#include <stdint.h>

/* What stands for a tensor's raw_data, or its float_data where that is packed. */
typedef struct akin_onnx_place {
  uint64_t offset, size; /* bytes, inside the file */
} akin_onnx_place;

/* out: appended to, up to its ceiling. Errors: FORMAT (not ONNX, cut off: says where), LIMIT, MEMORY. */
akin_status akin_onnx_slim(akin_buffer *out, const uint8_t *bytes, size_t size, akin_error *err);

#endif
