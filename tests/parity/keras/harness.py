"""harness.py - what the comparisons with Keras share: weights that are hard to get right, files in every form, and what
comparisons of all kinds do (comparing.py).

Deep networks with ordinary random weights give nearly the same feature for every image, whatever is wrong in between.
So statistics come from the images themselves and are then disturbed, some channels have variances near epsilon, gammas
change their sign and all biases count; and what all images share is taken away before features are compared.
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import h5py
import keras
import numpy
import tensorflow
from keras.src.legacy.saving import legacy_h5_format

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from comparing import Akin, Report, add_result, main, picture, save_files, save_pictures, turned  # for those who import this


# ---- weights ----

def kernel_values(random, name, shape):
    """Variance kept through a ReLU; output channels of very different strength. Shapes as Keras has them."""
    depthwise = "depthwise" in name
    fan_in = int(numpy.prod(shape[:2])) if depthwise else int(numpy.prod(shape[:-1]))
    channels = shape[2:] if depthwise else shape[-1:]
    strength = 10 ** random.uniform(-2, 0.15, channels) * numpy.where(random.random(channels) < 0.3, 1, 0) + numpy.where(
        random.random(channels) < 0.9, 1, 0.01)
    return random.standard_normal(shape) * numpy.sqrt(2 / fan_in) * strength


def scramble(model, pixels, seed=1):
    """Gives every weight of model a random value. pixels: [n, height, width, 3], what the network is fed with."""
    random = numpy.random.default_rng(seed)
    normalizations, weakened = [], branch_ends(model)
    for layer in all_layers(model):
        if isinstance(layer, keras.layers.BatchNormalization):
            normalizations.append(layer)
        if isinstance(layer, keras.layers.Normalization):
            adapt(layer, random)
        for variable in layer.trainable_weights:
            shape, name = tuple(variable.shape), variable.name
            if "kernel" in name:
                value = kernel_values(random, name, shape)
            elif name == "gamma":
                value = random.uniform(0.5, 1.5, shape) * random.choice([-1, 1, 1], shape)
            else:
                value = random.standard_normal(shape) * 0.3
            variable.assign(value)
        sharpen(layer)
        if layer.name in weakened:
            layer.gamma.assign(layer.gamma * WEAKENED)
            layer.beta.assign(layer.beta * WEAKENED)
    momenta = [layer.momentum for layer in normalizations]
    for layer in normalizations:
        layer.momentum = 0.0
    if normalizations:  # whose statistics become those of this batch
        frugal(model)(pixels, training=True)
    for layer, momentum in zip(normalizations, momenta):
        layer.momentum = momentum
        mean, variance = layer.moving_mean.numpy(), layer.moving_variance.numpy()
        layer.moving_mean.assign(mean + 0.2 * numpy.sqrt(variance) * random.standard_normal(mean.shape))
        layer.moving_variance.assign(numpy.maximum(variance * random.uniform(0.6, 1.6, mean.shape), 1e-4))
    calm(model.layers[-1], model, pixels)


# Branches that are added to what goes past them without an activation behind the sum amplify rounding, each a little: where
# there are more than DEEP of them, two computations in f32 differ visibly, whoever is right. There they are made weaker.
DEEP = 30
WEAKENED = 0.3


def branch_ends(model):
    """Names of the last normalizations of the branches of EfficientNets that are that deep."""
    names = {layer.name for layer in all_layers(model)}
    ends = {name for name in names if name.endswith("project_bn") and name.removesuffix("project_bn") + "add" in names}
    return ends if len(ends) > DEEP else set()


def frugal(model):
    """The model as a function, of a deep network as a graph: that frees what it needs no more."""
    return tensorflow.function(model) if branch_ends(model) else model


# Of ConvNeXt's blocks: factor of the kernel, factor of the bias, and what is added to the bias. What is normalized is
# small, so that epsilon shows; gelu is given values at which tanh approximates it badly, and what it makes is enlarged.
SHARPENED = {"_depthwise_conv": (0.01, 0.01, 0), "_pointwise_conv_1": (0.3, 1, -3), "_pointwise_conv_2": (30, 1, 0)}


def sharpen(layer):
    for ending, (kernel, bias, more) in SHARPENED.items():
        if layer.name.endswith(ending):
            layer.kernel.assign(layer.kernel * kernel)
            layer.bias.assign(layer.bias * bias + more)


def adapt(layer, random):
    """Of a Normalization whose numbers are weights."""
    if layer.input_mean is None:
        layer.adapt_mean.assign(random.uniform(0.3, 0.6, 3))
        layer.adapt_variance.assign(random.uniform(0.1, 0.4, 3))
        layer.finalize_state()


def calm(head, model, pixels):
    """Class scores of a size at which softmax leaves differences."""
    if not isinstance(head, keras.layers.Dense) or head.activation is not keras.activations.softmax:
        return
    head.activation = keras.activations.linear
    scale = float(numpy.std(frugal(model)(pixels).numpy())) / 2
    head.activation = keras.activations.softmax
    head.kernel.assign(head.kernel / scale)


def all_layers(model):
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from all_layers(layer)
        else:
            yield layer


# ---- files ----

def save(model, path):
    """By the path's ending: .h5 is the legacy form, weights only, that all official files have."""
    if path.endswith(".weights.h5"):
        model.save_weights(path)
    elif path.endswith(".h5"):
        with h5py.File(path, "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, model)
    else:
        model.save(path)


# ---- images ----

def load(paths, height, width):
    """As a notebook does."""
    return numpy.stack([keras.utils.img_to_array(keras.utils.load_img(path, target_size=(height, width)))
                        for path in paths])
