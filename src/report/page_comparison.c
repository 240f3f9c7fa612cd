/* page_comparison.c - a comparison as a section of a page: the query image, a row of pictures for each model, and how
 * far the models agree. */
#include "base/memory.h"
#include "base/path.h"
#include "report/comparison.h"
#include "report/page_html.h"

#include <string.h>

static void comparison_cell(akin_sink *out, const char *text) {
  akin_sink_text(out, "<td>");
  akin_sink_html(out, text);
  akin_sink_text(out, "</td>");
}

/* "1280 values, 12.3 ms an image" */
static void comparison_facts(akin_sink *out, const akin_compared_model *m) {
  akin_sink_printf(out, "%u values", m->dim);
  if (m->milliseconds >= 0) akin_sink_printf(out, ", %.1f ms an image", m->milliseconds);
}

static void comparison_models(akin_sink *out, const akin_comparison *c) {
  akin_sink_text(out,
                 "<table>\n<caption>Models</caption>\n<tr><th>Model</th><th>Values</th><th>ms an image</th></tr>\n");
  for (size_t i = 0; i < c->model_count; i++) {
    const akin_compared_model *m = &c->models[i];
    akin_sink_text(out, "<tr>");
    comparison_cell(out, m->name);
    akin_sink_printf(out, "<td class=\"number\">%u</td>", m->dim);
    if (m->milliseconds < 0)
      akin_sink_text(out, "<td class=\"number\">–</td></tr>\n");
    else
      akin_sink_printf(out, "<td class=\"number\">%.1f</td></tr>\n", m->milliseconds);
  }
  akin_sink_text(out, "</table>\n");
}

static void comparison_agreement(akin_sink *out, const akin_comparison *c) {
  akin_sink_text(out, "<table>\n<caption>Agreement</caption>\n<tr><th>Models</th><th>Images in common</th>"
                      "<th>Rank-biased overlap</th></tr>\n");
  for (size_t i = 0; i < c->model_count; i++) {
    for (size_t j = i + 1; j < c->model_count; j++) {
      const akin_agreement a = akin_comparison_agreement(c, i, j);
      akin_sink_text(out, "<tr><td>");
      akin_sink_html(out, c->models[i].name);
      akin_sink_text(out, " and ");
      akin_sink_html(out, c->models[j].name);
      akin_sink_printf(out, "</td><td class=\"number\">%.0f %%</td><td class=\"number\">%.2f</td></tr>\n",
                       100 * a.common, a.overlap);
    }
  }
  akin_sink_text(out, "</table>\n");
}

static akin_status comparison_row(akin_sink *out, const akin_comparison *c, size_t model, const char *base,
                                  akin_pictures *pictures, akin_error *err) {
  const akin_hits *hits = c->models[model].hits;
  akin_status status = AKIN_OK;
  akin_sink_text(out, "<h3>");
  akin_sink_html(out, c->models[model].name);
  akin_sink_text(out, " <span>");
  comparison_facts(out, &c->models[model]);
  akin_sink_text(out, "</span></h3>\n<div class=\"row\">\n");
  akin_sink_text(out, akin_hits_count(hits) > 0 ? "<ol>\n" : "<p class=\"none\">No other image in the store.</p>\n");
  for (size_t i = 0; !status && i < akin_hits_count(hits); i++) {
    const akin_hit *hit = akin_hits_at(hits, i);
    const bool only = akin_comparison_only(c, model, hit->path);
    const akin_page_card card = {.path = hit->path, .hit = hit, .tag = only ? "only here" : NULL};
    status = akin_page_html_card(out, &card, base, pictures, err);
  }
  akin_sink_text(out, akin_hits_count(hits) > 0 ? "</ol>\n</div>\n" : "</div>\n");
  return status;
}

static akin_status comparison_section(akin_sink *out, const void *content, size_t number, const char *base,
                                      akin_pictures *pictures, akin_error *err) {
  const akin_comparison *c = content;
  akin_status status = AKIN_OK;
  akin_sink_printf(out, "<section aria-labelledby=\"q%zu\">\n<h2 id=\"q%zu\">", number, number);
  if (c->image) {
    const akin_page_card query = {.path = c->image, .tag = "Query"};
    akin_sink_text(out, "Most like <bdi>");
    akin_sink_html(out, akin_path_name(c->image));
    akin_sink_text(out, "</bdi></h2>\n<div class=\"row\">\n");
    status = akin_page_html_card(out, &query, base, pictures, err);
    akin_sink_text(out, "</div>\n");
    for (size_t i = 0; !status && i < c->model_count; i++)
      status = comparison_row(out, c, i, base, pictures, err);
  } else {
    akin_sink_printf(out, "%llu images, the %u most similar of each</h2>\n", (unsigned long long)c->questions, c->k);
    comparison_models(out, c);
  }
  comparison_agreement(out, c);
  akin_sink_text(out, "</section>\n");
  return status ? status : akin_sink_check(out, err);
}

/* What the head says: "a, b, c". */
static akin_status comparison_names(akin_sink *names, const akin_comparison *c, akin_error *err) {
  for (size_t i = 0; i < c->model_count; i++) {
    akin_sink_text(names, i ? ", " : "");
    akin_sink_text(names, c->models[i].name);
  }
  return akin_sink_check(names, err);
}

akin_status akin_page_add_comparison(akin_page *page, const akin_comparison *comparison, akin_error *err) {
  akin_sink names = AKIN_SINK_INIT(AKIN_SINK_CEILING);
  akin_status status = comparison_names(&names, comparison, err);
  if (!status) status = akin_page_add_section(page, names.buffer.data, comparison_section, comparison, err);
  akin_sink_free(&names);
  return status;
}
