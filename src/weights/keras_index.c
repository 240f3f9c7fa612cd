/* keras_index.c - the index of keras_index.h, written and read. */
#include "weights/keras_index.h"

#include "base/error.h"
#include "base/little.h"
#include "weights/gather.h"

#include <string.h>

akin_status akin_keras_index_number(akin_buffer *out, uint64_t value) {
  uint8_t bytes[8];
  akin_little_put(bytes, sizeof bytes, value);
  return akin_buffer_append(out, bytes, sizeof bytes);
}

akin_status akin_keras_index_text(akin_buffer *out, const char *bytes, size_t n) {
  akin_status status = akin_keras_index_number(out, n);
  if (status == AKIN_OK) status = akin_buffer_append(out, bytes, n);
  return status == AKIN_OK ? akin_buffer_append(out, "", 1) : status;
}

/* ---- reading ---- */

typedef struct index_reader {
  const char *at;
  size_t left;
  akin_keras_file *file;
  akin_keras_group *groups; /* [file->group_count] */
  uint64_t *offsets;
  akin_tensors *t;
  size_t room; /* of t->list and offsets */
  size_t size; /* of the file */
  akin_error *err;
} index_reader;

static akin_status index_broken(const index_reader *r) {
  return akin_fail(r->err, AKIN_ERROR_FORMAT, "damaged: what was read of it makes no sense");
}

static akin_status index_read_number(index_reader *r, uint64_t *out) {
  if (r->left < 8) return index_broken(r);
  *out = akin_little_get(r->at, 8);
  r->at += 8;
  r->left -= 8;
  return AKIN_OK;
}

static akin_status index_read_text(index_reader *r, const char **out, size_t *size) {
  uint64_t length = 0;
  akin_status status = index_read_number(r, &length);
  if (status != AKIN_OK) return status;
  if (length >= r->left || memchr(r->at, '\0', (size_t)length + 1) != r->at + length) return index_broken(r);
  *out = r->at;
  if (size) *size = (size_t)length;
  r->at += length + 1;
  r->left -= (size_t)length + 1;
  return AKIN_OK;
}

static akin_status index_make_room(index_reader *r) {
  akin_arena *arena = &r->t->arena;
  if (r->t->count < r->room) return AKIN_OK;
  if (r->room >= AKIN_READER_TENSORS)
    return akin_fail(r->err, AKIN_ERROR_LIMIT, "has more than %u tensors", AKIN_READER_TENSORS);
  const size_t room = r->room ? 2 * r->room : 64;
  akin_tensor *list = akin_arena_array(arena, room, sizeof *list);
  uint64_t *offsets = akin_arena_array(arena, room, sizeof *offsets);
  if (!list || !offsets) return akin_reader_arena_failed(arena, r->err);
  if (r->room) {
    memcpy(list, r->t->list, r->room * sizeof *list);
    memcpy(offsets, r->offsets, r->room * sizeof *offsets);
  }
  r->t->list = list;
  r->offsets = offsets;
  r->room = room;
  return AKIN_OK;
}

static akin_status index_read_shape(index_reader *r, akin_tensor *tensor) {
  uint64_t rank = 0;
  akin_status status = index_read_number(r, &rank);
  if (status == AKIN_OK && rank > AKIN_TENSOR_RANK) status = index_broken(r);
  tensor->rank = (uint32_t)rank;
  tensor->count = 1;
  for (uint32_t i = 0; i < tensor->rank && status == AKIN_OK; i++) {
    status = index_read_number(r, &tensor->shape[i]);
    if (__builtin_mul_overflow(tensor->count, tensor->shape[i], &tensor->count)) status = index_broken(r);
  }
  return status;
}

static akin_status index_read_tensor(index_reader *r) {
  akin_status status = index_make_room(r);
  if (status != AKIN_OK) return status;
  akin_tensor *tensor = &r->t->list[r->t->count];
  uint64_t offset = 0, dtype = 0;
  status = index_read_text(r, &tensor->name, NULL);
  if (status == AKIN_OK) status = index_read_number(r, &dtype);
  if (status == AKIN_OK && dtype > AKIN_DTYPE_BOOL) status = index_broken(r);
  if (status == AKIN_OK) status = index_read_shape(r, tensor);
  if (status == AKIN_OK) status = index_read_number(r, &offset);
  if (status != AKIN_OK) return status;
  tensor->dtype = (akin_dtype)dtype;
  const size_t each = akin_dtype_size(tensor->dtype);
  if (offset > r->size || tensor->count > (r->size - offset) / each) {
    return akin_fail(r->err, AKIN_ERROR_FORMAT,
                     "weight %s: its %llu numbers begin at byte %llu, the file has %zu bytes", tensor->name,
                     (unsigned long long)tensor->count, (unsigned long long)offset, r->size);
  }
  r->offsets[r->t->count++] = offset;
  return AKIN_OK;
}

static akin_status index_read_group(index_reader *r, akin_keras_group *group) {
  uint64_t count = 0;
  akin_status status = index_read_text(r, &group->name, NULL);
  if (status == AKIN_OK) status = index_read_number(r, &count);
  group->first = r->t->count;
  for (uint64_t i = 0; i < count && status == AKIN_OK; i++)
    status = index_read_tensor(r);
  group->count = r->t->count - group->first;
  return status;
}

static akin_status index_read_groups(index_reader *r) {
  uint64_t count = 0;
  akin_status status = index_read_number(r, &count);
  if (status != AKIN_OK) return status;
  if (count > AKIN_READER_TENSORS)
    return akin_fail(r->err, AKIN_ERROR_LIMIT, "has more than %u layers", AKIN_READER_TENSORS);
  r->groups = akin_arena_array(&r->t->arena, (size_t)count, sizeof *r->groups);
  if (!r->groups) return akin_reader_arena_failed(&r->t->arena, r->err);
  for (uint64_t i = 0; i < count && status == AKIN_OK; i++)
    status = index_read_group(r, &r->groups[i]);
  r->file->groups = r->groups;
  r->file->group_count = (size_t)count;
  return status;
}

akin_status akin_keras_index_read(akin_keras_file *file, uint64_t **offsets, akin_tensors *t, const char *bytes,
                                  size_t n, size_t size, akin_error *err) {
  index_reader reader = {.at = bytes, .left = n, .file = file, .t = t, .size = size, .err = err}, *r = &reader;
  uint64_t form = 0;
  akin_status status = index_read_text(r, &file->version, NULL);
  if (status == AKIN_OK) status = index_read_text(r, &file->config, &file->config_size);
  if (status == AKIN_OK) status = index_read_number(r, &form);
  if (status == AKIN_OK && form > AKIN_KERAS_ARCHIVE) status = index_broken(r);
  if (status == AKIN_OK) status = index_read_groups(r);
  if (status == AKIN_OK && r->left) status = index_broken(r);
  if (status != AKIN_OK) return status;
  file->form = (akin_keras_form)form;
  if (!*file->version) file->version = NULL;
  if (!file->config_size) file->config = NULL;
  *offsets = r->offsets;
  return AKIN_OK;
}
