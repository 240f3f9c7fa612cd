/* vectors_verify.c - packed points held against the store that they were made from. */
#include "base/error.h"
#include "base/memory.h"
#include "engine/approximate.h"
#include "engine/space.h"

#define VECTORS_ATTEMPTS 8

typedef struct vectors_check {
  const akin_vectors *vectors;
  const akin_space *space; /* of one model */
  float *point;            /* f32 [dim of the space] */
  uint64_t seen, different;
} vectors_check;

static akin_status vectors_compare(void *context, uint64_t content_id, const float *feature, akin_error *err) {
  vectors_check *check = context;
  const float *row = akin_vectors_find(check->vectors, content_id);
  bool same = row != NULL;
  (void)err;
  akin_space_point(check->space, check->point, &feature);
  for (uint32_t i = 0; same && i < check->space->dim; i++)
    same = row[i] == check->point[i];
  check->seen++;
  check->different += !same;
  return AKIN_OK;
}

/* Holds the points against the store. Another process may add to it meanwhile, which is no fault: then once more, and
 * *settled stays false when it never rests. */
static akin_status vectors_check_all(akin_store *store, vectors_check *check, bool *settled, akin_error *err) {
  const uint64_t model_id = check->space->models[0]->id;
  akin_vectors *v = NULL;
  uint64_t generation = 0;
  akin_status status = AKIN_OK;
  *settled = false;
  for (int i = 0; !status && !*settled && i < VECTORS_ATTEMPTS; i++) {
    status = akin_store_points(store, &v, check->space, err);
    check->vectors = v;
    check->seen = check->different = 0;
    if (!status) status = akin_storage_features_since(store->reader, model_id, 0, vectors_compare, check, err);
    if (!status) status = akin_storage_generation(store->reader, &generation, err);
    *settled = !status && generation == akin_vectors_generation(v);
  }
  return status;
}

/* *fault: its code is AKIN_OK when there is none. */
static akin_status vectors_find_fault(akin_store *store, const akin_space *space, akin_error *fault, akin_error *err) {
  vectors_check check = {.space = space};
  bool settled = false;
  *fault = (akin_error){AKIN_OK, ""};
  check.point = akin_calloc(space->dim, sizeof *check.point);
  if (!check.point) return akin_fail_memory(err, space->dim * sizeof *check.point);
  akin_status status = vectors_check_all(store, &check, &settled, err);
  if (!status && !akin_vectors_verify(check.vectors, fault) && settled &&
      (check.different > 0 || check.seen != akin_vectors_live(check.vectors))) {
    akin_fail(fault, AKIN_ERROR_MISMATCH, "packed features of %s: %llu of %llu differ from the store, %zu are packed",
              space->models[0]->name, (unsigned long long)check.different, (unsigned long long)check.seen,
              akin_vectors_live(check.vectors));
  }
  akin_free(check.point);
  return status;
}

akin_status akin_store_verify_vectors(akin_store *store, const akin_stored_model *model,
                                      void (*report)(void *context, const char *line), void *context, uint64_t *faults,
                                      akin_error *err) {
  const char *const names[] = {model->name};
  akin_vectors *again;
  akin_space *space = NULL;
  akin_error fault = {AKIN_OK, ""};
  akin_status status = akin_space_open(&space, store, names, 1, AKIN_SCORES_DEFAULT, err);
  if (!status) status = vectors_find_fault(store, space, &fault, err);
  if (!status && fault.code) {
    akin_fail_context(&fault, fault.code, "made again from the store");
    report(context, fault.text);
    (*faults)++;
    status = akin_store_drop_vectors(store, model, err);
    if (!status) status = akin_store_points(store, &again, space, err);
  }
  akin_space_free(space);
  if (!status) status = akin_store_verify_graph(store, model, &fault, err);
  if (!status && fault.code) {
    report(context, fault.text);
    (*faults)++;
  }
  return status;
}
