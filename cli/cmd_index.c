/* cmd_index.c - akin index: brings the store up to date with folders and files. */
#include "commands.h"
#include "messages.h"
#include "opened.h"
#include "progress.h"
#include "signals.h"

#include <akin/store.h>

/* Skipped images that are named without --verbose. */
#define INDEX_NAMED 20

typedef struct index_view {
  cli_progress progress;
  bool verbose;
  uint64_t skipped;
} index_view;

static void index_on_progress(void *context, const akin_progress *progress) {
  index_view *view = context;
  cli_progress_show(&view->progress, progress);
}

static void index_on_skipped(void *context, const char *path, const char *reason) {
  index_view *view = context;
  view->skipped++;
  if (!view->verbose && view->skipped > INDEX_NAMED) return;
  cli_progress_clear(&view->progress);
  cli_tell_skipped(path, reason);
}

static void index_on_note(void *context, const char *line) {
  index_view *view = context;
  cli_progress_clear(&view->progress);
  cli_note(CLI_YELLOW, "note", "%s", line);
}

static int index_should_cancel(void *context) {
  (void)context;
  return cli_interrupted();
}

static void index_tell(const index_view *view, const akin_progress *total, akin_status status) {
  char summary[512], count[CLI_NUMBER_TEXT];
  if (!view->verbose && view->skipped > INDEX_NAMED) {
    cli_note(CLI_PLAIN, NULL, "... and %s more: akin status --skipped names them",
             cli_count_text(count, view->skipped - INDEX_NAMED));
  }
  cli_progress_summary(summary, sizeof summary, total);
  if (status == AKIN_ERROR_CANCELLED)
    cli_note(CLI_YELLOW, "stopped", "after %s; the same command goes on from here", summary);
  else if (!status)
    cli_note(CLI_PLAIN, NULL, "%s", summary);
}

static int index_ingest(akin_store *store, akin_model *model, const cli_settings *s, uint32_t jobs) {
  akin_error err;
  akin_progress total = {0};
  index_view view = {.verbose = s->verbose};
  akin_ingest_options options = AKIN_INGEST_OPTIONS_INIT;
  cli_progress_begin(&view.progress, s->quiet);
  options.jobs = jobs;
  options.prune = s->prune;
  options.retry = s->retry || s->max_bytes || s->max_pixels; /* new limits are for those that the old ones refused */
  options.on_progress = index_on_progress;
  options.on_skipped = index_on_skipped;
  options.on_note = index_on_note;
  options.should_cancel = index_should_cancel;
  options.context = &view;
  cli_signals_catch();
  akin_status status =
      akin_store_ingest(store, model, cli_list_items(&s->operands), s->operands.count, &options, &total, &err);
  cli_progress_clear(&view.progress);
  index_tell(&view, &total, status);
  if (status) return cli_fail(status, &err);
  return total.skipped > 0 ? CLI_SKIPPED : CLI_DONE;
}

static int index_run(const cli_settings *s) {
  akin_store *store = NULL;
  akin_model *model = NULL;
  const uint32_t jobs = s->jobs ? (uint32_t)s->jobs : akin_cores();
  int code = cli_model_open(&model, s, jobs, true);
  if (code == CLI_DONE) code = cli_store_open(&store, s, 1);
  if (code == CLI_DONE) code = index_ingest(store, model, s, jobs);
  akin_store_close(store);
  akin_model_free(model);
  return code;
}

static const cli_option index_prune = {0,
                                       "prune",
                                       NULL,
                                       CLI_FLAG,
                                       offsetof(cli_settings, prune),
                                       0,
                                       0,
                                       NULL,
                                       "a folder that is missing or empty really is: its images leave the store"};
static const cli_option index_retry = {0,
                                       "retry",
                                       NULL,
                                       CLI_FLAG,
                                       offsetof(cli_settings, retry),
                                       0,
                                       0,
                                       NULL,
                                       "try images again that could not be read and have not changed (other limits "
                                       "do too)"};

static const cli_option *const index_options[] = {
    &cli_option_model,      &cli_option_store,      &cli_option_jobs,      &index_retry,
    &index_prune,           &cli_option_files_from, &cli_option_null,      &cli_option_layer,
    &cli_option_pooling,    &cli_option_preprocess, &cli_option_precision, &cli_option_max_bytes,
    &cli_option_max_pixels, &cli_option_quiet,      &cli_option_verbose,   NULL};

static const cli_example index_examples[] = {
    {"akin index ~/Pictures", "computes what is new or has changed, and forgets what was deleted"},
    {"find . -name '*.jpg' -print0 | akin index --files-from - -0", "takes names from another program"},
    {NULL, NULL}};

const cli_command cli_index = {
    .name = "index",
    .synopsis = "PHOTOS...",
    .operand = CLI_OPERAND_FILES,
    .least = 1,
    .most = SIZE_MAX,
    .summary = "compute the features of new and changed images",
    .description =
        "Brings the store up to date with folders and files. Folders are searched through and through. What has not "
        "changed costs nothing, a renamed or copied image no computation, and images that were deleted under the "
        "given folders leave the store. It is safe to interrupt: the next run goes on where this one stopped.\n\nAn "
        "image that cannot be read is skipped and named with the reason.",
    .options = index_options,
    .examples = index_examples,
    .may_skip = true,
    .run = index_run};
