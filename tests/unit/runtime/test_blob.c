/* test_blob.c - blob files: every flipped byte is noticed, also where the checksum was made right again. */
#include "unit/testing.h"

#include "base/checksum.h"
#include "runtime/blob.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#define PAYLOAD_SIZE 1000u
#define AT_PAYLOAD   4096u

static const char key[] = "network: 0123\nprecision: f32\n";

static char *folder, *path;
static uint8_t payload[PAYLOAD_SIZE];

static int set_up(void **state) {
  (void)state;
  for (size_t i = 0; i < PAYLOAD_SIZE; i++)
    payload[i] = (uint8_t)(i * 7 + i / 256);
  folder = testing_folder();
  path = akin_blob_path(folder, key);
  return path ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  akin_free(path);
  testing_remove_folder(folder);
  return 0;
}

static int fresh_blob(void **state) {
  (void)state;
  return akin_blob_save(path, key, payload, PAYLOAD_SIZE, NULL) ? -1 : 0;
}

/* Opens, and checks that nothing is given when it fails. */
static akin_status open_status(const char *wanted_key) {
  akin_blob blob;
  memset(&blob, 0xa5, sizeof blob);
  akin_status status = akin_blob_open(&blob, path, wanted_key, NULL);
  if (status) {
    assert_null(blob.payload);
    assert_null(blob.mapping.data);
    assert_int_equal(blob.size, 0);
  }
  akin_blob_close(&blob);
  return status;
}

static void read_file(akin_buffer *out) {
  assert_int_equal(akin_file_read(out, path, 1u << 20, NULL, NULL), AKIN_OK);
}

static void write_bytes(size_t at, const void *bytes, size_t n) {
  int fd = open(path, O_WRONLY);
  assert_true(fd >= 0);
  assert_int_equal(pwrite(fd, bytes, n, (off_t)at), n);
  close(fd);
}

static void test_round_trip(void **state) {
  (void)state;
  akin_blob blob;
  memset(&blob, 0xa5, sizeof blob);
  assert_int_equal(akin_blob_open(&blob, path, key, NULL), AKIN_OK);
  assert_int_equal(blob.size, PAYLOAD_SIZE);
  assert_memory_equal(blob.payload, payload, PAYLOAD_SIZE);
  assert_int_equal((uintptr_t)blob.payload % 4096, 0);
  akin_blob_close(&blob);
  akin_blob_close(&blob);
}

static void test_other_key(void **state) {
  (void)state;
  assert_int_equal(open_status("network: 0124\nprecision: f32\n"), AKIN_ERROR_MISMATCH);
  assert_int_equal(open_status("network: 0123\nprecision: f32\nmore\n"), AKIN_ERROR_MISMATCH);
  assert_int_equal(open_status(""), AKIN_ERROR_MISMATCH);
  char *other = akin_blob_path(folder, "network: 0124\nprecision: f32\n");
  assert_string_not_equal(other, path);
  akin_free(other);
}

static void test_every_flipped_byte(void **state) {
  (void)state;
  akin_buffer whole = AKIN_BUFFER_INIT(0);
  read_file(&whole);
  assert_int_equal(whole.size, AT_PAYLOAD + PAYLOAD_SIZE);
  for (size_t i = 0; i < whole.size; i++) {
    uint8_t flipped = (uint8_t)whole.data[i] ^ (uint8_t)(1u << (i % 8));
    write_bytes(i, &flipped, 1);
    if (open_status(key) == AKIN_OK) fail_msg("byte %zu was flipped and nobody noticed", i);
    write_bytes(i, &whole.data[i], 1);
  }
  assert_int_equal(open_status(key), AKIN_OK);
  akin_buffer_free(&whole);
}

static void test_every_length(void **state) {
  (void)state;
  for (off_t n = 0; n < AT_PAYLOAD + PAYLOAD_SIZE; n += n < 64 ? 1 : 97) {
    assert_int_equal(truncate(path, n), 0);
    assert_int_equal(open_status(key), AKIN_ERROR_FORMAT);
    assert_int_equal(fresh_blob(NULL), 0);
  }
  assert_int_equal(truncate(path, AT_PAYLOAD), 0); /* no payload at all */
  assert_int_equal(open_status(key), AKIN_ERROR_FORMAT);
  assert_int_equal(fresh_blob(NULL), 0);
  assert_int_equal(truncate(path, AT_PAYLOAD + PAYLOAD_SIZE + 1), 0);
  assert_int_equal(open_status(key), AKIN_ERROR_FORMAT);
}

/* Puts a number into the header and makes the checksum right, as an honest writer of that file would have. */
static void forge(size_t at, unsigned n, uint64_t value) {
  akin_buffer whole = AKIN_BUFFER_INIT(0);
  assert_int_equal(fresh_blob(NULL), 0);
  read_file(&whole);
  for (unsigned i = 0; i < n; i++)
    whole.data[at + i] = (char)(value >> (8 * i));
  const uint64_t checksum = akin_checksum_of(whole.data + 32, whole.size - 32, 0);
  for (unsigned i = 0; i < 8; i++)
    whole.data[8 + i] = (char)(checksum >> (8 * i));
  write_bytes(0, whole.data, whole.size);
  akin_buffer_free(&whole);
}

static void test_header_that_lies(void **state) {
  (void)state;
  forge(40, 4, 2);
  assert_int_equal(open_status(key), AKIN_OK); /* the forger works */
  forge(40, 4, 1);
  assert_int_equal(open_status(key), AKIN_ERROR_FORMAT);
  static const uint64_t key_sizes[] = {4040, 4041, 4097, 5097, UINT32_MAX};
  for (size_t i = 0; i < sizeof key_sizes / sizeof key_sizes[0]; i++) {
    forge(44, 4, key_sizes[i]);
    assert_int_equal(open_status(key), AKIN_ERROR_FORMAT);
  }
  forge(44, 4, 0);
  assert_int_equal(open_status(key), AKIN_ERROR_MISMATCH);
  assert_int_equal(open_status(""), AKIN_OK); /* only the length of the key was forged */
  static const uint64_t sizes[] = {0, PAYLOAD_SIZE - 1, PAYLOAD_SIZE + 1, UINT64_MAX, UINT64_MAX - 4095};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    forge(48, 8, sizes[i]);
    assert_int_equal(open_status(key), AKIN_ERROR_FORMAT);
  }
}

static void test_not_a_file(void **state) {
  (void)state;
  assert_int_equal(unlink(path), 0);
  assert_int_equal(open_status(key), AKIN_ERROR_NOT_FOUND);
  assert_int_equal(mkfifo(path, 0600), 0);
  assert_int_not_equal(open_status(key), AKIN_OK); /* and does not wait for a writer */
  assert_int_equal(unlink(path), 0);
  assert_int_equal(mkdir(path, 0700), 0);
  assert_int_not_equal(open_status(key), AKIN_OK);
  assert_int_equal(rmdir(path), 0);
}

static void test_save_refuses(void **state) {
  (void)state;
  static char long_key[4041];
  memset(long_key, 'k', 4040);
  assert_int_equal(akin_blob_save(path, long_key, payload, PAYLOAD_SIZE, NULL), AKIN_ERROR_USAGE);
  assert_int_equal(akin_blob_save(path, "", payload, PAYLOAD_SIZE, NULL), AKIN_ERROR_USAGE);
  assert_int_equal(akin_blob_save(path, key, payload, 0, NULL), AKIN_ERROR_USAGE);
  assert_int_equal(open_status(key), AKIN_OK); /* the old one is still there */
  long_key[4039] = 0;
  assert_int_equal(akin_blob_save(path, long_key, payload, PAYLOAD_SIZE, NULL), AKIN_OK);
  assert_int_equal(open_status(long_key), AKIN_OK);
  char *nowhere = akin_format("%s/missing/x.blob", folder);
  assert_int_not_equal(akin_blob_save(nowhere, key, payload, PAYLOAD_SIZE, NULL), AKIN_OK);
  akin_free(nowhere);
}

static void test_memory_runs_out(void **state) {
  (void)state;
  akin_blob blob;
  akin_memory_fail_at(0, true);
  assert_int_equal(akin_blob_save(path, key, payload, PAYLOAD_SIZE, NULL), AKIN_OK);
  uint64_t count = akin_memory_count();
  assert_true(count > 0);
  for (uint64_t n = 1; n <= count; n++) {
    akin_memory_fail_at(n, true);
    akin_status status = akin_blob_save(path, key, payload, PAYLOAD_SIZE, NULL);
    akin_memory_fail_at(0, true);
    assert_true(status == AKIN_OK || status == AKIN_ERROR_MEMORY);
    assert_int_equal(open_status(key), AKIN_OK); /* the old one or the new one, never a half */
  }
  akin_memory_fail_at(1, false);
  akin_status status = akin_blob_open(&blob, path, key, NULL);
  akin_memory_fail_at(0, true);
  assert_true(status == AKIN_OK || status == AKIN_ERROR_MEMORY);
  akin_blob_close(&blob);
}

static void test_folder(void **state) {
  (void)state;
  struct stat st;
  char *deep = akin_format("%s/a/b", folder), *file = akin_format("%s/file", folder);
  assert_true(akin_blob_folder_ready(deep));
  assert_int_equal(stat(deep, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0700);
  assert_int_equal(chmod(deep, 0755), 0);
  assert_true(akin_blob_folder_ready(deep));
  assert_int_equal(chmod(deep, 0775), 0);
  assert_false(akin_blob_folder_ready(deep));
  assert_int_equal(chmod(deep, 01777), 0);
  assert_false(akin_blob_folder_ready(deep));
  assert_int_equal(akin_file_replace(file, "x", 1, NULL), AKIN_OK);
  assert_false(akin_blob_folder_ready(file));
  if (geteuid() == 0) { /* only root can give folders away */
    assert_int_equal(chmod(deep, 0700), 0);
    assert_int_equal(chown(deep, 12345, 12345), 0);
    assert_false(akin_blob_folder_ready(deep));
  }
  akin_free(file);
  akin_free(deep);
}

static void set_age(const char *file, time_t seconds) {
  struct timespec times[2];
  clock_gettime(CLOCK_REALTIME, &times[0]);
  times[0].tv_sec -= seconds;
  times[1] = times[0];
  assert_int_equal(utimensat(AT_FDCWD, file, times, 0), 0);
}

/* Twelve stay: the one just written and those that were used last; other files are none of our business. */
static void test_trim(void **state) {
  (void)state;
  char *room = akin_format("%s/trim", folder), *other = akin_format("%s/notes.txt", room), *paths[14];
  char name[16];
  akin_blob blob;
  assert_true(akin_blob_folder_ready(room));
  assert_int_equal(akin_file_replace(other, "x", 1, NULL), AKIN_OK);
  set_age(other, 1000000);
  for (unsigned i = 0; i < 14; i++) {
    snprintf(name, sizeof name, "key %u", i);
    paths[i] = akin_blob_path(room, name);
    if (i == 13) break;
    assert_int_equal(akin_blob_save(paths[i], name, payload, PAYLOAD_SIZE, NULL), AKIN_OK);
    set_age(paths[i], 5000 - i);
    if (i == 5) { /* the oldest is used again */
      assert_int_equal(akin_blob_open(&blob, paths[0], "key 0", NULL), AKIN_OK);
      akin_blob_close(&blob);
    }
  }
  /* thirteen were written: number 1 had to go */
  assert_true(akin_file_exists(paths[0]));
  assert_false(akin_file_exists(paths[1]));
  assert_true(akin_file_exists(paths[2]));
  assert_int_equal(akin_blob_save(paths[13], "key 13", payload, PAYLOAD_SIZE, NULL), AKIN_OK);
  assert_true(akin_file_exists(paths[0]));
  assert_false(akin_file_exists(paths[2]));
  for (unsigned i = 3; i < 14; i++)
    assert_true(akin_file_exists(paths[i]));
  assert_true(akin_file_exists(other));
  for (unsigned i = 0; i < 14; i++)
    akin_free(paths[i]);
  akin_free(other);
  akin_free(room);
}

/* Two large ones (holes) cannot stay together. */
static void test_trim_by_size(void **state) {
  (void)state;
  char *room = akin_format("%s/large", folder), *large[2], *third;
  assert_true(akin_blob_folder_ready(room));
  for (unsigned i = 0; i < 2; i++) {
    large[i] = akin_blob_path(room, i ? "b" : "a");
    assert_int_equal(akin_file_replace(large[i], "x", 1, NULL), AKIN_OK);
    assert_int_equal(truncate(large[i], (off_t)1500 << 20), 0);
    set_age(large[i], i ? 100 : 200);
  }
  third = akin_blob_path(room, "c");
  assert_int_equal(akin_blob_save(third, "c", payload, PAYLOAD_SIZE, NULL), AKIN_OK);
  assert_false(akin_file_exists(large[0]));
  assert_true(akin_file_exists(large[1]));
  assert_true(akin_file_exists(third));
  akin_free(third);
  akin_free(large[0]);
  akin_free(large[1]);
  akin_free(room);
}

static void test_scratch(void **state) {
  (void)state;
  int fd = -1;
  char back[4] = "";
  char *room = akin_format("%s/scratch", folder);
  assert_true(akin_blob_folder_ready(room));
  assert_int_equal(akin_blob_scratch(&fd, room, NULL), AKIN_OK);
  assert_int_equal(write(fd, "abc", 3), 3);
  assert_int_equal(pread(fd, back, 3, 0), 3);
  assert_string_equal(back, "abc");
  close(fd);
  assert_int_equal(rmdir(room), 0); /* nothing was left in it */
  assert_int_equal(akin_blob_scratch(&fd, room, NULL), AKIN_ERROR_NOT_FOUND);
  akin_free(room);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_round_trip, fresh_blob),
      cmocka_unit_test_setup(test_other_key, fresh_blob),
      cmocka_unit_test_setup(test_every_flipped_byte, fresh_blob),
      cmocka_unit_test_setup(test_every_length, fresh_blob),
      cmocka_unit_test_setup(test_header_that_lies, fresh_blob),
      cmocka_unit_test_setup(test_not_a_file, fresh_blob),
      cmocka_unit_test_setup(test_save_refuses, fresh_blob),
      cmocka_unit_test_setup(test_memory_runs_out, fresh_blob),
      cmocka_unit_test(test_folder),
      cmocka_unit_test(test_trim),
      cmocka_unit_test(test_trim_by_size),
      cmocka_unit_test(test_scratch),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
