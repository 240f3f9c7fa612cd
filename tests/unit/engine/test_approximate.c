/*
 * test_approximate.c - the graph of a store: made when asked for, followed, refused when it is not sound, and never a
 * reason for other answers than exact search gives (of so few images it finds all).
 */
#include "unit/engine/engine_testing.h"

#include <fnmatch.h>
#include <string.h>

#define PHOTOS 40

typedef struct notes {
  unsigned count;
  char last[1024];
} notes;

static void take_note(void *context, const char *line) {
  notes *n = context;
  n->count++;
  snprintf(n->last, sizeof n->last, "%s", line);
}

static akin_status ingest(engine_bench *b, akin_search search, akin_graph_vectors kind, akin_error *err) {
  akin_ingest_options options = AKIN_INGEST_OPTIONS_INIT;
  options.search = search;
  options.graph_vectors = kind;
  return engine_ingest(b, &options, NULL, err);
}

static void must_ingest(engine_bench *b, akin_search search, akin_graph_vectors kind) {
  akin_error err;
  testing_ok(ingest(b, search, kind, &err), &err);
}

static int setup(void **state) {
  engine_setup(state);
  engine_photos(*state, PHOTOS);
  must_ingest(*state, AKIN_SEARCH_APPROXIMATE, AKIN_GRAPH_DEFAULT);
  return 0;
}

/* The path of the graph's file, or NULL; akin_free. */
static char *graph_file(const engine_bench *b) {
  char *folder = testing_path(b->store_folder, "vectors"), *found = NULL;
  DIR *entries = opendir(folder);
  assert_non_null(entries);
  for (const struct dirent *entry; !found && (entry = readdir(entries));)
    if (fnmatch("*.hnsw", entry->d_name, 0) == 0) found = testing_path(folder, entry->d_name);
  closedir(entries);
  akin_free(folder);
  return found;
}

static akin_status_model status_of(engine_bench *b) {
  const akin_summary *summary = NULL;
  akin_error err;
  testing_ok(akin_store_summary(b->store, &summary, &err), &err);
  assert_int_equal(summary->model_count, 1);
  akin_status_model model = summary->models[0];
  model.name = model.fingerprint = NULL; /* go with the summary */
  akin_summary_free(summary);
  return model;
}

static akin_hits *ask(engine_bench *b, const char *path, akin_search search, uint32_t k) {
  akin_query query = AKIN_QUERY_INIT;
  akin_hits *hits = NULL;
  akin_error err;
  query.search = search;
  query.k = k;
  testing_ok(akin_store_like(b->store, &hits, &path, 1, &query, &err), &err);
  return hits;
}

static void expect_same(const akin_hits *a, const akin_hits *b) {
  assert_int_equal(akin_hits_count(a), akin_hits_count(b));
  for (size_t i = 0; i < akin_hits_count(a); i++) {
    assert_string_equal(akin_hits_at(a, i)->path, akin_hits_at(b, i)->path);
    assert_true(akin_hits_at(a, i)->score == akin_hits_at(b, i)->score);
  }
}

/* Asks for the first `count` photos that are there, both ways. */
static void expect_exact_answers(engine_bench *b, unsigned first, unsigned end, akin_search search) {
  for (unsigned i = first; i < end; i++) {
    char name[32];
    snprintf(name, sizeof name, "p%02u.jpg", i);
    char *path = testing_path(b->photos, name);
    akin_hits *exact = ask(b, path, AKIN_SEARCH_EXACT, 7), *near = ask(b, path, search, 7);
    assert_int_equal(akin_hits_count(exact), 7);
    expect_same(exact, near);
    akin_hits_free(exact);
    akin_hits_free(near);
    akin_free(path);
  }
}

static void test_made_and_told(void **state) {
  engine_bench *b = *state;
  const akin_status_model model = status_of(b);
  assert_int_equal(model.graph_features, model.features);
  assert_string_equal(model.graph_vectors, "i8");
  assert_int_equal(model.graph_sampled, model.features);
  assert_true(model.graph_recall >= 0.98f);
  expect_exact_answers(b, 0, PHOTOS, AKIN_SEARCH_APPROXIMATE);
  expect_exact_answers(b, 0, PHOTOS, AKIN_SEARCH_AUTO);
}

static void test_goes_with_its_model(void **state) {
  engine_bench *b = *state;
  uint64_t removed = 0;
  akin_error err;
  char *path = graph_file(b);
  assert_non_null(path);
  akin_free(path);
  testing_ok(akin_store_remove_model(b->store, "tiny", &removed, &err), &err);
  assert_null(graph_file(b));
}

/* More than there are, and more than the graph is asked for. */
static void test_all_there_are(void **state) {
  engine_bench *b = *state;
  char *path = testing_path(b->photos, "p00.jpg");
  for (uint32_t k = PHOTOS - 2; k < 400; k += 90) {
    akin_hits *exact = ask(b, path, AKIN_SEARCH_EXACT, k), *near = ask(b, path, AKIN_SEARCH_APPROXIMATE, k);
    expect_same(exact, near);
    akin_hits_free(exact);
    akin_hits_free(near);
  }
  akin_free(path);
}

static void test_not_made_of_few(void **state) {
  engine_bench *b = *state;
  akin_hits *hits = TESTING_POISON;
  akin_query query = AKIN_QUERY_INIT;
  akin_error err;
  engine_photos(b, 3);
  must_ingest(b, AKIN_SEARCH_AUTO, AKIN_GRAPH_DEFAULT);
  assert_null(graph_file(b));
  assert_null(status_of(b).graph_vectors);
  assert_int_equal(status_of(b).graph_features, 0);
  char *path = testing_path(b->photos, "p00.jpg");
  const char *paths[] = {path};
  query.search = AKIN_SEARCH_APPROXIMATE;
  testing_expect(akin_store_like(b->store, &hits, paths, 1, &query, &err), AKIN_ERROR_NOT_FOUND, &err);
  assert_null(hits);
  testing_says(&err, "akin index --approximate");
  query.search = (akin_search)3;
  testing_expect(akin_store_like(b->store, &hits, paths, 1, &query, &err), AKIN_ERROR_USAGE, &err);
  akin_free(path);
}

static void test_follows(void **state) {
  engine_bench *b = *state;
  for (unsigned i = 0; i < 4; i++) { /* fewer than a quarter: the graph is changed */
    char name[32];
    snprintf(name, sizeof name, "p%02u.jpg", i);
    char *path = testing_path(b->photos, name);
    assert_int_equal(unlink(path), 0);
    akin_free(path);
  }
  for (unsigned i = PHOTOS; i < PHOTOS + 9; i++) {
    char name[32];
    snprintf(name, sizeof name, "p%02u.jpg", i);
    akin_free(engine_photo(b, name, i + 1));
  }
  must_ingest(b, AKIN_SEARCH_AUTO, AKIN_GRAPH_DEFAULT);
  assert_int_equal(status_of(b).graph_features, status_of(b).features);
  expect_exact_answers(b, 4, PHOTOS + 9, AKIN_SEARCH_APPROXIMATE);
  must_ingest(b, AKIN_SEARCH_AUTO, AKIN_GRAPH_F16);
  assert_string_equal(status_of(b).graph_vectors, "f16");
  must_ingest(b, AKIN_SEARCH_AUTO, AKIN_GRAPH_DEFAULT); /* stays what it is */
  assert_string_equal(status_of(b).graph_vectors, "f16");
  must_ingest(b, AKIN_SEARCH_EXACT, AKIN_GRAPH_DEFAULT);
  assert_null(graph_file(b));
}

/* Nothing has changed: the file stays, to the byte and to the inode. */
static void test_left_alone(void **state) {
  engine_bench *b = *state;
  char *path = graph_file(b);
  akin_file_facts before, after;
  testing_ok(akin_file_facts_of(&before, path, NULL), NULL);
  must_ingest(b, AKIN_SEARCH_AUTO, AKIN_GRAPH_DEFAULT);
  testing_ok(akin_file_facts_of(&after, path, NULL), NULL);
  assert_int_equal(before.inode, after.inode);
  assert_int_equal(before.mtime_ns, after.mtime_ns);
  akin_free(path);
}

/* The graph as it was before images came and went: they are found, and not found, all the same. */
static void test_behind(void **state) {
  engine_bench *b = *state;
  char *path = graph_file(b), *gone = testing_path(b->photos, "p01.jpg");
  size_t size = 0;
  char *old = testing_read(path, &size);
  for (unsigned i = PHOTOS; i < PHOTOS + 20; i++) {
    char name[32];
    snprintf(name, sizeof name, "p%02u.jpg", i);
    akin_free(engine_photo(b, name, i + 1));
  }
  assert_int_equal(unlink(gone), 0);
  must_ingest(b, AKIN_SEARCH_AUTO, AKIN_GRAPH_DEFAULT);
  testing_write(path, old, size);
  assert_int_equal(status_of(b).graph_features, PHOTOS);
  expect_exact_answers(b, 2, PHOTOS + 20, AKIN_SEARCH_APPROXIMATE);
  akin_free(old);
  akin_free(gone);
  akin_free(path);
}

static void test_damaged(void **state) {
  engine_bench *b = *state;
  notes told = {0};
  akin_error err;
  uint64_t faults = 0;
  size_t size = 0;
  char *path = graph_file(b), *bytes = testing_read(path, &size);
  akin_store_on_note(b->store, take_note, &told);
  bytes[size / 2] ^= 4;
  testing_write(path, bytes, size);
  expect_exact_answers(b, 0, 1, AKIN_SEARCH_AUTO);
  assert_int_equal(told.count, 0); /* the first question does not look for it */
  expect_exact_answers(b, 0, 5, AKIN_SEARCH_AUTO);
  assert_int_equal(told.count, 1); /* once, not for every question */
  assert_non_null(strstr(told.last, "damaged"));
  must_ingest(b, AKIN_SEARCH_AUTO, AKIN_GRAPH_DEFAULT);
  assert_int_equal(told.count, 2);
  assert_non_null(strstr(told.last, "made again"));
  expect_exact_answers(b, 0, 5, AKIN_SEARCH_APPROXIMATE);
  assert_int_equal(told.count, 2);
  testing_write(path, bytes, size);
  told.count = 0;
  testing_ok(akin_store_verify(b->store, take_note, &told, &faults, &err), &err);
  assert_int_equal(faults, 1);
  assert_int_equal(told.count, 1);
  assert_null(graph_file(b));
  testing_ok(akin_store_verify(b->store, take_note, &told, &faults, &err), &err);
  assert_int_equal(faults, 0);
  akin_free(bytes);
  akin_free(path);
}

/* Another process makes it at the moment: it is left to do so. */
static void test_busy(void **state) {
  engine_bench *b = *state;
  int lock = -1;
  char *path = testing_path(b->store_folder, "vectors/graph.lock");
  must_ingest(b, AKIN_SEARCH_EXACT, AKIN_GRAPH_DEFAULT);
  testing_ok(akin_file_lock(&lock, path, NULL), NULL);
  must_ingest(b, AKIN_SEARCH_APPROXIMATE, AKIN_GRAPH_DEFAULT);
  assert_null(graph_file(b));
  akin_file_unlock(lock);
  must_ingest(b, AKIN_SEARCH_APPROXIMATE, AKIN_GRAPH_DEFAULT);
  char *file = graph_file(b);
  assert_non_null(file);
  akin_free(file);
  akin_free(path);
}

/* From so many images on scores are of centred features: the graph is of those, and of no others. */
static void test_centred(void **state) {
  engine_bench *b = *state;
  akin_query query = AKIN_QUERY_INIT;
  akin_hits *hits = TESTING_POISON;
  akin_error err;
  for (unsigned i = PHOTOS; i < AKIN_MEASURED_IMAGES + 9; i++) {
    char name[32];
    snprintf(name, sizeof name, "p%02u.jpg", i);
    akin_free(engine_photo(b, name, i + 1));
  }
  must_ingest(b, AKIN_SEARCH_AUTO, AKIN_GRAPH_DEFAULT);
  assert_int_equal(status_of(b).graph_features, status_of(b).features);
  expect_exact_answers(b, 0, 30, AKIN_SEARCH_APPROXIMATE);
  char *path = testing_path(b->photos, "p00.jpg");
  const char *paths[] = {path};
  query.search = AKIN_SEARCH_APPROXIMATE;
  query.scores = AKIN_SCORES_COSINE;
  testing_expect(akin_store_like(b->store, &hits, paths, 1, &query, &err), AKIN_ERROR_NOT_FOUND, &err);
  assert_null(hits);
  query.search = AKIN_SEARCH_AUTO;
  testing_ok(akin_store_like(b->store, &hits, paths, 1, &query, &err), &err);
  akin_hits_free(hits);
  akin_free(path);
}

static int stop_when_linking(void *context) {
  const akin_progress *progress = context;
  return progress->link_total > 0;
}

static void keep_progress(void *context, const akin_progress *progress) {
  *(akin_progress *)context = *progress;
}

/* Stopped in the middle: the images are there, the graph is made by the next run. */
static void test_stopped(void **state) {
  engine_bench *b = *state;
  akin_progress progress = {0}, total = {0};
  akin_ingest_options options = AKIN_INGEST_OPTIONS_INIT;
  akin_error err;
  must_ingest(b, AKIN_SEARCH_EXACT, AKIN_GRAPH_DEFAULT);
  options.search = AKIN_SEARCH_APPROXIMATE;
  options.on_progress = keep_progress;
  options.should_cancel = stop_when_linking;
  options.context = &progress;
  akin_status status = engine_ingest(b, &options, &total, &err);
  if (status) testing_expect(status, AKIN_ERROR_CANCELLED, &err); /* it is asked several times a second only */
  must_ingest(b, AKIN_SEARCH_APPROXIMATE, AKIN_GRAPH_DEFAULT);
  assert_int_equal(status_of(b).graph_features, status_of(b).features);
}

static akin_status ask_afresh(const engine_bench *b, unsigned *told) {
  akin_store *store = NULL;
  akin_hits *hits = NULL;
  notes n = {0};
  char *path = testing_path(b->photos, "p00.jpg");
  const char *paths[] = {path};
  akin_query query = AKIN_QUERY_INIT;
  query.search = AKIN_SEARCH_APPROXIMATE;
  akin_status status = akin_store_open(&store, b->store_folder, 0, NULL);
  if (!status) akin_store_on_note(store, take_note, &n);
  if (!status) status = akin_store_like(store, &hits, paths, 1, &query, NULL);
  assert_true(status || akin_hits_count(hits) == 5);
  *told = n.count;
  akin_hits_free(hits);
  akin_store_close(store);
  akin_free(path);
  return status;
}

/* What can be done without (a table of ids) is; nothing is taken for damage. */
static void test_memory_runs_out(void **state) {
  unsigned told = 0, failed = 0;
  bool reached = true;
  for (uint64_t nth = 2; reached; nth++) { /* the first is the test's own */
    akin_memory_fail_at(nth, true);
    const akin_status status = ask_afresh(*state, &told);
    reached = akin_memory_count() >= nth;
    akin_memory_fail_at(0, true);
    assert_true(status == AKIN_OK || status == AKIN_ERROR_MEMORY);
    assert_int_equal(told, 0);
    failed += status != AKIN_OK;
  }
  assert_true(failed > 40);
}

#define GRAPH_TEST(test) cmocka_unit_test_setup_teardown(test, setup, engine_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      GRAPH_TEST(test_made_and_told),
      GRAPH_TEST(test_goes_with_its_model),
      GRAPH_TEST(test_all_there_are),
      cmocka_unit_test_setup_teardown(test_not_made_of_few, engine_setup, engine_teardown),
      GRAPH_TEST(test_follows),
      GRAPH_TEST(test_left_alone),
      GRAPH_TEST(test_behind),
      GRAPH_TEST(test_damaged),
      GRAPH_TEST(test_busy),
      GRAPH_TEST(test_centred),
      GRAPH_TEST(test_stopped),
      GRAPH_TEST(test_memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
