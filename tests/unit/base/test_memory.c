/* test_memory.c - sizes at the edges of size_t, and failures injected where a test asks for them. */
#include "unit/testing.h"

static void size_zero_gives_a_pointer(void **state) {
  (void)state;
  void *p[] = {akin_alloc(0), akin_calloc(0, 8), akin_calloc(8, 0), akin_realloc_array(NULL, 0, 4),
               akin_alloc_aligned(64, 0)};
  for (size_t i = 0; i < sizeof p / sizeof p[0]; i++) {
    assert_non_null(p[i]);
    akin_free(p[i]);
  }
  akin_free(NULL);
}

static void products_and_sums_are_checked(void **state) {
  (void)state;
  size_t out = 0;
  assert_true(akin_multiply(&out, SIZE_MAX / 2, 2));
  assert_int_equal(out, SIZE_MAX - 1);
  assert_true(akin_multiply(&out, 0, SIZE_MAX));
  assert_int_equal(out, 0);
  assert_false(akin_multiply(&out, SIZE_MAX / 2 + 1, 2));
  assert_false(akin_multiply(&out, (size_t)1 << 32, (size_t)1 << 32));
  assert_true(akin_add(&out, SIZE_MAX - 1, 1));
  assert_int_equal(out, SIZE_MAX);
  assert_false(akin_add(&out, SIZE_MAX, 1));
}

static void overflowing_arrays_are_refused(void **state) {
  (void)state;
  assert_null(akin_calloc(SIZE_MAX / 4 + 1, 4));
  assert_null(akin_alloc((size_t)PTRDIFF_MAX + 1)); /* asan would end the program if it were asked */
  int *numbers = akin_realloc_array(NULL, 2, sizeof *numbers);
  assert_non_null(numbers);
  numbers[0] = 7, numbers[1] = 8;
  assert_null(akin_realloc_array(numbers, SIZE_MAX / sizeof *numbers + 1, sizeof *numbers));
  assert_int_equal(numbers[0] + numbers[1], 15);
  akin_free(numbers);
}

static void calloc_clears(void **state) {
  (void)state;
  for (int round = 0; round < 2; round++) { /* the second time the memory is likely the dirtied one */
    unsigned char *bytes = akin_calloc(77, 13);
    assert_non_null(bytes);
    for (size_t i = 0; i < (size_t)77 * 13; i++)
      assert_int_equal(bytes[i], 0);
    memset(bytes, 0xEE, (size_t)77 * 13);
    akin_free(bytes);
  }
}

static void alignment_is_kept(void **state) {
  (void)state;
  for (size_t alignment = 1; alignment <= 4096; alignment *= 2) {
    void *p = akin_alloc_aligned(alignment, 3);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % alignment, 0);
    akin_free(p);
  }
}

static void copies_of_text(void **state) {
  (void)state;
  char *whole = akin_strdup("na\xC3\xAFve"), *part = akin_strndup("ab\0cd", 4), *none = akin_strndup(NULL, 0);
  assert_string_equal(whole, "na\xC3\xAFve");
  assert_memory_equal(part, "ab\0c\0", 5);
  assert_string_equal(none, "");
  akin_free(whole);
  akin_free(part);
  akin_free(none);
  assert_null(akin_strndup("", SIZE_MAX));
}

static void format_has_no_length_of_its_own(void **state) {
  (void)state;
  char *text = akin_format("%s|%0500d|%c", "left", 7, 'r');
  assert_non_null(text);
  assert_int_equal(strlen(text), 4 + 1 + 500 + 1 + 1);
  assert_string_equal(text + 500, "00007|r");
  akin_free(text);
  text = akin_format("%s", "");
  assert_string_equal(text, "");
  akin_free(text);
}

static void *by_alloc(void) {
  return akin_alloc(1);
}
static void *by_calloc(void) {
  return akin_calloc(1, 1);
}
static void *by_realloc(void) {
  return akin_realloc_array(NULL, 1, 1);
}
static void *by_aligned(void) {
  return akin_alloc_aligned(16, 1);
}
static void *by_strdup(void) {
  return akin_strdup("x");
}
static void *by_strndup(void) {
  return akin_strndup("x", 1);
}
static void *by_format(void) {
  return akin_format("%d", 1);
}

/* Every function goes through the one door, once. */
static void every_allocation_can_fail(void **state) {
  (void)state;
  void *(*const doors[])(void) = {by_alloc, by_calloc, by_realloc, by_aligned, by_strdup, by_strndup, by_format};
  for (size_t i = 0; i < sizeof doors / sizeof doors[0]; i++) {
    akin_memory_fail_at(1, true);
    assert_null(doors[i]());
    assert_int_equal(akin_memory_count(), 1);
    void *second = doors[i]();
    akin_memory_fail_at(0, true);
    assert_non_null(second);
    akin_free(second);
  }
}

/* Which of five allocations fail, as a text of one letter each. */
static void pattern(char out[6], uint64_t nth, bool once) {
  akin_memory_fail_at(nth, once);
  for (size_t i = 0; i < 5; i++) {
    void *p = akin_alloc(1);
    out[i] = p ? 'y' : 'n';
    akin_free(p);
  }
  assert_int_equal(akin_memory_count(), 5);
  akin_memory_fail_at(0, true);
  out[5] = '\0';
}

static void failures_come_once_or_for_good(void **state) {
  (void)state;
  char got[6];
  pattern(got, 3, true);
  assert_string_equal(got, "yynyy");
  pattern(got, 3, false);
  assert_string_equal(got, "yynnn");
  pattern(got, 6, false);
  assert_string_equal(got, "yyyyy");
  pattern(got, 0, false);
  assert_string_equal(got, "yyyyy");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(size_zero_gives_a_pointer),
      cmocka_unit_test(products_and_sums_are_checked),
      cmocka_unit_test(overflowing_arrays_are_refused),
      cmocka_unit_test(calloc_clears),
      cmocka_unit_test(alignment_is_kept),
      cmocka_unit_test(copies_of_text),
      cmocka_unit_test(format_has_no_length_of_its_own),
      cmocka_unit_test(every_allocation_can_fail),
      cmocka_unit_test(failures_come_once_or_for_good),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
