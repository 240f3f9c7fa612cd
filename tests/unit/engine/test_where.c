/* test_where.c - filters: what they let through, and where they are wrong. */
#include "unit/testing.h"

#include "engine/where.h"

#include <time.h>

static const char *const labels[] = {"colour", "price", "odd name", "and", "class"};
#define LABELS (sizeof labels / sizeof *labels)

/* May 31, 2024, 18:30:05.5 local time. */
static int64_t a_moment(void) {
  struct tm t = {.tm_year = 124, .tm_mon = 4, .tm_mday = 31, .tm_hour = 18, .tm_min = 30, .tm_sec = 5, .tm_isdst = -1};
  return (int64_t)mktime(&t) * 1000000000 + 500000000;
}

/* Holds the filter against one image; values: of all labels, in their order. */
static bool matches(const char *text, const char *path, const char *const *values) {
  akin_where *where = NULL;
  akin_error err;
  const char *own[LABELS] = {NULL};
  testing_ok(akin_where_parse(&where, text, labels, LABELS, &err), &err);
  for (size_t i = 0; akin_where_label(where, i); i++)
    for (size_t j = 0; values && j < LABELS; j++)
      if (strcmp(akin_where_label(where, i), labels[j]) == 0) own[i] = values[j];
  const akin_where_image image = {.root = "/photos",
                                  .path = path,
                                  .size = 1500,
                                  .mtime_ns = a_moment(),
                                  .width = 640,
                                  .height = 480,
                                  .labels = own};
  const bool result = akin_where_matches(where, &image);
  akin_where_free(where);
  return result;
}

static const char *const values[LABELS] = {"red", "8.50", "it's", "x", NULL};
#define HOLDS(text) assert_true(matches((text), "/photos/shoes/B\xC3\xBC.jpg", values))
#define FAILS(text) assert_false(matches((text), "/photos/shoes/B\xC3\xBC.jpg", values))

static void text_columns(void **state) {
  (void)state;
  HOLDS("root = /photos");
  HOLDS("folder = /photos/shoes");
  FAILS("folder = /photos");
  HOLDS("folder ~ /photos*");
  HOLDS("class = shoes");
  FAILS("class = Shoes");
  HOLDS("class != boots");
  HOLDS("class > boots and class < shoesx and class <= shoes and class >= shoes");
  HOLDS("path = '/photos/shoes/B\xC3\xBC.jpg'");
  HOLDS("name = B\xC3\xBC.jpg");
  assert_true(matches("folder = / and class = '' and name = a.png", "/a.png", NULL));
}

static void patterns(void **state) {
  (void)state;
  HOLDS("name ~ *.jpg");
  HOLDS("name ~ B?.jpg"); /* one character of two bytes */
  FAILS("name ~ B??.jpg");
  HOLDS("name ~ *");
  HOLDS("name ~ ***?*.j*g");
  FAILS("name ~ *.jp");
  FAILS("name ~ ''");
  HOLDS("path ~ */shoes/*");
  HOLDS("colour ~ r?d");
  FAILS("price ~ 8.5"); /* text */
  char pattern[4096] = "path ~ ", path[2048];
  for (int i = 0; i < 1000; i++)
    strcat(pattern, "a*");
  memset(path, 'a', sizeof path - 1); /* patterns with many stars need no long time */
  path[0] = '/';
  path[sizeof path - 1] = '\0';
  assert_false(matches(pattern, path, NULL));
}

static void numbers(void **state) {
  (void)state;
  HOLDS("size = 1500");
  HOLDS("size = 1.5kB and size < 1MB and size <= 1GB");
  FAILS("size > 1.5kB");
  HOLDS("width >= 640 and height != 640");
  HOLDS("width>639 and(height<481)"); /* no spaces needed around operators */
}

static void dates(void **state) {
  (void)state;
  HOLDS("date = 2024");
  HOLDS("date = 2024-05 and date = 2024-05-31 and date = 2024-05-31T18:30 and date = '2024-05-31 18:30:05'");
  FAILS("date = 2024-05-31T18:30:06");
  HOLDS("date < 2024-05-31T18:30:06 and date >= 2024-05-31T18:30:05");
  FAILS("date > 2024-05");
  HOLDS("date >= 2024-05 and date <= 2024-05");
  FAILS("date < 2024-05");
  HOLDS("date < 2024-06 and date > 2024-04 and date != 2024-06");
  HOLDS("date > 1969 and date < 9999");
}

static void own_labels(void **state) {
  (void)state;
  HOLDS("colour = red");
  HOLDS("price < 9 and price = 8.5 and price > -1e3"); /* as numbers */
  FAILS("price = '8.5'");                              /* as text */
  HOLDS("price = '8.50'");
  HOLDS("price > '1000'");
  HOLDS("'odd name' = 'it''s' and \"odd name\" = \"it's\"");
  HOLDS("'and' = x");
  FAILS("colour < 5");
  HOLDS("colour != 5");
  HOLDS("class = shoes");
  static const char *const classed[LABELS] = {NULL, NULL, NULL, NULL, "boots"};
  assert_true(matches("class = boots", "/photos/shoes/a.jpg", classed));
  assert_true(matches("colour != red and not colour = red and not price > 0 and not colour ~ *", "/a.jpg", NULL));
}

static void joined(void **state) {
  (void)state;
  HOLDS("class = x or class = shoes");
  HOLDS("class = shoes or class = x and class = y"); /* "and" binds more strongly */
  FAILS("(class = shoes or class = x) and class = y");
  HOLDS("not class = x and not (class = y or class = z)");
  HOLDS("NOT NOT class = shoes AnD not not Not class = x");
  HOLDS("((((class = shoes))))");
  char text[60000] = "class = x", *end = text + strlen(text);
  for (int i = 0; i < 4000; i++)
    end = stpcpy(end, i % 2 ? " or name = y" : " and class = x");
  FAILS(text);
  strcpy(end, " or class = shoes");
  HOLDS(text);
}

static void deepest(void **state) {
  (void)state;
  char text[4096], *end = text;
  akin_where *where = TESTING_POISON;
  akin_error err;
  for (int i = 0; i < AKIN_WHERE_DEPTH; i++)
    end = stpcpy(end, "class = x or class = shoes and (");
  end = stpcpy(end, "class = shoes");
  for (int i = 0; i < AKIN_WHERE_DEPTH; i++)
    *end++ = ')';
  *end = '\0';
  HOLDS(text);
  char deeper[4200];
  snprintf(deeper, sizeof deeper, "not %s", text);
  testing_expect(akin_where_parse(&where, deeper, labels, LABELS, &err), AKIN_OK,
                 &err); /* not then brackets: in turn */
  akin_where_free(where);
  snprintf(deeper, sizeof deeper, "(%s)", text);
  testing_expect(akin_where_parse(&where, deeper, labels, LABELS, &err), AKIN_ERROR_USAGE, &err);
  testing_says(&err, "64 are possible");
  assert_null(where);
}

/* ---- what is wrong, and where ---- */

static void refuse(const char *text, const char *says) {
  akin_where *where = TESTING_POISON;
  akin_error err;
  testing_expect(akin_where_parse(&where, text, labels, LABELS, &err), AKIN_ERROR_USAGE, &err);
  testing_says(&err, says);
  assert_null(where);
}

static void positions_of_what_is_wrong(void **state) {
  (void)state;
  refuse("", "at its end (character 1): the name of a column");
  refuse("clas = x", "character 1: there is no column \"clas\"; there are root, folder, class, path, name, size, date, "
                     "width, height; and your labels colour, price, odd name");
  refuse("class = x and \xC3\xA4\xC3\xB6\xC3\xBC = 1", "character 15: there is no column");
  refuse("name = \xC3\xA4\xC3\xB6 )", "character 11: \"and\", \"or\" or the end");
  refuse("class", "at its end (character 6): one of = != < <= > >= ~");
  refuse("class =", "at its end (character 8): a value");
  refuse("class = and", "character 9: a value");
  refuse("class == x", "character 8: a value");
  refuse("class ! x", "character 7: \"!\" alone");
  refuse("and = x", "character 1: the name of a column");
  refuse("(class = x", "at its end (character 11): \"and\", \"or\" or \")\"");
  refuse("class = x class = y", "character 11");
  refuse("class = 'x", "character 9: this quote is never closed");
  refuse("class = x or", "at its end");
  refuse("size = big", "character 8: size is a number of bytes");
  refuse("size = -1", "character 8");
  refuse("size = MB", "character 8");
  refuse("width = 1e999", "character 9");
  refuse("width ~ 6*", "character 7: ~ compares text");
  refuse("date ~ 2024*", "character 6: ~ compares text");
  for (size_t i = 0; i < 12; i++) {
    static const char *const dates[] = {"24",         "2024-13",          "2024-00",     "2024-02-30",
                                        "2023-02-29", "2024-5",           "2024-05-31T", "2024-05-31T18",
                                        "2024/05",    "2024-05-31T24:00", "1899",        "soon"};
    char text[64];
    snprintf(text, sizeof text, "date = %s", dates[i]);
    refuse(text, "character 8: a date is");
  }
  char *lots = akin_alloc(AKIN_WHERE_LENGTH + 2);
  memset(lots, ' ', AKIN_WHERE_LENGTH + 1);
  lots[AKIN_WHERE_LENGTH + 1] = '\0';
  refuse(lots, "65537 bytes");
  akin_free(lots);
}

static void columns_and_labels(void **state) {
  (void)state;
  akin_where *where = NULL;
  akin_error err;
  assert_true(akin_where_has_column("size") && akin_where_has_column("class"));
  assert_false(akin_where_has_column("Size") || akin_where_has_column("") || akin_where_has_column("price"));
  testing_ok(akin_where_parse(&where, "price = 1 or colour = x or price = 2", labels, LABELS, &err), &err);
  assert_string_equal(akin_where_label(where, 0), "price");
  assert_string_equal(akin_where_label(where, 1), "colour");
  assert_null(akin_where_label(where, 2));
  akin_where_free(where);
  akin_where_free(NULL);
  testing_ok(akin_where_parse(&where, "class = a", NULL, 0, &err), &err); /* nobody has labels yet */
  assert_null(akin_where_label(where, 0));
  akin_where_free(where);
  testing_expect(akin_where_parse(&where, "price = 1", NULL, 0, &err), AKIN_ERROR_USAGE, &err);
  testing_says(&err, "no labels yet");
}

static akin_status parse_something(void *context) {
  akin_where *where = NULL;
  akin_error err;
  (void)context;
  akin_status status = akin_where_parse(&where, "(price = 1 or 'odd name' = \"x\") and class = 'it''s' or name ~ a*",
                                        labels, LABELS, &err);
  akin_where_free(where);
  return status;
}

static void without_memory(void **state) {
  (void)state;
  assert_true(testing_fail_allocations(parse_something, NULL, true) > 5);
  assert_true(testing_fail_allocations(parse_something, NULL, false) > 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_columns),
      cmocka_unit_test(patterns),
      cmocka_unit_test(numbers),
      cmocka_unit_test(dates),
      cmocka_unit_test(own_labels),
      cmocka_unit_test(joined),
      cmocka_unit_test(deepest),
      cmocka_unit_test(positions_of_what_is_wrong),
      cmocka_unit_test(columns_and_labels),
      cmocka_unit_test(without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
