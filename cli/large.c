/* large.c - see large.h. */
#include "large.h"
#include "messages.h"
#include "options.h"

#include <akin/report.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Yes only when the answer begins with it. */
static bool large_asked(const char *size) {
  char answer[16];
  fprintf(stderr, "Write %s? [y/N] ", size);
  fflush(stderr);
  return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

int cli_large_agree(const cli_large *large) {
  char size[CLI_NUMBER_TEXT], duration[CLI_NUMBER_TEXT];
  akin_error err;
  cli_bytes_text(size, large->bytes);
  cli_duration_text(duration, large->seconds < 1 ? 1 : large->seconds);
  const bool ask = large->bytes > CLI_LARGE_ASKED && !large->yes;
  if (ask && !(isatty(STDIN_FILENO) && isatty(STDERR_FILENO))) {
    cli_error("%s take %s, about %s: say --yes to write them", large->what, size, duration);
    return CLI_FAILED;
  }
  if (large->bytes >= CLI_LARGE_TOLD) cli_note(CLI_PLAIN, NULL, "%s: %s, about %s", large->what, size, duration);
  if (large->path && strcmp(large->path, "-") != 0) {
    akin_status status = akin_output_room(large->path, large->bytes, &err);
    if (status) return cli_fail(status, &err);
  }
  if (ask && !large_asked(size)) {
    cli_error("nothing was written");
    return CLI_FAILED;
  }
  return CLI_DONE;
}
