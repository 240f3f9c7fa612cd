/* cmd_status.c - akin status: what is in the store. */
#include "commands.h"
#include "messages.h"
#include "opened.h"
#include "parse.h"
#include "result.h"

#include <inttypes.h>

/* ---- the store ---- */

/* Rounded down, so that 1000 means all. Whole numbers look the same in every language. */
static unsigned status_per_thousand(float part) {
  return (unsigned)(part * 1000.0f);
}

static void status_graph_json(FILE *out, const akin_status_model *model) {
  const unsigned found = status_per_thousand(model->graph_recall);
  if (!model->graph_vectors) return;
  fprintf(out,
          ", \"approximate\": {\"features\": %" PRIu64 ", \"vectors\": \"%s\", \"recall\": %u.%03u, \"sampled\": %u}",
          model->graph_features, model->graph_vectors, found / 1000, found % 1000, model->graph_sampled);
}

static akin_status status_models_json(FILE *out, const akin_summary *summary, akin_error *err) {
  akin_status status = AKIN_OK;
  fputs("\"models\": [", out);
  for (size_t i = 0; !status && i < summary->model_count; i++) {
    const akin_status_model *model = &summary->models[i];
    fprintf(out, "%s{\"name\": ", i ? ", " : "");
    status = akin_json_string(out, model->name, err);
    fprintf(out, ", \"fingerprint\": \"%s\", \"dim\": %u, \"features\": %" PRIu64, model->fingerprint, model->dim,
            model->features);
    status_graph_json(out, model);
    fputs("}", out);
  }
  fputs("], ", out);
  return status;
}

static akin_status status_roots_json(FILE *out, const akin_summary *summary, akin_error *err) {
  akin_status status = AKIN_OK;
  fputs("\"roots\": [", out);
  for (size_t i = 0; !status && i < summary->root_count; i++) {
    const akin_status_root *root = &summary->roots[i];
    fputs(i ? ", {" : "{", out);
    status = akin_json_path(out, "path", root->path, err);
    fprintf(out, ", \"images\": %" PRIu64 ", \"present\": %s}", root->images, root->present ? "true" : "false");
  }
  fputs("]}\n", out);
  return status;
}

static akin_status status_json(FILE *out, const akin_summary *summary, akin_error *err) {
  fputs("{", out);
  akin_status status = akin_json_path(out, "store", summary->folder, err);
  fprintf(out,
          ", \"images\": %" PRIu64 ", \"unreadable\": %" PRIu64 ", \"contents\": %" PRIu64
          ", \"database_bytes\": %" PRIu64 ", \"cache_bytes\": %" PRIu64 ", ",
          summary->images, summary->unreadable, summary->contents, summary->database_bytes, summary->cache_bytes);
  if (!status) status = status_models_json(out, summary, err);
  return status ? status : status_roots_json(out, summary, err);
}

static void status_graph_table(FILE *out, const akin_status_model *model) {
  char count[CLI_NUMBER_TEXT];
  const unsigned found = status_per_thousand(model->graph_recall);
  if (!model->graph_vectors) return;
  fprintf(out, "            approximate search: %s features as %s, finds %u.%u %% of the best 10\n",
          cli_count_text(count, model->graph_features), model->graph_vectors, found / 10, found % 10);
}

static akin_status status_table(FILE *out, const akin_summary *summary, akin_error *err) {
  char count[CLI_NUMBER_TEXT], bytes[CLI_NUMBER_TEXT];
  fputs("store       ", out);
  akin_status status = akin_line_text(out, summary->folder, err);
  fprintf(out, "\nimages      %s", cli_count_text(count, summary->images));
  fprintf(out, ", %s different\n", cli_count_text(count, summary->contents));
  if (summary->unreadable > 0)
    fprintf(out, "unreadable  %s (akin status --skipped)\n", cli_count_text(count, summary->unreadable));
  fprintf(out, "disk use    %s", cli_bytes_text(bytes, summary->database_bytes));
  fprintf(out, ", and %s that can be made again\n", cli_bytes_text(bytes, summary->cache_bytes));
  for (size_t i = 0; !status && i < summary->model_count; i++) {
    const akin_status_model *model = &summary->models[i];
    fputs(i ? "            " : "models      ", out);
    status = akin_line_text(out, model->name, err);
    fprintf(out, ": %s features of %u numbers, fingerprint %.12s\n", cli_count_text(count, model->features), model->dim,
            model->fingerprint);
    status_graph_table(out, model);
  }
  for (size_t i = 0; !status && i < summary->root_count; i++) {
    const akin_status_root *root = &summary->roots[i];
    fputs(i ? "            " : "folders     ", out);
    status = akin_line_text(out, root->path, err);
    fprintf(out, ": %s %s%s\n", cli_count_text(count, root->images), root->images == 1 ? "image" : "images",
            root->present ? "" : " (the folder is not there now)");
  }
  return status;
}

static int status_store(akin_store *store, cli_result *result, const cli_settings *s) {
  akin_error err;
  const akin_summary *summary = NULL;
  akin_status status = akin_store_summary(store, &summary, &err);
  if (!status) {
    status = s->format == CLI_FORMAT_JSON ? status_json(result->file, summary, &err)
                                          : status_table(result->file, summary, &err);
    akin_summary_free(summary);
  }
  return status ? cli_fail(status, &err) : CLI_DONE;
}

/* ---- the images that cannot be read ---- */

typedef struct status_skipped {
  const cli_settings *settings;
  FILE *out;
  akin_status status; /* of the first that could not be written */
  akin_error err;     /* and why */
} status_skipped;

static akin_status status_skipped_visit(void *context, const char *path, const char *reason) {
  status_skipped *work = context;
  akin_error *err = &work->err;
  if (work->settings->format == CLI_FORMAT_PATHS) {
    fputs(path, work->out);
    fputc(work->settings->print0 ? '\0' : '\n', work->out);
    return AKIN_OK;
  }
  const bool json = work->settings->format == CLI_FORMAT_JSON;
  fputs(json ? "{" : "", work->out);
  work->status = json ? akin_json_path(work->out, "image", path, err) : akin_line_text(work->out, path, err);
  fputs(json ? ", \"reason\": " : ": ", work->out);
  if (!work->status)
    work->status = json ? akin_json_string(work->out, reason, err) : akin_line_text(work->out, reason, err);
  fputs(json ? "}\n" : "\n", work->out);
  return work->status;
}

static int status_list_skipped(akin_store *store, cli_result *result, const cli_settings *s) {
  akin_error err;
  status_skipped work = {.settings = s, .out = result->file};
  akin_status status = akin_store_unreadable(store, status_skipped_visit, &work, &err);
  return status ? cli_fail(status, work.status ? &work.err : &err) : CLI_DONE;
}

static int status_run(const cli_settings *s) {
  akin_store *store = NULL;
  cli_result result = {0};
  if (s->format == CLI_FORMAT_PATHS && !s->skipped) {
    cli_error("status: paths are those of --skipped");
    return cli_usage_hint(&cli_status);
  }
  int code = cli_store_open(&store, s, 0);
  if (code == CLI_DONE) code = cli_result_open(&result, NULL);
  if (code == CLI_DONE) code = s->skipped ? status_list_skipped(store, &result, s) : status_store(store, &result, s);
  code = cli_result_close(&result, code);
  akin_store_close(store);
  return code;
}

static const cli_option status_option_skipped = {0,
                                                 "skipped",
                                                 NULL,
                                                 CLI_FLAG,
                                                 offsetof(cli_settings, skipped),
                                                 0,
                                                 0,
                                                 NULL,
                                                 "list the images that cannot be read, with the reason"};

static const cli_option *const status_options[] = {&status_option_skipped, &cli_option_format, &cli_option_print0,
                                                   &cli_option_store, NULL};

static const cli_example status_examples[] = {
    {"akin status", "images, models, folders and disk use"},
    {"akin status --skipped --print0 | xargs -0 file", "what are the unreadable ones?"},
    {NULL, NULL}};

const cli_command cli_status = {
    .name = "status",
    .synopsis = "",
    .summary = "what is in the store, and how much room it takes",
    .description = "Says how many images are in the store, of which folders, with features of which models, and how "
                   "much disk space that takes. The paths format is for --skipped.",
    .formats = "table|json|paths",
    .options = status_options,
    .examples = status_examples,
    .run = status_run};
