/* condition.c - see condition.h. */
#include "engine/condition.h"

#include "base/path.h"
#include "base/text.h"

#include <math.h>
#include <string.h>
#include <time.h>

const char *const akin_condition_columns[] = {"root", "folder", "class", "path",  "name",
                                              "size", "date",   "width", "height"};

/* ---- values ---- */

/* "1500", "1.5MB". */
static bool condition_size(double *out, const char *text) {
  static const struct {
    const char *unit;
    double bytes;
  } units[] = {{"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}};
  char digits[32];
  const size_t length = strlen(text);
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    if (length <= 2 || length - 2 >= sizeof digits || strcmp(text + length - 2, units[i].unit) != 0) continue;
    memcpy(digits, text, length - 2);
    digits[length - 2] = '\0';
    const bool fine = akin_parse_double(out, digits, 0.0, 1e15);
    *out *= units[i].bytes;
    return fine;
  }
  return akin_parse_double(out, text, 0.0, 1e18);
}

/* A number of exactly `digits` digits at *at, which moves behind it. */
static bool condition_digits(int *out, const char **at, int digits) {
  *out = 0;
  for (int i = 0; i < digits; i++, (*at)++) {
    if (**at < '0' || **at > '9') return false;
    *out = *out * 10 + (**at - '0');
  }
  return true;
}

/* YYYY[-MM[-DD[THH:MM[:SS]]]], a space for the T: the parts that are there, in order of a struct tm, into parts.
 * Returns how many, 0 when it is none. */
static int condition_date_parts(int parts[6], const char *text) {
  static const char before[] = "\0--T::";
  static const int lowest[] = {1900, 1, 1, 0, 0, 0}, highest[] = {9999, 12, 31, 23, 59, 59};
  int count = 0;
  for (; *text && count < 6; count++) {
    if (count > 0 && *text != before[count] && !(count == 3 && *text == ' ')) return 0;
    text += count > 0;
    if (!condition_digits(&parts[count], &text, count == 0 ? 4 : 2)) return 0;
    if (parts[count] < lowest[count] || parts[count] > highest[count]) return 0;
  }
  return *text || count == 4 ? 0 : count;
}

/* Local time → nanoseconds since 1970. parts may be past their ends: month 13 is January. */
static int64_t condition_moment(const int parts[6]) {
  struct tm t = {.tm_year = parts[0] - 1900,
                 .tm_mon = parts[1] - 1,
                 .tm_mday = parts[2],
                 .tm_hour = parts[3],
                 .tm_min = parts[4],
                 .tm_sec = parts[5],
                 .tm_isdst = -1};
  const int64_t seconds = mktime(&t);
  int64_t moment = 0;
  if (!__builtin_mul_overflow(seconds, (int64_t)1000000000, &moment)) return moment;
  return seconds < 0 ? INT64_MIN : INT64_MAX;
}

static bool condition_date(int64_t *begin, int64_t *after, const char *text) {
  static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int parts[6] = {0, 1, 1, 0, 0, 0};
  const int count = condition_date_parts(parts, text);
  const bool leap = (parts[0] % 4 == 0 && parts[0] % 100 != 0) || parts[0] % 400 == 0;
  if (count == 0 || parts[2] > days[parts[1] - 1] || (parts[1] == 2 && parts[2] == 29 && !leap)) return false;
  *begin = condition_moment(parts);
  parts[count - 1]++;
  *after = condition_moment(parts);
  return true;
}

const char *akin_condition_understand(akin_condition *t, bool quoted) {
  switch (t->column) {
  case AKIN_CONDITION_SIZE:
    t->is_number = condition_size(&t->number, t->text);
    return t->is_number ? NULL : "size is a number of bytes, such as 20000, 20kB or 1.5MB";
  case AKIN_CONDITION_WIDTH:
  case AKIN_CONDITION_HEIGHT:
    t->is_number = akin_parse_double(&t->number, t->text, 0.0, 1e18);
    return t->is_number ? NULL : "width and height are numbers of pixels";
  case AKIN_CONDITION_DATE:
    return condition_date(&t->begin, &t->after, t->text) ? NULL
                                                         : "a date is 2024, 2024-05, 2024-05-31 or 2024-05-31T18:30";
  case AKIN_CONDITION_LABEL:
    t->is_number =
        !quoted && t->op != AKIN_CONDITION_LIKE && akin_parse_double(&t->number, t->text, -HUGE_VAL, HUGE_VAL);
    return NULL;
  default:
    return NULL;
  }
}

/* ---- text ---- */

/* Text that need not end with NUL. */
typedef struct condition_span {
  const char *text;
  size_t size;
} condition_span;

static condition_span condition_whole(const char *text) {
  return (condition_span){text, strlen(text)};
}

/* Of an absolute path: the part before the last '/'; and what is after the last '/' of that. */
static condition_span condition_folder(const char *path) {
  const size_t size = (size_t)(akin_path_name(path) - path);
  return (condition_span){path, size > 1 ? size - 1 : size};
}
static condition_span condition_class(const char *path) {
  condition_span folder = condition_folder(path);
  size_t begin = folder.size;
  while (begin > 0 && folder.text[begin - 1] != '/')
    begin--;
  return (condition_span){folder.text + begin, folder.size - begin};
}

/* How many bytes of s from `at` on are one character: a byte that is not UTF-8 is one too. */
static size_t condition_character(condition_span s, size_t at) {
  const size_t length = akin_utf8_length(s.text + at, s.size - at);
  return length ? length : 1;
}

/* '*': any text; '?': any one character. After a mismatch only the last '*' takes one more, which is enough. */
static bool condition_like(condition_span s, const char *pattern) {
  const char *star = NULL;
  size_t at = 0, star_at = 0;
  while (at < s.size) {
    if (*pattern == '*') {
      star = ++pattern;
      star_at = at;
    } else if (*pattern == '?') {
      pattern++;
      at += condition_character(s, at);
    } else if (*pattern && *pattern == s.text[at]) {
      pattern++;
      at++;
    } else if (star) {
      pattern = star;
      at = star_at += condition_character(s, star_at);
    } else {
      return false;
    }
  }
  while (*pattern == '*')
    pattern++;
  return *pattern == '\0';
}

static int condition_order(condition_span s, const char *text) {
  const size_t size = strlen(text);
  const int order = memcmp(s.text, text, s.size < size ? s.size : size);
  return order != 0 ? order : (s.size > size) - (s.size < size);
}

/* ---- matching ---- */

/* below: it is less than the value; above: more; neither: equal. */
static bool condition_decide(akin_condition_operator op, bool below, bool above) {
  switch (op) {
  case AKIN_CONDITION_EQUAL:
    return !below && !above;
  case AKIN_CONDITION_UNEQUAL:
    return below || above;
  case AKIN_CONDITION_LESS:
    return below;
  case AKIN_CONDITION_AT_MOST:
    return !above;
  case AKIN_CONDITION_MORE:
    return above;
  default:
    return !below;
  }
}

static bool condition_number(const akin_condition *t, double number) {
  return condition_decide(t->op, number<t->number, number> t->number);
}

static bool condition_text(const akin_condition *t, condition_span s) {
  if (t->op == AKIN_CONDITION_LIKE) return condition_like(s, t->text);
  const int order = condition_order(s, t->text);
  return condition_decide(t->op, order<0, order> 0);
}

/* value NULL: the image has no such label, which equals nothing. */
static bool condition_label(const akin_condition *t, const char *value) {
  double number = 0;
  if (!value) return t->op == AKIN_CONDITION_UNEQUAL;
  if (!t->is_number) return condition_text(t, condition_whole(value));
  if (!akin_parse_double(&number, value, -HUGE_VAL, HUGE_VAL)) return t->op == AKIN_CONDITION_UNEQUAL;
  return condition_number(t, number);
}

bool akin_condition_matches(const akin_condition *t, const akin_where_image *image) {
  const char *label = t->label == AKIN_CONDITION_NO_LABEL ? NULL : image->labels[t->label];
  switch (t->column) {
  case AKIN_CONDITION_ROOT:
    return condition_text(t, condition_whole(image->root));
  case AKIN_CONDITION_FOLDER:
    return condition_text(t, condition_folder(image->path));
  case AKIN_CONDITION_CLASS: /* what the user says comes before where the file lies */
    return condition_text(t, label ? condition_whole(label) : condition_class(image->path));
  case AKIN_CONDITION_PATH:
    return condition_text(t, condition_whole(image->path));
  case AKIN_CONDITION_NAME:
    return condition_text(t, condition_whole(akin_path_name(image->path)));
  case AKIN_CONDITION_SIZE:
    return condition_number(t, (double)image->size);
  case AKIN_CONDITION_WIDTH:
    return condition_number(t, image->width);
  case AKIN_CONDITION_HEIGHT:
    return condition_number(t, image->height);
  case AKIN_CONDITION_DATE:
    return condition_decide(t->op, image->mtime_ns < t->begin, image->mtime_ns >= t->after);
  default:
    return condition_label(t, label);
  }
}
