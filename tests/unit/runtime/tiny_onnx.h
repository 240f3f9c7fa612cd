/*
 * tiny_onnx.h - writes a small ONNX network with external data, byte by byte, whose output can be computed by hand.
 *
 *     image f32 [1, 3, H, W] ─ Conv, kernel [C, 3, H, W], bias [C] ─▶ f32 [1, C, 1, 1] ─ (Flatten ─▶ [1, C])
 *
 * The kernel covers the whole image, so every pixel and every channel has a weight of its own: a swapped axis, a
 * reversed channel or a mean applied to the wrong channel gives other numbers.
 */
#ifndef AKIN_TESTS_TINY_ONNX_H
#define AKIN_TESTS_TINY_ONNX_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define TINY_WIDTH   7u
#define TINY_HEIGHT  5u
#define TINY_OUTPUTS 6u
#define TINY_PIXELS  (TINY_WIDTH * TINY_HEIGHT)
#define TINY_WEIGHTS (TINY_OUTPUTS * 3u * TINY_PIXELS)

typedef struct tiny_network {
  bool flatten;         /* the output is [1, C], not [1, C, 1, 1] */
  bool reshape;         /* the output is [1, C] by a Reshape in whose constant the 1 is written */
  bool map;             /* kernel [C, 3, 1, 1] in front of the output: it is [1, C, H, W] */
  bool two_outputs;     /* the convolution's output is given too */
  const char *batch;    /* name of a batch dimension that is not known; NULL: 1 */
  unsigned input_rank;  /* 0: 4 */
  const char *location; /* of the external data; NULL: "weights.bin" */
} tiny_network;

/* W[k][c][y][x], multiples of 1/64 in (-0.11, 0.11). */
static inline float tiny_weight(size_t k, size_t c, size_t y, size_t x) {
  return ((float)((k * 31 + c * 17 + y * 7 + x * 3) % 13) - 6.0f) / 64.0f;
}
static inline float tiny_bias(size_t k) {
  return (float)k - 2.5f;
}

/* What the network gives for RGB pixels u8 [H, W, 3], in double. */
static inline double tiny_expected(size_t k, const uint8_t *pixels, bool bgr, const float mean[3],
                                   const float scale[3]) {
  double sum = (double)tiny_bias(k);
  for (size_t y = 0; y < TINY_HEIGHT; y++)
    for (size_t x = 0; x < TINY_WIDTH; x++)
      for (size_t c = 0; c < 3; c++) {
        double value = pixels[(y * TINY_WIDTH + x) * 3 + (bgr ? 2 - c : c)];
        sum += (double)tiny_weight(k, c, y, x) * (value - (double)mean[c]) / (double)scale[c];
      }
  return sum;
}

/* ---- protobuf's wire format: as much of it as is needed here ---- */

typedef struct tiny_bytes {
  uint8_t data[4096];
  size_t size;
} tiny_bytes;

static inline void tiny_varint(tiny_bytes *b, uint64_t value) {
  do {
    b->data[b->size++] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    value >>= 7;
  } while (value);
}
static inline void tiny_number(tiny_bytes *b, unsigned field, uint64_t value) {
  tiny_varint(b, (uint64_t)field << 3);
  tiny_varint(b, value);
}
static inline void tiny_blob(tiny_bytes *b, unsigned field, const void *bytes, size_t n) {
  tiny_varint(b, (uint64_t)field << 3 | 2);
  tiny_varint(b, n);
  memcpy(b->data + b->size, bytes, n);
  b->size += n;
}
static inline void tiny_text(tiny_bytes *b, unsigned field, const char *text) {
  tiny_blob(b, field, text, strlen(text));
}
static inline void tiny_message(tiny_bytes *b, unsigned field, const tiny_bytes *message) {
  tiny_blob(b, field, message->data, message->size);
}

/* ---- ONNX's messages (onnx.proto3: the numbers are the fields') ---- */

static inline void tiny_value_info(tiny_bytes *graph, unsigned field, const char *name, const char *batch,
                                   const uint64_t *dims, unsigned rank) {
  tiny_bytes shape = {{0}, 0}, tensor = {{0}, 0}, type = {{0}, 0}, info = {{0}, 0};
  for (unsigned i = 0; i < rank; i++) {
    tiny_bytes dim = {{0}, 0};
    if (i == 0 && batch)
      tiny_text(&dim, 2, batch);
    else
      tiny_number(&dim, 1, dims[i]);
    tiny_message(&shape, 1, &dim);
  }
  tiny_number(&tensor, 1, 1); /* FLOAT */
  tiny_message(&tensor, 2, &shape);
  tiny_message(&type, 1, &tensor);
  tiny_text(&info, 1, name);
  tiny_message(&info, 2, &type);
  tiny_message(graph, field, &info);
}

static inline void tiny_external(tiny_bytes *tensor, const char *key, const char *value) {
  tiny_bytes entry = {{0}, 0};
  tiny_text(&entry, 1, key);
  tiny_text(&entry, 2, value);
  tiny_message(tensor, 13, &entry);
}

static inline void tiny_initializer(tiny_bytes *graph, const char *name, const uint64_t *dims, unsigned rank,
                                    const char *location, size_t offset, size_t length) {
  tiny_bytes tensor = {{0}, 0};
  char number[32];
  for (unsigned i = 0; i < rank; i++)
    tiny_number(&tensor, 1, dims[i]);
  tiny_number(&tensor, 2, 1);
  tiny_text(&tensor, 8, name);
  tiny_external(&tensor, "location", location);
  snprintf(number, sizeof number, "%zu", offset);
  tiny_external(&tensor, "offset", number);
  snprintf(number, sizeof number, "%zu", length);
  tiny_external(&tensor, "length", number);
  tiny_number(&tensor, 14, 1); /* EXTERNAL */
  tiny_message(graph, 5, &tensor);
}

static inline void tiny_integers(tiny_bytes *graph, const char *name, const int64_t *values, uint64_t count) {
  tiny_bytes tensor = {{0}, 0};
  tiny_number(&tensor, 1, count);
  tiny_number(&tensor, 2, 7); /* INT64 */
  tiny_text(&tensor, 8, name);
  tiny_blob(&tensor, 9, values, count * sizeof *values);
  tiny_message(graph, 5, &tensor);
}

static inline void tiny_node(tiny_bytes *graph, const char *kind, const char *const *inputs, const char *output) {
  tiny_bytes node = {{0}, 0};
  for (; *inputs; inputs++)
    tiny_text(&node, 1, *inputs);
  tiny_text(&node, 2, output);
  tiny_text(&node, 3, kind);
  tiny_text(&node, 4, kind);
  tiny_message(graph, 1, &node);
}

static inline void tiny_graph(tiny_bytes *graph, const tiny_network *n) {
  const uint64_t image[4] = {1, 3, TINY_HEIGHT, TINY_WIDTH};
  const uint64_t kernel[4] = {TINY_OUTPUTS, 3, n->map ? 1 : TINY_HEIGHT, n->map ? 1 : TINY_WIDTH};
  const uint64_t out[4] = {1, TINY_OUTPUTS, n->map ? TINY_HEIGHT : 1, n->map ? TINY_WIDTH : 1};
  const char *location = n->location ? n->location : "weights.bin";
  size_t kernel_bytes = 4 * kernel[0] * kernel[1] * kernel[2] * kernel[3];
  const char *const convolution[] = {"image", "kernel", "bias", NULL}, *const flatten[] = {"map", NULL},
                    *const reshape[] = {"map", "shape", NULL};
  tiny_node(graph, "Conv", convolution, "map");
  if (n->flatten) tiny_node(graph, "Flatten", flatten, "vector");
  if (n->reshape) tiny_node(graph, "Reshape", reshape, "vector");
  tiny_text(graph, 2, "tiny");
  if (n->reshape) tiny_integers(graph, "shape", (const int64_t[]){1, TINY_OUTPUTS}, 2);
  tiny_initializer(graph, "kernel", kernel, 4, location, 0, kernel_bytes);
  tiny_initializer(graph, "bias", kernel, 1, location, 4 * TINY_WEIGHTS, 4 * TINY_OUTPUTS);
  tiny_value_info(graph, 11, "image", n->batch, image, n->input_rank ? n->input_rank : 4);
  if (n->flatten || n->reshape) tiny_value_info(graph, 12, "vector", n->batch, out, 2);
  if (!(n->flatten || n->reshape) || n->two_outputs) tiny_value_info(graph, 12, "map", n->batch, out, 4);
}

static inline bool tiny_write_file(const char *folder, const char *name, const void *bytes, size_t n) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *f = fopen(path, "wb");
  if (!f) return false;
  bool done = fwrite(bytes, 1, n, f) == n;
  return fclose(f) == 0 && done;
}

/* Writes FOLDER/model.onnx and FOLDER/weights.bin: the kernel, then the bias. */
static inline bool tiny_write(const char *folder, const tiny_network *n) {
  float weights[TINY_WEIGHTS + TINY_OUTPUTS];
  size_t at = 0;
  for (size_t k = 0; k < TINY_OUTPUTS; k++)
    for (size_t c = 0; c < 3; c++)
      for (size_t y = 0; y < TINY_HEIGHT; y++)
        for (size_t x = 0; x < TINY_WIDTH; x++)
          weights[at++] = tiny_weight(k, c, y, x);
  for (size_t k = 0; k < TINY_OUTPUTS; k++)
    weights[at++] = tiny_bias(k);

  tiny_bytes model = {{0}, 0}, graph = {{0}, 0}, opset = {{0}, 0};
  tiny_graph(&graph, n);
  tiny_number(&opset, 2, 17);
  tiny_number(&model, 1, 8); /* IR version */
  tiny_message(&model, 7, &graph);
  tiny_message(&model, 8, &opset);
  return tiny_write_file(folder, "weights.bin", weights, sizeof weights) &&
         tiny_write_file(folder, "model.onnx", model.data, model.size);
}

#endif
