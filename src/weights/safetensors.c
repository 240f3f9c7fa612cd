/*
 * safetensors.c - .safetensors files: 8 bytes with the size of a header, the header in JSON, then the numbers, without
 * gap and without overlap (https://github.com/huggingface/safetensors, "Format"). Headers up to 16 MB are read, of the
 * format's 100: as many tensors as akin takes need less.
 */
#include "base/error.h"
#include "base/json.h"
#include "base/little.h"
#include "weights/gather.h"
#include "weights/reader.h"

#include <stdlib.h>
#include <string.h>

#define SAFETENSORS_HEAD     8
#define SAFETENSORS_METADATA "__metadata__"

/* Where the numbers of each tensor begin, from the end of the header. */
typedef struct safetensors {
  akin_json *header;
  const uint8_t *numbers;
  uint64_t size; /* of all numbers, bytes */
  uint64_t *begins;
} safetensors;

static uint64_t safetensors_header_size(const uint8_t *bytes) {
  return akin_little_get(bytes, SAFETENSORS_HEAD);
}

/* Sizes of a petabyte are taken for text that happens to have a brace there. */
static bool safetensors_recognise(const uint8_t *bytes, size_t n) {
  return n > SAFETENSORS_HEAD && bytes[SAFETENSORS_HEAD] == '{' && safetensors_header_size(bytes) >> 50 == 0;
}

static void safetensors_close(void *state) {
  safetensors *s = state;
  akin_json_free(s->header);
}

/* ---- one tensor ---- */

static akin_status safetensors_dtype(akin_dtype *out, const char *name, const akin_json *entry, akin_error *err) {
  static const struct {
    const char *name;
    akin_dtype dtype;
  } known[] = {{"F32", AKIN_DTYPE_F32}, {"F16", AKIN_DTYPE_F16}, {"BF16", AKIN_DTYPE_BF16}, {"F64", AKIN_DTYPE_F64},
               {"I64", AKIN_DTYPE_I64}, {"I32", AKIN_DTYPE_I32}, {"U8", AKIN_DTYPE_U8},     {"BOOL", AKIN_DTYPE_BOOL}};
  const char *text = akin_json_text(akin_json_get(entry, "dtype"));
  if (!text) return akin_fail(err, AKIN_ERROR_FORMAT, "tensor %s has no dtype", name);
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (strcmp(known[i].name, text) != 0) continue;
    *out = known[i].dtype;
    return AKIN_OK;
  }
  return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "tensor %s is of type %s, which is not read: save it as F32", name,
                   text);
}

static akin_status safetensors_shape(akin_tensor *t, const akin_json *entry, akin_error *err) {
  const akin_json *shape = akin_json_get(entry, "shape");
  const size_t rank = akin_json_count(shape);
  if (!akin_json_is_array(shape) || rank > AKIN_TENSOR_RANK)
    return akin_fail(err, AKIN_ERROR_FORMAT, "tensor %s has no shape of at most %d numbers", t->name, AKIN_TENSOR_RANK);
  t->rank = (uint32_t)rank;
  t->count = 1;
  for (size_t i = 0; i < rank; i++) {
    int64_t n = 0;
    if (!akin_json_integer(&n, akin_json_at(shape, i)) || n < 0 ||
        __builtin_mul_overflow(t->count, (uint64_t)n, &t->count))
      return akin_fail(err, AKIN_ERROR_FORMAT, "tensor %s: number %zu of its shape is none, or too large", t->name, i);
    t->shape[i] = (uint64_t)n;
  }
  return AKIN_OK;
}

/* data_offsets are two numbers inside the file, as far apart as the shape says. */
static akin_status safetensors_place(const safetensors *s, uint64_t *begin, const akin_tensor *t,
                                     const akin_json *entry, akin_error *err) {
  const akin_json *offsets = akin_json_get(entry, "data_offsets");
  int64_t from = -1, to = -1;
  uint64_t bytes = 0;
  if (akin_json_count(offsets) != 2 || !akin_json_integer(&from, akin_json_at(offsets, 0)) ||
      !akin_json_integer(&to, akin_json_at(offsets, 1)) || from < 0 || to < from || (uint64_t)to > s->size) {
    return akin_fail(err, AKIN_ERROR_FORMAT, "tensor %s: its data_offsets are not two numbers up to %llu", t->name,
                     (unsigned long long)s->size);
  }
  if (__builtin_mul_overflow(t->count, (uint64_t)akin_dtype_size(t->dtype), &bytes) || bytes != (uint64_t)(to - from)) {
    return akin_fail(err, AKIN_ERROR_FORMAT, "tensor %s has %lld bytes, its shape needs %llu elements of %zu", t->name,
                     (long long)(to - from), (unsigned long long)t->count, akin_dtype_size(t->dtype));
  }
  *begin = (uint64_t)from;
  return AKIN_OK;
}

/* ---- all of them ---- */

static akin_status safetensors_list(akin_tensors *t, safetensors *s, akin_error *err) {
  const size_t entries = akin_json_count(s->header);
  if (entries > AKIN_READER_TENSORS)
    return akin_fail(err, AKIN_ERROR_LIMIT, "has %zu tensors, at most %u are read", entries, AKIN_READER_TENSORS);
  t->list = akin_arena_array(&t->arena, entries, sizeof *t->list);
  s->begins = t->list ? akin_arena_array(&t->arena, entries, sizeof *s->begins) : NULL;
  if (!s->begins) return akin_reader_arena_failed(&t->arena, err);
  for (size_t i = 0; i < entries; i++) {
    akin_tensor *tensor = &t->list[t->count];
    tensor->name = akin_json_key_at(s->header, i);
    if (strcmp(tensor->name, SAFETENSORS_METADATA) == 0) continue;
    const akin_json *entry = akin_json_get(s->header, tensor->name);
    akin_status status = safetensors_dtype(&tensor->dtype, tensor->name, entry, err);
    if (!status) status = safetensors_shape(tensor, entry, err);
    if (!status) status = safetensors_place(s, &s->begins[t->count], tensor, entry, err);
    if (status) return status;
    t->count++;
  }
  return t->count > 0 ? AKIN_OK : akin_fail(err, AKIN_ERROR_FORMAT, "holds no tensors");
}

typedef struct safetensors_run {
  uint64_t begin, end;
  const char *name;
} safetensors_run;

static int safetensors_order(const void *a, const void *b) {
  const safetensors_run *x = a, *y = b;
  if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
  return (x->end > y->end) - (x->end < y->end); /* those without a number first */
}

/* Every byte belongs to one tensor. */
static akin_status safetensors_check_cover(akin_tensors *t, const safetensors *s, akin_error *err) {
  safetensors_run *runs = akin_arena_array(&t->arena, t->count, sizeof *runs);
  uint64_t end = 0;
  if (!runs || !s->begins) return akin_reader_arena_failed(&t->arena, err);
  for (size_t i = 0; i < t->count; i++)
    runs[i] = (safetensors_run){s->begins[i], s->begins[i] + t->list[i].count * akin_dtype_size(t->list[i].dtype),
                                t->list[i].name};
  qsort(runs, t->count, sizeof *runs, safetensors_order);
  for (size_t i = 0; i < t->count; end = runs[i++].end) {
    if (runs[i].begin == end) continue;
    return akin_fail(err, AKIN_ERROR_FORMAT, "tensor %s begins at byte %llu, the one before it ends at %llu: %s",
                     runs[i].name, (unsigned long long)runs[i].begin, (unsigned long long)end,
                     runs[i].begin < end ? "they overlap" : "a gap");
  }
  if (end == s->size) return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_FORMAT, "%llu bytes follow the last tensor", (unsigned long long)(s->size - end));
}

static akin_status safetensors_open(akin_tensors *t, akin_error *err) {
  const uint8_t *bytes = t->file.data;
  const uint64_t size = safetensors_header_size(bytes), room = t->file.size - SAFETENSORS_HEAD;
  if (size > room) {
    return akin_fail(err, AKIN_ERROR_FORMAT, "its header has %llu bytes, the file only %llu: truncated",
                     (unsigned long long)size, (unsigned long long)room);
  }
  safetensors *s = akin_arena_alloc(&t->arena, sizeof *s);
  if (!s) return akin_reader_arena_failed(&t->arena, err);
  t->state = s;
  akin_status status = akin_json_parse(&s->header, (const char *)bytes + SAFETENSORS_HEAD, (size_t)size, err);
  if (status) return akin_fail_context(err, status, "its header");
  s->numbers = bytes + SAFETENSORS_HEAD + size;
  s->size = room - size;
  status = safetensors_list(t, s, err);
  return status ? status : safetensors_check_cover(t, s, err);
}

static akin_status safetensors_read(const akin_tensors *t, size_t index, const uint32_t *axes, float *out,
                                    akin_error *err) {
  const safetensors *s = t->state;
  const akin_tensor *tensor = &t->list[index];
  const akin_view view = akin_view_row_major(tensor);
  (void)err;
  akin_gather(out, s->numbers + s->begins[index], tensor->dtype, &view, axes);
  return AKIN_OK;
}

const akin_reader akin_reader_safetensors = {.format = "safetensors",
                                             .recognise = safetensors_recognise,
                                             .open = safetensors_open,
                                             .read = safetensors_read,
                                             .close = safetensors_close};
