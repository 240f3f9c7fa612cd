/* error.h - filling an akin_error. The text is always one line of valid UTF-8. */
#ifndef AKIN_BASE_ERROR_H
#define AKIN_BASE_ERROR_H

#include <akin/status.h>
#include <stddef.h>

/*
 * Fills err (which may be NULL) and returns code, so that a failing function ends with one line:
 *     return akin_fail(err, AKIN_ERROR_FORMAT, "%s: ends at byte %zu, the header says %zu", path, n, want);
 * Control characters and bytes that are not UTF-8 come out as \xNN, so a path may be printed with %s.
 */
akin_status akin_fail(akin_error *err, akin_status code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same, with ": " and the text of errnum at the end. The code is AKIN_ERROR_NOT_FOUND for ENOENT and ENOTDIR,
 * AKIN_ERROR_NO_SPACE for ENOSPC and EDQUOT, AKIN_ERROR_MEMORY for ENOMEM, otherwise AKIN_ERROR_IO. */
akin_status akin_fail_errno(akin_error *err, int errnum, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* AKIN_ERROR_MEMORY with a text that says how many bytes were wanted. */
akin_status akin_fail_memory(akin_error *err, size_t bytes);

/* Puts context in front of a text that is already there: "PATH: " + text. Keeps and returns the code. */
akin_status akin_fail_context(akin_error *err, akin_status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Tells clang's analyzer, which does not see the bodies, that none of these returns AKIN_OK. error.c has them as they
 * are. */
#if defined(__clang_analyzer__) && !defined(AKIN_BASE_ERROR_C)
static inline akin_status akin_fail_is(akin_status code, akin_status written) {
  (void)written;
  return code;
}
#define akin_fail(err, code, ...)         akin_fail_is(code, akin_fail(err, code, __VA_ARGS__))
#define akin_fail_errno(err, errnum, ...) akin_fail_is(AKIN_ERROR_IO, akin_fail_errno(err, errnum, __VA_ARGS__))
#define akin_fail_memory(err, bytes)      akin_fail_is(AKIN_ERROR_MEMORY, akin_fail_memory(err, bytes))
#define akin_fail_context(err, code, ...) akin_fail_is(code, akin_fail_context(err, code, __VA_ARGS__))
#endif

#endif
