/* fuzz_csv.c - any bytes as a table; the rows that are accepted, written anew, are read as the same rows. */
#include "base/csv.h"
#include "fuzz/fuzz.h"

/* Reads all rows; each field is appended to out as a CSV line has it. */
static akin_status read_all(akin_buffer *out, const char *text, size_t n, akin_error *err) {
  akin_csv csv;
  bool row = true;
  akin_status status = AKIN_OK;
  akin_csv_begin(&csv, text, n);
  while (status == AKIN_OK && (status = akin_csv_next(&csv, &row, err)) == AKIN_OK && row) {
    fuzz_require(csv.columns >= 1 && csv.columns <= AKIN_CSV_COLUMNS && csv.line >= 1 && csv.at <= csv.size);
    for (size_t i = 0; status == AKIN_OK && i < csv.columns; i++) {
      status = akin_buffer_append_text(out, i ? ",\"" : "\"");
      for (const char *c = akin_csv_field(&csv, i); status == AKIN_OK && *c; c++)
        status = akin_buffer_append(out, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
      if (status == AKIN_OK) status = akin_buffer_append_text(out, "\"");
    }
    if (status == AKIN_OK) status = akin_buffer_append_text(out, "\n");
    if (status != AKIN_OK) *err = (akin_error){status, "no memory"};
  }
  akin_csv_free(&csv);
  return status;
}

static akin_status body(const uint8_t *bytes, size_t n, akin_error *err) {
  akin_buffer first = AKIN_BUFFER_INIT(0), second = AKIN_BUFFER_INIT(0);
  akin_status status = read_all(&first, (const char *)bytes, n, err);
  if (status == AKIN_OK) {
    status = read_all(&second, first.size ? first.data : "", first.size, err);
    if (status == AKIN_OK)
      fuzz_require(first.size == second.size &&
                   memcmp(first.size ? first.data : "", second.size ? second.data : "", first.size) == 0);
    else
      fuzz_require(status == AKIN_ERROR_MEMORY);
  }
  akin_buffer_free(&first);
  akin_buffer_free(&second);
  return status;
}

FUZZ_TARGET(body)
