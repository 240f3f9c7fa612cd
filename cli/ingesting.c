/* ingesting.c - see ingesting.h. */
#include "ingesting.h"
#include "messages.h"
#include "opened.h"
#include "signals.h"

/* Skipped images that are named without --verbose. */
#define INGESTING_NAMED 20

static void ingesting_on_progress(void *context, const akin_progress *progress) {
  cli_ingesting *view = context;
  cli_progress_show(&view->progress, progress);
}

static void ingesting_on_skipped(void *context, const char *path, const char *reason) {
  cli_ingesting *view = context;
  view->skipped++;
  if (!view->verbose && view->skipped > INGESTING_NAMED) return;
  cli_progress_clear(&view->progress);
  cli_tell_skipped(path, reason);
}

static void ingesting_on_note(void *context, const char *line) {
  cli_ingesting *view = context;
  cli_progress_clear(&view->progress);
  cli_note(CLI_YELLOW, "note", "%s", line);
}

static int ingesting_should_cancel(void *context) {
  (void)context;
  return cli_interrupted();
}

void cli_ingesting_begin(cli_ingesting *view, akin_ingest_options *options, const cli_settings *settings) {
  *view = (cli_ingesting){.verbose = settings->verbose};
  cli_progress_begin(&view->progress, settings->quiet);
  options->jobs = settings->jobs ? (uint32_t)settings->jobs : akin_cores();
  options->on_progress = ingesting_on_progress;
  options->on_skipped = ingesting_on_skipped;
  options->on_note = ingesting_on_note;
  options->should_cancel = ingesting_should_cancel;
  options->context = view;
  cli_signals_catch();
}

void cli_ingesting_end(cli_ingesting *view) {
  char count[CLI_NUMBER_TEXT];
  cli_progress_clear(&view->progress);
  if (!view->verbose && view->skipped > INGESTING_NAMED) {
    cli_note(CLI_PLAIN, NULL, "... and %s more: akin status --skipped names them",
             cli_count_text(count, view->skipped - INGESTING_NAMED));
  }
}
