/* store_testing.h - what the tests of the room store share: a store filled with a few words a line. */
#ifndef AKIN_TESTS_UNIT_STORE_STORE_TESTING_H
#define AKIN_TESTS_UNIT_STORE_STORE_TESTING_H

#include "unit/testing.h"

#include "store/store.h"

#include <math.h>

#define DIM 8u /* of the features in these tests */

/* testing_setup where fsync costs nothing, for tests that open hundreds of stores; nothing in them asks for a real
 * disk. */
TESTING int setup_in_memory(void **state) {
  if (!getenv("TMPDIR") && access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 1);
  return testing_setup(state);
}

TESTING akin_storage *open_store(const char *folder, akin_storage_mode mode) {
  akin_error err;
  akin_storage *s = TESTING_POISON;
  testing_ok(akin_storage_open(&s, folder, mode, &err), &err);
  assert_non_null(s);
  return s;
}

TESTING void begin(akin_storage *s) {
  akin_error err;
  testing_ok(akin_storage_begin(s, &err), &err);
}

TESTING void commit(akin_storage *s) {
  akin_error err;
  testing_ok(akin_storage_commit(s, &err), &err);
}

TESTING uint64_t generation(akin_storage *s) {
  akin_error err;
  uint64_t g = UINT64_MAX;
  testing_ok(akin_storage_generation(s, &g, &err), &err);
  return g;
}

TESTING uint64_t add_root(akin_storage *s, const char *path, bool scanned) {
  akin_error err;
  uint64_t id = UINT64_MAX;
  testing_ok(akin_storage_root_add(s, path, scanned, &id, &err), &err);
  assert_true(id > 0 && id < UINT64_MAX);
  return id;
}

TESTING uint64_t add_model(akin_storage *s, const char *name) {
  akin_error err;
  uint64_t id = UINT64_MAX;
  testing_ok(akin_storage_model_add(s, name, "f00d", DIM, "{}", &id, &err), &err);
  assert_true(id > 0 && id < UINT64_MAX);
  return id;
}

/* A content that is told apart by a number. */
TESTING akin_hash hash_of(uint64_t number) {
  akin_hash h = {{0}};
  for (size_t i = 0; i < sizeof number; i++)
    h.bytes[i] = (uint8_t)(number >> (8 * i));
  return h;
}

TESTING akin_stored_image image_of(uint64_t root_id, const char *path, uint64_t content) {
  akin_stored_image image = {
      .root_id = root_id,
      .path = path,
      .facts = {.size = 1000 + content, .mtime_ns = -5, .ctime_ns = INT64_MAX, .inode = UINT64_MAX, .device = 7},
      .state = AKIN_IMAGE_READABLE,
      .reason = "",
      .content = hash_of(content),
      .width = 640,
      .height = 480};
  return image;
}

/* The content's id. */
TESTING uint64_t put_image(akin_storage *s, uint64_t root_id, const char *path, uint64_t content) {
  akin_error err;
  akin_stored_image image = image_of(root_id, path, content);
  uint64_t id = UINT64_MAX;
  testing_ok(akin_storage_image_put(s, &image, &id, &err), &err);
  assert_true(id > 0 && id < UINT64_MAX);
  return id;
}

/* A feature of unit length that depends on the number. */
TESTING void feature_of(float feature[DIM], uint64_t number) {
  double sum = 0;
  for (uint32_t i = 0; i < DIM; i++) {
    feature[i] = (float)((number * 31 + i * 17) % 101) - 50.25f;
    sum += (double)feature[i] * feature[i];
  }
  for (uint32_t i = 0; i < DIM; i++)
    feature[i] = (float)(feature[i] / sqrt(sum));
}

TESTING void put_feature(akin_storage *s, uint64_t model_id, uint64_t content_id, uint64_t number) {
  akin_error err;
  float feature[DIM];
  feature_of(feature, number);
  testing_ok(akin_storage_feature_put(s, model_id, content_id, feature, &err), &err);
}

/* Does the store have this feature, to the bit? */
TESTING bool has_feature(akin_storage *s, uint64_t model_id, uint64_t content_id, uint64_t number) {
  akin_error err;
  float want[DIM], got[DIM];
  bool found = false;
  feature_of(want, number);
  memset(got, 0xA5, sizeof got);
  testing_ok(akin_storage_feature_get(s, model_id, content_id, got, &found, &err), &err);
  return found && memcmp(want, got, sizeof want) == 0;
}

/* One image with a content and a feature of its own. */
TESTING void put_all(akin_storage *s, uint64_t root_id, uint64_t model_id, const char *path, uint64_t number) {
  put_feature(s, model_id, put_image(s, root_id, path, number), number);
}

/* ---- listing: what a visit saw, as text ---- */

TESTING akin_status list_path(void *context, const akin_stored_image *image, akin_error *err) {
  (void)err;
  return akin_buffer_printf(context, "%s\n", image->path);
}

/* Paths, one a line; akin_free. */
TESTING char *list_images(akin_storage *s, const char *under) {
  akin_error err;
  akin_buffer text = AKIN_BUFFER_INIT(0);
  testing_ok(akin_storage_images(s, under, list_path, &text, &err), &err);
  return akin_buffer_take(&text);
}

TESTING void expect_images(akin_storage *s, const char *under, const char *want) {
  char *got = list_images(s, under);
  assert_string_equal(got, want);
  akin_free(got);
}

TESTING akin_status list_id(void *context, uint64_t content_id, const float *feature, akin_error *err) {
  (void)err;
  return akin_buffer_printf(context, "%s%llu ", feature ? "+" : "-", (unsigned long long)content_id);
}

/* "+4 +5 -2 ": features, then removals, since a generation; akin_free. */
TESTING char *list_since(akin_storage *s, uint64_t model_id, uint64_t since) {
  akin_error err;
  akin_buffer text = AKIN_BUFFER_INIT(0);
  testing_ok(akin_storage_features_since(s, model_id, since, list_id, &text, &err), &err);
  testing_ok(akin_storage_removals_since(s, model_id, since, list_id, &text, &err), &err);
  return akin_buffer_take(&text);
}

TESTING void expect_since(akin_storage *s, uint64_t model_id, uint64_t since, const char *want) {
  char *got = list_since(s, model_id, since);
  assert_string_equal(got, want);
  akin_free(got);
}

TESTING akin_storage_counts counts_of(akin_storage *s) {
  akin_error err;
  akin_storage_counts counts;
  memset(&counts, 0xA5, sizeof counts);
  testing_ok(akin_storage_count(s, &counts, &err), &err);
  return counts;
}

/* ---- verifying ---- */

TESTING void verify_line(void *context, const char *line) {
  assert_null(strchr(line, '\n'));
  (void)akin_buffer_printf(context, "%s\n", line);
}

/* The faults, one a line; akin_free. */
TESTING char *verify_store(akin_storage *s) {
  akin_error err;
  akin_buffer lines = AKIN_BUFFER_INIT(0);
  uint64_t faults = UINT64_MAX;
  akin_status status = akin_storage_verify(s, verify_line, &lines, &faults, &err);
  testing_expect(status, faults > 0 ? AKIN_ERROR_FORMAT : AKIN_OK, &err);
  return akin_buffer_take(&lines);
}

TESTING void expect_sound(akin_storage *s) {
  char *lines = verify_store(s);
  assert_string_equal(lines, "");
  akin_free(lines);
}

#endif
