/* test_layers.c - shapes, paddings and weights of layers, and the networks of the family EfficientNet-Lite. */
#include "unit/model/model_testing.h"

#include "model/builder.h"
#include "model/families/families.h"
#include "weights/tensors.h"

/* TensorFlow's SAME, worked out by hand. */
static void test_padding(void **state) {
  (void)state;
  static const struct {
    uint32_t size, kernel, stride, before, after;
  } cases[] = {
      {224, 3, 2, 0, 1}, {112, 5, 2, 1, 2}, {15, 3, 2, 1, 1}, {65, 5, 2, 2, 2}, {65, 3, 2, 1, 1}, {7, 3, 1, 1, 1},
      {7, 5, 1, 2, 2},   {7, 1, 1, 0, 0},   {7, 1, 2, 0, 0},  {1, 3, 2, 1, 1},  {2, 3, 2, 0, 1},  {1, 5, 1, 2, 2},
      {5, 2, 1, 0, 1},   {9, 3, 3, 0, 0},   {10, 3, 3, 1, 1}, {10, 2, 3, 0, 1}, {8, 2, 4, 0, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    uint32_t before = 99, after = 99;
    akin_padding_of(&before, &after, AKIN_PADDING_SAME, cases[i].size, cases[i].kernel, cases[i].stride);
    if (before != cases[i].before || after != cases[i].after) {
      fail_msg("size %u, kernel %u, stride %u: %u and %u", cases[i].size, cases[i].kernel, cases[i].stride, before,
               after);
    }
    akin_padding_of(&before, &after, AKIN_PADDING_VALID, cases[i].size, cases[i].kernel, cases[i].stride);
    assert_true(before == 0 && after == 0);
  }
}

static void expect_shape(const akin_layers *layers, const char *name, uint32_t rank, uint32_t a, uint32_t b,
                         uint32_t c) {
  const size_t index = akin_layers_find(layers, name);
  if (index == layers->count) fail_msg("no layer %s", name);
  const akin_shape *shape = &layers->at[index].shape;
  if (shape->rank != rank || shape->size[0] != a || shape->size[1] != b || shape->size[2] != c)
    fail_msg("%s: rank %u, %u %u %u", name, shape->rank, shape->size[0], shape->size[1], shape->size[2]);
}

static void test_kinds(void **state) {
  (void)state;
  akin_layers layers = AKIN_LAYERS_INIT;
  akin_error err;
  akin_builder builder = {&layers, &err, AKIN_OK}, *b = &builder;
  const akin_convolution same = {
      .filters = 8, .kernel = {3, 5}, .strides = {2, 1}, .padding = AKIN_PADDING_SAME, .bias = true};
  const akin_convolution valid = {
      .filters = 4, .kernel = {3, 5}, .strides = {2, 3}, .padding = AKIN_PADDING_VALID, .bias = false};
  size_t x = akin_builder_input(b, 9, 20);
  x = akin_builder_conv2d(b, x, "same", &same, "same");
  x = akin_builder_depthwise_conv2d(b, x, "depthwise", &valid, "depthwise");
  x = akin_builder_batch_normalization(b, x, "bn", 1e-3, "bn");
  x = akin_builder_global_average_pooling2d(b, x, "pool");
  akin_builder_dense(b, x, "dense", 3, "dense");
  testing_ok(b->status, &err);
  expect_shape(&layers, "input", 3, 9, 20, 3);
  expect_shape(&layers, "same", 3, 5, 20, 8);
  expect_shape(&layers, "depthwise", 3, 2, 6, 8);
  expect_shape(&layers, "pool", 1, 8, 0, 0);
  expect_shape(&layers, "dense", 1, 3, 0, 0);
  const akin_layer *conv = &layers.at[1];
  assert_int_equal(conv->weight_count, 2);
  assert_string_equal(conv->weights[0].tensor, "same.weight");
  assert_memory_equal(conv->weights[0].shape, ((const uint32_t[]){3, 5, 3, 8}), 16); /* Keras' order */
  assert_string_equal(conv->weights[1].tensor, "same.bias");
  assert_int_equal(akin_layer_parameters(conv), 3 * 5 * 3 * 8 + 8);
  assert_int_equal(akin_layer_parameters(&layers.at[2]), 3 * 5 * 8);
  assert_string_equal(layers.at[3].weights[3].tensor, "bn.running_var");
  assert_string_equal(akin_weight_role_name(layers.at[3].weights[2].role), "moving_mean");
  assert_int_equal(akin_layer_parameters(&layers.at[5]), 8 * 3 + 3);
  akin_layers_free(&layers);
}

/* Each would be one layer too many. */
static void test_misfits(void **state) {
  (void)state;
  for (int misfit = 0; misfit < 6; misfit++) {
    akin_layers layers = AKIN_LAYERS_INIT;
    akin_error err;
    akin_builder builder = {&layers, &err, AKIN_OK}, *b = &builder;
    const akin_convolution large = {
        .filters = 8, .kernel = {9, 9}, .strides = {1, 1}, .padding = AKIN_PADDING_VALID, .bias = false};
    const akin_convolution none = {
        .filters = 0, .kernel = {1, 1}, .strides = {1, 1}, .padding = AKIN_PADDING_SAME, .bias = false};
    const size_t x = akin_builder_input(b, 8, 8), pooled = akin_builder_global_average_pooling2d(b, x, "pool");
    if (misfit == 0) akin_builder_conv2d(b, x, "large", &large, "m");
    if (misfit == 1) akin_builder_conv2d(b, x, "none", &none, "m");
    if (misfit == 2) akin_builder_concatenate(b, (const size_t[]){x, pooled}, 2, "concatenate");
    if (misfit == 3) akin_builder_dense(b, pooled, "dense", 0, "m");
    if (misfit == 4) akin_builder_global_average_pooling2d(b, pooled, "again");
    if (misfit == 5) akin_builder_relu(b, x, "pool", 0); /* the name is taken */
    testing_expect(b->status, AKIN_ERROR_FORMAT, &err);
    assert_int_equal(layers.count, 2);
    akin_builder_relu(b, x, "after", 0); /* nothing happens after a failure */
    assert_int_equal(layers.count, 2);
    akin_layers_free(&layers);
  }
}

static uint64_t parameters_of(const akin_layers *layers) {
  uint64_t total = 0;
  for (size_t i = 0; i < layers->count; i++)
    total += akin_layer_parameters(&layers->at[i]);
  return total;
}

/* Parameters with the moving statistics, as the published checkpoints have them. */
static void test_family(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint32_t blocks;
    uint64_t parameters;
    uint32_t head, channels;
  } networks[] = {{"efficientnet-lite0", 16, 4694024, 7, 320},
                  {"efficientnet-lite1", 21, 5470344, 8, 320},
                  {"efficientnet-lite2", 21, 6150168, 9, 352}};
  for (size_t i = 0; i < 3; i++) {
    akin_layers layers = AKIN_LAYERS_INIT;
    akin_error err;
    uint32_t blocks = 0;
    testing_ok(akin_family_build(&layers, akin_card_builtin(networks[i].name), &err), &err);
    for (size_t k = 0; k < layers.count; k++)
      blocks += layers.at[k].kind == AKIN_LAYER_DEPTHWISE_CONV2D;
    assert_int_equal(blocks, networks[i].blocks);
    assert_int_equal(parameters_of(&layers), networks[i].parameters);
    expect_shape(&layers, "block7a_project_bn", 3, networks[i].head, networks[i].head, networks[i].channels);
    expect_shape(&layers, "top_activation", 3, networks[i].head, networks[i].head, 1280);
    expect_shape(&layers, "predictions", 1, 1000, 0, 0);
    assert_string_equal(layers.at[layers.count - 2].name, "top_dropout"); /* Keras' layers[-2] */
    akin_layers_free(&layers);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_padding),
      cmocka_unit_test(test_kinds),
      cmocka_unit_test(test_misfits),
      cmocka_unit_test(test_family),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
