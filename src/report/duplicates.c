/* duplicates.c - a group of near-identical images as a table, JSON, CSV or plain paths. */
#include "base/error.h"
#include "report/sink.h"

#include <akin/report.h>
#include <stdbool.h>

const char *akin_copy_name(akin_copy copy) {
  static const char *const names[] = {"best", "same", "near", "mirrored"};
  return (size_t)copy < sizeof names / sizeof *names ? names[copy] : "unknown";
}

/* "12.3 kB" */
static void duplicates_bytes(akin_sink *out, uint64_t bytes) {
  static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
  double value = (double)bytes;
  size_t unit = 0;
  while (value >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
    value /= 1000;
    unit++;
  }
  akin_sink_printf(out, "%5.*f %-5s", unit && value < 99.95 ? 1 : 0, value, units[unit]);
}

/* Group 1: 3 images
 *   best      1600 x 1200    512 kB     1.000  /photos/a.jpg
 *   near       800 x 600      90.1 kB   0.998  /photos/a-small.jpg */
static void duplicates_table(akin_sink *out, const akin_duplicate_group *group) {
  akin_sink_printf(out, "Group %zu: %zu images\n", group->number, group->count);
  for (size_t i = 0; i < group->count; i++) {
    const akin_duplicate *d = &group->images[i];
    akin_sink_printf(out, "  %-8s  %5u x %-5u  ", akin_copy_name(d->copy), d->width, d->height);
    duplicates_bytes(out, d->bytes);
    akin_sink_text(out, "  ");
    akin_sink_number(out, (double)d->agreement, 3);
    akin_sink_text(out, "  ");
    akin_sink_line(out, d->path);
    akin_sink_text(out, "\n");
  }
}

static void duplicates_json(akin_sink *out, const akin_duplicate_group *group) {
  akin_sink_text(out, "{\"model\": ");
  akin_sink_json(out, group->model);
  akin_sink_printf(out, ", \"group\": %zu, \"images\": [", group->number);
  for (size_t i = 0; i < group->count; i++) {
    const akin_duplicate *d = &group->images[i];
    akin_sink_printf(out, "%s{\"copy\": \"%s\", ", i ? ", " : "", akin_copy_name(d->copy));
    akin_sink_json_path(out, "image", d->path);
    akin_sink_printf(out, ", \"width\": %u, \"height\": %u, \"bytes\": %llu, \"score\": ", d->width, d->height,
                     (unsigned long long)d->bytes);
    akin_sink_number(out, (double)d->score, 6);
    akin_sink_text(out, ", \"agreement\": ");
    akin_sink_number(out, (double)d->agreement, 6);
    akin_sink_text(out, "}");
  }
  akin_sink_text(out, "]}\n");
}

static void duplicates_csv(akin_sink *out, const akin_duplicate_group *group, bool first) {
  akin_sink_text(out, first ? "group,copy,image,width,height,bytes,score,agreement\n" : "");
  for (size_t i = 0; i < group->count; i++) {
    const akin_duplicate *d = &group->images[i];
    akin_sink_printf(out, "%zu,%s,", group->number, akin_copy_name(d->copy));
    akin_sink_csv(out, d->path);
    akin_sink_printf(out, ",%u,%u,%llu,", d->width, d->height, (unsigned long long)d->bytes);
    akin_sink_number(out, (double)d->score, 6);
    akin_sink_text(out, ",");
    akin_sink_number(out, (double)d->agreement, 6);
    akin_sink_text(out, "\n");
  }
}

/* Never the best copy: what is told here may be thrown away, and one of each picture stays. */
static void duplicates_paths(akin_sink *out, const akin_duplicate_group *group, char end) {
  for (size_t i = 0; i < group->count; i++) {
    if (group->images[i].copy == AKIN_COPY_BEST) continue;
    akin_sink_text(out, group->images[i].path);
    akin_sink_bytes(out, &end, 1);
  }
}

akin_status akin_report_duplicates(FILE *out, akin_report_format format, const akin_duplicate_group *group, int first,
                                   akin_error *err) {
  akin_sink sink = AKIN_SINK_INIT(AKIN_SINK_CEILING);
  switch (format) {
  case AKIN_FORMAT_TABLE:
    if (!first) akin_sink_text(&sink, "\n");
    duplicates_table(&sink, group);
    break;
  case AKIN_FORMAT_JSON:
    duplicates_json(&sink, group);
    break;
  case AKIN_FORMAT_CSV:
    duplicates_csv(&sink, group, first != 0);
    break;
  case AKIN_FORMAT_PATHS:
  case AKIN_FORMAT_PATHS0:
    duplicates_paths(&sink, group, format == AKIN_FORMAT_PATHS ? '\n' : '\0');
    break;
  default:
    return akin_fail(err, AKIN_ERROR_USAGE, "duplicates have no format number %d", (int)format);
  }
  return akin_sink_finish(&sink, out, err);
}
