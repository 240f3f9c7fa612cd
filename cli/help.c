/* help.c - see help.h. Everything fits 80 columns and is ASCII. */
#include "help.h"

#include <akin/status.h>
#include <string.h>

#define HELP_WIDTH  80
#define HELP_INDENT 2
#define HELP_COLUMN 25 /* where the help of an option begins */
#define HELP_NAMES  18 /* where the summary of a command begins */
#define HELP_TEXT   400

const cli_meaning cli_exit_codes[] = {{"0", "done"},
                                      {"1", "failed; standard error says why"},
                                      {"2", "wrong usage"},
                                      {"3", "done, but images were skipped"},
                                      {NULL, NULL}};

const cli_meaning cli_environment[] = {
    {"AKIN_STORE", "the store, where --store does not name it"},
    {"AKIN_MODELS", "the folder of imported models"},
    {"AKIN_MIRROR", "the address of a folder that akin model pull fetches from"},
    {"AKIN_OPENVINO", "the folder of OpenVINO's libraries, in place of akin's own"},
    {"XDG_DATA_HOME", "its folder akin is your own store (default: ~/.local/share)"},
    {"XDG_CACHE_HOME", "its folder akin keeps compiled networks (default: ~/.cache)"},
    {"NO_COLOR", "no colours, when it is set"},
    {NULL, NULL}};

bool cli_exit_code_applies(const cli_command *command, size_t index) {
  return index != CLI_SKIPPED || command->may_skip;
}

/* ---- wrapping ---- */

static void help_spaces(FILE *out, size_t n) {
  fprintf(out, "%*s", (int)n, "");
}

/* Prints text from column `at` on, in lines that begin at column `indent`; ends the line. A blank line in text stays.
 */
static void help_wrap(FILE *out, const char *text, size_t at, size_t indent) {
  bool fresh = true; /* nothing stands in this line yet */
  while (*text) {
    const size_t word = strcspn(text, " \n");
    if (!fresh && at + 1 + word > HELP_WIDTH) {
      fputc('\n', out);
      help_spaces(out, indent);
      at = indent;
      fresh = true;
    }
    fprintf(out, "%s%.*s", fresh ? "" : " ", (int)word, text);
    at += word + (fresh ? 0 : 1);
    fresh = false;
    text += word;
    if (*text == '\n') {
      fputs(text[1] == '\n' ? "\n\n" : "\n", out);
      help_spaces(out, indent);
      text += strspn(text, "\n");
      at = indent;
      fresh = true;
    }
    text += strspn(text, " ");
  }
  fputc('\n', out);
}

/* A name and its meaning in two columns. */
static void help_entry(FILE *out, const char *name, const char *meaning, size_t column) {
  const size_t end = HELP_INDENT + strlen(name);
  help_spaces(out, HELP_INDENT);
  fputs(name, out);
  if (end + 2 > column) {
    fputc('\n', out);
    help_spaces(out, column);
  } else {
    help_spaces(out, column - end);
  }
  help_wrap(out, meaning, column, column);
}

static void help_meanings(FILE *out, const char *title, const cli_meaning *meanings, const cli_command *command) {
  fprintf(out, "\n%s:\n", title);
  for (size_t i = 0; meanings[i].name; i++)
    if (!command || cli_exit_code_applies(command, i))
      help_entry(out, meanings[i].name, meanings[i].meaning, command ? HELP_INDENT + 3 : HELP_NAMES);
}

/* ---- one command ---- */

int cli_option_text(char *out, size_t room, const cli_option *option) {
  const char *between = option->letter && option->name ? ", " : "";
  char letter[3] = {'-', option->letter, '\0'};
  return snprintf(out, room, "%s%s%s%s%s%s", option->letter ? letter : "    ", between, option->name ? "--" : "",
                  option->name ? option->name : "", option->argument ? " " : "",
                  option->argument ? option->argument : "");
}

void cli_option_help_text(char *out, size_t room, const cli_command *command, const cli_option *option) {
  const char *choice = NULL;
  size_t length = 0, used = (size_t)snprintf(out, room, "%s", option->help);
  if (option->kind != CLI_FORMAT) return; /* others name their choices themselves */
  for (size_t i = 0; (length = cli_choice(&choice, command->formats, i)) > 0 && used < room; i++) {
    const char *before = i == 0 ? ": " : choice[length] ? ", " : " or ";
    used += (size_t)snprintf(out + used, room - used, "%s%.*s", before, (int)length, choice);
  }
  length = cli_choice(&choice, command->formats, 0);
  if (used < room) snprintf(out + used, room - used, " (default: %.*s)", (int)length, choice);
}

static void help_options(FILE *out, const cli_command *command) {
  const cli_option *option = NULL;
  char name[HELP_TEXT], meaning[HELP_TEXT];
  fputs("\noptions:\n", out);
  for (size_t i = 0; (option = cli_command_option(command, i)); i++) {
    cli_option_text(name, sizeof name, option);
    cli_option_help_text(meaning, sizeof meaning, command, option);
    help_entry(out, name, meaning, HELP_COLUMN);
  }
}

void cli_help_command(FILE *out, const cli_command *command) {
  fprintf(out, "akin %s - %s\n\nusage: akin %s [OPTIONS]%s%s\n\n", command->name, command->summary, command->name,
          command->synopsis[0] ? " " : "", command->synopsis);
  help_wrap(out, command->description, 0, 0);
  help_options(out, command);
  fputs("\nexamples:\n", out);
  for (const cli_example *example = command->examples; example->line; example++) {
    fprintf(out, "  %s\n      ", example->line);
    help_wrap(out, example->meaning, 6, 6);
  }
  help_meanings(out, "exit codes", cli_exit_codes, command);
}

/* ---- all commands ---- */

static bool help_in_family(const cli_command *command, const char *family) {
  const size_t length = family ? strlen(family) : 0;
  return !family || (strncmp(command->name, family, length) == 0 && command->name[length] == ' ');
}

static void help_group(FILE *out, const cli_group *group, const char *family) {
  bool titled = false;
  for (const cli_command *const *command = group->commands; *command; command++) {
    if (!help_in_family(*command, family)) continue;
    if (!titled) fprintf(out, "\n%s:\n", group->title);
    titled = true;
    help_entry(out, (*command)->name, (*command)->summary, HELP_NAMES);
  }
}

void cli_help_overview(FILE *out, const char *family) {
  if (family) {
    fprintf(out, "usage: akin %s COMMAND [OPTIONS] ...\n", family);
  } else {
    fputs("akin " AKIN_VERSION_STRING " - recommends images that look alike\n\n"
          "usage: akin COMMAND [OPTIONS] ...\n\n"
          "  akin index ~/Pictures     computes the features of all photos in a folder\n"
          "  akin like photo.jpg       shows the ones that are most like this one\n",
          out);
  }
  for (const cli_group *group = cli_groups; group->title; group++)
    help_group(out, group, family);
  if (!family) {
    help_meanings(out, "environment", cli_environment, NULL);
    help_meanings(out, "exit codes", cli_exit_codes, NULL);
  }
  fprintf(out, "\n`akin %s%sCOMMAND --help` says more about a command.\n", family ? family : "", family ? " " : "");
}
