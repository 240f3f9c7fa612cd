/* test_unpickle.c - the restricted unpickler: what it reads, and everything that it must refuse. */
#include "unit/testing.h"

#include "unit/weights/pickles.h"
#include "weights/unpickle.h"

/* Reads a pickle of its own arena; the arena is the caller's. */
static akin_status unpickle(akin_pickle *out, akin_arena *arena, const akin_buffer *b, akin_error *err) {
  *out = (akin_pickle){TESTING_POISON, 99, TESTING_POISON};
  return akin_unpickle(out, arena, (const uint8_t *)b->data, b->size, err);
}

static void expect_refused(akin_buffer *b, akin_status status, const char *part) {
  akin_arena arena = AKIN_ARENA_INIT(1u << 20);
  akin_pickle pickle;
  akin_error err;
  testing_expect(unpickle(&pickle, &arena, b, &err), status, &err);
  testing_says(&err, part);
  akin_arena_free(&arena);
  akin_buffer_free(b);
}

/* A pickle of one instruction sequence and STOP. */
static const akin_pickle_value *value_of(akin_arena *arena, const char *bytes, size_t n) {
  akin_buffer b = AKIN_BUFFER_INIT(0);
  akin_pickle pickle;
  akin_error err;
  put_proto(&b);
  put(&b, bytes, n);
  put_code(&b, '.');
  testing_ok(unpickle(&pickle, arena, &b, &err), &err);
  assert_int_equal(pickle.size, b.size);
  akin_buffer_free(&b);
  return pickle.root;
}

#define VALUE_OF(text) value_of(&arena, text, sizeof(text) - 1)

static void expect_integer(const akin_pickle_value *value, int64_t want) {
  assert_int_equal(value->kind, AKIN_PICKLE_INTEGER);
  assert_int_equal(value->as.integer, want);
}

static void test_numbers(void **state) {
  (void)state;
  akin_arena arena = AKIN_ARENA_INIT(0);
  expect_integer(VALUE_OF("K\xff"), 255);
  expect_integer(VALUE_OF("M\x01\x02"), 513);
  expect_integer(VALUE_OF("J\xfe\xff\xff\xff"), -2);
  expect_integer(VALUE_OF("J\xff\xff\xff\x7f"), INT32_MAX);
  expect_integer(VALUE_OF("\x8a\x00"), 0);
  expect_integer(VALUE_OF("\x8a\x01\x80"), -128);
  expect_integer(VALUE_OF("\x8a\x02\x80\x00"), 128);
  expect_integer(VALUE_OF("\x8a\x05\x00\x00\x00\x00\xff"), -4294967296);
  expect_integer(VALUE_OF("\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80"), INT64_MIN);
  const akin_pickle_value *big = VALUE_OF("\x8a\x09\x01\x02\x03\x04\x05\x06\x07\x08\x09");
  assert_int_equal(big->kind, AKIN_PICKLE_LONG);
  assert_int_equal(big->as.text.size, 9);
  assert_memory_equal(big->as.text.bytes, "\1\2\3\4\5\6\7\10\11", 9);
  const akin_pickle_value *real = VALUE_OF("G\xc0\x04\x00\x00\x00\x00\x00\x00");
  assert_int_equal(real->kind, AKIN_PICKLE_REAL);
  assert_true(real->as.real == -2.5);
  assert_true(VALUE_OF("\x88")->as.boolean);
  assert_false(VALUE_OF("\x89")->as.boolean);
  assert_int_equal(VALUE_OF("N")->kind, AKIN_PICKLE_NONE);
  akin_arena_free(&arena);
}

static void test_texts(void **state) {
  (void)state;
  akin_arena arena = AKIN_ARENA_INIT(0);
  assert_string_equal(VALUE_OF("X\x03\x00\x00\x00"
                               "abc")
                          ->as.text.bytes,
                      "abc");
  assert_string_equal(VALUE_OF("U\x02"
                               "de")
                          ->as.text.bytes,
                      "de");
  assert_string_equal(VALUE_OF("\x8c\x00")->as.text.bytes, "");
  akin_arena_free(&arena);
}

static void test_collections(void **state) {
  (void)state;
  akin_arena arena = AKIN_ARENA_INIT(0);
  assert_int_equal(VALUE_OF(")")->as.items.count, 0);
  const akin_pickle_value *three = VALUE_OF("K\1K\2K\3\x87");
  assert_int_equal(three->kind, AKIN_PICKLE_TUPLE);
  assert_int_equal(three->as.items.count, 3);
  expect_integer(three->as.items.at[0], 1);
  expect_integer(three->as.items.at[2], 3);
  const akin_pickle_value *nested = VALUE_OF("(K\1(K\2K\3tK\4t");
  assert_int_equal(nested->as.items.count, 3);
  assert_int_equal(nested->as.items.at[1]->as.items.count, 2);
  const akin_pickle_value *list = VALUE_OF("]K\1a(K\2K\3e");
  assert_int_equal(list->kind, AKIN_PICKLE_LIST);
  assert_int_equal(list->as.items.count, 3);
  expect_integer(list->as.items.at[2], 3);
  const akin_pickle_value *dict = VALUE_OF("}U\1aK\1s(U\1bK\2U\1aK\3u");
  assert_int_equal(dict->as.items.count, 6);
  expect_integer(akin_pickle_get(dict, "a"), 3);
  expect_integer(akin_pickle_get(dict, "b"), 2);
  assert_null(akin_pickle_get(dict, "c"));
  assert_null(akin_pickle_get(list, "a"));
  akin_arena_free(&arena);
}

static void test_memo(void **state) {
  (void)state;
  akin_arena arena = AKIN_ARENA_INIT(0);
  const akin_pickle_value *pair = VALUE_OF("U\1xq\0h\0\x86");
  assert_ptr_equal(pair->as.items.at[0], pair->as.items.at[1]);
  pair = VALUE_OF("K\7r\0\0\0\0j\0\0\0\0\x86");
  assert_ptr_equal(pair->as.items.at[0], pair->as.items.at[1]);
  pair = VALUE_OF("\x95\4\0\0\0\0\0\0\0K\7\x94h\0\x86"); /* protocol 4 */
  assert_ptr_equal(pair->as.items.at[0], pair->as.items.at[1]);
  const akin_pickle_value *cycle = VALUE_OF("]q\0h\0a"); /* a list that holds itself */
  assert_ptr_equal(cycle->as.items.at[0], cycle);
  cycle = VALUE_OF("}q\0U\1kh\0s");
  assert_ptr_equal(akin_pickle_get(cycle, "k"), cycle);
  akin_arena_free(&arena);
}

static void test_tensor(void **state) {
  (void)state;
  const pickled_tensor wanted = {"w", "HalfStorage", "42", 24, 2, 3, {2, 3, 2}, {1, 6, 2}};
  akin_arena arena = AKIN_ARENA_INIT(0);
  akin_buffer b = AKIN_BUFFER_INIT(0);
  akin_pickle pickle;
  akin_error err;
  put_proto(&b);
  put_state(&b, &wanted, 1);
  put_code(&b, '.');
  testing_ok(unpickle(&pickle, &arena, &b, &err), &err);
  const akin_pickle_value *value = akin_pickle_get(pickle.root, "w");
  assert_non_null(value);
  assert_int_equal(value->kind, AKIN_PICKLE_TENSOR);
  const akin_pickle_tensor *tensor = value->as.tensor;
  assert_int_equal(tensor->count, 12);
  assert_int_equal(tensor->view.offset, 2);
  assert_int_equal(tensor->view.strides[1], 6);
  assert_string_equal(tensor->storage->key, "42");
  assert_int_equal(tensor->storage->dtype, AKIN_DTYPE_F16);
  assert_int_equal(tensor->storage->count, 24);
  assert_ptr_equal(pickle.storages, tensor->storage);
  akin_buffer_free(&b);
  akin_arena_free(&arena);
}

static void test_parameter(void **state) {
  (void)state;
  const pickled_tensor wanted = {"w", "FloatStorage", "1", 3, 0, 1, {3}, {1}};
  akin_arena arena = AKIN_ARENA_INIT(0);
  akin_buffer b = AKIN_BUFFER_INIT(0);
  akin_pickle pickle;
  akin_error err;
  put_proto(&b);
  put_global(&b, "torch._utils", "_rebuild_parameter");
  put_code(&b, '(');
  put_tensor(&b, &wanted);
  put(&b, "\x88}tR.", 5);
  testing_ok(unpickle(&pickle, &arena, &b, &err), &err);
  assert_int_equal(pickle.root->kind, AKIN_PICKLE_TENSOR);
  assert_int_equal(pickle.root->as.tensor->count, 3);
  akin_buffer_free(&b);
  akin_arena_free(&arena);
}

/* The classic attack: a pickle whose loading runs a command. */
static void test_malicious(void **state) {
  static const struct {
    const char *module, *name, *shown;
  } functions[] = {
      {"os", "system", "os.system"},
      {"posix", "system", "posix.system"},
      {"builtins", "eval", "builtins.eval"},
      {"subprocess", "Popen", "subprocess.Popen"},
      {"torch", "load", "torch.load"},
      {"torch._utils", "_rebuild_sparse_tensor", "torch._utils._rebuild_sparse_tensor"},
      {"torch", "QInt8Storage", "torch.QInt8Storage"},
      {"collections", "OrderedDict.x", "collections.OrderedDict.x"},
      {"o\x1b[31ms", "system", "o\\x1B[31ms.system"},
  };
  char *victim = testing_path(*state, "victim");
  char *command = akin_format("touch '%s'", victim);
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    akin_buffer b = AKIN_BUFFER_INIT(0), stacked = AKIN_BUFFER_INIT(0);
    put_proto(&b);
    put_global(&b, functions[i].module, functions[i].name);
    put_code(&b, '(');
    put_text(&b, command);
    put(&b, "tR.", 3);
    expect_refused(&b, AKIN_ERROR_UNSUPPORTED, functions[i].shown);
    put(&stacked, "\x80\x04", 2);
    put_text(&stacked, functions[i].module);
    put_text(&stacked, functions[i].name);
    put(&stacked, "\x93(", 2);
    put_text(&stacked, command);
    put(&stacked, "tR.", 3);
    expect_refused(&stacked, AKIN_ERROR_UNSUPPORTED, functions[i].shown);
  }
  assert_false(akin_file_exists(victim));
  akin_free(command);
  akin_free(victim);
}

static void expect_bytes_refused(const char *bytes, size_t n, akin_status status, const char *part) {
  akin_buffer b = AKIN_BUFFER_INIT(0);
  put(&b, bytes, n);
  expect_refused(&b, status, part);
}

#define REFUSED(text, status, part) expect_bytes_refused(text, sizeof(text) - 1, status, part)

static void test_wrong_machine_code(void **state) {
  (void)state;
  static const char taking[] = {'.', 'a', 's', 't', 'e', 'u', 'R', 'b', 'Q', '\x85', '\x86', '\x87', '\x93', '\x94'};
  for (size_t i = 0; i < sizeof taking; i++) { /* nothing to take from */
    akin_buffer b = AKIN_BUFFER_INIT(0);
    put_proto(&b);
    put_code(&b, (uint8_t)taking[i]);
    put_code(&b, '.');
    expect_refused(&b, AKIN_ERROR_FORMAT, "");
  }
  REFUSED("\x80\x02K\1(.", AKIN_ERROR_FORMAT, "stack is empty"); /* past a mark */
  REFUSED("\x80\x02K\1(q\0.", AKIN_ERROR_FORMAT, "stack is empty");
  REFUSED("\x80\x02K\1K\2.", AKIN_ERROR_FORMAT, "left over");
  REFUSED("\x80\x02(K\1.", AKIN_ERROR_FORMAT, "left over");
  REFUSED("\x80\x02K\1q\5.", AKIN_ERROR_FORMAT, "memo jumps from 0 to 5");
  REFUSED("\x80\x02K\1r\xff\xff\xff\xff.", AKIN_ERROR_FORMAT, "memo jumps");
  REFUSED("\x80\x02h\0.", AKIN_ERROR_FORMAT, "never put there");
  REFUSED("\x80\x02}(K\1u.", AKIN_ERROR_FORMAT, "without a value");
  REFUSED("\x80\x02]U\1kK\1s.", AKIN_ERROR_FORMAT, "a list as if it were a dict");
  REFUSED("\x80\x02)K\1a.", AKIN_ERROR_FORMAT, "a tuple as if it were a list");
  REFUSED("\x80\x02K\1)R.", AKIN_ERROR_FORMAT, "calls what is no function");
  REFUSED("\x80\x02"
          "ctorch\nFloatStorage\n)R.",
          AKIN_ERROR_FORMAT, "calls what is no function");
  REFUSED("\x80\x02]}b.", AKIN_ERROR_UNSUPPORTED, "attributes to a list");
  REFUSED("\x80\x02)Q.", AKIN_ERROR_FORMAT, "names no storage");
  REFUSED("\x80\x02K\1Q.", AKIN_ERROR_FORMAT, "names no storage");
  REFUSED("\x80\x02"
          "ccollections\nOrderedDict\n]\x85R.",
          AKIN_ERROR_UNSUPPORTED, "from arguments");
  REFUSED("\x80\x07N.", AKIN_ERROR_UNSUPPORTED, "protocol 7");
  REFUSED("\x80\x02I1\n.", AKIN_ERROR_UNSUPPORTED, "0x49");
  REFUSED("\x80\x02\xff.", AKIN_ERROR_UNSUPPORTED, "0xff");
  REFUSED("\x80\x02X\xff\xff\xff\xff"
          "abc.",
          AKIN_ERROR_FORMAT, "in the middle");
  REFUSED("\x80\x02"
          "cno newline",
          AKIN_ERROR_FORMAT, "is not one");
  REFUSED("\x80\x02"
          "ca\0b\nc\n.",
          AKIN_ERROR_FORMAT, "is not one");
  REFUSED("\x80\x02K\1K\2\x93.", AKIN_ERROR_FORMAT, "by an integer");
  REFUSED("", AKIN_ERROR_FORMAT, "ends at byte 0");
}

static void expect_tensor_refused(const pickled_tensor *t, akin_status status, const char *part) {
  akin_buffer b = AKIN_BUFFER_INIT(0);
  put_proto(&b);
  put_tensor(&b, t);
  put_code(&b, '.');
  expect_refused(&b, status, part);
}

static void test_wrong_tensors(void **state) {
  (void)state;
  const int64_t huge = INT64_C(1) << 62;
  const pickled_tensor outside = {"w", "FloatStorage", "1", 6, 0, 2, {2, 3}, {4, 1}};
  const pickled_tensor beyond = {"w", "FloatStorage", "1", 6, 4, 1, {3}, {1}};
  const pickled_tensor far = {"w", "FloatStorage", "1", 6, INT64_MAX, 1, {1}, {1}};
  const pickled_tensor product = {"w", "FloatStorage", "1", 6, 0, 3, {huge, huge, 4}, {0, 0, 0}};
  const pickled_tensor reach = {"w", "FloatStorage", "1", 100, 0, 2, {3, 3}, {INT64_MAX, INT64_MAX}};
  const pickled_tensor expanded = {"w", "FloatStorage", "1", 6, 0, 2, {1000000, 1000000}, {0, 0}};
  const pickled_tensor negative = {"w", "FloatStorage", "1", 6, 0, 1, {-1}, {1}};
  const pickled_tensor backwards = {"w", "FloatStorage", "1", 6, 5, 1, {3}, {-1}};
  const pickled_tensor before = {"w", "FloatStorage", "1", 6, -1, 1, {3}, {1}};
  const pickled_tensor deep = {"w", "FloatStorage", "1", 6, 0, 9, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {1}};
  const pickled_tensor stored = {"w", "FloatStorage", "1", -6, 0, 1, {1}, {1}};
  expect_tensor_refused(&outside, AKIN_ERROR_FORMAT, "reaches element 6 of a storage of 6");
  expect_tensor_refused(&beyond, AKIN_ERROR_FORMAT, "reaches element 6 of a storage of 6");
  expect_tensor_refused(&far, AKIN_ERROR_FORMAT, "reaches element");
  expect_tensor_refused(&product, AKIN_ERROR_FORMAT, "overflow");
  expect_tensor_refused(&reach, AKIN_ERROR_FORMAT, "overflow");
  expect_tensor_refused(&expanded, AKIN_ERROR_FORMAT, "has 1000000000000 elements, its storage only 6");
  expect_tensor_refused(&negative, AKIN_ERROR_FORMAT, "no proper");
  expect_tensor_refused(&backwards, AKIN_ERROR_FORMAT, "no proper");
  expect_tensor_refused(&before, AKIN_ERROR_FORMAT, "no proper");
  expect_tensor_refused(&deep, AKIN_ERROR_FORMAT, "no proper");
  expect_tensor_refused(&stored, AKIN_ERROR_FORMAT, "names no storage");
}

/* Bytes that ask for much must not get it. */
static void test_limits(void **state) {
  (void)state;
  akin_buffer marks = AKIN_BUFFER_INIT(0), values = AKIN_BUFFER_INIT(0), list = AKIN_BUFFER_INIT(0);
  put_proto(&marks);
  put_proto(&values);
  for (int i = 0; i < 1100000; i++) {
    put_code(&marks, '(');
    put_code(&values, ')');
  }
  expect_refused(&marks, AKIN_ERROR_LIMIT, "more than 1048576");
  expect_refused(&values, AKIN_ERROR_LIMIT, "more than 1048576 bytes of memory"); /* of expect_refused's arena */
  put_proto(&list);
  put(&list, "]q\0", 3);
  for (int i = 0; i < 100000; i++) /* a list that holds itself again and again */
    put(&list, "h\0a", 3);
  put_code(&list, '.');
  expect_refused(&list, AKIN_ERROR_LIMIT, "bytes of memory");
}

static void test_truncated(void **state) {
  (void)state;
  const pickled_tensor tensors[] = {{"a", "FloatStorage", "1", 6, 0, 2, {2, 3}, {3, 1}},
                                    {"b", "LongStorage", "2", 1, 0, 0, {0}, {0}}};
  akin_buffer b = AKIN_BUFFER_INIT(0);
  put_proto(&b);
  put_state(&b, tensors, 2);
  put_code(&b, '.');
  for (size_t n = 0; n <= b.size; n++) {
    akin_arena arena = AKIN_ARENA_INIT(1u << 20);
    akin_pickle pickle;
    akin_error err;
    char *exact = n ? akin_alloc(n) : NULL; /* so that a sanitizer sees a read behind it */
    if (n) memcpy(exact, b.data, n);
    akin_status status = akin_unpickle(&pickle, &arena, (const uint8_t *)exact, n, &err);
    testing_expect(status, n == b.size ? AKIN_OK : AKIN_ERROR_FORMAT, &err);
    akin_free(exact);
    akin_arena_free(&arena);
  }
  akin_buffer_free(&b);
}

static akin_status unpickle_once(void *context) {
  akin_arena arena = AKIN_ARENA_INIT(0);
  akin_pickle pickle;
  akin_error err;
  akin_status status = unpickle(&pickle, &arena, context, &err);
  akin_arena_free(&arena);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  const pickled_tensor tensor = {"a", "FloatStorage", "1", 6, 0, 2, {2, 3}, {3, 1}};
  akin_buffer b = AKIN_BUFFER_INIT(0);
  put_proto(&b);
  put_code(&b, '(');
  for (int i = 0; i < 200; i++) { /* so that stack, memo and arena grow */
    put_tensor(&b, &tensor);
    put_code(&b, 'r');
    put_number(&b, (uint64_t)i, 4);
  }
  put(&b, "t.", 2);
  assert_true(testing_fail_allocations(unpickle_once, &b, true) > 5);
  assert_true(testing_fail_allocations(unpickle_once, &b, false) > 5);
  akin_buffer_free(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_numbers),
      cmocka_unit_test(test_texts),
      cmocka_unit_test(test_collections),
      cmocka_unit_test(test_memo),
      cmocka_unit_test(test_tensor),
      cmocka_unit_test(test_parameter),
      cmocka_unit_test_setup_teardown(test_malicious, testing_setup, testing_teardown),
      cmocka_unit_test(test_wrong_machine_code),
      cmocka_unit_test(test_wrong_tensors),
      cmocka_unit_test(test_limits),
      cmocka_unit_test(test_truncated),
      cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
