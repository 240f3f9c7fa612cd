/*
 * cut.c - a network cut at its feature layer (cut.h), and its fingerprint.
 *
 * A cut graph reads the same weights file as the whole one and must lie beside it. It is made anew at every opening,
 * which takes a millisecond, and written only when the file there is another: so a damaged one mends itself, one of an
 * older version is replaced, and a folder that cannot be written serves as long as it has the right file.
 */
#include "model/cut.h"

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "model/feature.h"
#include "model/lower.h"
#include "model/meaning.h"
#include "model/onnx.h"

#include <string.h>

#define CUT_NAME_DIGITS 16

/* ---- where ---- */

static akin_status cut_place_pooling(akin_cut_place *out, akin_error *err) {
  akin_buffer text = AKIN_BUFFER_INIT(0);
  akin_status status = akin_pool_plan_text(&text, &out->plan);
  out->pooling = status == AKIN_OK ? akin_buffer_take(&text) : NULL;
  akin_buffer_free(&text);
  return out->pooling ? AKIN_OK : akin_fail_memory(err, text.size);
}

static uint32_t cut_dim(const akin_pool_plan *plan, const akin_shape *shape) {
  uint32_t dim = 1;
  if (plan->pool != AKIN_POOL_CARD) return akin_pool_plan_dim(plan);
  for (uint32_t i = 0; i < shape->rank; i++) /* rows: one behind the other */
    dim *= shape->size[i];
  return dim;
}

akin_status akin_cut_place_find(akin_cut_place *out, const akin_folder *f, const char *layer, akin_pool pool,
                                double power, akin_error *err) {
  *out = (akin_cut_place){0};
  const bool by_card = !layer && f->card->layer;
  akin_status status = akin_feature_find(&out->layer, &out->rule, &f->layers, by_card ? f->card->layer : layer,
                                         by_card ? "the card" : "the caller", err);
  if (status == AKIN_OK) {
    const akin_layer *found = &f->layers.at[out->layer];
    status = akin_pool_plan_make(&out->plan, f->card, found, pool, power, err);
    if (status == AKIN_OK) status = cut_place_pooling(out, err);
    out->dim = cut_dim(&out->plan, &found->shape);
  }
  if (status == AKIN_OK) return AKIN_OK;
  akin_cut_place_clear(out);
  return akin_fail_context(err, status, "model %s", f->name);
}

void akin_cut_place_clear(akin_cut_place *place) {
  akin_free(place->rule);
  akin_free(place->pooling);
  *place = (akin_cut_place){0};
}

/* ---- the graph ---- */

static akin_status cut_folded_away(const akin_folder *f, size_t layer, akin_error *err) {
  const char *name = f->layers.at[layer].name, *instead = name;
  for (size_t i = layer + 1; i < f->layers.count && instead == name; i++)
    if (f->layers.at[i].input_count && f->layers.at[i].inputs[0] == layer) instead = f->layers.at[i].name;
  return akin_fail(err, AKIN_ERROR_UNSUPPORTED,
                   "model %s: layer '%s' has no output of its own, it is computed together with '%s': take that one",
                   f->name, name, instead);
}

static akin_status cut_graph(akin_graph *graph, const akin_folder *f, const akin_cut_place *place, akin_error *err) {
  const char *layer = f->layers.at[place->layer].name;
  if (!akin_graph_computes(graph, layer)) return cut_folded_away(f, place->layer, err);
  const bool pooled = place->plan.pool != AKIN_POOL_CARD, rows = !pooled && f->layers.at[place->layer].shape.rank > 1;
  char *vector = akin_format(pooled || rows ? "%s/%s" : "%s", layer, rows ? "whole" : place->pooling);
  if (!vector) return akin_fail_memory(err, strlen(layer));
  akin_status status = pooled ? akin_pool_lower(graph, &place->plan, layer, vector, err)
                       : rows ? akin_lower_flatten_value(graph, layer, vector, err)
                              : AKIN_OK;
  akin_graph_value output;
  const int64_t shape[2] = {1, place->dim};
  if (status == AKIN_OK && !akin_graph_set_value(graph, &output, vector, shape, 2))
    status = akin_fail_memory(err, strlen(layer));
  if (status == AKIN_OK) status = akin_graph_cut(graph, &output, err);
  akin_free(vector);
  return status;
}

/* ---- the file ---- */

/* Names of layers may hold what names of files may not: a hash of both decisions stands for them. */
static akin_status cut_name(char **out, const akin_folder *f, const akin_cut_place *place, akin_error *err) {
  akin_hash hash;
  char hex[AKIN_HASH_HEX_SIZE];
  char *text = akin_format("%s\n%s\n", f->layers.at[place->layer].name, place->pooling);
  akin_status status = text ? akin_hash_bytes(&hash, text, strlen(text), err) : akin_fail_memory(err, 64);
  akin_free(text);
  if (status != AKIN_OK) return status;
  akin_hash_hex(hex, &hash);
  *out = akin_format("cut-%.*s.onnx", CUT_NAME_DIGITS, hex);
  return *out ? AKIN_OK : akin_fail_memory(err, CUT_NAME_DIGITS);
}

static bool cut_is_there(const char *path, const akin_buffer *wanted) {
  akin_buffer found = AKIN_BUFFER_INIT(0);
  const bool same = akin_file_read(&found, path, wanted->size, NULL, NULL) == AKIN_OK && found.size == wanted->size &&
                    memcmp(found.data, wanted->data, wanted->size) == 0;
  akin_buffer_free(&found);
  return same;
}

static akin_status cut_put(const akin_folder *f, const char *name, const akin_graph *graph, akin_error *err) {
  akin_buffer bytes = AKIN_BUFFER_INIT(0);
  char *path = akin_path_join(f->path, name);
  akin_status status = path ? akin_onnx_pack(&bytes, graph, err) : akin_fail_memory(err, strlen(f->path));
  if (status == AKIN_OK && !cut_is_there(path, &bytes)) status = akin_file_replace(path, bytes.data, bytes.size, err);
  akin_buffer_free(&bytes);
  akin_free(path);
  return status;
}

akin_status akin_cut_write(char **name, const akin_folder *f, const akin_cut_place *place, akin_error *err) {
  *name = NULL;
  akin_graph graph = AKIN_GRAPH_INIT;
  akin_status status = akin_folder_graph(&graph, f, err);
  if (status == AKIN_OK) status = cut_graph(&graph, f, place, err);
  if (status == AKIN_OK) status = cut_name(name, f, place, err);
  if (status == AKIN_OK) status = cut_put(f, *name, &graph, err);
  akin_graph_free(&graph);
  if (status != AKIN_OK) {
    akin_free(*name);
    *name = NULL;
  }
  return status;
}

/* ---- what others see ---- */

static bool cut_is_dense(const akin_layer *layer) {
  if (layer->kind != AKIN_LAYER_TENSOR) return layer->kind == AKIN_LAYER_DENSE;
  return strcmp(layer->class_name, "Gemm") == 0 || strcmp(layer->class_name, "MatMul") == 0;
}

static uint64_t cut_vector_weights(const akin_layers *layers, size_t feature) {
  uint64_t total = 0;
  for (size_t i = 0; i <= feature; i++)
    if (layers->at[i].shape.rank == 1 && cut_is_dense(&layers->at[i])) total += akin_layer_parameters(&layers->at[i]);
  return total;
}

static akin_status cut_fill(akin_cut *out, const akin_folder *f, akin_cut_place *place, const char *name,
                            const akin_meaning *meaning, akin_error *err) {
  akin_hash hash;
  akin_buffer text = AKIN_BUFFER_INIT(0);
  akin_status status = akin_meaning_text(&text, meaning);
  if (status == AKIN_OK)
    status = akin_hash_bytes(&hash, text.data, text.size, err);
  else
    akin_fail_memory(err, text.size);
  if (status == AKIN_OK) {
    akin_hash_hex(out->fingerprint, &hash);
    out->meaning = akin_buffer_take(&text);
    out->layer = akin_strdup(meaning->layer);
    out->onnx_path = akin_path_join(f->path, name);
    out->layer_index = place->layer;
    out->rule = place->rule;
    place->rule = NULL;
    out->pooling = place->pooling;
    place->pooling = NULL;
    out->pooling_text = akin_pool_plan_describe(&place->plan);
    out->dim = place->dim;
    out->vector_weights = cut_vector_weights(&f->layers, place->layer);
    if (!out->meaning || !out->layer || !out->onnx_path || !out->pooling_text)
      status = akin_fail_memory(err, strlen(f->path));
  }
  akin_buffer_free(&text);
  return status;
}

akin_status akin_folder_cut(akin_cut *out, const akin_folder *f, const akin_cut_request *request, akin_error *err) {
  *out = (akin_cut){0};
  akin_cut_place place;
  char *name = NULL;
  akin_status status = akin_cut_place_find(&place, f, request->layer, request->pool, request->pool_power, err);
  if (status == AKIN_OK) status = akin_cut_write(&name, f, &place, err);
  if (status == AKIN_OK) {
    const akin_meaning meaning = {.weights = &f->record.weights.hash,
                                  .card = f->card,
                                  .layer = f->layers.at[place.layer].name,
                                  .pooling = place.pooling,
                                  .preparation = request->preparation,
                                  .mirror = request->mirror,
                                  .precision = request->precision,
                                  .decode_version = request->decode_version};
    status = cut_fill(out, f, &place, name, &meaning, err);
  }
  if (status != AKIN_OK) akin_cut_clear(out);
  akin_free(name);
  akin_cut_place_clear(&place);
  return status;
}

void akin_cut_clear(akin_cut *cut) {
  akin_free(cut->layer);
  akin_free(cut->rule);
  akin_free(cut->pooling);
  akin_free(cut->pooling_text);
  akin_free(cut->onnx_path);
  akin_free(cut->meaning);
  *cut = (akin_cut){0};
}
