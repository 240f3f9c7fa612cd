/* cmd_suggest.c - akin model suggest: which imported model finds the user's own images again. */
#include "commands.h"
#include "messages.h"
#include "opened.h"
#include "progress.h"
#include "result.h"
#include "signals.h"

#include <akin/suggest.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const suggest_names[AKIN_ALTERATIONS] = {"crop", "mirror", "compress", "colour"};

typedef struct suggest_line {
  char model[CLI_MODEL_NAME];
  akin_suggestion facts;
} suggest_line;

typedef struct suggest_work {
  suggest_line *lines; /* cli_release */
  size_t count, room;
  uint64_t skipped;
  cli_progress progress;
  double began;
} suggest_work;

static void suggest_on_progress(void *context, const char *model, uint64_t done, uint64_t total) {
  suggest_work *work = context;
  const akin_progress shown = {
      .found = total, .unchanged = done, .seconds = cli_seconds() - work->began, .remaining_seconds = -1};
  work->progress.of = model;
  cli_progress_show(&work->progress, &shown);
}

static void suggest_on_skipped(void *context, const char *path, const char *reason) {
  suggest_work *work = context;
  cli_progress_clear(&work->progress);
  work->skipped++;
  cli_tell_skipped(path, reason);
}

static int suggest_should_cancel(void *context) {
  (void)context;
  return cli_interrupted();
}

static akin_status suggest_visit(void *context, const akin_suggestion *suggestion) {
  suggest_work *work = context;
  if (work->count == work->room) {
    const size_t room = work->room ? work->room * 2 : 32;
    suggest_line *lines = cli_allocate(room, sizeof *lines);
    if (!lines) {
      cli_error("there is no memory for so many models");
      return AKIN_ERROR_CANCELLED; /* nothing more is said */
    }
    if (work->count > 0) memcpy(lines, work->lines, work->count * sizeof *lines);
    cli_release(work->lines);
    work->lines = lines;
    work->room = room;
  }
  suggest_line *line = &work->lines[work->count++];
  snprintf(line->model, sizeof line->model, "%s", suggestion->model);
  line->facts = *suggestion;
  return AKIN_OK;
}

/* The best first, of two that are alike the faster. */
static int suggest_order(const void *a, const void *b) {
  const akin_suggestion *x = &((const suggest_line *)a)->facts, *y = &((const suggest_line *)b)->facts;
  if (x->mean_reciprocal_rank != y->mean_reciprocal_rank)
    return x->mean_reciprocal_rank < y->mean_reciprocal_rank ? 1 : -1;
  return (x->milliseconds > y->milliseconds) - (x->milliseconds < y->milliseconds);
}

/* Could the difference to the best be chance? */
static bool suggest_is_as_good(const akin_suggestion *best, const akin_suggestion *other) {
  return best->mean_reciprocal_rank - other->mean_reciprocal_rank <= hypot(best->uncertainty, other->uncertainty);
}

/* ---- telling ---- */

#define SUGGEST_SHARE_COLUMNS 7  /* "100.0 %" */
#define SUGGEST_OTHER_COLUMNS 79 /* of the whole table, but for the names */

static int suggest_longer(int width, const char *text) {
  const int length = (int)strlen(text);
  return length > width ? length : width;
}

/* A terminal that has no room for the whole table gets one without margin, dim and size. */
static bool suggest_is_narrow(FILE *out, int names) {
  const size_t columns = cli_terminal_columns(fileno(out));
  return columns > 0 && columns < (size_t)names + SUGGEST_OTHER_COLUMNS;
}

static void suggest_table_line(FILE *out, const suggest_line *line, int names, bool narrow) {
  char bytes[CLI_NUMBER_TEXT];
  const akin_suggestion *f = &line->facts;
  fprintf(out, "%-*s %5.3f +-%5.3f", names, line->model, f->mean_reciprocal_rank, f->uncertainty);
  for (size_t a = 0; a < AKIN_ALTERATIONS; a++)
    fprintf(out, " %*.1f %%", suggest_longer(SUGGEST_SHARE_COLUMNS, suggest_names[a]) - 2, 100 * f->found[a]);
  if (!narrow) fprintf(out, " %6.2f %5u %9s", f->margin, f->dim, cli_bytes_text(bytes, f->bytes));
  fprintf(out, " %8.1f\n", f->milliseconds);
}

static void suggest_table(FILE *out, const suggest_work *work) {
  int names = (int)strlen("model");
  for (size_t i = 0; i < work->count; i++)
    names = suggest_longer(names, work->lines[i].model);
  const bool narrow = suggest_is_narrow(out, names);
  fprintf(out, "%-*s %13s", names, "model", "score");
  for (size_t a = 0; a < AKIN_ALTERATIONS; a++)
    fprintf(out, " %*s", suggest_longer(SUGGEST_SHARE_COLUMNS, suggest_names[a]), suggest_names[a]);
  fprintf(out, "%s %8s\n", narrow ? "" : " margin   dim      size", "ms/image");
  for (size_t i = 0; i < work->count; i++)
    suggest_table_line(out, &work->lines[i], names, narrow);
}

/* Which one to take: the fastest of those that are as good as the best. */
static void suggest_conclude(const suggest_work *work) {
  size_t taken = 0, good = 0;
  for (size_t i = 0; i < work->count; i++) {
    if (!suggest_is_as_good(&work->lines[0].facts, &work->lines[i].facts)) continue;
    good++;
    if (work->lines[i].facts.milliseconds < work->lines[taken].facts.milliseconds) taken = i;
  }
  if (work->count > 1) {
    cli_note(CLI_GREEN, "suggested", good > 1 ? "%s: the fastest of the %zu that this sample cannot tell apart" : "%s",
             work->lines[taken].model, good);
  }
}

static akin_status suggest_json_line(FILE *out, const suggest_line *line, akin_error *err) {
  const akin_suggestion *f = &line->facts;
  fputs("{\"model\": ", out);
  akin_status status = akin_json_string(out, line->model, err);
  fprintf(out,
          ", \"score\": %.6f, \"uncertainty\": %.6f, \"margin\": %.6f, \"dim\": %u, \"bytes\": %" PRIu64
          ", \"milliseconds\": %.3f, \"images\": %u, \"found\": {",
          f->mean_reciprocal_rank, f->uncertainty, f->margin, f->dim, f->bytes, f->milliseconds, f->images);
  for (size_t a = 0; a < AKIN_ALTERATIONS; a++)
    fprintf(out, "%s\"%s\": %.6f", a ? ", " : "", suggest_names[a], f->found[a]);
  fputs("}}\n", out);
  return status;
}

static int suggest_tell(suggest_work *work, const cli_settings *s) {
  akin_error err;
  cli_result result;
  int code = cli_result_open(&result, s->output);
  akin_status status = AKIN_OK;
  if (code != CLI_DONE) return code;
  qsort(work->lines, work->count, sizeof *work->lines, suggest_order);
  if (s->format == CLI_FORMAT_JSON)
    for (size_t i = 0; !status && i < work->count; i++)
      status = suggest_json_line(result.file, &work->lines[i], &err);
  else
    suggest_table(result.file, work);
  code = cli_result_close(&result, status ? cli_fail(status, &err) : CLI_DONE);
  if (code == CLI_DONE) suggest_conclude(work);
  return code;
}

static int suggest_run(const cli_settings *s) {
  akin_error err;
  suggest_work work = {0};
  akin_suggest_options options = AKIN_SUGGEST_OPTIONS_INIT;
  if (s->sample) options.sample = (uint32_t)s->sample;
  options.jobs = (uint32_t)s->jobs;
  if (s->max_bytes) options.limits.max_bytes = s->max_bytes;
  if (s->max_pixels) options.limits.max_pixels = s->max_pixels;
  options.on_progress = suggest_on_progress;
  options.on_skipped = suggest_on_skipped;
  options.should_cancel = suggest_should_cancel;
  options.context = &work;
  cli_signals_catch();
  cli_progress_begin(&work.progress, s->quiet);
  work.began = cli_seconds();
  akin_status status =
      akin_models_suggest(cli_list_items(&s->operands), s->operands.count, &options, suggest_visit, &work, &err);
  cli_progress_clear(&work.progress);
  int code = status ? cli_fail(status, &err) : suggest_tell(&work, s);
  if (code == CLI_DONE && work.skipped > 0) code = CLI_SKIPPED;
  cli_release(work.lines);
  return code;
}

static const cli_option suggest_sample = {
    0, "sample", "N", CLI_NUMBER, offsetof(cli_settings, sample), 2, 10000, NULL, "how many images (default: 200)"};

static const cli_option *const suggest_options[] = {
    &suggest_sample,  &cli_option_jobs,      &cli_option_format,     &cli_option_output, &cli_option_files_from,
    &cli_option_null, &cli_option_max_bytes, &cli_option_max_pixels, &cli_option_quiet,  NULL};

static const cli_example suggest_examples[] = {
    {"akin model suggest ~/Pictures", "the imported models, the one that knows your images best first"}, {NULL, NULL}};

const cli_command cli_model_suggest = {
    .name = "model suggest",
    .synopsis = "PHOTOS...",
    .operand = CLI_OPERAND_FILES,
    .least = 1,
    .most = SIZE_MAX,
    .summary = "which imported model knows your images best",
    .description =
        "Takes a sample of the images, alters each (its middle, half of the picture; mirrored; compressed to JPEG "
        "quality 10; brighter and warmer), and has every imported model look for the original among the sample. No "
        "labels are needed.\n\nThe score is the mean of 1 / the original's rank, and what is behind +- its 95 % "
        "interval: "
        "models that differ by less may differ by chance. The columns tell how often the original was found first "
        "after "
        "each alteration; the margin how much more similar it was than the next, in standard deviations of the "
        "similarities to the rest; milliseconds those of one core, for the network alone. A terminal that has no room "
        "for margin, dim and size "
        "gets a table without them.\n\nThis tells how steady a "
        "model's features are on your images, not whether two images that you find alike are alike to it: akin compare "
        "shows that, and akin evaluate measures it where there are labels.",
    .formats = "table|json",
    .options = suggest_options,
    .examples = suggest_examples,
    .may_skip = true,
    .run = suggest_run};
