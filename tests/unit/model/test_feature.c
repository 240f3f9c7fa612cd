/* test_feature.c - which layer is the feature: by the rule, by name, counted from the end. */
#include "unit/model/model_testing.h"

#include "model/builder.h"
#include "model/feature.h"
#include "model/name.h"

static const akin_convolution one_by_one = {
    .filters = 8, .kernel = {1, 1}, .strides = {1, 1}, .padding = AKIN_PADDING_SAME, .bias = true};
static const akin_convolution three_by_three = {
    .filters = 8, .kernel = {3, 3}, .strides = {1, 1}, .padding = AKIN_PADDING_SAME, .bias = true};

static void expect_found(const akin_layers *layers, const char *wanted, const char *name, const char *rule) {
  size_t layer = 999;
  char *says = TESTING_POISON;
  akin_error err;
  testing_ok(akin_feature_find(&layer, &says, layers, wanted, "the card", &err), &err);
  assert_string_equal(layers->at[layer].name, name);
  if (!strstr(says, rule)) fail_msg("the rule is: %s", says);
  akin_free(says);
}

static void test_dense_head(void **state) {
  (void)state;
  akin_layers layers = AKIN_LAYERS_INIT;
  akin_builder builder = {&layers, NULL, AKIN_OK}, *b = &builder;
  size_t x = akin_builder_conv2d(b, akin_builder_input(b, 8, 8), "conv", &three_by_three, "conv");
  x = akin_builder_global_average_pooling2d(b, x, "pool");
  x = akin_builder_dropout(b, x, "drop");
  x = akin_builder_dense(b, x, "fc1", 16, "fc1");
  x = akin_builder_dropout(b, x, "drop1");
  x = akin_builder_dense(b, x, "scores", 10, "scores");
  akin_builder_dropout(b, x, "drop2"); /* of no effect behind the head either */
  assert_int_equal(b->status, AKIN_OK);
  expect_found(&layers, NULL, "fc1", "the input of the last dense layer 'scores'");
  expect_found(&layers, "-1", "scores", "layer -1, named by the card");
  expect_found(&layers, "-3", "fc1", "layer -3"); /* drop1 has the same values */
  expect_found(&layers, "-8", "input", "layer -8");
  expect_found(&layers, "drop", "pool", "layer drop");
  akin_layers_free(&layers);
}

static void test_convolution_head(void **state) {
  (void)state;
  akin_layers layers = AKIN_LAYERS_INIT;
  akin_builder builder = {&layers, NULL, AKIN_OK}, *b = &builder;
  size_t x = akin_builder_conv2d(b, akin_builder_input(b, 8, 8), "conv", &three_by_three, "conv");
  akin_builder_conv2d(b, x, "logits", &one_by_one, "logits");
  assert_int_equal(b->status, AKIN_OK);
  expect_found(&layers, NULL, "conv", "the input of the last 1×1 convolution layer 'logits'");
  akin_layers_free(&layers);
}

/* MobileNet's: class scores of a map of one place, given another shape and made probabilities. */
static void test_scores_in_other_forms(void **state) {
  (void)state;
  akin_layers layers = AKIN_LAYERS_INIT;
  akin_builder builder = {&layers, NULL, AKIN_OK}, *b = &builder;
  size_t x = akin_builder_global_average_pooling2d_map(b, akin_builder_input(b, 8, 8), "pool");
  x = akin_builder_dropout(b, x, "drop");
  x = akin_builder_conv2d(b, x, "logits", &one_by_one, NULL);
  x = akin_builder_reshape(b, x, "reshape", &(akin_shape){1, {8}});
  akin_builder_activation(b, x, "softmax", AKIN_ACTIVATION_SOFTMAX);
  assert_int_equal(b->status, AKIN_OK);
  expect_found(&layers, NULL, "pool", "the input of the last 1×1 convolution layer 'logits'");
  akin_layers_free(&layers);
  builder = (akin_builder){&layers, NULL, AKIN_OK};
  x = akin_builder_flatten(b, akin_builder_input(b, 8, 8), "flatten");
  akin_builder_activation(b, x, "softmax", AKIN_ACTIVATION_SOFTMAX);
  assert_int_equal(b->status, AKIN_OK);
  expect_found(&layers, NULL, "softmax", "the output, layer 'softmax'");
  akin_layers_free(&layers);
}

static void test_no_head(void **state) {
  (void)state;
  akin_layers layers = AKIN_LAYERS_INIT;
  akin_builder builder = {&layers, NULL, AKIN_OK}, *b = &builder;
  size_t x = akin_builder_conv2d(b, akin_builder_input(b, 8, 8), "conv", &three_by_three, "conv");
  akin_builder_dropout(b, x, "drop");
  assert_int_equal(b->status, AKIN_OK);
  expect_found(&layers, NULL, "conv", "the output, layer 'conv'");
  akin_layers_free(&layers);
}

static void expect_not_found(const akin_layers *layers, const char *wanted, const char *part) {
  size_t layer = 999;
  char *rule = NULL;
  akin_error err;
  testing_expect(akin_feature_find(&layer, &rule, layers, wanted, "the caller", &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, part);
}

static void test_unknown(void **state) {
  (void)state;
  akin_layers layers = AKIN_LAYERS_INIT;
  akin_builder builder = {&layers, NULL, AKIN_OK}, *b = &builder;
  size_t x = akin_builder_relu(b, akin_builder_input(b, 8, 8), "top_activation", 6);
  akin_builder_global_average_pooling2d(b, x, "avg_pool");
  assert_int_equal(b->status, AKIN_OK);
  expect_not_found(&layers, "avgpool", "the nearest name is 'avg_pool'");
  expect_not_found(&layers, "Top_Activation", "the nearest name is 'top_activation'");
  expect_not_found(&layers, "", "the nearest name is");
  expect_not_found(&layers, "-4", "there are 3");
  expect_not_found(&layers, "-0", "there are 3");
  expect_not_found(&layers, "-1x", "there are 3");
  expect_not_found(&layers, "-18446744073709551615", "there are 3");
  char longest[300];
  memset(longest, 'x', sizeof longest - 1);
  longest[sizeof longest - 1] = '\0';
  expect_not_found(&layers, longest, "no layer 'xxx");
  akin_layers_free(&layers);
}

static void test_distance(void **state) {
  (void)state;
  assert_int_equal(akin_name_distance("kitten", "sitting", 99), 3);
  assert_int_equal(akin_name_distance("", "abc", 99), 3);
  assert_int_equal(akin_name_distance("abc", "abc", 99), 0);
  assert_int_equal(akin_name_distance("ab", "ba", 99), 2);
  assert_int_equal(akin_name_distance("abcdef", "uvwxyz", 3), 4);
}

static void test_names(void **state) {
  (void)state;
  static const char *const right[] = {"tiny", "efficientnet-lite0", "a", "0", "resnet50_v2.1"};
  static const char *const wrong[] = {"", ".", "..", "-a", "_a", ".hidden", "a/b", "A", "a b", "é", "../a"};
  for (size_t i = 0; i < sizeof right / sizeof *right; i++)
    assert_true(akin_name_valid(right[i]));
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_false(akin_name_valid(wrong[i]));
  char longest[66] = "";
  memset(longest, 'a', 65);
  assert_false(akin_name_valid(longest));
  longest[64] = '\0';
  assert_true(akin_name_valid(longest));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_dense_head),
      cmocka_unit_test(test_convolution_head),
      cmocka_unit_test(test_scores_in_other_forms),
      cmocka_unit_test(test_no_head),
      cmocka_unit_test(test_unknown),
      cmocka_unit_test(test_distance),
      cmocka_unit_test(test_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
