/* test_cut.c - an imported model cut at its feature layer: the file beside model.onnx, the meaning, the fingerprint. */
#include "unit/model/model_testing.h"

#include "model/graph.h"
#include "model/onnx.h"

#include <sys/stat.h>

static void read_graph(akin_graph *graph, const char *path) {
  size_t size = 0;
  char *bytes = testing_read(path, &size);
  akin_error err;
  testing_ok(akin_onnx_unpack(graph, bytes, size, &err), &err);
  akin_free(bytes);
}

static void test_default(void **state) {
  akin_folder *folder = open_tiny(*state);
  akin_graph graph = AKIN_GRAPH_INIT;
  akin_cut cut;
  akin_error err;
  testing_ok(cut_at(&cut, folder, NULL, AKIN_POOL_AVERAGE, &err), &err);
  assert_string_equal(cut.layer, "avg_pool");
  assert_string_equal(cut.rule, "the input of the last dense layer 'predictions'");
  assert_string_equal(cut.pooling, "none");
  assert_string_equal(cut.pooling_text, "");
  assert_int_equal(cut.dim, 1280);
  akin_layer_info info;
  akin_folder_layer(folder, cut.layer_index, &info);
  assert_string_equal(info.name, "avg_pool");
  assert_string_equal(info.kind, "GlobalAveragePooling2D");
  read_graph(&graph, cut.onnx_path);
  assert_string_equal(graph.output.name, "avg_pool");
  assert_memory_equal(graph.output.shape, ((const int64_t[]){1, 1280}), 16);
  assert_null(akin_graph_find_tensor(&graph, "predictions/kernel"));
  akin_graph_free(&graph);
  akin_cut_clear(&cut);
  akin_cut_clear(&cut);
  akin_folder_close(folder);
}

/* Convolutions do not count, nor does what is behind the cut. */
static void test_weights_from_vector_to_vector(void **state) {
  akin_folder *folder = open_tiny(*state);
  akin_cut cut;
  akin_error err;
  testing_ok(cut_at(&cut, folder, NULL, AKIN_POOL_AVERAGE, &err), &err);
  assert_int_equal(cut.vector_weights, 0);
  akin_cut_clear(&cut);
  testing_ok(cut_at(&cut, folder, "predictions", AKIN_POOL_AVERAGE, &err), &err);
  assert_int_equal(cut.vector_weights, (1280 + 1) * (uint64_t)cut.dim);
  akin_cut_clear(&cut);
  akin_folder_close(folder);
}

/* What decides a feature's meaning, to the letter: a change here makes everybody's stored features useless. */
static void test_meaning(void **state) {
  akin_folder *folder = open_tiny(*state);
  char weights[AKIN_HASH_HEX_SIZE], fingerprint[AKIN_HASH_HEX_SIZE];
  akin_cut cut;
  akin_hash hash;
  akin_error err;
  testing_ok(akin_hash_file(&hash, TINY_WEIGHTS, &err), &err);
  akin_hash_hex(weights, &hash);
  char *wanted = akin_format("weights: %s\nnetwork: efficientnet-lite 1\nlayer: avg_pool\npooling: none\n"
                             "preprocessing: 50x42 bilinear antialias stretch white upright scaled\nmirror: no\n"
                             "channels: rgb\nmean: 127 127 127\nscale: 128 128 128\ndecoding: 1\nprecision: f32\n",
                             weights);
  testing_ok(cut_at(&cut, folder, NULL, AKIN_POOL_AVERAGE, &err), &err);
  assert_string_equal(cut.meaning, wanted);
  testing_ok(akin_hash_bytes(&hash, wanted, strlen(wanted), &err), &err);
  akin_hash_hex(fingerprint, &hash);
  assert_string_equal(cut.fingerprint, fingerprint);
  akin_cut_clear(&cut);
  akin_folder_close(folder);
  akin_free(wanted);
}

/* The fingerprint under another choice of everything; each must be a different one. */
static void test_fingerprints_differ(void **state) {
  akin_folder *folder = open_tiny(*state);
  const akin_card *card = akin_folder_card(folder);
  akin_preparation keras = card->preparation;
  akin_cut cuts[10];
  akin_error err;
  akin_preparation_keras(&keras);
  const akin_preparation *own = &card->preparation;
  const akin_cut_request requests[] = {
      {NULL, AKIN_POOL_AVERAGE, 0, own, false, "f32", 1},
      {NULL, AKIN_POOL_AVERAGE, 0, &keras, false, "f32", 1},
      {NULL, AKIN_POOL_AVERAGE, 0, own, true, "f32", 1},
      {NULL, AKIN_POOL_AVERAGE, 0, own, false, "bf16", 1},
      {NULL, AKIN_POOL_AVERAGE, 0, own, false, "f32", 2},
      {"predictions", AKIN_POOL_AVERAGE, 0, own, false, "f32", 1},
      {"stem_bn", AKIN_POOL_AVERAGE, 0, own, false, "f32", 1},
      {"stem_bn", AKIN_POOL_MAX, 0, own, false, "f32", 1},
      {"stem_bn", AKIN_POOL_GEM, 3, own, false, "f32", 1},
      {"stem_bn", AKIN_POOL_GEM, 3.5, own, false, "f32", 1},
  };
  for (int i = 0; i < 10; i++)
    testing_ok(akin_folder_cut(&cuts[i], folder, &requests[i], &err), &err);
  for (int i = 0; i < 10; i++)
    for (int k = 0; k < i; k++)
      assert_string_not_equal(cuts[i].fingerprint, cuts[k].fingerprint);
  assert_string_not_equal(cuts[6].onnx_path, cuts[7].onnx_path);
  assert_string_equal(cuts[1].onnx_path, cuts[0].onnx_path); /* the graph is the same */
  for (int i = 0; i < 10; i++)
    akin_cut_clear(&cuts[i]);
  akin_folder_close(folder);
}

static void test_same_feature_same_fingerprint(void **state) {
  static const char *const names[] = {NULL, "avg_pool", "top_dropout", "-2", "-3"};
  akin_folder *folder = open_tiny(*state), *renamed = NULL;
  akin_cut first, cut;
  akin_error err;
  testing_ok(cut_at(&first, folder, NULL, AKIN_POOL_AVERAGE, &err), &err);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    testing_ok(cut_at(&cut, folder, names[i], AKIN_POOL_MAX, &err), &err); /* nothing to pool */
    assert_string_equal(cut.fingerprint, first.fingerprint);
    akin_cut_clear(&cut);
  }
  testing_ok(import_as(*state, TINY_WEIGHTS, TINY_CARD, "other-name", &err), &err);
  testing_ok(akin_folder_open(&renamed, *state, "other-name", &err), &err);
  testing_ok(cut_at(&cut, renamed, NULL, AKIN_POOL_AVERAGE, &err), &err);
  assert_string_equal(cut.fingerprint, first.fingerprint);
  akin_cut_clear(&cut);
  akin_cut_clear(&first);
  akin_folder_close(renamed);
  akin_folder_close(folder);
}

static void test_pooled(void **state) {
  akin_folder *folder = open_tiny(*state);
  akin_graph graph = AKIN_GRAPH_INIT;
  akin_cut cut;
  akin_error err;
  testing_ok(cut_at(&cut, folder, "block2a_project_bn", AKIN_POOL_MAX, &err), &err);
  assert_string_equal(cut.pooling, "max");
  assert_string_equal(cut.pooling_text, ", maximum over its places");
  assert_int_equal(cut.dim, 8);
  assert_string_equal(cut.rule, "layer block2a_project_bn, named by the caller");
  read_graph(&graph, cut.onnx_path);
  assert_string_equal(graph.output.name, "block2a_project_bn/max");
  assert_string_equal(graph.nodes[graph.node_count - 1].operation, "Flatten");
  assert_string_equal(graph.nodes[graph.node_count - 2].operation, "GlobalMaxPool");
  assert_string_equal(graph.nodes[graph.node_count - 2].inputs[0], "block2a_project_bn");
  akin_graph_free(&graph);
  akin_cut_clear(&cut);
  akin_folder_close(folder);
}

static void test_layer_of_card(void **state) {
  char *card = changed_card(*state, "card.json", "\"mirror\"", "\"layer\": \"top_bn\", \"mirror\"");
  char *models = testing_path(*state, "models");
  akin_folder *folder = NULL;
  akin_cut cut;
  akin_error err;
  testing_ok(import_as(models, TINY_WEIGHTS, card, NULL, &err), &err);
  testing_ok(akin_folder_open(&folder, models, "tiny", &err), &err);
  testing_ok(cut_at(&cut, folder, NULL, AKIN_POOL_AVERAGE, &err), &err);
  assert_string_equal(cut.layer, "top_bn");
  assert_string_equal(cut.rule, "layer top_bn, named by the card");
  akin_cut_clear(&cut);
  akin_folder_close(folder);
  akin_free(card);
  card = changed_card(*state, "card.json", "\"mirror\"", "\"layer\": \"stem_conv\", \"mirror\"");
  testing_expect(import_as(models, TINY_WEIGHTS, card, "folded", &err), AKIN_ERROR_UNSUPPORTED, &err);
  testing_says(&err, "'stem_bn': take that one");
  card[strlen(card) - 1] = '\0'; /* no longer .json */
  testing_expect(import_as(models, TINY_WEIGHTS, card, "folded", &err), AKIN_ERROR_NOT_FOUND, &err);
  akin_free(card);
  akin_free(models);
}

static void expect_refused(const akin_folder *folder, const char *layer, akin_status want, const char *part) {
  akin_cut cut;
  akin_error err;
  testing_expect(cut_at(&cut, folder, layer, AKIN_POOL_AVERAGE, &err), want, &err);
  testing_says(&err, "model tiny: ");
  testing_says(&err, part);
  assert_null(cut.layer);
  akin_cut_clear(&cut);
}

static void test_refused(void **state) {
  akin_folder *folder = open_tiny(*state);
  expect_refused(folder, "avgpool", AKIN_ERROR_NOT_FOUND, "nearest name is 'avg_pool'");
  expect_refused(folder, "-1000", AKIN_ERROR_NOT_FOUND, "no layer -1000");
  expect_refused(folder, "stem_conv", AKIN_ERROR_UNSUPPORTED, "computed together with 'stem_bn'");
  expect_refused(folder, "block1a_dwconv", AKIN_ERROR_UNSUPPORTED, "'block1a_bn'");
  akin_folder_close(folder);
}

/* A damaged or foreign cut mends itself; a sound one is not written again. */
static void test_mended(void **state) {
  akin_folder *folder = open_tiny(*state);
  akin_file_facts before, after;
  akin_cut cut, again;
  akin_error err;
  size_t size = 0, mended_size = 0;
  testing_ok(cut_at(&cut, folder, NULL, AKIN_POOL_AVERAGE, &err), &err);
  char *sound = testing_read(cut.onnx_path, &size);
  testing_ok(akin_file_facts_of(&before, cut.onnx_path, &err), &err);
  testing_ok(cut_at(&again, folder, NULL, AKIN_POOL_AVERAGE, &err), &err);
  akin_cut_clear(&again);
  testing_ok(akin_file_facts_of(&after, cut.onnx_path, &err), &err);
  assert_int_equal(before.inode, after.inode);
  assert_int_equal(before.mtime_ns, after.mtime_ns);
  testing_write_text(cut.onnx_path, "not a graph");
  testing_ok(cut_at(&again, folder, NULL, AKIN_POOL_AVERAGE, &err), &err);
  akin_cut_clear(&again);
  char *mended = testing_read(cut.onnx_path, &mended_size);
  assert_int_equal(size, mended_size);
  assert_memory_equal(sound, mended, size);
  akin_free(mended);
  akin_free(sound);
  akin_cut_clear(&cut);
  akin_folder_close(folder);
}

/* The cut of the default is made by the import. (The superuser may write everywhere: then only that is shown.) */
static void test_folder_that_cannot_be_written(void **state) {
  akin_folder *folder = open_tiny(*state);
  akin_cut cut;
  akin_error err;
  assert_int_equal(chmod(akin_folder_path(folder), 0555), 0);
  testing_ok(cut_at(&cut, folder, NULL, AKIN_POOL_AVERAGE, &err), &err);
  akin_cut_clear(&cut);
  if (geteuid() != 0) {
    testing_expect(cut_at(&cut, folder, "stem_bn", AKIN_POOL_AVERAGE, &err), AKIN_ERROR_IO, &err);
    akin_cut_clear(&cut);
  }
  assert_int_equal(chmod(akin_folder_path(folder), 0755), 0);
  akin_folder_close(folder);
}

static void expect_difference(const char *here, const char *there, const char *want) {
  char *text = akin_cut_difference(here, there);
  assert_non_null(text);
  assert_string_equal(text, want);
  akin_free(text);
}

static void test_difference(void **state) {
  (void)state;
  expect_difference("a: 1\nb: 2\n", "a: 1\nb: 2\n", "nothing differs");
  expect_difference("weights: 12\nlayer: x\n", "weights: 34\nlayer: x\n", "weights differ");
  expect_difference("weights: 12\npreprocessing: bilinear\nlayer: x\n",
                    "weights: 34\npreprocessing: nearest\nlayer: x\n",
                    "weights differ; preprocessing: bilinear here, nearest there");
  expect_difference("a: 1\nmirror: no\n", "a: 1\n", "mirror: no here, nothing there");
  expect_difference("a: 1\n", "b: 2\na: 1\n", "b: nothing here, 2 there");
  expect_difference("a: 1\nb: 2\n", "b: 2\na: 1\n", "nothing differs");
  expect_difference("", "", "nothing differs");
  expect_difference("no colon", "a:", "no colon:  here, nothing there; a: nothing here,  there");
  expect_difference("a: 12\n", "a: 1\n", "a: 12 here, 1 there");
}

typedef struct memory_case {
  const akin_folder *folder;
} memory_case;

static akin_status cut_once(void *context) {
  akin_cut cut;
  akin_error err;
  akin_status status = cut_at(&cut, ((memory_case *)context)->folder, NULL, AKIN_POOL_AVERAGE, &err);
  akin_cut_clear(&cut);
  return status;
}

static void test_no_memory(void **state) {
  memory_case c = {open_tiny(*state)};
  uint64_t failed = 0;
  for (uint64_t nth = 1;; nth += nth < 30 ? 1 : 23) { /* protobuf-c makes thousands */
    akin_memory_fail_at(nth, true);
    akin_status status = cut_once(&c);
    const bool reached = akin_memory_count() >= nth;
    akin_memory_fail_at(0, true);
    if (status == AKIN_OK && !reached) break;
    if (status == AKIN_OK) continue; /* comparing with the file there: it is then written again */
    assert_int_equal(status, AKIN_ERROR_MEMORY);
    failed++;
  }
  assert_true(failed > 30);
  akin_folder_close((akin_folder *)c.folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, testing_setup, testing_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_default),
      TEST(test_weights_from_vector_to_vector),
      TEST(test_meaning),
      TEST(test_fingerprints_differ),
      TEST(test_same_feature_same_fingerprint),
      TEST(test_pooled),
      TEST(test_layer_of_card),
      TEST(test_refused),
      TEST(test_mended),
      TEST(test_folder_that_cannot_be_written),
      TEST(test_difference),
      TEST(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
