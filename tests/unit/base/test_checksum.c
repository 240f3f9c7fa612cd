/* test_checksum.c - XXH64 against values of its reference implementation (xxhash 3.5), and in pieces. */
#include "unit/testing.h"

#include "base/checksum.h"

/* bytes[i] = 7 i + 3, as for the reference values below. */
static void fill(uint8_t *bytes, size_t n) {
  for (size_t i = 0; i < n; i++)
    bytes[i] = (uint8_t)(7 * i + 3);
}

static void gives_the_published_values(void **state) {
  (void)state;
  uint8_t bytes[101];
  fill(bytes, sizeof bytes);
  assert_true(akin_checksum_of("", 0, 0) == UINT64_C(0xEF46DB3751D8E999));
  assert_true(akin_checksum_of("", 0, 12345) == UINT64_C(0x95584AF7701F808D));
  assert_true(akin_checksum_of("a", 1, 0) == UINT64_C(0xD24EC4F1A98C6E5B));
  assert_true(akin_checksum_of("abc", 3, 0) == UINT64_C(0x44BC2CF5AD770999));
  assert_true(akin_checksum_of("abc", 3, 12345) == UINT64_C(0x01700E64F6F23509));
  assert_true(akin_checksum_of(bytes, 32, 0) == UINT64_C(0x23C3C17EF790FD97));
  assert_true(akin_checksum_of(bytes, 32, 12345) == UINT64_C(0x244C3905CF320C2D));
  assert_true(akin_checksum_of(bytes, 101, 0) == UINT64_C(0xBAD4D3BF033BDA4C));
  assert_true(akin_checksum_of(bytes, 101, 12345) == UINT64_C(0x046DCCA647FF92A6));
}

static void pieces_give_the_same(void **state) {
  (void)state;
  uint8_t bytes[200];
  fill(bytes, sizeof bytes);
  for (size_t n = 0; n <= sizeof bytes; n++)
    for (size_t first = 0; first <= n; first += AKIN_CHECKSUM_STRIPE) {
      akin_checksum c;
      akin_checksum_start(&c, n);
      akin_checksum_add(&c, bytes, first);
      assert_true(akin_checksum_end(&c, bytes + first, n - first) == akin_checksum_of(bytes, n, n));
    }
}

static void every_bit_counts(void **state) {
  (void)state;
  uint8_t bytes[136];
  fill(bytes, sizeof bytes);
  const uint64_t whole = akin_checksum_of(bytes, sizeof bytes, 0);
  for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
    bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    assert_true(akin_checksum_of(bytes, sizeof bytes, 0) != whole);
    bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gives_the_published_values),
      cmocka_unit_test(pieces_give_the_same),
      cmocka_unit_test(every_bit_counts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
