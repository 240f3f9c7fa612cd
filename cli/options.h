/*
 * options.h - what the command line can say. Every command is one table (cli_command): the same table parses, prints
 * --help, the man page and the shells' completions, so that none of them can say something else.
 */
#ifndef AKIN_CLI_OPTIONS_H
#define AKIN_CLI_OPTIONS_H

#include "lists.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit codes of every command. */
enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_SKIPPED = 3 };

typedef enum cli_format {
  CLI_FORMAT_TABLE,
  CLI_FORMAT_JSON,
  CLI_FORMAT_CSV,
  CLI_FORMAT_PATHS,
  CLI_FORMAT_HTML,
  CLI_FORMAT_NPY,
  CLI_FORMAT_PNG
} cli_format;

/* What was said, or else the default. Strings are borrowed from argv. */
typedef struct cli_settings {
  const char *store, *model, *models, *output, *files_from, *card, *name, *from, *layer, *pixels;
  const char *image_size, *mean, *deviation, *crop;
  /* One of the option's choices; NULL: not given. */
  const char *format_name, *preprocess, *pooling, *precision, *order, *scores, *channels, *filter, *fit;
  const char *where, *labels, *label;
  uint64_t resamples, seed, worst;
  uint64_t k, jobs, sample, side, offset; /* side 0: not given */
  double min_score, diverse, candidates;
  uint64_t max_bytes, max_pixels; /* 0: not given; UINT64_MAX: lifted */
  bool quiet, verbose, help;
  bool print0, null_names, include_self, prune, retry, raw, replace, whole, skipped, manual, all, fuse;
  bool mirrored, not_duplicates, again, told_apart, yes, any, exclude_duplicates;
  bool exact, approximate;
  const char *graph_vectors;
  cli_format format; /* follows from format_name, print0, output and the command's formats */
  cli_list operands; /* those of --files-from included */
  cli_list unlike;
} cli_settings;

/* What a value is; also tells the shells how to complete it. */
typedef enum cli_kind {
  CLI_FLAG,    /* no value; field: bool */
  CLI_NUMBER,  /* lowest to highest; field: uint64_t */
  CLI_CEILING, /* the same, or "none"; field: uint64_t */
  CLI_REAL,    /* any finite number; field: double */
  CLI_TEXT,    /* field: const char * */
  CLI_FILE,
  CLI_FILES, /* may be given several times; field: cli_list */
  CLI_FOLDER,
  CLI_MODEL,
  CLI_CHOICE,  /* one of choices */
  CLI_POOLING, /* the same, or "gem:4.5" */
  CLI_FORMAT   /* one of the command's formats */
} cli_kind;

typedef struct cli_option {
  char letter;          /* 0: none */
  const char *name;     /* NULL: only the letter */
  const char *argument; /* what help calls the value; NULL for a flag */
  cli_kind kind;
  size_t field; /* offset in cli_settings */
  uint64_t lowest, highest;
  const char *choices; /* "a|b" */
  const char *help;    /* lower case, no full stop */
} cli_option;

typedef struct cli_example {
  const char *line, *meaning;
} cli_example;

/* What operands are, for completion. */
typedef enum cli_operand {
  CLI_OPERAND_NONE,
  CLI_OPERAND_FILES,
  CLI_OPERAND_MODEL,
  CLI_OPERAND_COMMAND,
  CLI_OPERAND_SHELL
} cli_operand;

typedef struct cli_command {
  const char *name;     /* "index", "model import" */
  const char *synopsis; /* of the operands: "PHOTOS...", "" for none */
  cli_operand operand;
  size_t least, most;      /* how many operands */
  const char *summary;     /* at most 60 characters, lower case, no full stop */
  const char *description; /* sentences; a blank line between two paragraphs */
  const char *formats;     /* "table|json", the first is the default; NULL: --format is no option of this command */
  const cli_option *const *options;         /* ends with NULL; --help is everybody's and not in it */
  const cli_example *examples;              /* ends with {NULL, NULL} */
  bool may_skip;                            /* exit code 3 is possible */
  int (*run)(const cli_settings *settings); /* returns an exit code */
} cli_command;

/* Commands under one heading, as `akin --help` lists them. */
typedef struct cli_group {
  const char *title;
  const cli_command *const *commands; /* ends with NULL */
} cli_group;

extern const cli_group cli_groups[]; /* ends with {NULL, NULL}; commands.c */

/* Options that several commands share. */
extern const cli_option cli_option_help, cli_option_store, cli_option_model, cli_option_models, cli_option_format,
    cli_option_output, cli_option_quiet, cli_option_verbose, cli_option_print0, cli_option_jobs, cli_option_k,
    cli_option_where, cli_option_min_score, cli_option_exclude_duplicates, cli_option_diverse, cli_option_offset,
    cli_option_include_self, cli_option_layer, cli_option_pooling, cli_option_preprocess, cli_option_precision,
    cli_option_scores, cli_option_fuse, cli_option_max_bytes, cli_option_max_pixels, cli_option_files_from,
    cli_option_null, cli_option_name, cli_option_replace, cli_option_exact, cli_option_approximate;

const cli_command *cli_command_find(const char *name); /* NULL: none */
/* The nth command in the order of the groups; NULL past the last. */
const cli_command *cli_command_at(size_t index);
/* Is word the first of a two-word command's name, such as "model"? */
bool cli_command_is_family(const char *word);

/* The options of a command: its own, then --help; NULL past the last. */
const cli_option *cli_command_option(const cli_command *command, size_t index);

/* The nth of the choices "a|b|c": its length, 0 past the last. */
size_t cli_choice(const char **out, const char *choices, size_t index);
/* The choices of an option of this command; NULL when it has none. */
const char *cli_option_choices(const cli_command *command, const cli_option *option);

#endif
