/* watch.h - how far long work is: on a terminal one line that is drawn again and again; Ctrl-C stops the work. */
#ifndef AKIN_CLI_WATCH_H
#define AKIN_CLI_WATCH_H

#include <akin/store.h>
#include <stdbool.h>

typedef struct cli_watch {
  const char *what; /* "comparing" */
  bool quiet;
  bool drawn;         /* the line is on the screen */
  double began, last; /* seconds; last: when the line was drawn */
} cli_watch;

/* From now on `watch` follows what akin_store_watch says. what: borrowed */
void cli_watch_begin(cli_watch *watch, akin_store *store, const char *what, bool quiet);
/* The time that is left is counted from here. */
void cli_watch_started(cli_watch *watch);
/* Takes the line away; before anything else is printed. It comes again by itself. */
void cli_watch_clear(cli_watch *watch);

#endif
