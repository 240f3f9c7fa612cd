/* cmd_export.c - akin export: every stored feature as NPY. */
#include "commands.h"
#include "labelled.h"
#include "messages.h"
#include "opened.h"

static akin_status export_row(void *context, const char *path, const float *feature, uint32_t dim) {
  return cli_labelled_row(context, path, feature, dim);
}

static int export_write(akin_store *store, const char *model, const cli_settings *s) {
  akin_error err;
  cli_labelled labelled;
  int code = cli_labelled_open(&labelled, s->operands.items[0]);
  if (code == CLI_DONE) {
    akin_status status = akin_store_features(store, model, export_row, &labelled, &err);
    if (status) code = cli_fail(status, labelled.status ? &labelled.err : &err);
  }
  return cli_labelled_close(&labelled, model, code);
}

static int export_run(const cli_settings *s) {
  char model[CLI_MODEL_NAME];
  akin_store *store = NULL;
  int code = cli_store_open(&store, s, 0);
  if (code == CLI_DONE) code = cli_stored_model(model, store, s);
  if (code == CLI_DONE) code = export_write(store, model, s);
  akin_store_close(store);
  return code;
}

static const cli_option *const export_options[] = {&cli_option_model, &cli_option_store, &cli_option_quiet, NULL};

static const cli_example export_examples[] = {
    {"akin export features.npy", "numpy.load(\"features.npy\"); the paths are in features.json"}, {NULL, NULL}};

const cli_command cli_export = {
    .name = "export",
    .synopsis = "FILE.npy",
    .operand = CLI_OPERAND_FILES,
    .least = 1,
    .most = 1,
    .summary = "write every stored feature to a file",
    .description = "Writes float32 [n, dim], rows of unit length, one row an image in order of path, and beside it "
                   "FILE.json with the model and the paths in row order.",
    .options = export_options,
    .examples = export_examples,
    .run = export_run};
