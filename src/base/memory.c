/* memory.c - the heap behind one door, with a counter through which tests make any allocation fail. */
#include "base/memory.h"

#include "base/format.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static atomic_uint_fast64_t memory_counted; /* allocations since akin_memory_fail_at was last called */
static atomic_uint_fast64_t memory_fail_at; /* 0: never */
static atomic_bool memory_fail_once;

/* Counts this allocation; false when it is larger than any object can be, or a test wants it to fail. */
static bool memory_permitted(size_t size) {
  if (size > PTRDIFF_MAX) return false;
  uint64_t number = atomic_fetch_add_explicit(&memory_counted, 1, memory_order_relaxed) + 1;
  uint64_t failing = atomic_load_explicit(&memory_fail_at, memory_order_relaxed);
  if (failing == 0 || number < failing) return true;
  return number > failing && atomic_load_explicit(&memory_fail_once, memory_order_relaxed);
}

void akin_memory_fail_at(uint64_t nth, bool once) {
  atomic_store(&memory_counted, 0);
  atomic_store(&memory_fail_once, once);
  atomic_store(&memory_fail_at, nth);
}

uint64_t akin_memory_count(void) {
  return atomic_load(&memory_counted);
}

bool akin_multiply(size_t *out, size_t a, size_t b) {
  return !__builtin_mul_overflow(a, b, out);
}

bool akin_add(size_t *out, size_t a, size_t b) {
  return !__builtin_add_overflow(a, b, out);
}

/* malloc(0) may give NULL, which would read as a failure. */
static size_t memory_at_least_one(size_t size) {
  return size ? size : 1;
}

void *akin_alloc(size_t size) {
  return memory_permitted(size) ? malloc(memory_at_least_one(size)) : NULL;
}

void *akin_calloc(size_t count, size_t size) {
  size_t total = 0;
  if (!akin_multiply(&total, count, size) || !memory_permitted(total)) return NULL;
  return calloc(memory_at_least_one(total), 1);
}

void *akin_realloc_array(void *p, size_t count, size_t size) {
  size_t total = 0;
  if (!akin_multiply(&total, count, size) || !memory_permitted(total)) return NULL;
  return realloc(p, memory_at_least_one(total));
}

void *akin_alloc_aligned(size_t alignment, size_t size) {
  void *p = NULL;
  if (alignment < sizeof(void *)) alignment = sizeof(void *); /* posix_memalign takes no less */
  if (!memory_permitted(size) || posix_memalign(&p, alignment, memory_at_least_one(size)) != 0) return NULL;
  return p;
}

void akin_free(void *p) {
  free(p);
}

char *akin_strdup(const char *text) {
  return akin_strndup(text, strlen(text));
}

char *akin_strndup(const char *text, size_t n) {
  size_t size = 0;
  char *copy = akin_add(&size, n, 1) ? akin_alloc(size) : NULL;
  if (!copy) return NULL;
  if (n) memcpy(copy, text, n);
  copy[n] = '\0';
  return copy;
}

char *akin_format(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = akin_vformat(NULL, 0, format, arguments);
  va_end(arguments);
  char *text = length < 0 ? NULL : akin_alloc((size_t)length + 1);
  if (!text) return NULL;
  va_start(arguments, format);
  akin_vformat(text, (size_t)length + 1, format, arguments);
  va_end(arguments);
  return text;
}
