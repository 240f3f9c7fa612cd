/* labelled.h - numbers as FILE.npy and, beside it, FILE.json: the model and the paths in row order. */
#ifndef AKIN_CLI_LABELLED_H
#define AKIN_CLI_LABELLED_H

#include "lists.h"
#include "result.h"

#include <stdint.h>

typedef struct cli_labelled {
  cli_result numbers, labels;
  cli_list paths;
  uint64_t columns;
  akin_status status; /* of the first row that could not be written */
  akin_error err;     /* and why */
} cli_labelled;

/* Opens both. Returns an exit code, with a message printed when it is not CLI_DONE. */
int cli_labelled_open(cli_labelled *labelled, const char *path);
/* One row; the first one says how many columns there are. The failure is kept in labelled. */
akin_status cli_labelled_row(cli_labelled *labelled, const char *path, const float *values, uint64_t columns);
/* Finishes both files; code: how the command went so far; returns the exit code now. */
int cli_labelled_close(cli_labelled *labelled, const char *model, int code);

#endif
