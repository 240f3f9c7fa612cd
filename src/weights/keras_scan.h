/* keras_scan.h - from a Keras file's bytes to its index (keras_index.h): what runs in the child. */
#ifndef AKIN_WEIGHTS_KERAS_SCAN_H
#define AKIN_WEIGHTS_KERAS_SCAN_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

/* Do the file's first bytes say that it is an archive as Keras writes it? */
bool akin_keras_is_archive(const uint8_t *bytes, size_t n);

/*
 * Appends the index of an HDF5 file or an archive, its offsets counted from `bytes`. libhdf5 is loaded (h5.h).
 * Errors: FORMAT, UNSUPPORTED (also what is no Keras file, or one of a kind that Keras 3 does not read either), LIMIT,
 * MEMORY.
 */
akin_status akin_keras_scan(akin_buffer *index, const uint8_t *bytes, size_t n, akin_error *err);

#endif
