/* commands.h - the commands; each is defined, with its table, in a file cmd_*.c of its own. */
#ifndef AKIN_CLI_COMMANDS_H
#define AKIN_CLI_COMMANDS_H

#include "options.h"

extern const cli_command cli_index;
extern const cli_command cli_like;
extern const cli_command cli_recommend;
extern const cli_command cli_compare;
extern const cli_command cli_duplicates;
extern const cli_command cli_evaluate;
extern const cli_command cli_matrix;
extern const cli_command cli_embed;
extern const cli_command cli_export;
extern const cli_command cli_status;
extern const cli_command cli_verify;
extern const cli_command cli_remove;
extern const cli_command cli_label_import;
extern const cli_command cli_label_list;
extern const cli_command cli_label_remove;
extern const cli_command cli_model_list;
extern const cli_command cli_model_pull;
extern const cli_command cli_model_import;
extern const cli_command cli_model_inspect;
extern const cli_command cli_model_suggest;
extern const cli_command cli_model_export;
extern const cli_command cli_model_remove;
extern const cli_command cli_help;
extern const cli_command cli_version;
extern const cli_command cli_completions;

#endif
