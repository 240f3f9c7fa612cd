/* text.c - UTF-8 and the escapes of what we write: terminal lines, JSON, CSV, HTML, URLs, base64; numbers to and fro.
 */
#include "base/text.h"

#include "base/format.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

static const char text_replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* ---- UTF-8 ---- */

static bool utf8_in(unsigned char byte, unsigned char lowest, unsigned char highest) {
  return byte >= lowest && byte <= highest;
}

/* How long a sequence that begins with this byte is, and between which values its second byte lies: table 3-7 restricts
 * only that one further than 80..BF. 0: no sequence begins so. */
static size_t utf8_shape(unsigned char first, unsigned char *lowest, unsigned char *highest) {
  *lowest = 0x80;
  *highest = 0xBF;
  if (first < 0x80) return 1;
  if (utf8_in(first, 0xC2, 0xDF)) return 2;
  if (utf8_in(first, 0xE0, 0xEF)) {
    if (first == 0xE0) *lowest = 0xA0;  /* shorter forms exist below */
    if (first == 0xED) *highest = 0x9F; /* surrogates are above */
    return 3;
  }
  if (utf8_in(first, 0xF0, 0xF4)) {
    if (first == 0xF0) *lowest = 0x90;
    if (first == 0xF4) *highest = 0x8F; /* U+10FFFF is the last */
    return 4;
  }
  return 0;
}

size_t akin_utf8_length(const char *text, size_t n) {
  if (n == 0) return 0;
  unsigned char lowest = 0, highest = 0;
  size_t length = utf8_shape((unsigned char)text[0], &lowest, &highest);
  if (length > n) return 0;
  for (size_t i = 1; i < length; i++) {
    if (!utf8_in((unsigned char)text[i], lowest, highest)) return 0;
    lowest = 0x80;
    highest = 0xBF;
  }
  return length;
}

bool akin_utf8_valid(const char *text) {
  size_t n = strlen(text);
  while (n > 0) {
    size_t length = akin_utf8_length(text, n);
    if (length == 0) return false;
    text += length;
    n -= length;
  }
  return true;
}

/* The code point of a well-formed sequence. */
static uint32_t utf8_code_point(const char *text, size_t length) {
  uint32_t point = (unsigned char)text[0];
  if (length > 1) point &= 0xFFu >> (length + 1);
  for (size_t i = 1; i < length; i++)
    point = point << 6 | ((unsigned char)text[i] & 0x3F);
  return point;
}

/* Does a terminal or a reader's eye take this as more than a character? */
static bool text_is_control(uint32_t point) {
  return point < 0x20 || (point >= 0x7F && point <= 0x9F) /* C0, DEL, C1 */
         || point == 0x2028 || point == 0x2029            /* line and paragraph separators */
         || (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069); /* direction overrides */
}

size_t akin_text_plain_length(const char *text, size_t n) {
  size_t length = akin_utf8_length(text, n);
  return length > 0 && !text_is_control(utf8_code_point(text, length)) ? length : 0;
}

/* ---- escapes ---- */

/* Writes one character of text (n bytes are left) in its escaped form and says in *taken how many bytes it took. */
typedef akin_status text_escape(akin_buffer *out, const char *text, size_t n, size_t *taken);

/* Appends all of text through escape, with mark before and after it. */
static akin_status text_each(akin_buffer *out, const char *text, text_escape *escape, const char *mark) {
  const size_t before = out->size;
  akin_status status = akin_buffer_append_text(out, mark);
  size_t n = strlen(text);
  while (status == AKIN_OK && n > 0) {
    size_t taken = 0;
    status = escape(out, text, n, &taken);
    text += taken;
    n -= taken;
  }
  if (status == AKIN_OK) status = akin_buffer_append_text(out, mark);
  if (status != AKIN_OK) akin_buffer_shorten(out, before);
  return status;
}

static akin_status text_escape_line(akin_buffer *out, const char *text, size_t n, size_t *taken) {
  *taken = akin_text_plain_length(text, n);
  if (*taken > 0) return akin_buffer_append(out, text, *taken);
  *taken = 1;
  return akin_buffer_printf(out, "\\x%02X", (unsigned char)text[0]);
}

akin_status akin_text_line(akin_buffer *out, const char *text) {
  return text_each(out, text, text_escape_line, "");
}

/* A character as it is, or U+FFFD for a byte that is none. */
static akin_status text_copy_or_replace(akin_buffer *out, const char *text, size_t n, size_t *taken) {
  *taken = akin_utf8_length(text, n);
  if (*taken > 0) return akin_buffer_append(out, text, *taken);
  *taken = 1;
  return akin_buffer_append_text(out, text_replacement);
}

static akin_status text_escape_json(akin_buffer *out, const char *text, size_t n, size_t *taken) {
  *taken = 1;
  switch (text[0]) {
  case '"':
    return akin_buffer_append_text(out, "\\\"");
  case '\\':
    return akin_buffer_append_text(out, "\\\\");
  case '\n':
    return akin_buffer_append_text(out, "\\n");
  case '\r':
    return akin_buffer_append_text(out, "\\r");
  case '\t':
    return akin_buffer_append_text(out, "\\t");
  default:
    break;
  }
  const size_t length = akin_utf8_length(text, n);
  if (length > 0 && text_is_control(utf8_code_point(text, length))) {
    *taken = length;
    return akin_buffer_printf(out, "\\u%04x", (unsigned)utf8_code_point(text, length));
  }
  return text_copy_or_replace(out, text, n, taken);
}

akin_status akin_text_json(akin_buffer *out, const char *text) {
  return text_each(out, text, text_escape_json, "\"");
}

static akin_status text_escape_csv(akin_buffer *out, const char *text, size_t n, size_t *taken) {
  (void)n;
  *taken = 1;
  return text[0] == '"' ? akin_buffer_append_text(out, "\"\"") : akin_buffer_append(out, text, 1);
}

akin_status akin_text_csv(akin_buffer *out, const char *text) {
  const bool needs_quotes = text[strcspn(text, ",\"\r\n")] != '\0';
  return needs_quotes ? text_each(out, text, text_escape_csv, "\"") : akin_buffer_append_text(out, text);
}

static akin_status text_escape_html(akin_buffer *out, const char *text, size_t n, size_t *taken) {
  *taken = 1;
  switch (text[0]) {
  case '&':
    return akin_buffer_append_text(out, "&amp;");
  case '<':
    return akin_buffer_append_text(out, "&lt;");
  case '>':
    return akin_buffer_append_text(out, "&gt;");
  case '"':
    return akin_buffer_append_text(out, "&quot;");
  case '\'':
    return akin_buffer_append_text(out, "&#39;");
  default:
    return text_copy_or_replace(out, text, n, taken);
  }
}

akin_status akin_text_html(akin_buffer *out, const char *text) {
  return text_each(out, text, text_escape_html, "");
}

static bool text_is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* RFC 3986, section 2.3, and the '/' between the parts of a path. */
static bool text_is_unreserved(char c) {
  return text_is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c != '\0' && strchr("-._~/", c));
}

static akin_status text_escape_url(akin_buffer *out, const char *text, size_t n, size_t *taken) {
  (void)n;
  *taken = 1;
  if (text_is_unreserved(text[0])) return akin_buffer_append(out, text, 1);
  return akin_buffer_printf(out, "%%%02X", (unsigned char)text[0]);
}

akin_status akin_text_url(akin_buffer *out, const char *text) {
  return text_each(out, text, text_escape_url, "");
}

akin_status akin_text_base64(akin_buffer *out, const void *bytes, size_t n) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const unsigned char *in = bytes;
  size_t groups = n / 3 + (n % 3 != 0), length = 0;
  if (!akin_multiply(&length, groups, 4)) return AKIN_ERROR_LIMIT;
  akin_status status = akin_buffer_reserve(out, length);
  if (status != AKIN_OK) return status;
  for (char *at = out->data + out->size; groups > 0; groups--, at += 4) {
    const size_t here = n < 3 ? n : 3; /* bytes of this group */
    const uint32_t bits = (uint32_t)in[0] << 16 | (here > 1 ? (uint32_t)in[1] << 8 : 0) | (here > 2 ? in[2] : 0);
    at[0] = digits[bits >> 18];
    at[1] = digits[bits >> 12 & 63];
    at[2] = here > 1 ? digits[bits >> 6 & 63] : '=';
    at[3] = here > 2 ? digits[bits & 63] : '=';
    in += here;
    n -= here;
  }
  out->size += length;
  out->data[out->size] = '\0';
  return AKIN_OK;
}

/* ---- lists ---- */

bool akin_text_among(const char *text, const char *const *list, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(text, list[i]) == 0) return true;
  return false;
}

/* ---- numbers ---- */

akin_status akin_text_number(akin_buffer *out, double value, int decimals) {
  if (!isfinite(value)) return akin_buffer_append_text(out, "null");
  const size_t before = out->size;
  akin_status status = akin_buffer_printf(out, "%.*f", decimals, value);
  if (status != AKIN_OK) return status;
  char *number = out->data + before;
  if (number[0] == '-' && number[strspn(number, "-0.")] == '\0') { /* rounded to zero: no sign */
    memmove(number, number + 1, out->size - before);
    out->size--;
  }
  return AKIN_OK;
}

bool akin_parse_u64(uint64_t *out, const char *text, uint64_t lowest, uint64_t highest) {
  uint64_t value = 0;
  if (text[0] == '\0') return false;
  for (; *text; text++)
    if (!text_is_digit(*text) || __builtin_mul_overflow(value, 10u, &value) ||
        __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
      return false;
  if (value < lowest || value > highest) return false;
  *out = value;
  return true;
}

bool akin_parse_double(double *out, const char *text, double lowest, double highest) {
  if (text[0] == '\0' || text[strspn(text, "0123456789+-.eE")] != '\0') return false; /* no spaces, hex, inf, nan */
  char *end = NULL;
  const double value = akin_strtod(text, &end);
  if (end == text || *end != '\0' || !isfinite(value)) return false;
  if (!(value >= lowest && value <= highest)) return false;
  *out = value;
  return true;
}
