/* error.c - puts a message into an akin_error: formatted, made one safe line, cut between characters. No allocation. */
#define AKIN_BASE_ERROR_C
#include "base/error.h"

#include "base/format.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Raw text before escaping. Escaping never shortens, so whatever does not fit here would not fit in the error either.
 */
#define ERROR_RAW (2 * AKIN_ERROR_TEXT)

static const char error_cut_mark[] = "\xE2\x80\xA6"; /* U+2026, at the end of a text that was cut */

/* One character of raw in its safe form; returns the form's length, *taken is how much of raw it stands for. */
static size_t error_character(char form[8], size_t *taken, const char *raw, size_t n) {
  *taken = akin_text_plain_length(raw, n);
  if (*taken > 0) {
    memcpy(form, raw, *taken);
    return *taken;
  }
  *taken = 1;
  return (size_t)snprintf(form, 8, "\\x%02X", (unsigned char)raw[0]);
}

static void error_set_text(akin_error *err, const char *raw) {
  size_t size = 0;   /* of the text so far */
  size_t cut_at = 0; /* the last boundary after which the mark still fits */
  const size_t room = sizeof err->text - 1;
  for (size_t n = strlen(raw), taken = 0; n > 0; raw += taken, n -= taken) {
    char form[8];
    size_t length = error_character(form, &taken, raw, n);
    if (length > room - size) {
      memcpy(err->text + cut_at, error_cut_mark, sizeof error_cut_mark - 1);
      size = cut_at + sizeof error_cut_mark - 1;
      break;
    }
    memcpy(err->text + size, form, length);
    size += length;
    if (room - size >= sizeof error_cut_mark - 1) cut_at = size;
  }
  err->text[size] = '\0';
}

/* Formats, and appends ": " and more when there is more. */
static akin_status error_fill(akin_error *err, akin_status code, const char *more, const char *format,
                              va_list arguments) {
  if (!err) return code;
  char raw[ERROR_RAW];
  int length = akin_vformat(raw, sizeof raw, format, arguments);
  size_t size = length < 0 ? 0 : (size_t)length;
  if (size >= sizeof raw) size = sizeof raw - 1;
  raw[size] = '\0';
  if (more) snprintf(raw + size, sizeof raw - size, ": %s", more);
  err->code = code;
  error_set_text(err, raw);
  return code;
}

akin_status akin_fail(akin_error *err, akin_status code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  error_fill(err, code, NULL, format, arguments);
  va_end(arguments);
  return code;
}

static akin_status error_code_of(int errnum) {
  switch (errnum) {
  case ENOENT:
  case ENOTDIR:
    return AKIN_ERROR_NOT_FOUND;
  case ENOSPC:
  case EDQUOT:
    return AKIN_ERROR_NO_SPACE;
  case ENOMEM:
    return AKIN_ERROR_MEMORY;
  default:
    return AKIN_ERROR_IO;
  }
}

akin_status akin_fail_errno(akin_error *err, int errnum, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  akin_status code = error_fill(err, error_code_of(errnum), akin_errno_text(errnum), format, arguments);
  va_end(arguments);
  return code;
}

akin_status akin_fail_memory(akin_error *err, size_t bytes) {
  return akin_fail(err, AKIN_ERROR_MEMORY, "out of memory: %zu bytes were wanted", bytes);
}

akin_status akin_fail_context(akin_error *err, akin_status code, const char *format, ...) {
  if (!err) return code;
  akin_error before = *err;
  va_list arguments;
  va_start(arguments, format);
  error_fill(err, code, before.text, format, arguments);
  va_end(arguments);
  return code;
}
