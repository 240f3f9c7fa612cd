/* test_error.c - whatever goes into an error, one line of valid UTF-8 comes out, cut between characters. */
#include "unit/testing.h"

#include "base/error.h"
#include "base/text.h"

#include <limits.h>

#define CUT "\xE2\x80\xA6" /* the mark at the end of a text that was cut */

static void poison(akin_error *err) {
  memset(err, 0xA5, sizeof *err);
}

static void code_and_text(void **state) {
  (void)state;
  akin_error err;
  poison(&err);
  assert_int_equal(akin_fail(&err, AKIN_ERROR_FORMAT, "%s: ends at byte %zu, not %d", "a b", (size_t)8812, -3),
                   AKIN_ERROR_FORMAT);
  assert_int_equal(err.code, AKIN_ERROR_FORMAT);
  assert_string_equal(err.text, "a b: ends at byte 8812, not -3");
}

static void no_error_wanted(void **state) {
  (void)state;
  assert_int_equal(akin_fail(NULL, AKIN_ERROR_BUSY, "%s", "x"), AKIN_ERROR_BUSY);
  assert_int_equal(akin_fail_errno(NULL, ENOSPC, "%s", "x"), AKIN_ERROR_NO_SPACE);
  assert_int_equal(akin_fail_memory(NULL, 1), AKIN_ERROR_MEMORY);
  assert_int_equal(akin_fail_context(NULL, AKIN_ERROR_IO, "%s", "x"), AKIN_ERROR_IO);
}

static void unsafe_bytes_are_escaped(void **state) {
  (void)state;
  static const struct {
    const char *given, *shown;
  } cases[] = {
      {"caf\xC3\xA9 \xF0\x9F\x91\x9F", "caf\xC3\xA9 \xF0\x9F\x91\x9F"}, /* well-formed UTF-8 stays */
      {"two\nlines\r\t", "two\\x0Alines\\x0D\\x09"},
      {"\x1B[31mred\x7F", "\\x1B[31mred\\x7F"},
      {"caf\xE9", "caf\\xE9"},                                          /* Latin-1 */
      {"\xC2\x85|\xC2\x9B|\xC2\xA0", "\\xC2\\x85|\\xC2\\x9B|\xC2\xA0"}, /* C1; NBSP stays */
      {"\xE2\x80\xA8|\xE2\x80\xA9", "\\xE2\\x80\\xA8|\\xE2\\x80\\xA9"}, /* separators */
      {"a\xE2\x80\xAEgpj.exe", "a\\xE2\\x80\\xAEgpj.exe"},              /* right-to-left override */
      {"\xE2\x80", "\\xE2\\x80"},                                       /* cut off */
      {"back\\slash", "back\\slash"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    akin_error err;
    akin_fail(&err, AKIN_ERROR_IO, "%s", cases[i].given);
    assert_string_equal(err.text, cases[i].shown);
  }
}

/* A text of `lead` letters and then as many units as fit, each given as `unit` and shown as `shown`. */
static void check_cut(const char *unit, const char *shown, size_t lead) {
  char given[4096] = "";
  memset(given, 'x', lead);
  for (size_t at = lead; at + 8 < sizeof given; at += strlen(unit))
    memcpy(given + at, unit, strlen(unit) + 1);
  akin_error err;
  poison(&err);
  akin_fail(&err, AKIN_ERROR_IO, "%s", given);
  const size_t size = strlen(err.text), mark = strlen(CUT), each = strlen(shown);
  assert_true(size < AKIN_ERROR_TEXT);
  assert_true(size + each >= AKIN_ERROR_TEXT); /* nothing more would have fitted */
  assert_true(akin_utf8_valid(err.text));
  assert_string_equal(err.text + size - mark, CUT);
  assert_int_equal((size - mark - lead) % each, 0); /* whole units only */
  for (size_t at = lead; at + mark < size; at += each)
    assert_memory_equal(err.text + at, shown, each);
}

static void long_texts_are_cut_between_characters(void **state) {
  (void)state;
  for (size_t lead = 0; lead < 6; lead++) {
    check_cut("y", "y", lead);
    check_cut("\xC3\xA9", "\xC3\xA9", lead);
    check_cut("\xE2\x82\xAC", "\xE2\x82\xAC", lead);
    check_cut("\xF0\x9F\x91\x9F", "\xF0\x9F\x91\x9F", lead);
    check_cut("\xFF", "\\xFF", lead);
  }
}

static void a_text_that_just_fits_is_not_cut(void **state) {
  (void)state;
  char given[AKIN_ERROR_TEXT + 1];
  akin_error err;
  memset(given, 'x', sizeof given);
  given[AKIN_ERROR_TEXT - 1] = '\0';
  akin_fail(&err, AKIN_ERROR_IO, "%s", given);
  assert_string_equal(err.text, given);
  given[AKIN_ERROR_TEXT - 1] = 'x', given[AKIN_ERROR_TEXT] = '\0';
  akin_fail(&err, AKIN_ERROR_IO, "%s", given);
  assert_int_equal(strlen(err.text), AKIN_ERROR_TEXT - 1);
  assert_string_equal(err.text + AKIN_ERROR_TEXT - 4, CUT);
}

static void errno_values(void **state) {
  (void)state;
  static const struct {
    int errnum;
    akin_status code;
    const char *text;
  } cases[] = {
      {ENOENT, AKIN_ERROR_NOT_FOUND, "p: No such file or directory"},
      {ENOTDIR, AKIN_ERROR_NOT_FOUND, "p: Not a directory"},
      {ENOSPC, AKIN_ERROR_NO_SPACE, "p: No space left on device"},
      {EDQUOT, AKIN_ERROR_NO_SPACE, "p: Disk quota exceeded"},
      {ENOMEM, AKIN_ERROR_MEMORY, "p: Cannot allocate memory"},
      {EACCES, AKIN_ERROR_IO, "p: Permission denied"},
      {99999, AKIN_ERROR_IO, "p: Unknown error 99999"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    akin_error err;
    poison(&err);
    assert_int_equal(akin_fail_errno(&err, cases[i].errnum, "%s", "p"), cases[i].code);
    assert_int_equal(err.code, cases[i].code);
    assert_string_equal(err.text, cases[i].text);
  }
}

static void context_goes_in_front(void **state) {
  (void)state;
  akin_error err;
  akin_fail(&err, AKIN_ERROR_FORMAT, "byte %c is bad\n", 0x01);
  assert_int_equal(akin_fail_context(&err, err.code, "%s", "a\tb.jpg"), AKIN_ERROR_FORMAT);
  assert_int_equal(err.code, AKIN_ERROR_FORMAT);
  assert_string_equal(err.text, "a\\x09b.jpg: byte \\x01 is bad\\x0A"); /* what was escaped is not escaped again */
}

static void memory_says_how_much(void **state) {
  (void)state;
  akin_error err;
  assert_int_equal(akin_fail_memory(&err, 123456), AKIN_ERROR_MEMORY);
  testing_says(&err, "123456 bytes");
}

static void failing_needs_no_memory(void **state) {
  (void)state;
  akin_error err;
  akin_memory_fail_at(1, false);
  akin_fail_errno(&err, EIO, "%s", "p");
  akin_fail_context(&err, err.code, "%d", 5);
  const uint64_t count = akin_memory_count();
  akin_memory_fail_at(0, true);
  assert_int_equal(count, 0);
  assert_string_equal(err.text, "5: p: Input/output error");
}

static void every_status_has_its_own_word(void **state) {
  (void)state;
  for (int a = AKIN_OK; a <= AKIN_ERROR_NO_SPACE; a++) {
    const char *name = akin_status_name((akin_status)a);
    assert_non_null(name);
    assert_string_not_equal(name, akin_status_name((akin_status)INT_MAX));
    for (int b = AKIN_OK; b < a; b++)
      assert_string_not_equal(name, akin_status_name((akin_status)b));
  }
  assert_non_null(akin_status_name((akin_status)INT_MAX));
}

static void version_is_that_of_the_header(void **state) {
  (void)state;
  char numbers[32];
  snprintf(numbers, sizeof numbers, "%d.%d.%d", AKIN_VERSION_MAJOR, AKIN_VERSION_MINOR, AKIN_VERSION_PATCH);
  assert_string_equal(akin_version(), numbers);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(code_and_text),
      cmocka_unit_test(no_error_wanted),
      cmocka_unit_test(unsafe_bytes_are_escaped),
      cmocka_unit_test(long_texts_are_cut_between_characters),
      cmocka_unit_test(a_text_that_just_fits_is_not_cut),
      cmocka_unit_test(errno_values),
      cmocka_unit_test(context_goes_in_front),
      cmocka_unit_test(memory_says_how_much),
      cmocka_unit_test(failing_needs_no_memory),
      cmocka_unit_test(every_status_has_its_own_word),
      cmocka_unit_test(version_is_that_of_the_header),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
