/* approximate.c - see approximate.h. */
#include "engine/approximate.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/thread.h"

#include <stdio.h>
#include <string.h>

/* More rows than this, or a twentieth of the graph, that came after the graph was made: looking at all is as good. */
#define GRAPH_EXTRA 4096

/* The space that questions are asked in by default: the graph is of its points. */
static akin_status graph_space(akin_space **out, akin_store *store, const akin_stored_model *model, akin_error *err) {
  const char *const names[] = {model->name};
  return akin_space_open(out, store, names, 1, AKIN_SCORES_DEFAULT, err);
}

static akin_status graph_path(char **out, const akin_store *store, const akin_space *space, akin_error *err) {
  return akin_points_path(out, store, space, "hnsw", err);
}

static akin_vectors_key graph_key(const akin_store *store, const akin_space *space) {
  return (akin_vectors_key){space->key, space->dim, akin_storage_id(store->reader)};
}

static void graph_tell(const akin_store *store, const akin_error *text) {
  if (store->on_note) store->on_note(store->note_context, text->text);
}

static void graph_tell_damaged(const akin_store *store, const char *path, const char *what_now) {
  akin_error text;
  akin_fail(&text, AKIN_OK, "%s: damaged, or not of this store; %s", path, what_now);
  graph_tell(store, &text);
}

/* ---- making and following ---- */

typedef struct graph_work {
  akin_store *store;
  const akin_stored_model *model;
  const akin_space *space;
  const akin_ingest_options *options;
  akin_approximate_tick *tick;
  void *context;
  const akin_vectors *vectors;
  const char *path;
  akin_vectors_key key;
  akin_compact kind;
  unsigned threads;
  akin_approximate *graph;
  uint64_t generation; /* of the graph that is there */
  uint64_t removed;    /* features that have gone since */
} graph_work;

static akin_compact graph_kind(akin_graph_vectors asked, akin_compact otherwise) {
  switch (asked) {
  case AKIN_GRAPH_I8:
    return AKIN_COMPACT_I8;
  case AKIN_GRAPH_F16:
    return AKIN_COMPACT_F16;
  case AKIN_GRAPH_F32:
    return AKIN_COMPACT_F32;
  default:
    return otherwise;
  }
}

static void graph_forget(graph_work *w) {
  akin_approximate_free(w->graph);
  w->graph = NULL;
}

static akin_status graph_visit_removed(void *context, uint64_t content_id, const float *feature, akin_error *err) {
  graph_work *w = context;
  (void)feature;
  (void)err;
  w->removed += akin_vectors_find(w->vectors, content_id) == NULL;
  return AKIN_OK;
}

static akin_status graph_remove(void *context, uint64_t content_id, const float *feature, akin_error *err) {
  graph_work *w = context;
  (void)feature;
  return akin_vectors_find(w->vectors, content_id) ? AKIN_OK : akin_approximate_remove(w->graph, content_id, err);
}

/* Looks at the graph that is there. *current: nothing has come or gone. *follow: it is worth to be brought up to date.
 */
static akin_status graph_look(graph_work *w, bool *current, bool *follow, akin_error *err) {
  bool damaged = false;
  *current = *follow = false;
  akin_status status = akin_approximate_open(&w->graph, w->path, &w->key, false, &damaged, err);
  if (!status && damaged) graph_tell_damaged(w->store, w->path, "made again");
  if (status || !w->graph) return status;
  const akin_approximate_facts facts = *akin_approximate_facts_of(w->graph);
  graph_forget(w);
  w->kind = graph_kind(w->options->graph_vectors, facts.kind);
  w->generation = facts.generation;
  status = akin_storage_removals_since(w->store->reader, w->model->id, facts.generation, graph_visit_removed, w, err);
  const bool same = !status && w->kind == facts.kind;
  *current = same && w->removed == 0 && facts.features == akin_vectors_live(w->vectors);
  *follow = same && w->removed <= facts.features / 4; /* places of what has gone make searching slow */
  return status;
}

static akin_status graph_take_up(graph_work *w, akin_error *err) {
  bool damaged = false;
  akin_status status = akin_approximate_open(&w->graph, w->path, &w->key, true, &damaged, err);
  if (status || !w->graph) return status;
  return akin_storage_removals_since(w->store->reader, w->model->id, w->generation, graph_remove, w, err);
}

/* Adds what is missing and measures. */
static akin_status graph_complete(graph_work *w, akin_error *err) {
  akin_status status = akin_approximate_add_all(w->graph, w->vectors, w->threads, w->tick, w->context, err);
  return status ? status : akin_approximate_measure(w->graph, w->vectors, w->threads, err);
}

static akin_status graph_make(graph_work *w, bool thorough, akin_error *err) {
  graph_forget(w);
  akin_status status = akin_approximate_new(&w->graph, w->space->dim, w->kind, thorough, err);
  return status ? status : graph_complete(w, err);
}

static bool graph_is_good(const graph_work *w) {
  const akin_approximate_facts *facts = akin_approximate_facts_of(w->graph);
  return facts->recall >= AKIN_APPROXIMATE_RECALL && facts->features == akin_vectors_live(w->vectors);
}

static void graph_tell_poor(const graph_work *w) {
  akin_error text;
  akin_fail(&text, AKIN_OK,
            "approximate search finds %.1f %% of the best 10 of %s: questions look at all images instead",
            100.0 * (double)akin_approximate_facts_of(w->graph)->recall, w->model->name);
  graph_tell(w->store, &text);
}

static akin_status graph_update(graph_work *w, akin_error *err) {
  bool current = false, follow = false;
  akin_status status = graph_look(w, &current, &follow, err);
  if (status || current) return status;
  if (follow) status = graph_take_up(w, err);
  if (!status && w->graph) status = graph_complete(w, err);
  if (!status && (!w->graph || !graph_is_good(w))) status = graph_make(w, false, err);
  if (!status && !graph_is_good(w)) status = graph_make(w, true, err);
  if (status) return status;
  if (!graph_is_good(w)) graph_tell_poor(w);
  return akin_approximate_save(w->graph, w->path, &w->key, akin_vectors_generation(w->vectors), err);
}

/* Under a lock of its own: the packed features can be followed meanwhile. */
static akin_status graph_update_locked(graph_work *w, akin_error *err) {
  char *lock_path = akin_path_join(w->store->folder, "vectors/graph.lock");
  akin_error ignored;
  int lock = -1;
  if (!lock_path) return akin_fail_memory(err, 0);
  akin_status status = akin_file_lock(&lock, lock_path, &ignored);
  if (status == AKIN_OK)
    status = graph_update(w, err);
  else
    status = status == AKIN_ERROR_BUSY ? AKIN_OK : akin_fail(err, status, "%s", ignored.text);
  graph_forget(w);
  if (lock >= 0) akin_file_unlock(lock);
  akin_free(lock_path);
  return status;
}

/* The model's other graphs: of points that are no more. */
static akin_status graph_others(const graph_work *w, const char *keep, size_t *count, bool remove, akin_error *err) {
  char pattern[32];
  snprintf(pattern, sizeof pattern, "%llu-*.hnsw", (unsigned long long)w->model->id);
  return akin_store_packed_files(w->store, pattern, keep, count, remove, err);
}

/* Is there to be a graph? */
static bool graph_is_wanted(const graph_work *w) {
  size_t count = 0;
  if (!akin_approximate_possible(w->space->dim)) return false;
  if (w->options->search == AKIN_SEARCH_APPROXIMATE || w->model->features >= AKIN_APPROXIMATE_FROM) return true;
  return !graph_others(w, NULL, &count, false, NULL) && count > 0;
}

static akin_status graph_link(graph_work *w, akin_error *err) {
  akin_vectors *v = NULL;
  if (w->options->search == AKIN_SEARCH_EXACT) {
    akin_store_close_graph(w->store);
    return graph_others(w, NULL, NULL, true, err);
  }
  akin_status status = AKIN_OK;
  if (graph_is_wanted(w)) { /* the points are opened for a graph alone: they come into memory, all */
    status = akin_store_points(w->store, &v, w->space, err);
    if (status) return status;
    w->vectors = v;
    w->key = graph_key(w->store, w->space);
    w->kind = graph_kind(w->options->graph_vectors, AKIN_COMPACT_I8);
    w->threads = w->options->jobs ? w->options->jobs : akin_thread_cores();
    status = graph_update_locked(w, err);
  }
  return status ? status : graph_others(w, w->path, NULL, true, err);
}

akin_status akin_store_link(akin_store *store, const akin_stored_model *model, const akin_ingest_options *options,
                            akin_approximate_tick *tick, void *context, akin_error *err) {
  graph_work w = {.store = store, .model = model, .options = options, .tick = tick, .context = context};
  akin_space *space = NULL;
  char *path = NULL;
  akin_status status = graph_space(&space, store, model, err);
  if (!status) status = graph_path(&path, store, space, err);
  w.space = space;
  w.path = path;
  if (!status) status = graph_link(&w, err);
  akin_free(path);
  akin_space_free(space);
  return status;
}

/* ---- asking ---- */

void akin_store_close_graph(akin_store *store) {
  akin_approximate_free(store->graph);
  store->graph = NULL;
  store->graph_model = 0;
  store->graph_looked_for = false;
}

typedef struct graph_behind {
  akin_approximate *graph;
  size_t most;
} graph_behind;

static akin_status graph_visit_extra(void *context, uint64_t content_id, const float *feature, akin_error *err) {
  graph_behind *behind = context;
  (void)feature;
  if (akin_approximate_extra_count(behind->graph) >= behind->most) return AKIN_ERROR_CANCELLED;
  return akin_approximate_extra(behind->graph, content_id, err);
}

/* Opens the graph that is there, with what came after it. It stays NULL when there is none that helps. */
static akin_status graph_open(akin_store *store, const akin_space *space, akin_error *err) {
  char *path = NULL;
  bool damaged = false;
  const akin_vectors_key key = graph_key(store, space);
  akin_status status = graph_path(&path, store, space, err);
  if (!status) status = akin_approximate_open(&store->graph, path, &key, false, &damaged, err);
  if (!status && damaged)
    graph_tell_damaged(store, path, "all images are looked at, and the next akin index makes it again");
  akin_free(path);
  if (status || !store->graph) return status;
  const akin_approximate_facts *facts = akin_approximate_facts_of(store->graph);
  graph_behind behind = {store->graph, facts->features / 20 < GRAPH_EXTRA ? GRAPH_EXTRA : facts->features / 20};
  status = akin_storage_features_since(store->reader, space->models[0]->id, facts->generation, graph_visit_extra,
                                       &behind, err);
  if (!status) return AKIN_OK;
  akin_approximate_free(store->graph);
  store->graph = NULL;
  return status == AKIN_ERROR_CANCELLED ? AKIN_OK : status;
}

static akin_status graph_fail_missing(const akin_stored_model *model, akin_error *err) {
  return akin_fail(err, AKIN_ERROR_NOT_FOUND,
                   "the store has no approximate index of %s that is up to date (there is one for the default scores "
                   "only): akin index --approximate FOLDER",
                   model->name);
}

/* Is it the space, and the points, that store->graph is for? If not, it is so from now on. */
static bool graph_is_of(akin_store *store, const akin_space *space, const akin_vectors *v) {
  const uint64_t model = space->models[0]->id, generation = akin_vectors_generation(v);
  if (store->graph_model == model && store->graph_generation == generation && strcmp(store->graph_key, space->key) == 0)
    return true;
  akin_store_close_graph(store);
  store->graph_model = model;
  store->graph_generation = generation;
  memcpy(store->graph_key, space->key, sizeof store->graph_key);
  return false;
}

/* Opens the graph, once; what keeps it from being used is no failure unless approximate search was asked for. */
static akin_status graph_look_for(akin_store *store, const akin_space *space, akin_search how, akin_error *err) {
  akin_error why;
  if (store->graph_looked_for && (store->graph || how == AKIN_SEARCH_AUTO)) return AKIN_OK;
  akin_status status = graph_open(store, space, &why);
  if (status && (how == AKIN_SEARCH_APPROXIMATE || status == AKIN_ERROR_MEMORY))
    return akin_fail(err, status, "%s", why.text);
  if (status) {
    akin_fail_context(&why, status, "all images are looked at");
    graph_tell(store, &why);
  }
  store->graph_looked_for = true;
  return AKIN_OK;
}

akin_status akin_store_graph(akin_store *store, akin_approximate **out, const akin_space *space, const akin_vectors *v,
                             akin_search how, akin_error *err) {
  *out = NULL;
  if (how == AKIN_SEARCH_EXACT) return AKIN_OK;
  if (space->count > 1)
    return how == AKIN_SEARCH_APPROXIMATE
               ? akin_fail(err, AKIN_ERROR_USAGE, "several models joined are asked exactly, not approximately")
               : AKIN_OK;
  if (!graph_is_of(store, space, v) && how == AKIN_SEARCH_AUTO) return AKIN_OK;
  akin_status status = graph_look_for(store, space, how, err);
  if (status) return status;
  *out = store->graph;
  if (how == AKIN_SEARCH_APPROXIMATE) return *out ? AKIN_OK : graph_fail_missing(space->models[0], err);
  if (*out && akin_approximate_facts_of(*out)->recall < AKIN_APPROXIMATE_RECALL) *out = NULL;
  return AKIN_OK;
}

/* ---- telling and verifying ---- */

akin_status akin_store_graph_facts(akin_store *store, akin_approximate_facts *out, bool *found,
                                   const akin_stored_model *model, akin_error *err) {
  akin_storage *reader = NULL;
  akin_space *space = NULL;
  char *path = NULL;
  *found = false;
  akin_status status = akin_store_reader(store, &reader, err);
  if (!status) status = graph_space(&space, store, model, err);
  if (!status) status = graph_path(&path, store, space, err);
  if (!status) {
    const akin_vectors_key key = graph_key(store, space);
    status = akin_approximate_peek(out, found, path, &key, err);
  }
  akin_free(path);
  akin_space_free(space);
  return status;
}

akin_status akin_store_verify_graph(akin_store *store, const akin_stored_model *model, akin_error *fault,
                                    akin_error *err) {
  akin_approximate *graph = NULL;
  akin_space *space = NULL;
  char *path = NULL;
  bool damaged = false;
  *fault = (akin_error){AKIN_OK, ""};
  akin_status status = graph_space(&space, store, model, err);
  if (!status) status = graph_path(&path, store, space, err);
  if (!status) {
    const akin_vectors_key key = graph_key(store, space);
    status = akin_approximate_open(&graph, path, &key, false, &damaged, err);
  }
  if (!status && damaged) {
    akin_fail(fault, AKIN_ERROR_MISMATCH,
              "%s: damaged, or not of this store; removed, the next akin index makes it again", path);
    status = akin_file_remove(path, err);
  }
  akin_approximate_free(graph);
  akin_free(path);
  akin_space_free(space);
  return status;
}
