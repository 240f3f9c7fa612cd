/* test_duplicates.c - groups of near-identical images: what is in them, which copy is best, that the order of indexing
 * does not matter, pairs told apart, files that are gone or changed. The runtime's features are a fake's, so candidates
 * are found with a low least score, and pixels decide. */
#include "unit/engine/engine_testing.h"
#include "unit/scene.h"

#include "base/error.h"
#include "engine/duplicates.h"

#include <utime.h>

/* What was found, as text: one group a line, "best.jpg near:b.jpg …". */
typedef struct found {
  char text[4096];
  size_t groups;
  akin_status stop; /* what the visit returns */
} found;

static akin_status found_visit(void *context, const akin_duplicate_group *group) {
  found *f = context;
  f->groups++;
  assert_int_equal(group->number, f->groups);
  assert_string_equal(group->model, "tiny");
  assert_true(group->count >= 2);
  for (size_t i = 0; i < group->count; i++) {
    const akin_duplicate *d = &group->images[i];
    assert_int_equal(d->copy == AKIN_COPY_BEST, i == 0);
    assert_true(d->width > 0 && d->height > 0 && d->bytes > 0);
    assert_true(d->score >= -1.0f && d->score <= 1.0f && d->agreement >= 0.9f && d->agreement <= 1.0f);
    const size_t used = strlen(f->text);
    snprintf(f->text + used, sizeof f->text - used, "%s%s%s%s", i ? " " : "", i ? akin_copy_name(d->copy) : "",
             i ? ":" : "", akin_path_name(d->path));
  }
  strcat(f->text, "\n");
  return f->stop;
}

static void on_skipped(void *context, const char *path, const char *reason) {
  char *text = context;
  assert_non_null(reason);
  assert_null(strstr(reason, path)); /* the path is told beside it */
  const size_t used = strlen(text);
  snprintf(text + used, 1024 - used, "%s: %s\n", akin_path_name(path), reason);
}

static akin_duplicates_options options_for(void) {
  akin_duplicates_options options = AKIN_DUPLICATES_OPTIONS_INIT;
  options.min_score = -1.0f;
  options.jobs = 2;
  return options;
}

static void expect_with(engine_bench *b, const akin_duplicates_options *options, const char *text) {
  akin_error err;
  found f = {.text = ""};
  akin_duplicates_progress total;
  testing_ok(akin_store_duplicates(b->store, options, found_visit, &f, &total, &err), &err);
  assert_string_equal(f.text, text);
  assert_int_equal(total.groups, f.groups);
  assert_int_equal(total.looked, total.pictures);
  assert_int_equal(total.compared, total.candidates);
}

static void expect(engine_bench *b, const char *text) {
  const akin_duplicates_options options = options_for();
  expect_with(b, &options, text);
}

static void write_scene(const engine_bench *b, const scene *s, const char *name) {
  akin_free(scene_write(s, b->photos, name));
}

static void copy_photo(const engine_bench *b, const char *from, const char *to) {
  size_t size = 0;
  char *source = testing_path(b->photos, from), *target = testing_path(b->photos, to);
  char *bytes = testing_read(source, &size);
  testing_write(target, bytes, size);
  akin_free(bytes);
  akin_free(target);
  akin_free(source);
}

static void ingest(engine_bench *b) {
  akin_error err;
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
}

/* Scene 1 five times and twice the same, scene 2 twice, scenes 3 and 4 once. */
static void prepare(engine_bench *b) {
  scene large = SCENE(1), half = SCENE(1), cut = SCENE(1), turned = SCENE(1), coarse = SCENE(1);
  scene other = SCENE(2), darker = SCENE(2), third = SCENE(3), fourth = SCENE(4);
  half.width = 120;
  half.height = 90;
  cut.width = 228;
  cut.left = 0.05;
  turned.mirrored = true;
  coarse.quality = 30;
  darker.gain = 0.8;
  write_scene(b, &large, "a-large.jpg");
  write_scene(b, &half, "b-half.jpg");
  write_scene(b, &cut, "c-cut.jpg");
  write_scene(b, &turned, "d-turned.jpg");
  write_scene(b, &coarse, "e-coarse.jpg");
  copy_photo(b, "b-half.jpg", "f-half-again.jpg");
  write_scene(b, &other, "g-other.jpg");
  write_scene(b, &darker, "h-darker.jpg");
  write_scene(b, &third, "i-third.jpg");
  write_scene(b, &fourth, "j-fourth.jpg");
}

#define GROUP_1 "a-large.jpg near:e-coarse.jpg near:c-cut.jpg near:b-half.jpg near:f-half-again.jpg\n"
#define GROUP_2 "g-other.jpg near:h-darker.jpg\n"

static void groups_are_found(void **state) {
  engine_bench *b = *state;
  akin_duplicates_options options = options_for();
  prepare(b);
  ingest(b);
  expect(b, GROUP_1 GROUP_2);
  options.mirrored = 1;
  expect_with(b, &options,
              "a-large.jpg mirrored:d-turned.jpg near:e-coarse.jpg near:c-cut.jpg near:b-half.jpg "
              "near:f-half-again.jpg\n" GROUP_2);
  options.jobs = 1;
  options.mirrored = 0;
  expect_with(b, &options, GROUP_1 GROUP_2);
}

/* The same photos, one after the other, last first: ids and rows are in another order. */
static void the_order_of_indexing_does_not_matter(void **state) {
  engine_bench *b = *state;
  static const char *const names[] = {"j-fourth.jpg", "i-third.jpg",  "h-darker.jpg", "g-other.jpg", "f-half-again.jpg",
                                      "e-coarse.jpg", "d-turned.jpg", "c-cut.jpg",    "b-half.jpg",  "a-large.jpg"};
  akin_error err;
  prepare(b);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char *path = testing_path(b->photos, names[i]);
    const char *paths[] = {path};
    testing_ok(akin_store_ingest(b->store, b->model, paths, 1, NULL, NULL, &err), &err);
    akin_free(path);
  }
  expect(b, GROUP_1 GROUP_2);
}

/* Content alone makes a group, whatever features say, and of equal copies the first by path is best. */
static void the_same_content_is_a_group(void **state) {
  engine_bench *b = *state;
  akin_duplicates_options options = options_for();
  scene s = SCENE(5), t = SCENE(6);
  write_scene(b, &s, "z.jpg");
  copy_photo(b, "z.jpg", "y.jpg");
  copy_photo(b, "z.jpg", "x.jpg");
  write_scene(b, &t, "w.jpg");
  ingest(b);
  options.min_score = 1.0f;
  expect_with(b, &options, "x.jpg same:y.jpg same:z.jpg\n");
}

static void only_what_is_asked_for(void **state) {
  engine_bench *b = *state;
  akin_error err;
  akin_duplicates_options options = options_for();
  prepare(b);
  ingest(b);
  char *large = testing_path(b->photos, "a-large.jpg"), *cut = testing_path(b->photos, "c-cut.jpg"),
       *other = testing_path(b->photos, "g-other.jpg"), *none = testing_path(b->photos, "none");
  const char *three[] = {cut, other, large, cut};
  options.paths = three;
  options.path_count = 4;
  expect_with(b, &options, "a-large.jpg near:c-cut.jpg\n");
  const char *folder[] = {b->photos, large};
  options.paths = folder;
  options.path_count = 2;
  expect_with(b, &options, GROUP_1 GROUP_2);
  const char *unknown[] = {large, none};
  found f = {.text = ""};
  options.paths = unknown;
  testing_expect(akin_store_duplicates(b->store, &options, found_visit, &f, NULL, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, none);
  assert_int_equal(f.groups, 0);
  akin_free(none);
  akin_free(other);
  akin_free(cut);
  akin_free(large);
}

static uint64_t tell(engine_bench *b, const char *first, const char *second, int apart) {
  akin_error err;
  uint64_t changed = 99;
  char *x = testing_path(b->photos, first), *y = testing_path(b->photos, second);
  const char *const pair[] = {x, y};
  testing_ok(akin_store_tell_apart(b->store, pair, 2, apart, &changed, &err), &err);
  akin_free(x);
  akin_free(y);
  return changed;
}

static akin_status count_pair(void *context, const char *const paths[2], const char *const contents[2]) {
  assert_int_equal(strlen(contents[0]), 64);
  assert_true(strcmp(contents[0], contents[1]) < 0);
  ++((int *)context)[(paths[0] != NULL) + (paths[1] != NULL)];
  return AKIN_OK;
}

static void told_apart_and_again(void **state) {
  engine_bench *b = *state;
  akin_error err;
  prepare(b);
  ingest(b);
  assert_int_equal(tell(b, "h-darker.jpg", "g-other.jpg", 1), 1);
  assert_int_equal(tell(b, "g-other.jpg", "h-darker.jpg", 1), 0);
  expect(b, GROUP_1);
  /* two copies that are not the best: the better one stays in the group */
  assert_int_equal(tell(b, "c-cut.jpg", "e-coarse.jpg", 1), 1);
  expect(b, "a-large.jpg near:e-coarse.jpg near:b-half.jpg near:f-half-again.jpg\n");
  int listed[3] = {0};
  testing_ok(akin_store_told_apart(b->store, count_pair, listed, &err), &err);
  assert_int_equal(listed[2], 2);
  assert_int_equal(tell(b, "c-cut.jpg", "e-coarse.jpg", 0), 1);
  assert_int_equal(tell(b, "g-other.jpg", "h-darker.jpg", 0), 1);
  assert_int_equal(tell(b, "g-other.jpg", "h-darker.jpg", 0), 0);
  expect(b, GROUP_1 GROUP_2);
}

/* By content: a file that moved, and one that left the store and came back. */
static void told_apart_stays(void **state) {
  engine_bench *b = *state;
  akin_error err;
  prepare(b);
  ingest(b);
  assert_int_equal(tell(b, "g-other.jpg", "h-darker.jpg", 1), 1);
  char *old = testing_path(b->photos, "h-darker.jpg"), *moved = testing_path(b->photos, "k-moved.jpg");
  assert_int_equal(rename(old, moved), 0);
  ingest(b);
  expect(b, GROUP_1);
  const char *const gone[] = {moved};
  uint64_t removed = 0;
  int listed[3] = {0};
  testing_ok(akin_store_remove(b->store, gone, 1, &removed, &err), &err);
  testing_ok(akin_store_told_apart(b->store, count_pair, listed, &err), &err);
  assert_int_equal(listed[1], 1); /* one of the two has no image now */
  ingest(b);
  expect(b, GROUP_1);
  akin_free(old);
  akin_free(moved);
}

static void what_cannot_be_told_apart(void **state) {
  engine_bench *b = *state;
  akin_error err;
  uint64_t changed = 99;
  prepare(b);
  ingest(b);
  char *half = testing_path(b->photos, "b-half.jpg"), *again = testing_path(b->photos, "f-half-again.jpg"),
       *none = testing_path(b->photos, "none.jpg");
  const char *const same[] = {half, again}, *const missing[] = {half, none};
  testing_expect(akin_store_tell_apart(b->store, same, 2, 1, &changed, &err), AKIN_ERROR_USAGE, &err);
  testing_says(&err, "same content");
  assert_int_equal(changed, 0);
  testing_expect(akin_store_tell_apart(b->store, same, 1, 1, &changed, &err), AKIN_ERROR_USAGE, &err);
  testing_expect(akin_store_tell_apart(b->store, missing, 2, 1, &changed, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, none);
  expect(b, GROUP_1 GROUP_2);
  akin_free(none);
  akin_free(again);
  akin_free(half);
}

/* The best copy is gone: it must not be the one that is kept while the others are thrown away. */
static void files_that_are_gone_or_changed(void **state) {
  engine_bench *b = *state;
  char skipped[1024] = "";
  akin_duplicates_options options = options_for();
  scene changed = SCENE(9);
  prepare(b);
  ingest(b);
  char *large = testing_path(b->photos, "a-large.jpg");
  assert_int_equal(unlink(large), 0);
  write_scene(b, &changed, "c-cut.jpg");
  options.on_skipped = on_skipped;
  options.context = skipped;
  expect_with(b, &options, "e-coarse.jpg near:b-half.jpg near:f-half-again.jpg\n" GROUP_2);
  const char *line = strchr(skipped, '\n');
  assert_non_null(line);
  assert_int_equal(strncmp(skipped, "a-large.jpg: ", 13), 0);
  assert_string_equal(line + 1, "c-cut.jpg: is not what was indexed any more: akin index it again\n");
  akin_free(large);
}

/* A file that was only touched still counts. */
static void touched_files_count(void **state) {
  engine_bench *b = *state;
  prepare(b);
  ingest(b);
  char *large = testing_path(b->photos, "a-large.jpg");
  const struct utimbuf long_ago = {1000000000, 1000000000};
  assert_int_equal(utime(large, &long_ago), 0);
  expect(b, GROUP_1 GROUP_2);
  akin_free(large);
}

static int cancel(void *context) {
  (void)context;
  return 1;
}

static void what_ends_it(void **state) {
  engine_bench *b = *state;
  akin_error err;
  akin_duplicates_options options = options_for();
  found f = {.stop = AKIN_ERROR_CANCELLED};
  prepare(b);
  testing_expect(akin_store_duplicates(b->store, NULL, found_visit, &f, NULL, &err), AKIN_ERROR_NOT_FOUND, &err);
  ingest(b);
  testing_expect(akin_store_duplicates(b->store, &options, found_visit, &f, NULL, &err), AKIN_ERROR_CANCELLED, &err);
  assert_int_equal(f.groups, 1);
  options.should_cancel = cancel;
  testing_expect(akin_store_duplicates(b->store, &options, found_visit, &f, NULL, &err), AKIN_ERROR_CANCELLED, &err);
  assert_int_equal(f.groups, 1);
  options = options_for();
  options.min_score = 1.5f;
  testing_expect(akin_store_duplicates(b->store, &options, found_visit, &f, NULL, &err), AKIN_ERROR_USAGE, &err);
  options = options_for();
  options.version = 2;
  testing_expect(akin_store_duplicates(b->store, &options, found_visit, &f, NULL, &err), AKIN_ERROR_USAGE, &err);
  testing_says(&err, "options of version 2");
  options = options_for();
  options.model = "other";
  testing_expect(akin_store_duplicates(b->store, &options, found_visit, &f, NULL, &err), AKIN_ERROR_NOT_FOUND, &err);
}

static akin_status ignore(void *context, const akin_duplicate_group *group) {
  (void)context;
  (void)group;
  return AKIN_OK;
}

static akin_status find(void *context) {
  akin_duplicates_options options = options_for();
  options.jobs = 1;
  options.mirrored = 1;
  return akin_store_duplicates(context, &options, ignore, NULL, NULL, NULL);
}

static void memory_may_be_short(void **state) {
  engine_bench *b = *state;
  scene s = SCENE(1), t = SCENE(1);
  t.width = 100;
  write_scene(b, &s, "a.jpg");
  write_scene(b, &t, "b.jpg");
  ingest(b);
  assert_int_equal(find(b->store),
                   AKIN_OK); /* packed features are there: who lacks memory goes on without their file */
  assert_true(testing_fail_allocations(find, b->store, true) > 10);
  expect(b, "a.jpg near:b.jpg\n");
}

int main(void) {
#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, engine_setup, engine_teardown)
  const struct CMUnitTest tests[] = {
      WITH_BENCH(groups_are_found),
      WITH_BENCH(the_order_of_indexing_does_not_matter),
      WITH_BENCH(the_same_content_is_a_group),
      WITH_BENCH(only_what_is_asked_for),
      WITH_BENCH(told_apart_and_again),
      WITH_BENCH(told_apart_stays),
      WITH_BENCH(what_cannot_be_told_apart),
      WITH_BENCH(files_that_are_gone_or_changed),
      WITH_BENCH(touched_files_count),
      WITH_BENCH(what_ends_it),
      WITH_BENCH(memory_may_be_short),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
