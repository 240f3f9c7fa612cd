/*
 * nasnet.c - NASNet-A mobile and large (Zoph et al. 2018, arXiv:1707.07012): cells that read the outputs x and p of the
 * two cells before. Names are those of Keras' code, which calls two of a cell's paths left4.
 */
#include "model/families/keras.h"

#define NASNET_EPSILON 1e-3

typedef struct nasnet_network {
  uint32_t filters, stem, cells; /* cells: normal ones of each of the three stages */
  bool skips_reduction;          /* the cell behind a reduction reads what the reduction's p was, not what its x was */
} nasnet_network;

/* What a cell reads; id is behind the names of its layers. */
typedef struct nasnet_cell {
  size_t x, p;
  uint32_t filters;
  const char *id;
} nasnet_cell;

/* ---- pieces ---- */

static size_t nasnet_relu(akin_builder *b, size_t x) {
  return akin_builder_activation(b, x, akin_keras_name(b, "activation"), AKIN_ACTIVATION_RELU);
}

static size_t nasnet_bn(akin_builder *b, size_t x, const char *name) {
  return akin_builder_batch_normalization(b, x, name, NASNET_EPSILON, NULL);
}

static size_t nasnet_pointwise(akin_builder *b, size_t x, const char *name, uint32_t filters) {
  const akin_convolution settings = akin_keras_kernel(filters, 1, 1, AKIN_PADDING_SAME);
  return akin_builder_conv2d(b, x, name, &settings, NULL);
}

/* path: "normal_left1". The first of both convolutions strides. */
static size_t nasnet_separable(akin_builder *b, size_t x, const nasnet_cell *cell, const char *path, uint32_t kernel,
                               uint32_t stride) {
  akin_convolution settings = akin_keras_kernel(cell->filters, kernel, stride, AKIN_PADDING_SAME);
  x = nasnet_relu(b, x);
  if (stride == 2) {
    settings.padding = AKIN_PADDING_VALID;
    x = akin_builder_zero_padding2d(b, x, akin_builder_text(b, "separable_conv_1_pad_%s_%s", path, cell->id),
                                    akin_keras_padding(b, x, kernel));
  }
  x = akin_builder_separable_conv2d(b, x, akin_builder_text(b, "separable_conv_1_%s_%s", path, cell->id), &settings);
  x = nasnet_relu(b, nasnet_bn(b, x, akin_builder_text(b, "separable_conv_1_bn_%s_%s", path, cell->id)));
  settings = akin_keras_kernel(cell->filters, kernel, 1, AKIN_PADDING_SAME);
  x = akin_builder_separable_conv2d(b, x, akin_builder_text(b, "separable_conv_2_%s_%s", path, cell->id), &settings);
  return nasnet_bn(b, x, akin_builder_text(b, "separable_conv_2_bn_%s_%s", path, cell->id));
}

static size_t nasnet_average(akin_builder *b, size_t x, const nasnet_cell *cell, const char *path) {
  return akin_builder_average_pooling2d(b, x, akin_builder_text(b, "%s_%s", path, cell->id), 3, 1, AKIN_PADDING_SAME);
}

static size_t nasnet_add(akin_builder *b, size_t first, size_t second, const nasnet_cell *cell, const char *name) {
  return akin_builder_add(b, first, second, akin_builder_text(b, "%s_%s", name, cell->id));
}

/* ---- p as a cell needs it ---- */

/* Every other place of p: `number` 1 from the first on, 2 from the second on. */
static size_t nasnet_every_other(akin_builder *b, size_t p, const nasnet_cell *cell, unsigned number) {
  if (number == 2) {
    const size_t padded = akin_builder_zero_padding2d(b, p, akin_keras_name(b, "zero_padding2d"),
                                                      (akin_margins){.bottom = 1, .right = 1});
    p = akin_builder_cropping2d(b, padded, akin_keras_name(b, "cropping2d"), (akin_margins){.top = 1, .left = 1});
  }
  p = akin_builder_average_pooling2d(b, p, akin_builder_text(b, "adjust_avg_pool_%u_%s", number, cell->id), 1, 2,
                                     AKIN_PADDING_VALID);
  return nasnet_pointwise(b, p, akin_builder_text(b, "adjust_conv_%u_%s", number, cell->id), cell->filters / 2);
}

/* Of x's size, when p is larger; else of the cell's channels. */
static void nasnet_adjust(akin_builder *b, nasnet_cell *cell) {
  const char *bn = akin_builder_text(b, "adjust_bn_%s", cell->id);
  size_t p = cell->p;
  if (akin_keras_width(b, p) != akin_keras_width(b, cell->x)) {
    p = akin_builder_activation(b, p, akin_builder_text(b, "adjust_relu_1_%s", cell->id), AKIN_ACTIVATION_RELU);
    const size_t first = nasnet_every_other(b, p, cell, 1), halves[2] = {first, nasnet_every_other(b, p, cell, 2)};
    p = akin_builder_concatenate(b, halves, 2, akin_keras_name(b, "concatenate"));
    cell->p = nasnet_bn(b, p, bn);
  } else if (cell->p != cell->x && akin_keras_channels(b, p) != cell->filters) {
    p = nasnet_pointwise(b, nasnet_relu(b, p), akin_builder_text(b, "adjust_conv_projection_%s", cell->id),
                         cell->filters);
    cell->p = nasnet_bn(b, p, bn);
  }
}

/* x as a cell needs it; kind: "normal" */
static size_t nasnet_begin(akin_builder *b, const nasnet_cell *cell, const char *kind) {
  size_t x = nasnet_relu(b, cell->x);
  x = nasnet_pointwise(b, x, akin_builder_text(b, "%s_conv_1_%s", kind, cell->id), cell->filters);
  return nasnet_bn(b, x, akin_builder_text(b, "%s_bn_1_%s", kind, cell->id));
}

/* ---- cells ---- */

static size_t nasnet_normal(akin_builder *b, nasnet_cell cell) {
  nasnet_adjust(b, &cell);
  const size_t h = nasnet_begin(b, &cell, "normal"), p = cell.p;
  size_t out[6] = {p}, left = nasnet_separable(b, h, &cell, "normal_left1", 5, 1);
  out[1] = nasnet_add(b, left, nasnet_separable(b, p, &cell, "normal_right1", 3, 1), &cell, "normal_add_1");
  left = nasnet_separable(b, p, &cell, "normal_left2", 5, 1);
  out[2] = nasnet_add(b, left, nasnet_separable(b, p, &cell, "normal_right2", 3, 1), &cell, "normal_add_2");
  out[3] = nasnet_add(b, nasnet_average(b, h, &cell, "normal_left3"), p, &cell, "normal_add_3");
  left = nasnet_average(b, p, &cell, "normal_left4");
  out[4] = nasnet_add(b, left, nasnet_average(b, p, &cell, "normal_right4"), &cell, "normal_add_4");
  out[5] = nasnet_add(b, nasnet_separable(b, h, &cell, "normal_left5", 3, 1), h, &cell, "normal_add_5");
  return akin_builder_concatenate(b, out, 6, akin_builder_text(b, "normal_concat_%s", cell.id));
}

static size_t nasnet_reduction(akin_builder *b, nasnet_cell cell) {
  nasnet_adjust(b, &cell);
  const size_t h = nasnet_begin(b, &cell, "reduction"), p = cell.p;
  const size_t padded = akin_builder_zero_padding2d(b, h, akin_builder_text(b, "reduction_pad_1_%s", cell.id),
                                                    akin_keras_padding(b, h, 3));
  size_t out[4], left = nasnet_separable(b, h, &cell, "reduction_left1", 5, 2);
  const size_t inner =
      nasnet_add(b, left, nasnet_separable(b, p, &cell, "reduction_right1", 7, 2), &cell, "reduction_add_1");
  left = akin_builder_max_pooling2d(b, padded, akin_builder_text(b, "reduction_left2_%s", cell.id), 3, 2,
                                    AKIN_PADDING_VALID);
  out[0] = nasnet_add(b, left, nasnet_separable(b, p, &cell, "reduction_right2", 7, 2), &cell, "reduction_add_2");
  left = akin_builder_average_pooling2d(b, padded, akin_builder_text(b, "reduction_left3_%s", cell.id), 3, 2,
                                        AKIN_PADDING_VALID);
  out[1] = nasnet_add(b, left, nasnet_separable(b, p, &cell, "reduction_right3", 5, 2), &cell, "reduction_add3");
  out[2] = akin_builder_add(b, out[0], nasnet_average(b, inner, &cell, "reduction_left4"), akin_keras_name(b, "add"));
  left = nasnet_separable(b, inner, &cell, "reduction_left4", 3, 1);
  const size_t right = akin_builder_max_pooling2d(b, padded, akin_builder_text(b, "reduction_right5_%s", cell.id), 3, 2,
                                                  AKIN_PADDING_VALID);
  out[3] = nasnet_add(b, left, right, &cell, "reduction_add4");
  return akin_builder_concatenate(b, out, 4, akin_builder_text(b, "reduction_concat_%s", cell.id));
}

/* ---- the network ---- */

static size_t nasnet_stem(akin_builder *b, const akin_card *card, const nasnet_network *network) {
  const akin_convolution settings = akin_keras_kernel(network->stem, 3, 2, AKIN_PADDING_VALID);
  const size_t x = akin_builder_input(b, card->preparation.height, card->preparation.width);
  return nasnet_bn(b, akin_builder_conv2d(b, x, "stem_conv1", &settings, NULL), "stem_bn1");
}

static akin_status nasnet_build(akin_layers *layers, const nasnet_network *network, const akin_card *card,
                                akin_error *err) {
  akin_builder builder = {layers, err, AKIN_OK}, *b = &builder;
  const uint32_t cells = network->cells;
  const size_t stem = nasnet_stem(b, card, network);
  size_t p = nasnet_reduction(b, (nasnet_cell){stem, stem, network->filters / 4, "stem_1"});
  size_t x = nasnet_reduction(b, (nasnet_cell){p, stem, network->filters / 2, "stem_2"});
  for (uint32_t stage = 0; stage < 3; stage++) {
    const uint32_t filters = network->filters << stage;
    if (stage > 0) {
      const char *id = akin_builder_text(b, "reduce_%u", stage * cells);
      const size_t before = x;
      x = nasnet_reduction(b, (nasnet_cell){x, p, filters, id});
      if (!network->skips_reduction) p = before;
    }
    for (uint32_t i = 0; i < cells; i++) {
      const char *id = akin_builder_text(b, "%u", stage * cells + i + (stage > 0));
      const size_t before = x;
      x = nasnet_normal(b, (nasnet_cell){x, p, filters, id});
      p = before;
    }
  }
  akin_keras_classify(b, nasnet_relu(b, x), akin_keras_name(b, "global_average_pooling2d"), card);
  return b->status;
}

static akin_status nasnet_build_mobile(akin_layers *layers, const akin_card *card, akin_error *err) {
  static const nasnet_network network = {.filters = 44, .stem = 32, .cells = 4};
  return nasnet_build(layers, &network, card, err);
}

static akin_status nasnet_build_large(akin_layers *layers, const akin_card *card, akin_error *err) {
  static const nasnet_network network = {.filters = 168, .stem = 96, .cells = 6, .skips_reduction = true};
  return nasnet_build(layers, &network, card, err);
}

const akin_family akin_family_nasnet_mobile = {"nasnet-mobile", 0, 1, nasnet_build_mobile};
const akin_family akin_family_nasnet_large = {"nasnet-large", 0, 1, nasnet_build_large};
