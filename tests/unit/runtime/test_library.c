/* test_library.c - where OpenVINO is looked for, and what is said when it is not there. */
#include "unit/testing.h"

#include "runtime/library.h"

#include <sys/stat.h>

#define SONAME "libopenvino_c.so." /* and the version */

static char *folder;

static int set_up(void **state) {
  (void)state;
  folder = testing_folder();
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  unsetenv("AKIN_OPENVINO");
  testing_remove_folder(folder);
  return 0;
}

static void load_fails(akin_error *err) {
  void *handle = &handle;
  memset(err, 0xa5, sizeof *err);
  assert_int_equal(akin_library_open(&handle, &akin_library_openvino, err), AKIN_ERROR_RUNTIME);
  assert_int_equal(err->code, AKIN_ERROR_RUNTIME);
  assert_null(handle);
  assert_non_null(strstr(err->text, "scripts/bootstrap"));
}

static void test_found(void **state) {
  (void)state;
  void *handle = NULL, *again = NULL;
  unsetenv("AKIN_OPENVINO");
  assert_int_equal(akin_library_open(&handle, &akin_library_openvino, NULL), AKIN_OK);
  assert_non_null(handle);
  setenv("AKIN_OPENVINO", "", 1); /* as if it were not set */
  assert_int_equal(akin_library_open(&again, &akin_library_openvino, NULL), AKIN_OK);
  assert_ptr_equal(handle, again);
}

/* The variable is an order: what it names is not silently replaced by something else. */
static void test_missing(void **state) {
  (void)state;
  akin_error err;
  setenv("AKIN_OPENVINO", folder, 1);
  load_fails(&err);
  assert_non_null(strstr(err.text, folder));
  assert_non_null(strstr(err.text, SONAME));
  setenv("AKIN_OPENVINO", "/nonexistent/place", 1);
  load_fails(&err);
  assert_non_null(strstr(err.text, "/nonexistent/place, /nonexistent/place/lib"));
}

static void test_other_version(void **state) {
  (void)state;
  akin_error err;
  char *other = akin_format("%s/%s1234", folder, SONAME);
  assert_int_equal(akin_file_replace(other, "x", 1, NULL), AKIN_OK);
  setenv("AKIN_OPENVINO", folder, 1);
  load_fails(&err);
  assert_non_null(strstr(err.text, "another version: " SONAME "1234"));
  assert_int_equal(akin_file_remove(other, NULL), AKIN_OK);
  akin_free(other);
}

static void test_no_library(void **state) {
  (void)state;
  akin_error err;
  char *lib = akin_format("%s/lib", folder), *file = akin_format("%s/%s", lib, AKIN_OPENVINO_SONAME);
  assert_int_equal(mkdir(lib, 0700), 0);
  assert_int_equal(akin_file_replace(file, "not an ELF file", 15, NULL), AKIN_OK);
  setenv("AKIN_OPENVINO", folder, 1);
  load_fails(&err);
  assert_non_null(strstr(err.text, "cannot be loaded"));
  assert_non_null(strstr(err.text, file));
  akin_free(file);
  akin_free(lib);
}

static void test_memory_runs_out(void **state) {
  (void)state;
  setenv("AKIN_OPENVINO", "/nonexistent/place", 1);
  for (uint64_t n = 1; n < 20; n++) {
    void *handle = NULL;
    akin_memory_fail_at(n, false);
    akin_status status = akin_library_open(&handle, &akin_library_openvino, NULL);
    akin_memory_fail_at(0, true);
    assert_true(status == AKIN_ERROR_MEMORY || status == AKIN_ERROR_RUNTIME);
    assert_null(handle);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_found),      cmocka_unit_test(test_missing),         cmocka_unit_test(test_other_version),
      cmocka_unit_test(test_no_library), cmocka_unit_test(test_memory_runs_out),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
