/*
 * testing.h - what unit tests of all rooms share: cmocka with what it needs, a temporary folder, small files, statuses
 * checked with their text, out-parameters poisoned, and every allocation of a call made to fail in turn.
 *
 * Include it first. Helpers fail the running test when they cannot do their work. Everything is static and may stay
 * unused.
 */
#ifndef AKIN_TESTS_UNIT_TESTING_H
#define AKIN_TESTS_UNIT_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"

#include <akin/status.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TESTING __attribute__((unused)) static

/* Is this built with a sanitizer that brings an allocator of its own? */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TESTING_SANITIZED 1
#elif defined(__has_feature)
#define TESTING_SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define TESTING_SANITIZED 0
#endif

/* A pointer that no call returns, so that an out-parameter left unset is seen. */
#define TESTING_POISON ((void *)(uintptr_t)0x5EED5EED)

/* ---- statuses ---- */

TESTING void testing_expect_at(akin_status got, akin_status want, const akin_error *err, const char *file, int line) {
  if (got == want) return;
  print_error("status %s, expected %s; the error's text is: %s\n", akin_status_name(got), akin_status_name(want),
              err && got != AKIN_OK ? err->text : "");
  _fail(file, line);
}
/* Fails the test unless status is want; shows err's text (err may be NULL). */
#define testing_expect(status, want, err) testing_expect_at((status), (want), (err), __FILE__, __LINE__)
#define testing_ok(status, err)           testing_expect((status), AKIN_OK, (err))

/* Fails the test unless err's text contains `part`. */
TESTING void testing_says_at(const akin_error *err, const char *part, const char *file, int line) {
  if (strstr(err->text, part)) return;
  print_error("the error's text lacks \"%s\": %s\n", part, err->text);
  _fail(file, line);
}
#define testing_says(err, part) testing_says_at((err), (part), __FILE__, __LINE__)

/* ---- a temporary folder ---- */

/* Makes an empty folder under $TMPDIR or /tmp. testing_remove_folder removes it with all it holds, and frees. */
TESTING char *testing_folder(void) {
  const char *base = getenv("TMPDIR");
  char *path = akin_format("%s/akin-test-XXXXXX", base && base[0] == '/' ? base : "/tmp");
  assert_non_null(path);
  assert_non_null(mkdtemp(path));
  return path;
}

TESTING void testing_remove_folder(char *path) {
  akin_error err;
  testing_ok(akin_file_remove_folder(path, &err), &err);
  akin_free(path);
}

/* cmocka fixtures: *state is the folder's path. cmocka_unit_test_setup_teardown(test, testing_setup, testing_teardown)
 */
TESTING int testing_setup(void **state) {
  *state = testing_folder();
  return 0;
}
TESTING int testing_teardown(void **state) {
  testing_remove_folder(*state);
  return 0;
}

/* ---- files ---- */

/* folder/name; akin_free. */
TESTING char *testing_path(const char *folder, const char *name) {
  char *path = akin_path_join(folder, name);
  assert_non_null(path);
  return path;
}

TESTING void testing_write(const char *path, const void *bytes, size_t n) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, n, file), n);
  assert_int_equal(fclose(file), 0);
}
TESTING void testing_write_text(const char *path, const char *text) {
  testing_write(path, text, strlen(text));
}

/* All of a file, with a NUL after it; akin_free. size may be NULL. */
TESTING char *testing_read(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file) fail_msg("%s: %s", path, strerror(errno));
  assert_int_equal(fseek(file, 0, SEEK_END), 0);
  const long n = ftell(file);
  assert_true(n >= 0);
  rewind(file);
  char *bytes = akin_alloc((size_t)n + 1);
  assert_non_null(bytes);
  assert_int_equal(fread(bytes, 1, (size_t)n, file), n);
  bytes[n] = '\0';
  fclose(file);
  if (size) *size = (size_t)n;
  return bytes;
}

/* How many names a folder has, hidden ones too: a temporary file left behind would be counted. */
TESTING size_t testing_names_in(const char *folder) {
  size_t count = 0;
  DIR *entries = opendir(folder);
  assert_non_null(entries);
  while (readdir(entries))
    count++;
  closedir(entries);
  return count - 2; /* "." and ".." */
}

/* AKIN_TEST_DATA/name or AKIN_SHARED_DATA/name; akin_free. */
#define testing_data(name)   testing_path(AKIN_TEST_DATA, (name))
#define testing_shared(name) testing_path(AKIN_SHARED_DATA, (name))

/* ---- failing allocations ---- */

/*
 * Runs work again and again, each time with the next allocation failing (once: only that one; else all that follow),
 * until it succeeds. work must return AKIN_OK or AKIN_ERROR_MEMORY and leave nothing behind (the sanitizers watch).
 * Returns how many allocations failed, so that the test can assert that there were some.
 */
TESTING uint64_t testing_fail_allocations(akin_status (*work)(void *context), void *context, bool once) {
  for (uint64_t nth = 1;; nth++) {
    akin_memory_fail_at(nth, once);
    const akin_status status = work(context);
    const bool reached = akin_memory_count() >= nth;
    akin_memory_fail_at(0, true);
    if (status == AKIN_OK && !reached) return nth - 1;
    if (status != AKIN_ERROR_MEMORY)
      fail_msg("allocation %llu failed, and the status is %s", (unsigned long long)nth, akin_status_name(status));
    assert_true(nth < 100000);
  }
}

#endif
