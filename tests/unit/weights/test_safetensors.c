/* test_safetensors.c - files by the format's description, and files that break each of its rules. */
#include "unit/testing.h"

#include "base/buffer.h"
#include "weights/tensors.h"

static char *write_file(const char *folder, const char *header, const void *numbers, size_t size) {
  char *path = testing_path(folder, "net.safetensors");
  akin_buffer b = AKIN_BUFFER_INIT(0);
  uint64_t n = strlen(header);
  uint8_t head[8];
  for (int i = 0; i < 8; i++)
    head[i] = (uint8_t)(n >> 8 * i);
  assert_int_equal(akin_buffer_append(&b, head, sizeof head), AKIN_OK);
  assert_int_equal(akin_buffer_append(&b, header, n), AKIN_OK);
  assert_int_equal(akin_buffer_append(&b, numbers, size), AKIN_OK);
  testing_write(path, b.data, b.size);
  akin_buffer_free(&b);
  return path;
}

static akin_tensors *open_file(const char *folder, const char *header, const void *numbers, size_t size) {
  akin_tensors *t = NULL;
  akin_error err;
  char *path = write_file(folder, header, numbers, size);
  testing_ok(akin_tensors_open(&t, path, &err), &err);
  akin_free(path);
  return t;
}

/* The tensors stand in another order than their names, and one has no numbers at all. */
static void every_type_is_read(void **state) {
  static const uint8_t numbers[] = {0,   0,   128, 63,  0,   0,   0,   192, 0, 0, 64,  64,
                                    0,   0,   128, 64,  0,   0,   160, 64,  0, 0, 192, 64, /* f32 1 -2 3 4 5 6 */
                                    0,   60,  0,   193,                                    /* f16 1 -2.5 */
                                    128, 63,                                               /* bf16 1 */
                                    0,   0,   0,   0,   0,   0,   4,   64,                 /* f64 2.5 */
                                    254, 255, 255, 255, 255, 255, 255, 255,                /* i64 -2 */
                                    7,   0,   0,   0,                                      /* i32 7 */
                                    200, 1};                                               /* u8 200, bool true */
  akin_tensors *t = open_file(*state,
                              "{\"__metadata__\":{\"format\":\"pt\"},"
                              "\"truth\":{\"dtype\":\"BOOL\",\"shape\":[1],\"data_offsets\":[51,52]},"
                              "\"matrix\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                              "\"half\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[24,28]},"
                              "\"none\":{\"dtype\":\"F16\",\"shape\":[0,5],\"data_offsets\":[28,28]},"
                              "\"brain\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[28,30]},"
                              "\"double\":{\"dtype\":\"F64\",\"shape\":[1,1],\"data_offsets\":[30,38]},"
                              "\"long\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[38,46]},"
                              "\"int\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[46,50]},"
                              "\"byte\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[50,51]}}   ",
                              numbers, sizeof numbers);
  static const struct {
    const char *name;
    size_t count;
    float values[6];
  } wanted[] = {{"matrix", 6, {1, -2, 3, 4, 5, 6}},
                {"half", 2, {1, -2.5f}},
                {"none", 0, {0}},
                {"brain", 1, {1}},
                {"double", 1, {2.5f}},
                {"long", 1, {-2}},
                {"int", 1, {7}},
                {"byte", 1, {200}},
                {"truth", 1, {1}}};
  akin_error err;
  assert_string_equal(akin_tensors_format(t), "safetensors");
  assert_int_equal(akin_tensors_count(t), 9);
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    const akin_tensor *tensor = akin_tensors_find(t, wanted[i].name);
    float values[6] = {0};
    assert_non_null(tensor);
    assert_int_equal(tensor->count, wanted[i].count);
    testing_ok(akin_tensors_read(t, tensor, NULL, values, &err), &err);
    assert_memory_equal(values, wanted[i].values, wanted[i].count * sizeof *values);
  }
  static const uint32_t turned[] = {1, 0};
  static const float columns[] = {1, 4, -2, 5, 3, 6};
  float values[6];
  testing_ok(akin_tensors_read(t, akin_tensors_find(t, "matrix"), turned, values, &err), &err);
  assert_memory_equal(values, columns, sizeof columns);
  akin_tensors_free(t);
}

static void every_rule_is_checked(void **state) {
  static const struct {
    const char *header;
    size_t size; /* of the numbers */
    akin_status status;
    const char *says;
  } broken[] = {
      {"{}", 0, AKIN_ERROR_FORMAT, "holds no tensors"},
      {"{\"__metadata__\":{}}", 0, AKIN_ERROR_FORMAT, "holds no tensors"},
      {"{\"a\":1", 0, AKIN_ERROR_FORMAT, "its header"},
      {"{\"a\":[]}", 0, AKIN_ERROR_FORMAT, "tensor a has no dtype"},
      {"{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, AKIN_ERROR_UNSUPPORTED, "F8_E4M3"},
      {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, AKIN_ERROR_FORMAT, "no shape"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4, AKIN_ERROR_FORMAT,
       "at most 8"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, AKIN_ERROR_FORMAT, "number 0"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}", 4, AKIN_ERROR_FORMAT, "number 0"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,4]}}", 4, AKIN_ERROR_FORMAT,
       "number 1"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387905],\"data_offsets\":[0,4]}}", 4, AKIN_ERROR_FORMAT,
       "its shape needs"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, AKIN_ERROR_FORMAT, "data_offsets"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, AKIN_ERROR_FORMAT, "data_offsets"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", 4, AKIN_ERROR_FORMAT, "data_offsets"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, AKIN_ERROR_FORMAT, "data_offsets"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4, AKIN_ERROR_FORMAT, "up to 4"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, AKIN_ERROR_FORMAT,
       "has 4 bytes, its shape needs 2 elements of 4"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 6, AKIN_ERROR_FORMAT,
       "2 bytes follow the last tensor"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, AKIN_ERROR_FORMAT,
       "begins at byte 4, the one before it ends at 0: a gap"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
       "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
       8, AKIN_ERROR_FORMAT, "they overlap"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
       "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
       2, AKIN_ERROR_FORMAT, "duplicate"}};
  static const uint8_t numbers[16] = {0};
  for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
    akin_tensors *t = TESTING_POISON;
    akin_error err;
    char *path = write_file(*state, broken[i].header, numbers, broken[i].size);
    testing_expect(akin_tensors_open(&t, path, &err), broken[i].status, &err);
    testing_says(&err, broken[i].says);
    testing_says(&err, "net.safetensors");
    assert_null(t);
    akin_free(path);
  }
}

static void a_truncated_file_is_noticed(void **state) {
  static const uint8_t numbers[8] = {0};
  static const char header[] = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
  size_t size = 0;
  char *path = write_file(*state, header, numbers, 8);
  char *bytes = testing_read(path, &size);
  for (size_t n = 9; n < size; n++) {
    akin_tensors *t = NULL;
    akin_error err;
    testing_write(path, bytes, n);
    testing_expect(akin_tensors_open(&t, path, &err), AKIN_ERROR_FORMAT, &err);
  }
  akin_free(bytes);
  akin_free(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(every_type_is_read, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(every_rule_is_checked, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(a_truncated_file_is_noticed, testing_setup, testing_teardown)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
