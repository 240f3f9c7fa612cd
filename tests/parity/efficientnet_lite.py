"""efficientnet_lite.py AKIN WEIGHTS REFERENCE - does akin compute EfficientNet-Lite?

AKIN imports weights and exports ONNX; ONNX Runtime runs what it exported, onnx.checker judges it. It is compared with
the network as written down here once more, from the published description, in NumPy and double precision, reading the
same .pth through Python's own pickle; and, for Lite0, with the values in REFERENCE (where that folder exists).

The tiny model of tests/data/models is always compared, at several sizes of input; Lite0, Lite1 and Lite2 when their
files are in WEIGHTS. Then the comparison itself is put to the test: with a wrong epsilon, a padding that does not follow
the sizes, channels swapped and strides ignored it must fail.
"""

import collections
import glob
import json
import os
import pickle
import struct
import sys
import tempfile

import numpy
import onnx
import onnxruntime
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.path.join(HERE, "..", "data", "models")
sys.path[:0] = [HERE, MODELS]
import comparing
import make_pth

ALLOWED = 1e-4  # of the largest value
IMAGES = {"tiny": 6, "real": 3}


# ---- weights, by Python's pickle ----

class Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        return name if name.endswith("Storage") else lambda *arguments: arguments

    def persistent_load(self, identity):
        return identity


def read_weights(path, honour_strides=True):
    """name -> array, from a .pth of the old layout."""
    with open(path, "rb") as file:
        for _ in range(3):
            pickle.load(file)
        state = Unpickler(file).load()
        kinds = {entry[0][2]: entry[0][1] for entry in state.values()}
        storages = {}
        for key in pickle.load(file):
            kind = {"FloatStorage": "<f4", "LongStorage": "<i8"}[kinds[key]]
            count = struct.unpack("<q", file.read(8))[0]
            storages[key] = numpy.frombuffer(file.read(count * numpy.dtype(kind).itemsize), dtype=kind)
    weights = {}
    for name, (storage, offset, shape, strides, *_) in state.items():
        values = storages[storage[2]][offset:]
        if honour_strides:
            step = [stride * values.itemsize for stride in strides]
            values = numpy.lib.stride_tricks.as_strided(values, shape, step)
        else:
            values = values[: int(numpy.prod(shape))].reshape(shape)
        weights[name] = values.astype(numpy.float64)
    return weights


# ---- the network, once more ----

class Network:
    """[height, width, channels] in, features and class scores out; every value is kept in `seen` by layer."""

    def __init__(self, weights, card, epsilon=1e-3, padding="by size"):
        self.weights, self.card, self.epsilon, self.padding = weights, card, epsilon, padding
        self.seen = {}

    def pads(self, size, kernel, stride):
        if self.padding == "as if even" and stride == 2:
            total = kernel - 2
            return total // 2, total - total // 2
        places = -(-size // stride)
        total = max((places - 1) * stride + kernel - size, 0)
        return total // 2, total - total // 2

    def windows(self, x, kernel, stride):
        """One shifted and strided view of x for each place in the kernel."""
        (top, bottom), (left, right) = (self.pads(size, kernel, stride) for size in x.shape[:2])
        padded = numpy.pad(x, ((top, bottom), (left, right), (0, 0)))
        rows, columns = ((size - kernel) // stride + 1 for size in padded.shape[:2])
        for i in range(kernel):
            for j in range(kernel):
                yield i, j, padded[i : i + rows * stride : stride, j : j + columns * stride : stride][:rows, :columns]

    def convolve(self, x, module, stride=1, depthwise=False):
        kernel = self.weights[module + ".weight"]
        size = kernel.shape[2]
        if depthwise:
            return sum(view * kernel[:, 0, i, j] for i, j, view in self.windows(x, size, stride))
        return sum(view @ kernel[:, :, i, j].T for i, j, view in self.windows(x, size, stride))

    def normalise(self, x, module, layer):
        gamma, beta, mean, variance = (
            self.weights[f"{module}.{part}"] for part in ("weight", "bias", "running_mean", "running_var"))
        self.seen[layer] = (x - mean) / numpy.sqrt(variance + self.epsilon) * gamma + beta
        return self.seen[layer]

    def activate(self, x, layer):
        self.seen[layer] = numpy.clip(x, 0, 6)
        return self.seen[layer]

    def block(self, x, number, name, stride, expansion, outputs):
        module, start = f"_blocks.{number}.", x
        if expansion > 1:
            x = self.normalise(self.convolve(x, module + "_expand_conv"), module + "_bn0", name + "expand_bn")
            x = self.activate(x, name + "expand_activation")
        x = self.convolve(x, module + "_depthwise_conv", stride, depthwise=True)
        x = self.activate(self.normalise(x, module + "_bn1", name + "bn"), name + "activation")
        x = self.normalise(self.convolve(x, module + "_project_conv"), module + "_bn2", name + "project_bn")
        if stride == 1 and start.shape[2] == outputs:
            x = self.seen[name + "add"] = x + start
        return x

    def run(self, pixels):
        """pixels: [height, width, 3], 0 to 255. Returns (feature, class scores)."""
        x = (pixels.astype(numpy.float64) - 127) / 128
        x = self.activate(self.normalise(self.convolve(x, "_conv_stem", 2), "_bn0", "stem_bn"), "stem_activation")
        number = 0
        for stage, (repeats, _, expansion, channels) in enumerate(make_pth.STAGES):
            outputs = make_pth.scaled_channels(channels, self.card["width_factor"])
            for i in range(make_pth.scaled_repeats(stage, repeats, self.card["depth_factor"])):
                stride = (1, 2, 2, 2, 1, 2, 1)[stage] if i == 0 else 1
                x = self.block(x, number, f"block{stage + 1}{chr(97 + i)}_", stride, expansion, outputs)
                number += 1
        x = self.activate(self.normalise(self.convolve(x, "_conv_head"), "_bn1", "top_bn"), "top_activation")
        feature = self.seen["avg_pool"] = x.mean(axis=(0, 1))
        return feature, feature @ self.weights["_fc.weight"].T + self.weights["_fc.bias"]


# ---- akin and ONNX Runtime ----

class Exporting(comparing.Akin):
    def export(self, model, *arguments):
        path = os.path.join(self.folder, "out.onnx")
        self.do("model", "export", path, "--model", model, *arguments)
        onnx.checker.check_model(path, full_check=True)
        properties = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
        assert properties["akin.mean"] == "127 127 127" and "akin.preprocessing" in properties, properties
        return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def run_onnx(session, pixels):
    batch = numpy.stack([(image.astype(numpy.float32) - 127) / 128 for image in pixels]).transpose(0, 3, 1, 2)
    return session.run(None, {"input": batch})[0].astype(numpy.float64)


def difference(got, want):
    """The largest, of the largest value; what all images share is taken away first, since it hides differences."""
    got, want = got - want.mean(axis=0), want - want.mean(axis=0)
    return numpy.abs(got - want).max() / numpy.abs(want).max()


def images(card, count):
    """Smooth patterns with edges: noise alone gives nearly the same feature every time."""
    random = numpy.random.default_rng(5)
    height, width = card["input"]["height"], card["input"]["width"]
    y, x = numpy.mgrid[0:height, 0:width] / max(height, width)
    result = []
    for _ in range(count):
        waves = [numpy.sin(random.uniform(2, 30) * x + random.uniform(2, 30) * y + random.uniform(0, 6)) for _ in range(3)]
        edge = (x * random.uniform(-1, 1) + y * random.uniform(-1, 1) > random.uniform(-0.2, 0.4)) * 90
        image = numpy.stack(waves, axis=2) * 80 + 100 + edge[:, :, None] + random.normal(0, 8, (height, width, 3))
        result.append(numpy.clip(image, 0, 255).astype(numpy.uint8))
    return result


# ---- comparisons ----

def generalised_mean(x, axis, power):
    """Radenović, Tolias, Chum: Fine-tuning CNN Image Retrieval with No Human Annotation, 2018."""
    return (numpy.maximum(x, 1e-6) ** power).mean(axis=axis) ** (1 / power)


POOLINGS = {"max": numpy.max, "average": numpy.mean, "gem": generalised_mean}

failures = 0


def expect(right, what):
    global failures
    failures += not right
    print(("ok       " if right else "NOT OK   ") + what, flush=True)


def compare_layers(akin, model, network, pixels):
    """Cuts in the middle, pooled every way."""
    for layer, pooling in (("block2a_expand_activation", "max"), ("block4a_project_bn", "average"), ("stem_bn", "average"),
                           ("top_activation", "gem"), ("stem_bn", "gem:4.5"), ("block2a_expand_activation", "gem:50")):
        got = run_onnx(akin.export(model, "--layer", layer, "--pooling", pooling), pixels)
        pool = POOLINGS[pooling.partition(":")[0]]
        power = {"power": float(pooling.partition(":")[2] or 3)} if pooling.startswith("gem") else {}
        want = []
        for image in pixels:
            network.run(image)
            want.append(pool(network.seen[layer], axis=(0, 1), **power))
        expect(difference(got, numpy.array(want)) <= ALLOWED, f"{model}: {layer}, {pooling}")
    answer = akin.ask("model", "export", os.path.join(akin.folder, "no.onnx"), "--model", model, "--layer", "stem_conv")
    expect(answer.returncode == 1 and "stem_bn" in answer.stderr, f"{model}: a layer that is folded away is refused")


def compare_mutations(model, card, path, pixels, got):
    weights = read_weights(path)
    mutants = {
        "epsilon 1e-5": Network(weights, card, epsilon=1e-5),
        "paddings as if sizes were even": Network(weights, card, padding="as if even"),
        "strides ignored": Network(read_weights(path, honour_strides=False), card),
    }
    with numpy.errstate(invalid="ignore"):  # strides ignored: variances that are none
        found = {name: difference(got, numpy.array([mutant.run(image)[0] for image in pixels]))
                 for name, mutant in mutants.items()}
        swapped = numpy.array([Network(weights, card).run(image[:, :, ::-1])[0] for image in pixels])
    found["red and blue swapped"] = difference(got, swapped)
    even = card["input"]["width"] == 224  # so are 112, 56, 28 and 14
    for name, value in found.items():
        if even and "even" in name:
            expect(value <= ALLOWED, f"{model}: {name} is right here ({value:.2g})")
        else:
            expect(value > 10 * ALLOWED, f"{model}: {name} is noticed ({value:.2g})")


def compare(akin, model, card, path, thorough):
    pixels = images(card, IMAGES["tiny" if model.startswith("tiny") else "real"])
    features = run_onnx(akin.export(model), pixels)
    scores = run_onnx(akin.export(model, "--whole"), pixels)
    network = Network(read_weights(path), card)
    wanted = [network.run(image) for image in pixels]
    for what, got, index in (("features", features, 0), ("class scores", scores, 1)):
        found = difference(got, numpy.array([pair[index] for pair in wanted]))
        expect(found <= ALLOWED, f"{model}: {what} ({found:.2g})")
    if thorough:
        compare_layers(akin, model, network, pixels)
    compare_mutations(model, card, path, pixels[:2], features[:2])


def compare_tiny(akin):
    with open(os.path.join(MODELS, "tiny.json"), encoding="utf-8") as text:
        card = json.load(text)
    for width, height in ((50, 42), (33, 64), (47, 45)):
        card["name"] = f"tiny-{width}x{height}"
        card["input"].update(width=width, height=height)
        path, card_path = (os.path.join(akin.folder, name) for name in ("tiny.pth", "tiny.json"))
        make_pth.save(make_pth.network(card, width), path, "legacy")
        with open(card_path, "w", encoding="utf-8") as out:
            json.dump(card, out)
        akin.do("model", "import", path, "--card", card_path)
        compare(akin, card["name"], card, path, thorough=width == 50)


def compare_reference(akin, model, reference):
    features = numpy.fromfile(os.path.join(reference, "features_12x1280.f32"), "<f4").reshape(12, 1280)
    scores = numpy.fromfile(os.path.join(reference, "logits_12x1000.f32"), "<f4").reshape(12, 1000)
    pixels = [numpy.asarray(Image.open(os.path.join(reference, f"{i:02}.png")).convert("RGB")) for i in range(12)]
    found = numpy.abs(run_onnx(akin.export(model), pixels) - features).max()
    expect(found <= 1e-4, f"{model}: the reference's features ({found:.2g} absolute)")
    best = run_onnx(akin.export(model, "--whole"), pixels).argmax(axis=1)
    expect((best == scores.argmax(axis=1)).all(), f"{model}: the reference's best classes")


def main():
    program, weights, reference = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        akin = Exporting(program, folder)
        compare_tiny(akin)
        for number in range(3):
            model = f"efficientnet-lite{number}"
            found = glob.glob(os.path.join(weights, model + "-*.pth"))
            if not found:
                print(f"skipped  {model}: no weights in {weights}")
                continue
            with open(os.path.join(HERE, "..", "..", "models", model + ".json"), encoding="utf-8") as text:
                card = json.load(text)
            akin.do("model", "import", found[0])
            compare(akin, model, card, found[0], thorough=False)
            if number == 0 and os.path.isdir(reference):
                compare_reference(akin, model, reference)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
