/*
 * test_pack.c - points packed in several commits, because there are more of them than may wait in memory: all are there
 * afterwards, also when packing broke off on the way.
 */
#include "unit/engine/engine_testing.h"

#include "base/random.h"
#include "engine/space.h"
#include "engine/store.h"

#define ROWS 1500u
#define DIM  1024u /* 6 MB: three times what may wait */

static void make_feature(float *out, uint64_t seed) {
  akin_random r = {seed};
  akin_error err;
  for (size_t i = 0; i < DIM; i++)
    out[i] = (float)(akin_random_next(&r) >> 40) / 16777216.0f - 0.5f;
  testing_ok(akin_search_normalise(out, DIM, &err), &err);
}

/* Images of a model that nobody has to compute: content_ids[i] has the feature of seed i + 1. */
static uint64_t content_ids[ROWS];

static akin_status put_images(akin_storage *s, akin_error *err) {
  uint64_t root = 0, model = 0;
  float feature[DIM];
  akin_status status = akin_storage_model_add(s, "large", "a fingerprint", DIM, "{}", &model, err);
  if (!status) status = akin_storage_root_add(s, "/photos", true, &root, err);
  for (unsigned i = 0; !status && i < ROWS; i++) {
    char path[64];
    snprintf(path, sizeof path, "/photos/%05u.jpg", i);
    akin_stored_image image = {.root_id = root, .path = path, .reason = "", .width = 1, .height = 1};
    memcpy(image.content.bytes, &i, sizeof i);
    make_feature(feature, i + 1);
    status = akin_storage_image_put(s, &image, &content_ids[i], err);
    if (!status) status = akin_storage_feature_put(s, model, content_ids[i], feature, err);
  }
  return status;
}

static int pack_setup(void **state) {
  engine_setup(state);
  engine_bench *b = *state;
  akin_storage *writer = NULL;
  akin_error err;
  testing_ok(akin_store_writer(b->store, &writer, &err), &err);
  testing_ok(akin_storage_begin(writer, &err), &err);
  testing_ok(put_images(writer, &err), &err);
  testing_ok(akin_storage_commit(writer, &err), &err);
  akin_storage_close(writer);
  return 0;
}

static akin_status pack(engine_bench *b, akin_error *err) {
  const char *const name = "large";
  akin_space *space = NULL;
  akin_status status = akin_space_open(&space, b->store, &name, 1, AKIN_SCORES_COSINE, err);
  if (!status) status = akin_store_pack(b->store, space, err);
  akin_space_free(space);
  return status;
}

/* What is in the file, by itself. */
static akin_vectors *open_packed(engine_bench *b, akin_status *status, akin_error *err) {
  akin_storage *reader = NULL;
  testing_ok(akin_store_reader(b->store, &reader, err), err);
  char *folder = testing_path(b->store_folder, "vectors"), *path = NULL;
  DIR *entries = opendir(folder);
  const akin_vectors_key key = {"a fingerprint", DIM, akin_storage_id(reader)};
  akin_vectors *v = NULL;
  bool damaged = false;
  for (const struct dirent *entry; entries && !path && (entry = readdir(entries));)
    if (strstr(entry->d_name, ".vec")) path = testing_path(folder, entry->d_name);
  if (entries) closedir(entries);
  *status = path ? akin_vectors_open(&v, path, &key, false, &damaged, err) : AKIN_ERROR_NOT_FOUND;
  assert_false(damaged);
  akin_free(path);
  akin_free(folder);
  return v;
}

static void expect_all_packed(engine_bench *b) {
  uint64_t generation = 0;
  float wanted[DIM];
  akin_error err;
  akin_status status = AKIN_OK;
  akin_vectors *v = open_packed(b, &status, &err);
  testing_ok(status, &err);
  testing_ok(akin_storage_generation(b->store->reader, &generation, &err), &err);
  assert_int_equal(akin_vectors_generation(v), generation);
  assert_int_equal(akin_vectors_live(v), ROWS);
  for (unsigned i = 0; i < ROWS; i++) {
    const float *row = akin_vectors_find(v, content_ids[i]);
    assert_non_null(row);
    make_feature(wanted, i + 1);
    assert_memory_equal(row, wanted, sizeof wanted);
  }
  akin_vectors_close(v);
}

static void all_points_are_there(void **state) {
  engine_bench *b = *state;
  akin_error err;
  testing_ok(pack(b, &err), &err);
  expect_all_packed(b);
  testing_ok(pack(b, &err), &err); /* nothing to do */
  expect_all_packed(b);
}

/* A part of them is in the file, under the generation that it had. */
static void a_pack_that_broke_off_goes_on(void **state) {
  engine_bench *b = *state;
  unsigned parts = 0;
  akin_error err;
  bool reached = true;
  for (uint64_t nth = 1; reached; nth += 3) {
    akin_status status;
    testing_ok(akin_store_packed_files(b->store, "*.vec", NULL, NULL, true, &err), &err);
    akin_memory_fail_at(nth, true);
    (void)pack(b, &err);
    reached = akin_memory_count() >= nth;
    akin_memory_fail_at(0, true);
    akin_vectors *v = open_packed(b, &status, &err);
    if (v && akin_vectors_live(v) > 0 && akin_vectors_live(v) < ROWS) {
      assert_int_equal(akin_vectors_generation(v), 0);
      akin_vectors_close(v);
      testing_ok(pack(b, &err), &err);
      expect_all_packed(b);
      parts++;
    } else {
      akin_vectors_close(v);
    }
  }
  assert_true(parts > 3);
  expect_all_packed(b);
}

#define PACK_TEST(test) cmocka_unit_test_setup_teardown(test, pack_setup, engine_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {PACK_TEST(all_points_are_there), PACK_TEST(a_pack_that_broke_off_goes_on)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
