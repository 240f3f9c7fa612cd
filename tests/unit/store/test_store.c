/* test_store.c - what a store keeps: roots, images, contents, models, features, removals, generations. */
#include "store_testing.h"

static akin_status remember_image(void *context, const akin_stored_image *image, akin_error *err) {
  akin_stored_image *out = context;
  (void)err;
  *out = *image;
  out->path = akin_strdup(image->path);
  out->reason = akin_strdup(image->reason);
  return AKIN_OK;
}

static void forget_image(akin_stored_image *image) {
  akin_free((char *)image->path);
  akin_free((char *)image->reason);
}

static uint64_t image_id(akin_storage *s, const char *path) {
  akin_error err;
  akin_stored_image image;
  testing_ok(akin_storage_image_at(s, path, remember_image, &image, &err), &err);
  forget_image(&image);
  return image.id;
}

static void an_image_comes_back_as_it_was_put(void **state) {
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  akin_error err;
  begin(s);
  uint64_t root = add_root(s, "/photos", true);
  uint64_t content = put_image(s, root, "/photos/a.jpg", 3);
  akin_stored_image broken = image_of(root, "/photos/b.jpg", 4);
  broken.state = AKIN_IMAGE_UNREADABLE;
  broken.reason = "not an image: starts with 'hello'";
  uint64_t none = UINT64_MAX;
  testing_ok(akin_storage_image_put(s, &broken, &none, &err), &err);
  assert_int_equal(none, 0);
  commit(s);
  akin_storage_close(s);

  s = open_store(*state, AKIN_STORAGE_READ);
  akin_stored_image want = image_of(root, "/photos/a.jpg", 3), got;
  testing_ok(akin_storage_image_at(s, "/photos/a.jpg", remember_image, &got, &err), &err);
  assert_string_equal(got.path, want.path);
  assert_int_equal(got.root_id, root);
  assert_int_equal(got.content_id, content);
  assert_int_equal(got.state, AKIN_IMAGE_READABLE);
  assert_string_equal(got.reason, "");
  assert_memory_equal(&got.content, &want.content, sizeof want.content);
  assert_int_equal(got.facts.size, want.facts.size);
  assert_int_equal(got.facts.mtime_ns, -5);
  assert_int_equal(got.facts.ctime_ns, INT64_MAX);
  assert_true(got.facts.inode == UINT64_MAX);
  assert_int_equal(got.facts.device, 7);
  assert_true(got.facts.is_regular);
  assert_int_equal(got.width, 640);
  assert_int_equal(got.height, 480);
  forget_image(&got);

  testing_ok(akin_storage_image_at(s, "/photos/b.jpg", remember_image, &got, &err), &err);
  assert_int_equal(got.state, AKIN_IMAGE_UNREADABLE);
  assert_string_equal(got.reason, broken.reason);
  assert_int_equal(got.content_id, 0);
  assert_int_equal(got.width, 0);
  forget_image(&got);

  akin_error untouched = {AKIN_OK, "untouched"};
  testing_expect(akin_storage_image_at(s, "/photos", remember_image, &got, &untouched), AKIN_ERROR_NOT_FOUND, NULL);
  assert_string_equal(untouched.text, "untouched");
  akin_storage_counts counts = counts_of(s);
  assert_int_equal(counts.images, 1);
  assert_int_equal(counts.unreadable, 1);
  assert_int_equal(counts.contents, 1);
  expect_sound(s);
  akin_storage_close(s);
}

static void any_name_but_nul_is_a_path(void **state) {
  static const char *const names[] = {"/p/new\nline",  "/p/comma,\"quote\"'", "/p/\xff\xfe not UTF-8",
                                      "/p/100%_*?[x]", "/p/\xc3\xa4",         "/p/ ",
                                      "/p/\x01\x7f"};
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  akin_error err;
  akin_stored_image got;
  begin(s);
  uint64_t root = add_root(s, "/p", true);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    put_image(s, root, names[i], i);
  commit(s);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    akin_hash want = hash_of(i);
    testing_ok(akin_storage_image_at(s, names[i], remember_image, &got, &err), &err);
    assert_string_equal(got.path, names[i]);
    assert_true(akin_hash_equal(&got.content, &want));
    forget_image(&got);
    char *alone = akin_format("%s\n", names[i]);
    expect_images(s, names[i], alone);
    akin_free(alone);
  }
  assert_int_equal(counts_of(s).images, sizeof names / sizeof *names);
  expect_sound(s);
  akin_storage_close(s);
}

/* '-' and '.' come before '/', '0' right after it, so an order of roots and then of rests would go wrong here. */
static void images_come_in_byte_order_of_absolute_paths(void **state) {
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  begin(s);
  uint64_t a = add_root(s, "/a", true), dash = add_root(s, "/a-b", true), dot = add_root(s, "/a.b", true),
           zero = add_root(s, "/a0", true), high = add_root(s, "/a\xff", true);
  put_image(s, high, "/a\xff/x", 1);
  put_image(s, zero, "/a0/x", 2);
  put_image(s, a, "/a/z", 3);
  put_image(s, a, "/a/b/x", 4);
  put_image(s, a, "/a/b-c", 5);
  put_image(s, a, "/a/b", 6);
  put_image(s, dot, "/a.b/x", 7);
  put_image(s, dash, "/a-b/z", 8);
  commit(s);
  expect_images(s, NULL, "/a-b/z\n/a.b/x\n/a/b\n/a/b-c\n/a/b/x\n/a/z\n/a0/x\n/a\xff/x\n");
  expect_images(s, "/", "/a-b/z\n/a.b/x\n/a/b\n/a/b-c\n/a/b/x\n/a/z\n/a0/x\n/a\xff/x\n");
  expect_images(s, "/a", "/a/b\n/a/b-c\n/a/b/x\n/a/z\n");
  expect_images(s, "/a/b", "/a/b\n/a/b/x\n");
  expect_images(s, "/a/b-c", "/a/b-c\n");
  expect_images(s, "/a-", "");
  expect_images(s, "/a/b/x/y", "");
  akin_error err;
  testing_expect(akin_storage_images(s, "a", list_path, NULL, &err), AKIN_ERROR_USAGE, &err);
  testing_expect(akin_storage_images(s, "/a/", list_path, NULL, &err), AKIN_ERROR_USAGE, &err);
  akin_storage_close(s);
}

static void expect_roots(akin_storage *s, const char *want) {
  akin_error err;
  akin_root *roots = TESTING_POISON;
  size_t count = SIZE_MAX;
  akin_buffer text = AKIN_BUFFER_INIT(0);
  testing_ok(akin_storage_roots(s, &roots, &count, &err), &err);
  for (size_t i = 0; i < count; i++)
    testing_ok(akin_buffer_printf(&text, "%s%s %llu\n", roots[i].path, roots[i].scanned ? "!" : "",
                                  (unsigned long long)roots[i].images),
               NULL);
  assert_string_equal(text.data ? text.data : "", want);
  akin_roots_free(roots, count);
  akin_buffer_free(&text);
}

static void a_wider_root_takes_over_what_it_holds(void **state) {
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  expect_roots(s, "");
  begin(s);
  uint64_t b = add_root(s, "/a/b", true), c = add_root(s, "/a/c\xff", false), other = add_root(s, "/a-b", false);
  put_image(s, b, "/a/b/1", 1);
  put_image(s, b, "/a/b/deep/2", 2);
  put_image(s, c, "/a/c\xff/3", 3);
  put_image(s, other, "/a-b/4", 4);
  assert_int_equal(add_root(s, "/a/b", false), b); /* stays scanned */
  assert_int_equal(add_root(s, "/a/b/deep", true), b);
  assert_int_equal(add_root(s, "/a/c\xff/sub", true), c); /* c itself was not scanned */
  commit(s);
  expect_roots(s, "/a-b 1\n/a/b! 2\n/a/c\xff 1\n");

  begin(s);
  uint64_t a = add_root(s, "/a", true);
  assert_true(a != b && a != c && a != other);
  commit(s);
  expect_roots(s, "/a! 3\n/a-b 1\n");
  expect_images(s, "/a", "/a/b/1\n/a/b/deep/2\n/a/c\xff/3\n");
  assert_int_equal(counts_of(s).contents, 4);
  expect_sound(s);

  begin(s);
  add_root(s, "/", false);
  commit(s);
  expect_roots(s, "/ 4\n");
  begin(s);
  uint64_t slash = add_root(s, "/elsewhere", true);
  put_image(s, slash, "/elsewhere/5", 5);
  commit(s);
  expect_roots(s, "/ 5\n");
  expect_sound(s);
  akin_storage_close(s);
}

static void roots_and_paths_must_fit(void **state) {
  static const char *const bad[] = {"a", "", "/a/", "./a"};
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  akin_error err;
  uint64_t id = 1;
  begin(s);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    testing_expect(akin_storage_root_add(s, bad[i], true, &id, &err), AKIN_ERROR_USAGE, &err);
    assert_int_equal(id, 0);
  }
  uint64_t root = add_root(s, "/a", true);
  akin_stored_image image = image_of(root, "/a-b/x", 1);
  testing_expect(akin_storage_image_put(s, &image, &id, &err), AKIN_ERROR_USAGE, &err);
  testing_says(&err, "/a-b/x");
  image = image_of(root + 1, "/a/x", 1);
  testing_expect(akin_storage_image_put(s, &image, &id, &err), AKIN_ERROR_USAGE, &err);
  assert_int_equal(counts_of(s).contents, 0);
  akin_storage_rollback(s);
  akin_storage_close(s);
}

static void renamed_and_copied_images_share_their_feature(void **state) {
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  akin_error err;
  begin(s);
  uint64_t root = add_root(s, "/p", true), model = add_model(s, "net");
  uint64_t content = put_image(s, root, "/p/z", 1);
  put_feature(s, model, content, 1);
  assert_int_equal(put_image(s, root, "/p/copy", 1), content);
  commit(s);
  akin_buffer text = AKIN_BUFFER_INIT(0);
  testing_ok(akin_storage_images_of(s, content, list_path, &text, &err), &err);
  assert_string_equal(text.data, "/p/copy\n/p/z\n");
  akin_buffer_free(&text);

  uint32_t width = 0, height = 0;
  uint64_t found = UINT64_MAX;
  akin_hash hash = hash_of(1), unknown = hash_of(2);
  testing_ok(akin_storage_content_find(s, &hash, &found, &width, &height, &err), &err);
  assert_int_equal(found, content);
  assert_int_equal(width, 640);
  assert_int_equal(height, 480);
  testing_ok(akin_storage_content_find(s, &unknown, &found, NULL, NULL, &err), &err);
  assert_int_equal(found, 0);

  /* A rename: the old name leaves, the content stays while one name is left. */
  begin(s);
  testing_ok(akin_storage_image_remove(s, image_id(s, "/p/z"), &err), &err);
  commit(s);
  assert_true(has_feature(s, model, content, 1));
  begin(s);
  testing_ok(akin_storage_image_remove(s, image_id(s, "/p/copy"), &err), &err);
  commit(s);
  assert_false(has_feature(s, model, content, 1));
  assert_int_equal(counts_of(s).contents, 0);

  /* The same picture again is a new content: ids do not come back. */
  begin(s);
  uint64_t again = put_image(s, root, "/p/z", 1);
  commit(s);
  assert_true(again > content);
  assert_false(has_feature(s, model, again, 1));
  expect_sound(s);
  akin_storage_close(s);
}

static void a_changed_image_lets_go_of_its_old_content(void **state) {
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  akin_error err;
  begin(s);
  uint64_t root = add_root(s, "/p", true), model = add_model(s, "net");
  put_all(s, root, model, "/p/a", 1);
  put_all(s, root, model, "/p/b", 2);
  commit(s);
  uint64_t id = image_id(s, "/p/a"), g = generation(s);
  begin(s);
  uint64_t changed = put_image(s, root, "/p/a", 3);
  commit(s);
  assert_int_equal(image_id(s, "/p/a"), id);
  expect_since(s, model, g, "-1 ");
  begin(s); /* put again without a change, then unreadable */
  assert_int_equal(put_image(s, root, "/p/a", 3), changed);
  akin_stored_image broken = image_of(root, "/p/b", 0);
  broken.state = AKIN_IMAGE_UNREADABLE;
  broken.reason = "truncated";
  testing_ok(akin_storage_image_put(s, &broken, NULL, &err), &err);
  commit(s);
  assert_int_equal(counts_of(s).images, 1);
  assert_int_equal(counts_of(s).unreadable, 1);
  assert_int_equal(counts_of(s).contents, 1);
  expect_since(s, model, 0, "-1 -2 ");
  expect_sound(s);
  akin_storage_close(s);
}

static void a_touched_image_keeps_everything_but_its_facts(void **state) {
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  akin_error err;
  akin_stored_image got;
  begin(s);
  uint64_t root = add_root(s, "/p", true);
  uint64_t content = put_image(s, root, "/p/a", 1);
  akin_file_facts facts = {.size = 1, .mtime_ns = 2, .ctime_ns = 3, .inode = 4, .device = 5};
  testing_ok(akin_storage_image_touch(s, image_id(s, "/p/a"), &facts, &err), &err);
  commit(s);
  testing_ok(akin_storage_image_at(s, "/p/a", remember_image, &got, &err), &err);
  assert_int_equal(got.facts.size, 1);
  assert_int_equal(got.facts.mtime_ns, 2);
  assert_int_equal(got.facts.ctime_ns, 3);
  assert_int_equal(got.facts.inode, 4);
  assert_int_equal(got.facts.device, 5);
  assert_int_equal(got.content_id, content);
  forget_image(&got);
  begin(s);
  testing_expect(akin_storage_image_touch(s, 999, &facts, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_expect(akin_storage_image_remove(s, 999, &err), AKIN_ERROR_NOT_FOUND, &err);
  akin_storage_rollback(s);
  akin_storage_close(s);
}

static void models_keep_their_order_and_their_fingerprint(void **state) {
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  akin_error err;
  akin_stored_model *models = TESTING_POISON;
  size_t count = SIZE_MAX;
  uint64_t id = 1;
  begin(s);
  uint64_t root = add_root(s, "/p", true), z = add_model(s, "z-net"), a = add_model(s, "a-net");
  put_all(s, root, z, "/p/1", 1);
  put_all(s, root, z, "/p/2", 2);
  put_feature(s, a, put_image(s, root, "/p/1", 1), 5);
  assert_int_equal(add_model(s, "z-net"), z);
  testing_expect(akin_storage_model_add(s, "z-net", "beef", DIM, "{}", &id, &err), AKIN_ERROR_MISMATCH, &err);
  testing_says(&err, "f00d");
  testing_says(&err, "beef");
  assert_int_equal(id, 0);
  testing_expect(akin_storage_model_add(s, "z-net", "f00d", DIM + 1, "{}", &id, &err), AKIN_ERROR_MISMATCH, &err);
  testing_expect(akin_storage_model_add(s, "new", "f00d", 0, "{}", &id, &err), AKIN_ERROR_USAGE, &err);
  testing_expect(akin_storage_model_add(s, "new", "f00d", UINT32_MAX, "{}", &id, &err), AKIN_ERROR_USAGE, &err);
  commit(s);
  testing_ok(akin_storage_models(s, &models, &count, &err), &err);
  assert_int_equal(count, 2);
  assert_int_equal(models[0].id, z);
  assert_string_equal(models[0].name, "z-net");
  assert_string_equal(models[0].fingerprint, "f00d");
  assert_string_equal(models[0].card, "{}");
  assert_int_equal(models[0].dim, DIM);
  assert_int_equal(models[0].features, 2);
  assert_string_equal(models[1].name, "a-net");
  assert_int_equal(models[1].features, 1);
  akin_stored_models_free(models, count);

  begin(s);
  testing_ok(akin_storage_model_remove(s, z, &err), &err);
  testing_expect(akin_storage_model_remove(s, z, &err), AKIN_ERROR_NOT_FOUND, &err);
  commit(s);
  assert_int_equal(counts_of(s).images, 2);
  bool found = true;
  testing_ok(akin_storage_feature_get(s, z, 1, NULL, &found, &err), &err);
  assert_false(found);
  assert_true(has_feature(s, a, 1, 5));
  begin(s);
  assert_true(add_model(s, "z-net") > a); /* a new id: what was made for the old one is not taken for its */
  commit(s);
  expect_sound(s);
  akin_storage_close(s);
}

static void a_feature_is_kept_to_the_bit_and_only_once(void **state) {
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  akin_error err;
  float feature[DIM] = {0};
  bool found = true;
  begin(s);
  uint64_t root = add_root(s, "/p", true), model = add_model(s, "net");
  uint64_t content = put_image(s, root, "/p/1", 1);
  put_feature(s, model, content, 1);
  put_feature(s, model, content, 2);
  commit(s);
  assert_true(has_feature(s, model, content, 1));
  uint64_t g = generation(s);
  begin(s);
  put_feature(s, model, content, 2);
  commit(s);
  assert_int_equal(generation(s), g); /* nothing changed */
  begin(s);
  testing_expect(akin_storage_feature_put(s, model, content, feature, &err), AKIN_ERROR_USAGE, &err); /* zero */
  feature[0] = NAN;
  testing_expect(akin_storage_feature_put(s, model, content, feature, &err), AKIN_ERROR_USAGE, &err);
  feature[0] = INFINITY;
  testing_expect(akin_storage_feature_put(s, model, content, feature, &err), AKIN_ERROR_USAGE, &err);
  feature[0] = 1.001f;
  testing_expect(akin_storage_feature_put(s, model, content, feature, &err), AKIN_ERROR_USAGE, &err);
  feature[0] = 1;
  testing_expect(akin_storage_feature_put(s, model + 1, content, feature, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_expect(akin_storage_feature_put(s, model, content + 1, feature, &err), AKIN_ERROR_NOT_FOUND, &err);
  commit(s);
  assert_int_equal(generation(s), g);
  testing_expect(akin_storage_feature_get(s, model + 1, content, feature, &found, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_ok(akin_storage_feature_get(s, model, content + 1, feature, &found, &err), &err);
  assert_false(found);
  testing_ok(akin_storage_feature_get(s, model, content, NULL, &found, &err), &err);
  assert_true(found);
  akin_storage_close(s);
}

static void caches_can_follow_features_and_removals(void **state) {
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  akin_error err;
  assert_int_equal(generation(s), 0);
  begin(s);
  uint64_t root = add_root(s, "/p", true), model = add_model(s, "net"), other = add_model(s, "other");
  put_all(s, root, model, "/p/1", 1);
  put_all(s, root, model, "/p/2", 2);
  put_image(s, root, "/p/3", 3);
  assert_int_equal(generation(s), 0); /* not committed yet */
  commit(s);
  assert_int_equal(generation(s), 1);
  expect_since(s, model, 0, "+1 +2 ");
  expect_since(s, other, 0, "");
  begin(s); /* an older content gets its feature later than a newer one */
  put_feature(s, model, 3, 3);
  put_feature(s, other, 2, 9);
  commit(s);
  expect_since(s, model, 1, "+3 ");
  expect_since(s, other, 1, "+2 ");
  begin(s);
  testing_ok(akin_storage_image_remove(s, image_id(s, "/p/2"), &err), &err);
  commit(s);
  assert_int_equal(generation(s), 3);
  expect_since(s, model, 0, "+1 +3 -2 ");
  expect_since(s, model, 2, "-2 ");
  expect_since(s, model, 3, "");
  expect_since(s, other, 0, "-2 ");
  begin(s);
  put_all(s, root, model, "/p/4", 4);
  akin_storage_rollback(s);
  assert_int_equal(generation(s), 3);
  expect_since(s, model, 0, "+1 +3 -2 ");
  begin(s);
  commit(s);
  assert_int_equal(generation(s), 3);
  akin_storage_close(s);
}

typedef struct removal_set {
  bool *gone;
  size_t count;
} removal_set;

static akin_status mark_gone(void *context, uint64_t content_id, const float *feature, akin_error *err) {
  removal_set *set = context;
  (void)err;
  assert_null(feature);
  assert_true(content_id > 0 && content_id < set->count);
  set->gone[content_id] = true;
  return AKIN_OK;
}

static size_t count_gone(akin_storage *s, uint64_t model, uint64_t since, size_t ids) {
  akin_error err;
  removal_set set = {akin_calloc(ids, sizeof(bool)), ids};
  size_t n = 0;
  assert_non_null(set.gone);
  testing_ok(akin_storage_removals_since(s, model, since, mark_gone, &set, &err), &err);
  for (size_t i = 0; i < ids; i++)
    n += set.gone[i];
  akin_free(set.gone);
  return n;
}

static akin_status remove_visited(void *context, const akin_stored_image *image, akin_error *err) {
  return akin_storage_image_remove(context, image->id, err);
}

/* 66,000 removals in two commits: more than are remembered, and yet no cache may miss one. */
static void forgotten_removals_are_told_as_gaps(void **state) {
  enum { FIRST = 1000, SECOND = 65000, KEPT = 10, ALL = FIRST + SECOND + KEPT };
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  akin_error err;
  char path[64];
  begin(s);
  uint64_t root = add_root(s, "/p", true), model = add_model(s, "net");
  for (int i = 0; i < ALL; i++) {
    snprintf(path, sizeof path, "/p/%s/%d", i < FIRST ? "first" : i < FIRST + SECOND ? "second" : "kept", i);
    put_all(s, root, model, path, (uint64_t)i);
  }
  commit(s);
  uint64_t full = generation(s);
  begin(s);
  testing_ok(akin_storage_images(s, "/p/first", remove_visited, s, &err), &err);
  commit(s);
  assert_int_equal(count_gone(s, model, full, ALL + 1), FIRST); /* remembered one by one */
  begin(s);
  testing_ok(akin_storage_images(s, "/p/second", remove_visited, s, &err), &err);
  commit(s);
  assert_int_equal(counts_of(s).contents, KEPT);
  assert_int_equal(count_gone(s, model, full, ALL + 1), FIRST + SECOND);
  assert_int_equal(count_gone(s, model, full + 1, ALL + 1), SECOND);
  assert_int_equal(count_gone(s, model, full + 2, ALL + 1), 0);
  expect_sound(s);
  akin_storage_close(s);
}

typedef struct nesting {
  akin_storage *storage;
  uint64_t root, model;
  akin_buffer inner;
  int visits;
} nesting;

/* Reads with the very statement that is running, and removes what it stands on. */
static akin_status nest(void *context, const akin_stored_image *image, akin_error *err) {
  nesting *n = context;
  n->visits++;
  akin_status status = akin_storage_images(n->storage, image->path, list_path, &n->inner, err);
  if (!status) status = akin_storage_image_at(n->storage, image->path, list_path, &n->inner, err);
  if (!status) status = akin_storage_image_remove(n->storage, image->id, err);
  if (!status && n->visits == 2) { /* a commit in the middle of a visit */
    status = akin_storage_commit(n->storage, err);
    if (!status) status = akin_storage_begin(n->storage, err);
  }
  return status;
}

static void visitors_may_use_the_same_handle(void **state) {
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  akin_error err;
  begin(s);
  nesting n = {.storage = s, .root = add_root(s, "/p", true), .model = add_model(s, "net")};
  put_all(s, n.root, n.model, "/p/1", 1);
  put_all(s, n.root, n.model, "/p/2", 2);
  put_all(s, n.root, n.model, "/p/3", 3);
  commit(s);
  begin(s);
  testing_ok(akin_storage_images(s, NULL, nest, &n, &err), &err);
  commit(s);
  assert_int_equal(n.visits, 3);
  assert_string_equal(n.inner.data, "/p/1\n/p/1\n/p/2\n/p/2\n/p/3\n/p/3\n");
  akin_buffer_free(&n.inner);
  assert_int_equal(counts_of(s).images, 0);
  expect_since(s, n.model, 0, "-1 -2 -3 ");
  expect_sound(s);
  akin_storage_close(s);
}

static akin_status stop_at_second(void *context, const akin_stored_image *image, akin_error *err) {
  (void)err;
  (void)image;
  return ++*(int *)context == 2 ? AKIN_ERROR_CANCELLED : AKIN_OK;
}

static akin_status stop_feature(void *context, uint64_t id, const float *feature, akin_error *err) {
  (void)feature;
  (void)err;
  *(uint64_t *)context = id;
  return AKIN_ERROR_CANCELLED;
}

static void a_visitor_can_stop_a_visit(void **state) {
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  akin_error err;
  int visits = 0;
  uint64_t id = 0;
  begin(s);
  uint64_t root = add_root(s, "/p", true), model = add_model(s, "net");
  put_all(s, root, model, "/p/1", 1);
  put_all(s, root, model, "/p/2", 2);
  put_all(s, root, model, "/p/3", 3);
  commit(s);
  testing_expect(akin_storage_images(s, NULL, stop_at_second, &visits, &err), AKIN_ERROR_CANCELLED, NULL);
  assert_int_equal(visits, 2);
  testing_expect(akin_storage_features_since(s, model, 0, stop_feature, &id, &err), AKIN_ERROR_CANCELLED, NULL);
  assert_int_equal(id, 1);
  begin(s); /* nothing of the visits is left open */
  testing_ok(akin_storage_image_remove(s, image_id(s, "/p/2"), &err), &err);
  commit(s);
  testing_expect(akin_storage_removals_since(s, model, 0, stop_feature, &id, &err), AKIN_ERROR_CANCELLED, NULL);
  assert_int_equal(id, 2);
  akin_storage_close(s);
}

static void changes_need_a_transaction_of_a_writer(void **state) {
  akin_storage *s = open_store(*state, AKIN_STORAGE_WRITE);
  akin_error err;
  float feature[DIM];
  feature_of(feature, 1);
  akin_file_facts facts = {0};
  akin_stored_image image = image_of(1, "/p/1", 1);
  uint64_t id = 0;
  testing_expect(akin_storage_commit(s, &err), AKIN_ERROR_USAGE, &err);
  akin_storage_rollback(s); /* harmless */
  for (int reader = 0; reader < 2; reader++) {
    testing_expect(akin_storage_root_add(s, "/p", true, &id, &err), AKIN_ERROR_USAGE, &err);
    testing_expect(akin_storage_image_put(s, &image, &id, &err), AKIN_ERROR_USAGE, &err);
    testing_expect(akin_storage_image_touch(s, 1, &facts, &err), AKIN_ERROR_USAGE, &err);
    testing_expect(akin_storage_image_remove(s, 1, &err), AKIN_ERROR_USAGE, &err);
    testing_expect(akin_storage_model_add(s, "net", "f00d", DIM, "{}", &id, &err), AKIN_ERROR_USAGE, &err);
    testing_expect(akin_storage_model_remove(s, 1, &err), AKIN_ERROR_USAGE, &err);
    testing_expect(akin_storage_feature_put(s, 1, 1, feature, &err), AKIN_ERROR_USAGE, &err);
    akin_storage_close(s);
    s = open_store(*state, AKIN_STORAGE_READ);
    begin(s); /* a reader's transaction is no licence to write */
  }
  testing_expect(akin_storage_begin(s, &err), AKIN_ERROR_USAGE, &err);
  akin_storage_close(s); /* with the transaction open */
}

static void the_estimate_covers_what_is_used(void **state) {
  enum { IMAGES = 3000 };
  static const uint32_t dims[] = {1, 1280, 1500, 4096, 25088};
  for (size_t d = 0; d < sizeof dims / sizeof *dims; d++) {
    char *folder = testing_path(*state, "s");
    akin_storage *s = open_store(folder, AKIN_STORAGE_WRITE);
    akin_error err;
    char path[128];
    float *feature = akin_calloc(dims[d], sizeof *feature);
    assert_non_null(feature);
    feature[0] = 1;
    int images = dims[d] > 5000 ? IMAGES / 10 : IMAGES;
    begin(s);
    uint64_t root = add_root(s, "/some/folder/of/photos", true), model = 0;
    testing_ok(akin_storage_model_add(s, "net", "f00d", dims[d], "{}", &model, &err), &err);
    for (int i = 0; i < images; i++) {
      snprintf(path, sizeof path, "/some/folder/of/photos/category/0a69db60-c052-4b9a-a90d-%012d.jpg", i);
      uint64_t content = put_image(s, root, path, (uint64_t)i);
      testing_ok(akin_storage_feature_put(s, model, content, feature, &err), &err);
    }
    commit(s);
    akin_storage_close(s);
    uint64_t used = akin_file_disk_use(folder), log = akin_storage_estimate(0, dims[d]);
    uint64_t estimate = akin_storage_estimate((uint64_t)images, dims[d]) - log;
    print_message("dim %u: %llu bytes used, %llu estimated\n", dims[d], (unsigned long long)used,
                  (unsigned long long)estimate);
    assert_true(estimate >= used);
    assert_true(estimate <= 3 * used);
    akin_free(feature);
    testing_ok(akin_file_remove_folder(folder, &err), &err);
    akin_free(folder);
  }
  assert_true(akin_storage_estimate(UINT64_MAX, UINT32_MAX) == UINT64_MAX);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, testing_setup, testing_teardown)
  const struct CMUnitTest tests[] = {
      TEST(an_image_comes_back_as_it_was_put),
      TEST(any_name_but_nul_is_a_path),
      TEST(images_come_in_byte_order_of_absolute_paths),
      TEST(a_wider_root_takes_over_what_it_holds),
      TEST(roots_and_paths_must_fit),
      TEST(renamed_and_copied_images_share_their_feature),
      TEST(a_changed_image_lets_go_of_its_old_content),
      TEST(a_touched_image_keeps_everything_but_its_facts),
      TEST(models_keep_their_order_and_their_fingerprint),
      TEST(a_feature_is_kept_to_the_bit_and_only_once),
      TEST(caches_can_follow_features_and_removals),
      TEST(forgotten_removals_are_told_as_gaps),
      TEST(visitors_may_use_the_same_handle),
      TEST(a_visitor_can_stop_a_visit),
      TEST(changes_need_a_transaction_of_a_writer),
      TEST(the_estimate_covers_what_is_used),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
