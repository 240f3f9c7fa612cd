/* net_numbers.c - the numbers of a network into its weights file, a piece at a time (net.h, net_numbers.h). */
#include "model/net_numbers.h"

#include "base/error.h"
#include "base/memory.h"
#include "weights/gather.h"

#include <math.h>
#include <string.h>

#define NUMBERS_ALIGNMENT 64u
#define NUMBERS_PIECE     65536u /* numbers that are converted at a time */
#define NUMBERS_FEW       16u    /* floating-point ones up to this stay in the graph */
#define NUMBERS_INTEGERS  4096u  /* bytes of others that stay there: shapes, indices */

static akin_dtype numbers_dtype(akin_element type) {
  switch (type) {
  case AKIN_ELEMENT_F16:
    return AKIN_DTYPE_F16;
  case AKIN_ELEMENT_BF16:
    return AKIN_DTYPE_BF16;
  case AKIN_ELEMENT_F64:
    return AKIN_DTYPE_F64;
  default:
    return AKIN_DTYPE_F32;
  }
}

akin_status akin_net_convert(float *out, const uint8_t *bytes, akin_element type, size_t count, bool alone,
                             const char *of, akin_error *err) {
  const akin_view view = {.rank = 1, .shape = {count}, .strides = {1}};
  akin_gather(out, bytes, numbers_dtype(type), &view, NULL);
  for (size_t i = 0; i < count; i++) {
    if (isfinite(out[i]) || (alone && isinf(out[i]))) continue;
    return akin_fail(err, AKIN_ERROR_FORMAT, "tensor '%s' has %s among its numbers", of,
                     isnan(out[i]) ? "NaN" : "infinity");
  }
  return AKIN_OK;
}

/* A few numbers, kept in the graph's arena. */
static akin_status numbers_keep(akin_net *net, akin_graph_tensor *tensor, const uint8_t *bytes, size_t count,
                                akin_error *err) {
  const bool real = akin_element_is_float((int)tensor->type);
  const size_t size = real ? count * sizeof(float) : (size_t)tensor->bytes;
  void *copy = akin_arena_alloc(&net->network.graph.arena, size);
  akin_status status = copy ? AKIN_OK : akin_fail_memory(err, size);
  if (status == AKIN_OK && real)
    status = akin_net_convert(copy, bytes, tensor->type, count, count == 1, tensor->name, err);
  else if (status == AKIN_OK && size)
    memcpy(copy, bytes, size);
  tensor->values = copy;
  return status;
}

/* Numbers of whatever size, converted by the piece. */
static akin_status numbers_convert(akin_file_writer *weights, const akin_graph_tensor *tensor, const uint8_t *bytes,
                                   uint64_t count, float *piece, akin_error *err) {
  const size_t size = akin_element_size((int)tensor->type);
  akin_status status = AKIN_OK;
  for (uint64_t at = 0; at < count && status == AKIN_OK; at += NUMBERS_PIECE) {
    const size_t n = count - at < NUMBERS_PIECE ? (size_t)(count - at) : NUMBERS_PIECE;
    status = akin_net_convert(piece, bytes + at * size, tensor->type, n, false, tensor->name, err);
    if (status == AKIN_OK) status = akin_file_writer_write(weights, piece, n * sizeof *piece, err);
  }
  return status;
}

static akin_status numbers_store(akin_file_writer *weights, akin_graph_tensor *tensor, const uint8_t *bytes,
                                 uint64_t count, float *piece, akin_error *err) {
  static const char zeros[NUMBERS_ALIGNMENT];
  const size_t beyond = akin_file_writer_size(weights) % NUMBERS_ALIGNMENT;
  akin_status status = beyond ? akin_file_writer_write(weights, zeros, NUMBERS_ALIGNMENT - beyond, err) : AKIN_OK;
  const uint64_t offset = akin_file_writer_size(weights);
  if (status == AKIN_OK && akin_element_is_float((int)tensor->type))
    status = numbers_convert(weights, tensor, bytes, count, piece, err);
  else if (status == AKIN_OK)
    status = akin_file_writer_write(weights, bytes, (size_t)tensor->bytes, err);
  tensor->values = NULL;
  tensor->offset = offset;
  return status;
}

static akin_status numbers_write(akin_net *net, akin_graph_tensor *tensor, akin_file_writer *weights, float *piece,
                                 akin_error *err) {
  const uint8_t *bytes = akin_net_bytes(net, tensor);
  const uint64_t count = tensor->bytes / akin_element_size((int)tensor->type);
  const bool real = akin_element_is_float((int)tensor->type);
  const bool few = real ? count <= NUMBERS_FEW : tensor->bytes <= NUMBERS_INTEGERS;
  akin_status status = few ? numbers_keep(net, tensor, bytes, (size_t)count, err)
                           : numbers_store(weights, tensor, bytes, count, piece, err);
  tensor->location = NULL;
  if (real) {
    tensor->type = AKIN_ELEMENT_F32;
    tensor->bytes = count * sizeof(float);
  }
  return status;
}

akin_status akin_net_write_numbers(akin_net *net, akin_file_writer *weights, akin_error *err) {
  akin_graph *graph = &net->network.graph;
  float *piece = akin_alloc(NUMBERS_PIECE * sizeof *piece);
  akin_status status = piece ? AKIN_OK : akin_fail_memory(err, NUMBERS_PIECE * sizeof *piece);
  for (size_t i = 0; i < graph->tensor_count && status == AKIN_OK; i++)
    status = numbers_write(net, &graph->tensors[i], weights, piece, err);
  akin_free(piece);
  return status;
}
