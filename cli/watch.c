/* watch.c - see watch.h. */
#include "watch.h"
#include "messages.h"
#include "progress.h"
#include "signals.h"

#include <stdio.h>

#define WATCH_PATIENCE 1.0 /* seconds before the line appears */
#define WATCH_PAUSE    0.2 /* seconds between two of them */

static void watch_show(void *context, double share) {
  cli_watch *watch = context;
  char left[CLI_NUMBER_TEXT];
  const double now = cli_seconds(), past = now - watch->began;
  if (watch->quiet || past < WATCH_PATIENCE || now - watch->last < WATCH_PAUSE || !cli_on_terminal()) return;
  watch->last = now;
  watch->drawn = true;
  fprintf(stderr, "\r\x1b[K%s: %.0f %%, %s left", watch->what, 100 * share,
          cli_duration_text(left, share > 0 ? past / share - past : 0));
  fflush(stderr);
}

static int watch_cancels(void *context) {
  (void)context;
  return cli_interrupted();
}

void cli_watch_begin(cli_watch *watch, akin_store *store, const char *what, bool quiet) {
  const akin_watch calls = {watch_show, watch_cancels, watch};
  *watch = (cli_watch){.what = what, .quiet = quiet, .began = cli_seconds()};
  akin_store_watch(store, &calls);
}

void cli_watch_started(cli_watch *watch) {
  watch->began = cli_seconds();
}

void cli_watch_clear(cli_watch *watch) {
  if (watch->drawn) fputs("\r\x1b[K", stderr);
  watch->drawn = false;
}
