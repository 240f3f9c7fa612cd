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

static void *exif_allocate(ExifLong size) {
  return akin_calloc(1, size);
}

static void *exif_reallocate(void *p, ExifLong size) {
  return akin_realloc_array(p, 1, size);
}

/* libexif goes on with less when memory ends, which would turn pictures wrongly in silence; its log tells. */
static void exif_note_memory(ExifLog *log, ExifLogCode code, const char *domain, const char *format, va_list arguments,
                             void *out_of_memory) {
  (void)log, (void)domain, (void)format, (void)arguments;
  if (code == EXIF_LOG_CODE_NO_MEMORY) *(bool *)out_of_memory = true;
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
  bool out_of_memory = false;
  ExifLog *log = NULL;
  ExifData *data = NULL;
  ExifMem *memory = exif_mem_new(exif_allocate, exif_reallocate, akin_free);
  if (memory) log = exif_log_new_mem(memory);
  if (log) data = exif_data_new_mem(memory);
  if (data) {
    exif_log_set_func(log, exif_note_memory, &out_of_memory);
    exif_data_log(data, log);
    exif_data_unset_option(data, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION); /* it would rewrite what was read */
    exif_data_load_data(data, bytes, (unsigned)n);
    *out = exif_read_orientation(data);
  } else {
    out_of_memory = true;
  }
  if (data) exif_data_unref(data);
  if (log) exif_log_unref(log);
  if (memory) exif_mem_unref(memory);
  return !out_of_memory;
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
