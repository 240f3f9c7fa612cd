/* parse.h - from argv to settings. */
#ifndef AKIN_CLI_PARSE_H
#define AKIN_CLI_PARSE_H

#include "options.h"

/*
 * Finds the command in argv and fills settings with what was said; settings->operands is freed by the caller in any
 * case. When the result is not CLI_DONE a message has been printed. *command is NULL when none was named; with
 * settings->help, *family is then the first word of commands that help is wanted on, or NULL for all.
 */
int cli_parse(cli_settings *settings, const cli_command **command, const char **family, int argc, char **argv);

/* Ends a message of wrong usage with where to read more (command NULL: akin --help); returns the exit code. */
int cli_usage_hint(const cli_command *command);
/* Says that there is no command of that name, and which one may be meant; returns the exit code. */
int cli_no_command(const char *name);

#endif
