/*
 * test_vectors_damage.c - the vectors cache when its file is not what was written: cut at every length, every bit
 * flipped, stopped at every byte of an append, foreign, hostile. It must come up with a state that was committed, under
 * that state's generation, or with nothing and *rebuilt: never with other rows.
 */
#include "cache.h"

#include "base/checksum.h"
#include "search/cachefile.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define DIM     19 /* a row has 76 bytes of values and 52 of padding */
#define COMMITS 4
#define SLOT    AKIN_CACHEFILE_SLOT

/* A small file and what it held after each of its commits; states[0] is before the first. */
typedef struct damage_case {
  char *path;
  char *bytes; /* of the whole file */
  size_t size;
  size_t ends[COMMITS + 1]; /* bytes that are needed for that state */
  cache_model states[COMMITS + 1];
} damage_case;

static size_t file_size(const char *path) {
  akin_file_facts facts;
  testing_ok(akin_file_facts_of(&facts, path, NULL), NULL);
  return (size_t)facts.size;
}

static damage_case *damage_begin(const char *folder) {
  damage_case *c = akin_calloc(1, sizeof *c);
  assert_non_null(c);
  c->path = testing_path(folder, "damage.vec");
  c->ends[0] = SLOT;
  bool rebuilt = true;
  cache_model m = {0};
  akin_vectors *v = cache_open(c->path, DIM, true, &rebuilt);
  for (uint64_t commit = 1, id = 1; commit <= COMMITS; commit++) {
    if (commit != 3) /* one commit has tombstones and no rows */
      for (int i = 0; i < 5; i++)
        cache_put(v, &m, id++);
    if (commit > 1) cache_take(v, &m, commit);
    cache_commit(v, &m, commit);
    c->states[commit] = m;
    c->ends[commit] = file_size(c->path) - SLOT; /* the empty slot at the end is not needed */
  }
  akin_vectors_close(v);
  c->bytes = testing_read(c->path, &c->size);
  return c;
}

static void damage_end(damage_case *c) {
  akin_free(c->bytes);
  akin_free(c->path);
  akin_free(c);
}

/* Nothing at all, and the caller was told. */
static bool is_rebuilt(const akin_vectors *v, bool rebuilt) {
  const cache_model empty = {0};
  return rebuilt && cache_matches(v, &empty);
}

/* A writer finds the file as it is, adds to it, and others read that. */
static void still_works(const damage_case *c, const cache_model *found) {
  bool rebuilt = true;
  cache_model m = *found;
  akin_vectors *v = cache_open(c->path, DIM, true, &rebuilt);
  assert_true(cache_matches(v, &m));
  cache_put(v, &m, 400);
  cache_put(v, &m, 401);
  cache_commit(v, &m, 100);
  assert_true(cache_matches(v, &m));
  akin_vectors_close(v);
  assert_true(cache_file_matches(c->path, DIM, &m, &rebuilt));
  assert_false(rebuilt);
}

static void cut_at_every_length(void **state) {
  damage_case *c = damage_begin(*state);
  for (size_t size = 0; size <= c->size; size++) {
    size_t commit = 0;
    while (commit < COMMITS && c->ends[commit + 1] <= size)
      commit++;
    testing_write(c->path, c->bytes, size);
    bool rebuilt = false;
    if (!cache_file_matches(c->path, DIM, &c->states[commit], &rebuilt))
      fail_msg("cut at %zu of %zu: not what commit %zu left", size, c->size, commit);
    assert_int_equal(rebuilt, size < SLOT);
    if (size % 16 == 3) still_works(c, &c->states[commit]);
  }
  damage_end(c);
}

static void every_bit_flipped(void **state) {
  damage_case *c = damage_begin(*state);
  size_t same = 0, thrown_away = 0;
  for (size_t bit = 0; bit < 8 * c->size; bit++) {
    char *byte = &c->bytes[bit / 8], kept = *byte;
    *byte = (char)(kept ^ (1 << bit % 8));
    testing_write(c->path, c->bytes, c->size);
    *byte = kept;
    bool rebuilt = false;
    akin_vectors *v = cache_open(c->path, DIM, bit % 2, &rebuilt);
    const bool is_same = !rebuilt && cache_matches(v, &c->states[COMMITS]);
    if (!is_same && !is_rebuilt(v, rebuilt)) fail_msg("bit %zu of byte %zu: other rows", bit % 8, bit / 8);
    akin_vectors_close(v);
    same += is_same;
    thrown_away += !is_same;
  }
  /* Only in the slot at the end there are bytes that do not count. */
  assert_true(same <= 8 * SLOT && thrown_away >= 8 * (c->size - SLOT));
  damage_end(c);
}

static void a_thousand_scribbles(void **state) {
  damage_case *c = damage_begin(*state);
  seeded random = {21};
  char *bytes = akin_alloc(c->size + 300);
  assert_non_null(bytes);
  for (int i = 0; i < 1000; i++) {
    const size_t at = seeded_below(&random, c->size), size = c->size + (i % 3 == 0 ? seeded_below(&random, 300) : 0);
    memcpy(bytes, c->bytes, c->size);
    for (size_t j = c->size; j < size; j++)
      bytes[j] = (char)seeded_next(&random);
    for (size_t j = at, end = at + 1 + seeded_below(&random, 200); j < c->size && j < end; j++)
      bytes[j] = i % 5 == 0 ? 0 : (char)seeded_next(&random);
    testing_write(c->path, bytes, size);
    bool rebuilt = false;
    akin_vectors *v = cache_open(c->path, DIM, false, &rebuilt);
    bool known = is_rebuilt(v, rebuilt);
    for (size_t commit = 0; !known && commit <= COMMITS; commit++) /* zeros may end the file early */
      known = cache_matches(v, &c->states[commit]);
    if (!known) fail_msg("scribble %d at %zu: a state that never was", i, at);
    akin_vectors_close(v);
  }
  akin_free(bytes);
  damage_end(c);
}

static void damage_is_replaced_by_the_next_commit(void **state) {
  damage_case *c = damage_begin(*state);
  bool rebuilt = false;
  c->bytes[c->size / 2] ^= 4;
  testing_write(c->path, c->bytes, c->size);
  akin_vectors *v = cache_open(c->path, DIM, true, &rebuilt);
  assert_true(is_rebuilt(v, rebuilt));
  akin_vectors_close(v);
  still_works(c, &c->states[0]);
  damage_end(c);
}

/* ---- stopped while appending ---- */

/* The limit on the size of files makes the real code stop after any number of bytes. */
static akin_status commit_until(akin_vectors *v, size_t file_limit, akin_error *err) {
  struct rlimit before, now;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  now = before;
  now.rlim_cur = file_limit;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
  const akin_status status = akin_vectors_commit(v, 100, err);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  return status;
}

static void stopped_at_every_byte_of_an_append(void **state) {
  damage_case *c = damage_begin(*state);
  const cache_model *committed = &c->states[COMMITS];
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  bool rebuilt = true, done = false;
  for (size_t limit = c->size - SLOT; !done; limit++) {
    akin_error err;
    cache_model m = *committed;
    testing_write(c->path, c->bytes, c->size);
    akin_vectors *v = cache_open(c->path, DIM, true, &rebuilt);
    cache_put(v, &m, 300);
    cache_put(v, &m, 301);
    cache_put(v, &m, 302);
    const akin_status status = commit_until(v, limit, &err);
    done = status == AKIN_OK;
    if (!done) testing_expect(status, AKIN_ERROR_IO, &err);
    assert_int_equal(cache_runs_match(v, &m), true);
    akin_vectors_close(v);
    assert_int_equal(cache_file_matches(c->path, DIM, committed, &rebuilt), !done);
    assert_false(rebuilt);
    if (!done) still_works(c, committed); /* what is appended now is shorter than what was left behind */
    assert_true(limit < 2 * c->size);
  }
  signal(SIGXFSZ, handler);
  damage_end(c);
}

/* All of an append is there but the word that makes it count; what lies behind it is longer than the next append. */
static void an_append_that_was_never_published(void **state) {
  damage_case *c = damage_begin(*state);
  bool rebuilt = true;
  memset(c->bytes + c->ends[COMMITS - 1] + SLOT - 8, 0, 8);
  testing_write(c->path, c->bytes, c->size);
  assert_true(cache_file_matches(c->path, DIM, &c->states[COMMITS - 1], &rebuilt));
  assert_false(rebuilt);
  still_works(c, &c->states[COMMITS - 1]);
  damage_end(c);
}

/* ---- files of others ---- */

static void a_cache_of_something_else_is_not_used(void **state) {
  damage_case *c = damage_begin(*state);
  const akin_vectors_key own = cache_key(DIM);
  const akin_vectors_key others[] = {
      {"0123456789abcdef fingerprinT", own.dim, own.store_id},
      {"", own.dim, own.store_id},
      {own.fingerprint, own.dim + 1, own.store_id},
      {own.fingerprint, own.dim, own.store_id ^ 1},
  };
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    akin_vectors *v = NULL;
    bool rebuilt = false;
    testing_ok(akin_vectors_open(&v, c->path, &others[i], false, &rebuilt, NULL), NULL);
    assert_true(is_rebuilt(v, rebuilt));
    akin_vectors_close(v);
  }
  damage_end(c);
}

static void what_is_no_cache_is_not_used(void **state) {
  static const char *const texts[] = {"", "akin.vec",
                                      "somebody's text, longer than the header of a cache is, to be read in full"};
  char *path = testing_path(*state, "other.vec");
  bool rebuilt = false;
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    testing_write_text(path, texts[i]);
    akin_vectors *v = cache_open(path, DIM, false, &rebuilt);
    assert_true(is_rebuilt(v, rebuilt));
    akin_vectors_close(v);
  }
  akin_free(path);
}

/* Nothing is lost by it: the store has all that the cache would have. */
static void check_in_its_place(const char *path) {
  bool rebuilt = false;
  akin_error err;
  cache_model m = {0};
  akin_vectors *v = cache_open(path, DIM, true, &rebuilt);
  assert_true(is_rebuilt(v, rebuilt));
  cache_put(v, &m, 1);
  assert_true(akin_vectors_commit(v, 1, &err) != AKIN_OK);
  testing_says(&err, "odd.vec");
  assert_true(cache_runs_match(v, &m));
  akin_vectors_close(v);
}

static void a_folder_or_a_fifo_in_its_place_fails_the_commit(void **state) {
  char *path = testing_path(*state, "odd.vec");
  assert_int_equal(mkdir(path, 0700), 0);
  check_in_its_place(path);
  assert_int_equal(rmdir(path), 0);
  assert_int_equal(mkfifo(path, 0600), 0); /* must not wait for somebody at its other end */
  check_in_its_place(path);
  akin_free(path);
}

/* ---- sizes that lie, under checksums that are right ---- */

static void put_word(char *slot, size_t offset, uint64_t word) {
  memcpy(slot + offset, &word, sizeof word);
}

static void sizes_that_cannot_be_are_no_blocks(void **state) {
  static const uint64_t counts[] = {0,
                                    1,
                                    2,
                                    7,
                                    UINT32_MAX,
                                    UINT64_C(1) << 32,
                                    (UINT64_C(1) << 57) - 1,
                                    UINT64_C(1) << 57,
                                    UINT64_C(1) << 61,
                                    UINT64_C(1) << 63,
                                    UINT64_MAX - 7,
                                    UINT64_MAX};
  enum { COUNTS = sizeof counts / sizeof counts[0] };
  damage_case *c = damage_begin(*state);
  char file[8 * SLOT];
  for (size_t rows = 0; rows < COUNTS; rows++)
    for (size_t tombstones = 0; tombstones < COUNTS; tombstones++) {
      char *slot = file + SLOT;
      memset(file, 0, sizeof file);
      memcpy(file, c->bytes, SLOT);
      put_word(slot, 0, 1);
      put_word(slot, 8, counts[rows]);
      put_word(slot, 16, counts[tombstones]);
      put_word(slot, 24, akin_checksum_of(slot + SLOT, sizeof file - 2 * SLOT, 0));
      put_word(slot, 56, akin_checksum_of(slot, 56, akin_checksum_of(file, SLOT, 0)));
      testing_write(c->path, file, sizeof file);
      bool rebuilt = false;
      akin_vectors *v = cache_open(c->path, DIM, false, &rebuilt);
      const bool fits = counts[rows] == 2 && counts[tombstones] == 7; /* two dead rows: 128 + 256 bytes */
      assert_int_equal(akin_vectors_generation(v), fits);
      assert_int_equal(akin_vectors_live(v), 0);
      akin_vectors_close(v);
    }
  damage_end(c);
}

static void verifying_finds_what_changed_after_opening(void **state) {
  damage_case *c = damage_begin(*state);
  bool rebuilt = true;
  akin_error err;
  akin_vectors *v = cache_open(c->path, DIM, false, &rebuilt);
  testing_ok(akin_vectors_verify(v, &err), &err);
  FILE *file = fopen(c->path, "r+b");
  assert_non_null(file);
  assert_int_equal(fseek(file, (long)c->ends[2] - 100, SEEK_SET), 0);
  assert_int_equal(fputc(0x55, file), 0x55);
  assert_int_equal(fclose(file), 0);
  testing_expect(akin_vectors_verify(v, &err), AKIN_ERROR_MISMATCH, &err);
  testing_says(&err, "damage.vec");
  char place[40];
  snprintf(place, sizeof place, "block at byte %zu", c->ends[1]);
  testing_says(&err, place);
  akin_vectors_close(v);
  damage_end(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IN_FOLDER(cut_at_every_length),
      IN_FOLDER(every_bit_flipped),
      IN_FOLDER(a_thousand_scribbles),
      IN_FOLDER(damage_is_replaced_by_the_next_commit),
      IN_FOLDER(stopped_at_every_byte_of_an_append),
      IN_FOLDER(an_append_that_was_never_published),
      IN_FOLDER(a_cache_of_something_else_is_not_used),
      IN_FOLDER(what_is_no_cache_is_not_used),
      IN_FOLDER(a_folder_or_a_fifo_in_its_place_fails_the_commit),
      IN_FOLDER(sizes_that_cannot_be_are_no_blocks),
      IN_FOLDER(verifying_finds_what_changed_after_opening),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
