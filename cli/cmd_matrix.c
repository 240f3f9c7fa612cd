/* cmd_matrix.c - akin matrix: every image against every other. */
#include "commands.h"
#include "labelled.h"
#include "large.h"
#include "messages.h"
#include "opened.h"
#include "signals.h"
#include "watch.h"

#include <stdio.h>
#include <string.h>

#define MATRIX_WRITTEN 4e8 /* bytes that are written in a second, about */

typedef struct matrix_work {
  const cli_settings *settings;
  cli_watch watch;
  cli_result csv;
  cli_labelled npy;
  const char *const *paths; /* of the rows and columns; borrowed from the library */
  size_t count;
  int code;           /* of what was said already, when the library's status is not worth a word */
  akin_status status; /* of the first line of CSV that could not be written */
  akin_error err;     /* and why */
} matrix_work;

/* Bytes of the answer, about: in CSV a score is mostly as ",0.123456", and each path is there twice. */
static uint64_t matrix_size(const matrix_work *work) {
  const uint64_t n = work->count;
  uint64_t labels = 0;
  for (size_t i = 0; i < work->count; i++)
    labels += strlen(work->paths[i]) + 1;
  return work->settings->format == CLI_FORMAT_NPY ? 4 * n * n + labels : 9 * n * n + 2 * labels;
}

static akin_status matrix_begin(void *context, const char *const *paths, size_t n, double seconds) {
  matrix_work *work = context;
  char count[CLI_NUMBER_TEXT], what[80];
  work->paths = paths;
  work->count = n;
  cli_count_text(count, n);
  snprintf(what, sizeof what, "%s x %s scores", count, count);
  const uint64_t bytes = matrix_size(work);
  const cli_large large = {what, work->settings->output, bytes, seconds + (double)bytes / MATRIX_WRITTEN,
                           work->settings->yes};
  work->code = cli_large_agree(&large);
  if (work->code == CLI_DONE) cli_watch_started(&work->watch);
  return work->code == CLI_DONE ? AKIN_OK : AKIN_ERROR_CANCELLED;
}

/* The exit code of what the library says; a message is printed where none was. */
static int matrix_code(matrix_work *work, akin_status status, const akin_error *why) {
  cli_watch_clear(&work->watch);
  if (work->code != CLI_DONE) return work->code;
  return status ? cli_fail(status, why) : CLI_DONE;
}

/* ---- CSV ---- */

static akin_status matrix_csv_header(matrix_work *work) {
  FILE *out = work->csv.file;
  akin_status status = akin_csv_text(out, '\0', "image", &work->err);
  for (size_t i = 0; !status && i < work->count; i++)
    status = akin_csv_text(out, ',', work->paths[i], &work->err);
  fputc('\n', out);
  return status;
}

static akin_status matrix_csv_row(void *context, size_t row, const float *scores, size_t n) {
  matrix_work *work = context;
  FILE *out = work->csv.file;
  if (cli_interrupted()) return AKIN_ERROR_CANCELLED;
  akin_status status = row == 0 ? matrix_csv_header(work) : AKIN_OK;
  if (!status) status = akin_csv_text(out, '\0', work->paths[row], &work->err);
  if (!status) status = akin_csv_scores(out, scores, n, &work->err);
  fputc('\n', out);
  work->status = status;
  return status;
}

static int matrix_csv(akin_store *store, const char *model, matrix_work *work) {
  akin_error err;
  int code = cli_result_open(&work->csv, work->settings->output);
  if (code == CLI_DONE) {
    akin_status status = akin_store_matrix(store, model, matrix_begin, matrix_csv_row, work, &err);
    code = matrix_code(work, status, work->status ? &work->err : &err);
  }
  return cli_result_close(&work->csv, code);
}

/* ---- NPY ---- */

static akin_status matrix_npy_row(void *context, size_t row, const float *scores, size_t n) {
  matrix_work *work = context;
  return cli_labelled_row(&work->npy, work->paths[row], scores, n);
}

static int matrix_npy(akin_store *store, const char *model, matrix_work *work) {
  akin_error err;
  int code = cli_labelled_open(&work->npy, work->settings->output);
  if (code == CLI_DONE) {
    akin_status status = akin_store_matrix(store, model, matrix_begin, matrix_npy_row, work, &err);
    code = matrix_code(work, status, work->npy.status ? &work->npy.err : &err);
  }
  return cli_labelled_close(&work->npy, model, code);
}

static int matrix_run(const cli_settings *s) {
  char model[CLI_MODEL_NAME];
  matrix_work work = {.settings = s};
  akin_store *store = NULL;
  int code = cli_store_open(&store, s, 0);
  if (code == CLI_DONE) code = cli_stored_model(model, store, s);
  if (code == CLI_DONE) {
    cli_watch_begin(&work.watch, store, "comparing", s->quiet);
    code = s->format == CLI_FORMAT_NPY ? matrix_npy(store, model, &work) : matrix_csv(store, model, &work);
  }
  akin_store_close(store);
  return code;
}

static const cli_option matrix_yes = {
    0, "yes", NULL, CLI_FLAG, offsetof(cli_settings, yes), 0, 0, NULL, "write more than 10 GB without being asked"};

static const cli_option *const matrix_options[] = {
    &cli_option_format, &cli_option_output, &matrix_yes, &cli_option_model, &cli_option_store, &cli_option_quiet, NULL};

static const cli_example matrix_examples[] = {
    {"akin matrix -o scores.csv", "a table for a spreadsheet"},
    {"akin matrix -o scores.npy", "the same for NumPy; scores.json has the paths"},
    {NULL, NULL}};

const cli_command cli_matrix = {
    .name = "matrix",
    .synopsis = "",
    .summary = "the similarity of every stored image to every other",
    .description = "Writes the n x n matrix of scores, images in order of path. In CSV the first line and the first "
                   "column are the paths; in NPY it is float32 [n, n], and the paths are in FILE.json beside it. "
                   "Memory does not grow with "
                   "n x n.\n\nHow large it is and how long it takes is said first; above 10 GB it is asked for.",
    .formats = "csv|npy",
    .options = matrix_options,
    .examples = matrix_examples,
    .run = matrix_run};
