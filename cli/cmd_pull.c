/* cmd_pull.c - akin model pull: official weights over the network. */
#include "commands.h"
#include "messages.h"
#include "opened.h"
#include "progress.h"
#include "signals.h"

#include <stdio.h>

#define PULL_PAUSE 0.2 /* seconds between two lines */

typedef struct pull_view {
  const char *what;
  bool quiet, drawn, told; /* told: how large it is */
  double last;             /* when the line was drawn; cli_seconds */
} pull_view;

static void pull_clear(pull_view *view) {
  if (view->drawn) fputs("\r\033[K", stderr);
  fflush(stderr);
  view->drawn = false;
}

static void pull_on_note(void *context, const char *line) {
  pull_clear(context);
  cli_note(CLI_YELLOW, "note", "%s", line);
}

static void pull_on_progress(void *context, uint64_t got, uint64_t total) {
  pull_view *view = context;
  char have[CLI_NUMBER_TEXT], all[CLI_NUMBER_TEXT];
  if (view->quiet || total == 0) return;
  cli_bytes_text(all, total);
  if (!view->told) cli_note(CLI_PLAIN, NULL, "%s: %s", view->what, all);
  view->told = true;
  const double now = cli_seconds();
  if (!cli_on_terminal() || (now - view->last < PULL_PAUSE && got < total)) return;
  view->last = now;
  fprintf(stderr, "\r%s of %s, %.0f %%\033[K", cli_bytes_text(have, got), all, 100.0 * (double)got / (double)total);
  fflush(stderr);
  view->drawn = true;
}

static int pull_should_cancel(void *context) {
  (void)context;
  return cli_interrupted();
}

static int pull_run(const cli_settings *s) {
  akin_error err;
  char name[CLI_MODEL_NAME];
  pull_view view = {.what = s->operands.items[0], .quiet = s->quiet};
  akin_pull_options options = AKIN_PULL_OPTIONS_INIT;
  options.from = s->from;
  options.name = s->name;
  options.replace = s->replace;
  options.on_note = pull_on_note;
  options.on_progress = pull_on_progress;
  options.should_cancel = pull_should_cancel;
  options.context = &view;
  cli_signals_catch();
  akin_status status = akin_model_pull(view.what, &options, name, sizeof name, &err);
  pull_clear(&view);
  if (status) return cli_fail(status, &err);
  cli_tell_imported(name);
  return CLI_DONE;
}

static const cli_option pull_from = {0,
                                     "from",
                                     "FILE",
                                     CLI_FILE,
                                     offsetof(cli_settings, from),
                                     0,
                                     0,
                                     NULL,
                                     "the weights, got by other means: no network"};

static const cli_option *const pull_options[] = {&pull_from, &cli_option_name, &cli_option_replace, &cli_option_quiet,
                                                 NULL};
static const cli_example pull_examples[] = {
    {"akin model pull mobilenet-v2", "fetches the weights from where its card says"},
    {"akin model pull vgg16 --from vgg16_weights.h5", "on a machine without network: the file, held against the card"},
    {NULL, NULL}};

const cli_command cli_model_pull = {
    .name = "model pull",
    .synopsis = "NAME",
    .operand = CLI_OPERAND_MODEL,
    .least = 1,
    .most = 1,
    .summary = "fetch a network's official weights and import them",
    .description =
        "Fetches the weights that the network's card names, over HTTPS, holds them against the hash that their "
        "publisher gives, and imports them. Where there is none, a note says so, and the SHA-256 is kept: --replace "
        "refuses another file. From then on the network is needed no more. What was interrupted goes on where it "
        "stopped.\n\nWith AKIN_MIRROR=https://HOST/FOLDER in the environment the file of the same name is fetched from "
        "there. Proxies are those of https_proxy and no_proxy.",
    .options = pull_options,
    .examples = pull_examples,
    .run = pull_run};
