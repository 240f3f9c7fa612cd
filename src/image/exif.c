/* exif.c - orientation by libexif, the only file that knows its types. Its allocations go through base/memory.h. */
#include "image/exif.h"

#include "base/error.h"
#include "base/memory.h"

#include <libexif/exif-data.h>
#include <libexif/exif-utils.h>
#include <stdbool.h>
#include <string.h>

#define EXIF_READ_AT_MOST 65536u

static const uint8_t exif_mark[6] = {'E', 'x', 'i', 'f', 0, 0};

/* Did libexif ask in vain? It goes on with less when memory ends, and does not always log it, which would turn pictures
 * wrongly in silence. Its allocators are given no context. */
static _Thread_local bool exif_starved;

static void *exif_note(void *p) {
  if (!p) exif_starved = true;
  return p;
}

static void *exif_allocate(ExifLong size) {
  return exif_note(akin_calloc(1, size));
}

static void *exif_reallocate(void *p, ExifLong size) {
  return exif_note(akin_realloc_array(p, 1, size));
}

static uint8_t exif_read_orientation(ExifData *data) {
  ExifEntry *entry = exif_content_get_entry(data->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
  if (!entry || !entry->data || entry->components < 1) return 1;
  ExifByteOrder order = exif_data_get_byte_order(data);
  uint32_t value = 0;
  if (entry->format == EXIF_FORMAT_SHORT && entry->size >= 2) value = exif_get_short(entry->data, order);
  if (entry->format == EXIF_FORMAT_LONG && entry->size >= 4) value = exif_get_long(entry->data, order);
  return value >= 1 && value <= 8 ? (uint8_t)value : 1;
}

/* bytes begin with exif_mark. False: out of memory. */
static bool exif_parse(uint8_t *out, const uint8_t *bytes, size_t n) {
  exif_starved = false;
  ExifMem *memory = exif_mem_new(exif_allocate, exif_reallocate, akin_free);
  ExifData *data = memory ? exif_data_new_mem(memory) : NULL;
  if (data) {
    exif_data_unset_option(data, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION); /* it would rewrite what was read */
    exif_data_load_data(data, bytes, (unsigned)n);
    *out = exif_read_orientation(data);
    exif_data_unref(data);
  }
  if (memory) exif_mem_unref(memory);
  return !exif_starved;
}

akin_status akin_exif_orientation(uint8_t *out, const uint8_t *bytes, size_t n, akin_error *err) {
  *out = 1;
  if (n > EXIF_READ_AT_MOST) n = EXIF_READ_AT_MOST;
  if (n < sizeof exif_mark) return AKIN_OK;
  if (memcmp(bytes, exif_mark, sizeof exif_mark) == 0)
    return exif_parse(out, bytes, n) ? AKIN_OK : akin_fail_memory(err, n);
  uint8_t *marked = akin_alloc(sizeof exif_mark + n);
  if (!marked) return akin_fail_memory(err, sizeof exif_mark + n);
  memcpy(marked, exif_mark, sizeof exif_mark);
  memcpy(marked + sizeof exif_mark, bytes, n);
  bool parsed = exif_parse(out, marked, sizeof exif_mark + n);
  akin_free(marked);
  return parsed ? AKIN_OK : akin_fail_memory(err, n);
}
