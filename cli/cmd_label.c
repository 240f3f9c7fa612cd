/* cmd_label.c - akin label ...: values that people give to images, for filters to look at. */
#include "commands.h"
#include "messages.h"
#include "opened.h"
#include "result.h"

#include <akin/labels.h>
#include <inttypes.h>

/* ---- import ---- */

static void label_on_unknown(void *context, uint64_t line, const char *path) {
  (void)context;
  cli_note(CLI_YELLOW, "unknown", "line %" PRIu64 ": %s", line, path);
}

static int label_import_run(const cli_settings *s) {
  akin_error err;
  akin_store *store = NULL;
  akin_label_totals totals = {0};
  char values[CLI_NUMBER_TEXT], images[CLI_NUMBER_TEXT];
  const char *file = s->operands.items[0];
  int code = cli_store_open(&store, s, 0);
  if (code == CLI_DONE) {
    akin_status status = akin_store_import_labels(store, file, label_on_unknown, NULL, &totals, &err);
    if (status) code = cli_fail(status, &err);
  }
  if (code == CLI_DONE) {
    cli_note(CLI_GREEN, "labelled", "%s %s, %s %s", cli_count_text(images, totals.images),
             totals.images == 1 ? "image" : "images", cli_count_text(values, totals.values),
             totals.values == 1 ? "value" : "values");
    if (totals.unknown > 0) code = CLI_SKIPPED;
  }
  akin_store_close(store);
  return code;
}

static const cli_option *const label_import_options[] = {&cli_option_store, &cli_option_quiet, NULL};
static const cli_example label_import_examples[] = {
    {"akin label import prices.csv", "a table with the columns path, price, colour"},
    {"akin like shoe.jpg --where 'price < 80'", "and what it is good for"},
    {NULL, NULL}};

const cli_command cli_label_import = {
    .name = "label import",
    .synopsis = "FILE.csv",
    .operand = CLI_OPERAND_FILES,
    .least = 1,
    .most = 1,
    .summary = "give images labels from a CSV table",
    .description = "Reads a table of comma-separated values. Its first line names the columns: the first is the "
                   "image's path, absolute or as seen from the table's folder, each other one is a label. A row "
                   "replaces the image's labels of these names; an empty field takes one away. A row of an image that "
                   "the store does not know is told and passed over. When a line is broken, or an image has two rows, "
                   "nothing is imported.\n\nLabels are for --where: see akin like --help.",
    .options = label_import_options,
    .examples = label_import_examples,
    .may_skip = true,
    .run = label_import_run};

/* ---- list ---- */

typedef struct label_listing {
  FILE *out;
  cli_format format;
  uint64_t told;
  akin_error err; /* of writing */
} label_listing;

static akin_status label_name_json(label_listing *l, const char *name, uint64_t images) {
  fputs("{\"label\": ", l->out);
  akin_status status = akin_json_string(l->out, name, &l->err);
  fprintf(l->out, ", \"images\": %" PRIu64 "}\n", images);
  return status;
}

static akin_status label_visit_name(void *context, const char *name, uint64_t images) {
  label_listing *l = context;
  akin_status status;
  if (l->format == CLI_FORMAT_JSON) {
    status = label_name_json(l, name, images);
  } else if (l->format == CLI_FORMAT_CSV) {
    fputs(l->told ? "" : "label,images\n", l->out);
    status = akin_csv_text(l->out, '\0', name, &l->err);
    fprintf(l->out, ",%" PRIu64 "\n", images);
  } else {
    fprintf(l->out, "%8" PRIu64 "  ", images);
    status = akin_line_text(l->out, name, &l->err);
    fputs("\n", l->out);
  }
  l->told++;
  return status;
}

static akin_status label_value_json(label_listing *l, const char *path, const char *value) {
  fputs("{", l->out);
  akin_status status = akin_json_path(l->out, "image", path, &l->err);
  fputs(", \"value\": ", l->out);
  if (!status) status = akin_json_string(l->out, value, &l->err);
  fputs("}\n", l->out);
  return status;
}

static akin_status label_value_table(label_listing *l, const char *path, const char *value) {
  akin_status status = akin_line_text(l->out, value, &l->err);
  fputs("  ", l->out);
  if (!status) status = akin_line_text(l->out, path, &l->err);
  fputs("\n", l->out);
  return status;
}

static akin_status label_visit_value(void *context, const char *path, const char *value) {
  label_listing *l = context;
  if (l->format == CLI_FORMAT_JSON) return label_value_json(l, path, value);
  if (l->format != CLI_FORMAT_CSV) return label_value_table(l, path, value);
  akin_status status = akin_csv_text(l->out, '\0', path, &l->err);
  if (!status) status = akin_csv_text(l->out, ',', value, &l->err);
  fputs("\n", l->out);
  return status;
}

/* name NULL: the names. */
static int label_tell(akin_store *store, label_listing *l, const char *name) {
  akin_error err = {AKIN_OK, ""};
  akin_status status = AKIN_OK;
  if (name && l->format == CLI_FORMAT_CSV) { /* as label import reads it */
    fputs("path", l->out);
    status = akin_csv_text(l->out, ',', name, &l->err);
    fputs("\n", l->out);
  }
  if (!status) {
    status = name ? akin_store_labels(store, name, label_visit_value, l, &err)
                  : akin_store_label_names(store, label_visit_name, l, &err);
  }
  if (status) return cli_fail(status, l->err.code ? &l->err : &err);
  if (!name && l->told == 0) cli_note(CLI_YELLOW, "note", "no image has a label: akin label import FILE.csv");
  return CLI_DONE;
}

static int label_list_run(const cli_settings *s) {
  akin_store *store = NULL;
  cli_result result = {0};
  int code = cli_store_open(&store, s, 0);
  if (code == CLI_DONE) code = cli_result_open(&result, s->output);
  if (code == CLI_DONE) {
    label_listing listing = {.out = result.file, .format = s->format, .err = {AKIN_OK, ""}};
    code = label_tell(store, &listing, s->operands.count ? s->operands.items[0] : NULL);
  }
  code = cli_result_close(&result, code);
  akin_store_close(store);
  return code;
}

static const cli_option *const label_list_options[] = {&cli_option_format, &cli_option_output, &cli_option_store,
                                                       &cli_option_quiet, NULL};
static const cli_example label_list_examples[] = {
    {"akin label list", "which labels there are, and how many images have them"},
    {"akin label list price --format csv -o prices.csv", "a table that akin label import reads"},
    {NULL, NULL}};

const cli_command cli_label_list = {.name = "label list",
                                    .synopsis = "[NAME]",
                                    .operand = CLI_OPERAND_NONE,
                                    .most = 1,
                                    .summary = "show which labels there are, or the values of one",
                                    .description = "Without a name: the labels, and how many images have each. With "
                                                   "one: its value for every image that has it, in order of path.",
                                    .formats = "table|json|csv",
                                    .options = label_list_options,
                                    .examples = label_list_examples,
                                    .run = label_list_run};

/* ---- remove ---- */

static int label_remove_run(const cli_settings *s) {
  akin_error err;
  akin_store *store = NULL;
  uint64_t removed = 0;
  char count[CLI_NUMBER_TEXT];
  const char *name = s->operands.items[0];
  int code = cli_store_open(&store, s, 0);
  if (code == CLI_DONE) {
    akin_status status = akin_store_remove_labels(store, name, &removed, &err);
    if (status)
      code = cli_fail(status, &err);
    else
      cli_note(CLI_GREEN, "removed", "%s of %s %s", name, cli_count_text(count, removed),
               removed == 1 ? "image" : "images");
  }
  akin_store_close(store);
  return code;
}

static const cli_option *const label_remove_options[] = {&cli_option_store, &cli_option_quiet, NULL};
static const cli_example label_remove_examples[] = {{"akin label remove price", "no image has a price any more"},
                                                    {NULL, NULL}};

const cli_command cli_label_remove = {.name = "label remove",
                                      .synopsis = "NAME",
                                      .operand = CLI_OPERAND_NONE,
                                      .least = 1,
                                      .most = 1,
                                      .summary = "take a label away from all images",
                                      .description = "Removes all values of one label; other labels stay.",
                                      .options = label_remove_options,
                                      .examples = label_remove_examples,
                                      .run = label_remove_run};
