/* net.c - an ONNX network opened: its file, its external data, its hash (net.h). */
#include "model/net.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"
#include "model/net_input.h"

#include <string.h>

#define NET_FILES_MOST 4096u /* of external data */

bool akin_net_is(const akin_card *card) {
  return strcmp(card->family, AKIN_NET_FAMILY) == 0;
}

bool akin_net_is_file(const char *path) {
  return akin_path_has_extension(path, "onnx");
}

/* ---- external data ---- */

static const akin_net_file *net_find_file(const akin_net *net, const char *location) {
  for (size_t i = 0; i < net->file_count; i++)
    if (strcmp(net->files[i].location, location) == 0) return &net->files[i];
  return NULL;
}

static akin_status net_facts(akin_file_facts *out, const char *folder, const char *location, akin_error *err) {
  char *path = akin_path_join(folder, location);
  akin_status status = path ? akin_file_facts_of(out, path, err) : akin_fail_memory(err, strlen(folder));
  akin_free(path);
  return status;
}

static akin_status net_add_file(akin_net *net, const char *location, akin_error *err) {
  if (net->file_count == NET_FILES_MOST)
    return akin_fail(err, AKIN_ERROR_LIMIT, "has more than %u files of external data", NET_FILES_MOST);
  char *folder = akin_path_folder(net->path);
  akin_net_file *file = &net->files[net->file_count];
  akin_status status = folder ? akin_mapping_open_inside(&file->mapping, folder, location, err)
                              : akin_fail_memory(err, strlen(net->path));
  if (status == AKIN_OK) {
    net->file_count++;
    file->location = location;
    status = net_facts(&file->before, folder, location, err);
  }
  akin_free(folder);
  return status;
}

static akin_status net_open_files(akin_net *net, akin_error *err) {
  const akin_graph *graph = &net->network.graph;
  size_t room = graph->tensor_count < NET_FILES_MOST ? graph->tensor_count : NET_FILES_MOST;
  akin_status status = AKIN_OK;
  net->files = akin_arena_array(&net->network.graph.arena, room, sizeof *net->files);
  if (!net->files) return akin_fail_memory(err, room * sizeof *net->files);
  for (size_t i = 0; i < graph->tensor_count && status == AKIN_OK; i++) {
    const akin_graph_tensor *tensor = &graph->tensors[i];
    if (!tensor->location) continue;
    if (!net_find_file(net, tensor->location)) status = net_add_file(net, tensor->location, err);
    if (status == AKIN_OK && !akin_net_bytes(net, tensor))
      status = akin_fail(err, AKIN_ERROR_FORMAT, "%s ends before its %llu bytes from %llu on", tensor->location,
                         (unsigned long long)tensor->bytes, (unsigned long long)tensor->offset);
    if (status != AKIN_OK) akin_fail_context(err, status, "tensor '%s'", tensor->name);
  }
  return status;
}

const uint8_t *akin_net_bytes(const akin_net *net, const akin_graph_tensor *tensor) {
  if (tensor->values) return tensor->values;
  const akin_net_file *file = tensor->location ? net_find_file(net, tensor->location) : NULL;
  if (!file || tensor->offset > file->mapping.size || tensor->bytes > file->mapping.size - tensor->offset) return NULL;
  return file->mapping.data ? (const uint8_t *)file->mapping.data + tensor->offset : (const uint8_t *)"";
}

akin_status akin_net_check_unchanged(const akin_net *net, akin_error *err) {
  char *folder = akin_path_folder(net->path);
  akin_status status = folder ? AKIN_OK : akin_fail_memory(err, strlen(net->path));
  for (size_t i = 0; i < net->file_count && status == AKIN_OK; i++) {
    const akin_file_facts *before = &net->files[i].before;
    akin_file_facts now;
    status = net_facts(&now, folder, net->files[i].location, err);
    if (status == AKIN_OK && !akin_file_facts_same(before, &now))
      status = akin_fail(err, AKIN_ERROR_IO, "%s in %s: was changed while it was read: try again",
                         net->files[i].location, folder);
  }
  akin_free(folder);
  return status;
}

/* ---- the whole ---- */

akin_status akin_net_open(akin_net *net, const char *path, const char *layer, akin_error *err) {
  *net = (akin_net){.network.graph = AKIN_GRAPH_INIT, .path = akin_strdup(path)};
  if (!net->path) return akin_fail_memory(err, strlen(path));
  akin_status status = akin_mapping_open(&net->file, path, err); /* names the file itself */
  if (status != AKIN_OK) return status;
  status = akin_onnx_read(&net->network, net->file.data, net->file.size, err);
  if (status == AKIN_OK)
    status = akin_graph_sort(&net->network.graph, net->network.inputs, net->network.input_count, err);
  if (status == AKIN_OK) status = akin_net_find_image(net, layer, err);
  if (status == AKIN_OK) status = net_open_files(net, err);
  return status == AKIN_OK ? AKIN_OK : akin_fail_context(err, status, "%s", path);
}

void akin_net_close(akin_net *net) {
  for (size_t i = 0; i < net->file_count; i++)
    akin_mapping_close(&net->files[i].mapping);
  akin_graph_free(&net->network.graph);
  akin_mapping_close(&net->file);
  akin_free(net->path);
  *net = (akin_net){.network.graph = AKIN_GRAPH_INIT};
}

akin_status akin_net_hash(akin_hash *out, uint64_t *bytes, const akin_net *net, akin_error *err) {
  akin_hasher *hasher = NULL;
  akin_status status = akin_hasher_new(&hasher, err);
  if (status == AKIN_OK) status = akin_hasher_update(hasher, net->file.data, net->file.size, err);
  *bytes = net->file.size;
  for (size_t i = 0; i < net->file_count && status == AKIN_OK; i++) {
    status = akin_hasher_update(hasher, net->files[i].mapping.data, net->files[i].mapping.size, err);
    *bytes += net->files[i].mapping.size;
  }
  if (status == AKIN_OK) return akin_hasher_finish(hasher, out, err);
  akin_hasher_free(hasher);
  return status;
}
