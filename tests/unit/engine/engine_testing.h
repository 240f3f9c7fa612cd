/*
 * engine_testing.h - a bench for the engine's tests: the tiny model imported, folders of small pictures, a store, and a
 * runtime that needs no library. The fake runtime gives 48 values; here they are repeated to as many as the model's
 * layers say.
 */
#ifndef AKIN_TESTS_ENGINE_TESTING_H
#define AKIN_TESTS_ENGINE_TESTING_H

#include "unit/testing.h"

#include "base/buffer.h"
#include "image/image.h"
#include "runtime/runtime.h"
#include "store/store.h"

#include <akin/akin.h>
#include <stdatomic.h>
#include <sys/stat.h>

#define ENGINE_FAKE_DIM 48

static uint32_t engine_dim;           /* of the model that was opened last */
static atomic_uint engine_inferences; /* how often the network ran */

static uint32_t engine_runtime_dim(const akin_network *network) {
  (void)network;
  return engine_dim;
}

static akin_status engine_runtime_infer(akin_network_session *session, float *out, const uint8_t *pixels,
                                        uint32_t count, akin_error *err) {
  float values[AKIN_RUNTIME_BATCH_MOST * ENGINE_FAKE_DIM];
  akin_status status = akin_runtime_fake.infer(session, values, pixels, count, err);
  for (uint32_t row = 0; !status && row < count; row++)
    for (uint32_t i = 0; i < engine_dim; i++)
      out[row * engine_dim + i] = values[row * ENGINE_FAKE_DIM + i % ENGINE_FAKE_DIM];
  atomic_fetch_add(&engine_inferences, 1);
  return status;
}

static akin_runtime engine_runtime;

TESTING void engine_use_runtime(void) {
  engine_runtime = akin_runtime_fake;
  engine_runtime.dim = engine_runtime_dim;
  engine_runtime.infer = engine_runtime_infer;
  akin_runtime_set(&engine_runtime);
}

typedef struct engine_bench {
  char *folder, *models, *photos, *store_folder;
  akin_store *store;
  akin_model *model;
} engine_bench;

/* The tiny model, opened for `workers`; freed by the caller. */
TESTING akin_model *engine_open_model(const engine_bench *b, uint32_t workers, const char *layer) {
  akin_model_options options = AKIN_MODEL_OPTIONS_INIT;
  akin_model *model = NULL;
  akin_error err;
  options.models_folder = b->models;
  options.workers = workers;
  options.layer = layer;
  testing_ok(akin_model_open(&model, "tiny", &options, &err), &err);
  engine_dim = akin_model_dim(model);
  return model;
}

/* cmocka fixture: *state is an engine_bench. Everything the engine looks up by itself lies in the bench's folder. */
TESTING int engine_setup(void **state) {
  engine_bench *b = akin_calloc(1, sizeof *b);
  akin_import_options import = AKIN_IMPORT_OPTIONS_INIT;
  akin_error err;
  assert_non_null(b);
  engine_use_runtime();
  b->folder = testing_folder();
  b->models = testing_path(b->folder, "models");
  b->photos = testing_path(b->folder, "photos");
  b->store_folder = testing_path(b->folder, "store");
  assert_int_equal(mkdir(b->photos, 0777), 0);
  setenv("XDG_CACHE_HOME", b->folder, 1);
  setenv("XDG_DATA_HOME", b->folder, 1);
  setenv("AKIN_MODELS", b->models, 1);
  unsetenv("AKIN_STORE");
  import.models_folder = b->models;
  import.card = AKIN_TEST_DATA "/models/tiny.json";
  testing_ok(akin_model_import_file(AKIN_TEST_MODELS "/tiny.pth", &import, NULL, 0, &err), &err);
  b->model = engine_open_model(b, 2, NULL);
  testing_ok(akin_store_open(&b->store, b->store_folder, 1, &err), &err);
  atomic_store(&engine_inferences, 0);
  *state = b;
  return 0;
}

TESTING int engine_teardown(void **state) {
  engine_bench *b = *state;
  akin_store_close(b->store);
  akin_model_free(b->model);
  akin_free(b->models);
  akin_free(b->photos);
  akin_free(b->store_folder);
  testing_remove_folder(b->folder);
  akin_free(b);
  return 0;
}

/* Writes a JPEG of 64×48 whose colours run from one to another: `seed` chooses them; near seeds look alike. */
TESTING void engine_picture(const char *path, unsigned seed) {
  enum { W = 64, H = 48 };
  static uint8_t pixels[W * H * 3];
  akin_pixels view = {pixels, W, H, W * 3};
  akin_buffer jpeg = AKIN_BUFFER_INIT(0);
  akin_error err;
  for (unsigned y = 0; y < H; y++)
    for (unsigned x = 0; x < W; x++) {
      uint8_t *p = pixels + (y * W + x) * 3;
      p[0] = (uint8_t)((seed * 7 + x * 2) % 256);
      p[1] = (uint8_t)((seed * 13 + y * 3) % 256);
      p[2] = (uint8_t)((seed * 29) % 256);
    }
  testing_ok(akin_image_encode_jpeg(&jpeg, &view, 90, &err), &err);
  testing_write(path, jpeg.data, jpeg.size);
  akin_buffer_free(&jpeg);
}

/* photos/name with that seed; akin_free. */
TESTING char *engine_photo(const engine_bench *b, const char *name, unsigned seed) {
  char *path = testing_path(b->photos, name);
  engine_picture(path, seed);
  return path;
}

/* photos/p00.jpg … with seeds 1, 2 … */
TESTING void engine_photos(const engine_bench *b, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    char name[32];
    snprintf(name, sizeof name, "p%02u.jpg", i);
    akin_free(engine_photo(b, name, i + 1));
  }
}

/* Ingests photos/ with options (may be NULL). */
TESTING akin_status engine_ingest(engine_bench *b, const akin_ingest_options *options, akin_progress *total,
                                  akin_error *err) {
  const char *path = b->photos;
  return akin_store_ingest(b->store, b->model, &path, 1, options, total, err);
}

#endif
