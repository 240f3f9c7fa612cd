/* comparison.c - several models side by side as a table, JSON or CSV. */
#include "report/comparison.h"
#include "base/error.h"
#include "report/answer.h"

#include <akin/report.h>
#include <string.h>

bool akin_comparison_only(const akin_comparison *comparison, size_t model, const char *path) {
  for (size_t i = 0; i < comparison->model_count; i++) {
    const akin_hits *hits = comparison->models[i].hits;
    for (size_t h = 0; i != model && h < akin_hits_count(hits); h++)
      if (strcmp(akin_hits_at(hits, h)->path, path) == 0) return false;
  }
  return true;
}

akin_agreement akin_comparison_agreement(const akin_comparison *comparison, size_t i, size_t j) {
  return comparison->agreement[i * comparison->model_count + j];
}

/* ---- table ---- */

static int comparison_name_width(const akin_comparison *c) {
  size_t width = 5; /* "model" */
  for (size_t i = 0; i < c->model_count; i++)
    if (strlen(c->models[i].name) > width) width = strlen(c->models[i].name);
  return (int)(width < 64 ? width : 64);
}

static void comparison_milliseconds(akin_sink *out, double milliseconds, int width) {
  if (milliseconds < 0)
    akin_sink_printf(out, "%*s", width, "-");
  else
    akin_sink_printf(out, "%*.1f", width, milliseconds);
}

static void comparison_table_models(akin_sink *out, const akin_comparison *c, int width) {
  akin_sink_printf(out, "  %-*s  values  ms an image  computed\n", width, "model");
  for (size_t i = 0; i < c->model_count; i++) {
    const akin_compared_model *m = &c->models[i];
    akin_sink_printf(out, "  %-*s  %6u  ", width, m->name, m->dim);
    comparison_milliseconds(out, m->milliseconds, 11);
    akin_sink_printf(out, "  %8llu\n", (unsigned long long)m->computed);
  }
}

static void comparison_table_hits(akin_sink *out, const akin_comparison *c, size_t model) {
  const akin_compared_model *m = &c->models[model];
  akin_sink_printf(out, "%s, %u values, ", m->name, m->dim);
  comparison_milliseconds(out, m->milliseconds, 0);
  akin_sink_text(out, " ms an image\n");
  for (size_t i = 0; i < akin_hits_count(m->hits); i++) {
    const akin_hit *hit = akin_hits_at(m->hits, i);
    akin_answer_line(out, hit);
    akin_sink_text(out, akin_comparison_only(c, model, hit->path) ? "  (only here)\n" : "\n");
  }
  if (akin_hits_count(m->hits) == 0) akin_sink_text(out, "    no other image in the store\n");
}

static void comparison_table_agreement(akin_sink *out, const akin_comparison *c, int width) {
  akin_sink_printf(out, "  %-*s  in common  rank-biased overlap\n", 2 * width + 5, "agreement");
  for (size_t i = 0; i < c->model_count; i++) {
    for (size_t j = i + 1; j < c->model_count; j++) {
      const akin_agreement a = akin_comparison_agreement(c, i, j);
      akin_sink_printf(out, "  %-*s and %-*s  %7.1f %%  %19.3f\n", width, c->models[i].name, width, c->models[j].name,
                       100 * a.common, a.overlap);
    }
  }
}

static void comparison_table(akin_sink *out, const akin_comparison *c) {
  const int width = comparison_name_width(c);
  if (c->image) {
    akin_sink_text(out, "Like ");
    akin_sink_line(out, c->image);
    akin_sink_text(out, "\n");
    for (size_t i = 0; i < c->model_count; i++)
      comparison_table_hits(out, c, i);
  } else {
    akin_sink_printf(out, "%llu images, the %u most similar of each\n", (unsigned long long)c->questions, c->k);
    comparison_table_models(out, c, width);
  }
  comparison_table_agreement(out, c, width);
}

/* ---- JSON ---- */

static void comparison_json_hits(akin_sink *out, const akin_comparison *c, size_t model) {
  const akin_hits *hits = c->models[model].hits;
  akin_sink_text(out, ", \"hits\": [");
  for (size_t i = 0; i < akin_hits_count(hits); i++) {
    const akin_hit *hit = akin_hits_at(hits, i);
    akin_sink_text(out, i ? ", {" : "{");
    akin_answer_json(out, hit);
    akin_sink_printf(out, ", \"only\": %s}", akin_comparison_only(c, model, hit->path) ? "true" : "false");
  }
  akin_sink_text(out, "]");
}

static void comparison_json_model(akin_sink *out, const akin_comparison *c, size_t model) {
  const akin_compared_model *m = &c->models[model];
  akin_sink_text(out, model ? ", {\"model\": " : "{\"model\": ");
  akin_sink_json(out, m->name);
  akin_sink_printf(out, ", \"dim\": %u, \"milliseconds\": ", m->dim);
  if (m->milliseconds < 0)
    akin_sink_text(out, "null");
  else
    akin_sink_number(out, m->milliseconds, 3);
  akin_sink_printf(out, ", \"computed\": %llu", (unsigned long long)m->computed);
  if (m->hits) comparison_json_hits(out, c, model);
  akin_sink_text(out, "}");
}

static void comparison_json_agreement(akin_sink *out, const akin_comparison *c) {
  bool first = true;
  for (size_t i = 0; i < c->model_count; i++) {
    for (size_t j = i + 1; j < c->model_count; j++) {
      const akin_agreement a = akin_comparison_agreement(c, i, j);
      akin_sink_text(out, first ? "{\"models\": [" : ", {\"models\": [");
      first = false;
      akin_sink_json(out, c->models[i].name);
      akin_sink_text(out, ", ");
      akin_sink_json(out, c->models[j].name);
      akin_sink_printf(out, "], \"common\": %.6f, \"overlap\": %.6f}", a.common, a.overlap);
    }
  }
}

static void comparison_json(akin_sink *out, const akin_comparison *c) {
  akin_sink_text(out, "{");
  if (c->image) {
    akin_sink_json_path(out, "image", c->image);
    akin_sink_text(out, ", ");
  }
  akin_sink_printf(out, "\"k\": %u, \"questions\": %llu, \"models\": [", c->k, (unsigned long long)c->questions);
  for (size_t i = 0; i < c->model_count; i++)
    comparison_json_model(out, c, i);
  akin_sink_text(out, "], \"agreement\": [");
  comparison_json_agreement(out, c);
  akin_sink_text(out, "]}\n");
}

/* ---- CSV ---- */

static void comparison_csv_hits(akin_sink *out, const akin_comparison *c) {
  for (size_t i = 0; i < c->model_count; i++) {
    for (size_t h = 0; h < akin_hits_count(c->models[i].hits); h++) {
      const akin_hit *hit = akin_hits_at(c->models[i].hits, h);
      akin_sink_csv(out, c->image);
      akin_sink_text(out, ",");
      akin_sink_csv(out, c->models[i].name);
      akin_sink_text(out, ",");
      akin_answer_csv(out, hit);
      akin_sink_text(out, akin_comparison_only(c, i, hit->path) ? ",1\n" : ",0\n");
    }
  }
}

static void comparison_csv_agreement(akin_sink *out, const akin_comparison *c) {
  for (size_t i = 0; i < c->model_count; i++) {
    for (size_t j = i + 1; j < c->model_count; j++) {
      const akin_agreement a = akin_comparison_agreement(c, i, j);
      akin_sink_csv(out, c->models[i].name);
      akin_sink_text(out, ",");
      akin_sink_csv(out, c->models[j].name);
      akin_sink_printf(out, ",%.6f,%.6f\n", a.common, a.overlap);
    }
  }
}

static void comparison_csv(akin_sink *out, const akin_comparison *c, bool first) {
  if (c->image) {
    akin_sink_text(out, first ? "query,model,rank,image,score,percentile,only\n" : "");
    comparison_csv_hits(out, c);
  } else {
    akin_sink_text(out, "model,other,common,overlap\n");
    comparison_csv_agreement(out, c);
  }
}

akin_status akin_report_comparison(FILE *out, akin_report_format format, const akin_comparison *comparison, int first,
                                   akin_error *err) {
  akin_sink sink = AKIN_SINK_INIT(AKIN_SINK_CEILING);
  switch (format) {
  case AKIN_FORMAT_TABLE:
    if (!first) akin_sink_text(&sink, "\n");
    comparison_table(&sink, comparison);
    break;
  case AKIN_FORMAT_JSON:
    comparison_json(&sink, comparison);
    break;
  case AKIN_FORMAT_CSV:
    comparison_csv(&sink, comparison, first != 0);
    break;
  default:
    return akin_fail(err, AKIN_ERROR_USAGE, "comparisons have no format number %d", (int)format);
  }
  return akin_sink_finish(&sink, out, err);
}
