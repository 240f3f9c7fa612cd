/*
 * test_families.c - the families of Keras' applications against Keras' own lists of layers: names, classes, shapes and
 * weights, in order (tests/data/models/keras_networks.py made the table of their hashes). A list that differs is left
 * in AKIN_TEST_MODELS, to be compared with what that script prints.
 */
#include "unit/model/model_testing.h"

#include "model/families/families.h"

#define FAMILIES_TABLE AKIN_TEST_DATA "/models/keras_networks.txt"

static void append_shape(akin_buffer *out, const uint32_t *size, uint32_t rank) {
  assert_int_equal(akin_buffer_append_text(out, "["), AKIN_OK);
  for (uint32_t i = 0; i < rank; i++)
    assert_int_equal(akin_buffer_printf(out, i ? ", %u" : "%u", size[i]), AKIN_OK);
  assert_int_equal(akin_buffer_append_text(out, "]"), AKIN_OK);
}

/* "conv1_conv Conv2D [112, 112, 64] [[7, 7, 3, 64], [64]]" */
static void append_layer(akin_buffer *out, const akin_layer *layer) {
  assert_int_equal(akin_buffer_printf(out, "%s %s ", layer->name, akin_layer_class(layer)), AKIN_OK);
  append_shape(out, layer->shape.size, layer->shape.rank);
  assert_int_equal(akin_buffer_append_text(out, " ["), AKIN_OK);
  for (size_t i = 0; i < layer->weight_count; i++) {
    assert_int_equal(akin_buffer_append_text(out, i ? ", " : ""), AKIN_OK);
    append_shape(out, layer->weights[i].shape, layer->weights[i].rank);
  }
  assert_int_equal(akin_buffer_append_text(out, "]\n"), AKIN_OK);
}

/* A line of the table. */
typedef struct wanted_network {
  char name[64], hash[AKIN_HASH_HEX_SIZE];
  uint32_t width, height;
  size_t layers;
  unsigned long long parameters;
} wanted_network;

static bool network_is(const wanted_network *wanted) {
  akin_layers layers = AKIN_LAYERS_INIT;
  akin_buffer list = AKIN_BUFFER_INIT(0);
  akin_error err;
  akin_hash hash;
  char hex[AKIN_HASH_HEX_SIZE], path[256];
  uint64_t parameters = 0;
  const akin_card *known = akin_card_builtin(wanted->name);
  if (!known) fail_msg("no card %s", wanted->name);
  akin_card card = *known;
  card.preparation.width = wanted->width;
  card.preparation.height = wanted->height;
  testing_ok(akin_family_build(&layers, &card, &err), &err);
  for (size_t i = 1; i < layers.count; i++) {
    append_layer(&list, &layers.at[i]);
    parameters += akin_layer_parameters(&layers.at[i]);
  }
  testing_ok(akin_hash_bytes(&hash, list.data, list.size, &err), &err);
  akin_hash_hex(hex, &hash);
  const bool same =
      layers.count == wanted->layers + 1 && parameters == wanted->parameters && strcmp(hex, wanted->hash) == 0;
  if (!same) {
    snprintf(path, sizeof path, AKIN_TEST_MODELS "/%s-%ux%u.txt", wanted->name, wanted->width, wanted->height);
    testing_write(path, list.data, list.size);
    print_error("%s: %zu layers, %llu parameters, Keras has %zu, %llu; the list is in %s\n", wanted->name,
                layers.count - 1, (unsigned long long)parameters, wanted->layers, wanted->parameters, path);
  }
  akin_layers_free(&layers);
  akin_buffer_free(&list);
  return same;
}

static void test_as_keras(void **state) {
  (void)state;
  FILE *table = fopen(FAMILIES_TABLE, "r");
  size_t networks = 0, wrong = 0;
  wanted_network wanted;
  assert_non_null(table);
  while (fscanf(table, "%63s %ux%u %zu %llu %64s", wanted.name, &wanted.width, &wanted.height, &wanted.layers,
                &wanted.parameters, wanted.hash) == 6) {
    networks++;
    wrong += !network_is(&wanted);
  }
  assert_true(feof(table));
  fclose(table);
  assert_true(networks > 100);
  assert_int_equal(wrong, 0);
}

/* Sizes and depths that have no network are refused, whatever the family. */
static void test_refused(void **state) {
  (void)state;
  static const char *const names[] = {"vgg16", "resnet50", "resnet50-v2", "densenet121"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    akin_layers layers = AKIN_LAYERS_INIT;
    akin_error err;
    akin_card card = *akin_card_builtin(names[i]);
    card.depth = 17;
    testing_expect(akin_family_build(&layers, &card, &err), AKIN_ERROR_UNSUPPORTED, &err);
    testing_says(&err, "of depth 17");
    akin_layers_free(&layers);
  }
  for (size_t i = 0; i < akin_card_builtin_count(); i++) {
    akin_layers layers = AKIN_LAYERS_INIT;
    akin_error err;
    akin_card card = *akin_card_builtin_at(i);
    card.preparation.width = 1;
    const akin_status status = akin_family_build(&layers, &card, &err);
    const bool described = strcmp(card.family, "onnx") != 0; /* else only its file tells what network it is */
    if (status != AKIN_OK) testing_says(&err, described ? "cannot stand " : "import its file");
    akin_layers_free(&layers);
  }
}

/* Names of blocks are letters. */
static void test_too_deep(void **state) {
  (void)state;
  akin_layers layers = AKIN_LAYERS_INIT;
  akin_error err;
  akin_card card = *akin_card_builtin("efficientnet-v2-b0");
  card.depth_factor = 26.0 / 8;
  testing_ok(akin_family_build(&layers, &card, &err), &err);
  assert_true(akin_layers_find(&layers, "block6z_add") < layers.count);
  akin_layers_free(&layers);
  layers = (akin_layers)AKIN_LAYERS_INIT;
  card.depth_factor = 6;
  testing_expect(akin_family_build(&layers, &card, &err), AKIN_ERROR_UNSUPPORTED, &err);
  testing_says(&err, "stage 5 would have 30 blocks");
  akin_layers_free(&layers);
}

static akin_status build_once(void *context) {
  akin_layers layers = AKIN_LAYERS_INIT;
  akin_status status = akin_family_build(&layers, context, NULL);
  akin_layers_free(&layers);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  static const char *const names[] = {"mobilenet-v3-small", "efficientnet-lite0", "efficientnet-b0",
                                      "efficientnet-v2-b0", "nasnet-mobile",      "convnext-tiny"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    akin_card card = *akin_card_builtin(names[i]);
    assert_true(testing_fail_allocations(build_once, &card, true) > 3);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_as_keras), cmocka_unit_test(test_refused),
                                     cmocka_unit_test(test_too_deep), cmocka_unit_test(test_no_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
