/* parse.c - see parse.h. Options may stand anywhere, also before the command; "--" ends them. */
#include "parse.h"
#include "messages.h"
#include "suggest.h"

#include <akin/model.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PARSE_NAME 64 /* no command's or option's name is longer */

typedef struct parser {
  cli_settings *settings;
  const cli_command *command;
  int argc;
  char **argv;
  int at;       /* the argument that is looked at */
  int words[2]; /* where the command's words are; 0: no such word */
} parser;

int cli_usage_hint(const cli_command *command) {
  fprintf(stderr, "Try: akin %s%s--help\n", command ? command->name : "", command ? " " : "");
  return CLI_USAGE;
}

static int parse_wrong(const parser *p, const char *what, const char *which) {
  cli_error("%s: %s %s", p->command->name, what, which);
  return cli_usage_hint(p->command);
}

/* ---- finding the command ---- */

/* Does this argument, which begins with '-', take the next one as its value? Any command's options count. */
static bool parse_takes_next(const char *argument) {
  const cli_command *command = NULL;
  if (strchr(argument, '=')) return false;
  for (size_t i = 0; (command = cli_command_at(i)); i++) {
    const cli_option *option = NULL;
    for (size_t j = 0; (option = cli_command_option(command, j)); j++) {
      if (!option->argument) continue;
      if (argument[1] == '-' && option->name && strcmp(argument + 2, option->name) == 0) return true;
      if (option->letter && argument[1] == option->letter && !argument[2]) return true;
    }
  }
  return false;
}

/* The index of the next argument from `at` on that is neither an option nor the value of one; argc when there is none.
 */
static int parse_next_word(const parser *p, int at) {
  for (; at < p->argc; at++) {
    const char *argument = p->argv[at];
    if (strcmp(argument, "--") == 0) return p->argc;
    if (argument[0] != '-') return at;
    if (parse_takes_next(argument)) at++;
  }
  return p->argc;
}

static bool parse_asks_for_help(const parser *p) {
  for (int i = 1; i < p->argc; i++)
    if (strcmp(p->argv[i], "--help") == 0 || strcmp(p->argv[i], "-h") == 0) return true;
  return false;
}

int cli_no_command(const char *name) {
  cli_suggestion suggestion = CLI_SUGGESTION_INIT(name);
  const cli_command *command = NULL;
  for (size_t i = 0; (command = cli_command_at(i)); i++)
    cli_suggest(&suggestion, command->name);
  cli_suggest(&suggestion, "model");
  cli_suggest(&suggestion, "label");
  if (suggestion.best)
    cli_error("there is no command \"%s\"; did you mean \"%s\"?", name, suggestion.best);
  else
    cli_error("there is no command \"%s\"", name);
  return cli_usage_hint(NULL);
}

/* "akin" or "akin model" alone. */
static int parse_no_command(parser *p, const char *family) {
  if (parse_asks_for_help(p)) {
    p->settings->help = true;
    return CLI_DONE;
  }
  if (family)
    cli_error("%s: which command?", family);
  else if (p->argc > 1)
    cli_error("there is no command in this line");
  else
    cli_error("no command was given");
  fprintf(stderr, "Try: akin %s%s--help\n", family ? family : "", family ? " " : "");
  return CLI_USAGE;
}

static int parse_find_command(parser *p, const char **family) {
  char name[PARSE_NAME];
  *family = NULL;
  if (p->argc == 2 && strcmp(p->argv[1], "--version") == 0) {
    p->command = cli_command_find("version");
    p->words[0] = 1;
    return CLI_DONE;
  }
  p->words[0] = parse_next_word(p, 1);
  if (p->words[0] == p->argc) return parse_no_command(p, NULL);
  const char *first = p->argv[p->words[0]];
  if ((p->command = cli_command_find(first))) return CLI_DONE;
  if (!cli_command_is_family(first)) return cli_no_command(first);
  *family = first;
  p->words[1] = parse_next_word(p, p->words[0] + 1);
  if (p->words[1] == p->argc) return parse_no_command(p, first);
  const int length = snprintf(name, sizeof name, "%s %s", first, p->argv[p->words[1]]);
  p->command = length > 0 && (size_t)length < sizeof name ? cli_command_find(name) : NULL;
  return p->command ? CLI_DONE : cli_no_command(name);
}

/* ---- values ---- */

static int parse_wrong_value(const parser *p, const char *option, const char *value, const char *wanted) {
  cli_error("%s: %s \"%s\": %s", p->command->name, option, value, wanted);
  return cli_usage_hint(p->command);
}

static int parse_number(parser *p, const cli_option *option, const char *shown, const char *value, uint64_t *out) {
  char wanted[128];
  uint64_t number = 0;
  const char *digit = value;
  bool fine = *digit != '\0';
  if (option->kind == CLI_CEILING && strcmp(value, "none") == 0) {
    *out = UINT64_MAX;
    return CLI_DONE;
  }
  for (; fine && *digit; digit++) {
    fine = *digit >= '0' && *digit <= '9' && !__builtin_mul_overflow(number, 10u, &number) &&
           !__builtin_add_overflow(number, (uint64_t)(*digit - '0'), &number);
  }
  if (fine && number >= option->lowest && number <= option->highest) {
    *out = number;
    return CLI_DONE;
  }
  if (option->kind == CLI_CEILING) {
    snprintf(wanted, sizeof wanted, "give a whole number of at least %llu, or none",
             (unsigned long long)option->lowest);
  } else {
    snprintf(wanted, sizeof wanted, "give a whole number from %llu to %llu", (unsigned long long)option->lowest,
             (unsigned long long)option->highest);
  }
  return parse_wrong_value(p, shown, value, wanted);
}

static int parse_real(parser *p, const char *shown, const char *value, double *out) {
  char *end = NULL;
  const double number = strtod(value, &end);
  if (end == value || *end || value[strspn(value, "0123456789.+-eE")] || !isfinite(number))
    return parse_wrong_value(p, shown, value, "give a number, such as 0.5");
  *out = number;
  return CLI_DONE;
}

/* "choose table, json or csv". */
static void parse_list_choices(char *out, size_t room, const char *choices) {
  const char *choice = NULL;
  size_t length = 0, used = (size_t)snprintf(out, room, "choose ");
  for (size_t i = 0; (length = cli_choice(&choice, choices, i)) > 0 && used < room; i++) {
    const char *before = i == 0 ? "" : choice[length] ? ", " : " or ";
    used += (size_t)snprintf(out + used, room - used, "%s%.*s", before, (int)length, choice);
  }
}

/* *out: the choice, up to its '|' or NUL. */
static int parse_choice(parser *p, const cli_option *option, const char *shown, const char *value, const char **out) {
  char wanted[128];
  const char *choices = cli_option_choices(p->command, option), *choice = NULL;
  size_t length = 0;
  for (size_t i = 0; (length = cli_choice(&choice, choices, i)) > 0; i++) {
    if (strlen(value) == length && strncmp(value, choice, length) == 0) {
      *out = value;
      return CLI_DONE;
    }
  }
  parse_list_choices(wanted, sizeof wanted, choices);
  return parse_wrong_value(p, shown, value, wanted);
}

static int parse_pooling(parser *p, const cli_option *option, const char *shown, const char *value, const char **out) {
  akin_pooling pooling;
  double power;
  if (strchr(value, ':') == NULL) return parse_choice(p, option, shown, value, out);
  if (!akin_pooling_from_name(&pooling, &power, value))
    return parse_wrong_value(p, shown, value, "only gem has a number behind it, its power, from 1 to 100: gem:4.5");
  *out = value;
  return CLI_DONE;
}

static int parse_no_value(const parser *p, const cli_option *option, const char *shown) {
  cli_error("%s: %s needs a value: %s", p->command->name, shown, option->argument);
  return cli_usage_hint(p->command);
}

/* shown: the option as the user wrote it. value: "" for a flag. */
static int parse_set(parser *p, const cli_option *option, const char *shown, const char *value) {
  char *field = (char *)p->settings + option->field;
  switch (option->kind) {
  case CLI_FLAG:
    *(bool *)(void *)field = true;
    return CLI_DONE;
  case CLI_NUMBER:
  case CLI_CEILING:
    return parse_number(p, option, shown, value, (uint64_t *)(void *)field);
  case CLI_REAL:
    return parse_real(p, shown, value, (double *)(void *)field);
  case CLI_POOLING:
    return parse_pooling(p, option, shown, value, (const char **)(void *)field);
  case CLI_CHOICE:
  case CLI_FORMAT:
    return parse_choice(p, option, shown, value, (const char **)(void *)field);
  default:
    if (value[0] == '\0') return parse_no_value(p, option, shown);
    if (option->kind == CLI_FILES) return cli_list_add((cli_list *)(void *)field, value) ? CLI_DONE : CLI_FAILED;
    *(const char **)(void *)field = value;
    return CLI_DONE;
  }
}

/* ---- arguments ---- */

/* The value of an option: what follows in the same argument, else the next argument. */
static int parse_valued(parser *p, const cli_option *option, const char *shown, const char *attached) {
  if (!attached) {
    if (p->at + 1 >= p->argc) return parse_no_value(p, option, shown);
    attached = p->argv[++p->at];
  }
  return parse_set(p, option, shown, attached);
}

static int parse_unknown_option(const parser *p, const char *shown) {
  cli_suggestion suggestion = CLI_SUGGESTION_INIT(shown + 2);
  const cli_option *option = NULL;
  for (size_t i = 0; shown[1] == '-' && (option = cli_command_option(p->command, i)); i++)
    if (option->name) cli_suggest(&suggestion, option->name);
  if (!suggestion.best) return parse_wrong(p, "there is no option", shown);
  cli_error("%s: there is no option %s; did you mean --%s?", p->command->name, shown, suggestion.best);
  return cli_usage_hint(p->command);
}

static int parse_long(parser *p, const char *argument) {
  char shown[PARSE_NAME];
  const cli_option *option = NULL;
  const char *value = strchr(argument, '=');
  snprintf(shown, sizeof shown, "%.*s", value ? (int)(value - argument) : (int)strlen(argument), argument);
  for (size_t i = 0; (option = cli_command_option(p->command, i)); i++)
    if (option->name && strcmp(option->name, shown + 2) == 0) break;
  if (!option) return parse_unknown_option(p, shown);
  if (option->argument) return parse_valued(p, option, shown, value ? value + 1 : NULL);
  if (value) return parse_wrong(p, shown, "takes no value");
  return parse_set(p, option, shown, "");
}

/* "-k5", "-k 5", "-qv", "-qk5". */
static int parse_short(parser *p, const char *argument) {
  int code = CLI_DONE;
  for (const char *letter = argument + 1; code == CLI_DONE && *letter; letter++) {
    const char shown[] = {'-', *letter, '\0'};
    const cli_option *option = NULL;
    for (size_t i = 0; (option = cli_command_option(p->command, i)) && option->letter != *letter;)
      i++;
    if (!option) return parse_unknown_option(p, shown);
    if (option->argument) return parse_valued(p, option, shown, letter[1] ? letter + 1 : NULL);
    code = parse_set(p, option, shown, "");
  }
  return code;
}

static int parse_arguments(parser *p) {
  int code = CLI_DONE;
  bool ended = false; /* "--" was there */
  for (p->at = 1; code == CLI_DONE && !p->settings->help && p->at < p->argc; p->at++) {
    const char *argument = p->argv[p->at];
    if (p->at == p->words[0] || p->at == p->words[1]) continue;
    if (ended || argument[0] != '-' || !argument[1])
      code = cli_list_add(&p->settings->operands, argument) ? CLI_DONE : CLI_FAILED;
    else if (strcmp(argument, "--") == 0)
      ended = true;
    else
      code = argument[1] == '-' ? parse_long(p, argument) : parse_short(p, argument);
  }
  return code;
}

/* ---- what only all arguments together tell ---- */

static const struct {
  const char *name, *extension, *other_extension;
  cli_format format;
} parse_formats[] = {
    {"table", "txt", NULL, CLI_FORMAT_TABLE}, {"json", "json", "jsonl", CLI_FORMAT_JSON},
    {"csv", "csv", NULL, CLI_FORMAT_CSV},     {"paths", NULL, NULL, CLI_FORMAT_PATHS},
    {"html", "html", "htm", CLI_FORMAT_HTML}, {"npy", "npy", NULL, CLI_FORMAT_NPY},
    {"png", "png", NULL, CLI_FORMAT_PNG},
};

static bool parse_is(const char *choice, size_t length, const char *name) {
  return name && strncasecmp(choice, name, length) == 0 && !name[length];
}

/* The format of that name (length bytes), one of the command's. */
static cli_format parse_format_named(const char *name, size_t length) {
  size_t i = 0;
  while (!parse_is(name, length, parse_formats[i].name))
    i++;
  return parse_formats[i].format;
}

/* The command's format that the output's name ends in; NULL: none. */
static const char *parse_format_of_output(const char *output, const char *formats) {
  const char *dot = output ? strrchr(output, '.') : NULL, *choice = NULL;
  size_t length = 0;
  for (size_t i = 0; dot && i < sizeof parse_formats / sizeof *parse_formats; i++) {
    if (!parse_is(dot + 1, strlen(dot + 1), parse_formats[i].extension) &&
        !parse_is(dot + 1, strlen(dot + 1), parse_formats[i].other_extension))
      continue;
    for (size_t j = 0; (length = cli_choice(&choice, formats, j)) > 0; j++)
      if (parse_is(choice, length, parse_formats[i].name)) return parse_formats[i].name;
  }
  return NULL;
}

static int parse_choose_format(parser *p) {
  cli_settings *s = p->settings;
  const char *formats = p->command->formats, *name = s->format_name;
  if (!formats) return CLI_DONE;
  if (s->print0 && name && strcmp(name, "paths") != 0)
    return parse_wrong(p, "--print0 prints paths and does not go with --format", name);
  if (s->print0) name = "paths";
  if (!name) name = parse_format_of_output(s->output, formats);
  if (!name) name = formats;
  s->format = parse_format_named(name, strcspn(name, "|"));
  if (s->format == CLI_FORMAT_NPY && !s->output) return parse_wrong(p, "--format npy needs a file:", "-o FILE.npy");
  if (s->format == CLI_FORMAT_PNG && !s->output) return parse_wrong(p, "--format png needs a file:", "-o FILE.png");
  return CLI_DONE;
}

static int parse_check_operands(parser *p) {
  cli_list *operands = &p->settings->operands;
  const cli_command *command = p->command;
  if (p->settings->null_names && !p->settings->files_from) return parse_wrong(p, "-0 goes with", "--files-from FILE");
  if (p->settings->files_from &&
      !cli_list_read(operands, p->settings->files_from, p->settings->null_names ? '\0' : '\n'))
    return CLI_FAILED;
  if (p->settings->files_from && operands->count == 0) {
    cli_error("%s: %s holds no names", command->name, p->settings->files_from);
    return CLI_FAILED;
  }
  if (operands->count > command->most) return parse_wrong(p, "this is one too many:", operands->items[command->most]);
  if (operands->count < command->least) return parse_wrong(p, "this is missing:", command->synopsis);
  return CLI_DONE;
}

int cli_parse(cli_settings *settings, const cli_command **command, const char **family, int argc, char **argv) {
  parser p = {.settings = settings, .argc = argc, .argv = argv};
  *settings = (cli_settings){.k = 5, .min_score = -1, .candidates = 0.7, .resamples = 1000, .seed = 1, .worst = 20};
  int code = parse_find_command(&p, family);
  *command = p.command;
  if (code != CLI_DONE || !p.command) return code;
  code = parse_arguments(&p);
  if (code == CLI_DONE && settings->help) return CLI_DONE;
  if (code == CLI_DONE) code = parse_choose_format(&p);
  return code == CLI_DONE ? parse_check_operands(&p) : code;
}
