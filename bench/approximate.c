/*
 * approximate.c - approximate search alone, for bench/approximate.py: makes a graph, keeps it, and asks it.
 *
 *     bench_approximate FOLDER VECTORS QUESTIONS DIM KIND THREADS
 *
 * VECTORS, QUESTIONS: files of f32 [n, DIM], rows of unit length; row i gets the id i + 1. KIND: i8, f16 or f32.
 * Writes FOLDER/found.u64: u64 [questions, 10], ids, 0 where fewer were found. Prints one line of JSON: seconds of each
 * step, bytes of the graph's file, and what akin measured of it itself. Questions are asked on one thread.
 */
#include "search/approximate.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define BENCH_CEILING ((size_t)16 << 30)
#define BENCH_K       10
#define BENCH_EXACT   20 /* questions asked exactly, for comparison */

typedef struct bench {
  char *cache, *graph, *found;
  akin_buffer vectors, questions;
  uint64_t dim, threads;
  akin_compact kind;
  akin_vectors *packed;
  akin_approximate *approximate;
  akin_vectors_key key;
} bench;

static const float *bench_row(const akin_buffer *rows, const bench *b, size_t row) {
  return (const float *)(const void *)rows->data + row * b->dim;
}

static size_t bench_rows(const akin_buffer *rows, const bench *b) {
  return rows->size / (b->dim * sizeof(float));
}

static double bench_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Seconds since *began, which becomes now. */
static double bench_lap(double *began) {
  const double before = *began;
  *began = bench_seconds();
  return *began - before;
}

static akin_status bench_pack(bench *b, akin_error *err) {
  bool rebuilt = false;
  akin_status status = akin_vectors_open(&b->packed, b->cache, &b->key, true, &rebuilt, err);
  for (size_t i = 0; !status && i < bench_rows(&b->vectors, b); i++)
    status = akin_vectors_append(b->packed, i + 1, bench_row(&b->vectors, b, i), err);
  if (!status) status = akin_vectors_commit(b->packed, 1, err);
  akin_buffer_free(&b->vectors);
  return status;
}

static akin_status bench_build(bench *b, akin_error *err) {
  double began = bench_seconds();
  akin_status status = akin_approximate_new(&b->approximate, (uint32_t)b->dim, b->kind, false, err);
  if (!status) status = akin_approximate_add_all(b->approximate, b->packed, (unsigned)b->threads, NULL, NULL, err);
  printf("{\"build\": %.3f", bench_lap(&began));
  if (!status) status = akin_approximate_measure(b->approximate, b->packed, (unsigned)b->threads, err);
  printf(", \"measure\": %.3f", bench_lap(&began));
  if (!status) status = akin_approximate_save(b->approximate, b->graph, &b->key, 1, err);
  printf(", \"save\": %.3f", bench_lap(&began));
  akin_approximate_free(b->approximate);
  b->approximate = NULL;
  return status;
}

static akin_status bench_open(bench *b, akin_error *err) {
  bool damaged = false;
  double began = bench_seconds();
  akin_status status = akin_approximate_open(&b->approximate, b->graph, &b->key, false, &damaged, err);
  if (!status && !b->approximate) status = akin_fail(err, AKIN_ERROR_FORMAT, "%s: cannot be read back", b->graph);
  if (status) return status;
  const akin_approximate_facts *facts = akin_approximate_facts_of(b->approximate);
  akin_file_facts file = {0};
  printf(", \"open\": %.6f", bench_lap(&began));
  status = akin_file_facts_of(&file, b->graph, err);
  printf(", \"expansion\": %u, \"recall\": %.4f, \"bytes\": %" PRIu64, facts->expansion, (double)facts->recall,
         file.size);
  return status;
}

static akin_status bench_ask(bench *b, akin_error *err) {
  const size_t questions = bench_rows(&b->questions, b);
  uint64_t *ids = akin_calloc(questions * BENCH_K, sizeof *ids);
  if (!ids) return akin_fail_memory(err, questions * BENCH_K * sizeof *ids);
  akin_status status = AKIN_OK;
  (void)akin_vectors_find(b->packed, 1); /* makes its table of ids */
  double began = bench_seconds();
  for (size_t i = 0; !status && i < questions; i++) {
    akin_scored *best = NULL;
    size_t count = 0;
    status = akin_approximate_best(&best, &count, b->approximate, b->packed, bench_row(&b->questions, b, i), BENCH_K,
                                   NULL, err);
    for (size_t j = 0; !status && j < count && j < BENCH_K; j++)
      ids[i * BENCH_K + j] = best[j].id;
    akin_free(best);
  }
  printf(", \"ask\": %.6f", bench_lap(&began) / (double)questions);
  if (!status) status = akin_file_replace(b->found, ids, questions * BENCH_K * sizeof *ids, err);
  akin_free(ids);
  return status;
}

static akin_status bench_exact(bench *b, akin_error *err) {
  akin_status status = AKIN_OK;
  double began = bench_seconds();
  for (size_t i = 0; !status && i < BENCH_EXACT && i < bench_rows(&b->questions, b); i++) {
    akin_scored *best = NULL;
    size_t count = 0;
    status = akin_search_best(&best, &count, b->packed, bench_row(&b->questions, b, i), BENCH_K, NULL, NULL, err);
    akin_free(best);
  }
  printf(", \"exact\": %.6f}\n", bench_lap(&began) / BENCH_EXACT);
  return status;
}

static akin_status bench_kind(akin_compact *out, const char *name, akin_error *err) {
  for (*out = 0; *out < AKIN_COMPACT_COUNT; (*out)++)
    if (strcmp(akin_compact_name(*out), name) == 0) return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_USAGE, "no kind of vectors: %s", name);
}

static akin_status bench_load(bench *b, char **arguments, akin_error *err) {
  b->cache = akin_path_join(arguments[1], "bench.vec");
  b->graph = akin_path_join(arguments[1], "bench.hnsw");
  b->found = akin_path_join(arguments[1], "found.u64");
  b->key = (akin_vectors_key){"bench", (uint32_t)b->dim, 1};
  if (!b->cache || !b->graph || !b->found) return akin_fail_memory(err, 0);
  akin_status status = bench_kind(&b->kind, arguments[5], err);
  if (!status) status = akin_file_read(&b->vectors, arguments[2], BENCH_CEILING, NULL, err);
  return status ? status : akin_file_read(&b->questions, arguments[3], BENCH_CEILING, NULL, err);
}

int main(int count, char **arguments) {
  akin_error err;
  bench b = {.vectors = AKIN_BUFFER_INIT(BENCH_CEILING), .questions = AKIN_BUFFER_INIT(BENCH_CEILING)};
  if (count != 7 || !akin_parse_u64(&b.dim, arguments[4], 1, 1u << 17) ||
      !akin_parse_u64(&b.threads, arguments[6], 1, 64)) {
    fprintf(stderr, "usage: bench_approximate FOLDER VECTORS QUESTIONS DIM KIND THREADS\n");
    return 2;
  }
  akin_status status = bench_load(&b, arguments, &err);
  if (!status) status = bench_pack(&b, &err);
  if (!status) status = bench_build(&b, &err);
  if (!status) status = bench_open(&b, &err);
  if (!status) status = bench_ask(&b, &err);
  if (!status) status = bench_exact(&b, &err);
  if (status) fprintf(stderr, "bench_approximate: %s\n", err.text);
  akin_approximate_free(b.approximate);
  akin_vectors_close(b.packed);
  akin_buffer_free(&b.vectors);
  akin_buffer_free(&b.questions);
  akin_free(b.cache);
  akin_free(b.graph);
  akin_free(b.found);
  return status ? 1 : 0;
}
