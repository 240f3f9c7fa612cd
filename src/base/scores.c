/* scores.c - the names of akin_scores. */
#include <akin/store.h>
#include <string.h>

static const char *const scores_names[] = {"default", "cosine", "centred", "reduced", "whitened"};
#define SCORES_NAMES (sizeof scores_names / sizeof *scores_names)

const char *akin_scores_name(akin_scores scores) {
  return (size_t)scores < SCORES_NAMES ? scores_names[scores] : "unknown";
}

int akin_scores_from_name(akin_scores *out, const char *name) {
  for (size_t i = 0; i < SCORES_NAMES; i++) {
    if (strcmp(name, scores_names[i]) != 0) continue;
    *out = (akin_scores)i;
    return 1;
  }
  return 0;
}
