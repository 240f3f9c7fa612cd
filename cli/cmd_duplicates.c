/* cmd_duplicates.c - akin duplicates: near-identical images in groups, and which were told apart. */
#include "answers.h"
#include "commands.h"
#include "ingesting.h"
#include "messages.h"
#include "opened.h"
#include "parse.h"
#include "places.h"
#include "signals.h"

#include <string.h>

#define DUPLICATES_PAGE "duplicates"

typedef struct duplicates_work {
  const cli_settings *settings;
  cli_progress progress;
  cli_answers answers;
  bool opened;            /* answers are */
  int code;               /* of opening them */
  uint64_t copies, bytes; /* of all images but the best */
  uint64_t skipped;
  double began; /* cli_seconds */
} duplicates_work;

/* ---- finding ---- */

/* How many groups there will be says which form a page takes when -o does not. */
static int duplicates_open(duplicates_work *work, size_t groups) {
  const cli_settings *s = work->settings;
  work->opened = true;
  return cli_answers_open(&work->answers, s, cli_page_is_folder(s, groups), DUPLICATES_PAGE, "Duplicates");
}

static akin_status duplicates_visit(void *context, const akin_duplicate_group *group) {
  duplicates_work *work = context;
  if (!work->opened) {
    cli_progress_clear(&work->progress);
    work->code = duplicates_open(work, group->groups);
  }
  if (work->code != CLI_DONE) return AKIN_ERROR_CANCELLED;
  for (size_t i = 0; i < group->count; i++) {
    if (group->images[i].copy == AKIN_COPY_BEST) continue;
    work->copies++;
    work->bytes += group->images[i].bytes;
  }
  return cli_answers_add_duplicates(&work->answers, group);
}

/* Only the reading of pictures takes time enough to be shown. */
static void duplicates_on_progress(void *context, const akin_duplicates_progress *now) {
  duplicates_work *work = context;
  const akin_progress shown = {.found = now->pictures,
                               .unchanged = now->looked,
                               .seconds = cli_seconds() - work->began,
                               .remaining_seconds = -1};
  if (now->pictures > 0) cli_progress_show(&work->progress, &shown);
}

static void duplicates_on_skipped(void *context, const char *path, const char *reason) {
  duplicates_work *work = context;
  cli_progress_clear(&work->progress);
  cli_tell_skipped(path, reason);
  work->skipped++;
}

static int duplicates_should_cancel(void *context) {
  (void)context;
  return cli_interrupted();
}

static void duplicates_tell(const duplicates_work *work) {
  char groups[CLI_NUMBER_TEXT], copies[CLI_NUMBER_TEXT], bytes[CLI_NUMBER_TEXT];
  if (work->answers.told == 0) {
    cli_note(CLI_PLAIN, NULL, "no duplicates");
    return;
  }
  cli_note(CLI_PLAIN, NULL, "%s %s: beside the best %s %s, %s", cli_count_text(groups, work->answers.told),
           work->answers.told == 1 ? "group" : "groups", cli_count_text(copies, work->copies),
           work->copies == 1 ? "copy" : "copies", cli_bytes_text(bytes, work->bytes));
}

static int duplicates_find(akin_store *store, duplicates_work *work) {
  const cli_settings *s = work->settings;
  akin_error err;
  akin_duplicates_options options = AKIN_DUPLICATES_OPTIONS_INIT;
  options.model = s->model;
  options.mirrored = s->mirrored;
  options.min_score = (float)s->candidates;
  options.jobs = s->jobs ? (uint32_t)s->jobs : akin_cores();
  options.paths = cli_list_items(&s->operands);
  options.path_count = s->operands.count;
  if (s->max_bytes) options.limits.max_bytes = s->max_bytes;
  if (s->max_pixels) options.limits.max_pixels = s->max_pixels;
  options.on_progress = duplicates_on_progress;
  options.on_skipped = duplicates_on_skipped;
  options.should_cancel = duplicates_should_cancel;
  options.context = work;
  cli_signals_catch();
  cli_progress_begin(&work->progress, s->quiet);
  work->began = cli_seconds();
  akin_status status = akin_store_duplicates(store, &options, duplicates_visit, work, NULL, &err);
  cli_progress_clear(&work->progress);
  if (work->code != CLI_DONE) return work->code;
  if (status) return cli_fail(status, work->answers.status ? &work->answers.err : &err);
  const int code = work->opened ? CLI_DONE : duplicates_open(work, 0);
  if (code != CLI_DONE) return code;
  duplicates_tell(work);
  return work->skipped > 0 ? CLI_SKIPPED : CLI_DONE;
}

/* ---- telling apart ---- */

static int duplicates_change(akin_store *store, const cli_settings *s) {
  akin_error err;
  char count[CLI_NUMBER_TEXT];
  uint64_t changed = 0;
  akin_status status =
      akin_store_tell_apart(store, cli_list_items(&s->operands), s->operands.count, s->not_duplicates, &changed, &err);
  if (status) return cli_fail(status, &err);
  cli_note(CLI_GREEN, s->not_duplicates ? "told apart" : "forgotten", "%s %s", cli_count_text(count, changed),
           changed == 1 ? "pair" : "pairs");
  return CLI_DONE;
}

typedef struct duplicates_list {
  FILE *out;
  bool json;
  akin_status status;
  akin_error err;
} duplicates_list;

static akin_status duplicates_list_json(FILE *out, const char *const paths[2], const char *const contents[2],
                                        akin_error *err) {
  akin_status status = AKIN_OK;
  fputs("{\"pair\": [", out);
  for (int i = 0; !status && i < 2; i++) {
    fputs(i ? ", {" : "{", out);
    if (paths[i]) {
      status = akin_json_path(out, "image", paths[i], err);
      fputs(", ", out);
    }
    fprintf(out, "\"sha256\": \"%s\"}", contents[i]);
  }
  fputs("]}\n", out);
  return status;
}

static akin_status duplicates_list_line(FILE *out, const char *const paths[2], const char *const contents[2],
                                        akin_error *err) {
  akin_status status = AKIN_OK;
  for (int i = 0; !status && i < 2; i++) {
    if (i) fputs("  and  ", out);
    if (paths[i])
      status = akin_line_text(out, paths[i], err);
    else
      fprintf(out, "(no image any more: SHA-256 %s)", contents[i]);
  }
  fputc('\n', out);
  return status;
}

static akin_status duplicates_list_pair(void *context, const char *const paths[2], const char *const contents[2]) {
  duplicates_list *list = context;
  list->status = list->json ? duplicates_list_json(list->out, paths, contents, &list->err)
                            : duplicates_list_line(list->out, paths, contents, &list->err);
  return list->status;
}

static int duplicates_list_apart(akin_store *store, const cli_settings *s) {
  akin_error err;
  cli_result result = {0};
  duplicates_list list = {.json = s->format == CLI_FORMAT_JSON};
  int code = cli_result_open(&result, s->output);
  if (code == CLI_DONE) {
    list.out = result.file;
    akin_status status = akin_store_told_apart(store, duplicates_list_pair, &list, &err);
    if (status) code = cli_fail(status, list.status ? &list.err : &err);
  }
  return cli_result_close(&result, code);
}

/* ---- the command ---- */

static int duplicates_check(const cli_settings *s) {
  if (s->not_duplicates + s->again + s->told_apart > 1) {
    cli_error("duplicates: --not, --again and --told-apart are three different things: one at a time");
    return cli_usage_hint(&cli_duplicates);
  }
  if ((s->not_duplicates || s->again) && s->operands.count < 2) {
    cli_error("duplicates: name the images that are %s, two or more",
              s->not_duplicates ? "not duplicates of each other" : "to be duplicates again");
    return cli_usage_hint(&cli_duplicates);
  }
  if (s->told_apart && (s->operands.count > 0 || (s->format != CLI_FORMAT_TABLE && s->format != CLI_FORMAT_JSON))) {
    cli_error("duplicates: --told-apart lists all pairs, as a table or JSON, and takes no images");
    return cli_usage_hint(&cli_duplicates);
  }
  return CLI_DONE;
}

static int duplicates_run(const cli_settings *s) {
  akin_store *store = NULL;
  duplicates_work work = {.settings = s};
  int code = duplicates_check(s);
  if (code == CLI_DONE) code = cli_store_open(&store, s, 0);
  if (code == CLI_DONE && s->told_apart) {
    code = duplicates_list_apart(store, s);
  } else if (code == CLI_DONE && (s->not_duplicates || s->again)) {
    code = duplicates_change(store, s);
  } else if (code == CLI_DONE) {
    code = duplicates_find(store, &work);
    if (work.opened) code = cli_answers_close(&work.answers, code);
  }
  akin_store_close(store);
  return code;
}

static const cli_option duplicates_mirrored = {0,
                                               "mirrored",
                                               NULL,
                                               CLI_FLAG,
                                               offsetof(cli_settings, mirrored),
                                               0,
                                               0,
                                               NULL,
                                               "mirrored pictures are duplicates too"};
static const cli_option duplicates_candidates = {0,
                                                 "candidates",
                                                 "X",
                                                 CLI_REAL,
                                                 offsetof(cli_settings, candidates),
                                                 0,
                                                 0,
                                                 NULL,
                                                 "look at pairs whose features score X or more (default: 0.7)"};
static const cli_option duplicates_not = {0,
                                          "not",
                                          NULL,
                                          CLI_FLAG,
                                          offsetof(cli_settings, not_duplicates),
                                          0,
                                          0,
                                          NULL,
                                          "remember that these images are not duplicates of each other"};
static const cli_option duplicates_again = {
    0, "again", NULL, CLI_FLAG, offsetof(cli_settings, again), 0, 0, NULL, "forget what --not said of these images"};
static const cli_option duplicates_told_apart = {0,
                                                 "told-apart",
                                                 NULL,
                                                 CLI_FLAG,
                                                 offsetof(cli_settings, told_apart),
                                                 0,
                                                 0,
                                                 NULL,
                                                 "list the pairs that --not told apart"};

static const cli_option *const duplicates_options[] = {&duplicates_mirrored,
                                                       &duplicates_candidates,
                                                       &cli_option_format,
                                                       &cli_option_output,
                                                       &cli_option_print0,
                                                       &duplicates_not,
                                                       &duplicates_again,
                                                       &duplicates_told_apart,
                                                       &cli_option_model,
                                                       &cli_option_store,
                                                       &cli_option_jobs,
                                                       &cli_option_files_from,
                                                       &cli_option_null,
                                                       &cli_option_max_bytes,
                                                       &cli_option_max_pixels,
                                                       &cli_option_quiet,
                                                       NULL};

static const cli_example duplicates_examples[] = {
    {"akin duplicates --format html", "a page with pictures, duplicates.html: look before you throw anything away"},
    {"akin duplicates --not a.jpg b.jpg", "these two are alike, but each is worth keeping"},
    {"akin duplicates --print0 | xargs -0 mv -t ~/copies", "moves all copies but the best away"},
    {NULL, NULL}};

const cli_command cli_duplicates = {
    .name = "duplicates",
    .synopsis = "[PATH...]",
    .operand = CLI_OPERAND_FILES,
    .most = SIZE_MAX,
    .summary = "groups of near-identical images, and the best of each",
    .description =
        "Finds images that show the same picture: resized, compressed anew, cropped by up to about a tenth, brighter "
        "or darker; also mirrored, if asked for. Among all stored images, or only those that are, or lie in, PATH. "
        "Nothing is deleted.\n\nThe best copy comes first: the one with most pixels, then most bytes, then the first "
        "by path. Each other image of a group was compared with the best one, so that no chain of small steps joins "
        "what is different. The order of indexing does not matter. A file that is gone, or was changed since it was "
        "indexed, is in no group, and is named.\n\nPlain paths (--format paths, --print0) are all copies but the best "
        "of each group.\n\n--not remembers by content: it holds for moved and copied files too.",
    .formats = "table|json|csv|paths|html",
    .options = duplicates_options,
    .examples = duplicates_examples,
    .may_skip = true,
    .run = duplicates_run};
