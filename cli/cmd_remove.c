/* cmd_remove.c - akin remove: takes images, or all features of a model, out of the store. */
#include "commands.h"
#include "messages.h"
#include "opened.h"
#include "parse.h"

static int remove_images(akin_store *store, const cli_settings *s) {
  akin_error err;
  char count[CLI_NUMBER_TEXT];
  uint64_t removed = 0;
  akin_status status = akin_store_remove(store, cli_list_items(&s->operands), s->operands.count, &removed, &err);
  if (status) return cli_fail(status, &err);
  cli_note(CLI_GREEN, "removed", "%s %s; the files stay", cli_count_text(count, removed),
           removed == 1 ? "image" : "images");
  return CLI_DONE;
}

static int remove_features(akin_store *store, const cli_settings *s) {
  akin_error err;
  char count[CLI_NUMBER_TEXT];
  uint64_t removed = 0;
  akin_status status = akin_store_remove_model(store, s->model, &removed, &err);
  if (status) return cli_fail(status, &err);
  cli_note(CLI_GREEN, "removed", "%s features of %s", cli_count_text(count, removed), s->model);
  return CLI_DONE;
}

static int remove_run(const cli_settings *s) {
  akin_store *store = NULL;
  if ((s->operands.count > 0) == (s->model != NULL)) {
    cli_error("remove: name images, or a model with --model, and not both");
    return cli_usage_hint(&cli_remove);
  }
  int code = cli_store_open(&store, s, 0);
  if (code == CLI_DONE) code = s->model ? remove_features(store, s) : remove_images(store, s);
  akin_store_close(store);
  return code;
}

static const cli_option remove_model = {
    0, "model", "NAME", CLI_MODEL, offsetof(cli_settings, model), 0, 0, NULL, "take all features of this model out"};

static const cli_option *const remove_options[] = {&remove_model,     &cli_option_files_from, &cli_option_null,
                                                   &cli_option_store, &cli_option_quiet,      NULL};

static const cli_example remove_examples[] = {
    {"akin remove ~/Pictures/private", "forgets all images inside; the files stay"},
    {"akin remove --model vgg16", "forgets what this model said of all images"},
    {NULL, NULL}};

const cli_command cli_remove = {
    .name = "remove",
    .synopsis = "[PATH...]",
    .operand = CLI_OPERAND_FILES,
    .most = SIZE_MAX,
    .summary = "take images or a model's features out of the store",
    .description = "Takes images, or all images inside folders, out of the store; or, with --model, the features of a "
                   "model. The files themselves stay. When the store does not know one of the paths, nothing is "
                   "removed.",
    .options = remove_options,
    .examples = remove_examples,
    .run = remove_run};
