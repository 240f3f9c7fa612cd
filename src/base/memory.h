/*
 * memory.h - the one door to the heap. Sizes that come from a file are multiplied here, checked, and nowhere else.
 * Every function returns NULL on failure and never aborts. scripts/banned refuses malloc and friends elsewhere.
 */
#ifndef AKIN_BASE_MEMORY_H
#define AKIN_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *akin_alloc(size_t size);                /* not cleared; size 0 gives a pointer that can be freed */
void *akin_calloc(size_t count, size_t size); /* cleared; NULL when the product overflows */
void *akin_realloc_array(void *p, size_t count, size_t size); /* on failure p stays valid */
void *akin_alloc_aligned(size_t alignment, size_t size);      /* alignment: a power of two; akin_free frees it */
void akin_free(void *p);                                      /* NULL is fine */
char *akin_strdup(const char *text);
char *akin_strndup(const char *text, size_t n); /* copies exactly n bytes and adds NUL */
char *akin_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* *out = a * b; false when it does not fit. */
bool akin_multiply(size_t *out, size_t a, size_t b);
bool akin_add(size_t *out, size_t a, size_t b);

/*
 * Fault injection, for tests: the nth allocation from now (1 = the next) fails; when `once` is false, so do all that
 * follow. 0 turns it off. akin_memory_count is the number of allocations since the last call of akin_memory_fail_at.
 * Process-wide; not for use while other threads allocate.
 */
void akin_memory_fail_at(uint64_t nth, bool once);
uint64_t akin_memory_count(void);

#endif
