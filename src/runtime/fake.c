/*
 * fake.c - a runtime that needs neither a library nor a model: its feature is the image seen as sixteen coloured
 * squares. For tests of everything above the room.
 */
#include "runtime/runtime.h"

#include "base/error.h"
#include "base/memory.h"

#include <string.h>

#define FAKE_GRID 4u
#define FAKE_DIM  (FAKE_GRID * FAKE_GRID * 3u)

struct akin_network {
  uint32_t width, height, batch;
  bool bgr;
  float mean[3], scale[3];
};

struct akin_network_session {
  const akin_network *network;
};

static akin_status fake_open(akin_network **out, const akin_runtime_spec *spec, akin_error *err) {
  *out = NULL;
  if (strstr(spec->onnx_path, "broken"))
    return akin_fail(err, AKIN_ERROR_FORMAT, "%s: the fake runtime was told to fail", spec->onnx_path);
  if (spec->width < FAKE_GRID || spec->height < FAKE_GRID)
    return akin_fail(err, AKIN_ERROR_USAGE, "an input of %u×%u pixels: the fake runtime needs %u×%u", spec->width,
                     spec->height, FAKE_GRID, FAKE_GRID);
  akin_status status = spec->check ? spec->check(spec->check_context, err) : AKIN_OK;
  if (status) return status;
  akin_network *n = akin_alloc(sizeof *n);
  if (!n) return akin_fail_memory(err, sizeof *n);
  *n = (akin_network){
      .width = spec->width, .height = spec->height, .batch = spec->batch ? spec->batch : 1, .bgr = spec->bgr};
  memcpy(n->mean, spec->mean, sizeof n->mean);
  memcpy(n->scale, spec->scale, sizeof n->scale);
  *out = n;
  return AKIN_OK;
}

static void fake_close(akin_network *network) {
  akin_free(network);
}

static uint32_t fake_dim(const akin_network *network) {
  (void)network;
  return FAKE_DIM;
}

static uint32_t fake_batch(const akin_network *network) {
  return network->batch;
}

static bool fake_from_blob(const akin_network *network) {
  (void)network;
  return false;
}

static akin_status fake_session_open(akin_network_session **out, akin_network *network, akin_error *err) {
  *out = akin_alloc(sizeof **out);
  if (!*out) return akin_fail_memory(err, sizeof **out);
  (*out)->network = network;
  return AKIN_OK;
}

static void fake_session_close(akin_network_session *session) {
  akin_free(session);
}

/* Mean of one colour (0 red … 2 blue) in the square at (column, row) of the grid. */
static double fake_square(const akin_network *n, const uint8_t *pixels, unsigned column, unsigned row,
                          unsigned colour) {
  size_t left = (size_t)n->width * column / FAKE_GRID, right = (size_t)n->width * (column + 1) / FAKE_GRID;
  size_t top = (size_t)n->height * row / FAKE_GRID, bottom = (size_t)n->height * (row + 1) / FAKE_GRID;
  double sum = 0;
  for (size_t y = top; y < bottom; y++)
    for (size_t x = left; x < right; x++)
      sum += pixels[(y * n->width + x) * 3 + colour];
  return sum / (double)((right - left) * (bottom - top));
}

static float *fake_infer_one(const akin_network *n, float *out, const uint8_t *pixels) {
  for (unsigned row = 0; row < FAKE_GRID; row++)
    for (unsigned column = 0; column < FAKE_GRID; column++)
      for (unsigned c = 0; c < 3; c++) {
        double mean = fake_square(n, pixels, column, row, n->bgr ? 2 - c : c);
        *out++ = (float)((mean - (double)n->mean[c]) / (double)n->scale[c] - 0.5);
      }
  return out;
}

static akin_status fake_infer(akin_network_session *session, float *out, const uint8_t *pixels, uint32_t count,
                              akin_error *err) {
  (void)err;
  const akin_network *n = session->network;
  for (uint32_t i = 0; i < count; i++)
    out = fake_infer_one(n, out, pixels + (size_t)i * n->width * n->height * 3);
  return AKIN_OK;
}

static akin_status fake_version(char **out, akin_error *err) {
  *out = akin_strdup("fake");
  return *out ? AKIN_OK : akin_fail_memory(err, sizeof "fake");
}

static akin_status fake_shapes(akin_runtime_shape *out, size_t count, const char *onnx_path, akin_error *err) {
  (void)out;
  (void)count;
  return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "%s: the fake runtime reads no graphs", onnx_path);
}

const akin_runtime akin_runtime_fake = {
    .name = "fake",
    .open = fake_open,
    .close = fake_close,
    .dim = fake_dim,
    .batch = fake_batch,
    .from_blob = fake_from_blob,
    .session_open = fake_session_open,
    .session_close = fake_session_close,
    .infer = fake_infer,
    .shapes = fake_shapes,
    .version = fake_version,
};
