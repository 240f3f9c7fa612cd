/* messages.c - see messages.h. */
#include "messages.h"
#include "options.h"

#include <akin/report.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MESSAGES_TEXT 8192

static bool messages_quiet;

/* ---- terminal ---- */

bool cli_on_terminal(void) {
  const char *kind = getenv("TERM");
  return isatty(STDERR_FILENO) && kind && kind[0] && strcmp(kind, "dumb") != 0;
}

size_t cli_terminal_columns(int descriptor) {
  struct winsize size;
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static bool messages_colours(void) {
  const char *none = getenv("NO_COLOR");
  return cli_on_terminal() && !(none && none[0]);
}

const char *cli_colour_begin(cli_colour colour) {
  static const char *const sequences[] = {"", "\033[31m", "\033[33m", "\033[32m", "\033[1m"};
  return messages_colours() ? sequences[colour] : "";
}

const char *cli_colour_end(void) {
  return messages_colours() ? "\033[0m" : "";
}

/* ---- lines ---- */

/* Prints a line: an optional coloured word, then the text made safe. */
static void messages_line(cli_colour colour, const char *word, const char *format, va_list arguments) {
  char text[MESSAGES_TEXT];
  vsnprintf(text, sizeof text, format, arguments);
  if (word) fprintf(stderr, "%s%s%s ", cli_colour_begin(colour), word, cli_colour_end());
  akin_line_text(stderr, text, NULL);
  fputc('\n', stderr);
  fflush(stderr);
}

void cli_error(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  messages_line(CLI_RED, "akin:", format, arguments);
  va_end(arguments);
}

int cli_fail(akin_status status, const akin_error *err) {
  if (status != AKIN_ERROR_CANCELLED) cli_error("%s", err->text);
  return status == AKIN_ERROR_USAGE ? CLI_USAGE : CLI_FAILED;
}

void cli_note(cli_colour colour, const char *word, const char *format, ...) {
  va_list arguments;
  if (messages_quiet) return;
  va_start(arguments, format);
  messages_line(colour, word, format, arguments);
  va_end(arguments);
}

void cli_be_quiet(bool quiet) {
  messages_quiet = quiet;
}

const char *cli_errno_text(int errnum) {
  const char *text = strerrordesc_np(errnum);
  return text ? text : "unknown error";
}

/* ---- numbers ---- */

const char *cli_count_text(char out[CLI_NUMBER_TEXT], uint64_t n) {
  char digits[CLI_NUMBER_TEXT];
  const int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
  size_t put = 0;
  for (int i = 0; i < length && put + 2 < CLI_NUMBER_TEXT; i++) {
    if (i > 0 && (length - i) % 3 == 0) out[put++] = ',';
    out[put++] = digits[i];
  }
  out[put] = '\0';
  return out;
}

const char *cli_bytes_text(char out[CLI_NUMBER_TEXT], uint64_t bytes) {
  static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB", "EB"};
  double value = (double)bytes;
  size_t unit = 0;
  while (value >= 999.95 && unit + 1 < sizeof units / sizeof *units) {
    value /= 1000;
    unit++;
  }
  snprintf(out, CLI_NUMBER_TEXT, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
  return out;
}

const char *cli_duration_text(char out[CLI_NUMBER_TEXT], double seconds) {
  const unsigned long long s = seconds > 0 && seconds < 1e9 ? (unsigned long long)llround(seconds) : 0;
  if (s < 60)
    snprintf(out, CLI_NUMBER_TEXT, "%llu s", s);
  else if (s < 3600)
    snprintf(out, CLI_NUMBER_TEXT, "%llu min %llu s", s / 60, s % 60);
  else
    snprintf(out, CLI_NUMBER_TEXT, "%llu h %llu min", s / 3600, s / 60 % 60);
  return out;
}
