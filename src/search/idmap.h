/*
 * idmap.h - from an id to the number of its row: open addressing, half full at most. It is made from the array of ids
 * when it is first needed, and may be dropped at any time; the ids themselves are not in it.
 */
#ifndef AKIN_SEARCH_IDMAP_H
#define AKIN_SEARCH_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AKIN_IDMAP_NONE      SIZE_MAX
#define AKIN_IDMAP_ROW_LIMIT ((size_t)UINT32_MAX)

typedef struct akin_idmap {
  uint32_t *slots; /* number of a row plus one; 0: empty */
  size_t count;    /* of slots: 0 or a power of two */
  size_t rows;     /* ids[0..rows) are in it */
} akin_idmap;

#define AKIN_IDMAP_INIT                                                                                                \
  { NULL, 0, 0 }

/* Takes up all of ids[0..rows) that are not in it yet. An id of 0 is no id. False when there is no memory: the map is
 * then dropped. */
bool akin_idmap_update(akin_idmap *map, const uint64_t *ids, size_t rows);
/* The row of an id among ids[0..map->rows), or AKIN_IDMAP_NONE. */
size_t akin_idmap_find(const akin_idmap *map, const uint64_t *ids, uint64_t id);
void akin_idmap_drop(akin_idmap *map);

#endif
