/* test_folder.c - imported models: listed, opened, found damaged, removed, exported. */
#include "unit/model/model_testing.h"

#include "model/folder.h"

#include <sys/stat.h>

static void expect_not_opened(const char *models, const char *name, akin_status want, const char *part) {
  akin_folder *folder = TESTING_POISON;
  akin_error err;
  testing_expect(akin_folder_open(&folder, models, name, &err), want, &err);
  assert_null(folder);
  testing_says(&err, part);
}

static void test_list(void **state) {
  char *models = testing_path(*state, "models"), **names = TESTING_POISON;
  size_t count = 99;
  akin_error err;
  testing_ok(akin_folder_list(&names, &count, models, &err), &err);
  assert_int_equal(count, 0); /* a folder that does not exist holds none */
  akin_free(names);
  testing_ok(import_as(models, TINY_WEIGHTS, TINY_CARD, "zebra", &err), &err);
  testing_ok(import_as(models, TINY_WEIGHTS, TINY_CARD, "ant", &err), &err);
  char *stray = testing_path(models, "notes");
  assert_int_equal(mkdir(stray, 0777), 0);
  testing_ok(akin_folder_list(&names, &count, models, &err), &err);
  assert_int_equal(count, 2);
  assert_string_equal(names[0], "ant");
  assert_string_equal(names[1], "zebra");
  for (size_t i = 0; i < count; i++)
    akin_free(names[i]);
  akin_free(names);
  akin_free(stray);
  akin_free(models);
}

static void test_opened(void **state) {
  akin_folder *folder = open_tiny(*state);
  uint64_t parameters = 0;
  assert_string_equal(akin_folder_card(folder)->name, "tiny");
  assert_true(akin_folder_disk_use(folder) > 200000);
  for (size_t i = 0; i < akin_folder_layer_count(folder); i++) {
    akin_layer_info info;
    akin_folder_layer(folder, i, &info);
    parameters += info.parameters;
    assert_true(info.rank == 3 || info.rank == 1);
  }
  assert_int_equal(parameters, akin_folder_parameters(folder));
  akin_layer_info input;
  akin_folder_layer(folder, 0, &input);
  assert_string_equal(input.kind, "InputLayer");
  assert_true(input.shape[0] == 42 && input.shape[1] == 50 && input.shape[2] == 3);
  akin_folder_close(folder);
}

static void test_pinned(void **state) {
  akin_folder *folder = open_tiny(*state);
  akin_hash pinned, file;
  akin_error err;
  testing_ok(akin_hash_file(&file, TINY_WEIGHTS, &err), &err);
  assert_true(akin_folder_pinned(&pinned, *state, "tiny", akin_folder_card(folder)));
  assert_true(akin_hash_equal(&pinned, &file));
  assert_false(akin_folder_pinned(&pinned, *state, "tiny", akin_card_builtin("vgg16"))); /* of another card */
  assert_false(akin_folder_pinned(&pinned, *state, "none", akin_folder_card(folder)));
  akin_folder_close(folder);
}

static void test_not_there(void **state) {
  expect_not_opened(*state, "efficientnet-lite0", AKIN_ERROR_NOT_FOUND,
                    "akin model import efficientnet-lite0-57934424.pth");
  expect_not_opened(*state, "nothing", AKIN_ERROR_NOT_FOUND, "no model 'nothing'");
  expect_not_opened(*state, "../../etc", AKIN_ERROR_NOT_FOUND, "no model '../../etc'");
  expect_not_opened(*state, "", AKIN_ERROR_NOT_FOUND, "no model ''");
  akin_error err;
  testing_expect(akin_folder_remove(*state, "nothing", &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_expect(akin_folder_remove(*state, "..", &err), AKIN_ERROR_NOT_FOUND, &err);
  char *stray = testing_path(*state, "notes"), *inside = testing_path(stray, "dear-diary");
  assert_int_equal(mkdir(stray, 0777), 0);
  testing_write_text(inside, "keep me");
  testing_expect(akin_folder_remove(*state, "notes", &err), AKIN_ERROR_NOT_FOUND, &err);
  assert_true(akin_file_exists(inside)); /* no model: not ours to remove */
  akin_free(inside);
  akin_free(stray);
}

/* Changes one byte in the middle, or takes bytes away. */
static void damage(const char *path, bool shorten) {
  size_t size = 0;
  char *bytes = testing_read(path, &size);
  bytes[size / 2] = (char)(bytes[size / 2] ^ 0x10);
  testing_write(path, bytes, shorten ? size - 1 : size);
  akin_free(bytes);
}

static void test_damaged(void **state) {
  static const char *const files[] = {"weights.bin", "model.onnx", "card.json"};
  akin_error err;
  for (size_t i = 0; i < 3; i++) {
    akin_folder *folder = open_tiny(*state);
    char *path = testing_path(akin_folder_path(folder), files[i]);
    damage(path, false);
    testing_expect(akin_folder_verify(folder, &err), AKIN_ERROR_MISMATCH, &err);
    testing_says(&err, files[i]);
    if (i == 1) {
      akin_cut cut;
      testing_expect(cut_at(&cut, folder, NULL, AKIN_POOL_AVERAGE, &err), AKIN_ERROR_MISMATCH, &err);
      testing_says(&err, "model.onnx");
    }
    akin_folder_close(folder);
    damage(path, true);
    expect_not_opened(*state, "tiny", AKIN_ERROR_MISMATCH, files[i]);
    assert_int_equal(unlink(path), 0);
    expect_not_opened(*state, "tiny", AKIN_ERROR_NOT_FOUND, files[i]);
    testing_ok(akin_folder_remove(*state, "tiny", &err), &err);
    akin_free(path);
  }
}

static void test_damaged_checksums(void **state) {
  static const struct {
    const char *text;
    akin_status status;
    const char *says;
  } texts[] = {
      {"", AKIN_ERROR_FORMAT, "checksums.json"},
      {"{}", AKIN_ERROR_FORMAT, "no \"format\""},
      {"{\"format\": 2}", AKIN_ERROR_UNSUPPORTED, "newer version"},
      {"{\"format\": 1, \"files\": []}", AKIN_ERROR_FORMAT, "lists 0 files"},
      {"{\"format\": 1, \"files\": [{\"name\": \"x\"}]}", AKIN_ERROR_FORMAT, "\"file\""},
      {"{\"format\": 1, \"files\": [1,2,3,4,5,6,7,8,9]}", AKIN_ERROR_FORMAT, "lists 9 files"},
  };
  akin_error err;
  akin_folder_close(open_tiny(*state));
  char *path = testing_path(*state, "tiny/" AKIN_RECORD_NAME), *sound = testing_read(path, NULL);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    testing_write_text(path, texts[i].text);
    expect_not_opened(*state, "tiny", texts[i].status, texts[i].says);
  }
  char *outside = replaced(sound, "\"name\": \"card.json\"", "\"name\": \"../../x\"");
  testing_write_text(path, outside);
  expect_not_opened(*state, "tiny", AKIN_ERROR_FORMAT, "\"name\"");
  testing_ok(akin_folder_remove(*state, "tiny", &err), &err);
  akin_free(outside);
  akin_free(sound);
  akin_free(path);
}

static void test_removed(void **state) {
  akin_error err;
  char *path = testing_path(*state, "tiny");
  akin_folder_close(open_tiny(*state));
  testing_ok(akin_folder_remove(*state, "tiny", &err), &err);
  assert_false(akin_file_exists(path));
  testing_expect(akin_folder_remove(*state, "tiny", &err), AKIN_ERROR_NOT_FOUND, &err);
  akin_free(path);
}

/* Exports and returns the file's size. What is in it is judged by onnx.checker and ONNX Runtime: tests/parity. */
static size_t export_size(const akin_folder *folder, const char *path, bool whole) {
  akin_cut cut;
  akin_error err;
  size_t size = 0;
  testing_ok(cut_at(&cut, folder, NULL, AKIN_POOL_AVERAGE, &err), &err);
  testing_ok(akin_folder_export(folder, path, &cut, whole, &err), &err);
  char *bytes = testing_read(path, &size);
  assert_non_null(memmem(bytes, size, "50x42 bilinear", 14));
  assert_non_null(memmem(bytes, size, cut.fingerprint, 64));
  assert_null(memmem(bytes, size, "weights.bin", 11));
  akin_free(bytes);
  akin_cut_clear(&cut);
  return size;
}

static void test_exported(void **state) {
  char *path = testing_path(*state, "out.onnx"), *weights = NULL;
  akin_error err;
  akin_folder *folder = open_tiny(*state);
  const size_t cut_size = export_size(folder, path, false), whole_size = export_size(folder, path, true);
  assert_true(whole_size > cut_size + 1280 * 10 * 4); /* the last layer's weights */
  akin_cut cut;
  testing_ok(cut_at(&cut, folder, NULL, AKIN_POOL_AVERAGE, &err), &err);
  testing_expect(akin_folder_export(folder, "/nonexistent/out.onnx", &cut, true, &err), AKIN_ERROR_NOT_FOUND, &err);
  weights = testing_path(akin_folder_path(folder), "weights.bin");
  assert_int_equal(truncate(weights, 1000), 0);
  testing_expect(akin_folder_export(folder, path, &cut, true, &err), AKIN_ERROR_FORMAT, &err);
  testing_says(&err, "is not in the 1000 bytes of weights");
  akin_cut_clear(&cut);
  akin_folder_close(folder);
  akin_free(weights);
  akin_free(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, testing_setup, testing_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_list),      TEST(test_opened),   TEST(test_pinned),
      TEST(test_not_there), TEST(test_damaged),  TEST(test_damaged_checksums),
      TEST(test_removed),   TEST(test_exported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
