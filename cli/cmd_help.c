/* cmd_help.c - akin help and akin version. */
#include "commands.h"
#include "help.h"
#include "manual.h"
#include "parse.h"
#include "result.h"

#include <akin/status.h>

/* "akin help model import" has two operands, which are one name. */
static int help_command_named(FILE *out, const cli_list *words) {
  char name[128];
  const char *second = words->count > 1 ? words->items[1] : "";
  snprintf(name, sizeof name, "%s%s%s", words->items[0], second[0] ? " " : "", second);
  const cli_command *command = cli_command_find(name);
  if (command)
    cli_help_command(out, command);
  else if (cli_command_is_family(name))
    cli_help_overview(out, name);
  else
    return cli_no_command(name);
  return CLI_DONE;
}

static int help_run(const cli_settings *s) {
  cli_result result;
  int code = cli_result_open(&result, NULL);
  if (s->manual)
    cli_manual(result.file);
  else if (s->operands.count > 0)
    code = help_command_named(result.file, &s->operands);
  else
    cli_help_overview(result.file, NULL);
  return cli_result_close(&result, code);
}

static const cli_option help_manual = {
    0, "man", NULL, CLI_FLAG, offsetof(cli_settings, manual), 0, 0, NULL, "the man page of all commands, as roff"};
static const cli_option *const help_options[] = {&help_manual, NULL};
static const cli_example help_examples[] = {{"akin help like", "what `akin like --help` prints"},
                                            {"akin help --man | man -l -", "reads the man page"},
                                            {NULL, NULL}};

const cli_command cli_help = {.name = "help",
                              .synopsis = "[COMMAND]",
                              .operand = CLI_OPERAND_COMMAND,
                              .most = 2,
                              .summary = "how a command is used",
                              .description = "Prints what `akin COMMAND --help` prints; without a command, what there "
                                             "is.",
                              .options = help_options,
                              .examples = help_examples,
                              .run = help_run};

static int version_run(const cli_settings *s) {
  cli_result result;
  (void)s;
  const int code = cli_result_open(&result, NULL);
  fprintf(result.file, "akin %s\n", akin_version());
  return cli_result_close(&result, code);
}

static const cli_option *const version_options[] = {NULL};
static const cli_example version_examples[] = {{"akin version", "prints akin " AKIN_VERSION_STRING}, {NULL, NULL}};

const cli_command cli_version = {.name = "version",
                                 .synopsis = "",
                                 .summary = "which akin this is",
                                 .description = "Prints the version of the library that is running.",
                                 .options = version_options,
                                 .examples = version_examples,
                                 .run = version_run};
