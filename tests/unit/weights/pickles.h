/*
 * pickles.h - writes pickles and .pth files of the old layout piece by piece, right ones and wrong ones. Include
 * testing.h first.
 */
#ifndef AKIN_TESTS_UNIT_WEIGHTS_PICKLES_H
#define AKIN_TESTS_UNIT_WEIGHTS_PICKLES_H

#include <sys/mman.h>

/* A file in memory, for tests that write thousands: its content is replaced, its path stays. */
typedef struct memory_file {
  int file;
  char path[32];
} memory_file;

TESTING memory_file memory_file_open(void) {
  memory_file m = {.file = memfd_create("weights", MFD_CLOEXEC)};
  assert_true(m.file >= 0);
  snprintf(m.path, sizeof m.path, "/proc/self/fd/%d", m.file);
  return m;
}

TESTING void memory_file_write(const memory_file *m, const void *bytes, size_t n) {
  assert_int_equal(ftruncate(m->file, (off_t)n), 0);
  assert_int_equal(pwrite(m->file, bytes, n, 0), n);
}

TESTING void put(akin_buffer *b, const void *bytes, size_t n) {
  assert_int_equal(akin_buffer_append(b, bytes, n), AKIN_OK);
}

TESTING void put_code(akin_buffer *b, uint8_t code) {
  put(b, &code, 1);
}

/* Little-endian. */
TESTING void put_number(akin_buffer *b, uint64_t value, unsigned size) {
  for (unsigned i = 0; i < size; i++)
    put_code(b, (uint8_t)(value >> 8 * i));
}

TESTING void put_integer(akin_buffer *b, int64_t value) {
  put(b, "\x8a\x08", 2);
  put_number(b, (uint64_t)value, 8);
}

TESTING void put_text(akin_buffer *b, const char *text) {
  put_code(b, 'X');
  put_number(b, strlen(text), 4);
  put(b, text, strlen(text));
}

TESTING void put_global(akin_buffer *b, const char *module, const char *name) {
  assert_int_equal(akin_buffer_printf(b, "c%s\n%s\n", module, name), AKIN_OK);
}

TESTING void put_proto(akin_buffer *b) {
  put(b, "\x80\x02", 2);
}

/* ("storage", torch.TYPE, key, "cpu", count, None) → storage */
TESTING void put_storage(akin_buffer *b, const char *type, const char *key, int64_t count) {
  put_code(b, '(');
  put_text(b, "storage");
  put_global(b, "torch", type);
  put_text(b, key);
  put_text(b, "cpu");
  put_integer(b, count);
  put(b, "NtQ", 3);
}

TESTING void put_sizes(akin_buffer *b, const int64_t *sizes, size_t rank) {
  put_code(b, '(');
  for (size_t i = 0; i < rank; i++)
    put_integer(b, sizes[i]);
  put_code(b, 't');
}

/* A tensor of a state dict, and the storage that it is a view of. */
typedef struct pickled_tensor {
  const char *name, *type, *key;
  int64_t stored; /* elements of the storage */
  int64_t offset;
  size_t rank;
  int64_t shape[9], strides[9];
} pickled_tensor;

TESTING void put_tensor(akin_buffer *b, const pickled_tensor *t) {
  put_global(b, "torch._utils", "_rebuild_tensor_v2");
  put_code(b, '(');
  put_storage(b, t->type, t->key, t->stored);
  put_integer(b, t->offset);
  put_sizes(b, t->shape, t->rank);
  put_sizes(b, t->strides, t->rank);
  put_code(b, 0x89);
  put_global(b, "collections", "OrderedDict");
  put(b, ")RtR", 4);
}

/* OrderedDict of tensors, with the attributes that torch.nn.Module gives. */
TESTING void put_state(akin_buffer *b, const pickled_tensor *tensors, size_t count) {
  put_global(b, "collections", "OrderedDict");
  put(b, ")R(", 3);
  for (size_t i = 0; i < count; i++) {
    put_text(b, tensors[i].name);
    put_tensor(b, &tensors[i]);
  }
  put(b, "u}", 2);
  put_text(b, "_metadata");
  put(b, "}sb", 3);
}

/* The three small pickles at the start of the old layout. */
TESTING void put_head(akin_buffer *b, bool little_endian) {
  put(b, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
  put(b, "\x80\x02M\xe9\x03.", 6);
  put(b, "\x80\x02}(", 4);
  put_text(b, "protocol_version");
  put_integer(b, 1001);
  put_text(b, "little_endian");
  put_code(b, little_endian ? 0x88 : 0x89);
  put(b, "u.", 2);
}

TESTING void put_keys(akin_buffer *b, const char *const *keys, size_t count) {
  put_proto(b);
  put(b, "](", 2);
  for (size_t i = 0; i < count; i++)
    put_text(b, keys[i]);
  put(b, "e.", 2);
}

/* A storage's numbers as the old layout has them: how many, and their bytes. */
TESTING void put_elements(akin_buffer *b, uint64_t count, const void *bytes, size_t size) {
  put_number(b, count, 8);
  put(b, bytes, size);
}

/* A whole file: tensors of one storage "1" of f32 [count], numbered 0, 1, 2 … */
TESTING void put_simple_file(akin_buffer *b, const pickled_tensor *tensors, size_t tensor_count, size_t count) {
  const char *const keys[] = {"1"};
  put_head(b, true);
  put_proto(b);
  put_state(b, tensors, tensor_count);
  put_code(b, '.');
  put_keys(b, keys, 1);
  put_number(b, count, 8);
  for (size_t i = 0; i < count; i++) {
    const float value = (float)i;
    put(b, &value, sizeof value);
  }
}

#endif
