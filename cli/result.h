/* result.h - where an answer goes: standard output, or a file that appears as a whole (-o). */
#ifndef AKIN_CLI_RESULT_H
#define AKIN_CLI_RESULT_H

#include <akin/report.h>
#include <stdio.h>

typedef struct cli_result {
  FILE *file;
  akin_output *output; /* NULL: standard output */
  const char *path;    /* borrowed; NULL: standard output */
} cli_result;

/* path NULL or "-": standard output. Returns an exit code; a message has been printed when it is not CLI_DONE. */
int cli_result_open(cli_result *result, const char *path);
/* code: how the command went so far. A failed or interrupted one leaves no file. Returns the exit code now, also for a
 * result that was never opened. */
int cli_result_close(cli_result *result, int code);

#endif
