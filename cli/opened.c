/* opened.c - see opened.h. */
#include "opened.h"
#include "messages.h"
#include "parse.h"
#include "places.h"

#include <stdio.h>
#include <string.h>

static void opened_on_note(void *context, const char *line) {
  (void)context;
  cli_note(CLI_YELLOW, "note", "%s", line);
}

int cli_store_open(akin_store **out, const cli_settings *settings, int create) {
  akin_error err;
  akin_status status = akin_store_open(out, settings->store, create, &err);
  if (status) return cli_fail(status, &err);
  akin_store_on_note(*out, opened_on_note, NULL);
  return CLI_DONE;
}

/* ---- options ---- */

static void opened_limits(akin_limits *limits, const cli_settings *s) {
  if (s->max_bytes) limits->max_bytes = s->max_bytes;
  if (s->max_pixels) limits->max_pixels = s->max_pixels;
}

/* Do the settings say which features are wanted of a network? */
static bool opened_says_features(const cli_settings *s) {
  return s->layer || s->pooling || s->preprocess || s->precision;
}

void cli_pooling(akin_pooling *pooling, double *power, const cli_settings *s) {
  *pooling = AKIN_POOLING_CARD;
  *power = 0;
  if (s->pooling) (void)akin_pooling_from_name(pooling, power, s->pooling); /* the parser let it through */
}

static void opened_features(akin_model_options *options, const cli_settings *s) {
  options->layer = s->layer;
  cli_pooling(&options->pooling, &options->pooling_power, s);
  if (s->preprocess && strcmp(s->preprocess, "keras") == 0) options->preprocess = AKIN_PREPROCESS_KERAS;
  options->bf16 = s->precision && strcmp(s->precision, "bf16") == 0;
}

void cli_query_fill(akin_query *query, akin_model_options *options, const cli_settings *settings) {
  *query = (akin_query)AKIN_QUERY_INIT;
  *options = (akin_model_options)AKIN_MODEL_OPTIONS_INIT;
  query->model = settings->model;
  query->k = (uint32_t)settings->k;
  query->include_self = settings->include_self;
  query->where = settings->where;
  query->min_score = (float)settings->min_score;
  query->exclude_duplicates = settings->exclude_duplicates;
  query->offset = (uint32_t)settings->offset;
  query->diverse = (float)settings->diverse;
  if (settings->scores) (void)akin_scores_from_name(&query->scores, settings->scores); /* one of the choices */
  opened_limits(&options->limits, settings);
  if (settings->max_bytes || settings->max_pixels) query->model_options = options;
}

int cli_search(akin_search *out, const cli_command *command, const cli_settings *settings) {
  *out = settings->exact ? AKIN_SEARCH_EXACT : settings->approximate ? AKIN_SEARCH_APPROXIMATE : AKIN_SEARCH_AUTO;
  if (!settings->exact || !settings->approximate) return CLI_DONE;
  cli_error("%s: --exact and --approximate exclude each other", command->name);
  return cli_usage_hint(command);
}

int cli_query_join(akin_query *query, cli_list *models, const cli_command *command, const cli_settings *settings) {
  if (!settings->models && !settings->fuse) return CLI_DONE;
  if (!settings->models || !settings->fuse) {
    cli_error("%s", settings->fuse ? "which models are to be joined? --models A,B --fuse"
                                   : "several models are asked together with --fuse, side by side by akin compare");
    return cli_usage_hint(command);
  }
  if (!cli_list_split(models, settings->models)) {
    cli_error("there is no memory for so many models");
    return CLI_FAILED;
  }
  query->models = cli_list_items(models);
  query->model_count = models->count;
  return CLI_DONE;
}

/* ---- models ---- */

int cli_stored_model(char name[CLI_MODEL_NAME], akin_store *store, const cli_settings *settings) {
  const akin_summary *summary = NULL;
  akin_error err;
  akin_status status = akin_store_summary(store, &summary, &err);
  if (status) return cli_fail(status, &err);
  const char *first = summary->model_count > 0 ? summary->models[0].name : "";
  snprintf(name, CLI_MODEL_NAME, "%s", settings->model ? settings->model : first);
  akin_summary_free(summary);
  return CLI_DONE;
}

/* What is opened: the name, and how the store's features of it were computed. */
typedef struct opened_choice {
  char name[CLI_MODEL_NAME];
  char layer[256]; /* options.layer may point here */
  akin_model_options options;
} opened_choice;

/* Fills choice from the store; a store that is not there, or does not know the model, changes nothing. */
static int opened_ask_store(opened_choice *choice, const cli_settings *settings, bool as_stored) {
  akin_error err;
  akin_store *store = NULL;
  akin_status status = akin_store_open(&store, settings->store, 0, &err);
  if (status) return status == AKIN_ERROR_NOT_FOUND ? CLI_DONE : cli_fail(status, &err);
  int code = cli_stored_model(choice->name, store, settings);
  if (code == CLI_DONE && as_stored) {
    status = akin_store_model_options(store, choice->name, &choice->options, choice->layer, sizeof choice->layer, &err);
    if (status && status != AKIN_ERROR_NOT_FOUND) code = cli_fail(status, &err);
  }
  akin_store_close(store);
  return code;
}

int cli_model_open(akin_model **out, const cli_settings *settings, uint32_t workers, bool as_stored) {
  akin_error err;
  opened_choice choice = {.options = AKIN_MODEL_OPTIONS_INIT};
  const bool ask = as_stored && !opened_says_features(settings);
  *out = NULL;
  snprintf(choice.name, sizeof choice.name, "%s", settings->model ? settings->model : "");
  if (!settings->model || ask) {
    const int code = opened_ask_store(&choice, settings, ask);
    if (code != CLI_DONE) return code;
  }
  if (!choice.name[0]) snprintf(choice.name, sizeof choice.name, "%s", CLI_DEFAULT_MODEL);
  if (!ask) opened_features(&choice.options, settings);
  opened_limits(&choice.options.limits, settings);
  choice.options.workers = workers;
  choice.options.on_note = opened_on_note;
  akin_status status = akin_model_open(out, choice.name, &choice.options, &err);
  return status ? cli_fail(status, &err) : CLI_DONE;
}

void cli_tell_imported(const char *name) {
  akin_error err;
  double milliseconds;
  cli_note(CLI_GREEN, "imported", "%s; next: akin index --model %s PHOTOS", name, name);
  if (akin_model_time(NULL, name, &milliseconds, &err)) cli_note(CLI_YELLOW, "note", "it cannot run yet: %s", err.text);
}

/* ---- images ---- */

void cli_tell_skipped(const char *path, const char *reason) {
  char absolute[PATH_MAX];
  const char *full = cli_path_absolute(absolute, path);
  const bool named = strncmp(reason, path, strlen(path)) == 0 || strncmp(reason, full, strlen(full)) == 0;
  if (named)
    cli_note(CLI_YELLOW, "skipped", "%s", reason);
  else
    cli_note(CLI_YELLOW, "skipped", "%s: %s", path, reason);
}
