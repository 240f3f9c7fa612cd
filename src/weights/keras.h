/*
 * keras.h - what a Keras file says beyond its tensors: its form, the model's configuration, and which tensors belong to
 * one layer. akin_tensors_open reads all three forms; names of tensors are their places in the HDF5 file.
 *
 *     form      file                                  a group is                    names of its tensors
 *     legacy    .h5, Keras 1 to 3, whole or weights   a layer, by its name there    conv1/conv1/kernel:0
 *     weights   .weights.h5, Keras 3                  a layer or model, by place    layers/conv2d/vars/0
 *     archive   .keras, Keras 2.12 to 3               likewise                      likewise
 *
 * How groups find layers: model/keras_weights.h.
 */
#ifndef AKIN_WEIGHTS_KERAS_H
#define AKIN_WEIGHTS_KERAS_H

#include "weights/tensors.h"

typedef enum akin_keras_form { AKIN_KERAS_LEGACY, AKIN_KERAS_WEIGHTS, AKIN_KERAS_ARCHIVE } akin_keras_form;

/* A run of tensors: those from number `first` of akin_tensors_at, in Keras' order inside the layer. */
typedef struct akin_keras_group {
  const char *name; /* legacy: "conv1"; else the place without its "/vars": "layers/conv2d_1", "" for the model's own */
  size_t first, count; /* count 0: a layer without weights, when the file lists it */
} akin_keras_group;

typedef struct akin_keras_file {
  akin_keras_form form;
  const char *version; /* of the Keras that wrote it, "3.15.1"; NULL: the file does not say, as Keras 1 */
  const char *config;  /* JSON text of the whole model; NULL: weights only */
  size_t config_size;
  const akin_keras_group *groups; /* [group_count]; legacy: in the order of the file's layer_names */
  size_t group_count;
} akin_keras_file;

/* All of it lives as long as the tensors. NULL: not a Keras file. */
const akin_keras_file *akin_tensors_keras(const akin_tensors *t);

#endif
