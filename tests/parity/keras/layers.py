"""layers.py AKIN [NAME…] - does each layer compute what Keras' does?

Each layer, with each of its options, stands in a small model of its own: pixels, scaled, through a convolution, so that
there are values of both signs, through the layer and flattened, so that every value and its place count. Keras saves
the model as .keras; akin imports it and computes the same pixels. Sizes are odd and even. Models of Keras 2 are made by
tf_keras and saved in both its forms. NAME: only cases whose names hold it.
"""

import os
import sys
import tempfile

import numpy

import harness
from harness import keras

import tensorflow
import tf_keras

L, ops = keras.layers, keras.ops
L2, nn2, K2 = tf_keras.layers, tensorflow.nn, tensorflow
SIZES = [(13, 10), (12, 9)]
CHANNELS = 6


def randomise(model, seed=3):
    """Every weight counts, variances are near epsilon."""
    random = numpy.random.default_rng(seed)
    values = []
    for variable in model.weights:
        name, shape = variable.name.split("/")[-1], tuple(variable.shape)
        if "variance" in name:
            values.append(10 ** random.uniform(-3.5, 0.3, shape))
        elif "count" in name or "seed" in name or str(variable.dtype).replace("<dtype: '", "").startswith(("int", "uint")):
            values.append(variable.numpy())
        elif "alpha" in name:
            values.append(random.uniform(-0.5, 1.5, shape))
        else:
            values.append(random.standard_normal(shape) * 0.5)
    model.set_weights(values)
    for layer in model.layers:
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()  # of what adapt() would have found


def cases_of_weights():
    yield "Conv2D valid", lambda: L.Conv2D(5, 3)
    yield "Conv2D same", lambda: L.Conv2D(5, 3, padding="same")
    yield "Conv2D same stride 2", lambda: L.Conv2D(5, 3, strides=2, padding="same")
    yield "Conv2D same 2x4 stride 3x2", lambda: L.Conv2D(5, (2, 4), strides=(3, 2), padding="same", use_bias=False)
    yield "Conv2D valid stride 2", lambda: L.Conv2D(5, (4, 3), strides=2, activation="relu")
    yield "Conv2D groups", lambda: L.Conv2D(8, 3, groups=2, padding="same")
    yield "Conv2D groups of one", lambda: L.Conv2D(6, 3, groups=6)
    yield "Conv2D dilation", lambda: L.Conv2D(4, 3, dilation_rate=2, padding="same", activation="tanh")
    yield "Conv2D dilation 2x3 valid", lambda: L.Conv2D(4, (3, 2), dilation_rate=(2, 3))
    yield "DepthwiseConv2D", lambda: L.DepthwiseConv2D(3, padding="same", strides=2)
    yield "DepthwiseConv2D multiplier", lambda: L.DepthwiseConv2D((3, 2), depth_multiplier=3, activation="silu")
    yield "DepthwiseConv2D dilation", lambda: L.DepthwiseConv2D(3, dilation_rate=2, padding="same", use_bias=False)
    yield "SeparableConv2D", lambda: L.SeparableConv2D(7, 3, padding="same")
    yield "SeparableConv2D multiplier", lambda: L.SeparableConv2D(5, 3, strides=2, depth_multiplier=2, use_bias=False)
    yield "SeparableConv2D dilation", lambda: L.SeparableConv2D(5, (2, 3), dilation_rate=2, padding="same", activation="elu")
    for padding in ("valid", "same"):
        for kernel, stride in ((3, 1), (3, 2), (2, 3), (4, 2), ((5, 2), (2, 1))):
            yield (f"Conv2DTranspose {padding} {kernel} by {stride}",
                   lambda k=kernel, s=stride, p=padding: L.Conv2DTranspose(4, k, strides=s, padding=p, activation="tanh"))
        yield (f"Conv2DTranspose {padding} output_padding",
               lambda p=padding: L.Conv2DTranspose(4, 3, strides=2, padding=p, output_padding=1))
    yield "Conv2DTranspose without bias", lambda: L.Conv2DTranspose(4, 3, padding="same", use_bias=False)
    yield "Dense on a map", lambda: L.Dense(5, activation="gelu")
    yield "Dense on a map without bias", lambda: L.Dense(5, use_bias=False)
    yield "Dense on a vector", lambda: [L.GlobalAveragePooling2D(), L.Dense(5, activation="tanh")]
    yield "Dense on rows", lambda: [L.Reshape((-1, 3)), L.Dense(5)]
    yield "Dense on rows without bias", lambda: [L.Reshape((-1, 3)), L.Dense(5, use_bias=False)]


def cases_of_normalizations():
    yield "BatchNormalization folded", lambda: L.BatchNormalization()
    yield "BatchNormalization behind an activation", lambda: [L.Activation("tanh"), L.BatchNormalization()]
    yield "BatchNormalization epsilon", lambda: [L.ReLU(), L.BatchNormalization(epsilon=1e-5)]
    yield "BatchNormalization without scale", lambda: [L.ReLU(), L.BatchNormalization(scale=False)]
    yield "BatchNormalization without centre", lambda: [L.ReLU(), L.BatchNormalization(center=False)]
    yield "BatchNormalization without both", lambda: [L.ReLU(), L.BatchNormalization(center=False, scale=False)]
    yield "BatchNormalization axis 3", lambda: [L.ReLU(), L.BatchNormalization(axis=3)]
    yield "BatchNormalization of a vector", lambda: [L.GlobalMaxPooling2D(), L.BatchNormalization()]
    yield "BatchNormalization of rows", lambda: [L.Reshape((-1, 3)), L.BatchNormalization()]
    yield "BatchNormalization folded into SeparableConv2D", lambda: [L.SeparableConv2D(4, 3), L.BatchNormalization()]
    yield "BatchNormalization folded into DepthwiseConv2D", lambda: [
        L.DepthwiseConv2D(3, depth_multiplier=2), L.BatchNormalization()]
    yield "BatchNormalization behind Conv2DTranspose", lambda: [L.Conv2DTranspose(4, 3), L.BatchNormalization()]
    yield "BatchNormalization behind Dense", lambda: [L.Dense(4), L.BatchNormalization()]
    yield "LayerNormalization", lambda: L.LayerNormalization()
    yield "LayerNormalization epsilon", lambda: L.LayerNormalization(epsilon=1e-6, axis=3)
    yield "LayerNormalization without both", lambda: L.LayerNormalization(center=False, scale=False)
    yield "LayerNormalization of a vector", lambda: [L.GlobalAveragePooling2D(), L.LayerNormalization(scale=False)]
    yield "LayerNormalization of rows", lambda: [L.Reshape((-1, 6)), L.LayerNormalization(center=False)]
    yield "GroupNormalization 2", lambda: L.GroupNormalization(groups=2)
    yield "GroupNormalization of each channel", lambda: L.GroupNormalization(groups=-1, epsilon=1e-5)
    yield "GroupNormalization of all", lambda: L.GroupNormalization(groups=1, scale=False)
    yield "GroupNormalization of a vector", lambda: [L.GlobalAveragePooling2D(), L.GroupNormalization(groups=3)]
    yield "GroupNormalization of rows", lambda: [L.Reshape((-1, 6)), L.GroupNormalization(groups=3)]
    yield "UnitNormalization", lambda: L.UnitNormalization()
    yield "UnitNormalization of a vector", lambda: [L.Flatten(), L.UnitNormalization()]
    yield "UnitNormalization of zeros", lambda: [L.ReLU(threshold=4), L.UnitNormalization()]
    yield "Normalization by weights", lambda: L.Normalization()
    yield "Normalization by constants", lambda: L.Normalization(mean=[1, 2, 3, 4, 5, 6.5], variance=[1, 2, 3, 4, 5, 0.01])
    yield "Normalization of one for all", lambda: L.Normalization(mean=1.5, variance=0.3)
    yield "Normalization inverted", lambda: L.Normalization(mean=[1, 2, 3, 4, 5, 6.5], variance=[1, 2, 3, 4, 5, 0.01], invert=True)
    yield "LayerScale", lambda: keras.src.applications.convnext.LayerScale(0.1, CHANNELS)
    yield "StochasticDepth", lambda: keras.src.applications.convnext.StochasticDepth(0.3)


def cases_of_activations():
    for name in ("linear", "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "tanh", "sigmoid", "hard_sigmoid",
                 "hard_silu", "hard_swish", "silu", "swish", "softplus", "softsign", "softmax", "log_softmax",
                 "log_sigmoid", "exponential", "mish", "hard_tanh", "hard_shrink", "soft_shrink", "tanh_shrink",
                 "squareplus"):
        yield f"Activation {name}", lambda n=name: L.Activation(n)
    yield "ReLU", lambda: L.ReLU()
    yield "ReLU max", lambda: L.ReLU(max_value=1.5)
    yield "ReLU slope", lambda: L.ReLU(negative_slope=0.2)
    yield "ReLU slope and max", lambda: L.ReLU(max_value=1.5, negative_slope=0.2)
    yield "ReLU threshold", lambda: L.ReLU(threshold=0.5)
    yield "ReLU all", lambda: L.ReLU(max_value=2.0, negative_slope=0.1, threshold=0.7)
    yield "LeakyReLU", lambda: L.LeakyReLU()
    yield "LeakyReLU 0.05", lambda: L.LeakyReLU(negative_slope=0.05)
    yield "ELU", lambda: L.ELU(alpha=0.7)
    yield "PReLU", lambda: L.PReLU()
    yield "PReLU shared", lambda: L.PReLU(shared_axes=[1, 2])
    yield "PReLU of a vector", lambda: [L.GlobalAveragePooling2D(), L.PReLU()]
    yield "PReLU of rows", lambda: [L.Reshape((-1, 3)), L.PReLU(shared_axes=[1])]
    yield "Softmax", lambda: L.Softmax()
    yield "Softmax of a vector", lambda: [L.GlobalAveragePooling2D(), L.Softmax()]
    yield "an activation with settings", lambda: L.Conv2D(4, 3, activation=L.LeakyReLU(negative_slope=0.1))
    yield "an activation as a function", lambda: L.Conv2D(4, 3, activation=keras.activations.mish)


def cases_of_maps():
    for layer, name in ((L.MaxPooling2D, "MaxPooling2D"), (L.AveragePooling2D, "AveragePooling2D")):
        yield name, lambda l=layer: l(2)
        yield f"{name} same", lambda l=layer: l(3, strides=2, padding="same")
        yield f"{name} same 2x3", lambda l=layer: l((2, 3), strides=(1, 2), padding="same")
        yield f"{name} same stride 1", lambda l=layer: l(3, strides=1, padding="same")
        yield f"{name} padding, then valid", lambda l=layer: [L.ZeroPadding2D(1), l(3, strides=2)]
        yield f"{name} 1 stride 2", lambda l=layer: l(1, strides=2)
    for layer in (L.GlobalAveragePooling2D, L.GlobalMaxPooling2D):
        yield layer.__name__, lambda l=layer: l()
        yield f"{layer.__name__} keepdims", lambda l=layer: [l(keepdims=True), L.Conv2D(4, 1)]
    yield "ZeroPadding2D 2", lambda: L.ZeroPadding2D(2)
    yield "ZeroPadding2D 1x3", lambda: L.ZeroPadding2D((1, 3))
    yield "ZeroPadding2D of four", lambda: L.ZeroPadding2D(((1, 2), (0, 3)))
    yield "Cropping2D 1", lambda: L.Cropping2D(1)
    yield "Cropping2D of four", lambda: L.Cropping2D(((1, 0), (2, 1)))
    for interpolation in ("nearest", "bilinear", "bicubic"):
        yield f"UpSampling2D {interpolation}", lambda i=interpolation: L.UpSampling2D((2, 3), interpolation=i)
        for size in ((7, 20), (26, 5), (13, 10)):
            yield f"Resizing {interpolation} {size}", lambda i=interpolation, s=size: L.Resizing(*s, interpolation=i)
    yield "Resizing with cropping", lambda: L.Resizing(8, 4, crop_to_aspect_ratio=True)
    yield "Resizing with cropping, wide", lambda: L.Resizing(5, 17, crop_to_aspect_ratio=True)
    yield "CenterCrop", lambda: L.CenterCrop(7, 6)
    yield "Flatten", lambda: L.Flatten()
    yield "Reshape", lambda: L.Reshape((-1, 2))
    yield "Reshape to a map", lambda: [L.Reshape((-1, 2, 3)), L.Conv2D(4, (2, 1))]
    yield "Reshape of a vector", lambda: [L.Flatten(), L.Reshape((2, -1, 3)), L.Conv2D(4, 2)]
    yield "Reshape to four axes", lambda: [L.Reshape((-1, 2, 3, 1)), L.Permute((3, 1, 4, 2))]
    yield "Permute", lambda: L.Permute((3, 1, 2))
    yield "Permute back", lambda: L.Permute((2, 1, 3))
    yield "Permute of rows", lambda: [L.Reshape((-1, 3)), L.Permute((2, 1))]
    yield "Rescaling", lambda: L.Rescaling(0.3, offset=-2)
    yield "Rescaling of channels", lambda: L.Rescaling([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], offset=[1, 2, 3, 4, 5, 6])


def cases_of_training():
    yield "Dropout", lambda: L.Dropout(0.5)
    yield "SpatialDropout2D", lambda: L.SpatialDropout2D(0.5)
    yield "AlphaDropout", lambda: L.AlphaDropout(0.5)
    yield "GaussianNoise", lambda: L.GaussianNoise(0.9)
    yield "GaussianDropout", lambda: L.GaussianDropout(0.5)
    yield "ActivityRegularization", lambda: L.ActivityRegularization(0.1)
    yield "Identity", lambda: L.Identity()
    yield "RandomFlip", lambda: L.RandomFlip()
    yield "RandomRotation", lambda: L.RandomRotation(0.3)
    yield "RandomZoom", lambda: L.RandomZoom(0.3)
    yield "RandomTranslation", lambda: L.RandomTranslation(0.3, 0.3)
    yield "RandomContrast", lambda: L.RandomContrast(0.5)
    yield "RandomBrightness", lambda: L.RandomBrightness(0.5)


def cases_of_several():
    def two(x):
        return L.Conv2D(CHANNELS, 1)(x), L.Conv2D(CHANNELS, 3, padding="same")(x)

    for layer in (L.Add, L.Subtract, L.Multiply, L.Average, L.Maximum, L.Minimum):
        yield layer.__name__, lambda l=layer: (lambda x: l()(two(x)))
    yield "Add of three", lambda: (lambda x: L.Add()([*two(x), x]))
    yield "Average of three", lambda: (lambda x: L.Average()([*two(x), x]))
    yield "Multiply by channels", lambda: (lambda x: L.Multiply()([x, L.GlobalAveragePooling2D(keepdims=True)(x)]))
    yield "Multiply by a vector", lambda: (lambda x: L.Multiply()([x, L.GlobalAveragePooling2D()(x)]))
    yield "Multiply by places", lambda: (lambda x: L.Multiply()([x, L.Conv2D(1, 1)(x)]))
    yield "Concatenate", lambda: (lambda x: L.Concatenate()([*two(x), x]))
    yield "Concatenate rows", lambda: (lambda x: L.Concatenate(axis=1)(two(x)))
    yield "Concatenate columns", lambda: (lambda x: L.Concatenate(axis=-2)(two(x)))
    yield "Concatenate of vectors", lambda: (
        lambda x: L.Concatenate()([L.GlobalAveragePooling2D()(x), L.GlobalMaxPooling2D()(x)]))
    yield "CustomScaleLayer", lambda: (
        lambda x: keras.src.applications.inception_resnet_v2.CustomScaleLayer(0.17)(list(two(x))))
    yield "a layer called twice", lambda: (lambda x: twice(L.Conv2D(CHANNELS, 3, padding="same"), x))
    yield "squeeze and excite", lambda: excite


def twice(layer, x):
    return layer(keras.activations.relu(layer(x)))


def excite(x):
    y = L.GlobalAveragePooling2D(keepdims=True)(x)
    y = L.Conv2D(2, 1, activation="relu")(y)
    return x * L.Conv2D(CHANNELS, 1, activation="hard_sigmoid")(y)


def cases_of_operations():
    constant = numpy.array([1, 2, 3, 4, 5, 6.5], "float32")
    for name, function in {
        "x + 2": lambda x: x + 2, "2 - x": lambda x: 2 - x, "x - 0.5": lambda x: x - 0.5, "x * 3": lambda x: x * 3,
        "x / 127.5 - 1": lambda x: x / 127.5 - 1, "1 / (x² + 1)": lambda x: 1 / (x ** 2 + 1), "-x": lambda x: -x,
        "|x|": lambda x: abs(x), "x + x²": lambda x: x + ops.square(x), "x · constant": lambda x: x * constant,
        "constant - x": lambda x: ops.subtract(constant, x), "constant of a map": lambda x: x * numpy.random.default_rng(
            1).standard_normal(x.shape[1:]).astype("float32"), "maximum": lambda x: ops.maximum(x, 0.3),
        "minimum": lambda x: ops.minimum(x, -x), "√|x|": lambda x: ops.sqrt(ops.abs(x)), "exp": lambda x: ops.exp(x / 9),
        "log": lambda x: ops.log(x * x + 1), "x[..., ::-1]": lambda x: x[..., ::-1], "x[..., 2]": lambda x: x[..., 2],
        "x[:, 1:9, ::2, :]": lambda x: x[:, 1:9, ::2, :], "x[:, ::-2]": lambda x: x[:, ::-2], "x[:, 3]": lambda x: x[:, 3],
        "x[:, -4:-1, 2:, 1:-1]": lambda x: x[:, -4:-1, 2:, 1:-1], "x[:, 2, 3]": lambda x: x[:, 2, 3],
        "stack": lambda x: ops.stack([x[..., i] for i in (2, 1, 0)], axis=-1),
        "stack of rows": lambda x: ops.stack([x[:, 0], x[:, 5]], axis=1), "concatenate": lambda x: ops.concatenate([x, -x], axis=-1),
        "concatenate rows": lambda x: ops.concatenate([x, -x], axis=1), "mean": lambda x: ops.mean(x, axis=(1, 2)),
        "max keepdims": lambda x: x - ops.max(x, axis=[1, 2], keepdims=True), "reshape": lambda x: ops.reshape(x, (-1, x.shape[1], x.shape[2] * CHANNELS)),
        "reshape to a map": lambda x: L.Conv2D(2, 1)(ops.reshape(x, (-1, x.shape[1] * x.shape[2], 2, 3))),
        "transpose": lambda x: ops.transpose(x, (0, 2, 1, 3)), "expand and squeeze": lambda x: ops.squeeze(
            ops.expand_dims(ops.mean(x, axis=(1, 2)), 1), 1), "clip": lambda x: ops.clip(x, 0, 1.5),
        "cast": lambda x: ops.cast(x, "float32"), "relu6": lambda x: ops.relu6(x), "activations.gelu": lambda x: keras.activations.gelu(x),
        "gelu by tanh": lambda x: keras.activations.gelu(x, approximate=True), "silu": lambda x: ops.silu(x),
        "softmax": lambda x: ops.softmax(x), "hard_sigmoid": lambda x: ops.hard_sigmoid(x),
        "hard_silu": lambda x: ops.hard_silu(x), "leaky_relu": lambda x: ops.leaky_relu(x),
        "threshold": lambda x: ops.threshold(x, 0.3, -1.5), "resize": lambda x: ops.image.resize(x, (8, 15)),
        "preprocess tf": lambda x: keras.applications.xception.preprocess_input(x[..., :3]),
        "preprocess torch": lambda x: keras.applications.densenet.preprocess_input(x[..., :3]),
        "preprocess caffe": lambda x: keras.applications.vgg16.preprocess_input(x[..., :3]),
    }.items():
        yield f"operation {name}", lambda f=function: f


def cases_of_keras2():
    constant = numpy.array([1, 2, 3, 4, 5, 6.5], "float32")
    layers = {
        "Conv2D": lambda: L2.Conv2D(5, 3, strides=2, padding="same", activation="relu"),
        "Conv2D hard_sigmoid": lambda: L2.Conv2D(5, 3, activation="hard_sigmoid"),
        "DepthwiseConv2D": lambda: L2.DepthwiseConv2D(3, depth_multiplier=2, padding="same"),
        "SeparableConv2D": lambda: L2.SeparableConv2D(5, 3), "Conv2DTranspose": lambda: L2.Conv2DTranspose(5, 3, 2, "same"),
        "BatchNormalization": lambda: [L2.ReLU(), L2.BatchNormalization(scale=False)],
        "BatchNormalization folded": lambda: L2.BatchNormalization(), "LayerNormalization": lambda: L2.LayerNormalization(),
        "GroupNormalization": lambda: L2.GroupNormalization(3), "LeakyReLU": lambda: L2.LeakyReLU(), "ELU": lambda: L2.ELU(0.4),
        "ReLU": lambda: L2.ReLU(2, 0.1, 0.2), "PReLU": lambda: L2.PReLU(), "ThresholdedReLU": lambda: L2.ThresholdedReLU(0.4),
        "Softmax": lambda: L2.Softmax(), "UpSampling2D": lambda: L2.UpSampling2D(interpolation="bilinear"),
        "Resizing": lambda: L2.Resizing(7, 11), "CenterCrop": lambda: L2.CenterCrop(5, 6), "Dropout": lambda: L2.Dropout(0.5),
        "RandomFlip": lambda: L2.RandomFlip(), "RandomRotation": lambda: L2.RandomRotation(0.2),
        "Rescaling": lambda: L2.Rescaling([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], 2.0), "Normalization": lambda: L2.Normalization(),
        "UnitNormalization": lambda: L2.UnitNormalization(), "keepdims": lambda: L2.GlobalMaxPooling2D(keepdims=True),
        "AveragePooling2D": lambda: L2.AveragePooling2D(3, 2, "same"), "Permute": lambda: L2.Permute((3, 1, 2)),
        "swish": lambda: L2.Activation("swish"), "gelu": lambda: L2.Activation("gelu"), "mish": lambda: L2.Activation("mish"),
    }
    functions = {
        "x / 127.5 - 1": lambda x: x / 127.5 - 1, "2 - x": lambda x: 2.0 - x, "2 / x²": lambda x: 2.0 / (x * x + 1.0),
        "x · constant": lambda x: x * constant, "x + y": lambda x: x + K2.square(x), "-x": lambda x: -x, "|x|": lambda x: abs(x),
        "x ** 2": lambda x: x ** 2, "maximum": lambda x: K2.maximum(x, 0.3), "x[..., ::-1]": lambda x: x[..., ::-1],
        "x[..., 1]": lambda x: x[..., 1], "x[:, 1:9, ::2]": lambda x: x[:, 1:9, ::2], "relu6": lambda x: nn2.relu6(x),
        "sigmoid": lambda x: K2.sigmoid(x), "swish": lambda x: nn2.silu(x), "reduce_mean": lambda x: K2.reduce_mean(x, [1, 2]),
        "reduce_max keepdims": lambda x: x - K2.reduce_max(x, [1, 2], keepdims=True), "concat": lambda x: K2.concat([x, -x], -1),
        "stack": lambda x: K2.stack([x[..., 2], x[..., 0]], -1), "reshape": lambda x: K2.reshape(x, (-1, x.shape[1], x.shape[2] * CHANNELS)),
        "transpose": lambda x: K2.transpose(x, (0, 2, 1, 3)), "expand_dims": lambda x: K2.expand_dims(K2.reduce_mean(x, [1, 2]), 1),
        "cast": lambda x: K2.cast(x, "float32") * 2.0, "clip": lambda x: K2.clip_by_value(x, 0, 1.5),
        "image.resize": lambda x: K2.image.resize(x, (8, 15)), "leaky_relu": lambda x: nn2.leaky_relu(x), "softmax": lambda x: nn2.softmax(x),
        "gelu": lambda x: nn2.gelu(x), "activations.gelu": lambda x: tf_keras.activations.gelu(x),
        "activations.relu": lambda x: tf_keras.activations.relu(x, max_value=2.0),
        "preprocess tf": lambda x: tf_keras.applications.xception.preprocess_input(x[..., :3]),
        "preprocess torch": lambda x: tf_keras.applications.densenet.preprocess_input(x[..., :3]),
        "preprocess caffe": lambda x: tf_keras.applications.vgg16.preprocess_input(x[..., :3]),
        "Add": lambda x: L2.Add()([x, L2.Conv2D(CHANNELS, 1)(x)]), "Concatenate": lambda x: L2.Concatenate()([x, L2.Conv2D(2, 1)(x)]),
        "Multiply by a vector": lambda x: L2.Multiply()([x, L2.Reshape((1, 1, CHANNELS))(L2.GlobalAveragePooling2D()(x))]),
        "a layer called twice": lambda x: twice2(L2.Conv2D(CHANNELS, 3, padding="same"), x),
    }
    for name, make in layers.items():
        yield f"Keras 2: {name}", make
    for name, function in functions.items():
        yield f"Keras 2: {name}", lambda f=function: f


def twice2(layer, x):
    return layer(nn2.relu(layer(x)))


CASES = [cases_of_weights, cases_of_normalizations, cases_of_activations, cases_of_maps, cases_of_training,
         cases_of_several, cases_of_operations]


def build(library, make, size):
    layers = library.layers
    image = library.Input((*size, 3))
    x = layers.Rescaling(1 / 60, offset=-2)(image)
    x = layers.Conv2D(CHANNELS, 3, padding="same", name="stem")(x)
    made = make()
    for layer in made if isinstance(made, list) else [made]:
        x = layer(x)
    x = layers.Flatten(name="whole")(x)
    model = library.Model(image, x)
    randomise(model)
    return model


def compare(akin, report, library, name, make, number, forms):
    size = SIZES[number % len(SIZES)]
    paths, pixels = harness.save_pictures(akin.folder, *size)
    try:
        model = build(library, make, size)
    except Exception as error:
        report.expect(False, f"{name}: Keras does not make it: {error}")
        return
    want = model(pixels.astype("float32"), training=False).numpy().astype(numpy.float64)
    for form in forms:
        path = os.path.join(akin.folder, "case" + form)
        try:
            model.save(path)
        except TypeError as error:
            print(f"skipped  {name} {form}: Keras does not write it: {error}")
            continue
        answer = akin.ask("model", "import", path, "--name", "case", "--replace")
        if answer.returncode != 0:
            report.expect(False, f"{name} {form}: {answer.stderr.strip()}")
            continue
        got = akin.embed("case", paths, "--layer", "-1")
        report.same(got, want, f"{name} {form}")


def compare_poolings(akin, report):
    """Of a map, and of rows that are said to be tokens; the default puts rows into one."""
    layers = keras.layers
    given = layers.Input((32, 40, 3))
    x = layers.Conv2D(8, 8, strides=8, name="map")(given)
    x = layers.Reshape((20, 8), name="rows")(x)
    model = keras.Model(given, layers.Dense(5)(layers.Flatten()(x)))
    randomise(model)
    path = os.path.join(akin.folder, "poolings.keras")
    model.save(path)
    paths, pixels = harness.save_pictures(akin.folder, 32, 40)
    akin.do("model", "import", path, "--name", "poolings", "--pixels", "raw")
    rows = keras.Model(given, x)(pixels.astype("float32")).numpy().astype("float64")
    wanted = {"average": rows.mean(axis=1), "max": rows.max(axis=1)}
    for power in (1, 3, 4.5, 100):
        raised = (numpy.maximum(rows, 1e-6) / rows.max()) ** power
        wanted[f"gem:{power}"] = raised.mean(axis=1) ** (1 / power) * rows.max()
    wanted["gem"] = wanted["gem:3"]
    for pooling, values in wanted.items():
        for layer in ("map", "rows"):
            report.same(akin.embed("poolings", paths, "--layer", layer, "--pooling", pooling), values, f"{layer}, {pooling}")
    report.same(akin.embed("poolings", paths, "--layer", "rows", "--pooling", "patches"), wanted["average"], "rows, patches")
    report.same(akin.embed("poolings", paths, "--layer", "rows"), rows.reshape(len(rows), -1), "rows, as they are")


def main():
    program, *wanted = sys.argv[1:]
    report = harness.Report()
    with tempfile.TemporaryDirectory() as folder:
        akin = harness.Akin(program, folder)
        number = 0
        for cases in CASES:
            for name, make in cases():
                if not wanted or any(word in name for word in wanted):
                    compare(akin, report, keras, name, make, number, (".keras", ".h5") if number % 10 == 0 else (".keras",))
                number += 1
        for name, make in cases_of_keras2():
            if not wanted or any(word in name for word in wanted):
                compare(akin, report, tf_keras, name, make, number, (".keras", ".h5"))
            number += 1
        if not wanted or "poolings" in wanted:
            compare_poolings(akin, report)
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
