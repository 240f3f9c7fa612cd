/*
 * test_failure.c - every allocation of a store's work fails in turn, ours and SQLite's: the call says so, nothing is
 * left behind, and the store stays sound.
 */
#include "sql_testing.h"
#include "store_testing.h"

/* Everything that a store is used for, on a new one in a folder of its own. */
static akin_status use_store(void *context) {
  char folder[4096], path[64];
  akin_storage *s = NULL;
  akin_stored_model *models = NULL;
  akin_root *roots = NULL;
  akin_storage_counts counts;
  size_t model_count = 0, root_count = 0;
  uint64_t root = 0, model = 0, content = 0, faults = 0;
  float feature[DIM];
  bool found = false;
  akin_error err;
  akin_buffer text = AKIN_BUFFER_INIT(0);
  snprintf(folder, sizeof folder, "%s/used", (const char *)context);
  akin_status status = akin_file_remove_folder(folder, &err); /* of a call that failed */
  if (status || (status = akin_storage_open(&s, folder, AKIN_STORAGE_WRITE, &err)) ||
      (status = akin_storage_begin(s, &err)) || (status = akin_storage_root_add(s, "/p/q", false, &root, &err)) ||
      (status = akin_storage_model_add(s, "net", "f00d", DIM, "{}", &model, &err)))
    goto out;
  for (uint64_t i = 0; i < 3; i++) {
    snprintf(path, sizeof path, "/p/q/%llu", (unsigned long long)i);
    akin_stored_image image = image_of(root, path, i);
    feature_of(feature, i);
    if ((status = akin_storage_image_put(s, &image, &content, &err)) ||
        (status = akin_storage_feature_put(s, model, content, feature, &err)))
      goto out;
  }
  if ((status = akin_storage_root_add(s, "/p", true, &root, &err)) ||
      (status = akin_storage_image_remove(s, 1, &err)) || (status = akin_storage_commit(s, &err)) ||
      (status = akin_storage_images(s, "/p/q", list_path, &text, &err)) ||
      (status = akin_storage_features_since(s, model, 0, list_id, &text, &err)) ||
      (status = akin_storage_removals_since(s, model, 0, list_id, &text, &err)) ||
      (status = akin_storage_feature_get(s, model, content, feature, &found, &err)) ||
      (status = akin_storage_models(s, &models, &model_count, &err)) ||
      (status = akin_storage_roots(s, &roots, &root_count, &err)) || (status = akin_storage_count(s, &counts, &err)) ||
      (status = akin_storage_verify(s, verify_line, &text, &faults, &err)))
    goto out;
  assert_int_equal(counts.images, 2);
  assert_string_equal(text.data, "/p/q/1\n/p/q/2\n+2 +3 -1 ");
  assert_true(found && model_count == 1 && root_count == 1 && faults == 0);
out:
  akin_roots_free(roots, root_count);
  akin_stored_models_free(models, model_count);
  akin_buffer_free(&text);
  akin_storage_close(s);
  return status;
}

static void every_allocation_of_ours_may_fail(void **state) {
  for (int once = 0; once < 2; once++)
    assert_true(testing_fail_allocations(use_store, *state, once) > 20);
}

/* ---- the same in the middle of a store's life: what was committed stays ---- */

typedef struct change {
  const char *folder;
  uint64_t number; /* of the next image */
} change;

static akin_status change_store(void *context) {
  change *c = context;
  akin_storage *s = NULL;
  akin_error err;
  uint64_t root = 0, content = 0;
  char path[64];
  float feature[DIM];
  snprintf(path, sizeof path, "/p/%llu", (unsigned long long)c->number);
  feature_of(feature, c->number);
  akin_status status = akin_storage_open(&s, c->folder, AKIN_STORAGE_WRITE, &err);
  if (!status) status = akin_storage_begin(s, &err);
  if (!status) status = akin_storage_root_add(s, "/p", true, &root, &err);
  if (!status) {
    akin_stored_image image = image_of(root, path, c->number);
    status = akin_storage_image_put(s, &image, &content, &err);
  }
  if (!status) status = akin_storage_feature_put(s, 1, content, feature, &err);
  if (!status) status = akin_storage_commit(s, &err);
  akin_storage_close(s);
  return status;
}

static void expect_images_to(const char *folder, uint64_t count) {
  akin_storage *s = open_store(folder, AKIN_STORAGE_READ);
  assert_int_equal(counts_of(s).images, count);
  assert_int_equal(generation(s), count);
  for (uint64_t i = 0; i < count; i++)
    assert_true(has_feature(s, 1, i + 1, i));
  expect_sound(s);
  akin_storage_close(s);
}

static void make_first(const char *folder) {
  akin_storage *s = open_store(folder, AKIN_STORAGE_WRITE);
  begin(s);
  put_all(s, add_root(s, "/p", true), add_model(s, "net"), "/p/0", 0);
  commit(s);
  akin_storage_close(s);
}

static void a_failed_change_leaves_the_store_as_it_was(void **state) {
  change c = {*state, 1};
  make_first(*state);
  for (uint64_t nth = 1;; nth++) {
    akin_memory_fail_at(nth, true);
    akin_status status = change_store(&c);
    bool reached = akin_memory_count() >= nth;
    akin_memory_fail_at(0, true);
    expect_images_to(*state, status ? 1 : 2);
    if (!status && !reached) break;
    assert_int_equal(status, AKIN_ERROR_MEMORY);
  }
}

/* ---- SQLite's own allocations ---- */

static sqlite3_mem_methods plain; /* SQLite's usual ones */
static long sqlite_countdown;     /* allocations until one fails; 0: none does */

static bool sqlite_permitted(void) {
  return sqlite_countdown == 0 || --sqlite_countdown != 0;
}
static void *failing_malloc(int size) {
  return sqlite_permitted() ? plain.xMalloc(size) : NULL;
}
static void *failing_realloc(void *p, int size) {
  return sqlite_permitted() ? plain.xRealloc(p, size) : NULL;
}

static void install_failing(void) {
  assert_int_equal(sqlite3_shutdown(), SQLITE_OK);
  assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain), SQLITE_OK);
  sqlite3_mem_methods failing = plain;
  failing.xMalloc = failing_malloc;
  failing.xRealloc = failing_realloc;
  assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &failing), SQLITE_OK);
}

static void remove_install(void) {
  sqlite_countdown = 0;
  assert_int_equal(sqlite3_shutdown(), SQLITE_OK);
  assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &plain), SQLITE_OK);
}

static void every_allocation_of_sqlite_may_fail(void **state) {
  char *folder = testing_path(*state, "changed");
  change c = {folder, 1};
  uint64_t failures = 0, images = 1;
  make_first(folder);
  install_failing();
  for (long nth = 1;; nth++) {
    sqlite_countdown = nth;
    akin_status status = change_store(&c);
    bool reached = sqlite_countdown == 0;
    sqlite_countdown = 0;
    failures += status != AKIN_OK;
    assert_true(status == AKIN_OK || status == AKIN_ERROR_MEMORY);
    if (status == AKIN_OK) c.number = ++images; /* it did without */
    if (nth % 16 == 0 || !reached) expect_images_to(folder, images);
    if (!reached) break;
  }
  remove_install();
  print_message("%llu failures\n", (unsigned long long)failures);
  assert_true(failures > 100);
  akin_free(folder);
}

static void every_allocation_of_sqlite_may_fail_in_all_that_a_store_does(void **state) {
  uint64_t failures = 0;
  install_failing();
  for (long nth = 1;; nth += nth < 500 ? 1 : 7) {
    sqlite_countdown = nth;
    akin_status status = use_store(*state);
    bool reached = sqlite_countdown == 0;
    sqlite_countdown = 0;
    failures += status != AKIN_OK;
    assert_true(status == AKIN_OK || status == AKIN_ERROR_MEMORY);
    if (!reached) break;
  }
  remove_install();
  print_message("%llu failures\n", (unsigned long long)failures);
  assert_true(failures > 100);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_in_memory, testing_teardown)
  const struct CMUnitTest tests[] = {
      TEST(every_allocation_of_ours_may_fail),
      TEST(a_failed_change_leaves_the_store_as_it_was),
      TEST(every_allocation_of_sqlite_may_fail),
      TEST(every_allocation_of_sqlite_may_fail_in_all_that_a_store_does),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
