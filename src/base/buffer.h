/* buffer.h - a growing run of bytes with a ceiling, always NUL-terminated, so that text can be read from .data. */
#ifndef AKIN_BASE_BUFFER_H
#define AKIN_BASE_BUFFER_H

#include <akin/status.h>
#include <stddef.h>
#include <stdint.h>

typedef struct akin_buffer {
  char *data;     /* NULL while nothing was ever appended */
  size_t size;    /* bytes, without the NUL */
  size_t room;    /* bytes allocated */
  size_t ceiling; /* size never exceeds this; 0: no ceiling but the address space */
} akin_buffer;

#define AKIN_BUFFER_INIT(ceiling)                                                                                      \
  { NULL, 0, 0, (ceiling) }

/* Each append returns AKIN_OK, AKIN_ERROR_MEMORY or AKIN_ERROR_LIMIT (the ceiling); a failed one appends nothing. */
akin_status akin_buffer_append(akin_buffer *b, const void *bytes, size_t n);
akin_status akin_buffer_append_text(akin_buffer *b, const char *text);
akin_status akin_buffer_printf(akin_buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
akin_status akin_buffer_reserve(akin_buffer *b, size_t more); /* room for `more` bytes beyond size */
void akin_buffer_shorten(akin_buffer *b, size_t size);        /* drops what is after the first `size` bytes */
void akin_buffer_clear(akin_buffer *b);                       /* size 0; keeps the room */
void akin_buffer_free(akin_buffer *b);                        /* and back to the initial state */
char *akin_buffer_take(akin_buffer *b); /* the caller frees it with akin_free; never NULL unless out of memory */

#endif
