/* manual.c - see manual.h. */
#include "manual.h"
#include "help.h"

#include <akin/status.h>
#include <ctype.h>
#include <string.h>

#define MANUAL_TEXT 512

/* Text as roff takes it: backslashes and hyphens as they are meant, no line that begins with a request's sign. */
static void manual_text(FILE *out, const char *text) {
  bool line_begins = true;
  for (; *text; text++) {
    if (line_begins && (*text == '.' || *text == '\'')) fputs("\\&", out);
    line_begins = *text == '\n';
    if (*text == '\\')
      fputs("\\e", out);
    else if (*text == '-')
      fputs("\\-", out);
    else if (*text == '\n' && text[1] == '\n')
      fputs("\n.PP", out); /* the second line end follows */
    else
      fputc(*text, out);
  }
  fputc('\n', out);
}

static void manual_capitals(FILE *out, const char *text) {
  for (; *text; text++)
    fputc(toupper((unsigned char)*text), out);
}

static void manual_entry(FILE *out, const char *name, const char *meaning) {
  fputs(".TP\n.B ", out);
  manual_text(out, name);
  manual_text(out, meaning);
}

static void manual_options(FILE *out, const cli_command *command) {
  char name[MANUAL_TEXT], meaning[MANUAL_TEXT];
  for (const cli_option *const *option = command->options; *option; option++) {
    cli_option_text(name, sizeof name, *option);
    cli_option_help_text(meaning, sizeof meaning, command, *option);
    manual_entry(out, name + strspn(name, " "), meaning);
  }
}

static void manual_command(FILE *out, const cli_command *command) {
  fprintf(out, ".SS akin %s [OPTIONS] %s\n", command->name, command->synopsis);
  manual_text(out, command->description);
  manual_options(out, command);
  fputs(".PP\nExamples:\n", out);
  for (const cli_example *example = command->examples; example->line; example++)
    manual_entry(out, example->line, example->meaning);
}

static void manual_meanings(FILE *out, const char *title, const cli_meaning *meanings) {
  fprintf(out, ".SH %s\n", title);
  for (; meanings->name; meanings++)
    manual_entry(out, meanings->name, meanings->meaning);
}

void cli_manual(FILE *out) {
  fputs(".TH AKIN 1 \"\" \"akin " AKIN_VERSION_STRING "\" \"User Commands\"\n"
        ".SH NAME\nakin \\- recommends images that look alike\n"
        ".SH SYNOPSIS\n.B akin\nCOMMAND [OPTIONS] ...\n"
        ".SH DESCRIPTION\n"
        "Give akin a folder of images. It computes, with a pretrained network whose prediction layer is cut off, one\n"
        "feature vector for each, and then answers which images are most like a given one, with scores and with\n"
        "pictures. Answers go to standard output, everything else to standard error.\n",
        out);
  for (const cli_group *group = cli_groups; group->title; group++) {
    fputs(".SH ", out);
    manual_capitals(out, group->title);
    fputc('\n', out);
    for (const cli_command *const *command = group->commands; *command; command++)
      manual_command(out, *command);
  }
  manual_meanings(out, "ENVIRONMENT", cli_environment);
  manual_meanings(out, "EXIT STATUS", cli_exit_codes);
}
