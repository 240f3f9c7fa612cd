/* test_facts.c - a file that is changed without its facts telling: only those that had rested are believed. */
#include "unit/engine/engine_testing.h"

#include "engine/facts.h"

#include <fcntl.h>
#include <sys/mman.h>

#define SECOND INT64_C(1000000000)

/* Are the facts of a file with these times, in seconds before it was read, believed? */
static bool believed(double mtime_before, double ctime_before) {
  const int64_t now = 1700000000 * SECOND;
  const akin_file_facts file = {.size = 5,
                                .mtime_ns = now - (int64_t)(mtime_before * 1e9),
                                .ctime_ns = now - (int64_t)(ctime_before * 1e9),
                                .inode = 7};
  akin_file_facts kept = file;
  akin_facts_settle(&kept, now);
  const bool same = akin_facts_same(&kept, &file);
  akin_file_facts again = kept;
  assert_int_equal(akin_facts_same(&kept, &again), same); /* two that are unsettled are not the same either */
  return same;
}

static void test_only_files_that_rested_are_believed(void **state) {
  (void)state;
  assert_true(believed(3, 3));
  assert_true(believed(1e8, 3));
  assert_false(believed(0, 0));
  assert_false(believed(2, 2)); /* a step of FAT's clock */
  assert_false(believed(1e8, 0.1));
  assert_false(believed(0.1, 1e8)); /* a file system without times of change */
  assert_false(believed(3, -60));   /* a file server whose clock is ahead */
  assert_true(believed(-1e8, 3));   /* a camera whose clock was */
}

static void test_every_fact_counts(void **state) {
  const akin_file_facts file = {.size = 5, .mtime_ns = 6, .ctime_ns = 7, .inode = 8};
  akin_file_facts other[4] = {file, file, file, file};
  (void)state;
  assert_true(akin_facts_same(&file, &other[0]));
  other[0].size++;
  other[1].mtime_ns++;
  other[2].ctime_ns++;
  other[3].inode++;
  for (int i = 0; i < 4; i++)
    assert_false(akin_facts_same(&file, &other[i]));
}

/* ---- in a store ---- */

enum { MAPPED = 8192 };

/* Fills the bytes with a picture, and zeros after its end, which readers pass over. */
static void draw(uint8_t bytes[MAPPED], const engine_bench *b, unsigned seed) {
  size_t size = 0;
  char *path = testing_path(b->folder, "drawn.jpg");
  engine_picture(path, seed);
  char *jpeg = testing_read(path, &size);
  assert_true(size < MAPPED);
  memset(bytes, 0, MAPPED);
  memcpy(bytes, jpeg, size);
  akin_free(jpeg);
  akin_free(path);
}

/* A file of the bytes, mapped: what is changed through a mapping shows in the file's times only now and then. */
static uint8_t *map_file(const char *path) {
  static const uint8_t zeros[MAPPED];
  testing_write(path, zeros, sizeof zeros);
  const int file = open(path, O_RDWR | O_CLOEXEC);
  assert_true(file >= 0);
  uint8_t *bytes = mmap(NULL, MAPPED, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  assert_true(bytes != MAP_FAILED);
  return bytes;
}

static void test_change_that_times_do_not_show_is_found(void **state) {
  engine_bench *b = *state;
  akin_progress total;
  akin_error err;
  akin_file_facts before, after;
  akin_hits *hits = NULL;
  akin_query query = AKIN_QUERY_INIT;
  char *changed = testing_path(b->photos, "changed.jpg"), *like_new = engine_photo(b, "like-new.jpg", 90),
       *like_old = engine_photo(b, "like-old.jpg", 5);
  uint8_t *bytes = map_file(changed);
  const char *asked = changed;
  draw(bytes, b, 5);
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
  testing_ok(akin_file_facts_of(&before, changed, &err), &err);
  draw(bytes, b, 90);
  testing_ok(akin_file_facts_of(&after, changed, &err), &err);
  const bool hidden = akin_facts_same(&before, &after);
  query.k = 1;
  testing_ok(akin_store_like(b->store, &hits, &asked, 1, &query, &err), &err);
  assert_string_equal(akin_hits_at(hits, 0)->path, like_new);
  akin_hits_free(hits);
  testing_ok(engine_ingest(b, NULL, &total, &err), &err);
  assert_int_equal(total.embedded, 1);
  assert_int_equal(total.unchanged, 2);
  munmap(bytes, MAPPED);
  akin_free(changed);
  akin_free(like_new);
  akin_free(like_old);
  if (!hidden) skip(); /* this file system told it by the times */
}

static void test_file_from_a_far_century(void **state) {
  engine_bench *b = *state;
  akin_progress total;
  akin_error err;
  akin_file_facts one, other;
  struct timespec times[2] = {{.tv_sec = INT64_C(13000000000)}, {.tv_sec = INT64_C(13000000000)}};
  char *path = engine_photo(b, "2381.jpg", 1);
  assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
  testing_ok(akin_file_facts_of(&one, path, &err), &err);
  testing_ok(engine_ingest(b, NULL, &total, &err), &err);
  assert_int_equal(total.unchanged, 1);
  times[1].tv_nsec = 1;
  assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
  testing_ok(akin_file_facts_of(&other, path, &err), &err);
  assert_true(one.mtime_ns != other.mtime_ns);
  akin_free(path);
}

#define ENGINE_TEST(test) cmocka_unit_test_setup_teardown(test, engine_setup, engine_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_only_files_that_rested_are_believed),
      cmocka_unit_test(test_every_fact_counts),
      ENGINE_TEST(test_file_from_a_far_century),
      ENGINE_TEST(test_change_that_times_do_not_show_is_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
