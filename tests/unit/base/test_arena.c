/* test_arena.c - the arena: aligned and cleared memory, its ceiling, blocks that grow, memory that runs out. */
#include "unit/testing.h"

#include "base/arena.h"

static void test_memory(void **state) {
  (void)state;
  akin_arena arena = AKIN_ARENA_INIT(0);
  static const size_t sizes[] = {1, 0, 7, 64, 4096, 3, 5000, 2000000, 16, 1};
  unsigned char *before = NULL;
  size_t before_size = 0;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    unsigned char *p = akin_arena_alloc(&arena, sizes[i]);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
    for (size_t k = 0; k < sizes[i]; k++)
      assert_int_equal(p[k], 0);
    memset(p, 0xA5, sizes[i]);
    for (size_t k = 0; k < before_size; k++)
      assert_int_equal(before[k], 0xA5); /* nothing overlaps */
    before = p;
    before_size = sizes[i];
  }
  akin_arena_free(&arena);
  assert_int_equal(arena.used, 0);
  akin_arena_free(&arena);
}

static void test_text(void **state) {
  (void)state;
  akin_arena arena = AKIN_ARENA_INIT(0);
  const char *text = akin_arena_text(&arena, "abc\0def", 7);
  assert_memory_equal(text, "abc\0def", 8);
  assert_string_equal(akin_arena_text(&arena, NULL, 0), "");
  akin_arena_free(&arena);
}

static void test_items(void **state) {
  (void)state;
  akin_arena arena = AKIN_ARENA_INIT(0);
  static const int numbers[3] = {7, 8, 9};
  int *items = NULL;
  size_t room = 0;
  assert_memory_equal(akin_arena_copy(&arena, numbers, 3, sizeof *numbers), numbers, sizeof numbers);
  assert_non_null(akin_arena_copy(&arena, NULL, 0, sizeof *numbers));
  for (int i = 0; i < 1000; i++) {
    const size_t before = room;
    int *const old = items;
    items = akin_arena_room(&arena, items, (size_t)i, &room, sizeof *items);
    assert_true(room > (size_t)i);
    assert_true(room == before ? items == old : items != old);
    items[i] = i;
  }
  for (int i = 0; i < 1000; i++)
    assert_int_equal(items[i], i);
  akin_arena_free(&arena);
}

static void test_ceiling(void **state) {
  (void)state;
  akin_arena arena = AKIN_ARENA_INIT(1000);
  size_t count = 0;
  while (akin_arena_alloc(&arena, 16))
    count++;
  assert_true(count >= 1000 / 64 && count <= 1000 / 16);
  assert_true(arena.full);
  assert_false(arena.starved);
  assert_true(arena.used <= 1000);
  assert_null(akin_arena_alloc(&arena, SIZE_MAX));
  akin_arena_free(&arena);
  assert_non_null(akin_arena_alloc(&arena, 16)); /* as new */
  assert_false(arena.full);
  akin_arena_free(&arena);
}

static void test_overflow(void **state) {
  (void)state;
  akin_arena arena = AKIN_ARENA_INIT(0);
  assert_null(akin_arena_array(&arena, SIZE_MAX / 2, 3));
  size_t room = SIZE_MAX / 4;
  assert_null(akin_arena_copy(&arena, "", SIZE_MAX / 2, 3));
  assert_null(akin_arena_room(&arena, NULL, room, &room, 16));
  assert_int_equal(room, SIZE_MAX / 4);
  assert_null(akin_arena_alloc(&arena, SIZE_MAX));
  assert_null(akin_arena_alloc(&arena, SIZE_MAX - 8));
  assert_null(akin_arena_text(&arena, "", SIZE_MAX));
  assert_int_equal(arena.used, 0);
  akin_arena_free(&arena);
}

static void test_no_memory(void **state) {
  (void)state;
  akin_arena arena = AKIN_ARENA_INIT(0);
  akin_memory_fail_at(1, true);
  assert_null(akin_arena_alloc(&arena, 16));
  akin_memory_fail_at(0, true);
  assert_true(arena.starved);
  assert_false(arena.full);
  assert_non_null(akin_arena_alloc(&arena, 16)); /* memory came back */
  akin_arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_memory),  cmocka_unit_test(test_text),     cmocka_unit_test(test_items),
      cmocka_unit_test(test_ceiling), cmocka_unit_test(test_overflow), cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
