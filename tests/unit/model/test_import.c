/* test_import.c - importing: everything or nothing, and one clear line for each thing that does not fit. */
#include "unit/model/model_testing.h"

#include "model/folder.h"

#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* How many entries a folder has, hidden ones included, the lock left out; 0 when there is no such folder. */
static size_t count_entries(const char *path) {
  size_t count = 0;
  DIR *folder = opendir(path);
  for (struct dirent *entry = folder ? readdir(folder) : NULL; entry; entry = readdir(folder))
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && strcmp(entry->d_name, ".lock") != 0)
      count++;
  if (folder) closedir(folder);
  return count;
}

static void test_both_layouts(void **state) {
  char *models = testing_path(*state, "models"), *first = NULL, *second = NULL;
  akin_folder *folder = NULL;
  akin_error err;
  testing_ok(import_as(models, AKIN_TEST_MODELS "/tiny.pth", TINY_CARD, NULL, &err), &err);
  testing_ok(import_as(models, AKIN_TEST_MODELS "/tiny_zip.pth", TINY_CARD, "tiny-zip", &err), &err);
  size_t sizes[2] = {0};
  for (int i = 0; i < 2; i++) {
    char *path = testing_path(models, i ? "tiny-zip/weights.bin" : "tiny/weights.bin");
    *(i ? &second : &first) = testing_read(path, &sizes[i]);
    akin_free(path);
  }
  assert_int_equal(sizes[0], sizes[1]);
  assert_memory_equal(first, second, sizes[0]);
  testing_ok(akin_folder_open(&folder, models, "tiny", &err), &err);
  assert_string_equal(akin_folder_name(folder), "tiny");
  assert_int_equal(count_entries(akin_folder_path(folder)), 5);
  akin_hash hash;
  testing_ok(akin_hash_file(&hash, TINY_WEIGHTS, &err), &err);
  assert_true(akin_hash_equal(&hash, akin_folder_weights_hash(folder)));
  testing_ok(akin_folder_verify(folder, &err), &err);
  akin_folder_close(folder);
  akin_free(first);
  akin_free(second);
  akin_free(models);
}

static void test_card_by_hash(void **state) {
  akin_error err;
  testing_expect(import_as(*state, TINY_WEIGHTS, NULL, NULL, &err), AKIN_ERROR_UNSUPPORTED, &err);
  testing_says(&err, "tiny.pth: no card knows this file (SHA-256 ");
  testing_says(&err, "--card");
  testing_expect(import_as(*state, TINY_WEIGHTS, "tiny", NULL, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, "no card 'tiny'");
  testing_expect(import_as(*state, TINY_WEIGHTS, "/nonexistent/card.json", NULL, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_expect(import_as(*state, TINY_CARD, NULL, NULL, &err), AKIN_ERROR_UNSUPPORTED, &err);
  testing_says(&err, "tiny.json: not a weights file");
  testing_expect(import_as(*state, "/nonexistent/x.pth", TINY_CARD, NULL, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, "/nonexistent/x.pth");
  assert_int_equal(count_entries(*state), 0);
}

static void expect_refused(const char *folder, const char *weights, const char *card, akin_status want,
                           const char *first, const char *second) {
  char *models = testing_path(folder, "models");
  akin_error err;
  testing_expect(import_as(models, weights, card, NULL, &err), want, &err);
  testing_says(&err, first);
  testing_says(&err, second);
  assert_int_equal(count_entries(models), 0);
  akin_free(models);
}

static void expect_card_refused(const char *folder, const char *from, const char *to, const char *first,
                                const char *second) {
  char *card = changed_card(folder, "card.json", from, to);
  expect_refused(folder, TINY_WEIGHTS, card, AKIN_ERROR_MISMATCH, first, second);
  akin_free(card);
}

static void test_weights_that_do_not_fit(void **state) {
  expect_card_refused(*state, "\"classes\": 10", "\"classes\": 11",
                      "layer predictions: its kernel, tensor '_fc.weight'",
                      "must be [11, 1280], the file has [10, 1280]");
  expect_card_refused(*state, "\"width_factor\": 0.05", "\"width_factor\": 0.6",
                      "layer block1a_project_conv: its kernel", "must be [16, 32, 1, 1], the file has [8, 32, 1, 1]");
  expect_card_refused(*state, "\"depth_factor\": 0.3", "\"depth_factor\": 0.9", "tensor '_blocks.",
                      "does not fit card tiny");
  char *missing = changed_weights(*state, "missing.pth", "_fc.bias", "_fc.bios", 8);
  expect_refused(*state, missing, TINY_CARD, AKIN_ERROR_MISMATCH,
                 "layer predictions: its bias, tensor '_fc.bias' of shape [10]", "is not in the file");
  char *left_over = changed_weights(*state, "left.pth", "_bn0.num_batches_tracked", "_bn0.num_batches_trackeR", 24);
  expect_refused(*state, left_over, TINY_CARD, AKIN_ERROR_MISMATCH,
                 "1 tensors belong to no layer: '_bn0.num_batches_trackeR'", "left.pth: does not fit card tiny");
  akin_free(left_over);
  akin_free(missing);
}

/* The last number in the file is the last class's bias. */
static void test_wrong_numbers(void **state) {
  const float spoiled[] = {NAN, INFINITY, -INFINITY};
  for (int i = 0; i < 3; i++) {
    size_t size = 0;
    char *path = testing_path(*state, "spoiled.pth"), *bytes = testing_read(TINY_WEIGHTS, &size);
    memcpy(bytes + size - 4, &spoiled[i], 4);
    testing_write(path, bytes, size);
    expect_refused(*state, path, TINY_CARD, AKIN_ERROR_FORMAT, "layer predictions: its bias, tensor '_fc.bias'",
                   i ? "infinite" : "NaN");
    akin_free(bytes);
    akin_free(path);
  }
}

static void test_damaged_file(void **state) {
  size_t size = 0;
  char *path = testing_path(*state, "cut.pth"), *bytes = testing_read(TINY_WEIGHTS, &size);
  for (size_t n = 0; n < size; n += size / 23) {
    testing_write(path, bytes, n);
    akin_error err;
    akin_status status = import_as(*state, path, TINY_CARD, NULL, &err);
    assert_true(status == AKIN_ERROR_FORMAT || status == AKIN_ERROR_UNSUPPORTED);
    testing_says(&err, "cut.pth: ");
  }
  assert_int_equal(count_entries(*state), 1);
  akin_free(bytes);
  akin_free(path);
}

static void test_names(void **state) {
  static const char *const wrong[] = {"..", "a/b", "", ".import", "Tiny", "-x"};
  akin_error err;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    testing_expect(import_as(*state, TINY_WEIGHTS, TINY_CARD, wrong[i], &err), AKIN_ERROR_USAGE, &err);
    testing_says(&err, "cannot be a model's name");
  }
  testing_ok(import_as(*state, TINY_WEIGHTS, TINY_CARD, "one", &err), &err);
  testing_expect(import_as(*state, TINY_WEIGHTS, TINY_CARD, "one", &err), AKIN_ERROR_REFUSED, &err);
  testing_says(&err, "--name");
  testing_ok(import_as(*state, TINY_WEIGHTS, TINY_CARD, "two", &err), &err);
  assert_int_equal(count_entries(*state), 2);
}

static void test_replace(void **state) {
  char *card = changed_card(*state, "other.json", "\"mirror\": false", "\"mirror\": true");
  char *models = testing_path(*state, "models"), *name = NULL;
  const akin_import_request request = {
      .models_folder = models, .weights_path = AKIN_TEST_MODELS "/tiny_zip.pth", .card = card, .replace = true};
  akin_folder *folder = NULL, *older = NULL;
  akin_error err;
  testing_ok(import_as(models, TINY_WEIGHTS, TINY_CARD, NULL, &err), &err);
  testing_ok(akin_folder_open(&older, models, "tiny", &err), &err);
  testing_ok(akin_model_import(&name, &request, &err), &err);
  assert_string_equal(name, "tiny");
  testing_ok(akin_folder_open(&folder, models, "tiny", &err), &err);
  assert_true(akin_folder_card(folder)->mirror);
  assert_false(akin_folder_card(older)->mirror);
  assert_false(akin_hash_equal(akin_folder_weights_hash(folder), akin_folder_weights_hash(older)));
  assert_int_equal(count_entries(models), 1);
  akin_folder_close(older);
  akin_folder_close(folder);
  akin_free(name);
  akin_free(models);
  akin_free(card);
}

static void test_one_at_a_time(void **state) {
  char *path = testing_path(*state, AKIN_FOLDER_LOCK);
  int lock = -1;
  akin_error err;
  testing_ok(akin_file_lock(&lock, path, &err), &err);
  testing_expect(import_as(*state, TINY_WEIGHTS, TINY_CARD, NULL, &err), AKIN_ERROR_BUSY, &err);
  testing_says(&err, "another import");
  akin_file_unlock(lock);
  testing_ok(import_as(*state, TINY_WEIGHTS, TINY_CARD, NULL, &err), &err);
  akin_free(path);
}

/* What a killed process left is no model, and goes with the next import. */
static void test_leftovers(void **state) {
  char *left = testing_path(*state, AKIN_FOLDER_IMPORT), *inside = testing_path(left, "weights.bin");
  char **names = TESTING_POISON;
  size_t count = 99;
  akin_error err;
  assert_int_equal(mkdir(left, 0777), 0);
  testing_write_text(inside, "half");
  testing_ok(akin_folder_list(&names, &count, *state, &err), &err);
  assert_int_equal(count, 0);
  akin_free(names);
  testing_ok(import_as(*state, TINY_WEIGHTS, TINY_CARD, NULL, &err), &err);
  assert_int_equal(count_entries(*state), 1);
  akin_free(inside);
  akin_free(left);
}

/* A limit on the size of files stands for a full disk: the write fails in the middle. */
static void test_write_that_fails(void **state) {
  char *models = testing_path(*state, "models");
  struct rlimit before, small;
  akin_error err;
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  small = (struct rlimit){100000, before.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  akin_status status = import_as(models, TINY_WEIGHTS, TINY_CARD, NULL, &err);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  testing_expect(status, AKIN_ERROR_IO, &err);
  testing_says(&err, "weights.bin");
  assert_int_equal(count_entries(models), 0);
  akin_free(models);
}

/* Some hundreds of allocations: every seventh, and the first and last ones. */
static void test_no_memory(void **state) {
  char *models = testing_path(*state, "models");
  uint64_t failed = 0;
  for (uint64_t nth = 1;; nth += nth < 40 ? 1 : 41) {
    akin_error err;
    akin_memory_fail_at(nth, true);
    akin_status status = import_as(models, TINY_WEIGHTS, TINY_CARD, NULL, &err);
    const bool reached = akin_memory_count() >= nth;
    akin_memory_fail_at(0, true);
    if (status == AKIN_OK && !reached) break;
    if (status == AKIN_OK) { /* an allocation that may fail: the models are as they should be */
      testing_ok(akin_folder_remove(models, "tiny", &err), &err);
      continue;
    }
    testing_expect(status, AKIN_ERROR_MEMORY, &err);
    assert_int_equal(count_entries(models), 0);
    failed++;
  }
  assert_true(failed > 30);
  akin_free(models);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, testing_setup, testing_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_both_layouts),     TEST(test_card_by_hash),  TEST(test_weights_that_do_not_fit),
      TEST(test_wrong_numbers),    TEST(test_damaged_file),  TEST(test_names),
      TEST(test_replace),          TEST(test_one_at_a_time), TEST(test_leftovers),
      TEST(test_write_that_fails), TEST(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
