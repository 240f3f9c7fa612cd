/*
 * efficientnet.c - EfficientNet B0 to B7: one network, scaled in width and depth (Tan & Le 2019, arXiv:1905.11946). It
 * prepares its pixels itself: / 255, then by a mean and a variance that are among the weights. With its official
 * weights Keras adds a second Rescaling: they were trained on pixels divided by the deviation, but the file has the
 * deviation for the variance. No weight tells the two networks apart, so they are two families. torchvision's takes
 * pixels that are prepared.
 */
#include "model/families/efficientnet.h"

#include "model/families/torchvision.h"
#include "weights/keras.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define EFFICIENTNET_STEM 32
#define EFFICIENTNET_HEAD 1280
#define EFFICIENTNET_DEEP 2.0 /* B5 to B7: torchvision has TensorFlow's weights of these, and its epsilon */

static size_t efficientnet_normalization(akin_builder *b, size_t x) {
  const akin_layer layer = {.name = akin_keras_name(b, "normalization"), .kind = AKIN_LAYER_NORMALIZATION};
  return akin_builder_layer(b, &layer, &x, 1);
}

static size_t efficientnet_rescale(akin_builder *b, size_t x) {
  static const double deviations[3] = {0.229, 0.224, 0.225};
  static const float nothing = 0;
  float scale[3];
  for (int i = 0; i < 3; i++)
    scale[i] = (float)(1 / sqrt(deviations[i]));
  const akin_layer layer = {.name = akin_keras_name(b, "rescaling"),
                            .kind = AKIN_LAYER_RESCALING,
                            .as.rescaling = {.scale = {scale, {1, {3}}}, .offset = {&nothing, {0}}}};
  return akin_builder_layer(b, &layer, &x, 1);
}

static size_t efficientnet_prepare(akin_builder *b, size_t x, bool official) {
  x = akin_builder_rescaling(b, x, akin_keras_name(b, "rescaling"), 1.0 / 255.0, 0);
  x = efficientnet_normalization(b, x);
  return official ? efficientnet_rescale(b, x) : x;
}

static akin_status efficientnet_make(akin_layers *layers, const akin_card *card, bool official, akin_error *err) {
  static const akin_efficientnet_style keras = {
      .epsilon = AKIN_KERAS_EPSILON, .squeezes = true, .pads = true, .depthwise = "dwconv"};
  const bool torch = layers->modules = card->dialect == AKIN_DIALECT_TORCHVISION;
  const bool from_tensorflow = card->depth_factor > EFFICIENTNET_DEEP;
  const akin_efficientnet_style style =
      torch ? akin_efficientnet_torchvision(from_tensorflow ? AKIN_KERAS_EPSILON : AKIN_TORCH_EPSILON) : keras;
  const double width = card->width_factor;
  akin_builder builder = {layers, err, AKIN_OK}, *b = &builder;
  akin_efficientnet net = {.b = b, .style = &style};
  size_t x = akin_builder_input(b, card->preparation.height, card->preparation.width);
  if (!torch) x = efficientnet_prepare(b, x, official);
  x = akin_efficientnet_stem(&net, x, akin_keras_divisible(EFFICIENTNET_STEM * width));
  for (size_t i = 0; i < AKIN_EFFICIENTNET_STAGES; i++) {
    akin_efficientnet_stage stage = akin_efficientnet_stages[i];
    stage.channels = akin_keras_divisible(stage.channels * width);
    stage.repeats = (uint32_t)ceil(stage.repeats * card->depth_factor);
    x = akin_efficientnet_add(&net, x, &stage);
  }
  akin_efficientnet_top(&net, x, akin_keras_divisible(EFFICIENTNET_HEAD * width), card);
  return b->status;
}

static akin_status efficientnet_build(akin_layers *layers, const akin_card *card, akin_error *err) {
  return efficientnet_make(layers, card, true, err);
}

static akin_status efficientnet_build_plain(akin_layers *layers, const akin_card *card, akin_error *err) {
  return efficientnet_make(layers, card, false, err);
}

#define EFFICIENTNET_PARAMETERS (AKIN_FAMILY_WIDTH_FACTOR | AKIN_FAMILY_DEPTH_FACTOR)

const akin_family akin_family_efficientnet = {"efficientnet", EFFICIENTNET_PARAMETERS | AKIN_FAMILY_TORCHVISION, 1,
                                              efficientnet_build};
const akin_family akin_family_efficientnet_plain = {"efficientnet-plain", EFFICIENTNET_PARAMETERS, 1,
                                                    efficientnet_build_plain};

/* ---- which of the two ---- */

/* "rescaling", "layers/rescaling_1" … */
static size_t efficientnet_count_rescalings(const akin_keras_file *file) {
  static const char wanted[] = "rescaling", folder[] = "layers/";
  size_t count = 0;
  for (size_t i = 0; i < file->group_count; i++) {
    const char *name = file->groups[i].name;
    if (strncmp(name, folder, strlen(folder)) == 0) name += strlen(folder);
    if (strncmp(name, wanted, strlen(wanted)) != 0) continue;
    name += strlen(wanted);
    count += !*name || (*name == '_' && isdigit((unsigned char)name[1]));
  }
  return count;
}

/* Are all three numbers of a tensor that value? */
static akin_status efficientnet_is(bool *out, const akin_tensors *tensors, const char *name, float value,
                                   akin_error *err) {
  const akin_tensor *tensor = akin_tensors_find(tensors, name);
  float values[3];
  *out = false;
  if (!tensor || tensor->count != 3) return AKIN_OK;
  akin_status status = akin_tensors_read(tensors, tensor, NULL, values, err);
  if (status == AKIN_OK) *out = values[0] == value && values[1] == value && values[2] == value;
  return status;
}

akin_status akin_efficientnet_family_of(const char **family, const akin_tensors *tensors, akin_error *err) {
  const akin_keras_file *file = akin_tensors_keras(tensors);
  const size_t rescalings = file ? efficientnet_count_rescalings(file) : 0;
  bool mean = false, variance = false;
  *family = rescalings == 1 ? akin_family_efficientnet_plain.name : akin_family_efficientnet.name;
  if (rescalings) return AKIN_OK;
  akin_status status = efficientnet_is(&mean, tensors, "layers/normalization/vars/0", 0, err);
  if (status == AKIN_OK) status = efficientnet_is(&variance, tensors, "layers/normalization/vars/1", 1, err);
  if (mean && variance) *family = akin_family_efficientnet_plain.name;
  return status;
}
