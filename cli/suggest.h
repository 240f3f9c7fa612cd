/* suggest.h - "did you mean": the known word that is nearest to a mistyped one. */
#ifndef AKIN_CLI_SUGGEST_H
#define AKIN_CLI_SUGGEST_H

#include <stddef.h>

typedef struct cli_suggestion {
  const char *word; /* what was typed; borrowed */
  const char *best; /* NULL: nothing is near enough */
  size_t distance;
} cli_suggestion;

#define CLI_SUGGESTION_INIT(word)                                                                                      \
  { (word), NULL, 0 }

/* Looks at one known word, which must live as long as the suggestion. */
void cli_suggest(cli_suggestion *suggestion, const char *known);

#endif
