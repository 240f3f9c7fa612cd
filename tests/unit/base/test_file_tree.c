/* test_file_tree.c - folders removed with all they hold and nothing outside them; space counted. */
#include "unit/testing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void make_folder(const char *folder, const char *name) {
  char *path = testing_path(folder, name);
  assert_int_equal(mkdir(path, 0700), 0);
  akin_free(path);
}

static void make_file(const char *folder, const char *name) {
  char *path = testing_path(folder, name);
  testing_write_text(path, "content");
  akin_free(path);
}

static void make_link(const char *folder, const char *name, const char *to) {
  char *path = testing_path(folder, name);
  assert_int_equal(symlink(to, path), 0);
  akin_free(path);
}

static void a_file_is_removed(void **state) {
  akin_error err;
  char *path = testing_path(*state, "f");
  make_file(*state, "f");
  testing_ok(akin_file_remove(path, &err), &err);
  assert_false(akin_file_exists(path));
  testing_ok(akin_file_remove(path, &err), &err); /* missing is fine */
  make_folder(*state, "f");
  testing_expect(akin_file_remove(path, &err), AKIN_ERROR_IO, &err);
  testing_says(&err, "f: cannot remove");
  akin_free(path);
}

static void nothing_outside_is_touched(void **state) {
  akin_error err;
  char *tree = testing_path(*state, "tree"), *precious = testing_path(*state, "outside/precious");
  make_folder(*state, "outside");
  make_file(*state, "outside/precious");
  make_folder(*state, "tree");
  make_folder(*state, "tree/sub");
  make_folder(*state, "tree/sub/empty");
  make_file(*state, "tree/sub/a\n\xFF");
  make_file(*state, "tree/.hidden");
  make_link(*state, "tree/to-folder", "../outside");
  make_link(*state, "tree/sub/to-file", "../../outside/precious");
  make_link(*state, "tree/dangling", "nowhere");
  make_link(*state, "tree/up", "..");
  char *fifo = testing_path(*state, "tree/fifo");
  assert_int_equal(mkfifo(fifo, 0600), 0);
  testing_ok(akin_file_remove_folder(tree, &err), &err);
  assert_false(akin_file_exists(tree));
  assert_true(akin_file_exists(precious));
  testing_ok(akin_file_remove_folder(tree, &err), &err); /* missing is fine */
  akin_free(fifo);
  akin_free(precious);
  akin_free(tree);
}

static void a_link_or_a_file_is_no_folder(void **state) {
  akin_error err;
  char *link = testing_path(*state, "link"), *slashed = testing_path(*state, "link//");
  char *file = testing_path(*state, "real/f");
  make_folder(*state, "real");
  make_file(*state, "real/f");
  make_link(*state, "link", "real");
  testing_expect(akin_file_remove_folder(link, &err), AKIN_ERROR_USAGE, &err);
  testing_says(&err, "link: is not a folder");
  testing_expect(akin_file_remove_folder(slashed, &err), AKIN_ERROR_USAGE, &err);
  testing_expect(akin_file_remove_folder(file, &err), AKIN_ERROR_USAGE, &err);
  assert_true(akin_file_exists(file));
  akin_free(file);
  akin_free(slashed);
  akin_free(link);
}

/* Makes `depth` folders one in another below folder, by steps, because the path would grow too long. */
static void make_deep(const char *folder, int depth) {
  assert_int_equal(chdir(folder), 0);
  assert_int_equal(mkdir("d", 0700), 0);
  for (int i = 0; i < depth; i++) {
    assert_int_equal(chdir("d"), 0);
    assert_int_equal(mkdir("d", 0700), 0);
  }
  assert_int_equal(chdir("/"), 0);
}

static void depth_has_a_limit_and_is_said(void **state) {
  akin_error err;
  char *deep = testing_path(*state, "d");
  make_deep(*state, 200);
  testing_ok(akin_file_remove_folder(deep, &err), &err);
  assert_false(akin_file_exists(deep));
  make_deep(*state, 300);
  testing_expect(akin_file_remove_folder(deep, &err), AKIN_ERROR_IO, &err);
  testing_says(&err, "cannot remove the folder: at d: File name too long");
  /* cut in two, so that the test's folder can be removed again */
  char *lower = testing_path(*state, "e");
  assert_int_equal(chdir(*state), 0);
  for (int i = 0; i < 150; i++)
    assert_int_equal(chdir("d"), 0);
  assert_int_equal(rename("d", lower), 0);
  assert_int_equal(chdir("/"), 0);
  akin_free(lower);
  akin_free(deep);
}

/* Without permission inside, the message names what could not be removed. */
static int remove_as_nobody(const char *tree) {
  akin_error err;
  if (geteuid() == 0 && seteuid(65534) != 0) return 77;
  if (akin_file_remove_folder(tree, &err) != AKIN_ERROR_IO) return 1;
  return strstr(err.text, "cannot remove the folder: at kept: Permission denied") ? 0 : 2;
}

static void what_may_not_be_removed_is_named(void **state) {
  char *tree = testing_path(*state, "tree"), *locked = testing_path(*state, "tree/locked");
  int outcome = 0;
  make_folder(*state, "tree");
  make_folder(*state, "tree/locked");
  make_file(*state, "tree/locked/kept");
  assert_int_equal(chmod(*state, 0755), 0);
  assert_int_equal(chmod(tree, 0777), 0);
  assert_int_equal(chmod(locked, 0555), 0);
  const pid_t child = fork();
  if (child == 0) _exit(remove_as_nobody(tree));
  assert_int_equal(waitpid(child, &outcome, 0), child);
  assert_true(WIFEXITED(outcome));
  assert_int_equal(chmod(locked, 0755), 0);
  akin_free(locked);
  akin_free(tree);
  if (WEXITSTATUS(outcome) == 77) {
    print_message("this process cannot become another user\n");
    skip();
  }
  assert_int_equal(WEXITSTATUS(outcome), 0);
}

/* What a user may not look into is left out, and all else counted. */
static int count_as_nobody(const char *tree, uint64_t least) {
  if (geteuid() == 0 && seteuid(65534) != 0) return 77;
  return akin_file_disk_use(tree) >= least ? 0 : 1;
}

static void disk_use_goes_on_past_what_it_may_not_read(void **state) {
  struct stat st;
  char *tree = testing_path(*state, "tree"), *file = testing_path(*state, "tree/f0"), *locked[8];
  uint64_t least = 0;
  int outcome = 0;
  make_folder(*state, "tree");
  for (int i = 0; i < 8; i++) { /* in whatever order they are met */
    char name[24];
    snprintf(name, sizeof name, "tree/l%d", i);
    make_folder(*state, name);
    locked[i] = testing_path(*state, name);
    assert_int_equal(chmod(locked[i], 0), 0);
    snprintf(name, sizeof name, "tree/f%d", i);
    make_file(*state, name);
  }
  sync();
  assert_int_equal(stat(file, &st), 0);
  least = 8 * (uint64_t)st.st_blocks * 512;
  assert_int_equal(chmod(*state, 0755), 0);
  assert_int_equal(chmod(tree, 0755), 0);
  const pid_t child = fork();
  if (child == 0) _exit(count_as_nobody(tree, least));
  assert_int_equal(waitpid(child, &outcome, 0), child);
  for (int i = 0; i < 8; i++) {
    assert_int_equal(chmod(locked[i], 0700), 0);
    akin_free(locked[i]);
  }
  akin_free(file);
  akin_free(tree);
  assert_true(WIFEXITED(outcome) && least > 0);
  if (WEXITSTATUS(outcome) == 77) {
    print_message("this process cannot become another user\n");
    skip();
  }
  assert_int_equal(WEXITSTATUS(outcome), 0);
}

static akin_status remove_once(void *context) {
  return akin_file_remove_folder(context, NULL);
}

static void removing_without_memory(void **state) {
  char *tree = testing_path(*state, "tree");
  make_folder(*state, "tree");
  make_file(*state, "tree/f");
  akin_memory_fail_at(1, false); /* so that a failure for want of memory can be cleaned up after */
  const akin_status status = remove_once(tree);
  akin_memory_fail_at(0, true);
  testing_ok(status, NULL);
  assert_false(akin_file_exists(tree));
  akin_free(tree);
}

static void free_space(void **state) {
  akin_error err;
  uint64_t bytes = 0;
  char *none = testing_path(*state, "none");
  testing_ok(akin_file_free_space(&bytes, *state, &err), &err);
  assert_true(bytes > 0);
  testing_expect(akin_file_free_space(&bytes, none, &err), AKIN_ERROR_NOT_FOUND, &err);
  akin_free(none);
}

static void disk_use_counts_blocks(void **state) {
  struct stat st;
  char *file = testing_path(*state, "sub/f"), *none = testing_path(*state, "none"), bytes[50000];
  memset(bytes, 'x', sizeof bytes);
  make_folder(*state, "sub");
  testing_write(file, bytes, sizeof bytes);
  const int written = open(file, O_RDONLY);
  assert_int_equal(fsync(written), 0); /* some file systems give blocks only then */
  close(written);
  assert_int_equal(stat(file, &st), 0);
  assert_int_equal(akin_file_disk_use(file), (uint64_t)st.st_blocks * 512);
  assert_true(akin_file_disk_use(*state) >= (uint64_t)st.st_blocks * 512);
  const uint64_t before = akin_file_disk_use(*state);
  make_link(*state, "sub/up", "../..");
  assert_true(akin_file_disk_use(*state) < before + 100000); /* the link was not followed */
  assert_int_equal(akin_file_disk_use(none), 0);
  akin_free(none);
  akin_free(file);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, testing_setup, testing_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      IN_FOLDER(a_file_is_removed),
      IN_FOLDER(nothing_outside_is_touched),
      IN_FOLDER(a_link_or_a_file_is_no_folder),
      IN_FOLDER(depth_has_a_limit_and_is_said),
      IN_FOLDER(what_may_not_be_removed_is_named),
      IN_FOLDER(disk_use_goes_on_past_what_it_may_not_read),
      IN_FOLDER(removing_without_memory),
      IN_FOLDER(free_space),
      IN_FOLDER(disk_use_counts_blocks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
