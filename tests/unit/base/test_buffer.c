/* test_buffer.c - growth, ceilings to the byte, and that a failed append leaves everything as it was. */
#include "unit/testing.h"

static void an_empty_buffer_can_be_taken(void **state) {
  (void)state;
  akin_buffer b = AKIN_BUFFER_INIT(0);
  assert_null(b.data);
  char *text = akin_buffer_take(&b);
  assert_string_equal(text, "");
  akin_free(text);
  assert_null(b.data);
  akin_buffer_free(&b);
}

static void everything_is_kept_and_ended(void **state) {
  (void)state;
  akin_buffer b = AKIN_BUFFER_INIT(0);
  for (unsigned i = 0; i < 10000; i++) {
    const unsigned char byte = (unsigned char)(i * 7);
    assert_int_equal(akin_buffer_append(&b, &byte, 1), AKIN_OK);
    assert_int_equal(b.data[b.size], 0);
  }
  assert_int_equal(b.size, 10000);
  for (unsigned i = 0; i < 10000; i++)
    assert_int_equal((unsigned char)b.data[i], (unsigned char)(i * 7));
  akin_buffer_free(&b);
  assert_null(b.data);
  assert_int_equal(b.size + b.room, 0);
}

static void growing_is_amortised(void **state) {
  (void)state;
  akin_buffer b = AKIN_BUFFER_INIT(0);
  akin_memory_fail_at(0, true);
  for (unsigned i = 0; i < 1u << 20; i++)
    akin_buffer_append(&b, "x", 1);
  assert_int_equal(b.size, 1u << 20);
  assert_in_range(akin_memory_count(), 1, 24);
  akin_buffer_free(&b);
}

static void the_ceiling_holds_to_the_byte(void **state) {
  (void)state;
  for (size_t ceiling = 1; ceiling < 200; ceiling++) {
    akin_buffer b = AKIN_BUFFER_INIT(ceiling);
    for (size_t i = 0; i < ceiling; i++)
      assert_int_equal(akin_buffer_append(&b, "y", 1), AKIN_OK);
    assert_int_equal(akin_buffer_append(&b, "z", 1), AKIN_ERROR_LIMIT);
    assert_int_equal(akin_buffer_append(&b, "", 0), AKIN_OK);
    assert_int_equal(akin_buffer_printf(&b, "%d", 1), AKIN_ERROR_LIMIT);
    assert_int_equal(akin_buffer_reserve(&b, 1), AKIN_ERROR_LIMIT);
    assert_int_equal(b.size, ceiling);
    assert_int_equal(strspn(b.data, "y"), ceiling);
    assert_true(b.room <= ceiling + 1);
    akin_buffer_free(&b);
    assert_int_equal(b.ceiling, ceiling);
  }
}

static void impossible_sizes(void **state) {
  (void)state;
  akin_buffer b = AKIN_BUFFER_INIT(0);
  assert_int_equal(akin_buffer_append_text(&b, "abc"), AKIN_OK);
  assert_int_equal(akin_buffer_reserve(&b, SIZE_MAX), AKIN_ERROR_LIMIT);
  assert_int_equal(akin_buffer_reserve(&b, SIZE_MAX - 3), AKIN_ERROR_LIMIT); /* the NUL would not fit */
  assert_int_not_equal(akin_buffer_reserve(&b, SIZE_MAX - 4), AKIN_OK);
  assert_string_equal(b.data, "abc");
  akin_buffer_free(&b);
}

static void printf_is_whole(void **state) {
  (void)state;
  akin_buffer b = AKIN_BUFFER_INIT(0);
  assert_int_equal(akin_buffer_printf(&b, "%s", ""), AKIN_OK);
  assert_string_equal(b.data, "");
  assert_int_equal(akin_buffer_printf(&b, "%s-%.2f-%0300d", "a", 0.5, 1), AKIN_OK);
  assert_int_equal(b.size, 2 + 4 + 1 + 300);
  assert_memory_equal(b.data, "a-0.50-000", 10);
  akin_buffer_free(&b);
}

static void shorter_never_longer(void **state) {
  (void)state;
  akin_buffer b = AKIN_BUFFER_INIT(0);
  akin_buffer_shorten(&b, 0);
  akin_buffer_clear(&b);
  assert_null(b.data);
  akin_buffer_append_text(&b, "abcdef");
  const size_t room = b.room;
  akin_buffer_shorten(&b, 7);
  assert_string_equal(b.data, "abcdef");
  akin_buffer_shorten(&b, 2);
  assert_string_equal(b.data, "ab");
  akin_buffer_clear(&b);
  assert_string_equal(b.data, "");
  assert_int_equal(b.room, room);
  akin_buffer_free(&b);
}

static akin_status fill(void *context) {
  akin_buffer *b = context;
  char long_text[300];
  memset(long_text, 'q', sizeof long_text);
  akin_buffer_free(b);
  akin_status status = akin_buffer_append_text(b, "start");
  if (status == AKIN_OK) status = akin_buffer_append(b, long_text, sizeof long_text);
  if (status == AKIN_OK) status = akin_buffer_printf(b, "%0900d", 1);
  return status;
}

static void without_memory_nothing_is_appended(void **state) {
  (void)state;
  akin_buffer b = AKIN_BUFFER_INIT(0);
  const size_t sizes[] = {0, 5, 305}; /* what is there when the nth growth fails */
  for (uint64_t nth = 1; nth <= 3; nth++) {
    akin_memory_fail_at(nth, true);
    const akin_status status = fill(&b);
    akin_memory_fail_at(0, true);
    assert_int_equal(status, AKIN_ERROR_MEMORY);
    assert_int_equal(b.size, sizes[nth - 1]);
    if (b.data) assert_int_equal(b.data[b.size], 0);
  }
  assert_int_equal(testing_fail_allocations(fill, &b, false), 3);
  assert_int_equal(b.size, 1205);
  akin_buffer_free(&b);
  akin_memory_fail_at(1, true);
  char *taken = akin_buffer_take(&b);
  akin_memory_fail_at(0, true);
  assert_null(taken);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_empty_buffer_can_be_taken),
      cmocka_unit_test(everything_is_kept_and_ended),
      cmocka_unit_test(growing_is_amortised),
      cmocka_unit_test(the_ceiling_holds_to_the_byte),
      cmocka_unit_test(impossible_sizes),
      cmocka_unit_test(printf_is_whole),
      cmocka_unit_test(shorter_never_longer),
      cmocka_unit_test(without_memory_nothing_is_appended),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
