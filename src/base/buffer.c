/* buffer.c - the growing buffer: doubles its room, never past the ceiling, always one byte more for the NUL. */
#include "base/buffer.h"

#include "base/format.h"
#include "base/memory.h"

#include <stdarg.h>
#include <string.h>

#define BUFFER_FIRST_ROOM 64

static size_t buffer_limit(const akin_buffer *b) {
  return b->ceiling ? b->ceiling : SIZE_MAX - 1;
}

akin_status akin_buffer_reserve(akin_buffer *b, size_t more) {
  const size_t limit = buffer_limit(b);
  if (b->size > limit || more > limit - b->size) return AKIN_ERROR_LIMIT;
  const size_t wanted = b->size + more + 1;
  if (wanted <= b->room) return AKIN_OK;
  size_t room = b->room > limit / 2 ? limit + 1 : 2 * b->room;
  if (room < BUFFER_FIRST_ROOM && BUFFER_FIRST_ROOM <= limit) room = BUFFER_FIRST_ROOM;
  if (room < wanted) room = wanted;
  char *data = akin_realloc_array(b->data, room, 1);
  if (!data) return AKIN_ERROR_MEMORY;
  b->data = data;
  b->room = room;
  b->data[b->size] = '\0';
  return AKIN_OK;
}

akin_status akin_buffer_append(akin_buffer *b, const void *bytes, size_t n) {
  akin_status status = akin_buffer_reserve(b, n);
  if (status != AKIN_OK) return status;
  if (n) memcpy(b->data + b->size, bytes, n);
  b->size += n;
  b->data[b->size] = '\0';
  return AKIN_OK;
}

akin_status akin_buffer_append_text(akin_buffer *b, const char *text) {
  return akin_buffer_append(b, text, strlen(text));
}

akin_status akin_buffer_printf(akin_buffer *b, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = akin_vformat(NULL, 0, format, arguments);
  va_end(arguments);
  if (length < 0) return AKIN_ERROR_MEMORY;
  akin_status status = akin_buffer_reserve(b, (size_t)length);
  if (status != AKIN_OK) return status;
  va_start(arguments, format);
  akin_vformat(b->data + b->size, (size_t)length + 1, format, arguments);
  va_end(arguments);
  b->size += (size_t)length;
  return AKIN_OK;
}

void akin_buffer_shorten(akin_buffer *b, size_t size) {
  if (size > b->size || !b->data) return;
  b->size = size;
  b->data[size] = '\0';
}

void akin_buffer_clear(akin_buffer *b) {
  akin_buffer_shorten(b, 0);
}

void akin_buffer_free(akin_buffer *b) {
  akin_free(b->data);
  *b = (akin_buffer)AKIN_BUFFER_INIT(b->ceiling);
}

char *akin_buffer_take(akin_buffer *b) {
  if (akin_buffer_reserve(b, 0) != AKIN_OK) return NULL;
  char *data = b->data;
  *b = (akin_buffer)AKIN_BUFFER_INIT(b->ceiling);
  return data;
}
