/* cmd_matrix.c - akin matrix: every image against every other. */
#include "commands.h"
#include "labelled.h"
#include "large.h"
#include "messages.h"
#include "opened.h"
#include "signals.h"
#include "watch.h"

#include <akin/map.h>
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

/* ---- heat map ---- */

#define MATRIX_PAGE "matrix.html"

static int matrix_write_page(const akin_map *map, const cli_settings *s) {
  akin_error err;
  const char *path = s->output ? s->output : MATRIX_PAGE;
  akin_status status = akin_map_page(path, map, "How alike these images are", &err);
  if (status) return cli_fail(status, &err);
  cli_note(CLI_GREEN, "wrote", "%s", path);
  return CLI_DONE;
}

static int matrix_write_png(const akin_map *map, const cli_settings *s) {
  akin_error err;
  cli_result result;
  int code = cli_result_open(&result, s->output);
  if (code == CLI_DONE) {
    akin_status status = akin_map_png(result.file, map, &err);
    if (status) code = cli_fail(status, &err);
  }
  return cli_result_close(&result, code);
}

/* What a picture that is smaller than the matrix shows. */
static void matrix_tell_averaged(const akin_map *map) {
  char images[CLI_NUMBER_TEXT], side[CLI_NUMBER_TEXT];
  if (akin_map_side(map) == akin_map_images(map)) return;
  cli_count_text(images, akin_map_images(map));
  cli_count_text(side, akin_map_side(map));
  cli_note(CLI_YELLOW, "note", "%s images are averaged down to %s x %s fields: --side N for more", images, side, side);
}

static int matrix_map(akin_store *store, matrix_work *work) {
  const cli_settings *s = work->settings;
  akin_map_options options = AKIN_MAP_OPTIONS_INIT;
  akin_map *map = NULL;
  akin_error err;
  if (s->format == CLI_FORMAT_HTML && s->output && strcmp(s->output, "-") == 0) {
    cli_error("matrix: a page shows images from where it lies and cannot go to standard output: name a file");
    return CLI_USAGE;
  }
  options.model = s->model;
  if (s->side) options.side = (uint32_t)s->side;
  if (s->order && strcmp(s->order, "likeness") == 0) options.order = AKIN_MAP_BY_LIKENESS;
  akin_status status = akin_store_map(store, &map, &options, &err);
  cli_watch_clear(&work->watch);
  if (status) return cli_fail(status, &err);
  matrix_tell_averaged(map);
  const int code = s->format == CLI_FORMAT_PNG ? matrix_write_png(map, s) : matrix_write_page(map, s);
  akin_map_free(map);
  return code;
}

static int matrix_numbers(akin_store *store, matrix_work *work) {
  char model[CLI_MODEL_NAME];
  const cli_settings *s = work->settings;
  if (s->order || s->side) {
    cli_error("matrix: --order and --side are for --format png and html");
    return CLI_USAGE;
  }
  const int code = cli_stored_model(model, store, s);
  if (code != CLI_DONE) return code;
  return s->format == CLI_FORMAT_NPY ? matrix_npy(store, model, work) : matrix_csv(store, model, work);
}

static int matrix_run(const cli_settings *s) {
  matrix_work work = {.settings = s};
  akin_store *store = NULL;
  int code = cli_store_open(&store, s, 0);
  if (code == CLI_DONE) {
    const bool picture = s->format == CLI_FORMAT_PNG || s->format == CLI_FORMAT_HTML;
    cli_watch_begin(&work.watch, store, "comparing", s->quiet);
    code = picture ? matrix_map(store, &work) : matrix_numbers(store, &work);
  }
  akin_store_close(store);
  return code;
}

static const cli_option matrix_yes = {
    0, "yes", NULL, CLI_FLAG, offsetof(cli_settings, yes), 0, 0, NULL, "write more than 10 GB without being asked"};

static const cli_option matrix_order = {
    0,
    "order",
    "HOW",
    CLI_CHOICE,
    offsetof(cli_settings, order),
    0,
    0,
    "folder|likeness",
    "png, html: folder: images of a folder side by side (default); likeness: images that are alike"};
static const cli_option matrix_side = {0,
                                       "side",
                                       "N",
                                       CLI_NUMBER,
                                       offsetof(cli_settings, side),
                                       16,
                                       AKIN_MAP_SIDE,
                                       NULL,
                                       "png, html: fields in a row; more images are averaged (default: 1000)"};

static const cli_option *const matrix_options[] = {&cli_option_format, &cli_option_output, &matrix_order,
                                                   &matrix_side,       &matrix_yes,        &cli_option_model,
                                                   &cli_option_store,  &cli_option_quiet,  NULL};

static const cli_example matrix_examples[] = {
    {"akin matrix -o scores.csv", "a table for a spreadsheet"},
    {"akin matrix -o scores.npy", "the same for NumPy; scores.json has the paths"},
    {"akin matrix -o map.html --order likeness", "a heat map that names the pair under the pointer"},
    {NULL, NULL}};

const cli_command cli_matrix = {
    .name = "matrix",
    .synopsis = "",
    .summary = "the similarity of every stored image to every other",
    .description =
        "Writes the n x n matrix of scores, images in order of path. In CSV the first line and the first column are "
        "the paths; in NPY it is float32 [n, n], and the paths are in FILE.json beside it. Memory does not grow with n "
        "x n.\n\nHow large it is and how long it takes is said first; above 10 GB it is asked for.\n\nPNG and HTML are "
        "a heat map. The page (default: matrix.html) shows the two images under the pointer and their score.",
    .formats = "csv|npy|png|html",
    .options = matrix_options,
    .examples = matrix_examples,
    .run = matrix_run};
