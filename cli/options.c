/* options.c - the options that several commands share, and looking things up in the tables. */
#include "options.h"

#include <string.h>

#define FIELD(name) offsetof(cli_settings, name)

const cli_option cli_option_help = {'h', "help", NULL, CLI_FLAG, FIELD(help), 0, 0, NULL, "this text"};
const cli_option cli_option_store = {
    0, "store", "DIR", CLI_FOLDER, FIELD(store), 0, 0, NULL, "the store (default: $AKIN_STORE, else your own)"};
const cli_option cli_option_model = {
    0,         "model",      "NAME",
    CLI_MODEL, FIELD(model), 0,
    0,         NULL,         "whose features (default: the store's first, else efficientnet-lite0)"};
const cli_option cli_option_models = {
    0, "models", "A,B", CLI_TEXT, FIELD(models), 0, 0, NULL, "the models, with commas between them"};
const cli_option cli_option_format = {
    0, "format", "FORMAT", CLI_FORMAT, FIELD(format_name), 0, 0, NULL, "what the answer looks like"};
const cli_option cli_option_output = {
    'o', "output", "FILE", CLI_FILE, FIELD(output), 0, 0, NULL, "write the answer to FILE, as a whole or not at all"};
const cli_option cli_option_quiet = {'q', "quiet", NULL, CLI_FLAG, FIELD(quiet), 0, 0, NULL, "say nothing but errors"};
const cli_option cli_option_verbose = {
    'v', "verbose", NULL, CLI_FLAG, FIELD(verbose), 0, 0, NULL, "name every skipped image"};
const cli_option cli_option_print0 = {
    0, "print0", NULL, CLI_FLAG, FIELD(print0), 0, 0, NULL, "print paths, each ended by NUL, for xargs -0"};
const cli_option cli_option_jobs = {
    0, "jobs", "N", CLI_NUMBER, FIELD(jobs), 1, 1024, NULL, "images at a time (default: the cores at hand)"};
const cli_option cli_option_k = {
    'k', NULL, "N", CLI_NUMBER, FIELD(k), 1, 100000, NULL, "how many images are recommended (default: 5)"};
const cli_option cli_option_include_self = {0,
                                            "include-self",
                                            NULL,
                                            CLI_FLAG,
                                            FIELD(include_self),
                                            0,
                                            0,
                                            NULL,
                                            "images with the same content may be recommended"};
const cli_option cli_option_where = {
    0,        "where",      "FILTER",
    CLI_TEXT, FIELD(where), 0,
    0,        NULL,         "only images that this lets through, as \"class = shoes\""};
const cli_option cli_option_min_score = {
    0, "min-score", "X", CLI_REAL, FIELD(min_score), 0, 0, NULL, "only images that score X or more, -1 to 1"};
const cli_option cli_option_exclude_duplicates = {0,
                                                  "exclude-duplicates",
                                                  NULL,
                                                  CLI_FLAG,
                                                  FIELD(exclude_duplicates),
                                                  0,
                                                  0,
                                                  NULL,
                                                  "each picture once: no near-duplicates"};
const cli_option cli_option_diverse = {
    0, "diverse", "X", CLI_REAL, FIELD(diverse), 0, 0, NULL, "images that differ from each other: 0 (default) to 1"};
const cli_option cli_option_offset = {
    0,          "offset",      "N",
    CLI_NUMBER, FIELD(offset), 0,
    1000000000, NULL,          "pass over the N best, for the next page of an answer"};
const cli_option cli_option_layer = {
    0,        "layer",      "LAYER",
    CLI_TEXT, FIELD(layer), 0,
    0,        NULL,         "take the feature from this layer: a name, or -2 counted from the end"};
const cli_option cli_option_pooling = {0,
                                       "pooling",
                                       "HOW",
                                       CLI_POOLING,
                                       FIELD(pooling),
                                       0,
                                       0,
                                       "average|max|gem|class|patches|both",
                                       "how a layer that is a map becomes one vector: average, max, gem, gem:P (its "
                                       "power, default: 3); one that is tokens: "
                                       "these, class (token), patches (their mean), both (default: as the card says)"};
const cli_option cli_option_preprocess = {
    0,
    "preprocess",
    "HOW",
    CLI_CHOICE,
    FIELD(preprocess),
    0,
    0,
    "card|keras",
    "card: as the model was trained (default); keras: exactly what Keras' load_img does"};
const cli_option cli_option_precision = {
    0,          "precision",      "TYPE",
    CLI_CHOICE, FIELD(precision), 0,
    0,          "f32|bf16",       "numbers that the network computes in: f32 (default) or bf16"};
const cli_option cli_option_scores = {
    0,
    "scores",
    "HOW",
    CLI_CHOICE,
    FIELD(scores),
    0,
    0,
    "cosine|centred|reduced|whitened",
    "cosine: features as they are; centred: less their mean (default from 100 images); reduced, whitened: along their "
    "principal axes"};
const cli_option cli_option_fuse = {
    0, "fuse", NULL, CLI_FLAG, FIELD(fuse), 0, 0, NULL, "join the models of --models into one question"};
const cli_option cli_option_max_bytes = {0,
                                         "max-bytes",
                                         "N",
                                         CLI_CEILING,
                                         FIELD(max_bytes),
                                         1,
                                         UINT64_MAX - 1,
                                         NULL,
                                         "largest image file (default: 268435456); none lifts the limit"};
const cli_option cli_option_max_pixels = {0,
                                          "max-pixels",
                                          "N",
                                          CLI_CEILING,
                                          FIELD(max_pixels),
                                          1,
                                          UINT64_MAX - 1,
                                          NULL,
                                          "most pixels of an image (default: 250000000); none lifts the limit"};
const cli_option cli_option_files_from = {0,
                                          "files-from",
                                          "FILE",
                                          CLI_FILE,
                                          FIELD(files_from),
                                          0,
                                          0,
                                          NULL,
                                          "take more names from FILE, one a line; - is standard input"};
const cli_option cli_option_null = {'0',
                                    "null",
                                    NULL,
                                    CLI_FLAG,
                                    FIELD(null_names),
                                    0,
                                    0,
                                    NULL,
                                    "names in --files-from end in NUL, as find -print0 writes them"};

const cli_option cli_option_name = {
    0, "name", "NAME", CLI_TEXT, FIELD(name), 0, 0, NULL, "what to call the model (default: as its card)"};
const cli_option cli_option_replace = {
    0, "replace", NULL, CLI_FLAG, FIELD(replace), 0, 0, NULL, "take the place of a model of that name"};

const cli_option cli_option_exact = {
    0,        "exact",      NULL,
    CLI_FLAG, FIELD(exact), 0,
    0,        NULL,         "look at all images, also where approximate search could be used"};
const cli_option cli_option_approximate = {0,
                                           "approximate",
                                           NULL,
                                           CLI_FLAG,
                                           FIELD(approximate),
                                           0,
                                           0,
                                           NULL,
                                           "use approximate search from the first question on, or fail"};

const cli_command *cli_command_at(size_t index) {
  for (const cli_group *group = cli_groups; group->title; group++) {
    for (const cli_command *const *command = group->commands; *command; command++)
      if (index-- == 0) return *command;
  }
  return NULL;
}

const cli_command *cli_command_find(const char *name) {
  const cli_command *command = NULL;
  for (size_t i = 0; (command = cli_command_at(i)) && strcmp(command->name, name) != 0;)
    i++;
  return command;
}

bool cli_command_is_family(const char *word) {
  const size_t length = strlen(word);
  const cli_command *command = NULL;
  for (size_t i = 0; (command = cli_command_at(i)); i++)
    if (strncmp(command->name, word, length) == 0 && command->name[length] == ' ') return true;
  return false;
}

const cli_option *cli_command_option(const cli_command *command, size_t index) {
  size_t own = 0;
  while (command->options[own]) {
    if (own == index) return command->options[own];
    own++;
  }
  return index == own ? &cli_option_help : NULL;
}

size_t cli_choice(const char **out, const char *choices, size_t index) {
  for (size_t i = 0; i < index && choices; i++) {
    choices = strchr(choices, '|');
    if (choices) choices++;
  }
  if (!choices) return 0;
  *out = choices;
  return strcspn(choices, "|");
}

const char *cli_option_choices(const cli_command *command, const cli_option *option) {
  return option->kind == CLI_FORMAT ? command->formats : option->choices;
}
