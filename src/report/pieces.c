/* pieces.c - the small writers of akin/report.h for programs that print answers of their own: CSV, JSON, safe lines. */
#include "report/sink.h"

#include <akin/report.h>
#include <math.h>
#include <stdbool.h>

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

#define PIECES_SCORE 10   /* ",-0.123456" */
#define PIECES_CHUNK 1024 /* scores that are written at once */

/* A float times a million is exact in a double, so rounding it gives what printf gives. Returns the end. */
static char *pieces_score(char *to, float score) {
  const long millionths = lrint((double)score * 1e6);
  unsigned long rest = millionths < 0 ? 0ul - (unsigned long)millionths : (unsigned long)millionths;
  *to++ = ',';
  if (millionths < 0) *to++ = '-';
  for (int i = 7; i >= 0; i--) {
    to[i] = i == 1 ? '.' : (char)('0' + rest % 10);
    if (i != 1) rest /= 10;
  }
  return to + 8;
}

akin_status akin_csv_scores(FILE *out, const float *scores, size_t n, akin_error *err) {
  char text[PIECES_SCORE * PIECES_CHUNK];
  akin_status status = AKIN_OK;
  for (size_t i = 0; !status && i < n; i += PIECES_CHUNK) {
    char *end = text;
    bool plain = true;
    for (size_t j = i; plain && j < n && j < i + PIECES_CHUNK; j++)
      if ((plain = fabsf(scores[j]) <= 1)) end = pieces_score(end, scores[j]);
    if (plain) status = akin_sink_write(out, text, (size_t)(end - text), err);
    for (size_t j = i; !plain && !status && j < n && j < i + PIECES_CHUNK; j++)
      status = akin_csv_number(out, ',', (double)scores[j], 6, err); /* no scores, or not finite */
  }
  return status;
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
