/* test_pool.c - how layers are pooled: what is asked for, what the card says, what the layer is; and the names. What
 * poolings compute is compared with NumPy by tests/parity. */
#include "unit/model/model_testing.h"

#include "model/graph.h"
#include "model/onnx.h"
#include "model/pool.h"

static akin_layer map_layer(bool last) {
  return (akin_layer){
      .name = "map", .kind = AKIN_LAYER_TENSOR, .shape = {3, {7, 7, 64}}, .as.tensor.channels_last = last};
}

static akin_layer token_layer(uint32_t tokens) {
  return (akin_layer){.name = "tokens", .kind = AKIN_LAYER_TENSOR, .shape = {2, {tokens, 64}}};
}

static akin_card card_of(uint32_t width, uint32_t height) {
  return (akin_card){.name = "card", .preparation = AKIN_PREPARATION_INIT(width, height)};
}

static void expect_plan(const akin_card *card, const akin_layer *layer, akin_pool asked, double power, const char *text,
                        uint32_t dim) {
  akin_pool_plan plan;
  akin_error err;
  akin_buffer out = AKIN_BUFFER_INIT(0);
  memset(&plan, 0x5E, sizeof plan);
  testing_ok(akin_pool_plan_make(&plan, card, layer, asked, power, &err), &err);
  assert_int_equal(akin_pool_plan_text(&out, &plan), AKIN_OK);
  assert_string_equal(out.data, text);
  if (dim) assert_int_equal(akin_pool_plan_dim(&plan), dim);
  akin_buffer_free(&out);
}

static void test_defaults(void **state) {
  (void)state;
  const akin_card card = card_of(224, 224);
  const akin_layer map = map_layer(false), tokens = token_layer(197), patches = token_layer(196);
  const akin_layer vector = {.name = "v", .kind = AKIN_LAYER_DENSE, .shape = {1, {64}}};
  const akin_layer rows = {.name = "rows", .kind = AKIN_LAYER_RESHAPE, .shape = {2, {197, 64}}};
  expect_plan(&card, &map, AKIN_POOL_CARD, 0, "average", 64);
  expect_plan(&card, &tokens, AKIN_POOL_CARD, 0, "class", 64);
  expect_plan(&card, &patches, AKIN_POOL_CARD, 0, "patches 0", 64);
  expect_plan(&card, &vector, AKIN_POOL_MAX, 0, "none", 0);
  expect_plan(&card, &rows, AKIN_POOL_CARD, 0, "none", 0);
  expect_plan(&card, &rows, AKIN_POOL_BOTH, 0, "both 1", 128);
}

static void test_who_says(void **state) {
  (void)state;
  akin_card card = card_of(224, 224);
  const akin_layer map = map_layer(true);
  expect_plan(&card, &map, AKIN_POOL_GEM, 0, "gem:3", 64);
  expect_plan(&card, &map, AKIN_POOL_GEM, 4.5, "gem:4.5", 64);
  card.pool = AKIN_POOL_GEM;
  card.pool_power = 2;
  expect_plan(&card, &map, AKIN_POOL_CARD, 0, "gem:2", 64);
  expect_plan(&card, &map, AKIN_POOL_GEM, 5, "gem:5", 64);
  expect_plan(&card, &map, AKIN_POOL_MAX, 0, "max", 64);
}

/* Images, tokens and what must be in front of those of patches: those of published networks. */
static void test_prefix(void **state) {
  (void)state;
  static const uint32_t cases[][4] = {{224, 224, 50, 1},  {224, 224, 197, 1}, {224, 224, 198, 2},  {224, 224, 257, 1},
                                      {224, 224, 261, 5}, {384, 384, 576, 0}, {518, 518, 1370, 1}, {224, 224, 49, 0},
                                      {256, 128, 129, 1}, {32, 32, 1, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const akin_card card = card_of(cases[i][0], cases[i][1]);
    const akin_layer layer = token_layer(cases[i][2]);
    char *text = akin_format("patches %u", cases[i][3]);
    expect_plan(&card, &layer, AKIN_POOL_PATCHES, 0, text, 64);
    akin_free(text);
  }
  akin_card card = card_of(224, 224);
  const akin_layer layer = token_layer(197);
  card.has_prefix_tokens = true;
  card.prefix_tokens = 3;
  expect_plan(&card, &layer, AKIN_POOL_BOTH, 0, "both 3", 128);
}

static void expect_no_plan(const akin_card *card, const akin_layer *layer, akin_pool asked, const char *part) {
  akin_pool_plan plan;
  akin_error err;
  testing_expect(akin_pool_plan_make(&plan, card, layer, asked, 0, &err), AKIN_ERROR_UNSUPPORTED, &err);
  testing_says(&err, part);
}

static void test_refused(void **state) {
  (void)state;
  akin_card card = card_of(224, 224);
  const akin_layer map = map_layer(false), patches = token_layer(196), few = token_layer(5);
  expect_no_plan(&card, &map, AKIN_POOL_CLASS, "layer 'map' is a map");
  expect_no_plan(&card, &map, AKIN_POOL_BOTH, "pooling both is of tokens");
  expect_no_plan(&card, &patches, AKIN_POOL_CLASS, "196 tokens, all of patches");
  expect_no_plan(&card, &patches, AKIN_POOL_BOTH, "no class token");
  card.has_prefix_tokens = true;
  card.prefix_tokens = 5;
  expect_no_plan(&card, &few, AKIN_POOL_PATCHES, "5 tokens, of which 5");
}

static void test_names(void **state) {
  (void)state;
  static const char *const wrong[] = {"",       "mean",    "gem:",  "gem:0.9", "gem:101",
                                      "gem:3x", "gem:nan", "max:3", "AVERAGE"};
  akin_pool pool = AKIN_POOL_CARD;
  double power = -1;
  for (int i = 0; i < AKIN_POOL_COUNT; i++) {
    akin_buffer out = AKIN_BUFFER_INIT(0);
    assert_int_equal(akin_pool_text(&out, (akin_pool)i, 0), AKIN_OK);
    assert_true(akin_pool_from_name(&pool, &power, out.data));
    assert_int_equal(pool, i);
    assert_true(power == 0);
    akin_buffer_free(&out);
  }
  assert_true(akin_pool_from_name(&pool, &power, "gem:4.5"));
  assert_int_equal(pool, AKIN_POOL_GEM);
  assert_true(power == 4.5);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_false(akin_pool_from_name(&pool, &power, wrong[i]));
}

/* The same, in a graph whose input is x. */
static akin_status lower(akin_graph *graph, const akin_pool_plan *plan, akin_error *err) {
  graph->input.name = "x";
  return akin_pool_lower(graph, plan, "x", "y", err);
}

/* Operations that mean the same in every version of ONNX, and none twice under one name. */
static void test_lowered(void **state) {
  (void)state;
  static const char *const allowed[] = {"Transpose",         "Gather", "Flatten", "Concat", "GlobalMaxPool",
                                        "GlobalAveragePool", "Max",    "Div",     "Pow",    "Mul"};
  const akin_card card = card_of(224, 224);
  const akin_layer layers[] = {map_layer(false), map_layer(true), token_layer(197)};
  for (int pool = AKIN_POOL_AVERAGE; pool < AKIN_POOL_COUNT; pool++) {
    for (size_t l = 0; l < 3; l++) {
      akin_graph graph = AKIN_GRAPH_INIT;
      akin_pool_plan plan;
      akin_error err;
      if (akin_pool_plan_make(&plan, &card, &layers[l], (akin_pool)pool, 0, &err) != AKIN_OK) continue;
      testing_ok(lower(&graph, &plan, &err), &err);
      assert_true(akin_graph_computes(&graph, "y"));
      for (size_t i = 0; i < graph.node_count; i++) {
        bool known = false;
        for (size_t k = 0; k < sizeof allowed / sizeof *allowed; k++)
          known = known || strcmp(graph.nodes[i].operation, allowed[k]) == 0;
        assert_true(known);
      }
      testing_expect(lower(&graph, &plan, &err), AKIN_ERROR_UNSUPPORTED, &err);
      akin_graph_free(&graph);
    }
  }
}

/* The operation that clamps for a generalised mean, in a graph of a version of ONNX. */
static void expect_clamp(int64_t version, const char *operation, size_t inputs) {
  const akin_graph_opset opset = {"", version};
  const akin_card card = card_of(224, 224);
  const akin_layer layer = map_layer(false);
  akin_graph graph = AKIN_GRAPH_INIT;
  akin_pool_plan plan;
  akin_error err;
  graph.opsets = &opset;
  graph.opset_count = 1;
  testing_ok(akin_pool_plan_make(&plan, &card, &layer, AKIN_POOL_GEM, 0, &err), &err);
  testing_ok(lower(&graph, &plan, &err), &err);
  assert_string_equal(graph.nodes[0].operation, operation);
  assert_int_equal(graph.nodes[0].input_count, inputs);
  akin_graph_free(&graph);
}

/* Max takes a map and one number from version 8 on. */
static void test_old_versions(void **state) {
  (void)state;
  expect_clamp(17, "Max", 2);
  expect_clamp(8, "Max", 2);
  expect_clamp(7, "Clip", 1);
}

static akin_status lower_once(void *context) {
  akin_graph graph = AKIN_GRAPH_INIT;
  akin_error err;
  akin_status status = lower(&graph, context, &err);
  akin_graph_free(&graph);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  const akin_card card = card_of(224, 224);
  const akin_layer layer = token_layer(197);
  akin_pool_plan plan;
  akin_error err;
  testing_ok(akin_pool_plan_make(&plan, &card, &layer, AKIN_POOL_BOTH, 0, &err), &err);
  assert_true(testing_fail_allocations(lower_once, &plan, true) > 10);
  assert_true(testing_fail_allocations(lower_once, &plan, false) > 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_defaults),     cmocka_unit_test(test_who_says),  cmocka_unit_test(test_prefix),
      cmocka_unit_test(test_refused),      cmocka_unit_test(test_names),     cmocka_unit_test(test_lowered),
      cmocka_unit_test(test_old_versions), cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
