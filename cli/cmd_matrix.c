/* cmd_matrix.c - akin matrix: every image against every other. */
#include "commands.h"
#include "labelled.h"
#include "messages.h"
#include "opened.h"
#include "signals.h"

typedef struct matrix_work {
  cli_result csv;
  cli_labelled npy;
  const char *const *paths; /* of the rows and columns; borrowed from the library */
  size_t count;
  akin_status status; /* of the first line of CSV that could not be written */
  akin_error err;     /* and why */
} matrix_work;

static akin_status matrix_begin(void *context, const char *const *paths, size_t n, double seconds) {
  matrix_work *work = context;
  (void)seconds;
  work->paths = paths;
  work->count = n;
  return AKIN_OK;
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
  for (size_t i = 0; !status && i < n; i++)
    status = akin_csv_number(out, ',', (double)scores[i], 6, &work->err);
  fputc('\n', out);
  work->status = status;
  return status;
}

static int matrix_csv(akin_store *store, const char *model, const cli_settings *s) {
  akin_error err;
  matrix_work work = {0};
  int code = cli_result_open(&work.csv, s->output);
  if (code == CLI_DONE) {
    akin_status status = akin_store_matrix(store, model, matrix_begin, matrix_csv_row, &work, &err);
    if (status) code = cli_fail(status, work.status ? &work.err : &err);
  }
  return cli_result_close(&work.csv, code);
}

/* ---- NPY ---- */

static akin_status matrix_npy_row(void *context, size_t row, const float *scores, size_t n) {
  matrix_work *work = context;
  return cli_labelled_row(&work->npy, work->paths[row], scores, n);
}

static int matrix_npy(akin_store *store, const char *model, const cli_settings *s) {
  akin_error err;
  matrix_work work = {0};
  int code = cli_labelled_open(&work.npy, s->output);
  if (code == CLI_DONE) {
    akin_status status = akin_store_matrix(store, model, matrix_begin, matrix_npy_row, &work, &err);
    if (status) code = cli_fail(status, work.npy.status ? &work.npy.err : &err);
  }
  return cli_labelled_close(&work.npy, model, code);
}

static int matrix_run(const cli_settings *s) {
  char model[CLI_MODEL_NAME];
  akin_store *store = NULL;
  int code = cli_store_open(&store, s, 0);
  if (code == CLI_DONE) code = cli_stored_model(model, store, s);
  if (code == CLI_DONE) code = s->format == CLI_FORMAT_NPY ? matrix_npy(store, model, s) : matrix_csv(store, model, s);
  akin_store_close(store);
  return code;
}

static const cli_option *const matrix_options[] = {&cli_option_format, &cli_option_output, &cli_option_model,
                                                   &cli_option_store,  &cli_option_quiet,  NULL};

static const cli_example matrix_examples[] = {
    {"akin matrix -o scores.csv", "a table for a spreadsheet"},
    {"akin matrix -o scores.npy", "the same for NumPy; scores.json has the paths"},
    {NULL, NULL}};

const cli_command cli_matrix = {
    .name = "matrix",
    .synopsis = "",
    .summary = "the similarity of every stored image to every other",
    .description = "Writes the n x n matrix of scores, images in order of path. In CSV the first line and the first "
                   "column are the paths; in NPY it is float32 [n, n], and the paths are in FILE.json beside it.",
    .formats = "csv|npy",
    .options = matrix_options,
    .examples = matrix_examples,
    .run = matrix_run};
