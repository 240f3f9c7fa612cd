/* commands.h - the commands; each is defined, with its table, in a file cmd_*.c of its own. */
#ifndef AKIN_CLI_COMMANDS_H
#define AKIN_CLI_COMMANDS_H

#include "options.h"

extern const cli_command cli_index, cli_like, cli_recommend, cli_compare, cli_duplicates, cli_matrix, cli_embed,
    cli_export, cli_status, cli_verify, cli_remove, cli_model_list, cli_model_import, cli_model_inspect,
    cli_model_export, cli_model_remove, cli_help, cli_version, cli_completions;

#endif
