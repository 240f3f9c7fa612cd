/*
 * keras_scan.c - walks a Keras file's groups (keras.h has the three forms) and writes down what is there.
 *
 *     legacy    [model_weights/] attributes layer_names, backend, keras_version
 *               LAYER/           attribute weight_names: places of datasets below the group
 *     others    [layers/NAME/]…vars/0, 1, 2 …; before Keras 2.14 _layer_checkpoint_dependencies for layers
 *
 * Lists that are too large for one attribute are in several: layer_names0, layer_names1 …
 */
#include "weights/keras_scan.h"

#include "base/error.h"
#include "base/json.h"
#include "weights/archive.h"
#include "weights/h5.h"
#include "weights/keras_index.h"

#include <stdio.h>
#include <string.h>

#define SCAN_DEPTH       32
#define SCAN_CONFIG_SIZE 16777216u
#define SCAN_PATH        4096u /* bytes of a place in the file */

static const char scan_config[] = "config.json", scan_metadata[] = "metadata.json", scan_weights[] = "model.weights.h5";
static const char scan_layers[] = "layers", scan_layers_before[] = "_layer_checkpoint_dependencies";
static const char scan_variables[] = "vars", scan_seeds[] = "seed_generator";

typedef struct scan {
  akin_arena arena;
  akin_buffer groups; /* their part of the index */
  uint64_t group_count;
  size_t seen;   /* groups and datasets so far: a file may name one thing a million times */
  uint64_t base; /* where the HDF5 file begins in the whole one */
  akin_h5 file;
  akin_keras_form form;
  const char *version, *config;
  size_t config_size;
  akin_error *err;
} scan;

static akin_status scan_status(scan *s, akin_status written) {
  if (written == AKIN_OK) return AKIN_OK;
  if (written == AKIN_ERROR_LIMIT)
    return akin_fail(s->err, written, "its description takes more than %zu bytes", s->groups.ceiling);
  return akin_fail_memory(s->err, s->groups.size);
}

static akin_status scan_count(scan *s) {
  if (++s->seen <= 4 * (size_t)AKIN_READER_TENSORS) return AKIN_OK;
  return akin_fail(s->err, AKIN_ERROR_LIMIT, "has more than %u groups and weights", 4 * AKIN_READER_TENSORS);
}

/* ---- tensors ---- */

static akin_status scan_put_tensor(scan *s, const char *name, const akin_h5_numbers *numbers) {
  akin_buffer *out = &s->groups;
  akin_status status = akin_keras_index_text(out, name, strlen(name));
  if (status == AKIN_OK) status = akin_keras_index_number(out, numbers->dtype);
  if (status == AKIN_OK) status = akin_keras_index_number(out, numbers->rank);
  for (uint32_t i = 0; i < numbers->rank && status == AKIN_OK; i++)
    status = akin_keras_index_number(out, numbers->shape[i]);
  if (status == AKIN_OK) status = akin_keras_index_number(out, s->base + numbers->offset);
  return scan_status(s, status);
}

static akin_status scan_dataset(scan *s, akin_h5 group, const char *path, const char *name) {
  akin_h5 dataset = -1;
  akin_h5_kind kind = AKIN_H5_NOTHING;
  akin_h5_numbers numbers;
  akin_status status = scan_count(s);
  if (status != AKIN_OK) return status;
  status = akin_h5_find(&dataset, &kind, group, path, s->err);
  if (status == AKIN_OK && kind != AKIN_H5_DATASET)
    status = akin_fail(s->err, AKIN_ERROR_FORMAT, "there is no such dataset in the file");
  if (status == AKIN_OK) status = akin_h5_numbers_of(&numbers, dataset, s->err);
  if (status != AKIN_OK) return akin_fail_context(s->err, status, "weight %s", name);
  return scan_put_tensor(s, name, &numbers);
}

static akin_status scan_put_group(scan *s, const char *name, size_t tensors) {
  s->group_count++;
  akin_status status = akin_keras_index_text(&s->groups, name, strlen(name));
  if (status == AKIN_OK) status = akin_keras_index_number(&s->groups, tensors);
  return scan_status(s, status);
}

/* "FIRST/SECOND" */
static akin_status scan_join(scan *s, char **out, const char *first, const char *second) {
  const size_t n = strlen(first), m = strlen(second);
  if (n + m > SCAN_PATH) return akin_fail(s->err, AKIN_ERROR_LIMIT, "has a name of more than %u bytes", SCAN_PATH);
  *out = akin_arena_alloc(&s->arena, n + m + 2);
  if (!*out) return akin_reader_arena_failed(&s->arena, s->err);
  memcpy(*out, first, n);
  if (n) (*out)[n] = '/';
  memcpy(*out + n + (n > 0), second, m);
  return AKIN_OK;
}

/* ---- legacy ---- */

typedef struct scan_texts {
  char **at;
  size_t count;
} scan_texts;

/* An attribute's texts, or those of NAME0, NAME1 … */
static akin_status scan_list(scan *s, scan_texts *out, akin_h5 object, const char *name) {
  *out = (scan_texts){NULL, 0};
  akin_status status = akin_h5_texts(&out->at, &out->count, object, name, &s->arena, s->err);
  if (status != AKIN_OK || out->at) return status;
  for (unsigned part = 0;; part++) {
    scan_texts more = {NULL, 0};
    char numbered[64];
    snprintf(numbered, sizeof numbered, "%s%u", name, part);
    status = akin_h5_texts(&more.at, &more.count, object, numbered, &s->arena, s->err);
    if (status != AKIN_OK || !more.at) return status;
    char **joined = akin_arena_array(&s->arena, out->count + more.count, sizeof *joined);
    if (!joined) return akin_reader_arena_failed(&s->arena, s->err);
    if (out->at) memcpy(joined, out->at, out->count * sizeof *joined);
    memcpy(joined + out->count, more.at, more.count * sizeof *joined);
    *out = (scan_texts){joined, out->count + more.count};
  }
}

static akin_status scan_legacy_layer(scan *s, akin_h5 weights, const char *layer) {
  akin_h5 group = -1;
  akin_h5_kind kind = AKIN_H5_NOTHING;
  scan_texts names;
  akin_status status = scan_count(s);
  if (status == AKIN_OK) status = akin_h5_find(&group, &kind, weights, layer, s->err);
  if (status == AKIN_OK && kind != AKIN_H5_GROUP)
    status = akin_fail(s->err, AKIN_ERROR_FORMAT, "layer_names has it, the file does not");
  if (status == AKIN_OK) status = scan_list(s, &names, group, "weight_names");
  if (status != AKIN_OK) return akin_fail_context(s->err, status, "layer %s", layer);
  status = scan_put_group(s, layer, names.count);
  for (size_t i = 0; i < names.count && status == AKIN_OK; i++) {
    char *name = NULL;
    status = scan_join(s, &name, layer, names.at[i]);
    if (status == AKIN_OK) status = scan_dataset(s, group, names.at[i], name);
  }
  return status;
}

/* Weights of the model's own, not of a layer: no Sequential or Functional model has them. */
static akin_status scan_check_own_weights(scan *s, akin_h5 weights) {
  akin_h5 group = -1;
  akin_h5_kind kind = AKIN_H5_NOTHING;
  scan_texts names = {NULL, 0};
  akin_status status = akin_h5_find(&group, &kind, weights, "top_level_model_weights", s->err);
  if (status == AKIN_OK && kind == AKIN_H5_GROUP) status = scan_list(s, &names, group, "weight_names");
  if (status != AKIN_OK || names.count == 0) return status;
  return akin_fail(s->err, AKIN_ERROR_UNSUPPORTED,
                   "the model has weights of its own, as %s: a model of a class of your own; export it to ONNX",
                   names.at[0]);
}

static akin_status scan_check_backend(scan *s, akin_h5 weights) {
  char *backend = NULL;
  akin_status status = akin_h5_text(&backend, weights, "backend", &s->arena, s->err);
  if (status != AKIN_OK || !backend || strcmp(backend, "theano") != 0) return status;
  return akin_fail(s->err, AKIN_ERROR_UNSUPPORTED,
                   "its weights are in Theano's order, which Keras 3 does not read either: load it in Keras 2 with "
                   "TensorFlow and save it again");
}

static akin_status scan_legacy(scan *s, akin_h5 weights) {
  scan_texts layers;
  char *version = NULL, *config = NULL;
  s->form = AKIN_KERAS_LEGACY;
  akin_status status = scan_check_backend(s, weights);
  if (status == AKIN_OK) status = akin_h5_text(&version, weights, "keras_version", &s->arena, s->err);
  if (status == AKIN_OK) status = akin_h5_text(&config, s->file, "model_config", &s->arena, s->err);
  if (status == AKIN_OK) status = scan_check_own_weights(s, weights);
  if (status == AKIN_OK) status = scan_list(s, &layers, weights, "layer_names");
  if (status != AKIN_OK) return status;
  s->version = version;
  s->config = config;
  s->config_size = config ? strlen(config) : 0;
  if (s->config_size > SCAN_CONFIG_SIZE) {
    return akin_fail(s->err, AKIN_ERROR_LIMIT, "its configuration has %zu bytes, at most %u are read", s->config_size,
                     SCAN_CONFIG_SIZE);
  }
  for (size_t i = 0; i < layers.count && status == AKIN_OK; i++)
    status = scan_legacy_layer(s, weights, layers.at[i]);
  return status;
}

/* ---- the newer forms ---- */

/* Variables are numbered; names list "10" before "2". */
static akin_status scan_variables_of(scan *s, akin_h5 group, const char *place) {
  char **names = NULL, number[24];
  size_t count = 0;
  akin_status status = akin_h5_names(&names, &count, group, AKIN_READER_TENSORS, &s->arena, s->err);
  if (status == AKIN_OK) status = scan_put_group(s, place, count);
  for (size_t i = 0; i < count && status == AKIN_OK; i++) {
    char *name = NULL;
    snprintf(number, sizeof number, "%zu", i);
    status = scan_join(s, &name, place, scan_variables);
    if (status == AKIN_OK) status = scan_join(s, &name, name, number);
    if (status == AKIN_OK) status = scan_dataset(s, group, number, name);
  }
  return status;
}

/* At the top there are an optimizer and metrics, too; random layers have seeds. */
static bool scan_is_wanted(const char *name, unsigned depth) {
  if (depth > 0) return strcmp(name, scan_seeds) != 0;
  return strcmp(name, scan_layers) == 0 || strcmp(name, scan_layers_before) == 0 || strcmp(name, scan_variables) == 0;
}

static akin_status scan_group(scan *s, akin_h5 group, const char *place, unsigned depth);

static akin_status scan_member(scan *s, akin_h5 group, const char *place, const char *name, unsigned depth) {
  akin_h5 member = -1;
  akin_h5_kind kind = AKIN_H5_NOTHING;
  char *inner = NULL;
  if (!scan_is_wanted(name, depth)) return AKIN_OK;
  akin_status status = scan_count(s);
  if (status == AKIN_OK) status = akin_h5_find(&member, &kind, group, name, s->err);
  if (status == AKIN_OK && kind != AKIN_H5_GROUP)
    status = akin_fail(s->err, AKIN_ERROR_FORMAT, "'%s' must be a group", name);
  if (status != AKIN_OK) return akin_fail_context(s->err, status, "%s", *place ? place : "at the top");
  if (strcmp(name, scan_variables) == 0) return scan_variables_of(s, member, place);
  status = scan_join(s, &inner, place, name);
  return status == AKIN_OK ? scan_group(s, member, inner, depth + 1) : status;
}

static akin_status scan_group(scan *s, akin_h5 group, const char *place, unsigned depth) {
  char **names = NULL;
  size_t count = 0;
  if (depth > SCAN_DEPTH)
    return akin_fail(s->err, AKIN_ERROR_LIMIT, "%.64s…: groups more than %d deep", place, SCAN_DEPTH);
  akin_status status = akin_h5_names(&names, &count, group, AKIN_READER_TENSORS, &s->arena, s->err);
  for (size_t i = 0; i < count && status == AKIN_OK; i++)
    status = scan_member(s, group, place, names[i], depth);
  return status;
}

/* ---- which form it is ---- */

static akin_status scan_has_list(scan *s, bool *out, akin_h5 object) {
  scan_texts names;
  *out = false;
  akin_status status = scan_list(s, &names, object, "layer_names");
  if (status == AKIN_OK) *out = names.at != NULL;
  return status;
}

static akin_status scan_has(scan *s, bool *out, akin_h5 *member, const char *name) {
  akin_h5_kind kind = AKIN_H5_NOTHING;
  akin_status status = akin_h5_find(member, &kind, s->file, name, s->err);
  *out = status == AKIN_OK && kind == AKIN_H5_GROUP;
  return status;
}

static akin_status scan_hdf5(scan *s) {
  bool whole = false, legacy = false, layers = false, older = false;
  akin_h5 member = -1;
  akin_status status = scan_has_list(s, &legacy, s->file);
  if (status == AKIN_OK && legacy) return scan_legacy(s, s->file);
  if (status == AKIN_OK) status = scan_has(s, &whole, &member, "model_weights");
  if (status == AKIN_OK && whole) return scan_legacy(s, member);
  if (status == AKIN_OK) status = scan_has(s, &layers, &member, scan_layers);
  if (status == AKIN_OK) status = scan_has(s, &older, &member, scan_layers_before);
  if (status != AKIN_OK) return status;
  if (layers || older) return scan_group(s, s->file, "", 0);
  return akin_fail(s->err, AKIN_ERROR_UNSUPPORTED,
                   "neither weights nor a model of Keras 1.1 or later (no layer_names, no layers); one of a class of "
                   "your own: export it to ONNX");
}

/* ---- archives ---- */

bool akin_keras_is_archive(const uint8_t *bytes, size_t n) {
  static const char *const names[] = {scan_metadata, scan_config, scan_weights, "assets/"};
  return akin_archive_begins_with(bytes, n, names, sizeof names / sizeof *names);
}

static akin_status scan_version(scan *s, const akin_archive_entry *metadata) {
  akin_json *root = NULL;
  if (!metadata->bytes) return AKIN_OK;
  akin_status status = akin_json_parse(&root, (const char *)metadata->bytes, metadata->size, s->err);
  if (status != AKIN_OK) return akin_fail_context(s->err, status, "%s", scan_metadata);
  const char *version = akin_json_text(akin_json_get(root, "keras_version"));
  if (version) s->version = akin_arena_text(&s->arena, version, strlen(version));
  akin_json_free(root);
  return version && !s->version ? akin_reader_arena_failed(&s->arena, s->err) : AKIN_OK;
}

/* Finds the HDF5 file in the archive: *bytes, *n become its own. */
static akin_status scan_archive(scan *s, const uint8_t **bytes, size_t *n) {
  akin_archive_entry config, metadata, weights;
  s->form = AKIN_KERAS_ARCHIVE;
  akin_status status = akin_archive_find(&config, *bytes, *n, scan_config, s->err);
  if (status == AKIN_OK) status = akin_archive_find(&metadata, *bytes, *n, scan_metadata, s->err);
  if (status == AKIN_OK) status = akin_archive_find(&weights, *bytes, *n, scan_weights, s->err);
  if (status == AKIN_OK) status = scan_version(s, &metadata);
  if (status != AKIN_OK) return status;
  if (!config.bytes || !weights.bytes) {
    return akin_fail(s->err, AKIN_ERROR_FORMAT, "a .keras file must have %s and %s: there is no %s", scan_config,
                     scan_weights, config.bytes ? scan_weights : scan_config);
  }
  if (config.size > SCAN_CONFIG_SIZE || memchr(config.bytes, '\0', config.size)) {
    return akin_fail(s->err, AKIN_ERROR_LIMIT, "its %s has %zu bytes, at most %u of text are read", scan_config,
                     config.size, SCAN_CONFIG_SIZE);
  }
  s->config = (const char *)config.bytes;
  s->config_size = config.size;
  s->base = (uint64_t)(weights.bytes - *bytes);
  *bytes = weights.bytes;
  *n = weights.size;
  return AKIN_OK;
}

static akin_status scan_put_all(scan *s, akin_buffer *index) {
  const char *version = s->version ? s->version : "", *config = s->config ? s->config : "";
  akin_status status = akin_keras_index_text(index, version, strlen(version));
  if (status == AKIN_OK) status = akin_keras_index_text(index, config, s->config_size);
  if (status == AKIN_OK) status = akin_keras_index_number(index, s->form);
  if (status == AKIN_OK) status = akin_keras_index_number(index, s->group_count);
  if (status == AKIN_OK) status = akin_buffer_append(index, s->groups.data, s->groups.size);
  return scan_status(s, status);
}

akin_status akin_keras_scan(akin_buffer *index, const uint8_t *bytes, size_t n, akin_error *err) {
  scan state = {.arena = AKIN_ARENA_INIT(AKIN_READER_ARENA),
                .groups = AKIN_BUFFER_INIT(index->ceiling),
                .form = AKIN_KERAS_WEIGHTS,
                .err = err};
  akin_status status = AKIN_OK;
  if (akin_keras_is_archive(bytes, n)) status = scan_archive(&state, &bytes, &n);
  if (status == AKIN_OK) status = akin_h5_open(&state.file, bytes, n, err);
  if (status == AKIN_OK) status = scan_hdf5(&state);
  if (status == AKIN_OK) status = scan_put_all(&state, index);
  akin_buffer_free(&state.groups);
  akin_arena_free(&state.arena);
  return status;
}
