/* ingesting.h - an ingest as people see it: progress, skipped images, notes; Ctrl-C ends it cleanly. */
#ifndef AKIN_CLI_INGESTING_H
#define AKIN_CLI_INGESTING_H

#include "options.h"
#include "progress.h"

#include <akin/store.h>

typedef struct cli_ingesting {
  cli_progress progress;
  bool verbose;
  uint64_t skipped;
} cli_ingesting;

/* Sets jobs and callbacks of options; view is what they work with. */
void cli_ingesting_begin(cli_ingesting *view, akin_ingest_options *options, const cli_settings *settings);
/* Takes the progress off the screen, and counts the skipped images that were not named. */
void cli_ingesting_end(cli_ingesting *view);

#endif
