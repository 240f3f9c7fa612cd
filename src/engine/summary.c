/* summary.c - what is in a store: akin_summary, one allocation a part, freed together. */
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "engine/approximate.h"

#include <string.h>

/* The public part comes first, so that akin_summary_free finds what it points into. */
typedef struct summary_owner {
  akin_summary summary;
  char *folder;
  akin_stored_model *models;
  akin_root *roots;
  akin_status_model *model_views;
  akin_status_root *root_views;
} summary_owner;

static akin_status summary_graph(akin_status_model *view, akin_store *store, const akin_stored_model *model,
                                 akin_error *err) {
  akin_approximate_facts facts;
  bool found = false;
  akin_status status = akin_store_graph_facts(store, &facts, &found, model, err);
  if (status || !found) return status;
  view->graph_features = facts.features;
  view->graph_vectors = akin_compact_name(facts.kind);
  view->graph_sampled = facts.sampled;
  view->graph_recall = facts.recall;
  return AKIN_OK;
}

static akin_status summary_models(summary_owner *o, akin_store *store, akin_storage *reader, akin_error *err) {
  akin_status status = akin_storage_models(reader, &o->models, &o->summary.model_count, err);
  size_t count = o->summary.model_count;
  if (!status && !(o->model_views = akin_calloc(count + 1, sizeof *o->model_views)))
    status = akin_fail_memory(err, count * sizeof *o->model_views);
  for (size_t i = 0; !status && i < count; i++) {
    const akin_stored_model *m = &o->models[i];
    o->model_views[i] =
        (akin_status_model){.name = m->name, .fingerprint = m->fingerprint, .dim = m->dim, .features = m->features};
    status = summary_graph(&o->model_views[i], store, m, err);
  }
  o->summary.models = o->model_views;
  return status;
}

static akin_status summary_roots(summary_owner *o, akin_storage *reader, akin_error *err) {
  akin_status status = akin_storage_roots(reader, &o->roots, &o->summary.root_count, err);
  size_t count = o->summary.root_count;
  if (!status && !(o->root_views = akin_calloc(count + 1, sizeof *o->root_views)))
    status = akin_fail_memory(err, count * sizeof *o->root_views);
  for (size_t i = 0; !status && i < count; i++) {
    akin_file_facts facts;
    bool present = !akin_file_facts_of(&facts, o->roots[i].path, NULL) && facts.is_folder;
    o->root_views[i] = (akin_status_root){o->roots[i].path, o->roots[i].images, present};
  }
  o->summary.roots = o->root_views;
  return status;
}

/* The database with its journal, and what is only made from it. */
static akin_status summary_disk(summary_owner *o, akin_error *err) {
  static const char *const files[] = {"akin.db", "akin.db-wal", "akin.db-shm"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    char *path = akin_format("%s/%s", o->folder, files[i]);
    if (!path) return akin_fail_memory(err, 0);
    o->summary.database_bytes += akin_file_disk_use(path);
    akin_free(path);
  }
  char *vectors = akin_format("%s/vectors", o->folder);
  if (!vectors) return akin_fail_memory(err, 0);
  o->summary.cache_bytes = akin_file_disk_use(vectors);
  akin_free(vectors);
  return AKIN_OK;
}

akin_status akin_store_summary(akin_store *store, const akin_summary **out, akin_error *err) {
  akin_storage *reader = NULL;
  akin_storage_counts counts = {0};
  *out = NULL;
  summary_owner *o = akin_calloc(1, sizeof *o);
  if (!o) return akin_fail_memory(err, sizeof *o);
  akin_status status = akin_store_reader(store, &reader, err);
  if (!status && !(o->folder = akin_strdup(store->folder))) status = akin_fail_memory(err, strlen(store->folder) + 1);
  if (status || (status = akin_storage_count(reader, &counts, err)) ||
      (status = summary_models(o, store, reader, err)) || (status = summary_roots(o, reader, err)) ||
      (status = summary_disk(o, err))) {
    akin_summary_free(&o->summary);
    return status;
  }
  o->summary.folder = o->folder;
  o->summary.images = counts.images;
  o->summary.unreadable = counts.unreadable;
  o->summary.contents = counts.contents;
  *out = &o->summary;
  return AKIN_OK;
}

void akin_summary_free(const akin_summary *summary) {
  if (!summary) return;
  summary_owner *o = (summary_owner *)(uintptr_t)summary; /* its first member */
  akin_stored_models_free(o->models, o->summary.model_count);
  akin_roots_free(o->roots, o->summary.root_count);
  akin_free(o->model_views);
  akin_free(o->root_views);
  akin_free(o->folder);
  akin_free(o);
}
