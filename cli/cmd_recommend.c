/* cmd_recommend.c - akin recommend: for each image its own best, the shop's table. */
#include "answers.h"
#include "commands.h"
#include "messages.h"
#include "opened.h"
#include "watch.h"

typedef struct recommend_work {
  cli_answers answers;
  cli_watch watch; /* of what is done before the first answer */
  cli_list models;
  uint64_t skipped;
} recommend_work;

static akin_status recommend_visit(void *context, const akin_hits *hits) {
  recommend_work *work = context;
  cli_watch_clear(&work->watch);
  return cli_answers_add(&work->answers, akin_report_recommendation, hits);
}

static void recommend_on_skipped(void *context, const char *path, const char *reason) {
  recommend_work *work = context;
  work->skipped++;
  cli_tell_skipped(path, reason);
}

/* How many questions there will be says which form a page takes when -o does not. */
static int recommend_form(bool *folder, akin_store *store, const cli_settings *s) {
  const akin_summary *summary = NULL;
  akin_error err;
  uint64_t questions = s->operands.count;
  *folder = false;
  if (s->format != CLI_FORMAT_HTML) return CLI_DONE;
  if (questions == 0 && !s->output) {
    akin_status status = akin_store_summary(store, &summary, &err);
    if (status) return cli_fail(status, &err);
    questions = summary->images;
    akin_summary_free(summary);
  }
  *folder = cli_page_is_folder(s, questions);
  return CLI_DONE;
}

static int recommend_all(akin_store *store, recommend_work *work, const cli_settings *s) {
  akin_error err;
  akin_query query;
  akin_model_options options;
  cli_query_fill(&query, &options, s);
  int code = cli_search(&query.search, &cli_recommend, s);
  if (code == CLI_DONE) code = cli_query_join(&query, &work->models, &cli_recommend, s);
  if (code != CLI_DONE) return code;
  cli_watch_begin(&work->watch, store, "comparing", s->quiet);
  akin_status status = akin_store_recommend(store, cli_list_items(&s->operands), s->operands.count, &query,
                                            recommend_visit, recommend_on_skipped, work, &err);
  cli_watch_clear(&work->watch);
  if (status) return cli_fail(status, work->answers.status ? &work->answers.err : &err);
  if (s->operands.count == 0 && work->answers.told == 0)
    cli_note(CLI_YELLOW, "note", "the store holds no images: akin index FOLDER");
  if (work->skipped == 0) return CLI_DONE;
  return work->answers.told > 0 ? CLI_SKIPPED : CLI_FAILED;
}

static int recommend_run(const cli_settings *s) {
  akin_store *store = NULL;
  recommend_work work = {0};
  bool folder = false;
  int code = cli_store_open(&store, s, 0);
  if (code == CLI_DONE) code = recommend_form(&folder, store, s);
  if (code == CLI_DONE) code = cli_answers_open(&work.answers, s, folder, CLI_PAGE_FOLDER, "Recommendations");
  if (code == CLI_DONE) code = recommend_all(store, &work, s);
  code = cli_answers_close(&work.answers, code);
  akin_store_close(store);
  cli_list_free(&work.models);
  return code;
}

static const cli_option *const recommend_options[] = {&cli_option_k,
                                                      &cli_option_where,
                                                      &cli_option_min_score,
                                                      &cli_option_exclude_duplicates,
                                                      &cli_option_diverse,
                                                      &cli_option_offset,
                                                      &cli_option_include_self,
                                                      &cli_option_exact,
                                                      &cli_option_approximate,
                                                      &cli_option_format,
                                                      &cli_option_output,
                                                      &cli_option_model,
                                                      &cli_option_models,
                                                      &cli_option_fuse,
                                                      &cli_option_scores,
                                                      &cli_option_store,
                                                      &cli_option_files_from,
                                                      &cli_option_null,
                                                      &cli_option_max_bytes,
                                                      &cli_option_max_pixels,
                                                      &cli_option_quiet,
                                                      NULL};

static const cli_example recommend_examples[] = {
    {"akin recommend --format csv -o table.csv", "the five best of every stored image, one hit a line"},
    {"akin recommend --format html", "pages with pictures of the whole store, in the folder " CLI_PAGE_FOLDER},
    {"akin recommend -k 3 --format json a.jpg b.jpg", "one line of JSON for each of the two"},
    {NULL, NULL}};

const cli_command cli_recommend = {
    .name = "recommend",
    .synopsis = "[IMAGE...]",
    .operand = CLI_OPERAND_FILES,
    .most = SIZE_MAX,
    .summary = "for each image its own best ones (default: all stored)",
    .description = "Answers one question for each image: the table of a shop. Without images it asks for every stored "
                   "one, in order of path. --where and the other conditions are about the images that are recommended: "
                   "see akin like --help.\n\nA page (--format html) for up to 50 images is one file; for more it is a "
                   "folder with index.html. -o FILE.html asks for one file, -o with any other name for a folder.",
    .formats = "table|json|csv|html",
    .options = recommend_options,
    .examples = recommend_examples,
    .may_skip = true,
    .run = recommend_run};
