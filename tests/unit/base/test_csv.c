/* test_csv.c - tables as RFC 4180 has them, and tables that are none. */
#include "unit/testing.h"

#include "base/csv.h"

/* Reads all rows; writes them as "a|b|c" lines, each with its line's number in front. */
static akin_status read_all(const char *text, size_t n, char *out, size_t room, akin_error *err) {
  akin_csv csv;
  bool row = true;
  size_t used = 0;
  akin_status status = AKIN_OK;
  out[0] = '\0';
  akin_csv_begin(&csv, text, n);
  while (!(status = akin_csv_next(&csv, &row, err)) && row) {
    used += (size_t)snprintf(out + used, room - used, "%zu", csv.line);
    for (size_t i = 0; i < csv.columns; i++)
      used += (size_t)snprintf(out + used, room - used, "|%s", akin_csv_field(&csv, i));
    used += (size_t)snprintf(out + used, room - used, "\n");
  }
  akin_csv_free(&csv);
  return status;
}

static void expect(const char *text, size_t n, const char *want) {
  char out[1024];
  akin_error err;
  testing_ok(read_all(text, n, out, sizeof out, &err), &err);
  assert_string_equal(out, want);
}
#define EXPECT(text, want) expect("" text "", sizeof(text) - 1, (want))

static void sound_tables(void **state) {
  (void)state;
  EXPECT("", "");
  EXPECT("\n\r\n", "");
  EXPECT("a,b\n1,2\n", "1|a|b\n2|1|2\n");
  EXPECT("a,b\r\n1,2", "1|a|b\n2|1|2\n");
  EXPECT("\xEF\xBB\xBF"
         "a\nb",
         "1|a\n2|b\n");
  EXPECT("a,b\n\n,\n", "1|a|b\n3||\n");
  EXPECT("\"a,\"\"b\"\"\",\"\"\n\"x\r\ny\",z\nlast,row", "1|a,\"b\"|\n2|x\r\ny|z\n4|last|row\n");
  EXPECT("\"\"\n", "1|\n"); /* not an empty line: one empty field */
  EXPECT(" a , b \n", "1| a | b \n");
  EXPECT("\xFF,b", "1|\xFF|b\n"); /* bytes are the caller's business */
}

static void refuse(const char *text, size_t n, akin_status want, const char *says) {
  char out[1024];
  akin_error err;
  testing_expect(read_all(text, n, out, sizeof out, &err), want, &err);
  testing_says(&err, says);
}
#define REFUSE(text, says) refuse("" text "", sizeof(text) - 1, AKIN_ERROR_FORMAT, (says))

static void broken_tables(void **state) {
  (void)state;
  REFUSE("a,b\n1,2\n1\n", "line 3: 1 field, the first line has 2");
  REFUSE("a\n1,2", "line 2: 2 fields, the first line has 1");
  REFUSE("a,b\n\"x\ny", "line 2: a quote is opened and never closed");
  REFUSE("\"", "line 1: a quote is opened");
  REFUSE("a\n\"x\"y", "line 2: a quote, or a carriage return, in the middle");
  REFUSE("a\n\n x\"y\"", "line 3: a quote, or a carriage return, in the middle");
  REFUSE("a\rb\rc", "line 1: a quote, or a carriage return");
  REFUSE("a\nb\0c\n", "line 2: a byte of zero");
  REFUSE("a\n\"b\0c\"\n", "line 2: a byte of zero");
  REFUSE("\"a\nb\nc\"\nd,e", "line 4: 2 fields");
}

static void many_columns(void **state) {
  (void)state;
  char text[AKIN_CSV_COLUMNS + 2], out[8192];
  akin_error err;
  memset(text, ',', sizeof text);
  testing_ok(read_all(text, AKIN_CSV_COLUMNS - 1, out, sizeof out, &err), &err);
  refuse(text, AKIN_CSV_COLUMNS, AKIN_ERROR_LIMIT, "line 1");
}

static akin_status read_something(void *context) {
  static const char text[] = "a,\"b\"\ncccccccccccccccccccccccccccccccccccccccccccccccccccc,d";
  char out[256];
  akin_error err;
  (void)context;
  return read_all(text, sizeof text - 1, out, sizeof out, &err);
}

static void without_memory(void **state) {
  (void)state;
  assert_true(testing_fail_allocations(read_something, NULL, true) > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sound_tables),
      cmocka_unit_test(broken_tables),
      cmocka_unit_test(many_columns),
      cmocka_unit_test(without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
