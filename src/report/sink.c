/* sink.c - see sink.h. */
#include "report/sink.h"
#include "base/error.h"
#include "base/format.h"
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

/* The longest piece that akin_sink_printf makes: numbers and short names. */
#define SINK_PIECE 512

void akin_sink_bytes(akin_sink *sink, const void *bytes, size_t n) {
  if (!sink->status) sink->status = akin_buffer_append(&sink->buffer, bytes, n);
}

void akin_sink_text(akin_sink *sink, const char *text) {
  akin_sink_bytes(sink, text, strlen(text));
}

void akin_sink_printf(akin_sink *sink, const char *format, ...) {
  char text[SINK_PIECE];
  va_list arguments;
  va_start(arguments, format);
  int length = akin_vformat(text, sizeof text, format, arguments);
  va_end(arguments);
  if (length >= 0 && (size_t)length < sizeof text)
    akin_sink_bytes(sink, text, (size_t)length);
  else if (!sink->status)
    sink->status = length < 0 ? AKIN_ERROR_MEMORY : AKIN_ERROR_LIMIT;
}

void akin_sink_line(akin_sink *sink, const char *text) {
  if (!sink->status) sink->status = akin_text_line(&sink->buffer, text);
}

void akin_sink_json(akin_sink *sink, const char *text) {
  if (!sink->status) sink->status = akin_text_json(&sink->buffer, text);
}

void akin_sink_csv(akin_sink *sink, const char *text) {
  if (!sink->status) sink->status = akin_text_csv(&sink->buffer, text);
}

void akin_sink_html(akin_sink *sink, const char *text) {
  akin_buffer line = AKIN_BUFFER_INIT(0);
  if (!sink->status) sink->status = akin_text_line(&line, text);
  if (!sink->status) sink->status = akin_text_html(&sink->buffer, line.data);
  akin_buffer_free(&line);
}

void akin_sink_url(akin_sink *sink, const char *path) {
  if (!sink->status) sink->status = akin_text_url(&sink->buffer, path);
}

void akin_sink_base64(akin_sink *sink, const void *bytes, size_t n) {
  if (!sink->status) sink->status = akin_text_base64(&sink->buffer, bytes, n);
}

void akin_sink_number(akin_sink *sink, double value, int decimals) {
  if (!sink->status) sink->status = akin_text_number(&sink->buffer, value, decimals);
}

void akin_sink_float(akin_sink *sink, float value) {
  if (isfinite(value))
    akin_sink_printf(sink, "%.9g", (double)value);
  else
    akin_sink_text(sink, "null");
}

void akin_sink_json_path(akin_sink *sink, const char *key, const char *path) {
  akin_sink_json(sink, key);
  akin_sink_text(sink, ": ");
  akin_sink_json(sink, path);
  if (!akin_utf8_valid(path)) {
    akin_sink_printf(sink, ", \"%s_base64\": \"", key);
    akin_sink_base64(sink, path, strlen(path));
    akin_sink_text(sink, "\"");
  }
}

void akin_sink_json_paths(akin_sink *sink, const char *key, const char *const *paths, size_t n) {
  size_t opaque = 0; /* paths that are not UTF-8 */
  akin_sink_json(sink, key);
  akin_sink_text(sink, ": [");
  for (size_t i = 0; i < n; i++) {
    akin_sink_text(sink, i ? ", " : "");
    akin_sink_json(sink, paths[i]);
  }
  akin_sink_text(sink, "]");
  for (size_t i = 0; i < n; i++) {
    if (akin_utf8_valid(paths[i])) continue;
    if (opaque++ == 0)
      akin_sink_printf(sink, ", \"%s_base64\": {", key);
    else
      akin_sink_text(sink, ", ");
    akin_sink_printf(sink, "\"%zu\": \"", i);
    akin_sink_base64(sink, paths[i], strlen(paths[i]));
    akin_sink_text(sink, "\"");
  }
  akin_sink_text(sink, opaque ? "}" : "");
}

akin_status akin_sink_check(const akin_sink *sink, akin_error *err) {
  if (sink->status == AKIN_ERROR_LIMIT) {
    return akin_fail(err, AKIN_ERROR_LIMIT, "the answer is larger than %zu bytes: ask for fewer images at a time",
                     sink->buffer.ceiling);
  }
  return sink->status ? akin_fail_memory(err, sink->buffer.size) : AKIN_OK;
}

akin_status akin_sink_write(FILE *out, const void *bytes, size_t n, akin_error *err) {
  errno = 0;
  if (n > 0 && fwrite(bytes, 1, n, out) != n)
    return akin_fail_errno(err, errno ? errno : EIO, "cannot write the answer");
  return AKIN_OK;
}

akin_status akin_sink_finish(akin_sink *sink, FILE *out, akin_error *err) {
  akin_status status = akin_sink_check(sink, err);
  if (!status) status = akin_sink_write(out, sink->buffer.data, sink->buffer.size, err);
  akin_sink_free(sink);
  return status;
}

void akin_sink_free(akin_sink *sink) {
  akin_buffer_free(&sink->buffer);
  sink->status = AKIN_OK;
}
