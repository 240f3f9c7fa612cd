/* test_thumbnail.c - encoded pictures come back, carry no notes, and a failure leaves the buffer as it was; mirroring.
 */
#include "files.h"

static akin_image smooth_image(uint32_t width, uint32_t height) {
  akin_image out = {akin_alloc((size_t)width * height * 3), width, height};
  assert_non_null(out.pixels);
  for (size_t i = 0; i < (size_t)width * height; i++) {
    const uint32_t x = (uint32_t)(i % width), y = (uint32_t)(i / width);
    const uint8_t colour[3] = {(uint8_t)(255 * x / width), (uint8_t)(255 * y / height), 128};
    memcpy(out.pixels + i * 3, colour, 3);
  }
  return out;
}

static akin_pixels as_pixels(const akin_image *image) {
  return (akin_pixels){image->pixels, image->width, image->height, (size_t)image->width * 3};
}

static void an_encoded_picture_comes_back(void **state) {
  (void)state;
  akin_error err;
  akin_image image = smooth_image(64, 48), back;
  akin_image_info info;
  akin_buffer jpeg = AKIN_BUFFER_INIT(0);
  assert_int_equal(akin_buffer_append_text(&jpeg, "before"), AKIN_OK);
  const akin_pixels in = as_pixels(&image);
  testing_ok(akin_image_encode_jpeg(&jpeg, &in, 90, &err), &err);
  assert_memory_equal(jpeg.data, "before", 6); /* it appends */
  testing_ok(akin_image_decode(&back, &info, jpeg.data + 6, jpeg.size - 6, NULL, NULL, &err), &err);
  assert_int_equal(info.format, AKIN_IMAGE_JPEG);
  assert_int_equal(back.width, 64);
  assert_int_equal(back.height, 48);
  for (size_t i = 0; i < 64 * 48 * 3; i++)
    assert_true(abs(back.pixels[i] - image.pixels[i]) <= 12);
  akin_image_free(&back);
  akin_image_free(&image);
  akin_buffer_free(&jpeg);
}

static void quality_is_checked_and_works(void **state) {
  (void)state;
  akin_error err;
  akin_image image = smooth_image(64, 48);
  const akin_pixels in = as_pixels(&image);
  akin_buffer coarse = AKIN_BUFFER_INIT(0), fine = AKIN_BUFFER_INIT(0);
  testing_expect(akin_image_encode_jpeg(&coarse, &in, 0, &err), AKIN_ERROR_USAGE, &err);
  testing_expect(akin_image_encode_jpeg(&coarse, &in, 101, &err), AKIN_ERROR_USAGE, &err);
  assert_int_equal(coarse.size, 0);
  testing_ok(akin_image_encode_jpeg(&coarse, &in, 1, &err), &err);
  testing_ok(akin_image_encode_jpeg(&fine, &in, 100, &err), &err);
  assert_true(coarse.size < fine.size);
  akin_buffer_free(&coarse);
  akin_buffer_free(&fine);
  akin_image_free(&image);
}

static void a_full_buffer_stays_as_it_was(void **state) {
  (void)state;
  akin_error err;
  akin_image image = {files_noise(200, 200, 3), 200, 200}; /* encodes to more than one block */
  const akin_pixels in = as_pixels(&image);
  akin_buffer jpeg = AKIN_BUFFER_INIT(6000);
  assert_int_equal(akin_buffer_append_text(&jpeg, "before"), AKIN_OK);
  testing_expect(akin_image_encode_jpeg(&jpeg, &in, 95, &err), AKIN_ERROR_LIMIT, &err);
  assert_int_equal(jpeg.size, 6);
  assert_string_equal(jpeg.data, "before");
  akin_buffer_free(&jpeg);
  akin_image_free(&image);
}

/* The segments of a JPEG up to its picture data; true when `marker` is among them. */
static bool jpeg_has_segment(const akin_buffer *jpeg, uint8_t marker) {
  const uint8_t *p = (const uint8_t *)jpeg->data;
  for (size_t at = 2; at + 4 <= jpeg->size && p[at] == 0xFF && p[at + 1] != 0xDA;) {
    if (p[at + 1] == marker) return true;
    at += 2 + ((size_t)p[at + 2] << 8 | p[at + 3]);
  }
  return false;
}

static void thumbnails_are_upright_small_and_without_notes(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint32_t side, width, height;
  } cases[] = {{"turned6.jpg", 8, 5, 8}, {"still.png", 8, 8, 5},        {"turned6.webp", 100, 13, 19},
               {"still.jpg", 1, 1, 1},   {"animated.webp", 19, 19, 13}, {"rgba8.png", 4096, 19, 13}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    akin_error err;
    akin_image_info info;
    akin_buffer jpeg = AKIN_BUFFER_INIT(0);
    uint32_t width = 0, height = 0;
    files_bytes file = files_load(cases[i].name);
    testing_ok(akin_image_thumbnail(&jpeg, &width, &height, file.data, file.size, cases[i].side, NULL, &err), &err);
    assert_int_equal(width, cases[i].width);
    assert_int_equal(height, cases[i].height);
    testing_ok(akin_image_inspect(&info, jpeg.data, jpeg.size, NULL, &err), &err);
    assert_int_equal(info.format, AKIN_IMAGE_JPEG);
    assert_int_equal(info.width, width);
    assert_int_equal(info.height, height);
    assert_int_equal(info.orientation, 1);
    assert_true(jpeg_has_segment(&jpeg, 0xE0));  /* JFIF: the walk works */
    assert_false(jpeg_has_segment(&jpeg, 0xE1)); /* Exif, XMP */
    akin_buffer_free(&jpeg);
    akin_free(file.data);
  }
}

static void what_cannot_be_decoded_has_no_thumbnail(void **state) {
  (void)state;
  static const char *const names[] = {"bad/truncated.jpg", "bad/huge.png", "bad/text.jpg", "bad/flipped.png"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    akin_error err;
    akin_buffer jpeg = AKIN_BUFFER_INIT(0);
    uint32_t width = 7, height = 7;
    files_bytes file = files_load(names[i]);
    const akin_status status = akin_image_thumbnail(&jpeg, &width, &height, file.data, file.size, 100, NULL, &err);
    assert_true(status == AKIN_ERROR_FORMAT || status == AKIN_ERROR_LIMIT);
    assert_int_equal(jpeg.size, 0);
    assert_int_equal(width, 7);
    akin_free(file.data);
  }
}

static void sides_out_of_range_are_refused(void **state) {
  (void)state;
  files_bytes file = files_load("still.png");
  for (unsigned i = 0; i < 2; i++) {
    akin_error err;
    akin_buffer jpeg = AKIN_BUFFER_INIT(0);
    uint32_t width, height;
    testing_expect(akin_image_thumbnail(&jpeg, &width, &height, file.data, file.size, i ? 4097 : 0, NULL, &err),
                   AKIN_ERROR_USAGE, &err);
    assert_int_equal(jpeg.size, 0);
  }
  akin_free(file.data);
}

static akin_status thumbnail_work(void *context) {
  akin_error err;
  akin_buffer jpeg = AKIN_BUFFER_INIT(0);
  uint32_t width, height;
  const files_bytes *file = context;
  const akin_status status = akin_image_thumbnail(&jpeg, &width, &height, file->data, file->size, 10, NULL, &err);
  akin_buffer_free(&jpeg);
  return status;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  files_bytes file = files_load("turned6.png");
  assert_true(testing_fail_allocations(thumbnail_work, &file, true) > 10);
  assert_true(testing_fail_allocations(thumbnail_work, &file, false) > 10);
  akin_free(file.data);
}

static void mirroring_exchanges_left_and_right(void **state) {
  (void)state;
  static const uint32_t widths[] = {1, 2, 3, 10, 33};
  for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
    const uint32_t width = widths[i], height = 5;
    uint8_t *pixels = files_noise(width, height, 9), *mirrored = files_noise(width, height, 9);
    akin_image_mirror(mirrored, width, height);
    for (uint32_t y = 0; y < height; y++)
      for (uint32_t x = 0; x < width; x++)
        assert_memory_equal(mirrored + (y * width + x) * 3, pixels + (y * width + width - 1 - x) * 3, 3);
    akin_image_mirror(mirrored, width, height);
    assert_memory_equal(mirrored, pixels, (size_t)width * height * 3);
    akin_free(pixels);
    akin_free(mirrored);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_encoded_picture_comes_back),
      cmocka_unit_test(quality_is_checked_and_works),
      cmocka_unit_test(a_full_buffer_stays_as_it_was),
      cmocka_unit_test(thumbnails_are_upright_small_and_without_notes),
      cmocka_unit_test(what_cannot_be_decoded_has_no_thumbnail),
      cmocka_unit_test(sides_out_of_range_are_refused),
      cmocka_unit_test(every_allocation_may_fail),
      cmocka_unit_test(mirroring_exchanges_left_and_right),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
