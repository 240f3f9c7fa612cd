/* arena.c - blocks that double in size up to a point, each with its data behind its head. */
#include "base/arena.h"

#include "base/memory.h"

#include <stddef.h>
#include <string.h>

#define ARENA_FIRST_BLOCK 4096u
#define ARENA_LAST_BLOCK  1048576u
#define ARENA_FIRST_ROOM  4u /* items */

typedef struct akin_arena_block {
  struct akin_arena_block *next;
  size_t room; /* bytes behind the head */
  size_t taken;
  max_align_t data[];
} akin_arena_block;

/* A new block in front, with room for `size` bytes at least. */
static bool arena_grow(akin_arena *arena, size_t size) {
  size_t room = ARENA_FIRST_BLOCK, total = 0;
  if (arena->blocks) room = arena->blocks->room < ARENA_LAST_BLOCK ? 2 * arena->blocks->room : ARENA_LAST_BLOCK;
  if (room < size) room = size;
  if (!akin_add(&total, sizeof(akin_arena_block), room)) return false;
  akin_arena_block *block = akin_calloc(total, 1);
  if (!block) {
    arena->starved = true;
    return false;
  }
  block->next = arena->blocks;
  block->room = room;
  arena->blocks = block;
  return true;
}

void *akin_arena_alloc(akin_arena *arena, size_t size) {
  size_t rounded = 0;
  if (!akin_add(&rounded, size ? size : 1, sizeof(max_align_t) - 1)) return NULL;
  rounded -= rounded % sizeof(max_align_t);
  if (arena->ceiling && rounded > arena->ceiling - arena->used) {
    arena->full = true;
    return NULL;
  }
  if (!arena->blocks || rounded > arena->blocks->room - arena->blocks->taken) {
    if (!arena_grow(arena, rounded)) return NULL;
  }
  void *p = (char *)arena->blocks->data + arena->blocks->taken;
  arena->blocks->taken += rounded;
  arena->used += rounded;
  return p;
}

void *akin_arena_array(akin_arena *arena, size_t count, size_t size) {
  size_t total = 0;
  return akin_multiply(&total, count, size) ? akin_arena_alloc(arena, total) : NULL;
}

char *akin_arena_text(akin_arena *arena, const char *bytes, size_t n) {
  size_t size = 0;
  char *text = akin_add(&size, n, 1) ? akin_arena_alloc(arena, size) : NULL;
  if (text && n) memcpy(text, bytes, n);
  return text;
}

void *akin_arena_copy(akin_arena *arena, const void *items, size_t count, size_t size) {
  void *copy = akin_arena_array(arena, count, size);
  if (copy && count) memcpy(copy, items, count * size);
  return copy;
}

void *akin_arena_room(akin_arena *arena, void *items, size_t count, size_t *room, size_t size) {
  if (count < *room) return items;
  const size_t wanted = *room ? 2 * *room : ARENA_FIRST_ROOM;
  void *grown = akin_arena_array(arena, wanted, size);
  if (!grown) return NULL;
  if (count) memcpy(grown, items, count * size);
  *room = wanted;
  return grown;
}

void akin_arena_free(akin_arena *arena) {
  while (arena->blocks) {
    akin_arena_block *next = arena->blocks->next;
    akin_free(arena->blocks);
    arena->blocks = next;
  }
  arena->used = 0;
  arena->full = arena->starved = false;
}
