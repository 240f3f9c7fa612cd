/*
 * keras_weights.h - which weights of a Keras file belong to which layer, by Keras' own rules, never by a layer's name:
 *
 *     legacy             the file's layers that have weights, in their order, are those of model.layers that have
 *                        weights, in theirs. Inside a nested model: what is trained first, then the rest
 *     weights, archive   layers/CLASS[_N], a counter for each class over model.layers; nested models nest
 *
 * model.layers are the layers in the order of their numbers (a family's network), or akin_layers.entries.
 */
#ifndef AKIN_MODEL_KERAS_WEIGHTS_H
#define AKIN_MODEL_KERAS_WEIGHTS_H

#include "model/layers.h"
#include "weights/keras.h"

/*
 * Names the tensor of every weight of every layer (akin_layer_weight.tensor).
 *   file: one of the forms of keras.h
 * Errors: MISMATCH (numbers of layers or weights, a shape: names layer, expected and found; weights that no layer
 * wants), MEMORY.
 */
akin_status akin_keras_weights_bind(akin_layers *layers, const akin_tensors *file, akin_error *err);

#endif
