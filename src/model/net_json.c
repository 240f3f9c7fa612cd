/* net_json.c - layers.json of a model that was an ONNX network: written, and read back (net.h). */
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"
#include "model/net.h"

#include <string.h>

#define JSON_FORMAT 1
#define JSON_BYTES  16777216u

/* ---- writing ---- */

static akin_status json_append_layer(akin_buffer *out, const akin_layer *layer) {
  const akin_tensor_layer *t = &layer->as.tensor;
  akin_status status = akin_buffer_append_text(out, "{\"name\": ");
  if (status == AKIN_OK) status = akin_text_json(out, layer->name);
  if (status == AKIN_OK) status = akin_buffer_append_text(out, ", \"kind\": ");
  if (status == AKIN_OK) status = akin_text_json(out, layer->class_name);
  if (status == AKIN_OK) status = akin_buffer_append_text(out, ", \"inputs\": [");
  for (size_t i = 0; i < layer->input_count && status == AKIN_OK; i++)
    status = akin_buffer_printf(out, i ? ", %zu" : "%zu", layer->inputs[i]);
  if (status == AKIN_OK) status = akin_buffer_append_text(out, "], \"shape\": [");
  for (uint32_t i = 0; i < t->shape.rank && status == AKIN_OK; i++)
    status = akin_buffer_printf(out, i ? ", %u" : "%u", t->shape.size[i]);
  if (status == AKIN_OK) status = akin_buffer_printf(out, "], \"weights\": %llu", (unsigned long long)t->parameters);
  if (status == AKIN_OK && t->channels_last) status = akin_buffer_append_text(out, ", \"channels_last\": true");
  if (status == AKIN_OK && t->weighted) status = akin_buffer_append_text(out, ", \"weighted\": true");
  if (status == AKIN_OK && t->pointwise) status = akin_buffer_append_text(out, ", \"pointwise\": true");
  if (status == AKIN_OK && t->biased) status = akin_buffer_append_text(out, ", \"biased\": true");
  return status == AKIN_OK ? akin_buffer_append_text(out, "}") : status;
}

akin_status akin_net_layers_pack(akin_buffer *out, const akin_layers *layers) {
  akin_status status = akin_buffer_printf(out, "{\"format\": %d, \"output\": %zu, \"layers\": [", JSON_FORMAT,
                                          akin_layers_output(layers));
  for (size_t i = 0; i < layers->count && status == AKIN_OK; i++) {
    status = akin_buffer_append_text(out, i ? ",\n " : "\n ");
    if (status == AKIN_OK) status = json_append_layer(out, &layers->at[i]);
  }
  return status == AKIN_OK ? akin_buffer_append_text(out, "]}\n") : status;
}

/* ---- reading ---- */

static akin_status json_damaged(size_t layer, akin_error *err) {
  return akin_fail(err, AKIN_ERROR_FORMAT, "damaged: layer %zu is not as it was written: import the model again",
                   layer);
}

static bool json_whole(uint64_t *out, const akin_json *value, uint64_t most) {
  int64_t number = 0;
  if (!akin_json_integer(&number, value) || number < 0 || (uint64_t)number > most) return false;
  *out = (uint64_t)number;
  return true;
}

static bool json_shape(akin_shape *out, const akin_json *array) {
  uint64_t size = 0;
  if (!akin_json_is_array(array) || akin_json_count(array) > AKIN_SHAPE_RANK) return false;
  for (out->rank = 0; out->rank < akin_json_count(array); out->rank++) {
    if (!json_whole(&size, akin_json_at(array, out->rank), UINT32_MAX)) return false;
    out->size[out->rank] = (uint32_t)size;
  }
  return true;
}

static bool json_flag(const akin_json *entry, const char *key) {
  bool value = false;
  return akin_json_boolean(&value, akin_json_get(entry, key)) && value;
}

static akin_status json_take_layer(akin_layers *layers, const akin_json *entry, akin_error *err) {
  const akin_json *read = akin_json_get(entry, "inputs");
  akin_layer layer = {.name = akin_json_text(akin_json_get(entry, "name")),
                      .kind = AKIN_LAYER_TENSOR,
                      .class_name = akin_json_text(akin_json_get(entry, "kind"))};
  akin_tensor_layer *t = &layer.as.tensor;
  const size_t count = akin_json_count(read);
  if (!layer.name || !layer.class_name || !json_shape(&t->shape, akin_json_get(entry, "shape")) ||
      !json_whole(&t->parameters, akin_json_get(entry, "weights"), INT64_MAX) || count > layers->count)
    return json_damaged(layers->count, err);
  t->channels_last = json_flag(entry, "channels_last");
  t->weighted = json_flag(entry, "weighted");
  t->pointwise = json_flag(entry, "pointwise");
  t->biased = json_flag(entry, "biased");
  size_t *inputs = akin_calloc(count, sizeof *inputs);
  akin_status status = inputs ? AKIN_OK : akin_fail_memory(err, count * sizeof *inputs);
  for (size_t i = 0; i < count && status == AKIN_OK; i++) {
    uint64_t input = 0;
    if (!json_whole(&input, akin_json_at(read, i), layers->count)) status = json_damaged(layers->count, err);
    inputs[i] = (size_t)input;
  }
  if (status == AKIN_OK) status = akin_layers_add(layers, &layer, inputs, count, err);
  akin_free(inputs);
  return status;
}

static akin_status json_take(akin_layers *layers, const akin_json *root, akin_error *err) {
  const akin_json *entries = akin_json_get(root, "layers");
  uint64_t format = 0, output = 0;
  akin_status status = AKIN_OK;
  if (!json_whole(&format, akin_json_get(root, "format"), INT64_MAX) || format < 1 || akin_json_count(entries) == 0 ||
      !json_whole(&output, akin_json_get(root, "output"), akin_json_count(entries) - 1))
    return akin_fail(err, AKIN_ERROR_FORMAT, "damaged: import the model again");
  if (format > JSON_FORMAT)
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "imported by a newer version of akin (format %llu, known is %d)",
                     (unsigned long long)format, JSON_FORMAT);
  for (size_t i = 0; i < akin_json_count(entries) && status == AKIN_OK; i++)
    status = json_take_layer(layers, akin_json_at(entries, i), err);
  layers->output = (size_t)output + 1;
  return status;
}

akin_status akin_net_layers_open(akin_layers *layers, const char *folder, akin_error *err) {
  akin_buffer text = AKIN_BUFFER_INIT(0);
  akin_json *root = NULL;
  char *path = akin_path_join(folder, AKIN_FOLDER_LAYERS);
  akin_status status =
      path ? akin_file_read(&text, path, JSON_BYTES, NULL, err) : akin_fail_memory(err, strlen(folder));
  if (status == AKIN_OK) {
    status = akin_json_parse(&root, text.data, text.size, err);
    if (status == AKIN_OK) status = json_take(layers, root, err);
    if (status != AKIN_OK) akin_fail_context(err, status, "%s", path);
  }
  akin_json_free(root);
  akin_buffer_free(&text);
  akin_free(path);
  return status;
}
