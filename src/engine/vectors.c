/*
 * vectors.c - a store's packed features for searching: made from the store, kept in STORE/vectors/, never trusted
 * further than its checksums and the store's generation go. Whoever finds it behind brings it up to date; when another
 * process does that already, or the folder cannot be written, what is missing is added in memory only.
 */
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "engine/space.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

/* ID-KEY.vec of a model's features as they are, the key its fingerprint; ids of models are never used again.
 * ID-points-KEY.vec of a transform of them, points-KEY.vec of several models. */
#define VECTORS_POINTS "points-"

akin_status akin_points_path(char **out, const akin_store *store, const akin_space *space, const char *ending,
                             akin_error *err) {
  char id[32] = "";
  if (space->count == 1) snprintf(id, sizeof id, "%llu-", (unsigned long long)space->models[0]->id);
  *out = akin_format("%s/vectors/%s%s%.16s.%s", store->folder, id, akin_space_is_plain(space) ? "" : VECTORS_POINTS,
                     space->key, ending);
  return *out ? AKIN_OK : akin_fail_memory(err, 0);
}

/* ---- following the store ---- */

/* Points wait in memory for a commit: not more of them than this. */
#define VECTORS_WAITING ((size_t)2 << 20)

/* Points being added to packed ones. */
typedef struct vectors_follow {
  akin_vectors *vectors;
  uint64_t generation; /* that they had */
  size_t waiting;      /* bytes of points that were added since the last commit */
  akin_storage *reader;
  const akin_space *space;
  size_t model;     /* whose features are being visited: an index */
  float **features; /* f32 [its dim] of each model */
  float *point;     /* f32 [dim] */
} vectors_follow;

static void vectors_follow_free(vectors_follow *f) {
  for (size_t i = 0; f->features && i < f->space->count; i++)
    akin_free(f->features[i]);
  akin_free(f->features);
  akin_free(f->point);
}

static akin_status vectors_follow_begin(vectors_follow *f, akin_error *err) {
  f->point = akin_calloc(f->space->dim, sizeof *f->point);
  f->features = akin_calloc(f->space->count, sizeof *f->features);
  bool room = f->point && f->features;
  for (size_t i = 0; room && i < f->space->count; i++)
    room = (f->features[i] = akin_calloc(f->space->models[i]->dim, sizeof **f->features)) != NULL;
  return room ? AKIN_OK : akin_fail_memory(err, f->space->dim * sizeof *f->point);
}

/* *complete: all models have the content's feature, and f->point is its point. */
static akin_status vectors_point(vectors_follow *f, uint64_t content_id, const float *feature, bool *complete,
                                 akin_error *err) {
  *complete = true;
  memcpy(f->features[f->model], feature, f->space->models[f->model]->dim * sizeof *feature);
  for (size_t i = 0; *complete && i < f->space->count; i++) {
    if (i == f->model) continue;
    akin_status status =
        akin_storage_feature_get(f->reader, f->space->models[i]->id, content_id, f->features[i], complete, err);
    if (status) return status;
  }
  if (*complete) akin_space_point(f->space, f->point, (const float *const *)f->features);
  return AKIN_OK;
}

/* Those that came so far are committed now and then, under the old generation: the next one takes it up from there. */
static akin_status vectors_keep(vectors_follow *f, uint64_t content_id, const float *point, akin_error *err) {
  akin_status status = akin_vectors_append(f->vectors, content_id, point, err);
  f->waiting += f->space->dim * sizeof *point;
  if (status || f->waiting < VECTORS_WAITING) return status;
  f->waiting = 0;
  return akin_vectors_commit(f->vectors, f->generation, err);
}

static akin_status vectors_append(void *context, uint64_t content_id, const float *feature, akin_error *err) {
  vectors_follow *f = context;
  bool complete = false;
  /* A feature that was committed between reading the generation and reading the features may be there already. */
  if (akin_vectors_find(f->vectors, content_id)) return AKIN_OK;
  if (akin_space_is_plain(f->space)) return vectors_keep(f, content_id, feature, err);
  akin_status status = vectors_point(f, content_id, feature, &complete, err);
  return !status && complete ? vectors_keep(f, content_id, f->point, err) : status;
}

static akin_status vectors_remove(void *context, uint64_t content_id, const float *feature, akin_error *err) {
  (void)feature;
  return akin_vectors_remove(context, content_id, err);
}

/* Brings v from its own generation to at least `generation`. */
static akin_status vectors_bring(akin_vectors *v, akin_storage *reader, const akin_space *space, uint64_t generation,
                                 akin_error *err) {
  const uint64_t known = akin_vectors_generation(v);
  vectors_follow f = {.vectors = v, .generation = known, .reader = reader, .space = space};
  akin_status status = vectors_follow_begin(&f, err);
  for (f.model = 0; !status && f.model < space->count; f.model++)
    status = akin_storage_features_since(reader, space->models[f.model]->id, known, vectors_append, &f, err);
  for (size_t i = 0; !status && i < space->count; i++)
    status = akin_storage_removals_since(reader, space->models[i]->id, known, vectors_remove, v, err);
  vectors_follow_free(&f);
  return status ? status : akin_vectors_commit(v, generation, err);
}

/* Updates the file. Not being able to is no error: the caller sees the generation that it has afterwards. *rebuilt: it
 * was damaged. */
static akin_status vectors_update_file(const akin_store *store, const char *path, const akin_vectors_key *key,
                                       const akin_space *space, uint64_t generation, bool *rebuilt, akin_error *err) {
  akin_vectors *v = NULL;
  akin_error ignored;
  *rebuilt = false;
  int lock = -1;
  char *folder = akin_path_folder(path), *lock_path = folder ? akin_path_join(folder, "lock") : NULL;
  akin_status status = lock_path ? AKIN_OK : akin_fail_memory(err, 0);
  if (!status && !akin_path_create_folder(folder, false, &ignored) && !akin_file_lock(&lock, lock_path, &ignored) &&
      !akin_vectors_open(&v, path, key, true, rebuilt, &ignored))
    (void)vectors_bring(v, store->reader, space, generation, &ignored);
  akin_vectors_close(v);
  if (lock >= 0) akin_file_unlock(lock);
  akin_free(lock_path);
  akin_free(folder);
  return status;
}

/* ---- opening ---- */

static void vectors_note(const akin_store *store, const char *path) {
  akin_error text;
  if (!store->on_note) return;
  akin_fail(&text, AKIN_OK, "%s: damaged, or not of this store; made again from the store", path);
  store->on_note(store->note_context, text.text);
}

static akin_status vectors_open(akin_vectors **out, akin_store *store, const char *path, const akin_space *space,
                                uint64_t generation, akin_error *err) {
  akin_vectors_key key = {space->key, space->dim, akin_storage_id(store->reader)};
  bool rebuilt = false;
  akin_status status = akin_vectors_open(out, path, &key, false, &rebuilt, err);
  if (!status && rebuilt) vectors_note(store, path);
  if (!status && akin_vectors_generation(*out) != generation) {
    akin_vectors_close(*out);
    *out = NULL;
    status = vectors_update_file(store, path, &key, space, generation, &rebuilt, err);
    if (!status) status = akin_vectors_open(out, path, &key, false, &rebuilt, err);
    if (!status && akin_vectors_generation(*out) != generation)
      status = vectors_bring(*out, store->reader, space, generation, err);
  }
  return status;
}

akin_status akin_store_pack(akin_store *store, const akin_space *space, akin_error *err) {
  akin_storage *reader = NULL;
  uint64_t generation = 0;
  char *path = NULL;
  bool rebuilt = false;
  akin_status status = akin_store_reader(store, &reader, err);
  if (!status) status = akin_storage_generation(reader, &generation, err);
  if (!status) status = akin_points_path(&path, store, space, "vec", err);
  if (!status) {
    const akin_vectors_key key = {space->key, space->dim, akin_storage_id(reader)};
    status = vectors_update_file(store, path, &key, space, generation, &rebuilt, err);
  }
  if (rebuilt) vectors_note(store, path);
  akin_free(path);
  return status;
}

/* The place of a space's file among the opened ones, made when there is none. */
static akin_status vectors_place(akin_opened_vectors **out, akin_store *store, const akin_space *space,
                                 akin_error *err) {
  char *path = NULL;
  size_t i = 0;
  akin_status status = akin_points_path(&path, store, space, "vec", err);
  if (status) return status;
  while (i < store->vectors_count && strcmp(store->vectors[i].path, path) != 0)
    i++;
  if (i == store->vectors_count) {
    akin_opened_vectors *more = akin_realloc_array(store->vectors, i + 1, sizeof *more);
    if (!more) {
      akin_free(path);
      return akin_fail_memory(err, (i + 1) * sizeof *more);
    }
    store->vectors = more;
    store->vectors[store->vectors_count++] = (akin_opened_vectors){path, NULL};
    path = NULL;
  }
  akin_free(path);
  *out = &store->vectors[i];
  return AKIN_OK;
}

akin_status akin_store_points(akin_store *store, akin_vectors **out, const akin_space *space, akin_error *err) {
  akin_storage *reader = NULL;
  akin_opened_vectors *place = NULL;
  uint64_t generation = 0;
  *out = NULL;
  akin_status status = akin_store_reader(store, &reader, err);
  if (!status) status = akin_storage_generation(reader, &generation, err);
  if (!status) status = vectors_place(&place, store, space, err);
  if (status) return status;
  if (!place->vectors || akin_vectors_generation(place->vectors) != generation) {
    akin_vectors_close(place->vectors);
    place->vectors = NULL;
    status = vectors_open(&place->vectors, store, place->path, space, generation, err);
    if (status) {
      akin_vectors_close(place->vectors);
      place->vectors = NULL;
    }
  }
  *out = place->vectors;
  return status;
}

akin_status akin_store_vectors(akin_store *store, akin_vectors **out, const akin_stored_model *model, akin_error *err) {
  const char *const names[] = {model->name};
  akin_space *space = NULL;
  *out = NULL;
  akin_status status = akin_space_open(&space, store, names, 1, AKIN_SCORES_COSINE, err);
  if (!status) status = akin_store_points(store, out, space, err);
  akin_space_free(space);
  return status;
}

/* ---- closing and dropping ---- */

void akin_store_close_vectors(akin_store *store) {
  for (size_t i = 0; i < store->vectors_count; i++) {
    akin_vectors_close(store->vectors[i].vectors);
    akin_free(store->vectors[i].path);
  }
  akin_free(store->vectors);
  store->vectors = NULL;
  store->vectors_count = 0;
}

akin_status akin_store_packed_files(const akin_store *store, const char *pattern, const char *keep, size_t *count,
                                    bool remove, akin_error *err) {
  akin_status status = AKIN_OK;
  size_t found = 0;
  char *folder = akin_path_join(store->folder, "vectors");
  DIR *listing = folder ? opendir(folder) : NULL;
  if (!folder) status = akin_fail_memory(err, strlen(store->folder));
  for (const struct dirent *entry; !status && listing && (entry = readdir(listing));) {
    if (fnmatch(pattern, entry->d_name, FNM_PERIOD) != 0) continue;
    char *path = akin_path_join(folder, entry->d_name);
    if (!path) status = akin_fail_memory(err, strlen(folder));
    if (path && !(keep && strcmp(path, keep) == 0)) {
      found++;
      if (remove) status = akin_file_remove(path, err);
    }
    akin_free(path);
  }
  if (listing) closedir(listing);
  akin_free(folder);
  if (count) *count = found;
  return status;
}

akin_status akin_store_drop_vectors(akin_store *store, const akin_stored_model *model, akin_error *err) {
  char pattern[32];
  snprintf(pattern, sizeof pattern, "%llu-*.vec", (unsigned long long)model->id);
  akin_store_close_vectors(store);
  akin_status status = akin_store_packed_files(store, pattern, NULL, NULL, true, err);
  return status ? status : akin_store_packed_files(store, VECTORS_POINTS "*.vec", NULL, NULL, true, err);
}

akin_status akin_store_drop_graphs(akin_store *store, const akin_stored_model *model, akin_error *err) {
  char pattern[32];
  snprintf(pattern, sizeof pattern, "%llu-*.hnsw", (unsigned long long)model->id);
  return akin_store_packed_files(store, pattern, NULL, NULL, true, err);
}

void akin_store_drop_points(akin_store *store) {
  akin_store_close_vectors(store);
  (void)akin_store_packed_files(store, "*" VECTORS_POINTS "*.vec", NULL, NULL, true, NULL);
}
