/*
 * arena.h - many small things that live and die together: cut out of blocks, freed all at once, under one ceiling.
 * Made for what is parsed out of a file, where the number of things is the file's to choose.
 */
#ifndef AKIN_BASE_ARENA_H
#define AKIN_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

typedef struct akin_arena {
  struct akin_arena_block *blocks; /* the newest first; NULL while nothing was ever allocated */
  size_t used;                     /* bytes handed out, rounded up to the alignment */
  size_t ceiling;                  /* used never exceeds this; 0: no ceiling but the address space */
  bool full;                       /* an allocation failed because of the ceiling */
  bool starved;                    /* an allocation failed for want of memory */
} akin_arena;

#define AKIN_ARENA_INIT(ceiling)                                                                                       \
  { NULL, 0, (ceiling), false, false }

/* Cleared memory, aligned for any type; NULL when the ceiling is reached or memory is short. */
void *akin_arena_alloc(akin_arena *arena, size_t size);
void *akin_arena_array(akin_arena *arena, size_t count, size_t size);  /* NULL, too, when the product overflows */
char *akin_arena_text(akin_arena *arena, const char *bytes, size_t n); /* a copy of exactly n bytes, with NUL */
/* A copy of [count] items. */
void *akin_arena_copy(akin_arena *arena, const void *items, size_t count, size_t size);
/* Where one more of `count` items fits: `items`, or a copy with twice the room. */
void *akin_arena_room(akin_arena *arena, void *items, size_t count, size_t *room, size_t size);
void akin_arena_free(akin_arena *arena); /* and back to the initial state */

#endif
