/* cmd_verify.c - akin verify: is everything sound, store and models? */
#include "commands.h"
#include "messages.h"
#include "opened.h"
#include "result.h"

#include <inttypes.h>

typedef struct verify_work {
  FILE *out;
  bool json;
  uint64_t faults;
  akin_status status; /* of the first fault that could not be written */
  akin_error err;     /* and why */
} verify_work;

static void verify_report(void *context, const char *line) {
  verify_work *work = context;
  if (work->json) fputs(work->faults ? ", " : "", work->out);
  if (!work->status) {
    work->status =
        work->json ? akin_json_string(work->out, line, &work->err) : akin_line_text(work->out, line, &work->err);
  }
  if (!work->json) fputc('\n', work->out);
  work->faults++;
}

/* Opening a damaged model says what is wrong; one that is not imported has nothing to check. */
static akin_status verify_model(void *context, const akin_model_entry *entry) {
  akin_model *model = NULL;
  akin_error err;
  if (!entry->imported && !entry->damaged) return AKIN_OK;
  akin_status status = akin_model_open(&model, entry->name, NULL, &err);
  if (!status) status = akin_model_verify(model, &err);
  akin_model_free(model);
  if (status == AKIN_ERROR_MEMORY) return status;
  if (status) verify_report(context, err.text);
  return AKIN_OK;
}

static int verify_all(akin_store *store, verify_work *work) {
  akin_error err;
  uint64_t faults = 0;
  if (work->json) {
    fputs("{", work->out);
    akin_json_path(work->out, "store", akin_store_folder(store), NULL);
    fputs(", \"faults\": [", work->out);
  }
  akin_status status = akin_store_verify(store, verify_report, work, &faults, &err);
  if (!status) status = akin_model_list(NULL, verify_model, work, &err);
  if (status) return cli_fail(status, &err);
  if (work->status) return cli_fail(work->status, &work->err);
  if (work->json) fprintf(work->out, "], \"sound\": %s}\n", work->faults ? "false" : "true");
  if (!work->json && work->faults == 0) fputs("Everything is sound.\n", work->out);
  return work->faults ? CLI_FAILED : CLI_DONE;
}

static int verify_run(const cli_settings *s) {
  akin_store *store = NULL;
  cli_result result = {0};
  verify_work work = {.json = s->format == CLI_FORMAT_JSON};
  int code = cli_store_open(&store, s, 0);
  if (code == CLI_DONE) code = cli_result_open(&result, NULL);
  work.out = result.file;
  if (code == CLI_DONE) code = verify_all(store, &work);
  code = cli_result_close(&result, code);
  akin_store_close(store);
  return code;
}

static const cli_option *const verify_options[] = {&cli_option_format, &cli_option_store, NULL};

static const cli_example verify_examples[] = {
    {"akin verify && cp -r ~/.local/share/akin /backup", "only what is sound"}, {NULL, NULL}};

const cli_command cli_verify = {
    .name = "verify",
    .synopsis = "",
    .summary = "is everything sound: database, features, caches, models?",
    .description = "Checks the database, every stored feature, the caches and the files of all imported models. Each "
                   "fault is one line; with any, the exit code is 1. A damaged cache is made again, and named.",
    .formats = "table|json",
    .options = verify_options,
    .examples = verify_examples,
    .run = verify_run};
