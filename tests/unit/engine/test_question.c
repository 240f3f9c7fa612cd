/*
 * test_question.c - questions of all kinds, against answers that are made here in double precision by looking at every
 * image: weights, negatives, any of several, a least score, an offset, diversity; and what is no question.
 */
#include "unit/engine/engine_testing.h"

#include "engine/duplicates.h"

#include <math.h>

#define PHOTOS    40
#define DIM_LIMIT 4096
#define CLOSE     2e-5

typedef struct bench {
  engine_bench *engine;
  size_t first, last; /* images that the query's filter lets through */
  char paths[PHOTOS][256];
  double features[PHOTOS][DIM_LIMIT];
  size_t count, dim;
} bench;

static akin_status bench_visit(void *context, const char *path, const float *feature, uint32_t dim) {
  bench *b = context;
  assert_true(b->count < PHOTOS && dim <= DIM_LIMIT);
  snprintf(b->paths[b->count], sizeof b->paths[0], "%s", path);
  for (uint32_t i = 0; i < dim; i++)
    b->features[b->count][i] = (double)feature[i];
  b->count++;
  b->dim = dim;
  return AKIN_OK;
}

static int setup(void **state) {
  void *engine = NULL;
  akin_error err;
  bench *b = akin_calloc(1, sizeof *b);
  assert_non_null(b);
  engine_setup(&engine);
  b->engine = engine;
  engine_photos(b->engine, PHOTOS);
  testing_ok(engine_ingest(b->engine, NULL, NULL, &err), &err);
  testing_ok(akin_store_features(b->engine->store, NULL, bench_visit, b, &err), &err);
  assert_int_equal(b->count, PHOTOS);
  b->last = PHOTOS - 1;
  *state = b;
  return 0;
}

static int teardown(void **state) {
  bench *b = *state;
  void *engine = b->engine;
  akin_free(b);
  return engine_teardown(&engine);
}

/* ---- the reference ---- */

static double bench_dot(const bench *b, const double *x, const double *y) {
  double sum = 0;
  for (size_t i = 0; i < b->dim; i++)
    sum += x[i] * y[i];
  return sum;
}

static void bench_unit(const bench *b, double *v) {
  const double norm = sqrt(bench_dot(b, v, v));
  for (size_t i = 0; i < b->dim; i++)
    v[i] /= norm;
}

static size_t bench_index(const bench *b, const char *path) {
  size_t i = 0;
  while (strcmp(b->paths[i], path) != 0)
    assert_true(++i < b->count);
  return i;
}

/* Takes the weighted mean of some images off v. */
static void bench_less(const bench *b, double *v, const size_t *negatives, const float *weights, size_t count) {
  for (size_t j = 0; j < count; j++)
    for (size_t i = 0; i < b->dim; i++)
      v[i] -= (double)(weights ? weights[j] : 0.5f) / (double)count * b->features[negatives[j]][i];
  if (count > 0) bench_unit(b, v);
}

typedef struct reference {
  double scores[PHOTOS]; /* NaN: not to be a hit */
} reference;

static void bench_score(const bench *b, reference *r, const size_t *images, size_t count, const akin_query *query,
                        const size_t *negatives) {
  static double v[DIM_LIMIT];
  double largest = 0;
  memset(r, 0, sizeof *r);
  for (size_t q = 0; query->weights && q < count; q++)
    largest = fmax(largest, (double)query->weights[q]);
  for (size_t i = 0; i < b->count; i++)
    r->scores[i] = -2;
  for (size_t q = 0; q < count; q++) { /* for the mean the first round does it all */
    memset(v, 0, sizeof v);
    for (size_t p = 0; p < count; p++)
      for (size_t i = 0; i < b->dim; i++)
        if (query->combine == AKIN_COMBINE_MEAN || p == q)
          v[i] += (query->weights ? (double)query->weights[p] : 1) * b->features[images[p]][i];
    bench_unit(b, v);
    bench_less(b, v, negatives, query->negative_weights, query->negative_count);
    const double share = query->combine == AKIN_COMBINE_ANY && query->weights ? (double)query->weights[q] / largest : 1;
    for (size_t i = 0; i < b->count; i++)
      r->scores[i] = fmax(r->scores[i], share * bench_dot(b, v, b->features[i]));
  }
  for (size_t i = 0; i < count + query->negative_count && !query->include_self; i++)
    r->scores[i < count ? images[i] : negatives[i - count]] = NAN;
  for (size_t i = 0; i < b->count; i++)
    if (i < b->first || i > b->last) r->scores[i] = NAN;
}

/* ---- asking ---- */

static akin_hits *bench_ask(bench *b, const size_t *images, size_t count, akin_query *query, const size_t *negatives) {
  const char *names[8], *unlike[8];
  akin_hits *hits = TESTING_POISON;
  akin_error err;
  assert_true(count <= 8 && query->negative_count <= 8);
  for (size_t i = 0; i < count; i++)
    names[i] = b->paths[images[i]];
  for (size_t i = 0; i < query->negative_count; i++)
    unlike[i] = b->paths[negatives[i]];
  query->negatives = unlike;
  testing_ok(akin_store_like(b->engine->store, &hits, names, count, query, &err), &err);
  return hits;
}

/* Asks, and compares each score and that nothing better was left out. Returns how many hits there were. */
static size_t bench_compare(bench *b, const size_t *images, size_t count, akin_query *query, const size_t *negatives) {
  reference r;
  size_t expected = 0, better = 0;
  akin_hits *hits = bench_ask(b, images, count, query, negatives);
  bench_score(b, &r, images, count, query, negatives);
  const size_t found = akin_hits_count(hits);
  for (size_t i = 0; i < b->count; i++)
    expected += r.scores[i] >= (double)query->min_score;
  expected = expected > query->offset ? expected - query->offset : 0;
  assert_int_equal(found, expected < query->k ? expected : query->k);
  for (size_t h = 0; h < found; h++) {
    const akin_hit *hit = akin_hits_at(hits, h);
    const size_t i = bench_index(b, hit->path);
    assert_true(fabs((double)hit->score - r.scores[i]) <= CLOSE);
    assert_int_equal(hit->rank, query->offset + h + 1);
    assert_true(hit->score >= query->min_score);
    if (h > 0) assert_true(hit->score <= akin_hits_at(hits, h - 1)->score);
  }
  for (size_t i = 0; found > 0 && i < b->count; i++)
    better += r.scores[i] > (double)akin_hits_at(hits, found - 1)->score + CLOSE;
  assert_true(better < query->offset + query->k);
  akin_hits_free(hits);
  return found;
}

static const size_t some[] = {3, 11, 29}, others[] = {7, 20};
static const float weights[] = {1.0f, 0.2f, 2.5f}, unlike[] = {0.9f, 0.1f};

static void weights_negatives_and_any_in_all_combinations(void **state) {
  bench *b = *state;
  for (unsigned bits = 0; bits < 64; bits++) {
    akin_query query = AKIN_QUERY_INIT;
    query.k = bits & 1 ? 7 : 100;
    query.weights = bits & 2 ? weights : NULL;
    query.combine = bits & 4 ? AKIN_COMBINE_ANY : AKIN_COMBINE_MEAN;
    query.negative_count = bits & 8 ? 2 : 0;
    query.negative_weights = bits & 8 && bits & 16 ? unlike : NULL;
    query.include_self = bits & 32 ? 1 : 0;
    assert_true(bench_compare(b, some, 3, &query, others) > 0);
  }
}

static void one_image_is_not_changed_by_its_weight(void **state) {
  bench *b = *state;
  for (int any = 0; any < 2; any++) {
    akin_query query = AKIN_QUERY_INIT;
    query.k = PHOTOS;
    akin_hits *plain = bench_ask(b, some, 1, &query, NULL);
    query.weights = unlike;
    query.combine = any ? AKIN_COMBINE_ANY : AKIN_COMBINE_MEAN;
    akin_hits *weighted = bench_ask(b, some, 1, &query, NULL);
    assert_int_equal(akin_hits_count(plain), akin_hits_count(weighted));
    for (size_t i = 0; i < akin_hits_count(plain); i++) {
      assert_string_equal(akin_hits_at(plain, i)->path, akin_hits_at(weighted, i)->path);
      assert_true(akin_hits_at(plain, i)->score == akin_hits_at(weighted, i)->score);
    }
    akin_hits_free(plain);
    akin_hits_free(weighted);
  }
}

static void a_negative_pushes_what_is_like_it_down(void **state) {
  bench *b = *state;
  akin_query query = AKIN_QUERY_INIT;
  query.k = PHOTOS;
  akin_hits *hits = bench_ask(b, some, 1, &query, NULL);
  const size_t best = bench_index(b, akin_hits_at(hits, 0)->path);
  akin_hits_free(hits);
  const float much = 1.0f;
  query.negative_count = 1;
  query.negative_weights = &much;
  hits = bench_ask(b, some, 1, &query, &best);
  for (size_t i = 0; i < akin_hits_count(hits); i++) /* the negative itself is no hit */
    assert_string_not_equal(akin_hits_at(hits, i)->path, b->paths[best]);
  assert_int_equal(akin_hits_count(hits), PHOTOS - 2);
  akin_hits_free(hits);
}

static void least_score_and_offset(void **state) {
  bench *b = *state;
  reference r;
  akin_query query = AKIN_QUERY_INIT;
  bench_score(b, &r, some, 3, &query, NULL);
  double middle = r.scores[PHOTOS / 2];
  for (unsigned offset = 0; offset < PHOTOS + 3; offset += 6)
    for (unsigned k = 1; k < PHOTOS; k += 9) {
      query.offset = offset;
      query.k = k;
      query.min_score = -1.0f;
      bench_compare(b, some, 3, &query, NULL);
      query.min_score = (float)middle + 1e-4f; /* between two, not on one */
      bench_compare(b, some, 3, &query, NULL);
    }
  query.offset = UINT32_MAX;
  query.k = UINT32_MAX;
  assert_int_equal(bench_compare(b, some, 3, &query, NULL), 0);
  query.min_score = 1.0f;
  query.offset = 0;
  assert_int_equal(bench_compare(b, some, 3, &query, NULL), 0);
}

static void pages_of_one_answer_join(void **state) {
  bench *b = *state;
  for (int diverse = 0; diverse < 2; diverse++) {
    akin_query query = AKIN_QUERY_INIT;
    query.diverse = diverse ? 0.4f : 0.0f;
    query.k = PHOTOS;
    akin_hits *whole = bench_ask(b, some, 2, &query, NULL);
    query.k = 5;
    for (query.offset = 0; query.offset < PHOTOS; query.offset += 5) {
      akin_hits *page = bench_ask(b, some, 2, &query, NULL);
      for (size_t i = 0; i < akin_hits_count(page); i++) {
        const akin_hit *one = akin_hits_at(page, i), *other = akin_hits_at(whole, query.offset + i);
        assert_int_equal(one->rank, other->rank);
        assert_string_equal(one->path, other->path);
      }
      akin_hits_free(page);
    }
    akin_hits_free(whole);
  }
}

/* ---- filters ---- */

static void filters_cost_no_hits(void **state) {
  bench *b = *state;
  b->first = 7;
  b->last = 21;
  for (unsigned bits = 0; bits < 16; bits++) {
    akin_query query = AKIN_QUERY_INIT;
    query.where = "name >= p07.jpg and name <= p21.jpg and width = 64";
    query.k = bits & 1 ? 4 : 30;
    query.combine = bits & 2 ? AKIN_COMBINE_ANY : AKIN_COMBINE_MEAN;
    query.offset = bits & 4 ? 3 : 0;
    query.negative_count = bits & 8 ? 2 : 0;
    assert_true(bench_compare(b, some, 3, &query, others) > 0);
  }
  akin_query query = AKIN_QUERY_INIT;
  query.where = "folder = /nowhere";
  b->first = PHOTOS;
  assert_int_equal(bench_compare(b, some, 3, &query, NULL), 0);
}

/* One content, two images, of which one passes: the other is no hit, and takes no hit's place. */
static void filters_look_at_images_not_at_contents(void **state) {
  bench *b = *state;
  akin_error err;
  akin_query query = AKIN_QUERY_INIT;
  akin_free(engine_photo(b->engine, "copy-of-p09.jpg", 10));
  testing_ok(engine_ingest(b->engine, NULL, NULL, &err), &err);
  query.k = 3;
  query.where = "name ~ copy* or name ~ p3?.jpg";
  akin_hits *hits = bench_ask(b, some, 2, &query, NULL);
  assert_int_equal(akin_hits_count(hits), 3);
  akin_hits_free(hits);
  query.k = PHOTOS;
  hits = bench_ask(b, some, 2, &query, NULL);
  assert_int_equal(akin_hits_count(hits), 11);
  for (size_t i = 0; i < 11; i++)
    assert_null(strstr(akin_hits_at(hits, i)->path, "/p09.jpg"));
  assert_string_equal(akin_hits_asked(hits)->where, query.where);
  akin_hits_free(hits);
}

static akin_status count_hits(void *context, const akin_hits *hits) {
  assert_int_equal(akin_hits_count(hits), 5);
  for (size_t i = 0; i < 5; i++)
    assert_true(strncmp(akin_path_name(akin_hits_at(hits, i)->path), "p0", 2) == 0);
  (*(size_t *)context)++;
  return AKIN_OK;
}

static void recommendations_are_filtered_too(void **state) {
  bench *b = *state;
  akin_error err;
  size_t rows = 0;
  akin_query query = AKIN_QUERY_INIT;
  query.where = "name ~ p0?.jpg";
  query.offset = 2;
  for (unsigned i = 1; i <= 3; i++) {
    testing_ok(akin_store_recommend(b->engine->store, NULL, 0, &query, count_hits, NULL, &rows, &err), &err);
    assert_int_equal(rows, i * PHOTOS); /* it is the hits that are filtered */
    query.diverse += 0.2f;
  }
}

/* ---- diversity ---- */

/* Is each hit the one of the highest worth, given those before it? */
static void bench_check_diverse(const bench *b, const reference *r, const akin_hits *hits, double diverse) {
  bool taken[PHOTOS] = {false};
  double near[PHOTOS];
  for (size_t i = 0; i < b->count; i++)
    near[i] = -1;
  for (size_t h = 0; h < akin_hits_count(hits); h++) {
    const size_t chosen = bench_index(b, akin_hits_at(hits, h)->path);
    const double worth = (1 - diverse) * r->scores[chosen] - diverse * near[chosen];
    assert_false(taken[chosen]);
    for (size_t i = 0; i < b->count; i++)
      if (!taken[i] && !isnan(r->scores[i]))
        assert_true((1 - diverse) * r->scores[i] - diverse * near[i] <= worth + CLOSE);
    taken[chosen] = true;
    for (size_t i = 0; i < b->count; i++)
      near[i] = fmax(near[i], bench_dot(b, b->features[i], b->features[chosen]));
  }
}

static void diverse_hits_are_chosen_one_after_the_other(void **state) {
  bench *b = *state;
  const float values[] = {0.1f, 0.3f, 0.7f, 1.0f};
  reference r;
  size_t changed = 0;
  akin_query query = AKIN_QUERY_INIT;
  query.k = 10;
  akin_hits *plain = bench_ask(b, some, 1, &query, NULL);
  bench_score(b, &r, some, 1, &query, NULL);
  for (size_t v = 0; v < 4; v++) {
    query.diverse = values[v];
    akin_hits *hits = bench_ask(b, some, 1, &query, NULL);
    assert_int_equal(akin_hits_count(hits), 10);
    bench_check_diverse(b, &r, hits, (double)values[v]);
    assert_string_equal(akin_hits_at(hits, 0)->path, akin_hits_at(plain, 0)->path);
    for (size_t i = 0; i < 10; i++)
      changed += strcmp(akin_hits_at(hits, i)->path, akin_hits_at(plain, i)->path) != 0;
    akin_hits_free(hits);
  }
  assert_true(changed > 0);
  akin_hits_free(plain);
}

static void a_copy_is_the_last_thing_that_diversity_wants(void **state) {
  bench *b = *state;
  akin_error err;
  akin_query query = AKIN_QUERY_INIT;
  akin_free(engine_photo(b->engine, "copy-1.jpg", 10));
  akin_free(engine_photo(b->engine, "copy-2.jpg", 10));
  testing_ok(engine_ingest(b->engine, NULL, NULL, &err), &err);
  query.k = PHOTOS + 2;
  query.diverse = 1.0f;
  akin_hits *hits = bench_ask(b, some, 1, &query, NULL);
  assert_int_equal(akin_hits_count(hits), PHOTOS + 1);
  for (size_t i = 0, copies = 0; i < akin_hits_count(hits); i++) {
    const char *name = akin_path_name(akin_hits_at(hits, i)->path);
    copies += strncmp(name, "copy", 4) == 0 || strcmp(name, "p09.jpg") == 0;
    if (i == akin_hits_count(hits) - 3) assert_int_equal(copies, 1);
  }
  akin_hits_free(hits);
}

/* ---- near-duplicates ---- */

/* Writes the picture of another file once more, as another JPEG. */
static void write_again(const bench *b, const char *of, const char *name) {
  akin_buffer bytes = AKIN_BUFFER_INIT(0), jpeg = AKIN_BUFFER_INIT(0);
  akin_error err;
  uint32_t width = 0, height = 0;
  char *from = testing_path(b->engine->photos, of), *to = testing_path(b->engine->photos, name);
  testing_ok(akin_file_read(&bytes, from, 1 << 20, NULL, &err), &err);
  testing_ok(akin_image_thumbnail(&jpeg, &width, &height, bytes.data, bytes.size, 64, NULL, &err), &err);
  assert_true(jpeg.size != bytes.size);
  testing_write(to, jpeg.data, jpeg.size);
  akin_buffer_free(&bytes);
  akin_buffer_free(&jpeg);
  akin_free(from);
  akin_free(to);
}

static akin_status take_content(void *context, const akin_stored_image *image, akin_error *err) {
  (void)err;
  *(uint64_t *)context = image->content_id;
  return AKIN_OK;
}

static uint64_t content_of(bench *b, const char *path) {
  akin_storage *reader = NULL;
  uint64_t content = 0;
  akin_error err;
  testing_ok(akin_store_reader(b->engine->store, &reader, &err), &err);
  testing_ok(akin_storage_image_at(reader, path, take_content, &content, &err), &err);
  return content;
}

/* Holds hits against what they may not repeat: no hit does, and nothing else that does not is missing. */
static void check_repeats(bench *b, const char *query, const akin_hits *hits, const akin_hits *all) {
  akin_stored_model *model = NULL;
  akin_vectors *vectors = NULL;
  akin_seen *seen = NULL;
  akin_error err;
  bool repeats = false;
  testing_ok(akin_store_find_model(b->engine->store, &model, NULL, &err), &err);
  testing_ok(akin_store_vectors(b->engine->store, &vectors, model, &err), &err);
  testing_ok(akin_seen_new(&seen, b->engine->store, vectors, NULL, &err), &err);
  testing_ok(akin_seen_add(seen, content_of(b, query), NULL, NULL, &err), &err);
  for (size_t i = 0; i < akin_hits_count(hits); i++) {
    const uint64_t content = content_of(b, akin_hits_at(hits, i)->path);
    testing_ok(akin_seen_test(seen, content, &repeats, &err), &err);
    assert_false(repeats);
    testing_ok(akin_seen_add(seen, content, NULL, NULL, &err), &err);
  }
  for (size_t i = 0; i < akin_hits_count(all); i++) {
    testing_ok(akin_seen_test(seen, content_of(b, akin_hits_at(all, i)->path), &repeats, &err), &err);
    assert_true(repeats);
  }
  akin_seen_free(seen);
  akin_stored_models_free(model, 1);
}

static void each_picture_once(void **state) {
  bench *b = *state;
  akin_error err;
  akin_query query = AKIN_QUERY_INIT;
  write_again(b, "p03.jpg", "again-3.jpg"); /* of the query image */
  write_again(b, "p20.jpg", "again-20.jpg");
  akin_free(engine_photo(b->engine, "copy.jpg", 21)); /* of p20.jpg, to the byte */
  testing_ok(engine_ingest(b->engine, NULL, NULL, &err), &err);
  for (int diverse = 0; diverse < 2; diverse++) {
    query.diverse = diverse ? 0.5f : 0.0f;
    query.k = PHOTOS + 3;
    query.exclude_duplicates = 0;
    akin_hits *all = bench_ask(b, some, 1, &query, NULL);
    assert_int_equal(akin_hits_count(all), PHOTOS + 2);
    query.exclude_duplicates = 1;
    akin_hits *hits = bench_ask(b, some, 1, &query, NULL);
    assert_true(akin_hits_count(hits) >= 10 && akin_hits_count(hits) < PHOTOS);
    check_repeats(b, b->paths[some[0]], hits, all);
    query.k =
        (uint32_t)akin_hits_count(hits); /* as many as there are: more contents must be looked at, again and again */
    akin_hits *same = bench_ask(b, some, 1, &query, NULL);
    assert_int_equal(akin_hits_count(same), query.k);
    for (size_t i = 0; i < query.k; i++)
      assert_string_equal(akin_hits_at(same, i)->path, akin_hits_at(hits, i)->path);
    akin_hits_free(all);
    akin_hits_free(hits);
    akin_hits_free(same);
  }
}

static akin_status first_hit(void *context, const akin_hits *hits) {
  bench *b = context;
  assert_int_equal(akin_hits_count(hits), 1);
  check_repeats(b, akin_hits_query(hits, 0), hits, hits);
  return AKIN_OK;
}

static void recommendations_repeat_nothing(void **state) {
  bench *b = *state;
  akin_error err;
  akin_query query = AKIN_QUERY_INIT;
  query.k = 1;
  query.exclude_duplicates = 1;
  akin_store *store = b->engine->store, *other = NULL;
  testing_ok(akin_store_open(&other, b->engine->store_folder, 0, &err), &err);
  b->engine->store = other; /* the visitor may not use the one that asks */
  testing_ok(akin_store_recommend(store, NULL, 0, &query, first_hit, NULL, b, &err), &err);
  b->engine->store = store;
  akin_store_close(other);
}

/* ---- what was asked ---- */

static void hits_say_what_was_asked(void **state) {
  bench *b = *state;
  akin_query query = AKIN_QUERY_INIT;
  float own[3], against[2];
  memcpy(own, weights, sizeof own);
  memcpy(against, unlike, sizeof against);
  query.weights = own;
  query.negative_weights = against;
  query.negative_count = 2;
  query.combine = AKIN_COMBINE_ANY;
  query.min_score = -0.5f;
  query.offset = 2;
  query.diverse = 0.25f;
  akin_hits *hits = bench_ask(b, some, 3, &query, others);
  memset(own, 0, sizeof own); /* it has its own */
  memset(against, 0, sizeof against);
  const akin_query *asked = akin_hits_asked(hits);
  assert_string_equal(asked->model, "tiny");
  assert_memory_equal(asked->weights, weights, sizeof weights);
  assert_memory_equal(asked->negative_weights, unlike, sizeof unlike);
  assert_int_equal(asked->negative_count, 2);
  for (size_t i = 0; i < 2; i++)
    assert_string_equal(asked->negatives[i], b->paths[others[i]]);
  assert_true(asked->combine == AKIN_COMBINE_ANY && asked->offset == 2 && asked->k == 5);
  assert_true(asked->min_score == -0.5f && asked->diverse == 0.25f && !asked->model_options);
  akin_hits_free(hits);
}

static void an_outside_image_may_be_a_negative(void **state) {
  bench *b = *state;
  akin_query query = AKIN_QUERY_INIT;
  akin_error err;
  akin_hits *hits = NULL;
  char *outside = testing_path(b->engine->folder, "outside.jpg");
  const char *image = b->paths[4], *negative = outside;
  engine_picture(outside, 99);
  query.negatives = &negative;
  query.negative_count = 1;
  testing_ok(akin_store_like(b->engine->store, &hits, &image, 1, &query, &err), &err);
  assert_int_equal(akin_hits_count(hits), 5);
  assert_string_equal(akin_hits_asked(hits)->negatives[0], outside);
  akin_hits_free(hits);
  assert_int_equal(unlink(outside), 0);
  testing_expect(akin_store_like(b->engine->store, &hits, &image, 1, &query, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, outside);
  akin_free(outside);
}

/* ---- what is no question ---- */

static void refuse_query(bench *b, const akin_query *query, size_t count, akin_status want, const char *says) {
  const char *names[] = {b->paths[0], b->paths[1], b->paths[2]};
  akin_hits *hits = TESTING_POISON;
  akin_error err;
  testing_expect(akin_store_like(b->engine->store, &hits, names, count, query, &err), want, &err);
  testing_says(&err, says);
  assert_null(hits);
}

static void refuses_what_is_no_question(void **state) {
  bench *b = *state;
  const float bad[] = {1.0f, 0.0f, 1.0f}, nan[] = {NAN}, infinite[] = {1, 1, INFINITY}, one = 1.0f;
  const akin_query plain = AKIN_QUERY_INIT;
  const char *same = b->paths[0];
  akin_query query = plain;
  refuse_query(b, &query, 0, AKIN_ERROR_USAGE, "no image");
  query.k = 0;
  refuse_query(b, &query, 3, AKIN_ERROR_USAGE, "k is 0");
  query = plain, query.weights = bad;
  refuse_query(b, &query, 3, AKIN_ERROR_USAGE, "weight 2 of the images is 0");
  query.weights = infinite;
  refuse_query(b, &query, 3, AKIN_ERROR_USAGE, "weight 3 of the images is inf");
  query = plain, query.negatives = &same, query.negative_count = 1, query.negative_weights = nan;
  refuse_query(b, &query, 3, AKIN_ERROR_USAGE, "weight 1 of the negatives is nan");
  query.negative_weights = &one;
  refuse_query(b, &query, 1, AKIN_ERROR_FORMAT, "cancel each other out");
  query = plain, query.combine = (akin_combine)7;
  refuse_query(b, &query, 3, AKIN_ERROR_USAGE, "7");
  query = plain, query.min_score = 1.5f;
  refuse_query(b, &query, 3, AKIN_ERROR_USAGE, "1.5");
  query.min_score = NAN;
  refuse_query(b, &query, 3, AKIN_ERROR_USAGE, "from -1 to 1");
  query = plain, query.diverse = -0.1f;
  refuse_query(b, &query, 3, AKIN_ERROR_USAGE, "from 0 to 1");
  query = plain, query.where = "name = p00.jpg and colour = red";
  refuse_query(b, &query, 3, AKIN_ERROR_USAGE, "character 20: there is no column \"colour\"");
  query = plain, query.version = 9;
  refuse_query(b, &query, 3, AKIN_ERROR_USAGE, "version 9");
}

static akin_status no_visit(void *context, const akin_hits *hits) {
  (void)context;
  (void)hits;
  fail();
  return AKIN_OK;
}

static void recommending_refuses_what_belongs_to_one_question(void **state) {
  bench *b = *state;
  akin_error err;
  akin_query query = AKIN_QUERY_INIT;
  query.weights = weights;
  testing_expect(akin_store_recommend(b->engine->store, NULL, 0, &query, no_visit, NULL, NULL, &err), AKIN_ERROR_USAGE,
                 &err);
  query = (akin_query)AKIN_QUERY_INIT;
  query.combine = AKIN_COMBINE_ANY;
  testing_expect(akin_store_recommend(b->engine->store, NULL, 0, &query, no_visit, NULL, NULL, &err), AKIN_ERROR_USAGE,
                 &err);
}

/* ---- memory ---- */

static akin_status ask_everything(void *context) {
  bench *b = context;
  akin_query query = AKIN_QUERY_INIT;
  akin_error err;
  akin_hits *hits = NULL;
  const char *names[] = {b->paths[0], b->paths[1], b->paths[2]}, *negative = b->paths[5];
  query.weights = weights;
  query.negatives = &negative;
  query.negative_count = 1;
  query.combine = AKIN_COMBINE_ANY;
  query.diverse = 0.5f;
  query.exclude_duplicates = 1;
  query.where = "class = photos and name != p07.jpg";
  const akin_status status = akin_store_like(b->engine->store, &hits, names, 3, &query, &err);
  akin_hits_free(hits);
  return status;
}

static void without_memory(void **state) {
  assert_true(testing_fail_allocations(ask_everything, *state, true) > 20);
  assert_true(testing_fail_allocations(ask_everything, *state, false) > 20);
}

#define QUESTION_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      QUESTION_TEST(weights_negatives_and_any_in_all_combinations),
      QUESTION_TEST(one_image_is_not_changed_by_its_weight),
      QUESTION_TEST(a_negative_pushes_what_is_like_it_down),
      QUESTION_TEST(least_score_and_offset),
      QUESTION_TEST(pages_of_one_answer_join),
      QUESTION_TEST(filters_cost_no_hits),
      QUESTION_TEST(filters_look_at_images_not_at_contents),
      QUESTION_TEST(recommendations_are_filtered_too),
      QUESTION_TEST(diverse_hits_are_chosen_one_after_the_other),
      QUESTION_TEST(a_copy_is_the_last_thing_that_diversity_wants),
      QUESTION_TEST(each_picture_once),
      QUESTION_TEST(recommendations_repeat_nothing),
      QUESTION_TEST(hits_say_what_was_asked),
      QUESTION_TEST(an_outside_image_may_be_a_negative),
      QUESTION_TEST(refuses_what_is_no_question),
      QUESTION_TEST(recommending_refuses_what_belongs_to_one_question),
      QUESTION_TEST(without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
