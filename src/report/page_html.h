/*
 * page_html.h - the HTML of a page, piece by piece: head, one section a question, navigation, foot.
 *
 * Valid HTML 5 that needs no script and no network; a Content-Security-Policy forbids both. Every text is escaped,
 * every link is a relative URL.
 */
#ifndef AKIN_REPORT_PAGE_HTML_H
#define AKIN_REPORT_PAGE_HTML_H

#include "report/pictures.h"
#include "report/sink.h"

/* The style sheet; page_style.c. */
extern const char akin_page_style[];

/* What a page's head and foot say. */
typedef struct akin_page_frame {
  const char *title;
  const char *model; /* "" while nothing was asked */
  const char *noun;  /* what a section is: "question"; "": they are not counted */
  size_t questions;  /* on all pages; 0: not known while this page is written */
  size_t number;     /* of this page, from 1 */
  size_t pages;      /* of all; 0: not known while this page is written, but more than `number` unless `last` */
  bool last;
  const char *subtitle; /* said under the title in place of model and questions; NULL: those */
  const char *style;    /* more style sheet; NULL: none */
  const char *script;   /* what the policy lets run: "'sha256-...'"; NULL: nothing */
} akin_page_frame;

void akin_page_html_head(akin_sink *out, const akin_page_frame *frame);
void akin_page_html_foot(akin_sink *out, const akin_page_frame *frame);
/* The file name of a page of a folder: index.html, page-2.html ... */
void akin_page_html_name(akin_sink *out, size_t number);

/*
 * Appends one section of a page.
 *   content: what it tells of
 *   number: from 1, over all pages
 *   base: the absolute folder that links start from
 */
typedef akin_status akin_page_section(akin_sink *out, const void *content, size_t number, const char *base,
                                      akin_pictures *pictures, akin_error *err);

/* Adds a section to the page, as akin_page_add does with a question. model: its name, or names with a comma between
 * two; the head says those of the page's first section. */
akin_status akin_page_add_section(akin_page *page, const char *model, akin_page_section *write, const void *content,
                                  akin_error *err);

/* What a section of this page is called, "question" by default; a literal, made plural by an s. "": the
 * head does not count them. */
void akin_page_call_sections(akin_page *page, const char *noun);

/* A question's section; content: akin_hits. */
akin_page_section akin_page_html_question;

/* One picture with what is said under it. */
typedef struct akin_page_card {
  const char *path;
  const akin_hit *hit; /* an item of a list, with rank and score; NULL: a figure of its own */
  const char *tag;     /* a word or two that stand out; NULL: none */
  const char *note;    /* a line above the name; NULL: none */
} akin_page_card;
akin_status akin_page_html_card(akin_sink *out, const akin_page_card *card, const char *base, akin_pictures *pictures,
                                akin_error *err);

#endif
