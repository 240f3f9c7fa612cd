/* approximate.c - see approximate.h. */
#include "search/approximate_graph.h"

#include "base/error.h"
#include "base/library.h"
#include "base/memory.h"
#include "base/thread.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define APPROXIMATE_THREADS   64
#define APPROXIMATE_DIM_LIMIT 131072 /* above it sums of i8 products leave 32 bits */
#define APPROXIMATE_STEP      256    /* vectors added between two ticks */
#define APPROXIMATE_EXPANSION 64

/* ---- the library ---- */

static const akin_library approximate_library = {"approximate search", AKIN_HNSW_FILE, NULL, NULL,
                                                 AKIN_APPROXIMATE_LIB};

static akin_status approximate_load(const akin_hnsw_table **out, akin_error *err) {
  static _Atomic(const akin_hnsw_table *) loaded; /* threads that come at the same time get the same one */
  const akin_hnsw_table *(*function)(void) = NULL;
  void *handle = NULL;
  *out = atomic_load_explicit(&loaded, memory_order_acquire);
  if (*out) return AKIN_OK;
  akin_status status = akin_library_open(&handle, &approximate_library, err);
  if (status) return status;
  void *symbol = dlsym(handle, AKIN_HNSW_FUNCTION);
  memcpy(&function, &symbol, sizeof function);
  *out = function ? function() : NULL;
  if (!*out || (*out)->version != AKIN_HNSW_VERSION) {
    *out = NULL;
    return akin_fail(err, AKIN_ERROR_RUNTIME, "%s is of another version of akin: install both anew", AKIN_HNSW_FILE);
  }
  atomic_store_explicit(&loaded, *out, memory_order_release);
  return AKIN_OK;
}

akin_status akin_approximate_fail(const char *what, const char *why, akin_error *err) {
  const bool memory = why && (strstr(why, "memory") || strstr(why, "allocate"));
  return akin_fail(err, memory ? AKIN_ERROR_MEMORY : AKIN_ERROR_RUNTIME, "approximate search: %s: %s", what,
                   why ? why : "no reason given");
}

/* ---- handles ---- */

bool akin_approximate_possible(uint32_t dim) {
  return dim >= 1 && dim <= APPROXIMATE_DIM_LIMIT;
}

akin_status akin_approximate_create(akin_approximate **out, uint32_t dim, const akin_approximate_facts *facts,
                                    akin_error *err) {
  const char *why = NULL;
  *out = NULL;
  if (!akin_approximate_possible(dim))
    return akin_fail(err, AKIN_ERROR_LIMIT, "approximate search takes features of 1 to %d values, not of %u",
                     APPROXIMATE_DIM_LIMIT, (unsigned)dim);
  akin_approximate *a = akin_calloc(1, sizeof *a);
  if (!a) return akin_fail_memory(err, sizeof *a);
  a->dim = dim;
  a->facts = *facts;
  a->size = akin_compact_size(facts->kind, dim);
  a->packed = akin_alloc(a->size);
  akin_status status = a->packed ? approximate_load(&a->hnsw, err) : akin_fail_memory(err, a->size);
  if (!status) {
    const akin_hnsw_options options = {a->size, facts->connectivity, facts->expansion_add, APPROXIMATE_THREADS,
                                       akin_compact_distance(facts->kind)};
    a->graph = a->hnsw->create(&options, &why);
    if (!a->graph) status = akin_approximate_fail("a graph cannot be made", why, err);
  }
  if (status) {
    akin_approximate_free(a);
    return status;
  }
  *out = a;
  return AKIN_OK;
}

akin_status akin_approximate_new(akin_approximate **out, uint32_t dim, akin_compact kind, bool thorough,
                                 akin_error *err) {
  const akin_approximate_facts facts = {.kind = kind,
                                        .connectivity = thorough ? 32 : 16,
                                        .expansion_add = thorough ? 256 : 128,
                                        .expansion = APPROXIMATE_EXPANSION};
  return akin_approximate_create(out, dim, &facts, err);
}

void akin_approximate_free(akin_approximate *a) {
  if (!a) return;
  if (a->hnsw && a->graph) a->hnsw->destroy(a->graph);
  akin_mapping_close(&a->mapping);
  akin_free(a->packed);
  akin_free(a->candidates);
  akin_free(a->extra);
  akin_free(a);
}

const akin_approximate_facts *akin_approximate_facts_of(const akin_approximate *a) {
  return &a->facts;
}

/* ---- changing ---- */

akin_status akin_approximate_remove(akin_approximate *a, uint64_t id, akin_error *err) {
  const char *why = NULL;
  return a->hnsw->remove(a->graph, id, &why) ? AKIN_OK : akin_approximate_fail("removing a vector", why, err);
}

typedef struct approximate_work {
  akin_approximate *a;
  uint64_t *ids;      /* that are to be added */
  const float **rows; /* of them */
  size_t count;
  atomic_size_t next;
  _Atomic(const char *) why; /* NULL: all is well */
  atomic_bool failed, stopped;
  akin_approximate_tick *tick;
  void *context;
} approximate_work;

/* Takes steps until there are none; the calling thread tells where it stands. */
static void approximate_add_some(void *context, unsigned index) {
  approximate_work *w = context;
  void *packed = akin_alloc(w->a->size);
  size_t at;
  if (!packed) atomic_store(&w->failed, true);
  while (packed && !atomic_load(&w->failed) && !atomic_load(&w->stopped) &&
         (at = atomic_fetch_add(&w->next, APPROXIMATE_STEP)) < w->count) {
    const size_t end = w->count - at < APPROXIMATE_STEP ? w->count : at + APPROXIMATE_STEP;
    const char *why = NULL;
    for (; at < end; at++) {
      akin_compact_pack(w->a->facts.kind, packed, w->rows[at], w->a->dim);
      if (w->a->hnsw->add(w->a->graph, w->ids[at], packed, index, &why)) continue;
      atomic_store(&w->why, why);
      atomic_store(&w->failed, true);
      break;
    }
    if (index == 0 && w->tick && !w->tick(w->context, at, w->count)) atomic_store(&w->stopped, true);
  }
  akin_free(packed);
}

/* The live rows that the graph has not. */
static akin_status approximate_missing(approximate_work *w, const akin_vectors *v, akin_error *err) {
  const float *rows = NULL;
  const uint64_t *ids = NULL;
  const size_t live = akin_vectors_live(v);
  size_t stride = 0;
  w->ids = akin_calloc(live + 1, sizeof *w->ids);
  w->rows = akin_calloc(live + 1, sizeof *w->rows);
  if (!w->ids || !w->rows) return akin_fail_memory(err, live * sizeof *w->rows);
  for (size_t run = 0, n; (n = akin_vectors_run(v, run, &rows, &stride, &ids)) > 0; run++) {
    for (size_t i = 0; i < n; i++) {
      if (ids[i] == 0 || w->a->hnsw->contains(w->a->graph, ids[i])) continue;
      w->ids[w->count] = ids[i];
      w->rows[w->count++] = rows + i * stride;
    }
  }
  return AKIN_OK;
}

static akin_status approximate_add_missing(approximate_work *w, unsigned threads, akin_error *err) {
  const char *why = NULL;
  if (w->count == 0) return AKIN_OK;
  if (!w->a->hnsw->reserve(w->a->graph, w->a->hnsw->count(w->a->graph) + w->count, &why))
    return akin_approximate_fail("making room", why, err);
  if (threads > APPROXIMATE_THREADS) threads = APPROXIMATE_THREADS;
  akin_status status = akin_threads_run(threads ? threads : 1, approximate_add_some, w, err);
  if (!status && atomic_load(&w->failed)) {
    why = atomic_load(&w->why);
    status = akin_approximate_fail("adding a vector", why ? why : "no memory", err);
  }
  if (!status && atomic_load(&w->stopped)) status = akin_fail(err, AKIN_ERROR_CANCELLED, "stopped");
  return status;
}

akin_status akin_approximate_add_all(akin_approximate *a, const akin_vectors *v, unsigned threads,
                                     akin_approximate_tick *tick, void *context, akin_error *err) {
  approximate_work w = {.a = a, .tick = tick, .context = context};
  akin_status status = approximate_missing(&w, v, err);
  if (!status) status = approximate_add_missing(&w, threads, err);
  akin_free(w.rows);
  akin_free(w.ids);
  a->facts.features = a->hnsw->count(a->graph);
  return status;
}

/* ---- asking ---- */

/* Room for `need` ids in *ids. */
static akin_status approximate_grow(uint64_t **ids, size_t *room, size_t need, akin_error *err) {
  if (need <= *room) return AKIN_OK;
  const size_t now = need > SIZE_MAX / 2 ? need : 2 * need;
  uint64_t *grown = akin_realloc_array(*ids, now, sizeof *grown);
  if (!grown) return akin_fail_memory(err, now * sizeof *grown);
  *ids = grown;
  *room = now;
  return AKIN_OK;
}

akin_status akin_approximate_extra(akin_approximate *a, uint64_t id, akin_error *err) {
  akin_status status = approximate_grow(&a->extra, &a->extra_room, a->extra_count + 1, err);
  if (!status) a->extra[a->extra_count++] = id;
  return status;
}

size_t akin_approximate_extra_count(const akin_approximate *a) {
  return a->extra_count;
}

/* Ids from the graph, then the extra ones, into a->candidates. More than are wanted: distances in the graph are
 * rounded, and the scores put the candidates into their true order. The more thoroughly the graph must be searched, the
 * closer together its vectors are, and the more candidates rounding mixes up. */
static akin_status approximate_candidates(akin_approximate *a, const float *query, size_t wanted, size_t *count,
                                          akin_error *err) {
  const size_t all = a->hnsw->count(a->graph);
  const char *why = NULL;
  size_t expansion = a->facts.expansion, more = wanted / 2 + expansion / 2;
  *count = 0;
  wanted = wanted < all && more < all - wanted ? wanted + more : all;
  if (expansion < wanted + wanted / 4) expansion = wanted + wanted / 4;
  akin_status status = approximate_grow(&a->candidates, &a->candidate_room, wanted + a->extra_count, err);
  if (status) return status;
  akin_compact_pack(a->facts.kind, a->packed, query, a->dim);
  if (wanted && !a->hnsw->search(a->graph, a->packed, wanted, expansion, a->candidates, count, &why))
    return akin_approximate_fail("searching", why, err);
  if (a->extra_count) memcpy(a->candidates + *count, a->extra, a->extra_count * sizeof *a->extra);
  *count += a->extra_count;
  return AKIN_OK;
}

static int approximate_order(const void *left, const void *right) {
  const akin_scored *a = left, *b = right;
  if (a->score != b->score) return a->score > b->score ? -1 : 1;
  return a->id < b->id ? -1 : a->id > b->id;
}

/* Sorted, each id once, the best k with what ties with the last of them; gives how many. */
static size_t approximate_cut(akin_scored *scored, size_t count, size_t k) {
  size_t kept = 0;
  if (count > 0) qsort(scored, count, sizeof *scored, approximate_order);
  for (size_t i = 0; i < count && (kept < k || scored[i].score == scored[kept - 1].score); i++)
    if (kept == 0 || scored[i].id != scored[kept - 1].id) scored[kept++] = scored[i];
  return kept;
}

/* The row of candidate i; NULL where it cannot be a hit, and past the last. */
static const float *approximate_row(const akin_approximate *a, size_t i, size_t candidates, const akin_vectors *v,
                                    const akin_approximate_skip *skip) {
  if (i >= candidates || (skip && skip->skip(skip->context, a->candidates[i]))) return NULL;
  return akin_vectors_find(v, a->candidates[i]);
}

/* Scores of the candidates that may be hits; gives how many. */
static size_t approximate_score(akin_scored *scored, const akin_approximate *a, size_t candidates,
                                const akin_vectors *v, const float *query, const akin_approximate_skip *skip) {
  size_t count = 0;
  const float *row = approximate_row(a, 0, candidates, v, skip);
  for (size_t i = 0; i < candidates; i++) {
    const float *next = approximate_row(a, i + 1, candidates, v, skip);
    if (row) {
      scored[count] = (akin_scored){a->candidates[i], akin_search_score(query, row, a->dim, next)};
      count += scored[count].score >= -1; /* not NaN */
    }
    row = next;
  }
  return count;
}

akin_status akin_approximate_best(akin_scored **out, size_t *count, akin_approximate *a, const akin_vectors *v,
                                  const float *query, size_t k, const akin_approximate_skip *skip, akin_error *err) {
  size_t candidates = 0, wanted = 0;
  *out = NULL;
  *count = 0;
  if (k == 0) return akin_fail(err, AKIN_ERROR_USAGE, "0 hits were asked for, 1 or more are possible");
  if (!akin_add(&wanted, k, skip ? skip->most : 0)) wanted = SIZE_MAX;
  akin_status status = approximate_candidates(a, query, wanted, &candidates, err);
  if (status) return status;
  akin_scored *found = akin_calloc(candidates + 1, sizeof *found);
  if (!found) return akin_fail_memory(err, candidates * sizeof *found);
  *count = approximate_cut(found, approximate_score(found, a, candidates, v, query, skip), k);
  *out = found;
  return AKIN_OK;
}
