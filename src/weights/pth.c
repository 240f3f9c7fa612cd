/* pth.c - from an unpickled state dict to a list of tensors (pth.h). */
#include "weights/pth.h"

#include "base/error.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define PTH_PREFIX "module."

static int pth_compare_storages(const void *a, const void *b) {
  return strcmp(((const akin_pth_storage *)a)->key, ((const akin_pth_storage *)b)->key);
}

/* Sorted by key: those of one key become one. */
static akin_status pth_unite(akin_pth *pth, size_t count, akin_error *err) {
  akin_pth_storage *all = pth->storages;
  pth->storage_count = 0;
  for (size_t i = 0; i < count; i++) {
    const akin_pth_storage *last = pth->storage_count ? &all[pth->storage_count - 1] : NULL;
    if (!last || strcmp(last->key, all[i].key) != 0) {
      all[pth->storage_count++] = all[i];
    } else if (last->dtype != all[i].dtype || last->count != all[i].count) {
      return akin_fail(err, AKIN_ERROR_FORMAT, "storage %s is both %llu × %s and %llu × %s", last->key,
                       (unsigned long long)last->count, akin_dtype_name(last->dtype), (unsigned long long)all[i].count,
                       akin_dtype_name(all[i].dtype));
    }
  }
  return AKIN_OK;
}

akin_status akin_pth_storages(akin_pth *pth, akin_arena *arena, const akin_pickle_storage *storages, akin_error *err) {
  size_t count = 0;
  for (const akin_pickle_storage *s = storages; s; s = s->next)
    count++;
  pth->storages = akin_arena_array(arena, count, sizeof *pth->storages);
  if (!pth->storages) return akin_reader_arena_failed(arena, err);
  size_t i = 0;
  for (const akin_pickle_storage *s = storages; s; s = s->next) {
    uint64_t bytes = 0;
    if (__builtin_mul_overflow(s->count, akin_dtype_size(s->dtype), &bytes)) {
      return akin_fail(err, AKIN_ERROR_FORMAT, "storage %s has %llu elements: too many", s->key,
                       (unsigned long long)s->count);
    }
    pth->storages[i++] = (akin_pth_storage){s->key, s->dtype, s->count, bytes, 0};
  }
  qsort(pth->storages, count, sizeof *pth->storages, pth_compare_storages);
  return pth_unite(pth, count, err);
}

akin_pth_storage *akin_pth_storage_find(const akin_pth *pth, const char *key) {
  const akin_pth_storage wanted = {.key = key};
  return pth->storage_count == 0
             ? NULL
             : bsearch(&wanted, pth->storages, pth->storage_count, sizeof wanted, pth_compare_storages);
}

static akin_status pth_check_entry(const akin_pickle_value *name, const akin_pickle_value *value, akin_error *err) {
  if (name->kind != AKIN_PICKLE_TEXT)
    return akin_fail(err, AKIN_ERROR_FORMAT, "not a state dict: a key is %s", akin_pickle_kind_name(name->kind));
  const char *text = name->as.text.bytes;
  if (strlen(text) != name->as.text.size || !akin_utf8_valid(text))
    return akin_fail(err, AKIN_ERROR_FORMAT, "the name '%s' is not UTF-8, or has NUL inside", text);
  if (value->kind != AKIN_PICKLE_TENSOR) {
    return akin_fail(err, AKIN_ERROR_FORMAT, "not a state dict: '%s' is %s, not a tensor", text,
                     akin_pickle_kind_name(value->kind));
  }
  return AKIN_OK;
}

static void pth_add(akin_tensors *t, akin_pth *pth, const char *name, const akin_pickle_tensor *tensor) {
  akin_tensor *entry = &t->list[t->count];
  entry->name = name;
  entry->dtype = tensor->storage->dtype;
  entry->rank = tensor->view.rank;
  memcpy(entry->shape, tensor->view.shape, sizeof entry->shape);
  entry->count = tensor->count;
  pth->sources[t->count] = (akin_pth_source){akin_pth_storage_find(pth, tensor->storage->key), tensor->view};
  t->count++;
}

static void pth_strip_prefix(akin_tensors *t) {
  const size_t length = strlen(PTH_PREFIX);
  for (size_t i = 0; i < t->count; i++)
    if (strncmp(t->list[i].name, PTH_PREFIX, length) != 0) return;
  for (size_t i = 0; i < t->count; i++)
    t->list[i].name += length;
}

akin_status akin_pth_list(akin_tensors *t, akin_pth *pth, const akin_pickle_value *root, akin_error *err) {
  const akin_pickle_value *inner = akin_pickle_get(root, "state_dict");
  const akin_pickle_value *dict = inner && inner->kind == AKIN_PICKLE_DICT ? inner : root;
  if (dict->kind != AKIN_PICKLE_DICT || dict->as.items.count == 0) {
    return akin_fail(err, AKIN_ERROR_FORMAT, "not a state dict: it holds %s",
                     dict->kind == AKIN_PICKLE_DICT ? "nothing" : akin_pickle_kind_name(dict->kind));
  }
  const size_t count = dict->as.items.count / 2;
  if (count > AKIN_READER_TENSORS)
    return akin_fail(err, AKIN_ERROR_LIMIT, "has %zu tensors, at most %u are read", count, AKIN_READER_TENSORS);
  t->list = akin_arena_array(&t->arena, count, sizeof *t->list);
  pth->sources = t->list ? akin_arena_array(&t->arena, count, sizeof *pth->sources) : NULL;
  if (!pth->sources) return akin_reader_arena_failed(&t->arena, err);
  for (size_t i = 0; i < count; i++) {
    const akin_pickle_value *name = dict->as.items.at[2 * i], *value = dict->as.items.at[2 * i + 1];
    akin_status status = pth_check_entry(name, value, err);
    if (status != AKIN_OK) return status;
    pth_add(t, pth, name->as.text.bytes, value->as.tensor);
  }
  pth_strip_prefix(t);
  return AKIN_OK;
}
