/* weighted.h - names of images with weights behind them: "shoe.jpg:0.7". */
#ifndef AKIN_CLI_WEIGHTED_H
#define AKIN_CLI_WEIGHTED_H

#include "lists.h"

typedef struct cli_weighted {
  cli_list names; /* without the weights */
  float *weights; /* one a name; NULL: none was given */
} cli_weighted;

/* Takes the weights off the names; where others have one, a name without has `usual`. A file that is really called so
 * stays. False, with a message printed, when memory is short; freed in any case. */
bool cli_weighted_split(cli_weighted *out, const cli_list *names, float usual);
void cli_weighted_free(cli_weighted *weighted);

#endif
