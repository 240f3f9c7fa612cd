/*
 * pth_legacy.c - the layout of .pth before PyTorch 1.6:
 *
 *     pickle   the magic number 0x1950a86a20f9469cfc6c
 *     pickle   1001
 *     pickle   {"protocol_version", "little_endian", "type_sizes"}
 *     pickle   the state dict
 *     pickle   the keys of the storages, a list
 *     for each key in that order: int64 number of elements, then the elements
 *
 * The file stays mapped; tensors are read straight out of it.
 */
#include "weights/pth.h"

#include "base/error.h"
#include "base/little.h"
#include "base/memory.h"

#include <string.h>

#define LEGACY_PROTOCOL 1001

static const uint8_t legacy_magic[10] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};

static bool legacy_recognise(const uint8_t *bytes, size_t n) {
  static const uint8_t head[4] = {0x80, 0x02, 0x8a, sizeof legacy_magic};
  return n >= sizeof head + sizeof legacy_magic && memcmp(bytes, head, sizeof head) == 0 &&
         memcmp(bytes + sizeof head, legacy_magic, sizeof legacy_magic) == 0;
}

static akin_status legacy_pickle(akin_pickle *out, akin_tensors *t, size_t *at, const char *what, akin_error *err) {
  akin_status status = akin_unpickle(out, &t->arena, (const uint8_t *)t->file.data + *at, t->file.size - *at, err);
  if (status != AKIN_OK) return akin_fail_context(err, status, "%s, at byte %zu", what, *at);
  *at += out->size;
  return AKIN_OK;
}

static akin_status legacy_check_system(const akin_pickle_value *version, const akin_pickle_value *system,
                                       akin_error *err) {
  if (version->kind != AKIN_PICKLE_INTEGER || version->as.integer != LEGACY_PROTOCOL)
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "a .pth of another protocol than %d", LEGACY_PROTOCOL);
  const akin_pickle_value *little = akin_pickle_get(system, "little_endian");
  if (!little || little->kind != AKIN_PICKLE_BOOLEAN)
    return akin_fail(err, AKIN_ERROR_FORMAT, "does not say whether its numbers are little-endian");
  if (!little->as.boolean)
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "was written on a big-endian machine: save it on another one");
  return AKIN_OK;
}

/* Walks over one storage in the file: number of elements, elements. */
static akin_status legacy_place(akin_tensors *t, akin_pth *pth, const char *key, size_t *at, akin_error *err) {
  akin_pth_storage *storage = akin_pth_storage_find(pth, key);
  if (!storage) return akin_fail(err, AKIN_ERROR_FORMAT, "storage %s is there, but no tensor names it", key);
  if (storage->place) return akin_fail(err, AKIN_ERROR_FORMAT, "storage %s is listed twice", key);
  const uint8_t *bytes = t->file.data;
  const uint64_t left = t->file.size - *at;
  if (left < 8 || storage->bytes > left - 8) {
    return akin_fail(err, AKIN_ERROR_FORMAT, "truncated: storage %s wants %llu bytes at byte %zu, the file has %zu",
                     key, (unsigned long long)storage->bytes, *at, t->file.size);
  }
  const uint64_t count = akin_little_get(bytes + *at, 8);
  if (count != storage->count) {
    return akin_fail(err, AKIN_ERROR_FORMAT, "storage %s has %llu elements at byte %zu, the state dict says %llu", key,
                     (unsigned long long)count, *at, (unsigned long long)storage->count);
  }
  storage->place = *at + 8;
  *at += 8 + (size_t)storage->bytes;
  return AKIN_OK;
}

static akin_status legacy_places(akin_tensors *t, akin_pth *pth, const akin_pickle_value *keys, size_t *at,
                                 akin_error *err) {
  if (keys->kind != AKIN_PICKLE_LIST)
    return akin_fail(err, AKIN_ERROR_FORMAT, "the keys of the storages are %s", akin_pickle_kind_name(keys->kind));
  for (uint32_t i = 0; i < keys->as.items.count; i++) {
    const akin_pickle_value *key = keys->as.items.at[i];
    if (key->kind != AKIN_PICKLE_TEXT)
      return akin_fail(err, AKIN_ERROR_FORMAT, "the key of a storage is %s", akin_pickle_kind_name(key->kind));
    akin_status status = legacy_place(t, pth, key->as.text.bytes, at, err);
    if (status != AKIN_OK) return status;
  }
  if (*at != t->file.size)
    return akin_fail(err, AKIN_ERROR_FORMAT, "%zu bytes are left over after the last storage", t->file.size - *at);
  for (size_t i = 0; i < pth->storage_count; i++)
    if (pth->storages[i].place == 0)
      return akin_fail(err, AKIN_ERROR_FORMAT, "storage %s is not in the file", pth->storages[i].key);
  return AKIN_OK;
}

static akin_status legacy_open(akin_tensors *t, akin_error *err) {
  size_t at = 0;
  akin_pickle magic, version, system, state, keys;
  akin_status status = legacy_pickle(&magic, t, &at, "its magic number", err);
  if (status == AKIN_OK) status = legacy_pickle(&version, t, &at, "its protocol", err);
  if (status == AKIN_OK) status = legacy_pickle(&system, t, &at, "its system", err);
  if (status == AKIN_OK) status = legacy_check_system(version.root, system.root, err);
  if (status == AKIN_OK) status = legacy_pickle(&state, t, &at, "its state dict", err);
  if (status == AKIN_OK) status = legacy_pickle(&keys, t, &at, "its list of storages", err);
  if (status != AKIN_OK) return status;
  akin_pth *pth = akin_arena_alloc(&t->arena, sizeof *pth);
  if (!pth) return akin_reader_arena_failed(&t->arena, err);
  t->state = pth;
  status = akin_pth_storages(pth, &t->arena, state.storages, err);
  if (status == AKIN_OK) status = legacy_places(t, pth, keys.root, &at, err);
  if (status == AKIN_OK) status = akin_pth_list(t, pth, state.root, err);
  return status;
}

static akin_status legacy_read(const akin_tensors *t, size_t index, const uint32_t *axes, float *out, akin_error *err) {
  (void)err;
  const akin_pth_source *source = &((const akin_pth *)t->state)->sources[index];
  const uint8_t *bytes = (const uint8_t *)t->file.data + source->storage->place;
  akin_gather(out, bytes, source->storage->dtype, &source->view, axes);
  return AKIN_OK;
}

const akin_reader akin_reader_pth_legacy = {"pth", legacy_recognise, legacy_open, legacy_read, NULL};
