/*
 * binding.h - which tensor of a weights file is which weight of a layer, and how it lies there: the one place that
 * knows layouts. What comes out is what ONNX wants:
 *
 *     weight                 Keras                   PyTorch                ONNX
 *     Conv2D kernel          [h, w, in, out]         [out, in, h, w]        [out, in, h, w]
 *     DepthwiseConv2D kernel [h, w, in, multiplier]  [in·multiplier, 1, h, w]  as PyTorch
 *     Conv2DTranspose kernel [h, w, out, in]         -                      [in, out, h, w]
 *     SeparableConv2D's two  as the first two        -                      as the first two
 *     Dense kernel           [in, out]               [out, in]              [in, out]
 *     PReLU's alpha of a map [h, w, channels]        -                      [channels, h, w]
 *     all others             [n]                     [n]                    as they are
 */
#ifndef AKIN_MODEL_BINDING_H
#define AKIN_MODEL_BINDING_H

#include "model/layers.h"
#include "weights/tensors.h"

/* Names the tensors of a layer's weights: module + ".weight", ".bias", ".running_mean" … Errors: MEMORY. */
akin_status akin_binding_torch(akin_layers *layers, size_t layer, const char *module, akin_error *err);

/*
 * Takes the older names of modules for weights that the file has under these alone: "norm.1" for "norm1", as official
 * files of DenseNet have them. Errors: MEMORY.
 */
akin_status akin_binding_take_older(akin_layers *layers, const akin_tensors *tensors, akin_error *err);

/*
 * Does a file have exactly the weights of these layers? Those of a Keras file are bound before (keras_weights.h), which
 * also sees that none are left over.
 * Errors: MISMATCH: a weight that is missing or of another shape or type (names layer, expected and found), tensors
 * that no layer wants. PyTorch's counters "num_batches_tracked" are no weights.
 */
akin_status akin_binding_check(const akin_layers *layers, const akin_tensors *tensors, akin_error *err);
/* The same of one weight. */
akin_status akin_binding_check_weight(const akin_layer *layer, size_t weight, const akin_tensors *tensors,
                                      akin_error *err);

/* out: f32, ONNX's layout. Errors: FORMAT (a value is NaN or infinite: names file and tensor), those of
 * akin_tensors_read. The file was checked. */
akin_status akin_binding_read(float *out, const akin_layer *layer, size_t weight, const akin_tensors *tensors,
                              akin_error *err);

#endif
