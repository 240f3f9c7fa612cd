/* test_file_writer.c - the old file or the new one, whatever happens: full disks, refused folders, lost memory. */
#include "unit/testing.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

static void check_content(const char *path, const char *want) {
  char *text = testing_read(path, NULL);
  assert_string_equal(text, want);
  akin_free(text);
}

static void a_file_is_replaced(void **state) {
  akin_error err;
  struct stat st;
  char *path = testing_path(*state, "f");
  const mode_t before = umask(026);
  testing_ok(akin_file_replace(path, "first", 5, &err), &err);
  check_content(path, "first");
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode & 07777, 0640);
  testing_ok(akin_file_replace(path, "2", 1, &err), &err);
  umask(before);
  check_content(path, "2");
  testing_ok(akin_file_replace(path, NULL, 0, &err), &err);
  check_content(path, "");
  assert_int_equal(testing_names_in(*state), 1);
  akin_free(path);
}

static void a_name_may_be_as_long_as_the_system_allows(void **state) {
  akin_error err;
  char name[256];
  memset(name, 'n', 255);
  name[255] = '\0';
  char *path = testing_path(*state, name);
  testing_ok(akin_file_replace(path, "x", 1, &err), &err);
  check_content(path, "x");
  akin_free(path);
}

static void a_name_without_a_folder(void **state) {
  akin_error err;
  assert_int_equal(chdir(*state), 0);
  testing_ok(akin_file_replace("plain", "x", 1, &err), &err);
  check_content("plain", "x");
  assert_int_equal(chdir("/"), 0);
}

/* Pieces of every size around the 65,536 bytes that are gathered. */
static void pieces_arrive_in_order(void **state) {
  static const size_t pieces[] = {1, 0, 65535, 1, 65536, 65537, 3, 200000, 7, 65530, 70000};
  akin_error err;
  akin_file_writer *w = NULL;
  char *path = testing_path(*state, "f"), *bytes = akin_alloc(1 << 20);
  size_t total = 0, size = 0;
  for (size_t i = 0; i < 1 << 20; i++)
    bytes[i] = (char)(i * 2654435761u >> 13);
  testing_ok(akin_file_writer_open(&w, path, &err), &err);
  for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
    testing_ok(akin_file_writer_write(w, bytes + total, pieces[i], &err), &err);
    total += pieces[i];
    assert_int_equal(akin_file_writer_size(w), total);
  }
  assert_false(akin_file_exists(path));
  testing_ok(akin_file_writer_commit(w, &err), &err);
  char *got = testing_read(path, &size);
  assert_int_equal(size, total);
  assert_memory_equal(got, bytes, total);
  akin_free(got);
  akin_free(bytes);
  akin_free(path);
}

static void discarded_leaves_the_old_one(void **state) {
  akin_error err;
  akin_file_writer *w = NULL;
  char *path = testing_path(*state, "f");
  testing_write_text(path, "old");
  testing_ok(akin_file_writer_open(&w, path, &err), &err);
  assert_int_equal(testing_names_in(*state), 2);
  testing_ok(akin_file_writer_write(w, "new", 3, &err), &err);
  akin_file_writer_discard(w);
  akin_file_writer_discard(NULL);
  check_content(path, "old");
  assert_int_equal(testing_names_in(*state), 1);
  akin_free(path);
}

static void two_writers_of_one_file(void **state) {
  akin_error err;
  akin_file_writer *a = NULL, *b = NULL;
  char *path = testing_path(*state, "f");
  testing_ok(akin_file_writer_open(&a, path, &err), &err);
  testing_ok(akin_file_writer_open(&b, path, &err), &err);
  testing_ok(akin_file_writer_write(a, "aaa", 3, &err), &err);
  testing_ok(akin_file_writer_write(b, "b", 1, &err), &err);
  testing_ok(akin_file_writer_commit(a, &err), &err);
  check_content(path, "aaa");
  testing_ok(akin_file_writer_commit(b, &err), &err);
  check_content(path, "b");
  assert_int_equal(testing_names_in(*state), 1);
  akin_free(path);
}

/* The name that the next writer would take may be there from a process that was killed. */
static void leftovers_are_no_obstacle(void **state) {
  akin_error err;
  char *path = testing_path(*state, "f");
  for (unsigned i = 0; i < 40; i++) {
    char *left = akin_format("%s/.akin-%ld-%u.tmp", (char *)*state, (long)getpid(), i);
    testing_write_text(left, "left");
    akin_free(left);
  }
  testing_ok(akin_file_replace(path, "x", 1, &err), &err);
  check_content(path, "x");
  assert_int_equal(testing_names_in(*state), 41);
  akin_free(path);
}

static void what_is_no_file_is_not_replaced(void **state) {
  akin_error err;
  char *link = testing_path(*state, "link"), *none = testing_path(*state, "none/f");
  assert_int_equal(symlink("/dev/null", link), 0);
  testing_expect(akin_file_replace("/dev/null", "x", 1, &err), AKIN_ERROR_USAGE, &err);
  testing_says(&err, "/dev/null: is not a regular file");
  testing_expect(akin_file_replace(link, "x", 1, &err), AKIN_ERROR_USAGE, &err);
  testing_expect(akin_file_replace(*state, "x", 1, &err), AKIN_ERROR_USAGE, &err);
  testing_expect(akin_file_replace(none, "x", 1, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, "none/f");
  assert_int_equal(testing_names_in(*state), 1);
  akin_free(none);
  akin_free(link);
}

/* The target became a folder while we wrote. */
static void a_rename_that_fails(void **state) {
  akin_error err;
  akin_file_writer *w = NULL;
  char *path = testing_path(*state, "f");
  testing_ok(akin_file_writer_open(&w, path, &err), &err);
  testing_ok(akin_file_writer_write(w, "new", 3, &err), &err);
  assert_int_equal(mkdir(path, 0700), 0);
  testing_expect(akin_file_writer_commit(w, &err), AKIN_ERROR_IO, &err);
  testing_says(&err, "f: cannot replace");
  assert_int_equal(testing_names_in(*state), 1);
  akin_free(path);
}

/* ---- full disks ---- */

typedef int in_child(const char *folder);

/* Runs work in a process of its own, whose limits and mounts are its own, and gives what it returned. */
static int run_in_child(in_child *work, const char *folder) {
  int outcome = 0;
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) _exit(work(folder));
  assert_int_equal(waitpid(child, &outcome, 0), child);
  assert_true(WIFEXITED(outcome));
  return WEXITSTATUS(outcome);
}

enum { CHILD_FINE, CHILD_CANNOT, CHILD_STATUS, CHILD_TEXT, CHILD_OLD, CHILD_LEFT };

/* Writes 1 MB over folder/f, where that must fail. The old content and nothing else must be left. */
static int fail_to_write(const char *folder, size_t piece, akin_status want, const char *says) {
  akin_error err;
  akin_file_writer *w = NULL;
  char *path = akin_path_join(folder, "f"), *bytes = akin_calloc(piece, 1), old[16] = "";
  akin_status status = akin_file_replace(path, "old", 3, &err);
  if (status == AKIN_OK) status = akin_file_writer_open(&w, path, &err);
  if (status != AKIN_OK) return CHILD_CANNOT;
  for (size_t done = 0; status == AKIN_OK && done < 1 << 20; done += piece)
    status = akin_file_writer_write(w, bytes, piece, &err);
  if (status == AKIN_OK)
    status = akin_file_writer_commit(w, &err);
  else
    akin_file_writer_discard(w);
  if (status != want) return CHILD_STATUS;
  if (!strstr(err.text, says)) return CHILD_TEXT;
  const int file = open(path, O_RDONLY);
  if (read(file, old, sizeof old) != 3 || strcmp(old, "old") != 0) return CHILD_OLD;
  close(file);
  akin_free(bytes);
  akin_free(path);
  return testing_names_in(folder) == 1 ? CHILD_FINE : CHILD_LEFT;
}

/* A file system of 64 KB in a mount namespace that ends with the process. */
static int on_a_small_disk(const char *folder, size_t piece) {
  if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return CHILD_CANNOT;
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return CHILD_CANNOT;
  if (mount("tmpfs", folder, "tmpfs", 0, "size=64k") != 0) return CHILD_CANNOT;
  return fail_to_write(folder, piece, AKIN_ERROR_NO_SPACE, "f: cannot write: No space left on device");
}
static int small_disk_small_pieces(const char *folder) {
  return on_a_small_disk(folder, 1000);
}
static int small_disk_one_piece(const char *folder) {
  return on_a_small_disk(folder, 1 << 20);
}

static void a_full_disk(void **state) {
  in_child *const works[] = {small_disk_small_pieces, small_disk_one_piece};
  for (size_t i = 0; i < 2; i++) {
    const int outcome = run_in_child(works[i], *state);
    if (outcome == CHILD_CANNOT) {
      print_message("no small disk can be mounted here\n");
      skip();
    }
    assert_int_equal(outcome, CHILD_FINE);
  }
}

/* Under a limit of the file's size a write is first short and then refused. */
static int under_a_size_limit(const char *folder) {
  const struct rlimit limit = {100000, 100000};
  signal(SIGXFSZ, SIG_IGN);
  if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return CHILD_CANNOT;
  return fail_to_write(folder, 30000, AKIN_ERROR_IO, "f: cannot write: File too large");
}

static void a_write_cut_short(void **state) {
  assert_int_equal(run_in_child(under_a_size_limit, *state), CHILD_FINE);
}

/* ---- interrupted and out of memory ---- */

static void on_tick(int number) {
  (void)number;
}

/* A timer without SA_RESTART every 100 microseconds interrupts what can be interrupted. */
static void signals_do_not_tear_a_file(void **state) {
  akin_error err;
  const struct sigaction action = {.sa_handler = on_tick};
  const struct itimerval often = {{0, 100}, {0, 100}}, never = {{0, 0}, {0, 0}};
  char *path = testing_path(*state, "f"), *bytes = akin_alloc(3000000);
  size_t size = 0;
  memset(bytes, 's', 3000000);
  assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
  assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
  akin_status status = AKIN_OK;
  for (int i = 0; i < 5 && status == AKIN_OK; i++)
    status = akin_file_replace(path, bytes, 3000000, &err);
  assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
  testing_ok(status, &err);
  char *got = testing_read(path, &size);
  assert_int_equal(size, 3000000);
  assert_memory_equal(got, bytes, size);
  akin_free(got);
  akin_free(bytes);
  akin_free(path);
}

static akin_status replace_once(void *context) {
  return akin_file_replace(context, "new", 3, NULL);
}

static void writing_without_memory(void **state) {
  char *path = testing_path(*state, "f");
  testing_write_text(path, "old");
  akin_memory_fail_at(4, false); /* of the four allocations the last: the temporary file's name */
  assert_int_equal(replace_once(path), AKIN_ERROR_MEMORY);
  akin_memory_fail_at(0, true);
  check_content(path, "old");
  assert_int_equal(testing_fail_allocations(replace_once, path, true), 4);
  check_content(path, "new");
  assert_int_equal(testing_names_in(*state), 1);
  akin_free(path);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, testing_setup, testing_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      IN_FOLDER(a_file_is_replaced),
      IN_FOLDER(a_name_may_be_as_long_as_the_system_allows),
      IN_FOLDER(a_name_without_a_folder),
      IN_FOLDER(pieces_arrive_in_order),
      IN_FOLDER(discarded_leaves_the_old_one),
      IN_FOLDER(two_writers_of_one_file),
      IN_FOLDER(leftovers_are_no_obstacle),
      IN_FOLDER(what_is_no_file_is_not_replaced),
      IN_FOLDER(a_rename_that_fails),
      IN_FOLDER(a_full_disk),
      IN_FOLDER(a_write_cut_short),
      IN_FOLDER(signals_do_not_tear_a_file),
      IN_FOLDER(writing_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
