/* test_pth_zip.c - the zip layout: read right, and refused when anything about the archive or its entries is wrong. */
#include "unit/testing.h"

#include "unit/weights/pickles.h"
#include "weights/tensors.h"

#include <zip.h>

/* What is put into an archive. */
typedef struct entry {
  const char *name;
  const void *bytes;
  size_t size;
  bool deflated;
} entry;

static void write_zip(const char *path, const entry *entries, size_t count) {
  int code = 0;
  zip_t *archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
  assert_non_null(archive);
  for (size_t i = 0; i < count; i++) {
    zip_source_t *source = zip_source_buffer(archive, entries[i].bytes, entries[i].size, 0);
    const zip_int64_t index = zip_file_add(archive, entries[i].name, source, ZIP_FL_ENC_UTF_8);
    assert_true(index >= 0);
    assert_int_equal(
        zip_set_file_compression(archive, (zip_uint64_t)index, entries[i].deflated ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0),
        0);
  }
  assert_int_equal(zip_close(archive), 0);
}

static const pickled_tensor views[] = {
    {"rows", "FloatStorage", "0", 6, 0, 2, {2, 3}, {3, 1}},
    {"columns", "FloatStorage", "0", 6, 0, 2, {2, 3}, {1, 2}},
    {"half", "HalfStorage", "1", 2, 0, 1, {2}, {1}},
};

static const float numbers[] = {0, 1, 2, 3, 4, 5};

/* The data.pkl of views; akin_buffer_free. */
static akin_buffer state_pickle(void) {
  akin_buffer b = AKIN_BUFFER_INIT(0);
  put_proto(&b);
  put_state(&b, views, 3);
  put_code(&b, '.');
  return b;
}

/* A sound archive of views at folder/net.pth; akin_free the path. */
static char *sound_file(const char *folder, bool deflated) {
  char *path = testing_path(folder, "net.pth");
  akin_buffer pickle = state_pickle();
  const entry entries[] = {{"net/data.pkl", pickle.data, pickle.size, deflated},
                           {"net/byteorder", "little", 6, false},
                           {"net/data/0", numbers, sizeof numbers, deflated},
                           {"net/data/1", "\x00\x3c\x00\xc1", 4, false},
                           {"net/version", "3\n", 2, false}};
  write_zip(path, entries, 5);
  akin_buffer_free(&pickle);
  return path;
}

static void expect_refused(const char *path, akin_status want, const char *part) {
  akin_tensors *t = TESTING_POISON;
  akin_error err;
  testing_expect(akin_tensors_open(&t, path, &err), want, &err);
  assert_null(t);
  testing_says(&err, "net.pth: ");
  testing_says(&err, part);
}

static void expect_read(const char *path) {
  akin_tensors *t = NULL;
  akin_error err;
  float got[6];
  testing_ok(akin_tensors_open(&t, path, &err), &err);
  assert_int_equal(akin_tensors_count(t), 3);
  testing_ok(akin_tensors_read(t, akin_tensors_find(t, "rows"), NULL, got, &err), &err);
  assert_memory_equal(got, numbers, sizeof numbers);
  testing_ok(akin_tensors_read(t, akin_tensors_find(t, "columns"), NULL, got, &err), &err);
  assert_memory_equal(got, ((const float[]){0, 2, 4, 1, 3, 5}), sizeof got);
  testing_ok(akin_tensors_read(t, akin_tensors_find(t, "half"), NULL, got, &err), &err);
  assert_true(got[0] == 1 && got[1] == -2.5f);
  akin_tensors_free(t);
}

static void test_stored_and_deflated(void **state) {
  for (int deflated = 0; deflated < 2; deflated++) {
    char *path = sound_file(*state, deflated);
    expect_read(path);
    akin_free(path);
  }
}

/* An archive of these entries instead of the sound ones. */
static void expect_entries_refused(const char *folder, const entry *entries, size_t count, akin_status want,
                                   const char *part) {
  char *path = testing_path(folder, "net.pth");
  write_zip(path, entries, count);
  expect_refused(path, want, part);
  akin_free(path);
}

static void test_wrong_entries(void **state) {
  akin_buffer pickle = state_pickle();
  const entry state_dict = {"net/data.pkl", pickle.data, pickle.size, false};
  const entry first = {"net/data/0", numbers, sizeof numbers, false}, second = {"net/data/1", "abcd", 4, false};
  const entry missing[] = {state_dict, first};
  expect_entries_refused(*state, missing, 2, AKIN_ERROR_FORMAT, "storage 1 is not in the archive");
  const entry elsewhere[] = {state_dict, first, {"other/data/1", "abcd", 4, false}};
  expect_entries_refused(*state, elsewhere, 3, AKIN_ERROR_FORMAT, "storage 1 is not in the archive");
  const entry small[] = {state_dict, second, {"net/data/0", numbers, sizeof numbers - 1, false}};
  expect_entries_refused(*state, small, 3, AKIN_ERROR_FORMAT, "storage 0 has 23 bytes, the state dict says 24");
  const entry big[] = {state_dict, first, second, {"net/byteorder", "big", 3, false}};
  expect_entries_refused(*state, big, 4, AKIN_ERROR_UNSUPPORTED, "byte order is 'big'");
  const entry long_order[] = {state_dict, first, second, {"net/byteorder", "little, I suppose", 17, false}};
  expect_entries_refused(*state, long_order, 4, AKIN_ERROR_UNSUPPORTED, "byte order");
  const entry two[] = {state_dict, first, second, {"more/data.pkl", "N.", 2, false}};
  expect_entries_refused(*state, two, 4, AKIN_ERROR_FORMAT, "two entries that end with /data.pkl");
  const entry none[] = {{"readme.txt", "hello", 5, false}};
  expect_entries_refused(*state, none, 1, AKIN_ERROR_UNSUPPORTED, "without data.pkl");
  const entry script[] = {{"net/data.pkl", "cos\nsystem\n(X\1\0\0\0xtR.", 22, false}};
  expect_entries_refused(*state, script, 1, AKIN_ERROR_UNSUPPORTED, "os.system");
  akin_buffer_printf(&pickle, "more");
  const entry after[] = {{"net/data.pkl", pickle.data, pickle.size, false}, first, second};
  expect_entries_refused(*state, after, 3, AKIN_ERROR_FORMAT, "4 bytes after its end");
  akin_buffer_free(&pickle);
}

/* Replaces every occurrence of a run of bytes; returns how many there were. */
static size_t patch(char *bytes, size_t size, const char *from, const char *to, size_t n) {
  size_t found = 0;
  for (size_t at = 0; at + n <= size; at++) {
    if (memcmp(bytes + at, from, n) != 0) continue;
    memcpy(bytes + at, to, n);
    found++;
  }
  return found;
}

static void expect_patched_refused(const char *folder, const char *from, const char *to, size_t n, akin_status want,
                                   const char *part) {
  size_t size = 0;
  char *path = sound_file(folder, false), *bytes = testing_read(path, &size);
  assert_true(patch(bytes, size, from, to, n) >= 1);
  testing_write(path, bytes, size);
  expect_refused(path, want, part);
  akin_free(bytes);
  akin_free(path);
}

static void test_tampered(void **state) {
  expect_patched_refused(*state, "net/data/1", "net/data/0", 10, AKIN_ERROR_FORMAT, "two entries 'net/data/0'");
  /* sizes: an entry of 24 stored bytes that claims to become 2,000,000,024 (in both of its headers) */
  expect_patched_refused(*state, "\x18\0\0\0\x18\0\0\0", "\x18\0\0\0\x18\x94\x35\x77", 8, AKIN_ERROR_FORMAT, "");
}

/* The method field of the central header of net/data/0, 10 bytes in: bzip2's number. */
static void test_other_compression(void **state) {
  size_t size = 0;
  char *path = sound_file(*state, false), *bytes = testing_read(path, &size);
  size_t changed = 0;
  for (size_t at = 0; at + 46 < size; at++) {
    if (memcmp(bytes + at, "PK\1\2", 4) != 0 || memcmp(bytes + at + 46, "net/data/0", 10) != 0) continue;
    bytes[at + 10] = 12;
    changed++;
  }
  assert_int_equal(changed, 1);
  testing_write(path, bytes, size);
  expect_refused(path, AKIN_ERROR_UNSUPPORTED, "net/data/0");
  akin_free(bytes);
  akin_free(path);
}

/* A storage that says more than deflate could ever have packed into its bytes; and one that says less than it has. */
static void test_bomb(void **state) {
  static const uint32_t claims[] = {2000000000, 23};
  for (size_t i = 0; i < 2; i++) {
    char *path = testing_path(*state, "net.pth");
    size_t size = 0;
    akin_buffer pickle = AKIN_BUFFER_INIT(0);
    const pickled_tensor tensor = {"w", "ByteStorage", "0", claims[i], 0, 1, {4}, {1}};
    put_proto(&pickle);
    put_state(&pickle, &tensor, 1);
    put_code(&pickle, '.');
    static const char zeros[4000];
    const entry entries[] = {{"net/data.pkl", pickle.data, pickle.size, false},
                             {"net/data/0", zeros, sizeof zeros, true}};
    write_zip(path, entries, 2);
    char *bytes = testing_read(path, &size);
    const uint32_t honest = sizeof zeros;
    assert_true(patch(bytes, size, (const char *)&honest, (const char *)&claims[i], 4) >= 1);
    testing_write(path, bytes, size);
    akin_tensors *t = NULL;
    akin_error err;
    akin_status status = akin_tensors_open(&t, path, &err);
    if (status == AKIN_OK) {
      float got[4];
      status = akin_tensors_read(t, akin_tensors_at(t, 0), NULL, got, &err);
    }
    testing_expect(status, AKIN_ERROR_FORMAT, &err);
    testing_says(&err, "claims");
    akin_tensors_free(t);
    akin_free(bytes);
    akin_free(path);
    akin_buffer_free(&pickle);
  }
}

static void test_damaged_numbers(void **state) {
  size_t size = 0;
  char *path = sound_file(*state, false), *bytes = testing_read(path, &size);
  const float two = 2, three = 3;
  akin_tensors *t = NULL;
  akin_error err;
  float got[6];
  assert_int_equal(patch(bytes, size, (const char *)&two, (const char *)&three, 4), 1);
  testing_write(path, bytes, size);
  testing_ok(akin_tensors_open(&t, path, &err), &err);
  testing_expect(akin_tensors_read(t, akin_tensors_find(t, "rows"), NULL, got, &err), AKIN_ERROR_FORMAT, &err);
  testing_says(&err, "net.pth: tensor rows");
  testing_ok(akin_tensors_read(t, akin_tensors_find(t, "half"), NULL, got, &err), &err);
  akin_tensors_free(t);
  akin_free(bytes);
  akin_free(path);
}

/* Opens and reads everything; the status of the first thing that failed. */
static akin_status read_all(const char *path) {
  akin_tensors *t = NULL;
  akin_status status = akin_tensors_open(&t, path, NULL);
  for (size_t i = 0; status == AKIN_OK && i < akin_tensors_count(t); i++) {
    float got[6];
    assert_true(akin_tensors_at(t, i)->count <= 6);
    status = akin_tensors_read(t, akin_tensors_at(t, i), NULL, got, NULL);
  }
  akin_tensors_free(t);
  return status;
}

static void test_truncated_everywhere(void **state) {
  for (int deflated = 0; deflated < 2; deflated++) {
    size_t size = 0;
    char *path = sound_file(*state, deflated), *bytes = testing_read(path, &size);
    const memory_file m = memory_file_open();
    for (size_t n = 0; n < size; n++) {
      memory_file_write(&m, bytes, n);
      assert_int_not_equal(read_all(m.path), AKIN_OK);
    }
    close(m.file);
    akin_free(bytes);
    akin_free(path);
  }
}

static void test_flipped_everywhere(void **state) {
  for (int deflated = 0; deflated < 2; deflated++) {
    size_t size = 0, refused = 0;
    char *path = sound_file(*state, deflated), *bytes = testing_read(path, &size);
    const memory_file m = memory_file_open();
    for (size_t bit = 0; bit < 8 * size; bit++) {
      bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
      memory_file_write(&m, bytes, size);
      if (read_all(m.path) != AKIN_OK) refused++;
      bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
    }
    close(m.file);
    assert_true(refused > size); /* what is left are times, versions and unused flags */
    akin_free(bytes);
    akin_free(path);
  }
}

static akin_status read_once(void *path) {
  return read_all(path);
}

static void test_no_memory(void **state) {
  char *path = sound_file(*state, false);
  assert_true(testing_fail_allocations(read_once, path, true) > 5);
  assert_true(testing_fail_allocations(read_once, path, false) > 5);
  akin_free(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, testing_setup, testing_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_stored_and_deflated),
      TEST(test_wrong_entries),
      TEST(test_tampered),
      TEST(test_other_compression),
      TEST(test_bomb),
      TEST(test_damaged_numbers),
      TEST(test_truncated_everywhere),
      TEST(test_flipped_everywhere),
      TEST(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
