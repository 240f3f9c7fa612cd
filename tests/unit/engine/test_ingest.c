/* test_ingest.c - a store brought up to date: new, changed, renamed, copied, broken, vanished and deleted files. */
#include "unit/engine/engine_testing.h"

#include "base/thread.h"

#include <utime.h>

static atomic_int adding_ended; /* 1: well; -1: with an error */

typedef struct told {
  unsigned skipped, notes;
  char path[512], reason[512], note[512];
} told;

static void told_skipped(void *context, const char *path, const char *reason) {
  told *t = context;
  t->skipped++;
  snprintf(t->path, sizeof t->path, "%s", path);
  snprintf(t->reason, sizeof t->reason, "%s", reason);
}
static void told_note(void *context, const char *line) {
  told *t = context;
  t->notes++;
  snprintf(t->note, sizeof t->note, "%s", line);
}

static akin_ingest_options told_options(told *t) {
  akin_ingest_options o = AKIN_INGEST_OPTIONS_INIT;
  *t = (told){0};
  o.on_skipped = told_skipped;
  o.on_note = told_note;
  o.context = t;
  return o;
}

static uint64_t stored_images(engine_bench *b) {
  const akin_summary *summary = NULL;
  akin_error err;
  testing_ok(akin_store_summary(b->store, &summary, &err), &err);
  uint64_t images = summary->images;
  akin_summary_free(summary);
  return images;
}

static void expect_sound(engine_bench *b) {
  uint64_t faults = 99;
  akin_error err;
  told ignored;
  testing_ok(akin_store_verify(b->store, told_note, &ignored, &faults, &err), &err);
  assert_int_equal(faults, 0);
}

static void test_second_run_has_nothing_to_do(void **state) {
  engine_bench *b = *state;
  akin_progress total;
  akin_error err;
  engine_photos(b, 7);
  testing_ok(engine_ingest(b, NULL, &total, &err), &err);
  assert_int_equal(total.found, 7);
  assert_int_equal(total.embedded, 7);
  assert_int_equal(engine_inferences, 7);
  testing_ok(engine_ingest(b, NULL, &total, &err), &err);
  assert_int_equal(total.unchanged, 7);
  assert_int_equal(total.embedded + total.reused + total.removed + total.skipped, 0);
  assert_int_equal(engine_inferences, 7);
  expect_sound(b);
}

static void test_renamed_and_copied_cost_no_inference(void **state) {
  engine_bench *b = *state;
  akin_progress total;
  akin_error err;
  engine_photos(b, 3);
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
  char *from = testing_path(b->photos, "p00.jpg"), *to = testing_path(b->photos, "renamed.jpg");
  assert_int_equal(rename(from, to), 0);
  akin_free(engine_photo(b, "copy.jpg", 2)); /* the same bytes as p01.jpg */
  testing_ok(engine_ingest(b, NULL, &total, &err), &err);
  assert_int_equal(total.reused, 2);
  assert_int_equal(total.removed, 1);
  assert_int_equal(engine_inferences, 3);
  assert_int_equal(stored_images(b), 4);
  expect_sound(b);
  akin_free(from);
  akin_free(to);
}

static void test_changed_file_is_computed_again(void **state) {
  engine_bench *b = *state;
  akin_progress total;
  akin_error err;
  engine_photos(b, 2);
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
  akin_free(engine_photo(b, "p01.jpg", 77));
  testing_ok(engine_ingest(b, NULL, &total, &err), &err);
  assert_int_equal(total.embedded, 1);
  assert_int_equal(total.unchanged, 1);
  assert_int_equal(stored_images(b), 2);
  expect_sound(b); /* the old content is gone with its feature */
}

static void test_files_that_change_names_keep_their_features(void **state) {
  engine_bench *b = *state;
  akin_progress total;
  akin_error err;
  engine_photos(b, 2);
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
  char *one = testing_path(b->photos, "p00.jpg"), *two = testing_path(b->photos, "p01.jpg"),
       *aside = testing_path(b->folder, "aside");
  assert_int_equal(rename(one, aside) | rename(two, one) | rename(aside, two), 0);
  testing_ok(engine_ingest(b, NULL, &total, &err), &err);
  assert_int_equal(total.reused, 2);
  const akin_summary *summary = NULL;
  testing_ok(akin_store_summary(b->store, &summary, &err), &err);
  assert_int_equal(summary->models[0].features, 2); /* the first one stored must not take the other's feature away */
  akin_summary_free(summary);
  testing_ok(engine_ingest(b, NULL, &total, &err), &err);
  assert_int_equal(total.unchanged, 2);
  assert_int_equal(engine_inferences, 2);
  expect_sound(b);
  akin_free(one);
  akin_free(two);
  akin_free(aside);
}

static void test_touched_file_costs_no_inference(void **state) {
  engine_bench *b = *state;
  akin_progress total;
  akin_error err;
  struct utimbuf times = {1000000000, 1000000000};
  engine_photos(b, 2);
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
  char *path = testing_path(b->photos, "p01.jpg");
  assert_int_equal(utime(path, &times), 0);
  testing_ok(engine_ingest(b, NULL, &total, &err), &err);
  assert_int_equal(total.reused, 1);
  assert_int_equal(engine_inferences, 2);
  akin_free(path);
}

static void test_bad_files_are_named_and_the_rest_goes_on(void **state) {
  engine_bench *b = *state;
  akin_progress total;
  akin_error err;
  told t;
  akin_ingest_options o = told_options(&t);
  engine_photos(b, 4);
  char *bad = testing_path(b->photos, "bad.jpg");
  testing_write_text(bad, "this is no image at all");
  testing_ok(engine_ingest(b, &o, &total, &err), &err);
  assert_int_equal(total.embedded, 4);
  assert_int_equal(total.skipped, 1);
  assert_int_equal(t.skipped, 1);
  assert_string_equal(t.path, bad);
  assert_null(strstr(t.reason, bad)); /* the path stands beside it already */
  /* known to be bad: told again, not tried again … */
  o = told_options(&t);
  testing_ok(engine_ingest(b, &o, &total, &err), &err);
  assert_int_equal(t.skipped, 1);
  assert_int_equal(total.skipped, 1);
  assert_int_equal(total.unchanged, 4);
  /* … until it changes */
  engine_picture(bad, 50);
  o = told_options(&t);
  testing_ok(engine_ingest(b, &o, &total, &err), &err);
  assert_int_equal(t.skipped, 0);
  assert_int_equal(total.embedded, 1);
  expect_sound(b);
  akin_free(bad);
}

static void test_empty_fifo_and_dangling(void **state) {
  engine_bench *b = *state;
  akin_progress total;
  akin_error err;
  told t;
  akin_ingest_options o = told_options(&t);
  engine_photos(b, 1);
  char *empty = testing_path(b->photos, "empty.jpg"), *fifo = testing_path(b->photos, "fifo.png"),
       *dangling = testing_path(b->photos, "dangling.webp");
  testing_write_text(empty, "");
  assert_int_equal(mkfifo(fifo, 0666), 0);
  assert_int_equal(symlink("nowhere", dangling), 0);
  testing_ok(engine_ingest(b, &o, &total, &err), &err);
  assert_int_equal(total.embedded, 1);
  assert_int_equal(total.skipped, 3);
  expect_sound(b);
  assert_int_equal(unlink(empty) | unlink(fifo), 0);
  o = told_options(&t);
  testing_ok(engine_ingest(b, &o, &total, &err), &err);
  assert_int_equal(t.skipped, 1);
  assert_string_equal(t.path, dangling);
  assert_string_equal(t.reason, "is a link to a file that is not there");
  akin_free(empty);
  akin_free(fifo);
  akin_free(dangling);
}

static void test_deleted_files_leave(void **state) {
  engine_bench *b = *state;
  akin_progress total;
  akin_error err;
  engine_photos(b, 5);
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
  char *path = testing_path(b->photos, "p02.jpg");
  assert_int_equal(unlink(path), 0);
  testing_ok(engine_ingest(b, NULL, &total, &err), &err);
  assert_int_equal(total.removed, 1);
  assert_int_equal(stored_images(b), 4);
  expect_sound(b);
  akin_free(path);
}

static void test_file_that_a_folder_passes_over_stays_when_named(void **state) {
  engine_bench *b = *state;
  akin_progress total;
  akin_error err;
  engine_photos(b, 1);
  char *hidden = engine_photo(b, ".hidden.jpg", 9);
  const char *paths[] = {b->photos, hidden};
  testing_ok(akin_store_ingest(b->store, b->model, paths, 2, NULL, &total, &err), &err);
  assert_int_equal(total.embedded, 2);
  testing_ok(akin_store_ingest(b->store, b->model, paths, 2, NULL, &total, &err), &err);
  assert_int_equal(total.unchanged, 2);
  assert_int_equal(total.removed, 0);
  assert_int_equal(stored_images(b), 2);
  akin_free(hidden);
}

static void test_only_scanned_folders_lose_images(void **state) {
  engine_bench *b = *state;
  akin_progress total;
  akin_error err;
  char *one = testing_path(b->photos, "one"), *two = testing_path(b->photos, "two");
  char *in_one = testing_path(one, "a.jpg"), *in_two = testing_path(two, "b.jpg"), *other = testing_path(one, "c.jpg");
  assert_int_equal(mkdir(one, 0777) | mkdir(two, 0777), 0);
  engine_picture(in_one, 1);
  engine_picture(other, 3);
  engine_picture(in_two, 2);
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
  assert_int_equal(unlink(in_one) | unlink(in_two), 0);
  const char *path = one;
  testing_ok(akin_store_ingest(b->store, b->model, &path, 1, NULL, &total, &err), &err);
  assert_int_equal(total.removed, 1);
  assert_int_equal(stored_images(b), 2); /* c.jpg, and b.jpg that nobody looked for */
  akin_free(one);
  akin_free(two);
  akin_free(in_one);
  akin_free(in_two);
  akin_free(other);
}

/* What is deeper comes first here: its root is swallowed by that of a later path. */
static void test_paths_inside_each_other_in_any_order(void **state) {
  engine_bench *b = *state;
  akin_progress total;
  akin_error err;
  char *deep = testing_path(b->photos, "deep"), *in_deep = testing_path(deep, "a.jpg");
  char *other = testing_path(deep, "b.jpg"), *shallow = testing_path(b->photos, "c.jpg");
  assert_int_equal(mkdir(deep, 0777), 0);
  engine_picture(in_deep, 1);
  engine_picture(other, 2);
  engine_picture(shallow, 3);
  const char *files[] = {in_deep, shallow}, *folders[] = {deep, b->photos, deep};
  testing_ok(akin_store_ingest(b->store, b->model, files, 2, NULL, &total, &err), &err);
  assert_int_equal(total.embedded, 2);
  testing_ok(akin_store_ingest(b->store, b->model, folders, 3, NULL, &total, &err), &err);
  assert_int_equal(total.removed, 0);
  assert_int_equal(stored_images(b), 3);
  expect_sound(b);
  akin_free(deep);
  akin_free(in_deep);
  akin_free(other);
  akin_free(shallow);
}

static void test_empty_or_missing_root_is_refused(void **state) {
  engine_bench *b = *state;
  akin_progress total;
  akin_error err;
  akin_ingest_options prune = AKIN_INGEST_OPTIONS_INIT;
  engine_photos(b, 2);
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
  char *elsewhere = testing_path(b->folder, "elsewhere");
  assert_int_equal(rename(b->photos, elsewhere), 0);
  testing_expect(engine_ingest(b, NULL, &total, &err), AKIN_ERROR_REFUSED, &err);
  testing_says(&err, "2 images");
  testing_says(&err, "--prune");
  assert_int_equal(mkdir(b->photos, 0777), 0); /* a mount point without its disk */
  testing_expect(engine_ingest(b, NULL, &total, &err), AKIN_ERROR_REFUSED, &err);
  assert_int_equal(stored_images(b), 2);
  prune.prune = 1;
  testing_ok(engine_ingest(b, &prune, &total, &err), &err);
  assert_int_equal(total.removed, 2);
  assert_int_equal(stored_images(b), 0);
  akin_free(elsewhere);
}

static void test_one_bad_path_does_not_stop_the_others(void **state) {
  engine_bench *b = *state;
  akin_progress total;
  akin_error err;
  engine_photos(b, 3);
  char *missing = testing_path(b->folder, "missing");
  const char *paths[] = {missing, b->photos};
  testing_expect(akin_store_ingest(b->store, b->model, paths, 2, NULL, &total, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, missing);
  assert_int_equal(total.embedded, 3);
  assert_int_equal(stored_images(b), 3);
  akin_free(missing);
}

static void test_second_writer_is_told(void **state) {
  engine_bench *b = *state;
  akin_storage *writer = NULL;
  akin_error err;
  engine_photos(b, 1);
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
  testing_ok(akin_storage_open(&writer, b->store_folder, AKIN_STORAGE_WRITE, &err), &err);
  testing_expect(engine_ingest(b, NULL, NULL, &err), AKIN_ERROR_BUSY, &err);
  akin_storage_close(writer);
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
}

static void test_another_layer_is_another_feature(void **state) {
  engine_bench *b = *state;
  akin_error err;
  engine_photos(b, 1);
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
  akin_model *kept = b->model;
  b->model = engine_open_model(b, 1, "-1");
  testing_expect(engine_ingest(b, NULL, NULL, &err), AKIN_ERROR_MISMATCH, &err);
  testing_says(&err, "layer");
  akin_model_free(b->model);
  b->model = kept;
  engine_dim = akin_model_dim(kept);
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
}

/* ---- verifying while another adds ---- */

enum { ADDED = 60 };

/* Thread 0 adds one image after the other; every one is a commit. */
static void add_images(void *context, unsigned index) {
  const engine_bench *b = context;
  akin_store *store = NULL;
  (void)index;
  akin_status status = akin_store_open(&store, b->store_folder, 0, NULL);
  for (unsigned i = 0; !status && i < ADDED; i++) {
    char *path = engine_photo(b, "added.jpg", 100 + i);
    const char *given = path;
    status = akin_store_ingest(store, b->model, &given, 1, NULL, NULL, NULL);
    akin_free(path);
  }
  akin_store_close(store);
  atomic_store(&adding_ended, status ? -1 : 1);
}

static void test_adding_is_no_fault_to_who_verifies(void **state) {
  engine_bench *b = *state;
  akin_threads *threads = NULL;
  akin_error err;
  engine_photos(b, 4);
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
  atomic_store(&adding_ended, 0);
  testing_ok(akin_threads_start(&threads, 1, add_images, b, &err), &err);
  akin_status status = AKIN_OK;
  uint64_t faults = 0, told_of = 0;
  told t = {0};
  while (!status && atomic_load(&adding_ended) == 0) {
    status = akin_store_verify(b->store, told_note, &t, &faults, &err);
    told_of += faults;
  }
  akin_threads_join(threads); /* it works in the folder that a failed test removes */
  testing_ok(status, &err);
  assert_int_equal(told_of, 0);
  assert_int_equal(atomic_load(&adding_ended), 1);
  expect_sound(b);
}

static int cancel_at_once(void *context) {
  (void)context;
  return 1;
}

static void test_cancelled_run_goes_on_later(void **state) {
  engine_bench *b = *state;
  akin_progress total;
  akin_error err;
  akin_ingest_options o = AKIN_INGEST_OPTIONS_INIT;
  o.should_cancel = cancel_at_once;
  engine_photos(b, 40);
  testing_expect(engine_ingest(b, &o, &total, &err), AKIN_ERROR_CANCELLED, &err);
  assert_true(stored_images(b) < 40);
  testing_ok(engine_ingest(b, NULL, &total, &err), &err);
  assert_int_equal(stored_images(b), 40);
  assert_int_equal(total.removed, 0);
  expect_sound(b);
}

static void test_broken_runtime_is_told_once(void **state) {
  engine_bench *b = *state;
  akin_error err;
  told t;
  akin_ingest_options o = told_options(&t);
  engine_photos(b, 5);
  uint32_t right = engine_dim;
  engine_dim = right + 1; /* the network gives another size than the layers say */
  testing_expect(engine_ingest(b, &o, NULL, &err), AKIN_ERROR_MISMATCH, &err);
  assert_int_equal(t.skipped, 0);
  engine_dim = right;
  testing_ok(engine_ingest(b, &o, NULL, &err), &err);
  assert_int_equal(stored_images(b), 5);
}

static void test_remove(void **state) {
  engine_bench *b = *state;
  uint64_t removed = 99;
  akin_error err;
  engine_photos(b, 4);
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
  char *one = testing_path(b->photos, "p01.jpg"), *unknown = testing_path(b->photos, "unknown.jpg");
  const char *paths[] = {one, unknown};
  testing_expect(akin_store_remove(b->store, paths, 2, &removed, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, unknown);
  assert_int_equal(stored_images(b), 4); /* all or nothing */
  testing_ok(akin_store_remove(b->store, paths, 1, &removed, &err), &err);
  assert_int_equal(removed, 1);
  const char *folder = b->photos;
  testing_ok(akin_store_remove(b->store, &folder, 1, &removed, &err), &err);
  assert_int_equal(removed, 3);
  assert_int_equal(stored_images(b), 0);
  expect_sound(b);
  akin_free(one);
  akin_free(unknown);
}

static void test_bad_arguments(void **state) {
  engine_bench *b = *state;
  akin_error err;
  akin_ingest_options o = AKIN_INGEST_OPTIONS_INIT;
  const char *path = b->photos;
  testing_expect(akin_store_ingest(b->store, b->model, &path, 0, NULL, NULL, &err), AKIN_ERROR_USAGE, &err);
  testing_expect(akin_store_ingest(b->store, NULL, &path, 1, NULL, NULL, &err), AKIN_ERROR_USAGE, &err);
  o.version = 99;
  testing_expect(engine_ingest(b, &o, NULL, &err), AKIN_ERROR_USAGE, &err);
  testing_says(&err, "99");
}

#define ENGINE_TEST(test) cmocka_unit_test_setup_teardown(test, engine_setup, engine_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      ENGINE_TEST(test_second_run_has_nothing_to_do),
      ENGINE_TEST(test_renamed_and_copied_cost_no_inference),
      ENGINE_TEST(test_changed_file_is_computed_again),
      ENGINE_TEST(test_files_that_change_names_keep_their_features),
      ENGINE_TEST(test_touched_file_costs_no_inference),
      ENGINE_TEST(test_bad_files_are_named_and_the_rest_goes_on),
      ENGINE_TEST(test_empty_fifo_and_dangling),
      ENGINE_TEST(test_deleted_files_leave),
      ENGINE_TEST(test_file_that_a_folder_passes_over_stays_when_named),
      ENGINE_TEST(test_only_scanned_folders_lose_images),
      ENGINE_TEST(test_paths_inside_each_other_in_any_order),
      ENGINE_TEST(test_empty_or_missing_root_is_refused),
      ENGINE_TEST(test_one_bad_path_does_not_stop_the_others),
      ENGINE_TEST(test_second_writer_is_told),
      ENGINE_TEST(test_another_layer_is_another_feature),
      ENGINE_TEST(test_adding_is_no_fault_to_who_verifies),
      ENGINE_TEST(test_cancelled_run_goes_on_later),
      ENGINE_TEST(test_broken_runtime_is_told_once),
      ENGINE_TEST(test_remove),
      ENGINE_TEST(test_bad_arguments),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
