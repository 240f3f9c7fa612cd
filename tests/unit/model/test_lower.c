/* test_lower.c - layers to ONNX's operations: which nodes, which numbers, what is refused; and a graph written and read
 * back. */
#include "unit/model/model_testing.h"

#include "model/builder.h"
#include "model/lower.h"
#include "model/onnx.h"

/* Numbers that tell where they are from: weight k of a layer is 1, 2, 3 … times (k + 1), variances 0.5, 1.5 … */
static akin_status counting_read(void *context, const akin_layer *layer, size_t weight, float *out, akin_error *err) {
  (void)context;
  (void)err;
  const uint64_t count = akin_layer_weight_count(&layer->weights[weight]);
  const bool variance = layer->weights[weight].role == AKIN_WEIGHT_MOVING_VARIANCE;
  for (uint64_t i = 0; i < count; i++)
    out[i] = variance ? (float)i + 0.5f : (float)((i + 1) * (weight + 1));
  return AKIN_OK;
}

static const akin_weight_source counting = {counting_read, NULL};

static akin_status lower_into(akin_graph *graph, const akin_layers *layers, const akin_weight_source *source,
                              const char *path, akin_error *err) {
  akin_file_writer *writer = NULL;
  akin_status status = akin_file_writer_open(&writer, path, err);
  if (status != AKIN_OK) return status;
  graph->name = "test";
  status = akin_lower(graph, layers, source, writer, err);
  if (status == AKIN_OK) return akin_file_writer_commit(writer, err);
  akin_file_writer_discard(writer);
  return status;
}

static const akin_convolution odd = {
    .filters = 2, .kernel = {3, 1}, .strides = {2, 1}, .padding = AKIN_PADDING_SAME, .bias = false};

/* input 5×4 → convolution, folded batch normalization, ReLU6, dropout, sum with itself, pool, dense */
static void build_small(akin_layers *layers, akin_error *err) {
  akin_builder builder = {layers, err, AKIN_OK}, *b = &builder;
  size_t x = akin_builder_conv2d(b, akin_builder_input(b, 5, 4), "conv", &odd, "conv");
  x = akin_builder_batch_normalization(b, x, "bn", 0.5, "bn");
  x = akin_builder_relu(b, x, "relu", 6);
  const size_t dropped = akin_builder_dropout(b, x, "drop");
  x = akin_builder_add(b, dropped, x, "sum");
  x = akin_builder_relu(b, x, "plain", 0);
  x = akin_builder_global_average_pooling2d(b, x, "pool");
  akin_builder_dense(b, x, "dense", 3, "dense");
  testing_ok(b->status, err);
}

static const akin_graph_node *find_node(const akin_graph *graph, const char *output) {
  for (size_t i = 0; i < graph->node_count; i++)
    if (strcmp(graph->nodes[i].outputs[0], output) == 0) return &graph->nodes[i];
  fail_msg("no node gives %s", output);
  return NULL;
}

static void expect_node(const akin_graph *graph, const char *output, const char *operation, size_t inputs,
                        const char *first) {
  const akin_graph_node *node = find_node(graph, output);
  assert_string_equal(node->operation, operation);
  assert_int_equal(node->input_count, inputs);
  assert_string_equal(node->inputs[0], first);
}

static void test_nodes(void **state) {
  char *path = testing_path(*state, "weights.bin");
  akin_layers layers = AKIN_LAYERS_INIT;
  akin_graph graph = AKIN_GRAPH_INIT;
  akin_error err;
  build_small(&layers, &err);
  testing_ok(lower_into(&graph, &layers, &counting, path, &err), &err);
  assert_int_equal(graph.node_count, 7);
  assert_string_equal(graph.input.name, "input");
  assert_memory_equal(graph.input.shape, ((const int64_t[]){1, 3, 5, 4}), 32);
  expect_node(&graph, "bn", "Conv", 3, "input");
  expect_node(&graph, "relu", "Clip", 3, "bn");
  expect_node(&graph, "sum", "Add", 2, "relu"); /* the dropout is gone */
  assert_string_equal(find_node(&graph, "sum")->inputs[1], "relu");
  expect_node(&graph, "plain", "Relu", 1, "sum");
  expect_node(&graph, "pool/map", "GlobalAveragePool", 1, "plain");
  expect_node(&graph, "pool", "Flatten", 1, "pool/map");
  expect_node(&graph, "dense", "Gemm", 3, "pool");
  assert_string_equal(graph.output.name, "dense");
  assert_int_equal(graph.output.rank, 2);
  const akin_graph_node *conv = find_node(&graph, "bn");
  assert_string_equal(conv->name, "conv");
  assert_string_equal(conv->attributes[2].name, "pads");
  assert_memory_equal(conv->attributes[2].integers, ((const int64_t[]){1, 0, 1, 0}), 32); /* 5 high, stride 2 */
  assert_true(akin_graph_computes(&graph, "bn"));
  assert_false(akin_graph_computes(&graph, "conv"));
  akin_graph_free(&graph);
  akin_layers_free(&layers);
  akin_free(path);
}

/* gamma 1 2, beta 2 4, mean 3 6, variance 0.5 1.5, epsilon 0.5: scales 1 and √2, biases 2 - 3 and 4 - 6 √2 */
static void test_folding(void **state) {
  char *path = testing_path(*state, "weights.bin");
  akin_layers layers = AKIN_LAYERS_INIT;
  akin_graph graph = AKIN_GRAPH_INIT;
  akin_error err;
  size_t size = 0;
  build_small(&layers, &err);
  testing_ok(lower_into(&graph, &layers, &counting, path, &err), &err);
  char *bytes = testing_read(path, &size);
  const akin_graph_tensor *kernel = akin_graph_find_tensor(&graph, "conv/kernel");
  const akin_graph_tensor *bias = akin_graph_find_tensor(&graph, "conv/bias");
  assert_memory_equal(kernel->shape, ((const int64_t[]){2, 3, 3, 1}), 32);
  assert_int_equal(kernel->bytes, 18 * 4);
  float numbers[18];
  memcpy(numbers, bytes + kernel->offset, sizeof numbers);
  for (int i = 0; i < 9; i++) {
    assert_true(numbers[i] == (float)(i + 1));
    assert_true(numbers[9 + i] == (float)((i + 10) * 1.41421356237309504880));
  }
  memcpy(numbers, bytes + bias->offset, 8);
  assert_true(numbers[0] == -1.0f && numbers[1] == (float)(4 - 6 * 1.41421356237309504880));
  for (size_t i = 0; i < graph.tensor_count; i++) {
    const akin_graph_tensor *tensor = &graph.tensors[i];
    if (tensor->values) continue;
    assert_int_equal(tensor->offset % 64, 0);
    assert_true(tensor->offset + tensor->bytes <= size);
  }
  akin_free(bytes);
  akin_graph_free(&graph);
  akin_layers_free(&layers);
  akin_free(path);
}

static akin_status spoiled_read(void *context, const akin_layer *layer, size_t weight, float *out, akin_error *err) {
  akin_status status = counting_read(NULL, layer, weight, out, err);
  if (layer->weights[weight].role == *(const akin_weight_role *)context)
    out[1] = layer->weights[weight].role == AKIN_WEIGHT_MOVING_VARIANCE ? -1.0f : 3e38f;
  return status;
}

static void test_refused(void **state) {
  static const akin_weight_role spoiled[] = {AKIN_WEIGHT_MOVING_VARIANCE, AKIN_WEIGHT_GAMMA};
  char *path = testing_path(*state, "weights.bin");
  for (size_t i = 0; i < 2; i++) {
    const akin_weight_source source = {spoiled_read, (void *)&spoiled[i]};
    akin_layers layers = AKIN_LAYERS_INIT;
    akin_graph graph = AKIN_GRAPH_INIT;
    akin_error err;
    build_small(&layers, &err);
    testing_expect(lower_into(&graph, &layers, &source, path, &err), AKIN_ERROR_FORMAT, &err);
    testing_says(&err, "layer bn");
    akin_graph_free(&graph);
    akin_layers_free(&layers);
  }
  akin_free(path);
}

/* With a second reader of the convolution, or an activation in between, the normalization is two operations. */
static void test_not_folded(void **state) {
  char *path = testing_path(*state, "weights.bin");
  for (int activated = 0; activated < 2; activated++) {
    akin_layers layers = AKIN_LAYERS_INIT;
    akin_graph graph = AKIN_GRAPH_INIT;
    akin_error err;
    size_t size = 0;
    akin_builder builder = {&layers, &err, AKIN_OK}, *b = &builder;
    const size_t conv = akin_builder_conv2d(b, akin_builder_input(b, 5, 4), "conv", &odd, "conv");
    if (activated) akin_builder_activated(b, conv, AKIN_ACTIVATION_TANH);
    const size_t bn = akin_builder_batch_normalization(b, conv, "bn", 0.5, "bn");
    if (!activated) akin_builder_add(b, bn, conv, "sum");
    testing_ok(b->status, &err);
    testing_ok(lower_into(&graph, &layers, &counting, path, &err), &err);
    if (activated) expect_node(&graph, "conv", "Tanh", 1, "conv/linear");
    expect_node(&graph, "bn/scaled", "Mul", 2, "conv");
    expect_node(&graph, "bn", "Add", 2, "bn/scaled");
    const akin_graph_tensor *scale = akin_graph_find_tensor(&graph, "bn/gamma");
    assert_int_equal(scale->rank, 3); /* [channels, 1, 1] */
    char *bytes = testing_read(path, &size);
    float numbers[2];
    memcpy(numbers, bytes + scale->offset, sizeof numbers);
    assert_true(numbers[0] == 1 && numbers[1] == 1.41421356237309504880f);
    akin_free(bytes);
    akin_graph_free(&graph);
    akin_layers_free(&layers);
  }
  akin_free(path);
}

static void test_cut(void **state) {
  char *path = testing_path(*state, "weights.bin");
  akin_layers layers = AKIN_LAYERS_INIT;
  akin_graph graph = AKIN_GRAPH_INIT;
  akin_graph_value output;
  akin_error err;
  build_small(&layers, &err);
  testing_ok(lower_into(&graph, &layers, &counting, path, &err), &err);
  assert_true(akin_graph_set_value(&graph, &output, "relu", (const int64_t[]){1, 2, 3, 4}, 4));
  testing_ok(akin_graph_cut(&graph, &output, &err), &err);
  assert_int_equal(graph.node_count, 2);
  assert_int_equal(graph.tensor_count, 4); /* kernel, bias, 0 and 6 */
  assert_null(akin_graph_find_tensor(&graph, "dense/kernel"));
  assert_non_null(akin_graph_find_tensor(&graph, "conv/bias"));
  assert_string_equal(graph.output.name, "relu");
  akin_graph_free(&graph);
  akin_layers_free(&layers);
  akin_free(path);
}

/* What is packed is unpacked the same, and no piece of it is taken for the whole. */
static void test_written_and_read(void **state) {
  char *path = testing_path(*state, "weights.bin");
  akin_layers layers = AKIN_LAYERS_INIT;
  akin_graph graph = AKIN_GRAPH_INIT, back = AKIN_GRAPH_INIT;
  akin_buffer first = AKIN_BUFFER_INIT(0), second = AKIN_BUFFER_INIT(0);
  akin_error err;
  build_small(&layers, &err);
  testing_ok(lower_into(&graph, &layers, &counting, path, &err), &err);
  testing_ok(akin_onnx_pack(&first, &graph, &err), &err);
  testing_ok(akin_onnx_unpack(&back, first.data, first.size, &err), &err);
  assert_int_equal(back.tensor_count, graph.tensor_count);
  assert_int_equal(akin_graph_find_tensor(&back, "dense/bias")->offset,
                   akin_graph_find_tensor(&graph, "dense/bias")->offset);
  testing_ok(akin_onnx_pack(&second, &back, &err), &err);
  assert_int_equal(first.size, second.size);
  assert_memory_equal(first.data, second.data, first.size);
  akin_graph_free(&back);
  for (size_t n = 0; n < first.size; n++) {
    testing_expect(akin_onnx_unpack(&back, first.data, n, &err), AKIN_ERROR_FORMAT, &err);
    akin_graph_free(&back);
  }
  for (size_t bit = 0; bit < 8 * first.size; bit++) {
    first.data[bit / 8] = (char)(first.data[bit / 8] ^ 1 << bit % 8);
    akin_onnx_unpack(&back, first.data, first.size, &err); /* the sanitizers watch */
    akin_graph_free(&back);
    first.data[bit / 8] = (char)(first.data[bit / 8] ^ 1 << bit % 8);
  }
  akin_buffer_free(&first);
  akin_buffer_free(&second);
  akin_graph_free(&graph);
  akin_layers_free(&layers);
  akin_free(path);
}

/* Nothing of what was unpacked lies in the bytes that it came from: not even a constant that is an attribute. */
static void test_read_and_forgotten(void **state) {
  akin_graph graph = AKIN_GRAPH_INIT, back = AKIN_GRAPH_INIT;
  akin_buffer first = AKIN_BUFFER_INIT(0), second = AKIN_BUFFER_INIT(0);
  akin_error err;
  const char *inputs[1] = {"sizes"};
  const int64_t one = 1, sizes[2] = {1, 3}, shape[2] = {1, 2};
  const akin_graph_tensor constant = {
      .name = "value", .type = AKIN_ELEMENT_I64, .rank = 1, .shape = {1}, .values = &one, .bytes = sizeof one};
  (void)state;
  graph.name = "constants";
  assert_true(akin_graph_set_value(&graph, &graph.input, "x", shape, 2));
  assert_true(akin_graph_set_value(&graph, &graph.output, "ones", shape, 2));
  assert_non_null(akin_graph_add_integers(&graph, "sizes", sizes, 2));
  akin_graph_node *node = akin_graph_add_node(&graph, "ConstantOfShape", "ones", inputs, 1);
  akin_graph_set_attribute(
      node, &(akin_graph_attribute){.name = "value", .kind = AKIN_GRAPH_CONSTANT, .constant = &constant});
  testing_ok(akin_onnx_pack(&first, &graph, &err), &err);
  void *bytes = akin_alloc(first.size);
  memcpy(bytes, first.data, first.size);
  testing_ok(akin_onnx_unpack(&back, bytes, first.size, &err), &err);
  memset(bytes, 0x5E, first.size);
  testing_ok(akin_onnx_pack(&second, &back, &err), &err);
  assert_int_equal(first.size, second.size);
  assert_memory_equal(first.data, second.data, first.size);
  akin_free(bytes);
  akin_buffer_free(&first);
  akin_buffer_free(&second);
  akin_graph_free(&back);
  akin_graph_free(&graph);
}

typedef struct memory_case {
  akin_layers layers;
  char *path;
} memory_case;

static akin_status lower_once(void *context) {
  const memory_case *c = context;
  akin_graph graph = AKIN_GRAPH_INIT, back = AKIN_GRAPH_INIT;
  akin_buffer packed = AKIN_BUFFER_INIT(0);
  akin_status status = lower_into(&graph, &c->layers, &counting, c->path, NULL);
  if (status == AKIN_OK) status = akin_onnx_pack(&packed, &graph, NULL);
  if (status == AKIN_OK) status = akin_onnx_unpack(&back, packed.data, packed.size, NULL);
  akin_buffer_free(&packed);
  akin_graph_free(&back);
  akin_graph_free(&graph);
  return status;
}

static void test_no_memory(void **state) {
  memory_case c = {AKIN_LAYERS_INIT, testing_path(*state, "weights.bin")};
  akin_error err;
  build_small(&c.layers, &err);
  assert_true(testing_fail_allocations(lower_once, &c, true) > 50);
  akin_layers_free(&c.layers);
  akin_free(c.path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, testing_setup, testing_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_nodes),
      TEST(test_folding),
      TEST(test_refused),
      TEST(test_not_folded),
      TEST(test_cut),
      TEST(test_written_and_read),
      TEST(test_read_and_forgotten),
      TEST(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
