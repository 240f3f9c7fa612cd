/*
 * format.c - switches the calling thread to the "C" locale for the length of one call. The C library hands that locale
 * out without allocating, so this is cheap and cannot fail for want of memory.
 */
#include "base/format.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int akin_vformat(char *out, size_t room, const char *format, va_list arguments) {
  locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!plain) return -1;
  locale_t before = uselocale(plain);
  int length = vsnprintf(out, room, format, arguments);
  uselocale(before);
  freelocale(plain);
  return length;
}

double akin_strtod(const char *text, char **end) {
  *end = (char *)text;
  locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!plain) return 0.0;
  locale_t before = uselocale(plain);
  double value = strtod(text, end);
  uselocale(before);
  freelocale(plain);
  return value;
}

const char *akin_errno_text(int errnum) {
  locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!plain) return "unknown error";
  const char *text = strerror_l(errnum, plain);
  freelocale(plain);
  return text ? text : "unknown error";
}
