/*
 * fuzz_onnx.c - any bytes as an ONNX network: read, put in order, its image looked for, made to take what the runtime
 * gives, its numbers written, and packed as akin packs it, which must then be read back. No runtime sees it.
 */
#include "fuzz/fuzz.h"
#include "model/net.h"

#include <sys/mman.h>
#include <unistd.h>

#define SIDE 8

static char *folder; /* for the weights, kept until the process ends */

static void look(const akin_net *net) {
  fuzz_require(net->output_count > 0 && net->image.rank == 4);
  for (size_t i = 0; i < net->network.graph.tensor_count; i++)
    fuzz_require(akin_net_bytes(net, &net->network.graph.tensors[i]) != NULL);
}

/* What was made of the network is one of ours. */
static void pack_and_unpack(akin_net *net, akin_error *err) {
  akin_graph *graph = &net->network.graph, back = AKIN_GRAPH_INIT;
  akin_buffer packed = AKIN_BUFFER_INIT(0);
  const int64_t shape[2] = {1, 4};
  graph->name = "net";
  akin_status status =
      akin_graph_set_value(graph, &graph->output, net->outputs[0], shape, 2) ? AKIN_OK : AKIN_ERROR_MEMORY;
  if (status == AKIN_OK) status = akin_onnx_pack(&packed, graph, err);
  if (status == AKIN_OK) status = akin_onnx_unpack(&back, packed.data, packed.size, err);
  fuzz_require(status == AKIN_OK || status == AKIN_ERROR_MEMORY);
  if (status == AKIN_OK) fuzz_require(back.node_count == graph->node_count && back.tensor_count == graph->tensor_count);
  akin_graph_free(&back);
  akin_buffer_free(&packed);
}

static akin_status write_numbers(akin_net *net, akin_error *err) {
  char path[64];
  akin_file_writer *writer = NULL;
  snprintf(path, sizeof path, "%s/weights.bin", folder);
  akin_status status = akin_file_writer_open(&writer, path, err);
  if (status != AKIN_OK) return status;
  status = akin_net_write_numbers(net, writer, err);
  akin_file_writer_discard(writer);
  return status;
}

static akin_status body(const uint8_t *bytes, size_t n, akin_error *err) {
  char path[32];
  akin_net net;
  const int file = memfd_create("net", MFD_CLOEXEC);
  fuzz_require(file >= 0 && write(file, bytes, n) == (ssize_t)n);
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  akin_status status = akin_net_open(&net, path, NULL, err);
  if (status == AKIN_OK) look(&net);
  if (status == AKIN_OK) status = akin_net_fit(&net, NULL, SIDE, SIDE, err);
  if (status == AKIN_OK) status = write_numbers(&net, err);
  if (status == AKIN_OK) pack_and_unpack(&net, err);
  akin_net_close(&net);
  close(file);
  return status;
}

static void remove_folder(void) {
  rmdir(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
  static char name[] = "/tmp/akin-fuzz-onnx-XXXXXX";
  if (!folder && (folder = mkdtemp(name))) atexit(remove_folder);
  fuzz_require(folder != NULL);
  fuzz_run(body, bytes, n);
  return 0;
}
