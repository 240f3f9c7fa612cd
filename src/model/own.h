/*
 * own.h - a user's own model: a card of the family "own", whose network is the one that the Keras file described. Its
 * configuration is kept in the model's folder, from which the layers are made again at each opening.
 *
 *     network.json   {"keras_version": "3.15.1", "model": {the file's configuration}}
 */
#ifndef AKIN_MODEL_OWN_H
#define AKIN_MODEL_OWN_H

#include "model/keras_config.h"
#include "model/model.h"
#include "weights/keras.h"

#define AKIN_OWN_FAMILY     "own"
#define AKIN_FOLDER_NETWORK "network.json"

bool akin_own_is(const akin_card *card);

/* The content of network.json. Errors: MEMORY. */
akin_status akin_own_pack(akin_buffer *out, const akin_keras_file *file, akin_error *err);
/* The layers that it describes; size: of the images, where the model leaves it open; 0: it must say so. layers is freed
 * by the caller, also on failure. Errors: those of akin_keras_config_build, FORMAT. */
akin_status akin_own_build(akin_layers *layers, const akin_buffer *network, uint32_t height, uint32_t width,
                           akin_error *err);
akin_status akin_own_open(akin_layers *layers, const char *folder, const akin_card *card, akin_error *err);

/* The name of a file without what it ends with; NULL when memory is short. */
const char *akin_own_stem(akin_arena *arena, const char *path);

/*
 * The card of a model that was built from file `path`.
 *   arena: has the card's texts
 *   pixels: how the model is to be given its images: "raw" (0 to 255), "unit" (x / 255), "tf" (x / 127.5 - 1), "torch",
 *           "caffe", or as a built-in card's network: its name. NULL: raw when the model has it inside, else as the
 *           known network that is inside, else "unit"
 *   note: what was assumed of the pixels, for people, in the arena; NULL when nothing was
 * Errors: USAGE (pixels), UNSUPPORTED (a size of images that akin cannot make), MEMORY.
 */
akin_status akin_own_card(akin_card *out, const char **note, akin_arena *arena, const akin_layers *layers,
                          const char *path, const char *name, const char *pixels, akin_error *err);

#endif
