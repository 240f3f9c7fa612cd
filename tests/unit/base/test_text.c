/* test_text.c - UTF-8 against the rows of table 3-7 over all short byte strings; escapes read back by other means. */
#include "unit/testing.h"

#include "base/json.h"
#include "base/text.h"

#include <math.h>

/* ---- UTF-8 ---- */

/* Unicode 15, table 3-7, row by row: the ranges of the first, second, third and fourth byte. */
static const struct {
  size_t length;
  unsigned char range[4][2];
} table_3_7[] = {
    {1, {{0x00, 0x7F}}},
    {2, {{0xC2, 0xDF}, {0x80, 0xBF}}},
    {3, {{0xE0, 0xE0}, {0xA0, 0xBF}, {0x80, 0xBF}}},
    {3, {{0xE1, 0xEC}, {0x80, 0xBF}, {0x80, 0xBF}}},
    {3, {{0xED, 0xED}, {0x80, 0x9F}, {0x80, 0xBF}}},
    {3, {{0xEE, 0xEF}, {0x80, 0xBF}, {0x80, 0xBF}}},
    {4, {{0xF0, 0xF0}, {0x90, 0xBF}, {0x80, 0xBF}, {0x80, 0xBF}}},
    {4, {{0xF1, 0xF3}, {0x80, 0xBF}, {0x80, 0xBF}, {0x80, 0xBF}}},
    {4, {{0xF4, 0xF4}, {0x80, 0x8F}, {0x80, 0xBF}, {0x80, 0xBF}}},
};

static size_t expected_length(const unsigned char *text, size_t n) {
  for (size_t row = 0; row < sizeof table_3_7 / sizeof table_3_7[0]; row++) {
    bool fits = table_3_7[row].length <= n;
    for (size_t i = 0; fits && i < table_3_7[row].length; i++)
      fits = text[i] >= table_3_7[row].range[i][0] && text[i] <= table_3_7[row].range[i][1];
    if (fits) return table_3_7[row].length;
  }
  return 0;
}

/* All first and second bytes, with third and fourth ones from every side of every boundary, cut at every length. */
static void utf8_is_table_3_7(void **state) {
  (void)state;
  static const unsigned char edges[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
  size_t counted[5] = {0};
  for (unsigned head = 0; head < 0x10000; head++) {
    for (size_t i = 0; i < sizeof edges * sizeof edges; i++) {
      const unsigned char text[4] = {(unsigned char)(head >> 8), (unsigned char)head, edges[i / sizeof edges],
                                     edges[i % sizeof edges]};
      for (size_t n = 0; n <= 4; n++) {
        const size_t want = expected_length(text, n), got = akin_utf8_length((const char *)text, n);
        if (got != want)
          fail_msg("%02X %02X %02X %02X, %zu bytes: %zu, expected %zu", text[0], text[1], text[2], text[3], n, got,
                   want);
        counted[got]++;
      }
    }
  }
  for (size_t length = 0; length <= 4; length++)
    assert_true(counted[length] > 0);
}

/* Writes a code point without looking at it: surrogates and too large ones too. Returns the length. */
static size_t encode(char *out, uint32_t point) {
  if (point < 0x80) {
    out[0] = (char)point;
    return 1;
  }
  const size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  for (size_t i = length; i-- > 1; point >>= 6)
    out[i] = (char)(0x80 | (point & 0x3F));
  out[0] = (char)((0xF00u >> length) | point);
  return length;
}

static void every_code_point(void **state) {
  (void)state;
  for (uint32_t point = 0; point < 0x110400; point++) {
    char text[5] = "";
    const size_t length = encode(text, point);
    const bool sound = point <= 0x10FFFF && !(point >= 0xD800 && point <= 0xDFFF);
    assert_int_equal(akin_utf8_length(text, length), sound ? length : 0);
  }
}

static void malformed_texts(void **state) {
  (void)state;
  static const char *const bad[] = {
      "\x80",
      "\xBF",
      "a\x80",
      "\xC3\xA9\xA9", /* continuation without a start */
      "\xC0\x80",
      "\xC1\xBF", /* overlong, two bytes */
      "\xE0\x80\x80",
      "\xE0\x9F\xBF", /* three */
      "\xF0\x80\x80\x80",
      "\xF0\x8F\xBF\xBF", /* four */
      "\xED\xA0\x80",
      "\xED\xBF\xBF",             /* surrogates */
      "\xED\xA0\xBD\xED\xB1\x9F", /* a pair of them */
      "\xF4\x90\x80\x80",
      "\xF5\x80\x80\x80", /* beyond U+10FFFF */
      "\xF8\x88\x80\x80\x80",
      "\xFC\x84\x80\x80\x80\x80",
      "\xFE",
      "\xFF", /* never a start */
      "\xC3",
      "\xE2\x82",
      "\xF0\x9F\x91",
      "\xC3"
      "a",
      "\xE2\x82"
      "a",
      "\xF0\x9F\x91"
      "a", /* cut off */
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    if (akin_utf8_valid(bad[i])) fail_msg("text %zu is not well-formed", i);
  assert_true(akin_utf8_valid(""));
  assert_true(akin_utf8_valid(
      "a\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"));
}

/* ---- escapes ---- */

typedef akin_status appender(akin_buffer *out, const char *text);

static void check(appender *append, const char *given, const char *want) {
  akin_buffer b = AKIN_BUFFER_INIT(0);
  assert_int_equal(akin_buffer_append_text(&b, "<"), AKIN_OK);
  assert_int_equal(append(&b, given), AKIN_OK);
  assert_int_equal(b.data[0], '<');
  assert_string_equal(b.data + 1, want);
  assert_int_equal(b.size, strlen(want) + 1);
  akin_buffer_free(&b);
}

static void lines(void **state) {
  (void)state;
  check(akin_text_line, "", "");
  check(akin_text_line, "a b/c\xC3\xA9 \xF0\x9F\x91\x9F.jpg", "a b/c\xC3\xA9 \xF0\x9F\x91\x9F.jpg");
  check(akin_text_line, "a\nb\x1B]0;x\x07", "a\\x0Ab\\x1B]0;x\\x07");
  check(akin_text_line, "\xFF\xC3", "\\xFF\\xC3");
  check(akin_text_line, "\xE2\x80\xA7\xE2\x80\xA9", "\xE2\x80\xA7\\xE2\\x80\\xA9");
  check(akin_text_line,
        "\xC2\x9B"
        "1m\xE2\x80\xA8\xE2\x80\xAE\xE2\x81\xA6",
        "\\xC2\\x9B"
        "1m\\xE2\\x80\\xA8\\xE2\\x80\\xAE\\xE2\\x81\\xA6");
}

static void csv_fields(void **state) {
  (void)state;
  check(akin_text_csv, "", "");
  check(akin_text_csv, "plain text; it's", "plain text; it's");
  check(akin_text_csv, "a,b", "\"a,b\"");
  check(akin_text_csv, "say \"hi\"", "\"say \"\"hi\"\"\"");
  check(akin_text_csv, "two\nlines", "\"two\nlines\"");
  check(akin_text_csv, "cr\r", "\"cr\r\"");
  check(akin_text_csv, "\xFF\x01", "\xFF\x01"); /* bytes stay */
}

static void html_texts(void **state) {
  (void)state;
  check(akin_text_html, "<a href=\"x\" id='y'>&amp;", "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;");
  check(akin_text_html, "caf\xC3\xA9\xE9|\xED\xA0\x80", "caf\xC3\xA9\xEF\xBF\xBD|\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

static void urls(void **state) {
  (void)state;
  check(akin_text_url, "a/b-c_d.e~f", "a/b-c_d.e~f");
  check(akin_text_url, "50% #1?&+: \xC3\xA9\xFF\n", "50%25%20%231%3F%26%2B%3A%20%C3%A9%FF%0A");
}

static void every_byte_survives_a_url(void **state) {
  (void)state;
  for (unsigned byte = 1; byte < 256; byte++) {
    const char given[2] = {(char)byte, '\0'};
    akin_buffer b = AKIN_BUFFER_INIT(0);
    assert_int_equal(akin_text_url(&b, given), AKIN_OK);
    /* RFC 3986, section 2.3, spelled out */
    const char *unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    if (strchr(unreserved, (int)byte)) {
      assert_string_equal(b.data, given);
    } else {
      assert_int_equal(b.size, 3);
      assert_int_equal(b.data[0], '%');
      assert_int_equal(strtoul(b.data + 1, NULL, 16), byte);
    }
    akin_buffer_free(&b);
  }
}

static void json_strings(void **state) {
  (void)state;
  check(akin_text_json, "", "\"\"");
  check(akin_text_json, "a\"b\\c/d\n\r\t\x01\x1F\x7F", "\"a\\\"b\\\\c/d\\n\\r\\t\\u0001\\u001f\\u007f\"");
  check(akin_text_json, "\xE2\x80\xA8", "\"\\u2028\"");
  check(akin_text_json, "caf\xE9\xC3\xA9", "\"caf\xEF\xBF\xBD\xC3\xA9\"");
}

/* What is written as JSON is read back by Jansson as it was. */
static void every_code_point_survives_json(void **state) {
  (void)state;
  akin_buffer text = AKIN_BUFFER_INIT(0), json = AKIN_BUFFER_INIT(0);
  akin_error err;
  akin_json *value = NULL;
  for (uint32_t point = 1; point < 0x110000; point += point < 0x3000 ? 1 : 17) {
    char bytes[5] = "";
    if (point >= 0xD800 && point <= 0xDFFF) continue;
    akin_buffer_append(&text, bytes, encode(bytes, point));
  }
  assert_int_equal(akin_text_json(&json, text.data), AKIN_OK);
  testing_ok(akin_json_parse(&value, json.data, json.size, &err), &err);
  assert_string_equal(akin_json_text(value), text.data);
  akin_json_free(value);
  akin_buffer_free(&json);
  akin_buffer_free(&text);
}

/* RFC 4648, section 10, and what text cannot carry. */
static void base64(void **state) {
  (void)state;
  static const char *const want[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
  akin_buffer b = AKIN_BUFFER_INIT(0);
  for (size_t n = 0; n <= 6; n++) {
    akin_buffer_clear(&b);
    assert_int_equal(akin_text_base64(&b, "foobar", n), AKIN_OK);
    assert_string_equal(b.data, want[n]);
  }
  assert_int_equal(akin_text_base64(&b, "\xFB\xF0\x00\xFF", 4), AKIN_OK);
  assert_string_equal(b.data, "Zm9vYmFy+/AA/w==");
  akin_buffer_free(&b);
}

/* With any ceiling below what is needed nothing is appended, not even a part. */
static void too_small_ceilings_leave_nothing(void **state) {
  (void)state;
  static const struct {
    appender *append;
    const char *text;
  } cases[] = {{akin_text_line, "ab\xFF\n"}, {akin_text_json, "a\"\xFF\n"}, {akin_text_csv, "a,\"b"},
               {akin_text_csv, "plain"},     {akin_text_html, "a<\xFF&"},   {akin_text_url, "a \xFF/"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    akin_buffer whole = AKIN_BUFFER_INIT(0);
    cases[i].append(&whole, cases[i].text);
    for (size_t ceiling = 2; ceiling < 2 + whole.size; ceiling++) {
      akin_buffer b = AKIN_BUFFER_INIT(ceiling);
      assert_int_equal(akin_buffer_append_text(&b, "##"), AKIN_OK);
      assert_int_equal(cases[i].append(&b, cases[i].text), AKIN_ERROR_LIMIT);
      assert_string_equal(b.data, "##");
      akin_buffer_free(&b);
    }
    akin_buffer_free(&whole);
  }
}

/* ---- numbers ---- */

static void check_number(double value, int decimals, const char *want) {
  akin_buffer b = AKIN_BUFFER_INIT(0);
  assert_int_equal(akin_buffer_append_text(&b, "n="), AKIN_OK);
  assert_int_equal(akin_text_number(&b, value, decimals), AKIN_OK);
  assert_string_equal(b.data + 2, want);
  assert_int_equal(b.size, strlen(want) + 2);
  akin_buffer_free(&b);
}

static void numbers_are_rounded_correctly(void **state) {
  (void)state;
  check_number(0.9312739, 6, "0.931274");
  check_number(1, 6, "1.000000");
  check_number(-0.25, 2, "-0.25");
  check_number(0.125, 2, "0.12"); /* exactly half: to even */
  check_number(0.375, 2, "0.38");
  check_number(0.145, 2, "0.14"); /* the double is below */
  check_number(2.5, 0, "2");
  check_number(1e15 + 0.5, 1, "1000000000000000.5");
  check_number(123456789012345680.0, 0, "123456789012345680");
  check_number(5e-324, 3, "0.000");
  check_number(NAN, 3, "null");
  check_number(INFINITY, 3, "null");
  check_number(-INFINITY, 3, "null");
}

static void zero_has_no_sign(void **state) {
  (void)state;
  check_number(-0.0, 3, "0.000");
  check_number(-0.0004, 3, "0.000");
  check_number(-0.0, 0, "0");
  check_number(-0.0005001, 3, "-0.001");
  check_number(-10, 0, "-10");
}

static void whole_numbers(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool fine;
    uint64_t value;
  } cases[] = {
      {"0", true, 0},
      {"007", true, 7},
      {"18446744073709551615", true, UINT64_MAX},
      {"18446744073709551616", false, 0},
      {"99999999999999999999", false, 0},
      {"", false, 0},
      {"-1", false, 0},
      {"+1", false, 0},
      {" 1", false, 0},
      {"1 ", false, 0},
      {"1.0", false, 0},
      {"0x10", false, 0},
      {"1e3", false, 0},
      {"\xD9\xA1", false, 0}, /* an Arabic one */
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    uint64_t value = 4711;
    assert_int_equal(akin_parse_u64(&value, cases[i].text, 0, UINT64_MAX), cases[i].fine);
    assert_true(value == (cases[i].fine ? cases[i].value : 4711));
  }
  uint64_t value = 4711;
  assert_false(akin_parse_u64(&value, "4", 5, 10));
  assert_false(akin_parse_u64(&value, "11", 5, 10));
  assert_true(value == 4711);
  assert_true(akin_parse_u64(&value, "5", 5, 10) && value == 5);
  assert_true(akin_parse_u64(&value, "10", 5, 10) && value == 10);
}

static void decimal_numbers(void **state) {
  (void)state;
  static const char *const bad[] = {"",       " ",        "1 ", " 1",    "1,5", "0x1p3", "inf",
                                    "nan",    "infinity", "1e", "e5",    "--1", "1.2.3", "1e400",
                                    "-1e400", ".",        "+",  "1e5e5", "NaN", "1d3"};
  double value = 4711;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    if (akin_parse_double(&value, bad[i], -HUGE_VAL, HUGE_VAL)) fail_msg("%s is no number", bad[i]);
  assert_true(value == 4711);
  assert_true(akin_parse_double(&value, "0.1", 0, 1) && value == 0.1);
  assert_true(akin_parse_double(&value, "-1.5E+2", -150, 0) && value == -150);
  assert_true(akin_parse_double(&value, ".5", 0, 1) && value == 0.5);
  assert_true(akin_parse_double(&value, "1e-400", 0, 1) && value >= 0 && value < 1e-300); /* too small is not wrong */
  assert_false(akin_parse_double(&value, "1.0000001", 0, 1));
  assert_false(akin_parse_double(&value, "0.5", NAN, 1)); /* a range that is none has nothing in it */
}

static void among_a_list(void **state) {
  (void)state;
  static const char *const list[] = {"a", "bc", ""};
  assert_true(AKIN_TEXT_AMONG("a", list) && AKIN_TEXT_AMONG("bc", list) && AKIN_TEXT_AMONG("", list));
  assert_false(AKIN_TEXT_AMONG("b", list) || AKIN_TEXT_AMONG("bcd", list) || AKIN_TEXT_AMONG("A", list));
  assert_false(akin_text_among("a", NULL, 0) || akin_text_among("", list, 2));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(utf8_is_table_3_7),
      cmocka_unit_test(every_code_point),
      cmocka_unit_test(malformed_texts),
      cmocka_unit_test(lines),
      cmocka_unit_test(csv_fields),
      cmocka_unit_test(html_texts),
      cmocka_unit_test(urls),
      cmocka_unit_test(every_byte_survives_a_url),
      cmocka_unit_test(json_strings),
      cmocka_unit_test(every_code_point_survives_json),
      cmocka_unit_test(base64),
      cmocka_unit_test(too_small_ceilings_leave_nothing),
      cmocka_unit_test(numbers_are_rounded_correctly),
      cmocka_unit_test(zero_has_no_sign),
      cmocka_unit_test(among_a_list),
      cmocka_unit_test(whole_numbers),
      cmocka_unit_test(decimal_numbers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
