/* opened.h - the store and the model that a command works with, opened as the settings say. */
#ifndef AKIN_CLI_OPENED_H
#define AKIN_CLI_OPENED_H

#include "options.h"

#include <akin/store.h>

#define CLI_MODEL_NAME 128

/* The one that akin brings weights for by itself (./demo). */
#define CLI_DEFAULT_MODEL "efficientnet-lite0"

/* Each returns an exit code; a message has been printed when it is not CLI_DONE. */

/* create: 1: a store that is not there is made when something is written. */
int cli_store_open(akin_store **out, const cli_settings *settings, int create);
/* The model that the settings name, else the store's first, else CLI_DEFAULT_MODEL, opened as the settings say.
 *   workers: see akin_model_options
 *   as_stored: where the settings say nothing of the network, it is opened as for the features that the store has of it
 */
int cli_model_open(akin_model **out, const cli_settings *settings, uint32_t workers, bool as_stored);
/* The name of the model in the store that the settings mean: the one they name, else the store's first, else "". */
int cli_stored_model(char name[CLI_MODEL_NAME], akin_store *store, const cli_settings *settings);

/* How to search, by --exact and --approximate; both are wrong usage. */
int cli_search(akin_search *out, const cli_command *command, const cli_settings *settings);
/* Fills query and, where the settings lift a limit, the options that it then points to. */
void cli_query_fill(akin_query *query, akin_model_options *options, const cli_settings *settings);

/* Adds the models that the settings join to query; models owns their names. */
int cli_query_join(akin_query *query, cli_list *models, const cli_command *command, const cli_settings *settings);

/* What is said of a model that was imported; measures it for `akin model list`, and says when it cannot run here. */
void cli_tell_imported(const char *name);

/* --pooling, or as the model's card says. */
void cli_pooling(akin_pooling *pooling, double *power, const cli_settings *settings);

/* An image that was left out: its path and the reason. */
void cli_tell_skipped(const char *path, const char *reason);

#endif
