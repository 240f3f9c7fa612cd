/*
 * test_threads.c - what akin/store.h promises to threads: any number of handles read one store while one handle writes
 * to it, and a handle may be shared when only one thread uses it at a time. Made for ThreadSanitizer; without it the
 * answers are checked all the same: each is of one moment of the store.
 */
#include "unit/engine/engine_testing.h"

#include "base/thread.h"

#include <pthread.h>

#define FIRST   12 /* photos before the threads start */
#define ROUNDS  6  /* ingests, each with some more */
#define MORE    5
#define READERS 3 /* with handles of their own */
#define SHARERS 2 /* of one handle */
#define HITS    5

typedef struct traffic {
  engine_bench *bench;
  akin_store *shared;
  pthread_mutex_t lock; /* of shared */
  atomic_bool done;     /* the writer has ended */
  atomic_uint answers, faults;
  char asked[4096];
} traffic;

/* Told, not asserted: cmocka's failures belong to the main thread. */
static void traffic_check(traffic *t, bool good, const char *what, const akin_error *err) {
  if (good) return;
  atomic_fetch_add(&t->faults, 1);
  fprintf(stderr, "%s%s%s\n", what, err ? ": " : "", err ? err->text : "");
}

static void traffic_ask(traffic *t, akin_store *store, akin_search search) {
  akin_query query = AKIN_QUERY_INIT;
  akin_hits *hits = NULL;
  akin_error err;
  const char *path = t->asked;
  query.search = search;
  akin_status status = akin_store_like(store, &hits, &path, 1, &query, &err);
  traffic_check(t, status == AKIN_OK, "like", &err);
  if (status) return;
  traffic_check(t, akin_hits_count(hits) == HITS, "fewer hits than there are", NULL);
  for (size_t i = 1; i < akin_hits_count(hits); i++)
    traffic_check(t, akin_hits_at(hits, i)->score <= akin_hits_at(hits, i - 1)->score, "hits out of order", NULL);
  akin_hits_free(hits);
  atomic_fetch_add(&t->answers, 1);
}

typedef struct counted {
  uint64_t rows;
} counted;

static akin_status count_row(void *context, const char *path, const float *feature, uint32_t dim) {
  counted *c = context;
  double squares = 0;
  for (uint32_t i = 0; i < dim; i++)
    squares += (double)feature[i] * feature[i];
  c->rows += path[0] == '/' && squares > 0.999 && squares < 1.001;
  return AKIN_OK;
}

/* Features come in whole batches, and none is lost. */
static void traffic_count(traffic *t, akin_store *store, uint64_t *least) {
  counted c = {0};
  akin_error err;
  const akin_summary *summary = NULL;
  akin_status status = akin_store_features(store, NULL, count_row, &c, &err);
  traffic_check(t, status == AKIN_OK, "features", &err);
  traffic_check(t, c.rows >= *least && c.rows <= FIRST + ROUNDS * MORE, "features were lost", NULL);
  *least = c.rows;
  status = akin_store_summary(store, &summary, &err);
  traffic_check(t, status == AKIN_OK, "summary", &err);
  traffic_check(t, status || summary->images >= *least, "images were lost", NULL);
  akin_summary_free(summary);
}

static void traffic_write(traffic *t) {
  akin_ingest_options options = AKIN_INGEST_OPTIONS_INIT;
  akin_error err;
  options.search = AKIN_SEARCH_APPROXIMATE;
  options.jobs = 2;
  for (unsigned round = 0; round < ROUNDS; round++) {
    for (unsigned i = 0; i < MORE; i++) {
      char name[32];
      const unsigned number = FIRST + round * MORE + i;
      snprintf(name, sizeof name, "p%02u.jpg", number);
      akin_free(engine_photo(t->bench, name, number + 1));
    }
    akin_status status = engine_ingest(t->bench, &options, NULL, &err);
    traffic_check(t, status == AKIN_OK, "ingest", &err);
  }
  atomic_store(&t->done, true);
}

static void traffic_read(traffic *t, unsigned reader) {
  static const akin_search ways[READERS] = {AKIN_SEARCH_AUTO, AKIN_SEARCH_EXACT, AKIN_SEARCH_APPROXIMATE};
  akin_store *store = NULL;
  akin_error err;
  uint64_t least = FIRST;
  akin_status status = akin_store_open(&store, t->bench->store_folder, 0, &err);
  traffic_check(t, status == AKIN_OK, "open", &err);
  for (unsigned i = 0; !status && (i < 3 || !atomic_load(&t->done)); i++) {
    traffic_ask(t, store, ways[reader]);
    traffic_count(t, store, &least);
    if (i % 4 != 3) continue;
    akin_store_close(store); /* sees all of it anew */
    status = akin_store_open(&store, t->bench->store_folder, 0, &err);
    traffic_check(t, status == AKIN_OK, "open", &err);
  }
  akin_store_close(store);
}

static void traffic_share(traffic *t) {
  for (unsigned i = 0; i < 3 || !atomic_load(&t->done); i++) {
    pthread_mutex_lock(&t->lock);
    traffic_ask(t, t->shared, AKIN_SEARCH_AUTO);
    pthread_mutex_unlock(&t->lock);
  }
}

static void traffic_go(void *context, unsigned index) {
  traffic *t = context;
  if (index == 0)
    traffic_write(t);
  else if (index <= READERS)
    traffic_read(t, index - 1);
  else
    traffic_share(t);
}

static void test_many_read_while_one_writes(void **state) {
  engine_bench *b = *state;
  traffic t = {.bench = b, .lock = PTHREAD_MUTEX_INITIALIZER};
  akin_ingest_options options = AKIN_INGEST_OPTIONS_INIT;
  const akin_summary *summary = NULL;
  akin_error err;
  engine_photos(b, FIRST);
  options.search = AKIN_SEARCH_APPROXIMATE;
  testing_ok(engine_ingest(b, &options, NULL, &err), &err);
  snprintf(t.asked, sizeof t.asked, "%s/p00.jpg", b->photos);
  testing_ok(akin_store_open(&t.shared, b->store_folder, 0, &err), &err);
  testing_ok(akin_threads_run(1 + READERS + SHARERS, traffic_go, &t, &err), &err);
  akin_store_close(t.shared);
  assert_int_equal(atomic_load(&t.faults), 0);
  assert_true(atomic_load(&t.answers) >= 3 * (READERS + SHARERS));
  testing_ok(akin_store_summary(b->store, &summary, &err), &err);
  assert_int_equal(summary->images, FIRST + ROUNDS * MORE);
  assert_int_equal(summary->models[0].graph_features, summary->models[0].features);
  akin_summary_free(summary);
}

/* A second writer is refused, whatever handle and thread it has, and the first goes on. */
static akin_status try_to_write(void *context) {
  engine_bench *b = context;
  akin_store *second = NULL;
  uint64_t removed = 7;
  akin_error err;
  const char *path = b->photos;
  testing_ok(akin_store_open(&second, b->store_folder, 0, &err), &err);
  akin_status status = akin_store_remove(second, &path, 1, &removed, &err);
  assert_int_equal(removed, 0);
  akin_store_close(second);
  return status;
}

typedef struct intruder {
  engine_bench *bench;
  bool tried;
  akin_status status;
} intruder;

static void intrude(void *context, const akin_progress *progress) {
  intruder *i = context;
  if (i->tried || progress->scanning == 0) return;
  i->tried = true;
  i->status = try_to_write(i->bench);
}

static void test_one_writer(void **state) {
  engine_bench *b = *state;
  intruder i = {.bench = b};
  akin_ingest_options options = AKIN_INGEST_OPTIONS_INIT;
  akin_error err;
  engine_photos(b, 3);
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
  options.on_progress = intrude;
  options.context = &i;
  testing_ok(engine_ingest(b, &options, NULL, &err), &err);
  if (!i.tried) skip(); /* it was over before anything was told */
  assert_int_equal(i.status, AKIN_ERROR_BUSY);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_many_read_while_one_writes, engine_setup, engine_teardown),
      cmocka_unit_test_setup_teardown(test_one_writer, engine_setup, engine_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
