/* cmd_like.c - akin like: one question made of one or several images. */
#include "answers.h"
#include "commands.h"
#include "messages.h"
#include "opened.h"
#include "weighted.h"

static akin_status like_write(FILE *out, akin_report_format format, const akin_hits *hits, int first, akin_error *err) {
  (void)first; /* there is one answer */
  return akin_report_like(out, format, hits, err);
}

static int like_tell(const cli_settings *s, const akin_hits *hits) {
  cli_answers answers;
  int code = cli_answers_open(&answers, s, false, CLI_PAGE_FOLDER, "Similar images");
  akin_status status = code == CLI_DONE ? cli_answers_add(&answers, like_write, hits) : AKIN_OK;
  if (status) code = cli_fail(status, &answers.err);
  return cli_answers_close(&answers, code);
}

static int like_ask(const cli_settings *s, const cli_weighted *images, const cli_weighted *unlike) {
  akin_error err;
  akin_store *store = NULL;
  akin_hits *hits = NULL;
  akin_query query;
  akin_model_options options;
  cli_list models = {0};
  cli_query_fill(&query, &options, s);
  query.weights = images->weights;
  query.combine = s->any ? AKIN_COMBINE_ANY : AKIN_COMBINE_MEAN;
  query.negatives = cli_list_items(&unlike->names);
  query.negative_weights = unlike->weights;
  query.negative_count = unlike->names.count;
  int code = cli_search(&query.search, &cli_like, s);
  if (code == CLI_DONE) code = cli_query_join(&query, &models, &cli_like, s);
  if (code == CLI_DONE) code = cli_store_open(&store, s, 0);
  if (code == CLI_DONE) {
    akin_status status =
        akin_store_like(store, &hits, cli_list_items(&images->names), images->names.count, &query, &err);
    code = status ? cli_fail(status, &err) : like_tell(s, hits);
  }
  akin_hits_free(hits);
  akin_store_close(store);
  cli_list_free(&models);
  return code;
}

static int like_run(const cli_settings *s) {
  cli_weighted images = {0}, unlike = {0};
  int code = CLI_FAILED;
  if (cli_weighted_split(&images, &s->operands, 1.0f) && cli_weighted_split(&unlike, &s->unlike, AKIN_NEGATIVE_WEIGHT))
    code = like_ask(s, &images, &unlike);
  cli_weighted_free(&images);
  cli_weighted_free(&unlike);
  return code;
}

static const cli_option like_any = {0,
                                    "any",
                                    NULL,
                                    CLI_FLAG,
                                    offsetof(cli_settings, any),
                                    0,
                                    0,
                                    NULL,
                                    "like one of the images at least, not all of them"};
static const cli_option like_not = {0,
                                    "not",
                                    "IMAGE",
                                    CLI_FILES,
                                    offsetof(cli_settings, unlike),
                                    0,
                                    0,
                                    NULL,
                                    "unlike this one; may be given several times"};

static const cli_option *const like_options[] = {&cli_option_k,
                                                 &like_any,
                                                 &like_not,
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
                                                 &cli_option_print0,
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

static const cli_example like_examples[] = {
    {"akin like shoe.jpg", "the five images that are most like this one, with their scores"},
    {"akin like -k 20 --format html shoe.jpg", "a page with pictures: " CLI_PAGE_FILE},
    {"akin like dress.jpg shoe.jpg:0.5 --not sandal.jpg", "like both, the shoe counts half, and not like the sandal"},
    {"akin like shoe.jpg --where 'class = shoes and width >= 600'", "only of that folder, and large ones"},
    {"akin like --print0 shoe.jpg | xargs -0 cp -t /tmp/like", "copies them"},
    {NULL, NULL}};

const cli_command cli_like = {
    .name = "like",
    .synopsis = "IMAGE...",
    .operand = CLI_OPERAND_FILES,
    .least = 1,
    .most = SIZE_MAX,
    .summary = "show the images that are most like one image",
    .description =
        "Answers one question. Several images are one question too: what is like all of them, or, with --any, like one "
        "of them. IMAGE:0.7 gives an image a weight; without, it has 1. --not names images that hits are not to be "
        "like; without a weight they have 0.5, and 1 takes off as much as the others bring in. An image need not be in "
        "the store. Images with the same content as a query image are not recommended unless --include-self says "
        "so.\n\nA filter compares root, folder, class (the folder's name), path, name, size, date, width, height and "
        "your own labels (akin label) with = != < <= > >= or ~ (a pattern with * and ?), joined by and, or, not and "
        "brackets. It takes no hits away: there are as many as asked for when the store has as many that pass.\n\nA "
        "score is a cosine similarity: 1 means the same, 0 unrelated. In a store of 100 different images or more the "
        "features are compared less their mean (--scores cosine: as they are), and beside the score stands the share "
        "of pairs of images that are less alike, from a sample of pairs. --models A,B --fuse asks several models at "
        "once: a score is then the mean of theirs. With --diverse, the next hit is the one with the highest (1 - X) x "
        "score - X x its similarity to the hits before it.",
    .formats = "table|json|csv|paths|html",
    .options = like_options,
    .examples = like_examples,
    .run = like_run};
