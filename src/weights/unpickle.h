/*
 * unpickle.h - reads the pickle of a state dict without running anything.
 *
 * A pickle is a program for a small stack machine, and two of its instructions call functions by name. Here the
 * machine knows only the few instructions that a state dict needs, and of the functions only those that describe
 * tensors; what they would do is done by this code. Everything else is refused by name.
 *
 * Whatever the bytes are, time and memory are bounded by their number: nothing recurses, the memo takes only the next
 * number or one that it has, every value comes from one arena with a ceiling.
 */
#ifndef AKIN_WEIGHTS_UNPICKLE_H
#define AKIN_WEIGHTS_UNPICKLE_H

#include "base/arena.h"
#include "weights/gather.h"

typedef enum akin_pickle_kind {
  AKIN_PICKLE_NONE,
  AKIN_PICKLE_BOOLEAN,
  AKIN_PICKLE_INTEGER,
  AKIN_PICKLE_LONG, /* an integer of more than 8 bytes: its little-endian bytes */
  AKIN_PICKLE_REAL,
  AKIN_PICKLE_TEXT,
  AKIN_PICKLE_TUPLE,
  AKIN_PICKLE_LIST,
  AKIN_PICKLE_DICT, /* items: key, value, key, value … in the order in which they came */
  AKIN_PICKLE_FUNCTION,
  AKIN_PICKLE_STORAGE,
  AKIN_PICKLE_TENSOR
} akin_pickle_kind;

/* A storage as a pickle names it; its numbers are elsewhere in the file. */
typedef struct akin_pickle_storage {
  const char *key;
  akin_dtype dtype;
  uint64_t count;                         /* of elements */
  const struct akin_pickle_storage *next; /* named before this one in the same pickle; keys may come again */
} akin_pickle_storage;

typedef struct akin_pickle_tensor {
  const akin_pickle_storage *storage;
  akin_view view; /* inside the storage's count */
  uint64_t count;
} akin_pickle_tensor;

typedef struct akin_pickle_value {
  akin_pickle_kind kind;
  union {
    bool boolean;
    int64_t integer;
    double real;
    struct {
      const char *bytes; /* with NUL at the end */
      size_t size;
    } text;
    struct {
      const struct akin_pickle_value **at;
      uint32_t count, room;
    } items;
    const struct akin_pickle_function *function;
    const akin_pickle_storage *storage;
    const akin_pickle_tensor *tensor;
  } as;
} akin_pickle_value;

typedef struct akin_pickle {
  const akin_pickle_value *root;
  size_t size;                         /* bytes read, up to and with the STOP */
  const akin_pickle_storage *storages; /* all that it names, the last one first */
} akin_pickle;

/* Reads one pickle from the start of bytes; values are in the arena. Errors: FORMAT, UNSUPPORTED (names what it would
 * call), LIMIT, MEMORY; none names the file. */
akin_status akin_unpickle(akin_pickle *out, akin_arena *arena, const uint8_t *bytes, size_t size, akin_error *err);

/* "a tensor", "an integer" …: for messages. */
const char *akin_pickle_kind_name(akin_pickle_kind kind);
/* The value of a key, the last one when it is there twice; NULL: not a dict, or no such key. */
const akin_pickle_value *akin_pickle_get(const akin_pickle_value *dict, const char *key);

#endif
