/* weighted.c - see weighted.h. */
#include "weighted.h"
#include "messages.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where the weight of a name begins, at its colon; NULL: it has none. */
static const char *weighted_find(const char *name) {
  const char *colon = strrchr(name, ':');
  if (!colon || colon == name || !colon[1] || colon[1 + strspn(colon + 1, "0123456789.+-eE")]) return NULL;
  char *end = NULL;
  (void)strtod(colon + 1, &end);
  return *end || access(name, F_OK) == 0 ? NULL : colon;
}

static bool weighted_add(cli_weighted *out, const char *name, float usual) {
  const char *colon = weighted_find(name);
  if (!cli_list_add(&out->names, name)) return false;
  char *own = out->names.items[out->names.count - 1];
  out->weights[out->names.count - 1] = colon ? strtof(colon + 1, NULL) : usual;
  if (colon) own[colon - name] = '\0';
  return true;
}

bool cli_weighted_split(cli_weighted *out, const cli_list *names, float usual) {
  bool any = false;
  *out = (cli_weighted){.weights = cli_allocate(names->count, sizeof *out->weights)};
  bool fine = out->weights != NULL;
  for (size_t i = 0; fine && i < names->count; i++) {
    any = any || weighted_find(names->items[i]);
    fine = weighted_add(out, names->items[i], usual);
  }
  if (!fine) cli_error("there is no memory for so many names");
  if (any) return fine;
  cli_release(out->weights);
  out->weights = NULL;
  return fine;
}

void cli_weighted_free(cli_weighted *weighted) {
  cli_list_free(&weighted->names);
  cli_release(weighted->weights);
  weighted->weights = NULL;
}
