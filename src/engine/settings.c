/* settings.c - the options a model was opened with, as the JSON text that a store keeps beside the model's features. */
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "engine/model.h"

#include <string.h>

akin_status akin_model_settings_json(akin_buffer *out, const akin_model *model) {
  akin_status status = akin_buffer_append_text(out, "{\"layer\": ");
  if (!status) status = model->layer ? akin_text_json(out, model->layer) : akin_buffer_append_text(out, "null");
  if (!status) status = akin_buffer_append_text(out, ", \"pooling\": \"");
  if (!status) status = akin_pool_text(out, (akin_pool)model->options.pooling, model->options.pooling_power);
  if (!status) {
    status = akin_buffer_printf(out, "\", \"preprocess\": \"%s\", \"precision\": \"%s\", \"meaning\": ",
                                model->options.preprocess == AKIN_PREPROCESS_KERAS ? "keras" : "card",
                                model->options.bf16 ? "bf16" : "f32");
  }
  if (!status) status = akin_text_json(out, model->cut.meaning);
  return status ? status : akin_buffer_append_text(out, "}");
}

static bool settings_is(const akin_json *object, const char *key, const char *value) {
  const char *text = akin_json_text(akin_json_get(object, key));
  return text && strcmp(text, value) == 0;
}

/* A copy of a text member; *out NULL when it is not there. */
static akin_status settings_copy(char **out, const akin_json *object, const char *key, akin_error *err) {
  const char *text = akin_json_text(akin_json_get(object, key));
  *out = text ? akin_strdup(text) : NULL;
  return text && !*out ? akin_fail_memory(err, strlen(text) + 1) : AKIN_OK;
}

akin_status akin_model_settings_parse(akin_model_options *options, char **layer, char **meaning, const char *json,
                                      akin_error *err) {
  akin_json *root = NULL;
  *layer = NULL;
  *meaning = NULL;
  akin_status status = akin_json_parse(&root, json, strlen(json), err);
  if (status) return akin_fail_context(err, status, "the store's settings of the model");
  if (!(status = settings_copy(layer, root, "layer", err)) &&
      !(status = settings_copy(meaning, root, "meaning", err))) {
    options->layer = *layer;
    const char *pooling = akin_json_text(akin_json_get(root, "pooling"));
    options->pooling = AKIN_POOLING_CARD;
    options->pooling_power = 0;
    if (pooling) (void)akin_pooling_from_name(&options->pooling, &options->pooling_power, pooling);
    options->preprocess = settings_is(root, "preprocess", "keras") ? AKIN_PREPROCESS_KERAS : AKIN_PREPROCESS_CARD;
    options->bf16 = settings_is(root, "precision", "bf16");
  } else {
    akin_free(*layer);
    *layer = NULL;
  }
  akin_json_free(root);
  return status;
}

akin_status akin_model_settings_difference(char **out, const akin_model *model, const char *json, akin_error *err) {
  akin_model_options options = AKIN_MODEL_OPTIONS_INIT;
  char *layer = NULL, *meaning = NULL;
  *out = NULL;
  akin_status status = akin_model_settings_parse(&options, &layer, &meaning, json, err);
  if (!status) {
    *out = meaning ? akin_cut_difference(model->cut.meaning, meaning) : akin_strdup("fingerprints differ");
    if (!*out) status = akin_fail_memory(err, 0);
  }
  akin_free(meaning);
  akin_free(layer);
  return status;
}
