/*
 * akin/report.h - answers as people and programs read them: table, JSON, CSV, plain paths, a page with pictures.
 *
 * Everything is written to a FILE that the caller owns. Numbers have a point in every locale. Errors of the FILE are
 * AKIN_ERROR_IO.
 */
#ifndef AKIN_REPORT_H
#define AKIN_REPORT_H

#include <akin/status.h>
#include <akin/store.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum akin_format {
  AKIN_FORMAT_TABLE = 0, /* for people: aligned columns; control characters in names are shown as \xNN */
  AKIN_FORMAT_JSON = 1,  /* docs/json.md */
  AKIN_FORMAT_CSV = 2,   /* RFC 4180, with a header line */
  AKIN_FORMAT_PATHS = 3, /* one path a line, bytes as they are */
  AKIN_FORMAT_PATHS0 = 4 /* the same, each ended by NUL */
} akin_format;

/* One answer of akin_store_like. JSON: one document {"model", "queries", "hits"}. */
AKIN_API akin_status akin_report_like(FILE *out, akin_format format, const akin_hits *hits, akin_error *err);

/* Answers of akin_store_recommend, one call each; first: 1 for the first (headers). JSON: one line {"model", "image",
 * "hits"} each. */
AKIN_API akin_status akin_report_recommendation(FILE *out, akin_format format, const akin_hits *hits, int first,
                                                akin_error *err);

/*
 * A page with pictures: for each question a row of its query images and its hits with scores. Works without script, on
 * a phone, in dark and light. Pictures are small JPEGs without metadata, made from the files as they are now; one that
 * cannot be read any more is shown as a grey field with its name.
 *
 * akin_page_open(path): one self-contained file, pictures inside, for up to AKIN_PAGE_QUERIES questions.
 * akin_page_open(path, folder 1): path is a folder: index.html, page-2.html …, thumbs/; any number of questions,
 * constant memory. Nothing is at path until akin_page_close returned AKIN_OK; an older page is then replaced.
 */
#define AKIN_PAGE_QUERIES 50
typedef struct akin_page akin_page;
AKIN_API akin_status akin_page_open(akin_page **out, const char *path, int folder, const char *title, akin_error *err);
AKIN_API akin_status akin_page_add(akin_page *page, const akin_hits *hits,
                                   akin_error *err);                    /* LIMIT past AKIN_PAGE_QUERIES in one file */
AKIN_API akin_status akin_page_close(akin_page *page, akin_error *err); /* finishes, and frees page in any case */
AKIN_API void akin_page_discard(akin_page *page);                       /* frees; leaves nothing behind; NULL is fine */

/* Features and matrices as files. Rows come one by one; n must be known for NPY (version 1.0, little-endian f32, C
 * order). */
AKIN_API akin_status akin_npy_header(FILE *out, uint64_t rows, uint64_t columns, akin_error *err);
AKIN_API akin_status akin_npy_row(FILE *out, const float *values, size_t n, akin_error *err);
/* A field (quoted when needed) or a number of a CSV line; separator: 0 or ',' before it. */
AKIN_API akin_status akin_csv_text(FILE *out, char separator, const char *text, akin_error *err);
AKIN_API akin_status akin_csv_number(FILE *out, char separator, double value, int decimals, akin_error *err);
/* A JSON string with quotes, from bytes; and, when path is not UTF-8, its bytes as base64 under KEY_base64: writes
 * "key": "…"[, "key_base64": "…"]. */
AKIN_API akin_status akin_json_path(FILE *out, const char *key, const char *path, akin_error *err);

#ifdef __cplusplus
}
#endif
#endif
