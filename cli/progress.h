/*
 * progress.h - how far an ingest is: on a terminal one line that is drawn again and again, elsewhere a plain line every
 * few seconds.
 */
#ifndef AKIN_CLI_PROGRESS_H
#define AKIN_CLI_PROGRESS_H

#include <akin/store.h>
#include <stdbool.h>

typedef struct cli_progress {
  bool quiet;
  const char *of; /* what is worked on, in front of the line; NULL: nothing is said */
  bool terminal;
  bool drawn;        /* the line is on the screen */
  double last_plain; /* seconds into the ingest */
} cli_progress;

/* Seconds since some moment; they do not jump. */
double cli_seconds(void);

void cli_progress_begin(cli_progress *progress, bool quiet);
void cli_progress_show(cli_progress *progress, const akin_progress *now);
void cli_progress_clear(cli_progress *progress); /* before anything else is printed, and at the end */

/* "2,000 images: 1,990 new, 10 unchanged, 12.1 s, 165 images/s". */
void cli_progress_summary(char *out, size_t room, const akin_progress *total);

#endif
