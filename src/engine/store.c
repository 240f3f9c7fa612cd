/* store.c - opening a store; what is in it; taking things out. Asking is like.c, filling is ingest.c. */
#include "engine/store.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"
#include "engine/approximate.h"
#include "engine/measure.h"
#include "engine/places.h"

#include <string.h>

akin_status akin_store_open(akin_store **out, const char *folder, int create, akin_error *err) {
  *out = NULL;
  akin_store *store = akin_calloc(1, sizeof *store);
  if (!store) return akin_fail_memory(err, sizeof *store);
  store->create = create != 0;
  akin_status status = akin_place_store(&store->folder, folder, err);
  if (!status && !store->create) {
    akin_storage *reader;
    status = akin_store_reader(store, &reader, err);
  }
  if (status) {
    akin_store_close(store);
    return status;
  }
  *out = store;
  return AKIN_OK;
}

static void store_close_reader(akin_store *store) {
  akin_store_close_graph(store);
  akin_store_close_vectors(store);
  akin_storage_close(store->reader);
  store->reader = NULL;
}

void akin_store_close(akin_store *store) {
  if (!store) return;
  store_close_reader(store);
  for (size_t i = 0; i < store->model_count; i++)
    akin_model_free(store->models[i]);
  akin_free(store->models);
  akin_free(store->folder);
  akin_free(store);
}

void akin_store_on_note(akin_store *store, void (*on_note)(void *context, const char *line), void *context) {
  store->on_note = on_note;
  store->note_context = context;
}

void akin_store_watch(akin_store *store, const akin_watch *watch) {
  store->watch = watch ? *watch : (akin_watch){0};
}

bool akin_store_follow(const akin_store *store, double share) {
  const akin_watch *watch = &store->watch;
  if (watch->on_progress) watch->on_progress(watch->context, share);
  return watch->should_cancel && watch->should_cancel(watch->context);
}

const char *akin_store_folder(const akin_store *store) {
  return store->folder;
}

akin_status akin_store_reader(akin_store *store, akin_storage **out, akin_error *err) {
  akin_status status = AKIN_OK;
  if (!store->reader) status = akin_storage_open(&store->reader, store->folder, AKIN_STORAGE_READ, err);
  *out = store->reader;
  return status;
}

akin_status akin_store_writer(akin_store *store, akin_storage **out, akin_error *err) {
  store_close_reader(store);
  return akin_storage_open(out, store->folder, AKIN_STORAGE_WRITE, err);
}

/* ---- models ---- */

/* "a, b and c" of the models in the store. */
static char *store_model_names(const akin_stored_model *models, size_t count) {
  akin_buffer names = AKIN_BUFFER_INIT(4096);
  for (size_t i = 0; i < count; i++)
    akin_buffer_printf(&names, "%s%s", i == 0 ? "" : i + 1 == count ? " and " : ", ", models[i].name);
  return akin_buffer_take(&names);
}

akin_status akin_store_find_model(akin_store *store, akin_stored_model **out, const char *name, akin_error *err) {
  akin_storage *reader = NULL;
  akin_stored_model *models = NULL;
  size_t count = 0, chosen = 0;
  *out = NULL;
  akin_status status = akin_store_reader(store, &reader, err);
  if (!status) status = akin_storage_models(reader, &models, &count, err);
  if (status) return status;
  while (name && chosen < count && strcmp(models[chosen].name, name) != 0)
    chosen++;
  if (chosen == count) {
    char *names = store_model_names(models, count);
    status = count == 0 ? akin_fail(err, AKIN_ERROR_NOT_FOUND, "the store %s holds no images yet: akin index FOLDER",
                                    store->folder)
                        : akin_fail(err, AKIN_ERROR_NOT_FOUND,
                                    "the store has no features of %s, it has those of %s: akin index --model %s FOLDER",
                                    name, names ? names : "others", name);
    akin_free(names);
  } else if (!(*out = akin_calloc(1, sizeof **out))) {
    status = akin_fail_memory(err, sizeof **out);
  } else {
    **out = models[chosen]; /* moved: the array keeps an empty one */
    models[chosen] = (akin_stored_model){0};
  }
  akin_stored_models_free(models, count);
  return status;
}

/* ---- removing ---- */

typedef struct store_removal {
  akin_storage *writer;
  uint64_t removed;
} store_removal;

static akin_status store_remove_image(void *context, const akin_stored_image *image, akin_error *err) {
  store_removal *removal = context;
  removal->removed++;
  return akin_storage_image_remove(removal->writer, image->id, err);
}

static akin_status store_remove_path(store_removal *removal, const char *path, akin_error *err) {
  char *absolute = NULL;
  uint64_t before = removal->removed;
  akin_status status = akin_path_absolute(&absolute, path, err);
  if (!status) status = akin_storage_images(removal->writer, absolute, store_remove_image, removal, err);
  if (!status && removal->removed == before) {
    status = akin_fail(err, AKIN_ERROR_NOT_FOUND,
                       "%s: the store knows no image of this name or inside it; nothing was removed", absolute);
  }
  akin_free(absolute);
  return status;
}

akin_status akin_store_remove(akin_store *store, const char *const *paths, size_t count, uint64_t *removed,
                              akin_error *err) {
  store_removal removal = {0};
  akin_storage *ignored;
  *removed = 0;
  akin_status status = akin_store_reader(store, &ignored, err); /* a store that is not there is not made */
  if (!status) status = akin_store_writer(store, &removal.writer, err);
  if (!status) status = akin_storage_begin(removal.writer, err);
  for (size_t i = 0; !status && i < count; i++)
    status = store_remove_path(&removal, paths[i], err);
  if (!status) status = akin_storage_commit(removal.writer, err);
  if (!status) akin_store_measure(store, removal.writer);
  akin_storage_close(removal.writer);
  if (!status) *removed = removal.removed;
  return status;
}

akin_status akin_store_remove_model(akin_store *store, const char *model, uint64_t *removed, akin_error *err) {
  akin_stored_model *row = NULL;
  akin_storage *writer = NULL;
  *removed = 0;
  if (!model) return akin_fail(err, AKIN_ERROR_USAGE, "no model was named");
  akin_status status = akin_store_find_model(store, &row, model, err);
  if (status || (status = akin_store_writer(store, &writer, err)) || (status = akin_storage_begin(writer, err)) ||
      (status = akin_storage_model_remove(writer, row->id, err)) || (status = akin_storage_commit(writer, err)) ||
      (status = akin_store_drop_vectors(store, row, err)) || (status = akin_store_drop_graphs(store, row, err)))
    goto out;
  *removed = row->features;
out:
  akin_storage_close(writer);
  akin_stored_models_free(row, row ? 1 : 0);
  return status;
}

/* ---- what cannot be read ---- */

typedef struct store_unreadable {
  akin_status (*visit)(void *context, const char *path, const char *reason);
  void *context;
} store_unreadable;

static akin_status store_visit_unreadable(void *context, const akin_stored_image *image, akin_error *err) {
  const store_unreadable *u = context;
  (void)err;
  return image->state == AKIN_IMAGE_UNREADABLE ? u->visit(u->context, image->path, image->reason) : AKIN_OK;
}

akin_status akin_store_unreadable(akin_store *store,
                                  akin_status (*visit)(void *context, const char *path, const char *reason),
                                  void *context, akin_error *err) {
  akin_storage *reader = NULL;
  store_unreadable u = {visit, context};
  akin_status status = akin_store_reader(store, &reader, err);
  return status ? status : akin_storage_images(reader, NULL, store_visit_unreadable, &u, err);
}

/* ---- soundness ---- */

akin_status akin_store_verify(akin_store *store, void (*report)(void *context, const char *line), void *context,
                              uint64_t *faults, akin_error *err) {
  akin_storage *reader = NULL;
  akin_stored_model *models = NULL;
  size_t count = 0;
  *faults = 0;
  akin_status status = akin_store_reader(store, &reader, err);
  if (!status) {
    status = akin_storage_verify(reader, report, context, faults, err);
    status = status == AKIN_ERROR_FORMAT && *faults > 0 ? AKIN_OK : status;
  }
  if (!status) status = akin_storage_models(reader, &models, &count, err);
  for (size_t i = 0; !status && i < count; i++)
    status = akin_store_verify_vectors(store, &models[i], report, context, faults, err);
  akin_stored_models_free(models, count);
  return status;
}
