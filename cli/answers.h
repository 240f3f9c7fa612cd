/* answers.h - hits on their way out: to a table, JSON, CSV, paths, or a page with pictures. */
#ifndef AKIN_CLI_ANSWERS_H
#define AKIN_CLI_ANSWERS_H

#include "options.h"
#include "result.h"

/* Where a page of recommendations goes when -o does not say: a file, or a folder. */
#define CLI_PAGE_FOLDER "recommendations"
#define CLI_PAGE_FILE   CLI_PAGE_FOLDER ".html"

typedef struct cli_answers {
  const cli_settings *settings;
  cli_result result;
  akin_page *page;       /* NULL: not HTML */
  const char *page_path; /* borrowed: the settings' or page_name */
  char page_name[64];
  akin_status status; /* of the first answer that could not be written */
  akin_error err;     /* and why */
  uint64_t told;
} cli_answers;

/* How the answers of one command are written. */
typedef akin_status cli_answer_writer(FILE *out, akin_report_format format, const akin_hits *hits, int first,
                                      akin_error *err);

/* Does a page take the form of a folder? As -o says; without it, when there are more questions than one file takes. */
bool cli_page_is_folder(const cli_settings *settings, uint64_t questions);

/*
 * Returns an exit code, with a message printed when it is not CLI_DONE.
 *   folder: a page takes the form of a folder
 *   name: of the page when -o gives none, without .html
 */
int cli_answers_open(cli_answers *answers, const cli_settings *settings, bool folder, const char *name,
                     const char *title);
/* One answer. The failure is kept in answers. */
akin_status cli_answers_add(cli_answers *answers, cli_answer_writer *writer, const akin_hits *hits);
akin_status cli_answers_add_duplicates(cli_answers *answers, const akin_duplicate_group *group);
akin_status cli_answers_add_comparison(cli_answers *answers, const akin_comparison *comparison);
akin_status cli_answers_add_evaluation(cli_answers *answers, const akin_evaluation *evaluation);
/* code: how the command went so far; returns the exit code now. */
int cli_answers_close(cli_answers *answers, int code);

#endif
