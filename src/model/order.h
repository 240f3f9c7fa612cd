/*
 * order.h - the order in which Keras lists a network's layers (model.layers), which files of weights follow.
 *
 * A family adds layers as Keras' own code creates them. Keras then sorts them by their distance from the output, the
 * farthest first; layers of equal distance as a walk back from the output meets them, which follows the inputs of each
 * layer in their order. In a network of branches that is another order than that of creation.
 */
#ifndef AKIN_MODEL_ORDER_H
#define AKIN_MODEL_ORDER_H

#include "model/layers.h"

/* Sorts layers, whose output is the last one added; every layer leads to it. Errors: MEMORY. */
akin_status akin_layers_order(akin_layers *layers, akin_error *err);

#endif
