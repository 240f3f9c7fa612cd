/* lower_map.c - poolings, and what pads, cuts and resizes maps (lowering.h). */
#include "base/error.h"
#include "base/memory.h"
#include "model/lowering.h"

#include <math.h>
#include <string.h>

#define MAP_MATRIX_MOST ((uint64_t)1 << 24) /* numbers in the matrix that resizes an axis */

/* ---- poolings ---- */

static akin_graph_node *map_pooling(lowering *lo, const akin_layer *layer, const char *operation, const char *output) {
  const akin_pool_window *p = &layer->as.pooling;
  const akin_shape *in = akin_lowering_input_shape(lo, layer, 0);
  const char *input = akin_lowering_input(lo, layer, 0);
  uint32_t before[2] = {0}, after[2] = {0};
  for (int axis = 0; axis < 2; axis++)
    akin_padding_of(&before[axis], &after[axis], p->padding, in->size[axis], p->pool[axis], p->strides[axis]);
  akin_graph_node *node = akin_lowering_node(lo, operation, output, &input, 1);
  akin_graph_set_integers(node, "kernel_shape", (const int64_t[]){p->pool[0], p->pool[1]}, 2);
  akin_graph_set_integers(node, "strides", (const int64_t[]){p->strides[0], p->strides[1]}, 2);
  akin_graph_set_integers(node, "pads", (const int64_t[]){before[0], before[1], after[0], after[1]}, 4);
  return node;
}

void akin_lower_max_pooling2d(lowering *lo, const akin_layer *layer, const char *output) {
  map_pooling(lo, layer, "MaxPool", output);
}

void akin_lower_average_pooling2d(lowering *lo, const akin_layer *layer, const char *output) {
  akin_graph_set_integer(map_pooling(lo, layer, "AveragePool", output), "count_include_pad", 0);
}

akin_status akin_lower_flatten_value(akin_graph *graph, const char *input, const char *output, akin_error *err) {
  akin_graph_node *flatten = akin_graph_add_node(graph, "Flatten", output, &input, 1);
  if (!flatten) return akin_fail_memory(err, strlen(output));
  akin_graph_set_integer(flatten, "axis", 1);
  return AKIN_OK;
}

akin_status akin_lower_pool(akin_graph *graph, const char *operation, const char *input, const char *output,
                            akin_error *err) {
  char *map = akin_format("%s/map", output);
  const bool pooled = map && akin_graph_add_node(graph, operation, map, &input, 1);
  akin_status status =
      pooled ? akin_lower_flatten_value(graph, map, output, err) : akin_fail_memory(err, strlen(output));
  akin_free(map);
  return status;
}

static void map_global(lowering *lo, const akin_layer *layer, const char *operation, const char *output) {
  const char *input = akin_lowering_input(lo, layer, 0);
  if (layer->as.global_pooling.keepdims)
    akin_lowering_unary(lo, operation, input, output);
  else if (lo->status == AKIN_OK)
    lo->status = akin_lower_pool(lo->graph, operation, input, output, lo->err);
}

void akin_lower_global_average_pooling2d(lowering *lo, const akin_layer *layer, const char *output) {
  map_global(lo, layer, "GlobalAveragePool", output);
}

void akin_lower_global_max_pooling2d(lowering *lo, const akin_layer *layer, const char *output) {
  map_global(lo, layer, "GlobalMaxPool", output);
}

/* ---- margins ---- */

void akin_lower_zero_padding2d(lowering *lo, const akin_layer *layer, const char *output) {
  const akin_margins *m = &layer->as.margins;
  const int64_t pads[8] = {0, 0, m->top, m->left, 0, 0, m->bottom, m->right};
  akin_lowering_binary(lo, "Pad", akin_lowering_input(lo, layer, 0), akin_lowering_integers(lo, pads, 8), output);
}

/* The part of a map that is `margins` away from its edges. */
static const char *map_crop(lowering *lo, const char *input, const akin_shape *shape, const akin_margins *m,
                            const char *output) {
  const int64_t starts[2] = {m->top, m->left};
  const int64_t ends[2] = {(int64_t)shape->size[0] - m->bottom, (int64_t)shape->size[1] - m->right};
  const char *inputs[4] = {input, akin_lowering_integers(lo, starts, 2), akin_lowering_integers(lo, ends, 2),
                           akin_lowering_integers(lo, (const int64_t[]){2, 3}, 2)};
  akin_lowering_node(lo, "Slice", output, inputs, 4);
  return output;
}

void akin_lower_cropping2d(lowering *lo, const akin_layer *layer, const char *output) {
  map_crop(lo, akin_lowering_input(lo, layer, 0), akin_lowering_input_shape(lo, layer, 0), &layer->as.margins, output);
}

void akin_lower_center_crop(lowering *lo, const akin_layer *layer, const char *output) {
  const akin_shape *in = akin_lowering_input_shape(lo, layer, 0);
  const uint32_t rows = in->size[0] - layer->shape.size[0], columns = in->size[1] - layer->shape.size[1];
  const akin_margins margins = {rows / 2, rows - rows / 2, columns / 2, columns - columns / 2};
  map_crop(lo, akin_lowering_input(lo, layer, 0), in, &margins, output);
}

/* ---- sizes ---- */

/* Keys' kernel, a = -0.5 */
static double map_cubic(double x) {
  x = fabs(x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/* weights: [from], zeros: what a place of an axis of `to` places is made of. */
typedef void map_weigh(double *weights, uint32_t place, uint32_t from, uint32_t to);

/* What lies outside is left out of the sum. The distance is one of 1,024 steps, as TensorFlow's table of the kernel has
 * them. */
static void map_weigh_cubic(double *weights, uint32_t place, uint32_t from, uint32_t to) {
  const double at = (place + 0.5) * from / to - 0.5, first = floor(at), step = rint((at - first) * 1024) / 1024;
  double sum = 0;
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < 4; i++) {
      const double source = first + i - 1;
      if (source < 0 || source >= from) continue;
      if (pass)
        weights[(size_t)source] = map_cubic(i - 1 - step) / sum;
      else
        sum += map_cubic(i - 1 - step);
    }
}

/* The mean of the places from floor(place · from / to) to, without, ceil((place + 1) · from / to). */
static void map_weigh_mean(double *weights, uint32_t place, uint32_t from, uint32_t to) {
  const uint64_t first = (uint64_t)place * from / to, end = ((uint64_t)(place + 1) * from + to - 1) / to;
  for (uint64_t i = first; i < end; i++)
    weights[i] = 1.0 / (double)(end - first);
}

/* [from, to], or turned [to, from]: what each place of one axis is made of. */
static const char *map_matrix(lowering *lo, const char *name, uint32_t from, uint32_t to, bool turned,
                              map_weigh *weigh) {
  const int64_t shape[2] = {turned ? to : from, turned ? from : to};
  if ((uint64_t)from * to > MAP_MATRIX_MOST) {
    if (lo->status == AKIN_OK)
      lo->status = akin_fail(lo->err, AKIN_ERROR_LIMIT, "layer %s: from %u to %u places is too large", name, from, to);
    return "";
  }
  float *matrix = akin_calloc(from, to * sizeof *matrix);
  double *weights = akin_calloc(from, sizeof *weights);
  if (!matrix || !weights) akin_lowering_starve(lo);
  for (uint32_t place = 0; matrix && weights && place < to; place++) {
    memset(weights, 0, from * sizeof *weights);
    weigh(weights, place, from, to);
    for (uint32_t source = 0; source < from; source++)
      matrix[turned ? place * (size_t)from + source : source * (size_t)to + place] = (float)weights[source];
  }
  name = matrix && weights ? akin_lowering_values(lo, name, matrix, shape, 2) : "";
  akin_free(matrix);
  akin_free(weights);
  return name;
}

/* Two products of matrices: what ONNX's own operations do not give. */
static void map_resize_by(lowering *lo, const char *input, const akin_shape *in, const akin_shape *to, map_weigh *weigh,
                          const char *output) {
  const char *columns =
      map_matrix(lo, akin_lowering_name(lo, output, "columns"), in->size[1], to->size[1], false, weigh);
  const char *rows = map_matrix(lo, akin_lowering_name(lo, output, "rows"), in->size[0], to->size[0], true, weigh);
  const char *wide = akin_lowering_binary(lo, "MatMul", input, columns, akin_lowering_name(lo, output, "wide"));
  akin_lowering_binary(lo, "MatMul", rows, wide, output);
}

void akin_lower_adaptive_average_pooling2d(lowering *lo, const akin_layer *layer, const char *output) {
  const akin_shape *in = akin_lowering_input_shape(lo, layer, 0);
  const char *input = akin_lowering_input(lo, layer, 0);
  if (in->size[0] == layer->shape.size[0] && in->size[1] == layer->shape.size[1])
    akin_lowering_unary(lo, "Identity", input, output);
  else
    map_resize_by(lo, input, in, &layer->shape, map_weigh_mean, output);
}

/* As TensorFlow resizes: half-pixel centres. */
static void map_resize(lowering *lo, const char *input, const akin_shape *in, const akin_shape *to,
                       akin_interpolation interpolation, const char *output) {
  if (interpolation == AKIN_INTERPOLATION_BICUBIC) {
    /* ONNX's own cubic resizing stretches the edges outwards, TensorFlow's leaves them out */
    map_resize_by(lo, input, in, to, map_weigh_cubic, output);
    return;
  }
  const int64_t sizes[4] = {1, to->size[2], to->size[0], to->size[1]};
  const char *inputs[4] = {input, "", "", akin_lowering_integers(lo, sizes, 4)};
  akin_graph_node *node = akin_lowering_node(lo, "Resize", output, inputs, 4);
  akin_graph_set_text(node, "mode", interpolation == AKIN_INTERPOLATION_NEAREST ? "nearest" : "linear");
  akin_graph_set_text(node, "coordinate_transformation_mode", "half_pixel");
  if (interpolation == AKIN_INTERPOLATION_NEAREST) akin_graph_set_text(node, "nearest_mode", "round_prefer_ceil");
}

void akin_lower_up_sampling2d(lowering *lo, const akin_layer *layer, const char *output) {
  map_resize(lo, akin_lowering_input(lo, layer, 0), akin_lowering_input_shape(lo, layer, 0), &layer->shape,
             layer->as.up_sampling.interpolation, output);
}

void akin_lower_resizing(lowering *lo, const akin_layer *layer, const char *output) {
  akin_shape in = *akin_lowering_input_shape(lo, layer, 0);
  const char *input = akin_lowering_input(lo, layer, 0);
  if (layer->as.resizing.crop_to_aspect) {
    const akin_margins margins = akin_aspect_crop(&in, layer->shape.size[0], layer->shape.size[1]);
    input = map_crop(lo, input, &in, &margins, akin_lowering_name(lo, layer->name, "crop"));
    in.size[0] -= margins.top + margins.bottom;
    in.size[1] -= margins.left + margins.right;
  }
  map_resize(lo, input, &in, &layer->shape, layer->as.resizing.interpolation, output);
}
