/* text.h - text as others must be able to read it: UTF-8 checks, escapes, numbers that no locale changes. */
#ifndef AKIN_BASE_TEXT_H
#define AKIN_BASE_TEXT_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length in bytes (1-4) of the well-formed UTF-8 sequence at the start of text (n bytes), 0 when there is none.
 * Unicode 15, table 3-7: no surrogates, no overlong forms. */
size_t akin_utf8_length(const char *text, size_t n);
bool akin_utf8_valid(const char *text);
/* The same, but 0 also for a control character: C0, DEL, C1, the line and paragraph separators and the overrides of
 * writing direction. What is left may stand in a line for people as it is. */
size_t akin_text_plain_length(const char *text, size_t n);

/* Each append of this header appends all of its text or, when it fails, nothing. */

/* Appends text so that it is one safe line: control characters (see above) and bytes that are not UTF-8 become \xNN, so
 * a hostile file name cannot drive the terminal. */
akin_status akin_text_line(akin_buffer *out, const char *text);
/* Appends a JSON string with its quotes (RFC 8259); bytes that are not UTF-8 become U+FFFD. */
akin_status akin_text_json(akin_buffer *out, const char *text);
/* Appends an RFC 4180 field, in quotes when it needs them; bytes stay as they are. */
akin_status akin_text_csv(akin_buffer *out, const char *text);
/* Appends text for HTML content and for attribute values in double quotes; bytes that are not UTF-8 become U+FFFD. */
akin_status akin_text_html(akin_buffer *out, const char *text);
/* Appends a path as a relative URL reference: bytes outside RFC 3986's unreserved set and "/" percent-encoded. */
akin_status akin_text_url(akin_buffer *out, const char *text);
akin_status akin_text_base64(akin_buffer *out, const void *bytes, size_t n);
/* Appends a number with `decimals` places and a point, in every locale. NaN and infinities give "null". */
akin_status akin_text_number(akin_buffer *out, double value, int decimals);

/* Is it one of a list's? */
bool akin_text_among(const char *text, const char *const *list, size_t count);
#define AKIN_TEXT_AMONG(text, list) akin_text_among(text, list, sizeof(list) / sizeof *(list))

/* Whole text → number, decimal, in range; false otherwise (empty, trailing characters, overflow). */
bool akin_parse_u64(uint64_t *out, const char *text, uint64_t lowest, uint64_t highest);
bool akin_parse_double(double *out, const char *text, double lowest, double highest);

#endif
