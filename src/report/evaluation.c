/* evaluation.c - an evaluation as a table and as JSON. */
#include "report/evaluation.h"

#include "base/error.h"
#include "report/answer.h"

#include <akin/report.h>
#include <stdbool.h>
#include <string.h>

void akin_metric_title(char out[AKIN_METRIC_TITLE], akin_metric metric, uint32_t k) {
  switch (metric) {
  case AKIN_METRIC_PRECISION:
    snprintf(out, AKIN_METRIC_TITLE, "P@%u", k);
    break;
  case AKIN_METRIC_RECALL:
    snprintf(out, AKIN_METRIC_TITLE, "recall@%u", k);
    break;
  case AKIN_METRIC_MAP_K:
    snprintf(out, AKIN_METRIC_TITLE, "mAP@%u", k);
    break;
  case AKIN_METRIC_MAP_R:
    snprintf(out, AKIN_METRIC_TITLE, "MAP@R");
    break;
  default:
    snprintf(out, AKIN_METRIC_TITLE, "mAP");
    break;
  }
}

/* ---- table ---- */

#define EVALUATION_COLUMN 17
#define EVALUATION_NAME   64 /* longer names push their line to the right */

static int evaluation_width(const akin_evaluation *e) {
  size_t width = strlen("difference");
  for (size_t i = 0; i < e->row_count; i++)
    if (strlen(e->rows[i].model) > width) width = strlen(e->rows[i].model);
  return (int)(width < EVALUATION_NAME ? width : EVALUATION_NAME);
}

/* Fills up to the next column. */
static void evaluation_pad(akin_sink *out, size_t begin, size_t width) {
  while (!out->status && out->buffer.size < begin + width)
    akin_sink_text(out, " ");
}

static void evaluation_heads(akin_sink *out, const akin_evaluation *e, const char *name, int width) {
  char title[AKIN_METRIC_TITLE];
  akin_sink_printf(out, "\n%-*s", width, name);
  for (size_t m = 0; m < AKIN_METRICS; m++) {
    akin_metric_title(title, (akin_metric)m, e->k);
    akin_sink_printf(out, "  %-*s", m + 1 < AKIN_METRICS ? EVALUATION_COLUMN - 2 : 0, title);
  }
  akin_sink_text(out, "\n");
}

/* The values, and in a second line the intervals. */
static void evaluation_values(akin_sink *out, const char *name, const akin_interval *values, bool intervals,
                              int width) {
  size_t begin = out->buffer.size;
  akin_sink_line(out, name);
  for (size_t m = 0; m < AKIN_METRICS; m++) {
    evaluation_pad(out, begin, (size_t)width + m * EVALUATION_COLUMN);
    akin_sink_text(out, values[m].value < 0 ? " " : "  ");
    akin_sink_number(out, values[m].value, 4);
  }
  akin_sink_text(out, "\n");
  if (!intervals) return;
  begin = out->buffer.size;
  for (size_t m = 0; m < AKIN_METRICS; m++) {
    evaluation_pad(out, begin, (size_t)width + m * EVALUATION_COLUMN);
    akin_sink_text(out, values[m].low < 0 ? " " : "  ");
    akin_sink_number(out, values[m].low, 4);
    akin_sink_text(out, "..");
    akin_sink_number(out, values[m].high, 4);
  }
  akin_sink_text(out, "\n");
}

static void evaluation_counts(akin_sink *out, const akin_evaluation *e) {
  akin_sink_printf(out, "%llu images of %zu classes by ", (unsigned long long)e->images, e->class_count);
  akin_sink_line(out, e->classes_from);
  akin_sink_printf(out, ", %llu questions", (unsigned long long)e->queries);
  if (e->alone > 0) akin_sink_printf(out, "; %llu images are alone in their class", (unsigned long long)e->alone);
  if (e->unlabelled > 0) akin_sink_printf(out, "; %llu have no class", (unsigned long long)e->unlabelled);
  if (e->incomplete > 0)
    akin_sink_printf(out, "; %llu are not known by every model", (unsigned long long)e->incomplete);
  akin_sink_printf(out, "\nscores: %s", akin_scores_name(e->rows[0].scores));
  if (e->resamples > 0)
    akin_sink_printf(out, "; below each figure, what it lies between with 95 %% confidence (%u resamples)",
                     e->resamples);
  akin_sink_text(out, "\n");
}

static void evaluation_classes(akin_sink *out, const akin_evaluation *e) {
  const akin_evaluation_row *row = &e->rows[0];
  size_t width = strlen("class");
  char title[AKIN_METRIC_TITLE];
  for (size_t c = 0; c < e->class_count; c++)
    if (strlen(row->classes[c].name) > width) width = strlen(row->classes[c].name);
  if (width > EVALUATION_NAME) width = EVALUATION_NAME;
  akin_sink_printf(out, "\n%-*s  images", (int)width, "class");
  for (size_t m = 0; m < AKIN_METRICS; m++) {
    akin_metric_title(title, (akin_metric)m, e->k);
    akin_sink_printf(out, "  %8s", title);
  }
  akin_sink_text(out, e->row_count > 1 ? "  of " : "");
  if (e->row_count > 1) akin_sink_line(out, row->model);
  akin_sink_text(out, "\n");
  for (size_t c = 0; c < e->class_count; c++) {
    const akin_evaluation_class *class = &row->classes[c];
    const size_t begin = out->buffer.size;
    akin_sink_line(out, class->name);
    evaluation_pad(out, begin, width);
    akin_sink_printf(out, "  %6llu", (unsigned long long)class->images);
    for (size_t m = 0; class->queries > 0 && m < AKIN_METRICS; m++) {
      akin_sink_text(out, "    ");
      akin_sink_number(out, class->metrics[m], 4);
    }
    akin_sink_text(out, "\n");
  }
}

static void evaluation_table(akin_sink *out, const akin_evaluation *e) {
  const int width = evaluation_width(e);
  const bool intervals = e->resamples > 0;
  evaluation_counts(out, e);
  evaluation_heads(out, e, "micro", width);
  for (size_t i = 0; i < e->row_count; i++)
    evaluation_values(out, e->rows[i].model, e->rows[i].micro, intervals, width);
  evaluation_heads(out, e, "macro", width);
  for (size_t i = 0; i < e->row_count; i++)
    evaluation_values(out, e->rows[i].model, e->rows[i].macro, intervals, width);
  if (e->row_count > 1) evaluation_heads(out, e, "difference", width);
  for (size_t i = 1; i < e->row_count; i++)
    evaluation_values(out, e->rows[i].model, e->rows[i].difference, intervals, width);
  if (e->class_count <= 50) evaluation_classes(out, e);
}

/* ---- JSON ---- */

static void evaluation_json_intervals(akin_sink *out, const char *name, const akin_interval *values) {
  akin_sink_printf(out, ", \"%s\": {", name);
  for (size_t m = 0; m < AKIN_METRICS; m++) {
    akin_sink_printf(out, "%s\"%s\": {\"value\": ", m ? ", " : "", akin_metric_name((akin_metric)m));
    akin_sink_number(out, values[m].value, 6);
    akin_sink_text(out, ", \"low\": ");
    akin_sink_number(out, values[m].low, 6);
    akin_sink_text(out, ", \"high\": ");
    akin_sink_number(out, values[m].high, 6);
    akin_sink_text(out, "}");
  }
  akin_sink_text(out, "}");
}

static void evaluation_json_metrics(akin_sink *out, const double *metrics) {
  for (size_t m = 0; m < AKIN_METRICS; m++) {
    akin_sink_printf(out, ", \"%s\": ", akin_metric_name((akin_metric)m));
    akin_sink_number(out, metrics[m], 6);
  }
}

static void evaluation_json_classes(akin_sink *out, const akin_evaluation *e, const akin_evaluation_row *row) {
  akin_sink_text(out, ", \"classes\": [");
  for (size_t c = 0; c < e->class_count; c++) {
    const akin_evaluation_class *class = &row->classes[c];
    akin_sink_text(out, c ? ", {\"class\": " : "{\"class\": ");
    akin_sink_json(out, class->name);
    akin_sink_printf(out, ", \"images\": %llu, \"queries\": %llu", (unsigned long long)class->images,
                     (unsigned long long)class->queries);
    evaluation_json_metrics(out, class->metrics);
    akin_sink_text(out, "}");
  }
  akin_sink_text(out, "]");
}

static void evaluation_json_worst(akin_sink *out, const akin_evaluation_query *query) {
  akin_sink_text(out, "{");
  akin_sink_json_path(out, "image", query->path);
  akin_sink_text(out, ", \"class\": ");
  akin_sink_json(out, query->class_name);
  akin_sink_printf(out, ", \"relevant\": %llu", (unsigned long long)query->relevant);
  evaluation_json_metrics(out, query->metrics);
  akin_sink_text(out, ", \"hits\": [");
  for (size_t i = 0; i < akin_hits_count(query->hits); i++) {
    akin_sink_text(out, i ? ", {" : "{");
    akin_answer_json(out, akin_hits_at(query->hits, i));
    akin_sink_text(out, ", \"class\": ");
    akin_sink_json(out, query->hit_classes[i]);
    akin_sink_text(out, "}");
  }
  akin_sink_text(out, "]}");
}

static void evaluation_json_row(akin_sink *out, const akin_evaluation *e, const akin_evaluation_row *row) {
  akin_sink_text(out, "{\"model\": ");
  akin_sink_json(out, row->model);
  akin_sink_printf(out, ", \"scores\": \"%s\"", akin_scores_name(row->scores));
  evaluation_json_intervals(out, "micro", row->micro);
  evaluation_json_intervals(out, "macro", row->macro);
  evaluation_json_intervals(out, "difference", row->difference);
  evaluation_json_classes(out, e, row);
  akin_sink_text(out, ", \"worst\": [");
  for (size_t i = 0; i < row->worst_count; i++) {
    akin_sink_text(out, i ? ", " : "");
    evaluation_json_worst(out, &row->worst[i]);
  }
  akin_sink_text(out, "]}");
}

static void evaluation_json(akin_sink *out, const akin_evaluation *e) {
  akin_sink_printf(out, "{\"k\": %u, \"resamples\": %u, \"seed\": %llu, \"classes_from\": ", e->k, e->resamples,
                   (unsigned long long)e->seed);
  akin_sink_json(out, e->classes_from);
  akin_sink_printf(out,
                   ", \"images\": %llu, \"queries\": %llu, \"alone\": %llu, \"unlabelled\": %llu, \"incomplete\": "
                   "%llu, \"models\": [",
                   (unsigned long long)e->images, (unsigned long long)e->queries, (unsigned long long)e->alone,
                   (unsigned long long)e->unlabelled, (unsigned long long)e->incomplete);
  for (size_t i = 0; i < e->row_count; i++) {
    akin_sink_text(out, i ? ", " : "");
    evaluation_json_row(out, e, &e->rows[i]);
  }
  akin_sink_text(out, "]}\n");
}

akin_status akin_report_evaluation(FILE *out, akin_report_format format, const akin_evaluation *evaluation,
                                   akin_error *err) {
  akin_sink sink = AKIN_SINK_INIT(AKIN_SINK_CEILING);
  if (format != AKIN_FORMAT_TABLE && format != AKIN_FORMAT_JSON)
    return akin_fail(err, AKIN_ERROR_USAGE, "an evaluation is a table or JSON, not format number %d", (int)format);
  if (format == AKIN_FORMAT_TABLE)
    evaluation_table(&sink, evaluation);
  else
    evaluation_json(&sink, evaluation);
  return akin_sink_finish(&sink, out, err);
}
