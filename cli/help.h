/* help.h - --help, for everything and for one command. */
#ifndef AKIN_CLI_HELP_H
#define AKIN_CLI_HELP_H

#include "options.h"

#include <stdio.h>

/* family: only the commands whose name begins with that word; NULL: all. */
void cli_help_overview(FILE *out, const char *family);
void cli_help_command(FILE *out, const cli_command *command);

/* An option as it is written: "-o, --output FILE", "    --raw". Returns its length. */
int cli_option_text(char *out, size_t room, const cli_option *option);
/* An option's help with its choices: "what the answer looks like: table, json or csv (default: table)". */
void cli_option_help_text(char *out, size_t room, const cli_command *command, const cli_option *option);

/* Says what exit codes and environment variables mean; one line each, {NULL, NULL} at the end. */
typedef struct cli_meaning {
  const char *name, *meaning;
} cli_meaning;
extern const cli_meaning cli_exit_codes[], cli_environment[];
/* Is this exit code possible for the command? */
bool cli_exit_code_applies(const cli_command *command, size_t index);

#endif
