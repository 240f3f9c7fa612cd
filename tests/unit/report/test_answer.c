/* test_answer.c - the answer in every format, byte by byte, with hostile names, without memory, on a full disk. */
#include "unit/comma_locale.h"
#include "unit/report/report_testing.h"

typedef akin_status write_answer(FILE *out, akin_report_format format, const akin_hits *hits, int first,
                                 akin_error *err);

static akin_status like(FILE *out, akin_report_format format, const akin_hits *hits, int first, akin_error *err) {
  (void)first;
  return akin_report_like(out, format, hits, err);
}

/* Writes the hostile answer; frees nothing of m. */
static void write_hostile(report_memory *m, write_answer *write, akin_report_format format, int first) {
  akin_error err;
  akin_hits *hits = report_hostile();
  report_memory_open(m);
  testing_ok(write(m->file, format, hits, first, &err), &err);
  akin_hits_free(hits);
}

static void table_drives_no_terminal(void **state) {
  (void)state;
  report_memory m;
  write_hostile(&m, like, AKIN_FORMAT_TABLE, 1);
  REPORT_IS(&m, "Like /p/q.jpg\n"
                "    1   1.000000  /p/new\\x0Aline.jpg\n"
                "    2   0.750000  /p/a \"b\", 'c' & d.jpg\n"
                "    3   0.500000  /p/<script>alert(1).jpg\n"
                "    4   0.250000  /p/\\xFF\\xC0\\xAF.jpg\n"
                "    5   0.000000  /p/\\x1B[2J\\x07.jpg\n"
                "    6  -0.250000  /p/\\xE2\\x80\\xAEgpj.exe\n");
}

static void table_of_several_questions(void **state) {
  (void)state;
  akin_error err;
  report_memory m;
  akin_hits *hits = report_question("/a.jpg", "/b.jpg");
  report_memory_open(&m);
  testing_ok(akin_report_like(m.file, AKIN_FORMAT_TABLE, hits, &err), &err);
  REPORT_IS(&m, "Like /a.jpg\n"
                " and /b.jpg\n"
                "    no other image in the store\n");
  report_memory_open(&m);
  testing_ok(akin_report_recommendation(m.file, AKIN_FORMAT_TABLE, hits, 0, &err), &err);
  REPORT_IS(&m, "\nLike /a.jpg\n"
                " and /b.jpg\n"
                "    no other image in the store\n");
  akin_hits_free(hits);
}

static void json_of_one_question(void **state) {
  (void)state;
  report_memory m;
  write_hostile(&m, like, AKIN_FORMAT_JSON, 1);
  REPORT_IS(&m, "{\"model\": \"tiny\", \"scores\": \"cosine\", \"queries\": [\"/p/q.jpg\"], \"hits\": ["
                "{\"rank\": 1, \"image\": \"/p/new\\nline.jpg\", \"score\": 1.000000}, "
                "{\"rank\": 2, \"image\": \"/p/a \\\"b\\\", 'c' & d.jpg\", \"score\": 0.750000}, "
                "{\"rank\": 3, \"image\": \"/p/<script>alert(1).jpg\", \"score\": 0.500000}, "
                "{\"rank\": 4, \"image\": \"/p/\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD.jpg\", "
                "\"image_base64\": \"L3Av/8CvLmpwZw==\", \"score\": 0.250000}, "
                "{\"rank\": 5, \"image\": \"/p/\\u001b[2J\\u0007.jpg\", \"score\": 0.000000}, "
                "{\"rank\": 6, \"image\": \"/p/\\u202egpj.exe\", \"score\": -0.250000}]}\n");
}

static void json_of_many_questions(void **state) {
  (void)state;
  akin_error err;
  report_memory m;
  akin_hits *hits = report_question(REPORT_BYTES, NULL);
  report_memory_open(&m);
  report_hit(hits, "/h.jpg", 0.93127441f);
  testing_ok(akin_report_recommendation(m.file, AKIN_FORMAT_JSON, hits, 1, &err), &err);
  testing_ok(akin_report_recommendation(m.file, AKIN_FORMAT_JSON, hits, 0, &err), &err);
#define LINE                                                                                                           \
  "{\"model\": \"tiny\", \"scores\": \"cosine\", \"image\": \"/p/\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD.jpg\", "         \
  "\"image_base64\": \"L3Av/8CvLmpwZw==\", \"hits\": [{\"rank\": 1, \"image\": \"/h.jpg\", \"score\": 0.931274}]}\n"
  REPORT_IS(&m, LINE LINE);
#undef LINE
  akin_hits_free(hits);
}

static void json_of_questions_that_are_not_utf8(void **state) {
  (void)state;
  akin_error err;
  report_memory m;
  akin_hits *hits = report_question("/a.jpg", REPORT_BYTES);
  report_memory_open(&m);
  testing_ok(akin_report_like(m.file, AKIN_FORMAT_JSON, hits, &err), &err);
  REPORT_IS(&m, "{\"model\": \"tiny\", \"scores\": \"cosine\", \"queries\": [\"/a.jpg\", "
                "\"/p/\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD.jpg\"], "
                "\"queries_base64\": {\"1\": \"L3Av/8CvLmpwZw==\"}, \"hits\": []}\n");
  akin_hits_free(hits);
}

static void csv_keeps_bytes(void **state) {
  (void)state;
  report_memory m;
  write_hostile(&m, like, AKIN_FORMAT_CSV, 1);
  REPORT_IS(&m, "rank,image,score,percentile\n"
                "1,\"/p/new\nline.jpg\",1.000000,\n"
                "2,\"/p/a \"\"b\"\", 'c' & d.jpg\",0.750000,\n"
                "3,/p/<script>alert(1).jpg,0.500000,\n"
                "4,/p/\xFF\xC0\xAF.jpg,0.250000,\n"
                "5,/p/\x1B[2J\x07.jpg,0.000000,\n"
                "6,/p/\xE2\x80\xAEgpj.exe,-0.250000,\n");
}

static void csv_of_many_questions_has_one_header(void **state) {
  (void)state;
  akin_error err;
  report_memory m;
  akin_hits *hits = report_question("/a,b.jpg", NULL);
  report_hit(hits, "/c.jpg", 0.5f);
  report_memory_open(&m);
  testing_ok(akin_report_recommendation(m.file, AKIN_FORMAT_CSV, hits, 1, &err), &err);
  testing_ok(akin_report_recommendation(m.file, AKIN_FORMAT_CSV, hits, 0, &err), &err);
  REPORT_IS(&m, "query,rank,image,score,percentile\n"
                "\"/a,b.jpg\",1,/c.jpg,0.500000,\n"
                "\"/a,b.jpg\",1,/c.jpg,0.500000,\n");
  akin_hits_free(hits);
}

/* A percentile is shown where it is known. */
static void percentiles(void **state) {
  (void)state;
  akin_error err;
  report_memory m;
  akin_hits *hits = report_question("/q", NULL);
  report_hit(hits, "/b", 0.5f);
  akin_hits_rate(hits, 100);
  report_hit(hits, "/c", 0.25f);
  akin_hits_rate(hits, 99.991);
  report_hit(hits, "/d", -0.25f);
  akin_hits_rate(hits, 7.5);
  report_memory_open(&m);
  testing_ok(akin_report_like(m.file, AKIN_FORMAT_TABLE, hits, &err), &err);
  testing_ok(akin_report_like(m.file, AKIN_FORMAT_CSV, hits, &err), &err);
  testing_ok(akin_report_like(m.file, AKIN_FORMAT_JSON, hits, &err), &err);
  REPORT_IS(&m, "Like /q\n"
                "    1   0.500000  100.00 %  /b\n"
                "    2   0.250000   99.99 %  /c\n"
                "    3  -0.250000    7.50 %  /d\n"
                "rank,image,score,percentile\n1,/b,0.500000,100.00\n2,/c,0.250000,99.99\n3,/d,-0.250000,7.50\n"
                "{\"model\": \"tiny\", \"scores\": \"cosine\", \"queries\": [\"/q\"], \"hits\": ["
                "{\"rank\": 1, \"image\": \"/b\", \"score\": 0.500000, \"percentile\": 100.00}, "
                "{\"rank\": 2, \"image\": \"/c\", \"score\": 0.250000, \"percentile\": 99.99}, "
                "{\"rank\": 3, \"image\": \"/d\", \"score\": -0.250000, \"percentile\": 7.50}]}\n");
  akin_hits_free(hits);
}

static void paths_keep_bytes(void **state) {
  (void)state;
  report_memory m;
  write_hostile(&m, like, AKIN_FORMAT_PATHS, 1);
  REPORT_IS(&m, REPORT_NEWLINE "\n" REPORT_QUOTES "\n" REPORT_SCRIPT "\n" REPORT_BYTES "\n" REPORT_ESCAPE
                               "\n" REPORT_OVERRIDE "\n");
  write_hostile(&m, akin_report_recommendation, AKIN_FORMAT_PATHS0, 1);
  REPORT_IS(&m, REPORT_NEWLINE "\0" REPORT_QUOTES "\0" REPORT_SCRIPT "\0" REPORT_BYTES "\0" REPORT_ESCAPE
                               "\0" REPORT_OVERRIDE "\0");
}

static void points_under_a_locale_with_commas(void **state) {
  akin_error err;
  report_memory m;
  if (!comma_locale_set(*state)) {
    print_message("no locale with a decimal comma can be had\n");
    skip();
  }
  akin_hits *hits = report_question("/a", NULL);
  report_hit(hits, "/b", 0.125f);
  report_memory_open(&m);
  testing_ok(akin_report_like(m.file, AKIN_FORMAT_CSV, hits, &err), &err);
  setlocale(LC_ALL, "C");
  REPORT_IS(&m, "rank,image,score,percentile\n1,/b,0.125000,\n");
  akin_hits_free(hits);
}

static void an_unknown_format(void **state) {
  (void)state;
  akin_error err;
  report_memory m;
  akin_hits *hits = report_question("/a", NULL);
  report_memory_open(&m);
  testing_expect(akin_report_like(m.file, (akin_report_format)5, hits, &err), AKIN_ERROR_USAGE, &err);
  testing_says(&err, "5");
  REPORT_IS(&m, "");
  akin_hits_free(hits);
}

static void a_full_disk(void **state) {
  (void)state;
  akin_hits *hits = report_hostile();
  for (int format = AKIN_FORMAT_TABLE; format <= AKIN_FORMAT_PATHS0; format++) {
    akin_error err;
    FILE *file = report_full_disk();
    testing_expect(akin_report_like(file, (akin_report_format)format, hits, &err), AKIN_ERROR_NO_SPACE, &err);
    testing_says(&err, "cannot write the answer");
    assert_int_equal(err.code, AKIN_ERROR_NO_SPACE);
    fclose(file);
  }
  akin_hits_free(hits);
}

typedef struct memory_case {
  const akin_hits *hits;
  akin_report_format format;
} memory_case;

/* A failed answer has written nothing: it is put together before. */
static akin_status write_to_memory(void *context) {
  const memory_case *c = context;
  akin_error err;
  report_memory m;
  report_memory_open(&m);
  akin_status status = akin_report_like(m.file, c->format, c->hits, &err);
  fclose(m.file);
  assert_int_equal(m.size > 0, status == AKIN_OK);
  free(m.text);
  return status;
}

static void without_memory(void **state) {
  (void)state;
  memory_case c = {report_hostile(), AKIN_FORMAT_TABLE};
  for (; c.format <= AKIN_FORMAT_PATHS0; c.format++) {
    assert_true(testing_fail_allocations(write_to_memory, &c, true) > 0);
    assert_true(testing_fail_allocations(write_to_memory, &c, false) > 0);
  }
  akin_hits_free((akin_hits *)(uintptr_t)c.hits);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(table_drives_no_terminal),
      cmocka_unit_test(table_of_several_questions),
      cmocka_unit_test(json_of_one_question),
      cmocka_unit_test(json_of_many_questions),
      cmocka_unit_test(json_of_questions_that_are_not_utf8),
      cmocka_unit_test(csv_keeps_bytes),
      cmocka_unit_test(csv_of_many_questions_has_one_header),
      cmocka_unit_test(percentiles),
      cmocka_unit_test(paths_keep_bytes),
      cmocka_unit_test_setup_teardown(points_under_a_locale_with_commas, testing_setup, testing_teardown),
      cmocka_unit_test(an_unknown_format),
      cmocka_unit_test(a_full_disk),
      cmocka_unit_test(without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
