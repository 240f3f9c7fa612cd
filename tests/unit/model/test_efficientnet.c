/*
 * test_efficientnet.c - which of Keras' two EfficientNets a user's own weights are for, on files that Keras wrote of
 * the first layers of each (tests/data/keras, pixels_*).
 */
#include "unit/testing.h"

#include "model/families/efficientnet.h"

static const char *family_of(const char *file) {
  akin_tensors *tensors = NULL;
  akin_error err;
  const char *family = TESTING_POISON;
  char path[256];
  snprintf(path, sizeof path, "%s/keras/%s", AKIN_TEST_DATA, file);
  testing_ok(akin_tensors_open(&tensors, path, &err), &err);
  testing_ok(akin_efficientnet_family_of(&family, tensors, &err), &err);
  akin_tensors_free(tensors);
  return family;
}

static void test_listed_layers_tell(void **state) {
  (void)state;
  assert_string_equal(family_of("pixels_official.h5"), "efficientnet");
  assert_string_equal(family_of("pixels_plain.h5"), "efficientnet-plain");
  assert_string_equal(family_of("pixels_adapted.h5"), "efficientnet-plain");
  assert_string_equal(family_of("pixels_official.weights.h5"), "efficientnet");
  assert_string_equal(family_of("pixels_plain.weights.h5"), "efficientnet-plain");
  assert_string_equal(family_of("pixels_adapted.weights.h5"), "efficientnet-plain");
}

/* What nobody can tell apart, an adapted network, is taken for the official one. */
static void test_else_numbers_tell(void **state) {
  (void)state;
  assert_string_equal(family_of("pixels_official_bare.weights.h5"), "efficientnet");
  assert_string_equal(family_of("pixels_plain_bare.weights.h5"), "efficientnet-plain");
  assert_string_equal(family_of("pixels_adapted_bare.weights.h5"), "efficientnet");
}

static void test_other_files(void **state) {
  (void)state;
  assert_string_equal(family_of("many.weights.h5"), "efficientnet");
  assert_string_equal(family_of("shifted.h5"), "efficientnet");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_listed_layers_tell),
                                     cmocka_unit_test(test_else_numbers_tell), cmocka_unit_test(test_other_files)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
