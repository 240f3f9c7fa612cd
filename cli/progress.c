/* progress.c - see progress.h. */
#include "progress.h"
#include "messages.h"

#include <langinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PROGRESS_TEXT          512
#define PROGRESS_PLAIN_SECONDS 5.0
#define PROGRESS_COLUMNS       80 /* where the terminal does not tell */
#define PROGRESS_LONGEST_BAR   30
#define PROGRESS_SHORTEST_BAR  8

/* ---- text ---- */

/* Appends to text, which stays within PROGRESS_TEXT. */
__attribute__((format(printf, 3, 4))) static void progress_add(char *text, size_t *used, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(text + *used, PROGRESS_TEXT - *used, format, arguments);
  va_end(arguments);
  if (length > 0) *used += (size_t)length < PROGRESS_TEXT - *used ? (size_t)length : PROGRESS_TEXT - *used - 1;
}

/* ", 25 unchanged"; nothing for none. */
static void progress_add_count(char *text, size_t *used, uint64_t n, const char *what) {
  char count[CLI_NUMBER_TEXT];
  if (n > 0) progress_add(text, used, ", %s %s", cli_count_text(count, n), what);
}

static uint64_t progress_done(const akin_progress *p) {
  return p->unchanged + p->embedded + p->reused + p->skipped;
}

static void progress_add_rate(char *text, size_t *used, double per_second) {
  if (per_second > 0) progress_add(text, used, per_second < 10 ? ", %.1f images/s" : ", %.0f images/s", per_second);
}

/* "1,024 of 2,000 images, 165 images/s, 6 s left, 3 skipped". */
static size_t progress_text(char text[PROGRESS_TEXT], const char *of, const akin_progress *p) {
  char done[CLI_NUMBER_TEXT], found[CLI_NUMBER_TEXT], left[CLI_NUMBER_TEXT];
  size_t used = 0;
  cli_count_text(found, p->found);
  if (p->scanning) {
    progress_add(text, &used, "looking for images, %s so far", found);
    return used;
  }
  if (p->link_total > 0) {
    progress_add(text, &used, "preparing approximate search, %s of %s", cli_count_text(done, p->linked),
                 cli_count_text(left, p->link_total));
    return used;
  }
  if (of) progress_add(text, &used, "%s: ", of);
  progress_add(text, &used, "%s of %s images", cli_count_text(done, progress_done(p)), found);
  progress_add_rate(text, &used, p->images_per_second);
  if (p->remaining_seconds >= 0) progress_add(text, &used, ", %s left", cli_duration_text(left, p->remaining_seconds));
  progress_add_count(text, &used, p->skipped, "skipped");
  return used;
}

void cli_progress_summary(char *out, size_t room, const akin_progress *total) {
  char text[PROGRESS_TEXT], found[CLI_NUMBER_TEXT];
  size_t used = 0;
  if (total->found > 0) {
    progress_add(text, &used, "%s %s: ", cli_count_text(found, total->found), total->found == 1 ? "image" : "images");
    progress_add(text, &used, "%s new", cli_count_text(found, total->embedded));
  } else {
    progress_add(text, &used, "no images found");
  }
  progress_add_count(text, &used, total->reused, "renamed or copied");
  progress_add_count(text, &used, total->unchanged, "unchanged");
  progress_add_count(text, &used, total->skipped, "skipped");
  progress_add_count(text, &used, total->removed, "removed");
  progress_add_count(text, &used, total->ignored, total->ignored == 1 ? "other file" : "other files");
  progress_add(text, &used, ", %.1f s", total->seconds);
  if (total->embedded > 0) progress_add_rate(text, &used, total->images_per_second);
  snprintf(out, room, "%s", text);
}

/* ---- the line on a terminal ---- */

static size_t progress_columns(void) {
  const size_t columns = cli_terminal_columns(STDERR_FILENO);
  return columns ? columns : PROGRESS_COLUMNS;
}

/* A bar of `width` columns and a space; the part that is done in green. */
static void progress_add_bar(char *line, size_t *used, size_t width, const akin_progress *p) {
  const bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
  const uint64_t done = progress_done(p);
  const size_t full = done >= p->found ? width : (size_t)((double)width * (double)done / (double)p->found);
  progress_add(line, used, "%s", cli_colour_begin(CLI_GREEN));
  for (size_t i = 0; i < width; i++) {
    if (i == full) progress_add(line, used, "%s", cli_colour_end());
    progress_add(line, used, "%s", i < full ? (utf8 ? "\u2501" : "#") : (utf8 ? "\u2500" : "-"));
  }
  progress_add(line, used, "%s ", full == width ? cli_colour_end() : "");
}

/* One write, so that nothing flickers: back to the first column, the new line, the rest of the old one wiped out. The
 * last column stays empty, because some terminals would break the line there. */
static void progress_draw(const char *of, const akin_progress *p) {
  char line[PROGRESS_TEXT], text[PROGRESS_TEXT];
  size_t used = 0, columns = progress_columns() - 1, length = progress_text(text, of, p);
  progress_add(line, &used, "\r");
  if (!p->scanning && p->found > 0 && length + 1 + PROGRESS_SHORTEST_BAR <= columns) {
    const size_t left = columns - length - 1;
    progress_add_bar(line, &used, left < PROGRESS_LONGEST_BAR ? left : PROGRESS_LONGEST_BAR, p);
  }
  progress_add(line, &used, "%.*s\033[K", (int)(length < columns ? length : columns), text);
  fwrite(line, 1, used, stderr);
  fflush(stderr);
}

double cli_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- showing ---- */

void cli_progress_begin(cli_progress *progress, bool quiet) {
  *progress = (cli_progress){.quiet = quiet, .terminal = cli_on_terminal()};
}

void cli_progress_show(cli_progress *progress, const akin_progress *now) {
  char text[PROGRESS_TEXT];
  if (progress->quiet) return;
  if (progress->terminal) {
    progress_draw(progress->of, now);
    progress->drawn = true;
  } else if (now->seconds - progress->last_plain >= PROGRESS_PLAIN_SECONDS) {
    progress_text(text, progress->of, now);
    cli_note(CLI_PLAIN, NULL, "%s", text);
    progress->last_plain = now->seconds;
  }
}

void cli_progress_clear(cli_progress *progress) {
  if (progress->drawn) fputs("\r\033[K", stderr);
  fflush(stderr);
  progress->drawn = false;
}
