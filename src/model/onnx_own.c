/* onnx_own.c - the graphs of models' folders, read back (akin_onnx_unpack). */
#include "base/error.h"
#include "model/onnx.h"

#include <string.h>

/* What points into the file is copied: it does not stay. Numbers of attributes are the graph's own already. */
static akin_status own_tensor(akin_graph *graph, akin_graph_tensor *tensor, akin_error *err) {
  if (tensor->values) {
    tensor->values = akin_arena_copy(&graph->arena, tensor->values, (size_t)tensor->bytes, 1);
    return tensor->values ? AKIN_OK : akin_fail_memory(err, (size_t)tensor->bytes);
  }
  const bool beside = strcmp(tensor->location, AKIN_ONNX_WEIGHTS) == 0;
  tensor->location = NULL;
  return beside ? AKIN_OK : akin_fail(err, AKIN_ERROR_FORMAT, "damaged: tensor '%s' is elsewhere", tensor->name);
}

akin_status akin_onnx_unpack(akin_graph *graph, const void *bytes, size_t size, akin_error *err) {
  akin_onnx_network network;
  akin_status status = akin_onnx_read(&network, bytes, size, err);
  akin_graph_move(graph, &network.graph);
  if (status != AKIN_OK) return status;
  if (network.input_count != 1 || network.output_count != 1)
    return akin_fail(err, AKIN_ERROR_FORMAT, "damaged: its graph is not as it was written");
  graph->input = network.inputs[0];
  graph->output = network.outputs[0];
  for (size_t i = 0; i < graph->tensor_count && status == AKIN_OK; i++)
    status = own_tensor(graph, &graph->tensors[i], err);
  return status;
}
