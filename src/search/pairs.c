/*
 * pairs.c - see pairs.h. Rows are cut into blocks; a task is a pair of blocks, and its tile of products is offered to
 * the lists of both. A list gathers until it is full and then drops what cannot be among its best any more, so that
 * its threshold rises: nearly all products are soon passed over sixteen at a time.
 *
 * Tasks come diagonal by diagonal, so that workers seldom want the same block's lists. What ends up in the answers does
 * not depend on their order.
 */
#include "search/pairs.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"
#include "search/search.h"
#include "search/tiles.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS_BLOCK       480 /* rows of a block: a tile of products then fits in the second cache */
#define PAIRS_BLOCK_LEAST 96
#define PAIRS_BLOCK_STEP                                                                                               \
  96                   /* divides all of them; a multiple of what tiles.h rounds rows, columns and groups up to        \
                        */
#define PAIRS_SPARE 64 /* room of a list beyond 2 k: how many more it gathers before it drops some */
#define PAIRS_NONE  UINT32_MAX

struct akin_pairs {
  akin_pairs_options options;
  bool coarse;       /* the products that are gathered now */
  float slack;       /* such products further below the kth best cannot belong to the best k scores */
  size_t block;      /* rows of a block */
  size_t blocks;     /* how many */
  float *thresholds; /* f32 [blocks * block]: a row takes products that are not below; infinite: none */
  uint32_t *list_of; /* [n]: the row's list, or PAIRS_NONE */
  bool *asks;        /* [blocks]: has a row that asks */
  size_t room;       /* of a list */
  size_t lists;      /* how many */
  akin_pair *items;  /* [lists, room] */
  uint32_t *counts;  /* [lists]; PAIRS_NONE: too many came too close, or nothing is gathered yet */
  akin_locks *locks; /* [blocks]: the lists and thresholds of its rows */
  akin_pair *alone;  /* its answer; owned */
};

/* All threads' view of one akin_pairs_ask. */
typedef struct pairs_run {
  akin_pairs *pairs;
  const uint32_t *asked;
  atomic_size_t next; /* task */
  size_t tasks;
  atomic_bool stopped, short_of_memory;
} pairs_run;

/* The most of a list that can be in use: at most n products come to a row. */
static size_t pairs_room(size_t n, size_t k) {
  return n > PAIRS_SPARE && k < (n - PAIRS_SPARE) / 2 ? 2 * k + PAIRS_SPARE : n;
}

size_t akin_pairs_bytes(size_t n, size_t k) {
  return pairs_room(n, k) * sizeof(akin_pair) + sizeof(uint32_t);
}

/* ---- the best of some ---- */

/* Brings the k best of n items to the front, k < n; in no order. */
static void pairs_pick(akin_pair *items, size_t n, size_t k) {
  size_t low = 0, high = n; /* what is before is among the best, what is behind is not */
  while (high - low > 1) {
    const float pivot = items[low + (high - low - 1) / 2].score;
    size_t i = low, j = high - 1;
    for (;; i++, j--) {
      while (items[i].score > pivot)
        i++;
      while (items[j].score < pivot)
        j--;
      if (i >= j) break;
      const akin_pair other = items[i];
      items[i] = items[j];
      items[j] = other;
    }
    /* [low, j] are not below the pivot, (j, high) not above; neither is empty */
    if (k == j + 1) break;
    *(k <= j ? &high : &low) = j + 1;
  }
}

/* By as much as two products together can be off. */
static float pairs_slack(const akin_pairs *p, bool coarse) {
  const size_t dim = p->options.dim;
  return (float)(2 * (coarse ? akin_tile_coarse_error(dim) : akin_tile_error(dim)));
}

static float pairs_lowest(const akin_pair *items, size_t n) {
  float lowest = INFINITY;
  for (size_t i = 0; i < n; i++)
    lowest = items[i].score < lowest ? items[i].score : lowest;
  return lowest;
}

/* ---- a list ---- */

/* Of `count` items, more than k, leaves those that are not too far below the kth best product to be among the best k
 * scores; returns how many, and gives the product that they begin at. */
static size_t pairs_drop(const akin_pairs *p, akin_pair *items, size_t count, float *threshold) {
  const size_t k = p->options.k;
  size_t kept = k;
  pairs_pick(items, count, k);
  *threshold = pairs_lowest(items, k) - p->slack;
  for (size_t i = k; i < count; i++)
    if (items[i].score >= *threshold) items[kept++] = items[i];
  return kept;
}

/* A full list makes room. When that frees too little, it gives up. */
static void pairs_compact(akin_pairs *p, uint32_t row) {
  const size_t list = p->list_of[row], kept = pairs_drop(p, p->items + list * p->room, p->room, &p->thresholds[row]);
  const bool full = p->room - kept < PAIRS_SPARE / 4;
  p->counts[list] = full ? PAIRS_NONE : (uint32_t)kept;
  if (full) p->thresholds[row] = INFINITY;
}

static void pairs_take(akin_pairs *p, uint32_t row, uint32_t other, float score) {
  const size_t list = p->list_of[row];
  p->items[list * p->room + p->counts[list]++] = (akin_pair){score, other};
  if (p->counts[list] == p->room) pairs_compact(p, row);
}

/* ---- a tile ---- */

typedef struct pairs_tile {
  size_t first, rows;     /* of the block that gives the rows */
  size_t across, columns; /* of the other; the same block on the diagonal */
  float *products;        /* f32 [rows, stride], both rounded up */
  size_t stride;
  float *scratch;
} pairs_tile;

/* A group of products of one row, some of which are wanted. */
static void pairs_offer_group(akin_pairs *p, const pairs_tile *t, size_t i, size_t group) {
  const float *products = t->products + i * t->stride;
  const uint32_t row = (uint32_t)(t->first + i);
  size_t end = (group + 1) * AKIN_TILE_GROUP;
  if (end > t->columns) end = t->columns;
  for (size_t j = group * AKIN_TILE_GROUP; j < end; j++) {
    const uint32_t other = (uint32_t)(t->across + j);
    if (t->first == t->across && other <= row) continue; /* each pair once, and none with itself */
    if (products[j] >= p->thresholds[row]) pairs_take(p, row, other, products[j]);
    if (products[j] >= p->thresholds[other]) pairs_take(p, other, row, products[j]);
  }
}

static void pairs_offer(akin_pairs *p, const pairs_tile *t) {
  const size_t groups = akin_tile_round(t->columns, AKIN_TILE_GROUP) / AKIN_TILE_GROUP;
  const float *thresholds = p->thresholds + t->across;
  for (size_t i = 0; i < t->rows; i++) {
    const float *products = t->products + i * t->stride;
    /* on the diagonal, what is left of it is of pairs that the rows above have offered */
    size_t group = t->first == t->across ? i / AKIN_TILE_GROUP : 0;
    while ((group = akin_tile_next(products, p->thresholds[t->first + i], thresholds, group, groups)) < groups)
      pairs_offer_group(p, t, i, group++);
  }
}

static void pairs_do_tile(akin_pairs *p, pairs_tile *t, size_t i, size_t j) {
  const size_t n = p->options.n, block = p->block;
  t->first = i * block;
  t->rows = n - t->first < block ? n - t->first : block;
  t->across = j * block;
  t->columns = n - t->across < block ? n - t->across : block;
  const float *const *rows = p->options.rows;
  akin_tile_run(&(akin_tile_job){.out = t->products,
                                 .stride = t->stride,
                                 .a = rows + t->first,
                                 .b = rows + t->across,
                                 .m = t->rows,
                                 .n = t->columns,
                                 .dim = p->options.dim,
                                 .scratch = t->scratch,
                                 .above = i == j,
                                 .coarse = p->coarse});
  akin_locks_take(p->locks, i);
  if (j != i) akin_locks_take(p->locks, j); /* always the higher second */
  pairs_offer(p, t);
  if (j != i) akin_locks_give(p->locks, j);
  akin_locks_give(p->locks, i);
}

/* ---- the threads ---- */

static void pairs_work(void *context, unsigned index) {
  pairs_run *run = context;
  akin_pairs *p = run->pairs;
  pairs_tile t = {.stride = akin_tile_round(p->block, AKIN_TILE_COLUMNS)};
  t.products = akin_alloc_aligned(64, akin_tile_round(p->block, AKIN_TILE_ROWS) * t.stride * sizeof(float));
  t.scratch = akin_alloc_aligned(64, akin_tile_scratch(p->block) * sizeof(float));
  if (!t.products || !t.scratch) atomic_store(&run->short_of_memory, true);
  for (size_t task; !atomic_load(&run->stopped) && !atomic_load(&run->short_of_memory) &&
                    (task = atomic_fetch_add(&run->next, 1)) < run->tasks;) {
    size_t i, j;
    akin_tile_pair(p->blocks, run->tasks - 1 - task, &i, &j); /* the small ones, on the diagonal, last */
    if (p->asks[i] || p->asks[j]) pairs_do_tile(p, &t, i, j);
    if (index == 0 && p->options.stop && p->options.stop(p->options.context, (double)task / (double)run->tasks))
      atomic_store(&run->stopped, true);
  }
  akin_free(t.products);
  akin_free(t.scratch);
}

/* ---- from products to scores ---- */

static int pairs_order(const void *left, const void *right) {
  const akin_pair *a = left, *b = right;
  if (a->score != b->score) return a->score > b->score ? -1 : 1;
  return a->row < b->row ? -1 : a->row > b->row;
}

/* The first k of sorted items and what ties with the kth. */
static size_t pairs_cut(const akin_pair *items, size_t count, size_t k) {
  size_t kept = k < count ? k : count;
  while (kept > 0 && kept < count && items[kept].score == items[kept - 1].score)
    kept++;
  return kept;
}

/* Scores the items of a row, from the first to the one before the end. */
static void pairs_score(const akin_pairs *p, uint32_t row, akin_pair *items, size_t first, size_t end) {
  const float *const *rows = p->options.rows;
  for (size_t i = first; i < end; i++) {
    const float *next = i + 1 < end ? rows[items[i + 1].row] : NULL;
    items[i].score = akin_search_score(rows[row], rows[items[i].row], p->options.dim, next);
  }
}

/* What is further below the lowest of k scores than a product can be off cannot be among the best k. */
static size_t pairs_drop_hopeless(const akin_pairs *p, akin_pair *items, size_t count) {
  const size_t k = p->options.k;
  const float lowest = pairs_lowest(items, k) - p->slack / 2;
  size_t kept = k;
  for (size_t i = k; i < count; i++)
    if (items[i].score >= lowest) items[kept++] = items[i];
  return kept;
}

static void pairs_settle_row(akin_pairs *p, uint32_t row) {
  const size_t list = p->list_of[row], k = p->options.k;
  akin_pair *items = p->items + list * p->room;
  if (p->counts[list] == PAIRS_NONE) return;
  size_t count = p->counts[list], scored = 0;
  if (count > k) {
    count = pairs_drop(p, items, count, &p->thresholds[row]);
    pairs_score(p, row, items, 0, scored = k);
    count = pairs_drop_hopeless(p, items, count);
  }
  if (p->options.self) items[count++] = (akin_pair){1, row}; /* a list that is full has been compacted */
  pairs_score(p, row, items, scored, count);
  qsort(items, count, sizeof *items, pairs_order);
  p->counts[list] = (uint32_t)pairs_cut(items, count, k);
}

#define PAIRS_SETTLED_AT_ONCE 64

static void pairs_settle(void *context, unsigned index) {
  pairs_run *run = context;
  (void)index;
  for (size_t first; (first = atomic_fetch_add(&run->next, PAIRS_SETTLED_AT_ONCE)) < run->pairs->lists;)
    for (size_t i = first; i < first + PAIRS_SETTLED_AT_ONCE && i < run->pairs->lists; i++)
      pairs_settle_row(run->pairs, run->asked[i]);
}

/* ---- asking ---- */

static akin_status pairs_make_lists(akin_pairs *p, const uint32_t *asked, size_t count, akin_error *err) {
  size_t items = 0;
  if (count > p->lists) {
    akin_free(p->items);
    akin_free(p->counts);
    p->lists = 0;
    p->items = akin_multiply(&items, count, p->room) ? akin_realloc_array(NULL, items, sizeof *p->items) : NULL;
    p->counts = akin_realloc_array(NULL, count, sizeof *p->counts);
    if (!p->items || !p->counts) return akin_fail_memory(err, items * sizeof *p->items);
  }
  p->lists = count;
  for (size_t i = 0; i < p->options.n; i++)
    p->list_of[i] = PAIRS_NONE;
  for (size_t i = 0; i < count; i++) {
    p->list_of[asked[i]] = (uint32_t)i;
    p->counts[i] = PAIRS_NONE;
  }
  return AKIN_OK;
}

/* Makes ready what has gathered nothing; is there something? */
static bool pairs_expect_products(akin_pairs *p, const uint32_t *asked, size_t count) {
  bool any = false;
  for (size_t i = 0; i < p->blocks * p->block; i++)
    p->thresholds[i] = INFINITY;
  memset(p->asks, 0, p->blocks * sizeof *p->asks);
  for (size_t i = 0; i < count; i++) {
    if (p->counts[i] != PAIRS_NONE) continue;
    p->counts[i] = 0;
    p->thresholds[asked[i]] = -INFINITY;
    p->asks[asked[i] / p->block] = any = true;
  }
  return any;
}

/* Also stopped before it began: the other threads may be done before this one asks between tiles. */
static akin_status pairs_gather(akin_pairs *p, const uint32_t *asked, bool coarse, akin_error *err) {
  pairs_run run = {.pairs = p, .asked = asked, .tasks = p->blocks * (p->blocks + 1) / 2};
  p->coarse = coarse;
  p->slack = pairs_slack(p, coarse);
  atomic_store(&run.stopped, p->options.stop && p->options.stop(p->options.context, 0));
  akin_status status =
      atomic_load(&run.stopped) ? AKIN_OK : akin_threads_run(p->options.threads, pairs_work, &run, err);
  if (status) return status;
  if (atomic_load(&run.short_of_memory)) return akin_fail_memory(err, akin_tile_scratch(p->block) * sizeof(float));
  if (atomic_load(&run.stopped)) return akin_fail(err, AKIN_ERROR_CANCELLED, "stopped before all were compared");
  return AKIN_OK;
}

/* Rows to which too much comes too close for coarse products to choose from are asked again with exact ones. */
akin_status akin_pairs_ask(akin_pairs *p, const uint32_t *asked, size_t count, akin_error *err) {
  const bool coarse = akin_tile_has_coarse();
  pairs_run run = {.pairs = p, .asked = asked};
  akin_status status = pairs_make_lists(p, asked, count, err);
  if (!status && pairs_expect_products(p, asked, count)) status = pairs_gather(p, asked, coarse, err);
  if (!status && coarse && pairs_expect_products(p, asked, count)) status = pairs_gather(p, asked, false, err);
  if (status) return status;
  p->slack = pairs_slack(p, coarse); /* the wider one holds for both */
  return akin_threads_run(p->options.threads, pairs_settle, &run, err);
}

/* ---- one row alone ---- */

/* The kth best of all scores, found by the same choosing as in the lists, then all that are not below it. */
static akin_status pairs_best_alone(akin_pairs *p, uint32_t row, size_t *count, akin_error *err) {
  const akin_pairs_options *o = &p->options;
  akin_free(p->alone);
  p->alone = akin_realloc_array(NULL, o->n, sizeof *p->alone);
  if (!p->alone) return akin_fail_memory(err, o->n * sizeof *p->alone);
  *count = 0;
  for (uint32_t i = 0; i < o->n; i++)
    if (i != row || o->self) p->alone[(*count)++] = (akin_pair){0, i};
  pairs_score(p, row, p->alone, 0, *count);
  if (*count > o->k) {
    pairs_pick(p->alone, *count, o->k);
    const float lowest = pairs_lowest(p->alone, o->k);
    size_t kept = o->k;
    for (size_t i = o->k; i < *count; i++)
      if (p->alone[i].score >= lowest) p->alone[kept++] = p->alone[i];
    *count = kept;
  }
  qsort(p->alone, *count, sizeof *p->alone, pairs_order);
  return AKIN_OK;
}

akin_status akin_pairs_best(akin_pairs *p, uint32_t row, const akin_pair **out, size_t *count, akin_error *err) {
  const size_t list = p->list_of[row];
  *out = NULL;
  *count = 0;
  if (p->counts[list] == PAIRS_NONE) {
    akin_status status = pairs_best_alone(p, row, count, err);
    *out = status ? NULL : p->alone;
    return status;
  }
  *out = p->items + list * p->room;
  *count = p->counts[list];
  return AKIN_OK;
}

/* ---- the handle ---- */

/* Small enough that every thread gets several tiles. */
static size_t pairs_choose_block(size_t n, unsigned threads) {
  size_t block = PAIRS_BLOCK;
  while (block > PAIRS_BLOCK_LEAST) {
    const size_t blocks = (n + block - 1) / block;
    if (blocks * (blocks + 1) / 2 >= 6 * (size_t)threads) break;
    block = akin_tile_round(block / 2, PAIRS_BLOCK_STEP);
  }
  return block;
}

akin_status akin_pairs_new(akin_pairs **out, const akin_pairs_options *options, akin_error *err) {
  const size_t n = options->n;
  *out = NULL;
  if (options->k == 0) return akin_fail(err, AKIN_ERROR_USAGE, "0 hits were asked for, 1 or more are possible");
  if (n == 0 || n >= PAIRS_NONE) return akin_fail(err, AKIN_ERROR_LIMIT, "%zu rows cannot be compared in pairs", n);
  akin_pairs *p = akin_calloc(1, sizeof *p);
  if (!p) return akin_fail_memory(err, sizeof *p);
  p->options = *options;
  p->block = pairs_choose_block(n, options->threads);
  p->blocks = (n + p->block - 1) / p->block;
  p->room = pairs_room(n, options->k);
  p->thresholds = akin_calloc(p->blocks, p->block * sizeof *p->thresholds);
  p->list_of = akin_calloc(n, sizeof *p->list_of);
  p->asks = akin_calloc(p->blocks, sizeof *p->asks);
  akin_status status = p->thresholds && p->list_of && p->asks ? akin_locks_new(&p->locks, p->blocks, err)
                                                              : akin_fail_memory(err, n * sizeof *p->list_of);
  if (status) {
    akin_pairs_free(p);
    return status;
  }
  *out = p;
  return AKIN_OK;
}

void akin_pairs_free(akin_pairs *p) {
  if (!p) return;
  akin_locks_free(p->locks);
  akin_free(p->alone);
  akin_free(p->counts);
  akin_free(p->items);
  akin_free(p->asks);
  akin_free(p->list_of);
  akin_free(p->thresholds);
  akin_free(p);
}
