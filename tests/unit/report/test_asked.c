/* test_asked.c - what was asked beside the images: weights, negatives, filter and conditions in every format. */
#include "report_testing.h"

#include "report/asked.h"

static const float weights[] = {1.0f, 0.25f}, against[] = {0.7f};

/* Two images, one negative, all conditions; hostile texts. */
static akin_hits *everything(void) {
  akin_hits *hits = NULL;
  akin_error err;
  akin_query query = AKIN_QUERY_INIT;
  query.weights = weights;
  query.negative_weights = against;
  query.negative_count = 1;
  query.combine = AKIN_COMBINE_ANY;
  query.where = "name = \"<b>\x1B[2J\"";
  query.min_score = -0.5f;
  query.exclude_duplicates = 1;
  query.diverse = 0.3f;
  query.offset = 10;
  testing_ok(akin_hits_new(&hits, "m", &err), &err);
  testing_ok(akin_hits_ask(hits, &query, 2, &err), &err);
  testing_ok(akin_hits_add_query(hits, "/a.jpg", &err), &err);
  testing_ok(akin_hits_add_query(hits, REPORT_SCRIPT, &err), &err);
  testing_ok(akin_hits_add_negative(hits, REPORT_BYTES, &err), &err);
  return hits;
}

static akin_hits *only_where(void) {
  akin_hits *hits = NULL;
  akin_error err;
  akin_query query = AKIN_QUERY_INIT;
  query.where = "class = a";
  testing_ok(akin_hits_new(&hits, "m", &err), &err);
  testing_ok(akin_hits_ask(hits, &query, 1, &err), &err);
  testing_ok(akin_hits_add_query(hits, "/a.jpg", &err), &err);
  return hits;
}

typedef void asked_writer(akin_sink *out, const akin_hits *hits);

/* Frees hits. */
static void expect(asked_writer *write, akin_hits *hits, const char *want) {
  akin_sink sink = AKIN_SINK_INIT(0);
  write(&sink, hits);
  assert_int_equal(sink.status, AKIN_OK);
  assert_string_equal(sink.buffer.data ? sink.buffer.data : "", want);
  akin_sink_free(&sink);
  akin_hits_free(hits);
}

static void lines_for_people(void **state) {
  (void)state;
  expect(akin_asked_table, report_question("/a.jpg", "/b.jpg"), "Like /a.jpg\n and /b.jpg\n");
  expect(akin_asked_table, only_where(), "Like /a.jpg\nwhere class = a\n");
  expect(akin_asked_table, everything(),
         "Like /a.jpg  (weight 1)\n"
         "  or /p/<script>alert(1).jpg  (weight 0.25)\n"
         " not /p/\\xFF\\xC0\\xAF.jpg  (weight 0.7)\n"
         "where name = \"<b>\\x1B[2J\"\n"
         "scores from -0.5, near-duplicates left out, diverse 0.3, from hit 11 on\n");
}

static void members_of_json(void **state) {
  (void)state;
  expect(akin_asked_json, report_question("/a.jpg", "/b.jpg"), "");
  expect(akin_asked_json, only_where(), ", \"asked\": {\"where\": \"class = a\"}");
  expect(akin_asked_json, everything(),
         ", \"asked\": {\"weights\": [1, 0.25], \"any\": true, \"not\": "
         "[\"/p/\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD.jpg\"], "
         "\"not_base64\": {\"0\": \"L3Av/8CvLmpwZw==\"}, \"not_weights\": [0.7], "
         "\"where\": \"name = \\\"<b>\\u001b[2J\\\"\", \"min_score\": -0.5, \"exclude_duplicates\": true, "
         "\"diverse\": 0.3, \"offset\": 10}");
}

static void pieces_of_a_page(void **state) {
  (void)state;
  expect(akin_asked_html_heading, report_question("/a.jpg", "/b.jpg"),
         "Most like <bdi>a.jpg</bdi> and <bdi>b.jpg</bdi>");
  expect(akin_asked_html_conditions, report_question("/a.jpg", NULL), "");
  expect(akin_asked_html_conditions, only_where(), "<p class=\"asked\">where <code>class = a</code></p>\n");
  expect(akin_asked_html_heading, everything(),
         "Most like <bdi>a.jpg</bdi> (weight 1) or <bdi>&lt;script&gt;alert(1).jpg</bdi> (weight 0.25), not like "
         "<bdi>\\xFF\\xC0\\xAF.jpg</bdi> (weight 0.7)");
  expect(
      akin_asked_html_conditions, everything(),
      "<p class=\"asked\">where <code>name = &quot;&lt;b&gt;\\x1B[2J&quot;</code>; scores from -0.5, near-duplicates "
      "left out, diverse 0.3, from hit 11 on</p>\n");
}

static void why_there_are_none(void **state) {
  akin_hits *plain = report_question("/a.jpg", NULL), *filtered = only_where();
  (void)state;
  assert_string_equal(akin_asked_nothing(plain), "no other image in the store");
  assert_string_equal(akin_asked_nothing(filtered), "no other image that fulfils this");
  akin_hits_free(plain);
  akin_hits_free(filtered);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lines_for_people),
      cmocka_unit_test(members_of_json),
      cmocka_unit_test(pieces_of_a_page),
      cmocka_unit_test(why_there_are_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
