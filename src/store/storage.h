/* storage.h - a store as the files of this room see it. */
#ifndef AKIN_STORE_STORAGE_H
#define AKIN_STORE_STORAGE_H

#include "store/database.h"
#include "store/store.h"

struct akin_storage {
  akin_database *database;
  akin_storage_mode mode;
  int lock;            /* writer.lock, -1 for a reader */
  uint64_t id;         /* akin_storage_id */
  uint64_t generation; /* that the open transaction will make, if it changes anything */
  uint64_t changes;    /* akin_database_changes at its beginning */
};

/* USAGE unless a transaction that writes is open. */
akin_status akin_storage_check_writing(const akin_storage *s, akin_error *err);

/* Lets go of a content that may have lost its last image: if so, it leaves with its features, and removals are noted.
 */
akin_status akin_storage_content_release(akin_storage *s, uint64_t content_id, akin_error *err);

/* Drops removals beyond those that are kept for caches. */
akin_status akin_storage_removals_trim(akin_storage *s, akin_error *err);

/* What is inside a folder, as a range of paths: low <= path < high, "/a/" to "/a0" ('0' follows '/'). */
typedef struct akin_path_range {
  char *low, *high;
  size_t size; /* bytes of either */
} akin_path_range;
akin_status akin_path_range_of(akin_path_range *out, const char *folder, akin_error *err); /* absolute, normalised */
void akin_path_range_free(akin_path_range *range);

/* Is the feature, f32 [dim], finite and of unit length, but for rounding? */
bool akin_feature_is_sound(const float *feature, size_t dim);
/* Features as they are stored, f32 little-endian. */
void akin_feature_from_bytes(float *feature, const void *bytes, size_t dim);
void akin_feature_to_bytes(uint8_t *bytes, const float *feature, size_t dim);

#endif
