/* table.c - see table.h. */
#include "engine/table.h"

#include "base/error.h"
#include "base/memory.h"
#include "search/idmap.h"

#include <string.h>

/* A table that grows. */
typedef struct table_reading {
  akin_table *table;
  akin_vectors *vectors;
  size_t image_room, content_room;
  uint64_t *ids;   /* of the contents, in the store */
  uint32_t *lasts; /* the last image so far of each content */
  akin_idmap map;  /* from ids to contents' numbers */
} table_reading;

/* *array with room for one more; what is there stays valid without memory. */
static bool table_grow(void *array, size_t room, size_t size) {
  void *grown = akin_realloc_array(*(void **)array, room, size);
  if (grown) *(void **)array = grown;
  return grown != NULL;
}

static akin_status table_room_for_image(table_reading *r, akin_error *err) {
  akin_table *t = r->table;
  if (t->count < r->image_room) return AKIN_OK;
  if (t->count >= AKIN_TABLE_NONE - 1)
    return akin_fail(err, AKIN_ERROR_LIMIT, "more than %u images cannot be compared at once", AKIN_TABLE_NONE - 1);
  const size_t room = r->image_room ? 2 * r->image_room : 256;
  if (!table_grow(&t->paths, room, sizeof *t->paths) || !table_grow(&t->images, room, sizeof *t->images))
    return akin_fail_memory(err, room * sizeof *t->images);
  r->image_room = room;
  return AKIN_OK;
}

static akin_status table_add_content(table_reading *r, uint64_t id, const float *feature, akin_error *err) {
  akin_table *t = r->table;
  if (t->content_count == r->content_room) {
    const size_t room = r->content_room ? 2 * r->content_room : 256;
    if (!table_grow(&t->features, room, sizeof *t->features) || !table_grow(&t->firsts, room, sizeof *t->firsts) ||
        !table_grow(&r->ids, room, sizeof *r->ids) || !table_grow(&r->lasts, room, sizeof *r->lasts))
      return akin_fail_memory(err, room * sizeof *r->ids);
    r->content_room = room;
  }
  r->ids[t->content_count] = id;
  r->lasts[t->content_count] = AKIN_TABLE_NONE;
  t->features[t->content_count] = feature;
  t->firsts[t->content_count++] = (uint32_t)t->count;
  return akin_idmap_update(&r->map, r->ids, t->content_count) ? AKIN_OK : akin_fail_memory(err, t->content_count);
}

static akin_status table_visit(void *context, const akin_stored_image *image, akin_error *err) {
  table_reading *r = context;
  akin_table *t = r->table;
  const float *feature = image->state == AKIN_IMAGE_READABLE ? akin_vectors_find(r->vectors, image->content_id) : NULL;
  if (!feature) return AKIN_OK; /* told when it was indexed */
  akin_status status = table_room_for_image(r, err);
  size_t content = status ? 0 : akin_idmap_find(&r->map, r->ids, image->content_id);
  if (!status && content == AKIN_IDMAP_NONE) {
    content = t->content_count;
    status = table_add_content(r, image->content_id, feature, err);
  }
  char *path = status ? NULL : akin_strdup(image->path);
  if (!path) return status ? status : akin_fail_memory(err, strlen(image->path) + 1);
  const uint32_t number = (uint32_t)t->count, last = r->lasts[content];
  if (last != AKIN_TABLE_NONE) t->images[last].next = number;
  r->lasts[content] = number;
  t->paths[t->count] = path;
  t->images[t->count++] = (akin_table_image){(uint32_t)content, AKIN_TABLE_NONE, image->width, image->height};
  return AKIN_OK;
}

akin_status akin_table_read(akin_table *out, akin_storage *reader, akin_vectors *vectors, akin_error *err) {
  table_reading r = {.table = out, .vectors = vectors, .map = AKIN_IDMAP_INIT};
  *out = (akin_table){0};
  akin_status status = akin_storage_images(reader, NULL, table_visit, &r, err);
  akin_idmap_drop(&r.map);
  akin_free(r.lasts);
  akin_free(r.ids);
  return status;
}

akin_status akin_table_of_model(akin_table *out, akin_stored_model **model, akin_store *store, const char *name,
                                akin_error *err) {
  akin_vectors *vectors = NULL;
  akin_storage *reader = NULL;
  *out = (akin_table){0};
  akin_status status = akin_store_find_model(store, model, name, err);
  if (status) return status;
  if (!(status = akin_store_vectors(store, &vectors, *model, err)) &&
      !(status = akin_store_reader(store, &reader, err)))
    status = akin_table_read(out, reader, vectors, err);
  if (!status && out->count == 0)
    status = akin_fail(err, AKIN_ERROR_NOT_FOUND, "the store %s holds no images of %s yet: akin index FOLDER",
                       store->folder, (*model)->name);
  if (status) {
    akin_stored_models_free(*model, 1);
    *model = NULL;
  }
  return status;
}

void akin_table_free(akin_table *table) {
  for (size_t i = 0; i < table->count; i++)
    akin_free(table->paths[i]);
  akin_free(table->paths);
  akin_free(table->images);
  akin_free(table->features);
  akin_free(table->firsts);
  *table = (akin_table){0};
}
