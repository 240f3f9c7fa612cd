/* asked.c - see asked.h. */
#include "report/asked.h"

#include "base/path.h"

#include <stdbool.h>

/* One of the conditions; each is told when it is not what it is by default. */
static bool asked_least(const akin_query *asked) {
  return asked->min_score > -1.0f;
}
static bool asked_diverse(const akin_query *asked) {
  return asked->diverse > 0.0f;
}
static bool asked_conditions(const akin_query *asked) {
  return asked->where || asked_least(asked) || asked->exclude_duplicates || asked->offset > 0 || asked_diverse(asked);
}

const char *akin_asked_nothing(const akin_hits *hits) {
  return asked_conditions(akin_hits_asked(hits)) ? "no other image that fulfils this" : "no other image in the store";
}

/* "scores from 0.5, near-duplicates left out, …": what has no text of its own. Returns whether there was anything. */
static bool asked_rest(akin_sink *out, const akin_query *asked) {
  const char *between = "";
  if (asked_least(asked)) {
    akin_sink_printf(out, "scores from %g", (double)asked->min_score);
    between = ", ";
  }
  if (asked->exclude_duplicates) {
    akin_sink_printf(out, "%snear-duplicates left out", between);
    between = ", ";
  }
  if (asked_diverse(asked)) {
    akin_sink_printf(out, "%sdiverse %g", between, (double)asked->diverse);
    between = ", ";
  }
  if (asked->offset > 0) akin_sink_printf(out, "%sfrom hit %llu on", between, (unsigned long long)asked->offset + 1);
  return asked_least(asked) || asked->exclude_duplicates || asked_diverse(asked) || asked->offset > 0;
}

/* ---- for people ---- */

static void asked_table_image(akin_sink *out, const char *word, const char *path, const float *weight) {
  akin_sink_text(out, word);
  akin_sink_line(out, path);
  if (weight) akin_sink_printf(out, "  (weight %g)", (double)*weight);
  akin_sink_text(out, "\n");
}

void akin_asked_table(akin_sink *out, const akin_hits *hits) {
  const akin_query *asked = akin_hits_asked(hits);
  const char *joint = asked->combine == AKIN_COMBINE_ANY ? "  or " : " and ";
  for (size_t i = 0; i < akin_hits_query_count(hits); i++)
    asked_table_image(out, i ? joint : "Like ", akin_hits_query(hits, i), asked->weights ? asked->weights + i : NULL);
  for (size_t i = 0; i < asked->negative_count; i++)
    asked_table_image(out, " not ", asked->negatives[i], asked->negative_weights ? asked->negative_weights + i : NULL);
  if (asked->where) {
    akin_sink_text(out, "where ");
    akin_sink_line(out, asked->where);
    akin_sink_text(out, "\n");
  }
  if (asked_rest(out, asked)) akin_sink_text(out, "\n");
}

static void asked_html_name(akin_sink *out, const char *path, const float *weight) {
  akin_sink_text(out, "<bdi>");
  akin_sink_html(out, akin_path_name(path));
  akin_sink_text(out, "</bdi>");
  if (weight) akin_sink_printf(out, " (weight %g)", (double)*weight);
}

void akin_asked_html_heading(akin_sink *out, const akin_hits *hits) {
  const akin_query *asked = akin_hits_asked(hits);
  const char *joint = asked->combine == AKIN_COMBINE_ANY ? " or " : " and ";
  akin_sink_text(out, "Most like ");
  for (size_t i = 0; i < akin_hits_query_count(hits); i++) {
    akin_sink_text(out, i ? joint : "");
    asked_html_name(out, akin_hits_query(hits, i), asked->weights ? asked->weights + i : NULL);
  }
  for (size_t i = 0; i < asked->negative_count; i++) {
    akin_sink_text(out, i ? " nor " : ", not like ");
    asked_html_name(out, asked->negatives[i], asked->negative_weights ? asked->negative_weights + i : NULL);
  }
}

void akin_asked_html_conditions(akin_sink *out, const akin_hits *hits) {
  const akin_query *asked = akin_hits_asked(hits);
  akin_query rest = *asked;
  if (!asked_conditions(asked)) return;
  akin_sink_text(out, "<p class=\"asked\">");
  if (asked->where) {
    akin_sink_text(out, "where <code>");
    akin_sink_html(out, asked->where);
    akin_sink_text(out, "</code>");
    rest.where = NULL;
    if (asked_conditions(&rest)) akin_sink_text(out, "; ");
  }
  (void)asked_rest(out, asked);
  akin_sink_text(out, "</p>\n");
}

/* ---- JSON ---- */

/* Begins a member: "{" before the first, ", " before the others. */
static void asked_member(akin_sink *out, bool *first, const char *name) {
  akin_sink_printf(out, "%s\"%s\": ", *first ? "{" : ", ", name);
  *first = false;
}

static void asked_json_floats(akin_sink *out, bool *first, const char *name, const float *values, size_t count) {
  if (!values) return;
  asked_member(out, first, name);
  for (size_t i = 0; i < count; i++)
    akin_sink_printf(out, "%s%g", i ? ", " : "[", (double)values[i]);
  akin_sink_text(out, "]");
}

static void asked_json_images(akin_sink *out, bool *first, const akin_hits *hits) {
  const akin_query *asked = akin_hits_asked(hits);
  asked_json_floats(out, first, "weights", asked->weights, akin_hits_query_count(hits));
  if (asked->combine == AKIN_COMBINE_ANY) {
    asked_member(out, first, "any");
    akin_sink_text(out, "true");
  }
  if (asked->negative_count == 0) return;
  akin_sink_text(out, *first ? "{" : ", ");
  *first = false;
  akin_sink_json_paths(out, "not", asked->negatives, asked->negative_count);
  asked_json_floats(out, first, "not_weights", asked->negative_weights, asked->negative_count);
}

static void asked_json_conditions(akin_sink *out, bool *first, const akin_query *asked) {
  if (asked->where) {
    asked_member(out, first, "where");
    akin_sink_json(out, asked->where);
  }
  if (asked_least(asked)) {
    asked_member(out, first, "min_score");
    akin_sink_printf(out, "%g", (double)asked->min_score);
  }
  if (asked->exclude_duplicates) {
    asked_member(out, first, "exclude_duplicates");
    akin_sink_text(out, "true");
  }
  if (asked_diverse(asked)) {
    asked_member(out, first, "diverse");
    akin_sink_printf(out, "%g", (double)asked->diverse);
  }
  if (asked->offset > 0) {
    asked_member(out, first, "offset");
    akin_sink_printf(out, "%u", asked->offset);
  }
}

void akin_asked_json(akin_sink *out, const akin_hits *hits) {
  const akin_query *asked = akin_hits_asked(hits);
  bool first = true;
  if (!asked->weights && asked->combine == AKIN_COMBINE_MEAN && asked->negative_count == 0 && !asked_conditions(asked))
    return;
  akin_sink_text(out, ", \"asked\": ");
  asked_json_images(out, &first, hits);
  asked_json_conditions(out, &first, asked);
  akin_sink_text(out, "}");
}
