/*
 * keras.c - the reader of Keras files (keras.h): a child process reads the HDF5 (child.h, keras_scan.h) and says where
 * the numbers are; they are read here, where they lie in the file, which is mapped.
 */
#include "weights/keras.h"

#include "base/error.h"
#include "weights/child.h"
#include "weights/gather.h"
#include "weights/h5.h"
#include "weights/keras_index.h"
#include "weights/keras_scan.h"
#include "weights/reader.h"

#include <string.h>

#define KERAS_INDEX   67108864u
#define KERAS_MEMORY  1073741824u
#define KERAS_SECONDS 10u      /* reading takes a hundredth of one; libhdf5 can be made to run forever */
#define KERAS_PACE    8388608u /* bytes a second of a file that is read to its end on a slow disk */

typedef struct keras_state {
  akin_keras_file file;
  akin_buffer index;
  uint64_t *offsets; /* [tensors], in the file */
} keras_state;

static bool keras_recognise(const uint8_t *bytes, size_t n) {
  return (n >= 8 && memcmp(bytes, "\x89HDF\r\n\x1a\n", 8) == 0) || akin_keras_is_archive(bytes, n);
}

static akin_status keras_prepare(void *context, akin_error *err) {
  (void)context;
  return akin_h5_start(err);
}

static akin_status keras_run(void *context, akin_buffer *answer, akin_error *err) {
  const akin_mapping *file = context;
  return akin_keras_scan(answer, file->data, file->size, err);
}

static akin_status keras_open(akin_tensors *t, akin_error *err) {
  keras_state *state = akin_arena_alloc(&t->arena, sizeof *state);
  if (!state) return akin_reader_arena_failed(&t->arena, err);
  state->index = (akin_buffer)AKIN_BUFFER_INIT(KERAS_INDEX);
  t->state = state;
  const akin_child_work work = {keras_prepare, keras_run, &t->file,
                                KERAS_SECONDS + (unsigned)(t->file.size / KERAS_PACE), KERAS_MEMORY};
  akin_status status = akin_h5_load(err);
  if (status == AKIN_OK) status = akin_child_run(&state->index, &work, err);
  if (status != AKIN_OK) return status;
  return akin_keras_index_read(&state->file, &state->offsets, t, state->index.data, state->index.size, t->file.size,
                               err);
}

static akin_status keras_read(const akin_tensors *t, size_t index, const uint32_t *axes, float *out, akin_error *err) {
  const keras_state *state = t->state;
  const akin_tensor *tensor = &t->list[index];
  const akin_view view = akin_view_row_major(tensor);
  (void)err;
  akin_gather(out, (const uint8_t *)t->file.data + state->offsets[index], tensor->dtype, &view, axes);
  return AKIN_OK;
}

static void keras_close(void *state) {
  akin_buffer_free(&((keras_state *)state)->index);
}

const akin_reader akin_reader_keras = {"keras", keras_recognise, keras_open, keras_read, keras_close};

const akin_keras_file *akin_tensors_keras(const akin_tensors *t) {
  return t->reader == &akin_reader_keras ? &((const keras_state *)t->state)->file : NULL;
}
