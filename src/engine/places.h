/* places.h - where things lie when the caller does not say. Every result is absolute and freed with akin_free. */
#ifndef AKIN_ENGINE_PLACES_H
#define AKIN_ENGINE_PLACES_H

#include <akin/status.h>

/* given, else $AKIN_MODELS, else $XDG_DATA_HOME/akin/models. */
akin_status akin_place_models(char **out, const char *given, akin_error *err);
/* given, else $AKIN_STORE, else $XDG_DATA_HOME/akin. */
akin_status akin_place_store(char **out, const char *given, akin_error *err);
/* $XDG_CACHE_HOME/akin/compiled; *out is NULL, and that is fine, when the user has no such place. */
akin_status akin_place_blobs(char **out, akin_error *err);

#endif
