/* close.c - see close.h. */
#include "search/close.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"
#include "search/search.h"
#include "search/tiles.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CLOSE_BLOCK 192 /* rows, and columns, of a tile; a multiple of what tiles.h rounds them up to */

/* What one thread found. */
typedef struct close_list {
  akin_close_pair *pairs;
  size_t count, room;
} close_list;

typedef struct close_run {
  const akin_close_options *options;
  float least; /* products below cannot be scores that reach the threshold */
  size_t blocks, tasks;
  atomic_size_t next, found;
  atomic_bool stopped, short_of_memory;
  close_list *lists; /* [threads] */
} close_run;

typedef struct close_tile {
  size_t first, rows, across, columns;
  float *products; /* f32 [CLOSE_BLOCK, CLOSE_BLOCK] */
  float *scratch;
  float never[CLOSE_BLOCK]; /* thresholds of columns: only the row's counts */
} close_tile;

static bool close_ended(close_run *run) {
  return atomic_load(&run->stopped) || atomic_load(&run->short_of_memory) ||
         atomic_load(&run->found) > run->options->most;
}

static void close_add(close_run *run, close_list *list, akin_close_pair pair) {
  if (atomic_fetch_add(&run->found, 1) >= run->options->most) return;
  if (list->count == list->room) {
    const size_t room = list->room ? list->room * 2 : 1024;
    akin_close_pair *pairs = akin_realloc_array(list->pairs, room, sizeof *pairs);
    if (!pairs) {
      atomic_store(&run->short_of_memory, true);
      return;
    }
    list->pairs = pairs;
    list->room = room;
  }
  list->pairs[list->count++] = pair;
}

/* A group of products of one row, some of which are large enough. */
static void close_look(close_run *run, close_list *list, const close_tile *t, size_t i, size_t group) {
  const akin_close_options *o = run->options;
  const size_t row = t->first + i;
  const float *products = t->products + i * CLOSE_BLOCK;
  for (size_t j = group * AKIN_TILE_GROUP; j < (group + 1) * AKIN_TILE_GROUP && j < t->columns; j++) {
    const size_t other = t->across + j;
    float score;
    if (other <= row || !(products[j] >= run->least)) continue; /* on the diagonal: each pair once */
    akin_search_scores(&score, o->rows[row], o->rows[other], 1, o->dim, o->dim);
    if (score >= o->threshold) close_add(run, list, (akin_close_pair){(uint32_t)row, (uint32_t)other, score});
  }
}

static void close_do_tile(close_run *run, close_list *list, close_tile *t, size_t i, size_t j) {
  const akin_close_options *o = run->options;
  t->first = i * CLOSE_BLOCK;
  t->rows = o->n - t->first < CLOSE_BLOCK ? o->n - t->first : CLOSE_BLOCK;
  t->across = j * CLOSE_BLOCK;
  t->columns = o->n - t->across < CLOSE_BLOCK ? o->n - t->across : CLOSE_BLOCK;
  akin_tile_products(t->products, CLOSE_BLOCK, o->rows + t->first, t->rows, o->rows + t->across, t->columns, o->dim,
                     t->scratch);
  const size_t groups = akin_tile_round(t->columns, AKIN_TILE_GROUP) / AKIN_TILE_GROUP;
  for (size_t row = 0; row < t->rows; row++) {
    const float *products = t->products + row * CLOSE_BLOCK;
    size_t group = 0;
    while ((group = akin_tile_next(products, run->least, t->never, group, groups)) < groups)
      close_look(run, list, t, row, group++);
  }
}

static void close_work(void *context, unsigned thread) {
  close_run *run = context;
  close_tile t = {0};
  t.products = akin_alloc_aligned(64, (size_t)CLOSE_BLOCK * CLOSE_BLOCK * sizeof(float));
  t.scratch = akin_alloc_aligned(64, akin_tile_scratch(CLOSE_BLOCK) * sizeof(float));
  if (!t.products || !t.scratch) atomic_store(&run->short_of_memory, true);
  for (size_t i = 0; i < CLOSE_BLOCK; i++)
    t.never[i] = INFINITY;
  for (size_t task; !close_ended(run) && (task = atomic_fetch_add(&run->next, 1)) < run->tasks;) {
    size_t i, j;
    akin_tile_pair(run->blocks, task, &i, &j);
    close_do_tile(run, &run->lists[thread], &t, i, j);
    if (thread == 0 && run->options->stop && run->options->stop(run->options->context))
      atomic_store(&run->stopped, true);
  }
  akin_free(t.products);
  akin_free(t.scratch);
}

static int close_order(const void *a, const void *b) {
  const akin_close_pair *x = a, *y = b;
  if (x->a != y->a) return x->a < y->a ? -1 : 1;
  return x->b < y->b ? -1 : x->b > y->b;
}

/* All that the threads found, in one order. */
static akin_status close_join(akin_close_pair **out, size_t *count, const close_run *run, akin_error *err) {
  size_t n = 0;
  for (unsigned i = 0; i < run->options->threads; i++)
    n += run->lists[i].count;
  akin_close_pair *pairs = akin_realloc_array(NULL, n ? n : 1, sizeof *pairs);
  if (!pairs) return akin_fail_memory(err, n * sizeof *pairs);
  n = 0;
  for (unsigned i = 0; i < run->options->threads; i++) {
    if (run->lists[i].count > 0) memcpy(pairs + n, run->lists[i].pairs, run->lists[i].count * sizeof *pairs);
    n += run->lists[i].count;
  }
  if (n > 0) qsort(pairs, n, sizeof *pairs, close_order);
  *out = pairs;
  *count = n;
  return AKIN_OK;
}

akin_status akin_search_close(akin_close_pair **out, size_t *count, const akin_close_options *options,
                              akin_error *err) {
  close_run run = {.options = options,
                   .least = options->threshold - (float)(2 * akin_tile_error(options->dim)),
                   .blocks = (options->n + CLOSE_BLOCK - 1) / CLOSE_BLOCK};
  run.tasks = run.blocks * (run.blocks + 1) / 2;
  *out = NULL;
  *count = 0;
  run.lists = akin_calloc(options->threads, sizeof *run.lists);
  if (!run.lists) return akin_fail_memory(err, options->threads * sizeof *run.lists);
  akin_status status = akin_threads_run(options->threads, close_work, &run, err);
  if (!status && atomic_load(&run.short_of_memory)) status = akin_fail_memory(err, sizeof(close_tile));
  if (!status && atomic_load(&run.stopped))
    status = akin_fail(err, AKIN_ERROR_CANCELLED, "stopped before all were compared");
  if (!status && atomic_load(&run.found) > options->most) {
    status = akin_fail(err, AKIN_ERROR_LIMIT, "more than %zu pairs score %.3f and more", options->most,
                       (double)options->threshold);
  }
  if (!status) status = close_join(out, count, &run, err);
  for (unsigned i = 0; i < options->threads; i++)
    akin_free(run.lists[i].pairs);
  akin_free(run.lists);
  return status;
}
