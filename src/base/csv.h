/*
 * csv.h - reading a table as RFC 4180 has it, row by row: commas, fields in double quotes where needed, lines that end
 * in LF or CRLF, a byte order mark before the first. Empty lines are passed over. Every row must have as many fields as
 * the first. Bytes are taken as they are, but NUL is refused.
 */
#ifndef AKIN_BASE_CSV_H
#define AKIN_BASE_CSV_H

#include "base/buffer.h"

#include <stdbool.h>

#define AKIN_CSV_COLUMNS 1024 /* at most */

typedef struct akin_csv {
  const char *text; /* borrowed */
  size_t size, at;
  size_t columns; /* of every row; 0 before the first */
  size_t line;    /* where the row at hand begins, from 1 */
  size_t next;    /* the line at `at` */
  akin_buffer values;
  size_t offsets[AKIN_CSV_COLUMNS]; /* of the fields in values, each ended by NUL */
} akin_csv;

/* text: n bytes, borrowed until akin_csv_free. */
void akin_csv_begin(akin_csv *csv, const char *text, size_t n);
/* *row: there is one; false: it is the end. Errors: FORMAT (names the line), LIMIT (columns), MEMORY. */
akin_status akin_csv_next(akin_csv *csv, bool *row, akin_error *err);
/* A field of the row at hand; column < columns. Borrowed until the next row. */
const char *akin_csv_field(const akin_csv *csv, size_t column);
void akin_csv_free(akin_csv *csv);

#endif
