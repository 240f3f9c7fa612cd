/* export.c - a model as one ONNX file that carries its weights and says what must be done to pixels first. */
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "model/card.h"
#include "model/folder.h"
#include "model/meaning.h"
#include "model/onnx.h"

#include <string.h>

#define EXPORT_PROPERTIES  16
#define EXPORT_MOST_BYTES  2000000000u /* a protobuf message ends at 2 GiB */
#define EXPORT_GRAPH_BYTES 67108864u

typedef struct export_properties {
  akin_arena arena;
  akin_onnx_property at[EXPORT_PROPERTIES];
  size_t count;
} export_properties;

static akin_status export_add(export_properties *p, const char *key, const char *value, size_t size, akin_error *err) {
  const char *copy = akin_arena_text(&p->arena, value, size);
  if (!copy || p->count == EXPORT_PROPERTIES) return akin_fail_memory(err, size);
  p->at[p->count++] = (akin_onnx_property){key, copy};
  return AKIN_OK;
}

/* Each "key: value" line of a meaning becomes the property akin.key. */
static akin_status export_add_meaning(export_properties *p, const char *meaning, akin_error *err) {
  akin_status status = AKIN_OK;
  while (*meaning && status == AKIN_OK) {
    const char *end = strchrnul(meaning, '\n');
    const char *colon = memchr(meaning, ':', (size_t)(end - meaning));
    if (colon) {
      char *key = akin_format("akin.%.*s", (int)(colon - meaning), meaning);
      const char *kept = key ? akin_arena_text(&p->arena, key, strlen(key)) : NULL;
      akin_free(key);
      if (!kept) return akin_fail_memory(err, 64);
      status = export_add(p, kept, colon + 2, (size_t)(end - colon) - 2, err);
    }
    meaning = *end ? end + 1 : end;
  }
  return status;
}

static akin_status export_describe(export_properties *p, const akin_folder *f, const akin_cut *cut, akin_error *err) {
  const akin_card *card = f->card;
  akin_status status = export_add(p, "akin.model", f->name, strlen(f->name), err);
  if (status == AKIN_OK) status = export_add(p, "akin.licence", card->licence, strlen(card->licence), err);
  if (status == AKIN_OK) status = export_add(p, "akin.citation", card->citation, strlen(card->citation), err);
  if (status == AKIN_OK) status = export_add_meaning(p, cut->meaning, err);
  if (status == AKIN_OK) status = export_add(p, "akin.fingerprint", cut->fingerprint, strlen(cut->fingerprint), err);
  return status;
}

static akin_status export_read_cut(akin_graph *graph, const akin_cut *cut, akin_error *err) {
  akin_buffer bytes = AKIN_BUFFER_INIT(0);
  akin_status status = akin_file_read(&bytes, cut->onnx_path, EXPORT_GRAPH_BYTES, NULL, err);
  if (status == AKIN_OK) {
    status = akin_onnx_unpack(graph, bytes.data, bytes.size, err);
    if (status != AKIN_OK) akin_fail_context(err, status, "%s", cut->onnx_path);
  }
  akin_buffer_free(&bytes);
  return status;
}

/* Every tensor inside the weights file, and all together inside what one message can hold. */
static akin_status export_check(const akin_graph *graph, const akin_mapping *weights, akin_error *err) {
  uint64_t total = 0;
  for (size_t i = 0; i < graph->tensor_count; i++) {
    const akin_graph_tensor *tensor = &graph->tensors[i];
    if (tensor->values) continue;
    if (tensor->offset > weights->size || tensor->bytes > weights->size - tensor->offset) {
      return akin_fail(err, AKIN_ERROR_FORMAT, "damaged: tensor %s is not in the %zu bytes of weights", tensor->name,
                       weights->size);
    }
    total += tensor->bytes;
  }
  if (total <= EXPORT_MOST_BYTES) return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_LIMIT, "has %llu MB of weights, one ONNX file holds at most %u MB",
                   (unsigned long long)(total / 1000000), EXPORT_MOST_BYTES / 1000000);
}

static akin_status export_write(const char *path, const akin_graph *graph, const akin_mapping *weights,
                                const export_properties *properties, akin_error *err) {
  const akin_onnx_form form = {
      .weights = weights->data, .any_batch = true, .properties = properties->at, .property_count = properties->count};
  akin_file_writer *writer = NULL;
  akin_status status = akin_file_writer_open(&writer, path, err);
  if (status != AKIN_OK) return status;
  status = akin_onnx_write(writer, graph, &form, err);
  if (status == AKIN_OK) return akin_file_writer_commit(writer, err);
  akin_file_writer_discard(writer);
  return status;
}

akin_status akin_folder_export(const akin_folder *f, const char *onnx_path, const akin_cut *cut, bool whole,
                               akin_error *err) {
  akin_graph graph = AKIN_GRAPH_INIT;
  akin_mapping weights = {NULL, 0};
  export_properties properties = {.arena = AKIN_ARENA_INIT(0)};
  char *path = akin_path_join(f->path, AKIN_ONNX_WEIGHTS);
  akin_status status = path ? akin_mapping_open(&weights, path, err) : akin_fail_memory(err, strlen(f->path));
  if (status == AKIN_OK) status = whole ? akin_folder_graph(&graph, f, err) : export_read_cut(&graph, cut, err);
  if (status == AKIN_OK) {
    status = export_check(&graph, &weights, err);
    if (status != AKIN_OK) akin_fail_context(err, status, "model %s", f->name);
  }
  if (status == AKIN_OK) status = export_describe(&properties, f, cut, err);
  if (status == AKIN_OK) status = export_write(onnx_path, &graph, &weights, &properties, err);
  akin_arena_free(&properties.arena);
  akin_mapping_close(&weights);
  akin_graph_free(&graph);
  akin_free(path);
  return status;
}
