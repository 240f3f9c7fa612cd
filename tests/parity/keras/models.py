"""models.py AKIN [NAME…] - are models as users make them computed as Keras computes them?

Transfer learning as its tutorials teach it: one of Keras' applications inside a model, preprocessing in front of it,
augmentation, new dense layers behind it, some layers frozen. Keras 3 and Keras 2 save each in both forms; akin imports
the file without a word about preprocessing. Then what akin assumed of pixels must be what the application's own
preprocess_input does, the feature layer the one in front of the class scores, and --layer must count as model.layers.
NAME: only models whose names hold it.
"""

import os
import sys
import tempfile

import numpy

import harness
from harness import keras

import tf_keras  # noqa: E402

SIZE = (71, 75)


def tail(k, x, classes=3):
    x = k.layers.GlobalAveragePooling2D()(x)
    x = k.layers.Dropout(0.3)(x)
    x = k.layers.Dense(16, activation="relu", name="taste")(x)
    return k.layers.Dense(classes, activation="softmax", name="scores")(x)


def application(k, name, **options):
    return getattr(k.applications, name)(weights=None, include_top=False, input_shape=(*SIZE, 3), **options)


def tutorial(k):
    """Augmentation, preprocess_input as operations, a frozen application, a new head."""
    image = k.Input((*SIZE, 3))
    x = k.Sequential([k.layers.RandomFlip("horizontal"), k.layers.RandomRotation(0.2)], name="augmentation")(image)
    x = k.layers.Rescaling(1 / 127.5, offset=-1)(x)
    base = application(k, "MobileNetV2", alpha=0.35)
    base.trainable = False
    return k.Model(image, tail(k, base(x, training=False)))


def fine_tuned(k):
    image = k.Input((*SIZE, 3))
    base = application(k, "MobileNet", alpha=0.25)
    for layer in base.layers[:-20]:
        layer.trainable = False
    return k.Model(image, tail(k, base(k.applications.mobilenet.preprocess_input(image))))


def caffe_inside(k):
    """Channels turned round and means taken away, as operations."""
    image = k.Input((*SIZE, 3))
    base = application(k, "VGG16")
    return k.Model(image, tail(k, base(k.applications.vgg16.preprocess_input(image))))


def flat(k):
    """An application whose layers are the model's own."""
    base = application(k, "MobileNetV2", alpha=0.35)
    return k.Model(base.input, tail(k, base.output))


def in_sequence(k):
    return k.Sequential([application(k, "MobileNetV3Small"), k.layers.GlobalMaxPooling2D(),
                         k.layers.Dense(9, activation="relu", name="taste"), k.layers.Dense(3, name="scores")])


def efficient(k):
    base = application(k, "EfficientNetB0")
    base.trainable = False
    return k.Sequential([k.Input((*SIZE, 3)), base, k.layers.GlobalAveragePooling2D(),
                         k.layers.BatchNormalization(), k.layers.Dense(8, activation="swish", name="taste"),
                         k.layers.Dense(3, name="scores")])


def dense_net(k):
    image = k.Input((*SIZE, 3))
    return k.Model(image, tail(k, application(k, "DenseNet121")(image)))


def nas_net(k):
    image = k.Input((*SIZE, 3))
    return k.Model(image, tail(k, application(k, "NASNetMobile")(image)))


def bare_efficient(k):
    """Its own layers for pixels left out."""
    base = application(k, "EfficientNetV2B0", include_preprocessing=False)
    return k.Model(base.input, tail(k, base.output))


def headless(k):
    """No class scores at the end: the output is the feature."""
    image = k.Input((*SIZE, 3))
    x = k.layers.Rescaling(1 / 255)(image)
    for filters in (8, 16, 12):
        x = k.layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
    return k.Model(image, k.layers.UnitNormalization()(k.layers.GlobalAveragePooling2D()(x)))


def two_heads(k):
    image = k.Input((*SIZE, 3))
    x = k.layers.Rescaling(1 / 255)(image)
    x = k.layers.Conv2D(8, 5, strides=3, activation="relu")(x)
    x = k.layers.Dense(11, activation="tanh", name="taste")(k.layers.GlobalAveragePooling2D()(x))
    return k.Model(image, [k.layers.Dense(4, name="scores")(x), k.layers.Dense(1, name="price")(x)])


def open_size(k):
    """The size of images is left open; a layer sets it."""
    image = k.Input((None, None, 3))
    x = k.layers.Rescaling(1 / 255)(k.layers.Resizing(*SIZE)(image))
    return k.Model(image, tail(k, k.layers.Conv2D(8, 3, activation="relu")(x)))


# The pixels that akin must choose by itself, as a function of what Keras is fed with.
PIXELS = {
    **{make: lambda x: x / 127.5 - 1 for make in (flat, nas_net, bare_efficient)},
    dense_net: lambda x: (x / 255 - numpy.array([0.485, 0.456, 0.406])) / numpy.array([0.229, 0.224, 0.225]),
}
MODELS = [tutorial, fine_tuned, caffe_inside, flat, in_sequence, efficient, dense_net, nas_net, bare_efficient, headless,
          two_heads, open_size]
FEATURES = {headless: None}  # all others: taste


def leaves(model):
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from leaves(layer)
        else:
            yield layer


def fill(model, fed, seed=1):
    """Random weights; statistics of batch normalizations from the pixels themselves, so that nothing saturates."""
    random = numpy.random.default_rng(seed)
    normalizations = []
    for layer in leaves(model):
        kind = type(layer).__name__
        if kind in ("Normalization", "SeedGenerator"):
            continue
        if kind == "BatchNormalization":
            normalizations.append(layer)
        for variable in layer.weights:
            shape, name = tuple(variable.shape), variable.name.split("/")[-1].split(":")[0]
            if "kernel" in name:
                fan = numpy.prod(shape[:2]) if "depthwise" in name else numpy.prod(shape[:-1])
                variable.assign(random.standard_normal(shape) * numpy.sqrt(2 / fan))
            elif name == "gamma":
                variable.assign(random.uniform(0.5, 1.5, shape) * random.choice([-1, 1, 1], shape))
            elif name in ("bias", "beta"):
                variable.assign(random.standard_normal(shape) * 0.3)
    for layer in normalizations:
        watch(layer)
    model(fed, training=False)
    for layer in normalizations:
        del layer.call


def watch(layer):
    """The layer's statistics become those of what it is given next, disturbed."""
    original = layer.call

    def call(inputs, *arguments, **named):
        values = numpy.asarray(inputs)
        axes = tuple(range(values.ndim - 1))
        layer.moving_mean.assign(values.mean(axis=axes) + 0.1 * values.std(axis=axes))
        layer.moving_variance.assign(numpy.maximum(values.var(axis=axes) * 1.3, 1e-4))
        return original(inputs, *arguments, **named)

    layer.call = call


def first(value):
    return numpy.asarray(value[0] if isinstance(value, (list, tuple)) else value).astype(numpy.float64)


def compare(akin, report, paths, pixels, k, make):
    which = f"{make.__name__}, Keras {3 if k is keras else 2}"
    k.utils.clear_session() if hasattr(k.utils, "clear_session") else k.backend.clear_session()
    model = make(k)
    fed = PIXELS.get(make, lambda x: x)(pixels.astype("float32")).astype("float32")
    fill(model, fed)
    feature = FEATURES.get(make, "taste")
    inner = k.Model(model.inputs, model.get_layer(feature).output) if feature else model
    features = first(inner(fed, training=False))
    if feature:  # class scores at which softmax leaves differences
        kernel = model.get_layer("scores").kernel
        kernel.assign(numpy.asarray(kernel) / max(1, 2 * features.std()))
    scores = first(model(fed, training=False))
    for ending in (".keras", ".h5"):
        path = os.path.join(akin.folder, make.__name__ + ending)
        try:
            model.save(path)
        except (TypeError, NotImplementedError) as error:
            print(f"skipped  {which} {ending}: Keras does not write it: {error}")
            continue
        answer = akin.ask("model", "import", path, "--name", "own", "--replace")
        if answer.returncode != 0:
            report.expect(False, f"{which} {ending}: {answer.stderr.strip()}")
            continue
        report.same(akin.embed("own", paths), features, f"{which} {ending} feature")
        if feature:
            report.same(akin.embed("own", paths, "--layer", feature), features, f"{which} {ending} --layer {feature}")
            back = "-3" if make is two_heads else "-2"
            report.same(akin.embed("own", paths, "--layer", back), features, f"{which} {ending} --layer {back}")
            report.same(akin.embed("own", paths, "--layer", "scores"), scores, f"{which} {ending} scores")


def main():
    program, *wanted = sys.argv[1:]
    report = harness.Report()
    with tempfile.TemporaryDirectory() as folder:
        akin = harness.Akin(program, folder)
        paths, pixels = harness.save_pictures(folder, *SIZE)
        for make in MODELS:
            if not wanted or any(word in make.__name__ for word in wanted):
                for k in (keras, tf_keras):
                    compare(akin, report, paths, pixels, k, make)
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
