/* tensors.c - finds the reader for a file by its first bytes, and answers the questions of tensors.h for all of them.
 */
#include "weights/tensors.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"
#include "weights/reader.h"

#include <stdlib.h>
#include <string.h>

static const akin_reader *const tensors_readers[] = {&akin_reader_pth_legacy, &akin_reader_keras, &akin_reader_pth_zip,
                                                     &akin_reader_safetensors};

akin_status akin_reader_arena_failed(const akin_arena *arena, akin_error *err) {
  if (!arena->full) return akin_fail(err, AKIN_ERROR_MEMORY, "out of memory after %zu bytes of names", arena->used);
  return akin_fail(err, AKIN_ERROR_LIMIT, "its description takes more than %zu bytes of memory", arena->ceiling);
}

#define TENSORS_SAVED_MODEL                                                                                            \
  "a TensorFlow SavedModel: tf_keras.models.load_model(FOLDER).save(\"model.keras\") makes a file of it that is "      \
  "read, as does python -m tf2onnx.convert --saved-model FOLDER --output model.onnx"
#define TENSORS_READ "PyTorch state dicts (.pth, by torch.save), .safetensors and Keras files (.h5, .keras)"

/* Files that people are likely to try: what they are, and what to do. */
static const char *tensors_foreign(const char *path, const uint8_t *bytes, size_t n) {
  if (n >= 8 && memcmp(bytes + 4, "TFL3", 4) == 0) {
    return "a TensorFlow Lite file: import the Keras model that it was made of, or what "
           "python -m tf2onnx.convert --tflite FILE --output model.onnx makes of it";
  }
  if (n >= 3 && memcmp(bytes, "\x08\x01\x12", 3) == 0 && akin_path_has_extension(path, "pb"))
    return TENSORS_SAVED_MODEL;
  if (akin_path_has_extension(path, "pb"))
    return "a TensorFlow graph (.pb): import the Keras model that it was made of, or what python -m tf2onnx.convert "
           "--graphdef FILE --inputs INPUT:0 --outputs OUTPUT:0 --output model.onnx makes of it";
  if (n >= 3 && bytes[0] == 0x08 && bytes[1] >= 3 && bytes[1] < 0x20 && (bytes[2] == 0x12 || bytes[2] == 0x3A))
    return "a network in ONNX, by the look of it: those are read from files that are called .onnx";
  if (n >= 262 && memcmp(bytes + 257, "ustar", 5) == 0) return "a tar archive: of weights, " TENSORS_READ " are read";
  if (n >= 2 && bytes[0] == 0x80 && bytes[1] <= 5) return "a bare pickle: of weights, " TENSORS_READ " are read";
  return NULL;
}

static akin_status tensors_find_reader(akin_tensors *t, akin_error *err) {
  const uint8_t *bytes = t->file.data;
  for (size_t i = 0; i < sizeof tensors_readers / sizeof *tensors_readers; i++) {
    if (!tensors_readers[i]->recognise(bytes, t->file.size)) continue;
    t->reader = tensors_readers[i];
    return AKIN_OK;
  }
  const char *foreign = tensors_foreign(t->path, bytes, t->file.size);
  if (foreign) return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "%s", foreign);
  return akin_fail(err, AKIN_ERROR_UNSUPPORTED,
                   "not a weights file (%zu bytes): " TENSORS_READ " are read, and networks in ONNX (.onnx)",
                   t->file.size);
}

/* A SavedModel is a folder; all other folders are refused as what they are. */
static akin_status tensors_check_folder(const char *path, akin_error *err) {
  char *inside = akin_path_join(path, "saved_model.pb");
  if (!inside) return akin_fail_memory(err, strlen(path));
  const bool saved_model = akin_file_exists(inside);
  akin_free(inside);
  return saved_model ? akin_fail(err, AKIN_ERROR_UNSUPPORTED, "%s: " TENSORS_SAVED_MODEL, path) : AKIN_OK;
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
  akin_status status = tensors_check_folder(path, err); /* these two name the file themselves */
  if (status == AKIN_OK) status = akin_mapping_open(&t->file, path, err);
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

const char *akin_tensors_path(const akin_tensors *t) {
  return t->path;
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
