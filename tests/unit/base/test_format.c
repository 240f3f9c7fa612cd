/* test_format.c - under a locale with a comma everything that writes or reads numbers still has a point. */
#include "unit/comma_locale.h"

#include "base/error.h"
#include "base/format.h"
#include "base/json.h"
#include "base/text.h"

static int find_locale(void **state) {
  *state = testing_folder();
  if (!comma_locale_set(*state)) {
    print_message("no locale with a decimal comma here, and localedef cannot make one\n");
    testing_remove_folder(*state);
    exit(77);
  }
  return 0;
}

static int drop_locale(void **state) {
  setlocale(LC_ALL, "C");
  testing_remove_folder(*state);
  return 0;
}

static void written_with_a_point(void **state) {
  (void)state;
  akin_error err;
  akin_buffer b = AKIN_BUFFER_INIT(0);
  char *text = akin_format("%.2f %g", 1234.5, 0.5);
  assert_string_equal(text, "1234.50 0.5");
  akin_free(text);
  akin_fail(&err, AKIN_ERROR_IO, "%g", 0.25);
  assert_string_equal(err.text, "0.25");
  assert_int_equal(akin_buffer_printf(&b, "%.1f ", 2.5), AKIN_OK);
  assert_int_equal(akin_text_number(&b, -0.125, 3), AKIN_OK);
  assert_string_equal(b.data, "2.5 -0.125");
  akin_buffer_free(&b);
}

static void errno_texts_are_english(void **state) {
  (void)state;
  assert_string_equal(akin_errno_text(ENOENT), "No such file or directory");
}

static void read_with_a_point(void **state) {
  (void)state;
  akin_error err;
  akin_json *json = NULL;
  double value = 0;
  char *end = NULL;
  assert_true(akin_strtod("1.5x", &end) == 1.5);
  assert_string_equal(end, "x");
  assert_true(akin_parse_double(&value, "-2.25e1", -100, 100));
  assert_true(value == -22.5);
  assert_false(akin_parse_double(&value, "2,25", -100, 100));
  testing_ok(akin_json_parse(&json, "[0.375]", 7, &err), &err);
  assert_true(akin_json_number(&value, akin_json_at(json, 0)));
  assert_true(value == 0.375);
  akin_json_free(json);
}

static void the_programs_locale_comes_back(void **state) {
  (void)state;
  char half[8];
  locale_t own = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);
  akin_free(akin_format("%f", 1.0));
  snprintf(half, sizeof half, "%.1f", 0.5);
  assert_string_equal(half, "0,5");
  if (!own) return;
  locale_t before = uselocale(own);
  akin_free(akin_format("%f", 1.0));
  assert_true(uselocale(before) == own);
  freelocale(own);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(written_with_a_point),
      cmocka_unit_test(errno_texts_are_english),
      cmocka_unit_test(read_with_a_point),
      cmocka_unit_test(the_programs_locale_comes_back),
  };
  return cmocka_run_group_tests(tests, find_locale, drop_locale);
}
