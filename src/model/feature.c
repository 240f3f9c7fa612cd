/* feature.c - see feature.h. */
#include "model/feature.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/lower.h"
#include "model/name.h"

#include <string.h>

static bool feature_makes_scores(const akin_layer *layer) {
  if (layer->kind == AKIN_LAYER_DENSE) return true;
  const akin_convolution *c = &layer->as.convolution;
  return layer->kind == AKIN_LAYER_CONV2D && c->kernel[0] == 1 && c->kernel[1] == 1;
}

/* Gives class scores another form: probabilities, a vector of a map of one place. */
static bool feature_forms_scores(const akin_layer *layer) {
  if (layer->kind == AKIN_LAYER_RESHAPE || layer->kind == AKIN_LAYER_FLATTEN) return true;
  const akin_activation_kind kind = layer->activation.kind;
  return layer->kind == AKIN_LAYER_ACTIVATION &&
         (kind == AKIN_ACTIVATION_SOFTMAX || kind == AKIN_ACTIVATION_SIGMOID || kind == AKIN_ACTIVATION_LOG_SOFTMAX);
}

static akin_status feature_by_rule(size_t *layer, char **rule, const akin_layers *layers, akin_error *err) {
  if (layers->at[akin_layers_output(layers)].kind == AKIN_LAYER_TENSOR)
    return akin_feature_of_graph(layer, rule, layers, err);
  const size_t last = akin_lower_standing(layers, akin_layers_output(layers));
  size_t at = last;
  while (feature_forms_scores(&layers->at[at]))
    at = akin_lower_standing(layers, layers->at[at].inputs[0]);
  const akin_layer *head = &layers->at[feature_makes_scores(&layers->at[at]) ? at : last];
  if (feature_makes_scores(head)) {
    *layer = akin_lower_standing(layers, head->inputs[0]);
    *rule = akin_format("the input of the last %s layer '%s'",
                        head->kind == AKIN_LAYER_DENSE ? "dense" : "1×1 convolution", head->name);
  } else {
    *layer = last;
    *rule = akin_format("the output, layer '%s': no layer of class scores stands at the end", head->name);
  }
  return *rule ? AKIN_OK : akin_fail_memory(err, strlen(head->name));
}

/* Is an entry one of the outermost model's layers? */
static bool feature_counts(const akin_layers_entry *entry) {
  return entry->parent == 0 && !entry->is_operation;
}

static size_t feature_count(const akin_layers *layers) {
  size_t count = layers->entry_count ? 0 : layers->count;
  for (size_t i = 0; i < layers->entry_count; i++)
    count += feature_counts(&layers->entries[i]);
  return count;
}

/* "-2" is the last but one of model.layers, as in Keras. */
static akin_status feature_from_end(size_t *layer, const akin_layers *layers, const char *wanted, akin_error *err) {
  uint64_t back = 0;
  const size_t count = feature_count(layers);
  if (!akin_parse_u64(&back, wanted + 1, 1, count)) {
    return akin_fail(err, AKIN_ERROR_NOT_FOUND, "no layer %s: there are %zu, counted from -1 back to -%zu", wanted,
                     count, count);
  }
  *layer = layers->count - (size_t)back;
  for (size_t i = layers->entry_count; i > 0; i--) {
    if (!feature_counts(&layers->entries[i - 1]) || --back > 0) continue;
    *layer = layers->entries[i - 1].layer;
    break;
  }
  return AKIN_OK;
}

static akin_status feature_unknown(const akin_layers *layers, const char *wanted, akin_error *err) {
  const char *nearest = layers->at[0].name;
  size_t least = SIZE_MAX - 1;
  for (size_t i = 0; i < layers->count; i++) {
    const size_t distance = akin_name_distance(wanted, layers->at[i].name, SIZE_MAX - 2);
    if (distance >= least) continue;
    least = distance;
    nearest = layers->at[i].name;
  }
  return akin_fail(err, AKIN_ERROR_NOT_FOUND, "no layer '%s'; the nearest name is '%s'", wanted, nearest);
}

akin_status akin_feature_find(size_t *layer, char **rule, const akin_layers *layers, const char *wanted,
                              const char *asked, akin_error *err) {
  if (!wanted) return feature_by_rule(layer, rule, layers, err);
  size_t found = akin_layers_find(layers, wanted);
  if (found == layers->count && wanted[0] == '-') {
    akin_status status = feature_from_end(&found, layers, wanted, err);
    if (status != AKIN_OK) return status;
  }
  if (found == layers->count) return feature_unknown(layers, wanted, err);
  *layer = akin_lower_standing(layers, found);
  *rule = akin_format("layer %s, named by %s", wanted, asked);
  return *rule ? AKIN_OK : akin_fail_memory(err, strlen(wanted));
}
