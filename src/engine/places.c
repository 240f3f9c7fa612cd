/* places.c - the user's folders, by argument, environment and the XDG base directory specification. */
#include "engine/places.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"

#include <stdlib.h>

static const char *places_variable(const char *name) {
  const char *value = getenv(name);
  return value && *value ? value : NULL;
}

/* given, else the variable, else `name` inside the user's data folder (the folder itself when name is NULL). */
static akin_status places_choose(char **out, const char *given, const char *variable, const char *name,
                                 akin_error *err) {
  *out = NULL;
  const char *chosen = given ? given : places_variable(variable);
  if (chosen) return akin_path_absolute(out, chosen, err);
  char *data = NULL;
  akin_status status = akin_path_user_data(&data, err);
  if (status || !name) {
    *out = data;
    return status;
  }
  *out = akin_path_join(data, name);
  akin_free(data);
  return *out ? AKIN_OK : akin_fail_memory(err, 0);
}

akin_status akin_place_models(char **out, const char *given, akin_error *err) {
  return places_choose(out, given, "AKIN_MODELS", "models", err);
}

akin_status akin_place_store(char **out, const char *given, akin_error *err) {
  return places_choose(out, given, "AKIN_STORE", NULL, err);
}

akin_status akin_place_blobs(char **out, akin_error *err) {
  char *cache = NULL;
  *out = NULL;
  if (akin_path_user_cache(&cache, NULL)) return AKIN_OK;
  *out = akin_path_join(cache, "compiled");
  akin_free(cache);
  return *out ? AKIN_OK : akin_fail_memory(err, 0);
}
