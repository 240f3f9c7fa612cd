/* test_labels.c - labels from a table into the store and into questions; tables that are refused, and then change
 * nothing. */
#include "unit/engine/engine_testing.h"

#include <akin/labels.h>

typedef struct heard {
  char text[4096];
  size_t used;
} heard;

static void hear(heard *h, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void hear(heard *h, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  h->used += (size_t)vsnprintf(h->text + h->used, sizeof h->text - h->used, format, arguments);
  va_end(arguments);
}

static void hear_unknown(void *context, uint64_t line, const char *path) {
  hear(context, "%llu:%s;", (unsigned long long)line, akin_path_name(path));
}
static akin_status hear_name(void *context, const char *name, uint64_t images) {
  hear(context, "%s:%llu;", name, (unsigned long long)images);
  return AKIN_OK;
}
static akin_status hear_value(void *context, const char *path, const char *value) {
  hear(context, "%s=%s;", akin_path_name(path), value);
  return AKIN_OK;
}

static int labels_setup(void **state) {
  akin_error err;
  engine_setup(state);
  engine_photos(*state, 12);
  testing_ok(engine_ingest(*state, NULL, NULL, &err), &err);
  return 0;
}

static akin_status import_bytes(engine_bench *b, const char *text, size_t n, akin_label_totals *totals, heard *unknown,
                                akin_error *err) {
  char *file = testing_path(b->folder, "labels.csv");
  testing_write(file, text, n);
  akin_status status = akin_store_import_labels(b->store, file, unknown ? hear_unknown : NULL, unknown, totals, err);
  akin_free(file);
  return status;
}

static void import_text(engine_bench *b, const char *text) {
  akin_error err;
  testing_ok(import_bytes(b, text, strlen(text), NULL, NULL, &err), &err);
}

static void expect_names(engine_bench *b, const char *want) {
  heard h = {.used = 0};
  akin_error err;
  testing_ok(akin_store_label_names(b->store, hear_name, &h, &err), &err);
  assert_string_equal(h.text, want);
}

static void expect_values(engine_bench *b, const char *name, const char *want) {
  heard h = {.used = 0};
  akin_error err;
  testing_ok(akin_store_labels(b->store, name, hear_value, &h, &err), &err);
  assert_string_equal(h.text, want);
}

static void rows_become_labels(void **state) {
  engine_bench *b = *state;
  heard unknown = {.used = 0};
  akin_label_totals totals;
  akin_error err;
  char *text = akin_format("\xEF\xBB\xBFpath,price,\"colour\"\r\nphotos/p01.jpg,8.50,\"red, white\"\r\n"
                           "photos/../photos/p03.jpg,,blue\r\n\r\nphotos/none.jpg,1,2\r\n%s/p02.jpg,9,\r\n",
                           b->photos);
  testing_ok(import_bytes(b, text, strlen(text), &totals, &unknown, &err), &err);
  assert_true(totals.images == 3 && totals.values == 4 && totals.unknown == 1);
  assert_string_equal(unknown.text, "5:none.jpg;");
  expect_names(b, "colour:2;price:2;");
  expect_values(b, "price", "p01.jpg=8.50;p02.jpg=9;");
  expect_values(b, "colour", "p01.jpg=red, white;p03.jpg=blue;");
  import_text(b, "any name,price\nphotos/p01.jpg,\nphotos/p00.jpg,7\n"); /* only what its rows and columns name */
  expect_values(b, "price", "p00.jpg=7;p02.jpg=9;");
  expect_names(b, "colour:2;price:2;");
  akin_free(text);
}

static void labels_stay_while_files_change_and_leave_with_them(void **state) {
  engine_bench *b = *state;
  akin_error err;
  import_text(b, "path,a\nphotos/p01.jpg,one\nphotos/p02.jpg,two\n");
  akin_free(engine_photo(b, "p01.jpg", 77));
  char *gone = testing_path(b->photos, "p02.jpg");
  assert_int_equal(unlink(gone), 0);
  testing_ok(engine_ingest(b, NULL, NULL, &err), &err);
  expect_values(b, "a", "p01.jpg=one;");
  akin_free(gone);
}

static size_t ask(engine_bench *b, const char *where, char *names, size_t room) {
  akin_query query = AKIN_QUERY_INIT;
  akin_hits *hits = NULL;
  akin_error err;
  char *image = testing_path(b->photos, "p05.jpg");
  const char *path = image;
  query.where = where;
  testing_ok(akin_store_like(b->store, &hits, &path, 1, &query, &err), &err);
  const size_t count = akin_hits_count(hits);
  names[0] = '\0';
  for (size_t i = 0, used = 0; i < count; i++)
    used += (size_t)snprintf(names + used, room - used, "%s;", akin_path_name(akin_hits_at(hits, i)->path));
  akin_hits_free(hits);
  akin_free(image);
  return count;
}

static void questions_look_at_labels(void **state) {
  engine_bench *b = *state;
  char names[512];
  import_text(
      b, "path,price,class,odd name\nphotos/p01.jpg,8.50,shoes,x\nphotos/p07.jpg,12,,\nphotos/p11.jpg,cheap,,y z\n");
  assert_int_equal(ask(b, "price < 10", names, sizeof names), 1);
  assert_string_equal(names, "p01.jpg;");
  assert_int_equal(ask(b, "price >= 8.5 or 'odd name' = 'y z'", names, sizeof names), 3);
  assert_non_null(strstr(names, "p01.jpg;"));
  assert_non_null(strstr(names, "p07.jpg;"));
  assert_non_null(strstr(names, "p11.jpg;"));
  assert_int_equal(ask(b, "class = shoes", names, sizeof names), 1);
  assert_int_equal(ask(b, "class = photos and price ~ *", names, sizeof names), 2); /* 7 and 11: 1 is of class shoes */
  assert_int_equal(ask(b, "price != 12 and name < p04.jpg", names, sizeof names), 4);
}

/* ---- tables that are refused ---- */

static void refuse_bytes(engine_bench *b, const char *text, size_t n, akin_status want, const char *says) {
  akin_label_totals totals = {9, 9, 9};
  akin_error err;
  testing_expect(import_bytes(b, text, n, &totals, NULL, &err), want, &err);
  testing_says(&err, "labels.csv: ");
  testing_says(&err, says);
  assert_true(totals.images == 0 && totals.values == 0 && totals.unknown == 0);
  expect_values(b, "kept", "p00.jpg=yes;");
  expect_names(b, "kept:1;");
}
#define REFUSE(text, says) refuse_bytes(b, "" text "", sizeof(text) - 1, AKIN_ERROR_FORMAT, (says))

static void broken_tables_change_nothing(void **state) {
  engine_bench *b = *state;
  import_text(b, "path,kept\nphotos/p00.jpg,yes\n");
  REFUSE("", "is empty");
  REFUSE("path\nphotos/p01.jpg\n", "line 1: one column");
  REFUSE("path,\nphotos/p01.jpg,x\n", "line 1: column 2 has no name");
  REFUSE("path,a,a\n", "line 1: two columns are called \"a\"");
  REFUSE("path,size\n", "line 1: every image has its own \"size\"");
  REFUSE("path,a\x01\n", "line 1: the name of column 2");
  REFUSE("path,kept\nphotos/p00.jpg,no\nphotos/p01.jpg\n", "line 3: 1 field, the first line has 2");
  REFUSE("path,kept\nphotos/p00.jpg,no\nphotos/p01.jpg,\"no\n", "line 3: a quote is opened");
  REFUSE("path,kept\nphotos/p00.jpg,no\n,no\n", "line 3: the path is missing");
  REFUSE("path,kept\nphotos/p00.jpg,\xFF\n", "line 2: field 2 is not UTF-8");
  REFUSE("path,kept\nphotos/p00.jpg,no\nphotos/p01.jpg,1\n\n./photos/p00.jpg,2\n",
         "line 5: a second row for the image of line 2");
  REFUSE("path,kept\nphotos/p00.jpg,a\0b\n", "line 2: a byte of zero");
  static const char unknown[] = "path,kept\nphotos/none.jpg,no\nphotos/nil.jpg,no\n";
  refuse_bytes(b, unknown, sizeof unknown - 1, AKIN_ERROR_NOT_FOUND, "no row is of an image that the store knows");
}

static void what_is_not_there(void **state) {
  engine_bench *b = *state;
  akin_error err;
  akin_store *other = NULL;
  uint64_t removed = 99;
  heard h = {.used = 0};
  char *nothing = testing_path(b->folder, "nothing"), *file = testing_path(b->folder, "labels.csv");
  expect_names(b, "");
  testing_expect(akin_store_labels(b->store, "a", hear_value, &h, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, "akin label list");
  testing_expect(akin_store_remove_labels(b->store, "a", &removed, &err), AKIN_ERROR_NOT_FOUND, &err);
  assert_int_equal(removed, 0);
  testing_expect(akin_store_import_labels(b->store, file, NULL, NULL, NULL, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, file);
  testing_write_text(file, "path,a\nx,y\n");
  testing_ok(akin_store_open(&other, nothing, 1, &err), &err);
  testing_expect(akin_store_import_labels(other, file, NULL, NULL, NULL, &err), AKIN_ERROR_NOT_FOUND, &err);
  assert_false(akin_file_exists(nothing)); /* importing labels makes no store */
  akin_store_close(other);
  akin_free(nothing);
  akin_free(file);
}

static void labels_are_taken_away(void **state) {
  engine_bench *b = *state;
  akin_error err;
  uint64_t removed = 0;
  import_text(b, "path,a,b\nphotos/p01.jpg,1,2\nphotos/p02.jpg,3,\n");
  testing_ok(akin_store_remove_labels(b->store, "a", &removed, &err), &err);
  assert_int_equal(removed, 2);
  expect_names(b, "b:1;");
}

typedef struct again {
  engine_bench *bench;
  char *file;
} again;

static akin_status import_again(void *context) {
  const again *a = context;
  akin_error err;
  return akin_store_import_labels(a->bench->store, a->file, NULL, NULL, NULL, &err);
}

static void without_memory(void **state) {
  engine_bench *b = *state;
  again a = {b, testing_path(b->folder, "labels.csv")};
  import_text(b, "path,a,b\nphotos/p01.jpg,1,2\nphotos/p02.jpg,3,\nphotos/none.jpg,3,\n");
  assert_true(testing_fail_allocations(import_again, &a, true) > 10);
  expect_names(b, "a:2;b:1;");
  akin_free(a.file);
}

#define LABELS_TEST(test) cmocka_unit_test_setup_teardown(test, labels_setup, engine_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      LABELS_TEST(rows_become_labels),       LABELS_TEST(labels_stay_while_files_change_and_leave_with_them),
      LABELS_TEST(questions_look_at_labels), LABELS_TEST(broken_tables_change_nothing),
      LABELS_TEST(what_is_not_there),        LABELS_TEST(labels_are_taken_away),
      LABELS_TEST(without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
