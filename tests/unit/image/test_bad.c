/* test_bad.c - files that cannot be decoded: each is refused with the right status and one line that says why, quickly,
 * and without memory of the size that it claims. */
#include "files.h"

#include <sys/resource.h>
#include <time.h>

static const struct bad_file {
  const char *name;
  akin_status status;
  const char *says;
} bad_files[] = {
    {"empty.jpg", AKIN_ERROR_FORMAT, "the file is empty"},
    {"text.jpg", AKIN_ERROR_FORMAT, "begin with \"Hello, I am not \""},
    {"truncated.jpg", AKIN_ERROR_FORMAT, "JPEG: truncated: the file ends after"},
    {"truncated_header.jpg", AKIN_ERROR_FORMAT, "inside the header"},
    {"truncated_progressive.jpg", AKIN_ERROR_FORMAT, "scans are missing"},
    {"truncated.png", AKIN_ERROR_FORMAT, "PNG: truncated: the chunk IDAT at byte"},
    {"truncated_header.png", AKIN_ERROR_FORMAT, "PNG: truncated"},
    {"truncated.webp", AKIN_ERROR_FORMAT, "WebP: truncated: the file has"},
    {"huge.jpg", AKIN_ERROR_LIMIT, "65500 x 65500"},
    {"huge.png", AKIN_ERROR_LIMIT, "30000 x 30000 are 900000000 pixels, 250000000 are allowed"},
    {"huge.webp", AKIN_ERROR_LIMIT, "16384 x 16384"},
    {"hollow.jpg", AKIN_ERROR_FORMAT, "15000 x 15000 pixels cannot come out of"},
    {"hollow.png", AKIN_ERROR_FORMAT, "15000 x 15000 pixels cannot come out of"},
    {"zero.jpg", AKIN_ERROR_FORMAT, "JPEG: "},
    {"many_scans.jpg", AKIN_ERROR_LIMIT, "scans"},
    {"twelve_bits.jpg", AKIN_ERROR_UNSUPPORTED, "precision 12"},
    {"lossless.jpg", AKIN_ERROR_UNSUPPORTED, "SOF type 0xc3"},
    {"flipped.png", AKIN_ERROR_FORMAT, "PNG: damaged: "},
    {"no_picture.png", AKIN_ERROR_FORMAT, "PNG: "},
    {"flipped.webp", AKIN_ERROR_FORMAT, "WebP: "},
};
#define BAD_COUNT (sizeof bad_files / sizeof bad_files[0])

static const struct bad_file *bad_find(const char *name) {
  for (size_t i = 0; i < BAD_COUNT; i++)
    if (strcmp(name + strlen("bad/"), bad_files[i].name) == 0) return &bad_files[i];
  fail_msg("%s is not in this test's table", name);
  return NULL;
}

static void bad_check(const char *name) {
  const struct bad_file *bad = bad_find(name);
  akin_error err;
  akin_image image = {TESTING_POISON, 1, 1};
  akin_image_info info;
  files_bytes file = files_load(name);
  memset(&info, 0xEE, sizeof info);
  const akin_status status = akin_image_decode(&image, &info, file.data, file.size, NULL, NULL, &err);
  if (status != bad->status)
    fail_msg("%s: %s, expected %s", name, akin_status_name(status), akin_status_name(bad->status));
  testing_says(&err, bad->says);
  assert_null(strchr(err.text, '\n'));
  assert_null(image.pixels);
  assert_int_equal(info.width, 0xEEEEEEEE); /* written on success only */
  uint8_t out[8 * 8 * 3];
  const akin_preparation p = AKIN_PREPARATION_INIT(8, 8);
  testing_expect(akin_image_prepare(out, NULL, file.data, file.size, &p, NULL, &err), bad->status, &err);
  testing_says(&err, bad->says);
  akin_free(file.data);
}

static void each_is_refused_with_its_reason(void **state) {
  (void)state;
  assert_int_equal(files_each("bad", bad_check), BAD_COUNT);
}

static long bad_peak_kilobytes(void) {
  struct rusage usage;
  assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
  return usage.ru_maxrss;
}

/* Claims of gigabytes, and profiles that inflate to 30 MB, in a few bytes. */
static void claims_cost_nothing(void **state) {
  (void)state;
  static const char *const names[] = {"bad/huge.jpg",   "bad/huge.png",   "bad/huge.webp",
                                      "bad/hollow.jpg", "bad/hollow.png", "text_bomb.png"};
  const long before = bad_peak_kilobytes();
  const clock_t start = clock();
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    akin_error err;
    akin_image image;
    files_bytes file = files_load(names[i]);
    const akin_status status = akin_image_decode(&image, NULL, file.data, file.size, NULL, NULL, &err);
    assert_int_equal(status == AKIN_OK, strcmp(names[i], "text_bomb.png") == 0);
    akin_image_free(&image);
    akin_free(file.data);
  }
  assert_true(bad_peak_kilobytes() - before < 8 * 1024);
  assert_true(clock() - start < CLOCKS_PER_SEC);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(claims_cost_nothing), /* first: the peak only ever grows */
      cmocka_unit_test(each_is_refused_with_its_reason),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
