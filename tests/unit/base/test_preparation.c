/* test_preparation.c - names there and back, and the texts that fingerprints are made of: these may never change. */
#include "unit/testing.h"

#include "base/preparation.h"

static void names_there_and_back(void **state) {
  (void)state;
  static const char *const filters[] = {"nearest", "box", "bilinear", "bicubic"};
  static const char *const fits[] = {"stretch", "crop", "pad", "resize-crop"};
  for (unsigned i = 0; i < 4; i++) {
    akin_filter f = (akin_filter)99;
    assert_string_equal(akin_filter_name((akin_filter)i), filters[i]);
    assert_true(akin_filter_from_name(&f, filters[i]) && (unsigned)f == i);
  }
  for (unsigned i = 0; i < 4; i++) {
    akin_fit f = (akin_fit)99;
    assert_string_equal(akin_fit_name((akin_fit)i), fits[i]);
    assert_true(akin_fit_from_name(&f, fits[i]) && (unsigned)f == i);
  }
}

static void unknown_names(void **state) {
  (void)state;
  static const char *const unknown[] = {"", "Bilinear", "bilinear ", "bi", "lanczos", "stretched"};
  akin_filter filter = (akin_filter)99;
  akin_fit fit = (akin_fit)99;
  for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
    assert_false(akin_filter_from_name(&filter, unknown[i]));
    assert_false(akin_fit_from_name(&fit, unknown[i]));
  }
  assert_true(filter == (akin_filter)99 && fit == (akin_fit)99);
}

static void check(const akin_preparation *p, const char *want) {
  akin_buffer b = AKIN_BUFFER_INIT(0);
  assert_int_equal(akin_buffer_append_text(&b, "p: "), AKIN_OK);
  assert_int_equal(akin_preparation_text(&b, p), AKIN_OK);
  assert_string_equal(b.data + 3, want);
  akin_buffer_free(&b);
}

static void canonical_texts(void **state) {
  (void)state;
  akin_preparation p = AKIN_PREPARATION_INIT(224, 240);
  check(&p, "224x240 bilinear antialias stretch white upright scaled");
  p.fit = AKIN_FIT_CROP;
  p.crop_fraction = 0.875f;
  p.filter = AKIN_FILTER_BICUBIC;
  check(&p, "224x240 bicubic antialias crop 0.875 white upright scaled");
  p.crop_fraction = 1.0f;
  p.scaled_decoding = false;
  check(&p, "224x240 bicubic antialias crop 1 white upright");
  p.fit = AKIN_FIT_PAD;
  p.pad_colour[0] = 0, p.pad_colour[1] = 0x7f, p.pad_colour[2] = 0xff;
  p.upright = false;
  p.alpha = AKIN_ALPHA_DROP;
  p.antialias = false;
  p.filter = AKIN_FILTER_BOX;
  check(&p, "224x240 box pad #007fff drop");
  p.fit = AKIN_FIT_RESIZE_CROP;
  p.shorter = 256;
  check(&p, "224x240 box resize-crop 256 drop");
}

/* What does not matter to the pixels does not matter to the text. */
static void unused_fields_do_not_show(void **state) {
  (void)state;
  akin_preparation p = AKIN_PREPARATION_INIT(32, 32);
  p.crop_fraction = 0.5f;
  p.pad_colour[1] = 7;
  p.shorter = 99;
  check(&p, "32x32 bilinear antialias stretch white upright scaled");
}

/* Two fractions that differ in the last bit are two preparations. */
static void fractions_are_told_apart(void **state) {
  (void)state;
  akin_preparation p = AKIN_PREPARATION_INIT(32, 32);
  p.fit = AKIN_FIT_CROP;
  p.crop_fraction = 0.1f;
  check(&p, "32x32 bilinear antialias crop 0.100000001 white upright scaled");
  p.crop_fraction = 0.100000009f;
  check(&p, "32x32 bilinear antialias crop 0.100000009 white upright scaled");
}

static void as_keras_does_it(void **state) {
  (void)state;
  akin_preparation p = AKIN_PREPARATION_INIT(224, 224);
  p.fit = AKIN_FIT_CROP;
  akin_preparation_keras(&p);
  check(&p, "224x224 nearest stretch drop");
}

static void too_small_ceilings_leave_nothing(void **state) {
  (void)state;
  akin_preparation p = AKIN_PREPARATION_INIT(224, 224);
  const size_t size = strlen("224x224 bilinear antialias stretch white upright scaled");
  for (size_t ceiling = 1; ceiling < 1 + size; ceiling++) {
    akin_buffer b = AKIN_BUFFER_INIT(ceiling);
    assert_int_equal(akin_buffer_append_text(&b, "#"), AKIN_OK);
    assert_int_equal(akin_preparation_text(&b, &p), AKIN_ERROR_LIMIT);
    assert_string_equal(b.data, "#");
    akin_buffer_free(&b);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_there_and_back),
      cmocka_unit_test(unknown_names),
      cmocka_unit_test(canonical_texts),
      cmocka_unit_test(unused_fields_do_not_show),
      cmocka_unit_test(fractions_are_told_apart),
      cmocka_unit_test(as_keras_does_it),
      cmocka_unit_test(too_small_ceilings_leave_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
