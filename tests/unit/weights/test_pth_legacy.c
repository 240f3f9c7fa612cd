/* test_pth_legacy.c - the old layout: read right, and refused when anything about it is wrong. */
#include "unit/testing.h"

#include "unit/weights/pickles.h"
#include "weights/tensors.h"

/* The file as a reader; the path stays with the folder. */
static akin_status open_bytes(akin_tensors **out, const char *folder, const void *bytes, size_t n, akin_error *err) {
  char *path = testing_path(folder, "net.pth");
  testing_write(path, bytes, n);
  *out = TESTING_POISON;
  akin_status status = akin_tensors_open(out, path, err);
  akin_free(path);
  return status;
}

static void expect_refused(const char *folder, akin_buffer *b, akin_status want, const char *part) {
  akin_tensors *t = NULL;
  akin_error err;
  testing_expect(open_bytes(&t, folder, b->data, b->size, &err), want, &err);
  assert_null(t);
  testing_says(&err, "net.pth: ");
  testing_says(&err, part);
  akin_buffer_free(b);
}

static void expect_numbers(const akin_tensors *t, const char *name, const float *want, size_t count) {
  const akin_tensor *tensor = akin_tensors_find(t, name);
  akin_error err;
  float got[32];
  assert_non_null(tensor);
  assert_int_equal(tensor->count, count);
  testing_ok(akin_tensors_read(t, tensor, NULL, got, &err), &err);
  for (size_t i = 0; i < count; i++)
    if (got[i] != want[i]) fail_msg("%s: element %zu is %g, not %g", name, i, (double)got[i], (double)want[i]);
}

static const pickled_tensor views[] = {
    {"rows", "FloatStorage", "1", 12, 0, 2, {2, 3}, {3, 1}},
    {"columns", "FloatStorage", "1", 12, 0, 2, {2, 3}, {1, 2}}, /* of the same storage */
    {"end", "FloatStorage", "1", 12, 10, 1, {2}, {1}},
    {"scalar", "FloatStorage", "1", 12, 7, 0, {0}, {0}},
    {"kernel", "FloatStorage", "1", 12, 0, 4, {2, 3, 1, 2}, {1, 2, 6, 6}},
};

static void test_views(void **state) {
  akin_buffer b = AKIN_BUFFER_INIT(0);
  akin_tensors *t = NULL;
  akin_error err;
  put_simple_file(&b, views, 5, 12);
  testing_ok(open_bytes(&t, *state, b.data, b.size, &err), &err);
  assert_string_equal(akin_tensors_format(t), "pth");
  assert_int_equal(akin_tensors_count(t), 5);
  assert_string_equal(akin_tensors_at(t, 1)->name, "columns"); /* in the file's order */
  assert_null(akin_tensors_at(t, 5));
  assert_null(akin_tensors_find(t, "row"));
  expect_numbers(t, "rows", (const float[]){0, 1, 2, 3, 4, 5}, 6);
  expect_numbers(t, "columns", (const float[]){0, 2, 4, 1, 3, 5}, 6);
  expect_numbers(t, "end", (const float[]){10, 11}, 2);
  expect_numbers(t, "scalar", (const float[]){7}, 1);
  expect_numbers(t, "kernel", (const float[]){0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11}, 12);
  float turned[6];
  testing_ok(akin_tensors_read(t, akin_tensors_find(t, "rows"), (const uint32_t[]){1, 0}, turned, &err), &err);
  assert_true(turned[1] == 3 && turned[2] == 1);
  akin_tensors_free(t);
  akin_buffer_free(&b);
}

static void test_types_and_order(void **state) {
  const pickled_tensor tensors[] = {{"half", "HalfStorage", "b", 2, 0, 1, {2}, {1}},
                                    {"count", "LongStorage", "a", 1, 0, 0, {0}, {0}}};
  const char *const keys[] = {"a", "b"}; /* storages in another order than tensors */
  akin_buffer b = AKIN_BUFFER_INIT(0);
  akin_tensors *t = NULL;
  akin_error err;
  put_head(&b, true);
  put_proto(&b);
  put_state(&b, tensors, 2);
  put_code(&b, '.');
  put_keys(&b, keys, 2);
  put_elements(&b, 1, "\x07\0\0\0\0\0\0\0", 8);
  put_elements(&b, 2, "\x00\x3c\x00\xc1", 4);
  testing_ok(open_bytes(&t, *state, b.data, b.size, &err), &err);
  assert_int_equal(akin_tensors_find(t, "half")->dtype, AKIN_DTYPE_F16);
  assert_int_equal(akin_tensors_find(t, "count")->dtype, AKIN_DTYPE_I64);
  assert_int_equal(akin_tensors_find(t, "count")->rank, 0);
  expect_numbers(t, "half", (const float[]){1, -2.5f}, 2);
  expect_numbers(t, "count", (const float[]){7}, 1);
  akin_tensors_free(t);
  akin_buffer_free(&b);
}

/* A file whose object is `state` inside {"epoch": 3, "state_dict": …} when wrapped. */
static void put_wrapped(akin_buffer *b, const pickled_tensor *tensors, size_t count, bool wrapped) {
  const char *const keys[] = {"1"};
  put_head(b, true);
  put_proto(b);
  if (wrapped) {
    put_code(b, '}');
    put_code(b, '(');
    put_text(b, "epoch");
    put_integer(b, 3);
    put_text(b, "state_dict");
  }
  put_state(b, tensors, count);
  put_code(b, wrapped ? 'u' : '.');
  if (wrapped) put_code(b, '.');
  put_keys(b, keys, 1);
  put_elements(b, 1, "\0\0\0\0", 4);
}

static void test_wrappers(void **state) {
  const pickled_tensor parallel[] = {{"module.a", "FloatStorage", "1", 1, 0, 1, {1}, {1}},
                                     {"module.b", "FloatStorage", "1", 1, 0, 1, {1}, {1}}};
  const pickled_tensor mixed[] = {{"module.a", "FloatStorage", "1", 1, 0, 1, {1}, {1}},
                                  {"head", "FloatStorage", "1", 1, 0, 1, {1}, {1}}};
  for (int wrapped = 0; wrapped < 2; wrapped++) {
    akin_buffer b = AKIN_BUFFER_INIT(0), c = AKIN_BUFFER_INIT(0);
    akin_tensors *t = NULL;
    akin_error err;
    put_wrapped(&b, parallel, 2, wrapped);
    testing_ok(open_bytes(&t, *state, b.data, b.size, &err), &err);
    assert_int_equal(akin_tensors_count(t), 2);
    assert_string_equal(akin_tensors_at(t, 0)->name, "a");
    assert_non_null(akin_tensors_find(t, "b"));
    akin_tensors_free(t);
    put_wrapped(&c, mixed, 2, wrapped);
    testing_ok(open_bytes(&t, *state, c.data, c.size, &err), &err);
    assert_non_null(akin_tensors_find(t, "module.a")); /* a real name: not all have it */
    akin_tensors_free(t);
    akin_buffer_free(&b);
    akin_buffer_free(&c);
  }
}

static void test_wrong_systems(void **state) {
  akin_buffer big = AKIN_BUFFER_INIT(0), other = AKIN_BUFFER_INIT(0), silent = AKIN_BUFFER_INIT(0);
  put_head(&big, false);
  expect_refused(*state, &big, AKIN_ERROR_UNSUPPORTED, "big-endian");
  put(&other, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02K\1.\x80\x02}.", 25);
  expect_refused(*state, &other, AKIN_ERROR_UNSUPPORTED, "another protocol");
  put(&silent, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.", 26);
  expect_refused(*state, &silent, AKIN_ERROR_FORMAT, "little-endian");
}

static const pickled_tensor plain = {"w", "FloatStorage", "1", 2, 0, 1, {2}, {1}};

/* A file of `plain` whose list of storages and what follows are the caller's. */
static void put_before_keys(akin_buffer *b) {
  put_head(b, true);
  put_proto(b);
  put_state(b, &plain, 1);
  put_code(b, '.');
}

static void test_wrong_storages(void **state) {
  const char *const one[] = {"1"}, *const twice[] = {"1", "1"}, *const more[] = {"1", "2"};
  akin_buffer b = AKIN_BUFFER_INIT(0);
  put_before_keys(&b);
  put_keys(&b, NULL, 0);
  expect_refused(*state, &b, AKIN_ERROR_FORMAT, "storage 1 is not in the file");
  put_before_keys(&b);
  put_keys(&b, twice, 2);
  put_elements(&b, 2, "abcdefgh", 8);
  put_elements(&b, 2, "abcdefgh", 8);
  expect_refused(*state, &b, AKIN_ERROR_FORMAT, "listed twice");
  put_before_keys(&b);
  put_keys(&b, more, 2);
  put_elements(&b, 2, "abcdefgh", 8);
  expect_refused(*state, &b, AKIN_ERROR_FORMAT, "no tensor names it");
  put_before_keys(&b);
  put_keys(&b, one, 1);
  put_elements(&b, 3, "abcdefghijkl", 12);
  expect_refused(*state, &b, AKIN_ERROR_FORMAT, "has 3 elements");
  put_before_keys(&b);
  put_keys(&b, one, 1);
  put_elements(&b, 2, "abcdefghi", 9);
  expect_refused(*state, &b, AKIN_ERROR_FORMAT, "1 bytes are left over");
  put_before_keys(&b);
  put(&b, "\x80\x02}.", 4);
  expect_refused(*state, &b, AKIN_ERROR_FORMAT, "keys of the storages are a dict");
  put_before_keys(&b);
  put(&b, "\x80\x02]K\1a.", 7);
  expect_refused(*state, &b, AKIN_ERROR_FORMAT, "key of a storage is an integer");
}

static void test_storages_that_disagree(void **state) {
  const pickled_tensor types[] = {plain, {"v", "DoubleStorage", "1", 2, 0, 1, {2}, {1}}};
  const pickled_tensor sizes[] = {plain, {"v", "FloatStorage", "1", 3, 0, 1, {2}, {1}}};
  const pickled_tensor huge = {"v", "DoubleStorage", "1", INT64_MAX, 0, 1, {2}, {1}};
  akin_buffer b = AKIN_BUFFER_INIT(0);
  put_simple_file(&b, types, 2, 2);
  expect_refused(*state, &b, AKIN_ERROR_FORMAT, "storage 1 is both");
  put_simple_file(&b, sizes, 2, 2);
  expect_refused(*state, &b, AKIN_ERROR_FORMAT, "storage 1 is both");
  put_simple_file(&b, &huge, 1, 2);
  expect_refused(*state, &b, AKIN_ERROR_FORMAT, "too many");
}

static void test_no_state_dict(void **state) {
  const pickled_tensor twins[] = {plain, plain};
  akin_buffer b = AKIN_BUFFER_INIT(0);
  static const struct {
    const char *object, *part;
  } objects[] = {{"N", "it holds None"},
                 {"}", "it holds nothing"},
                 {"K\1", "an integer"},
                 {"}U\1wK\1s", "'w' is an integer, not a tensor"},
                 {"}K\1K\1s", "a key is an integer"},
                 {"}U\1\xffK\1s", "not UTF-8"},
                 {"}U\1wU\1ws", "'w' is a text"}};
  for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
    put_head(&b, true);
    put_proto(&b);
    put(&b, objects[i].object, strlen(objects[i].object));
    put_code(&b, '.');
    put_keys(&b, NULL, 0);
    expect_refused(*state, &b, AKIN_ERROR_FORMAT, objects[i].part);
  }
  put_simple_file(&b, twins, 2, 2);
  expect_refused(*state, &b, AKIN_ERROR_FORMAT, "two tensors 'w'");
}

static void test_other_files(void **state) {
  static const struct {
    const char *bytes;
    size_t size;
    const char *part;
  } files[] = {
      {"", 0, "0 bytes"},
      {"hello", 5, "not a weights file"},
      {"\x80\x02}.", 4, "bare pickle"},
      {"\x08\x08\x12\x01x", 5, "files that are called .onnx"},
      {"\x08\x08\0\x01x", 5, "not a weights file"},
  };
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    akin_buffer b = AKIN_BUFFER_INIT(0);
    put(&b, files[i].bytes, files[i].size);
    expect_refused(*state, &b, AKIN_ERROR_UNSUPPORTED, files[i].part);
  }
  akin_tensors *t = TESTING_POISON;
  akin_error err;
  testing_expect(akin_tensors_open(&t, "/nonexistent/net.pth", &err), AKIN_ERROR_NOT_FOUND, &err);
  assert_null(t);
  testing_expect(akin_tensors_open(&t, "/dev/null", &err), AKIN_ERROR_UNSUPPORTED, &err);
  assert_null(t);
}

static void test_truncated_everywhere(void **state) {
  (void)state;
  const memory_file m = memory_file_open();
  akin_buffer b = AKIN_BUFFER_INIT(0);
  put_simple_file(&b, views, 5, 12);
  for (size_t n = 0; n < b.size; n++) {
    akin_tensors *t = TESTING_POISON;
    memory_file_write(&m, b.data, n);
    akin_status status = akin_tensors_open(&t, m.path, NULL);
    if (status != AKIN_ERROR_FORMAT && status != AKIN_ERROR_UNSUPPORTED) fail_msg("%zu bytes: status %d", n, status);
    assert_null(t);
  }
  close(m.file);
  akin_buffer_free(&b);
}

/* Every bit turned, one at a time: refused, or read without a byte outside the file (the sanitizers watch). */
static void test_flipped_everywhere(void **state) {
  (void)state;
  const memory_file m = memory_file_open();
  akin_buffer b = AKIN_BUFFER_INIT(0);
  size_t refused = 0, read = 0;
  put_simple_file(&b, views, 5, 12);
  for (size_t bit = 0; bit < 8 * b.size; bit++) {
    akin_tensors *t = NULL;
    akin_error err;
    b.data[bit / 8] = (char)(b.data[bit / 8] ^ 1 << bit % 8);
    memory_file_write(&m, b.data, b.size);
    if (akin_tensors_open(&t, m.path, &err) == AKIN_OK) {
      for (size_t i = 0; i < akin_tensors_count(t); i++) {
        float numbers[32];
        assert_true(akin_tensors_at(t, i)->count <= 12);
        testing_ok(akin_tensors_read(t, akin_tensors_at(t, i), NULL, numbers, &err), &err);
      }
      read++;
    } else {
      refused++;
    }
    akin_tensors_free(t);
    b.data[bit / 8] = (char)(b.data[bit / 8] ^ 1 << bit % 8);
  }
  assert_true(refused > 5000 && read > 100); /* numbers and names may change, instructions hardly */
  close(m.file);
  akin_buffer_free(&b);
}

static akin_status open_once(void *path) {
  akin_tensors *t = NULL;
  akin_error err;
  akin_status status = akin_tensors_open(&t, path, &err);
  akin_tensors_free(t);
  return status;
}

static void test_no_memory(void **state) {
  akin_buffer b = AKIN_BUFFER_INIT(0);
  char *path = testing_path(*state, "net.pth");
  put_simple_file(&b, views, 5, 12);
  testing_write(path, b.data, b.size);
  assert_true(testing_fail_allocations(open_once, path, true) > 5);
  assert_true(testing_fail_allocations(open_once, path, false) > 5);
  akin_free(path);
  akin_buffer_free(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, testing_setup, testing_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_views),
      TEST(test_types_and_order),
      TEST(test_wrappers),
      TEST(test_wrong_systems),
      TEST(test_wrong_storages),
      TEST(test_storages_that_disagree),
      TEST(test_no_state_dict),
      TEST(test_other_files),
      TEST(test_truncated_everywhere),
      TEST(test_flipped_everywhere),
      TEST(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
