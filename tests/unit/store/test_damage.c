/*
 * test_damage.c - damaged stores. Whatever is flipped or cut in a small store, opening, visiting and verifying it end
 * with a status (the sanitizers watch); and verify finds each kind of contradiction.
 */
#include "process_testing.h"
#include "sql_testing.h"
#include "store_testing.h"

/* ---- verify finds it ---- */

static void make_store(const char *folder) {
  akin_error err;
  akin_storage *s = open_store(folder, AKIN_STORAGE_WRITE);
  begin(s);
  uint64_t root = add_root(s, "/p", true), other = add_root(s, "/q\n\xff", false), model = add_model(s, "net");
  put_all(s, root, model, "/p/1", 1);
  put_all(s, root, model, "/p/2", 2);
  put_all(s, other, model, "/q\n\xff/3", 3);
  akin_stored_image broken = image_of(root, "/p/broken", 0);
  broken.state = AKIN_IMAGE_UNREADABLE;
  broken.reason = "truncated";
  testing_ok(akin_storage_image_put(s, &broken, NULL, &err), &err);
  testing_ok(akin_storage_image_remove(s, 1, &err), &err);
  commit(s);
  akin_storage_close(s);
}

/* What verify says of a store that was spoiled by one statement. */
static void expect_fault(void **state, const char *sql, const char *says) {
  char *folder = testing_path(*state, "spoiled"), *file = testing_path(folder, "akin.db");
  akin_error err;
  make_store(folder);
  akin_storage *s = open_store(folder, AKIN_STORAGE_READ);
  expect_sound(s);
  akin_storage_close(s);
  sql_run(file, sql);
  s = open_store(folder, AKIN_STORAGE_READ);
  char *lines = verify_store(s);
  if (!strstr(lines, says)) fail_msg("after %s, verify does not say \"%s\" but:\n%s", sql, says, lines);
  akin_free(lines);
  akin_storage_close(s);
  testing_ok(akin_file_remove_folder(folder, &err), &err);
  akin_free(file);
  akin_free(folder);
}

static void verify_finds_contradictions(void **state) {
  expect_fault(state, "DELETE FROM images WHERE path = x'2f702f32'", "content 2 has no image\n");
  expect_fault(state, "DELETE FROM features WHERE content_id = 3; DELETE FROM contents WHERE id = 3",
               "image /q\\x0A\\xFF/3 has no content\n");
  expect_fault(state, "DELETE FROM contents WHERE id = 2", "refers to a row of contents that is not there\n");
  expect_fault(state, "DELETE FROM models", "refers to a row of models that is not there\n");
  expect_fault(state, "UPDATE images SET content_id = NULL WHERE content_id = 2", "CHECK constraint failed");
  expect_fault(state, "UPDATE images SET state = 7 WHERE content_id = 2", "CHECK constraint failed");
  expect_fault(state, "UPDATE contents SET hash = x'00' WHERE id = 2", "CHECK constraint failed");
  expect_fault(state, "UPDATE images SET path = '/p2/2' WHERE content_id = 2",
               "image /p2/2 is not inside its root /p\n");
  expect_fault(state, "INSERT INTO roots (path, scanned) VALUES (CAST('/p/2/x' AS BLOB), 1)",
               "root /p/2/x is inside root /p\n");
  expect_fault(state, "INSERT INTO roots (path, scanned) VALUES (CAST('/' AS BLOB), 1)", "root /p is inside root /\n");
  expect_fault(state, "UPDATE store SET generation = 0", "came with generation 1, but the store is at 0\n");
}

static void verify_looks_at_every_value_of_every_feature(void **state) {
  expect_fault(state, "UPDATE features SET vector = substr(vector, 1, 28) WHERE content_id = 2",
               "feature of content 2 has 28 bytes as a blob, net gives a blob of 32\n");
  expect_fault(state, "UPDATE features SET vector = x'' WHERE content_id = 2",
               "feature of content 2 has 0 bytes as a blob, net gives a blob of 32\n");
  expect_fault(state, "UPDATE features SET vector = 'text, of thirty-two characters..' WHERE content_id = 2",
               "feature of content 2 has 32 bytes as a text, net gives a blob of 32\n");
  expect_fault(state, "UPDATE features SET vector = zeroblob(32) WHERE content_id = 3",
               "feature of content 3 is not of unit length\n");
  expect_fault(state,
               "UPDATE features SET vector = CAST(substr(vector, 1, 28) || x'0000c07f' AS BLOB) WHERE content_id = 3",
               "feature of content 3 is not of unit length\n"); /* NaN, the last value */
  expect_fault(state,
               "UPDATE features SET vector = CAST(substr(vector, 1, 28) || x'0000807f' AS BLOB) WHERE content_id = 3",
               "feature of content 3 is not of unit length\n"); /* infinity */
}

static void a_store_without_its_own_row_is_no_store(void **state) {
  char *file = testing_path(*state, "akin.db");
  akin_error err;
  akin_storage *s = TESTING_POISON;
  make_store(*state);
  sql_run(file, "DELETE FROM store");
  testing_expect(akin_storage_open(&s, *state, AKIN_STORAGE_READ, &err), AKIN_ERROR_FORMAT, &err);
  assert_null(s);
  testing_says(&err, "akin.db");
  akin_free(file);
}

/* ---- reading goes on as far as it can, and says what it met ---- */

static void visits_name_what_is_damaged(void **state) {
  static const struct {
    const char *sql, *says;
  } cases[] = {
      {"UPDATE features SET vector = x'00' WHERE content_id = 3", "the feature of content 3 has 1 bytes, not 8 values"},
      {"UPDATE models SET dim = 4000000000", "4000000000 values"},
      {"UPDATE models SET dim = -1", "values"},
      {"DROP TABLE features", "no such table: features"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *folder = testing_path(*state, "spoiled"), *file = testing_path(folder, "akin.db");
    akin_error err;
    akin_buffer text = AKIN_BUFFER_INIT(0);
    make_store(folder);
    sql_run(file, cases[i].sql);
    akin_storage *s = open_store(folder, AKIN_STORAGE_READ);
    testing_expect(akin_storage_features_since(s, 1, 0, list_id, &text, &err), AKIN_ERROR_FORMAT, &err);
    testing_says(&err, cases[i].says);
    testing_says(&err, "akin verify");
    akin_storage_close(s);
    akin_buffer_free(&text);
    testing_ok(akin_file_remove_folder(folder, &err), &err);
    akin_free(file);
    akin_free(folder);
  }
}

static void damaged_images_are_named(void **state) {
  static const char *const spoilers[] = {
      "UPDATE images SET path = x'' WHERE content_id = 2",
      "UPDATE images SET path = x'2f70006f' WHERE content_id = 2", /* a NUL */
      "UPDATE images SET path = 17 WHERE content_id = 2",
      "UPDATE images SET content_id = 99 WHERE content_id = 2",
      "UPDATE contents SET hash = 'short' WHERE id = 2",
  };
  for (size_t i = 0; i < sizeof spoilers / sizeof *spoilers; i++) {
    char *folder = testing_path(*state, "spoiled"), *file = testing_path(folder, "akin.db");
    akin_error err;
    akin_buffer text = AKIN_BUFFER_INIT(0);
    make_store(folder);
    sql_run(file, spoilers[i]);
    akin_storage *s = open_store(folder, AKIN_STORAGE_READ);
    akin_status by_content = akin_storage_images_of(s, 2, list_path, &text, &err);
    if (!by_content) by_content = akin_storage_images_of(s, 99, list_path, &text, &err);
    testing_expect(by_content, AKIN_ERROR_FORMAT, &err);
    testing_says(&err, "akin.db: the ");
    akin_storage_close(s);
    akin_buffer_free(&text);
    testing_ok(akin_file_remove_folder(folder, &err), &err);
    akin_free(file);
    akin_free(folder);
  }
}

/* ---- any byte ---- */

static void drop_line(void *context, const char *line) {
  (void)line;
  ++*(uint64_t *)context;
}

static akin_status drop_image(void *context, const akin_stored_image *image, akin_error *err) {
  (void)err;
  *(uint64_t *)context += strlen(image->path) + strlen(image->reason) + image->content.bytes[31];
  return AKIN_OK;
}

static akin_status drop_feature(void *context, uint64_t id, const float *feature, akin_error *err) {
  (void)err;
  *(uint64_t *)context += id + (feature ? feature[0] > 0 : 0);
  return AKIN_OK;
}

/* Statuses that damage may lead to. NO_SPACE: SQLite's word for a file that seems too large. */
static void expect_tolerable(akin_status status) {
  assert_true(status == AKIN_OK || status == AKIN_ERROR_FORMAT || status == AKIN_ERROR_IO ||
              status == AKIN_ERROR_NOT_FOUND || status == AKIN_ERROR_UNSUPPORTED || status == AKIN_ERROR_LIMIT ||
              status == AKIN_ERROR_MEMORY || status == AKIN_ERROR_NO_SPACE || status == AKIN_ERROR_MISMATCH);
}

/* Reads all there is. Returns whether anything was amiss. */
static bool read_everything(akin_storage *s) {
  uint64_t sink = 0, faults = 0;
  akin_root *roots = NULL;
  akin_stored_model *models = NULL;
  size_t count = 0;
  akin_storage_counts counts;
  akin_error err;
  bool amiss = false;
  akin_status statuses[10] = {akin_storage_images(s, NULL, drop_image, &sink, &err),
                              akin_storage_images(s, "/p", drop_image, &sink, &err),
                              akin_storage_images_of(s, 2, drop_image, &sink, &err),
                              akin_storage_features_since(s, 1, 0, drop_feature, &sink, &err),
                              akin_storage_removals_since(s, 1, 0, drop_feature, &sink, &err),
                              akin_storage_count(s, &counts, &err)};
  statuses[6] = akin_storage_roots(s, &roots, &count, &err);
  akin_roots_free(roots, count);
  statuses[7] = akin_storage_models(s, &models, &count, &err);
  akin_stored_models_free(models, count);
  statuses[8] = akin_storage_verify(s, drop_line, &sink, &faults, &err);
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
    expect_tolerable(statuses[i]);
    amiss |= statuses[i] != AKIN_OK;
  }
  return amiss;
}

static void write_something(akin_storage *s) {
  akin_error err;
  uint64_t root = 0, content = 0;
  float feature[DIM];
  feature_of(feature, 9);
  akin_stored_image image = image_of(1, "/p/9", 9);
  akin_status status = akin_storage_begin(s, &err);
  if (!status) status = akin_storage_root_add(s, "/p", true, &root, &err);
  if (!status) status = akin_storage_image_put(s, &image, &content, &err);
  if (!status) status = akin_storage_feature_put(s, 1, content, feature, &err);
  if (!status) status = akin_storage_image_remove(s, 2, &err);
  if (!status) status = akin_storage_commit(s, &err);
  expect_tolerable(status == AKIN_ERROR_USAGE ? AKIN_OK : status); /* a root whose path is damaged holds nothing */
  akin_storage_rollback(s);
}

/* Returns whether the damage was noticed. */
static bool use_damaged(const char *folder, akin_storage_mode mode) {
  akin_error err;
  akin_storage *s = TESTING_POISON;
  akin_status status = akin_storage_open(&s, folder, mode, &err);
  expect_tolerable(status);
  if (status) {
    assert_null(s);
    assert_true(strlen(err.text) > 0);
    return true;
  }
  bool amiss = read_everything(s);
  if (mode == AKIN_STORAGE_WRITE) write_something(s);
  akin_storage_close(s);
  return amiss;
}

typedef struct image_file {
  char *path, *bytes;
  size_t size;
} image_file;

static image_file load(const char *folder, const char *name) {
  image_file f = {.path = testing_path(folder, name)};
  f.bytes = testing_read(f.path, &f.size);
  return f;
}

static void unload(image_file *f) {
  akin_free(f->path);
  akin_free(f->bytes);
}

static void forget_log(const char *folder) {
  static const char *const names[] = {"akin.db-wal", "akin.db-shm"};
  akin_error err;
  for (size_t i = 0; i < 2; i++) {
    char *file = testing_path(folder, names[i]);
    testing_ok(akin_file_remove(file, &err), &err);
    akin_free(file);
  }
}

/* The used parts of a small file are few: its pages' heads, their last bytes (cells grow from the end), and the header.
 * Flips every byte of them, in turn, in one of eight bits. */
static void flipped_bits_never_crash(void **state) {
  enum { PAGE = 16384, HEAD = 110, TAIL = 450 };
  uint64_t flips = 0, noticed = 0;
  make_store(*state);
  image_file f = load(*state, "akin.db");
  assert_int_equal(f.size % PAGE, 0);
  for (size_t i = 0; i < f.size; i++) {
    if (i % PAGE >= HEAD && i % PAGE < PAGE - TAIL) continue;
    char kept = f.bytes[i];
    if (i % PAGE >= 40 && kept == 0 && i % 7 != 0) continue; /* most zeros are empty room */
    f.bytes[i] = (char)(kept ^ 1 << (i % 8));
    testing_write(f.path, f.bytes, f.size);
    noticed += use_damaged(*state, i % 13 == 0 ? AKIN_STORAGE_WRITE : AKIN_STORAGE_READ);
    forget_log(*state);
    f.bytes[i] = kept;
    flips++;
  }
  print_message("%llu of %llu flips were noticed\n", (unsigned long long)noticed, (unsigned long long)flips);
  assert_true(flips > 2000 && noticed > flips / 5);
  unload(&f);
}

/* SQLite reads zeros behind a file's end: whoever loses only those loses nothing. */
static bool only_zeros_from(const image_file *f, size_t start) {
  while (start < f->size && f->bytes[start] == 0)
    start++;
  return start == f->size;
}

static void truncated_files_never_crash(void **state) {
  make_store(*state);
  image_file f = load(*state, "akin.db");
  for (size_t size = 1; size < f.size; size += size < 1024 ? 33 : 4099) {
    testing_write(f.path, f.bytes, size);
    bool noticed = use_damaged(*state, AKIN_STORAGE_READ);
    assert_true(noticed || only_zeros_from(&f, size));
    forget_log(*state);
  }
  unload(&f);
}

static void commit_and_die(const void *context) {
  akin_storage *s = open_store(context, AKIN_STORAGE_WRITE);
  begin(s);
  put_all(s, add_root(s, "/p", true), add_model(s, "net"), "/p/8", 8);
  commit(s);
  kill(getpid(), SIGKILL);
}

/* A damaged log ends where its checksums end: what was merged before stays, and nothing half is seen. */
static void damaged_logs_never_crash(void **state) {
  make_store(*state);
  assert_int_equal(child_wait(child_start(commit_and_die, *state)), 128 + SIGKILL);
  image_file f = load(*state, "akin.db"), log = load(*state, "akin.db-wal");
  assert_true(log.size > 16384);
  for (size_t i = 0; i < log.size; i += i < 200 ? 1 : 997) {
    forget_log(*state);
    log.bytes[i] ^= 0x10;
    testing_write(f.path, f.bytes, f.size);
    testing_write(log.path, log.bytes, i % 3 ? log.size : i);
    akin_storage *s = open_store(*state, AKIN_STORAGE_READ);
    expect_sound(s);
    uint64_t images = counts_of(s).images;
    assert_true(images == 2 || images == 3);
    akin_storage_close(s);
    log.bytes[i] ^= 0x10;
  }
  unload(&log);
  unload(&f);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_in_memory, testing_teardown)
  const struct CMUnitTest tests[] = {
      TEST(verify_finds_contradictions),
      TEST(verify_looks_at_every_value_of_every_feature),
      TEST(a_store_without_its_own_row_is_no_store),
      TEST(visits_name_what_is_damaged),
      TEST(damaged_images_are_named),
      TEST(flipped_bits_never_crash),
      TEST(truncated_files_never_crash),
      TEST(damaged_logs_never_crash),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
