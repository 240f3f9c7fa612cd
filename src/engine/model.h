/* model.h - an opened model, as the rest of the engine sees it: more than akin/model.h tells the world. */
#ifndef AKIN_ENGINE_MODEL_H
#define AKIN_ENGINE_MODEL_H

#include "base/buffer.h"
#include "image/image.h"
#include "model/model.h"

#include <akin/model.h>

struct akin_queue;
struct akin_model_slot;

struct akin_model {
  akin_folder *folder;
  akin_cut cut;
  akin_preparation preparation;
  akin_model_options options; /* the strings in it are not kept */
  char *layer;                /* as asked for; NULL: by the rule */
  char *blobs;                /* where compiled networks are kept, or NULL */
  struct akin_network *network;
  uint32_t batch; /* images that an inference takes; 0: the network is not compiled yet */
  /* Idle slots, one for each image that may be computed at a time. It starts with one slot that has no session: who
   * takes it compiles the network and puts the real ones there, while everybody else waits for a slot. */
  struct akin_queue *idle;
  struct akin_model_slot *slots;
  size_t slot_count;
  /* Holds one token: whoever decodes a large image has it, so that memory is bounded by one such image. */
  struct akin_queue *large;
};

/* Is a feature the mean of the image's and its mirror image's? */
bool akin_model_mirrors(const akin_model *model);

/* Compiles the network now, when that was not done, so that a failure is told once and not for every image.
 *   images: how many are to come; where these are many, and batches pay, it is compiled for several at a time */
akin_status akin_model_prepare(akin_model *model, uint64_t images, akin_error *err);

/*
 * Several images in one inference: take a slot, decode into its places 0 to count - 1, infer, fetch the features, give
 * the slot back. A feature does not depend on the images beside it.
 *   place: less than model->batch
 *   width, height: upright
 *   feature: f32 [dim]; raw: as the network gives it, else of unit length
 */
akin_status akin_model_take_slot(akin_model *model, struct akin_model_slot **out, akin_error *err); /* waits for one */
void akin_model_give_slot(akin_model *model, struct akin_model_slot *slot);
akin_status akin_model_decode(akin_model *model, struct akin_model_slot *slot, uint32_t place, uint32_t *width,
                              uint32_t *height, const void *bytes, size_t size, akin_error *err);
akin_status akin_model_infer(akin_model *model, struct akin_model_slot *slot, uint32_t count, akin_error *err);
akin_status akin_model_feature(const akin_model *model, const struct akin_model_slot *slot, uint32_t place,
                               float *feature, int raw, akin_error *err);

/* The feature, as the network gives it, of pixels that are prepared already: u8 [height, width, 3] of its input. */
akin_status akin_model_embed_prepared(akin_model *model, float *feature, const uint8_t *pixels, akin_error *err);

/* The options with which a store's features were made, kept as JSON in the store, so that a question is put to the same
 * model. meaning is what the fingerprint covers. */
akin_status akin_model_settings_json(akin_buffer *out, const akin_model *model);
/* USAGE when a pooling is not one, or its power is out of range. */
akin_status akin_pooling_check(akin_pooling pooling, double power, akin_error *err);

/* Fills layer, pooling, its power, preprocess and bf16 of options; *layer (akin_free) is what options->layer points to.
 * meaning (akin_free) may be NULL in the text. */
akin_status akin_model_settings_parse(akin_model_options *options, char **layer, char **meaning, const char *json,
                                      akin_error *err);
/* What keeps model from giving the features that a store's settings describe: "weights differ; …", in a few words. */
akin_status akin_model_settings_difference(char **out, const akin_model *model, const char *json, akin_error *err);

#endif
