/* test_open.c - what akin_storage_open does with folders and files of every kind: none, foreign, newer, older, locked,
 * read-only. */
#include "process_testing.h"
#include "sql_testing.h"
#include "store_testing.h"

#include "store/schema.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define NOBODY 65534

static void expect_open(const char *folder, akin_storage_mode mode, akin_status want, const char *says) {
  akin_error err;
  akin_storage *s = TESTING_POISON;
  testing_expect(akin_storage_open(&s, folder, mode, &err), want, &err);
  assert_null(s);
  testing_says(&err, folder);
  testing_says(&err, says);
}

/* A store with one image of one content, closed in order. */
static void make_store(const char *folder) {
  akin_storage *s = open_store(folder, AKIN_STORAGE_WRITE);
  begin(s);
  uint64_t root = add_root(s, "/p", true);
  put_all(s, root, add_model(s, "net"), "/p/1", 1);
  commit(s);
  akin_storage_close(s);
}

static void no_store_is_not_made_by_reading(void **state) {
  char *missing = testing_path(*state, "missing");
  expect_open(missing, AKIN_STORAGE_READ, AKIN_ERROR_NOT_FOUND, "akin index");
  assert_false(akin_file_exists(missing));
  expect_open(*state, AKIN_STORAGE_READ, AKIN_ERROR_NOT_FOUND, "no store");
  assert_int_equal(rmdir(*state), 0); /* still empty */
  assert_int_equal(mkdir(*state, 0700), 0);
  akin_free(missing);
}

static void a_new_store_is_as_the_docs_say(void **state) {
  char *folder = testing_path(*state, "deep/er/store"), *file = testing_path(folder, "akin.db");
  struct stat st;
  akin_storage *s = open_store(folder, AKIN_STORAGE_WRITE);
  uint64_t id = akin_storage_id(s);
  assert_int_equal(generation(s), 0);
  expect_sound(s);
  akin_storage_close(s);
  assert_int_equal(stat(folder, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0700);
  sql_expect(file, "PRAGMA page_size", "16384");
  sql_expect(file, "PRAGMA journal_mode", "wal");
  sql_expect(file, "PRAGMA application_id", "1634429294"); /* "akin" */
  sql_expect(file, "PRAGMA user_version", "2");
  s = open_store(folder, AKIN_STORAGE_READ);
  assert_true(akin_storage_id(s) == id);
  akin_storage_close(s);
  s = open_store(*state, AKIN_STORAGE_WRITE);
  assert_true(akin_storage_id(s) != id);
  akin_storage_close(s);
  akin_free(file);
  akin_free(folder);
}

static void a_store_lies_where_any_name_says(void **state) {
  static const char *const names[] = {
      "a?mode=memory&x#y%41", "file:x", "\xff\xfe", "new\nline", " ", "a'b\"c", ":memory:"};
  char here[4096];
  assert_non_null(getcwd(here, sizeof here));
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char *folder = testing_path(*state, names[i]), *file = testing_path(folder, "akin.db");
    make_store(folder);
    assert_true(akin_file_exists(file));
    assert_int_equal(chdir(*state), 0); /* and by a relative name */
    akin_storage *s = open_store(names[i], AKIN_STORAGE_READ);
    assert_int_equal(counts_of(s).images, 1);
    akin_storage_close(s);
    assert_int_equal(chdir(here), 0);
    akin_free(file);
    akin_free(folder);
  }
}

static void a_file_is_no_store(void **state) {
  char *file = testing_path(*state, "file");
  testing_write_text(file, "hello");
  expect_open(file, AKIN_STORAGE_READ, AKIN_ERROR_FORMAT, "is a file");
  expect_open(file, AKIN_STORAGE_WRITE, AKIN_ERROR_FORMAT, "is a file");
  akin_free(file);
}

static void akin_db_must_be_a_file(void **state) {
  char *file = testing_path(*state, "akin.db");
  alarm(30); /* a FIFO could be waited for without end */
  assert_int_equal(mkfifo(file, 0600), 0);
  expect_open(*state, AKIN_STORAGE_READ, AKIN_ERROR_FORMAT, "not a regular file");
  expect_open(*state, AKIN_STORAGE_WRITE, AKIN_ERROR_FORMAT, "not a regular file");
  assert_int_equal(unlink(file), 0);
  assert_int_equal(mkdir(file, 0700), 0);
  expect_open(*state, AKIN_STORAGE_READ, AKIN_ERROR_FORMAT, "not a regular file");
  expect_open(*state, AKIN_STORAGE_WRITE, AKIN_ERROR_FORMAT, "not a regular file");
  alarm(0);
  akin_free(file);
}

/* Both modes refuse the file and leave its bytes alone. */
static void expect_refused(const char *folder, const char *file, akin_status want, const char *says) {
  size_t before_size = 0, after_size = 0;
  char *before = testing_read(file, &before_size);
  expect_open(folder, AKIN_STORAGE_READ, want, says);
  expect_open(folder, AKIN_STORAGE_WRITE, want, says);
  char *after = testing_read(file, &after_size);
  assert_int_equal(before_size, after_size);
  assert_memory_equal(before, after, before_size);
  akin_free(before);
  akin_free(after);
}

static void garbage_is_refused_and_left_alone(void **state) {
  char *file = testing_path(*state, "akin.db");
  char bytes[40000];
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = (char)(i * 2654435761u >> 13);
  testing_write(file, bytes, sizeof bytes);
  expect_refused(*state, file, AKIN_ERROR_FORMAT, "not a database");
  testing_write_text(file, "hello\n");
  expect_refused(*state, file, AKIN_ERROR_FORMAT, "not a database");
  memset(bytes, 0, sizeof bytes);
  testing_write(file, bytes, sizeof bytes);
  expect_refused(*state, file, AKIN_ERROR_FORMAT, "akin.db");
  memcpy(bytes, "SQLite format 3", 16);
  testing_write(file, bytes, sizeof bytes);
  expect_refused(*state, file, AKIN_ERROR_FORMAT, "akin.db");
  testing_write(file, bytes, 99);
  expect_refused(*state, file, AKIN_ERROR_FORMAT, "akin.db");
  akin_free(file);
}

static void another_applications_database_is_left_alone(void **state) {
  char *file = testing_path(*state, "akin.db");
  sql_run(file, "CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)");
  expect_refused(*state, file, AKIN_ERROR_FORMAT, "another application");
  sql_run(file, "PRAGMA application_id = 252006675; PRAGMA user_version = 1");
  expect_refused(*state, file, AKIN_ERROR_FORMAT, "0x0f055113"); /* Fossil's */
  akin_free(file);
}

static void an_unfinished_store_is_finished_by_writing(void **state) {
  char *file = testing_path(*state, "akin.db");
  testing_write(file, "", 0);
  expect_open(*state, AKIN_STORAGE_READ, AKIN_ERROR_NOT_FOUND, "no store");
  sql_run(file, "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; CREATE TABLE t (a); DROP TABLE t");
  expect_open(*state, AKIN_STORAGE_READ, AKIN_ERROR_NOT_FOUND, "no store");
  make_store(*state);
  akin_storage *s = open_store(*state, AKIN_STORAGE_READ);
  assert_int_equal(counts_of(s).images, 1);
  akin_storage_close(s);
  akin_free(file);
}

/* ---- versions ---- */

static void a_newer_store_is_refused_with_both_versions(void **state) {
  char *file = testing_path(*state, "akin.db");
  make_store(*state);
  sql_run(file, "PRAGMA user_version = 99");
  expect_refused(*state, file, AKIN_ERROR_UNSUPPORTED, "version 99 of the store's format, this akin knows version 2");
  sql_run(file, "PRAGMA user_version = -1");
  expect_refused(*state, file, AKIN_ERROR_UNSUPPORTED, "version -1");
  akin_free(file);
}

static akin_status upgrade(const char *file, const akin_schema *schema, akin_error *err) {
  akin_database *d = NULL;
  uint32_t version = UINT32_MAX;
  akin_status status = akin_database_open(&d, file, AKIN_DATABASE_WRITE, err);
  if (!status) status = akin_schema_check(d, schema, &version, err);
  if (!status) status = akin_schema_upgrade(d, schema, version, err);
  akin_database_close(d);
  return status;
}

/* A store of today's version, then steps of versions to come: the second fails half-way, and nothing of either stays.
 */
static void an_older_store_is_brought_up_to_date_or_left_alone(void **state) {
  const char *const first = akin_schema_current.steps[0], *const second = akin_schema_current.steps[1];
  const char *const good[] = {first, second, "ALTER TABLE images ADD COLUMN label TEXT NOT NULL DEFAULT 'none'",
                              "UPDATE images SET label = 'some'; CREATE INDEX by_label ON images (label)"};
  const char *const bad[] = {first, second, good[2], "UPDATE images SET label = 'half'; UPDATE nowhere SET a = 1"};
  const akin_schema broken = {bad, 4}, newer = {good, 4};
  char *file = testing_path(*state, "akin.db");
  akin_error err;
  make_store(*state);
  testing_expect(upgrade(file, &broken, &err), AKIN_ERROR_FORMAT, &err);
  testing_says(&err, "nowhere");
  sql_expect(file, "PRAGMA user_version", "2");
  akin_storage *s = open_store(*state, AKIN_STORAGE_READ);
  expect_sound(s);
  assert_int_equal(counts_of(s).images, 1);
  akin_storage_close(s);

  testing_ok(upgrade(file, &newer, &err), &err);
  sql_expect(file, "PRAGMA user_version", "4");
  sql_expect(file, "SELECT label || ' ' || path FROM images", "some /p/1");
  testing_ok(upgrade(file, &newer, &err), &err); /* nothing left to do */
  expect_refused(*state, file, AKIN_ERROR_UNSUPPORTED, "version 4");
  akin_free(file);
}

static void a_store_can_be_made_in_several_steps(void **state) {
  const char *const steps[] = {akin_schema_current.steps[0], "CREATE TABLE later (a)"};
  const akin_schema schema = {steps, 2};
  char *file = testing_path(*state, "akin.db");
  akin_error err;
  testing_ok(upgrade(file, &schema, &err), &err);
  sql_expect(file, "PRAGMA user_version", "2");
  sql_expect(file, "SELECT count(*) FROM later", "0");
  sql_expect(file, "SELECT count(*) FROM store", "1");
  akin_free(file);
}

static void a_store_of_version_1_is_brought_up_to_date_by_its_next_writer(void **state) {
  const akin_schema old = {akin_schema_current.steps, 1};
  char *file = testing_path(*state, "akin.db");
  akin_error err;
  testing_ok(upgrade(file, &old, &err), &err);
  sql_expect(file, "PRAGMA user_version", "1");
  make_store(*state);
  sql_expect(file, "PRAGMA user_version", "2");
  sql_run(file, "PRAGMA foreign_keys = ON; INSERT INTO labels VALUES (1, 'season', 'summer');"
                "INSERT INTO model_facts VALUES (1, 'mean', 1, x'00')");
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  expect_sound(s);
  akin_storage_close(s);
  sql_run(file, "PRAGMA foreign_keys = ON; DELETE FROM images; DELETE FROM features; DELETE FROM models");
  sql_expect(file, "SELECT (SELECT count(*) FROM labels) + (SELECT count(*) FROM model_facts)", "0");
  akin_free(file);
}

/* ---- one writer ---- */

static void try_to_write(const void *context) {
  char pid[32];
  snprintf(pid, sizeof pid, "process %ld", (long)getppid());
  expect_open(context, AKIN_STORAGE_WRITE, AKIN_ERROR_BUSY, pid);
  expect_open(context, AKIN_STORAGE_WRITE, AKIN_ERROR_BUSY, "another process is writing this store");
  akin_storage_close(open_store(context, AKIN_STORAGE_READ));
}

static void there_is_one_writer_at_a_time(void **state) {
  akin_error err;
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE), *second = TESTING_POISON;
  testing_expect(akin_storage_open(&second, *state, AKIN_STORAGE_WRITE, &err), AKIN_ERROR_BUSY, &err);
  assert_null(second);
  child_run(try_to_write, *state);
  akin_storage_close(s);
  s = open_store(*state, AKIN_STORAGE_WRITE);
  akin_storage_close(s);
}

/* ---- where nothing can be written ---- */

/* Root can write anywhere: give that up, in a child. */
static void become_nobody(void) {
  if (geteuid() != 0) return;
  if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY)) child_skip("cannot become another user");
}

static void set_modes(const char *folder, mode_t folder_mode, mode_t file_mode) {
  static const char *const names[] = {"akin.db", "akin.db-wal", "akin.db-shm", "writer.lock"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char *file = testing_path(folder, names[i]);
    if (akin_file_exists(file)) assert_int_equal(chmod(file, file_mode), 0);
    akin_free(file);
  }
  assert_int_equal(chmod(folder, folder_mode), 0);
}

static void expect_read_only(const char *folder, uint64_t images) {
  akin_storage *s = open_store(folder, AKIN_STORAGE_READ);
  assert_int_equal(counts_of(s).images, images);
  expect_sound(s);
  akin_storage_close(s);
  expect_open(folder, AKIN_STORAGE_WRITE, AKIN_ERROR_IO, "cannot be written");
}

static void use_closed_read_only(const void *context) {
  become_nobody();
  expect_read_only(context, 1);
}

static void a_closed_store_is_read_where_nothing_can_be_written(void **state) {
  char *folder = testing_path(*state, "store");
  make_store(folder);
  assert_int_equal(chmod(*state, 0755), 0);
  set_modes(folder, 0555, 0444);
  child_run(use_closed_read_only, folder);
  set_modes(folder, 0755, 0644);
  akin_free(folder);
}

/* Commits a second image and dies, so that it is in the write-ahead log only. */
static void write_and_die(const void *context) {
  akin_storage *s = open_store(context, AKIN_STORAGE_WRITE);
  begin(s);
  put_image(s, add_root(s, "/p", true), "/p/2", 2);
  commit(s);
  kill(getpid(), SIGKILL);
}

static void use_pending_read_only(const void *context) {
  become_nobody();
  expect_open(context, AKIN_STORAGE_READ, AKIN_ERROR_IO, "not closed in order");
}

static void use_shared_read_only(const void *context) {
  become_nobody();
  expect_read_only(context, 2);
}

static void a_killed_writers_work_is_not_overlooked_where_nothing_can_be_written(void **state) {
  char *folder = testing_path(*state, "store"), *shared = testing_path(folder, "akin.db-shm");
  make_store(folder);
  assert_int_equal(child_wait(child_start(write_and_die, folder)), 128 + SIGKILL);
  assert_int_equal(chmod(*state, 0755), 0);
  set_modes(folder, 0555, 0444);
  child_run(use_shared_read_only, folder); /* what the writer left suffices */
  assert_int_equal(chmod(folder, 0755), 0);
  assert_int_equal(unlink(shared), 0);
  set_modes(folder, 0555, 0444);
  child_run(use_pending_read_only, folder); /* half of it is missing: better no answer than an old one */
  set_modes(folder, 0755, 0644);
  akin_storage *s = open_store(folder, AKIN_STORAGE_READ);
  assert_int_equal(counts_of(s).images, 2);
  akin_storage_close(s);
  akin_free(shared);
  akin_free(folder);
}

static void write_read_only_file(const void *context) {
  become_nobody();
  expect_open(context, AKIN_STORAGE_WRITE, AKIN_ERROR_IO, "akin.db: can be read but not written");
}

static void a_file_that_cannot_be_written_is_said_so(void **state) {
  char *folder = testing_path(*state, "store"), *file = testing_path(folder, "akin.db");
  make_store(folder);
  assert_int_equal(chmod(*state, 0755), 0);
  set_modes(folder, 0777, 0666);
  assert_int_equal(chmod(file, 0444), 0);
  child_run(write_read_only_file, folder);
  akin_free(file);
  akin_free(folder);
}

static void use_on_read_only_file_system(const void *context) {
  char *folder = testing_path(context, "store");
  if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
      mount("none", context, "tmpfs", 0, "size=4m"))
    child_skip("cannot mount here");
  make_store(folder);
  assert_int_equal(mount("none", context, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=4m"), 0);
  expect_read_only(folder, 1);
  akin_free(folder);
}

static void a_read_only_file_system_can_be_read(void **state) {
  child_run(use_on_read_only_file_system, *state);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, testing_setup, testing_teardown)
  const struct CMUnitTest tests[] = {
      TEST(no_store_is_not_made_by_reading),
      TEST(a_new_store_is_as_the_docs_say),
      TEST(a_store_lies_where_any_name_says),
      TEST(a_file_is_no_store),
      TEST(akin_db_must_be_a_file),
      TEST(garbage_is_refused_and_left_alone),
      TEST(another_applications_database_is_left_alone),
      TEST(an_unfinished_store_is_finished_by_writing),
      TEST(a_newer_store_is_refused_with_both_versions),
      TEST(an_older_store_is_brought_up_to_date_or_left_alone),
      TEST(a_store_can_be_made_in_several_steps),
      TEST(a_store_of_version_1_is_brought_up_to_date_by_its_next_writer),
      TEST(there_is_one_writer_at_a_time),
      TEST(a_closed_store_is_read_where_nothing_can_be_written),
      TEST(a_killed_writers_work_is_not_overlooked_where_nothing_can_be_written),
      TEST(a_file_that_cannot_be_written_is_said_so),
      TEST(a_read_only_file_system_can_be_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
