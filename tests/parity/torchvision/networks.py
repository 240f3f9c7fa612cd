"""networks.py AKIN [NAME…] [--all] [--results FILE] - does akin compute torchvision's networks?

torchvision makes each network, with weights that are hard to get right, and PyTorch saves its state dict; akin imports
the file under the network's card and computes features of the same pixels, and of image files prepared by the card,
which must equal what torchvision's own transforms and network make of them.

Without NAME: small networks of every family, at sizes at which paddings differ, in all three forms of files, and then
the comparison itself is put to the test: with channels swapped, another epsilon, another padding, the stride on another
convolution and another order of flattening it must fail. --all: every card as it is. --results adds what was found to a
file that scripts/make-models-table reads.
"""

import copy
import hashlib
import json
import os
import re
import sys

import numpy
import safetensors.torch
import torch
from PIL import Image, ImageOps
from torch import nn
from torchvision import models
from torchvision.models.efficientnet import FusedMBConv, MBConv
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names
from torchvision.models.resnet import Bottleneck

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..", "..")
sys.path[:0] = [HERE, os.path.join(HERE, ".."), os.path.join(TOP, "scripts")]
import comparing
import published
import torchvision_cards as cards

NETWORKS = {name: (network, weights) for network in cards.networks() for name, weights in network.weights()}

# Odd and even maps; VGG: maps that are larger and smaller than the 7×7 in front of its dense layers.
SMALL = [("resnet18-torchvision", 97, 132, 7), ("resnet50-torchvision", 97, 132, 7),
         ("resnext50-32x4d-torchvision", 97, 132, 7), ("vgg11-torchvision", 160, 300, 6),
         ("vgg11-bn-torchvision", 65, 80, 6), ("mobilenet-v2-torchvision", 97, 132, 9),
         ("mobilenet-v3-small-torchvision", 97, 132, 9), ("mobilenet-v3-large-torchvision", 97, 132, 9),
         ("densenet121-torchvision", 97, 132, 7),
         ("efficientnet-b0-torchvision", 97, 132, 7), ("efficientnet-v2-s-torchvision", 97, 132, 7)]

# The feature layer that akin must choose, by family.
FEATURES = {"resnet": "avgpool", "vgg": "classifier.4", "mobilenet-v2": "adaptive_avg_pool2d",
            "mobilenet-v3-small": "classifier.1", "mobilenet-v3-large": "classifier.1",
            "densenet": "adaptive_avg_pool2d", "efficientnet": "avgpool", "efficientnet-v2-s": "avgpool",
            "efficientnet-v2-m": "avgpool", "efficientnet-v2-l": "avgpool"}


# ---- weights ----

def scramble(model, pixels, seed=1):
    """Weights that are hard to get right: see tests/parity/keras/harness.py. pixels: what the network is fed with."""
    random = numpy.random.default_rng(seed)

    def draw(values):
        return torch.from_numpy(numpy.asarray(values, dtype=numpy.float32))

    normalizations = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    weakened = branch_ends(model)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                shape = tuple(module.weight.shape)
                fan_in = int(numpy.prod(shape[1:]))
                strength = numpy.where(random.random(shape[0]) < 0.3, 10 ** random.uniform(-2, 0.15, shape[0]), 0)
                strength = (strength + numpy.where(random.random(shape[0]) < 0.9, 1, 0.01)).reshape(-1, *[1] * (len(shape) - 1))
                module.weight.copy_(draw(random.standard_normal(shape) * numpy.sqrt(2 / fan_in) * strength))
            elif isinstance(module, nn.BatchNorm2d):
                shape = tuple(module.weight.shape)
                module.weight.copy_(draw(random.uniform(0.5, 1.5, shape) * random.choice([-1, 1, 1], shape)))
            if getattr(module, "bias", None) is not None:
                module.bias.copy_(draw(random.standard_normal(tuple(module.bias.shape)) * 0.3))
            if module in weakened:
                module.weight *= WEAKENED
                module.bias *= WEAKENED
        for module in normalizations:
            module.momentum, module.training = 1.0, True
        model(pixels)  # the statistics are now those of this batch
        for module in normalizations:
            module.training = False
            mean, variance = module.running_mean.numpy(), module.running_var.numpy()
            moved = mean + 0.2 * numpy.sqrt(variance) * random.standard_normal(mean.shape)
            module.running_mean.copy_(draw(moved))
            module.running_var.copy_(draw(numpy.maximum(variance * random.uniform(0.6, 1.6, mean.shape), 1e-4)))


# As in tests/parity/keras/harness.py: branches amplify rounding when there are more of them than this. Those of ResNets do
# so less, as an activation follows each sum.
DEEP, DEEP_RESNET = 15, 40
WEAKENED = 0.3


def branch_ends(model):
    """The last normalizations of the branches of networks that are that deep."""
    ends = {block.block[-1][1] for block in model.modules() if isinstance(block, (MBConv, FusedMBConv)) and block.use_res_connect}
    resnet_ends = {block.bn3 for block in model.modules() if isinstance(block, Bottleneck)}
    return (ends if len(ends) > DEEP else set()) | (resnet_ends if len(resnet_ends) > DEEP_RESNET else set())


def save(state, path, form):
    if form == "safetensors":
        safetensors.torch.save_file({name: value.contiguous() for name, value in state.items()}, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=form == "zip")


FORMS = {"zip": ".pth", "legacy": ".pth", "safetensors": ".safetensors"}


# ---- one network ----

def part_of(model, layer):
    """A function: what the model gives at a node of its graph, or inside one, at a module."""
    if layer in get_graph_node_names(model)[1]:
        part = create_feature_extractor(model, {layer: "feature"}).eval()
        return lambda x: part(x)["feature"]

    def run(x):
        kept = []
        handle = model.get_submodule(layer).register_forward_hook(lambda _, inputs, output: kept.append(output.clone()))
        model(x)
        handle.remove()
        return kept[0]

    return run


class Case:
    """A network of torchvision's, with weights, and the same as a model of akin's."""

    def __init__(self, akin, name, height, width, classes):
        self.akin, self.name, self.height, self.width, self.classes = akin, name, height, width, classes
        self.network, self.weights = NETWORKS[name]
        self.paths, self.pixels = comparing.save_pictures(akin.folder, height, width)
        self.files = self.paths + save_files(akin.folder) if (height, width) == self.own_size() else []
        torch.manual_seed(3)
        self.model = models.get_model(self.network.function, weights=None, num_classes=classes).eval()
        # Of other images than those whose statistics it has, a deep network may make values that are a hundred times as large.
        scramble(self.model, prepared(self, self.files) if self.files else self.fed(self.pixels))

    def own_size(self):
        return tuple(self.weights.transforms().crop_size * 2)

    def fed(self, pixels):
        seen = self.weights.transforms()
        mean, deviation = (torch.tensor(values).reshape(1, 3, 1, 1) for values in (seen.mean, seen.std))
        return (torch.from_numpy(numpy.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 255 - mean) / deviation

    def feature(self, pixels, layer=None, model=None):
        """What torchvision gives at that node for pixels of the network's size; of a map the mean over its places."""
        return self.run(self.fed(pixels), layer, model)

    def run(self, x, layer=None, model=None):
        part = part_of(model or self.model, layer or FEATURES[self.network.family])
        with torch.no_grad():
            value = torch.cat([part(x[i : i + 1]) for i in range(len(x))]).double()
        return (value.mean(dim=(2, 3)) if value.ndim == 4 else value).numpy()

    def card(self, **changes):
        """The network's card for this size, whose images are taken as they are, and number of classes: a path."""
        with open(os.path.join(TOP, "models", self.name + ".json"), encoding="utf-8") as text:
            card = json.load(text)
        card["input"].update(width=self.width, height=self.height, fit="stretch")
        del card["input"]["shorter"]
        card.update(classes=self.classes, weights=[], **changes)
        path = os.path.join(self.akin.folder, "card.json")
        with open(path, "w", encoding="utf-8") as out:
            json.dump(card, out)
        return path

    def bring(self, card, form="zip", state=None):
        """Imports the network into akin as "net"."""
        path = os.path.join(self.akin.folder, "net" + FORMS[form])
        save(state or self.model.state_dict(), path, form)
        self.akin.do("model", "import", path, "--card", card, "--name", "net", "--replace")
        os.remove(path)


def save_files(folder):
    """Of the files that all comparisons share those without transparency. Returns their paths."""
    return [path for path in comparing.save_files(folder) if Image.open(path).mode == "RGB"]


def prepared(case, paths):
    """As torchvision's users do, but turned upright."""
    transform = case.weights.transforms()
    images = [ImageOps.exif_transpose(Image.open(path)).convert("RGB") for path in paths]
    return torch.stack([transform(image) for image in images])


def compare_description(report, case, what):
    """Names of layers and number of weights. Returns what akin says of the model."""
    told = case.akin.inspect("net")
    layer, wanted = told["feature_layer"], FEATURES[case.network.family]
    report.expect(layer == wanted, f"{what}: the feature layer is {layer}")
    known = {"input", "channels_first", *get_graph_node_names(case.model)[1], *dict(case.model.named_modules())}
    unknown = [one["name"] for one in told["layers"] if one["name"] not in known]
    report.expect(not unknown, f"{what}: layers are named as torchvision's{': not ' if unknown else ''}{unknown[:3] or ''}")
    numbers = sum(value.numel() for name, value in case.model.state_dict().items() if "num_batches" not in name)
    report.expect(numbers == told["weights"], f"{what}: {told['weights']} weights, torchvision has {numbers}")
    return told


def compare(report, case, what):
    """Features of equal pixels, and those of a layer inside."""
    told = compare_description(report, case, what)
    report.same(case.akin.embed("net", case.paths), case.feature(case.pixels), f"{what}, pixels")
    inside = [one["name"] for one in told["layers"] if one["kind"] in ("Activation", "ReLU")]
    inside = inside[len(inside) * 2 // 3]
    got = case.akin.embed("net", case.paths, "--layer", inside)
    report.same(got, case.feature(case.pixels, inside), f"{what}, layer {inside}")


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def compare_files(report, case, what):
    """The whole way, from files: the card's preparation against torchvision's transforms. Returns the largest
    difference."""
    want = case.run(prepared(case, case.files))
    return report.same(case.akin.embed("net", case.files), want, f"{what}, files by torchvision's transforms")


# ---- what must be noticed ----

def modules_of(model, kind):
    return [module for module in model.modules() if isinstance(module, kind)]


def with_epsilon(model):
    for module in modules_of(model, nn.BatchNorm2d):
        module.eps = 1e-3 if module.eps < 1e-4 else 1e-5


class PaddedBySize(nn.Module):
    """What TensorFlow's SAME does in place of a symmetric padding."""

    def __init__(self, inner):
        super().__init__()
        self.inner = copy.copy(inner)
        self.kernel, self.stride = (v if isinstance(v, tuple) else (v, v) for v in (inner.kernel_size, inner.stride))
        self.lowest = -torch.inf if isinstance(inner, nn.MaxPool2d) else 0.0
        self.inner.padding = (0, 0)

    def forward(self, x):
        pads = []
        for axis in (1, 0):
            size, kernel, stride = int(x.shape[2 + axis]), self.kernel[axis], self.stride[axis]
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [total // 2, total - total // 2]
        return self.inner(nn.functional.pad(x, pads, value=self.lowest))


def replace(model, kind, wanted, make):
    """How many modules of a kind were replaced."""
    count = 0
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, kind) and wanted(child):
                setattr(parent, name, make(child))
                count += 1
    return count


def first(value):
    return value[0] if isinstance(value, tuple) else value


def with_padding(model):
    return replace(model, (nn.Conv2d, nn.MaxPool2d), lambda module: first(module.stride) == 2 and
                   first(module.padding) > 0, PaddedBySize)


def with_first_strides(model):
    """The stride of a block of three convolutions on the first of them."""
    for block in modules_of(model, Bottleneck):
        block.conv1.stride, block.conv2.stride = block.conv2.stride, block.conv1.stride


class ChannelsLast(nn.Module):
    """In front of flattening: what Keras' order gives."""

    def forward(self, x):
        x = nn.functional.adaptive_avg_pool2d(x, 7)
        return x.permute(0, 2, 3, 1).reshape(x.shape)


def with_channels_last(model):
    model.avgpool = ChannelsLast()


def with_other_groups(model):
    """Input channels dealt out to the groups in turn, not in blocks."""
    for module in modules_of(model, nn.Conv2d):
        if module.groups > 1:
            order = torch.arange(module.in_channels).reshape(module.groups, -1).T.reshape(-1)
            module.register_forward_pre_hook(lambda _, inputs, order=order: (inputs[0][:, order],))


def with_new_first(model):
    """The last block's channels in front of those that it reads."""
    last = list(model.features.denseblock4.children())[-1].conv2.out_channels
    model.features.norm5.register_forward_pre_hook(lambda _, inputs: (torch.roll(inputs[0], last, 1),))


def mutants(case):
    """(what, features) of torchvision with one thing wrong."""
    yield "red and blue swapped", case.feature(case.pixels[..., ::-1])
    changes = [("padding by size", with_padding)] if case.network.family != "vgg" else []
    if modules_of(case.model, nn.BatchNorm2d):
        changes.append(("another epsilon", with_epsilon))
    if modules_of(case.model, Bottleneck):
        changes.append(("the stride on the first convolution", with_first_strides))
    if case.network.family == "vgg":
        changes.append(("channels last when flattened", with_channels_last))
    if case.network.family == "densenet":
        changes.append(("new channels in front of the old ones", with_new_first))
    if "resnext" in case.name:
        changes.append(("channels dealt to the groups in turn", with_other_groups))
    for what, change in changes:
        model = copy.deepcopy(case.model)
        change(model)
        yield what, run_plain(model, case)


def run_plain(model, case):
    """The feature of a model that cannot be traced any more: what goes into its last linear layer."""
    kept = []
    last = modules_of(model, nn.Linear)[-1]
    last.register_forward_pre_hook(lambda _, inputs: kept.append(inputs[0]))
    with torch.no_grad():
        for i in range(len(case.pixels)):
            model(case.fed(case.pixels[i : i + 1]))
    return torch.cat(kept).double().numpy()


def compare_mutants(report, case, what):
    got = case.akin.embed("net", case.paths)
    report.same(got, run_plain(case.model, case), f"{what}, what goes into the last layer")
    for name, features in mutants(case):
        report.different(got, features, f"{what}: {name}")


# ---- weights of one's own, by the name of a built-in card ----

def compare_own(report, akin, names):
    """Another number of classes, and no last layer: akin finds out from the file."""
    name = "resnet18-torchvision"
    if names and name not in names:
        return
    for classes in (12, 0):
        case = Case(akin, name, 224, 224, classes or 5)
        state = {key: value for key, value in case.model.state_dict().items() if classes or not key.startswith("fc.")}
        case.bring(name, state=state)
        told, what = akin.inspect("net"), f"{name} with {classes} classes"
        report.expect(told["licence"] == "NOASSERTION" and "your own" in told["description"], f"{what}: not the official one")
        report.same(akin.embed("net", case.paths), case.run(prepared(case, case.paths)), what)
        compare_files(report, case, what)


def compare_older(report, akin, names):
    """The names of modules that official files of DenseNet still have: norm.1 for norm1."""
    name = "densenet121-torchvision"
    if names and name not in names:
        return
    case = Case(akin, name, 64, 64, 5)
    state = {re.sub(r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2.", key): value
             for key, value in case.model.state_dict().items() if not key.endswith("num_batches_tracked")}
    case.bring(case.card(), "legacy", state)
    report.same(akin.embed("net", case.paths), case.feature(case.pixels), f"{name}, older names of modules")


def compare_published(report, akin, names):
    """What published.py writes down once more is what torchvision computes."""
    for name, (build, height, width, _) in published.NETWORKS.items():
        if names and name not in names:
            continue
        case = Case(akin, name, height, width, 5)
        build(net := published.Net({key: value.numpy() for key, value in case.model.state_dict().items()}),
              published.fed(case.pixels), 5)
        report.same(net.feature, case.feature(case.pixels), f"{name} as written down in published.py")


def compare_refused(report, akin, names):
    """Weights of another network: one line that says which tensor."""
    name = "resnet18-torchvision"
    if names and name not in names:
        return
    case = Case(akin, name, 64, 64, 5)
    path = os.path.join(akin.folder, "other.pth")
    save(case.model.state_dict(), path, "zip")
    answer = akin.ask("model", "import", path, "--card", "resnet34-torchvision", "--name", "other")
    report.expect(answer.returncode != 0 and "layer1.2.conv1.weight" in answer.stderr, f"refused: {answer.stderr.strip()}")


# ---- all of it ----

def small(report, akin, names):
    for name, height, width, classes in SMALL:
        if names and name not in names:
            continue
        case = Case(akin, name, height, width, classes)
        what = f"{name} of {width}×{height}"
        for form in FORMS:
            case.bring(case.card(), form)
            report.same(akin.embed("net", case.paths), case.feature(case.pixels), f"{what}, {form}")
        compare(report, case, what)
        compare_mutants(report, case, what)


def whole(report, akin, names, results):
    for name, (_, weights) in NETWORKS.items():
        if names and name not in names:
            continue
        (size,) = weights.transforms().crop_size
        case = Case(akin, name, size, size, 1000)
        digests = set()
        for form in FORMS:
            case.bring(name, form)
            digests.add(digest(os.path.join(akin.folder, "models", "net", "weights.bin")))
        report.expect(len(digests) == 1, f"{name}: all forms of files give the same weights")
        compare_description(report, case, name)
        found = compare_files(report, case, name)
        if results:
            comparing.add_result(results, name, {"difference": float(found)})


if __name__ == "__main__":
    sys.exit(comparing.main(whole, small, compare_own, compare_older, compare_published, compare_refused))
