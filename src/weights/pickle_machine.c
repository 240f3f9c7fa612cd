/* pickle_machine.c - the stack machine's values and where it keeps them (pickle_machine.h). */
#include "weights/pickle_machine.h"

#include "base/error.h"
#include "base/memory.h"
#include "weights/reader.h"

#include <string.h>

#define MACHINE_VALUES_MOST 1048576u /* on the stack, in the memo, in a collection */

akin_status akin_machine_memory(akin_machine *m) {
  return akin_reader_arena_failed(m->arena, m->err);
}

akin_pickle_value *akin_machine_value(akin_machine *m, akin_pickle_kind kind) {
  akin_pickle_value *value = akin_arena_alloc(m->arena, sizeof *value);
  if (value) value->kind = kind;
  return value;
}

akin_status akin_machine_room(akin_machine *m, void **array, size_t *room, size_t count, size_t item) {
  if (count < *room) return AKIN_OK;
  if (count >= MACHINE_VALUES_MOST)
    return akin_fail(m->err, AKIN_ERROR_LIMIT, "the pickle keeps more than %u values at a time", MACHINE_VALUES_MOST);
  const size_t wanted = *room ? 2 * *room : 64;
  void *grown = akin_realloc_array(*array, wanted, item);
  if (!grown) return akin_fail_memory(m->err, wanted * item);
  *array = grown;
  *room = wanted;
  return AKIN_OK;
}

akin_status akin_machine_push(akin_machine *m, akin_pickle_value *value) {
  if (!value) return akin_machine_memory(m);
  void *stack = m->stack;
  akin_status status = akin_machine_room(m, &stack, &m->stack_room, m->stack_count, sizeof *m->stack);
  m->stack = stack;
  if (status == AKIN_OK) m->stack[m->stack_count++] = value;
  return status;
}

akin_status akin_machine_pop(akin_machine *m, akin_pickle_value **out) {
  const size_t floor = m->mark_count ? m->marks[m->mark_count - 1] : 0;
  if (m->stack_count <= floor)
    return akin_fail(m->err, AKIN_ERROR_FORMAT, "the pickle's stack is empty at byte %zu", m->at);
  *out = m->stack[--m->stack_count];
  return AKIN_OK;
}

akin_status akin_machine_append(akin_machine *m, akin_pickle_value *owner, akin_pickle_value *const *values,
                                size_t count) {
  if (count > MACHINE_VALUES_MOST - owner->as.items.count)
    return akin_fail(m->err, AKIN_ERROR_LIMIT, "the pickle has a collection of more than %u values",
                     MACHINE_VALUES_MOST);
  const uint32_t total = owner->as.items.count + (uint32_t)count;
  if (total > owner->as.items.room) {
    const uint32_t room = total > 2 * owner->as.items.room ? total : 2 * owner->as.items.room;
    const akin_pickle_value **grown = akin_arena_array(m->arena, room, sizeof(void *));
    if (!grown) return akin_machine_memory(m);
    if (owner->as.items.count) memcpy(grown, owner->as.items.at, owner->as.items.count * sizeof(void *));
    owner->as.items.at = grown;
    owner->as.items.room = room;
  }
  if (count) memcpy(owner->as.items.at + owner->as.items.count, values, count * sizeof(void *));
  owner->as.items.count = total;
  return AKIN_OK;
}
