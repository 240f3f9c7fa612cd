/* feature.h - which layer of a network is its feature. */
#ifndef AKIN_MODEL_FEATURE_H
#define AKIN_MODEL_FEATURE_H

#include "model/layers.h"

/*
 * The feature layer: `wanted` when it is given: a name, or "-2" counted from the end; else by the rule: from the output
 * step back over softmax, reshape, flatten and layers that only act in training to the last dense or 1×1 convolution
 * layer, which makes class scores, and take its input; where there is no such head, the output itself.
 *   asked: who wants it, for *rule: "the card" …
 *   layer: never one that only acts in training: its input has the same values
 *   rule: what chose it, for people; akin_free
 * Errors: NOT_FOUND (names the nearest layer), MEMORY.
 */
akin_status akin_feature_find(size_t *layer, char **rule, const akin_layers *layers, const char *wanted,
                              const char *asked, akin_error *err);

/* The rule for the tensors of an ONNX graph, which feature_graph.c says. */
akin_status akin_feature_of_graph(size_t *layer, char **rule, const akin_layers *layers, akin_error *err);

#endif
