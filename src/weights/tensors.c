/* tensors.c - finds the reader for a file by its first bytes, and answers the questions of tensors.h for all of them.
 */
#include "weights/tensors.h"

#include "base/error.h"
#include "base/memory.h"
#include "weights/reader.h"

#include <stdlib.h>
#include <string.h>

static const akin_reader *const tensors_readers[] = {&akin_reader_pth_legacy, &akin_reader_pth_zip};

akin_status akin_reader_arena_failed(const akin_arena *arena, akin_error *err) {
  if (!arena->full) return akin_fail(err, AKIN_ERROR_MEMORY, "out of memory after %zu bytes of names", arena->used);
  return akin_fail(err, AKIN_ERROR_LIMIT, "its description takes more than %zu bytes of memory", arena->ceiling);
}

/* Files that people are likely to try, and what they are. */
static const char *tensors_foreign(const uint8_t *bytes, size_t n) {
  if (n >= 8 && memcmp(bytes, "\x89HDF\r\n\x1a\n", 8) == 0) return "an HDF5 file (.h5)";
  if (n >= 10 && bytes[8] == '{' && bytes[9] == '"') return "a safetensors file";
  if (n >= 262 && memcmp(bytes + 257, "ustar", 5) == 0) return "a tar archive";
  if (n >= 2 && bytes[0] == 0x80 && bytes[1] <= 5) return "a bare pickle";
  return NULL;
}

static akin_status tensors_find_reader(akin_tensors *t, akin_error *err) {
  const uint8_t *bytes = t->file.data;
  for (size_t i = 0; i < sizeof tensors_readers / sizeof *tensors_readers; i++) {
    if (!tensors_readers[i]->recognise(bytes, t->file.size)) continue;
    t->reader = tensors_readers[i];
    return AKIN_OK;
  }
  const char *foreign = tensors_foreign(bytes, t->file.size);
  if (!foreign) {
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED,
                     "not a weights file (%zu bytes): PyTorch state dicts are read (.pth, by torch.save)",
                     t->file.size);
  }
  return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "%s: of weights, PyTorch state dicts are read (.pth, by torch.save)",
                   foreign);
}

static int tensors_compare(const void *a, const void *b) {
  return strcmp((*(const akin_tensor *const *)a)->name, (*(const akin_tensor *const *)b)->name);
}

static akin_status tensors_sort(akin_tensors *t, akin_error *err) {
  t->by_name = akin_arena_array(&t->arena, t->count, sizeof *t->by_name);
  if (!t->by_name) return akin_reader_arena_failed(&t->arena, err);
  for (size_t i = 0; i < t->count; i++)
    t->by_name[i] = &t->list[i];
  qsort(t->by_name, t->count, sizeof *t->by_name, tensors_compare);
  for (size_t i = 1; i < t->count; i++)
    if (strcmp(t->by_name[i - 1]->name, t->by_name[i]->name) == 0)
      return akin_fail(err, AKIN_ERROR_FORMAT, "has two tensors '%s'", t->by_name[i]->name);
  return AKIN_OK;
}

akin_status akin_tensors_open(akin_tensors **out, const char *path, akin_error *err) {
  *out = NULL;
  akin_tensors *t = akin_calloc(1, sizeof *t);
  if (!t) return akin_fail_memory(err, sizeof *t);
  t->arena = (akin_arena)AKIN_ARENA_INIT(AKIN_READER_ARENA);
  akin_status status = akin_mapping_open(&t->file, path, err); /* names the file itself */
  if (status != AKIN_OK) goto out;
  t->path = akin_strdup(path);
  status = t->path ? tensors_find_reader(t, err) : akin_fail_memory(err, strlen(path) + 1);
  if (status == AKIN_OK) status = t->reader->open(t, err);
  if (status == AKIN_OK) status = tensors_sort(t, err);
  if (status != AKIN_OK) akin_fail_context(err, status, "%s", path);
out:
  if (status == AKIN_OK)
    *out = t;
  else
    akin_tensors_free(t);
  return status;
}

void akin_tensors_free(akin_tensors *t) {
  if (!t) return;
  if (t->state && t->reader->close) t->reader->close(t->state);
  akin_arena_free(&t->arena);
  akin_mapping_close(&t->file);
  akin_free(t->path);
  akin_free(t);
}

const char *akin_tensors_format(const akin_tensors *t) {
  return t->reader->format;
}

size_t akin_tensors_count(const akin_tensors *t) {
  return t->count;
}

const akin_tensor *akin_tensors_at(const akin_tensors *t, size_t index) {
  return index < t->count ? &t->list[index] : NULL;
}

const akin_tensor *akin_tensors_find(const akin_tensors *t, const char *name) {
  const akin_tensor wanted = {.name = name}, *key = &wanted;
  const akin_tensor **found = bsearch(&key, t->by_name, t->count, sizeof *t->by_name, tensors_compare);
  return found ? *found : NULL;
}

akin_status akin_tensors_read(const akin_tensors *t, const akin_tensor *tensor, const uint32_t *axes, float *out,
                              akin_error *err) {
  akin_status status = t->reader->read(t, (size_t)(tensor - t->list), axes, out, err);
  return status == AKIN_OK ? AKIN_OK : akin_fail_context(err, status, "%s: tensor %s", t->path, tensor->name);
}
