/* test_fetch.c - fetching from a server that stalls, cuts off, lies, leads elsewhere, and sends another file. */
#include "unit/fetch/server_testing.h"

#include "base/file.h"
#include "base/memory.h"
#include "fetch/fetch.h"

#include <sys/stat.h>

#define FEW 3

typedef struct bench {
  char *folder, *path, *part;
  server server;
  akin_hash hash;
  bool cancels;        /* once something has come */
  uint64_t got, total; /* of the last progress */
} bench;

static int bench_setup(void **state) {
  bench *b = akin_calloc(1, sizeof *b);
  assert_non_null(b);
  unsetenv("http_proxy");
  b->folder = testing_folder();
  b->path = testing_path(b->folder, "weights.h5");
  b->part = testing_path(b->folder, "weights.h5.part");
  *state = b;
  return 0;
}

static int bench_teardown(void **state) {
  bench *b = *state;
  akin_free(b->part);
  akin_free(b->path);
  testing_remove_folder(b->folder);
  akin_free(b);
  return 0;
}

static void on_progress(void *context, uint64_t got, uint64_t total) {
  bench *b = context;
  b->got = got;
  b->total = total;
}

static int should_cancel(void *context) {
  bench *b = context;
  return b->cancels && b->got > 0;
}

typedef enum known { KNOWN_NOTHING, KNOWN_SIZE, KNOWN_HASH, KNOWN_PREFIX, KNOWN_MD5 } known;

static akin_status fetch(bench *b, known what, akin_error *err) {
  char address[64], md5[AKIN_MD5_HEX_SIZE], hex[AKIN_HASH_HEX_SIZE];
  akin_error ignored;
  snprintf(address, sizeof address, "http://127.0.0.1:%u/weights.h5", b->server.port);
  akin_fetch_request request = {.address = address,
                                .path = b->path,
                                .max_bytes = 1000000,
                                .plain = true,
                                .attempts = FEW,
                                .stall_seconds = 1,
                                .on_progress = on_progress,
                                .should_cancel = should_cancel,
                                .context = b};
  assert_int_equal(akin_hash_bytes(&b->hash, b->server.file, SERVER_SIZE, &ignored), AKIN_OK);
  if (what == KNOWN_SIZE) request.bytes = SERVER_SIZE;
  if (what == KNOWN_HASH) request.sha256 = &b->hash;
  if (what == KNOWN_PREFIX) {
    akin_hash_hex(hex, &b->hash);
    hex[8] = '\0';
    request.sha256_prefix = hex;
  }
  if (what == KNOWN_MD5) {
    char *copy = testing_path(b->folder, "copy");
    testing_write(copy, b->server.file, SERVER_SIZE);
    assert_int_equal(akin_hash_file_md5(md5, copy, &ignored), AKIN_OK);
    assert_int_equal(akin_file_remove(copy, &ignored), AKIN_OK);
    akin_free(copy);
    request.md5 = md5;
  }
  return akin_fetch(&request, err);
}

static void expect_whole(const bench *b) {
  size_t size = 0;
  char *bytes = testing_read(b->path, &size);
  assert_int_equal(size, SERVER_SIZE);
  assert_memory_equal(bytes, b->server.file, SERVER_SIZE);
  assert_false(akin_file_exists(b->part));
  akin_free(bytes);
}

static void expect_nothing(const bench *b, bool part) {
  assert_false(akin_file_exists(b->path));
  assert_int_equal(akin_file_exists(b->part), part);
}

#define WITH_SERVER(b, ...)                                                                                            \
  server_start(&(b)->server, (const server_behaviour[]){__VA_ARGS__},                                                  \
               sizeof(const server_behaviour[]){__VA_ARGS__} / sizeof(server_behaviour))

static void a_fair_server(void **state) {
  bench *b = *state;
  akin_error err;
  WITH_SERVER(b, SERVER_FAIR);
  for (known what = KNOWN_NOTHING; what <= KNOWN_MD5; what++) {
    testing_ok(fetch(b, what, &err), &err);
    expect_whole(b);
    assert_true(b->got > 0 && b->total == SERVER_SIZE);
    unlink(b->path);
  }
  assert_int_equal(b->server.connections, 5);
  server_stop(&b->server);
}

static void a_server_without_a_length(void **state) {
  bench *b = *state;
  akin_error err;
  WITH_SERVER(b, SERVER_SAYS_NONE);
  testing_ok(fetch(b, KNOWN_SIZE, &err), &err);
  expect_whole(b);
  server_stop(&b->server);
}

/* What has come stays; the next attempt asks for the rest alone. */
static void a_server_that_breaks_off_or_stalls(void **state) {
  bench *b = *state;
  akin_error err;
  WITH_SERVER(b, SERVER_CUTS_OFF, SERVER_STALLS, SERVER_FAIR);
  testing_ok(fetch(b, KNOWN_HASH, &err), &err);
  expect_whole(b);
  assert_int_equal(b->server.connections, 3);
  assert_int_equal(b->server.bytes, SERVER_SIZE);
  assert_string_equal(b->server.first_range, "bytes=25000-");
  server_stop(&b->server);
}

static void a_server_that_never_recovers(void **state) {
  bench *b = *state;
  akin_error err;
  WITH_SERVER(b, SERVER_CUTS_OFF, SERVER_TROUBLE);
  testing_expect(fetch(b, KNOWN_HASH, &err), AKIN_ERROR_IO, &err);
  testing_says(&err, "503");
  testing_says(&err, "after 3 attempts, with 25000 bytes there");
  expect_nothing(b, true);
  server_stop(&b->server);

  /* a later call goes on from there */
  WITH_SERVER(b, SERVER_FAIR);
  testing_ok(fetch(b, KNOWN_HASH, &err), &err);
  expect_whole(b);
  assert_int_equal(b->server.bytes, SERVER_SIZE / 2);
  server_stop(&b->server);
}

static void a_server_without_ranges(void **state) {
  bench *b = *state;
  akin_error err;
  WITH_SERVER(b, SERVER_CUTS_OFF, SERVER_NO_RANGES);
  testing_ok(fetch(b, KNOWN_HASH, &err), &err);
  expect_whole(b);
  server_stop(&b->server);
}

/* A part of another file is noticed when all is there, and everything fetched anew. */
static void a_part_of_another_file(void **state) {
  bench *b = *state;
  akin_error err;
  static char other[1000];
  WITH_SERVER(b, SERVER_FAIR);
  testing_write(b->part, other, sizeof other);
  testing_ok(fetch(b, KNOWN_HASH, &err), &err);
  expect_whole(b);
  assert_int_equal(b->server.connections, 2);
  server_stop(&b->server);
}

/* A part that is longer than the file: the server has no such range. */
static void a_part_that_is_too_long(void **state) {
  bench *b = *state;
  akin_error err;
  WITH_SERVER(b, SERVER_NO_RANGES);
  testing_write(b->part, b->server.file, SERVER_SIZE + 100);
  testing_ok(fetch(b, KNOWN_MD5, &err), &err);
  expect_whole(b);
  server_stop(&b->server);
}

static void lies_about_the_length(void **state) {
  bench *b = *state;
  akin_error err;
  WITH_SERVER(b, SERVER_SAYS_MORE);
  testing_expect(fetch(b, KNOWN_SIZE, &err), AKIN_ERROR_MISMATCH, &err);
  testing_says(&err, "offers 50100 bytes, the file that is wanted has 50000");
  expect_nothing(b, false);
  testing_expect(fetch(b, KNOWN_HASH, &err), AKIN_ERROR_IO, &err); /* it ends too early, again and again */
  expect_nothing(b, true);
  server_stop(&b->server);
  unlink(b->part);

  WITH_SERVER(b, SERVER_SAYS_LESS);
  testing_expect(fetch(b, KNOWN_HASH, &err), AKIN_ERROR_MISMATCH, &err);
  testing_says(&err, "its SHA-256 is ");
  expect_nothing(b, false);
  server_stop(&b->server);
}

static void another_file(void **state) {
  bench *b = *state;
  akin_error err;
  WITH_SERVER(b, SERVER_OTHER);
  testing_expect(fetch(b, KNOWN_HASH, &err), AKIN_ERROR_MISMATCH, &err);
  testing_says(&err, "not the file that is wanted: its SHA-256 is ");
  testing_expect(fetch(b, KNOWN_MD5, &err), AKIN_ERROR_MISMATCH, &err);
  testing_says(&err, "its MD5 is ");
  testing_expect(fetch(b, KNOWN_PREFIX, &err), AKIN_ERROR_MISMATCH, &err);
  testing_says(&err, "...");
  expect_nothing(b, false);
  server_stop(&b->server);
}

static void too_large(void **state) {
  bench *b = *state;
  akin_error err;
  char address[64];
  WITH_SERVER(b, SERVER_FAIR, SERVER_SAYS_NONE);
  snprintf(address, sizeof address, "http://127.0.0.1:%u/", b->server.port);
  const akin_fetch_request request = {
      .address = address, .path = b->path, .max_bytes = 49999, .plain = true, .attempts = 1, .stall_seconds = 1};
  for (int i = 0; i < 2; i++) {
    testing_expect(akin_fetch(&request, &err), AKIN_ERROR_LIMIT, &err);
    testing_says(&err, "49999");
    assert_false(akin_file_exists(b->path));
    unlink(b->part);
  }
  server_stop(&b->server);
}

static void a_server_that_has_nothing(void **state) {
  bench *b = *state;
  akin_error err;
  WITH_SERVER(b, SERVER_MISSING);
  testing_expect(fetch(b, KNOWN_HASH, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, "404");
  assert_int_equal(b->server.connections, 1);
  server_stop(&b->server);
}

static void a_server_that_leads_elsewhere(void **state) {
  bench *b = *state;
  akin_error err;
  WITH_SERVER(b, SERVER_TO_FILE, SERVER_IN_CIRCLES);
  testing_expect(fetch(b, KNOWN_NOTHING, &err), AKIN_ERROR_IO, &err);
  testing_says(&err, "leads to where akin does not follow");
  testing_expect(fetch(b, KNOWN_NOTHING, &err), AKIN_ERROR_IO, &err);
  assert_false(akin_file_exists(b->path));
  assert_true(b->server.connections < 10);
  server_stop(&b->server);
}

static void nobody_there(void **state) {
  bench *b = *state;
  akin_error err;
  WITH_SERVER(b, SERVER_FAIR);
  server_stop(&b->server);
  testing_expect(fetch(b, KNOWN_HASH, &err), AKIN_ERROR_IO, &err);
  testing_says(&err, "http://127.0.0.1:");
  assert_false(akin_file_exists(b->path));
}

static void other_addresses_are_refused(void **state) {
  bench *b = *state;
  akin_error err;
  static const char *const addresses[] = {"file:///etc/passwd", "ftp://127.0.0.1/a", "http://127.0.0.1/a", "weights.h5",
                                          ""};
  for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
    const akin_fetch_request request = {
        .address = addresses[i], .path = b->path, .max_bytes = 10, .attempts = 1, .stall_seconds = 1};
    testing_expect(akin_fetch(&request, &err), AKIN_ERROR_USAGE, &err);
  }
  expect_nothing(b, false);
}

static void a_stop_keeps_what_has_come(void **state) {
  bench *b = *state;
  akin_error err;
  WITH_SERVER(b, SERVER_STALLS, SERVER_FAIR);
  b->cancels = true;
  testing_expect(fetch(b, KNOWN_HASH, &err), AKIN_ERROR_CANCELLED, &err);
  assert_false(akin_file_exists(b->path));
  assert_true(akin_file_exists(b->part));
  b->cancels = false;
  testing_ok(fetch(b, KNOWN_HASH, &err), &err);
  expect_whole(b);
  server_stop(&b->server);
}

static void a_part_that_is_no_file_is_left_alone(void **state) {
  bench *b = *state;
  akin_error err;
  WITH_SERVER(b, SERVER_FAIR);
  assert_int_equal(mkfifo(b->part, 0600), 0);
  testing_expect(fetch(b, KNOWN_HASH, &err), AKIN_ERROR_IO, &err);
  testing_says(&err, "not a regular file");
  assert_true(akin_file_exists(b->part));
  server_stop(&b->server);
}

static void two_at_a_time(void **state) {
  bench *b = *state;
  akin_error err;
  int lock = -1;
  WITH_SERVER(b, SERVER_FAIR);
  testing_ok(akin_file_lock(&lock, b->part, &err), &err);
  testing_expect(fetch(b, KNOWN_HASH, &err), AKIN_ERROR_BUSY, &err);
  akin_file_unlock(lock);
  server_stop(&b->server);
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, bench_setup, bench_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {BENCH_TEST(a_fair_server),
                                     BENCH_TEST(a_server_without_a_length),
                                     BENCH_TEST(a_server_that_breaks_off_or_stalls),
                                     BENCH_TEST(a_server_that_never_recovers),
                                     BENCH_TEST(a_server_without_ranges),
                                     BENCH_TEST(a_part_of_another_file),
                                     BENCH_TEST(a_part_that_is_too_long),
                                     BENCH_TEST(lies_about_the_length),
                                     BENCH_TEST(another_file),
                                     BENCH_TEST(too_large),
                                     BENCH_TEST(a_server_that_has_nothing),
                                     BENCH_TEST(a_server_that_leads_elsewhere),
                                     BENCH_TEST(nobody_there),
                                     BENCH_TEST(other_addresses_are_refused),
                                     BENCH_TEST(a_stop_keeps_what_has_come),
                                     BENCH_TEST(a_part_that_is_no_file_is_left_alone),
                                     BENCH_TEST(two_at_a_time)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
