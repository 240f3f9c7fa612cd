"""families.py AKIN [NAME…] [--all] [--results FILE] - does akin compute what Keras' applications compute?

Keras makes each network, with weights that are hard to get right (harness.py), and saves it; akin imports the file and
computes features of the same pixels, and of image files through --preprocess keras. Both must agree.

Without NAME: one small network a family, with sizes at which paddings differ, in all three forms of files, and then the
comparison itself is put to the test: with channels swapped, another epsilon, another padding, averages that count their
padding and another order of flattening it must fail. --all: every card that akin has of Keras' networks as it is, with
and without its last layers. --results adds what was found to a file that scripts/make-models-table reads.
"""

import copy
import json
import os
import sys

import numpy
import tf_keras

import harness
from harness import keras

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..", "..")
sys.path.insert(0, os.path.join(TOP, "scripts"))
import keras_cards as cards

NETWORKS = {network.name: network for network in cards.networks()}

PREPROCESS = {"caffe": keras.applications.vgg16.preprocess_input, "tf": keras.applications.xception.preprocess_input,
              "torch": keras.applications.densenet.preprocess_input,
              "inside": keras.applications.mobilenet_v3.preprocess_input}

# The feature layer that akin must choose, by family. (Of MobileNetV3: what stands in front of `logits`.)
FEATURES = {"vgg": "fc2", "mobilenet": "global_average_pooling2d", "mobilenet-v2": "global_average_pooling2d",
            "nasnet-mobile": "global_average_pooling2d", "nasnet-large": "global_average_pooling2d"}

SMALL = [("vgg16", 64, 80, 10), ("resnet50", 97, 131, 7), ("resnet50-v2", 97, 131, 7), ("mobilenet-0.25-128", 97, 131, 9),
         ("mobilenet-v2-0.35-96", 97, 131, 9), ("mobilenet-v3-small", 97, 131, 9),
         ("mobilenet-v3-large-minimalistic", 97, 131, 9), ("inception-v3", 107, 139, 5),
         ("inception-resnet-v2", 107, 139, 5), ("xception", 97, 131, 5),
         ("densenet121", 97, 131, 7), ("convnext-tiny", 97, 131, 7), ("efficientnet-b0", 97, 131, 1000),
         ("efficientnet-v2-b0", 97, 131, 7), ("efficientnet-v2-s", 97, 131, 7), ("nasnet-mobile", 97, 131, 7)]


# ---- one network ----

class Case:
    """A network as Keras builds it for a size, with weights, and the same as a model of akin's."""

    def __init__(self, akin, network, height, width, classes):
        self.akin, self.network, self.name = akin, network, network.name
        self.height, self.width, self.classes = height, width, classes
        self.paths, self.pixels = harness.save_pictures(akin.folder, height, width)
        self.files = harness.save_files(akin.folder)
        self.model = self.build()

    def scrambled(self):
        pixels = self.pixels
        if harness.branch_ends(self.model):  # of images it does not know, a deep network may make values of another size
            pixels = numpy.concatenate([pixels, harness.load(self.files, self.height, self.width)])
        harness.scramble(self.model, self.fed(pixels))
        return self

    def make(self):
        """classes 0: without the last layers."""
        arguments = {"classes": self.classes} if self.classes else {"include_top": False}
        return self.network.unfilled((self.height, self.width, 3), **arguments)

    def build(self):
        """With the names that layers have in a fresh session."""
        keras.utils.clear_session()
        return self.make()

    def fed(self, pixels):
        return PREPROCESS[self.network.pixels](numpy.array(pixels, dtype=numpy.float32))

    def feature(self, layer, pixels, model=None):
        """What Keras gives at that layer; of a map the mean over its places."""
        model = model or self.model
        part = harness.frugal(keras.Model(model.input, model.get_layer(layer).output))
        value = numpy.concatenate([part(self.fed(pixels[i : i + 1])).numpy() for i in range(len(pixels))])
        value = value.astype(numpy.float64)
        return value.mean(axis=(1, 2)) if value.ndim == 4 else value

    def shifted(self):
        """The same network with other names for layers that Keras numbers: files of a long session."""
        other = self.make()
        other.set_weights(self.model.get_weights())
        return other

    def card(self, **changes):
        """The network's card for this size and number of classes: a path."""
        with open(os.path.join(TOP, "models", self.name + ".json"), encoding="utf-8") as text:
            card = json.load(text)
        card["input"].update(width=self.width, height=self.height)
        card.update(classes=self.classes, weights=[], **changes)
        path = os.path.join(self.akin.folder, "card.json")
        with open(path, "w", encoding="utf-8") as out:
            json.dump(card, out)
        return path

    def bring(self, card, ending=".h5", model=None):
        """Imports the network into akin as "net"."""
        path = os.path.join(self.akin.folder, "net" + ending)
        harness.save(model or self.model, path)
        self.akin.do("model", "import", path, "--card", card, "--name", "net", "--replace")
        os.remove(path)

    def wanted_layer(self):
        if self.classes == 0:
            return self.model.layers[-1].name
        if self.network.family.startswith("mobilenet-v3"):
            names = [layer.name for layer in self.model.layers]
            return names[names.index("dropout") - 1]
        if self.network.family.startswith("convnext"):
            return self.model.name + "_head_layernorm"
        return FEATURES.get(self.network.family, "avg_pool")


def compare(report, case, what):
    """Features of equal pixels, of files as a notebook reads them, and class scores. Returns the largest difference."""
    told = case.akin.inspect("net")
    layer = told["feature_layer"]
    report.expect(layer == case.wanted_layer(), f"{what}: the feature layer is {layer}")
    compare_layers(report, case, told["layers"], what)
    found = report.same(case.akin.embed("net", case.paths), case.feature(layer, case.pixels), f"{what}, pixels")
    pixels = harness.load(case.files, case.height, case.width)
    got = case.akin.embed("net", case.files, "--preprocess", "keras")
    return max(found, report.same(got, case.feature(layer, pixels), f"{what}, files by --preprocess keras"))


def compare_layers(report, case, told, what):
    """Names, classes, shapes and parameters of all layers, in Keras' order; operations on tensors are among them, but
    do not count."""
    got = [(layer["name"], layer["kind"], layer["shape"], layer["weights"]) for layer in told[1:]]
    want = [(name, type(layer).__name__, list(layer.output.shape[1:]),
             sum(int(numpy.prod(weight.shape)) for weight in own)) for name, layer, own in cards.listed(case.model)]
    wrong = next((i for i, pair in enumerate(zip(got, want)) if pair[0] != pair[1]), None)
    first = "" if wrong is None else f": {got[wrong]}, Keras has {want[wrong]}"
    report.expect(got == want, f"{what}: {len(want)} layers as Keras lists them{first}")
    back = -(len(case.model.layers) * 2 // 3)
    while not isinstance(case.model.layers[back], (keras.layers.ReLU, keras.layers.Activation, keras.layers.MaxPooling2D)
                         ) or case.model.layers[back].name.endswith("_identity"):
        back -= 1  # those have an output of their own, whatever is computed as one
    counted = case.akin.inspect("net", "--layer", str(back))["feature_layer"]
    report.expect(counted == case.model.layers[back].name, f"{what}: layer {back} is {counted}")


# ---- what must be noticed ----

def layers_of(model, kind):
    return [layer for layer in harness.all_layers(model) if isinstance(layer, kind)]


def swap_channels(case):
    return case.feature(case.wanted_layer(), case.pixels[..., ::-1])


def with_epsilon(case):
    """1e-3 for what is smaller and 1.001e-5 for 1e-3."""
    normalizations = layers_of(case.model, (keras.layers.BatchNormalization, keras.layers.LayerNormalization))
    before = normalizations[0].epsilon
    for layer in normalizations:
        layer.epsilon = 1e-3 if before < 1e-4 else 1.001e-5
    value = case.feature(case.wanted_layer(), case.pixels)
    for layer in normalizations:
        layer.epsilon = before
    return value


def with_calls(case, layers, call):
    """The feature when call(layer, x) stands for what these layers do."""
    for layer in layers:
        layer.call = lambda x, *_, _layer=layer, **__: call(_layer, x)
    value = case.feature(case.wanted_layer(), case.pixels)
    for layer in layers:
        del layer.call
    return value


def pad_otherwise(layer, x):
    """Where zeros stand in front of a strided convolution: moved to the other side."""
    (top, bottom), (left, right) = layer.padding
    return keras.ops.pad(x, ((0, 0), (bottom, top), (right, left), (0, 0)))


def stride_otherwise(layer, x):
    """SAME with stride 2 as if the parity of the map were the other one."""
    kernel = layer.kernel_size[0]
    pads = []
    for size in x.shape[1:3]:
        total = max((-(-size // 2) - 1) * 2 + kernel - size, 0)
        pads.append((total - total // 2 + 1, total // 2) if total % 2 == 0 else (total - total // 2, total // 2))
    x = keras.ops.pad(x, ((0, 0), *pads, (0, 0)))
    return keras.ops.conv(x, layer.kernel, strides=layer.strides, padding="valid")


def average_padding(layer, x):
    """3×3 averages that count their zeros."""
    x = keras.ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return keras.ops.average_pool(x, layer.pool_size, strides=layer.strides, padding="valid")


def average_rest(layer, x):
    """Averages of what is left over at the end of an odd map, which is left out."""
    return keras.ops.average_pool(x, layer.pool_size, strides=layer.strides, padding="same")


def concatenate_backwards(_, inputs):
    return keras.ops.concatenate(inputs[::-1], axis=-1)


def gelu_by_tanh(_, x):
    return keras.ops.gelu(x, approximate=True)


def normalized_map(case):
    """The last normalization as Keras has it in the network without class scores."""
    pooling, normalization = case.model.layers[-3:-1]
    part = keras.Model(case.model.input, pooling.input)
    maps = numpy.concatenate([part(case.fed(case.pixels[i : i + 1])).numpy() for i in range(len(case.pixels))])
    return normalization(maps).numpy().astype(numpy.float64).mean(axis=(1, 2))


def flatten_channels_first(_, x):
    return keras.ops.reshape(keras.ops.transpose(x, (0, 3, 1, 2)), (x.shape[0], -1))


def swish_by_hard_swish(layer, x):
    return keras.activations.hard_silu(x) if layer.activation is keras.activations.silu else layer.activation(x)


def identity(_, x):
    return x


def without(case, kind, ending=""):
    """The feature without layers of a kind, those whose name ends so."""
    return with_calls(case, [layer for layer in layers_of(case.model, kind) if layer.name.endswith(ending)], identity)


def crop_otherwise(_, x):
    """The last row and column of what was padded, not the first."""
    return x[:, :-1, :-1]


def rescaled_as_tf(_, x):
    return x / 127.5 - 1


def mutants(case):
    """(what, features) of Keras with one thing wrong."""
    yield "red and blue swapped", swap_channels(case)
    if layers_of(case.model, (keras.layers.BatchNormalization, keras.layers.LayerNormalization)):
        yield "another epsilon", with_epsilon(case)
    uneven = [layer for layer in layers_of(case.model, keras.layers.ZeroPadding2D)
              if any(before != after for before, after in layer.padding)]
    if uneven:
        yield "zeros on the other side", with_calls(case, uneven, pad_otherwise)
    strided = [layer for layer in layers_of(case.model, keras.layers.Conv2D) if layer.padding == "same"
               and layer.strides == (2, 2) and layer.kernel_size[0] > 1 and not layer.use_bias]
    if strided:
        yield "padding of the other parity", with_calls(case, strided, stride_otherwise)
    averages = layers_of(case.model, keras.layers.AveragePooling2D)
    padded = [layer for layer in averages if layer.padding == "same"]
    if padded:
        yield "averages that count their padding", with_calls(case, padded, average_padding)
    if case.network.family == "densenet":
        yield "averages of what is left over", with_calls(case, averages, average_rest)
        last = layers_of(case.model, keras.layers.Concatenate)[-1:]
        yield "new channels in front of the old ones", with_calls(case, last, concatenate_backwards)
    if case.network.family.startswith("convnext"):
        gelus = [layer for layer in layers_of(case.model, keras.layers.Activation) if layer.name.endswith("_gelu")]
        yield "gelu by tanh", with_calls(case, gelus, gelu_by_tanh)
        yield "normalization in front of pooling", normalized_map(case)
    if case.network.family == "efficientnet":
        yield "the second Rescaling left out", without(case, keras.layers.Rescaling, "_1")
        yield "hard swish for swish", with_calls(case, layers_of(case.model, keras.layers.Activation), swish_by_hard_swish)
    if case.network.family.startswith("efficientnet-v2"):
        yield "no activation where blocks do not expand", without(case, keras.layers.Activation, "project_activation")
    if case.network.family == "efficientnet-v2-b":
        yield "pixels not normalized", without(case, keras.layers.Normalization)
    if case.network.family == "efficientnet-v2-s":
        yield "x / 127.5 for x / 128", with_calls(case, layers_of(case.model, keras.layers.Rescaling), rescaled_as_tf)
    if case.network.family == "nasnet-mobile":
        crops = layers_of(case.model, keras.layers.Cropping2D)
        yield "both halves of p from its first place on", with_calls(case, crops, crop_otherwise)
    if case.network.family == "vgg":
        yield "channels first when flattened", with_calls(case, layers_of(case.model, keras.layers.Flatten),
                                                          flatten_channels_first)


# ---- files of Keras 2, as the official ones are ----

# Layers with slashes in their names, models in the model, a Normalization, and cells whose order of layers is hard to tell.
OLDER = {"densenet121": tf_keras.applications.DenseNet121, "convnext-tiny": tf_keras.applications.ConvNeXtTiny,
         "efficientnet-v2-b0": tf_keras.applications.EfficientNetV2B0, "nasnet-mobile": tf_keras.applications.NASNetMobile}


def compare_older(report, case, what):
    """The network as Keras 2 makes it, with the same weights, by its own hand."""
    tf_keras.backend.clear_session()
    older = OLDER[case.name](weights=None, input_shape=(case.height, case.width, 3), classes=case.classes)
    pairs = zip(*([layer for layer in model.layers if layer.weights] for model in (older, case.model)), strict=True)
    for theirs, ours in pairs:
        theirs.set_weights(ours.get_weights())
    path = os.path.join(case.akin.folder, "older.h5")
    older.save_weights(path)
    case.akin.do("model", "import", path, "--card", case.card(), "--name", "net", "--replace")
    scores = older(case.fed(case.pixels)).numpy().astype(numpy.float64)
    last = case.model.layers[-1].name
    report.same(case.akin.embed("net", case.paths, "--layer", last), scores, f"{what}, class scores of Keras 2")


def compare_mutants(report, case, what):
    got = case.akin.embed("net", case.paths)
    for name, features in mutants(case):
        report.different(got, features, f"{what}: {name}")
    report.same(got, case.feature(case.wanted_layer(), case.pixels), f"{what}, all put right again")


# ---- weights of one's own, by the name of a built-in card ----

OWN = [("efficientnet-b0", 0), ("mobilenet-0.25-128", 12), ("mobilenet-v3-small", 3), ("mobilenet-v2-0.35-96", 0), ("mobilenet-v3-small", 0)]


def compare_own(report, akin, names):
    """Other numbers of classes, and none: akin finds out from the file."""
    for name, classes in OWN:
        if names and name not in names:
            continue
        network = NETWORKS[name]
        case = Case(akin, network, network.size, network.size, classes).scrambled()
        case.bring(name)
        what = f"{name} with {classes} classes"
        told = akin.inspect("net")
        report.expect(told["licence"] == "NOASSERTION" and "your own" in told["description"], f"{what}: not the official one")
        report.same(akin.embed("net", case.paths), case.feature(case.wanted_layer(), case.pixels), what)


def compare_own_graphs(report, akin, names):
    """EfficientNet as Keras makes it for its official weights, and the other one: akin finds out from the file."""
    if names and "efficientnet-b0" not in names:
        return
    network = copy.copy(NETWORKS["efficientnet-b0"])
    for network.differs, classes in ((True, 1000), (False, 5)):
        case = Case(akin, network, network.size, network.size, classes).scrambled()
        for ending in (".h5", ".weights.h5"):
            case.bring(network.name, ending)
            what = f"{network.name}{ending}, {'as for the official weights' if network.differs else 'as for none'}"
            report.same(akin.embed("net", case.paths), case.feature(case.wanted_layer(), case.pixels), what)


def compare_named(report, akin, names):
    """Official files that have no hash: known by their names, as what they are, and said to be unverified."""
    name = "mobilenet-0.25-128"
    if names and name not in names:
        return
    for entry, classes in zip(cards.card(NETWORKS[name])["weights"], (1000, 0)):
        case = Case(akin, NETWORKS[name], 128, 128, classes).scrambled()
        path = os.path.join(akin.folder, entry["file"])
        harness.save(case.model, path)
        answer = akin.ask("model", "import", path)
        model = name if classes else name + "-notop"
        report.expect(answer.returncode == 0 and "nothing verifies it" in answer.stderr and f"imported {model}" in
                      answer.stderr, f"{entry['file']}: imported, and said to be unverified")
        report.same(akin.embed(model, case.paths), case.feature(case.wanted_layer(), case.pixels), entry["file"])
        if classes:
            compare_pinned(report, akin, case, path, name)


def compare_pinned(report, akin, case, path, name):
    """Another file of that name than the one that the model was made of."""
    def says(expected, text, *command):
        answer = akin.ask("model", *command)
        told = answer.stderr.strip()
        report.expect(answer.returncode == expected and text in told, f"{' '.join(command)}: {told}")

    says(0, "imported", "pull", name, "--from", path, "--replace")
    harness.scramble(case.model, case.fed(case.pixels), seed=2)
    harness.save(case.model, path)
    says(1, f"not the file that {name} was made of", "pull", name, "--from", path, "--replace")
    says(0, f"not the file that {name} was made of", "import", path, "--replace")
    report.same(akin.embed(name, case.paths), case.feature(case.wanted_layer(), case.pixels), "the file that replaced it")
    says(0, "imported", "pull", name, "--from", path, "--replace")


# ---- all of it ----

def small(report, akin, names):
    for name, height, width, classes in SMALL:
        if names and name not in names:
            continue
        case = Case(akin, NETWORKS[name], height, width, classes).scrambled()
        for ending in (".weights.h5", ".keras") if case.model.count_params() < 3e7 else ():
            case.bring(case.card(), ending)
            report.same(akin.embed("net", case.paths), case.feature(case.wanted_layer(), case.pixels), f"{name}{ending}")
        case.bring(case.card(), model=case.shifted())
        what = f"{name} of {width}×{height}"
        compare(report, case, what)
        last = case.model.layers[-1].name
        report.same(akin.embed("net", case.paths, "--layer", last), case.feature(last, case.pixels), f"{what}, class scores")
        compare_mutants(report, case, what)
        if name in OLDER:
            compare_older(report, case, what)


def whole(report, akin, names, results):
    for network in NETWORKS.values():
        if names and network.name not in names:
            continue
        found = {}
        for top in (True, False):
            name = network.name + ("" if top else "-notop")
            case = Case(akin, network, network.size, network.size, 1000 if top else 0).scrambled()
            case.bring(name, model=case.shifted())
            found["difference"] = max(found.get("difference", 0), float(compare(report, case, name)))
            if top:
                found |= {"dim": akin.embed("net", case.paths[:1]).shape[1], "parameters": case.model.count_params()}
        if results:
            harness.add_result(results, network.name, found)


if __name__ == "__main__":
    sys.exit(harness.main(whole, small, compare_own, compare_own_graphs, compare_named))
