/* name.c - see name.h. */
#include "model/name.h"

#include <string.h>

#define NAME_LONGEST 64
#define NAME_COMPARE 128

bool akin_name_valid(const char *name) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
  const size_t size = strlen(name);
  return size >= 1 && size <= NAME_LONGEST && strspn(name, letters) == size && !strchr("-_.", name[0]);
}

static size_t name_least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Levenshtein's table, one row at a time: row[j] is the distance of a's first i letters and b's first j. */
size_t akin_name_distance(const char *a, const char *b, size_t most) {
  const size_t n = strlen(a), m = strlen(b);
  size_t row[NAME_COMPARE];
  if (n >= NAME_COMPARE || m >= NAME_COMPARE) return most + 1;
  for (size_t j = 0; j <= m; j++)
    row[j] = j;
  for (size_t i = 1; i <= n; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= m; j++) {
      const size_t changed = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = name_least(changed, 1 + name_least(row[j], row[j - 1]));
    }
  }
  return name_least(row[m], most + 1);
}
