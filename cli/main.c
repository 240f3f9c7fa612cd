/* main.c - the program akin: finds the command, runs it, and ends with its exit code. */
#include "help.h"
#include "messages.h"
#include "parse.h"
#include "result.h"
#include "signals.h"

#include <locale.h>

/* Help was asked for, or there is a command to run. */
static int main_run(const cli_settings *settings, const cli_command *command, const char *family) {
  cli_result out;
  if (!settings->help) return command->run(settings);
  cli_result_open(&out, NULL);
  if (command)
    cli_help_command(out.file, command);
  else
    cli_help_overview(out.file, family);
  return cli_result_close(&out, CLI_DONE);
}

int main(int argc, char **argv) {
  cli_settings settings;
  const cli_command *command = NULL;
  const char *family = NULL;
  setlocale(LC_CTYPE, "");
  setvbuf(stderr, NULL, _IOLBF, BUFSIZ);
  cli_signals_pipe();
  int code = cli_parse(&settings, &command, &family, argc, argv);
  cli_be_quiet(settings.quiet);
  if (code == CLI_DONE) code = main_run(&settings, command, family);
  cli_list_free(&settings.operands);
  cli_list_free(&settings.unlike);
  cli_signals_finish();
  return code;
}
