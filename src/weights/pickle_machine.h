/* pickle_machine.h - the inside of the stack machine: pickle_machine.c, shared by unpickle.c (instructions) and
 * pickle_calls.c (what a state dict calls). */
#ifndef AKIN_WEIGHTS_PICKLE_MACHINE_H
#define AKIN_WEIGHTS_PICKLE_MACHINE_H

#include "weights/unpickle.h"

typedef struct akin_machine {
  const uint8_t *bytes;
  size_t size, at;
  akin_arena *arena;
  akin_error *err;
  akin_pickle_value **stack;
  size_t stack_count, stack_room;
  size_t *marks; /* heights of the stack */
  size_t mark_count, mark_room;
  akin_pickle_value **memo;
  size_t memo_count, memo_room;
  const akin_pickle_storage *storages;
  const akin_pickle_value *root; /* set by STOP */
} akin_machine;

akin_status akin_machine_memory(akin_machine *m);                              /* fails: the arena gave nothing */
akin_pickle_value *akin_machine_value(akin_machine *m, akin_pickle_kind kind); /* NULL: see akin_machine_memory */
/* *array, of `room` items and of the heap, gets room for one more than `count`. */
akin_status akin_machine_room(akin_machine *m, void **array, size_t *room, size_t count, size_t item);
akin_status akin_machine_push(akin_machine *m, akin_pickle_value *value); /* NULL is taken for no memory */
akin_status akin_machine_pop(akin_machine *m, akin_pickle_value **out);   /* never past the last mark */
akin_status akin_machine_append(akin_machine *m, akin_pickle_value *owner, akin_pickle_value *const *values,
                                size_t count);

/* Pushes a function that a state dict may name; UNSUPPORTED for all others. */
akin_status akin_machine_push_function(akin_machine *m, const char *module, const char *name);
akin_status akin_machine_reduce(akin_machine *m);     /* function, arguments → result */
akin_status akin_machine_build(akin_machine *m);      /* object, attributes → object */
akin_status akin_machine_persistent(akin_machine *m); /* ("storage", type, key, device, count …) → storage */

#endif
