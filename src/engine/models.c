/* models.c - the models of a user: importing, listing, deleting. */
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "engine/places.h"
#include "engine/speed.h"

#include <akin/model.h>
#include <stdlib.h>
#include <string.h>

akin_status akin_model_import_file(const char *path, const akin_import_options *options, char *name, size_t name_size,
                                   akin_error *err) {
  static const akin_import_options defaults = AKIN_IMPORT_OPTIONS_INIT;
  const akin_import_options *o = options ? options : &defaults;
  char *models = NULL, *imported = NULL;
  if (!path) return akin_fail(err, AKIN_ERROR_USAGE, "no weights file was named");
  if (o->version != AKIN_IMPORT_OPTIONS_VERSION) {
    return akin_fail(err, AKIN_ERROR_USAGE, "import options of version %u, this library knows version %u", o->version,
                     AKIN_IMPORT_OPTIONS_VERSION);
  }
  akin_status status = akin_pooling_check(o->pooling, o->pooling_power, err);
  if (!status) status = akin_place_models(&models, o->models_folder, err);
  if (!status) {
    const akin_import_request request = {.models_folder = models,
                                         .weights_path = path,
                                         .card = o->card,
                                         .name = o->name,
                                         .replace = o->replace != 0,
                                         .pixels = o->pixels,
                                         .width = o->width,
                                         .height = o->height,
                                         .mean = o->mean,
                                         .deviation = o->deviation,
                                         .channels = o->channels,
                                         .filter = o->filter,
                                         .fit = o->fit,
                                         .crop = o->crop,
                                         .layer = o->layer,
                                         .pool = (akin_pool)o->pooling,
                                         .pool_power = o->pooling_power,
                                         .on_note = o->on_note,
                                         .note_context = o->note_context};
    status = akin_model_import(&imported, &request, err);
  }
  if (!status && name && name_size > 0) {
    const size_t length = strlen(imported) < name_size ? strlen(imported) : name_size - 1;
    memcpy(name, imported, length);
    name[length] = '\0';
  }
  akin_free(imported);
  akin_free(models);
  return status;
}

akin_status akin_model_delete(const char *models_folder, const char *name, akin_error *err) {
  char *models = NULL;
  if (!name) return akin_fail(err, AKIN_ERROR_USAGE, "no model was named");
  akin_status status = akin_place_models(&models, models_folder, err);
  if (!status) status = akin_folder_remove(models, name, err);
  akin_free(models);
  return status;
}

akin_status akin_model_time(const char *models_folder, const char *name, double *milliseconds, akin_error *err) {
  akin_model *model = NULL;
  akin_model_options options = AKIN_MODEL_OPTIONS_INIT;
  options.models_folder = models_folder;
  options.workers = 1;
  akin_status status = akin_model_open(&model, name, &options, err);
  if (!status) status = akin_speed_measure(milliseconds, model, err);
  akin_model_free(model);
  return status;
}

/* ---- listing: built-in cards and imported models, merged by name ---- */

typedef struct models_list {
  char **names; /* every name once, sorted; owned */
  size_t count;
} models_list;

static void models_list_free(models_list *list) {
  for (size_t i = 0; i < list->count; i++)
    akin_free(list->names[i]);
  akin_free(list->names);
}

static int models_by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* names: the imported ones on entry; the built-in cards that are not imported are added. */
static akin_status models_add_cards(models_list *list, akin_error *err) {
  size_t imported = list->count, cards = akin_card_builtin_count();
  char **names = akin_realloc_array(list->names, imported + cards + 1, sizeof *names);
  if (!names) return akin_fail_memory(err, (imported + cards) * sizeof *names);
  list->names = names;
  for (size_t i = 0; i < cards; i++) {
    const akin_card *card = akin_card_builtin_at(i);
    const char *name = card ? card->name : NULL;
    bool known = false;
    for (size_t j = 0; name && j < imported; j++)
      known = known || strcmp(list->names[j], name) == 0;
    if (known) continue;
    if (!name || !(list->names[list->count] = akin_strdup(name))) return akin_fail_memory(err, 0);
    list->count++;
  }
  qsort(list->names, list->count, sizeof *list->names, models_by_name);
  return AKIN_OK;
}

static akin_status models_visit_imported(const akin_model *model, akin_model_visit *visit, void *context) {
  const akin_card *card = akin_folder_card(model->folder);
  const akin_model_entry entry = {.name = akin_model_name(model),
                                  .description = card->description,
                                  .licence = card->licence,
                                  .variant_of = card->variant_of ? card->variant_of : "",
                                  .dim = akin_model_dim(model),
                                  .parameters = akin_folder_parameters(model->folder),
                                  .width = card->preparation.width,
                                  .height = card->preparation.height,
                                  .imported = 1,
                                  .bytes = akin_folder_disk_use(model->folder),
                                  .milliseconds = akin_speed_known(model)};
  return visit(context, &entry);
}

/* Of a model that is not imported, or damaged, only the card is known, if there is one. */
static akin_status models_visit_card(const char *name, bool damaged, akin_model_visit *visit, void *context) {
  const akin_card *card = akin_card_builtin(name);
  akin_model_entry entry = {.name = name, .description = "", .licence = "", .variant_of = "", .damaged = damaged};
  if (card) {
    entry.description = card->description;
    entry.licence = card->licence;
    if (card->variant_of) entry.variant_of = card->variant_of;
    entry.width = card->preparation.width;
    entry.height = card->preparation.height;
    akin_card_extent(&entry.dim, &entry.parameters, card);
  }
  return visit(context, &entry);
}

static akin_status models_visit(const char *models, const char *name, akin_model_visit *visit, void *context,
                                akin_error *err) {
  akin_model *model = NULL;
  akin_model_options options = AKIN_MODEL_OPTIONS_INIT;
  akin_error ignored;
  options.models_folder = models;
  akin_status status = akin_model_open(&model, name, &options, &ignored);
  if (status == AKIN_ERROR_MEMORY) return akin_fail_memory(err, 0);
  if (!status) {
    status = models_visit_imported(model, visit, context);
  } else { /* NOT_FOUND can be a file inside a damaged folder: only the folder itself tells */
    char *path = akin_path_join(models, name);
    status = path ? models_visit_card(name, akin_file_exists(path), visit, context) : akin_fail_memory(err, 0);
    akin_free(path);
  }
  akin_model_free(model);
  return status;
}

akin_status akin_model_list(const char *models_folder, akin_model_visit *visit, void *context, akin_error *err) {
  models_list list = {0};
  char *models = NULL;
  akin_status status = akin_place_models(&models, models_folder, err);
  if (!status) status = akin_folder_list(&list.names, &list.count, models, err);
  if (!status) status = models_add_cards(&list, err);
  for (size_t i = 0; !status && i < list.count; i++)
    status = models_visit(models, list.names[i], visit, context, err);
  models_list_free(&list);
  akin_free(models);
  return status;
}
