/* cmd_completions.c - akin completions: what bash, zsh and fish need to complete a line, from the commands' tables. */
#include "commands.h"
#include "messages.h"
#include "parse.h"
#include "result.h"

#include <stdio.h>
#include <string.h>

/* Prints the names of all models; the same in every shell. */
#define COMPLETIONS_MODELS "akin model list --format csv 2>/dev/null | tail -n +2 | cut -d, -f1"

/* The second word of a two-word name; NULL: it is one word. */
static const char *completions_second(const cli_command *command) {
  const char *space = strchr(command->name, ' ');
  return space ? space + 1 : NULL;
}

/* Is this the first command of its family ("model list")? */
static bool completions_begins_family(size_t index) {
  const cli_command *command = cli_command_at(index), *before = index ? cli_command_at(index - 1) : NULL;
  return completions_second(command) && !(before && completions_second(before));
}

static void completions_choices(FILE *out, const char *choices, const char *between) {
  const char *choice = NULL;
  size_t length = 0;
  for (size_t i = 0; (length = cli_choice(&choice, choices, i)) > 0; i++)
    fprintf(out, "%s%.*s", i ? between : "", (int)length, choice);
}

/* Every one-word command and the first word of the others, once each. */
static void completions_first_words(FILE *out, const char *between) {
  const cli_command *command = NULL;
  for (size_t i = 0; (command = cli_command_at(i)); i++) {
    const char *second = completions_second(command);
    if (second && !completions_begins_family(i)) continue;
    const size_t length = second ? (size_t)(second - command->name) - 1 : strlen(command->name);
    fprintf(out, "%s%.*s", i ? between : "", (int)length, command->name);
  }
}

static void completions_second_words(FILE *out, const char *between) {
  const cli_command *command = NULL;
  size_t told = 0;
  for (size_t i = 0; (command = cli_command_at(i)); i++)
    if (completions_second(command)) fprintf(out, "%s%s", told++ ? between : "", completions_second(command));
}

/* ---- bash ---- */

/* What completes a value, as one statement. */
static void bash_value(FILE *out, const cli_command *command, const cli_option *option) {
  switch (option->kind) {
  case CLI_FOLDER:
    fputs("_akin_paths -d", out);
    break;
  case CLI_FILE:
  case CLI_FILES:
    fputs("_akin_paths -f", out);
    break;
  case CLI_MODEL:
    fputs("_akin_words \"$(" COMPLETIONS_MODELS ")\"", out);
    break;
  case CLI_CHOICE:
  case CLI_POOLING:
  case CLI_FORMAT:
    fputs("_akin_words '", out);
    completions_choices(out, cli_option_choices(command, option), " ");
    fputs("'", out);
    break;
  default:
    fputs(":", out);
  }
}

static void bash_operand(FILE *out, cli_operand operand) {
  switch (operand) {
  case CLI_OPERAND_FILES:
    fputs("_akin_paths -f", out);
    break;
  case CLI_OPERAND_MODEL:
    fputs("_akin_words \"$(" COMPLETIONS_MODELS ")\"", out);
    break;
  case CLI_OPERAND_COMMAND:
    fputs("_akin_words '", out);
    completions_first_words(out, " ");
    fputs("'", out);
    break;
  case CLI_OPERAND_SHELL:
    fputs("_akin_words 'bash zsh fish'", out);
    break;
  default:
    fputs(":", out);
  }
}

static void bash_command(FILE *out, const cli_command *command) {
  const cli_option *option = NULL;
  fprintf(out, "  '%s')\n    case $previous in\n", command->name);
  for (size_t i = 0; (option = cli_command_option(command, i)); i++) {
    if (!option->argument) continue;
    fputs("    ", out);
    if (option->letter) fprintf(out, "-%c%s", option->letter, option->name ? "|" : "");
    if (option->name) fprintf(out, "--%s", option->name);
    fputs(") ", out);
    bash_value(out, command, option);
    fputs("; return ;;\n", out);
  }
  fputs("    esac\n    if [[ $current == -* ]]; then _akin_words '", out);
  for (size_t i = 0; (option = cli_command_option(command, i)); i++)
    if (option->name) fprintf(out, "%s--%s", i ? " " : "", option->name);
  fputs("'; else ", out);
  bash_operand(out, command->operand);
  fputs("; fi ;;\n", out);
}

static void completions_bash(FILE *out) {
  const cli_command *command = NULL;
  fputs("# bash completion for akin, made by `akin completions bash`\n"
        "_akin_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$current\"); }\n"
        "_akin_paths() { compopt -o filenames; mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$current\"); }\n"
        "_akin() {\n"
        "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= i\n"
        "  COMPREPLY=()\n"
        "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "    case $command:${COMP_WORDS[i]} in\n"
        "    :",
        out);
  completions_first_words(out, "|:");
  fputs(") command=${COMP_WORDS[i]} ;;\n    model:", out);
  completions_second_words(out, "|model:");
  fputs(") command+=\" ${COMP_WORDS[i]}\" ;;\n    esac\n  done\n  case $command in\n  '') _akin_words '", out);
  completions_first_words(out, " ");
  fputs(" --help --version' ;;\n  model) _akin_words '", out);
  completions_second_words(out, " ");
  fputs(" --help' ;;\n", out);
  for (size_t i = 0; (command = cli_command_at(i)); i++)
    bash_command(out, command);
  fputs("  esac\n}\ncomplete -F _akin akin\n", out);
}

/* ---- zsh ---- */

/* Text inside single quotes; what _arguments and _describe take for themselves is escaped. */
static void zsh_text(FILE *out, const char *text) {
  for (; *text; text++)
    if (*text == '\'')
      fputs("'\\''", out);
    else
      fprintf(out, "%s%c", strchr("[]:\\", *text) ? "\\" : "", *text);
}

static void zsh_value(FILE *out, const cli_command *command, const cli_option *option) {
  fprintf(out, ":%s:", option->argument);
  switch (option->kind) {
  case CLI_FOLDER:
    fputs("_files -/", out);
    break;
  case CLI_FILE:
  case CLI_FILES:
    fputs("_files", out);
    break;
  case CLI_MODEL:
    fputs("_akin_models", out);
    break;
  case CLI_CHOICE:
  case CLI_POOLING:
  case CLI_FORMAT:
    fputs("(", out);
    completions_choices(out, cli_option_choices(command, option), " ");
    fputs(")", out);
    break;
  default:
    fputs(" ", out);
  }
}

/* One specification for each of an option's names. */
static void zsh_option(FILE *out, const cli_command *command, const cli_option *option) {
  for (int longer = 0; longer < 2; longer++) {
    if (longer ? !option->name : !option->letter) continue;
    if (longer)
      fprintf(out, " \\\n      '--%s%s[", option->name, option->argument ? "=" : "");
    else
      fprintf(out, " \\\n      '-%c%s[", option->letter, option->argument ? "+" : "");
    zsh_text(out, option->help);
    fputs("]", out);
    if (option->argument) zsh_value(out, command, option);
    fputs("'", out);
  }
}

static void zsh_operand(FILE *out, cli_operand operand) {
  switch (operand) {
  case CLI_OPERAND_FILES:
    fputs(" \\\n      '*:file:_files'", out);
    break;
  case CLI_OPERAND_MODEL:
    fputs(" \\\n      '*:model:_akin_models'", out);
    break;
  case CLI_OPERAND_COMMAND:
    fputs(" \\\n      '*:command:(", out);
    completions_first_words(out, " ");
    fputs(")'", out);
    break;
  case CLI_OPERAND_SHELL:
    fputs(" \\\n      '*:shell:(bash zsh fish)'", out);
    break;
  default:
    break;
  }
}

static void zsh_command(FILE *out, const cli_command *command) {
  const cli_option *option = NULL;
  fprintf(out, "  '%s') _arguments", command->name);
  for (size_t i = 0; (option = cli_command_option(command, i)); i++)
    zsh_option(out, command, option);
  zsh_operand(out, command->operand);
  fputs(" ;;\n", out);
}

/* Commands with their summaries, for _describe. */
static void zsh_describe(FILE *out, bool family) {
  const cli_command *command = NULL;
  for (size_t i = 0; (command = cli_command_at(i)); i++) {
    const char *second = completions_second(command);
    if (!family && completions_begins_family(i)) fputs(" \\\n      'model:models'", out);
    if ((second != NULL) != family) continue;
    fprintf(out, " \\\n      '%s:", second ? second : command->name);
    zsh_text(out, command->summary);
    fputs("'", out);
  }
}

static void completions_zsh(FILE *out) {
  const cli_command *command = NULL;
  fputs("#compdef akin\n# zsh completion for akin, made by `akin completions zsh`\n"
        "_akin_models() { compadd -- ${(f)\"$(" COMPLETIONS_MODELS ")\"}; }\n"
        "_akin() {\n  local command= word\n  local -a choices\n"
        "  for word in ${words[2,CURRENT-1]}; do\n    case $command:$word in\n    :",
        out);
  completions_first_words(out, "|:");
  fputs(") command=$word ;;\n    model:", out);
  completions_second_words(out, "|model:");
  fputs(") command+=\" $word\" ;;\n    esac\n  done\n  case $command in\n  '') choices=(", out);
  zsh_describe(out, false);
  fputs(")\n      _describe command choices ;;\n  model) choices=(", out);
  zsh_describe(out, true);
  fputs(")\n      _describe command choices ;;\n", out);
  for (size_t i = 0; (command = cli_command_at(i)); i++)
    zsh_command(out, command);
  fputs("  esac\n}\nif [[ $funcstack[1] == _akin ]]; then _akin \"$@\"; else compdef _akin akin; fi\n", out);
}

/* ---- fish ---- */

static void fish_text(FILE *out, const char *text) {
  for (; *text; text++)
    fprintf(out, "%s%c", strchr("'\\", *text) ? "\\" : "", *text);
}

static void fish_value(FILE *out, const cli_command *command, const cli_option *option) {
  switch (option->kind) {
  case CLI_FOLDER:
    fputs(" -x -a '(__fish_complete_directories)'", out);
    break;
  case CLI_FILE:
  case CLI_FILES:
    fputs(" -r -F", out);
    break;
  case CLI_MODEL:
    fputs(" -x -a '(__akin_models)'", out);
    break;
  case CLI_CHOICE:
  case CLI_POOLING:
  case CLI_FORMAT:
    fputs(" -x -a '", out);
    completions_choices(out, cli_option_choices(command, option), " ");
    fputs("'", out);
    break;
  default:
    fputs(" -x", out);
  }
}

static void fish_operand(FILE *out, const cli_command *command) {
  static const char *const completes[] = {NULL, "-F", "-a '(__akin_models)'", NULL, "-a 'bash zsh fish'"};
  if (command->operand == CLI_OPERAND_COMMAND) {
    fprintf(out, "complete -c akin -n '__akin_is %s' -a '", command->name);
    completions_first_words(out, " ");
    fputs("'\n", out);
  } else if (completes[command->operand]) {
    fprintf(out, "complete -c akin -n '__akin_is %s' %s\n", command->name, completes[command->operand]);
  }
}

static void fish_command(FILE *out, const cli_command *command) {
  const cli_option *option = NULL;
  const char *second = completions_second(command);
  fprintf(out, "complete -c akin -n '__akin_is %s' -a %s -d '", second ? "model" : "", second ? second : command->name);
  fish_text(out, command->summary);
  fputs("'\n", out);
  for (size_t i = 0; (option = cli_command_option(command, i)); i++) {
    fprintf(out, "complete -c akin -n '__akin_is %s'", command->name);
    if (option->letter) fprintf(out, " -s %c", option->letter);
    if (option->name) fprintf(out, " -l %s", option->name);
    if (option->argument) fish_value(out, command, option);
    fputs(" -d '", out);
    fish_text(out, option->help);
    fputs("'\n", out);
  }
  fish_operand(out, command);
}

static void completions_fish(FILE *out) {
  const cli_command *command = NULL;
  fputs("# fish completion for akin, made by `akin completions fish`\n"
        "function __akin_models\n    " COMPLETIONS_MODELS "\nend\n"
        "# Is this the command of the line? Without a name: is there none yet?\n"
        "function __akin_is\n    set -l command\n"
        "    for word in (commandline -opc)[2..-1]\n        switch \"$command:$word\"\n            case :",
        out);
  completions_first_words(out, " :");
  fputs("\n                set command $word\n            case model:", out);
  completions_second_words(out, " model:");
  fputs("\n                set command model $word\n        end\n    end\n    test \"$command\" = \"$argv\"\nend\n"
        "complete -c akin -f\n"
        "complete -c akin -n '__akin_is ' -a model -d 'models'\n",
        out);
  for (size_t i = 0; (command = cli_command_at(i)); i++)
    fish_command(out, command);
}

/* ---- the command ---- */

static const struct {
  const char *shell;
  void (*print)(FILE *out);
} completions_shells[] = {{"bash", completions_bash}, {"zsh", completions_zsh}, {"fish", completions_fish}};

static int completions_run(const cli_settings *s) {
  cli_result result;
  for (size_t i = 0; i < sizeof completions_shells / sizeof *completions_shells; i++) {
    if (strcmp(s->operands.items[0], completions_shells[i].shell) != 0) continue;
    const int code = cli_result_open(&result, NULL);
    completions_shells[i].print(result.file);
    return cli_result_close(&result, code);
  }
  cli_error("completions: there are none for \"%s\": choose bash, zsh or fish", s->operands.items[0]);
  return cli_usage_hint(&cli_completions);
}

static const cli_option *const completions_options[] = {NULL};
static const cli_example completions_examples[] = {
    {"source <(akin completions bash)", "in this shell, or in ~/.bashrc for every one"},
    {"akin completions fish > ~/.config/fish/completions/akin.fish", "for fish"},
    {NULL, NULL}};

const cli_command cli_completions = {.name = "completions",
                                     .synopsis = "bash|zsh|fish",
                                     .operand = CLI_OPERAND_SHELL,
                                     .least = 1,
                                     .most = 1,
                                     .summary = "print what a shell needs to complete akin's lines",
                                     .description = "Prints a script for the shell, which completes commands, "
                                                    "options, their values and names of models.",
                                     .options = completions_options,
                                     .examples = completions_examples,
                                     .run = completions_run};
