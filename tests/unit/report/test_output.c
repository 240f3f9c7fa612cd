/* test_output.c - a file that appears as a whole or not at all. */
#include "unit/report/report_testing.h"

#include <dirent.h>
#include <sys/stat.h>

/* How many names a folder holds. */
static akin_output *open_output(const char *path) {
  akin_error err;
  akin_output *output = TESTING_POISON;
  testing_ok(akin_output_open(&output, path, &err), &err);
  return output;
}

static void expect_text(const char *path, const char *want) {
  char *text = testing_read(path, NULL);
  assert_string_equal(text, want);
  akin_free(text);
}

static void nothing_before_the_commit(void **state) {
  akin_error err;
  char *path = testing_path(*state, "a\nfile");
  akin_output *output = open_output(path);
  fputs("answer", akin_output_file(output));
  fflush(akin_output_file(output));
  assert_false(akin_file_exists(path));
  testing_ok(akin_output_commit(output, &err), &err);
  expect_text(path, "answer");
  assert_int_equal(testing_names_in(*state), 1);
  akin_free(path);
}

static void the_old_file_stays_when_discarded(void **state) {
  char *path = testing_path(*state, "file");
  testing_write_text(path, "old");
  akin_output *output = open_output(path);
  fputs("new", akin_output_file(output));
  akin_output_discard(output);
  akin_output_discard(NULL);
  expect_text(path, "old");
  assert_int_equal(testing_names_in(*state), 1);
  akin_free(path);
}

/* As NPY needs: the header is written again at the end. */
static void going_back_to_the_begin(void **state) {
  akin_error err;
  char *path = testing_path(*state, "file");
  akin_output *output = open_output(path);
  fputs("0 rows", akin_output_file(output));
  assert_int_equal(fseek(akin_output_file(output), 0, SEEK_SET), 0);
  fputs("7", akin_output_file(output));
  testing_ok(akin_output_commit(output, &err), &err);
  expect_text(path, "7 rows");
  akin_free(path);
}

static void a_link_stays(void **state) {
  akin_error err;
  struct stat st;
  char *target = testing_path(*state, "target"), *link = testing_path(*state, "link");
  testing_write_text(target, "old");
  assert_int_equal(symlink("target", link), 0);
  akin_output *output = open_output(link);
  fputs("new", akin_output_file(output));
  testing_ok(akin_output_commit(output, &err), &err);
  assert_int_equal(lstat(link, &st), 0);
  assert_true(S_ISLNK(st.st_mode));
  expect_text(target, "new");
  akin_free(link);
  akin_free(target);
}

static void a_device_is_written_to(void **state) {
  (void)state;
  akin_error err;
  akin_output *output = open_output("/dev/full");
  fputs("answer", akin_output_file(output));
  testing_expect(akin_output_commit(output, &err), AKIN_ERROR_NO_SPACE, &err);
  testing_says(&err, "/dev/full: cannot write");
  output = open_output("/dev/null");
  fputs("answer", akin_output_file(output));
  testing_ok(akin_output_commit(output, &err), &err);
}

static void where_nothing_can_be_written(void **state) {
  akin_error err;
  akin_output *output = TESTING_POISON;
  char *path = testing_path(*state, "missing/file");
  testing_expect(akin_output_open(&output, path, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, "missing");
  assert_null(output);
  testing_expect(akin_output_open(&output, *state, &err), AKIN_ERROR_IO, &err);
  testing_says(&err, *state);
  assert_null(output);
  akin_free(path);
}

static akin_status open_and_commit(void *context) {
  akin_error err;
  akin_output *output = NULL;
  akin_status status = akin_output_open(&output, context, &err);
  if (status) {
    assert_null(output);
    return status;
  }
  fputs("x", akin_output_file(output));
  return akin_output_commit(output, &err);
}

static void without_memory(void **state) {
  char *path = testing_path(*state, "file");
  assert_true(testing_fail_allocations(open_and_commit, path, true) > 3);
  assert_true(testing_fail_allocations(open_and_commit, path, false) > 3);
  assert_int_equal(testing_names_in(*state), 1); /* no temporary file is left */
  akin_free(path);
}

static void room_is_looked_up(void **state) {
  char *path = testing_path(*state, "matrix.npy"), *nowhere = testing_path(*state, "none/matrix.npy");
  akin_error err;
  testing_ok(akin_output_room(path, 1, &err), &err);
  testing_expect(akin_output_room(path, UINT64_MAX, &err), AKIN_ERROR_NO_SPACE, &err);
  testing_says(&err, "matrix.npy: 18446744073709.6 MB are needed, the disk has ");
  testing_expect(akin_output_room(nowhere, 1, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_ok(akin_output_room("/dev/null", UINT64_MAX, &err), &err); /* a device takes what comes */
  assert_int_equal(testing_names_in(*state), 0);
  akin_free(nowhere);
  akin_free(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(nothing_before_the_commit, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(the_old_file_stays_when_discarded, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(going_back_to_the_begin, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(a_link_stays, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(room_is_looked_up, testing_setup, testing_teardown),
      cmocka_unit_test(a_device_is_written_to),
      cmocka_unit_test_setup_teardown(where_nothing_can_be_written, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(without_memory, testing_setup, testing_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
