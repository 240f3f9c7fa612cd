/*
 * test_keras_weights.c - Keras' rules of which weights are whose, on the files of tests/data/keras: weight number k of
 * the model begins with k, whatever the file's form. And what does not fit, told with layer, expected and found.
 */
#include "unit/testing.h"

#include "model/binding.h"
#include "model/builder.h"
#include "model/keras_weights.h"

#define KERAS_DATA AKIN_TEST_DATA "/keras/"

/* What a test changes in the shop's model. */
typedef struct shop_change {
  bool a_trained;      /* layer a is not frozen */
  bool inner_frozen;   /* the nested model is */
  bool wide;           /* first has 5 units instead of 4 */
  bool without_second; /* the last layer is missing */
  bool with_third;     /* there is one more */
  bool unscaled;       /* b has no gamma */
  bool more_in_inner;  /* one more layer with weights in the nested model */
  const char *inner_class;
} shop_change;

static void enter(akin_builder *b, const char *name, const char *class_name, size_t layer, size_t parent,
                  bool trained) {
  const akin_layers_entry entry = {.name = name,
                                   .class_name = class_name,
                                   .trainable = trained,
                                   .is_model = layer == SIZE_MAX,
                                   .parent = parent,
                                   .layer = layer == SIZE_MAX ? 0 : layer};
  if (b->status == AKIN_OK) b->status = akin_layers_enter(b->layers, &entry, b->err);
}

static size_t shop_inner(akin_builder *b, size_t x, const shop_change *change, size_t parent) {
  const akin_convolution three = {.filters = 4, .kernel = {3, 3}, .strides = {1, 1}, .bias = true};
  const akin_convolution one = {.filters = 2, .kernel = {1, 1}, .strides = {1, 1}, .bias = true};
  x = akin_builder_conv2d(b, x, "a", &three, NULL);
  enter(b, "a", "Conv2D", x, parent, change->a_trained);
  x = change->unscaled ? akin_builder_batch_normalization_unscaled(b, x, "b", 1e-3)
                       : akin_builder_batch_normalization(b, x, "b", 1e-3, NULL);
  enter(b, "b", "BatchNormalization", x, parent, true);
  x = akin_builder_conv2d(b, x, "c", &one, NULL);
  enter(b, "c", "Conv2D", x, parent, true);
  if (!change->more_in_inner) return x;
  x = akin_builder_conv2d(b, x, "d", &one, NULL);
  enter(b, "d", "Conv2D", x, parent, true);
  return x;
}

static void shop_build(akin_layers *layers, const shop_change *change) {
  akin_error err;
  *layers = (akin_layers)AKIN_LAYERS_INIT;
  akin_builder builder = {layers, &err, AKIN_OK}, *b = &builder;
  size_t x = akin_builder_input(b, 6, 6);
  enter(b, "given", "InputLayer", x, 0, true);
  x = akin_builder_rescaling(b, x, "rescaling", 1.0 / 255, 0);
  enter(b, "rescaling", "Rescaling", x, 0, true);
  enter(b, "inner", change->inner_class ? change->inner_class : "Sequential", SIZE_MAX, 0, !change->inner_frozen);
  x = shop_inner(b, x, change, 3);
  x = akin_builder_flatten(b, x, "flat");
  enter(b, "flat", "Flatten", x, 0, true);
  x = akin_builder_dense(b, x, "first", change->wide ? 5 : 4, NULL);
  enter(b, "first", "Dense", x, 0, true);
  x = akin_builder_dropout(b, x, "drop");
  enter(b, "drop", "Dropout", x, 0, true);
  if (!change->without_second) {
    x = akin_builder_dense(b, x, "second", 3, NULL);
    enter(b, "second", "Dense", x, 0, true);
  }
  if (change->with_third) {
    x = akin_builder_dense(b, x, "third", 3, NULL);
    enter(b, "third", "Dense", x, 0, true);
  }
  testing_ok(b->status, &err);
}

static akin_status shop_bind(akin_layers *layers, akin_tensors **t, const char *file, akin_error *err) {
  char *path = testing_path(KERAS_DATA, file);
  testing_ok(akin_tensors_open(t, path, err), err);
  akin_free(path);
  return akin_keras_weights_bind(layers, *t, err);
}

/* The numbers that the layer's weights begin with, in Keras' order. */
static void expect_weights(const akin_layers *layers, const akin_tensors *t, const char *name, const int *first) {
  const akin_layer *layer = &layers->at[akin_layers_find(layers, name)];
  akin_error err;
  for (size_t i = 0; i < layer->weight_count; i++) {
    float *numbers = akin_alloc(akin_layer_weight_count(&layer->weights[i]) * sizeof *numbers);
    assert_non_null(numbers);
    testing_ok(akin_binding_read(numbers, layer, i, t, &err), &err);
    if (numbers[0] != (float)first[i]) fail_msg("%s, weight %zu: %g, not %d", name, i, (double)numbers[0], first[i]);
    akin_free(numbers);
  }
}

static void test_forms(void **state) {
  (void)state;
  static const char *const files[] = {"shop.h5",         "shop_parts.h5",         "shop_2.h5",  "shop_2_weights.h5",
                                      "shop.weights.h5", "shop_older.weights.h5", "shop.keras", "shop_2.keras"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    akin_layers layers;
    akin_tensors *t = NULL;
    akin_error err;
    shop_build(&layers, &(shop_change){.a_trained = false});
    testing_ok(shop_bind(&layers, &t, files[i], &err), &err);
    testing_ok(akin_binding_check(&layers, t, &err), &err);
    expect_weights(&layers, t, "a", (const int[]){1, 2});
    expect_weights(&layers, t, "b", (const int[]){3, 4, 5, 6});
    expect_weights(&layers, t, "c", (const int[]){7, 8});
    expect_weights(&layers, t, "first", (const int[]){9, 10});
    expect_weights(&layers, t, "second", (const int[]){11, 12});
    akin_tensors_free(t);
    akin_layers_free(&layers);
  }
}

static void expect_refused(const char *file, const shop_change *change, const char *const *parts) {
  akin_layers layers;
  akin_tensors *t = NULL;
  akin_error err;
  shop_build(&layers, change);
  testing_expect(shop_bind(&layers, &t, file, &err), AKIN_ERROR_MISMATCH, &err);
  for (; *parts; parts++)
    testing_says(&err, *parts);
  akin_tensors_free(t);
  akin_layers_free(&layers);
}

#define PARTS(...)                                                                                                     \
  (const char *const[]) {                                                                                              \
    __VA_ARGS__, NULL                                                                                                  \
  }

static void test_misfits(void **state) {
  (void)state;
  const shop_change wide = {.wide = true}, shorter = {.without_second = true}, longer = {.with_third = true};
  const shop_change unscaled = {.unscaled = true}, more = {.more_in_inner = true};
  const shop_change other_class = {.inner_class = "Functional"};
  expect_refused("shop.h5", &wide, PARTS("layer first", "kernel", "[32, 5]", "[32, 4]"));
  expect_refused("shop.keras", &wide, PARTS("layer first", "kernel", "[32, 5]", "[32, 4]"));
  expect_refused("shop.h5", &shorter, PARTS("'second'", "belong to no layer"));
  expect_refused("shop.keras", &shorter, PARTS("'layers/dense_1'", "belong to no layer"));
  expect_refused("shop.h5", &longer, PARTS("layer third (Dense)"));
  expect_refused("shop.weights.h5", &longer, PARTS("layer third (Dense)", "'layers/dense_2'"));
  expect_refused("shop.weights.h5", &unscaled, PARTS("layer b (BatchNormalization) has 3 weights", "has 4"));
  expect_refused("shop.h5", &more, PARTS("layer d", "kernel"));
  expect_refused("shop_2.keras", &more, PARTS("layer d (Conv2D)", "'layers/sequential/layers/conv2d_2'"));
  expect_refused("shop.keras", &other_class, PARTS("layer a (Conv2D)", "'layers/functional/layers/conv2d'"));
}

/* A legacy file does not say which layers were frozen; when the network disagrees, shapes or names show it. */
static void test_frozen_otherwise(void **state) {
  (void)state;
  const shop_change none = {.a_trained = true}, all = {.inner_frozen = true};
  expect_refused("shop.h5", &none, PARTS("layer a", "kernel", "[3, 3, 3, 4]", "[4]"));
  expect_refused("shop_2.h5", &none, PARTS("layer a", "kernel", "[3, 3, 3, 4]", "[4]"));
  expect_refused("shop.h5", &all, PARTS("layer a", "kernel"));
  /* Keras 2 lists what is trained of each layer in a frozen model first: here the same order. */
  akin_layers layers;
  akin_tensors *t = NULL;
  akin_error err;
  shop_build(&layers, &all);
  testing_ok(shop_bind(&layers, &t, "shop_2.h5", &err), &err);
  expect_weights(&layers, t, "b", (const int[]){3, 4, 5, 6});
  akin_tensors_free(t);
  akin_layers_free(&layers);
}

/* b of a [4] and b of beta [4] fit each other's shapes: only their names tell. */
static void test_roles(void **state) {
  (void)state;
  const akin_convolution four = {.filters = 4, .kernel = {1, 1}, .strides = {1, 1}, .bias = true};
  akin_layers layers = AKIN_LAYERS_INIT;
  akin_error err;
  akin_tensors *t = NULL;
  akin_builder builder = {&layers, &err, AKIN_OK}, *b = &builder;
  size_t x = akin_builder_input(b, 6, 6);
  enter(b, "inner", "Sequential", SIZE_MAX, 0, true);
  x = akin_builder_batch_normalization_unscaled(b, akin_builder_conv2d(b, x, "a", &four, NULL), "b", 1e-3);
  enter(b, "b", "BatchNormalization", x, 1, true);
  testing_ok(b->status, &err);
  testing_expect(shop_bind(&layers, &t, "shop.h5", &err), AKIN_ERROR_MISMATCH, &err);
  testing_says(&err, "by the order of the file's weights its beta is 'inner/inner/b/gamma'");
  akin_tensors_free(t);
  akin_layers_free(&layers);
}

/* A family's network, which has no entries: by order, though a name says otherwise. */
static void test_shifted_names(void **state) {
  (void)state;
  const akin_convolution one = {.filters = 3, .kernel = {1, 1}, .strides = {1, 1}};
  akin_layers layers = AKIN_LAYERS_INIT;
  akin_error err;
  akin_tensors *t = NULL;
  akin_builder builder = {&layers, &err, AKIN_OK}, *b = &builder;
  size_t x = akin_builder_conv2d(b, akin_builder_input(b, 6, 6), "conv2d", &one, NULL);
  akin_builder_conv2d(b, akin_builder_relu(b, x, "relu", 0), "conv2d_1", &one, NULL);
  testing_ok(b->status, &err);
  testing_ok(shop_bind(&layers, &t, "shifted.h5", &err), &err);
  expect_weights(&layers, t, "conv2d", (const int[]){1});
  expect_weights(&layers, t, "conv2d_1", (const int[]){2});
  akin_tensors_free(t);
  akin_layers_free(&layers);
}

/* Layers are counted, not sorted by their names: dense_10 comes behind dense_9. */
static void test_many(void **state) {
  (void)state;
  akin_layers layers = AKIN_LAYERS_INIT;
  akin_error err;
  akin_tensors *t = NULL;
  akin_builder builder = {&layers, &err, AKIN_OK}, *b = &builder;
  size_t x = akin_builder_global_average_pooling2d(b, akin_builder_input(b, 6, 6), "pool");
  for (int i = 0; i < 12; i++) {
    const akin_layer dense = {
        .name = akin_builder_text(b, "%c", 'z' - i), .kind = AKIN_LAYER_DENSE, .as.dense = {.units = 3}};
    x = akin_builder_layer(b, &dense, &x, 1);
  }
  testing_ok(b->status, &err);
  testing_ok(shop_bind(&layers, &t, "many.weights.h5", &err), &err);
  for (int i = 0; i < 12; i++)
    expect_weights(&layers, t, (const char[]){(char)('z' - i), '\0'}, (const int[]){i + 1});
  akin_tensors_free(t);
  akin_layers_free(&layers);
}

/* A layer that is called twice has its weights once, and both calls have them. */
static void test_shared(void **state) {
  (void)state;
  const akin_convolution one = {.filters = 3, .kernel = {1, 1}, .strides = {1, 1}};
  akin_layers layers = AKIN_LAYERS_INIT;
  akin_error err;
  akin_tensors *t = NULL;
  akin_builder builder = {&layers, &err, AKIN_OK}, *b = &builder;
  const size_t input = akin_builder_input(b, 6, 6), first = akin_builder_conv2d(b, input, "x", &one, NULL);
  enter(b, "x", "Conv2D", first, 0, true);
  const akin_layer again = {.name = "x again", .kind = AKIN_LAYER_CONV2D, .as.convolution = one, .shares = 1 + first};
  const size_t second = akin_builder_layer(b, &again, &first, 1);
  enter(b, "y", "Conv2D", akin_builder_conv2d(b, second, "y", &one, NULL), 0, true);
  testing_ok(b->status, &err);
  testing_ok(shop_bind(&layers, &t, "shifted.h5", &err), &err);
  expect_weights(&layers, t, "x", (const int[]){1});
  expect_weights(&layers, t, "y", (const int[]){2});
  expect_weights(&layers, t, "x again", (const int[]){1});
  akin_tensors_free(t);
  akin_layers_free(&layers);
}

/* Entries that say they are inside each other end the search, and nothing else. */
static void test_circles(void **state) {
  (void)state;
  akin_layers layers = AKIN_LAYERS_INIT;
  akin_error err;
  akin_tensors *t = NULL;
  akin_builder builder = {&layers, &err, AKIN_OK}, *b = &builder;
  const akin_convolution one = {.filters = 3, .kernel = {1, 1}, .strides = {1, 1}};
  enter(b, "conv2d", "Conv2D", akin_builder_conv2d(b, akin_builder_input(b, 6, 6), "conv2d", &one, NULL), 2, true);
  enter(b, "snake", "Sequential", SIZE_MAX, 2, true);
  testing_ok(b->status, &err);
  testing_expect(shop_bind(&layers, &t, "shifted.h5", &err), AKIN_ERROR_MISMATCH, &err);
  akin_tensors_free(t);
  testing_expect(shop_bind(&layers, &t, "many.weights.h5", &err), AKIN_ERROR_LIMIT, &err);
  testing_says(&err, "too deep");
  akin_tensors_free(t);
  akin_layers_free(&layers);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_forms),         cmocka_unit_test(test_misfits), cmocka_unit_test(test_frozen_otherwise),
      cmocka_unit_test(test_roles),         cmocka_unit_test(test_many),    cmocka_unit_test(test_shared),
      cmocka_unit_test(test_shifted_names), cmocka_unit_test(test_circles),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
