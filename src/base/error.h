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

#endif
