/* format.h - printf and strtod as they are in the "C" locale, whatever locale the program has set. */
#ifndef AKIN_BASE_FORMAT_H
#define AKIN_BASE_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* As vsnprintf: returns the length of the whole text, of which at most room - 1 bytes and a NUL are written; negative
 * on failure. out may be NULL when room is 0. */
int akin_vformat(char *out, size_t room, const char *format, va_list arguments) __attribute__((format(printf, 3, 0)));

/* As strtod; *end is text when there is no number. */
double akin_strtod(const char *text, char **end);

/* The English text of an errno value. Valid until the thread's next call. */
const char *akin_errno_text(int errnum);

#endif
