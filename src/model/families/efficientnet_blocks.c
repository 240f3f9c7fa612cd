/* efficientnet_blocks.c - stem, blocks and head of all EfficientNets (efficientnet.h). */
#include "model/families/efficientnet.h"

#include "base/error.h"
#include "model/families/torchvision.h"

#include <string.h>

const akin_efficientnet_stage akin_efficientnet_stages[AKIN_EFFICIENTNET_STAGES] = {
    {1, 3, 1, 1, 16, false},  {2, 3, 2, 6, 24, false},  {2, 5, 2, 6, 40, false},  {3, 3, 2, 6, 80, false},
    {3, 5, 1, 6, 112, false}, {4, 5, 2, 6, 192, false}, {1, 3, 1, 6, 320, false},
};

static const char *efficientnet_module(const akin_efficientnet *net, akin_efficientnet_part part,
                                       const akin_efficientnet_block *block) {
  return net->style->module ? net->style->module(net, part, block) : NULL;
}

/* Its module where layers are named so, else what Keras calls it: prefix and part. */
static const char *efficientnet_name(const akin_efficientnet *net, akin_efficientnet_part part,
                                     const akin_efficientnet_block *block, const char *prefix, const char *keras) {
  return net->b->layers->modules ? efficientnet_module(net, part, block)
                                 : akin_builder_text(net->b, "%s%s", prefix, keras);
}

/* How convolutions of more than one place are padded. */
static akin_padding efficientnet_padding(const akin_efficientnet *net) {
  return net->b->layers->modules ? AKIN_PADDING_SYMMETRIC : AKIN_PADDING_SAME;
}

/* ---- steps: prefix is "stem_", "block2a_expand_" … ---- */

/* part: the convolution that it belongs to */
static size_t efficientnet_activate(const akin_efficientnet *net, size_t x, const char *prefix,
                                    akin_efficientnet_part part, const akin_efficientnet_block *block) {
  const char *name = efficientnet_name(net, part + 2, block, prefix, "activation");
  if (net->style->relu6) return akin_builder_relu(net->b, x, name, 6);
  return akin_builder_activation(net->b, x, name, AKIN_ACTIVATION_SWISH);
}

static size_t efficientnet_normalize(const akin_efficientnet *net, size_t x, const char *prefix,
                                     akin_efficientnet_part part, const akin_efficientnet_block *block) {
  return akin_builder_batch_normalization(net->b, x, efficientnet_name(net, part, block, prefix, "bn"),
                                          net->style->epsilon, efficientnet_module(net, part, block));
}

/* The convolution of a part, and its normalization: that of the next part. */
static size_t efficientnet_convolve(const akin_efficientnet *net, size_t x, const char *prefix,
                                    const akin_convolution *settings, akin_efficientnet_part part,
                                    const akin_efficientnet_block *block) {
  x = akin_builder_conv2d(net->b, x, efficientnet_name(net, part, block, prefix, "conv"), settings,
                          efficientnet_module(net, part, block));
  return efficientnet_normalize(net, x, prefix, part + 1, block);
}

static size_t efficientnet_pointwise(const akin_efficientnet *net, size_t x, const char *prefix, uint32_t filters,
                                     akin_efficientnet_part part, const akin_efficientnet_block *block) {
  const akin_convolution settings = akin_keras_kernel(filters, 1, 1, AKIN_PADDING_SAME);
  return efficientnet_convolve(net, x, prefix, &settings, part, block);
}

/* What stands in front of a strided convolution called `name`; how it then pads is in settings. */
static size_t efficientnet_pad(const akin_efficientnet *net, size_t x, const char *name, akin_convolution *settings) {
  settings->padding = efficientnet_padding(net);
  if (!net->style->pads || settings->strides[0] == 1) return x;
  settings->padding = AKIN_PADDING_VALID;
  return akin_builder_zero_padding2d(net->b, x, akin_builder_text(net->b, "%s_pad", name),
                                     akin_keras_padding(net->b, x, settings->kernel[0]));
}

/* ---- blocks ---- */

static size_t efficientnet_depthwise(const akin_efficientnet *net, size_t x, const akin_efficientnet_block *block,
                                     uint32_t stride) {
  akin_convolution settings = akin_keras_kernel(0, block->stage->kernel, stride, AKIN_PADDING_SAME);
  const char *name = efficientnet_name(net, AKIN_EFFICIENTNET_DEPTHWISE, block, block->name, net->style->depthwise);
  x = efficientnet_pad(net, x, name, &settings);
  x = akin_builder_depthwise_conv2d(net->b, x, name, &settings,
                                    efficientnet_module(net, AKIN_EFFICIENTNET_DEPTHWISE, block));
  x = efficientnet_normalize(net, x, block->name, AKIN_EFFICIENTNET_DEPTHWISE_BN, block);
  return efficientnet_activate(net, x, block->name, AKIN_EFFICIENTNET_DEPTHWISE, block);
}

/* "features.3.0.block.2": the module that a part of a block is inside of. */
static const char *efficientnet_inside(const akin_efficientnet *net, akin_efficientnet_part part,
                                       const akin_efficientnet_block *block) {
  const char *name = efficientnet_module(net, part, block), *end = strrchr(name, '.');
  return akin_builder_text(net->b, "%.*s", end ? (int)(end - name) : 0, name);
}

/* Of modules: with the activations apart. settings: of the first convolution */
static size_t efficientnet_squeeze_torch(const akin_efficientnet *net, size_t input,
                                         const akin_efficientnet_block *block, akin_convolution settings) {
  akin_builder *b = net->b;
  const char *name = efficientnet_inside(net, AKIN_EFFICIENTNET_REDUCE, block);
  size_t x = akin_builder_global_average_pooling2d_map(b, input, akin_builder_text(b, "%s.avgpool", name));
  x = akin_builder_conv2d(b, x, efficientnet_module(net, AKIN_EFFICIENTNET_REDUCE, block), &settings, NULL);
  x = akin_builder_activation(b, x, akin_builder_text(b, "%s.activation", name), AKIN_ACTIVATION_SWISH);
  settings.filters = akin_keras_channels(b, input);
  x = akin_builder_conv2d(b, x, efficientnet_module(net, AKIN_EFFICIENTNET_EXCITE, block), &settings, NULL);
  x = akin_builder_activation(b, x, akin_builder_text(b, "%s.scale_activation", name), AKIN_ACTIVATION_SIGMOID);
  return akin_builder_multiply(b, input, x, name);
}

/* Weighs channels by what the whole map is like; inputs: channels of the block's input. */
static size_t efficientnet_squeeze(const akin_efficientnet *net, size_t input, const akin_efficientnet_block *block,
                                   uint32_t inputs) {
  akin_builder *b = net->b;
  const uint32_t channels = akin_keras_channels(b, input);
  const akin_shape map = {3, {1, 1, channels}};
  akin_convolution settings = akin_keras_kernel(inputs < 4 ? 1 : inputs / 4, 1, 1, AKIN_PADDING_SAME);
  settings.bias = true;
  if (b->layers->modules) return efficientnet_squeeze_torch(net, input, block, settings);
  size_t x = akin_builder_global_average_pooling2d(b, input, akin_builder_text(b, "%sse_squeeze", block->name));
  x = akin_builder_reshape(b, x, akin_builder_text(b, "%sse_reshape", block->name), &map);
  x = akin_builder_conv2d(b, x, akin_builder_text(b, "%sse_reduce", block->name), &settings,
                          efficientnet_module(net, AKIN_EFFICIENTNET_REDUCE, block));
  x = akin_builder_activated(b, x, AKIN_ACTIVATION_SWISH);
  settings.filters = channels;
  x = akin_builder_conv2d(b, x, akin_builder_text(b, "%sse_expand", block->name), &settings,
                          efficientnet_module(net, AKIN_EFFICIENTNET_EXCITE, block));
  x = akin_builder_activated(b, x, AKIN_ACTIVATION_SIGMOID);
  return akin_builder_multiply(b, input, x, akin_builder_text(b, "%sse_excite", block->name));
}

/* Expansion and what looks at neighbouring places. */
static size_t efficientnet_widen(const akin_efficientnet *net, size_t x, const akin_efficientnet_block *block,
                                 uint32_t inputs, uint32_t stride) {
  const akin_efficientnet_stage *stage = block->stage;
  const char *prefix = akin_builder_text(net->b, "%sexpand_", block->name);
  const uint32_t filters = inputs * stage->expansion;
  if (stage->fused) {
    const akin_convolution settings = akin_keras_kernel(filters, stage->kernel, stride, efficientnet_padding(net));
    x = efficientnet_convolve(net, x, prefix, &settings, AKIN_EFFICIENTNET_EXPAND, block);
    return efficientnet_activate(net, x, prefix, AKIN_EFFICIENTNET_EXPAND, block);
  }
  if (stage->expansion > 1) {
    x = efficientnet_pointwise(net, x, prefix, filters, AKIN_EFFICIENTNET_EXPAND, block);
    x = efficientnet_activate(net, x, prefix, AKIN_EFFICIENTNET_EXPAND, block);
  }
  x = efficientnet_depthwise(net, x, block, stride);
  return net->style->squeezes ? efficientnet_squeeze(net, x, block, inputs) : x;
}

static size_t efficientnet_block(const akin_efficientnet *net, size_t input, const akin_efficientnet_block *block) {
  akin_builder *b = net->b;
  const akin_efficientnet_stage *stage = block->stage;
  const char *prefix = akin_builder_text(b, "%sproject_", block->name);
  const uint32_t inputs = akin_keras_channels(b, input), stride = block->repeat ? 1 : stage->stride;
  size_t x = input;
  if (stage->fused && stage->expansion == 1) {
    const akin_convolution settings =
        akin_keras_kernel(stage->channels, stage->kernel, stride, efficientnet_padding(net));
    x = efficientnet_convolve(net, x, prefix, &settings, AKIN_EFFICIENTNET_PROJECT, block);
    x = efficientnet_activate(net, x, prefix, AKIN_EFFICIENTNET_PROJECT, block);
  } else {
    x = efficientnet_widen(net, x, block, inputs, stride);
    x = efficientnet_pointwise(net, x, prefix, stage->channels, AKIN_EFFICIENTNET_PROJECT, block);
  }
  if (stride != 1 || inputs != stage->channels) return x;
  if (block->number)
    x = akin_builder_dropout(
        b, x, akin_builder_text(b, "%s%s", block->name, b->layers->modules ? "stochastic_depth" : "drop"));
  return akin_builder_add(b, x, input, akin_builder_text(b, "%sadd", block->name));
}

/* ---- the network ---- */

size_t akin_efficientnet_stem(akin_efficientnet *net, size_t input, uint32_t filters) {
  akin_convolution settings = akin_keras_kernel(filters, 3, 2, AKIN_PADDING_SAME);
  size_t x = efficientnet_pad(net, input, "stem_conv", &settings);
  x = efficientnet_convolve(net, x, "stem_", &settings, AKIN_EFFICIENTNET_STEM, NULL);
  return efficientnet_activate(net, x, "stem_", AKIN_EFFICIENTNET_STEM, NULL);
}

size_t akin_efficientnet_add(akin_efficientnet *net, size_t input, const akin_efficientnet_stage *stage) {
  const uint32_t number = net->stages++;
  size_t x = input;
  if (stage->repeats > 26 && net->b->status == AKIN_OK) {
    net->b->status = akin_fail(net->b->err, AKIN_ERROR_UNSUPPORTED,
                               "stage %u would have %u blocks, letters name 26: take a smaller depth_factor",
                               number + 1, stage->repeats);
  }
  for (uint32_t i = 0; i < stage->repeats && net->b->status == AKIN_OK; i++) {
    const akin_efficientnet_block block = {stage, number, i, net->blocks++,
                                           net->b->layers->modules
                                               ? akin_builder_text(net->b, "features.%u.%u.", number + 1, i)
                                               : akin_builder_text(net->b, "block%u%c_", number + 1, (int)('a' + i))};
    x = efficientnet_block(net, x, &block);
  }
  return x;
}

void akin_efficientnet_top(akin_efficientnet *net, size_t input, uint32_t filters, const akin_card *card) {
  akin_builder *b = net->b;
  size_t x = efficientnet_pointwise(net, input, "top_", filters, AKIN_EFFICIENTNET_TOP, NULL);
  x = efficientnet_activate(net, x, "top_", AKIN_EFFICIENTNET_TOP, NULL);
  if (b->layers->modules) {
    akin_torch_classify(b, x, "avgpool", "classifier.1", card);
    return;
  }
  if (card->classes == 0) return;
  x = akin_builder_global_average_pooling2d(b, x, "avg_pool");
  x = akin_builder_dropout(b, x, "top_dropout");
  x = akin_builder_dense(b, x, "predictions", card->classes,
                         efficientnet_module(net, AKIN_EFFICIENTNET_PREDICTIONS, NULL));
  if (!net->style->scores) akin_builder_activated(b, x, AKIN_ACTIVATION_SOFTMAX);
}

/* ---- torchvision ---- */

/* Convolutions and squeeze-and-excitation stand in a block's list of modules one behind the other. */
static unsigned efficientnet_index(const akin_efficientnet_stage *stage, akin_efficientnet_part part) {
  const bool expands = stage->expansion > 1;
  if (part <= AKIN_EFFICIENTNET_EXPAND_ACTIVATION) return 0;
  if (part <= AKIN_EFFICIENTNET_DEPTHWISE_ACTIVATION) return expands;
  if (part <= AKIN_EFFICIENTNET_PROJECT_ACTIVATION) return stage->fused ? expands : expands + 2u;
  return expands + 1u; /* squeeze-and-excitation */
}

static const char *efficientnet_torch(const akin_efficientnet *net, akin_efficientnet_part part,
                                      const akin_efficientnet_block *block) {
  akin_builder *b = net->b;
  if (part == AKIN_EFFICIENTNET_PREDICTIONS) return "classifier.1";
  if (!block) {
    const bool stem = part <= AKIN_EFFICIENTNET_STEM_ACTIVATION;
    return akin_builder_text(b, "features.%u.%u", stem ? 0 : net->stages + 1, (unsigned)part % 3);
  }
  const unsigned index = efficientnet_index(block->stage, part);
  if (part == AKIN_EFFICIENTNET_REDUCE) return akin_builder_text(b, "%sblock.%u.fc1", block->name, index);
  if (part == AKIN_EFFICIENTNET_EXCITE) return akin_builder_text(b, "%sblock.%u.fc2", block->name, index);
  return akin_builder_text(b, "%sblock.%u.%u", block->name, index, (unsigned)part % 3);
}

akin_efficientnet_style akin_efficientnet_torchvision(double epsilon) {
  return (akin_efficientnet_style){
      .epsilon = epsilon, .squeezes = true, .scores = true, .depthwise = "", .module = efficientnet_torch};
}
