/* page_html.c - see page_html.h. */
#include "report/page_html.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"
#include "report/asked.h"

#include <string.h>

/* ---- one picture ---- */

static void html_picture_source(akin_sink *out, const akin_picture *picture) {
  if (picture->jpeg) {
    akin_sink_text(out, "data:image/jpeg;base64,");
    akin_sink_base64(out, picture->jpeg->data, picture->jpeg->size);
  } else {
    akin_sink_text(out, picture->name);
  }
}

static void html_picture(akin_sink *out, const akin_picture *picture, const char *name, const char *link) {
  akin_sink_text(out, "<a class=\"frame\" href=\"");
  akin_sink_url(out, link);
  akin_sink_text(out, "\"><img src=\"");
  html_picture_source(out, picture);
  akin_sink_text(out, "\" alt=\"");
  akin_sink_html(out, name);
  akin_sink_text(out, "\" width=\"320\" height=\"320\" loading=\"lazy\" decoding=\"async\"></a>\n");
}

/* In place of a picture that cannot be read. */
static void html_grey_field(akin_sink *out, const char *name) {
  akin_sink_text(out, "<div class=\"frame lost\" role=\"img\" aria-label=\"");
  akin_sink_html(out, name);
  akin_sink_text(out, ", cannot be read\"><span><bdi>");
  akin_sink_html(out, name);
  akin_sink_text(out, "</bdi><br>cannot be read</span></div>\n");
}

static void html_name(akin_sink *out, const char *name, const char *link) {
  akin_sink_text(out, "<bdi class=\"name\" title=\"");
  akin_sink_html(out, link);
  akin_sink_text(out, "\">");
  akin_sink_html(out, name);
  akin_sink_text(out, "</bdi>");
}

static void html_tag(akin_sink *out, const char *tag) {
  akin_sink_text(out, "<span class=\"tag\">");
  akin_sink_html(out, tag);
  akin_sink_text(out, "</span>");
}

static void html_percentile(akin_sink *out, double percentile) {
  if (percentile < 0) return;
  akin_sink_text(out, "<span class=\"percentile\">");
  akin_sink_number(out, percentile, 2);
  akin_sink_text(out, " %</span>");
}

static void html_caption(akin_sink *out, const akin_page_card *card, const char *link) {
  akin_sink_text(out, "<figcaption><span class=\"line\">");
  if (card->hit) akin_sink_printf(out, "<span class=\"rank\">%u</span>", card->hit->rank);
  if (card->tag) html_tag(out, card->tag);
  if (card->hit) {
    akin_sink_text(out, "<span class=\"score\">");
    akin_sink_number(out, (double)card->hit->score, 3);
    akin_sink_text(out, "</span>");
    html_percentile(out, card->hit->percentile);
  }
  akin_sink_text(out, "</span>");
  if (card->note) {
    akin_sink_text(out, "<span class=\"note\">");
    akin_sink_html(out, card->note);
    akin_sink_text(out, "</span>");
  }
  html_name(out, akin_path_name(card->path), link);
  akin_sink_text(out, "</figcaption>\n");
}

akin_status akin_page_html_card(akin_sink *out, const akin_page_card *card, const char *base, akin_pictures *pictures,
                                akin_error *err) {
  akin_picture picture;
  const char *name = akin_path_name(card->path);
  akin_status status = akin_pictures_find(&picture, pictures, card->path, err);
  char *link = status ? NULL : akin_path_relative(card->path, base);
  if (status || !link) return status ? status : akin_fail_memory(err, strlen(card->path) + strlen(base));
  akin_sink_text(out, card->hit ? "<li><figure>\n" : "<figure class=\"query\">\n");
  if (picture.jpeg || picture.name[0])
    html_picture(out, &picture, name, link);
  else
    html_grey_field(out, name);
  html_caption(out, card, link);
  akin_sink_text(out, card->hit ? "</figure></li>\n" : "</figure>\n");
  akin_free(link);
  return AKIN_OK;
}

/* ---- one question ---- */

static void html_question_heading(akin_sink *out, const akin_hits *hits, size_t number) {
  akin_sink_printf(out, "<section aria-labelledby=\"q%zu\">\n<h2 id=\"q%zu\">", number, number);
  akin_asked_html_heading(out, hits);
  akin_sink_text(out, "</h2>\n");
  akin_asked_html_conditions(out, hits);
  akin_sink_text(out, "<div class=\"row\">\n");
}

akin_status akin_page_html_question(akin_sink *out, const void *content, size_t number, const char *base,
                                    akin_pictures *pictures, akin_error *err) {
  const akin_hits *hits = content;
  const akin_query *asked = akin_hits_asked(hits);
  akin_status status = AKIN_OK;
  html_question_heading(out, hits, number);
  for (size_t i = 0; !status && i < akin_hits_query_count(hits); i++) {
    const akin_page_card card = {.path = akin_hits_query(hits, i), .tag = "Query"};
    status = akin_page_html_card(out, &card, base, pictures, err);
  }
  for (size_t i = 0; !status && i < asked->negative_count; i++) {
    const akin_page_card card = {.path = asked->negatives[i], .tag = "Not like"};
    status = akin_page_html_card(out, &card, base, pictures, err);
  }
  if (akin_hits_count(hits) > 0)
    akin_sink_text(out, "<ol>\n");
  else
    akin_sink_printf(out, "<p class=\"none\">There is %s.</p>\n", akin_asked_nothing(hits));
  for (size_t i = 0; !status && i < akin_hits_count(hits); i++) {
    const akin_page_card card = {.path = akin_hits_at(hits, i)->path, .hit = akin_hits_at(hits, i)};
    status = akin_page_html_card(out, &card, base, pictures, err);
  }
  akin_sink_text(out, akin_hits_count(hits) > 0 ? "</ol>\n</div>\n</section>\n" : "</div>\n</section>\n");
  return status ? status : akin_sink_check(out, err);
}

/* ---- navigation ---- */

void akin_page_html_name(akin_sink *out, size_t number) {
  if (number == 1)
    akin_sink_text(out, "index.html");
  else
    akin_sink_printf(out, "page-%zu.html", number);
}

static void html_page_link(akin_sink *out, size_t number, const char *attributes, const char *text) {
  akin_sink_text(out, "<a href=\"");
  akin_page_html_name(out, number);
  akin_sink_printf(out, "\"%s>%s</a>\n", attributes, text);
}

/* The first page is written last, so it alone knows them all. */
static void html_all_pages(akin_sink *out, const akin_page_frame *frame) {
  akin_sink_printf(out, "<details><summary>All %zu pages</summary>\n", frame->pages);
  for (size_t i = 1; i <= frame->pages; i++) {
    char text[24];
    snprintf(text, sizeof text, "%zu", i);
    html_page_link(out, i, i == frame->number ? " aria-current=\"page\"" : "", text);
  }
  akin_sink_text(out, "</details>\n");
}

static void html_navigation(akin_sink *out, const akin_page_frame *frame, const char *label) {
  if (frame->number == 1 && frame->last) return;
  akin_sink_printf(out, "<nav aria-label=\"%s\">\n", label);
  if (frame->number > 2) html_page_link(out, 1, "", "First");
  if (frame->number > 1) html_page_link(out, frame->number - 1, " rel=\"prev\"", "Previous");
  akin_sink_printf(out, "<span>Page %zu</span>\n", frame->number);
  if (!frame->last) html_page_link(out, frame->number + 1, " rel=\"next\"", "Next");
  if (frame->pages > 0) html_all_pages(out, frame);
  akin_sink_text(out, "</nav>\n");
}

/* ---- head and foot ---- */

static void html_subtitle(akin_sink *out, const akin_page_frame *frame) {
  if (frame->subtitle) {
    akin_sink_text(out, "<p>");
    akin_sink_html(out, frame->subtitle);
    akin_sink_text(out, "</p>\n");
    return;
  }
  if (!frame->model[0]) {
    akin_sink_text(out, "<p>There is nothing to show.</p>\n");
    return;
  }
  akin_sink_text(out, "<p>");
  if (frame->questions > 0 && frame->noun[0])
    akin_sink_printf(out, "%zu %s%s, ", frame->questions, frame->noun, frame->questions == 1 ? "" : "s");
  akin_sink_text(out, strchr(frame->model, ',') ? "models " : "model ");
  akin_sink_html(out, frame->model);
  akin_sink_text(out, "</p>\n");
}

void akin_page_html_head(akin_sink *out, const akin_page_frame *frame) {
  akin_sink_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                      "img-src data: file: 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'");
  if (frame->script) {
    akin_sink_text(out, "; script-src ");
    akin_sink_text(out, frame->script);
  }
  akin_sink_text(out, "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                      "<meta name=\"color-scheme\" content=\"light dark\">\n"
                      "<meta name=\"generator\" content=\"akin " AKIN_VERSION_STRING "\">\n<title>");
  akin_sink_html(out, frame->title);
  akin_sink_text(out, "</title>\n<style>\n");
  akin_sink_text(out, akin_page_style);
  akin_sink_text(out, frame->style ? frame->style : "");
  akin_sink_text(out, "</style>\n</head>\n<body>\n<header>\n<h1>");
  akin_sink_html(out, frame->title);
  akin_sink_text(out, "</h1>\n");
  html_subtitle(out, frame);
  html_navigation(out, frame, "Pages");
  akin_sink_text(out, "</header>\n<main>\n");
}

void akin_page_html_foot(akin_sink *out, const akin_page_frame *frame) {
  akin_sink_text(out, "</main>\n<footer>\n");
  html_navigation(out, frame, "Pages, at the end");
  akin_sink_text(out, "<p>Scores are cosine similarities: 1 means the same, 0 unrelated. "
                      "A percentage is the share of pairs of images in the store that are less alike. "
                      "Made by akin " AKIN_VERSION_STRING ".</p>\n</footer>\n</body>\n</html>\n");
}
