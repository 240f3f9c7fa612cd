/* options.c - opening a model so that it gives the kind of features that a store has of it. */
#include "base/error.h"
#include "base/memory.h"
#include "engine/model.h"
#include "engine/store.h"

#include <string.h>

/* text moves into the caller's room, and options->layer points there. */
static akin_status options_keep_layer(akin_model_options *options, char *layer, size_t layer_size, akin_error *err) {
  if (!options->layer) return AKIN_OK;
  const size_t size = strlen(options->layer) + 1;
  if (size > layer_size)
    return akin_fail(err, AKIN_ERROR_LIMIT, "the name of layer %s has %zu bytes, there is room for %zu", options->layer,
                     size, layer_size);
  memcpy(layer, options->layer, size);
  options->layer = layer;
  return AKIN_OK;
}

akin_status akin_store_model_options(akin_store *store, const char *model, akin_model_options *options, char *layer,
                                     size_t layer_size, akin_error *err) {
  akin_stored_model *row = NULL;
  char *stored_layer = NULL, *meaning = NULL;
  akin_model_options found = *options;
  akin_status status = akin_store_find_model(store, &row, model, err);
  if (!status) status = akin_model_settings_parse(&found, &stored_layer, &meaning, row->card, err);
  if (!status) status = options_keep_layer(&found, layer, layer_size, err);
  if (!status) *options = found;
  akin_free(meaning);
  akin_free(stored_layer);
  akin_stored_models_free(row, row ? 1 : 0);
  return status;
}
