/*
 * akin/report.h - answers as people and programs read them: table, JSON, CSV, plain paths, a page with pictures.
 *
 * Answers are written to a FILE that the caller owns. Numbers have a point in every locale. A FILE that cannot be
 * written is AKIN_ERROR_IO (AKIN_ERROR_NO_SPACE when the disk is full); because a FILE keeps back what it is given,
 * the last word is that of fflush or fclose, or of akin_output_commit.
 *
 * Thread safety: no state is shared; a FILE, a page or an output is used by one thread at a time.
 */
#ifndef AKIN_REPORT_H
#define AKIN_REPORT_H

#include <akin/compare.h>
#include <akin/duplicates.h>
#include <akin/evaluate.h>
#include <akin/status.h>
#include <akin/store.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum akin_report_format {
  AKIN_FORMAT_TABLE = 0, /* for people: aligned columns; control characters in names are shown as \xNN */
  AKIN_FORMAT_JSON = 1,  /* docs/json.md */
  AKIN_FORMAT_CSV = 2,   /* fields as RFC 4180 has them, a header line, lines ended by a line feed alone */
  AKIN_FORMAT_PATHS = 3, /* one path a line, bytes as they are */
  AKIN_FORMAT_PATHS0 = 4 /* the same, each ended by NUL */
} akin_report_format;

/* One answer of akin_store_like. JSON: one document {"model", "scores", "queries", "hits"}. CSV: rank,image,score,
 * percentile. */
AKIN_API akin_status akin_report_like(FILE *out, akin_report_format format, const akin_hits *hits, akin_error *err);

/*
 * Answers of akin_store_recommend, one call each. JSON: one line {"model", "scores", "image", "hits"} each. CSV:
 * query,rank,image,score,percentile. Plain paths: those of the hits, so they tell one question's answer only.
 *   first: 1 for the first answer (the header line of CSV)
 */
AKIN_API akin_status akin_report_recommendation(FILE *out, akin_report_format format, const akin_hits *hits, int first,
                                                akin_error *err);

/* An evaluation of akin_store_evaluate: TABLE or JSON (one document), else USAGE. */
AKIN_API akin_status akin_report_evaluation(FILE *out, akin_report_format format, const akin_evaluation *evaluation,
                                            akin_error *err);

/*
 * A comparison of akin_store_compare, one call each, first as above. JSON: one line each. CSV: query,model,rank,image,
 * score,percentile,only; of a comparison over the whole store model,other,common,overlap. Plain paths are USAGE.
 */
AKIN_API akin_status akin_report_comparison(FILE *out, akin_report_format format, const akin_comparison *comparison,
                                            int first, akin_error *err);

/*
 * Groups of akin_store_duplicates, one call each, first as above. JSON: one line {"model", "group", "images"} each.
 * CSV: group,copy,image,width,height,bytes,score,agreement. Plain paths: those of all copies but the best.
 */
AKIN_API akin_status akin_report_duplicates(FILE *out, akin_report_format format, const akin_duplicate_group *group,
                                            int first, akin_error *err);

/*
 * A page with pictures: for each question a row of its query images and its hits with scores. Works without script, on
 * a phone, in dark and light. Pictures are small JPEGs without metadata, made from the files as they are now; one that
 * cannot be read any more is shown as a grey field with its name.
 *
 * akin_page_open(path, folder 0): one self-contained file, pictures inside, for up to AKIN_PAGE_QUERIES questions.
 * akin_page_open(path, folder 1): path is a folder: index.html, page-2.html ..., thumbs/; any number of questions,
 * constant memory. Nothing is at path until akin_page_close returned AKIN_OK; an older page is then replaced, through a
 * symbolic link if path is one. Links lead from where the page is to the images.
 *   title: shown at the top
 * Errors: NOT_FOUND (the folder above path), REFUSED (a folder that holds anything but an older page), USAGE (a page in
 * one file where a folder or a device is), LIMIT (too many questions for one file), NO_SPACE, IO, MEMORY. A question
 * that could not be added is not in the page, and the page can be gone on with.
 */
#define AKIN_PAGE_QUERIES 50
typedef struct akin_page akin_page;
AKIN_API akin_status akin_page_open(akin_page **out, const char *path, int folder, const char *title, akin_error *err);
AKIN_API akin_status akin_page_add(akin_page *page, const akin_hits *hits,
                                   akin_error *err); /* LIMIT past AKIN_PAGE_QUERIES in one file */
/* An evaluation, once a page: its figures, and each model's worst queries with their hits, as many as fit. Errors: as
 * akin_page_add. */
AKIN_API akin_status akin_page_add_evaluation(akin_page *page, const akin_evaluation *evaluation, akin_error *err);
/* A comparison: a row of pictures for each model, what only one of them found is marked. Errors: as akin_page_add. */
AKIN_API akin_status akin_page_add_comparison(akin_page *page, const akin_comparison *comparison, akin_error *err);
/* A group of duplicates: the best copy, and the others with their sizes. Errors: as akin_page_add. */
AKIN_API akin_status akin_page_add_duplicates(akin_page *page, const akin_duplicate_group *group, akin_error *err);
AKIN_API akin_status akin_page_close(akin_page *page, akin_error *err); /* finishes, and frees page in any case */
AKIN_API void akin_page_discard(akin_page *page);                       /* frees; leaves nothing behind; NULL is fine */

/* ---- pieces, for programs that print answers of their own ---- */

/*
 * Features and matrices as NPY: version 1.0, little-endian f32, C order, [rows, columns]. The header is 128 bytes
 * whatever the numbers are, so that it can be written again once the rows have been counted. Rows follow one by one.
 */
AKIN_API akin_status akin_npy_header(FILE *out, uint64_t rows, uint64_t columns, akin_error *err);
AKIN_API akin_status akin_npy_row(FILE *out, const float *values, size_t n, akin_error *err);

/* A field of a CSV line (quoted when needed), or a number; separator: 0 or ',' is written before it. */
AKIN_API akin_status akin_csv_text(FILE *out, char separator, const char *text, akin_error *err);
AKIN_API akin_status akin_csv_number(FILE *out, char separator, double value, int decimals, akin_error *err);
/* n values with a comma between two, each with the nine digits that give exactly this float back: the values of a CSV
 * line or of a JSON array. What is not finite is written as null. */
AKIN_API akin_status akin_float_list(FILE *out, const float *values, size_t n, akin_error *err);

/* n scores with six decimals, each with a comma before it: the rest of a CSV line that begins with a name. As
 * akin_csv_number writes them, much faster. */
AKIN_API akin_status akin_csv_scores(FILE *out, const float *scores, size_t n, akin_error *err);

/* A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
AKIN_API akin_status akin_json_string(FILE *out, const char *text, akin_error *err);
/* A path as JSON members: "KEY": "...", and, when it is not UTF-8, its bytes: , "KEY_base64": "...". */
AKIN_API akin_status akin_json_path(FILE *out, const char *key, const char *path, akin_error *err);
/* Paths as JSON members: "KEY": ["...", ...], and, when some are not UTF-8, their bytes by position:
 * , "KEY_base64": {"3": "..."}. */
AKIN_API akin_status akin_json_paths(FILE *out, const char *key, const char *const *paths, size_t n, akin_error *err);

/* Text as a part of one line that cannot drive a terminal: control characters, line ends and what is not UTF-8 are
 * shown as \xNN. */
AKIN_API akin_status akin_line_text(FILE *out, const char *text, akin_error *err);

/*
 * A file that appears as a whole or not at all: what is written goes to a temporary file beside path, which replaces
 * path at the commit. What lies at path and is no regular file (a device, a FIFO) is written to directly; a symbolic
 * link stays and what it points to is replaced.
 */
typedef struct akin_output akin_output;
AKIN_API akin_status akin_output_open(akin_output **out, const char *path, akin_error *err);
/* Does so much fit where path is? NO_SPACE says how much there is. Nothing is made, and other writers may be faster. */
AKIN_API akin_status akin_output_room(const char *path, uint64_t bytes, akin_error *err);
AKIN_API FILE *akin_output_file(akin_output *output); /* borrowed until commit or discard; do not close */
AKIN_API akin_status akin_output_commit(akin_output *output, akin_error *err); /* frees output in any case */
AKIN_API void akin_output_discard(akin_output *output);                        /* NULL is fine */

#ifdef __cplusplus
}
#endif
#endif
