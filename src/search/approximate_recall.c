/*
 * approximate_recall.c - how many of the best are found? Asked of rows that are drawn by a fixed seed, leaving each row
 * itself out. A hit counts when its score is one of the exact best ten's, so that it does not matter which of several
 * equal ones was found.
 */
#include "search/approximate_graph.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/thread.h"

#include <math.h>
#include <string.h>

#define RECALL_QUESTIONS     200
#define RECALL_K             10
#define RECALL_PIECE         256 /* rows that are scored for one question after the other, while they are near */
#define RECALL_EXPANSION_MAX 1024
#define RECALL_GAIN          0.002f /* that half as many more must bring, once recall is enough */

typedef struct recall_question {
  uint64_t id;
  const float *row;
  float best[RECALL_K]; /* exact scores, descending; -INFINITY where there are fewer rows */
} recall_question;

typedef struct recall {
  const akin_vectors *vectors;
  recall_question questions[RECALL_QUESTIONS];
  unsigned count, threads;
} recall;

/* One live row from each of RECALL_QUESTIONS equal parts of all live rows, or all when there are not more. */
static void recall_sample(recall *r) {
  const size_t live = akin_vectors_live(r->vectors), parts = live < RECALL_QUESTIONS ? live : RECALL_QUESTIONS;
  const float *rows = NULL;
  const uint64_t *ids = NULL;
  const size_t size = parts ? live / parts : 0;
  akin_random random = {0};
  size_t stride = 0, seen = 0, begin = 0;
  if (size == 0) return;
  size_t next = akin_random_below(&random, size);
  for (size_t run = 0, n; (n = akin_vectors_run(r->vectors, run, &rows, &stride, &ids)) > 0; run++) {
    for (size_t i = 0; i < n && r->count < parts; i++) {
      if (ids[i] == 0 || seen++ != next) continue;
      r->questions[r->count++] = (recall_question){.id = ids[i], .row = rows + i * stride};
      begin += size;
      next = begin + akin_random_below(&random, size);
    }
  }
}

static void recall_keep(float best[RECALL_K], float score) {
  size_t i = RECALL_K - 1;
  for (; i > 0 && best[i - 1] < score; i--)
    best[i] = best[i - 1];
  best[i] = score;
}

static void recall_scan(const recall *r, recall_question *q, const float *rows, const uint64_t *ids, size_t n,
                        size_t stride) {
  float scores[RECALL_PIECE];
  const size_t dim = akin_vectors_dim(r->vectors);
  akin_search_scores(scores, q->row, rows, n, dim, stride);
  for (size_t i = 0; i < n; i++)
    if (scores[i] > q->best[RECALL_K - 1] && ids[i] != 0 && ids[i] != q->id) recall_keep(q->best, scores[i]);
}

/* The exact best scores of every so-many-th question. */
static void recall_exact(void *context, unsigned index) {
  recall *r = context;
  const float *rows = NULL;
  const uint64_t *ids = NULL;
  size_t stride = 0;
  for (unsigned i = index; i < r->count; i += r->threads)
    for (size_t j = 0; j < RECALL_K; j++)
      r->questions[i].best[j] = -INFINITY;
  for (size_t run = 0, n; (n = akin_vectors_run(r->vectors, run, &rows, &stride, &ids)) > 0; run++) {
    for (size_t at = 0, size; at < n; at += size) {
      size = n - at < RECALL_PIECE ? n - at : RECALL_PIECE;
      for (unsigned i = index; i < r->count; i += r->threads)
        recall_scan(r, &r->questions[i], rows + at * stride, ids + at, size, stride);
    }
  }
}

static bool recall_is_self(void *context, uint64_t id) {
  const recall_question *q = context;
  return q->id == id;
}

/* How many there are to be found, and the score of the last of them. */
static size_t recall_expected(const recall_question *q, float *last) {
  size_t n = 0;
  for (; n < RECALL_K && q->best[n] >= -1; n++)
    *last = q->best[n];
  return n;
}

/* Asks all questions with the expansion that is set. */
static akin_status recall_ask(recall *r, akin_approximate *a, float *out, akin_error *err) {
  size_t found = 0, all = 0;
  akin_status status = AKIN_OK;
  for (unsigned i = 0; !status && i < r->count; i++) {
    recall_question *q = &r->questions[i];
    akin_scored *hits = NULL;
    size_t count = 0;
    float last = 0;
    const size_t expected = recall_expected(q, &last);
    const akin_approximate_skip self = {recall_is_self, q, 1};
    status = akin_approximate_best(&hits, &count, a, r->vectors, q->row, RECALL_K, &self, err);
    for (size_t j = 0; !status && j < count && j < expected; j++)
      found += hits[j].score >= last;
    all += expected;
    akin_free(hits);
  }
  *out = all ? (float)found / (float)all : 1;
  return status;
}

/* Raises the expansion by halves, until recall is what is aimed at, the largest is reached, or recall is enough and
 * hardly rose: what is missing then cannot be reached in the graph, however many are looked at. */
static akin_status recall_raise(recall *r, akin_approximate *a, akin_error *err) {
  akin_approximate_facts *facts = &a->facts;
  akin_status status = recall_ask(r, a, &facts->recall, err);
  for (bool rises = true; !status && rises && facts->recall < AKIN_APPROXIMATE_AIM;) {
    const float before = facts->recall;
    if (facts->expansion >= RECALL_EXPANSION_MAX) break;
    facts->expansion += facts->expansion / 2;
    if (facts->expansion > RECALL_EXPANSION_MAX) facts->expansion = RECALL_EXPANSION_MAX;
    status = recall_ask(r, a, &facts->recall, err);
    rises = before < AKIN_APPROXIMATE_RECALL || facts->recall >= before + RECALL_GAIN;
  }
  return status;
}

akin_status akin_approximate_measure(akin_approximate *a, const akin_vectors *v, unsigned threads, akin_error *err) {
  recall *r = akin_calloc(1, sizeof *r);
  if (!r) return akin_fail_memory(err, sizeof *r);
  r->vectors = v;
  r->threads = threads ? threads : 1;
  recall_sample(r);
  akin_status status = akin_threads_run(r->threads, recall_exact, r, err);
  if (!status) status = recall_raise(r, a, err);
  a->facts.sampled = r->count;
  akin_free(r);
  return status;
}
