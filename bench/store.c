/*
 * store.c - how fast the store is alone: filling it, looking one image up, reading every feature.
 *
 *     bench_store FOLDER [IMAGES] [DIM]     in a new store FOLDER/bench-store, removed afterwards; 20,000 and 1,280
 *
 * Prints one JSON object a figure. It uses the room, not the public headers, because through those a model would run.
 */
#include "base/clock.h"

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"
#include "store/store.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define BENCH_BATCH 64 /* images a transaction, as `akin index` commits at most */

typedef struct bench {
  char *folder;
  uint64_t images, dim;
  float *feature;
  uint64_t sink;
} bench;

static void bench_say(const char *what, double seconds, double rows) {
  printf("{\"what\": \"%s\", \"milliseconds\": %.3f, \"rows\": %.0f, \"rows_per_second\": %.0f}\n", what, seconds * 1e3,
         rows, rows / seconds);
}

static void bench_path(char *out, size_t size, uint64_t i) {
  snprintf(out, size, "/home/somebody/Pictures/%04llu/IMG_%08llu.jpg", (unsigned long long)(i / 500),
           (unsigned long long)i);
}

/* Numbers that differ from image to image; only their length matters. */
static void bench_feature(bench *b, uint64_t i) {
  const float size = (float)(1 / sqrt((double)b->dim));
  for (uint64_t d = 0; d < b->dim; d++)
    b->feature[d] = (i * 2654435761u + d * 40503u) >> 7 & 1 ? size : -size;
}

static akin_status bench_put(bench *b, akin_storage *s, uint64_t root, uint64_t model, uint64_t i, akin_error *err) {
  char path[128];
  uint64_t content = 0;
  bench_path(path, sizeof path, i);
  akin_stored_image image = {.root_id = root, .path = path, .reason = "", .width = 4000, .height = 3000};
  akin_status status = akin_hash_bytes(&image.content, &i, sizeof i, err);
  bench_feature(b, i);
  if (!status) status = akin_storage_image_put(s, &image, &content, err);
  return status ? status : akin_storage_feature_put(s, model, content, b->feature, err);
}

static akin_status bench_fill(bench *b, akin_error *err) {
  akin_storage *s = NULL;
  uint64_t root = 0, model = 0;
  akin_status status = akin_storage_open(&s, b->folder, AKIN_STORAGE_WRITE, err);
  if (!status) status = akin_storage_begin(s, err);
  if (!status) status = akin_storage_root_add(s, "/home/somebody/Pictures", true, &root, err);
  if (!status) status = akin_storage_model_add(s, "bench", "bench", (uint32_t)b->dim, "{}", &model, err);
  if (!status) status = akin_storage_commit(s, err);
  double began = akin_clock_seconds();
  for (uint64_t i = 0; !status && i < b->images; i++) {
    if (i % BENCH_BATCH == 0) status = akin_storage_begin(s, err);
    if (!status) status = bench_put(b, s, root, model, i, err);
    if (!status && (i % BENCH_BATCH == BENCH_BATCH - 1 || i + 1 == b->images)) status = akin_storage_commit(s, err);
  }
  if (!status) bench_say("fill, 64 images a transaction", akin_clock_seconds() - began, (double)b->images);
  began = akin_clock_seconds();
  akin_storage_close(s);
  if (!status) bench_say("close", akin_clock_seconds() - began, 1);
  return status;
}

static akin_status bench_image(void *context, const akin_stored_image *image, akin_error *err) {
  (void)err;
  *(uint64_t *)context += image->content_id;
  return AKIN_OK;
}

static akin_status bench_row(void *context, uint64_t id, const float *feature, akin_error *err) {
  (void)err;
  *(uint64_t *)context += id + (feature[0] > 0);
  return AKIN_OK;
}

static akin_status bench_look_up(bench *b, akin_error *err) {
  char path[128];
  akin_storage *s = NULL;
  bool found = false;
  bench_path(path, sizeof path, b->images / 2);
  double began = akin_clock_seconds();
  akin_status status = akin_storage_open(&s, b->folder, AKIN_STORAGE_READ, err);
  if (!status) status = akin_storage_image_at(s, path, bench_image, &b->sink, err);
  if (!status) status = akin_storage_feature_get(s, 1, b->images / 2, b->feature, &found, err);
  if (!status) bench_say("open, look one image up, read its feature", akin_clock_seconds() - began, 1);
  akin_storage_close(s);
  return status;
}

static akin_status bench_read(bench *b, akin_error *err) {
  akin_storage *s = NULL;
  akin_storage_counts counts;
  uint64_t last = 0;
  akin_status status = akin_storage_open(&s, b->folder, AKIN_STORAGE_READ, err);
  double began = akin_clock_seconds();
  if (!status) status = akin_storage_features_since(s, 1, 0, bench_row, &b->sink, err);
  if (!status) bench_say("read all features", akin_clock_seconds() - began, (double)b->images);
  began = akin_clock_seconds();
  if (!status) status = akin_storage_images(s, NULL, bench_image, &b->sink, err);
  if (!status) bench_say("visit all images by path", akin_clock_seconds() - began, (double)b->images);
  began = akin_clock_seconds();
  if (!status) status = akin_storage_count(s, &counts, err);
  if (!status) bench_say("count", akin_clock_seconds() - began, (double)b->images);
  if (!status) status = akin_storage_generation(s, &last, err);
  began = akin_clock_seconds();
  if (!status) status = akin_storage_features_since(s, 1, last - 1, bench_row, &b->sink, err);
  if (!status) bench_say("read the last commit's features", akin_clock_seconds() - began, BENCH_BATCH);
  akin_storage_close(s);
  return status;
}

int main(int count, char **arguments) {
  akin_error err;
  bench b = {.images = 20000, .dim = 1280};
  if (count < 2 || count > 4 || (count > 2 && !akin_parse_u64(&b.images, arguments[2], 1, 10000000)) ||
      (count > 3 && !akin_parse_u64(&b.dim, arguments[3], 1, 1000000))) {
    fprintf(stderr, "usage: bench_store FOLDER [IMAGES] [DIM]\n");
    return 2;
  }
  b.folder = akin_path_join(arguments[1], "bench-store");
  b.feature = akin_calloc(b.dim, sizeof *b.feature);
  akin_status status = b.folder && b.feature ? akin_file_remove_folder(b.folder, &err) : akin_fail_memory(&err, b.dim);
  if (!status) status = bench_fill(&b, &err);
  if (!status) status = bench_look_up(&b, &err);
  if (!status) status = bench_read(&b, &err);
  if (!status) status = akin_file_remove_folder(b.folder, &err);
  if (status) fprintf(stderr, "bench_store: %s\n", err.text);
  akin_free(b.feature);
  akin_free(b.folder);
  return status ? 1 : 0;
}
