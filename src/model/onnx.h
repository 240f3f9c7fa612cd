/*
 * onnx.h - a graph as an ONNX file (opset 17, IR version 8): written with its weights inside or beside it, and read
 * back. The only part that knows protobuf is onnx.c.
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
} akin_onnx_form;

/* Writes to `out` without a copy of the weights. Errors: those of the writer, MEMORY. */
akin_status akin_onnx_write(akin_file_writer *out, const akin_graph *graph, const akin_onnx_form *form,
                            akin_error *err);
/* The same into memory, for small graphs with their weights beside. */
akin_status akin_onnx_pack(akin_buffer *out, const akin_graph *graph, akin_error *err);
/* Reads what akin_onnx_pack made; graph is freed by the caller, also on failure. Errors: FORMAT, MEMORY. */
akin_status akin_onnx_unpack(akin_graph *graph, const void *bytes, size_t size, akin_error *err);

#endif
