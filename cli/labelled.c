/* labelled.c - see labelled.h. How many rows there are is known at the end: the header is then written again. */
#include "labelled.h"
#include "messages.h"
#include "options.h"
#include "places.h"
#include "signals.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

int cli_labelled_open(cli_labelled *labelled, const char *path) {
  static char labels[PATH_MAX]; /* the result borrows it */
  *labelled = (cli_labelled){0};
  if (strcmp(path, "-") == 0) {
    cli_error("NPY has a second file beside it and cannot go to standard output: name a file, as in numbers.npy");
    return CLI_USAGE;
  }
  if (!cli_path_exchange(labels, path, "npy", "json")) return CLI_FAILED;
  int code = cli_result_open(&labelled->numbers, path);
  if (code == CLI_DONE) code = cli_result_open(&labelled->labels, labels);
  return code;
}

akin_status cli_labelled_row(cli_labelled *labelled, const char *path, const float *values, uint64_t columns) {
  akin_status status = AKIN_OK;
  if (cli_interrupted()) return AKIN_ERROR_CANCELLED;
  if (labelled->paths.count == 0) {
    labelled->columns = columns;
    status = akin_npy_header(labelled->numbers.file, 0, columns, &labelled->err);
  }
  if (!status) status = akin_npy_row(labelled->numbers.file, values, columns, &labelled->err);
  if (!status && !cli_list_add(&labelled->paths, path)) {
    snprintf(labelled->err.text, sizeof labelled->err.text, "there is no memory for the paths of %zu images",
             labelled->paths.count);
    status = AKIN_ERROR_MEMORY;
  }
  labelled->status = status;
  return status;
}

static akin_status labelled_finish(cli_labelled *labelled, const char *model, akin_error *err) {
  FILE *labels = labelled->labels.file;
  const size_t rows = labelled->paths.count;
  if (fseek(labelled->numbers.file, 0, SEEK_SET) != 0) {
    snprintf(err->text, sizeof err->text, "%s: cannot go back to write how many rows there are: %s",
             labelled->numbers.path, cli_errno_text(errno));
    return AKIN_ERROR_IO;
  }
  akin_status status = akin_npy_header(labelled->numbers.file, rows, labelled->columns, err);
  fputs("{\"model\": ", labels);
  if (!status) status = akin_json_string(labels, model, err);
  fprintf(labels, ", \"rows\": %zu, \"columns\": %" PRIu64 ", ", rows, labelled->columns);
  if (!status) status = akin_json_paths(labels, "images", cli_list_items(&labelled->paths), rows, err);
  fputs("}\n", labels);
  return status;
}

int cli_labelled_close(cli_labelled *labelled, const char *model, int code) {
  akin_error err;
  const bool usable = (code == CLI_DONE || code == CLI_SKIPPED) && !cli_interrupted();
  if (usable) {
    akin_status status = labelled_finish(labelled, model, &err);
    if (status) code = cli_fail(status, &err);
  }
  code = cli_result_close(&labelled->numbers, code);
  code = cli_result_close(&labelled->labels, code);
  cli_list_free(&labelled->paths);
  return code;
}
