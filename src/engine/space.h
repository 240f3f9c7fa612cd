/*
 * space.h - where images are compared: the features of one model, or of several side by side, each transformed as the
 * scores want it. A point of a space is a vector of unit length; a score is the product of two.
 *
 * Several models: each one's part is divided by the square root of their number, so that the score is the mean of what
 * each of them says. An image is in the space once all of them have its feature.
 */
#ifndef AKIN_ENGINE_SPACE_H
#define AKIN_ENGINE_SPACE_H

#include "engine/background.h"
#include "engine/store.h"
#include "engine/transform.h"

typedef struct akin_space {
  size_t count; /* of models */
  akin_stored_model **models;
  akin_transform *transforms;
  akin_scores scores; /* never DEFAULT */
  uint32_t dim;
  char key[AKIN_HASH_HEX_SIZE]; /* tells this space from every other, by all that a point depends on */
  akin_background background;   /* of scores in this space; empty before akin_space_background */
} akin_space;

/*
 * Finds the models and what was measured of them.
 *   out: freed with akin_space_free; NULL on failure
 *   names: `count` models; count 0: the store's first
 * Errors: USAGE (a model twice), NOT_FOUND (a model, or what the scores need), those of reading.
 */
akin_status akin_space_open(akin_space **out, akin_store *store, const char *const *names, size_t count,
                            akin_scores scores, akin_error *err);
void akin_space_free(akin_space *space); /* NULL is fine */

/* *out: "a", of several models "a + b"; freed with akin_free. */
akin_status akin_space_names(char **out, const akin_space *space, akin_error *err);

/* out: f32 [dim], the point of an image; features: of each model f32 [its dim]. One thread at a time. */
void akin_space_point(const akin_space *space, float *out, const float *const *features);
/* Is a point just the feature of the only model? */
bool akin_space_is_plain(const akin_space *space);

/* All points of the space, up to date with the store; borrowed until the same space is asked for again, or close. */
akin_status akin_store_points(akin_store *store, akin_vectors **out, const akin_space *space, akin_error *err);

/* Brings their file up to date, in constant memory but for 32 bytes a point. Not being able to write there is no
 * error: it costs the next question time. */
akin_status akin_store_pack(akin_store *store, const akin_space *space, akin_error *err);

/* Where what is packed of the space lies: in STORE/vectors, with an ending such as "vec". Names of one model's begin
 * with its id and "-". Freed with akin_free. */
akin_status akin_points_path(char **out, const akin_store *store, const akin_space *space, const char *ending,
                             akin_error *err);

/* Fills space->background: what the store keeps, else, of several models or along principal axes, measured now. It
 * stays empty in a store of fewer than AKIN_MEASURED_IMAGES images. */
akin_status akin_space_background(akin_space *space, akin_store *store, const akin_vectors *points, akin_error *err);

#endif
