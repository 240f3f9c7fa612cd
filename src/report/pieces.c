/* pieces.c - the small writers of akin/report.h for programs that print answers of their own: CSV, JSON, safe lines. */
#include "report/sink.h"

#include <akin/report.h>

static void pieces_separate(akin_sink *sink, char separator) {
  if (separator) akin_sink_bytes(sink, &separator, 1);
}

akin_status akin_csv_text(FILE *out, char separator, const char *text, akin_error *err) {
  akin_sink sink = AKIN_SINK_INIT(AKIN_SINK_CEILING);
  pieces_separate(&sink, separator);
  akin_sink_csv(&sink, text);
  return akin_sink_finish(&sink, out, err);
}

akin_status akin_csv_number(FILE *out, char separator, double value, int decimals, akin_error *err) {
  akin_sink sink = AKIN_SINK_INIT(AKIN_SINK_CEILING);
  pieces_separate(&sink, separator);
  akin_sink_number(&sink, value, decimals);
  return akin_sink_finish(&sink, out, err);
}

akin_status akin_float_list(FILE *out, const float *values, size_t n, akin_error *err) {
  akin_sink sink = AKIN_SINK_INIT(AKIN_SINK_CEILING);
  for (size_t i = 0; i < n; i++) {
    pieces_separate(&sink, i ? ',' : '\0');
    akin_sink_float(&sink, values[i]);
  }
  return akin_sink_finish(&sink, out, err);
}

akin_status akin_json_string(FILE *out, const char *text, akin_error *err) {
  akin_sink sink = AKIN_SINK_INIT(AKIN_SINK_CEILING);
  akin_sink_json(&sink, text);
  return akin_sink_finish(&sink, out, err);
}

akin_status akin_json_path(FILE *out, const char *key, const char *path, akin_error *err) {
  akin_sink sink = AKIN_SINK_INIT(AKIN_SINK_CEILING);
  akin_sink_json_path(&sink, key, path);
  return akin_sink_finish(&sink, out, err);
}

akin_status akin_json_paths(FILE *out, const char *key, const char *const *paths, size_t n, akin_error *err) {
  akin_sink sink = AKIN_SINK_INIT(AKIN_SINK_CEILING);
  akin_sink_json_paths(&sink, key, paths, n);
  return akin_sink_finish(&sink, out, err);
}

akin_status akin_line_text(FILE *out, const char *text, akin_error *err) {
  akin_sink sink = AKIN_SINK_INIT(AKIN_SINK_CEILING);
  akin_sink_line(&sink, text);
  return akin_sink_finish(&sink, out, err);
}
