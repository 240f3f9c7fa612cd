/*
 * npy.c - numbers as NumPy reads them, version 1.0:
 *
 *   offset  size
 *        0     6  "\x93NUMPY"
 *        6     2  1, 0
 *        8     2  118, little-endian: length of what follows up to the data
 *       10   118  a Python dictionary as text, spaces, a line feed; so the data begins at 128
 *      128        rows * columns f32, little-endian, row by row
 */
#include "base/error.h"
#include "report/sink.h"

#include <akin/report.h>
#include <inttypes.h>
#include <string.h>

#define NPY_HEADER 128
#define NPY_PREFIX 10
/* Floats that are turned into bytes at a time. */
#define NPY_CHUNK 1024

akin_status akin_npy_header(FILE *out, uint64_t rows, uint64_t columns, akin_error *err) {
  static const unsigned char prefix[NPY_PREFIX] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, NPY_HEADER - NPY_PREFIX, 0};
  akin_sink sink = AKIN_SINK_INIT(NPY_HEADER);
  akin_sink_bytes(&sink, prefix, sizeof prefix);
  akin_sink_printf(&sink, "{'descr': '<f4', 'fortran_order': False, 'shape': (%" PRIu64 ", %" PRIu64 "), }", rows,
                   columns);
  while (!sink.status && sink.buffer.size < NPY_HEADER - 1)
    akin_sink_text(&sink, " ");
  akin_sink_text(&sink, "\n");
  return akin_sink_finish(&sink, out, err);
}

static void npy_put(unsigned char bytes[4], float value) {
  uint32_t bits = 0;
  memcpy(&bits, &value, sizeof bits);
  for (int i = 0; i < 4; i++)
    bytes[i] = (unsigned char)(bits >> 8 * i);
}

akin_status akin_npy_row(FILE *out, const float *values, size_t n, akin_error *err) {
  unsigned char bytes[4 * NPY_CHUNK];
  while (n > 0) {
    const size_t here = n < NPY_CHUNK ? n : NPY_CHUNK;
    for (size_t i = 0; i < here; i++)
      npy_put(bytes + 4 * i, values[i]);
    akin_status status = akin_sink_write(out, bytes, 4 * here, err);
    if (status) return status;
    values += here;
    n -= here;
  }
  return AKIN_OK;
}
