/* large.h - an answer that may be very large: how large is said before it is made, and above a ceiling it is asked for.
 */
#ifndef AKIN_CLI_LARGE_H
#define AKIN_CLI_LARGE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct cli_large {
  const char *what; /* "20,000 x 20,000 scores" */
  const char *path; /* where it goes; NULL or "-": standard output */
  uint64_t bytes;   /* about */
  double seconds;   /* about, writing included */
  bool yes;         /* it was agreed to beforehand: --yes */
} cli_large;

#define CLI_LARGE_ASKED UINT64_C(10000000000) /* more is asked for */
#define CLI_LARGE_TOLD  UINT64_C(1000000)     /* less is not worth a word */

/* Says how large it is and how long it takes; checks that it fits on the disk; asks when it is very large, or, where
 * nobody can be asked, says what to do. Returns an exit code; a message has been printed when it is not CLI_DONE. */
int cli_large_agree(const cli_large *large);

#endif
