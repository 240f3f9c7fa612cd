/* test_hash.c - SHA-256 against the examples of FIPS 180-4 and NIST, in one piece, in pieces and from files. */
#include "unit/testing.h"

#include "base/hash.h"

#include <sys/stat.h>

static const struct {
  const char *text;
  size_t times; /* the text is repeated */
  const char *hex;
} vectors[] = {
    {"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
     1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    {"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

static char *repeated(const char *text, size_t times, size_t *size) {
  const size_t n = strlen(text);
  char *bytes = akin_alloc(n * times);
  assert_non_null(bytes);
  for (size_t i = 0; i < times; i++)
    memcpy(bytes + i * n, text, n);
  *size = n * times;
  return bytes;
}

static void check_hex(const akin_hash *h, const char *want) {
  char hex[AKIN_HASH_HEX_SIZE];
  memset(hex, 'z', sizeof hex);
  akin_hash_hex(hex, h);
  assert_string_equal(hex, want);
}

static void check_pieces(const char *bytes, size_t size, size_t piece, const char *want) {
  akin_error err;
  akin_hash h;
  akin_hasher *hasher = NULL;
  testing_ok(akin_hasher_new(&hasher, &err), &err);
  for (size_t at = 0; at < size; at += piece)
    testing_ok(akin_hasher_update(hasher, bytes + at, size - at < piece ? size - at : piece, &err), &err);
  testing_ok(akin_hasher_update(hasher, NULL, 0, &err), &err);
  testing_ok(akin_hasher_finish(hasher, &h, &err), &err);
  check_hex(&h, want);
}

static void examples_of_the_standard(void **state) {
  akin_error err;
  akin_hash h;
  char *path = testing_path(*state, "f");
  for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
    size_t size = 0;
    char *bytes = repeated(vectors[i].text, vectors[i].times, &size);
    testing_ok(akin_hash_bytes(&h, bytes, size, &err), &err);
    check_hex(&h, vectors[i].hex);
    check_pieces(bytes, size, size < 1000 ? 1 : 997, vectors[i].hex);
    testing_write(path, bytes, size);
    memset(&h, 0xA5, sizeof h);
    testing_ok(akin_hash_file(&h, path, &err), &err);
    check_hex(&h, vectors[i].hex);
    akin_free(bytes);
  }
  akin_free(path);
}

static void only_files_are_hashed(void **state) {
  akin_error err;
  akin_hash h;
  char *fifo = testing_path(*state, "fifo"), *none = testing_path(*state, "none");
  assert_int_equal(mkfifo(fifo, 0600), 0);
  testing_expect(akin_hash_file(&h, fifo, &err), AKIN_ERROR_UNSUPPORTED, &err);
  testing_expect(akin_hash_file(&h, *state, &err), AKIN_ERROR_UNSUPPORTED, &err);
  testing_expect(akin_hash_file(&h, none, &err), AKIN_ERROR_NOT_FOUND, &err);
  akin_free(none);
  akin_free(fifo);
}

static void hexadecimal_is_read_strictly(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",
      "ba78",
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a",
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad0",
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ag",
      " a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      "0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015",
  };
  akin_hash h, abc;
  akin_error err;
  testing_ok(akin_hash_bytes(&abc, "abc", 3, &err), &err);
  memset(&h, 0xA5, sizeof h);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_false(akin_hash_parse(&h, bad[i]));
  assert_int_equal(h.bytes[0], 0xA5);
  assert_true(akin_hash_parse(&h, vectors[1].hex));
  assert_true(akin_hash_equal(&h, &abc));
  assert_true(akin_hash_parse(&h, "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"));
  assert_true(akin_hash_equal(&h, &abc));
  h.bytes[31] ^= 1;
  assert_false(akin_hash_equal(&h, &abc));
}

static void an_unfinished_hasher_can_be_freed(void **state) {
  (void)state;
  akin_error err;
  akin_hasher *hasher = NULL;
  testing_ok(akin_hasher_new(&hasher, &err), &err);
  testing_ok(akin_hasher_update(hasher, "abc", 3, &err), &err);
  akin_hasher_free(hasher);
  akin_hasher_free(NULL);
}

static akin_status hash_once(void *context) {
  akin_hash h;
  return akin_hash_file(&h, context, NULL);
}

static void hashing_without_memory(void **state) {
  char *path = testing_path(*state, "f");
  testing_write_text(path, "abc");
  assert_int_equal(testing_fail_allocations(hash_once, path, true), 2);
  akin_free(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(examples_of_the_standard, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(only_files_are_hashed, testing_setup, testing_teardown),
      cmocka_unit_test(hexadecimal_is_read_strictly),
      cmocka_unit_test(an_unfinished_hasher_can_be_freed),
      cmocka_unit_test_setup_teardown(hashing_without_memory, testing_setup, testing_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
