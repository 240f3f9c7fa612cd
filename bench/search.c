/*
 * search.c - searching alone, for bench/search.py: puts vectors into a cache file, then does and times what it is told.
 *
 *     bench_search FOLDER VECTORS DIM     VECTORS: a file of f32 [n, DIM], rows of unit length, row i gets the id i + 1
 *
 * Reads a command a line and answers with a line of JSON:
 *     commit          the cache is written from scratch, synced        {"seconds"}
 *     open            opened, every checksum verified                  {"seconds"}
 *     scores SET ROW  all scores of one row, by the kernels SET, or by "loop", the three lines one writes first
 *     best K ROW      its best K                                       {"seconds", "ids"}
 *     pairs K THREADS the best K of every row, written to FOLDER/pairs.u32, [n, K] from 0   {"seconds", "kernels"}
 * It uses the room, not the public headers, because those know images, not vectors.
 */
#include "base/clock.h"

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"
#include "search/pairs.h"
#include "search/search.h"
#include "search/tiles.h"

#include <stdio.h>
#include <string.h>

#define BENCH_CEILING ((size_t)16 << 30)

typedef struct bench {
  char *path;
  akin_buffer vectors;
  const float *rows;
  uint64_t n, dim;
  akin_vectors *cache;
  float *scores; /* f32 [n] */
} bench;

static akin_status bench_open(bench *b, bool writable, akin_error *err) {
  akin_vectors_key key = {"bench", (uint32_t)b->dim, 1};
  bool rebuilt = false;
  return akin_vectors_open(&b->cache, b->path, &key, writable, &rebuilt, err);
}

static void bench_close(bench *b) {
  akin_vectors_close(b->cache);
  b->cache = NULL;
}

static akin_status bench_commit(bench *b, akin_error *err) {
  bench_close(b);
  akin_status status = akin_file_remove(b->path, err);
  if (!status) status = bench_open(b, true, err);
  for (uint64_t i = 0; !status && i < b->n; i++)
    status = akin_vectors_append(b->cache, i + 1, b->rows + i * b->dim, err);
  const double began = akin_clock_seconds();
  if (!status) status = akin_vectors_commit(b->cache, 1, err);
  if (!status) printf("{\"seconds\": %.9f}\n", akin_clock_seconds() - began);
  return status;
}

static akin_status bench_reopen(bench *b, akin_error *err) {
  bench_close(b);
  const double began = akin_clock_seconds();
  akin_status status = bench_open(b, false, err);
  if (!status) printf("{\"seconds\": %.9f}\n", akin_clock_seconds() - began);
  return status;
}

static void bench_loop(float *scores, const float *query, const float *rows, size_t n, size_t dim, size_t stride) {
  for (size_t i = 0; i < n; i++) {
    float sum = 0;
    for (size_t j = 0; j < dim; j++)
      sum += query[j] * rows[i * stride + j];
    scores[i] = sum;
  }
}

static akin_status bench_scores(bench *b, const char *set, const float *query, akin_error *err) {
  const float *rows = NULL;
  const uint64_t *ids = NULL;
  size_t stride = 0;
  const bool loop = strcmp(set, "loop") == 0;
  const char *usual = akin_search_kernels();
  if (!loop && !akin_search_use_kernels(set))
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "this machine has no kernels %s", set);
  const double began = akin_clock_seconds();
  for (size_t run = 0, n; (n = akin_vectors_run(b->cache, run, &rows, &stride, &ids)) > 0; run++)
    (loop ? bench_loop : akin_search_scores)(b->scores, query, rows, n, b->dim, stride);
  printf("{\"seconds\": %.9f, \"kernels\": \"%s\", \"usual\": \"%s\"}\n", akin_clock_seconds() - began, set, usual);
  akin_search_use_kernels(usual);
  return AKIN_OK;
}

static akin_status bench_best(bench *b, const char *k_text, const float *query, akin_error *err) {
  akin_scored *best = NULL;
  size_t count = 0;
  uint64_t k = 0;
  if (!akin_parse_u64(&k, k_text, 1, b->n)) return akin_fail(err, AKIN_ERROR_USAGE, "no K: %s", k_text);
  const double began = akin_clock_seconds();
  akin_status status = akin_search_best(&best, &count, b->cache, query, k, NULL, NULL, err);
  if (status) return status;
  printf("{\"seconds\": %.9f, \"ids\": [", akin_clock_seconds() - began);
  for (size_t i = 0; i < count; i++)
    printf("%s%llu", i ? ", " : "", (unsigned long long)best[i].id);
  printf("]}\n");
  akin_free(best);
  return AKIN_OK;
}

/* What akin does for all images at once, less the images: rows in the order in which they lie in the cache. */
static akin_status bench_ask_pairs(bench *b, uint64_t k, unsigned threads, FILE *out, akin_error *err) {
  const float **rows = akin_calloc(b->n, sizeof *rows);
  uint32_t *asked = akin_calloc(b->n, sizeof *asked);
  akin_pairs_options options = {.rows = rows, .n = b->n, .dim = b->dim, .k = k, .threads = threads};
  akin_pairs *pairs = NULL;
  akin_status status = rows && asked ? AKIN_OK : akin_fail_memory(err, b->n * sizeof *rows);
  const double began = akin_clock_seconds();
  for (uint64_t i = 0; !status && i < b->n; i++) {
    rows[i] = akin_vectors_find(b->cache, i + 1);
    asked[i] = (uint32_t)i;
  }
  if (!status) status = akin_pairs_new(&pairs, &options, err);
  if (!status) status = akin_pairs_ask(pairs, asked, b->n, err);
  const akin_pair *best = NULL;
  size_t count = 0;
  for (uint32_t i = 0; !status && i < b->n; i++) /* a row with too many near ties is asked alone, here */
    status = akin_pairs_best(pairs, i, &best, &count, err);
  if (!status) printf("{\"seconds\": %.9f, \"kernels\": \"%s\"}\n", akin_clock_seconds() - began, akin_tile_kernels());
  for (uint32_t i = 0; !status && i < b->n; i++) {
    status = akin_pairs_best(pairs, i, &best, &count, err);
    for (size_t j = 0; !status && j < k && j < count; j++)
      fwrite(&best[j].row, sizeof best[j].row, 1, out);
  }
  akin_pairs_free(pairs);
  akin_free(asked);
  akin_free(rows);
  return status;
}

static akin_status bench_pairs(bench *b, const char *k_text, uint64_t threads, akin_error *err) {
  char *folder = akin_path_folder(b->path), *path = folder ? akin_path_join(folder, "pairs.u32") : NULL;
  uint64_t k = 0;
  FILE *out = path ? fopen(path, "wbe") : NULL;
  akin_status status = out ? AKIN_OK : akin_fail(err, AKIN_ERROR_IO, "cannot write pairs.u32");
  if (!status && !akin_parse_u64(&k, k_text, 1, b->n - 1))
    status = akin_fail(err, AKIN_ERROR_USAGE, "no K: %s", k_text);
  if (!status) status = bench_ask_pairs(b, k, (unsigned)threads, out, err);
  if (out) fclose(out);
  akin_free(path);
  akin_free(folder);
  return status;
}

/* line: "WORD ARGUMENT ROW" or one word; cut up in place. */
static akin_status bench_command(bench *b, char *line, akin_error *err) {
  char *argument = line + strcspn(line, " "), *row_text;
  uint64_t row = 0;
  if (*argument) *argument++ = '\0';
  row_text = argument + strcspn(argument, " ");
  if (*row_text) *row_text++ = '\0';
  if (strcmp(line, "commit") == 0) return bench_commit(b, err);
  if (strcmp(line, "open") == 0) return bench_reopen(b, err);
  if (!b->cache || !akin_parse_u64(&row, row_text, 0, b->n - 1))
    return akin_fail(err, AKIN_ERROR_USAGE, "no row, or nothing is open: %s", row_text);
  if (strcmp(line, "pairs") == 0) return bench_pairs(b, argument, row, err);
  const float *query = b->rows + row * b->dim;
  if (strcmp(line, "scores") == 0) return bench_scores(b, argument, query, err);
  if (strcmp(line, "best") == 0) return bench_best(b, argument, query, err);
  return akin_fail(err, AKIN_ERROR_USAGE, "no command: %s", line);
}

static akin_status bench_load(bench *b, const char *folder, const char *vectors, akin_error *err) {
  akin_status status = akin_file_read(&b->vectors, vectors, BENCH_CEILING, NULL, err);
  if (status) return status;
  b->n = b->vectors.size / (b->dim * sizeof(float));
  if (b->n == 0) return akin_fail(err, AKIN_ERROR_FORMAT, "%s: less than one row", vectors);
  b->rows = (const float *)(const void *)b->vectors.data;
  b->path = akin_path_join(folder, "bench.vec");
  b->scores = akin_calloc(b->n, sizeof *b->scores);
  return b->path && b->scores ? AKIN_OK : akin_fail_memory(err, b->n);
}

int main(int count, char **arguments) {
  akin_error err;
  bench b = {.vectors = AKIN_BUFFER_INIT(BENCH_CEILING)};
  char line[256];
  if (count != 4 || !akin_parse_u64(&b.dim, arguments[3], 1, 1u << 20)) {
    fprintf(stderr, "usage: bench_search FOLDER VECTORS DIM\n");
    return 2;
  }
  akin_status status = bench_load(&b, arguments[1], arguments[2], &err);
  while (!status && fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = '\0';
    status = bench_command(&b, line, &err);
    fflush(stdout);
  }
  if (status) fprintf(stderr, "bench_search: %s\n", err.text);
  bench_close(&b);
  akin_buffer_free(&b.vectors);
  akin_free(b.scores);
  akin_free(b.path);
  return status ? 1 : 0;
}
