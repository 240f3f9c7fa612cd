/* test_decode.c - every kind of file against the pixels that Pillow decoded it to (files beside them), headers, limits,
 * and turning. */
#include "files.h"

static const akin_limits no_limits = {UINT64_MAX, UINT64_MAX};

static akin_image decode_file(const char *name, akin_image_info *info, const akin_preparation *p) {
  akin_error err;
  akin_image image = {TESTING_POISON, 1, 1};
  files_bytes file = files_load(name);
  const akin_status status = akin_image_decode(&image, info, file.data, file.size, p, NULL, &err);
  if (status != AKIN_OK) fail_msg("%s: %s", name, err.text);
  akin_free(file.data);
  return image;
}

static bool decode_has_pixels(const char *name) {
  return strcmp(name, "text_bomb.png") != 0 && strcmp(name, "scene.png") != 0;
}

static void decode_compare(const char *name) {
  if (!decode_has_pixels(name)) return;
  akin_preparation p = AKIN_PREPARATION_INIT(1, 1);
  akin_image image = decode_file(name, NULL, NULL);
  files_expect_ppm(&image, name, ".ppm");
  akin_image_free(&image);
  akin_preparation_keras(&p);
  image = decode_file(name, NULL, &p);
  files_expect_ppm(&image, name, ".drop.ppm");
  akin_image_free(&image);
}

static void every_kind_decodes_to_pillows_pixels(void **state) {
  (void)state;
  assert_true(files_each("", decode_compare) >= 45);
}

static void decode_check_header(const char *name) {
  akin_error err;
  akin_image_info inspected, info;
  files_bytes file = files_load(name);
  memset(&inspected, 0xEE, sizeof inspected);
  memset(&info, 0xEE, sizeof info);
  testing_ok(akin_image_inspect(&inspected, file.data, file.size, NULL, &err), &err);
  akin_image image = decode_file(name, &info, NULL);
  assert_int_equal(info.format, akin_image_sniff(file.data, file.size));
  assert_int_equal(info.format, inspected.format);
  assert_int_equal(info.width, inspected.width);
  assert_int_equal(info.height, inspected.height);
  assert_int_equal(info.orientation, inspected.orientation);
  assert_int_equal(info.orientation >= 5 ? info.height : info.width, image.width);
  assert_int_equal(info.orientation >= 5 ? info.width : info.height, image.height);
  akin_image_free(&image);
  akin_free(file.data);
}

static void headers_say_what_decoding_gives(void **state) {
  (void)state;
  assert_true(files_each("", decode_check_header) >= 45);
}

static void orientation_is_found_in_all_three_formats(void **state) {
  (void)state;
  static const struct {
    const char *name;
    int orientation;
  } files[] = {{"turned1.jpg", 1}, {"turned2.jpg", 2},      {"turned3.jpg", 3},           {"turned4.jpg", 4},
               {"turned5.jpg", 5}, {"turned6.jpg", 6},      {"turned7.jpg", 7},           {"turned8.jpg", 8},
               {"turned6.png", 6}, {"turned8_late.png", 8}, {"turned6.webp", 6},          {"still.jpg", 1},
               {"still.png", 1},   {"still.webp", 1},       {"exif_out_of_range.jpg", 1}, {"exif_damaged.jpg", 1}};
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    akin_error err;
    akin_image_info info;
    files_bytes file = files_load(files[i].name);
    testing_ok(akin_image_inspect(&info, file.data, file.size, NULL, &err), &err);
    assert_int_equal(info.orientation, files[i].orientation);
    assert_int_equal(info.width, 19);
    assert_int_equal(info.height, 13);
    akin_free(file.data);
  }
}

/* Bytes after the picture, as some cameras leave them, change nothing. */
static void decode_with_trailing_bytes(const char *name) {
  akin_error err;
  akin_image image, want = decode_file(name, NULL, NULL);
  files_bytes file = files_load(name);
  uint8_t *longer = akin_alloc(file.size + 1000);
  assert_non_null(longer);
  memcpy(longer, file.data, file.size);
  memset(longer + file.size, 0xA5, 1000);
  testing_ok(akin_image_decode(&image, NULL, longer, file.size + 1000, NULL, NULL, &err), &err);
  assert_memory_equal(image.pixels, want.pixels, (size_t)want.width * want.height * 3);
  akin_image_free(&image);
  akin_image_free(&want);
  akin_free(longer);
  akin_free(file.data);
}

static void trailing_bytes_are_ignored(void **state) {
  (void)state;
  files_each("", decode_with_trailing_bytes);
}

static void limits_hold_to_the_pixel_and_the_byte(void **state) {
  (void)state;
  static const char *const names[] = {"still.jpg", "still.png", "still.webp", "animated_inside.webp"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    akin_error err;
    akin_image image;
    akin_image_info info;
    files_bytes file = files_load(names[i]);
    testing_ok(akin_image_inspect(&info, file.data, file.size, &no_limits, &err), &err);
    akin_limits limits = {file.size, (uint64_t)info.width * info.height};
    testing_ok(akin_image_inspect(&info, file.data, file.size, &limits, &err), &err);
    limits.max_pixels--;
    testing_expect(akin_image_inspect(&info, file.data, file.size, &limits, &err), AKIN_ERROR_LIMIT, &err);
    testing_says(&err, "pixels");
    testing_expect(akin_image_decode(&image, NULL, file.data, file.size, NULL, &limits, &err), AKIN_ERROR_LIMIT, &err);
    assert_null(image.pixels);
    limits = (akin_limits){file.size - 1, UINT64_MAX};
    testing_expect(akin_image_inspect(&info, file.data, file.size, &limits, &err), AKIN_ERROR_LIMIT, &err);
    testing_says(&err, "bytes");
    akin_free(file.data);
  }
}

static void errors_may_be_null(void **state) {
  (void)state;
  akin_image image;
  assert_int_equal(akin_image_decode(&image, NULL, "Hello", 5, NULL, NULL, NULL), AKIN_ERROR_FORMAT);
  assert_int_equal(akin_image_decode(&image, NULL, NULL, 0, NULL, NULL, NULL), AKIN_ERROR_FORMAT);
  akin_image_free(&image);
}

static void known_formats_that_are_not_decoded_say_what_to_do(void **state) {
  (void)state;
  static const struct {
    const char *bytes, *name, *tool;
  } files[] = {{"\0\0\0\x18"
                "ftypheic\0\0\0\0",
                "HEIC", "heif-convert"},
               {"\0\0\0\x18"
                "ftypavif\0\0\0\0",
                "AVIF", "avifdec"},
               {"GIF89a\1\0\1\0\0\0\0\0\0\0", "GIF", "gif2webp"},
               {"BM\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "BMP", "convert"},
               {"II*\0\0\0\0\0\0\0\0\0\0\0\0\0", "TIFF", "convert"},
               {"\xFF\x0A\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "JPEG XL", "djxl"},
               {"\xFF\x4F\xFF\x51\0\0\0\0\0\0\0\0\0\0\0\0", "JPEG 2000", "opj_decompress"}};
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    akin_error err;
    akin_image image;
    akin_image_info info;
    files_bytes file = files_copy(files[i].bytes, 16);
    testing_expect(akin_image_decode(&image, &info, file.data, file.size, NULL, NULL, &err), AKIN_ERROR_UNSUPPORTED,
                   &err);
    testing_says(&err, files[i].name);
    testing_says(&err, files[i].tool);
    testing_says(&err, "convert it to JPEG, PNG or WebP");
    testing_expect(akin_image_inspect(&info, file.data, file.size, NULL, &err), AKIN_ERROR_UNSUPPORTED, &err);
    akin_free(file.data);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_kind_decodes_to_pillows_pixels),
      cmocka_unit_test(headers_say_what_decoding_gives),
      cmocka_unit_test(orientation_is_found_in_all_three_formats),
      cmocka_unit_test(trailing_bytes_are_ignored),
      cmocka_unit_test(limits_hold_to_the_pixel_and_the_byte),
      cmocka_unit_test(errors_may_be_null),
      cmocka_unit_test(known_formats_that_are_not_decoded_say_what_to_do),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
