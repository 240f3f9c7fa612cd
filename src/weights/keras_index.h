/*
 * keras_index.h - what is found in a Keras file, as bytes that go from the child to its parent:
 *
 *     text version, text config, u64 form, u64 groups; each group: text name, u64 tensors;
 *     each tensor: text name, u64 dtype, u64 rank, u64 shape[rank], u64 offset
 *
 * u64: 8 bytes, little-endian. text: u64 length, the bytes, NUL. Reading trusts nothing: the child has read a file that
 * may have taken it over.
 */
#ifndef AKIN_WEIGHTS_KERAS_INDEX_H
#define AKIN_WEIGHTS_KERAS_INDEX_H

#include "base/buffer.h"
#include "weights/keras.h"
#include "weights/reader.h"

akin_status akin_keras_index_number(akin_buffer *out, uint64_t value);
akin_status akin_keras_index_text(akin_buffer *out, const char *bytes, size_t n);

/*
 * Fills *file, t->list, t->count and *offsets ([t->count], in the file) from an index.
 *   bytes: borrowed: texts lie in it as long as *file is used
 *   size: of the file whose numbers it describes; every tensor is checked to lie inside
 * Errors: FORMAT, LIMIT, MEMORY.
 */
akin_status akin_keras_index_read(akin_keras_file *file, uint64_t **offsets, akin_tensors *t, const char *bytes,
                                  size_t n, size_t size, akin_error *err);

#endif
