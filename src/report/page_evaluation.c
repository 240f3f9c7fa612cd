/* page_evaluation.c - an evaluation on a page: its figures, the classes, then the worst queries with their hits; hits
 * of another class carry its name as a tag. */
#include "base/path.h"
#include "report/evaluation.h"
#include "report/page_html.h"

#include <stdbool.h>
#include <string.h>

static void evaluation_head(akin_sink *out, const akin_evaluation *e, const char *caption, const char *first) {
  char title[AKIN_METRIC_TITLE];
  akin_sink_text(out, "<div class=\"wide\"><table>\n<caption>");
  akin_sink_html(out, caption);
  akin_sink_printf(out, "</caption>\n<tr><th>%s</th>", first);
  for (size_t m = 0; m < AKIN_METRICS; m++) {
    akin_metric_title(title, (akin_metric)m, e->k);
    akin_sink_printf(out, "<th class=\"number\">%s</th>", title);
  }
  akin_sink_text(out, "</tr>\n");
}

static void evaluation_name(akin_sink *out, const char *name) {
  akin_sink_text(out, "<tr><td>");
  akin_sink_html(out, name);
  akin_sink_text(out, "</td>");
}

static void evaluation_row(akin_sink *out, const akin_evaluation *e, const char *name, const akin_interval *values) {
  evaluation_name(out, name);
  for (size_t m = 0; m < AKIN_METRICS; m++) {
    akin_sink_text(out, "<td class=\"number\">");
    akin_sink_number(out, values[m].value, 3);
    if (e->resamples > 0) {
      akin_sink_text(out, "<br><small>");
      akin_sink_number(out, values[m].low, 3);
      akin_sink_text(out, " – ");
      akin_sink_number(out, values[m].high, 3);
      akin_sink_text(out, "</small>");
    }
    akin_sink_text(out, "</td>");
  }
  akin_sink_text(out, "</tr>\n");
}

static void evaluation_class_row(akin_sink *out, const akin_evaluation_class *class) {
  evaluation_name(out, class->name);
  for (size_t m = 0; m < AKIN_METRICS; m++) {
    akin_sink_text(out, "<td class=\"number\">");
    if (class->queries > 0)
      akin_sink_number(out, class->metrics[m], 3);
    else
      akin_sink_text(out, "–");
    akin_sink_text(out, "</td>");
  }
  akin_sink_text(out, "</tr>\n");
}

static akin_status evaluation_figures(akin_sink *out, const void *content, size_t number, const char *base,
                                      akin_pictures *pictures, akin_error *err) {
  const akin_evaluation *e = content;
  (void)base;
  (void)pictures;
  akin_sink_printf(out, "<section aria-labelledby=\"q%zu\">\n<h2 id=\"q%zu\">%llu images of %zu classes by ", number,
                   number, (unsigned long long)e->images, e->class_count);
  akin_sink_html(out, e->classes_from);
  akin_sink_printf(out, ", %llu questions, %s scores</h2>\n", (unsigned long long)e->queries,
                   akin_scores_name(e->rows[0].scores));
  evaluation_head(out, e, "Mean over questions (micro)", "Model");
  for (size_t i = 0; i < e->row_count; i++)
    evaluation_row(out, e, e->rows[i].model, e->rows[i].micro);
  akin_sink_text(out, "</table></div>\n");
  evaluation_head(out, e, "Mean over classes (macro)", "Model");
  for (size_t i = 0; i < e->row_count; i++)
    evaluation_row(out, e, e->rows[i].model, e->rows[i].macro);
  akin_sink_text(out, "</table></div>\n");
  if (e->row_count > 1) {
    evaluation_head(out, e, "Difference to the first, over the same questions", "Model");
    for (size_t i = 1; i < e->row_count; i++)
      evaluation_row(out, e, e->rows[i].model, e->rows[i].difference);
    akin_sink_text(out, "</table></div>\n");
  }
  for (size_t i = 0; i < e->row_count; i++) {
    evaluation_head(out, e, e->rows[i].model, "Class");
    for (size_t c = 0; c < e->class_count; c++)
      evaluation_class_row(out, &e->rows[i].classes[c]);
    akin_sink_text(out, "</table></div>\n");
  }
  akin_sink_text(out, "</section>\n");
  return akin_sink_check(out, err);
}

/* ---- a query ---- */

typedef struct evaluation_shown {
  const akin_evaluation_row *row;
  const akin_evaluation_query *query;
  bool named; /* says which model's it is */
} evaluation_shown;

static size_t evaluation_right(const akin_evaluation_query *q) {
  size_t right = 0;
  for (size_t i = 0; i < akin_hits_count(q->hits); i++)
    right += strcmp(q->hit_classes[i], q->class_name) == 0;
  return right;
}

static void evaluation_query_heading(akin_sink *out, const evaluation_shown *shown, size_t number) {
  const akin_evaluation_query *q = shown->query;
  akin_sink_printf(out, "<section aria-labelledby=\"q%zu\">\n<h2 id=\"q%zu\"><bdi>", number, number);
  akin_sink_html(out, akin_path_name(q->path));
  akin_sink_text(out, "</bdi> of class <bdi>");
  akin_sink_html(out, q->class_name);
  akin_sink_printf(out, "</bdi>: %zu of %zu hits are, MAP@R ", evaluation_right(q), akin_hits_count(q->hits));
  akin_sink_number(out, q->metrics[AKIN_METRIC_MAP_R], 3);
  if (shown->named) {
    akin_sink_text(out, ", by ");
    akin_sink_html(out, shown->row->model);
  }
  akin_sink_text(out, "</h2>\n<div class=\"row\">\n");
}

static akin_status evaluation_query(akin_sink *out, const void *content, size_t number, const char *base,
                                    akin_pictures *pictures, akin_error *err) {
  const evaluation_shown *shown = content;
  const akin_evaluation_query *q = shown->query;
  const akin_page_card query = {.path = q->path, .tag = "Query", .note = q->class_name};
  evaluation_query_heading(out, shown, number);
  akin_status status = akin_page_html_card(out, &query, base, pictures, err);
  akin_sink_text(out, "<ol>\n");
  for (size_t i = 0; !status && i < akin_hits_count(q->hits); i++) {
    const bool right = strcmp(q->hit_classes[i], q->class_name) == 0;
    const akin_page_card card = {.path = akin_hits_at(q->hits, i)->path,
                                 .hit = akin_hits_at(q->hits, i),
                                 .tag = right ? NULL : q->hit_classes[i],
                                 .note = right ? q->hit_classes[i] : NULL};
    status = akin_page_html_card(out, &card, base, pictures, err);
  }
  akin_sink_text(out, "</ol>\n</div>\n</section>\n");
  return status ? status : akin_sink_check(out, err);
}

akin_status akin_page_add_evaluation(akin_page *page, const akin_evaluation *evaluation, akin_error *err) {
  const size_t each = (AKIN_PAGE_QUERIES - 1) / evaluation->row_count;
  akin_sink names = AKIN_SINK_INIT(AKIN_SINK_CEILING);
  for (size_t i = 0; i < evaluation->row_count; i++) {
    akin_sink_text(&names, i ? ", " : "");
    akin_sink_text(&names, evaluation->rows[i].model);
  }
  akin_page_call_sections(page, "");
  akin_status status = akin_sink_check(&names, err);
  if (!status) status = akin_page_add_section(page, names.buffer.data, evaluation_figures, evaluation, err);
  akin_sink_free(&names);
  for (size_t i = 0; !status && i < evaluation->row_count; i++)
    for (size_t j = 0; !status && j < evaluation->rows[i].worst_count && j < each; j++) {
      const evaluation_shown shown = {&evaluation->rows[i], &evaluation->rows[i].worst[j], evaluation->row_count > 1};
      status = akin_page_add_section(page, shown.row->model, evaluation_query, &shown, err);
    }
  return status;
}
