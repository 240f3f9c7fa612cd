/* test_png_encode.c - pictures of few colours as PNG: read back they are the same, and a failure leaves the buffer. */
#include "files.h"

static const uint8_t colours[256][3] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, [255] = {1, 2, 3}};

static akin_indexed picture(uint32_t width, uint32_t height) {
  uint8_t *pixels = akin_alloc((size_t)width * height);
  assert_non_null(pixels);
  for (size_t i = 0; i < (size_t)width * height; i++)
    pixels[i] = (uint8_t)(i % 5 == 4 ? 255 : i % 3);
  return (akin_indexed){pixels, width, height, colours, 256};
}

static void it_comes_back(void **state) {
  (void)state;
  const uint32_t sizes[][2] = {{1, 1}, {3, 2}, {1000, 1}, {1, 1000}, {257, 129}};
  for (size_t s = 0; s < 5; s++) {
    akin_indexed in = picture(sizes[s][0], sizes[s][1]);
    akin_buffer png = AKIN_BUFFER_INIT(0);
    akin_image back;
    akin_image_info info;
    akin_error err;
    assert_int_equal(akin_buffer_append_text(&png, "before"), AKIN_OK);
    testing_ok(akin_image_encode_png(&png, &in, &err), &err);
    assert_memory_equal(png.data, "before", 6); /* it appends */
    testing_ok(akin_image_decode(&back, &info, png.data + 6, png.size - 6, NULL, NULL, &err), &err);
    assert_int_equal(info.format, AKIN_IMAGE_PNG);
    assert_int_equal(back.width, in.width);
    assert_int_equal(back.height, in.height);
    for (size_t i = 0; i < (size_t)in.width * in.height; i++)
      assert_memory_equal(back.pixels + 3 * i, colours[in.pixels[i]], 3);
    akin_image_free(&back);
    akin_buffer_free(&png);
    akin_free((void *)(uintptr_t)in.pixels);
  }
}

static void a_size_that_png_has_not(void **state) {
  (void)state;
  akin_indexed in = picture(4, 4);
  akin_buffer png = AKIN_BUFFER_INIT(0);
  akin_error err;
  in.width = 0;
  testing_expect(akin_image_encode_png(&png, &in, &err), AKIN_ERROR_UNSUPPORTED, &err);
  testing_says(&err, "a PNG of 0 x 4 pixels: ");
  assert_int_equal(png.size, 0);
  akin_free((void *)(uintptr_t)in.pixels);
}

static void a_full_buffer_stays_as_it_was(void **state) {
  (void)state;
  akin_indexed in = picture(64, 64);
  akin_buffer png = AKIN_BUFFER_INIT(30);
  akin_error err;
  assert_int_equal(akin_buffer_append_text(&png, "before"), AKIN_OK);
  testing_expect(akin_image_encode_png(&png, &in, &err), AKIN_ERROR_LIMIT, &err);
  assert_string_equal(png.data, "before");
  akin_buffer_free(&png);
  akin_free((void *)(uintptr_t)in.pixels);
}

static akin_status encode(void *context) {
  akin_buffer png = AKIN_BUFFER_INIT(0);
  const akin_status status = akin_image_encode_png(&png, context, NULL);
  if (status) assert_int_equal(png.size, 0);
  akin_buffer_free(&png);
  return status;
}

static void without_memory(void **state) {
  (void)state;
  akin_indexed in = picture(100, 90);
  assert_true(testing_fail_allocations(encode, &in, true) >= 3);
  assert_true(testing_fail_allocations(encode, &in, false) >= 3);
  akin_free((void *)(uintptr_t)in.pixels);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_comes_back),
      cmocka_unit_test(a_size_that_png_has_not),
      cmocka_unit_test(a_full_buffer_stays_as_it_was),
      cmocka_unit_test(without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
