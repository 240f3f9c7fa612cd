/* csv.c - see csv.h. */
#include "base/csv.h"

#include "base/error.h"

#include <string.h>

void akin_csv_begin(akin_csv *csv, const char *text, size_t n) {
  static const char mark[] = "\xEF\xBB\xBF";
  *csv = (akin_csv){.text = text, .size = n, .line = 1, .next = 1};
  if (n >= 3 && memcmp(text, mark, 3) == 0) csv->at = 3;
}

void akin_csv_free(akin_csv *csv) {
  akin_buffer_free(&csv->values);
}

const char *akin_csv_field(const akin_csv *csv, size_t column) {
  return csv->values.data + csv->offsets[column];
}

/* The byte at hand; 0 at the end, and NUL is refused before. */
static char csv_byte(const akin_csv *csv) {
  return csv->at < csv->size ? csv->text[csv->at] : '\0';
}

/* Moves behind the end of a line, if one is here. */
static bool csv_take_line_end(akin_csv *csv) {
  const size_t left = csv->size - csv->at;
  const char *at = csv->text + csv->at;
  const size_t length = left >= 1 && at[0] == '\n' ? 1 : left >= 2 && at[0] == '\r' && at[1] == '\n' ? 2 : 0;
  csv->at += length;
  csv->next += length > 0;
  return length > 0;
}

static akin_status csv_wrong(size_t line, const char *what, akin_error *err) {
  return akin_fail(err, AKIN_ERROR_FORMAT, "line %zu: %s", line, what);
}

static akin_status csv_put(akin_csv *csv, const char *bytes, size_t n, akin_error *err) {
  return akin_buffer_append(&csv->values, bytes, n) ? akin_fail_memory(err, n) : AKIN_OK;
}

/* From behind the opening quote to behind the closing one. */
static akin_status csv_quoted(akin_csv *csv, akin_error *err) {
  const size_t opened = csv->next;
  for (;;) {
    const char *rest = csv->text + csv->at;
    const char *quote = csv->at < csv->size ? memchr(rest, '"', csv->size - csv->at) : NULL;
    if (!quote) return csv_wrong(opened, "a quote is opened and never closed", err);
    const size_t n = (size_t)(quote - rest);
    for (size_t i = 0; i < n; i++)
      csv->next += rest[i] == '\n';
    csv->at += n + 1;
    const bool doubled = csv_byte(csv) == '"';
    akin_status status = csv_put(csv, rest, n + doubled, err);
    if (status || !doubled) return status;
    csv->at++;
  }
}

static akin_status csv_plain(akin_csv *csv, akin_error *err) {
  const size_t begin = csv->at;
  while (csv->at < csv->size && (csv->text[csv->at] == '\0' || !strchr(",\n\r\"", csv->text[csv->at])))
    csv->at++;
  return csv_put(csv, csv->text + begin, csv->at - begin, err);
}

static akin_status csv_field(akin_csv *csv, akin_error *err) {
  akin_status status;
  if (csv_byte(csv) == '"') {
    csv->at++;
    status = csv_quoted(csv, err);
  } else {
    status = csv_plain(csv, err);
  }
  return status ? status : csv_put(csv, "", 1, err);
}

static akin_status csv_check_end(const akin_csv *csv, size_t count, akin_error *err) {
  if (csv->columns == 0 || count == csv->columns) return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_FORMAT, "line %zu: %zu field%s, the first line has %zu", csv->line, count,
                   count == 1 ? "" : "s", csv->columns);
}

/* The fields of one line, which is not empty. */
static akin_status csv_fields(akin_csv *csv, akin_error *err) {
  size_t count = 0;
  akin_buffer_clear(&csv->values);
  for (;;) {
    if (count == AKIN_CSV_COLUMNS)
      return akin_fail(err, AKIN_ERROR_LIMIT, "line %zu: more than %d fields", csv->line, AKIN_CSV_COLUMNS);
    csv->offsets[count++] = csv->values.size;
    akin_status status = csv_field(csv, err);
    if (status) return status;
    if (csv->at == csv->size || csv_take_line_end(csv)) break;
    if (csv_byte(csv) != ',')
      return csv_wrong(csv->next, "a quote, or a carriage return, in the middle of a field", err);
    csv->at++;
  }
  akin_status status = csv_check_end(csv, count, err);
  if (!status) csv->columns = count;
  return status;
}

akin_status akin_csv_next(akin_csv *csv, bool *row, akin_error *err) {
  *row = false;
  while (csv_take_line_end(csv))
    continue;
  csv->line = csv->next;
  if (csv->at == csv->size) return AKIN_OK;
  const size_t begin = csv->at;
  akin_status status = csv_fields(csv, err);
  if (!status && memchr(csv->text + begin, '\0', csv->at - begin))
    status = csv_wrong(csv->line, "a byte of zero: this is no text", err);
  *row = !status;
  return status;
}
