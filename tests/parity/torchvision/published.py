"""published.py AKIN [NAME…] - does akin compute torchvision's networks, where PyTorch is too large to be installed?

One small network of each family is written down here once more, from the papers and torchvision's documentation, in
NumPy and double precision. It draws its own weights, which are hard to get right, and writes them as torchvision names
them; akin imports the file and must give the same features, and other ones when something is wrong here on purpose.
networks.py compares what is written down here with torchvision itself.
"""

import collections
import json
import os
import re
import struct
import sys
import tempfile

import numpy

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..", "..")
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "..", "data", "models")]
import comparing
import make_pth

MEAN, DEVIATION = numpy.array([0.485, 0.456, 0.406]), numpy.array([0.229, 0.224, 0.225])


# ---- layers ----

def sigmoid(x):
    return (1 + numpy.tanh(x / 2)) / 2


def relu(x):
    return numpy.maximum(x, 0)


def relu6(x):
    return numpy.clip(x, 0, 6)


def swish(x):
    return x * sigmoid(x)


def hard_sigmoid(x):
    return relu6(x + 3) / 6


def hard_swish(x):
    return x * hard_sigmoid(x)


def windows(x, kernel, stride, padding, value=0.0):
    """A shifted and strided view of x [n, c, h, w] for each place in the kernel."""
    x = numpy.pad(x, ((0, 0), (0, 0), *padding), constant_values=value)
    rows, columns = ((size - kernel) // stride + 1 for size in x.shape[2:])
    for i in range(kernel):
        for j in range(kernel):
            yield i, j, x[:, :, i : i + rows * stride : stride, j : j + columns * stride : stride][:, :, :rows, :columns]


def divisible(channels):
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


class Net:
    """weights: name -> array; what is missing is drawn, statistics from the images that come by. flaw: what is wrong."""

    def __init__(self, weights=None, flaw=None, seed=1):
        self.weights = collections.OrderedDict() if weights is None else weights
        self.flaw, self.random = flaw, numpy.random.default_rng(seed)
        self.feature = None  # what goes into the last dense layer

    def drawn(self, name, make):
        if name not in self.weights:
            self.weights[name] = make().astype(numpy.float32)
        return self.weights[name].astype(numpy.float64)

    def kernel(self, shape):
        """Output channels of very different strength: see tests/parity/keras/harness.py."""
        strength = numpy.where(self.random.random(shape[0]) < 0.9, 1, 0.01).reshape(-1, *[1] * (len(shape) - 1))
        return self.random.standard_normal(shape) * numpy.sqrt(2 / numpy.prod(shape[1:])) * strength

    def padding(self, x, kernel, stride):
        if self.flaw == "padding by size":  # as TensorFlow's SAME
            totals = [max((-(-size // stride) - 1) * stride + kernel - size, 0) for size in x.shape[2:]]
            return [(total // 2, total - total // 2) for total in totals]
        return [(kernel // 2, kernel // 2)] * 2

    def conv(self, x, name, filters, kernel=1, stride=1, depthwise=False, bias=False):
        inputs = 1 if depthwise else x.shape[1]
        w = self.drawn(name + ".weight", lambda: self.kernel((filters, inputs, kernel, kernel)))
        out = 0
        for i, j, view in windows(x, kernel, stride, self.padding(x, kernel, stride)):
            if depthwise:
                out = out + view * w[:, 0, i, j].reshape(1, -1, 1, 1)
            else:
                flat = numpy.ascontiguousarray(view).reshape(*view.shape[:2], -1)
                out = out + (w[:, :, i, j] @ flat).reshape(len(x), filters, *view.shape[2:])
        if bias:
            out = out + self.drawn(name + ".bias", lambda: self.random.standard_normal(filters) * 0.3).reshape(1, -1, 1, 1)
        return out

    def norm(self, x, name, epsilon=1e-5):
        draw, count = self.random, x.shape[1]
        if self.flaw == "another epsilon":
            epsilon = 1e-3 if epsilon < 1e-4 else 1e-5
        mean, variance = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
        gamma = self.drawn(name + ".weight", lambda: draw.uniform(0.5, 1.5, count) * draw.choice([-1, 1, 1], count))
        beta = self.drawn(name + ".bias", lambda: draw.standard_normal(count) * 0.3)
        mean = self.drawn(name + ".running_mean", lambda: mean + 0.2 * numpy.sqrt(variance) * draw.standard_normal(count))
        variance = self.drawn(name + ".running_var", lambda: numpy.maximum(variance * draw.uniform(0.6, 1.6, count), 1e-4))
        scale = gamma / numpy.sqrt(variance + epsilon)
        return x * scale.reshape(1, -1, 1, 1) + (beta - mean * scale).reshape(1, -1, 1, 1)

    def linear(self, x, name, units):
        self.feature = x
        w = self.drawn(name + ".weight", lambda: self.kernel((units, x.shape[1])))
        return x @ w.T + self.drawn(name + ".bias", lambda: self.random.standard_normal(units) * 0.3)

    def max_pool(self, x, kernel, stride, padding):
        return numpy.maximum.reduce([view for _, _, view in windows(x, kernel, stride, [(padding, padding)] * 2, -numpy.inf)])

    def conv_norm(self, x, name, filters, kernel=1, stride=1, act=None, epsilon=1e-5, **options):
        x = self.norm(self.conv(x, name + ".0", filters, kernel, stride, **options), name + ".1", epsilon)
        return act(x) if act else x

    def squeeze(self, x, name, channels, act, gate):
        weight = x.mean(axis=(2, 3), keepdims=True)
        weight = act(self.conv(weight, name + ".fc1", channels, bias=True))
        return x * gate(self.conv(weight, name + ".fc2", x.shape[1], bias=True))


def mean_of_places(x):
    return x.mean(axis=(2, 3))


# ---- networks ----

def resnet(net, x, classes, blocks, bottleneck):
    x = net.max_pool(relu(net.norm(net.conv(x, "conv1", 64, 7, 2), "bn1")), 3, 2, 1)
    for stack, count in enumerate(blocks):
        filters = 64 << stack
        outputs = 4 * filters if bottleneck else filters
        for i in range(count):
            name, stride = f"layer{stack + 1}.{i}", 2 if stack and i == 0 else 1
            steps = [(filters, 1), (filters, 3), (outputs, 1)] if bottleneck else [(filters, 3), (filters, 3)]
            strided = 1 if bottleneck and net.flaw != "the stride on the first convolution" else 0
            y = x
            for k, (channels, kernel) in enumerate(steps):
                y = net.norm(net.conv(y, f"{name}.conv{k + 1}", channels, kernel, stride if k == strided else 1), f"{name}.bn{k + 1}")
                if k + 1 < len(steps):
                    y = relu(y)
            if stride > 1 or x.shape[1] != outputs:
                x = net.norm(net.conv(x, name + ".downsample.0", outputs, 1, stride), name + ".downsample.1")
            x = relu(x + y)
    net.linear(mean_of_places(x), "fc", classes)


def vgg(net, x, classes, blocks):
    """With normalization."""
    at = 0
    for count, filters in zip(blocks, (64, 128, 256, 512, 512)):
        for _ in range(count):
            x = relu(net.norm(net.conv(x, f"features.{at}", filters, 3, bias=True), f"features.{at + 1}"))
            at += 3
        x = net.max_pool(x, 2, 2, 0)
        at += 1
    rows, columns = ([(i * size // 7, -(-(i + 1) * size // 7)) for i in range(7)] for size in x.shape[2:])
    x = numpy.stack([numpy.stack([x[:, :, a:b, c:d].mean(axis=(2, 3)) for c, d in columns], axis=2) for a, b in rows], axis=2)
    x = (x.transpose(0, 2, 3, 1) if net.flaw == "channels last when flattened" else x).reshape(len(x), -1)
    for k in (0, 3):
        x = relu(net.linear(x, f"classifier.{k}", 4096))
    net.linear(x, "classifier.6", classes)


def mobilenet_v2(net, x, classes):
    x, number = net.conv_norm(x, "features.0", 32, 3, 2, relu6), 1
    for expansion, channels, count, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
                                               (6, 160, 3, 2), (6, 320, 1, 1)):
        for i in range(count):
            name, inner, at, y = f"features.{number}.conv", x.shape[1] * expansion, 0, x
            if expansion > 1:
                y, at = net.conv_norm(y, f"{name}.0", inner, act=relu6), 1
            y = net.conv_norm(y, f"{name}.{at}", inner, 3, stride if i == 0 else 1, relu6, depthwise=True)
            y = net.norm(net.conv(y, f"{name}.{at + 1}", channels), f"{name}.{at + 2}")
            x = x + y if y.shape == x.shape and (i or stride == 1) else y
            number += 1
    x = net.conv_norm(x, f"features.{number}", 1280, act=relu6)
    net.linear(mean_of_places(x), "classifier.1", classes)


def mobilenet_v3_small(net, x, classes):
    epsilon = 1e-3
    x = net.conv_norm(x, "features.0", 16, 3, 2, hard_swish, epsilon)
    for number, (kernel, inner, channels, squeezes, act, stride) in enumerate((
            (3, 16, 16, 1, relu, 2), (3, 72, 24, 0, relu, 2), (3, 88, 24, 0, relu, 1), (5, 96, 40, 1, hard_swish, 2),
            (5, 240, 40, 1, hard_swish, 1), (5, 240, 40, 1, hard_swish, 1), (5, 120, 48, 1, hard_swish, 1),
            (5, 144, 48, 1, hard_swish, 1), (5, 288, 96, 1, hard_swish, 2), (5, 576, 96, 1, hard_swish, 1),
            (5, 576, 96, 1, hard_swish, 1)), 1):
        name, at, y = f"features.{number}.block", 0, x
        if inner != x.shape[1]:
            y, at = net.conv_norm(y, f"{name}.0", inner, act=act, epsilon=epsilon), 1
        y = net.conv_norm(y, f"{name}.{at}", inner, kernel, stride, act, epsilon, depthwise=True)
        if squeezes:
            at += 1
            y = net.squeeze(y, f"{name}.{at}", divisible(inner // 4), relu, hard_sigmoid)
        y = net.conv_norm(y, f"{name}.{at + 1}", channels, epsilon=epsilon)
        x = x + y if stride == 1 and x.shape[1] == channels else y
    x = net.conv_norm(x, "features.12", 576, act=hard_swish, epsilon=epsilon)
    net.linear(hard_swish(net.linear(mean_of_places(x), "classifier.0", 1024)), "classifier.3", classes)


def densenet121(net, x, classes):
    x = net.max_pool(relu(net.norm(net.conv(x, "features.conv0", 64, 7, 2), "features.norm0")), 3, 2, 1)
    for block, count in enumerate((6, 12, 24, 16), 1):
        for i in range(1, count + 1):
            name = f"features.denseblock{block}.denselayer{i}"
            y = net.conv(relu(net.norm(x, name + ".norm1")), name + ".conv1", 128)
            y = net.conv(relu(net.norm(y, name + ".norm2")), name + ".conv2", 32, 3)
            x = numpy.concatenate([y, x] if net.flaw == "new channels in front" and i == count else [x, y], axis=1)
        if block < 4:
            name = f"features.transition{block}"
            x = net.conv(relu(net.norm(x, name + ".norm")), name + ".conv", x.shape[1] // 2)
            x = sum(view for _, _, view in windows(x, 2, 2, [(0, 0)] * 2)) / 4
    net.linear(mean_of_places(relu(net.norm(x, "features.norm5"))), "classifier", classes)


def efficientnet(net, x, classes, stem, stages, last, epsilon):
    """stages: fused, expansion, kernel, stride, channels, blocks."""
    x = net.conv_norm(x, "features.0", stem, 3, 2, swish, epsilon)
    for stage, (fused, expansion, kernel, stride, channels, count) in enumerate(stages, 1):
        for i in range(count):
            name, inputs, step = f"features.{stage}.{i}.block", x.shape[1], stride if i == 0 else 1
            inner, at, y = inputs * expansion, 0, x
            if fused and expansion == 1:
                y = net.conv_norm(y, f"{name}.0", channels, kernel, step, swish, epsilon)
            elif fused:
                y = net.conv_norm(y, f"{name}.0", inner, kernel, step, swish, epsilon)
                y = net.conv_norm(y, f"{name}.1", channels, epsilon=epsilon)
            else:
                if expansion > 1:
                    y, at = net.conv_norm(y, f"{name}.0", inner, act=swish, epsilon=epsilon), 1
                y = net.conv_norm(y, f"{name}.{at}", inner, kernel, step, swish, epsilon, depthwise=True)
                y = net.squeeze(y, f"{name}.{at + 1}", inputs // 4, swish, sigmoid)
                y = net.conv_norm(y, f"{name}.{at + 2}", channels, epsilon=epsilon)
            x = x + y if step == 1 and inputs == channels else y
    x = net.conv_norm(x, f"features.{len(stages) + 1}", last, act=swish, epsilon=epsilon)
    net.linear(mean_of_places(x), "classifier.1", classes)


B0 = [(0, 1, 3, 1, 16, 1), (0, 6, 3, 2, 24, 2), (0, 6, 5, 2, 40, 2), (0, 6, 3, 2, 80, 3), (0, 6, 5, 1, 112, 3),
      (0, 6, 5, 2, 192, 4), (0, 6, 3, 1, 320, 1)]
V2_S = [(1, 1, 3, 1, 24, 2), (1, 4, 3, 2, 48, 4), (1, 4, 3, 2, 64, 4), (0, 4, 3, 2, 128, 6), (0, 6, 3, 1, 160, 9),
        (0, 6, 3, 2, 256, 15)]

# name: network, height, width, what must be noticed
NETWORKS = {
    "resnet18-torchvision": (lambda net, x, classes: resnet(net, x, classes, (2, 2, 2, 2), False), 65, 100,
                             ["padding by size"]),
    "resnet50-torchvision": (lambda net, x, classes: resnet(net, x, classes, (3, 4, 6, 3), True), 65, 100,
                             ["another epsilon", "the stride on the first convolution"]),
    "vgg11-bn-torchvision": (lambda net, x, classes: vgg(net, x, classes, (1, 1, 2, 2, 2)), 65, 80,
                             ["channels last when flattened"]),
    "mobilenet-v2-torchvision": (mobilenet_v2, 97, 132, ["another epsilon", "padding by size"]),
    "mobilenet-v3-small-torchvision": (mobilenet_v3_small, 97, 132, ["another epsilon", "padding by size"]),
    "densenet121-torchvision": (densenet121, 65, 100, ["another epsilon", "new channels in front"]),
    "efficientnet-b0-torchvision": (lambda net, x, classes: efficientnet(net, x, classes, 32, B0, 1280, 1e-5), 65, 100,
                                    ["another epsilon", "padding by size"]),
    "efficientnet-v2-s-torchvision": (lambda net, x, classes: efficientnet(net, x, classes, 24, V2_S, 1280, 1e-3), 97, 132,
                                      ["another epsilon"]),
}


def fed(pixels):
    """[n, h, w, 3] u8 as the network wants it."""
    return ((pixels / 255.0 - MEAN) / DEVIATION).transpose(0, 3, 1, 2)


# ---- files ----

def save_safetensors(weights, path):
    header, at = {}, 0
    for name, value in weights.items():
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [at, at + value.nbytes]}
        at += value.nbytes
    text = json.dumps(header).encode()
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for value in weights.values():
            out.write(value.tobytes())


def save_pth(weights, path, layout):
    tensors = collections.OrderedDict()
    for name, value in weights.items():
        strides = tuple(step // value.itemsize for step in value.strides)
        tensors[name] = (value.shape, strides, value.ravel().tolist(), "FloatStorage")
        if name.endswith("running_var"):
            tensors[name.replace("running_var", "num_batches_tracked")] = ((), (), [1], "LongStorage")
    make_pth.save(tensors, path, layout)


def forms(weights):
    """(name of a file, how it is written): all forms of what is small."""
    yield "net.safetensors", save_safetensors
    if any("denselayer" in name for name in weights):  # as official files still name modules: norm.1 for norm1
        older = {re.sub(r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2.", name): value for name, value in weights.items()}
        yield "older.safetensors", lambda _, path: save_safetensors(older, path)
    if sum(value.size for value in weights.values()) < 5e6:
        yield "legacy.pth", lambda values, path: save_pth(values, path, "legacy")
        yield "zip.pth", lambda values, path: save_pth(values, path, "zip")


def card_of(folder, name, height, width, classes):
    """The network's card for this size, whose images are taken as they are, and number of classes: a path."""
    with open(os.path.join(TOP, "models", name + ".json"), encoding="utf-8") as text:
        card = json.load(text)
    card["input"].update(width=width, height=height, fit="stretch")
    del card["input"]["shorter"]
    card.update(classes=classes, weights=[])
    path = os.path.join(folder, "card.json")
    with open(path, "w", encoding="utf-8") as out:
        json.dump(card, out)
    return path


# ---- comparing ----

def compare(report, akin, name):
    build, height, width, flaws = NETWORKS[name]
    paths, pixels = comparing.save_pictures(akin.folder, height, width)
    net = Net()
    build(net, fed(pixels), 5)
    build(again := Net(net.weights), fed(pixels), 5)  # now that all weights are rounded
    card = card_of(akin.folder, name, height, width, 5)
    for file, save in forms(net.weights):
        path = os.path.join(akin.folder, file)
        save(net.weights, path)
        akin.do("model", "import", path, "--card", card, "--name", "net", "--replace")
        os.remove(path)
        report.same(akin.embed("net", paths), again.feature, f"{name} of {width}×{height}, {file}")
    got = akin.embed("net", paths)
    for flaw in flaws:
        build(wrong := Net(net.weights, flaw), fed(pixels), 5)
        report.different(got, wrong.feature, f"{name}: {flaw}")


def main():
    report = comparing.Report()
    with tempfile.TemporaryDirectory() as folder:
        akin = comparing.Akin(sys.argv[1], folder)
        for name in sys.argv[2:] or NETWORKS:
            compare(report, akin, name)
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
