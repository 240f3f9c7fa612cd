/* test_labels.c - labels: put, replaced, taken away, listed in order, gone with their image. */
#include "store_testing.h"

typedef struct heard {
  char text[1024];
  size_t used, stop_after;
} heard;

static akin_status hear(void *context, uint64_t image_id, const char *path, const char *value, akin_error *err) {
  heard *h = context;
  (void)err;
  assert_true(image_id > 0);
  h->used += (size_t)snprintf(h->text + h->used, sizeof h->text - h->used, "%s=%s;", path, value);
  return h->stop_after && --h->stop_after == 0 ? AKIN_ERROR_CANCELLED : AKIN_OK;
}

static void expect_labels(akin_storage *s, const char *name, const char *want) {
  heard h = {.used = 0};
  akin_error err;
  testing_ok(akin_storage_labels(s, name, hear, &h, &err), &err);
  assert_string_equal(h.text, want);
}

static void label(akin_storage *s, uint64_t image, const char *name, const char *value) {
  akin_error err;
  testing_ok(akin_storage_label_put(s, image, name, value, &err), &err);
}

/* Images 1 to 3 under /p, put in an order that is not theirs by path. */
static akin_storage *labelled_store(const char *folder) {
  akin_storage *s = open_store(folder, AKIN_STORAGE_WRITE);
  begin(s);
  uint64_t root = add_root(s, "/p", true);
  put_image(s, root, "/p/c", 1);
  put_image(s, root, "/p/a", 2);
  put_image(s, root, "/p/b", 3);
  label(s, 1, "colour", "red");
  label(s, 2, "colour", "blue");
  label(s, 2, "price", "8,50 \"\xC3\xA4\"");
  return s;
}

static void put_replaced_and_listed(void **state) {
  akin_storage *s = labelled_store(*state);
  akin_label_name *names = TESTING_POISON;
  size_t count = 9;
  akin_error err;
  expect_labels(s, "colour", "/p/a=blue;/p/c=red;");
  label(s, 1, "colour", "green");
  label(s, 2, "colour", NULL);
  label(s, 3, "colour", NULL); /* it had none */
  label(s, 3, "colour", "");
  expect_labels(s, "colour", "/p/b=;/p/c=green;");
  expect_labels(s, "price", "/p/a=8,50 \"\xC3\xA4\";");
  expect_labels(s, "Price", "");
  testing_ok(akin_storage_label_names(s, &names, &count, &err), &err);
  assert_int_equal(count, 2);
  assert_true(strcmp(names[0].name, "colour") == 0 && names[0].images == 2);
  assert_true(strcmp(names[1].name, "price") == 0 && names[1].images == 1);
  akin_label_names_free(names, count);
  commit(s);
  akin_storage_close(s);
}

static void removed_by_name_and_with_the_image(void **state) {
  akin_storage *s = labelled_store(*state);
  uint64_t removed = 99;
  akin_error err;
  testing_ok(akin_storage_labels_remove(s, "price", &removed, &err), &err);
  assert_int_equal(removed, 1);
  testing_ok(akin_storage_labels_remove(s, "price", &removed, &err), &err);
  assert_int_equal(removed, 0);
  put_image(s, 1, "/p/c", 4); /* another content, the same image */
  expect_labels(s, "colour", "/p/a=blue;/p/c=red;");
  testing_ok(akin_storage_image_remove(s, 1, &err), &err);
  expect_labels(s, "colour", "/p/a=blue;");
  commit(s);
  akin_storage_close(s);
}

static void a_visit_can_end_it(void **state) {
  akin_storage *s = labelled_store(*state);
  heard h = {.stop_after = 1};
  akin_error err;
  testing_expect(akin_storage_labels(s, "colour", hear, &h, &err), AKIN_ERROR_CANCELLED, NULL);
  assert_string_equal(h.text, "/p/a=blue;");
  akin_storage_close(s);
}

static void only_inside_a_transaction_and_for_images_that_are_there(void **state) {
  akin_storage *s = labelled_store(*state);
  uint64_t removed = 0;
  akin_error err;
  assert_int_not_equal(akin_storage_label_put(s, 77, "colour", "red", &err), AKIN_OK);
  akin_storage_rollback(s);
  testing_expect(akin_storage_label_put(s, 1, "colour", "red", &err), AKIN_ERROR_USAGE, &err);
  testing_expect(akin_storage_labels_remove(s, "colour", &removed, &err), AKIN_ERROR_USAGE, &err);
  akin_storage_close(s);
}

static akin_status list_names(void *context) {
  akin_label_name *names = TESTING_POISON;
  size_t count = 0;
  akin_error err;
  akin_status status = akin_storage_label_names(context, &names, &count, &err);
  if (status) assert_null(names);
  akin_label_names_free(names, count);
  return status;
}

static void without_memory(void **state) {
  akin_storage *s = labelled_store(*state);
  assert_true(testing_fail_allocations(list_names, s, true) >= 3);
  akin_storage_close(s);
}

#define LABELS_TEST(test) cmocka_unit_test_setup_teardown(test, setup_in_memory, testing_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      LABELS_TEST(put_replaced_and_listed), LABELS_TEST(removed_by_name_and_with_the_image),
      LABELS_TEST(a_visit_can_end_it),      LABELS_TEST(only_inside_a_transaction_and_for_images_that_are_there),
      LABELS_TEST(without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
