/*
 * pth_zip.c - the layout of .pth since PyTorch 1.6: a zip archive, its entries usually stored:
 *
 *     ROOT/data.pkl    the state dict
 *     ROOT/byteorder   "little" (not in older files)
 *     ROOT/data/KEY    the elements of a storage
 *
 * The only file that knows libzip, which checks each entry's CRC as it is read to its end. What an entry claims to hold
 * is checked before anything of that size is allocated: a storage must be as large as the state dict says, and no entry
 * larger than its compressed bytes can give.
 */
#include "weights/pth.h"

#include "base/error.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <zip.h>

#define ZIP_ENTRIES     131072
#define ZIP_PICKLE_SIZE 67108864u
#define ZIP_WORD_SIZE   16u
#define ZIP_RATIO       1032u /* deflate gives no more bytes out of one */

typedef struct zip_name {
  const char *text; /* libzip's, until the archive is closed */
  uint64_t index;
} zip_name;

typedef struct zip_state {
  akin_pth pth;
  zip_t *archive;
  zip_name *names; /* sorted; in the arena */
  size_t count;
  char *root;      /* "ROOT/" */
  uint64_t pickle; /* the entry ROOT/data.pkl */
} zip_state;

static bool zip_recognise(const uint8_t *bytes, size_t n) {
  return n >= 4 && memcmp(bytes, "PK\x03\x04", 4) == 0;
}

static akin_status zip_failed(akin_error *err, zip_error_t *why, const char *what) {
  akin_status code = zip_error_code_zip(why) == ZIP_ER_MEMORY ? AKIN_ERROR_MEMORY : AKIN_ERROR_FORMAT;
  return akin_fail(err, code, "%s: %s", what, zip_error_strerror(why));
}

static akin_status zip_open_archive(zip_state *state, const akin_mapping *file, akin_error *err) {
  zip_error_t why;
  zip_error_init(&why);
  akin_status status = AKIN_OK;
  zip_source_t *source = zip_source_buffer_create(file->data, file->size, 0, &why);
  if (source) state->archive = zip_open_from_source(source, ZIP_RDONLY, &why);
  if (!state->archive) {
    status = zip_failed(err, &why, "damaged zip archive");
    zip_source_free(source);
  }
  zip_error_fini(&why);
  return status;
}

static int zip_compare_names(const void *a, const void *b) {
  return strcmp(((const zip_name *)a)->text, ((const zip_name *)b)->text);
}

static akin_status zip_list_names(zip_state *state, akin_arena *arena, akin_error *err) {
  const zip_int64_t count = zip_get_num_entries(state->archive, 0);
  if (count < 0 || count > ZIP_ENTRIES)
    return akin_fail(err, AKIN_ERROR_LIMIT, "has %lld entries, at most %d are read", (long long)count, ZIP_ENTRIES);
  state->names = akin_arena_array(arena, (size_t)count, sizeof *state->names);
  if (!state->names) return akin_reader_arena_failed(arena, err);
  state->count = (size_t)count;
  for (size_t i = 0; i < state->count; i++) {
    const char *name = zip_get_name(state->archive, i, ZIP_FL_ENC_RAW);
    if (!name) return zip_failed(err, zip_get_error(state->archive), "the name of an entry");
    state->names[i] = (zip_name){name, i};
  }
  qsort(state->names, state->count, sizeof *state->names, zip_compare_names);
  for (size_t i = 1; i < state->count; i++)
    if (strcmp(state->names[i - 1].text, state->names[i].text) == 0)
      return akin_fail(err, AKIN_ERROR_FORMAT, "has two entries '%s'", state->names[i].text);
  return AKIN_OK;
}

/* The folder that all is in, from the one entry ROOT/data.pkl. */
static akin_status zip_find_root(zip_state *state, akin_arena *arena, akin_error *err) {
  static const char pickle[] = "/data.pkl";
  const size_t length = sizeof pickle - 1;
  for (size_t i = 0; i < state->count; i++) {
    const char *name = state->names[i].text;
    const size_t size = strlen(name);
    if (size <= length || strcmp(name + size - length, pickle) != 0) continue;
    if (state->root) return akin_fail(err, AKIN_ERROR_FORMAT, "has two entries that end with %s", pickle);
    state->pickle = state->names[i].index;
    state->root = akin_arena_text(arena, name, size - length + 1);
    if (!state->root) return akin_reader_arena_failed(arena, err);
  }
  if (state->root) return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_UNSUPPORTED,
                   "a zip archive without data.pkl or config.json: of those only PyTorch state dicts (.pth) and Keras "
                   "models (.keras) are read");
}

/* The entry ROOT + folder + key; *found is NULL when there is none. */
static akin_status zip_find(const zip_name **found, const zip_state *state, const char *folder, const char *key,
                            akin_error *err) {
  char *text = akin_format("%s%s%s", state->root, folder, key);
  if (!text) return akin_fail_memory(err, strlen(state->root) + strlen(folder) + strlen(key) + 1);
  const zip_name wanted = {text, 0};
  *found = bsearch(&wanted, state->names, state->count, sizeof wanted, zip_compare_names);
  akin_free(text);
  return AKIN_OK;
}

/* What an entry says of itself: *size when inflated. */
static akin_status zip_entry_size(const zip_state *state, uint64_t index, uint64_t *size, akin_error *err) {
  const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
  zip_stat_t stat;
  zip_stat_init(&stat);
  const char *name = zip_get_name(state->archive, index, ZIP_FL_ENC_RAW);
  if (!name || zip_stat_index(state->archive, index, 0, &stat) != 0 || (stat.valid & needed) != needed)
    return zip_failed(err, zip_get_error(state->archive), "an entry of the zip archive");
  if (stat.encryption_method != ZIP_EM_NONE ||
      (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE)) {
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED,
                     "entry '%s' is encrypted, or compressed by another method than deflate", name);
  }
  const uint64_t most = stat.comp_method == ZIP_CM_STORE ? stat.comp_size : stat.comp_size * ZIP_RATIO;
  if (stat.comp_size > UINT64_MAX / ZIP_RATIO || stat.size > most) {
    return akin_fail(err, AKIN_ERROR_FORMAT, "entry '%s' claims %llu bytes out of %llu", name,
                     (unsigned long long)stat.size, (unsigned long long)stat.comp_size);
  }
  *size = stat.size;
  return AKIN_OK;
}

/* Reads exactly `size` bytes, and sees that there are no more. */
static akin_status zip_read_entry(const zip_state *state, uint64_t index, uint8_t *out, size_t size, akin_error *err) {
  zip_file_t *entry = zip_fopen_index(state->archive, index, 0);
  if (!entry) return zip_failed(err, zip_get_error(state->archive), "an entry of the zip archive");
  size_t at = 0;
  zip_int64_t got = 1;
  while (at < size && got > 0) {
    got = zip_fread(entry, out + at, size - at);
    if (got > 0) at += (size_t)got;
  }
  uint8_t beyond = 0;
  if (got > 0) got = zip_fread(entry, &beyond, 1); /* at the end libzip checks the CRC */
  akin_status status = AKIN_OK;
  if (got < 0) {
    status = zip_failed(err, zip_file_get_error(entry), zip_get_name(state->archive, index, ZIP_FL_ENC_RAW));
  } else if (at != size || got > 0) {
    status = akin_fail(err, AKIN_ERROR_FORMAT, "entry '%s' does not hold the %zu bytes that it claims",
                       zip_get_name(state->archive, index, ZIP_FL_ENC_RAW), size);
  }
  zip_fclose(entry);
  return status;
}

static akin_status zip_check_byteorder(const zip_state *state, akin_error *err) {
  uint64_t size = 0;
  uint8_t word[ZIP_WORD_SIZE] = {0};
  const zip_name *entry = NULL;
  akin_status status = zip_find(&entry, state, "", "byteorder", err);
  if (status != AKIN_OK || !entry) return status;
  status = zip_entry_size(state, entry->index, &size, err);
  if (status != AKIN_OK) return status;
  if (size < sizeof word) status = zip_read_entry(state, entry->index, word, (size_t)size, err);
  if (status != AKIN_OK) return status;
  if (memcmp(word, "little", sizeof "little") == 0) return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "its byte order is '%s', only little-endian files are read",
                   (char *)word);
}

static akin_status zip_unpickle(akin_pickle *out, const zip_state *state, akin_arena *arena, akin_error *err) {
  uint64_t size = 0;
  const uint64_t index = state->pickle;
  akin_status status = zip_entry_size(state, index, &size, err);
  if (status != AKIN_OK) return status;
  if (size > ZIP_PICKLE_SIZE) {
    return akin_fail(err, AKIN_ERROR_LIMIT, "data.pkl has %llu bytes, at most %u are read", (unsigned long long)size,
                     ZIP_PICKLE_SIZE);
  }
  uint8_t *bytes = akin_alloc((size_t)size);
  if (!bytes) return akin_fail_memory(err, (size_t)size);
  status = zip_read_entry(state, index, bytes, (size_t)size, err);
  if (status == AKIN_OK) status = akin_unpickle(out, arena, bytes, (size_t)size, err);
  if (status == AKIN_OK && out->size != size) {
    status = akin_fail(err, AKIN_ERROR_FORMAT, "data.pkl has %llu bytes after its end",
                       (unsigned long long)(size - out->size));
  }
  akin_free(bytes);
  return status;
}

static akin_status zip_places(zip_state *state, akin_error *err) {
  for (size_t i = 0; i < state->pth.storage_count; i++) {
    akin_pth_storage *storage = &state->pth.storages[i];
    uint64_t size = 0;
    const zip_name *entry = NULL;
    akin_status status = zip_find(&entry, state, "data/", storage->key, err);
    if (status != AKIN_OK) return status;
    if (!entry) return akin_fail(err, AKIN_ERROR_FORMAT, "storage %s is not in the archive", storage->key);
    storage->place = entry->index;
    status = zip_entry_size(state, storage->place, &size, err);
    if (status != AKIN_OK) return status;
    if (size != storage->bytes) {
      return akin_fail(err, AKIN_ERROR_FORMAT, "storage %s has %llu bytes, the state dict says %llu", storage->key,
                       (unsigned long long)size, (unsigned long long)storage->bytes);
    }
  }
  return AKIN_OK;
}

static akin_status zip_open_reader(akin_tensors *t, akin_error *err) {
  akin_pickle pickle;
  zip_state *state = akin_arena_alloc(&t->arena, sizeof *state);
  if (!state) return akin_reader_arena_failed(&t->arena, err);
  t->state = state;
  akin_status status = zip_open_archive(state, &t->file, err);
  if (status == AKIN_OK) status = zip_list_names(state, &t->arena, err);
  if (status == AKIN_OK) status = zip_find_root(state, &t->arena, err);
  if (status == AKIN_OK) status = zip_check_byteorder(state, err);
  if (status == AKIN_OK) status = zip_unpickle(&pickle, state, &t->arena, err);
  if (status == AKIN_OK) status = akin_pth_storages(&state->pth, &t->arena, pickle.storages, err);
  if (status == AKIN_OK) status = zip_places(state, err);
  if (status == AKIN_OK) status = akin_pth_list(t, &state->pth, pickle.root, err);
  return status;
}

static akin_status zip_read(const akin_tensors *t, size_t index, const uint32_t *axes, float *out, akin_error *err) {
  const zip_state *state = t->state;
  const akin_pth_source *source = &state->pth.sources[index];
  const akin_pth_storage *storage = source->storage;
  uint8_t *bytes = akin_alloc((size_t)storage->bytes);
  if (!bytes) return akin_fail_memory(err, (size_t)storage->bytes);
  akin_status status = zip_read_entry(state, storage->place, bytes, (size_t)storage->bytes, err);
  if (status == AKIN_OK) akin_gather(out, bytes, storage->dtype, &source->view, axes);
  akin_free(bytes);
  return status;
}

static void zip_close_reader(void *state) {
  zip_t *archive = ((zip_state *)state)->archive;
  if (archive) zip_discard(archive);
}

const akin_reader akin_reader_pth_zip = {"pth", zip_recognise, zip_open_reader, zip_read, zip_close_reader};
