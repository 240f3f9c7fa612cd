/* test_duplicates.c - a group of duplicates as text in each format, and as a section of a page. */
#include "unit/report/report_testing.h"

#include "report/page.h"

static const akin_duplicate images[] = {
    {AKIN_COPY_BEST, "/p/a.jpg", 1600, 1200, 512345, 1.0f, 1.0f},
    {AKIN_COPY_SAME, REPORT_NEWLINE, 1600, 1200, 512345, 1.0f, 1.0f},
    {AKIN_COPY_NEAR, REPORT_BYTES, 800, 600, 99949, 0.987654321f, 0.995f},
    {AKIN_COPY_MIRRORED, REPORT_QUOTES, 16, 9, 7, -0.25f, 0.93f},
};
static const akin_duplicate_group group = {"tiny", 3, 12, images, 4};

static void as_a_table(void **state) {
  (void)state;
  akin_error err;
  report_memory m;
  report_memory_open(&m);
  testing_ok(akin_report_duplicates(m.file, AKIN_FORMAT_TABLE, &group, 1, &err), &err);
  REPORT_IS(&m, "Group 3: 4 images\n"
                "  best       1600 x 1200     512 kB     1.000  /p/a.jpg\n"
                "  same       1600 x 1200     512 kB     1.000  /p/new\\x0Aline.jpg\n"
                "  near        800 x 600     99.9 kB     0.995  /p/\\xFF\\xC0\\xAF.jpg\n"
                "  mirrored     16 x 9          7 bytes  0.930  /p/a \"b\", 'c' & d.jpg\n");
  report_memory_open(&m);
  testing_ok(akin_report_duplicates(m.file, AKIN_FORMAT_TABLE, &group, 0, &err), &err);
  assert_int_equal(fflush(m.file), 0);
  assert_int_equal(m.text[0], '\n'); /* a blank line between two groups */
  fclose(m.file);
  free(m.text);
}

static void as_json(void **state) {
  (void)state;
  akin_error err;
  report_memory m;
  report_memory_open(&m);
  testing_ok(akin_report_duplicates(m.file, AKIN_FORMAT_JSON, &group, 0, &err), &err);
  REPORT_IS(&m, "{\"model\": \"tiny\", \"group\": 3, \"images\": ["
                "{\"copy\": \"best\", \"image\": \"/p/a.jpg\", \"width\": 1600, \"height\": 1200, \"bytes\": 512345, "
                "\"score\": 1.000000, \"agreement\": 1.000000}, "
                "{\"copy\": \"same\", \"image\": \"/p/new\\nline.jpg\", \"width\": 1600, \"height\": 1200, "
                "\"bytes\": 512345, \"score\": 1.000000, \"agreement\": 1.000000}, "
                "{\"copy\": \"near\", \"image\": \"/p/\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD.jpg\", "
                "\"image_base64\": \"L3Av/8CvLmpwZw==\", \"width\": 800, \"height\": 600, \"bytes\": 99949, "
                "\"score\": 0.987654, \"agreement\": 0.995000}, "
                "{\"copy\": \"mirrored\", \"image\": \"/p/a \\\"b\\\", 'c' & d.jpg\", \"width\": 16, \"height\": 9, "
                "\"bytes\": 7, \"score\": -0.250000, \"agreement\": 0.930000}]}\n");
}

static void as_csv(void **state) {
  (void)state;
  akin_error err;
  report_memory m;
  report_memory_open(&m);
  testing_ok(akin_report_duplicates(m.file, AKIN_FORMAT_CSV, &group, 1, &err), &err);
  REPORT_IS(&m, "group,copy,image,width,height,bytes,score,agreement\n"
                "3,best,/p/a.jpg,1600,1200,512345,1.000000,1.000000\n"
                "3,same,\"/p/new\nline.jpg\",1600,1200,512345,1.000000,1.000000\n"
                "3,near,/p/\xFF\xC0\xAF.jpg,800,600,99949,0.987654,0.995000\n"
                "3,mirrored,\"/p/a \"\"b\"\", 'c' & d.jpg\",16,9,7,-0.250000,0.930000\n");
}

/* What may be thrown away: never the best. */
static void as_paths(void **state) {
  (void)state;
  akin_error err;
  report_memory m;
  report_memory_open(&m);
  testing_ok(akin_report_duplicates(m.file, AKIN_FORMAT_PATHS, &group, 1, &err), &err);
  REPORT_IS(&m, REPORT_NEWLINE "\n" REPORT_BYTES "\n" REPORT_QUOTES "\n");
  report_memory_open(&m);
  testing_ok(akin_report_duplicates(m.file, AKIN_FORMAT_PATHS0, &group, 1, &err), &err);
  REPORT_IS(&m, REPORT_NEWLINE "\0" REPORT_BYTES "\0" REPORT_QUOTES "\0");
}

static void what_goes_wrong(void **state) {
  (void)state;
  akin_error err;
  FILE *full = report_full_disk();
  testing_expect(akin_report_duplicates(full, AKIN_FORMAT_JSON, &group, 1, &err), AKIN_ERROR_NO_SPACE, &err);
  testing_expect(akin_report_duplicates(full, (akin_report_format)99, &group, 1, &err), AKIN_ERROR_USAGE, &err);
  fclose(full);
  assert_string_equal(akin_copy_name(AKIN_COPY_MIRRORED), "mirrored");
  assert_string_equal(akin_copy_name((akin_copy)4), "unknown");
}

static akin_status take_picture(void *context, akin_buffer *jpeg, uint32_t *width, uint32_t *height, const char *path,
                                uint32_t side, akin_error *err) {
  (void)context;
  (void)path;
  (void)err;
  *width = *height = side;
  return akin_buffer_append_text(jpeg, "picture");
}

static size_t count_of(const char *text, const char *part) {
  size_t n = 0;
  for (; (text = strstr(text, part)); text += strlen(part))
    n++;
  return n;
}

static void as_a_page(void **state) {
  akin_error err;
  akin_page *page = NULL;
  char *path = testing_path(*state, "page.html");
  char *script = testing_path(AKIN_TEST_DATA, "../unit/report/check_page.py");
  char *command = akin_format("python3 '%s' '%s'", script, path);
  testing_ok(akin_page_open_with(&page, path, 0, "Duplicates", take_picture, NULL, &err), &err);
  testing_ok(akin_page_add_duplicates(page, &group, &err), &err);
  testing_ok(akin_page_add_duplicates(page, &group, &err), &err);
  testing_ok(akin_page_close(page, &err), &err);
  char *html = testing_read(path, NULL);
  assert_non_null(strstr(html, "<p>2 groups, model tiny</p>"));
  assert_int_equal(count_of(html, "4 copies of <bdi>a.jpg</bdi></h2>"), 2);
  assert_int_equal(count_of(html, "1600 × 1200, 512 kB, in p<"), 4);
  assert_int_equal(count_of(html, "16 × 9, 1 kB, in p<"), 2); /* never 0 for a file with bytes */
  assert_int_equal(count_of(html, "<span class=\"tag\">Best</span>"), 2);
  assert_int_equal(count_of(html, "<span class=\"tag\">Same content</span>"), 2);
  assert_int_equal(count_of(html, "<span class=\"tag\">Mirrored</span>"), 2);
  assert_null(strstr(html, "class=\"percentile\"")); /* copies have none */
  assert_int_equal(system(command), 0);
  akin_free(html);
  akin_free(command);
  akin_free(script);
  akin_free(path);
}

static akin_status print_all(void *context) {
  const akin_report_format *format = context;
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  const akin_status status = akin_report_duplicates(out, *format, &group, 1, NULL);
  fclose(out);
  free(text);
  return status;
}

static void memory_may_be_short(void **state) {
  (void)state;
  for (akin_report_format f = AKIN_FORMAT_TABLE; f <= AKIN_FORMAT_PATHS0; f++)
    assert_true(testing_fail_allocations(print_all, &f, true) >= 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_a_table),
      cmocka_unit_test(as_json),
      cmocka_unit_test(as_csv),
      cmocka_unit_test(as_paths),
      cmocka_unit_test(what_goes_wrong),
      cmocka_unit_test_setup_teardown(as_a_page, testing_setup, testing_teardown),
      cmocka_unit_test(memory_may_be_short),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
