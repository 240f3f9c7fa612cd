/*
 * fuzz_keras_parts.c - what of reading Keras files is done without a child or is our own: any bytes as a child's
 * answer, which a hostile file may have written, and as an archive.
 */
#include "fuzz/fuzz.h"
#include "weights/archive.h"
#include "weights/gather.h"
#include "weights/keras_index.h"

#define FILE_SIZE 4096u /* bytes that the answer is about */

static akin_status read_index(const uint8_t *bytes, size_t n, akin_error *err) {
  akin_tensors t = {.arena = AKIN_ARENA_INIT(AKIN_READER_ARENA)};
  akin_keras_file file = {.version = NULL};
  uint64_t *offsets = NULL;
  const akin_status status = akin_keras_index_read(&file, &offsets, &t, (const char *)bytes, n, FILE_SIZE, err);
  for (size_t i = 0; i < t.count && status == AKIN_OK; i++) {
    const akin_tensor *tensor = &t.list[i];
    fuzz_require(tensor->rank <= AKIN_TENSOR_RANK && offsets[i] <= FILE_SIZE);
    fuzz_require(tensor->count <= (FILE_SIZE - offsets[i]) / akin_dtype_size(tensor->dtype));
  }
  akin_arena_free(&t.arena);
  return status;
}

static akin_status find_entry(const uint8_t *bytes, size_t n, akin_error *err) {
  static const char name[] = "config.json";
  const char *names[] = {name};
  akin_archive_entry entry;
  volatile uint8_t sum = 0;
  akin_archive_begins_with(bytes, n, names, 1);
  const akin_status status = akin_archive_find(&entry, bytes, n, name, err);
  for (size_t i = 0; status == AKIN_OK && entry.bytes && i < entry.size; i++)
    sum = (uint8_t)(sum + entry.bytes[i]);
  return status;
}

static akin_status body(const uint8_t *bytes, size_t n, akin_error *err) {
  const akin_status status = find_entry(bytes, n, err);
  if (status != AKIN_OK && n > 1 && memcmp(bytes, "PK", 2) == 0) return status;
  return read_index(bytes, n, err);
}

FUZZ_TARGET(body)
