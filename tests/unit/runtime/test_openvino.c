/*
 * test_openvino.c - OpenVINO through runtime.h, on a network whose output is computed by hand: values, threads, blobs
 * that come back bit for bit and are rebuilt when damaged, broken models, and not a byte on standard error.
 */
#include "unit/testing.h"

#include "base/error.h"
#include "base/thread.h"
#include "runtime/cpu.h"
#include "runtime/runtime.h"
#include "unit/runtime/tiny_onnx.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PIXEL_BYTES (TINY_PIXELS * 3u)

static const akin_runtime *const runtime = &akin_runtime_openvino;

/* ---- a model folder for each test ---- */

typedef struct fixture {
  char *folder, *onnx, *blobs;
  akin_runtime_spec spec;
  int errors; /* what was on descriptor 2 */
  char *noise;
} fixture;

static int set_up(void **state) {
  fixture *f = akin_calloc(1, sizeof *f);
  f->folder = testing_folder();
  f->onnx = testing_path(f->folder, "model.onnx");
  f->blobs = testing_path(f->folder, "blobs");
  f->noise = testing_path(f->folder, "stderr");
  const tiny_network network = {.flatten = true};
  assert_true(tiny_write(f->folder, &network));
  f->spec = (akin_runtime_spec){.onnx_path = f->onnx,
                                .key = "0123456789abcdef",
                                .width = TINY_WIDTH,
                                .height = TINY_HEIGHT,
                                .mean = {127, 120, 100},
                                .scale = {128, 64, 50},
                                .workers = 1};
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  akin_free(f->onnx);
  akin_free(f->blobs);
  akin_free(f->noise);
  testing_remove_folder(f->folder);
  akin_free(f);
  return 0;
}

/* From here to `hear` nothing may be printed by anybody, in whatever language. */
static void listen(fixture *f) {
  int file = open(f->noise, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  f->errors = dup(2);
  assert_true(file >= 0 && f->errors >= 0);
  assert_int_equal(dup2(file, 2), 2);
  close(file);
}

static void hear(fixture *f) {
  struct stat st;
  assert_int_equal(dup2(f->errors, 2), 2);
  close(f->errors);
  assert_int_equal(stat(f->noise, &st), 0);
  assert_int_equal(st.st_size, 0);
}

static void make_pixels(uint8_t pixels[PIXEL_BYTES], unsigned seed) {
  for (unsigned i = 0; i < PIXEL_BYTES; i++) {
    seed = seed * 1103515245u + 12345u;
    pixels[i] = (uint8_t)(seed >> 16);
  }
}

static akin_network *open_network(const akin_runtime_spec *spec) {
  akin_network *network = NULL;
  akin_error err;
  testing_ok(runtime->open(&network, spec, &err), &err);
  assert_non_null(network);
  return network;
}

static akin_network_session *open_session(akin_network *network) {
  akin_network_session *session = NULL;
  akin_error err;
  testing_ok(runtime->session_open(&session, network, &err), &err);
  return session;
}

/* One image through a network that is opened for it alone. *from_blob may be NULL. */
static void infer_once(const akin_runtime_spec *spec, float out[TINY_OUTPUTS], bool *from_blob) {
  uint8_t pixels[PIXEL_BYTES];
  make_pixels(pixels, 7);
  akin_network *network = open_network(spec);
  akin_network_session *session = open_session(network);
  assert_int_equal(runtime->dim(network), TINY_OUTPUTS);
  testing_ok(runtime->infer(session, out, pixels, 1, NULL), NULL);
  if (from_blob) *from_blob = runtime->from_blob(network);
  runtime->session_close(session);
  runtime->close(network);
}

static bool is_from_blob(const akin_runtime_spec *spec) {
  bool from_blob = false;
  float out[TINY_OUTPUTS];
  infer_once(spec, out, &from_blob);
  return from_blob;
}

static void check_values(const akin_runtime_spec *spec, const float *out, const uint8_t *pixels, double tolerance) {
  for (size_t k = 0; k < TINY_OUTPUTS; k++) {
    double expected = tiny_expected(k, pixels, spec->bgr, spec->mean, spec->scale);
    if (!(fabs((double)out[k] - expected) <= tolerance))
      fail_msg("output %zu: %g, expected %g", k, (double)out[k], expected);
  }
}

/* ---- values ---- */

static void test_values(void **state) {
  fixture *f = *state;
  uint8_t pixels[PIXEL_BYTES];
  for (int bgr = 0; bgr < 2; bgr++) {
    f->spec.bgr = bgr;
    akin_network *network = open_network(&f->spec);
    akin_network_session *session = open_session(network);
    assert_false(runtime->from_blob(network));
    for (unsigned seed = 0; seed < 20; seed++) {
      float out[TINY_OUTPUTS + 1];
      out[TINY_OUTPUTS] = 12345.0f;
      make_pixels(pixels, seed);
      testing_ok(runtime->infer(session, out, pixels, 1, NULL), NULL);
      check_values(&f->spec, out, pixels, 2e-5);
      assert_true(out[TINY_OUTPUTS] == 12345.0f);
    }
    runtime->session_close(session);
    runtime->close(network);
  }
}

static void test_output_shapes(void **state) {
  fixture *f = *state;
  const tiny_network square = {.flatten = false}, map = {.map = true};
  uint8_t pixels[PIXEL_BYTES];
  float out[TINY_OUTPUTS];
  make_pixels(pixels, 7);
  assert_true(tiny_write(f->folder, &square)); /* [1, C, 1, 1] */
  infer_once(&f->spec, out, NULL);
  check_values(&f->spec, out, pixels, 2e-5);
  assert_true(tiny_write(f->folder, &map)); /* [1, C, H, W] */
  akin_network *network = open_network(&f->spec);
  assert_int_equal(runtime->dim(network), TINY_OUTPUTS * TINY_PIXELS);
  runtime->close(network);
}

/* ---- batches ---- */

#define BATCH 4u

/* The same values for an image alone, at every place, and whatever is beside it. */
static void test_batch(void **state) {
  fixture *f = *state;
  uint8_t pixels[BATCH][PIXEL_BYTES];
  float alone[TINY_OUTPUTS], out[BATCH][TINY_OUTPUTS], first[TINY_OUTPUTS];
  f->spec.blob_folder = f->blobs;
  infer_once(&f->spec, alone, NULL);
  f->spec.batch = BATCH;
  for (int again = 0; again < 2; again++) { /* compiled, then from its own blob */
    akin_network *network = open_network(&f->spec);
    akin_network_session *session = open_session(network);
    assert_int_equal(runtime->from_blob(network), again);
    assert_int_equal(runtime->batch(network), BATCH);
    assert_int_equal(runtime->dim(network), TINY_OUTPUTS);
    for (unsigned place = 0; place < BATCH; place++) {
      for (unsigned i = 0; i < BATCH; i++)
        make_pixels(pixels[i], i == place ? 7 : 100 + 10 * place + i);
      memset(out, 0x55, sizeof out);
      testing_ok(runtime->infer(session, out[0], pixels[0], BATCH, NULL), NULL);
      for (unsigned i = 0; i < BATCH; i++)
        check_values(&f->spec, out[i], pixels[i], 2e-5);
      for (size_t k = 0; k < TINY_OUTPUTS; k++)
        assert_true(fabsf(out[place][k] - alone[k]) <= 1e-6f * fabsf(alone[k]));
      if (place == 0) memcpy(first, out[0], sizeof first);
      assert_memory_equal(out[place], first, sizeof first);
    }
    runtime->session_close(session);
    runtime->close(network);
  }
  f->spec.batch = 1;
  assert_true(is_from_blob(&f->spec)); /* each size has a blob of its own */
}

static void test_batch_that_is_not_full(void **state) {
  fixture *f = *state;
  uint8_t pixels[BATCH][PIXEL_BYTES];
  float out[BATCH][TINY_OUTPUTS];
  f->spec.batch = BATCH;
  akin_network *network = open_network(&f->spec);
  akin_network_session *session = open_session(network);
  for (uint32_t count = 1; count <= BATCH; count++) {
    memset(out, 0, sizeof out);
    for (unsigned i = 0; i < BATCH; i++)
      make_pixels(pixels[i], count * 10 + i);
    testing_ok(runtime->infer(session, out[0], pixels[0], count, NULL), NULL);
    for (unsigned i = 0; i < count; i++)
      check_values(&f->spec, out[i], pixels[i], 2e-5);
    for (unsigned i = count; i < BATCH; i++)
      assert_true(out[i][0] == 0); /* rows that nobody asked for are not written */
  }
  runtime->session_close(session);
  runtime->close(network);
}

/* A graph that says itself that there is one image is run with one. */
static void test_graph_for_one_image(void **state) {
  fixture *f = *state;
  const tiny_network one = {.reshape = true};
  float out[TINY_OUTPUTS];
  bool from_blob = false;
  assert_true(tiny_write(f->folder, &one));
  f->spec.blob_folder = f->blobs;
  f->spec.batch = BATCH;
  akin_network *network = open_network(&f->spec);
  assert_int_equal(runtime->batch(network), 1);
  runtime->close(network);
  infer_once(&f->spec, out, &from_blob);
  assert_true(from_blob);
}

static void test_batch_too_large(void **state) {
  fixture *f = *state;
  akin_network *network = (akin_network *)f;
  akin_error err;
  f->spec.batch = AKIN_RUNTIME_BATCH_MOST + 1;
  testing_expect(runtime->open(&network, &f->spec, &err), AKIN_ERROR_USAGE, &err);
  assert_null(network);
}

/* Two networks with other arithmetic live side by side; inference allocates nothing here. */
static void test_two_networks(void **state) {
  fixture *f = *state;
  akin_runtime_spec other = f->spec;
  uint8_t pixels[PIXEL_BYTES];
  float first[TINY_OUTPUTS], second[TINY_OUTPUTS];
  other.mean[0] = 0;
  other.bgr = true;
  other.workers = 0;
  make_pixels(pixels, 3);
  akin_network *a = open_network(&f->spec), *b = open_network(&other);
  akin_network_session *in_a = open_session(a), *in_b = open_session(b);
  akin_memory_fail_at(0, true);
  for (int i = 0; i < 3; i++) {
    testing_ok(runtime->infer(in_a, first, pixels, 1, NULL), NULL);
    testing_ok(runtime->infer(in_b, second, pixels, 1, NULL), NULL);
    check_values(&f->spec, first, pixels, 2e-5);
    check_values(&other, second, pixels, 2e-5);
  }
  assert_int_equal(akin_memory_count(), 0);
  runtime->session_close(in_a);
  runtime->session_close(in_b);
  runtime->close(a);
  runtime->close(b);
}

/* ---- threads ---- */

#define THREADS 2u
#define IMAGES  200u

typedef struct worker_results {
  akin_network *network;
  float values[THREADS][IMAGES][TINY_OUTPUTS];
  akin_status status[THREADS];
} worker_results;

static void work(void *context, unsigned index) {
  worker_results *r = context;
  akin_network_session *session = NULL;
  uint8_t pixels[PIXEL_BYTES];
  r->status[index] = runtime->session_open(&session, r->network, NULL);
  for (unsigned i = 0; i < IMAGES && !r->status[index]; i++) {
    make_pixels(pixels, i);
    r->status[index] = runtime->infer(session, r->values[index][i], pixels, 1, NULL);
  }
  runtime->session_close(session);
}

static void test_threads(void **state) {
  fixture *f = *state;
  worker_results *r = akin_calloc(1, sizeof *r);
  f->spec.workers = THREADS;
  r->network = open_network(&f->spec);
  testing_ok(akin_threads_run(THREADS, work, r, NULL), NULL);
  float alone[IMAGES][TINY_OUTPUTS];
  memcpy(alone, r->values[0], sizeof alone);
  for (unsigned t = 0; t < THREADS; t++)
    assert_int_equal(r->status[t], AKIN_OK);
  assert_memory_equal(r->values[0], r->values[1], sizeof alone);
  memset(r->values, 0, sizeof r->values);
  work(r, 0); /* the same with nobody beside */
  assert_memory_equal(r->values[0], alone, sizeof alone);
  runtime->close(r->network);
  akin_free(r);
}

/* ---- blobs ---- */

/* The only file in the folder of blobs; akin_free. */
static char *only_blob(const fixture *f) {
  char *path = NULL;
  DIR *listing = opendir(f->blobs);
  assert_non_null(listing);
  for (const struct dirent *entry; (entry = readdir(listing));) {
    if (entry->d_name[0] == '.') continue;
    assert_null(path);
    path = testing_path(f->blobs, entry->d_name);
  }
  closedir(listing);
  assert_non_null(path);
  return path;
}

static void test_blob_gives_the_same_bits(void **state) {
  fixture *f = *state;
  float compiled[TINY_OUTPUTS], first[TINY_OUTPUTS], second[TINY_OUTPUTS];
  bool from_blob = true;
  infer_once(&f->spec, compiled, &from_blob); /* no folder: nothing is kept */
  assert_false(from_blob);
  f->spec.blob_folder = f->blobs;
  infer_once(&f->spec, first, &from_blob);
  assert_false(from_blob);
  infer_once(&f->spec, second, &from_blob);
  assert_true(from_blob);
  assert_memory_equal(first, compiled, sizeof first);
  assert_memory_equal(second, compiled, sizeof second);
  for (uint32_t workers = 0; workers < 4; workers++) { /* for any number of streams */
    f->spec.workers = workers;
    infer_once(&f->spec, second, &from_blob);
    assert_true(from_blob);
    assert_memory_equal(second, compiled, sizeof second);
  }
  akin_free(only_blob(f));
}

static void test_blob_is_for_one_model(void **state) {
  fixture *f = *state;
  f->spec.blob_folder = f->blobs;
  assert_false(is_from_blob(&f->spec));
  f->spec.key = "another fingerprint";
  assert_false(is_from_blob(&f->spec));
  f->spec.key = "0123456789abcdef";
  assert_true(is_from_blob(&f->spec));
}

static akin_status check_counted(void *context, akin_error *err) {
  unsigned *left = context; /* how often the files are still sound */
  if (*left == 0) return akin_fail(err, AKIN_ERROR_MISMATCH, "weights.bin: damaged");
  --*left;
  return AKIN_OK;
}

static void test_files_are_checked_before_compiling_only(void **state) {
  fixture *f = *state;
  akin_network *network = NULL;
  akin_error err;
  unsigned left = 0;
  f->spec.blob_folder = f->blobs;
  f->spec.check = check_counted;
  f->spec.check_context = &left;
  testing_expect(runtime->open(&network, &f->spec, &err), AKIN_ERROR_MISMATCH, &err);
  testing_says(&err, "weights.bin: damaged");
  assert_null(network);
  left = 1;
  assert_false(is_from_blob(&f->spec)); /* nothing was kept of the damaged files */
  assert_int_equal(left, 0);
  assert_true(is_from_blob(&f->spec));
}

/* A blob whose key and checksum are right but that was made of another network is still checked for its shapes. */
static void test_blob_of_another_size(void **state) {
  fixture *f = *state;
  f->spec.blob_folder = f->blobs;
  assert_false(is_from_blob(&f->spec));
  akin_network *network = NULL;
  akin_error err;
  f->spec.width++;
  testing_expect(runtime->open(&network, &f->spec, &err), AKIN_ERROR_FORMAT, &err);
  assert_null(network);
}

static void flip(const char *path, off_t at) {
  uint8_t byte;
  int fd = open(path, O_RDWR);
  assert_true(fd >= 0);
  assert_int_equal(pread(fd, &byte, 1, at), 1);
  byte ^= 0x10;
  assert_int_equal(pwrite(fd, &byte, 1, at), 1);
  close(fd);
}

static void test_damaged_blob_is_rebuilt(void **state) {
  fixture *f = *state;
  float good[TINY_OUTPUTS], out[TINY_OUTPUTS];
  bool from_blob;
  struct stat st;
  f->spec.blob_folder = f->blobs;
  infer_once(&f->spec, good, NULL);
  char *path = only_blob(f);
  assert_int_equal(stat(path, &st), 0);
  /* magic, checksum, format, size of the key, of the payload, key, padding, and places all over the payload */
  const off_t places[] = {0, 8, 40, 44, 48, 60, 4000, 4096, 4096 + 797, (4096 + st.st_size) / 2, st.st_size - 1};
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
    flip(path, places[i]);
    infer_once(&f->spec, out, &from_blob);
    assert_false(from_blob);
    assert_memory_equal(out, good, sizeof good);
    assert_true(is_from_blob(&f->spec));
  }
  const off_t lengths[] = {0, 3, 4096, st.st_size - 1, st.st_size + 1};
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    assert_int_equal(truncate(path, lengths[i]), 0);
    assert_false(is_from_blob(&f->spec));
    assert_true(is_from_blob(&f->spec));
  }
  akin_free(path);
}

static void test_no_place_for_blobs(void **state) {
  fixture *f = *state;
  char *below_a_file = akin_format("%s/below", f->onnx);
  f->spec.blob_folder = below_a_file;
  assert_false(is_from_blob(&f->spec));
  assert_false(is_from_blob(&f->spec));
  assert_int_equal(mkdir(f->blobs, 0700), 0);
  assert_int_equal(chmod(f->blobs, 0777), 0); /* others could put a blob there */
  f->spec.blob_folder = f->blobs;
  assert_false(is_from_blob(&f->spec));
  assert_int_equal(rmdir(f->blobs), 0); /* nothing was written */
  akin_free(below_a_file);
}

/* ---- precision ---- */

static void test_bf16(void **state) {
  fixture *f = *state;
  uint8_t pixels[PIXEL_BYTES];
  float f32[TINY_OUTPUTS], bf16[TINY_OUTPUTS];
  akin_network *network = TESTING_POISON;
  akin_error err;
  f->spec.blob_folder = f->blobs;
  infer_once(&f->spec, f32, NULL);
  f->spec.precision = AKIN_PRECISION_BF16;
  akin_cpu_hide_bf16(true);
  akin_status refused = runtime->open(&network, &f->spec, &err);
  akin_cpu_hide_bf16(false);
  testing_expect(refused, AKIN_ERROR_UNSUPPORTED, &err);
  assert_null(network);
  testing_says(&err, "f32");
  if (!akin_cpu_has_bf16()) return;
  make_pixels(pixels, 7);
  assert_false(is_from_blob(&f->spec)); /* the blob of f32 does not do */
  infer_once(&f->spec, bf16, NULL);
  check_values(&f->spec, bf16, pixels, 0.1);
  assert_true(is_from_blob(&f->spec));
}

/* OpenVINO made to use less of the processor than there is: it would compute in f32 and say nothing. */
static void test_bf16_is_read_back(void **state) {
  fixture *f = *state;
  if (!akin_cpu_has_bf16()) {
    print_message("this processor has no bfloat16\n");
    skip();
  }
  f->spec.precision = AKIN_PRECISION_BF16;
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    akin_network *network = NULL;
    setenv("ONEDNN_MAX_CPU_ISA", "AVX2", 1);
    akin_status status = runtime->open(&network, &f->spec, NULL);
    _exit(status == AKIN_OK ? 100 : (int)status);
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), AKIN_ERROR_UNSUPPORTED);
}

/* ---- what is wrong with a model ---- */

static void open_fails(fixture *f, akin_status wanted, const char *part) {
  akin_network *network = TESTING_POISON;
  akin_error err;
  memset(&err, 0xa5, sizeof err);
  listen(f);
  akin_status status = runtime->open(&network, &f->spec, &err);
  hear(f);
  testing_expect(status, wanted, &err);
  assert_null(network);
  testing_says(&err, part);
  assert_null(strpbrk(err.text, "\n\r\t"));
}

static void test_broken_weights(void **state) {
  fixture *f = *state;
  char *weights = testing_path(f->folder, "weights.bin");
  static const off_t lengths[] = {0, 1, 2519, sizeof(float) * TINY_WEIGHTS + 3};
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    assert_int_equal(truncate(weights, lengths[i]), 0);
    open_fails(f, AKIN_ERROR_FORMAT, "weights.bin");
  }
  assert_int_equal(unlink(weights), 0);
  open_fails(f, AKIN_ERROR_FORMAT, "weights.bin");
  open_fails(f, AKIN_ERROR_FORMAT, f->onnx);
  open_fails(f, AKIN_ERROR_FORMAT, "import it again");
  assert_int_equal(mkdir(weights, 0700), 0);
  open_fails(f, AKIN_ERROR_FORMAT, "weights.bin");
  akin_free(weights);
}

static void test_broken_graph(void **state) {
  fixture *f = *state;
  static const off_t lengths[] = {0, 1, 50, 200};
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    assert_int_equal(truncate(f->onnx, lengths[i]), 0);
    open_fails(f, AKIN_ERROR_FORMAT, f->onnx);
  }
  testing_write_text(f->onnx, "<?xml version=\"1.0\"?><net name=\"x\" version=\"11\"/>");
  open_fails(f, AKIN_ERROR_FORMAT, f->onnx);
  assert_int_equal(unlink(f->onnx), 0);
  open_fails(f, AKIN_ERROR_NOT_FOUND, f->onnx);
}

static void test_wrong_shapes(void **state) {
  fixture *f = *state;
  static const struct {
    tiny_network network;
    const char *part;
  } cases[] = {
      {{.batch = "N"}, "[?,3,5,7]"},
      {{.input_rank = 3}, "model.onnx"},
      {{.two_outputs = true, .flatten = true}, "2 outputs"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    assert_true(tiny_write(f->folder, &cases[i].network));
    open_fails(f, AKIN_ERROR_FORMAT, cases[i].part);
  }
  const tiny_network sound = {.flatten = true};
  assert_true(tiny_write(f->folder, &sound));
  f->spec.width = 5;
  f->spec.height = 7; /* exchanged */
  open_fails(f, AKIN_ERROR_FORMAT, "is f32 [1,3,5,7], expected f32 [1,3,7,5]");
}

static void test_wrong_spec(void **state) {
  fixture *f = *state;
  const akin_runtime_spec sound = f->spec;
  f->spec.scale[1] = 0;
  open_fails(f, AKIN_ERROR_USAGE, "scale");
  f->spec.scale[1] = NAN;
  open_fails(f, AKIN_ERROR_USAGE, "scale");
  f->spec = sound;
  f->spec.mean[2] = INFINITY;
  open_fails(f, AKIN_ERROR_USAGE, "mean");
  f->spec = sound;
  f->spec.height = 0;
  open_fails(f, AKIN_ERROR_USAGE, "7×0");
  f->spec = sound;
  f->spec.workers = 1000000;
  open_fails(f, AKIN_ERROR_USAGE, "1000000 workers");
}

/* Names as users have them. */
static void test_strange_folder(void **state) {
  fixture *f = *state;
  const tiny_network network = {.flatten = true};
  uint8_t pixels[PIXEL_BYTES];
  float out[TINY_OUTPUTS];
  char *folder = testing_path(f->folder, "a b,\"c\"\n\xff\xc3\xa9"), *onnx = testing_path(folder, "model.onnx"),
       *blobs = testing_path(folder, "blobs");
  assert_int_equal(mkdir(folder, 0700), 0);
  assert_true(tiny_write(folder, &network));
  f->spec.onnx_path = onnx;
  f->spec.blob_folder = blobs;
  make_pixels(pixels, 7);
  infer_once(&f->spec, out, NULL);
  check_values(&f->spec, out, pixels, 2e-5);
  assert_true(is_from_blob(&f->spec));
  akin_free(blobs);
  akin_free(onnx);
  akin_free(folder);
}

/* ---- memory ---- */

/* Blobs may fail without a word, the network not. */
static akin_status open_and_close(void *context) {
  const akin_runtime_spec *spec = context;
  akin_network *network = NULL;
  akin_network_session *session = NULL;
  akin_status status = runtime->open(&network, spec, NULL);
  if (!status) status = runtime->session_open(&session, network, NULL);
  if (!status) runtime->session_close(session);
  runtime->close(network);
  return status;
}

static void test_memory_runs_out(void **state) {
  fixture *f = *state;
  f->spec.blob_folder = f->blobs;
  for (uint64_t nth = 1; nth < 60; nth++) {
    testing_ok(akin_file_remove_folder(f->blobs, NULL), NULL);
    akin_memory_fail_at(nth, nth % 2);
    akin_status status = open_and_close(&f->spec);
    akin_memory_fail_at(0, true);
    assert_true(status == AKIN_OK || status == AKIN_ERROR_MEMORY);
  }
  f->spec.blob_folder = NULL;
  assert_true(testing_fail_allocations(open_and_close, &f->spec, false) > 0);
}

static void test_version(void **state) {
  (void)state;
  char *version = TESTING_POISON;
  testing_ok(runtime->version(&version, NULL), NULL);
  assert_int_equal(strncmp(version, "OpenVINO 20", 11), 0);
  akin_free(version);
  runtime->close(NULL);
  runtime->session_close(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_bf16_is_read_back), /* first: its child must start OpenVINO afresh */
      TEST(test_values),
      TEST(test_output_shapes),
      TEST(test_batch),
      TEST(test_batch_that_is_not_full),
      TEST(test_graph_for_one_image),
      TEST(test_batch_too_large),
      TEST(test_two_networks),
      TEST(test_threads),
      TEST(test_blob_gives_the_same_bits),
      TEST(test_blob_is_for_one_model),
      TEST(test_files_are_checked_before_compiling_only),
      TEST(test_blob_of_another_size),
      TEST(test_damaged_blob_is_rebuilt),
      TEST(test_no_place_for_blobs),
      TEST(test_bf16),
      TEST(test_broken_weights),
      TEST(test_broken_graph),
      TEST(test_wrong_shapes),
      TEST(test_wrong_spec),
      TEST(test_strange_folder),
      TEST(test_memory_runs_out),
      TEST(test_version),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
