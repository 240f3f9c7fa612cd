/* test_fit.c - crop and pad to the pixel, by hand, and when a JPEG may be decoded smaller. */
#include "files.h"
#include "image/fit.h"

static void check(akin_rectangle got, akin_rectangle want) {
  assert_int_equal(got.left, want.left);
  assert_int_equal(got.top, want.top);
  assert_int_equal(got.width, want.width);
  assert_int_equal(got.height, want.height);
}

static void stretch_takes_all_to_all(void **state) {
  (void)state;
  const akin_preparation p = AKIN_PREPARATION_INIT(224, 100);
  const akin_fit_plan plan = akin_fit_of(&p, 640, 481);
  check(plan.from, (akin_rectangle){0, 0, 640, 481});
  check(plan.to, (akin_rectangle){0, 0, 224, 100});
}

static void crop_takes_the_largest_centred_part(void **state) {
  (void)state;
  static const struct {
    uint32_t width, height, target_width, target_height;
    float fraction;
    akin_rectangle from;
  } cases[] = {
      {640, 480, 224, 224, 1.0f, {80, 0, 480, 480}},
      {480, 640, 224, 224, 1.0f, {0, 80, 480, 480}},
      {641, 480, 224, 224, 1.0f, {80, 0, 480, 480}}, /* 161 / 2 is rounded down */
      {640, 480, 224, 224, 0.875f, {110, 30, 420, 420}},
      {100, 100, 224, 224, 0.875f, {6, 6, 88, 88}}, /* 87.5 is rounded up */
      {300, 100, 200, 100, 1.0f, {50, 0, 200, 100}},
      {99, 100, 2, 1, 1.0f, {0, 25, 99, 50}}, /* 49.5 is rounded up */
      {7, 5, 224, 224, 0.01f, {3, 2, 1, 1}},  /* never nothing */
      {1, 65535, 4096, 1, 1.0f, {0, 32767, 1, 1}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    akin_preparation p = AKIN_PREPARATION_INIT(cases[i].target_width, cases[i].target_height);
    p.fit = AKIN_FIT_CROP;
    p.crop_fraction = cases[i].fraction;
    const akin_fit_plan plan = akin_fit_of(&p, cases[i].width, cases[i].height);
    check(plan.from, cases[i].from);
    check(plan.to, (akin_rectangle){0, 0, p.width, p.height});
  }
}

static void pad_keeps_the_whole_picture(void **state) {
  (void)state;
  static const struct {
    uint32_t width, height, target_width, target_height;
    akin_rectangle to;
  } cases[] = {
      {640, 480, 224, 224, {0, 28, 224, 168}}, {480, 640, 224, 224, {28, 0, 168, 224}},
      {640, 480, 225, 225, {0, 28, 225, 169}}, /* 168.75 up, 56 / 2 */
      {65535, 1, 224, 224, {0, 111, 224, 1}},  {1, 65535, 224, 224, {111, 0, 1, 224}},
      {50, 50, 300, 200, {50, 0, 200, 200}},   {3, 2, 3, 2, {0, 0, 3, 2}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    akin_preparation p = AKIN_PREPARATION_INIT(cases[i].target_width, cases[i].target_height);
    p.fit = AKIN_FIT_PAD;
    const akin_fit_plan plan = akin_fit_of(&p, cases[i].width, cases[i].height);
    check(plan.from, (akin_rectangle){0, 0, cases[i].width, cases[i].height});
    check(plan.to, cases[i].to);
  }
}

/* Sizes and offsets as torchvision's Resize and CenterCrop give them. */
static void resize_crop_shows_the_middle(void **state) {
  (void)state;
  static const struct {
    uint32_t width, height, target_width, target_height, shorter;
    uint32_t resized_width, resized_height, left, top;
  } cases[] = {
      {400, 533, 224, 224, 256, 256, 341, 16, 58}, /* 341.12; 117 / 2 to the even 58 */
      {533, 400, 224, 224, 256, 341, 256, 58, 16}, {500, 500, 224, 224, 256, 256, 256, 16, 16},
      {500, 501, 227, 224, 232, 232, 232, 2, 4}, /* 5 / 2 to the even 2 */
      {500, 501, 225, 224, 232, 232, 232, 4, 4}, /* 7 / 2 to the even 4 */
      {3, 2, 224, 224, 224, 336, 224, 56, 0},      {1, 65535, 4096, 1, 4096, 4096, 268431360, 0, 134215680},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    akin_preparation p = AKIN_PREPARATION_INIT(cases[i].target_width, cases[i].target_height);
    p.fit = AKIN_FIT_RESIZE_CROP;
    p.shorter = cases[i].shorter;
    const akin_fit_plan plan = akin_fit_of(&p, cases[i].width, cases[i].height);
    check(plan.from, (akin_rectangle){0, 0, cases[i].width, cases[i].height});
    check(plan.to, (akin_rectangle){0, 0, p.width, p.height});
    check(plan.shown, (akin_rectangle){cases[i].left, cases[i].top, p.width, p.height});
    assert_int_equal(plan.width, cases[i].resized_width);
    assert_int_equal(plan.height, cases[i].resized_height);
  }
}

static uint32_t eighths(const akin_preparation *p, uint32_t width, uint32_t height, uint8_t orientation) {
  const akin_image_info info = {AKIN_IMAGE_JPEG, width, height, orientation};
  return akin_fit_eighths(p, &info);
}

static void decoding_stays_twice_the_target(void **state) {
  (void)state;
  akin_preparation p = AKIN_PREPARATION_INIT(224, 224);
  assert_int_equal(eighths(&p, 400, 533, 1), 8);
  assert_int_equal(eighths(&p, 895, 4000, 1), 8); /* half of it would be 447.5 */
  assert_int_equal(eighths(&p, 896, 4000, 1), 4);
  assert_int_equal(eighths(&p, 4000, 1791, 1), 4);
  assert_int_equal(eighths(&p, 4000, 1792, 1), 2);
  assert_int_equal(eighths(&p, 4000, 3000, 1), 2);
  assert_int_equal(eighths(&p, 3584, 3584, 1), 1);
  assert_int_equal(eighths(&p, 60000, 60000, 1), 1);
}

static void turning_cropping_and_padding_count(void **state) {
  (void)state;
  akin_preparation p = AKIN_PREPARATION_INIT(100, 400);
  assert_int_equal(eighths(&p, 1600, 400, 1), 8);
  assert_int_equal(eighths(&p, 1600, 400, 6), 4); /* on its side it is high enough */
  p.upright = false;
  assert_int_equal(eighths(&p, 1600, 400, 6), 8);
  p = (akin_preparation)AKIN_PREPARATION_INIT(224, 224);
  p.fit = AKIN_FIT_CROP;
  assert_int_equal(eighths(&p, 4000, 896, 1), 4);
  p.crop_fraction = 0.5f;
  assert_int_equal(eighths(&p, 4000, 896, 1), 8); /* 448 of 896 are used */
  p.fit = AKIN_FIT_PAD;
  assert_int_equal(eighths(&p, 4000, 500, 1), 1); /* becomes 224 × 28 */
  assert_int_equal(eighths(&p, 3583, 500, 1), 2);
  p.fit = AKIN_FIT_RESIZE_CROP;
  p.shorter = 256;
  assert_int_equal(eighths(&p, 4000, 1023, 1), 8);
  assert_int_equal(eighths(&p, 4000, 1024, 1), 4);
}

static void exact_pixels_are_never_decoded_smaller(void **state) {
  (void)state;
  akin_preparation p = AKIN_PREPARATION_INIT(10, 10);
  p.scaled_decoding = false;
  assert_int_equal(eighths(&p, 4000, 4000, 1), 8);
  p.scaled_decoding = true;
  p.filter = AKIN_FILTER_NEAREST;
  assert_int_equal(eighths(&p, 4000, 4000, 1), 8);
}

static void refuse(akin_preparation p, const char *says) {
  akin_error err;
  uint8_t out[3];
  const uint8_t pixel[3] = {1, 2, 3};
  const akin_pixels in = {pixel, 1, 1, 3};
  akin_image image;
  testing_expect(akin_image_resize(out, &in, &p, &err), AKIN_ERROR_USAGE, &err);
  testing_says(&err, says);
  testing_expect(akin_image_prepare(out, NULL, "x", 1, &p, NULL, &err), AKIN_ERROR_USAGE, &err);
  testing_expect(akin_image_decode(&image, NULL, "x", 1, &p, NULL, &err), AKIN_ERROR_USAGE, &err);
}

static void preparations_out_of_range_are_refused(void **state) {
  (void)state;
  akin_preparation p = AKIN_PREPARATION_INIT(0, 1);
  refuse(p, "0 x 1");
  p = (akin_preparation)AKIN_PREPARATION_INIT(1, 4097);
  refuse(p, "1 x 4097");
  p = (akin_preparation)AKIN_PREPARATION_INIT(1, 1);
  p.antialias = false;
  refuse(p, "bilinear");
  p = (akin_preparation)AKIN_PREPARATION_INIT(1, 1);
  p.fit = AKIN_FIT_CROP;
  static const float fractions[] = {0.0f, -1.0f, 1.001f};
  for (size_t i = 0; i < sizeof fractions / sizeof fractions[0]; i++) {
    p.crop_fraction = fractions[i];
    refuse(p, "fraction");
  }
  p.crop_fraction = 0.0f / (float)(p.width - 1); /* NaN */
  refuse(p, "fraction");
  p = (akin_preparation)AKIN_PREPARATION_INIT(7, 9);
  p.fit = AKIN_FIT_RESIZE_CROP;
  static const uint32_t shorter[] = {0, 8, 4097};
  for (size_t i = 0; i < sizeof shorter / sizeof shorter[0]; i++) {
    p.shorter = shorter[i];
    refuse(p, "9 to 4096");
  }
}

static void pixels_out_of_range_are_refused(void **state) {
  (void)state;
  const uint8_t bytes[6] = {0};
  const akin_pixels bad[] = {{NULL, 1, 1, 3},           {bytes, 0, 1, 3},     {bytes, 1, 0, 3},
                             {bytes, 65536, 1, 200000}, {bytes, 1, 65536, 3}, {bytes, 2, 1, 5}};
  const akin_preparation p = AKIN_PREPARATION_INIT(1, 1);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    akin_error err;
    uint8_t out[3];
    akin_buffer jpeg = AKIN_BUFFER_INIT(0);
    testing_expect(akin_image_resize(out, &bad[i], &p, &err), AKIN_ERROR_USAGE, &err);
    testing_expect(akin_image_encode_jpeg(&jpeg, &bad[i], 80, &err), AKIN_ERROR_USAGE, &err);
    assert_int_equal(jpeg.size, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stretch_takes_all_to_all),
      cmocka_unit_test(crop_takes_the_largest_centred_part),
      cmocka_unit_test(pad_keeps_the_whole_picture),
      cmocka_unit_test(resize_crop_shows_the_middle),
      cmocka_unit_test(decoding_stays_twice_the_target),
      cmocka_unit_test(turning_cropping_and_padding_count),
      cmocka_unit_test(exact_pixels_are_never_decoded_smaller),
      cmocka_unit_test(preparations_out_of_range_are_refused),
      cmocka_unit_test(pixels_out_of_range_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
