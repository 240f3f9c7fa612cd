/* suggest.c - see suggest.h. */
#include "suggest.h"

#include <string.h>

#define SUGGEST_LONGEST 40

static size_t suggest_least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* How many letters must be put in, taken out, exchanged or swapped with their neighbour to make b of a. */
static size_t suggest_distance(const char *a, const char *b) {
  size_t rows[3][SUGGEST_LONGEST + 1]; /* the row before the last, the last, this one; used in turns */
  const size_t m = strlen(a), n = strlen(b);
  if (m > SUGGEST_LONGEST || n > SUGGEST_LONGEST) return m + n;
  for (size_t j = 0; j <= n; j++)
    rows[0][j] = j;
  for (size_t i = 1; i <= m; i++) {
    size_t *now = rows[i % 3];
    const size_t *last = rows[(i - 1) % 3], *before = rows[(i + 1) % 3];
    now[0] = i;
    for (size_t j = 1; j <= n; j++) {
      now[j] = suggest_least(last[j - 1] + (a[i - 1] != b[j - 1]), suggest_least(last[j], now[j - 1]) + 1);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        now[j] = suggest_least(now[j], before[j - 2] + 1);
    }
  }
  return rows[m % 3][n];
}

void cli_suggest(cli_suggestion *suggestion, const char *known) {
  const size_t distance = suggest_distance(suggestion->word, known);
  /* A third of the letters may be wrong: "lke" is like, "xyz" is nothing. */
  if (distance > (strlen(known) + 2) / 3) return;
  if (!suggestion->best || distance < suggestion->distance) {
    suggestion->best = known;
    suggestion->distance = distance;
  }
}
