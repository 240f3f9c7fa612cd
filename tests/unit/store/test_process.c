/*
 * test_process.c - a store under several processes and under failing ones: readers beside a writer, writers killed at
 * any moment, full disks. After each the store must hold exactly what was committed.
 */
#include "process_testing.h"
#include "store_testing.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#define BATCH 16 /* images a transaction; every state that a reader sees is a multiple of it */

/* Memory that parent and children share. */
static void *shared_memory(size_t size) {
  void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(p != MAP_FAILED);
  return p;
}

static void put_numbered(akin_storage *s, uint64_t root, uint64_t model, uint64_t number) {
  char path[64];
  snprintf(path, sizeof path, "/p/%06llu", (unsigned long long)number);
  put_all(s, root, model, path, number);
}

static void put_batch(akin_storage *s, uint64_t batch) {
  begin(s);
  uint64_t root = add_root(s, "/p", true), model = add_model(s, "net");
  for (uint64_t i = 0; i < BATCH; i++)
    put_numbered(s, root, model, batch * BATCH + i);
  commit(s);
}

static akin_status count_feature(void *context, uint64_t id, const float *feature, akin_error *err) {
  (void)id;
  (void)err;
  *(uint64_t *)context += feature ? 1 : 0;
  return AKIN_OK;
}

/* One moment of the store, seen through several calls. Returns the number of images. */
static uint64_t expect_whole_batches(akin_storage *s) {
  akin_error err;
  akin_stored_model *models = NULL;
  size_t count = 0;
  uint64_t features = 0, root_images = 0;
  akin_root *roots = NULL;
  begin(s);
  akin_storage_counts counts = counts_of(s);
  uint64_t g = generation(s);
  testing_ok(akin_storage_models(s, &models, &count, &err), &err);
  if (count) testing_ok(akin_storage_features_since(s, models[0].id, 0, count_feature, &features, &err), &err);
  akin_stored_models_free(models, count);
  testing_ok(akin_storage_roots(s, &roots, &count, &err), &err);
  if (count) root_images = roots[0].images;
  akin_roots_free(roots, count);
  commit(s);
  assert_int_equal(counts.images, g * BATCH);
  assert_int_equal(counts.contents, counts.images);
  assert_int_equal(features, counts.images);
  assert_int_equal(root_images, counts.images);
  return counts.images;
}

/* ---- readers beside a writer ---- */

typedef struct crowd {
  const char *folder;
  volatile int *stop;
  volatile uint64_t *seen; /* by readers, changes of state */
} crowd;

static void read_until_stopped(const void *context) {
  const crowd *c = context;
  akin_storage *s = open_store(c->folder, AKIN_STORAGE_READ);
  uint64_t last = 0, changes = 0;
  while (!*c->stop) {
    uint64_t images = expect_whole_batches(s);
    assert_true(images >= last);
    changes += images > last;
    last = images;
  }
  *c->seen = changes;
  akin_storage_close(s);
}

static void readers_see_whole_commits_while_a_writer_writes(void **state) {
  enum { READERS = 3, BATCHES = 60 };
  struct {
    volatile int stop;
    volatile uint64_t seen[READERS];
  } *shared = shared_memory(sizeof *shared);
  pid_t readers[READERS];
  crowd crowds[READERS];
  akin_storage_close(open_store(*state, AKIN_STORAGE_WRITE));
  for (int i = 0; i < READERS; i++) {
    crowds[i] = (crowd){*state, &shared->stop, &shared->seen[i]};
    readers[i] = child_start(read_until_stopped, &crowds[i]);
  }
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  for (uint64_t batch = 0; batch < BATCHES; batch++) {
    put_batch(s, batch);
    usleep(2000);
  }
  akin_storage_close(s);
  shared->stop = 1;
  for (int i = 0; i < READERS; i++) {
    assert_int_equal(child_wait(readers[i]), 0);
    assert_true(shared->seen[i] > 3); /* they did see it grow */
  }
  s = open_store(*state, AKIN_STORAGE_READ);
  assert_int_equal(expect_whole_batches(s), BATCHES * BATCH);
  expect_sound(s);
  akin_storage_close(s);
  munmap((void *)shared, sizeof *shared);
}

static void a_readers_transaction_sees_one_moment(void **state) {
  akin_storage *writer = open_store(*state, AKIN_STORAGE_WRITE);
  put_batch(writer, 0);
  akin_storage *reader = open_store(*state, AKIN_STORAGE_READ);
  begin(reader);
  put_batch(writer, 1);
  assert_int_equal(generation(reader), 1);
  assert_int_equal(counts_of(reader).images, BATCH);
  commit(reader);
  assert_int_equal(generation(reader), 2);
  assert_int_equal(counts_of(reader).images, 2 * BATCH);
  akin_storage_close(reader);
  akin_storage_close(writer);
}

/* ---- readers of a store that is being made ---- */

typedef struct cradle {
  const char *folder;
  volatile int *round; /* stores whose making may begin */
} cradle;

enum { CRADLES = 300 };

static char *cradle_folder(const cradle *c, int round) {
  char name[32];
  snprintf(name, sizeof name, "store-%d", round);
  return testing_path(c->folder, name);
}

static void make_stores(const void *context) {
  const cradle *c = context;
  for (int round = 0; round < CRADLES; round++) {
    char *folder = cradle_folder(c, round);
    while (*c->round < round)
      sched_yield();
    akin_storage_close(open_store(folder, AKIN_STORAGE_WRITE));
    free(folder);
  }
}

/* What is not finished is not there; it is never another application's or damaged. */
static void a_store_that_is_being_made_is_none_or_whole(void **state) {
  volatile int *round = shared_memory(sizeof *round);
  const cradle c = {*state, round};
  int missing = 0;
  pid_t pid = child_start(make_stores, &c);
  for (*round = 0; *round < CRADLES; (*round)++) {
    char *folder = cradle_folder(&c, *round);
    akin_storage *s = NULL;
    akin_error err;
    akin_status status = AKIN_ERROR_NOT_FOUND;
    while (status == AKIN_ERROR_NOT_FOUND) {
      status = akin_storage_open(&s, folder, AKIN_STORAGE_READ, &err);
      missing += status == AKIN_ERROR_NOT_FOUND;
    }
    testing_ok(status, &err);
    akin_storage_close(s);
    free(folder);
  }
  assert_int_equal(child_wait(pid), 0);
  assert_true(missing > 0);
  munmap((void *)round, sizeof *round);
}

/* ---- killed writers ---- */

typedef struct victim {
  const char *folder;
  uint64_t first;               /* batch to begin with */
  volatile uint64_t *committed; /* batches whose commit returned */
} victim;

static void write_until_killed(const void *context) {
  const victim *v = context;
  akin_storage *s = open_store(v->folder, AKIN_STORAGE_WRITE);
  for (uint64_t batch = v->first;; batch++) {
    put_batch(s, batch);
    *v->committed = batch + 1;
  }
}

/* Killed at random moments, 40 times; what was committed is there, and nothing half. */
static void a_killed_writer_loses_nothing_that_was_committed(void **state) {
  volatile uint64_t *committed = shared_memory(sizeof *committed);
  uint64_t batches = 0;
  unsigned random = 12345;
  akin_storage_close(open_store(*state, AKIN_STORAGE_WRITE));
  for (int round = 0; round < 40; round++) {
    victim v = {*state, batches, committed};
    *committed = batches;
    pid_t pid = child_start(write_until_killed, &v);
    random = random * 1103515245u + 12345u;
    usleep(1000 + (random >> 16) % 15000);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(child_wait(pid), 128 + SIGKILL);
    akin_storage *s = open_store(*state, round % 2 ? AKIN_STORAGE_READ : AKIN_STORAGE_WRITE);
    uint64_t images = expect_whole_batches(s);
    /* The commit that ran when it was killed may have become durable before it returned. */
    assert_true(images == *committed * BATCH || images == (*committed + 1) * BATCH);
    batches = images / BATCH;
    if (round % 10 == 9) expect_sound(s);
    akin_storage_close(s);
  }
  assert_true(batches > 10);
  munmap((void *)committed, sizeof *committed);
}

/* Dies between the put of an image and the commit, with much of the transaction already written to the log. */
static void die_before_commit(const void *context) {
  akin_storage *s = open_store(context, AKIN_STORAGE_WRITE);
  begin(s);
  uint64_t root = add_root(s, "/p", true), model = add_model(s, "net");
  for (uint64_t i = 1000; i < 60000; i++)
    put_numbered(s, root, model, i);
  kill(getpid(), SIGKILL);
}

static void an_open_transaction_dies_with_its_writer(void **state) {
  char *log = testing_path(*state, "akin.db-wal");
  struct stat st;
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  put_batch(s, 0);
  akin_storage_close(s);
  assert_int_equal(child_wait(child_start(die_before_commit, *state)), 128 + SIGKILL);
  assert_int_equal(stat(log, &st), 0);
  assert_true(st.st_size > 100000); /* it did reach the disk */
  s = open_store(*state, AKIN_STORAGE_READ);
  assert_int_equal(expect_whole_batches(s), BATCH);
  expect_sound(s);
  akin_storage_close(s);
  s = open_store(*state, AKIN_STORAGE_WRITE);
  put_batch(s, 1);
  assert_int_equal(expect_whole_batches(s), 2 * BATCH);
  akin_storage_close(s);
  akin_free(log);
}

/* ---- full disks ---- */

/* Puts batches until one fails; whatever call of it fails. *batches: those that were committed. */
static akin_status fill(akin_storage *s, uint64_t *batches, akin_error *err) {
  float feature[DIM];
  char path[64];
  akin_status status = AKIN_OK;
  while (!status) {
    uint64_t root = 0, model = 0, content = 0;
    status = akin_storage_begin(s, err);
    if (!status) status = akin_storage_root_add(s, "/p", true, &root, err);
    if (!status) status = akin_storage_model_add(s, "net", "f00d", DIM, "{}", &model, err);
    for (uint64_t i = 0; !status && i < BATCH; i++) {
      uint64_t number = *batches * BATCH + i;
      snprintf(path, sizeof path, "/p/%06llu", (unsigned long long)number);
      akin_stored_image image = image_of(root, path, number);
      feature_of(feature, number);
      status = akin_storage_image_put(s, &image, &content, err);
      if (!status) status = akin_storage_feature_put(s, model, content, feature, err);
    }
    if (!status) status = akin_storage_commit(s, err);
    *batches += !status;
  }
  akin_storage_rollback(s);
  return status;
}

static void expect_batches(const char *folder, uint64_t batches) {
  akin_storage *s = open_store(folder, AKIN_STORAGE_READ);
  assert_int_equal(expect_whole_batches(s), batches * BATCH);
  expect_sound(s);
  akin_storage_close(s);
}

static void fill_a_small_disk(const void *context) {
  char *folder = testing_path(context, "store"), *ballast = testing_path(context, "ballast");
  akin_error err;
  uint64_t batches = 0;
  if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
      mount("none", context, "tmpfs", 0, "size=4m"))
    child_skip("cannot mount here");
  int fd = open(ballast, O_WRONLY | O_CREAT, 0600);
  assert_true(fd >= 0);
  assert_int_equal(posix_fallocate(fd, 0, 1500000), 0);
  close(fd);
  akin_storage *s = open_store(folder, AKIN_STORAGE_WRITE);
  testing_expect(fill(s, &batches, &err), AKIN_ERROR_NO_SPACE, &err);
  testing_says(&err, "akin.db");
  assert_true(batches > 5);
  assert_int_equal(expect_whole_batches(s), batches * BATCH); /* the same handle goes on */
  akin_storage *reader = open_store(folder, AKIN_STORAGE_READ);
  assert_int_equal(expect_whole_batches(reader), batches * BATCH);
  akin_storage_close(reader);
  assert_int_equal(unlink(ballast), 0); /* room again: nothing needs to be opened anew */
  uint64_t before = batches;
  testing_expect(fill(s, &batches, &err), AKIN_ERROR_NO_SPACE, &err);
  assert_true(batches > before);
  akin_storage_close(s);
  expect_batches(folder, batches);
  akin_free(ballast);
  akin_free(folder);
}

static void a_full_disk_loses_nothing(void **state) {
  child_run(fill_a_small_disk, *state);
}

static void make_on_a_full_disk(const void *context) {
  char *folder = testing_path(context, "store"), *ballast = testing_path(context, "ballast");
  akin_error err;
  if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
      mount("none", context, "tmpfs", 0, "size=1m"))
    child_skip("cannot mount here");
  int made = 0;
  for (off_t free_bytes = 0; free_bytes < 600000; free_bytes += 16384) {
    int fd = open(ballast, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(posix_fallocate(fd, 0, (1 << 20) - free_bytes - 16384), 0);
    close(fd);
    akin_storage *s = TESTING_POISON;
    akin_status status = akin_storage_open(&s, folder, AKIN_STORAGE_WRITE, &err);
    if (status) {
      assert_null(s);
      testing_expect(status, AKIN_ERROR_NO_SPACE, &err);
    }
    akin_storage_close(s);
    made += !status;
    testing_ok(akin_file_remove_folder(folder, &err), &err);
  }
  assert_true(made > 5 && made < 32);
  akin_free(ballast);
  akin_free(folder);
}

static void a_store_that_cannot_be_made_for_want_of_space_says_so(void **state) {
  child_run(make_on_a_full_disk, *state);
}

/* The same without privileges: files may not grow. A limit is no full disk, so the status is another one. */
static void fill_up_to_a_limit(const void *context) {
  struct rlimit limit = {3000000, 3000000};
  akin_error err;
  uint64_t batches = 0;
  signal(SIGXFSZ, SIG_IGN);
  akin_storage *s = open_store(context, AKIN_STORAGE_WRITE);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  testing_expect(fill(s, &batches, &err), AKIN_ERROR_IO, &err);
  testing_says(&err, "File too large");
  assert_true(batches > 3);
  assert_int_equal(expect_whole_batches(s), batches * BATCH);
  akin_storage_close(s);
  expect_batches(context, batches);
}

static void a_file_size_limit_loses_nothing(void **state) {
  child_run(fill_up_to_a_limit, *state);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, testing_setup, testing_teardown)
  const struct CMUnitTest tests[] = {
      TEST(readers_see_whole_commits_while_a_writer_writes),
      TEST(a_readers_transaction_sees_one_moment),
      TEST(a_store_that_is_being_made_is_none_or_whole),
      TEST(a_killed_writer_loses_nothing_that_was_committed),
      TEST(an_open_transaction_dies_with_its_writer),
      TEST(a_full_disk_loses_nothing),
      TEST(a_store_that_cannot_be_made_for_want_of_space_says_so),
      TEST(a_file_size_limit_loses_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
