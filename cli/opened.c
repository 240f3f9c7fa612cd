/* opened.c - see opened.h. */
#include "opened.h"
#include "messages.h"
#include "places.h"

#include <stdio.h>
#include <string.h>

int cli_store_open(akin_store **out, const cli_settings *settings, int create) {
  akin_error err;
  akin_status status = akin_store_open(out, settings->store, create, &err);
  return status ? cli_fail(status, &err) : CLI_DONE;
}

/* Returns whether the settings say anything that a model's own ways do not. */
static bool opened_model_options(akin_model_options *options, const cli_settings *s) {
  *options = (akin_model_options)AKIN_MODEL_OPTIONS_INIT;
  options->layer = s->layer;
  if (s->pooling && strcmp(s->pooling, "max") == 0) options->pooling = AKIN_POOLING_MAX;
  if (s->preprocess && strcmp(s->preprocess, "keras") == 0) options->preprocess = AKIN_PREPROCESS_KERAS;
  options->bf16 = s->precision && strcmp(s->precision, "bf16") == 0;
  if (s->max_bytes) options->limits.max_bytes = s->max_bytes;
  if (s->max_pixels) options->limits.max_pixels = s->max_pixels;
  return s->layer || s->pooling || s->preprocess || s->precision || s->max_bytes || s->max_pixels;
}

void cli_query_fill(akin_query *query, akin_model_options *options, const cli_settings *settings) {
  *query = (akin_query)AKIN_QUERY_INIT;
  query->model = settings->model;
  query->k = (uint32_t)settings->k;
  query->include_self = settings->include_self;
  query->model_options = opened_model_options(options, settings) ? options : NULL;
}

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

/* The same where there may be no store yet. */
static int opened_model_name(char name[CLI_MODEL_NAME], const cli_settings *settings) {
  akin_error err;
  akin_store *store = NULL;
  snprintf(name, CLI_MODEL_NAME, "%s", settings->model ? settings->model : "");
  if (settings->model) return CLI_DONE;
  akin_status status = akin_store_open(&store, settings->store, 0, &err);
  if (status && status != AKIN_ERROR_NOT_FOUND) return cli_fail(status, &err);
  const int code = status ? CLI_DONE : cli_stored_model(name, store, settings);
  if (code == CLI_DONE && !name[0]) snprintf(name, CLI_MODEL_NAME, "%s", CLI_DEFAULT_MODEL);
  akin_store_close(store);
  return code;
}

int cli_model_open(akin_model **out, const cli_settings *settings, uint32_t workers) {
  char name[CLI_MODEL_NAME];
  akin_error err;
  akin_model_options options;
  *out = NULL;
  const int code = opened_model_name(name, settings);
  if (code != CLI_DONE) return code;
  opened_model_options(&options, settings);
  options.workers = workers;
  akin_status status = akin_model_open(out, name, &options, &err);
  return status ? cli_fail(status, &err) : CLI_DONE;
}

void cli_tell_skipped(const char *path, const char *reason) {
  char absolute[PATH_MAX];
  const char *full = cli_path_absolute(absolute, path);
  const bool named = strncmp(reason, path, strlen(path)) == 0 || strncmp(reason, full, strlen(full)) == 0;
  if (named)
    cli_note(CLI_YELLOW, "skipped", "%s", reason);
  else
    cli_note(CLI_YELLOW, "skipped", "%s: %s", path, reason);
}
