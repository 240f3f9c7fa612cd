/*
 * unpickle.c - the stack machine of unpickle.h. The instructions are those of Python's pickle protocols 2 to 5
 * (Lib/pickletools.py describes them); one function each, found through the table at the end. What REDUCE may call is
 * in pickle_calls.c.
 */
#include "weights/unpickle.h"

#include "base/error.h"
#include "base/little.h"
#include "base/memory.h"
#include "weights/pickle_machine.h"

#include <string.h>

#define UNPICKLE_NAME 256u

/* ---- bytes ---- */

static akin_status machine_take(akin_machine *m, size_t n, const uint8_t **bytes) {
  if (n > m->size - m->at) {
    return akin_fail(m->err, AKIN_ERROR_FORMAT, "the pickle ends at byte %zu, in the middle of an instruction",
                     m->size);
  }
  *bytes = m->bytes + m->at;
  m->at += n;
  return AKIN_OK;
}

static akin_status machine_number(akin_machine *m, unsigned size, uint64_t *out) {
  const uint8_t *p = NULL;
  akin_status status = machine_take(m, size, &p);
  if (status != AKIN_OK) return status;
  *out = akin_little_get(p, size);
  return AKIN_OK;
}

/* A name that ends with a line feed. */
static akin_status machine_line(akin_machine *m, char name[UNPICKLE_NAME]) {
  const uint8_t *start = m->bytes + m->at;
  const size_t most = m->size - m->at < UNPICKLE_NAME ? m->size - m->at : UNPICKLE_NAME;
  const uint8_t *end = memchr(start, '\n', most);
  if (!end || memchr(start, '\0', (size_t)(end - start)))
    return akin_fail(m->err, AKIN_ERROR_FORMAT, "a name at byte %zu of the pickle is not one", m->at);
  const size_t length = (size_t)(end - start);
  memcpy(name, start, length);
  name[length] = '\0';
  m->at += length + 1;
  return AKIN_OK;
}

/* ---- stack and memo ---- */

/* The value that later instructions add to: it stays on the stack. */
static akin_status machine_top(akin_machine *m, akin_pickle_kind kind, akin_pickle_value **out) {
  akin_status status = akin_machine_pop(m, out);
  if (status != AKIN_OK) return status;
  m->stack_count++;
  if ((*out)->kind == kind) return AKIN_OK;
  return akin_fail(m->err, AKIN_ERROR_FORMAT, "the pickle adds to %s as if it were %s, at byte %zu",
                   akin_pickle_kind_name((*out)->kind), akin_pickle_kind_name(kind), m->at);
}

/* What was pushed since the last mark, which goes; borrowed until the next push. */
static akin_status machine_since_mark(akin_machine *m, akin_pickle_value ***first, size_t *count) {
  if (m->mark_count == 0) return akin_fail(m->err, AKIN_ERROR_FORMAT, "no mark at byte %zu of the pickle", m->at);
  const size_t floor = m->marks[--m->mark_count];
  *first = floor ? m->stack + floor : m->stack; /* which is NULL when marks alone were pushed */
  *count = m->stack_count - floor;
  m->stack_count = floor;
  return AKIN_OK;
}

static akin_status machine_remember(akin_machine *m, uint64_t number) {
  akin_pickle_value *value = NULL;
  akin_status status = akin_machine_pop(m, &value);
  if (status != AKIN_OK) return status;
  m->stack_count++;
  if (number > m->memo_count) {
    return akin_fail(m->err, AKIN_ERROR_FORMAT, "the pickle's memo jumps from %zu to %llu", m->memo_count,
                     (unsigned long long)number);
  }
  if (number == m->memo_count) {
    void *memo = m->memo;
    status = akin_machine_room(m, &memo, &m->memo_room, m->memo_count, sizeof *m->memo);
    m->memo = memo;
    if (status != AKIN_OK) return status;
    m->memo_count++;
  }
  m->memo[number] = value;
  return AKIN_OK;
}

static akin_status machine_recall(akin_machine *m, uint64_t number) {
  if (number < m->memo_count) return akin_machine_push(m, m->memo[number]);
  return akin_fail(m->err, AKIN_ERROR_FORMAT, "value %llu of the pickle's memo was never put there",
                   (unsigned long long)number);
}

/* ---- instructions: head and marks ---- */

static akin_status do_proto(akin_machine *m) {
  uint64_t version = 0;
  akin_status status = machine_number(m, 1, &version);
  if (status != AKIN_OK) return status;
  if (version >= 2 && version <= 5) return AKIN_OK;
  return akin_fail(m->err, AKIN_ERROR_UNSUPPORTED, "pickle protocol %llu is not known", (unsigned long long)version);
}

static akin_status do_frame(akin_machine *m) {
  uint64_t ignored = 0;
  return machine_number(m, 8, &ignored); /* a hint for buffering */
}

static akin_status do_mark(akin_machine *m) {
  void *marks = m->marks;
  akin_status status = akin_machine_room(m, &marks, &m->mark_room, m->mark_count, sizeof *m->marks);
  m->marks = marks;
  if (status == AKIN_OK) m->marks[m->mark_count++] = m->stack_count;
  return status;
}

static akin_status do_stop(akin_machine *m) {
  akin_pickle_value *value = NULL;
  akin_status status = akin_machine_pop(m, &value);
  if (status != AKIN_OK) return status;
  if (m->stack_count || m->mark_count) {
    return akin_fail(m->err, AKIN_ERROR_FORMAT, "the pickle stops at byte %zu with %zu values left over", m->at,
                     m->stack_count);
  }
  m->root = value;
  return AKIN_OK;
}

/* ---- instructions: plain values ---- */

static akin_status do_none(akin_machine *m) {
  return akin_machine_push(m, akin_machine_value(m, AKIN_PICKLE_NONE));
}

static akin_status machine_push_boolean(akin_machine *m, bool boolean) {
  akin_pickle_value *value = akin_machine_value(m, AKIN_PICKLE_BOOLEAN);
  if (value) value->as.boolean = boolean;
  return akin_machine_push(m, value);
}

static akin_status do_true(akin_machine *m) {
  return machine_push_boolean(m, true);
}

static akin_status do_false(akin_machine *m) {
  return machine_push_boolean(m, false);
}

static akin_status machine_push_integer(akin_machine *m, int64_t integer) {
  akin_pickle_value *value = akin_machine_value(m, AKIN_PICKLE_INTEGER);
  if (value) value->as.integer = integer;
  return akin_machine_push(m, value);
}

static akin_status do_binint(akin_machine *m) {
  uint64_t number = 0;
  akin_status status = machine_number(m, 4, &number);
  return status == AKIN_OK ? machine_push_integer(m, (int32_t)(uint32_t)number) : status;
}

static akin_status do_binint1(akin_machine *m) {
  uint64_t number = 0;
  akin_status status = machine_number(m, 1, &number);
  return status == AKIN_OK ? machine_push_integer(m, (int64_t)number) : status;
}

static akin_status do_binint2(akin_machine *m) {
  uint64_t number = 0;
  akin_status status = machine_number(m, 2, &number);
  return status == AKIN_OK ? machine_push_integer(m, (int64_t)number) : status;
}

static akin_status machine_push_bytes(akin_machine *m, akin_pickle_kind kind, size_t size) {
  const uint8_t *bytes = NULL;
  akin_status status = machine_take(m, size, &bytes);
  if (status != AKIN_OK) return status;
  akin_pickle_value *value = akin_machine_value(m, kind);
  char *copy = value ? akin_arena_text(m->arena, (const char *)bytes, size) : NULL;
  if (!copy) return akin_machine_memory(m);
  value->as.text.bytes = copy;
  value->as.text.size = size;
  return akin_machine_push(m, value);
}

/* Two's complement in as few bytes as it needs. */
static akin_status do_long1(akin_machine *m) {
  uint64_t size = 0, number = 0;
  akin_status status = machine_number(m, 1, &size);
  if (status != AKIN_OK) return status;
  if (size > 8) return machine_push_bytes(m, AKIN_PICKLE_LONG, (size_t)size);
  status = machine_number(m, (unsigned)size, &number);
  if (status != AKIN_OK) return status;
  if (size > 0 && size < 8 && number >> (8 * size - 1)) number |= UINT64_MAX << 8 * size;
  return machine_push_integer(m, (int64_t)number);
}

static akin_status do_binfloat(akin_machine *m) {
  const uint8_t *p = NULL;
  akin_status status = machine_take(m, 8, &p);
  if (status != AKIN_OK) return status;
  uint64_t bits = 0; /* big-endian, unlike all else */
  for (unsigned i = 0; i < 8; i++)
    bits = bits << 8 | p[i];
  akin_pickle_value *value = akin_machine_value(m, AKIN_PICKLE_REAL);
  if (value) memcpy(&value->as.real, &bits, sizeof bits);
  return akin_machine_push(m, value);
}

static akin_status do_short_text(akin_machine *m) {
  uint64_t size = 0;
  akin_status status = machine_number(m, 1, &size);
  return status == AKIN_OK ? machine_push_bytes(m, AKIN_PICKLE_TEXT, (size_t)size) : status;
}

static akin_status do_text(akin_machine *m) {
  uint64_t size = 0;
  akin_status status = machine_number(m, 4, &size);
  return status == AKIN_OK ? machine_push_bytes(m, AKIN_PICKLE_TEXT, (size_t)size) : status;
}

/* ---- instructions: collections ---- */

static akin_status machine_push_tuple(akin_machine *m, akin_pickle_value *const *values, size_t count) {
  akin_pickle_value *tuple = akin_machine_value(m, AKIN_PICKLE_TUPLE);
  if (!tuple) return akin_machine_memory(m);
  akin_status status = akin_machine_append(m, tuple, values, count);
  return status == AKIN_OK ? akin_machine_push(m, tuple) : status;
}

static akin_status machine_tuple_of(akin_machine *m, size_t count) {
  akin_pickle_value *values[3] = {NULL};
  for (size_t i = count; i > 0; i--) {
    akin_status status = akin_machine_pop(m, &values[i - 1]);
    if (status != AKIN_OK) return status;
  }
  return machine_push_tuple(m, values, count);
}

static akin_status do_empty_tuple(akin_machine *m) {
  return machine_tuple_of(m, 0);
}

static akin_status do_tuple1(akin_machine *m) {
  return machine_tuple_of(m, 1);
}

static akin_status do_tuple2(akin_machine *m) {
  return machine_tuple_of(m, 2);
}

static akin_status do_tuple3(akin_machine *m) {
  return machine_tuple_of(m, 3);
}

static akin_status do_tuple(akin_machine *m) {
  akin_pickle_value **values = NULL;
  size_t count = 0;
  akin_status status = machine_since_mark(m, &values, &count);
  return status == AKIN_OK ? machine_push_tuple(m, values, count) : status;
}

static akin_status do_empty_list(akin_machine *m) {
  return akin_machine_push(m, akin_machine_value(m, AKIN_PICKLE_LIST));
}

static akin_status do_empty_dict(akin_machine *m) {
  return akin_machine_push(m, akin_machine_value(m, AKIN_PICKLE_DICT));
}

/* APPEND and SETITEM take 1 and 2 values from the stack, APPENDS and SETITEMS all above the mark. */
static akin_status machine_add(akin_machine *m, akin_pickle_kind kind, akin_pickle_value *const *values, size_t count) {
  akin_pickle_value *owner = NULL;
  akin_status status = machine_top(m, kind, &owner);
  if (status != AKIN_OK) return status;
  if (kind == AKIN_PICKLE_DICT && count % 2)
    return akin_fail(m->err, AKIN_ERROR_FORMAT, "the pickle adds a key without a value at byte %zu", m->at);
  return akin_machine_append(m, owner, values, count);
}

static akin_status machine_add_popped(akin_machine *m, akin_pickle_kind kind, size_t count) {
  akin_pickle_value *values[2] = {NULL};
  for (size_t i = count; i > 0; i--) {
    akin_status status = akin_machine_pop(m, &values[i - 1]);
    if (status != AKIN_OK) return status;
  }
  return machine_add(m, kind, values, count);
}

static akin_status machine_add_marked(akin_machine *m, akin_pickle_kind kind) {
  akin_pickle_value **values = NULL;
  size_t count = 0;
  akin_status status = machine_since_mark(m, &values, &count);
  return status == AKIN_OK ? machine_add(m, kind, values, count) : status;
}

static akin_status do_append(akin_machine *m) {
  return machine_add_popped(m, AKIN_PICKLE_LIST, 1);
}

static akin_status do_setitem(akin_machine *m) {
  return machine_add_popped(m, AKIN_PICKLE_DICT, 2);
}

static akin_status do_appends(akin_machine *m) {
  return machine_add_marked(m, AKIN_PICKLE_LIST);
}

static akin_status do_setitems(akin_machine *m) {
  return machine_add_marked(m, AKIN_PICKLE_DICT);
}

/* ---- instructions: memo ---- */

static akin_status do_binput(akin_machine *m) {
  uint64_t number = 0;
  akin_status status = machine_number(m, 1, &number);
  return status == AKIN_OK ? machine_remember(m, number) : status;
}

static akin_status do_long_binput(akin_machine *m) {
  uint64_t number = 0;
  akin_status status = machine_number(m, 4, &number);
  return status == AKIN_OK ? machine_remember(m, number) : status;
}

static akin_status do_memoize(akin_machine *m) {
  return machine_remember(m, m->memo_count);
}

static akin_status do_binget(akin_machine *m) {
  uint64_t number = 0;
  akin_status status = machine_number(m, 1, &number);
  return status == AKIN_OK ? machine_recall(m, number) : status;
}

static akin_status do_long_binget(akin_machine *m) {
  uint64_t number = 0;
  akin_status status = machine_number(m, 4, &number);
  return status == AKIN_OK ? machine_recall(m, number) : status;
}

/* ---- instructions: functions ---- */

static akin_status do_global(akin_machine *m) {
  char module[UNPICKLE_NAME], name[UNPICKLE_NAME];
  akin_status status = machine_line(m, module);
  if (status == AKIN_OK) status = machine_line(m, name);
  return status == AKIN_OK ? akin_machine_push_function(m, module, name) : status;
}

static akin_status do_stack_global(akin_machine *m) {
  akin_pickle_value *name = NULL, *module = NULL;
  akin_status status = akin_machine_pop(m, &name);
  if (status == AKIN_OK) status = akin_machine_pop(m, &module);
  if (status != AKIN_OK) return status;
  if (name->kind != AKIN_PICKLE_TEXT || module->kind != AKIN_PICKLE_TEXT) {
    return akin_fail(m->err, AKIN_ERROR_FORMAT, "the pickle names a function by %s, at byte %zu",
                     akin_pickle_kind_name(name->kind), m->at);
  }
  return akin_machine_push_function(m, module->as.text.bytes, name->as.text.bytes);
}

typedef akin_status machine_instruction(akin_machine *m);

static machine_instruction *const machine_instructions[256] = {
    [0x80] = do_proto,
    [0x95] = do_frame,
    ['.'] = do_stop,
    ['('] = do_mark,
    ['N'] = do_none,
    [0x88] = do_true,
    [0x89] = do_false,
    ['J'] = do_binint,
    ['K'] = do_binint1,
    ['M'] = do_binint2,
    [0x8a] = do_long1,
    ['G'] = do_binfloat,
    ['X'] = do_text,
    ['U'] = do_short_text, /* a byte string of Python 2 */
    [0x8c] = do_short_text,
    [')'] = do_empty_tuple,
    [0x85] = do_tuple1,
    [0x86] = do_tuple2,
    [0x87] = do_tuple3,
    ['t'] = do_tuple,
    [']'] = do_empty_list,
    ['a'] = do_append,
    ['e'] = do_appends,
    ['}'] = do_empty_dict,
    ['s'] = do_setitem,
    ['u'] = do_setitems,
    ['q'] = do_binput,
    ['r'] = do_long_binput,
    [0x94] = do_memoize,
    ['h'] = do_binget,
    ['j'] = do_long_binget,
    ['c'] = do_global,
    [0x93] = do_stack_global,
    ['R'] = akin_machine_reduce,
    ['b'] = akin_machine_build,
    ['Q'] = akin_machine_persistent,
};

static akin_status machine_run(akin_machine *m) {
  while (!m->root) {
    const size_t at = m->at;
    const uint8_t *code = NULL;
    akin_status status = machine_take(m, 1, &code);
    if (status != AKIN_OK) return status;
    machine_instruction *instruction = machine_instructions[*code];
    if (!instruction) {
      return akin_fail(m->err, AKIN_ERROR_UNSUPPORTED,
                       "pickle instruction 0x%02x at byte %zu is not one that a state dict needs", *code, at);
    }
    status = instruction(m);
    if (status != AKIN_OK) return status;
  }
  return AKIN_OK;
}

akin_status akin_unpickle(akin_pickle *out, akin_arena *arena, const uint8_t *bytes, size_t size, akin_error *err) {
  akin_machine m = {.bytes = bytes, .size = size, .arena = arena, .err = err};
  akin_status status = machine_run(&m);
  if (status == AKIN_OK) *out = (akin_pickle){m.root, m.at, m.storages};
  akin_free(m.stack);
  akin_free(m.marks);
  akin_free(m.memo);
  return status;
}

const char *akin_pickle_kind_name(akin_pickle_kind kind) {
  static const char *const names[] = {
      [AKIN_PICKLE_NONE] = "None",           [AKIN_PICKLE_BOOLEAN] = "a boolean", [AKIN_PICKLE_INTEGER] = "an integer",
      [AKIN_PICKLE_LONG] = "a big integer",  [AKIN_PICKLE_REAL] = "a number",     [AKIN_PICKLE_TEXT] = "a text",
      [AKIN_PICKLE_TUPLE] = "a tuple",       [AKIN_PICKLE_LIST] = "a list",       [AKIN_PICKLE_DICT] = "a dict",
      [AKIN_PICKLE_FUNCTION] = "a function", [AKIN_PICKLE_STORAGE] = "a storage", [AKIN_PICKLE_TENSOR] = "a tensor",
  };
  return names[kind];
}

const akin_pickle_value *akin_pickle_get(const akin_pickle_value *dict, const char *key) {
  if (dict->kind != AKIN_PICKLE_DICT) return NULL;
  for (uint32_t i = dict->as.items.count; i > 0; i -= 2) {
    const akin_pickle_value *name = dict->as.items.at[i - 2];
    if (name->kind == AKIN_PICKLE_TEXT && strcmp(name->as.text.bytes, key) == 0) return dict->as.items.at[i - 1];
  }
  return NULL;
}
