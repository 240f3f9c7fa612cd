/* answers.c - see answers.h. */
#include "answers.h"
#include "messages.h"
#include "places.h"
#include "signals.h"

bool cli_page_is_folder(const cli_settings *settings, uint64_t questions) {
  if (!settings->output) return questions > AKIN_PAGE_QUERIES;
  return !cli_path_has_extension(settings->output, "html") && !cli_path_has_extension(settings->output, "htm");
}

int cli_answers_open(cli_answers *answers, const cli_settings *settings, bool folder, const char *name,
                     const char *title) {
  akin_error err;
  *answers = (cli_answers){.settings = settings};
  if (settings->format != CLI_FORMAT_HTML) return cli_result_open(&answers->result, settings->output);
  snprintf(answers->page_name, sizeof answers->page_name, folder ? "%s" : "%s.html", name);
  answers->page_path = settings->output ? settings->output : answers->page_name;
  cli_signals_catch(); /* so that the unfinished page does not stay */
  akin_status status = akin_page_open(&answers->page, answers->page_path, folder, title, &err);
  return status ? cli_fail(status, &err) : CLI_DONE;
}

static akin_report_format answers_format(const cli_settings *s) {
  switch (s->format) {
  case CLI_FORMAT_JSON:
    return AKIN_FORMAT_JSON;
  case CLI_FORMAT_CSV:
    return AKIN_FORMAT_CSV;
  case CLI_FORMAT_PATHS:
    return s->print0 ? AKIN_FORMAT_PATHS0 : AKIN_FORMAT_PATHS;
  default:
    return AKIN_FORMAT_TABLE;
  }
}

static akin_status answers_added(cli_answers *answers, akin_status status) {
  answers->status = status;
  if (!status) answers->told++;
  return status;
}

akin_status cli_answers_add(cli_answers *answers, cli_answer_writer *writer, const akin_hits *hits) {
  if (cli_interrupted()) return AKIN_ERROR_CANCELLED;
  return answers_added(answers, answers->page ? akin_page_add(answers->page, hits, &answers->err)
                                              : writer(answers->result.file, answers_format(answers->settings), hits,
                                                       answers->told == 0, &answers->err));
}

akin_status cli_answers_add_comparison(cli_answers *answers, const akin_comparison *comparison) {
  if (cli_interrupted()) return AKIN_ERROR_CANCELLED;
  return answers_added(answers, answers->page
                                    ? akin_page_add_comparison(answers->page, comparison, &answers->err)
                                    : akin_report_comparison(answers->result.file, answers_format(answers->settings),
                                                             comparison, answers->told == 0, &answers->err));
}

akin_status cli_answers_add_duplicates(cli_answers *answers, const akin_duplicate_group *group) {
  if (cli_interrupted()) return AKIN_ERROR_CANCELLED;
  return answers_added(answers, answers->page
                                    ? akin_page_add_duplicates(answers->page, group, &answers->err)
                                    : akin_report_duplicates(answers->result.file, answers_format(answers->settings),
                                                             group, answers->told == 0, &answers->err));
}

akin_status cli_answers_add_evaluation(cli_answers *answers, const akin_evaluation *evaluation) {
  return answers_added(answers, answers->page
                                    ? akin_page_add_evaluation(answers->page, evaluation, &answers->err)
                                    : akin_report_evaluation(answers->result.file, answers_format(answers->settings),
                                                             evaluation, &answers->err));
}

int cli_answers_close(cli_answers *answers, int code) {
  akin_error err;
  akin_page *page = answers->page;
  if (!page) return cli_result_close(&answers->result, code);
  answers->page = NULL;
  if ((code != CLI_DONE && code != CLI_SKIPPED) || cli_interrupted()) {
    akin_page_discard(page);
    return code;
  }
  akin_status status = akin_page_close(page, &err);
  if (status) return cli_fail(status, &err);
  cli_note(CLI_GREEN, "wrote", "%s", answers->page_path);
  return code;
}
