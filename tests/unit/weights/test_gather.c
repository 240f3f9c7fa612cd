/* test_gather.c - numbers of every type, and views of every stride and order, against values worked out by hand. */
#include "unit/testing.h"

#include "weights/gather.h"

#include <math.h>

static float one(const char *bytes, akin_dtype dtype) {
  const akin_view view = {0};
  float value = -77;
  akin_gather(&value, (const uint8_t *)bytes, dtype, &view, NULL);
  return value;
}

static void test_types(void **state) {
  (void)state;
  assert_true(one("\x00\x00\x20\xc0", AKIN_DTYPE_F32) == -2.5f);
  assert_true(one("\x00\x00\x00\x00\x00\x00\x04\xc0", AKIN_DTYPE_F64) == -2.5f);
  assert_true(one("\x00\xc1", AKIN_DTYPE_F16) == -2.5f);
  assert_true(one("\x20\xc0", AKIN_DTYPE_BF16) == -2.5f);
  assert_true(one("\xfe\xff\xff\xff\xff\xff\xff\xff", AKIN_DTYPE_I64) == -2.0f);
  assert_true(one("\x00\x00\x00\x80", AKIN_DTYPE_I32) == -2147483648.0f);
  assert_true(one("\xff", AKIN_DTYPE_U8) == 255.0f);
  assert_true(one("\x01", AKIN_DTYPE_BOOL) == 1.0f);
  assert_true(one("\x00", AKIN_DTYPE_BOOL) == 0.0f);
}

static void test_half(void **state) {
  (void)state;
  assert_true(one("\xff\x7b", AKIN_DTYPE_F16) == 65504.0f);
  assert_true(one("\x00\x04", AKIN_DTYPE_F16) == 0x1p-14f); /* the smallest normal number */
  assert_true(one("\xff\x03", AKIN_DTYPE_F16) == 0x1.ff8p-15f);
  assert_true(one("\x01\x80", AKIN_DTYPE_F16) == -0x1p-24f);
  assert_true(signbit(one("\x00\x80", AKIN_DTYPE_F16)) != 0);
  assert_true(isinf(one("\x00\x7c", AKIN_DTYPE_F16)));
  assert_true(isnan(one("\x01\x7e", AKIN_DTYPE_F16)));
}

static void expect_gathered(const akin_view *view, const uint32_t *axes, const float *want, size_t count) {
  uint8_t bytes[24];
  float got[24];
  for (uint8_t i = 0; i < sizeof bytes; i++)
    bytes[i] = i;
  for (size_t i = 0; i < 24; i++)
    got[i] = -77;
  uint64_t counted = 99;
  akin_error err;
  testing_ok(akin_view_check(&counted, view, sizeof bytes, &err), &err);
  assert_int_equal(counted, count);
  akin_gather(got, bytes, AKIN_DTYPE_U8, view, axes);
  for (size_t i = 0; i < count; i++)
    if (got[i] != want[i]) fail_msg("element %zu is %g, not %g", i, (double)got[i], (double)want[i]);
  assert_true(count == 24 || got[count] == -77);
}

static void test_strides(void **state) {
  (void)state;
  const akin_view row_major = {0, 2, {2, 3}, {3, 1}};
  expect_gathered(&row_major, NULL, (const float[]){0, 1, 2, 3, 4, 5}, 6);
  const akin_view transposed = {0, 2, {2, 3}, {1, 2}};
  expect_gathered(&transposed, NULL, (const float[]){0, 2, 4, 1, 3, 5}, 6);
  const akin_view part = {5, 2, {2, 2}, {6, 2}};
  expect_gathered(&part, NULL, (const float[]){5, 7, 11, 13}, 4);
  /* a kernel [out 2, in 3, h 2, w 2] with its channels last in memory: element (o, i, h, w) is o + 2 i + 12 h + 6 w */
  const akin_view channels_last = {0, 4, {2, 3, 2, 2}, {1, 2, 12, 6}};
  expect_gathered(&channels_last, NULL,
                  (const float[]){0, 6, 12, 18, 2, 8, 14, 20, 4, 10, 16, 22, 1, 7, 13, 19, 3, 9, 15, 21, 5, 11, 17, 23},
                  24);
  const akin_view repeated = {3, 2, {2, 2}, {0, 0}};
  expect_gathered(&repeated, NULL, (const float[]){3, 3, 3, 3}, 4);
  const akin_view empty = {0, 2, {3, 0}, {1, 1}};
  expect_gathered(&empty, NULL, NULL, 0);
  const akin_view scalar = {23, 0, {0}, {0}};
  expect_gathered(&scalar, NULL, (const float[]){23}, 1);
}

static void test_axes(void **state) {
  (void)state;
  const akin_view matrix = {0, 2, {2, 3}, {3, 1}};
  expect_gathered(&matrix, (const uint32_t[]){1, 0}, (const float[]){0, 3, 1, 4, 2, 5}, 6);
  expect_gathered(&matrix, (const uint32_t[]){0, 1}, (const float[]){0, 1, 2, 3, 4, 5}, 6);
  const akin_view cube = {0, 3, {2, 2, 3}, {6, 3, 1}};
  expect_gathered(&cube, (const uint32_t[]){2, 0, 1}, (const float[]){0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11}, 12);
}

static void test_bounds(void **state) {
  (void)state;
  uint64_t count = 99;
  akin_error err;
  const akin_view fits = {2, 2, {2, 3}, {3, 1}};
  testing_ok(akin_view_check(&count, &fits, 8, &err), &err);
  assert_int_equal(count, 6);
  testing_expect(akin_view_check(&count, &fits, 7, &err), AKIN_ERROR_FORMAT, &err);
  const akin_view nothing = {100, 1, {0}, {1}};
  testing_ok(akin_view_check(&count, &nothing, 0, &err), &err);
  assert_int_equal(count, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_types), cmocka_unit_test(test_half),   cmocka_unit_test(test_strides),
      cmocka_unit_test(test_axes),  cmocka_unit_test(test_bounds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
