/* test_pieces.c - the small writers: CSV, JSON, numbers, NPY, safe lines. */
#include "unit/comma_locale.h"
#include "unit/report/report_testing.h"

#include <float.h>
#include <math.h>

static void csv_fields(void **state) {
  (void)state;
  akin_error err;
  report_memory m;
  report_memory_open(&m);
  testing_ok(akin_csv_text(m.file, 0, "plain", &err), &err);
  testing_ok(akin_csv_text(m.file, ',', "a,b", &err), &err);
  testing_ok(akin_csv_text(m.file, ',', "say \"hi\"\r\n", &err), &err);
  testing_ok(akin_csv_text(m.file, ',', "", &err), &err);
  testing_ok(akin_csv_number(m.file, ',', -0.0000001, 6, &err), &err);
  testing_ok(akin_csv_number(m.file, ',', 1.5, 0, &err), &err);
  testing_ok(akin_csv_number(m.file, 0, (double)NAN, 2, &err), &err);
  REPORT_IS(&m, "plain,\"a,b\",\"say \"\"hi\"\"\r\n\",,0.000000,2null");
}

/* Every score as akin_csv_number writes it: halves of a millionth as near as floats come, both zeros, the ends; and
 * what is no score. */
static void csv_scores(void **state) {
  (void)state;
  enum { MANY = 5000 };
  static float scores[MANY];
  const float special[] = {1, -1, 0, -0.0f, 4.9e-7f, 5e-7f, -5e-7f, 5.1e-7f, 0.5f, FLT_MIN, -FLT_TRUE_MIN, 0.9999995f};
  akin_error err;
  report_memory fast, slow;
  uint32_t bits = 1;
  report_memory_open(&fast);
  report_memory_open(&slow);
  for (size_t i = 0; i < MANY; i++) {
    bits = bits * 1664525u + 1013904223u;
    const float middle = ((float)(bits % 1000000) + 0.5f) / 1e6f; /* between two texts */
    scores[i] = i < 12 ? special[i] : i % 2 ? nextafterf(middle, (float)(bits >> 31)) : -(float)bits * 0x1p-32f;
  }
  scores[MANY - 1] = NAN; /* in the last piece */
  scores[MANY - 2] = 1.25f;
  testing_ok(akin_csv_scores(fast.file, scores, MANY, &err), &err);
  for (size_t i = 0; i < MANY; i++)
    testing_ok(akin_csv_number(slow.file, ',', (double)scores[i], 6, &err), &err);
  fclose(slow.file);
  report_memory_is(&fast, slow.text, slow.size);
  free(slow.text);
}

static void json_members(void **state) {
  (void)state;
  static const char *const paths[] = {"/a", "/\xFF", "/c\t", "/\x80\x81"};
  akin_error err;
  report_memory m;
  report_memory_open(&m);
  testing_ok(akin_json_string(m.file, "\"\\\n\xFF", &err), &err);
  fputs("|", m.file);
  testing_ok(akin_json_path(m.file, "image", "/plain", &err), &err);
  fputs("|", m.file);
  testing_ok(akin_json_path(m.file, "image", "/\xFF", &err), &err);
  fputs("|", m.file);
  testing_ok(akin_json_paths(m.file, "images", paths, 4, &err), &err);
  fputs("|", m.file);
  testing_ok(akin_json_paths(m.file, "images", NULL, 0, &err), &err);
  REPORT_IS(&m, "\"\\\"\\\\\\n\xEF\xBF\xBD\"|"
                "\"image\": \"/plain\"|"
                "\"image\": \"/\xEF\xBF\xBD\", \"image_base64\": \"L/8=\"|"
                "\"images\": [\"/a\", \"/\xEF\xBF\xBD\", \"/c\\t\", \"/\xEF\xBF\xBD\xEF\xBF\xBD\"], "
                "\"images_base64\": {\"1\": \"L/8=\", \"3\": \"L4CB\"}|"
                "\"images\": []");
}

/* Nine digits give every float back, also the smallest and the largest, whatever the locale's point is. */
static void floats_come_back(void **state) {
  float values[1024] = {0.0f, -0.0f, 1.0f / 3, FLT_MAX, FLT_MIN, 1.4e-45f, -1e-10f, 16777217.0f};
  uint32_t seed = 12345;
  akin_error err;
  report_memory m;
  for (size_t i = 8; i < 1024; i++) {
    seed = seed * 1664525u + 1013904223u;
    const uint32_t bits = (seed & 0x807FFFFFu) | (seed >> 3 & 0x7Fu) << 24; /* every exponent but those of infinity */
    memcpy(&values[i], &bits, sizeof bits);
  }
  const bool commas = comma_locale_set(*state);
  report_memory_open(&m);
  testing_ok(akin_float_list(m.file, values, 1024, &err), &err);
  setlocale(LC_ALL, "C");
  assert_int_equal(fclose(m.file), 0);
  char *at = m.text;
  for (size_t i = 0; i < 1024; i++) {
    const float back = strtof(at, &at);
    assert_memory_equal(&back, &values[i], sizeof back);
    assert_int_equal(*at, i < 1023 ? ',' : '\0');
    at++;
  }
  free(m.text);
  if (!commas) print_message("there was no locale with a decimal comma\n");
}

static void floats_that_are_no_numbers(void **state) {
  (void)state;
  const float values[] = {NAN, 0.5f, INFINITY, -INFINITY};
  akin_error err;
  report_memory m;
  report_memory_open(&m);
  testing_ok(akin_float_list(m.file, values, 4, &err), &err);
  REPORT_IS(&m, "null,0.5,null,null");
}

static void safe_lines(void **state) {
  (void)state;
  akin_error err;
  report_memory m;
  report_memory_open(&m);
  testing_ok(akin_line_text(m.file, "Zoë " REPORT_ESCAPE REPORT_NEWLINE, &err), &err);
  REPORT_IS(&m, "Zo\xC3\xAB /p/\\x1B[2J\\x07.jpg/p/new\\x0Aline.jpg");
}

/* As numpy.save writes it, but for the number of spaces. */
static void npy_bytes(void **state) {
  (void)state;
  const float row[] = {1.0f, -2.5f, 0.1f};
  akin_error err;
  report_memory m;
  report_memory_open(&m);
  testing_ok(akin_npy_header(m.file, 1, 3, &err), &err);
  testing_ok(akin_npy_row(m.file, row, 3, &err), &err);
  REPORT_IS(&m, "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }"
                "                                                          \n"
                "\x00\x00\x80\x3F\x00\x00\x20\xC0\xCD\xCC\xCC\x3D");
}

static void npy_headers_are_equally_long(void **state) {
  (void)state;
  static const uint64_t sizes[][2] = {{0, 0}, {1, 1}, {UINT64_MAX, UINT64_MAX}};
  for (size_t i = 0; i < 3; i++) {
    akin_error err;
    report_memory m;
    report_memory_open(&m);
    testing_ok(akin_npy_header(m.file, sizes[i][0], sizes[i][1], &err), &err);
    assert_int_equal(fclose(m.file), 0);
    assert_int_equal(m.size, 128);
    assert_int_equal(m.text[127], '\n');
    free(m.text);
  }
}

static void npy_rows_of_any_length(void **state) {
  (void)state;
  float row[2500];
  akin_error err;
  report_memory m;
  for (size_t i = 0; i < 2500; i++)
    row[i] = (float)i;
  report_memory_open(&m);
  testing_ok(akin_npy_row(m.file, row, 2500, &err), &err);
  testing_ok(akin_npy_row(m.file, row, 0, &err), &err);
  assert_int_equal(fclose(m.file), 0);
  assert_int_equal(m.size, sizeof row);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  assert_memory_equal(m.text, row, sizeof row);
#endif
  free(m.text);
}

static void a_full_disk(void **state) {
  (void)state;
  const float row[] = {1.0f, 2.0f};
  static const char *const paths[] = {"/a"};
  akin_error err;
  FILE *file = report_full_disk();
  testing_expect(akin_npy_header(file, 1, 2, &err), AKIN_ERROR_NO_SPACE, &err);
  testing_expect(akin_npy_row(file, row, 2, &err), AKIN_ERROR_NO_SPACE, &err);
  testing_expect(akin_csv_text(file, 0, "a", &err), AKIN_ERROR_NO_SPACE, &err);
  testing_expect(akin_csv_number(file, 0, 1, 0, &err), AKIN_ERROR_NO_SPACE, &err);
  testing_expect(akin_float_list(file, row, 2, &err), AKIN_ERROR_NO_SPACE, &err);
  testing_expect(akin_json_string(file, "a", &err), AKIN_ERROR_NO_SPACE, &err);
  testing_expect(akin_json_path(file, "a", "b", NULL), AKIN_ERROR_NO_SPACE, NULL);
  testing_expect(akin_json_paths(file, "a", paths, 1, &err), AKIN_ERROR_NO_SPACE, &err);
  testing_expect(akin_line_text(file, "a", &err), AKIN_ERROR_NO_SPACE, &err);
  fclose(file);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(csv_fields),
      cmocka_unit_test(csv_scores),
      cmocka_unit_test(json_members),
      cmocka_unit_test_setup_teardown(floats_come_back, testing_setup, testing_teardown),
      cmocka_unit_test(floats_that_are_no_numbers),
      cmocka_unit_test(safe_lines),
      cmocka_unit_test(npy_bytes),
      cmocka_unit_test(npy_headers_are_equally_long),
      cmocka_unit_test(npy_rows_of_any_length),
      cmocka_unit_test(a_full_disk),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
