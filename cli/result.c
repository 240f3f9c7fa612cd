/* result.c - see result.h. */
#include "result.h"
#include "messages.h"
#include "options.h"
#include "signals.h"

#include <errno.h>
#include <string.h>

int cli_result_open(cli_result *result, const char *path) {
  akin_error err;
  *result = (cli_result){.file = stdout};
  if (!path || strcmp(path, "-") == 0) return CLI_DONE;
  cli_signals_catch(); /* so that the temporary file does not stay */
  akin_status status = akin_output_open(&result->output, path, &err);
  if (status) {
    result->file = NULL;
    return cli_fail(status, &err);
  }
  result->path = path;
  result->file = akin_output_file(result->output);
  return CLI_DONE;
}

static int result_flush(int code) {
  errno = 0;
  if (fflush(stdout) == 0 && !ferror(stdout)) return code;
  if (code != CLI_FAILED) cli_error("standard output: cannot write: %s", cli_errno_text(errno ? errno : EIO));
  return CLI_FAILED;
}

int cli_result_close(cli_result *result, int code) {
  akin_error err;
  akin_output *output = result->output;
  const bool usable = (code == CLI_DONE || code == CLI_SKIPPED) && !cli_interrupted();
  if (!output) return result->file ? result_flush(code) : code;
  result->output = NULL;
  result->file = NULL;
  if (!usable) {
    akin_output_discard(output);
    return code;
  }
  akin_status status = akin_output_commit(output, &err);
  if (status) return cli_fail(status, &err);
  cli_note(CLI_GREEN, "wrote", "%s", result->path);
  return code;
}
