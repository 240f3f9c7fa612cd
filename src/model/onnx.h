/*
 * onnx.h - a graph as an ONNX file (IR version 8): written with its weights inside or beside it, and read, our own and
 * anybody's. The only parts that know protobuf are onnx_write.c and onnx_read.c.
 */
#ifndef AKIN_MODEL_ONNX_H
#define AKIN_MODEL_ONNX_H

#include "base/buffer.h"
#include "base/file.h"
#include "model/graph.h"

/* The weights file's name, in the same folder. */
#define AKIN_ONNX_WEIGHTS "weights.bin"

typedef struct akin_onnx_property {
  const char *key, *value;
} akin_onnx_property;

typedef struct akin_onnx_form {
  const uint8_t *weights; /* the weights file's content, to be put inside; NULL: stays beside, as external data */
  bool any_batch;         /* the batch dimension is the symbol "N", else 1 */
  const akin_onnx_property *properties; /* metadata_props */
  size_t property_count;
  const char *const *outputs; /* names of values that come out in place of the graph's output, without type and shape */
  size_t output_count;        /* 0: the graph's output */
} akin_onnx_form;

/* Writes to `out` without a copy of the weights. Errors: those of the writer, MEMORY. */
akin_status akin_onnx_write(akin_file_writer *out, const akin_graph *graph, const akin_onnx_form *form,
                            akin_error *err);
/* The same into memory, for small graphs with their weights beside. */
akin_status akin_onnx_pack(akin_buffer *out, const akin_graph *graph, akin_error *err);

/* An ONNX file as it is. */
typedef struct akin_onnx_network {
  akin_graph graph; /* its input and output are not set; nodes in the file's order */
  akin_graph_value *inputs,
      *outputs; /* in the graph's arena; inputs that are tensors of the graph are not among them */
  size_t input_count, output_count;
} akin_onnx_network;

#define AKIN_ONNX_OLDEST 7 /* version of ONNX's operations */

/*
 * Reads any network, which is not trusted: every size and number of it is checked, but not how its nodes hang together
 * (akin_graph_sort does). Operators "Constant" become tensors. No numbers are copied: those of tensors point into
 * bytes, which must outlive the network, where the file has them as they lie in memory.
 *   out: out->graph is freed by the caller, also on failure
 * Errors: FORMAT (damaged, or not ONNX; names the tensor or node), UNSUPPORTED (parts of ONNX that are not read: says
 * what to do), LIMIT, MEMORY.
 */
akin_status akin_onnx_read(akin_onnx_network *out, const uint8_t *bytes, size_t size, akin_error *err);

/* Reads what akin_onnx_pack made; graph is freed by the caller, also on failure. Errors: FORMAT, MEMORY. */
akin_status akin_onnx_unpack(akin_graph *graph, const void *bytes, size_t size, akin_error *err);

#endif
