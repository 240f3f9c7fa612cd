"""structures.py AKIN - does every layer of a user's own model get its own weights?

Small models, built so that weights of one shape are many and that the order in which they lie in a file is not the one in
which layers were made: branches, layers and models that are used twice, models inside models, of which parts are frozen.
Keras 3 and Keras 2 (tf_keras) save each as .h5 and .keras; akin imports the file, and must compute what Keras does from
the same pixels. At the end the comparison is put to the test: a file whose configuration says otherwise what was frozen
must be refused, not read in another order.
"""

import json
import os
import sys
import tempfile

import h5py
import numpy

import harness
from harness import keras

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
import tf_keras  # noqa: E402

HEIGHT, WIDTH = 17, 14


# ---- the models: k is Keras 3 or Keras 2 ----

def given(k):
    """The input, and what preparing pixels inside a model gives."""
    x = k.layers.Input((HEIGHT, WIDTH, 3))
    return x, k.layers.Rescaling(1 / 127.5, offset=-1.0)(x)


def ended(k, first, x):
    return k.Model(first, k.layers.Dense(5, name="last")(k.layers.GlobalAveragePooling2D()(x)))


def conv(k, name=None, activation="relu"):
    """All of one shape where 4 channels come in."""
    return k.layers.Conv2D(4, 3, padding="same", activation=activation, name=name)


def block(k, name, *names):
    """A model of its own: convolutions with batch normalizations between."""
    x = inside = k.layers.Input((None, None, 4))
    for part in names:
        x = k.layers.BatchNormalization(name=f"{part}_bn")(conv(k, part)(x))
    return k.Model(inside, x, name=name)


def branches(k):
    """Made in another order than model.layers has: that is by depth."""
    first, x = given(k)
    x = conv(k, "z")(x)
    long = conv(k, "b3")(conv(k, "b2")(conv(k, "b1")(x)))
    short = conv(k, "a")(x)
    other = conv(k, "d2")(conv(k, "d1")(x))
    return ended(k, first, k.layers.Add()([other, k.layers.Maximum()([long, short]), long]))


def sequential(k):
    return k.Sequential([
        k.layers.Input((HEIGHT, WIDTH, 3)), k.layers.Rescaling(1 / 127.5, offset=-1.0), conv(k),
        k.layers.BatchNormalization(scale=False), conv(k), k.layers.BatchNormalization(center=False),
        k.layers.Dropout(0.5), k.layers.DepthwiseConv2D(3, depth_multiplier=2), k.layers.SeparableConv2D(4, 3),
        k.layers.LayerNormalization(), k.layers.PReLU(shared_axes=[1, 2]), k.layers.Conv2DTranspose(4, 3, strides=2),
        k.layers.PReLU(), k.layers.GlobalMaxPooling2D(), k.layers.Dense(4, activation="tanh"), k.layers.Dense(4)])


def frozen_layer(k):
    first, x = given(k)
    inner = block(k, "inner", "a", "b", "c")
    inner.get_layer("a").trainable = False
    inner.get_layer("b_bn").trainable = False
    return ended(k, first, inner(conv(k)(x)))


def frozen_model(k):
    first, x = given(k)
    inner = block(k, "inner", "a", "b", "c")
    inner.trainable = False
    return ended(k, first, conv(k)(inner(conv(k)(x))))


def frozen_but_the_end(k):
    """As fine-tuning begins: all frozen, then the last layers not."""
    first, x = given(k)
    inner = block(k, "inner", "a", "b", "c")
    inner.trainable = False
    model = ended(k, first, inner(conv(k)(x)))
    inner.trainable = True
    for layer in inner.layers[:-3]:
        layer.trainable = False
    return model


def deep(k):
    """A model in a model in a model; the middle one is frozen, and in it one layer is not."""
    first, x = given(k)
    core = block(k, "core", "p", "q")
    inside = k.layers.Input((None, None, 4))
    middle = k.Model(inside, conv(k, "after")(core(conv(k, "before")(inside))), name="middle")
    shell_in = k.layers.Input((None, None, 4))
    shell = k.Model(shell_in, conv(k, "out")(middle(conv(k, "in")(shell_in))), name="shell")
    middle.trainable = False
    core.get_layer("q").trainable = True
    return ended(k, first, shell(conv(k)(x)))


def shared(k):
    """A layer and a model that are used twice."""
    first, x = given(k)
    twice, inner = conv(k, "twice"), block(k, "inner", "a", "b")
    return ended(k, first, inner(conv(k)(inner(twice(twice(conv(k)(x)))))))


def held(k):
    """A layer that is inside a model and outside. Of such a .keras file Keras finds the weights once, and refuses it."""
    first, x = given(k)
    outside = conv(k, "outside")
    holder_in = k.layers.Input((None, None, 4))
    holder = k.Model(holder_in, conv(k, "in_it")(outside(holder_in)), name="holder")
    return ended(k, first, outside(holder(conv(k)(x))))


def normalized(k):
    """Statistics that adapt() took are weights, and one of them is no float."""
    layer = k.layers.Normalization()
    layer.adapt(numpy.random.default_rng(3).uniform(0, 255, (4, HEIGHT, WIDTH, 3)).astype("float32"))
    first = k.layers.Input((HEIGHT, WIDTH, 3))
    return ended(k, first, conv(k)(conv(k)(layer(first))))


MODELS = [branches, sequential, frozen_layer, frozen_model, frozen_but_the_end, deep, shared, held, normalized]
FORMS = {held: [".h5"]}  # all others: both


# ---- weights ----

def leaves(model):
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from leaves(layer)
        else:
            yield layer


def fill(model, seed):
    """No two weights are alike. By set_weights, whose order is each layer's own and has nothing to do with freezing."""
    random = numpy.random.default_rng(seed)
    for layer in leaves(model):
        if type(layer).__name__ == "Normalization":
            continue
        values = []
        for variable in layer.weights:
            shape, name = tuple(variable.shape), variable.name.split("/")[-1].split(":")[0]
            if "kernel" in name:
                values.append(random.standard_normal(shape) * numpy.sqrt(2 / max(1, numpy.prod(shape[:-1]))))
            elif "variance" in name:
                values.append(random.uniform(0.05, 2, shape))
            elif name == "gamma":
                values.append(random.uniform(0.5, 1.5, shape) * random.choice([-1, 1, 1], shape))
            else:
                values.append(random.standard_normal(shape) * 0.3)
        layer.set_weights(values)


# ---- comparing ----

def compare(akin, report, paths, pixels, k, make, number):
    which = "Keras 3" if k is keras else "Keras 2"
    keras.utils.clear_session()
    tf_keras.utils.set_random_seed(1)
    model = make(k)
    fill(model, number)
    want = numpy.asarray(model(pixels.astype("float32"))).astype(numpy.float64)
    for ending in FORMS.get(make, [".h5", ".keras"]):
        path = os.path.join(akin.folder, make.__name__ + ending)
        model.save(path)
        answer = akin.ask("model", "import", path, "--name", "own", "--replace")
        if answer.returncode != 0:
            report.expect(False, f"{make.__name__}, {which}, {ending}: {answer.stderr.strip()}")
            continue
        report.same(akin.embed("own", paths, "--layer", "-1"), want, f"{make.__name__}, {which}, {ending}")


def thawed(value):
    """A configuration in which nothing is frozen."""
    if isinstance(value, dict):
        return {key: True if key == "trainable" else thawed(part) for key, part in value.items()}
    return [thawed(part) for part in value] if isinstance(value, list) else value


def refuse_thawed(akin, report, k, make):
    path = os.path.join(akin.folder, "thawed.h5")
    model = make(k)
    fill(model, 1)
    model.save(path)
    with h5py.File(path, "r+") as file:
        config = json.dumps(thawed(json.loads(file.attrs["model_config"])))
        del file.attrs["model_config"]
        file.attrs["model_config"] = config
    answer = akin.ask("model", "import", path, "--name", "own", "--replace")
    report.expect(answer.returncode == 1 and "must be" in answer.stderr or "by the order" in answer.stderr,
                  f"{make.__name__} that says it was not frozen is refused: {answer.stderr.strip()}")


def main():
    report = harness.Report()
    with tempfile.TemporaryDirectory() as folder:
        akin = harness.Akin(sys.argv[1], folder)
        paths, pixels = harness.save_pictures(folder, HEIGHT, WIDTH)
        for k in (keras, tf_keras):
            for number, make in enumerate(MODELS):
                compare(akin, report, paths, pixels, k, make, number)
        for make in (frozen_layer, frozen_but_the_end):
            refuse_thawed(akin, report, keras, make)
    sys.exit(1 if report.failures else 0)


if __name__ == "__main__":
    main()
