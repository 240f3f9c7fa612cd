/* test_keras_config.c - Keras configurations to layers: the three dialects, names, shared layers, entries; and what is
 * refused, with its words. What layers compute is compared with Keras itself (tests/parity/keras). */
#include "unit/model/model_testing.h"

#include "model/feature.h"
#include "model/keras_config.h"

static akin_status build_with(akin_layers *layers, const char *text, const char *version, uint32_t size,
                              akin_error *err) {
  akin_json *json = NULL;
  akin_status status = akin_json_parse(&json, text, strlen(text), err);
  const akin_keras_config config = {json, version, size, size};
  *layers = (akin_layers)AKIN_LAYERS_INIT;
  if (status == AKIN_OK) status = akin_keras_config_build(layers, &config, err);
  akin_json_free(json);
  return status;
}

static akin_status build(akin_layers *layers, const char *text, akin_error *err) {
  return build_with(layers, text, NULL, 0, err);
}

#define IMAGE3                                                                                                         \
  "{\"class_name\": \"InputLayer\", \"module\": \"keras.layers\", \"name\": \"image\", \"inbound_nodes\": [],"         \
  " \"config\": {\"name\": \"image\", \"batch_shape\": [null, 8, 9, 3]}}"
#define TENSOR(name, call)                                                                                             \
  "{\"class_name\": \"__keras_tensor__\", \"config\": {\"keras_history\": [\"" name "\", " #call ", 0]}}"
#define CALL(name, call) "{\"args\": [" TENSOR(name, call) "], \"kwargs\": {}}"
#define LAYER(type, name, settings, calls)                                                                             \
  "{\"class_name\": \"" type "\", \"module\": \"keras.layers\", \"name\": \"" name                                     \
  "\", \"config\": {\"name\": \"" name "\", \"trainable\": true" settings "}, \"inbound_nodes\": [" calls "]}"
#define MODEL(layers, out)                                                                                             \
  "{\"class_name\": \"Functional\", \"config\": {\"name\": \"model\", \"trainable\": true, \"layers\": [" layers       \
  "], \"input_layers\": [[\"image\", 0, 0]], \"output_layers\": [[\"" out "\", 0, 0]]}}"
#define CONV(name, calls)                                                                                              \
  LAYER("Conv2D", name, ", \"filters\": 3, \"kernel_size\": [3, 3], \"padding\": \"same\", \"activation\": \"relu\"",  \
        calls)

static void expect_layer(const akin_layers *layers, size_t number, const char *name, const char *type, size_t input) {
  assert_true(number < layers->count);
  assert_string_equal(layers->at[number].name, name);
  assert_string_equal(akin_layer_class(&layers->at[number]), type);
  if (layers->at[number].input_count) assert_int_equal(layers->at[number].inputs[0], input);
}

/* A layer called twice: two layers, of one entry and one set of weights; listed in model.layers' order, made in that of
 * calls. */
static void test_shared(void **state) {
  (void)state;
  akin_layers layers;
  akin_error err;
  testing_ok(build(&layers,
                   MODEL(IMAGE3 "," CONV("twice", CALL("image", 0) "," CALL("between", 0)) "," LAYER(
                             "ReLU", "between", "", CALL("twice", 0)) "," LAYER("Flatten", "end", "", CALL("twice", 1)),
                         "end"),
                   &err),
             &err);
  const size_t again = akin_layers_find(&layers, "twice@2"), end = akin_layers_find(&layers, "end");
  assert_int_equal(layers.count, 5);
  expect_layer(&layers, 1, "twice", "Conv2D", 0);
  expect_layer(&layers, again, "twice@2", "Conv2D", akin_layers_find(&layers, "between"));
  expect_layer(&layers, end, "end", "Flatten", again);
  assert_int_equal(layers.at[again].shares, 2); /* those of layer 1 */
  assert_int_equal(akin_layer_parameters(&layers.at[again]), 0);
  assert_int_equal(akin_layer_parameters(&layers.at[1]), 3 * 3 * 3 * 3 + 3);
  assert_int_equal(layers.entry_count, 4);
  assert_string_equal(layers.entries[1].name, "twice");
  assert_int_equal(layers.entries[1].layer, 1);
  assert_int_equal(akin_layers_output(&layers), end);
  assert_int_equal(layers.at[end].shape.size[0], 8 * 9 * 3);
  akin_layers_free(&layers);
}

/* Keras 2: lists for calls; a model's own making is its call 0, so that its first use is call 1. */
static void test_keras2(void **state) {
  (void)state;
  static const char text[] =
      "{\"class_name\": \"Functional\", \"keras_version\": \"2.9.0\", \"config\": {\"name\": \"m\", \"layers\": ["
      "{\"class_name\": \"InputLayer\", \"name\": \"image\", \"inbound_nodes\": [],"
      " \"config\": {\"batch_input_shape\": [null, null, null, 3], \"name\": \"image\"}},"
      "{\"class_name\": \"TFOpLambda\", \"name\": \"tf.math.truediv\", \"config\": {\"name\": \"tf.math.truediv\","
      " \"trainable\": true, \"function\": \"math.truediv\"}, \"inbound_nodes\": [[\"image\", 0, 0, {\"y\": 127.5}]]},"
      "{\"class_name\": \"Sequential\", \"name\": \"base\", \"inbound_nodes\": [[[\"tf.math.truediv\", 0, 0, {}]]],"
      " \"config\": {\"name\": \"base\", \"layers\": ["
      "{\"class_name\": \"InputLayer\", \"config\": {\"batch_input_shape\": [null, 6, 6, 3], \"name\": \"in\"}},"
      "{\"class_name\": \"Activation\", \"config\": {\"name\": \"hard\", \"trainable\": false,"
      " \"activation\": \"hard_sigmoid\"}}]}},"
      "{\"class_name\": \"LeakyReLU\", \"name\": \"leaky\", \"config\": {\"name\": \"leaky\", \"trainable\": true,"
      " \"alpha\": 0.25}, \"inbound_nodes\": [[[\"base\", 1, 0, {}]]]}],"
      " \"input_layers\": [[\"image\", 0, 0]], \"output_layers\": [[\"leaky\", 0, 0]]}}";
  akin_layers layers;
  akin_error err;
  testing_expect(build(&layers, text, &err), AKIN_ERROR_UNSUPPORTED, &err); /* how large are its images? */
  testing_says(&err, "--size");
  akin_layers_free(&layers);
  testing_ok(build_with(&layers, text, "2.9.0", 6, &err), &err);
  assert_int_equal(layers.count, 6);
  expect_layer(&layers, 1, "tf.math.truediv", "math.truediv", 0);
  expect_layer(&layers, 2, "base/in", "InputLayer", 1);
  expect_layer(&layers, 3, "base/hard", "Activation", 2);
  expect_layer(&layers, 4, "base", "Sequential", 3);
  expect_layer(&layers, 5, "leaky", "LeakyReLU", 4);
  assert_true(layers.at[1].as.arithmetic.constant.values[0] == 127.5f);
  assert_int_equal(layers.at[3].activation.kind, AKIN_ACTIVATION_HARD_SIGMOID_2);
  assert_true(layers.at[5].activation.alpha == 0.25);
  assert_true(layers.entries[1].is_operation && layers.entries[2].is_model);
  assert_int_equal(layers.entries[4].parent, 3); /* "in" and "hard" stand behind the outer four, inside entry 2 */
  assert_false(layers.entries[5].trainable);
  akin_layers_free(&layers);
  testing_ok(build_with(&layers, text, "3.0.0", 6, &err), &err);
  assert_int_equal(layers.at[3].activation.kind, AKIN_ACTIVATION_HARD_SIGMOID);
  akin_layers_free(&layers);
}

/* Counted from the end as model.layers does: operations are in none, a model inside is one. */
static void test_counting(void **state) {
  (void)state;
  akin_layers layers;
  akin_error err;
  size_t found = 0;
  char *rule = NULL;
  testing_ok(build(&layers,
                   "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"s\", \"layers\": [" IMAGE3
                   ", {\"class_name\": \"Sequential\", \"config\": {\"name\": \"inner\", \"layers\": [" IMAGE3
                   "," CONV("a", "") "," CONV("b", "") "]}}," LAYER("Flatten", "flat", "", "") "," LAYER(
                       "Dense", "scores", ", \"units\": 4, \"activation\": \"softmax\"", "") "]}}",
                   &err),
             &err);
  testing_ok(akin_feature_find(&found, &rule, &layers, "-3", "a test", &err), &err);
  assert_string_equal(layers.at[found].name, "inner/b"); /* inner's output */
  akin_free(rule);
  testing_ok(akin_feature_find(&found, &rule, &layers, NULL, "a test", &err), &err);
  assert_string_equal(layers.at[found].name, "flat");
  akin_free(rule);
  testing_expect(akin_feature_find(&found, &rule, &layers, "-5", "a test", &err), AKIN_ERROR_NOT_FOUND, &err);
  akin_layers_free(&layers);
}

/* Sequential without a layer for the input: its shape is the first layer's. */
static void test_implied_input(void **state) {
  (void)state;
  akin_layers layers;
  akin_error err;
  testing_ok(build(&layers,
                   "{\"class_name\": \"Sequential\", \"config\": [{\"class_name\": \"Flatten\", \"config\": {\"name\": "
                   "\"f\", \"trainable\": true, \"batch_input_shape\": [null, 4, 5, 3]}}]}",
                   &err),
             &err);
  assert_int_equal(layers.count, 2);
  expect_layer(&layers, 0, "f_input", "InputLayer", 0);
  expect_layer(&layers, 1, "f", "Flatten", 0);
  akin_layers_free(&layers);
}

/* ---- refused ---- */

static void refuse(const char *text, akin_status status, const char *says) {
  akin_layers layers;
  akin_error err;
  testing_expect(build(&layers, text, &err), status, &err);
  testing_says(&err, says);
  akin_layers_free(&layers);
}

static void test_refused(void **state) {
  (void)state;
  refuse(MODEL(IMAGE3 "," LAYER("Lambda", "mine", ", \"function\": {\"class_name\": \"__lambda__\"}", CALL("image", 0)),
               "mine"),
         AKIN_ERROR_UNSUPPORTED, "layer mine (Lambda): is Python code");
  refuse(MODEL(IMAGE3 "," LAYER("Wavelet", "mine", "", CALL("image", 0)), "mine"), AKIN_ERROR_UNSUPPORTED,
         "layer mine (Wavelet)");
  refuse(MODEL(IMAGE3 "," CONV("a", CALL("b", 0)) "," CONV("b", CALL("a", 0)), "a"), AKIN_ERROR_FORMAT,
         "waits for its own output");
  refuse(MODEL(IMAGE3 "," CONV("a", CALL("a", 0)), "a"), AKIN_ERROR_FORMAT, "waits for its own output");
  refuse(MODEL(IMAGE3 "," CONV("a", CALL("nowhere", 0)), "a"), AKIN_ERROR_FORMAT, "no layer nowhere");
  refuse(MODEL(IMAGE3 "," CONV("a", CALL("image", 7)), "a"), AKIN_ERROR_FORMAT, "layer a");
  refuse(MODEL(IMAGE3 "," CONV("a", CALL("image", 0)) "," CONV("a", CALL("image", 0)), "a"), AKIN_ERROR_FORMAT,
         "two of this name");
  refuse(MODEL(IMAGE3 "," CONV("a", ""), "a"), AKIN_ERROR_FORMAT, "never called");
  refuse(MODEL(IMAGE3 "," CONV("a", CALL("image", 0)), "b"), AKIN_ERROR_FORMAT, "no layer b");
  refuse(MODEL(IMAGE3 "," LAYER("Conv2D", "a", ", \"filters\": 4294967299, \"kernel_size\": 3", CALL("image", 0)), "a"),
         AKIN_ERROR_FORMAT, "\"filters\"");
  refuse(MODEL(IMAGE3 "," LAYER("Dense", "a", ", \"units\": 2000000000", CALL("image", 0)), "a"), AKIN_ERROR_FORMAT,
         "layer a");
  refuse(MODEL(IMAGE3 "," LAYER("UpSampling2D", "a", ", \"size\": [2147483647, 2147483647]", CALL("image", 0)), "a"),
         AKIN_ERROR_FORMAT, "layer a");
  refuse(MODEL(IMAGE3
               "," LAYER("ZeroPadding2D", "a", ", \"padding\": [[2147483647, 2147483647], [0, 0]]", CALL("image", 0)),
               "a"),
         AKIN_ERROR_FORMAT, "layer a");
  refuse(MODEL(IMAGE3
               "," LAYER("Conv2D", "a", ", \"filters\": 2, \"kernel_size\": 3, \"strides\": 0", CALL("image", 0)),
               "a"),
         AKIN_ERROR_FORMAT, "layer a");
  refuse(MODEL(IMAGE3
               "," LAYER("Conv2D", "a", ", \"filters\": 2, \"data_format\": \"channels_first\"", CALL("image", 0)),
               "a"),
         AKIN_ERROR_UNSUPPORTED, "channels first");
  refuse(MODEL(IMAGE3 "," LAYER("Activation", "a", ", \"activation\": {\"value\": [\"4wEAAA\", null, null]}",
                                CALL("image", 0)),
               "a"),
         AKIN_ERROR_UNSUPPORTED, "code");
  refuse(MODEL(IMAGE3 "," LAYER("BatchNormalization", "a", ", \"axis\": 1", CALL("image", 0)), "a"),
         AKIN_ERROR_UNSUPPORTED, "axis");
  refuse("{\"class_name\": \"MyModel\", \"config\": {}}", AKIN_ERROR_UNSUPPORTED, "MyModel");
  refuse("{\"class_name\": \"Sequential\", \"config\": {\"layers\": []}}", AKIN_ERROR_FORMAT, "0 layers");
  refuse("[]", AKIN_ERROR_UNSUPPORTED, "lists no layers");
}

static void test_refused_inputs(void **state) {
  (void)state;
  refuse("{\"class_name\": \"Sequential\", \"config\": {\"layers\": [{\"class_name\": \"InputLayer\", \"config\": {"
         "\"name\": \"i\", \"batch_shape\": [null, 8, 8, 1]}}]}}",
         AKIN_ERROR_UNSUPPORTED, "1 channel, akin gives it 3: export it to ONNX");
  refuse("{\"class_name\": \"Sequential\", \"config\": {\"layers\": [{\"class_name\": \"InputLayer\", \"config\": {"
         "\"name\": \"i\", \"batch_shape\": [null, 8]}}]}}",
         AKIN_ERROR_UNSUPPORTED, "no images");
  refuse("{\"class_name\": \"Sequential\", \"config\": {\"layers\": [{\"class_name\": \"InputLayer\", \"config\": {"
         "\"name\": \"i\", \"batch_shape\": [null, 99999999, 99999999, 3]}}]}}",
         AKIN_ERROR_FORMAT, "layer i");
  refuse("{\"class_name\": \"Sequential\", \"config\": {\"layers\": [" LAYER("Flatten", "f", "", "") "]}}",
         AKIN_ERROR_UNSUPPORTED, "no images");
  refuse("{\"class_name\": \"Functional\", \"config\": {\"layers\": [" IMAGE3
         ",{\"class_name\": \"InputLayer\", \"name\": \"more\", \"inbound_nodes\": [], \"config\": {\"batch_shape\": "
         "[null, 8, 9, 3]}}," LAYER("Add", "a", "",
                                    "{\"args\": [[" TENSOR("image", 0) "," TENSOR(
                                        "more", 0) "]]}") "], \"input_layers\": [[\"image\", 0, 0], [\"more\", 0, 0]], "
                                                          "\"output_layers\": [[\"a\", 0, 0]]}}",
         AKIN_ERROR_UNSUPPORTED, "several inputs");
}

/* ---- too much ---- */

/* A Sequential model of `count` layers, or of itself `depth` times. akin_free. */
static char *long_model(size_t count) {
  akin_buffer text = AKIN_BUFFER_INIT(0);
  assert_int_equal(akin_buffer_append_text(&text, "{\"class_name\": \"Sequential\", \"config\": {\"layers\": [" IMAGE3),
                   AKIN_OK);
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(akin_buffer_printf(&text,
                                        ",{\"class_name\": \"ReLU\", \"config\": {\"name\": \"r%zu\", \"trainable\": "
                                        "true}}",
                                        i),
                     AKIN_OK);
  }
  assert_int_equal(akin_buffer_append_text(&text, "]}}"), AKIN_OK);
  return akin_buffer_take(&text);
}

static void test_too_long(void **state) {
  (void)state;
  akin_layers layers;
  akin_error err;
  char *fits = long_model(AKIN_LAYERS_MOST - 1), *long_one = long_model(100000);
  testing_ok(build(&layers, fits, &err), &err);
  assert_int_equal(layers.count, AKIN_LAYERS_MOST);
  akin_layers_free(&layers);
  refuse(long_one, AKIN_ERROR_LIMIT, "100001 layers");
  akin_free(long_one);
  akin_free(fits);
}

/* A model that calls the one inside it twice, fourteen times over: 2^14 layers out of a short text. */
static void test_too_many_calls(void **state) {
  (void)state;
  char *inner = akin_format("%s", MODEL(IMAGE3, "image"));
  for (int depth = 0; depth < 13; depth++) {
    char *outer = akin_format(
        "{\"class_name\": \"Functional\", \"config\": {\"name\": \"m\", \"layers\": [" IMAGE3
        ",{\"name\": \"inner\", \"inbound_nodes\": [" CALL("image", 0) "," CALL(
            "inner", 0) "], %s], \"input_layers\": [[\"image\", 0, 0]], \"output_layers\": [[\"inner\", 1, 0]]}}",
        inner + 1);
    akin_free(inner);
    inner = outer;
  }
  refuse(inner, AKIN_ERROR_LIMIT, "more than");
  akin_free(inner);
}

static akin_status build_once(void *context) {
  akin_layers layers;
  akin_status status = build(&layers, context, NULL);
  akin_layers_free(&layers);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  static char text[] = MODEL(IMAGE3 "," CONV("twice", CALL("image", 0) "," CALL("scaled", 0)) "," LAYER(
                                 "Rescaling", "scaled", ", \"scale\": [0.1, 0.2, 0.3]",
                                 CALL("twice", 0)) "," LAYER("Flatten", "end", "", CALL("twice", 1)),
                             "end");
  assert_true(testing_fail_allocations(build_once, text, true) > 20);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_shared),    cmocka_unit_test(test_keras2),
      cmocka_unit_test(test_counting),  cmocka_unit_test(test_implied_input),
      cmocka_unit_test(test_refused),   cmocka_unit_test(test_refused_inputs),
      cmocka_unit_test(test_too_long),  cmocka_unit_test(test_too_many_calls),
      cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
