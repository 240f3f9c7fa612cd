/* test_scan.c - which files a folder offers: by name or by content, through links, past loops and closed doors. */
#include "unit/engine/engine_testing.h"

#include "engine/scan.h"

typedef struct seen {
  akin_buffer paths; /* each after a newline */
  unsigned images, others, unreadable, notes;
} seen;

static akin_status seen_image(void *context, const char *path, const akin_file_facts *facts, akin_error *err) {
  seen *s = context;
  (void)facts;
  s->images++;
  testing_ok(akin_buffer_printf(&s->paths, "\n%s\n", path), err);
  return AKIN_OK;
}
static void seen_other(void *context) {
  ((seen *)context)->others++;
}
static akin_status seen_unreadable(void *context, const char *folder, const char *reason, akin_error *err) {
  (void)err;
  assert_int_equal(folder[0], '/');
  assert_string_equal(reason, "this folder cannot be read: No such file or directory");
  ((seen *)context)->unreadable++;
  return AKIN_OK;
}
static void seen_note(void *context, const char *line) {
  assert_non_null(strstr(line, "a link to a folder that was read already"));
  ((seen *)context)->notes++;
}

static void scan_into(seen *s, const char *folder) {
  akin_scan_visitor visitor = {s, seen_image, seen_other, seen_unreadable, seen_note};
  akin_error err;
  *s = (seen){.paths = AKIN_BUFFER_INIT(0)};
  testing_ok(akin_scan(folder, &visitor, &err), &err);
}

static bool saw(const seen *s, const char *folder, const char *name) {
  char *line = akin_format("\n%s/%s\n", folder, name);
  bool found = s->paths.data && strstr(s->paths.data, line);
  akin_free(line);
  return found;
}

static void write_in(const char *folder, const char *name, const char *text) {
  char *path = testing_path(folder, name);
  testing_write_text(path, text);
  akin_free(path);
}

static void make_folder(const char *folder, const char *name) {
  char *path = testing_path(folder, name);
  assert_int_equal(mkdir(path, 0777), 0);
  akin_free(path);
}

static void test_by_name_or_content(void **state) {
  const char *f = *state;
  seen s;
  write_in(f, "a.JPG", "not even an image");
  write_in(f, "picture",
           "\xff\xd8\xff\xe0"
           "0123456789ab");
  write_in(f, "notes.txt", "hello");
  write_in(f, "empty", "");
  write_in(f, ".hidden.jpg", "x");
  make_folder(f, ".thumbnails");
  write_in(f, ".thumbnails/t.jpg", "x");
  make_folder(f, "sub");
  write_in(f, "sub/new\nline,\xff.png", "x");
  scan_into(&s, f);
  assert_int_equal(s.images, 3);
  assert_true(saw(&s, f, "a.JPG"));
  assert_true(saw(&s, f, "picture"));
  assert_true(saw(&s, f, "sub/new\nline,\xff.png"));
  assert_int_equal(s.others, 2);
  akin_buffer_free(&s.paths);
}

static void test_marked_caches_are_passed_over(void **state) {
  const char *f = *state;
  seen s;
  make_folder(f, "thumbs");
  write_in(f, "thumbs/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n");
  write_in(f, "thumbs/t.jpg", "x");
  make_folder(f, "real");
  write_in(f, "real/CACHEDIR.TAG", "Signature: something else");
  write_in(f, "real/r.jpg", "x");
  scan_into(&s, f);
  assert_int_equal(s.images, 1);
  assert_true(saw(&s, f, "real/r.jpg"));
  akin_buffer_free(&s.paths);
  char *thumbs = testing_path(f, "thumbs"); /* asked for by name, it is read */
  scan_into(&s, thumbs);
  assert_int_equal(s.images, 1);
  akin_free(thumbs);
  akin_buffer_free(&s.paths);
}

static void test_links_and_loops(void **state) {
  const char *f = *state;
  seen s;
  make_folder(f, "a");
  make_folder(f, "a/b");
  write_in(f, "a/b/x.jpg", "x");
  char *loop = testing_path(f, "a/b/up"), *file = testing_path(f, "link.jpg"), *dangling = testing_path(f, "gone.jpg");
  assert_int_equal(symlink(f, loop), 0);
  assert_int_equal(symlink("a/b/x.jpg", file), 0);
  assert_int_equal(symlink("nowhere", dangling), 0);
  scan_into(&s, f);
  assert_int_equal(s.images, 3); /* the dangling one is told, and fails when it is read */
  assert_int_equal(s.notes, 1);
  assert_true(saw(&s, f, "link.jpg"));
  akin_free(loop);
  akin_free(file);
  akin_free(dangling);
  akin_buffer_free(&s.paths);
}

static void test_link_to_an_outside_folder_is_read_once(void **state) {
  const char *f = *state;
  seen s;
  make_folder(f, "root");
  make_folder(f, "outside");
  write_in(f, "outside/x.jpg", "x");
  char *root = testing_path(f, "root"), *one = testing_path(f, "root/one"), *two = testing_path(f, "root/two");
  assert_int_equal(symlink("../outside", one), 0);
  assert_int_equal(symlink("../outside", two), 0);
  scan_into(&s, root);
  assert_int_equal(s.images, 1);
  assert_int_equal(s.notes, 1);
  akin_free(root);
  akin_free(one);
  akin_free(two);
  akin_buffer_free(&s.paths);
}

static void test_special_files_do_not_block(void **state) {
  const char *f = *state;
  seen s;
  char *fifo = testing_path(f, "pipe"), *named = testing_path(f, "pipe.jpg");
  assert_int_equal(mkfifo(fifo, 0666), 0);
  assert_int_equal(mkfifo(named, 0666), 0);
  scan_into(&s, f);
  assert_int_equal(s.images, 1); /* its name promises an image: told, so that it is skipped with a reason */
  assert_int_equal(s.others, 1);
  akin_free(fifo);
  akin_free(named);
  akin_buffer_free(&s.paths);
}

static void test_folder_that_cannot_be_read(void **state) {
  const char *f = *state;
  seen s;
  char *missing = testing_path(f, "missing");
  scan_into(&s, missing);
  assert_int_equal(s.unreadable, 1);
  assert_int_equal(s.images, 0);
  akin_free(missing);
  akin_buffer_free(&s.paths);
}

static void test_order_is_that_of_names(void **state) {
  const char *f = *state;
  seen s;
  make_folder(f, "b");
  make_folder(f, "a");
  write_in(f, "b/1.jpg", "x");
  write_in(f, "a/2.jpg", "x");
  write_in(f, "a/1.jpg", "x");
  write_in(f, "z.jpg", "x");
  write_in(f, "c.jpg", "x");
  scan_into(&s, f);
  char *wanted = akin_format("\n%s/c.jpg\n\n%s/z.jpg\n\n%s/a/1.jpg\n\n%s/a/2.jpg\n\n%s/b/1.jpg\n", f, f, f, f, f);
  assert_string_equal(s.paths.data, wanted);
  akin_free(wanted);
  akin_buffer_free(&s.paths);
}

/* Deeper than the call stack would like, wider than the first table of visited folders. */
static void test_many_folders(void **state) {
  const char *f = *state;
  seen s;
  for (int i = 0; i < 700; i++) {
    char name[32];
    snprintf(name, sizeof name, "d%03d", i);
    make_folder(f, name);
    snprintf(name, sizeof name, "d%03d/x.jpg", i);
    write_in(f, name, "x");
  }
  scan_into(&s, f);
  assert_int_equal(s.images, 700);
  akin_buffer_free(&s.paths);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_by_name_or_content, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_marked_caches_are_passed_over, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_links_and_loops, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_link_to_an_outside_folder_is_read_once, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_special_files_do_not_block, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_folder_that_cannot_be_read, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_order_is_that_of_names, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_many_folders, testing_setup, testing_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
