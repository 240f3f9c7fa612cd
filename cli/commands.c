/* commands.c - all commands, in the order in which help lists them. */
#include "commands.h"

static const cli_command *const commands_ask[] = {
    &cli_index, &cli_like, &cli_recommend, &cli_compare, &cli_duplicates, &cli_evaluate, NULL};
static const cli_command *const commands_numbers[] = {&cli_matrix, &cli_embed, &cli_export, NULL};
static const cli_command *const commands_store[] = {&cli_status, &cli_verify, &cli_remove, NULL};
static const cli_command *const commands_labels[] = {&cli_label_import, &cli_label_list, &cli_label_remove, NULL};
static const cli_command *const commands_models[] = {
    &cli_model_list,   &cli_model_pull,   &cli_model_import,  &cli_model_inspect,
    &cli_model_export, &cli_model_remove, &cli_model_suggest, NULL};
static const cli_command *const commands_akin[] = {&cli_help, &cli_version, &cli_completions, NULL};

const cli_group cli_groups[] = {{"recommendations", commands_ask},
                                {"numbers", commands_numbers},
                                {"the store", commands_store},
                                {"labels", commands_labels},
                                {"models", commands_models},
                                {"akin itself", commands_akin},
                                {NULL, NULL}};
