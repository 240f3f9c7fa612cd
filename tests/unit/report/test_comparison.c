/* test_comparison.c - models side by side in every format, byte by byte, with hostile names, on a full disk. */
#include "unit/report/report_testing.h"

#include "image/image.h"
#include "report/page.h"

/* Both find /p/both.jpg; each finds one more. */
typedef struct sample {
  akin_hits *hits[2];
  akin_compared_model models[2];
  akin_agreement agreement[4];
  akin_comparison comparison;
} sample;

static void sample_make(sample *s, bool store) {
  *s = (sample){.models = {{.name = "small", .dim = 4, .milliseconds = 1.25, .computed = 7},
                           {.name = "large-one", .dim = 1280, .milliseconds = -1}},
                .agreement = {{1, 1}, {0.5, 0.625}, {0.5, 0.625}, {1, 1}}};
  for (size_t i = 0; i < 2; i++) {
    s->hits[i] = report_question("/p/q.jpg", NULL);
    report_hit(s->hits[i], i ? REPORT_SCRIPT : "/p/both.jpg", 0.75f);
    report_hit(s->hits[i], i ? "/p/both.jpg" : REPORT_NEWLINE, 0.5f);
    s->models[i].hits = store ? NULL : s->hits[i];
  }
  s->comparison = (akin_comparison){.image = store ? NULL : "/p/q.jpg",
                                    .questions = store ? 20 : 1,
                                    .k = 2,
                                    .models = s->models,
                                    .model_count = 2,
                                    .agreement = s->agreement};
}

static void sample_free(sample *s) {
  akin_hits_free(s->hits[0]);
  akin_hits_free(s->hits[1]);
}

static void write_sample(report_memory *m, akin_report_format format, bool store, int first) {
  akin_error err;
  sample s;
  sample_make(&s, store);
  report_memory_open(m);
  testing_ok(akin_report_comparison(m->file, format, &s.comparison, first, &err), &err);
  sample_free(&s);
}

static void tables(void **state) {
  (void)state;
  report_memory m;
  write_sample(&m, AKIN_FORMAT_TABLE, false, 0);
  REPORT_IS(&m, "\nLike /p/q.jpg\n"
                "small, 4 values, 1.2 ms an image\n"
                "    1   0.750000  /p/both.jpg\n"
                "    2   0.500000  /p/new\\x0Aline.jpg  (only here)\n"
                "large-one, 1280 values, - ms an image\n"
                "    1   0.750000  /p/<script>alert(1).jpg  (only here)\n"
                "    2   0.500000  /p/both.jpg\n"
                "  agreement                in common  rank-biased overlap\n"
                "  small     and large-one     50.0 %                0.625\n");
  write_sample(&m, AKIN_FORMAT_TABLE, true, 1);
  REPORT_IS(&m, "20 images, the 2 most similar of each\n"
                "  model      values  ms an image  computed\n"
                "  small           4          1.2         7\n"
                "  large-one    1280            -         0\n"
                "  agreement                in common  rank-biased overlap\n"
                "  small     and large-one     50.0 %                0.625\n");
}

static void json(void **state) {
  (void)state;
  report_memory m;
  write_sample(&m, AKIN_FORMAT_JSON, false, 1);
  REPORT_IS(&m, "{\"image\": \"/p/q.jpg\", \"k\": 2, \"questions\": 1, \"models\": ["
                "{\"model\": \"small\", \"dim\": 4, \"milliseconds\": 1.250, \"computed\": 7, \"hits\": ["
                "{\"rank\": 1, \"image\": \"/p/both.jpg\", \"score\": 0.750000, \"only\": false}, "
                "{\"rank\": 2, \"image\": \"/p/new\\nline.jpg\", \"score\": 0.500000, \"only\": true}]}, "
                "{\"model\": \"large-one\", \"dim\": 1280, \"milliseconds\": null, \"computed\": 0, \"hits\": ["
                "{\"rank\": 1, \"image\": \"/p/<script>alert(1).jpg\", \"score\": 0.750000, \"only\": true}, "
                "{\"rank\": 2, \"image\": \"/p/both.jpg\", \"score\": 0.500000, \"only\": false}]}], "
                "\"agreement\": [{\"models\": [\"small\", \"large-one\"], \"common\": 0.500000, "
                "\"overlap\": 0.625000}]}\n");
  write_sample(&m, AKIN_FORMAT_JSON, true, 1);
  REPORT_IS(&m, "{\"k\": 2, \"questions\": 20, \"models\": ["
                "{\"model\": \"small\", \"dim\": 4, \"milliseconds\": 1.250, \"computed\": 7}, "
                "{\"model\": \"large-one\", \"dim\": 1280, \"milliseconds\": null, \"computed\": 0}], "
                "\"agreement\": [{\"models\": [\"small\", \"large-one\"], \"common\": 0.500000, "
                "\"overlap\": 0.625000}]}\n");
}

static void csv(void **state) {
  (void)state;
  report_memory m;
  write_sample(&m, AKIN_FORMAT_CSV, false, 1);
  REPORT_IS(&m, "query,model,rank,image,score,percentile,only\n"
                "/p/q.jpg,small,1,/p/both.jpg,0.750000,,0\n"
                "/p/q.jpg,small,2,\"/p/new\nline.jpg\",0.500000,,1\n"
                "/p/q.jpg,large-one,1,/p/<script>alert(1).jpg,0.750000,,1\n"
                "/p/q.jpg,large-one,2,/p/both.jpg,0.500000,,0\n");
  write_sample(&m, AKIN_FORMAT_CSV, true, 1);
  REPORT_IS(&m, "model,other,common,overlap\nsmall,large-one,0.500000,0.625000\n");
}

static void paths_are_refused_and_a_full_disk_is_told(void **state) {
  (void)state;
  akin_error err;
  sample s;
  sample_make(&s, false);
  testing_expect(akin_report_comparison(stdout, AKIN_FORMAT_PATHS, &s.comparison, 1, &err), AKIN_ERROR_USAGE, &err);
  FILE *full = report_full_disk();
  testing_expect(akin_report_comparison(full, AKIN_FORMAT_JSON, &s.comparison, 1, &err), AKIN_ERROR_NO_SPACE, &err);
  fclose(full);
  sample_free(&s);
}

static akin_status no_picture(void *context, akin_buffer *jpeg, uint32_t *width, uint32_t *height, const char *path,
                              uint32_t side, akin_error *err) {
  (void)context;
  (void)jpeg;
  (void)width;
  (void)height;
  (void)side;
  (void)path;
  err->code = AKIN_ERROR_FORMAT;
  err->text[0] = '\0';
  return AKIN_ERROR_FORMAT;
}

static void page_marks_what_one_model_found(void **state) {
  akin_error err;
  akin_page *page = NULL;
  sample one, all;
  size_t size;
  char *path = testing_path(*state, "page.html");
  sample_make(&one, false);
  sample_make(&all, true);
  testing_ok(akin_page_open_with(&page, path, 0, "Side by side", no_picture, NULL, &err), &err);
  testing_ok(akin_page_add_comparison(page, &one.comparison, &err), &err);
  testing_ok(akin_page_add_comparison(page, &all.comparison, &err), &err);
  testing_ok(akin_page_close(page, &err), &err);
  char *html = testing_read(path, &size);
  unsigned marks = 0;
  for (const char *at = html; (at = strstr(at, ">only here<")); at++)
    marks++;
  assert_int_equal(marks, 2);
  assert_non_null(strstr(html, "models small, large-one"));
  assert_non_null(strstr(html, "4 values, 1.2 ms an image"));
  assert_non_null(
      strstr(html, "<td>small and large-one</td><td class=\"number\">50 %</td><td class=\"number\">0.62</td>"));
  assert_non_null(strstr(html, "20 images, the 2 most similar of each"));
  assert_null(strstr(html, "<script"));
  akin_free(html);
  akin_free(path);
  sample_free(&one);
  sample_free(&all);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tables), cmocka_unit_test(json), cmocka_unit_test(csv),
      cmocka_unit_test(paths_are_refused_and_a_full_disk_is_told),
      cmocka_unit_test_setup_teardown(page_marks_what_one_model_found, testing_setup, testing_teardown)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
