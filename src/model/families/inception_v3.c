/* inception_v3.c - InceptionV3 (Szegedy et al. 2015, arXiv:1512.00567), its blocks by the size of their maps for an
 * input of 299×299. */
#include "model/families/inception.h"

static size_t inception_mix(akin_builder *b, const size_t *branches, size_t count, unsigned number) {
  return akin_builder_concatenate(b, branches, count, akin_builder_text(b, "mixed%u", number));
}

/* Two 3×3 convolutions behind a 1×1. */
static size_t inception_double(akin_builder *b, size_t x) {
  x = akin_inception_conv(b, x, 64, 1, 1);
  return akin_inception_conv(b, x, 96, 3, 3);
}

/* 35×35 */
static size_t inception_block35(akin_builder *b, size_t input, unsigned number, uint32_t pooled) {
  size_t branches[4];
  branches[0] = akin_inception_conv(b, input, 64, 1, 1);
  branches[1] = akin_inception_conv(b, input, 48, 1, 1);
  branches[1] = akin_inception_conv(b, branches[1], 64, 5, 5);
  branches[2] = akin_inception_conv(b, inception_double(b, input), 96, 3, 3);
  branches[3] = akin_inception_average(b, input, pooled);
  return inception_mix(b, branches, 4, number);
}

static size_t inception_reduce35(akin_builder *b, size_t input) {
  size_t branches[3];
  branches[0] = akin_inception_reduce(b, input, 384);
  branches[1] = akin_inception_reduce(b, inception_double(b, input), 96);
  branches[2] = akin_inception_reduce_pool(b, input);
  return inception_mix(b, branches, 3, 3);
}

/* 17×17; width: channels inside the branches */
static size_t inception_block17(akin_builder *b, size_t input, unsigned number, uint32_t width) {
  size_t branches[4];
  branches[0] = akin_inception_conv(b, input, 192, 1, 1);
  branches[1] = akin_inception_conv(b, input, width, 1, 1);
  branches[1] = akin_inception_conv(b, branches[1], width, 1, 7);
  branches[1] = akin_inception_conv(b, branches[1], 192, 7, 1);
  branches[2] = akin_inception_conv(b, input, width, 1, 1);
  branches[2] = akin_inception_conv(b, branches[2], width, 7, 1);
  branches[2] = akin_inception_conv(b, branches[2], width, 1, 7);
  branches[2] = akin_inception_conv(b, branches[2], width, 7, 1);
  branches[2] = akin_inception_conv(b, branches[2], 192, 1, 7);
  branches[3] = akin_inception_average(b, input, 192);
  return inception_mix(b, branches, 4, number);
}

static size_t inception_reduce17(akin_builder *b, size_t input) {
  size_t branches[3];
  branches[0] = akin_inception_conv(b, input, 192, 1, 1);
  branches[0] = akin_inception_reduce(b, branches[0], 320);
  branches[1] = akin_inception_conv(b, input, 192, 1, 1);
  branches[1] = akin_inception_conv(b, branches[1], 192, 1, 7);
  branches[1] = akin_inception_conv(b, branches[1], 192, 7, 1);
  branches[1] = akin_inception_reduce(b, branches[1], 192);
  branches[2] = akin_inception_reduce_pool(b, input);
  return inception_mix(b, branches, 3, 8);
}

/* A row and a column kernel side by side. */
static size_t inception_cross(akin_builder *b, size_t input, const char *name) {
  size_t sides[2];
  sides[0] = akin_inception_conv(b, input, 384, 1, 3);
  sides[1] = akin_inception_conv(b, input, 384, 3, 1);
  return akin_builder_concatenate(b, sides, 2, name ? name : akin_keras_name(b, "concatenate"));
}

/* 8×8; number: 9 or 10 */
static size_t inception_block8(akin_builder *b, size_t input, unsigned number) {
  size_t branches[4];
  branches[0] = akin_inception_conv(b, input, 320, 1, 1);
  branches[1] = akin_inception_conv(b, input, 384, 1, 1);
  branches[1] = inception_cross(b, branches[1], akin_builder_text(b, "mixed9_%u", number - 9));
  branches[2] = akin_inception_conv(b, input, 448, 1, 1);
  branches[2] = akin_inception_conv(b, branches[2], 384, 3, 3);
  branches[2] = inception_cross(b, branches[2], NULL);
  branches[3] = akin_inception_average(b, input, 192);
  return inception_mix(b, branches, 4, number);
}

static akin_status inception_build(akin_layers *layers, const akin_card *card, akin_error *err) {
  static const uint32_t pooled[] = {32, 64, 64}, widths[] = {128, 160, 160, 192};
  akin_builder builder = {layers, err, AKIN_OK}, *b = &builder;
  size_t x = akin_inception_stem(b, card);
  for (unsigned i = 0; i < 3; i++)
    x = inception_block35(b, x, i, pooled[i]);
  x = inception_reduce35(b, x);
  for (unsigned i = 0; i < 4; i++)
    x = inception_block17(b, x, 4 + i, widths[i]);
  x = inception_reduce17(b, x);
  x = inception_block8(b, x, 9);
  x = inception_block8(b, x, 10);
  akin_keras_classify(b, x, "avg_pool", card);
  return b->status;
}

const akin_family akin_family_inception_v3 = {"inception-v3", 0, 1, inception_build};
