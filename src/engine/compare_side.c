/* compare_side.c - see compare_side.h. */
#include "engine/compare_side.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "engine/median.h"
#include "engine/model.h"

#define SIDE_MEASURED 5 /* images */

typedef struct side_paths {
  char **items;
  size_t count, room, most;
} side_paths;

static void side_paths_free(side_paths *paths) {
  for (size_t i = 0; i < paths->count; i++)
    akin_free(paths->items[i]);
  akin_free(paths->items);
}

/* Images whose files are gone are passed over. */
static akin_status side_collect(void *context, const akin_stored_image *image, akin_error *err) {
  side_paths *paths = context;
  akin_file_facts facts;
  if (image->state != AKIN_IMAGE_READABLE || akin_file_facts_of(&facts, image->path, NULL)) return AKIN_OK;
  if (paths->count == paths->most) return akin_fail(err, AKIN_ERROR_CANCELLED, "enough");
  if (paths->count == paths->room) {
    const size_t room = paths->room ? paths->room * 2 : 64;
    char **items = akin_realloc_array(paths->items, room, sizeof *items);
    if (!items) return akin_fail_memory(err, room * sizeof *items);
    paths->items = items;
    paths->room = room;
  }
  paths->items[paths->count] = akin_strdup(image->path);
  return paths->items[paths->count++] ? AKIN_OK : akin_fail_memory(err, 0);
}

/* The model with the options that the store's features of it were computed with, where there are any. */
static akin_status side_open_model(akin_model **out, akin_store *store, const char *name, const akin_query *query,
                                   uint32_t workers, akin_error *err) {
  akin_model_options options = AKIN_MODEL_OPTIONS_INIT;
  char layer[256];
  if (query->model_options) options = *query->model_options;
  akin_error why;
  akin_status status = akin_store_model_options(store, name, &options, layer, sizeof layer, &why);
  if (status && status != AKIN_ERROR_NOT_FOUND) return akin_fail(err, status, "%s", why.text);
  options.workers = workers;
  if (!options.on_note) {
    options.on_note = store->on_note;
    options.note_context = store->note_context;
  }
  return akin_model_open(out, name, &options, err);
}

static void side_note(const char *name, const side_paths *paths, const akin_ingest_options *options) {
  akin_error note;
  if (!options->on_note) return;
  akin_fail(&note, AKIN_OK, "%s: the store lacks its features of %zu image%s; computing them", name, paths->count,
            paths->count == 1 ? "" : "s");
  options->on_note(options->context, note.text);
}

static akin_status side_compute(akin_store *store, const char *name, const akin_query *query,
                                const akin_ingest_options *options, const side_paths *paths, uint64_t *computed,
                                akin_error *err) {
  akin_model *model = NULL;
  akin_progress total = {0};
  akin_status status = side_open_model(&model, store, name, query, options->jobs ? options->jobs : akin_cores(), err);
  if (!status) {
    side_note(name, paths, options);
    status = akin_store_ingest(store, model, (const char *const *)paths->items, paths->count, options, &total, err);
    *computed = total.embedded;
  }
  akin_model_free(model);
  return status;
}

/* The id of a model in the store; 0 when it is not there. */
static akin_status side_model_id(akin_store *store, const char *name, uint64_t *id, akin_error *err) {
  akin_stored_model *model = NULL;
  akin_error why;
  *id = 0;
  akin_status status = akin_store_find_model(store, &model, name, &why);
  if (model) *id = model->id;
  akin_stored_models_free(model, model ? 1 : 0);
  return status && status != AKIN_ERROR_NOT_FOUND ? akin_fail(err, status, "%s", why.text) : AKIN_OK;
}

akin_status akin_compare_complete(akin_store *store, const char *model, const akin_query *query,
                                  const akin_ingest_options *options, uint64_t *computed, akin_error *err) {
  akin_storage *reader = NULL;
  side_paths paths = {.most = SIZE_MAX};
  uint64_t id = 0;
  *computed = 0;
  akin_status status = side_model_id(store, model, &id, err);
  if (!status) status = akin_store_reader(store, &reader, err);
  if (!status) status = akin_storage_images_without(reader, id, side_collect, &paths, err);
  if (!status && paths.count > 0) status = side_compute(store, model, query, options, &paths, computed, err);
  side_paths_free(&paths);
  return status;
}

/* ---- measuring ---- */

/* The median over the images that can be read. */
static double side_median(akin_model *model, float *feature, const side_paths *paths) {
  double times[SIDE_MEASURED];
  size_t count = 0;
  for (size_t i = 0; i < paths->count; i++) {
    if (akin_model_embed_path(model, feature, paths->items[i], 0, NULL)) continue; /* brings file and network near */
    const double began = akin_clock_seconds();
    if (!akin_model_embed_path(model, feature, paths->items[i], 0, NULL)) times[count++] = akin_clock_seconds() - began;
  }
  return count > 0 ? 1e3 * akin_median(times, count) : -1;
}

akin_status akin_compare_measure(akin_store *store, const char *model, const akin_query *query, double *milliseconds,
                                 akin_error *err) {
  akin_model *opened = NULL;
  akin_storage *reader = NULL;
  float *feature = NULL;
  akin_error full = {AKIN_OK, ""};
  side_paths paths = {.most = SIDE_MEASURED};
  *milliseconds = -1;
  akin_status status = akin_store_reader(store, &reader, err);
  if (!status) status = akin_storage_images(reader, NULL, side_collect, &paths, &full);
  if (status == AKIN_ERROR_CANCELLED) status = AKIN_OK;
  if (status) akin_fail(err, status, "%s", full.text);
  if (!status && !side_open_model(&opened, store, model, query, 1, NULL)) {
    feature = akin_calloc(akin_model_dim(opened), sizeof *feature);
    if (feature)
      *milliseconds = side_median(opened, feature, &paths);
    else
      status = akin_fail_memory(err, akin_model_dim(opened) * sizeof *feature);
  }
  akin_free(feature);
  akin_model_free(opened);
  side_paths_free(&paths);
  return status;
}
