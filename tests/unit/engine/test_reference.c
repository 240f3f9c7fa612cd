/*
 * test_reference.c - EfficientNet-Lite0, from its real weights and real PNG files to features, against the values of an
 * independent implementation on another runtime (shared/reference): through the public interface, and once more piece
 * by piece with one mistake built in, which must be noticed. Skipped where the weights or the values are missing.
 */
#include "unit/testing.h"

#include "image/image.h"
#include "model/binding.h"
#include "model/families/families.h"
#include "model/lower.h"
#include "model/onnx.h"
#include "runtime/runtime.h"
#include "weights/tensors.h"

#include <akin/akin.h>
#include <math.h>

#define WEIGHTS   AKIN_TEST_DATA "/../../.deps/weights/efficientnet-lite0-57934424.pth"
#define REFERENCE AKIN_SHARED_DATA "/reference/efficientnet_lite0"
#define IMAGES    12
#define DIM       1280
#define CLASSES   1000
#define ALLOWED   1e-4f

typedef struct reference_bench {
  char *folder;
  char *features, *logits; /* f32 [IMAGES, DIM], [IMAGES, CLASSES]; NULL: not there */
} reference_bench;

static int reference_setup(void **state) {
  reference_bench *b = akin_calloc(1, sizeof *b);
  assert_non_null(b);
  b->folder = testing_folder();
  setenv("XDG_CACHE_HOME", b->folder, 1);
  if (akin_file_exists(WEIGHTS) && akin_file_exists(REFERENCE "/features_12x1280.f32")) {
    b->features = testing_read(REFERENCE "/features_12x1280.f32", NULL);
    b->logits = testing_read(REFERENCE "/logits_12x1000.f32", NULL);
  }
  *state = b;
  return 0;
}

static int reference_teardown(void **state) {
  reference_bench *b = *state;
  testing_remove_folder(b->folder);
  akin_free(b->features);
  akin_free(b->logits);
  akin_free(b);
  return 0;
}

static void reference_require(const reference_bench *b) {
  if (b->features) return;
  print_message("missing: %s or %s\n", WEIGHTS, REFERENCE);
  skip();
}

static float reference_at(const char *values, size_t index) {
  float value = 0;
  memcpy(&value, values + index * sizeof value, sizeof value);
  return value;
}

static char *reference_image(int number) {
  char *path = akin_format("%s/%02d.png", REFERENCE, number);
  assert_non_null(path);
  return path;
}

static float largest_difference(const float *got, const char *want, size_t first, size_t count) {
  float largest = 0;
  for (size_t i = 0; i < count; i++) {
    const float difference = fabsf(got[i] - reference_at(want, first + i));
    if (!(difference <= largest)) largest = difference; /* NaN counts */
  }
  return largest;
}

/* ---- through the public interface ---- */

static akin_model *open_model(const reference_bench *b, const char *layer) {
  akin_model_options options = AKIN_MODEL_OPTIONS_INIT;
  akin_model *model = NULL;
  akin_error err;
  options.models_folder = b->folder;
  options.layer = layer;
  options.workers = 1;
  testing_ok(akin_model_open(&model, "efficientnet-lite0", &options, &err), &err);
  return model;
}

static void test_public_interface(void **state) {
  const reference_bench *b = *state;
  reference_require(b);
  akin_import_options import = AKIN_IMPORT_OPTIONS_INIT;
  static float values[DIM];
  float largest = 0;
  akin_error err;
  import.models_folder = b->folder;
  testing_ok(akin_model_import_file(WEIGHTS, &import, NULL, 0, &err), &err); /* the card is found by the hash */
  akin_model *model = open_model(b, NULL), *scores = open_model(b, "predictions");
  assert_int_equal(akin_model_dim(model), DIM);
  assert_int_equal(akin_model_dim(scores), CLASSES);
  for (int i = 0; i < IMAGES; i++) {
    char *path = reference_image(i);
    testing_ok(akin_model_embed_path(model, values, path, 1, &err), &err);
    largest = fmaxf(largest, largest_difference(values, b->features, (size_t)i * DIM, DIM));
    testing_ok(akin_model_embed_path(scores, values, path, 1, &err), &err);
    assert_true(largest_difference(values, b->logits, (size_t)i * CLASSES, CLASSES) <= 2 * ALLOWED);
    akin_free(path);
  }
  print_message("largest difference of features: %g\n", (double)largest);
  assert_true(largest <= ALLOWED);
  akin_model_free(scores);
  akin_model_free(model);
}

/* ---- with a mistake built in ---- */

typedef enum mistake {
  MISTAKE_NONE,
  MISTAKE_EPSILON,  /* 1e-5, PyTorch's default */
  MISTAKE_PADDING,  /* the odd row and column at the top and left */
  MISTAKE_STRIDES,  /* kernels taken as they lie in memory */
  MISTAKE_CHANNELS, /* blue first */
  MISTAKES
} mistake;

/* The kernels of this file lie in memory as [h, w, in, out], or [out] last for depthwise ones: what a reader gets that
 * takes that for [out, in, h, w]. */
static void ignore_strides(float *kernel, const akin_layer *layer) {
  const uint32_t *shape = layer->weights[0].shape; /* [h, w, in, out], or [h, w, in, 1] */
  const size_t places = (size_t)shape[0] * shape[1], in = layer->kind == AKIN_LAYER_CONV2D ? shape[2] : 1;
  const size_t out = layer->kind == AKIN_LAYER_CONV2D ? shape[3] : shape[2], count = places * in * out;
  float *right = akin_alloc(count * sizeof *right);
  assert_non_null(right);
  memcpy(right, kernel, count * sizeof *right);
  for (size_t n = 0; n < count; n++) {
    const size_t o = n / (in * places), i = n / places % in, place = n % places;
    kernel[(place * in + i) * out + o] = right[n];
  }
  akin_free(right);
}

typedef struct mistaken_source {
  akin_tensors *tensors;
  mistake mistake;
} mistaken_source;

static akin_status mistaken_read(void *context, const akin_layer *layer, size_t weight, float *out, akin_error *err) {
  const mistaken_source *source = context;
  akin_status status = akin_binding_read(out, layer, weight, source->tensors, err);
  const bool kernel = layer->kind == AKIN_LAYER_CONV2D || layer->kind == AKIN_LAYER_DEPTHWISE_CONV2D;
  if (status == AKIN_OK && source->mistake == MISTAKE_STRIDES && kernel) ignore_strides(out, layer);
  return status;
}

static void mistake_in_layers(akin_layers *layers, mistake m) {
  for (size_t i = 0; m == MISTAKE_EPSILON && i < layers->count; i++)
    if (layers->at[i].kind == AKIN_LAYER_BATCH_NORMALIZATION) layers->at[i].as.normalization.epsilon = 1e-5;
}

static void mistake_in_graph(akin_graph *graph, mistake m) {
  for (size_t i = 0; m == MISTAKE_PADDING && i < graph->node_count; i++) {
    for (size_t k = 0; k < graph->nodes[i].attribute_count; k++) {
      akin_graph_attribute *attribute = &graph->nodes[i].attributes[k];
      if (strcmp(attribute->name, "pads") != 0) continue;
      const int64_t turned[4] = {attribute->integers[2], attribute->integers[3], attribute->integers[0],
                                 attribute->integers[1]};
      memcpy((void *)attribute->integers, turned, sizeof turned); /* the graph is ours */
    }
  }
}

/* Writes the network up to its features with a mistake; akin_free the path of the graph. */
static char *write_network(const char *folder, mistake m) {
  const akin_card *card = akin_card_builtin("efficientnet-lite0");
  char *path = testing_path(folder, "graph.onnx"), *weights = testing_path(folder, AKIN_ONNX_WEIGHTS);
  akin_layers layers = AKIN_LAYERS_INIT;
  akin_graph graph = AKIN_GRAPH_INIT;
  akin_buffer packed = AKIN_BUFFER_INIT(0);
  akin_file_writer *writer = NULL;
  mistaken_source context = {NULL, m};
  akin_error err;
  testing_ok(akin_family_build(&layers, card, &err), &err);
  mistake_in_layers(&layers, m);
  testing_ok(akin_tensors_open(&context.tensors, WEIGHTS, &err), &err);
  testing_ok(akin_file_writer_open(&writer, weights, &err), &err);
  graph.name = "mistaken";
  testing_ok(akin_lower(&graph, &layers, &(akin_weight_source){mistaken_read, &context}, writer, &err), &err);
  testing_ok(akin_file_writer_commit(writer, &err), &err);
  mistake_in_graph(&graph, m);
  akin_graph_value output;
  assert_true(akin_graph_set_value(&graph, &output, "avg_pool", (const int64_t[]){1, DIM}, 2));
  testing_ok(akin_graph_cut(&graph, &output, &err), &err);
  testing_ok(akin_onnx_pack(&packed, &graph, &err), &err);
  testing_write(path, packed.data, packed.size);
  akin_buffer_free(&packed);
  akin_tensors_free(context.tensors);
  akin_graph_free(&graph);
  akin_layers_free(&layers);
  akin_free(weights);
  return path;
}

static void read_pixels(uint8_t *pixels, int number) {
  const akin_card *card = akin_card_builtin("efficientnet-lite0");
  akin_buffer bytes = AKIN_BUFFER_INIT(0);
  akin_error err;
  char *path = reference_image(number);
  testing_ok(akin_file_read(&bytes, path, 1u << 20, NULL, &err), &err);
  testing_ok(akin_image_prepare(pixels, NULL, bytes.data, bytes.size, &card->preparation, NULL, &err), &err);
  akin_buffer_free(&bytes);
  akin_free(path);
}

/* The largest difference of any feature from the reference. */
static float difference_with(const reference_bench *b, mistake m) {
  static uint8_t pixels[224 * 224 * 3];
  static float feature[DIM];
  char *path = write_network(b->folder, m);
  const akin_runtime_spec spec = {.onnx_path = path,
                                  .key = "mistaken",
                                  .width = 224,
                                  .height = 224,
                                  .bgr = m == MISTAKE_CHANNELS,
                                  .mean = {127, 127, 127},
                                  .scale = {128, 128, 128}};
  akin_network *network = NULL;
  akin_network_session *session = NULL;
  float largest = 0;
  akin_error err;
  testing_ok(akin_runtime_openvino.open(&network, &spec, &err), &err);
  testing_ok(akin_runtime_openvino.session_open(&session, network, &err), &err);
  for (int i = 0; i < IMAGES; i++) {
    read_pixels(pixels, i);
    testing_ok(akin_runtime_openvino.infer(session, feature, pixels, 1, &err), &err);
    const float difference = largest_difference(feature, b->features, (size_t)i * DIM, DIM);
    if (!(difference <= largest)) largest = difference;
  }
  akin_runtime_openvino.session_close(session);
  akin_runtime_openvino.close(network);
  akin_free(path);
  return largest;
}

static void test_mistakes_are_noticed(void **state) {
  static const char *const names[] = {"no mistake", "epsilon", "padding", "strides", "channels"};
  const reference_bench *b = *state;
  reference_require(b);
  for (mistake m = MISTAKE_NONE; m < MISTAKES; m++) {
    const float difference = difference_with(b, m);
    print_message("%s: %g\n", names[m], (double)difference);
    if (m == MISTAKE_NONE)
      assert_true(difference <= ALLOWED);
    else
      assert_true(!(difference <= 100 * ALLOWED));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_public_interface, reference_setup, reference_teardown),
      cmocka_unit_test_setup_teardown(test_mistakes_are_noticed, reference_setup, reference_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
