/* cmd_model.c - akin model: list, inspect, export, remove. */
#include "commands.h"
#include "messages.h"
#include "opened.h"
#include "result.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define MODEL_LIST_TEXT 512 /* of a description, at most */

/* ---- list ---- */

typedef struct model_list_work {
  FILE *out;
  cli_format format;
  bool all;    /* the table shows variants that are not imported, too */
  size_t room; /* columns of the table for what a model is; SIZE_MAX: any number */
  uint64_t count, hidden;
  akin_status status; /* of the first model that could not be written */
  akin_error err;     /* and why */
} model_list_work;

static akin_status model_list_json(model_list_work *work, const akin_model_entry *e) {
  FILE *out = work->out;
  akin_error *err = &work->err;
  fprintf(out, "%s{\"name\": ", work->count ? ", " : "");
  akin_status status = akin_json_string(out, e->name, err);
  fputs(", \"description\": ", out);
  if (!status) status = akin_json_string(out, e->description, err);
  fputs(", \"licence\": ", out);
  if (!status) status = akin_json_string(out, e->licence, err);
  if (!status && e->variant_of[0]) {
    fputs(", \"variant_of\": ", out);
    status = akin_json_string(out, e->variant_of, err);
  }
  fprintf(out, ", \"width\": %u, \"height\": %u, \"imported\": %s", e->width, e->height,
          e->imported ? "true" : "false");
  if (e->damaged) fputs(", \"damaged\": true", out);
  if (e->dim) fprintf(out, ", \"dim\": %u, \"weights\": %" PRIu64, e->dim, e->parameters);
  if (e->imported) fprintf(out, ", \"bytes\": %" PRIu64, e->bytes);
  if (e->milliseconds > 0) fprintf(out, ", \"milliseconds\": %.3f", e->milliseconds);
  fputs("}", out);
  work->count++;
  return status;
}

static const char *model_list_state(const akin_model_entry *e, const char *absent) {
  return e->imported ? "yes" : e->damaged ? "damaged" : absent;
}

static akin_status model_list_csv(model_list_work *work, const akin_model_entry *e) {
  FILE *out = work->out;
  if (work->count == 0)
    fputs("name,imported,dim,weights,width,height,bytes,milliseconds,licence,description,variant_of\n", out);
  akin_status status = akin_csv_text(out, '\0', e->name, &work->err);
  fprintf(out, ",%s,%u,%" PRIu64 ",%u,%u,%" PRIu64 ",", model_list_state(e, "no"), e->dim, e->parameters, e->width,
          e->height, e->bytes);
  if (e->milliseconds > 0) fprintf(out, "%.3f", e->milliseconds);
  if (!status) status = akin_csv_text(out, ',', e->licence, &work->err);
  if (!status) status = akin_csv_text(out, ',', e->description, &work->err);
  if (!status) status = akin_csv_text(out, ',', e->variant_of, &work->err);
  fputc('\n', out);
  work->count++;
  return status;
}

/* "18.6 MB", of a card what its numbers will take; "10.7 ms" … "-": not known. */
static void model_list_figures(FILE *out, const akin_model_entry *e) {
  char text[CLI_NUMBER_TEXT];
  const uint64_t bytes = e->imported ? e->bytes : e->parameters * sizeof(float);
  fprintf(out, "%5s", e->dim ? cli_count_text(text, e->dim) : "-");
  fprintf(out, " %8s", bytes ? cli_bytes_text(text, bytes) : "-");
  snprintf(text, sizeof text, "%.*f", e->milliseconds < 1 ? 2 : e->milliseconds < 10 ? 1 : 0, e->milliseconds);
  fprintf(out, " %8s", e->milliseconds > 0 ? text : "-");
  snprintf(text, sizeof text, "%ux%u", e->width, e->height);
  fprintf(out, " %7s", e->width ? text : "-");
}

/* The longest name; of those that are shown without --all. */
static int model_list_name_width(bool all) {
  return all ? 38 : 24;
}

/* So many columns as a terminal has left, so that a network is one line on it. */
static size_t model_list_room(bool all) {
  const size_t columns = cli_terminal_columns(STDOUT_FILENO), others = (size_t)model_list_name_width(all) + 56;
  return columns == 0 ? SIZE_MAX : columns > others ? columns - others : 0;
}

/* Cut where the room ends; a character of several bytes is one column. */
static akin_status model_list_description(model_list_work *work, const char *text) {
  char cut[MODEL_LIST_TEXT];
  size_t columns = 0, n = 0;
  for (; text[n] && n < sizeof cut - 1; n++) {
    columns += ((unsigned char)text[n] & 0xC0) != 0x80;
    if (columns > work->room) break;
    cut[n] = text[n];
  }
  cut[n] = '\0';
  return akin_line_text(work->out, cut, &work->err);
}

static akin_status model_list_table(model_list_work *work, const akin_model_entry *e) {
  const int width = model_list_name_width(work->all);
  if (!work->all && !e->imported && !e->damaged && e->variant_of[0]) {
    work->hidden++;
    return AKIN_OK;
  }
  if (work->count == 0)
    fprintf(work->out, "%-*s %-8s %5s %8s %8s %7s  %-12s %s\n", width, "name", "imported", "dim", "size", "ms/image",
            "input", "licence", work->room >= strlen("description") ? "description" : "");
  fprintf(work->out, "%-*s %-8s ", width, e->name, model_list_state(e, "-"));
  model_list_figures(work->out, e);
  fprintf(work->out, "  %-12s ", e->licence);
  akin_status status = model_list_description(work, e->description);
  fputc('\n', work->out);
  work->count++;
  return status;
}

static akin_status model_list_visit(void *context, const akin_model_entry *entry) {
  model_list_work *work = context;
  work->status = work->format == CLI_FORMAT_JSON  ? model_list_json(work, entry)
                 : work->format == CLI_FORMAT_CSV ? model_list_csv(work, entry)
                                                  : model_list_table(work, entry);
  return work->status;
}

static int model_list_run(const cli_settings *s) {
  akin_error err;
  cli_result result;
  int code = cli_result_open(&result, NULL);
  model_list_work work = {.out = result.file, .format = s->format, .all = s->all, .room = model_list_room(s->all)};
  const bool json = s->format == CLI_FORMAT_JSON;
  fputs(json ? "{\"models\": [" : "", work.out);
  akin_status status = akin_model_list(NULL, model_list_visit, &work, &err);
  fputs(json ? "]}\n" : "", work.out);
  if (!status && work.hidden)
    fprintf(work.out, "and %" PRIu64 " others (widths, sizes, torchvision's, without the last layers): --all\n",
            work.hidden);
  if (status) code = cli_fail(status, work.status ? &work.err : &err);
  return cli_result_close(&result, code);
}

static const cli_option model_all = {'a',
                                     "all",
                                     NULL,
                                     CLI_FLAG,
                                     offsetof(cli_settings, all),
                                     0,
                                     0,
                                     NULL,
                                     "in the table, too: every width and size of a network, torchvision's "
                                     "where Keras has it, and those without their last layers"};
static const cli_option *const model_list_options[] = {&model_all, &cli_option_format, NULL};
static const cli_example model_list_examples[] = {{"akin model list", "what is imported, and what could be"},
                                                  {NULL, NULL}};

const cli_command cli_model_list = {
    .name = "model list",
    .synopsis = "",
    .summary = "the models that are known, and those that are imported",
    .description =
        "Lists every network that akin has a card of and every imported model: the length of its features, its size on "
        "disk (of one that is not imported: what it will take; - where only its ONNX file tells), the milliseconds of "
        "an image on one core of this machine, for the network alone, as measured when it was imported or last "
        "suggested, its input and its licence. NAME-notop is NAME without the last layers, for weights that were "
        "saved so.",
    .formats = "table|json|csv",
    .options = model_list_options,
    .examples = model_list_examples,
    .run = model_list_run};

/* ---- inspect ---- */

static int model_inspect_run(const cli_settings *s) {
  akin_error err;
  akin_model *model = NULL;
  cli_result result = {0};
  cli_settings named = *s;
  named.model = s->operands.items[0];
  int code = cli_model_open(&model, &named, 0, false);
  if (code == CLI_DONE) code = cli_result_open(&result, NULL);
  if (code == CLI_DONE) {
    akin_status status = akin_model_describe(model, result.file, s->format == CLI_FORMAT_JSON, &err);
    if (status) code = cli_fail(status, &err);
  }
  code = cli_result_close(&result, code);
  akin_model_free(model);
  return code;
}

static const cli_option *const model_inspect_options[] = {
    &cli_option_format, &cli_option_layer, &cli_option_pooling, &cli_option_preprocess, &cli_option_precision, NULL};
static const cli_example model_inspect_examples[] = {
    {"akin model inspect efficientnet-lite0", "its layers, and which one gives the feature"},
    {"akin model inspect efficientnet-lite0 --layer -3", "the same, had this layer been chosen"},
    {NULL, NULL}};

const cli_command cli_model_inspect = {
    .name = "model inspect",
    .synopsis = "NAME",
    .operand = CLI_OPERAND_MODEL,
    .least = 1,
    .most = 1,
    .summary = "what a model is: layers, preprocessing, origin, licence",
    .description = "Shows an imported model: its layers with their shapes, the feature layer and the rule that chose "
                   "it, how images are prepared, where the weights come from, licence and fingerprint.",
    .formats = "table|json",
    .options = model_inspect_options,
    .examples = model_inspect_examples,
    .run = model_inspect_run};

/* ---- export ---- */

static int model_export_run(const cli_settings *s) {
  akin_error err;
  akin_model *model = NULL;
  const char *path = s->operands.items[0];
  int code = cli_model_open(&model, s, 0, false);
  if (code == CLI_DONE) {
    akin_status status = akin_model_export_onnx(model, path, s->whole, &err);
    if (status)
      code = cli_fail(status, &err);
    else
      cli_note(CLI_GREEN, "wrote", "%s", path);
  }
  akin_model_free(model);
  return code;
}

static const cli_option model_whole = {0,
                                       "whole",
                                       NULL,
                                       CLI_FLAG,
                                       offsetof(cli_settings, whole),
                                       0,
                                       0,
                                       NULL,
                                       "up to the class scores, not only to the feature layer"};
static const cli_option *const model_export_options[] = {
    &model_whole, &cli_option_model, &cli_option_layer, &cli_option_pooling, &cli_option_store, &cli_option_quiet,
    NULL};
static const cli_example model_export_examples[] = {
    {"akin model export lite0.onnx --model efficientnet-lite0", "for any other tool that runs ONNX"}, {NULL, NULL}};

const cli_command cli_model_export = {.name = "model export",
                                      .synopsis = "FILE.onnx",
                                      .operand = CLI_OPERAND_FILES,
                                      .least = 1,
                                      .most = 1,
                                      .summary = "write a model as one ONNX file",
                                      .description =
                                          "Writes the network with its weights as ONNX, cut at the feature layer.",
                                      .options = model_export_options,
                                      .examples = model_export_examples,
                                      .run = model_export_run};

/* ---- remove ---- */

static int model_remove_run(const cli_settings *s) {
  akin_error err;
  akin_status status = akin_model_delete(NULL, s->operands.items[0], &err);
  if (status) return cli_fail(status, &err);
  cli_note(CLI_GREEN, "removed", "%s; stores keep its features", s->operands.items[0]);
  return CLI_DONE;
}

static const cli_option *const model_remove_options[] = {&cli_option_quiet, NULL};
static const cli_example model_remove_examples[] = {{"akin model remove efficientnet-lite2", "frees its disk space"},
                                                    {NULL, NULL}};

const cli_command cli_model_remove = {
    .name = "model remove",
    .synopsis = "NAME",
    .operand = CLI_OPERAND_MODEL,
    .least = 1,
    .most = 1,
    .summary = "take an imported model away",
    .description = "Removes the model's folder. Features that stores hold of it stay, and stored images can still be "
                   "asked about; new ones cannot be added until it is imported again.",
    .options = model_remove_options,
    .examples = model_remove_examples,
    .run = model_remove_run};
