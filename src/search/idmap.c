/*
 * idmap.c - see idmap.h. A row whose id has become 0 stays in its slot: it matches nothing, and chains run over it.
 */
#include "search/idmap.h"

#include "base/memory.h"

/* Ids are counted up from 1; the multiplication (2^64 divided by the golden ratio) spreads neighbours far apart. */
static size_t idmap_home(const akin_idmap *map, uint64_t id) {
  return (size_t)((id * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & (map->count - 1);
}

static void idmap_insert(akin_idmap *map, uint64_t id, size_t row) {
  size_t i = idmap_home(map, id);
  while (map->slots[i])
    i = (i + 1) & (map->count - 1);
  map->slots[i] = (uint32_t)(row + 1);
}

/* An empty map with room for `rows` of them. */
static bool idmap_make_room(akin_idmap *map, size_t rows) {
  size_t count = 64;
  while (count / 2 < rows)
    count *= 2;
  akin_idmap_drop(map);
  map->slots = akin_calloc(count, sizeof *map->slots);
  map->count = map->slots ? count : 0;
  return map->slots != NULL;
}

bool akin_idmap_update(akin_idmap *map, const uint64_t *ids, size_t rows) {
  if (rows > map->count / 2 && !idmap_make_room(map, rows)) return false;
  for (; map->rows < rows; map->rows++)
    if (ids[map->rows]) idmap_insert(map, ids[map->rows], map->rows);
  return true;
}

size_t akin_idmap_find(const akin_idmap *map, const uint64_t *ids, uint64_t id) {
  if (map->count == 0 || id == 0) return AKIN_IDMAP_NONE;
  for (size_t i = idmap_home(map, id); map->slots[i]; i = (i + 1) & (map->count - 1)) {
    size_t row = map->slots[i] - 1;
    if (ids[row] == id) return row;
  }
  return AKIN_IDMAP_NONE;
}

void akin_idmap_drop(akin_idmap *map) {
  akin_free(map->slots);
  *map = (akin_idmap)AKIN_IDMAP_INIT;
}
