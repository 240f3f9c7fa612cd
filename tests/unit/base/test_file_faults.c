/*
 * test_file_faults.c - every system call that base makes for a file, failed in turn, cut short or interrupted; and
 * files exchanged between two looks at them. The calls are this program's own functions, which the linker prefers to
 * those of the C library.
 */
#include "unit/testing.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* ---- the calls ---- */

static struct {
  unsigned calls;    /* so far */
  unsigned fail_at;  /* 0: none */
  int errnum;        /* with which it fails */
  size_t most;       /* bytes that a read or write takes at once; 0: all */
  bool interrupting; /* every other read, write or fsync gives EINTR */
  char trace[64];    /* g: read, w: write, f: fsync, F: of a folder, r: rename; one letter for several in a row */
  void (*after_look)(const char *name);
} faults;

static void faults_reset(void) {
  memset(&faults, 0, sizeof faults);
}

/* Counts a call; false when it is to fail, and errno then says why. */
static bool faults_permit(char letter) {
  const size_t n = strlen(faults.trace);
  if (n + 1 < sizeof faults.trace && (n == 0 || faults.trace[n - 1] != letter)) faults.trace[n] = letter;
  if (++faults.calls == faults.fail_at) {
    errno = faults.errnum;
    return false;
  }
  if (faults.interrupting && letter != 'r' && faults.calls % 2) {
    errno = EINTR;
    return false;
  }
  return true;
}

static size_t faults_size(size_t n) {
  return faults.most && n > faults.most ? faults.most : n;
}

ssize_t write(int file, const void *bytes, size_t n) {
  if (file > 2 && !faults_permit('w')) return -1;
  return syscall(SYS_write, file, bytes, file > 2 ? faults_size(n) : n);
}

ssize_t read(int file, void *bytes, size_t n) {
  if (!faults_permit('g')) return -1;
  return syscall(SYS_read, file, bytes, faults_size(n));
}

int fsync(int file) {
  struct stat st;
  if (fstat(file, &st) != 0 || !faults_permit(S_ISDIR(st.st_mode) ? 'F' : 'f')) return -1;
  return (int)syscall(SYS_fsync, file);
}

int rename(const char *from, const char *to) {
  if (!faults_permit('r')) return -1;
  return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int fstatat(int folder, const char *name, struct stat *st, int flags) {
  const int result = (int)syscall(SYS_newfstatat, folder, name, st, flags);
  if (faults.after_look) faults.after_look(name);
  return result;
}

/* ---- writing ---- */

#define SIZE 200000 /* more than the writer gathers */

static char *new_content(void) {
  char *bytes = akin_alloc(SIZE);
  assert_non_null(bytes);
  for (size_t i = 0; i < SIZE; i++)
    bytes[i] = (char)(i * 2654435761u >> 11);
  return bytes;
}

/* In pieces, so that some are gathered and some are not. */
static akin_status write_pieces(const char *path, const char *bytes, akin_error *err) {
  static const size_t pieces[] = {10, 70000, 1000, 100000, SIZE - 171010};
  akin_file_writer *w = NULL;
  akin_status status = akin_file_writer_open(&w, path, err);
  for (size_t i = 0; i < 5 && status == AKIN_OK; bytes += pieces[i], i++)
    status = akin_file_writer_write(w, bytes, pieces[i], err);
  if (status == AKIN_OK) return akin_file_writer_commit(w, err);
  akin_file_writer_discard(w);
  return status;
}

static void check_file(const char *path, const char *want, size_t size) {
  size_t got_size = 0;
  char *got = testing_read(path, &got_size);
  assert_int_equal(got_size, size);
  assert_memory_equal(got, want, size);
  akin_free(got);
}

static void synced_before_and_after_the_rename(void **state) {
  akin_error err;
  char *path = testing_path(*state, "f"), *bytes = new_content();
  faults_reset();
  testing_ok(write_pieces(path, bytes, &err), &err);
  assert_string_equal(faults.trace, "wfrF");
  akin_free(bytes);
  akin_free(path);
}

static void short_and_interrupted_writes_lose_nothing(void **state) {
  static const size_t most[] = {1, 7, 4096, 65535};
  akin_error err;
  char *path = testing_path(*state, "f"), *bytes = new_content();
  for (size_t i = 0; i < sizeof most / sizeof most[0]; i++) {
    faults_reset();
    faults.most = most[i];
    faults.interrupting = true;
    testing_ok(write_pieces(path, bytes, &err), &err);
    const unsigned calls = faults.calls;
    faults_reset();
    assert_true(calls >= 2 * SIZE / most[i]); /* they really were cut short */
    check_file(path, bytes, SIZE);
  }
  akin_free(bytes);
  akin_free(path);
}

static void every_call_fails_in_turn(void **state) {
  static const struct {
    int errnum;
    akin_status status;
  } kinds[] = {{EIO, AKIN_ERROR_IO}, {ENOSPC, AKIN_ERROR_NO_SPACE}, {EDQUOT, AKIN_ERROR_NO_SPACE}};
  akin_error err;
  char *path = testing_path(*state, "f"), *bytes = new_content();
  for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++) {
    unsigned nth = 0;
    for (akin_status status = AKIN_ERROR_IO; status != AKIN_OK;) {
      faults_reset();
      testing_write_text(path, "old");
      faults_reset();
      faults.fail_at = ++nth;
      faults.errnum = kinds[kind].errnum;
      status = write_pieces(path, bytes, &err);
      const bool renamed = strstr(faults.trace, "rF") != NULL;
      const bool reached = faults.calls >= nth;
      faults_reset();
      if (!reached) break;
      testing_expect(status, kinds[kind].status, &err);
      testing_says(&err, path);
      renamed ? check_file(path, bytes, SIZE) : check_file(path, "old", 3);
      assert_int_equal(testing_names_in(*state), 1);
    }
    assert_true(nth >= 7); /* writes, two fsyncs and the rename */
  }
  akin_free(bytes);
  akin_free(path);
}

static void a_file_system_that_does_not_sync_folders(void **state) {
  akin_error err;
  char *path = testing_path(*state, "f");
  faults_reset();
  testing_ok(akin_file_replace(path, "x", 1, &err), &err);
  const unsigned last = faults.calls; /* the folder's */
  faults_reset();
  faults.fail_at = last;
  faults.errnum = EINVAL;
  testing_ok(akin_file_replace(path, "y", 1, &err), &err);
  assert_int_equal(faults.calls, last);
  faults_reset();
  check_file(path, "y", 1);
  akin_free(path);
}

/* ---- reading ---- */

static void short_and_interrupted_reads_lose_nothing(void **state) {
  akin_error err;
  akin_buffer b = AKIN_BUFFER_INIT(0);
  char *path = testing_path(*state, "f"), *bytes = new_content();
  testing_write(path, bytes, SIZE);
  faults_reset();
  faults.most = 777;
  faults.interrupting = true;
  testing_ok(akin_file_read(&b, path, SIZE, NULL, &err), &err);
  assert_true(faults.calls >= 2 * SIZE / 777);
  faults_reset();
  assert_int_equal(b.size, SIZE);
  assert_memory_equal(b.data, bytes, SIZE);
  faults.fail_at = 1;
  faults.errnum = EIO;
  testing_expect(akin_file_read(&b, path, SIZE, NULL, &err), AKIN_ERROR_IO, &err);
  testing_says(&err, "f: cannot read: Input/output error");
  assert_int_equal(b.size, 0);
  faults_reset();
  akin_buffer_free(&b);
  akin_free(bytes);
  akin_free(path);
}

/* ---- exchanged between two looks ---- */

static char *exchange_folder; /* the test's */

static void exchange_for_a_link(const char *name) {
  if (strcmp(name, "victim") != 0) return;
  faults.after_look = NULL;
  char *victim = testing_path(exchange_folder, "tree/victim"), *away = testing_path(exchange_folder, "away");
  assert_int_equal(rename(victim, away), 0);
  assert_int_equal(symlink("../outside", victim), 0);
  akin_free(away);
  akin_free(victim);
}

static void make_tree(const char *folder, const char *victim_kind) {
  static const char *const folders[] = {"outside", "tree", "tree/victim"};
  for (size_t i = 0; i < (victim_kind[0] == 'd' ? 3 : 2); i++) {
    char *path = testing_path(folder, folders[i]);
    assert_int_equal(mkdir(path, 0700), 0);
    akin_free(path);
  }
  char *precious = testing_path(folder, "outside/precious"), *victim = testing_path(folder, "tree/victim");
  testing_write_text(precious, "x");
  if (victim_kind[0] == 'f') testing_write_text(victim, "x");
  akin_free(victim);
  akin_free(precious);
}

static void a_folder_exchanged_for_a_link_leads_nowhere(void **state) {
  akin_error err;
  char *tree = testing_path(*state, "tree"), *precious = testing_path(*state, "outside/precious");
  faults_reset();
  make_tree(*state, "directory");
  exchange_folder = *state;
  faults.after_look = exchange_for_a_link;
  assert_int_not_equal(akin_file_remove_folder(tree, &err), AKIN_OK);
  assert_null(faults.after_look); /* it did happen */
  testing_says(&err, "at victim");
  assert_true(akin_file_exists(precious));
  akin_free(precious);
  akin_free(tree);
}

static void remove_the_file(const char *name) {
  if (strcmp(name, "victim") != 0) return;
  faults.after_look = NULL;
  char *victim = testing_path(exchange_folder, "tree/victim");
  assert_int_equal(unlink(victim), 0);
  akin_free(victim);
}

static void what_vanishes_is_removed_too(void **state) {
  akin_error err;
  char *tree = testing_path(*state, "tree");
  faults_reset();
  make_tree(*state, "file");
  exchange_folder = *state;
  faults.after_look = remove_the_file;
  testing_ok(akin_file_remove_folder(tree, &err), &err);
  assert_null(faults.after_look);
  assert_false(akin_file_exists(tree));
  akin_free(tree);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, testing_setup, testing_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      IN_FOLDER(synced_before_and_after_the_rename),
      IN_FOLDER(short_and_interrupted_writes_lose_nothing),
      IN_FOLDER(every_call_fails_in_turn),
      IN_FOLDER(a_file_system_that_does_not_sync_folders),
      IN_FOLDER(short_and_interrupted_reads_lose_nothing),
      IN_FOLDER(a_folder_exchanged_for_a_link_leads_nowhere),
      IN_FOLDER(what_vanishes_is_removed_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
