/* test_json.c - what RFC 8259 allows is read, all else refused with line and column, limits to the step. */
#include "unit/testing.h"

#include "base/json.h"

#include <time.h>

static akin_json *parse(const char *text) {
  akin_error err;
  akin_json *json = NULL;
  testing_ok(akin_json_parse(&json, text, strlen(text), &err), &err);
  assert_non_null(json);
  return json;
}

static void check_refused_bytes(const char *text, size_t n, const char *says) {
  akin_error err;
  akin_json *json = TESTING_POISON;
  memset(&err, 0, sizeof err);
  if (akin_json_parse(&json, text, n, &err) == AKIN_OK) fail_msg("was accepted: %.*s", (int)n, text);
  testing_expect(err.code, AKIN_ERROR_FORMAT, &err);
  testing_says(&err, says);
  assert_ptr_equal(json, TESTING_POISON);
}
static void check_refused(const char *text, const char *says) {
  check_refused_bytes(text, strlen(text), says);
}

static void every_kind_of_value(void **state) {
  (void)state;
  akin_json *json =
      parse(" {\"text\": \"caf\\u00e9 \\ud83d\\udc5f\\n\", \"real\": -1.5e2, \"whole\": 42, \"yes\": true,"
            " \"no\": false, \"none\": null, \"list\": [1, [], {}], \"empty\": \"\"} ");
  double real = 0;
  int64_t whole = 0;
  bool boolean = false;
  assert_true(akin_json_is_object(json) && !akin_json_is_array(json));
  assert_int_equal(akin_json_count(json), 8);
  assert_string_equal(akin_json_text(akin_json_get(json, "text")), "caf\xC3\xA9 \xF0\x9F\x91\x9F\n");
  assert_string_equal(akin_json_text(akin_json_get(json, "empty")), "");
  assert_true(akin_json_number(&real, akin_json_get(json, "real")) && real == -150);
  assert_true(akin_json_integer(&whole, akin_json_get(json, "whole")) && whole == 42);
  assert_true(akin_json_number(&real, akin_json_get(json, "whole")) && real == 42);
  assert_true(akin_json_boolean(&boolean, akin_json_get(json, "yes")) && boolean);
  assert_true(akin_json_boolean(&boolean, akin_json_get(json, "no")) && !boolean);
  assert_null(akin_json_get(json, "none"));
  const akin_json *list = akin_json_get(json, "list");
  assert_true(akin_json_is_array(list) && !akin_json_is_object(list));
  assert_int_equal(akin_json_count(list), 3);
  assert_true(akin_json_integer(&whole, akin_json_at(list, 0)) && whole == 1);
  assert_int_equal(akin_json_count(akin_json_at(list, 1)), 0);
  assert_true(akin_json_is_object(akin_json_at(list, 2)));
  assert_null(akin_json_at(list, 3));
  akin_json_free(json);
  akin_json_free(NULL);
}

static void answers_to_wrong_questions(void **state) {
  (void)state;
  akin_json *json = parse("{\"t\": \"1\", \"n\": 1.5, \"l\": [null]}");
  double real = 4711;
  int64_t whole = 4711;
  bool boolean = true;
  assert_false(akin_json_number(&real, akin_json_get(json, "t")));
  assert_false(akin_json_integer(&whole, akin_json_get(json, "t")));
  assert_false(akin_json_integer(&whole, akin_json_get(json, "n")));
  assert_false(akin_json_boolean(&boolean, akin_json_get(json, "n")));
  assert_null(akin_json_text(akin_json_get(json, "n")));
  assert_null(akin_json_get(akin_json_get(json, "l"), "t"));
  assert_null(akin_json_key_at(akin_json_get(json, "l"), 0));
  assert_null(akin_json_at(json, 0));
  assert_int_equal(akin_json_count(akin_json_get(json, "t")), 0);
  assert_null(akin_json_get(json, "T"));
  assert_null(akin_json_key_at(json, 3));
  /* NULL all the way down */
  assert_null(akin_json_get(NULL, "x"));
  assert_null(akin_json_at(akin_json_get(NULL, "x"), 0));
  assert_null(akin_json_text(NULL));
  assert_null(akin_json_key_at(NULL, 0));
  assert_int_equal(akin_json_count(NULL), 0);
  assert_false(akin_json_number(&real, NULL) || akin_json_integer(&whole, NULL) || akin_json_boolean(&boolean, NULL));
  assert_false(akin_json_is_array(NULL) || akin_json_is_object(NULL));
  assert_true(real == 4711 && whole == 4711 && boolean);
  akin_json_free(json);
}

static void keys_keep_the_order_of_the_text(void **state) {
  (void)state;
  akin_buffer text = AKIN_BUFFER_INIT(0);
  for (unsigned i = 0; i < 500; i++)
    akin_buffer_printf(&text, "%s\"%u\": %u", i ? ", " : "{", i * 7919 % 500, i);
  akin_buffer_append_text(&text, "}");
  akin_json *json = parse(text.data);
  assert_int_equal(akin_json_count(json), 500);
  for (unsigned i = 0; i < 500; i++) {
    int64_t value = -1;
    assert_int_equal(strtol(akin_json_key_at(json, i), NULL, 10), i * 7919 % 500);
    assert_true(akin_json_integer(&value, akin_json_get(json, akin_json_key_at(json, i))) && value == i);
  }
  akin_json_free(json);
  akin_buffer_free(&text);
}

static void a_value_alone_is_a_text(void **state) {
  (void)state;
  double real = 0;
  akin_json *json = parse("\"x\"");
  assert_string_equal(akin_json_text(json), "x");
  akin_json_free(json);
  json = parse(" -0.5\n");
  assert_true(akin_json_number(&real, json) && real == -0.5);
  akin_json_free(json);
  json = parse("null");
  assert_false(akin_json_is_object(json));
  akin_json_free(json);
}

static void the_text_need_not_end_with_nul(void **state) {
  (void)state;
  akin_error err;
  akin_json *json = NULL;
  char *exact = akin_alloc(3); /* asan sees a byte read too many */
  memcpy(exact, "[7]", 3);
  testing_ok(akin_json_parse(&json, exact, 3, &err), &err);
  akin_json_free(json);
  akin_free(exact);
  check_refused_bytes("[7]", 2, "line 1, column 2");
  check_refused_bytes("{\"a\\", 4, "line 1"); /* ends inside an escape */
}

static void errors_name_line_and_column(void **state) {
  (void)state;
  check_refused("", "line 1, column 0");
  check_refused("{\n  \"a\": 1,\n  \"b\": oops\n}", "line 3, column 11");
  check_refused("[1, 2", "line 1");
  check_refused("[1] x", "line 1, column 5");
}

static void what_json_is_not(void **state) {
  (void)state;
  static const char *const bad[] = {
      "{a: 1}",
      "{'a': 1}",
      "[1,]",
      "{\"a\": 1,}",
      "[01]",
      "[+1]",
      "[.5]",
      "[1.]",
      "[1e]",
      "[0x10]",
      "[NaN]",
      "[Infinity]",
      "[-]",
      "[tru]",
      "[TRUE]",
      "// c\n[1]",
      "[1 /* c */]",
      "[\"\t\"]",
      "[\"\\x41\"]",
      "[\"\\u12\"]",
      "[\"\\ud800\"]",
      "[\"\\udc5f\\ud83d\"]",
      "[\"a",
      "]",
      "}",
      "[}",
      "{]",
      "[1][2]",
      "{\"a\"}",
      "{\"a\":}",
      "{1: 2}",
      "[1e400]",
      "[99999999999999999999]",
      "\xEF\xBB\xBF[1]",
      "[\"\xE9\"]",
      "[\"\xC0\x80\"]",
      "[\"\xED\xA0\x80\"]",
      "[\"\xF4\x90\x80\x80\"]",
      "[\"\xE2\x82\"]",
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    check_refused(bad[i], "JSON, line 1, column ");
}

static void duplicates_and_nuls_are_refused(void **state) {
  (void)state;
  check_refused("{\"a\": 1,\n \"b\": 2, \"a\": 1}", "line 2");
  check_refused("{\"x\": {\"k\": 1, \"\\u006b\": 2}}", "duplicate"); /* the same key, written otherwise */
  check_refused("[\"a\\u0000b\"]", "\\u0000");
  check_refused("{\"a\\u0000b\": 1}", "\\u0000");
  check_refused_bytes("[\"a\0b\"]", 7, "line 1");
  check_refused_bytes("[1]\0", 4, "line 1");
}

static void nest(akin_buffer *b, unsigned depth, const char *open, const char *close) {
  akin_buffer_clear(b);
  for (unsigned i = 0; i < depth; i++)
    akin_buffer_append_text(b, open);
  akin_buffer_append_text(b, "\"[{\\\"[[\""); /* brackets in a string do not count */
  for (unsigned i = 0; i < depth; i++)
    akin_buffer_append_text(b, close);
}

static void depth_is_limited(void **state) {
  (void)state;
  akin_buffer b = AKIN_BUFFER_INIT(0);
  nest(&b, 64, "[", "]");
  akin_json *json = parse(b.data);
  const akin_json *value = json;
  for (unsigned i = 0; i < 64; i++)
    value = akin_json_at(value, 0);
  assert_string_equal(akin_json_text(value), "[{\"[[");
  akin_json_free(json);
  nest(&b, 65, "[", "]");
  check_refused(b.data, "line 1, column 65: nested more than 64 deep");
  nest(&b, 64, "{\"a\":\n", "}");
  akin_json_free(parse(b.data));
  nest(&b, 65, "{\"a\":\n", "}");
  check_refused(b.data, "line 65, column 1: nested more than 64 deep");
  nest(&b, 65, "{\"\xC3\xA9\":", "}"); /* five characters each, in six bytes */
  check_refused(b.data, "line 1, column 321: nested more than 64 deep");
  nest(&b, 100000, "[", "");
  check_refused(b.data, "nested more than 64 deep");
  akin_buffer_free(&b);
}

static void size_is_limited(void **state) {
  (void)state;
  akin_error err;
  const size_t most = (size_t)16 << 20;
  akin_json *json = TESTING_POISON;
  char *text = akin_alloc(most + 1);
  assert_non_null(text);
  memset(text, ' ', most + 1);
  text[0] = '1';
  testing_expect(akin_json_parse(&json, text, most + 1, &err), AKIN_ERROR_LIMIT, &err);
  testing_says(&err, "16777217 bytes");
  assert_ptr_equal(json, TESTING_POISON);
  testing_ok(akin_json_parse(&json, text, most, &err), &err);
  akin_json_free(json);
  akin_free(text);
}

/* Walking over an object by index takes one step a key: with one step for each key before it, this takes minutes. */
static void many_keys_take_no_time(void **state) {
  (void)state;
  akin_buffer b = AKIN_BUFFER_INIT(0);
  const unsigned count = 300000;
  for (unsigned i = 0; i < count; i++)
    akin_buffer_printf(&b, "%s\"%x\":0", i ? "," : "{", i);
  akin_buffer_append_text(&b, "}");
  akin_json *json = parse(b.data);
  const clock_t before = clock();
  size_t length = 0;
  for (unsigned i = 0; i < count; i++)
    length += strlen(akin_json_key_at(json, i));
  assert_true((double)(clock() - before) / CLOCKS_PER_SEC < 5);
  assert_true(length > count);
  akin_json_free(json);
  akin_buffer_free(&b);
}

static akin_status parse_once(void *context) {
  akin_json *json = NULL;
  const char *text = context;
  const akin_status status = akin_json_parse(&json, text, strlen(text), NULL);
  akin_json_free(status == AKIN_OK ? json : NULL);
  return status;
}

static void without_memory(void **state) {
  (void)state;
  char text[] = "{\"a\": [1, [], {\"b\": {}, \"c\": [\"x\", [2]]}], \"d\": 1.5}";
  assert_int_equal(testing_fail_allocations(parse_once, text, true), 8); /* the root and seven lists */
  assert_int_equal(testing_fail_allocations(parse_once, text, false), 8);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_kind_of_value),
      cmocka_unit_test(answers_to_wrong_questions),
      cmocka_unit_test(keys_keep_the_order_of_the_text),
      cmocka_unit_test(a_value_alone_is_a_text),
      cmocka_unit_test(the_text_need_not_end_with_nul),
      cmocka_unit_test(errors_name_line_and_column),
      cmocka_unit_test(what_json_is_not),
      cmocka_unit_test(duplicates_and_nuls_are_refused),
      cmocka_unit_test(depth_is_limited),
      cmocka_unit_test(size_is_limited),
      cmocka_unit_test(many_keys_take_no_time),
      cmocka_unit_test(without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
