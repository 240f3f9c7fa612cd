/* cmd_evaluate.c - akin evaluate: how good recommendations are, on images whose classes are known. */
#include "answers.h"
#include "commands.h"
#include "messages.h"
#include "opened.h"

#define EVALUATE_PAGE "evaluation"

static void evaluate_fill(akin_evaluate_options *options, const cli_list *models, const cli_settings *s) {
  *options = (akin_evaluate_options)AKIN_EVALUATE_OPTIONS_INIT;
  options->models = cli_list_items(models);
  options->model_count = models->count;
  options->fuse = s->fuse;
  options->k = (uint32_t)s->k;
  options->labels = s->labels;
  options->label = s->label;
  options->resamples = (uint32_t)s->resamples;
  options->seed = s->seed;
  options->worst = (uint32_t)s->worst;
  if (s->scores) (void)akin_scores_from_name(&options->scores, s->scores); /* one of the choices */
}

static int evaluate_models(cli_list *models, const cli_settings *s) {
  if (s->models ? cli_list_split(models, s->models) : !s->model || cli_list_add(models, s->model)) return CLI_DONE;
  cli_error("there is no memory for so many models");
  return CLI_FAILED;
}

static int evaluate_tell(const akin_evaluation *evaluation, const cli_settings *s) {
  cli_answers answers;
  int code = cli_answers_open(&answers, s, false, EVALUATE_PAGE, "How good the recommendations are");
  akin_status status = code == CLI_DONE ? cli_answers_add_evaluation(&answers, evaluation) : AKIN_OK;
  if (status) code = cli_fail(status, &answers.err);
  return cli_answers_close(&answers, code);
}

static int evaluate_run(const cli_settings *s) {
  akin_error err;
  akin_store *store = NULL;
  const akin_evaluation *evaluation = NULL;
  akin_evaluate_options options;
  cli_list models = {0};
  int code = evaluate_models(&models, s);
  if (code == CLI_DONE) code = cli_store_open(&store, s, 0);
  if (code == CLI_DONE) {
    evaluate_fill(&options, &models, s);
    akin_status status = akin_store_evaluate(store, &evaluation, &options, &err);
    code = status ? cli_fail(status, &err) : evaluate_tell(evaluation, s);
  }
  akin_evaluation_free(evaluation);
  akin_store_close(store);
  cli_list_free(&models);
  return code;
}

#define FIELD(name) offsetof(cli_settings, name)

static const cli_option evaluate_labels = {
    0,        "labels",      "FILE",
    CLI_FILE, FIELD(labels), 0,
    0,        NULL,          "classes from a CSV file: a column \"image\" or \"path\", and one of classes"};
static const cli_option evaluate_label = {
    0,        "label",      "NAME",
    CLI_TEXT, FIELD(label), 0,
    0,        NULL,         "which column of it; without --labels, a label of the store"};
static const cli_option evaluate_resamples = {0,
                                              "resamples",
                                              "N",
                                              CLI_NUMBER,
                                              FIELD(resamples),
                                              0,
                                              1000000,
                                              NULL,
                                              "resamples for the intervals (default: 1000); 0: no intervals"};
static const cli_option evaluate_seed = {
    0, "seed", "N", CLI_NUMBER, FIELD(seed), 0, UINT64_MAX, NULL, "seed of the resamples (default: 1)"};
static const cli_option evaluate_worst = {
    0,
    "worst",
    "N",
    CLI_NUMBER,
    FIELD(worst),
    0,
    10000,
    NULL,
    "worst questions of each model, in json and html (default: 20; a page has room for 49 in all)"};

static const cli_option *const evaluate_options[] = {
    &cli_option_k,       &cli_option_models, &cli_option_model,  &cli_option_fuse,   &cli_option_scores,
    &evaluate_labels,    &evaluate_label,    &cli_option_format, &cli_option_output, &evaluate_worst,
    &evaluate_resamples, &evaluate_seed,     &cli_option_store,  &cli_option_quiet,  NULL};

static const cli_example evaluate_examples[] = {
    {"akin evaluate", "every folder is a class: how many of the five best are of the image's own?"},
    {"akin evaluate --models efficientnet-lite0,vgg16 --fuse", "two models, and both joined, over the same questions"},
    {"akin evaluate --labels labels.csv --label colour --format html",
     "a page with the worst questions: " EVALUATE_PAGE ".html"},
    {NULL, NULL}};

const cli_command cli_evaluate = {
    .name = "evaluate",
    .synopsis = "",
    .summary = "how good are the recommendations, by known classes?",
    .description = "Asks for every image that has a class, and counts the hits of its own class. A class is the name "
                   "of an image's folder, a label of the store (--label), or a column of a CSV file (--labels).\n\nP@k "
                   "is the share of the first k hits that are of the class, recall@k the share of the class that is "
                   "among them, mAP@k the mean of the precision at each right hit, MAP@R the same for as many hits as "
                   "the class has images (Musgrave and others, A Metric Learning Reality Check, 2020), mAP over all. "
                   "Micro is the mean over images, macro over classes. Images with the same content do not count as "
                   "hits; an image that is alone in its class is not asked for.",
    .formats = "table|json|html",
    .options = evaluate_options,
    .examples = evaluate_examples,
    .run = evaluate_run};
