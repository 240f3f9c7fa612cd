/* fuzz_keras_config.c - any text as the configuration of a user's own Keras model; small networks are lowered to ONNX,
 * which writes weights to a file that has no name. */
#include "base/file.h"
#include "base/json.h"
#include "fuzz/fuzz.h"
#include "model/feature.h"
#include "model/keras_config.h"
#include "model/lower.h"
#include "model/onnx.h"

#include <unistd.h>

#define MOST_NUMBERS 20000u /* in weights and constants of a network that is lowered */
#define MOST_LAYERS  60u

static akin_status ones(void *context, const akin_layer *layer, size_t weight, float *out, akin_error *err) {
  (void)context;
  (void)err;
  for (uint64_t i = 0; i < akin_layer_weight_count(&layer->weights[weight]); i++)
    out[i] = 1;
  return AKIN_OK;
}

static void check(const akin_layers *layers) {
  fuzz_require(layers->count > 0 && layers->count <= AKIN_LAYERS_MOST);
  fuzz_require(akin_layers_output(layers) < layers->count);
  for (size_t i = 0; i < layers->count; i++) {
    const akin_layer *layer = &layers->at[i];
    for (size_t k = 0; k < layer->input_count; k++)
      fuzz_require(layer->inputs[k] < i);
    fuzz_require(layer->shape.rank >= 1 && layer->shape.rank <= AKIN_SHAPE_RANK);
    fuzz_require(layer->shares <= i);
    fuzz_require(layer->weight_count <= AKIN_LAYER_WEIGHTS);
  }
  for (size_t i = 0; i < layers->entry_count; i++) {
    fuzz_require(layers->entries[i].layer < layers->count);
    fuzz_require(layers->entries[i].parent <= i);
  }
}

static bool is_small(const akin_layers *layers) {
  uint64_t numbers = 0;
  for (size_t i = 0; i < layers->count; i++) {
    const akin_layer *layer = &layers->at[i];
    for (size_t k = 0; k < layer->weight_count; k++)
      numbers += akin_layer_weight_count(&layer->weights[k]);
    for (uint32_t k = 0; k < layer->shape.rank; k++)
      if (layer->kind == AKIN_LAYER_RESIZING || layer->kind == AKIN_LAYER_UP_SAMPLING2D)
        numbers += layer->shape.size[k];
  }
  return layers->count <= MOST_LAYERS && numbers <= MOST_NUMBERS;
}

static akin_status lower(const akin_layers *layers, akin_error *err) {
  char path[] = "/tmp/akin-fuzz-XXXXXX";
  const int place = mkstemp(path);
  const akin_weight_source source = {ones, NULL};
  akin_graph graph = AKIN_GRAPH_INIT;
  akin_buffer packed = AKIN_BUFFER_INIT(0);
  akin_file_writer *writer = NULL;
  if (place < 0) return AKIN_OK;
  close(place);
  graph.name = "fuzz";
  akin_status status = akin_file_writer_open(&writer, path, err);
  if (status == AKIN_OK) status = akin_lower(&graph, layers, &source, writer, err);
  if (status == AKIN_OK) status = akin_onnx_pack(&packed, &graph, err);
  akin_file_writer_discard(writer);
  akin_buffer_free(&packed);
  akin_graph_free(&graph);
  unlink(path);
  return status;
}

static akin_status body(const uint8_t *bytes, size_t n, akin_error *err) {
  akin_json *json = NULL;
  akin_layers layers = AKIN_LAYERS_INIT;
  size_t feature = 0;
  char *rule = NULL;
  akin_status status = akin_json_parse(&json, (const char *)bytes, n, err);
  if (status != AKIN_OK) return status;
  const akin_keras_config config = {json, NULL, 0, 0};
  status = akin_keras_config_build(&layers, &config, err);
  if (status == AKIN_OK) {
    check(&layers);
    status = akin_feature_find(&feature, &rule, &layers, NULL, "", err);
    fuzz_require(status != AKIN_OK || feature < layers.count);
  }
  if (status == AKIN_OK && is_small(&layers)) status = lower(&layers, err);
  akin_free(rule);
  akin_layers_free(&layers);
  akin_json_free(json);
  return status;
}

FUZZ_TARGET(body)
