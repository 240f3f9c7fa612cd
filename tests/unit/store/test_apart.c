/* test_apart.c - pairs told apart: remembered whichever way round, once, without the contents being there, and
 * forgotten. */
#include "store_testing.h"

#include "base/error.h"

static akin_hash numbered(int number) {
  akin_hash h;
  memset(h.bytes, 0x80, sizeof h.bytes); /* beyond what a signed char holds */
  h.bytes[0] = (uint8_t)number;
  return h;
}

static bool change(akin_storage *s, int a, int b, bool apart) {
  const akin_hash x = numbered(a), y = numbered(b);
  akin_error err;
  bool changed = false;
  testing_ok(apart ? akin_storage_apart_put(s, &x, &y, &changed, &err)
                   : akin_storage_apart_remove(s, &x, &y, &changed, &err),
             &err);
  return changed;
}

typedef struct seen {
  char text[256];
} seen;

static akin_status visit(void *context, const akin_hash *first, const akin_hash *second, akin_error *err) {
  seen *s = context;
  (void)err;
  assert_int_equal(first->bytes[31], 0x80);
  snprintf(s->text + strlen(s->text), sizeof s->text - strlen(s->text), "%d-%d ", first->bytes[0], second->bytes[0]);
  return AKIN_OK;
}

static void expect_pairs(akin_storage *s, const char *text) {
  akin_error err;
  seen all = {""};
  testing_ok(akin_storage_apart(s, visit, &all, &err), &err);
  assert_string_equal(all.text, text);
}

static void pairs_are_kept_once_and_in_order(void **state) {
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  expect_pairs(s, "");
  begin(s);
  assert_true(change(s, 3, 200, true));
  assert_true(change(s, 2, 1, true));
  assert_true(change(s, 1, 200, true));
  assert_false(change(s, 1, 2, true)); /* the same pair the other way round */
  commit(s);
  akin_storage_close(s);
  s = open_store(*state, AKIN_STORAGE_READ);
  expect_pairs(s, "1-2 1-200 3-200 ");
  akin_storage_close(s);
}

static void pairs_are_forgotten(void **state) {
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  begin(s);
  assert_true(change(s, 1, 2, true));
  assert_true(change(s, 1, 3, true));
  assert_true(change(s, 2, 1, false));
  assert_false(change(s, 1, 2, false));
  assert_false(change(s, 8, 9, false));
  commit(s);
  expect_pairs(s, "1-3 ");
  begin(s);
  assert_true(change(s, 4, 5, true));
  akin_storage_rollback(s);
  expect_pairs(s, "1-3 ");
  akin_storage_close(s);
}

static void what_cannot_be(void **state) {
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  const akin_hash a = numbered(1), b = numbered(2);
  akin_error err;
  bool changed = true;
  testing_expect(akin_storage_apart_put(s, &a, &b, &changed, &err), AKIN_ERROR_USAGE, &err); /* no transaction */
  assert_false(changed);
  begin(s);
  changed = true;
  testing_expect(akin_storage_apart_put(s, &a, &a, &changed, &err), AKIN_ERROR_USAGE, &err);
  assert_false(changed);
  commit(s);
  expect_pairs(s, "");
  akin_storage_close(s);
}

static akin_status stop(void *context, const akin_hash *first, const akin_hash *second, akin_error *err) {
  (void)first;
  (void)second;
  ++*(int *)context;
  return akin_fail(err, AKIN_ERROR_CANCELLED, "enough");
}

static void a_visit_ends_the_visits(void **state) {
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  akin_error err;
  int visits = 0;
  begin(s);
  change(s, 1, 2, true);
  change(s, 1, 3, true);
  commit(s);
  testing_expect(akin_storage_apart(s, stop, &visits, &err), AKIN_ERROR_CANCELLED, &err);
  assert_int_equal(visits, 1);
  akin_storage_close(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(pairs_are_kept_once_and_in_order, setup_in_memory, testing_teardown),
      cmocka_unit_test_setup_teardown(pairs_are_forgotten, setup_in_memory, testing_teardown),
      cmocka_unit_test_setup_teardown(what_cannot_be, setup_in_memory, testing_teardown),
      cmocka_unit_test_setup_teardown(a_visit_ends_the_visits, setup_in_memory, testing_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
