/* test_path.c - path texts cut and joined, and resolved against real folders and links. */
#include "unit/testing.h"

#include <limits.h>
#include <sys/stat.h>

/* Compares and frees. */
static void same(char *got, const char *want) {
  assert_non_null(got);
  assert_string_equal(got, want);
  akin_free(got);
}

static void joining(void **state) {
  (void)state;
  same(akin_path_join("a", "b"), "a/b");
  same(akin_path_join("a/", "b"), "a/b");
  same(akin_path_join("/", "b"), "/b");
  same(akin_path_join("", "b"), "b");
  same(akin_path_join("a", "/b"), "/b");
  same(akin_path_join("a\n\xFF", "b, c"), "a\n\xFF/b, c");
}

static void names_and_folders(void **state) {
  (void)state;
  static const struct {
    const char *path, *name, *folder;
  } cases[] = {
      {"a/b", "b", "a"}, {"/b", "b", "/"},    {"b", "b", "."}, {"/a/b", "b", "/a"}, {"a//b", "b", "a"},
      {"//b", "b", "/"}, {"a/b/", "", "a/b"}, {"/", "", "/"},  {"", "", "."},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    assert_string_equal(akin_path_name(cases[i].path), cases[i].name);
    same(akin_path_folder(cases[i].path), cases[i].folder);
  }
}

static void inside(void **state) {
  (void)state;
  assert_string_equal(akin_path_inside("/a/b/c", "/a"), "b/c");
  assert_string_equal(akin_path_inside("/a", "/a"), "");
  assert_string_equal(akin_path_inside("/a/b", "/"), "a/b");
  assert_string_equal(akin_path_inside("/", "/"), "");
  assert_null(akin_path_inside("/ab", "/a"));
  assert_null(akin_path_inside("/a", "/a/b"));
  assert_null(akin_path_inside("/b/a", "/a"));
}

static void extensions(void **state) {
  (void)state;
  assert_true(akin_path_has_extension("x/photo.JPG", "jpg"));
  assert_true(akin_path_has_extension("photo.tar.gz", "GZ"));
  assert_true(akin_path_has_extension("I.GIF", "gif"));
  assert_false(akin_path_has_extension("photojpg", "jpg"));
  assert_false(akin_path_has_extension("photo.jpg.txt", "jpg"));
  assert_false(akin_path_has_extension("jpg", "jpg"));
  assert_false(akin_path_has_extension("", "jpg"));
  assert_false(akin_path_has_extension("photo.\xCA\xD0\xC7", "jpg"));
}

static void check_absolute(const char *path, const char *folder, const char *want) {
  akin_error err;
  char *got = TESTING_POISON, *expected = akin_format("%s%s", folder, want);
  testing_ok(akin_path_absolute(&got, path, &err), &err);
  same(got, expected);
  akin_free(expected);
}

/* The test's folder has real/deep/, link -> real, file.jpg and shoe.jpg -> file.jpg, and is the working folder. */
static int setup_links(void **state) {
  char resolved[PATH_MAX];
  char *folder = testing_folder();
  assert_int_equal(chdir(folder), 0);
  assert_int_equal(mkdir("real", 0700), 0);
  assert_int_equal(mkdir("real/deep", 0700), 0);
  assert_int_equal(symlink("real", "link"), 0);
  assert_int_equal(symlink("nowhere", "dangling"), 0);
  testing_write_text("file.jpg", "x");
  assert_int_equal(symlink("file.jpg", "shoe.jpg"), 0);
  assert_non_null(realpath(folder, resolved));
  akin_free(folder);
  *state = akin_strdup(resolved);
  return 0;
}

static int teardown_links(void **state) {
  assert_int_equal(chdir("/"), 0);
  return testing_teardown(state);
}

static void absolute_keeps_the_last_name(void **state) {
  const char *folder = *state;
  check_absolute("shoe.jpg", folder, "/shoe.jpg");
  check_absolute("link", folder, "/link");
  check_absolute("link/", folder, "/link");
  check_absolute("link/deep", folder, "/real/deep");
  check_absolute("link/deep/x.jpg", folder, "/real/deep/x.jpg");
  check_absolute("dangling", folder, "/dangling");
}

static void absolute_cleans(void **state) {
  const char *folder = *state;
  check_absolute(".", folder, "");
  check_absolute("./", folder, "");
  check_absolute("./real/../file.jpg", folder, "/file.jpg");
  check_absolute(".//real///deep//", folder, "/real/deep");
  check_absolute("real/deep/..", folder, "/real");
  check_absolute("link/deep/../..", folder, "");
  check_absolute("real/.", folder, "/real");
  check_absolute("/", "", "/");
  check_absolute("/..", "", "/");
  check_absolute("///", "", "/");
  check_absolute("/proc", "", "/proc");
}

static void absolute_of_what_is_gone(void **state) {
  const char *folder = *state;
  check_absolute("gone.jpg", folder, "/gone.jpg");
  check_absolute("gone/a/b.jpg", folder, "/gone/a/b.jpg");
  check_absolute("link/gone/b.jpg", folder, "/real/gone/b.jpg");
  check_absolute("gone/../file.jpg", folder, "/file.jpg");
  check_absolute("gone/./a//../b", folder, "/gone/b");
  check_absolute("gone/..", folder, "");
  check_absolute("gone/../../../../../../../../..", "", "/");
  check_absolute("file.jpg/x", folder, "/file.jpg/x");
  check_absolute("/no such folder/x", "", "/no such folder/x");
}

static void absolute_of_odd_names(void **state) {
  const char *folder = *state;
  check_absolute("a, \"b\"\n\xFF.jpg", folder, "/a, \"b\"\n\xFF.jpg");
  check_absolute("...", folder, "/...");
  check_absolute("..a", folder, "/..a");
}

static void absolute_refuses(void **state) {
  (void)state;
  akin_error err;
  char *got = TESTING_POISON;
  char *long_path = akin_format("%0*d/x", PATH_MAX + 100, 1);
  testing_expect(akin_path_absolute(&got, "", &err), AKIN_ERROR_USAGE, &err);
  testing_expect(akin_path_absolute(&got, long_path, &err), AKIN_ERROR_IO, &err);
  assert_int_equal(symlink("loop", "loop"), 0);
  testing_expect(akin_path_absolute(&got, "loop/x", &err), AKIN_ERROR_IO, &err);
  testing_says(&err, "loop/x: cannot resolve");
  assert_ptr_equal(got, TESTING_POISON);
  akin_free(long_path);
}

static akin_status absolute_once(void *context) {
  char *got = NULL;
  const akin_status status = akin_path_absolute(&got, context, NULL);
  akin_free(got);
  return status;
}

static void absolute_without_memory(void **state) {
  (void)state;
  char path[] = "gone/../b/./c";
  assert_true(testing_fail_allocations(absolute_once, path, true) >= 5);
  assert_true(testing_fail_allocations(absolute_once, path, false) >= 5);
}

static void relative(void **state) {
  (void)state;
  same(akin_path_relative("/a/b/c", "/a"), "b/c");
  same(akin_path_relative("/a/b", "/a/b"), ".");
  same(akin_path_relative("/a", "/a/b/c"), "../..");
  same(akin_path_relative("/a/x", "/a/b/c"), "../../x");
  same(akin_path_relative("/ab", "/a"), "../ab");
  same(akin_path_relative("/a", "/ab"), "../a");
  same(akin_path_relative("/a/b", "/"), "a/b");
  same(akin_path_relative("/", "/a/b"), "../..");
  same(akin_path_relative("/", "/"), ".");
  same(akin_path_relative("/x/y", "/a/b"), "../../x/y");
}

/* Going from a folder along the relative path arrives at the path: as the system resolves it. */
static void relative_leads_there(void **state) {
  static const char *const parts[] = {"", "/real", "/real/deep", "/file.jpg", "/real2", "/real2/deep"};
  assert_int_equal(mkdir("real2", 0700), 0);
  assert_int_equal(mkdir("real2/deep", 0700), 0);
  for (size_t i = 0; i < 36; i++) {
    char found[PATH_MAX];
    if (i % 6 == 3) continue; /* no folder to start from */
    char *to = akin_format("%s%s", (char *)*state, parts[i / 6]),
         *from = akin_format("%s%s", (char *)*state, parts[i % 6]);
    char *step = akin_path_relative(to, from), *joined = akin_path_join(from, step);
    assert_non_null(realpath(joined, found));
    assert_string_equal(found, to);
    akin_free(joined);
    akin_free(step);
    akin_free(from);
    akin_free(to);
  }
}

static void check_mode(const char *path, mode_t want) {
  struct stat st;
  assert_int_equal(stat(path, &st), 0);
  assert_true(S_ISDIR(st.st_mode));
  assert_int_equal(st.st_mode & 0777, want);
}

static void creating_folders(void **state) {
  (void)state;
  akin_error err;
  const mode_t before = umask(027);
  testing_ok(akin_path_create_folder("new/a//b/", false, &err), &err);
  testing_ok(akin_path_create_folder("new/a/b", false, &err), &err);
  testing_ok(akin_path_create_folder("link/deep/own", true, &err), &err);
  umask(before);
  check_mode("new", 0750);
  check_mode("new/a/b", 0750);
  check_mode("real/deep/own", 0700);
  testing_ok(akin_path_create_folder("/", false, &err), &err);
  testing_expect(akin_path_create_folder("file.jpg", false, &err), AKIN_ERROR_IO, &err);
  testing_says(&err, "file.jpg: cannot create the folder: a file of that name exists");
  testing_expect(akin_path_create_folder("file.jpg/x", false, &err), AKIN_ERROR_IO, &err);
  testing_says(&err, "file.jpg: cannot create");
  testing_expect(akin_path_create_folder("", false, &err), AKIN_ERROR_NOT_FOUND, &err);
}

static void check_user(const char *data, const char *cache, const char *home, const char *want_data,
                       const char *want_cache) {
  akin_error err;
  char *got = NULL;
  data ? setenv("XDG_DATA_HOME", data, 1) : unsetenv("XDG_DATA_HOME");
  cache ? setenv("XDG_CACHE_HOME", cache, 1) : unsetenv("XDG_CACHE_HOME");
  home ? setenv("HOME", home, 1) : unsetenv("HOME");
  testing_expect(akin_path_user_data(&got, &err), want_data ? AKIN_OK : AKIN_ERROR_NOT_FOUND, &err);
  want_data ? same(got, want_data) : testing_says(&err, "XDG_DATA_HOME");
  testing_expect(akin_path_user_cache(&got, &err), want_cache ? AKIN_OK : AKIN_ERROR_NOT_FOUND, &err);
  want_cache ? same(got, want_cache) : testing_says(&err, "XDG_CACHE_HOME");
}

static void the_users_folders(void **state) {
  (void)state;
  check_user("/d", "/c", "/h", "/d/akin", "/c/akin");
  check_user("/d/", NULL, "/h", "/d/akin", "/h/.cache/akin");
  check_user(NULL, "", "/h", "/h/.local/share/akin", "/h/.cache/akin");
  check_user("relative", "relative", "/h", "/h/.local/share/akin", "/h/.cache/akin");
  check_user(NULL, "/c", NULL, NULL, "/c/akin");
  check_user(NULL, NULL, "", NULL, NULL);
  check_user("relative", NULL, "relative", NULL, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(joining),
      cmocka_unit_test(names_and_folders),
      cmocka_unit_test(inside),
      cmocka_unit_test(extensions),
      cmocka_unit_test_setup_teardown(absolute_keeps_the_last_name, setup_links, teardown_links),
      cmocka_unit_test_setup_teardown(absolute_cleans, setup_links, teardown_links),
      cmocka_unit_test_setup_teardown(absolute_of_what_is_gone, setup_links, teardown_links),
      cmocka_unit_test_setup_teardown(absolute_of_odd_names, setup_links, teardown_links),
      cmocka_unit_test_setup_teardown(absolute_refuses, setup_links, teardown_links),
      cmocka_unit_test_setup_teardown(absolute_without_memory, setup_links, teardown_links),
      cmocka_unit_test(relative),
      cmocka_unit_test_setup_teardown(relative_leads_there, setup_links, teardown_links),
      cmocka_unit_test_setup_teardown(creating_folders, setup_links, teardown_links),
      cmocka_unit_test(the_users_folders),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
