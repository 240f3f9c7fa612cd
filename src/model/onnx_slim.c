/* onnx_slim.c - protobuf's wire format by hand, only as far as it takes to leave things out (onnx_slim.h). */
#include "model/onnx_slim.h"

#include "base/error.h"

#include <stdbool.h>
#include <string.h>

#define SLIM_RAW_DATA    9
#define SLIM_VARINT_MOST 10
#define SLIM_LENGTH      5 /* bytes of a length that is filled in later: a varint may be longer than it need be */

/* How a value is written. */
enum { SLIM_VARINT = 0, SLIM_64_BITS = 1, SLIM_BYTES = 2, SLIM_32_BITS = 5 };

typedef enum slim_message {
  SLIM_MODEL,
  SLIM_GRAPH,
  SLIM_NODE,
  SLIM_ATTRIBUTE,
  SLIM_TENSOR,
  SLIM_SPARSE,
  SLIM_VALUE,
  SLIM_TYPE,
  SLIM_TENSOR_TYPE,
  SLIM_SHAPE,
  SLIM_DIMENSION,
  SLIM_OPSET,
  SLIM_ENTRY,
  SLIM_FUNCTION,
  SLIM_COPIED, /* no message: the value itself */
  SLIM_PLACE   /* its place is what is kept */
} slim_message;

/* What is kept of each message; field 0 ends a list. */
typedef struct slim_field {
  uint32_t number;
  slim_message kind;
} slim_field;

#define SLIM_FIELDS_MOST 12

static const slim_field slim_fields[][SLIM_FIELDS_MOST] = {
    [SLIM_MODEL] = {{1, SLIM_COPIED}, {7, SLIM_GRAPH}, {8, SLIM_OPSET}, {25, SLIM_FUNCTION}},
    [SLIM_GRAPH] =
        {{1, SLIM_NODE}, {2, SLIM_COPIED}, {5, SLIM_TENSOR}, {11, SLIM_VALUE}, {12, SLIM_VALUE}, {15, SLIM_SPARSE}},
    [SLIM_NODE] =
        {{1, SLIM_COPIED}, {2, SLIM_COPIED}, {3, SLIM_COPIED}, {4, SLIM_COPIED}, {5, SLIM_ATTRIBUTE}, {7, SLIM_COPIED}},
    [SLIM_ATTRIBUTE] = {{1, SLIM_COPIED},
                        {2, SLIM_COPIED},
                        {3, SLIM_COPIED},
                        {4, SLIM_COPIED},
                        {5, SLIM_TENSOR},
                        {7, SLIM_COPIED},
                        {8, SLIM_COPIED},
                        {9, SLIM_COPIED},
                        {20, SLIM_COPIED},
                        {21, SLIM_COPIED}},
    [SLIM_TENSOR] = {{1, SLIM_COPIED},
                     {2, SLIM_COPIED},
                     {4, SLIM_PLACE},
                     {5, SLIM_COPIED},
                     {7, SLIM_COPIED},
                     {8, SLIM_COPIED},
                     {9, SLIM_PLACE},
                     {10, SLIM_COPIED},
                     {11, SLIM_COPIED},
                     {13, SLIM_ENTRY},
                     {14, SLIM_COPIED}},
    [SLIM_SPARSE] = {{1, SLIM_TENSOR}},
    [SLIM_VALUE] = {{1, SLIM_COPIED}, {2, SLIM_TYPE}},
    [SLIM_TYPE] = {{1, SLIM_TENSOR_TYPE}},
    [SLIM_TENSOR_TYPE] = {{1, SLIM_COPIED}, {2, SLIM_SHAPE}},
    [SLIM_SHAPE] = {{1, SLIM_DIMENSION}},
    [SLIM_DIMENSION] = {{1, SLIM_COPIED}, {2, SLIM_COPIED}},
    [SLIM_OPSET] = {{1, SLIM_COPIED}, {2, SLIM_COPIED}},
    [SLIM_ENTRY] = {{1, SLIM_COPIED}, {2, SLIM_COPIED}},
    [SLIM_FUNCTION] = {{1, SLIM_COPIED}},
};

typedef struct slimmer {
  akin_buffer *out;
  const uint8_t *bytes;
  akin_error *err;
} slimmer;

/* A part of the file, [at, end). */
typedef struct slim_part {
  size_t at, end;
} slim_part;

static akin_status slim_damaged(const slimmer *s, size_t at) {
  return akin_fail(s->err, AKIN_ERROR_FORMAT, "not ONNX, or damaged or cut off: byte %zu cannot be read", at);
}

static akin_status slim_put(const slimmer *s, const void *bytes, size_t n) {
  const akin_status status = akin_buffer_append(s->out, bytes, n);
  if (status == AKIN_ERROR_LIMIT)
    return akin_fail(s->err, status, "its graph takes more than %zu MB without its weights", s->out->ceiling >> 20);
  return status == AKIN_OK ? AKIN_OK : akin_fail_memory(s->err, n);
}

static bool slim_varint(uint64_t *out, const slimmer *s, slim_part *part) {
  *out = 0;
  for (int i = 0; i < SLIM_VARINT_MOST && part->at < part->end; i++) {
    const uint8_t byte = s->bytes[part->at++];
    *out |= (uint64_t)(byte & 0x7F) << 7 * i;
    if (byte < 0x80) return true;
  }
  return false;
}

/* The value that begins at part->at, which moves behind it. */
static bool slim_value(slim_part *out, const slimmer *s, slim_part *part, unsigned wire) {
  uint64_t size = 0;
  *out = *part;
  if (wire == SLIM_VARINT) {
    if (!slim_varint(&size, s, part)) return false;
    out->end = part->at;
    return true;
  }
  if (wire == SLIM_BYTES) {
    if (!slim_varint(&size, s, part)) return false;
  } else if (wire == SLIM_64_BITS || wire == SLIM_32_BITS) {
    size = wire == SLIM_64_BITS ? 8 : 4;
  } else {
    return false;
  }
  if (size > part->end - part->at) return false;
  out->at = part->at;
  out->end = part->at += (size_t)size;
  return true;
}

/* A field's number and wire type, and a length of any size below 2^35. */
static akin_status slim_head(const slimmer *s, uint32_t number, unsigned wire, uint64_t length) {
  uint8_t head[2 + SLIM_LENGTH]; /* numbers are below 32: two bytes at most */
  size_t n = 0;
  const uint32_t tag = number << 3 | wire;
  if (tag >= 0x80) head[n++] = (uint8_t)(tag | 0x80);
  head[n] = (uint8_t)(n ? tag >> 7 : tag);
  n++;
  for (int i = 0; wire == SLIM_BYTES && i < SLIM_LENGTH; i++)
    head[n++] = (uint8_t)((length >> 7 * i & 0x7F) | (i + 1 < SLIM_LENGTH ? 0x80 : 0));
  return slim_put(s, head, n);
}

static akin_status slim_copy(const slimmer *s, uint32_t number, unsigned wire, slim_part value) {
  akin_status status = slim_head(s, number, wire, value.end - value.at);
  return status == AKIN_OK ? slim_put(s, s->bytes + value.at, value.end - value.at) : status;
}

static akin_status slim_place(const slimmer *s, slim_part value) {
  const akin_onnx_place place = {value.at, value.end - value.at};
  akin_status status = slim_head(s, SLIM_RAW_DATA, SLIM_BYTES, sizeof place);
  return status == AKIN_OK ? slim_put(s, &place, sizeof place) : status;
}

static slim_message slim_kind(slim_message message, uint64_t number, bool *kept) {
  const slim_field *fields = slim_fields[message];
  for (size_t i = 0; i < SLIM_FIELDS_MOST && fields[i].number; i++) {
    if (fields[i].number != number) continue;
    *kept = true;
    return fields[i].kind;
  }
  *kept = false;
  return SLIM_COPIED;
}

static akin_status slim_message_fields(const slimmer *s, slim_message message, slim_part part);

/* A message inside another: its length is known when all of it is written. As deep as slim_fields goes, which has no
 * circle. */
static akin_status slim_inner(const slimmer *s, uint32_t number, slim_message message,
                              slim_part value) { // NOLINT(misc-no-recursion)
  akin_status status = slim_head(s, number, SLIM_BYTES, 0);
  const size_t begin = s->out->size;
  if (status == AKIN_OK) status = slim_message_fields(s, message, value);
  if (status != AKIN_OK) return status;
  const size_t length = s->out->size - begin;
  uint8_t *at = (uint8_t *)s->out->data + begin - SLIM_LENGTH;
  for (int i = 0; i < SLIM_LENGTH; i++)
    at[i] = (uint8_t)((length >> 7 * i & 0x7F) | (i + 1 < SLIM_LENGTH ? 0x80 : 0));
  return AKIN_OK;
}

static akin_status slim_message_fields(const slimmer *s, slim_message message,
                                       slim_part part) { // NOLINT(misc-no-recursion)
  akin_status status = AKIN_OK;
  while (part.at < part.end && status == AKIN_OK) {
    uint64_t tag = 0;
    slim_part value;
    bool kept = false;
    const size_t begin = part.at;
    if (!slim_varint(&tag, s, &part)) return slim_damaged(s, begin);
    const unsigned wire = (unsigned)(tag & 7);
    if (tag >> 3 == 0 || !slim_value(&value, s, &part, wire)) return slim_damaged(s, begin);
    const slim_message kind = slim_kind(message, tag >> 3, &kept);
    if (!kept) continue;
    const uint32_t number = (uint32_t)(tag >> 3);
    if (kind == SLIM_COPIED || (kind == SLIM_PLACE && wire != SLIM_BYTES))
      status = slim_copy(s, number, wire, value);
    else if (wire != SLIM_BYTES)
      status = slim_damaged(s, begin);
    else if (kind == SLIM_PLACE)
      status = slim_place(s, value);
    else
      status = slim_inner(s, number, kind, value);
  }
  return status;
}

akin_status akin_onnx_slim(akin_buffer *out, const uint8_t *bytes, size_t size, akin_error *err) {
  const slimmer s = {out, bytes, err};
  return slim_message_fields(&s, SLIM_MODEL, (slim_part){0, size});
}
