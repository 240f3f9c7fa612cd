/* test_net.c - networks in ONNX imported: sound ones become models, everything else is refused by one clear line and
 * leaves nothing behind. The files are tests/data/onnx/make_onnx.py's. */
#include "unit/model/model_testing.h"

#include "base/hash.h"
#include "model/net.h"

#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#define NETWORKS AKIN_TEST_DATA "/onnx/"

typedef struct net_notes {
  size_t count;
  char last[1024];
} net_notes;

static void note(void *context, const char *line) {
  net_notes *notes = context;
  notes->count++;
  snprintf(notes->last, sizeof notes->last, "%s", line);
}

static akin_status import_net(const char *models, const char *path, akin_import_request request, akin_error *err) {
  char *name = TESTING_POISON;
  request.models_folder = models;
  request.weights_path = path;
  request.replace = true;
  akin_status status = akin_model_import(&name, &request, err);
  if (status == AKIN_OK)
    akin_free(name);
  else
    assert_null(name);
  return status;
}

/* Imports a network of make_onnx.py and opens it. */
static akin_folder *open_net(const char *models, const char *name, akin_import_request request) {
  akin_error err;
  akin_folder *folder = TESTING_POISON;
  char *path = akin_format(NETWORKS "%s.onnx", name);
  testing_ok(import_net(models, path, request, &err), &err);
  testing_ok(akin_folder_open(&folder, models, name, &err), &err);
  testing_ok(akin_folder_verify(folder, &err), &err);
  akin_free(path);
  return folder;
}

/* ---- sound networks ---- */

static void expect_layer(const akin_folder *folder, size_t number, const char *name, const char *kind,
                         const char *shape, uint64_t parameters) {
  akin_layer_info layer;
  char text[64] = "";
  akin_folder_layer(folder, number, &layer);
  for (uint32_t i = 0; i < layer.rank; i++)
    snprintf(text + strlen(text), sizeof text - strlen(text), i ? " %u" : "%u", layer.shape[i]);
  assert_string_equal(layer.name, name);
  assert_string_equal(layer.kind, kind);
  assert_string_equal(text, shape);
  assert_int_equal(layer.parameters, parameters);
}

static void test_tensors_are_layers(void **state) {
  akin_folder *folder = open_net(*state, "small", (akin_import_request){0});
  assert_int_equal(akin_folder_layer_count(folder), 6);
  expect_layer(folder, 0, "image", "Input", "8 8 3", 0);
  expect_layer(folder, 1, "map", "Conv", "8 8 4", 108);
  expect_layer(folder, 3, "mean", "GlobalAveragePool", "1 1 4", 0);
  expect_layer(folder, 5, "scores", "Gemm", "5", 25);
  assert_int_equal(akin_folder_parameters(folder), 133);
  assert_int_equal(akin_folder_card(folder)->classes, 5);
  assert_string_equal(akin_folder_card(folder)->family, "onnx");
  akin_folder_close(folder);
  folder = open_net(*state, "channels-last", (akin_import_request){0});
  expect_layer(folder, 1, "image", "Transpose", "8 8 3", 0); /* what the runtime gives, turned */
  expect_layer(folder, 2, "turned", "Transpose", "8 8 3", 0);
  akin_folder_close(folder);
}

static void expect_feature(const char *models, const char *name, const char *layer, const char *feature, uint32_t dim,
                           const char *rule) {
  akin_folder *folder = open_net(models, name, (akin_import_request){0});
  akin_error err;
  akin_cut cut;
  testing_ok(cut_at(&cut, folder, layer, AKIN_POOL_CARD, &err), &err);
  assert_string_equal(cut.layer, feature);
  assert_int_equal(cut.dim, dim);
  assert_non_null(strstr(cut.rule, rule));
  akin_cut_clear(&cut);
  akin_folder_close(folder);
}

static void test_feature_layer(void **state) {
  expect_feature(*state, "small", NULL, "vector", 4, "the input of the last Gemm, 'scores'");
  expect_feature(*state, "small", "-4", "active", 4, "");
  expect_feature(*state, "small", "map", "map", 4, "");
  expect_feature(*state, "embeds", NULL, "image_embeds", 3, "a feature by its name");
  expect_feature(*state, "embeds", "scores", "scores", 5, "");
  expect_feature(*state, "bounded", NULL, "vector", 4, "the last Gemm");
  expect_feature(*state, "shuffled", NULL, "vector", 4, "the last Gemm");
  expect_feature(*state, "beside", NULL, "vector", 4, "the last Gemm");
  expect_feature(*state, "labels", NULL, "vector", 4, "the last Gemm"); /* its first output is a number of a class */
  expect_feature(*state, "warm", NULL, "vector", 4, "the last Gemm");
  expect_feature(*state, "empty-part", NULL, "whole", 4, "the last Gemm");
  expect_feature(*state, "unbiased", NULL, "mean", 4, "the last Conv");
}

static void test_unknown_layer(void **state) {
  akin_error err;
  testing_expect(import_net(*state, NETWORKS "small.onnx", (akin_import_request){.layer = "vectr"}, &err),
                 AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, "the nearest name is 'vector'");
  testing_expect(import_net(*state, NETWORKS "bounded.onnx", (akin_import_request){.layer = "shape"}, &err),
                 AKIN_ERROR_NOT_FOUND, &err);
  testing_expect(import_net(*state, NETWORKS "words.onnx", (akin_import_request){.layer = "float"}, &err),
                 AKIN_ERROR_UNSUPPORTED, &err);
}

/* The same numbers inside and beside; what a feature is, follows from both files. */
static void test_external_data_counts(void **state) {
  char *folder_path = testing_path(*state, "copy"), *onnx = testing_path(folder_path, "beside.onnx");
  char *data = testing_path(folder_path, "weights.bin");
  size_t onnx_size = 0, data_size = 0;
  char *onnx_bytes = testing_read(NETWORKS "beside.onnx", &onnx_size);
  char *data_bytes = testing_read(NETWORKS "weights.bin", &data_size);
  akin_folder *folder = NULL;
  akin_error err;
  akin_hash hashes[2];
  assert_int_equal(mkdir(folder_path, 0700), 0);
  testing_write(onnx, onnx_bytes, onnx_size);
  for (int i = 0; i < 2; i++) {
    data_bytes[1] = (char)(data_bytes[1] ^ i);
    testing_write(data, data_bytes, data_size);
    testing_ok(import_net(*state, onnx, (akin_import_request){0}, &err), &err);
    testing_ok(akin_folder_open(&folder, *state, "beside", &err), &err);
    hashes[i] = *akin_folder_weights_hash(folder);
    akin_folder_close(folder);
  }
  assert_false(akin_hash_equal(&hashes[0], &hashes[1]));
  akin_free(data_bytes);
  akin_free(onnx_bytes);
  akin_free(data);
  akin_free(onnx);
  akin_free(folder_path);
}

/* External data that somebody writes to while the network is imported. */
static void test_external_data_changes(void **state) {
  char *onnx = testing_path(*state, "beside.onnx"), *data = testing_path(*state, "weights.bin");
  size_t onnx_size = 0, data_size = 0;
  char *onnx_bytes = testing_read(NETWORKS "beside.onnx", &onnx_size);
  char *data_bytes = testing_read(NETWORKS "weights.bin", &data_size);
  akin_net net;
  akin_error err;
  testing_write(onnx, onnx_bytes, onnx_size);
  testing_write(data, data_bytes, data_size);
  testing_ok(akin_net_open(&net, onnx, NULL, &err), &err);
  testing_ok(akin_net_check_unchanged(&net, &err), &err);
  assert_int_equal(truncate(data, (off_t)data_size + 1), 0);
  testing_expect(akin_net_check_unchanged(&net, &err), AKIN_ERROR_IO, &err);
  testing_says(&err, "weights.bin in ");
  testing_says(&err, "was changed while it was read");
  akin_net_close(&net);
  akin_free(data_bytes);
  akin_free(onnx_bytes);
  akin_free(data);
  akin_free(onnx);
}

/* ---- what is said of images ---- */

static void expect_card(const char *models, akin_import_request request, const float mean[3], const float scale[3],
                        const char *preparation, const char *said) {
  net_notes notes = {0};
  akin_buffer text = AKIN_BUFFER_INIT(0);
  request.on_note = note;
  request.note_context = &notes;
  akin_folder *folder = open_net(models, "open", request);
  const akin_card *card = akin_folder_card(folder);
  for (int i = 0; i < 3; i++) {
    assert_float_equal(card->mean[i], mean[i], 1e-3);
    assert_float_equal(card->scale[i], scale[i], 1e-3);
  }
  assert_int_equal(akin_preparation_text(&text, &card->preparation), AKIN_OK);
  assert_string_equal(text.data, preparation);
  if (said)
    assert_non_null(strstr(notes.last, said));
  else
    assert_int_equal(notes.count, 0);
  akin_buffer_free(&text);
  akin_folder_close(folder);
}

static void test_images(void **state) {
  static const float imagenet[3] = {123.675f, 116.28f, 103.53f}, spread[3] = {58.395f, 57.12f, 57.375f};
  static const float half[3] = {0.5f, 0.5f, 0.5f}, middle[3] = {127.5f, 127.5f, 127.5f}, none[3] = {0, 0, 0};
  static const float whole[3] = {255, 255, 255}, one[3] = {1, 1, 1};
  const akin_import_request q = {.width = 12, .height = 9};
  akin_import_request r = q;
  expect_card(*state, r, imagenet, spread, "12x9 bilinear antialias crop 0.875 white upright scaled",
              "pixels as torch");
  r.mean = r.deviation = half;
  r.fit = "stretch";
  r.filter = "bicubic";
  expect_card(*state, r, middle, middle, "12x9 bicubic antialias stretch white upright scaled", NULL);
  r.mean = middle; /* above 1: of 0 to 255 */
  r.deviation = NULL;
  expect_card(*state, r, middle, one, "12x9 bicubic antialias stretch white upright scaled", NULL);
  r.mean = NULL;
  r.deviation = one;
  expect_card(*state, r, none, whole, "12x9 bicubic antialias stretch white upright scaled", NULL);
  r = q;
  r.pixels = "caffe";
  r.crop = 0.5;
  expect_card(*state, r, (const float[]){103.939f, 116.779f, 123.68f}, one,
              "12x9 bilinear antialias crop 0.5 white upright scaled", "bilinear (else --resize)");
  r = q;
  r.card = "vgg16"; /* its way with images, not its layers */
  expect_card(*state, r, (const float[]){103.939f, 116.779f, 123.68f}, one,
              "12x9 bilinear antialias stretch white upright scaled", NULL);
}

/* Numbers go with their channels, where nobody says others; what is not said stays the card's or the kind's. */
static void test_channels(void **state) {
  static const float turned_mean[3] = {103.53f, 116.28f, 123.675f}, turned_spread[3] = {57.375f, 57.12f, 58.395f};
  static const float spread[3] = {58.395f, 57.12f, 57.375f}, one[3] = {1, 1, 1}, given[3] = {2, 3, 4};
  static const char *const prepared = "12x9 bilinear antialias stretch white upright scaled";
  akin_import_request r = {.width = 12, .height = 9, .fit = "stretch", .filter = "bilinear", .channels = "bgr"};
  expect_card(*state, r, turned_mean, turned_spread, prepared, "pixels as torch");
  r.channels = "rgb";
  r.pixels = "caffe";
  expect_card(*state, r, (const float[]){123.68f, 116.779f, 103.939f}, one, prepared, NULL);
  r.mean = given;
  expect_card(*state, r, given, one, prepared, NULL);
  r.pixels = "torch";
  expect_card(*state, r, given, spread, prepared, NULL);
  r.pixels = NULL;
  r.channels = NULL;
  r.mean = NULL;
  r.deviation = spread;
  r.card = "vgg16";
  expect_card(*state, r, (const float[]){103.939f, 116.779f, 123.68f}, spread, prepared, NULL);
}

/* Pixels of 8 bits go in as they are, in the card's order. */
static void test_bytes_of_card(void **state) {
  akin_folder *folder = open_net(*state, "eight-bit", (akin_import_request){.width = 8, .height = 8, .card = "vgg16"});
  const akin_card *card = akin_folder_card(folder);
  assert_true(card->bgr);
  for (int i = 0; i < 3; i++)
    assert_true(card->mean[i] == 0 && card->scale[i] == 1);
  assert_string_equal(card->description, "an ONNX network, from eight-bit.onnx");
  akin_folder_close(folder);
}

static void expect_usage(const char *models, const char *name, akin_import_request request, const char *says) {
  akin_error err;
  char *path = akin_format(NETWORKS "%s.onnx", name);
  testing_expect(import_net(models, path, request, &err), AKIN_ERROR_USAGE, &err);
  testing_says(&err, says);
  akin_free(path);
}

static void test_wrong_options(void **state) {
  static const float zero[3] = {0, 0, 0}, nan[3] = {NAN, 0, 0}, part[3] = {0.5f, 0.5f, 0.5f}, half[3] = {127, 127, 127};
  expect_usage(*state, "open", (akin_import_request){0}, "--size");
  expect_usage(*state, "small", (akin_import_request){.width = 9, .height = 8}, "a width of 8, not of 9");
  expect_usage(*state, "small", (akin_import_request){.pixels = "odd"}, "'odd'");
  expect_usage(*state, "small", (akin_import_request){.channels = "rbg"}, "'rbg'");
  expect_usage(*state, "small", (akin_import_request){.filter = "lanczos"}, "'lanczos'");
  expect_usage(*state, "small", (akin_import_request){.fit = "squeeze"}, "'squeeze'");
  expect_usage(*state, "small", (akin_import_request){.crop = 1.5}, "0.01 to 1");
  expect_usage(*state, "small", (akin_import_request){.fit = "pad", .crop = 0.5}, "0.01 to 1");
  expect_usage(*state, "small", (akin_import_request){.deviation = zero}, "deviation");
  expect_usage(*state, "small", (akin_import_request){.mean = nan}, "mean");
  expect_usage(*state, "small", (akin_import_request){.mean = part, .deviation = half}, "not of the same pixels");
  expect_usage(*state, "small", (akin_import_request){.mean = half, .deviation = part}, "not of the same pixels");
  expect_usage(*state, "open", (akin_import_request){.width = 5000, .height = 8},
               "a width of 5000: images are at most");
  expect_usage(*state, "eight-bit", (akin_import_request){.width = 8, .height = 8, .mean = zero}, "0 to 255");
}

/* Of other files the card says it. */
static void test_options_of_others(void **state) {
  akin_error err;
  akin_import_request requests[] = {{.channels = "rgb"}, {.filter = "box"}, {.fit = "pad"},
                                    {.crop = 1},         {.layer = "x"},    {.pool = AKIN_POOL_MAX}};
  for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
    requests[i].card = TINY_CARD;
    testing_expect(import_net(*state, TINY_WEIGHTS, requests[i], &err), AKIN_ERROR_USAGE, &err);
    testing_says(&err, "(.onnx)");
  }
}

/* ---- what is refused ---- */

static const struct {
  const char *name;
  akin_status status;
  const char *says;
} refused[] = {
    {"beside-absolute", AKIN_ERROR_UNSUPPORTED, "'/etc/passwd' is not inside the folder"},
    {"beside-above", AKIN_ERROR_UNSUPPORTED, "'../weights.bin' is not inside"},
    {"beside-through", AKIN_ERROR_UNSUPPORTED, "is not inside"},
    {"beside-nowhere", AKIN_ERROR_FORMAT, "nothing says in which file"},
    {"beside-offset", AKIN_ERROR_FORMAT, "ends before its 432 bytes from 4611686018427387904 on"},
    {"beside-short", AKIN_ERROR_FORMAT, "ends before its 432 bytes from 64 on"},
    {"beside-length", AKIN_ERROR_FORMAT, "has 2147483648 bytes, its shape needs 432"},
    {"circle", AKIN_ERROR_FORMAT, "goes round in a circle"},
    {"missing", AKIN_ERROR_FORMAT, "nothing in the file gives its input 'bias'"},
    {"twice", AKIN_ERROR_FORMAT, "two values of the graph are named 'mean'"},
    {"tensor-twice", AKIN_ERROR_FORMAT, "two values of the graph are named 'bias'"},
    {"branch", AKIN_ERROR_UNSUPPORTED, "node 'active', If: it chooses or repeats"},
    {"function", AKIN_ERROR_UNSUPPORTED, "inline_local_functions"},
    {"sparse", AKIN_ERROR_UNSUPPORTED, "sparse"},
    {"unknown", AKIN_ERROR_UNSUPPORTED, "own.Frobnicate"},
    {"huge-output", AKIN_ERROR_UNSUPPORTED, "its output 'scores' is none that a feature can be taken from"},
    {"chance", AKIN_ERROR_UNSUPPORTED, "node 'noise', RandomNormalLike: gives other numbers whenever it runs"},
    {"batch", AKIN_ERROR_UNSUPPORTED, "batch of 6 images"},
    {"old", AKIN_ERROR_UNSUPPORTED, "version 6 of ONNX's operators"},
    {"nothing-2gb", AKIN_ERROR_FORMAT, "has 432 bytes, its shape needs 6442450944"},
    {"overflow", AKIN_ERROR_FORMAT, "dimension 1 of its shape is 2147483648"},
    {"negative", AKIN_ERROR_FORMAT, "dimension 0 of its shape is -4"},
    {"short", AKIN_ERROR_FORMAT, "has 16 bytes, its shape needs 432"},
    {"many-dimensions", AKIN_ERROR_UNSUPPORTED, "9 dimensions"},
    {"strings", AKIN_ERROR_UNSUPPORTED, "type 8"},
    {"wrong-list", AKIN_ERROR_FORMAT, "'bias' has 0 bytes"},
    {"nan", AKIN_ERROR_FORMAT, "tensor 'kernel' has NaN"},
    {"infinite", AKIN_ERROR_FORMAT, "tensor 'bias' has infinity"},
    {"no-image", AKIN_ERROR_UNSUPPORTED, "its inputs are: 'image' f32 [1, 512]"},
    {"five-channels", AKIN_ERROR_UNSUPPORTED, "'image' f32 [1, 5, 8, 8]"},
    {"two-images", AKIN_ERROR_UNSUPPORTED, "more than one image"},
    {"words", AKIN_ERROR_UNSUPPORTED, "--layer"},
    {"no-output", AKIN_ERROR_UNSUPPORTED, "none of its outputs"},
    {"no-input", AKIN_ERROR_FORMAT, "nothing in the file gives its input 'image'"},
    {"named", AKIN_ERROR_FORMAT, "is no plain text: act\\x1B[31mive"},
    {"deep", AKIN_ERROR_FORMAT, "damaged"},
    {"cut-off", AKIN_ERROR_FORMAT, "cut off"},
};

static void test_refused(void **state) {
  char *models = testing_path(*state, "models");
  akin_error err;
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    char *path = akin_format(NETWORKS "%s.onnx", refused[i].name);
    testing_expect(import_net(models, path, (akin_import_request){0}, &err), refused[i].status, &err);
    testing_says(&err, refused[i].says);
    testing_says(&err, refused[i].name);                                         /* which file */
    if (akin_file_exists(models)) assert_int_equal(testing_names_in(models), 1); /* the lock */
    akin_free(path);
  }
  testing_expect(import_net(models, "/nonexistent/net.onnx", (akin_import_request){0}, &err), AKIN_ERROR_NOT_FOUND,
                 &err);
  akin_free(models);
}

static void expect_layer_without_output(const char *models, const char *name) {
  akin_folder *folder = open_net(models, name, (akin_import_request){.layer = "active"});
  akin_cut cut;
  akin_error err;
  testing_ok(cut_at(&cut, folder, NULL, AKIN_POOL_CARD, &err), &err);
  assert_string_equal(cut.layer, "active");
  assert_int_equal(cut.dim, 4);
  akin_cut_clear(&cut);
  akin_folder_close(folder);
}

/* "words" has a tensor that follows from the image alone; "choice" gives no feature, but has tensors that are. */
static void test_layer_without_output(void **state) {
  akin_error err;
  expect_layer_without_output(*state, "words");
  expect_layer_without_output(*state, "choice");
  testing_expect(import_net(*state, NETWORKS "choice.onnx", (akin_import_request){0}, &err), AKIN_ERROR_UNSUPPORTED,
                 &err);
  testing_says(&err, "its output 'class' is none");
  testing_expect(import_net(*state, NETWORKS "choice.onnx", (akin_import_request){.layer = "class"}, &err),
                 AKIN_ERROR_UNSUPPORTED, &err);
  testing_says(&err, "layer 'class' is none");
}

/* Which of several outputs is taken is said. */
static void test_outputs(void **state) {
  net_notes notes = {0};
  akin_folder_close(open_net(*state, "labels", (akin_import_request){.on_note = note, .note_context = &notes}));
  assert_non_null(strstr(notes.last, "gives 2 values, 'probabilities' is taken"));
}

/* External data behind a link, to a file beside or through a folder. */
static void test_links(void **state) {
  char *onnx = testing_path(*state, "beside.onnx"), *data = testing_path(*state, "weights.bin");
  char *target = testing_path(*state, "elsewhere.bin");
  size_t size = 0;
  akin_error err;
  char *bytes = testing_read(NETWORKS "beside.onnx", &size);
  testing_write(onnx, bytes, size);
  akin_free(bytes);
  bytes = testing_read(NETWORKS "weights.bin", &size);
  testing_write(target, bytes, size);
  akin_free(bytes);
  testing_expect(import_net(*state, onnx, (akin_import_request){0}, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, "weights.bin");
  assert_int_equal(symlink("elsewhere.bin", data), 0);
  testing_expect(import_net(*state, onnx, (akin_import_request){0}, &err), AKIN_ERROR_UNSUPPORTED, &err);
  testing_says(&err, "is a link");
  assert_int_equal(unlink(data), 0);
  assert_int_equal(mkfifo(data, 0600), 0); /* must not be waited for */
  testing_expect(import_net(*state, onnx, (akin_import_request){0}, &err), AKIN_ERROR_UNSUPPORTED, &err);
  testing_says(&err, "is not a file");
  assert_null(strstr(err.text, "/proc/"));
  akin_free(target);
  akin_free(data);
  akin_free(onnx);
}

/* ---- what the folder keeps ---- */

static void expect_damaged(const char *models, const char *from, const char *to) {
  akin_folder *folder = TESTING_POISON;
  akin_error err;
  char *path = testing_path(models, "small/layers.json"), *text = testing_read(path, NULL);
  char *changed = replaced(text, from, to);
  testing_write_text(path, changed);
  testing_expect(akin_folder_open(&folder, models, "small", &err), AKIN_ERROR_FORMAT, &err);
  assert_null(folder);
  testing_says(&err, "layers.json");
  testing_write_text(path, text);
  akin_free(changed);
  akin_free(text);
  akin_free(path);
}

/* Of the same length, which is all that opening compares. */
static void test_damaged_layers(void **state) {
  akin_folder_close(open_net(*state, "small", (akin_import_request){0}));
  expect_damaged(*state, "\"format\": 1", "\"format\": x");
  expect_damaged(*state, "\"format\": 1", "\"format\": 0");
  expect_damaged(*state, "\"output\": 5", "\"output\": 9");
  expect_damaged(*state, "\"inputs\": [0]", "\"inputs\": [7]");
  expect_damaged(*state, "\"kind\": \"Gemm\"", "\"kind\": 123456");
  expect_damaged(*state, "\"name\": \"mean\"", "\"nome\": \"mean\"");
  expect_damaged(*state, "\"shape\": [5]", "\"shape\": 555");
}

/* All that needs no file to be written: nothing of it waits for the disk. */
static akin_status make_all(void *context) {
  const akin_import_request request = {.weights_path = NETWORKS "bounded.onnx", .width = 8, .height = 8};
  akin_net net;
  akin_card card;
  akin_error err;
  akin_arena arena = AKIN_ARENA_INIT(0);
  akin_buffer packed = AKIN_BUFFER_INIT(0);
  akin_layers layers = AKIN_LAYERS_INIT;
  const char *said = NULL;
  akin_hash hash;
  uint64_t bytes = 0;
  akin_status status = akin_net_open(&net, request.weights_path, NULL, &err);
  if (status == AKIN_OK) status = akin_net_hash(&hash, &bytes, &net, &err);
  if (status == AKIN_OK) status = akin_net_card(&card, &said, &arena, &net, &request, NULL, &err);
  if (status == AKIN_OK) status = akin_net_fit(&net, "vector", 8, 8, &err);
  net.network.graph.output = net.network.graph.input;
  if (status == AKIN_OK) status = akin_onnx_pack(&packed, &net.network.graph, &err);
  if (status == AKIN_OK) status = akin_net_layers_open(&layers, context, &err);
  if (status == AKIN_OK) {
    akin_buffer_clear(&packed);
    status = akin_net_layers_pack(&packed, &layers);
  }
  akin_layers_free(&layers);
  akin_buffer_free(&packed);
  akin_arena_free(&arena);
  akin_net_close(&net);
  return status;
}

static void test_no_memory(void **state) {
  char *folder = testing_path(*state, "small");
  akin_folder_close(open_net(*state, "small", (akin_import_request){0}));
  testing_ok(make_all(folder), NULL);
  assert_true(testing_fail_allocations(make_all, folder, true) > 50);
  assert_true(testing_fail_allocations(make_all, folder, false) > 50);
  akin_free(folder);
}

/* The steps that write: some of all the allocations, as each waits for the disk. */
static void test_no_memory_while_writing(void **state) {
  akin_error err;
  uint64_t failed = 0;
  testing_ok(import_net(*state, NETWORKS "embeds.onnx", (akin_import_request){0}, &err), &err);
  for (uint64_t nth = 3; nth < 4000; nth += 1 + nth / 4) {
    akin_memory_fail_at(nth, true);
    const akin_status status = import_net(*state, NETWORKS "embeds.onnx", (akin_import_request){0}, &err);
    akin_memory_fail_at(0, true);
    if (status == AKIN_OK) break;
    testing_expect(status, AKIN_ERROR_MEMORY, &err);
    failed++;
  }
  assert_true(failed > 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_tensors_are_layers, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_feature_layer, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_unknown_layer, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_external_data_counts, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_external_data_changes, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_images, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_channels, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_bytes_of_card, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_wrong_options, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_options_of_others, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_refused, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_layer_without_output, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_outputs, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_links, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_damaged_layers, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_no_memory, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_no_memory_while_writing, testing_setup, testing_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
