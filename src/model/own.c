/* own.c - a user's own model: its network kept, and its card made (own.h). */
#include "model/own.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"
#include "model/card.h"
#include "model/families/families.h"
#include "model/net.h"
#include "model/pixels.h"

#include <stdio.h>
#include <string.h>

#define OWN_NETWORK_BYTES 67108864u

bool akin_own_is(const akin_card *card) {
  return strcmp(card->family, AKIN_OWN_FAMILY) == 0;
}

/* A card alone says nothing of the network. */
static akin_status own_build_none(akin_layers *layers, const akin_card *card, akin_error *err) {
  (void)layers;
  return akin_fail(err, AKIN_ERROR_UNSUPPORTED,
                   "a card of the family \"%s\" is of one model: import its file, not other weights with this card",
                   card->family);
}

const akin_family akin_family_own = {AKIN_OWN_FAMILY, 0, 1, own_build_none};
const akin_family akin_family_onnx = {AKIN_NET_FAMILY, 0, 1, own_build_none};

/* ---- the network ---- */

akin_status akin_own_pack(akin_buffer *out, const akin_keras_file *file, akin_error *err) {
  akin_status status = akin_buffer_append_text(out, "{\"keras_version\": ");
  if (status == AKIN_OK) status = akin_text_json(out, file->version ? file->version : "");
  if (status == AKIN_OK) status = akin_buffer_append_text(out, ", \"model\": ");
  if (status == AKIN_OK) status = akin_buffer_append(out, file->config, file->config_size);
  if (status == AKIN_OK) status = akin_buffer_append_text(out, "}\n");
  return status == AKIN_OK ? AKIN_OK : akin_fail_memory(err, file->config_size);
}

akin_status akin_own_build(akin_layers *layers, const akin_buffer *network, uint32_t height, uint32_t width,
                           akin_error *err) {
  akin_json *root = NULL;
  akin_status status = akin_json_parse(&root, network->data, network->size, err);
  if (status != AKIN_OK) return akin_fail_context(err, status, "the model's configuration");
  const char *version = akin_json_text(akin_json_get(root, "keras_version"));
  const akin_keras_config config = {akin_json_get(root, "model"), version && *version ? version : NULL, height, width};
  status = akin_keras_config_build(layers, &config, err);
  akin_json_free(root);
  return status;
}

akin_status akin_own_open(akin_layers *layers, const char *folder, const akin_card *card, akin_error *err) {
  akin_buffer network = AKIN_BUFFER_INIT(0);
  char *path = akin_path_join(folder, AKIN_FOLDER_NETWORK);
  akin_status status =
      path ? akin_file_read(&network, path, OWN_NETWORK_BYTES, NULL, err) : akin_fail_memory(err, strlen(folder));
  if (status == AKIN_OK) {
    status = akin_own_build(layers, &network, card->preparation.height, card->preparation.width, err);
    if (status != AKIN_OK) akin_fail_context(err, status, "%s", path);
  }
  akin_buffer_free(&network);
  akin_free(path);
  return status;
}

/* ---- pixels ---- */

/* Layers that only one kind of Keras' networks has, and what that was trained with. */
static const struct {
  const char *layer, *pixels, *network;
} own_networks[] = {
    {"block5_conv3", "caffe", "VGG"},
    {"post_bn", "tf", "a ResNet V2"},
    {"conv5_block3_out", "caffe", "a ResNet"},
    {"conv_dw_13", "tf", "MobileNet"},
    {"block_16_project", "tf", "MobileNetV2"},
    {"mixed10", "tf", "InceptionV3"},
    {"conv_7b", "tf", "InceptionResNetV2"},
    {"block14_sepconv2", "tf", "Xception"},
    {"conv5_block16_concat", "torch", "DenseNet"},
    {"normal_concat_12", "tf", "NASNet"},
    {"block6a_dwconv2", "tf", "EfficientNetV2 without its preprocessing"},
};

static const char *own_last_part(const char *name) {
  const char *slash = strrchr(name, '/');
  return slash ? slash + 1 : name;
}

static bool own_has_layer(const akin_layers *layers, const char *name) {
  for (size_t i = 0; i < layers->count; i++)
    if (strcmp(own_last_part(layers->at[i].name), name) == 0) return true;
  return false;
}

/* Is arithmetic with constants, done on pixels themselves, part of the network? */
static bool own_is_inside(const akin_layers *layers, bool *pixels) {
  for (size_t i = 0; i < layers->count; i++) {
    const akin_layer *layer = &layers->at[i];
    pixels[i] = layer->kind == AKIN_LAYER_INPUT || layer->input_count > 0;
    for (size_t k = 0; k < layer->input_count; k++)
      pixels[i] = pixels[i] && pixels[layer->inputs[k]];
    if (!pixels[i]) continue;
    const bool constant = layer->kind == AKIN_LAYER_ARITHMETIC && layer->as.arithmetic.constant.values;
    if (constant || layer->kind == AKIN_LAYER_RESCALING || layer->kind == AKIN_LAYER_NORMALIZATION) return true;
    pixels[i] = layer->weight_count == 0;
  }
  return false;
}

static const char *own_note(akin_arena *arena, const akin_pixels_kind *p, const char *why) {
  char *text =
      akin_format("images are given to the model as %s (%s): %s; --pixels says otherwise", p->name, p->meaning, why);
  const char *note = text ? akin_arena_text(arena, text, strlen(text)) : NULL;
  akin_free(text);
  return note;
}

static akin_status own_guess(const akin_pixels_kind **out, const char **note, akin_arena *arena,
                             const akin_layers *layers, akin_error *err) {
  char why[128] = "nothing in it says how";
  bool *pixels = akin_calloc(layers->count, sizeof *pixels);
  if (!pixels) return akin_fail_memory(err, layers->count);
  const bool inside = own_is_inside(layers, pixels);
  akin_free(pixels);
  *out = akin_pixels_find(inside ? "raw" : "unit");
  if (inside) snprintf(why, sizeof why, "it prepares them itself");
  for (size_t i = 0; !inside && i < sizeof own_networks / sizeof *own_networks; i++) {
    if (!own_has_layer(layers, own_networks[i].layer)) continue;
    *out = akin_pixels_find(own_networks[i].pixels);
    snprintf(why, sizeof why, "%s is inside it", own_networks[i].network);
    break;
  }
  *note = own_note(arena, *out, why);
  return *note ? AKIN_OK : akin_fail_memory(err, sizeof why);
}

static akin_status own_set_pixels(akin_card *card, const char **note, akin_arena *arena, const akin_layers *layers,
                                  const char *wanted, akin_error *err) {
  const akin_pixels_kind *pixels = NULL;
  *note = NULL;
  if (wanted) return akin_pixels_set(card, wanted, err);
  akin_status status = own_guess(&pixels, note, arena, layers, err);
  if (status == AKIN_OK) akin_pixels_use(card, pixels);
  return status;
}

/* ---- the card ---- */

const char *akin_own_stem(akin_arena *arena, const char *path) {
  const char *name = akin_path_name(path);
  return akin_arena_text(arena, name, strcspn(name, "."));
}

static akin_status own_set_size(akin_card *card, const akin_layers *layers, akin_error *err) {
  size_t input = 0;
  while (layers->at[input].kind != AKIN_LAYER_INPUT)
    input++;
  const uint32_t height = layers->at[input].shape.size[0], width = layers->at[input].shape.size[1];
  card->preparation = (akin_preparation)AKIN_PREPARATION_INIT(width, height);
  if (height <= AKIN_PREPARATION_SIDE_MOST && width <= AKIN_PREPARATION_SIDE_MOST) return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "the model takes images of %ux%u, akin makes up to %ux%u", width,
                   height, AKIN_PREPARATION_SIDE_MOST, AKIN_PREPARATION_SIDE_MOST);
}

akin_status akin_own_card(akin_card *out, const char **note, akin_arena *arena, const akin_layers *layers,
                          const char *path, const char *name, const char *pixels, akin_error *err) {
  const akin_shape *scores = &layers->at[akin_layers_output(layers)].shape;
  char *description = akin_format("your own, from %s", akin_path_name(path));
  *out = (akin_card){.family = AKIN_OWN_FAMILY,
                     .width_factor = 1,
                     .depth_factor = 1,
                     .classes = scores->rank == 1 && scores->size[0] <= AKIN_CARD_CLASSES_MOST ? scores->size[0] : 0,
                     .licence = "LicenseRef-own",
                     .citation = "none"};
  out->name = name ? name : akin_own_stem(arena, path);
  out->description = description ? akin_arena_text(arena, description, strlen(description)) : NULL;
  akin_free(description);
  if (!out->name || !out->description) return akin_fail_memory(err, strlen(path));
  akin_status status = own_set_size(out, layers, err);
  return status == AKIN_OK ? own_set_pixels(out, note, arena, layers, pixels, err) : status;
}
