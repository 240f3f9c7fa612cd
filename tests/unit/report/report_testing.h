/*
 * report_testing.h - what the tests of report share: answers with hostile names, text written to memory, a FILE that
 * fails.
 */
#ifndef AKIN_TESTS_UNIT_REPORT_TESTING_H
#define AKIN_TESTS_UNIT_REPORT_TESTING_H

#include "unit/testing.h"

#include "base/hits.h"

#include <akin/report.h>

/* Names as nobody wants them: each breaks another kind of output. */
#define REPORT_NEWLINE  "/p/new\nline.jpg"
#define REPORT_QUOTES   "/p/a \"b\", 'c' & d.jpg"
#define REPORT_SCRIPT   "/p/<script>alert(1).jpg"
#define REPORT_BYTES    "/p/\xFF\xC0\xAF.jpg"
#define REPORT_ESCAPE   "/p/\x1B[2J\x07.jpg"
#define REPORT_OVERRIDE "/p/\xE2\x80\xAEgpj.exe" /* U+202E: what follows is shown from right to left */

/* An answer to the given questions: NULL ends the list. */
TESTING akin_hits *report_question(const char *first, const char *second) {
  akin_error err;
  akin_hits *hits = NULL;
  testing_ok(akin_hits_new(&hits, "tiny", &err), &err);
  testing_ok(akin_hits_add_query(hits, first, &err), &err);
  if (second) testing_ok(akin_hits_add_query(hits, second, &err), &err);
  return hits;
}

TESTING void report_hit(akin_hits *hits, const char *path, float score) {
  akin_error err;
  testing_ok(akin_hits_add(hits, path, score, 40, 30, &err), &err);
}

/* "/p/q.jpg" and all hostile names as hits. */
TESTING akin_hits *report_hostile(void) {
  static const char *const names[] = {REPORT_NEWLINE, REPORT_QUOTES, REPORT_SCRIPT,
                                      REPORT_BYTES,   REPORT_ESCAPE, REPORT_OVERRIDE};
  akin_hits *hits = report_question("/p/q.jpg", NULL);
  for (size_t i = 0; i < 6; i++)
    report_hit(hits, names[i], 1.0f - (float)i * 0.25f);
  return hits;
}

/* A FILE whose text is compared in the end. */
typedef struct report_memory {
  FILE *file;
  char *text;
  size_t size;
} report_memory;

TESTING void report_memory_open(report_memory *m) {
  *m = (report_memory){0};
  m->file = open_memstream(&m->text, &m->size);
  assert_non_null(m->file);
}

/* Compares all bytes and frees. */
TESTING void report_memory_is(report_memory *m, const char *want, size_t size) {
  assert_int_equal(fclose(m->file), 0);
  if (m->size != size || memcmp(m->text, want, size) != 0) fail_msg("got:\n%s\nwanted:\n%s", m->text, want);
  free(m->text);
}
#define REPORT_IS(memory, text) report_memory_is((memory), "" text "", sizeof(text) - 1)

/* A FILE on a full disk, which keeps nothing back. */
TESTING FILE *report_full_disk(void) {
  FILE *file = fopen("/dev/full", "wb");
  assert_non_null(file);
  assert_int_equal(setvbuf(file, NULL, _IONBF, 0), 0);
  return file;
}

#endif
