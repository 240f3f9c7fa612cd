/* apart.c - pairs that people told apart: kept by content, looked up while duplicates are grouped. */
#include "engine/duplicates.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"
#include "engine/facts.h"

#include <akin/duplicates.h>
#include <stdlib.h>
#include <string.h>

#define APART_IMAGES 1000 /* at once: half a million pairs */

/* ---- looked up ---- */

static akin_status apart_keep(void *context, const akin_hash *first, const akin_hash *second, akin_error *err) {
  akin_apart *apart = context;
  if (apart->count == apart->room) {
    const size_t room = apart->room ? apart->room * 2 : 64;
    akin_hash(*pairs)[2] = akin_realloc_array(apart->pairs, room, sizeof *pairs);
    if (!pairs) return akin_fail_memory(err, room * sizeof *pairs);
    apart->pairs = pairs;
    apart->room = room;
  }
  apart->pairs[apart->count][0] = *first;
  apart->pairs[apart->count++][1] = *second;
  return AKIN_OK;
}

akin_status akin_apart_load(akin_apart *out, akin_storage *reader, akin_error *err) {
  *out = (akin_apart){0};
  return akin_storage_apart(reader, apart_keep, out, err);
}

static int apart_compare(const void *key, const void *pair) {
  return memcmp(key, pair, 2 * sizeof(akin_hash));
}

bool akin_apart_has(const akin_apart *apart, const akin_hash *a, const akin_hash *b) {
  const bool ordered = memcmp(a, b, sizeof *a) < 0;
  const akin_hash key[2] = {ordered ? *a : *b, ordered ? *b : *a};
  return apart->count > 0 && bsearch(key, apart->pairs, apart->count, sizeof *apart->pairs, apart_compare) != NULL;
}

void akin_apart_free(akin_apart *apart) {
  akin_free(apart->pairs);
  *apart = (akin_apart){0};
}

/* ---- told ---- */

typedef struct apart_stored {
  bool there, known;
  akin_file_facts now;
  akin_hash content;
} apart_stored;

static akin_status apart_visit_stored(void *context, const akin_stored_image *image, akin_error *err) {
  apart_stored *s = context;
  (void)err;
  s->known = image->state == AKIN_IMAGE_READABLE && (!s->there || akin_facts_same(&s->now, &image->facts));
  s->content = image->content;
  return AKIN_OK;
}

/* The content at a path: as it was indexed when it is unchanged, or gone; else as it is now. */
static akin_status apart_content(akin_hash *out, akin_storage *reader, const char *path, akin_error *err) {
  apart_stored s = {0};
  char *absolute = NULL;
  akin_status status = akin_path_absolute(&absolute, path, err);
  if (!status) {
    s.there = akin_file_facts_of(&s.now, absolute, NULL) == AKIN_OK;
    status = akin_storage_image_at(reader, absolute, apart_visit_stored, &s, err);
    status = status == AKIN_ERROR_NOT_FOUND ? AKIN_OK : status;
  }
  if (!status && s.known) *out = s.content;
  if (!status && !s.known) status = akin_hash_file(out, absolute, err);
  akin_free(absolute);
  return status;
}

static akin_status apart_contents(akin_hash *contents, akin_store *store, const char *const *images, size_t count,
                                  akin_error *err) {
  akin_storage *reader = NULL;
  akin_status status = akin_store_reader(store, &reader, err);
  for (size_t i = 0; !status && i < count; i++) {
    status = apart_content(&contents[i], reader, images[i], err);
    for (size_t j = 0; !status && j < i; j++) {
      if (!akin_hash_equal(&contents[i], &contents[j])) continue;
      status = akin_fail(err, AKIN_ERROR_USAGE, "%s and %s have the same content: they are the same image", images[j],
                         images[i]);
    }
  }
  return status;
}

static akin_status apart_change(akin_storage *writer, const akin_hash *contents, size_t count, int apart,
                                uint64_t *changed, akin_error *err) {
  akin_status status = akin_storage_begin(writer, err);
  for (size_t i = 0; !status && i < count; i++)
    for (size_t j = 0; !status && j < i; j++) {
      bool different = false;
      status = apart ? akin_storage_apart_put(writer, &contents[i], &contents[j], &different, err)
                     : akin_storage_apart_remove(writer, &contents[i], &contents[j], &different, err);
      *changed += different;
    }
  return status ? status : akin_storage_commit(writer, err);
}

akin_status akin_store_tell_apart(akin_store *store, const char *const *images, size_t count, int apart,
                                  uint64_t *changed, akin_error *err) {
  akin_storage *writer = NULL;
  uint64_t pairs = 0;
  if (changed) *changed = 0;
  if (count < 2 || count > APART_IMAGES) {
    return akin_fail(err, AKIN_ERROR_USAGE, "%zu images were named, 2 to %d can be told apart at once", count,
                     APART_IMAGES);
  }
  akin_hash *contents = akin_realloc_array(NULL, count, sizeof *contents);
  if (!contents) return akin_fail_memory(err, count * sizeof *contents);
  akin_status status = apart_contents(contents, store, images, count, err);
  if (!status) status = akin_store_writer(store, &writer, err);
  if (!status) status = apart_change(writer, contents, count, apart, &pairs, err);
  akin_storage_close(writer);
  akin_free(contents);
  if (!status && changed) *changed = pairs;
  return status;
}

/* ---- listed ---- */

typedef struct apart_list {
  akin_storage *reader;
  akin_apart_visit *visit;
  void *context;
} apart_list;

static akin_status apart_copy_path(void *context, const akin_stored_image *image, akin_error *err) {
  char **path = context;
  if (*path) return AKIN_OK; /* the first is enough */
  *path = akin_strdup(image->path);
  return *path ? AKIN_OK : akin_fail_memory(err, strlen(image->path) + 1);
}

static akin_status apart_list_pair(void *context, const akin_hash *first, const akin_hash *second, akin_error *err) {
  const apart_list *list = context;
  const akin_hash *hashes[2] = {first, second};
  char *paths[2] = {NULL, NULL}, hex[2][AKIN_HASH_HEX_SIZE];
  akin_status status = AKIN_OK;
  for (size_t i = 0; !status && i < 2; i++) {
    uint64_t id = 0;
    akin_hash_hex(hex[i], hashes[i]);
    status = akin_storage_content_find(list->reader, hashes[i], &id, NULL, NULL, err);
    if (!status && id) status = akin_storage_images_of(list->reader, id, apart_copy_path, &paths[i], err);
  }
  const char *const told[2] = {paths[0], paths[1]}, *const contents[2] = {hex[0], hex[1]};
  if (!status) status = list->visit(list->context, told, contents);
  akin_free(paths[0]);
  akin_free(paths[1]);
  return status;
}

akin_status akin_store_told_apart(akin_store *store, akin_apart_visit *visit, void *context, akin_error *err) {
  apart_list list = {NULL, visit, context};
  akin_status status = akin_store_reader(store, &list.reader, err);
  return status ? status : akin_storage_apart(list.reader, apart_list_pair, &list, err);
}
