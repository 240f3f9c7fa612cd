/*
 * reader.h - what a reader of one file format gives to tensors.c, and what it gets from there.
 *
 * A format is one row of the table in tensors.c. Its open fills list, count and state; tensors.c then sorts the names,
 * refuses duplicates and answers the questions of tensors.h.
 */
#ifndef AKIN_WEIGHTS_READER_H
#define AKIN_WEIGHTS_READER_H

#include "base/arena.h"
#include "base/file.h"
#include "weights/tensors.h"

/* What the arena of one file may hold: names, lists, everything that was unpickled. Weights are not in it. */
#define AKIN_READER_ARENA 268435456u
/* Tensors in a file. */
#define AKIN_READER_TENSORS 65536u

typedef struct akin_reader {
  const char *format;
  bool (*recognise)(const uint8_t *bytes, size_t n);
  /* Errors need not name the file. What was made is freed by tensors.c in any case. */
  akin_status (*open)(akin_tensors *t, akin_error *err);
  akin_status (*read)(const akin_tensors *t, size_t index, const uint32_t *axes, float *out, akin_error *err);
  void (*close)(void *state); /* NULL: state needs none; not called when state is NULL */
} akin_reader;

struct akin_tensors {
  const akin_reader *reader;
  char *path;
  akin_mapping file;
  akin_arena arena;
  akin_tensor *list; /* in the arena, [count] */
  size_t count;
  const akin_tensor **by_name; /* in the arena, [count] */
  void *state;                 /* the reader's own */
};

extern const akin_reader akin_reader_pth_legacy;
extern const akin_reader akin_reader_pth_zip;
extern const akin_reader akin_reader_keras;
extern const akin_reader akin_reader_safetensors;

/* MEMORY or LIMIT, as the arena's last refusal was. */
akin_status akin_reader_arena_failed(const akin_arena *arena, akin_error *err);

#endif
