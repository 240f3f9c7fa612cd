/* cmd_compare.c - akin compare: the same questions to several models, side by side. */
#include "answers.h"
#include "commands.h"
#include "ingesting.h"
#include "messages.h"
#include "opened.h"
#include "parse.h"

#define COMPARE_PAGE "comparison"

typedef struct compare_work {
  cli_answers answers;
  cli_ingesting ingesting;
  cli_list models;
} compare_work;

static akin_status compare_visit(void *context, const akin_comparison *comparison) {
  compare_work *work = context;
  cli_progress_clear(&work->ingesting.progress);
  return cli_answers_add_comparison(&work->answers, comparison);
}

static int compare_models(cli_list *models, const cli_settings *s) {
  if (!s->models) {
    cli_error("which models? Name at least two: --models %s,vgg16", CLI_DEFAULT_MODEL);
    return cli_usage_hint(&cli_compare);
  }
  if (cli_list_split(models, s->models)) return CLI_DONE;
  cli_error("there is no memory for so many models");
  return CLI_FAILED;
}

static int compare_all(akin_store *store, compare_work *work, const cli_settings *s) {
  akin_error err;
  akin_query query;
  akin_model_options model_options;
  akin_ingest_options ingest = AKIN_INGEST_OPTIONS_INIT;
  akin_compare_options options = AKIN_COMPARE_OPTIONS_INIT;
  cli_query_fill(&query, &model_options, s);
  cli_ingesting_begin(&work->ingesting, &ingest, s);
  options.models = cli_list_items(&work->models);
  options.model_count = work->models.count;
  options.query = &query;
  options.ingest = &ingest;
  akin_status status =
      akin_store_compare(store, cli_list_items(&s->operands), s->operands.count, &options, compare_visit, work, &err);
  cli_ingesting_end(&work->ingesting);
  if (status) return cli_fail(status, work->answers.status ? &work->answers.err : &err);
  if (work->ingesting.skipped == 0) return CLI_DONE;
  return work->answers.told > 0 ? CLI_SKIPPED : CLI_FAILED;
}

static int compare_run(const cli_settings *s) {
  akin_store *store = NULL;
  compare_work work = {0};
  int code = compare_models(&work.models, s);
  if (code == CLI_DONE) code = cli_store_open(&store, s, 0);
  if (code == CLI_DONE) {
    code = cli_answers_open(&work.answers, s, cli_page_is_folder(s, s->operands.count), COMPARE_PAGE,
                            "Models side by side");
    if (code == CLI_DONE) code = compare_all(store, &work, s);
    code = cli_answers_close(&work.answers, code);
  }
  akin_store_close(store);
  cli_list_free(&work.models);
  return code;
}

static const cli_option *const compare_options[] = {&cli_option_models,       &cli_option_k,
                                                    &cli_option_format,       &cli_option_output,
                                                    &cli_option_store,        &cli_option_jobs,
                                                    &cli_option_include_self, &cli_option_files_from,
                                                    &cli_option_null,         &cli_option_max_bytes,
                                                    &cli_option_max_pixels,   &cli_option_quiet,
                                                    &cli_option_verbose,      NULL};

static const cli_example compare_examples[] = {
    {"akin compare --models efficientnet-lite0,vgg16 shoe.jpg", "what each of the two finds, and how far they agree"},
    {"akin compare --models efficientnet-lite0,vgg16 --format html *.jpg",
     "a page, comparison.html: a row of pictures for each model"},
    {"akin compare --models efficientnet-lite0,vgg16", "how far they agree over all stored images"},
    {NULL, NULL}};

const cli_command cli_compare = {
    .name = "compare",
    .synopsis = "[IMAGE...]",
    .operand = CLI_OPERAND_FILES,
    .most = SIZE_MAX,
    .summary = "put the same questions to several models, side by side",
    .description =
        "Each image is one question, and each model answers it. What only one model found is marked. Without images, "
        "every stored image is a question, and a table tells how far the models agree.\n\nTwo measures of agreement: "
        "the share of the hits that both models found, and the rank-biased overlap, in which the first ranks count "
        "most: 1 for equal lists, 0 for lists without a common image. Milliseconds an image are those of one core, "
        "from the file to the feature.\n\nFeatures that the store lacks are computed first, which takes as long as "
        "indexing with that model; a note says so.",
    .formats = "table|json|csv|html",
    .options = compare_options,
    .examples = compare_examples,
    .may_skip = true,
    .run = compare_run};
