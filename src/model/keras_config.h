/*
 * keras_config.h - the layers of a user's own model, by the configuration that its file carries: Sequential and
 * Functional models of Keras 2 and 3, nested and with shared layers, with operations on tensors among the layers.
 *
 *     name     of a layer inside the nested model M: M/NAME; of a later call of a shared layer: NAME@2
 *     M        a nested model's own name stands for its output
 *
 * Nothing in a configuration is executed. What is not known is refused with its name, its type and what to do.
 */
#ifndef AKIN_MODEL_KERAS_CONFIG_H
#define AKIN_MODEL_KERAS_CONFIG_H

#include "base/json.h"
#include "model/layers.h"

typedef struct akin_keras_config {
  const akin_json *model; /* {"class_name": "Functional", "config": {…}} */
  const char *version;    /* of the Keras that wrote it, "2.15.0"; NULL: taken for 3 unless the text says otherwise */
  uint32_t height, width; /* of the images, where the model leaves it open; 0: it must say so itself */
} akin_keras_config;

/*
 * The network with its entries (akin_layers_entry), ending with the model's first output.
 *   layers: freed by the caller, also on failure
 * Errors: UNSUPPORTED (a layer or setting that is not known: names it), FORMAT (not such a configuration, layers that
 * wait for each other or do not fit), USAGE (another size than it takes), LIMIT (too many), MEMORY.
 */
akin_status akin_keras_config_build(akin_layers *layers, const akin_keras_config *config, akin_error *err);

#endif
