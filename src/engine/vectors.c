/*
 * vectors.c - a store's packed features for searching: made from the store, kept in STORE/vectors/, never trusted
 * further than its checksums and the store's generation go. Whoever finds it behind brings it up to date; when another
 * process does that already, or the folder cannot be written, what is missing is added in memory only.
 */
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "engine/store.h"

/* STORE/vectors/ID-FINGERPRINT.vec; ids of models are never used again. */
static akin_status vectors_path(char **out, const akin_store *store, const akin_stored_model *model, akin_error *err) {
  *out = akin_format("%s/vectors/%llu-%.16s.vec", store->folder, (unsigned long long)model->id, model->fingerprint);
  return *out ? AKIN_OK : akin_fail_memory(err, 0);
}

static akin_status vectors_append(void *context, uint64_t content_id, const float *feature, akin_error *err) {
  akin_vectors *v = context;
  /* A feature that was committed between reading the generation and reading the features may be there already. */
  return akin_vectors_find(v, content_id) ? AKIN_OK : akin_vectors_append(v, content_id, feature, err);
}

static akin_status vectors_remove(void *context, uint64_t content_id, const float *feature, akin_error *err) {
  (void)feature;
  return akin_vectors_remove(context, content_id, err);
}

/* Brings v from its own generation to at least `generation`. */
static akin_status vectors_follow(akin_vectors *v, akin_storage *reader, uint64_t model_id, uint64_t generation,
                                  akin_error *err) {
  uint64_t known = akin_vectors_generation(v);
  akin_status status = akin_storage_features_since(reader, model_id, known, vectors_append, v, err);
  if (!status) status = akin_storage_removals_since(reader, model_id, known, vectors_remove, v, err);
  return status ? status : akin_vectors_commit(v, generation, err);
}

/* Updates the file. Not being able to is no error: the caller sees the generation that it has afterwards. */
static akin_status vectors_update_file(const akin_store *store, const char *path, const akin_vectors_key *key,
                                       uint64_t model_id, uint64_t generation, akin_error *err) {
  akin_vectors *v = NULL;
  akin_error ignored;
  bool rebuilt = false;
  int lock = -1;
  char *folder = akin_path_folder(path), *lock_path = folder ? akin_path_join(folder, "lock") : NULL;
  akin_status status = lock_path ? AKIN_OK : akin_fail_memory(err, 0);
  if (!status && !akin_path_create_folder(folder, false, &ignored) && !akin_file_lock(&lock, lock_path, &ignored) &&
      !akin_vectors_open(&v, path, key, true, &rebuilt, &ignored))
    (void)vectors_follow(v, store->reader, model_id, generation, &ignored);
  akin_vectors_close(v);
  if (lock >= 0) akin_file_unlock(lock);
  akin_free(lock_path);
  akin_free(folder);
  return status;
}

static void vectors_note(const akin_store *store, const char *path) {
  akin_error text;
  if (!store->on_note) return;
  akin_fail(&text, AKIN_OK, "%s: damaged, or not of this store; made again from the store", path);
  store->on_note(store->note_context, text.text);
}

static akin_status vectors_open(akin_store *store, const akin_stored_model *model, uint64_t generation,
                                akin_error *err) {
  akin_vectors_key key = {model->fingerprint, model->dim, akin_storage_id(store->reader)};
  char *path = NULL;
  bool rebuilt = false;
  akin_status status = vectors_path(&path, store, model, err);
  if (!status) status = akin_vectors_open(&store->vectors, path, &key, false, &rebuilt, err);
  if (!status && rebuilt) vectors_note(store, path);
  if (!status && akin_vectors_generation(store->vectors) != generation) {
    akin_vectors_close(store->vectors);
    store->vectors = NULL;
    status = vectors_update_file(store, path, &key, model->id, generation, err);
    if (!status) status = akin_vectors_open(&store->vectors, path, &key, false, &rebuilt, err);
    if (!status && akin_vectors_generation(store->vectors) != generation)
      status = vectors_follow(store->vectors, store->reader, model->id, generation, err);
  }
  store->vectors_model = model->id;
  akin_free(path);
  return status;
}

akin_status akin_store_vectors(akin_store *store, akin_vectors **out, const akin_stored_model *model, akin_error *err) {
  akin_storage *reader = NULL;
  uint64_t generation = 0;
  *out = NULL;
  akin_status status = akin_store_reader(store, &reader, err);
  if (!status) status = akin_storage_generation(reader, &generation, err);
  if (status) return status;
  if (!store->vectors || store->vectors_model != model->id || akin_vectors_generation(store->vectors) != generation) {
    akin_vectors_close(store->vectors);
    store->vectors = NULL;
    status = vectors_open(store, model, generation, err);
  }
  *out = status ? NULL : store->vectors;
  return status;
}

akin_status akin_store_drop_vectors(akin_store *store, const akin_stored_model *model, akin_error *err) {
  char *path = NULL;
  if (store->vectors && store->vectors_model == model->id) {
    akin_vectors_close(store->vectors);
    store->vectors = NULL;
  }
  akin_status status = vectors_path(&path, store, model, err);
  if (!status) status = akin_file_remove(path, err);
  akin_free(path);
  return status;
}

/* ---- verifying ---- */

#define VECTORS_ATTEMPTS 8

typedef struct vectors_check {
  const akin_vectors *vectors;
  uint32_t dim;
  uint64_t seen, different;
} vectors_check;

static akin_status vectors_compare(void *context, uint64_t content_id, const float *feature, akin_error *err) {
  vectors_check *check = context;
  const float *row = akin_vectors_find(check->vectors, content_id);
  bool same = row != NULL;
  (void)err;
  for (uint32_t i = 0; same && i < check->dim; i++)
    same = row[i] == feature[i];
  check->seen++;
  check->different += !same;
  return AKIN_OK;
}

/* Holds the packed features against the store. Another process may add to it meanwhile, which is no fault: then once
 * more, and *settled stays false when it never rests. */
static akin_status vectors_check_all(akin_store *store, akin_vectors **v, const akin_stored_model *model,
                                     vectors_check *check, bool *settled, akin_error *err) {
  uint64_t generation = 0;
  akin_status status = AKIN_OK;
  *settled = false;
  for (int i = 0; !status && !*settled && i < VECTORS_ATTEMPTS; i++) {
    status = akin_store_vectors(store, v, model, err);
    *check = (vectors_check){*v, model->dim, 0, 0};
    if (!status) status = akin_storage_features_since(store->reader, model->id, 0, vectors_compare, check, err);
    if (!status) status = akin_storage_generation(store->reader, &generation, err);
    *settled = !status && generation == akin_vectors_generation(*v);
  }
  return status;
}

akin_status akin_store_verify_vectors(akin_store *store, const akin_stored_model *model,
                                      void (*report)(void *context, const char *line), void *context, uint64_t *faults,
                                      akin_error *err) {
  akin_vectors *v = NULL;
  akin_error fault = {AKIN_OK, ""};
  vectors_check check;
  bool settled = false;
  akin_status status = vectors_check_all(store, &v, model, &check, &settled, err);
  if (status) return status;
  if (!akin_vectors_verify(v, &fault) && settled && (check.different > 0 || check.seen != akin_vectors_live(v))) {
    akin_fail(&fault, AKIN_ERROR_MISMATCH, "packed features of %s: %llu of %llu differ from the store, %zu are packed",
              model->name, (unsigned long long)check.different, (unsigned long long)check.seen, akin_vectors_live(v));
  }
  if (fault.code == AKIN_OK) return AKIN_OK;
  akin_fail_context(&fault, fault.code, "made again from the store");
  report(context, fault.text);
  (*faults)++;
  status = akin_store_drop_vectors(store, model, err);
  return status ? status : akin_store_vectors(store, &v, model, err);
}
