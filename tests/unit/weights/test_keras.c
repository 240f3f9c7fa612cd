/*
 * test_keras.c - the reader of Keras files on what Keras 2 and 3 wrote (tests/data/keras/generate.py): weight number k
 * of the model begins with k; and on files that must be refused, cut short or changed.
 */
#include "unit/testing.h"

#include "unit/weights/pickles.h"
#include "weights/keras.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>

#define KERAS_DATA AKIN_TEST_DATA "/keras/"

static float first_number(const akin_tensors *t, const akin_tensor *tensor) {
  akin_error err;
  float *numbers = akin_alloc(tensor->count * sizeof *numbers);
  assert_non_null(numbers);
  testing_ok(akin_tensors_read(t, tensor, NULL, numbers, &err), &err);
  for (uint64_t i = 0; i < tensor->count; i++)
    assert_true(numbers[i] == numbers[0] + (float)i / 1024);
  const float first = numbers[0];
  akin_free(numbers);
  return first;
}

/* Groups with weights, in order, and the numbers that their weights begin with. */
typedef struct wanted_group {
  const char *name;
  int first[8]; /* 0: no more */
} wanted_group;

typedef struct wanted_file {
  const char *name;
  akin_keras_form form;
  const char *version; /* begins so; NULL: none */
  bool config;
  const wanted_group *groups; /* up to one without a name */
} wanted_file;

static const wanted_group in_order[] = {{"inner", {3, 4, 7, 8, 1, 2, 5, 6}}, /* layer a is frozen */
                                        {"first", {9, 10}},
                                        {"second", {11, 12}},
                                        {NULL, {0}}};
static const wanted_group in_places[] = {{"layers/dense", {9, 10}},
                                         {"layers/dense_1", {11, 12}},
                                         {"layers/sequential/layers/batch_normalization", {3, 4, 5, 6}},
                                         {"layers/sequential/layers/conv2d", {1, 2}},
                                         {"layers/sequential/layers/conv2d_1", {7, 8}},
                                         {NULL, {0}}};
#define OLDER "_layer_checkpoint_dependencies"
static const wanted_group in_older_places[] = {{OLDER "/dense", {9, 10}},
                                               {OLDER "/dense_1", {11, 12}},
                                               {OLDER "/sequential/" OLDER "/batch_normalization", {3, 4, 5, 6}},
                                               {OLDER "/sequential/" OLDER "/conv2d", {1, 2}},
                                               {OLDER "/sequential/" OLDER "/conv2d_1", {7, 8}},
                                               {NULL, {0}}};

static const wanted_file wanted_files[] = {
    {"shop.h5", AKIN_KERAS_LEGACY, "3.", true, in_order},
    {"shop_parts.h5", AKIN_KERAS_LEGACY, "3.", true, in_order},
    {"shop_2.h5", AKIN_KERAS_LEGACY, "2.", true, in_order},
    {"shop_2_weights.h5", AKIN_KERAS_LEGACY, "2.", false, in_order},
    {"shop.weights.h5", AKIN_KERAS_WEIGHTS, NULL, false, in_places},
    {"shop_older.weights.h5", AKIN_KERAS_WEIGHTS, NULL, false, in_older_places},
    {"shop.keras", AKIN_KERAS_ARCHIVE, "3.", true, in_places},
    {"shop_2.keras", AKIN_KERAS_ARCHIVE, "2.", true, in_places},
};

static void check_groups(const akin_tensors *t, const akin_keras_file *file, const wanted_group *wanted) {
  size_t at = 0;
  for (; wanted->name; wanted++, at++) {
    while (at < file->group_count && file->groups[at].count == 0)
      at++;
    assert_true(at < file->group_count);
    const akin_keras_group *group = &file->groups[at];
    assert_string_equal(group->name, wanted->name);
    for (size_t i = 0; i < group->count; i++) {
      const akin_tensor *tensor = akin_tensors_at(t, group->first + i);
      assert_true(first_number(t, tensor) == (float)wanted->first[i]);
      assert_ptr_equal(akin_tensors_find(t, tensor->name), tensor);
    }
    assert_true(group->count == 8 || wanted->first[group->count] == 0);
  }
  for (; at < file->group_count; at++)
    assert_int_equal(file->groups[at].count, 0);
}

static void test_forms(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof wanted_files / sizeof *wanted_files; i++) {
    const wanted_file *wanted = &wanted_files[i];
    char *path = testing_path(KERAS_DATA, wanted->name);
    akin_tensors *t = TESTING_POISON;
    akin_error err;
    testing_ok(akin_tensors_open(&t, path, &err), &err);
    assert_string_equal(akin_tensors_format(t), "keras");
    assert_int_equal(akin_tensors_count(t), 12);
    const akin_keras_file *file = akin_tensors_keras(t);
    assert_int_equal(file->form, wanted->form);
    assert_true(wanted->version ? strncmp(file->version, wanted->version, 2) == 0 : !file->version);
    assert_true(wanted->config == (file->config != NULL));
    if (wanted->config) assert_int_equal(strlen(file->config), file->config_size);
    if (wanted->config) assert_non_null(strstr(file->config, "\"class_name\": \"Functional\""));
    check_groups(t, file, wanted->groups);
    akin_tensors_free(t);
    akin_free(path);
  }
}

/* Legacy files list layers without weights, too. */
static void test_layers_without_weights(void **state) {
  (void)state;
  static const char *const names[] = {"given", "rescaling", "inner", "flat", "first", "drop", "second"};
  akin_tensors *t = NULL;
  akin_error err;
  testing_ok(akin_tensors_open(&t, KERAS_DATA "shop_parts.h5", &err), &err);
  const akin_keras_file *file = akin_tensors_keras(t);
  assert_int_equal(file->group_count, sizeof names / sizeof *names);
  for (size_t i = 0; i < file->group_count; i++)
    assert_string_equal(file->groups[i].name, names[i]);
  akin_tensors_free(t);
}

static void test_types(void **state) {
  (void)state;
  static const float wanted[3][6] = {
      {0, 0.25f, 0.5f, 0.75f, 1, 1.25f}, {0, 0.25f, 0.5f, 0.75f, 1, 1.25f}, {0, 0, 0, 0, 1, 1}};
  static const akin_dtype types[3] = {AKIN_DTYPE_F16, AKIN_DTYPE_F64, AKIN_DTYPE_I64};
  const uint32_t turned[2] = {1, 0};
  akin_tensors *t = NULL;
  akin_error err;
  testing_ok(akin_tensors_open(&t, KERAS_DATA "types.h5", &err), &err);
  assert_int_equal(akin_tensors_count(t), 3);
  for (size_t i = 0; i < 3; i++) {
    float out[6] = {-1, -1, -1, -1, -1, -1};
    const akin_tensor *tensor = akin_tensors_at(t, i);
    assert_int_equal(tensor->dtype, types[i]);
    testing_ok(akin_tensors_read(t, tensor, NULL, out, &err), &err);
    assert_memory_equal(out, wanted[i], sizeof out);
    testing_ok(akin_tensors_read(t, tensor, turned, out, &err), &err);
    for (size_t k = 0; k < 6; k++)
      assert_true(out[k] == wanted[i][k % 2 * 3 + k / 2]);
  }
  akin_tensors_free(t);
}

/* ---- refused ---- */

static void test_refused(void **state) {
  (void)state;
  static const struct {
    const char *name;
    akin_status status;
    const char *part;
  } files[] = {
      {"bad_soft_link.h5", AKIN_ERROR_UNSUPPORTED, "link"},
      {"bad_external_link.h5", AKIN_ERROR_UNSUPPORTED, "link"},
      {"bad_external_data.h5", AKIN_ERROR_UNSUPPORTED, "other files"},
      {"bad_virtual.h5", AKIN_ERROR_UNSUPPORTED, "other files"},
      {"bad_gzip.h5", AKIN_ERROR_UNSUPPORTED, "compressed"},
      {"bad_chunks.h5", AKIN_ERROR_UNSUPPORTED, "chunks"},
      {"bad_unwritten.h5", AKIN_ERROR_FORMAT, "4503599627370496 bytes, the file has 0"},
      {"bad_overflow.h5", AKIN_ERROR_FORMAT, "weight dense/kernel:0: its shape makes more than 2^64 bytes"},
      {"bad_big_endian.h5", AKIN_ERROR_UNSUPPORTED, "type"},
      {"bad_strings.h5", AKIN_ERROR_UNSUPPORTED, "type"},
      {"bad_missing.h5", AKIN_ERROR_FORMAT, "weight dense/bias:0"},
      {"bad_axes.h5", AKIN_ERROR_FORMAT, "16 axes"},
      {"bad_theano.h5", AKIN_ERROR_UNSUPPORTED, "Theano"},
      {"bad_own_weights.h5", AKIN_ERROR_UNSUPPORTED, "scale"},
      {"bad_layer.h5", AKIN_ERROR_FORMAT, "layer gone"},
      {"bad_names.h5", AKIN_ERROR_FORMAT, "layer_names"},
      {"bad_parts.h5", AKIN_ERROR_FORMAT, "../dense"},
      {"bad_other.h5", AKIN_ERROR_UNSUPPORTED, "a class of your own: export it to ONNX"},
      {"bad_cycle.weights.h5", AKIN_ERROR_LIMIT, "32 deep"},
      {"bad_numbers.weights.h5", AKIN_ERROR_FORMAT, "layers/dense/vars/1"},
      {"bad_compressed.keras", AKIN_ERROR_UNSUPPORTED, "zip -0"},
      {"bad_bomb.keras", AKIN_ERROR_UNSUPPORTED, "zip -0"},
      {"bad_no_weights.keras", AKIN_ERROR_FORMAT, "there is no model.weights.h5"},
      {"bad_metadata.keras", AKIN_ERROR_FORMAT, "metadata.json"},
      {"bad_twice.keras", AKIN_ERROR_FORMAT, "two entries 'config.json'"},
      {"bad_checksum.keras", AKIN_ERROR_FORMAT, "checksum"},
  };
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    char *path = testing_path(KERAS_DATA, files[i].name);
    akin_tensors *t = TESTING_POISON;
    akin_error err;
    testing_expect(akin_tensors_open(&t, path, &err), files[i].status, &err);
    assert_null(t);
    testing_says(&err, path);
    testing_says(&err, files[i].part);
    akin_free(path);
  }
}

static void test_other_tensorflow_files(void **state) {
  akin_error err;
  akin_tensors *t = TESTING_POISON;
  char *lite = testing_path(*state, "net.tflite"), *graph = testing_path(*state, "frozen.pb");
  char *saved = testing_path(*state, "saved_model.pb");
  testing_write(lite, "\x1c\0\0\0TFL3\x14\0 \0", 12);
  testing_write(graph, "\x0a\x10node", 6);
  testing_write(saved, "\x08\x01\x12\x04meta", 8);
  testing_expect(akin_tensors_open(&t, lite, &err), AKIN_ERROR_UNSUPPORTED, &err);
  testing_says(&err, "tf2onnx.convert --tflite");
  testing_expect(akin_tensors_open(&t, graph, &err), AKIN_ERROR_UNSUPPORTED, &err);
  testing_says(&err, "tf2onnx.convert --graphdef");
  testing_expect(akin_tensors_open(&t, saved, &err), AKIN_ERROR_UNSUPPORTED, &err);
  testing_says(&err, "load_model");
  testing_says(&err, "tf2onnx.convert --saved-model");
  testing_expect(akin_tensors_open(&t, *state, &err), AKIN_ERROR_UNSUPPORTED, &err);
  testing_says(&err, "SavedModel");
  assert_null(t);
  akin_free(lite);
  akin_free(graph);
  akin_free(saved);
}

/* ---- damaged: the caller lives, and hears of it or has numbers of the right count ---- */

static void open_damaged(const char *path, const char *what, size_t at) {
  akin_tensors *t = TESTING_POISON;
  akin_error err;
  const akin_status status = akin_tensors_open(&t, path, &err);
  if (status == AKIN_OK) {
    for (size_t i = 0; i < akin_tensors_count(t); i++) {
      const akin_tensor *tensor = akin_tensors_at(t, i);
      float *numbers = akin_alloc(tensor->count * sizeof *numbers);
      assert_non_null(numbers);
      testing_ok(akin_tensors_read(t, tensor, NULL, numbers, &err), &err);
      akin_free(numbers);
    }
    akin_tensors_free(t);
  } else {
    assert_null(t);
    if (status != AKIN_ERROR_FORMAT && status != AKIN_ERROR_UNSUPPORTED && status != AKIN_ERROR_LIMIT)
      fail_msg("%s %zu: %s: %s", what, at, akin_status_name(status), err.text);
  }
}

static void test_truncated(void **state) {
  (void)state;
  static const char *const names[] = {"shop.h5", "shop.weights.h5", "shop.keras"};
  const memory_file m = memory_file_open();
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    size_t size = 0;
    char *path = testing_path(KERAS_DATA, names[i]), *bytes = testing_read(path, &size);
    for (size_t n = 0; n < size; n += 1 + size / 40) {
      memory_file_write(&m, bytes, n);
      akin_tensors *t = TESTING_POISON;
      const akin_status status = akin_tensors_open(&t, m.path, NULL);
      assert_null(t);
      if (status != AKIN_ERROR_FORMAT && status != AKIN_ERROR_UNSUPPORTED) fail_msg("%zu bytes: status %d", n, status);
    }
    akin_free(bytes);
    akin_free(path);
  }
  close(m.file);
}

/* Bits of what describes the file: in the second half are mostly numbers. */
static void test_flipped(void **state) {
  (void)state;
  static const char *const names[] = {"shop.h5", "shop.weights.h5", "shop_2.h5"};
  const memory_file m = memory_file_open();
  uint32_t random = 1;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    size_t size = 0;
    char *path = testing_path(KERAS_DATA, names[i]), *bytes = testing_read(path, &size);
    for (int k = 0; k < 100; k++) {
      random = random * 1664525u + 1013904223u;
      const size_t at = k < 50 ? (size_t)k * 2 : random / 8 % size;
      bytes[at] = (char)(bytes[at] ^ (1 << random % 8));
      memory_file_write(&m, bytes, size);
      open_damaged(m.path, names[i], at);
      bytes[at] = (char)(bytes[at] ^ (1 << random % 8));
    }
    akin_free(bytes);
    akin_free(path);
  }
  close(m.file);
}

/* ---- a program with threads, which hold locks when the child is forked ---- */

static atomic_bool threads_stop;

static void *allocate_on(void *context) {
  for (size_t n = 1; !threads_stop; n = n * 3 % 100003)
    akin_free(akin_alloc(n));
  return context;
}

/* A library that comes and goes: its first and last functions run under locks of the loader. */
static void *load_on(void *context) {
  while (!threads_stop) {
    void *library = dlopen("libsqlite3.so.0", RTLD_NOW); /* nothing else here has it */
    if (library) dlclose(library);
  }
  return context;
}

/* Sanitizers of clang 14 hold a lock of their allocator over a fork. */
static void test_beside_threads(void **state) {
  (void)state;
  if (TESTING_SANITIZED) {
    print_message("sanitizers do not let programs with threads fork\n");
    skip();
  }
  static void *(*const work[])(void *) = {allocate_on, load_on, load_on};
  pthread_t threads[3];
  threads_stop = false;
  for (size_t i = 0; i < 3; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, work[i], NULL), 0);
  for (int i = 0; i < 60; i++) {
    akin_tensors *t = NULL;
    akin_error err;
    testing_ok(akin_tensors_open(&t, KERAS_DATA "shop.h5", &err), &err);
    akin_tensors_free(t);
  }
  threads_stop = true;
  for (size_t i = 0; i < 3; i++)
    assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static akin_status open_and_free(void *path) {
  akin_tensors *t = NULL;
  const akin_status status = akin_tensors_open(&t, path, NULL);
  akin_tensors_free(t);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  for (int once = 0; once < 2; once++) {
    assert_true(testing_fail_allocations(open_and_free, KERAS_DATA "shop.h5", once) > 3);
    assert_true(testing_fail_allocations(open_and_free, KERAS_DATA "shop.keras", once) > 3);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_forms),
      cmocka_unit_test(test_layers_without_weights),
      cmocka_unit_test(test_types),
      cmocka_unit_test(test_refused),
      cmocka_unit_test_setup_teardown(test_other_tensorflow_files, testing_setup, testing_teardown),
      cmocka_unit_test(test_truncated),
      cmocka_unit_test(test_flipped),
      cmocka_unit_test(test_beside_threads),
      cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
