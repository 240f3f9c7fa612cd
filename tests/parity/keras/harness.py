"""harness.py - what the comparisons with Keras share: weights that are hard to get right, images, files in every form,
running akin, and the measure of how far two sets of features are apart.

Deep networks with ordinary random weights give nearly the same feature for every image, whatever is wrong in between.
So statistics come from the images themselves and are then disturbed, some channels have variances near epsilon, gammas
change their sign and all biases count; and what all images share is taken away before features are compared.
"""

import json
import os
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import h5py
import keras
import numpy
from keras.src.legacy.saving import legacy_h5_format
from PIL import Image

ALLOWED = 1e-4  # of the largest value
COSINE = 0.9999  # at least
SPREAD = 1e-2  # of the largest value: features of different images differ at least so much
IMAGES = 6


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
    normalizations = []
    for layer in all_layers(model):
        if isinstance(layer, keras.layers.BatchNormalization):
            normalizations.append(layer)
        if isinstance(layer, keras.layers.Normalization):
            adapt(layer, random.uniform(0.3, 0.6, 3), random.uniform(0.1, 0.4, 3))
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
    momenta = [layer.momentum for layer in normalizations]
    for layer in normalizations:
        layer.momentum = 0.0
    if normalizations:
        model(pixels, training=True)  # the statistics are now those of this batch
    for layer, momentum in zip(normalizations, momenta):
        layer.momentum = momentum
        mean, variance = layer.moving_mean.numpy(), layer.moving_variance.numpy()
        layer.moving_mean.assign(mean + 0.2 * numpy.sqrt(variance) * random.standard_normal(mean.shape))
        layer.moving_variance.assign(numpy.maximum(variance * random.uniform(0.6, 1.6, mean.shape), 1e-4))
    calm(model.layers[-1], model, pixels)


# Of ConvNeXt's blocks: factor of the kernel, factor of the bias, and what is added to the bias. What is normalized is
# small, so that epsilon shows; gelu is given values at which tanh approximates it badly, and what it makes is enlarged.
SHARPENED = {"_depthwise_conv": (0.01, 0.01, 0), "_pointwise_conv_1": (0.3, 1, -3), "_pointwise_conv_2": (30, 1, 0)}


def sharpen(layer):
    for ending, (kernel, bias, more) in SHARPENED.items():
        if layer.name.endswith(ending):
            layer.kernel.assign(layer.kernel * kernel)
            layer.bias.assign(layer.bias * bias + more)


def adapt(layer, mean, variance):
    """Of a Normalization whose numbers are weights."""
    if layer.input_mean is None:
        layer.adapt_mean.assign(mean)
        layer.adapt_variance.assign(variance)
        layer.finalize_state()


def unadapt(model):
    for layer in all_layers(model):
        if isinstance(layer, keras.layers.Normalization):
            adapt(layer, numpy.zeros(3), numpy.ones(3))


def calm(head, model, pixels):
    """Class scores of a size at which softmax leaves differences."""
    if not isinstance(head, keras.layers.Dense) or head.activation is not keras.activations.softmax:
        return
    head.activation = keras.activations.linear
    scale = float(numpy.std(model(pixels).numpy())) / 2
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

def picture(random, height, width):
    """Waves, an edge and noise: [height, width, 3] u8."""
    y, x = numpy.mgrid[0:height, 0:width] / max(height, width)
    waves = [numpy.sin(random.uniform(2, 30) * x + random.uniform(2, 30) * y + random.uniform(0, 6)) for _ in range(3)]
    edge = (x * random.uniform(-1, 1) + y * random.uniform(-1, 1) > random.uniform(-0.2, 0.4)) * 90
    noise = random.normal(0, random.choice([4, 40]), (height, width, 3))
    image = numpy.stack(waves, axis=2) * 80 + random.uniform(60, 140, 3) + edge[:, :, None] + noise
    return numpy.clip(image, 0, 255).astype(numpy.uint8)


def save_pictures(folder, height, width, seed=5):
    """IMAGES files of exactly that size, without loss. Returns their paths and pixels [IMAGES, height, width, 3]."""
    random = numpy.random.default_rng(seed)
    pixels = numpy.stack([picture(random, height, width) for _ in range(IMAGES)])
    paths = [os.path.join(folder, f"exact-{width}x{height}-{i}.png") for i in range(IMAGES)]
    for path, image in zip(paths, pixels):
        Image.fromarray(image).save(path)
    return paths, pixels


def save_files(folder, seed=6):
    """IMAGES files of other sizes, JPEG and PNG, one of them with transparency, one that the camera turned."""
    random = numpy.random.default_rng(seed)
    sizes = [(400, 300), (301, 517), (96, 64), (640, 480), (333, 333), (50, 211)]
    paths = []
    for i, (width, height) in enumerate(sizes):
        image = Image.fromarray(picture(random, height, width))
        path = os.path.join(folder, f"file-{i}." + ("png" if i % 3 == 2 else "jpg"))
        if i == 2:
            image.putalpha(Image.fromarray(random.integers(0, 256, (height, width), dtype=numpy.uint8)))
        options = {"exif": turned()} if i == 1 else {}
        image.save(path, **options)
        paths.append(path)
    return paths


def turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def load(paths, height, width):
    """As a notebook does."""
    return numpy.stack([keras.utils.img_to_array(keras.utils.load_img(path, target_size=(height, width)))
                        for path in paths])


# ---- akin ----

class Akin:
    """The command, with models and store in a folder of their own."""

    def __init__(self, program, folder):
        self.program, self.folder = os.path.abspath(program), folder
        self.environment = dict(os.environ, AKIN_MODELS=os.path.join(folder, "models"),
                                AKIN_STORE=os.path.join(folder, "store"), XDG_CACHE_HOME=os.path.join(folder, "cache"))

    def ask(self, *arguments):
        return subprocess.run([self.program, *arguments], env=self.environment, capture_output=True, text=True)

    def do(self, *arguments):
        answer = self.ask(*arguments)
        if answer.returncode != 0:
            sys.exit(f"akin {' '.join(arguments)}: {answer.stderr}")
        return answer.stdout

    def embed(self, model, paths, *arguments):
        """[n, dim] f64, not normalised."""
        out = os.path.join(self.folder, "features.npy")
        self.do("embed", "--raw", "--format", "npy", "-o", out, "--model", model, *arguments, *paths)
        return numpy.load(out).astype(numpy.float64)

    def inspect(self, model, *arguments):
        return json.loads(self.do("model", "inspect", model, "--format", "json", *arguments))


# ---- comparing ----

def distance(got, want):
    """(lowest cosine of a row, without what all rows of want share; largest difference, of the largest value)."""
    middle = want.mean(axis=0)
    difference = numpy.abs(got - want).max() / numpy.abs(want).max()
    got, want = got - middle, want - middle
    lengths = numpy.linalg.norm(got, axis=1) * numpy.linalg.norm(want, axis=1)
    cosine = (got * want).sum(axis=1) / numpy.maximum(lengths, 1e-300)
    return cosine.min(), difference


def spread(want):
    return numpy.abs(want - want.mean(axis=0)).max() / numpy.abs(want).max()


class Report:
    """Prints a line a comparison and counts those that failed."""

    def __init__(self):
        self.failures = 0

    def expect(self, right, what):
        self.failures += not right
        print(("ok       " if right else "NOT OK   ") + what, flush=True)

    def same(self, got, want, what):
        """Returns the largest difference."""
        if got.shape != want.shape:
            self.expect(False, f"{what}: shape {got.shape}, Keras has {want.shape}")
            return numpy.inf
        cosine, difference = distance(got, want)
        right = cosine >= COSINE and difference <= ALLOWED and spread(want) >= SPREAD
        self.expect(right, f"{what}: difference {difference:.1e}, cosine {cosine:.7f}, spread {spread(want):.2f}")
        return difference

    def different(self, got, want, what):
        cosine, difference = distance(got, want)
        self.expect(difference > 10 * ALLOWED or cosine < COSINE, f"{what} is noticed: difference {difference:.1e}, cosine {cosine:.5f}")
