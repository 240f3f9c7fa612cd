/* answer.c - the answer to a question as a table, JSON, CSV or plain paths. One small writer a format; each puts the
 * whole answer together before a byte of it is written. */
#include "report/answer.h"
#include "base/error.h"
#include "base/memory.h"
#include "report/asked.h"

#include <akin/report.h>
#include <string.h>

/* What differs between one question of several images and one of many questions. */
typedef struct answer_kind {
  const char *csv_header;
  bool per_image; /* one of akin_store_recommend's */
} answer_kind;

static const answer_kind answer_like = {"rank,image,score,percentile\n", false};
static const answer_kind answer_recommendation = {"query,rank,image,score,percentile\n", true};

static const char *answer_query(const akin_hits *hits, size_t index) {
  const char *path = akin_hits_query(hits, index);
  return path ? path : "";
}

void akin_answer_line(akin_sink *out, const akin_hit *hit) {
  akin_sink_printf(out, "%5u  ", hit->rank);
  akin_sink_text(out, hit->score < 0 ? "" : " ");
  akin_sink_number(out, (double)hit->score, 6);
  if (hit->percentile >= 0) {
    akin_sink_text(out, hit->percentile < 9.995 ? "    " : hit->percentile < 99.995 ? "   " : "  ");
    akin_sink_number(out, hit->percentile, 2);
    akin_sink_text(out, " %");
  }
  akin_sink_text(out, "  ");
  akin_sink_line(out, hit->path);
}

void akin_answer_json(akin_sink *out, const akin_hit *hit) {
  akin_sink_printf(out, "\"rank\": %u, ", hit->rank);
  akin_sink_json_path(out, "image", hit->path);
  akin_sink_text(out, ", \"score\": ");
  akin_sink_number(out, (double)hit->score, 6);
  if (hit->percentile < 0) return;
  akin_sink_text(out, ", \"percentile\": ");
  akin_sink_number(out, hit->percentile, 2);
}

void akin_answer_csv(akin_sink *out, const akin_hit *hit) {
  akin_sink_printf(out, "%u,", hit->rank);
  akin_sink_csv(out, hit->path);
  akin_sink_text(out, ",");
  akin_sink_number(out, (double)hit->score, 6);
  akin_sink_text(out, ",");
  if (hit->percentile >= 0) akin_sink_number(out, hit->percentile, 2);
}

/* Like /photos/a.jpg
 *   1  0.931274  /photos/b.jpg */
static void answer_table(akin_sink *out, const akin_hits *hits) {
  akin_asked_table(out, hits);
  for (size_t i = 0; i < akin_hits_count(hits); i++) {
    akin_answer_line(out, akin_hits_at(hits, i));
    akin_sink_text(out, "\n");
  }
  if (akin_hits_count(hits) == 0) akin_sink_printf(out, "    %s\n", akin_asked_nothing(hits));
}

static void answer_json_hits(akin_sink *out, const akin_hits *hits) {
  akin_sink_text(out, "\"hits\": [");
  for (size_t i = 0; i < akin_hits_count(hits); i++) {
    akin_sink_text(out, i ? ", {" : "{");
    akin_answer_json(out, akin_hits_at(hits, i));
    akin_sink_text(out, "}");
  }
  akin_sink_text(out, "]");
}

static void answer_json_queries(akin_sink *out, const akin_hits *hits) {
  const size_t count = akin_hits_query_count(hits);
  const char **paths = akin_realloc_array(NULL, count, sizeof *paths);
  if (!paths) {
    out->status = AKIN_ERROR_MEMORY;
    return;
  }
  for (size_t i = 0; i < count; i++)
    paths[i] = answer_query(hits, i);
  akin_sink_json_paths(out, "queries", paths, count);
  akin_free(paths);
}

static void answer_json(akin_sink *out, const akin_hits *hits, const answer_kind *kind) {
  akin_sink_text(out, "{\"model\": ");
  akin_sink_json(out, akin_hits_model(hits));
  akin_sink_printf(out, ", \"scores\": \"%s\", ", akin_scores_name(akin_hits_asked(hits)->scores));
  if (kind->per_image)
    akin_sink_json_path(out, "image", answer_query(hits, 0));
  else
    answer_json_queries(out, hits);
  akin_asked_json(out, hits);
  akin_sink_text(out, ", ");
  answer_json_hits(out, hits);
  akin_sink_text(out, "}\n");
}

static void answer_csv(akin_sink *out, const akin_hits *hits, const answer_kind *kind, bool first) {
  akin_sink_text(out, first ? kind->csv_header : "");
  for (size_t i = 0; i < akin_hits_count(hits); i++) {
    if (kind->per_image) {
      akin_sink_csv(out, answer_query(hits, 0));
      akin_sink_text(out, ",");
    }
    akin_answer_csv(out, akin_hits_at(hits, i));
    akin_sink_text(out, "\n");
  }
}

static void answer_paths(akin_sink *out, const akin_hits *hits, char end) {
  for (size_t i = 0; i < akin_hits_count(hits); i++) {
    akin_sink_text(out, akin_hits_at(hits, i)->path);
    akin_sink_bytes(out, &end, 1);
  }
}

static akin_status answer_write(FILE *out, akin_report_format format, const akin_hits *hits, const answer_kind *kind,
                                bool first, akin_error *err) {
  akin_sink sink = AKIN_SINK_INIT(AKIN_SINK_CEILING);
  switch (format) {
  case AKIN_FORMAT_TABLE:
    if (!first) akin_sink_text(&sink, "\n");
    answer_table(&sink, hits);
    break;
  case AKIN_FORMAT_JSON:
    answer_json(&sink, hits, kind);
    break;
  case AKIN_FORMAT_CSV:
    answer_csv(&sink, hits, kind, first);
    break;
  case AKIN_FORMAT_PATHS:
  case AKIN_FORMAT_PATHS0:
    answer_paths(&sink, hits, format == AKIN_FORMAT_PATHS ? '\n' : '\0');
    break;
  default:
    return akin_fail(err, AKIN_ERROR_USAGE, "answers have no format number %d", (int)format);
  }
  return akin_sink_finish(&sink, out, err);
}

akin_status akin_report_like(FILE *out, akin_report_format format, const akin_hits *hits, akin_error *err) {
  return answer_write(out, format, hits, &answer_like, true, err);
}

akin_status akin_report_recommendation(FILE *out, akin_report_format format, const akin_hits *hits, int first,
                                       akin_error *err) {
  return answer_write(out, format, hits, &answer_recommendation, first != 0, err);
}
