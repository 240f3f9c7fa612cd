/*
 * sink.h - text that is put together in memory and written at once. A sink remembers its first failure and then takes
 * nothing more, so that a writer is a plain sequence of calls with one check at its end.
 */
#ifndef AKIN_REPORT_SINK_H
#define AKIN_REPORT_SINK_H

#include "base/buffer.h"

#include <stdio.h>

typedef struct akin_sink {
  akin_buffer buffer;
  akin_status status; /* the first failure: AKIN_ERROR_MEMORY or AKIN_ERROR_LIMIT */
} akin_sink;

#define AKIN_SINK_INIT(ceiling)                                                                                        \
  { AKIN_BUFFER_INIT(ceiling), AKIN_OK }

/* The most that one answer or one page may grow to in memory. */
#define AKIN_SINK_CEILING ((size_t)1 << 30)

void akin_sink_bytes(akin_sink *sink, const void *bytes, size_t n);
void akin_sink_text(akin_sink *sink, const char *text);
void akin_sink_printf(akin_sink *sink, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The escapes of base/text.h. */
void akin_sink_line(akin_sink *sink, const char *text);
void akin_sink_json(akin_sink *sink, const char *text);
void akin_sink_csv(akin_sink *sink, const char *text);
void akin_sink_html(akin_sink *sink, const char *text); /* as one safe line, as akin_sink_line has it */
void akin_sink_url(akin_sink *sink, const char *path);
void akin_sink_base64(akin_sink *sink, const void *bytes, size_t n);
void akin_sink_number(akin_sink *sink, double value, int decimals);
/* Nine significant digits, which give exactly this float back; "null" when it is not finite. */
void akin_sink_float(akin_sink *sink, float value);
/* See akin_json_path and akin_json_paths. */
void akin_sink_json_path(akin_sink *sink, const char *key, const char *path);
void akin_sink_json_paths(akin_sink *sink, const char *key, const char *const *paths, size_t n);

/* Says what went wrong, if anything did. */
akin_status akin_sink_check(const akin_sink *sink, akin_error *err);
/* Writes bytes to out; says so when that fails. */
akin_status akin_sink_write(FILE *out, const void *bytes, size_t n, akin_error *err);
/* Writes all to out and frees the sink in any case. */
akin_status akin_sink_finish(akin_sink *sink, FILE *out, akin_error *err);
void akin_sink_free(akin_sink *sink);

#endif
