/* folder.c - imported models: listed, opened, verified, removed. */
#include "model/folder.h"

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "model/card.h"
#include "model/families/families.h"
#include "model/name.h"
#include "model/net.h"
#include "model/onnx.h"
#include "model/own.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER_GRAPH_BYTES 67108864u

/* ---- opening ---- */

static akin_status folder_not_imported(const char *models_folder, const char *name, akin_error *err) {
  const akin_card *card = akin_card_builtin(name);
  if (card && card->weights_count && card->weights[0].address) {
    return akin_fail(err, AKIN_ERROR_NOT_FOUND,
                     "model %s is not imported into %s: akin model pull %s fetches its weights", name, models_folder,
                     name);
  }
  if (card && card->weights_count) {
    return akin_fail(err, AKIN_ERROR_NOT_FOUND,
                     "model %s is not imported into %s: get %s (%s), then: akin model import %s", name, models_folder,
                     card->weights[0].file, card->weights[0].origin, card->weights[0].file);
  }
  char hint[AKIN_CARD_HINT_SIZE];
  return akin_fail(err, AKIN_ERROR_NOT_FOUND, "no model '%s' in %s: 'akin model list' shows what there is%s", name,
                   models_folder, akin_card_hint(hint, name));
}

static akin_status folder_read_card(akin_folder *f, akin_error *err) {
  char *path = akin_path_join(f->path, AKIN_FOLDER_CARD);
  akin_status status = path ? akin_card_read(&f->card, path, err) : akin_fail_memory(err, strlen(f->path));
  akin_free(path);
  return status;
}

akin_status akin_folder_open_at(akin_folder **out, const char *path, const char *name, akin_error *err) {
  *out = NULL;
  akin_folder *f = akin_calloc(1, sizeof *f);
  if (!f) return akin_fail_memory(err, sizeof *f);
  f->name = akin_strdup(name);
  f->path = akin_strdup(path);
  akin_status status = f->name && f->path ? AKIN_OK : akin_fail_memory(err, strlen(path));
  if (status == AKIN_OK) status = akin_record_read(&f->record, path, err);
  if (status == AKIN_OK) status = akin_record_check(&f->record, path, false, err);
  if (status == AKIN_OK) status = folder_read_card(f, err);
  if (status == AKIN_OK) {
    status = akin_own_is(f->card)   ? akin_own_open(&f->layers, path, f->card, err)
             : akin_net_is(f->card) ? akin_net_layers_open(&f->layers, path, err)
                                    : akin_family_build(&f->layers, f->card, err);
  }
  if (status == AKIN_OK)
    *out = f;
  else
    akin_folder_close(f);
  return status;
}

akin_status akin_folder_open(akin_folder **out, const char *models_folder, const char *name, akin_error *err) {
  *out = NULL;
  if (!akin_name_valid(name)) return folder_not_imported(models_folder, name, err);
  char *path = akin_path_join(models_folder, name);
  if (!path) return akin_fail_memory(err, strlen(models_folder) + strlen(name));
  akin_status status = akin_file_exists(path) ? akin_folder_open_at(out, path, name, err)
                                              : folder_not_imported(models_folder, name, err);
  akin_free(path);
  return status;
}

void akin_folder_close(akin_folder *f) {
  if (!f) return;
  akin_record_clear(&f->record);
  akin_layers_free(&f->layers);
  akin_card_free(f->card);
  akin_free(f->path);
  akin_free(f->name);
  akin_free(f);
}

akin_status akin_folder_graph(akin_graph *graph, const akin_folder *f, akin_error *err) {
  akin_buffer bytes = AKIN_BUFFER_INIT(0);
  akin_hash hash;
  char *path = akin_path_join(f->path, AKIN_FOLDER_GRAPH);
  akin_status status =
      path ? akin_file_read(&bytes, path, FOLDER_GRAPH_BYTES, NULL, err) : akin_fail_memory(err, strlen(f->path));
  if (status == AKIN_OK) status = akin_hash_bytes(&hash, bytes.data, bytes.size, err);
  for (size_t i = 0; i < f->record.count && status == AKIN_OK; i++) {
    if (strcmp(f->record.files[i].name, AKIN_FOLDER_GRAPH) != 0) continue;
    if (!akin_hash_equal(&hash, &f->record.files[i].hash)) {
      status =
          akin_fail(err, AKIN_ERROR_MISMATCH, "%s: its checksum differs, it is damaged: import the model again", path);
    }
  }
  if (status == AKIN_OK) {
    status = akin_onnx_unpack(graph, bytes.data, bytes.size, err);
    if (status != AKIN_OK) akin_fail_context(err, status, "%s", path);
  }
  akin_buffer_free(&bytes);
  akin_free(path);
  return status;
}

/* ---- what it is ---- */

const akin_card *akin_folder_card(const akin_folder *f) {
  return f->card;
}

const char *akin_folder_name(const akin_folder *f) {
  return f->name;
}

const char *akin_folder_path(const akin_folder *f) {
  return f->path;
}

const akin_hash *akin_folder_weights_hash(const akin_folder *f) {
  return &f->record.weights.hash;
}

bool akin_folder_pinned(akin_hash *out, const char *models_folder, const char *name, const akin_card *card) {
  akin_folder *folder = NULL;
  const bool there =
      akin_folder_open(&folder, models_folder, name, NULL) == AKIN_OK && strcmp(folder->card->name, card->name) == 0;
  if (there) *out = folder->record.weights.hash;
  akin_folder_close(folder);
  return there;
}

uint64_t akin_folder_parameters(const akin_folder *f) {
  uint64_t total = 0;
  for (size_t i = 0; i < f->layers.count; i++)
    total += akin_layer_parameters(&f->layers.at[i]);
  return total;
}

uint64_t akin_folder_disk_use(const akin_folder *f) {
  return akin_file_disk_use(f->path);
}

akin_status akin_folder_verify(const akin_folder *f, akin_error *err) {
  return akin_record_check(&f->record, f->path, true, err);
}

size_t akin_folder_layer_count(const akin_folder *f) {
  return f->layers.count;
}

void akin_folder_layer(const akin_folder *f, size_t index, akin_layer_info *out) {
  const akin_layer *layer = &f->layers.at[index];
  *out = (akin_layer_info){.name = layer->name,
                           .kind = akin_layer_class(layer),
                           .rank = layer->shape.rank,
                           .parameters = akin_layer_parameters(layer)};
  memcpy(out->shape, layer->shape.size, sizeof out->shape);
}

/* ---- the folder of all models ---- */

static int folder_compare_names(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool folder_is_model(const char *models_folder, const char *name) {
  if (!akin_name_valid(name)) return false;
  char *path = akin_format("%s/%s/%s", models_folder, name, AKIN_RECORD_NAME);
  const bool is = path && akin_file_exists(path);
  akin_free(path);
  return is;
}

static akin_status folder_collect(char ***names, size_t *count, DIR *folder, const char *models_folder,
                                  akin_error *err) {
  for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
    if (!folder_is_model(models_folder, entry->d_name)) continue;
    char **grown = akin_realloc_array(*names, *count + 1, sizeof *grown);
    if (!grown) return akin_fail_memory(err, (*count + 1) * sizeof *grown);
    *names = grown;
    grown[*count] = akin_strdup(entry->d_name);
    if (!grown[*count]) return akin_fail_memory(err, strlen(entry->d_name) + 1);
    (*count)++;
  }
  return AKIN_OK;
}

akin_status akin_folder_list(char ***out, size_t *count, const char *models_folder, akin_error *err) {
  *out = NULL;
  *count = 0;
  DIR *folder = opendir(models_folder);
  if (!folder && errno == ENOENT) return AKIN_OK;
  if (!folder) return akin_fail_errno(err, errno, "%s: cannot read this folder", models_folder);
  akin_status status = folder_collect(out, count, folder, models_folder, err);
  closedir(folder);
  if (status == AKIN_OK) {
    if (*count) qsort(*out, *count, sizeof **out, folder_compare_names);
    return AKIN_OK;
  }
  for (size_t i = 0; i < *count; i++)
    akin_free((*out)[i]);
  akin_free(*out);
  *out = NULL;
  *count = 0;
  return status;
}

static akin_status folder_sweep(const char *models_folder, const char *name, akin_error *err) {
  char *path = akin_path_join(models_folder, name);
  akin_status status = path ? akin_file_remove_folder(path, err) : akin_fail_memory(err, strlen(models_folder));
  akin_free(path);
  return status;
}

akin_status akin_folder_claim(int *lock, const char *models_folder, akin_error *err) {
  *lock = -1;
  akin_status status = akin_path_create_folder(models_folder, false, err);
  if (status != AKIN_OK) return status;
  char *path = akin_path_join(models_folder, AKIN_FOLDER_LOCK);
  if (!path) return akin_fail_memory(err, strlen(models_folder));
  status = akin_file_lock(lock, path, err);
  akin_free(path);
  if (status == AKIN_ERROR_BUSY) akin_fail_context(err, status, "another import or removal of models is running");
  if (status == AKIN_OK) status = folder_sweep(models_folder, AKIN_FOLDER_IMPORT, err);
  if (status == AKIN_OK) status = folder_sweep(models_folder, AKIN_FOLDER_GONE, err);
  if (status != AKIN_OK && *lock >= 0) {
    akin_file_unlock(*lock);
    *lock = -1;
  }
  return status;
}

/* Renamed first, so that nobody opens a half. */
akin_status akin_folder_remove(const char *models_folder, const char *name, akin_error *err) {
  if (!folder_is_model(models_folder, name)) return folder_not_imported(models_folder, name, err);
  int lock = -1;
  akin_status status = akin_folder_claim(&lock, models_folder, err);
  if (status != AKIN_OK) return status;
  char *from = akin_path_join(models_folder, name), *to = akin_path_join(models_folder, AKIN_FOLDER_GONE);
  if (!from || !to)
    status = akin_fail_memory(err, strlen(models_folder));
  else if (rename(from, to) != 0)
    status = akin_fail_errno(err, errno, "%s: cannot remove", from);
  else
    status = akin_file_remove_folder(to, err);
  akin_free(to);
  akin_free(from);
  akin_file_unlock(lock);
  return status;
}
