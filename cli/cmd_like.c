/* cmd_like.c - akin like: one question made of one or several images. */
#include "answers.h"
#include "commands.h"
#include "messages.h"
#include "opened.h"

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

static int like_run(const cli_settings *s) {
  akin_error err;
  akin_store *store = NULL;
  akin_hits *hits = NULL;
  akin_query query;
  akin_model_options options;
  cli_query_fill(&query, &options, s);
  int code = cli_search(&query.search, &cli_like, s);
  if (code == CLI_DONE) code = cli_store_open(&store, s, 0);
  if (code == CLI_DONE) {
    akin_status status = akin_store_like(store, &hits, cli_list_items(&s->operands), s->operands.count, &query, &err);
    code = status ? cli_fail(status, &err) : like_tell(s, hits);
  }
  akin_hits_free(hits);
  akin_store_close(store);
  return code;
}

static const cli_option *const like_options[] = {
    &cli_option_k,     &cli_option_format,      &cli_option_output,     &cli_option_print0, &cli_option_include_self,
    &cli_option_exact, &cli_option_approximate, &cli_option_model,      &cli_option_store,  &cli_option_files_from,
    &cli_option_null,  &cli_option_max_bytes,   &cli_option_max_pixels, &cli_option_quiet,  NULL};

static const cli_example like_examples[] = {
    {"akin like shoe.jpg", "the five images that are most like this one, with their scores"},
    {"akin like -k 20 --format html shoe.jpg", "a page with pictures: " CLI_PAGE_FILE},
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
        "Answers one question. Several images are one question too: what is like all of them. An image need not be in "
        "the store. Images with the same content as a query image are not recommended unless --include-self says "
        "so.\n\nA score is the cosine similarity of two features: 1 means the same, 0 unrelated.",
    .formats = "table|json|csv|paths|html",
    .options = like_options,
    .examples = like_examples,
    .run = like_run};
