/*
 * test_import_keras.c - whole models of Keras from file to folder: every form gives the same numbers, and a file that
 * is damaged, cut short or has a number that is none leaves nothing behind.
 */
#include "unit/model/model_testing.h"

#define KERAS_DATA AKIN_TEST_DATA "/keras/"

static akin_status import_shop(const char *models, const char *weights, akin_error *err) {
  const akin_import_request request = {
      .models_folder = models, .weights_path = weights, .name = "shop", .replace = true};
  char *given = TESTING_POISON;
  const akin_status status = akin_model_import(&given, &request, err);
  if (status == AKIN_OK)
    assert_string_equal(given, "shop");
  else
    assert_null(given);
  akin_free(given);
  return status;
}

static void test_forms_agree(void **state) {
  static const char *const files[] = {"shop.h5", "shop_parts.h5", "shop.keras", "shop_2.h5", "shop_2.keras"};
  char *numbers = testing_path(*state, "shop/weights.bin"), *first = NULL;
  size_t size = 0;
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    akin_error err;
    char *path = testing_path(KERAS_DATA, files[i]);
    testing_ok(import_shop(*state, path, &err), &err);
    size_t now = 0;
    char *bytes = testing_read(numbers, &now);
    if (first) {
      assert_int_equal(now, size);
      assert_memory_equal(bytes, first, size);
    }
    size = now;
    akin_free(first);
    first = bytes;
    akin_free(path);
  }
  assert_true(size > 0);
  akin_free(first);
  akin_free(numbers);
}

/* Under a card of torchvision's, whose networks differ in what no shape shows. */
static void test_not_for_torchvision(void **state) {
  akin_error err;
  char *given = TESTING_POISON;
  const akin_import_request request = {
      .models_folder = *state, .weights_path = KERAS_DATA "shop.h5", .card = "vgg16-torchvision", .name = "net"};
  testing_expect(akin_model_import(&given, &request, &err), AKIN_ERROR_MISMATCH, &err);
  testing_says(&err, "this is a file of Keras");
  assert_null(given);
}

/* Nothing is in the folder of models but the lock. */
static void expect_nothing(const char *models) {
  char *lock = testing_path(models, ".lock");
  assert_true(testing_names_in(models) == (akin_file_exists(lock) ? 1 : 0));
  akin_free(lock);
}

static void expect_refused(const char *models, const char *file, akin_status status, const char *const *parts) {
  akin_error err;
  char *path = testing_path(KERAS_DATA, file);
  testing_expect(import_shop(models, path, &err), status, &err);
  for (; *parts; parts++)
    testing_says(&err, *parts);
  expect_nothing(models);
  akin_free(path);
}

static void test_wrong_numbers(void **state) {
  expect_refused(*state, "bad_nan.keras", AKIN_ERROR_FORMAT,
                 (const char *const[]){"bad_nan.keras: layer first: its bias", "layers/dense/vars/1", "NaN", NULL});
  expect_refused(*state, "bad_infinite.keras", AKIN_ERROR_FORMAT,
                 (const char *const[]){"bad_infinite.keras: layer first: its bias", "infinite", NULL});
}

static void test_weights_alone(void **state) {
  expect_refused(*state, "shop.weights.h5", AKIN_ERROR_UNSUPPORTED, (const char *const[]){"--card", NULL});
}

/* One bit anywhere: of an archive it is always noticed, for its entries have checksums. */
static void test_flipped_archive(void **state) {
  size_t size = 0;
  char *path = testing_path(*state, "flipped.keras"), *bytes = testing_read(KERAS_DATA "shop.keras", &size);
  char *models = testing_path(*state, "models");
  for (size_t at = 3; at < size; at += size / 60) {
    akin_error err;
    bytes[at] = (char)(bytes[at] ^ 4);
    testing_write(path, bytes, size);
    const akin_status status = import_shop(models, path, &err);
    if (status == AKIN_OK) { /* a date, or what an entry may be opened with */
      testing_ok(akin_folder_remove(models, "shop", &err), &err);
      assert_true(at < 200 || at > size - 300);
    }
    bytes[at] = (char)(bytes[at] ^ 4);
  }
  akin_free(bytes);
  akin_free(path);
  akin_free(models);
}

static void test_cut_short(void **state) {
  static const char *const files[] = {"shop.h5", "shop_2.keras"};
  char *models = testing_path(*state, "models"), *path = testing_path(*state, "cut.h5");
  akin_error err;
  testing_ok(akin_path_create_folder(models, false, &err), &err);
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    size_t size = 0;
    char *whole = testing_path(KERAS_DATA, files[i]), *bytes = testing_read(whole, &size);
    for (size_t n = 0; n < size; n += 1 + size / 20) {
      testing_write(path, bytes, n);
      const akin_status status = import_shop(models, path, &err);
      assert_true(status == AKIN_ERROR_FORMAT || status == AKIN_ERROR_UNSUPPORTED);
      testing_says(&err, "cut.h5: ");
      expect_nothing(models);
    }
    akin_free(bytes);
    akin_free(whole);
  }
  akin_free(path);
  akin_free(models);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_forms_agree, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_not_for_torchvision, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_wrong_numbers, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_weights_alone, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_flipped_archive, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_cut_short, testing_setup, testing_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
