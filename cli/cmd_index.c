/* cmd_index.c - akin index: brings the store up to date with folders and files. */
#include "commands.h"
#include "ingesting.h"
#include "messages.h"
#include "opened.h"

#include <akin/store.h>
#include <string.h>

static void index_tell(const akin_progress *total, akin_status status) {
  char summary[512];
  cli_progress_summary(summary, sizeof summary, total);
  if (status == AKIN_ERROR_CANCELLED)
    cli_note(CLI_YELLOW, "stopped", "after %s; the same command goes on from here", summary);
  else if (!status)
    cli_note(CLI_PLAIN, NULL, "%s", summary);
}

static akin_graph_vectors index_graph_vectors(const char *name) {
  if (!name) return AKIN_GRAPH_DEFAULT;
  return strcmp(name, "i8") == 0 ? AKIN_GRAPH_I8 : strcmp(name, "f16") == 0 ? AKIN_GRAPH_F16 : AKIN_GRAPH_F32;
}

static int index_ingest(akin_store *store, akin_model *model, const cli_settings *s) {
  akin_error err;
  akin_progress total = {0};
  cli_ingesting view;
  akin_ingest_options options = AKIN_INGEST_OPTIONS_INIT;
  options.prune = s->prune;
  options.retry = s->retry || s->max_bytes || s->max_pixels; /* new limits are for those that the old ones refused */
  options.graph_vectors = index_graph_vectors(s->graph_vectors);
  const int code = cli_search(&options.search, &cli_index, s);
  if (code != CLI_DONE) return code;
  cli_ingesting_begin(&view, &options, s);
  akin_status status =
      akin_store_ingest(store, model, cli_list_items(&s->operands), s->operands.count, &options, &total, &err);
  cli_ingesting_end(&view);
  index_tell(&total, status);
  if (status) return cli_fail(status, &err);
  return total.skipped > 0 ? CLI_SKIPPED : CLI_DONE;
}

static int index_run(const cli_settings *s) {
  akin_store *store = NULL;
  akin_model *model = NULL;
  const uint32_t jobs = s->jobs ? (uint32_t)s->jobs : akin_cores();
  int code = cli_model_open(&model, s, jobs, true);
  if (code == CLI_DONE) code = cli_store_open(&store, s, 1);
  if (code == CLI_DONE) code = index_ingest(store, model, s);
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
static const cli_option index_approximate = {0,
                                             "approximate",
                                             NULL,
                                             CLI_FLAG,
                                             offsetof(cli_settings, approximate),
                                             0,
                                             0,
                                             NULL,
                                             "prepare approximate search also for fewer than 100,000 images"};
static const cli_option index_exact = {0,
                                       "exact",
                                       NULL,
                                       CLI_FLAG,
                                       offsetof(cli_settings, exact),
                                       0,
                                       0,
                                       NULL,
                                       "prepare no approximate search, and delete what there is of it"};
static const cli_option index_graph = {0,
                                       "graph-vectors",
                                       "TYPE",
                                       CLI_CHOICE,
                                       offsetof(cli_settings, graph_vectors),
                                       0,
                                       0,
                                       "i8|f16|f32",
                                       "numbers that approximate search finds its way by: i8, f16 or f32 (default: "
                                       "those it has, else i8)"};
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

static const cli_option *const index_options[] = {&cli_option_model,
                                                  &cli_option_store,
                                                  &cli_option_jobs,
                                                  &index_retry,
                                                  &index_prune,
                                                  &index_approximate,
                                                  &index_exact,
                                                  &index_graph,
                                                  &cli_option_files_from,
                                                  &cli_option_null,
                                                  &cli_option_layer,
                                                  &cli_option_pooling,
                                                  &cli_option_preprocess,
                                                  &cli_option_precision,
                                                  &cli_option_max_bytes,
                                                  &cli_option_max_pixels,
                                                  &cli_option_quiet,
                                                  &cli_option_verbose,
                                                  NULL};

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
        "Brings the store up to date with folders and files. Folders are searched through and through. What "
        "has not changed costs nothing, a renamed or copied image no computation, and images that were "
        "deleted under the given folders leave the store. It is safe to interrupt: the next run goes on "
        "where this one stopped.\n\nAn image that cannot be read is skipped and named with the "
        "reason.\n\nFrom 100,000 images on, approximate search is prepared at the end. A run's first question looks "
        "at all images; each further one (akin recommend A B ...), and akin like --approximate, is then "
        "answered many times faster, with the same scores, but a few of the best images may be missing. How "
        "many are found is measured, and kept at 98 of 100 at least: akin status says it.",
    .options = index_options,
    .examples = index_examples,
    .may_skip = true,
    .run = index_run};
