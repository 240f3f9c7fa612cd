/* seen.c - which images repeat one that was seen before? And: the imprint of a stored file. See duplicates.h. */
#include "engine/duplicates.h"

#include "base/error.h"
#include "base/memory.h"
#include "engine/facts.h"

#include <string.h>

/* ---- a file ---- */

akin_status akin_imprint_of_file(akin_imprint *out, const char *path, const akin_hash *content,
                                 const akin_file_facts *facts, const akin_limits *limits, akin_error *err) {
  akin_buffer bytes = AKIN_BUFFER_INIT(0);
  akin_file_facts now;
  akin_hash hash;
  akin_status status = akin_file_read(&bytes, path, limits->max_bytes, &now, err);
  if (!status && content && !(facts && akin_facts_same(facts, &now))) {
    status = akin_hash_bytes(&hash, bytes.data, bytes.size, err);
    if (!status && !akin_hash_equal(&hash, content))
      status = akin_fail(err, AKIN_ERROR_MISMATCH, "is not what was indexed any more: akin index it again");
  }
  if (!status) status = akin_image_imprint(out, bytes.data, bytes.size, limits, err);
  akin_buffer_free(&bytes);
  return status;
}

/* ---- what was seen ---- */

typedef struct seen_image {
  uint64_t content_id; /* 0: from outside */
  char *path;          /* owned; from outside */
  float *feature;      /* f32 [dim], owned; from outside */
  akin_hash hash;      /* of a stored one; with the imprint */
  bool tried, readable;
  akin_imprint imprint; /* when readable; before `tried` nothing is known of it */
} seen_image;

struct akin_seen {
  akin_store *store;
  const akin_vectors *vectors;
  akin_limits limits;
  akin_apart apart;
  seen_image **images; /* that were added */
  size_t count, room;
  seen_image *last; /* that was tested: the next one to be added, perhaps */
};

static void seen_image_free(seen_image *image) {
  if (!image) return;
  akin_free(image->path);
  akin_free(image->feature);
  akin_free(image);
}

akin_status akin_seen_new(akin_seen **out, akin_store *store, const akin_vectors *vectors, const akin_limits *limits,
                          akin_error *err) {
  akin_storage *reader = NULL;
  *out = NULL;
  akin_seen *seen = akin_calloc(1, sizeof *seen);
  if (!seen) return akin_fail_memory(err, sizeof *seen);
  *seen = (akin_seen){.store = store, .vectors = vectors, .limits = AKIN_LIMITS_INIT};
  if (limits) seen->limits = *limits;
  akin_status status = akin_store_reader(store, &reader, err);
  if (!status) status = akin_apart_load(&seen->apart, reader, err);
  if (status) {
    akin_seen_free(seen);
    return status;
  }
  *out = seen;
  return AKIN_OK;
}

void akin_seen_free(akin_seen *seen) {
  if (!seen) return;
  for (size_t i = 0; i < seen->count; i++)
    seen_image_free(seen->images[i]);
  seen_image_free(seen->last);
  akin_free(seen->images);
  akin_apart_free(&seen->apart);
  akin_free(seen);
}

/* ---- adding ---- */

static akin_status seen_outside(seen_image *image, const char *path, const float *feature, uint32_t dim,
                                akin_error *err) {
  image->path = akin_strdup(path);
  image->feature = akin_realloc_array(NULL, dim, sizeof *feature);
  if (!image->path || !image->feature) return akin_fail_memory(err, dim * sizeof *feature);
  memcpy(image->feature, feature, dim * sizeof *feature);
  return AKIN_OK;
}

static akin_status seen_room(akin_seen *seen, akin_error *err) {
  if (seen->count < seen->room) return AKIN_OK;
  const size_t room = seen->room ? seen->room * 2 : 16;
  seen_image **images = akin_realloc_array(seen->images, room, sizeof *images);
  if (!images) return akin_fail_memory(err, room * sizeof *images);
  seen->images = images;
  seen->room = room;
  return AKIN_OK;
}

akin_status akin_seen_add(akin_seen *seen, uint64_t content_id, const char *path, const float *feature,
                          akin_error *err) {
  const bool known = content_id && seen->last && seen->last->content_id == content_id;
  akin_status status = seen_room(seen, err);
  if (status) return status;
  seen_image *image = known ? seen->last : akin_calloc(1, sizeof *image);
  if (!image) return akin_fail_memory(err, sizeof *image);
  image->content_id = content_id;
  if (!content_id) status = seen_outside(image, path, feature, akin_vectors_dim(seen->vectors), err);
  if (status) {
    seen_image_free(image);
    return status;
  }
  if (known) seen->last = NULL;
  seen->images[seen->count++] = image;
  return AKIN_OK;
}

/* ---- testing ---- */

typedef struct seen_reading {
  const akin_seen *seen;
  seen_image *image;
} seen_reading;

/* Takes the imprint of the first file that still has the content. */
static akin_status seen_read_stored(void *context, const akin_stored_image *stored, akin_error *err) {
  const seen_reading *r = context;
  akin_error why;
  if (r->image->readable) return AKIN_OK;
  r->image->hash = stored->content;
  akin_status status =
      akin_imprint_of_file(&r->image->imprint, stored->path, &stored->content, &stored->facts, &r->seen->limits, &why);
  r->image->readable = status == AKIN_OK;
  return status == AKIN_ERROR_MEMORY ? akin_fail(err, status, "%s", why.text) : AKIN_OK;
}

/* Looks at the picture, once. One that cannot be read is no failure. */
static akin_status seen_look(const akin_seen *seen, seen_image *image, akin_error *err) {
  seen_reading r = {seen, image};
  akin_storage *reader = NULL;
  if (image->tried) return AKIN_OK;
  image->tried = true;
  if (!image->content_id) {
    image->readable = !akin_hash_file(&image->hash, image->path, NULL) &&
                      !akin_imprint_of_file(&image->imprint, image->path, NULL, NULL, &seen->limits, NULL);
    return AKIN_OK;
  }
  akin_status status = akin_store_reader(seen->store, &reader, err);
  return status ? status : akin_storage_images_of(reader, image->content_id, seen_read_stored, &r, err);
}

static akin_status seen_compare(const akin_seen *seen, seen_image *image, seen_image *other, bool *repeats,
                                akin_error *err) {
  const float *feature = akin_vectors_find(seen->vectors, image->content_id);
  const float *with = other->content_id ? akin_vectors_find(seen->vectors, other->content_id) : other->feature;
  float score = -1.0f, agreement;
  *repeats = image->content_id == other->content_id;
  if (*repeats || !feature || !with) return AKIN_OK;
  const uint32_t dim = akin_vectors_dim(seen->vectors);
  akin_search_scores(&score, feature, with, 1, dim, dim);
  if (!(score >= AKIN_DUPLICATES_MIN_SCORE)) return AKIN_OK;
  akin_status status = seen_look(seen, image, err);
  if (!status) status = seen_look(seen, other, err);
  if (status || !image->readable || !other->readable) return status;
  *repeats = !akin_apart_has(&seen->apart, &image->hash, &other->hash) &&
             akin_imprint_same(&image->imprint, &other->imprint, &agreement);
  return AKIN_OK;
}

akin_status akin_seen_test(akin_seen *seen, uint64_t content_id, bool *repeats, akin_error *err) {
  akin_status status = AKIN_OK;
  *repeats = false;
  seen_image_free(seen->last);
  seen->last = akin_calloc(1, sizeof *seen->last);
  if (!seen->last) return akin_fail_memory(err, sizeof *seen->last);
  seen->last->content_id = content_id;
  for (size_t i = 0; !status && !*repeats && i < seen->count; i++)
    status = seen_compare(seen, seen->last, seen->images[i], repeats, err);
  return status;
}
