#!/usr/bin/env python3
"""Writes a state dict with random weights for an efficientnet-lite card, as PyTorch would: a model for tests.

    make_pth.py tiny.json tiny.pth                     old layout (five pickles, then the storages)
    make_pth.py tiny.json tiny.pth --layout zip        the layout of today
    make_pth.py tiny.json tiny.pth --seed 7            other numbers; the same seed gives the same bytes

Needs nothing but Python's standard library. The weights are as hard on a reader as trained ones are, so that a mistake
shows: convolution kernels lie in memory with the channels last (strides that are not row-major), batch-norm variances
go down to 1e-4 (the epsilon counts) and some gammas are negative; yet activations keep their size from layer to layer,
so that different images have different features.
"""
import argparse
import collections
import io
import json
import math
import pickle
import random
import struct
import sys
import types
import zipfile

# repeats, kernel, expansion, channels of the seven stages
STAGES = [(1, 3, 1, 16), (2, 3, 6, 24), (2, 5, 6, 40), (3, 3, 6, 80), (3, 5, 6, 112), (4, 5, 6, 192), (1, 3, 6, 320)]
MAGIC = 0x1950A86A20F9469CFC6C


def scaled_channels(channels, factor):
    wanted = channels * factor
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded


def scaled_repeats(stage, repeats, factor):
    return repeats if stage in (0, len(STAGES) - 1) else math.ceil(repeats * factor)


class Weights:
    """Tensors in the order of the file: name -> (shape, strides, values in memory order, storage class)."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.tensors = collections.OrderedDict()

    def vector(self, name, values):
        self.tensors[name] = ((len(values),), (1,), values, "FloatStorage")

    def convolution(self, name, norm, outputs, inputs, kernel, gain):
        """A kernel [outputs, inputs, kernel, kernel], channels last in memory, and the batch-norm that follows it."""
        draw = self.random
        variances = [10 ** draw.uniform(-4, 0) for _ in range(outputs)]
        spread = math.sqrt(gain / (inputs * kernel * kernel))
        size = outputs * inputs * kernel * kernel
        values = [draw.gauss(0, spread) * math.sqrt(variances[i % outputs]) for i in range(size)]
        strides = (1, outputs, outputs * inputs * kernel, outputs * inputs)
        self.tensors[name + ".weight"] = ((outputs, inputs, kernel, kernel), strides, values, "FloatStorage")
        signs = [-1 if draw.random() < 0.15 else 1 for _ in range(outputs)]
        self.vector(norm + ".weight", [sign * draw.uniform(0.6, 1.6) for sign in signs])
        self.vector(norm + ".bias", [draw.uniform(-0.4, 0.6) for _ in range(outputs)])
        self.vector(norm + ".running_mean", [draw.uniform(-0.3, 0.3) * math.sqrt(v) for v in variances])
        self.vector(norm + ".running_var", variances)
        self.tensors[norm + ".num_batches_tracked"] = ((), (), [1], "LongStorage")


def network(card, seed):
    weights = Weights(seed)
    weights.convolution("_conv_stem", "_bn0", 32, 3, 3, 2.0)
    channels, block = 32, 0
    for stage, (repeats, kernel, expansion, width) in enumerate(STAGES):
        outputs = scaled_channels(width, card["width_factor"])
        for _ in range(scaled_repeats(stage, repeats, card["depth_factor"])):
            prefix, inner = f"_blocks.{block}.", channels * expansion
            if expansion > 1:
                weights.convolution(prefix + "_expand_conv", prefix + "_bn0", inner, channels, 1, 1.0)
            weights.convolution(prefix + "_depthwise_conv", prefix + "_bn1", inner, 1, kernel, 2.0)
            weights.convolution(prefix + "_project_conv", prefix + "_bn2", outputs, inner, 1, 2.0)
            channels, block = outputs, block + 1
    weights.convolution("_conv_head", "_bn1", 1280, channels, 1, 1.0)
    classes = card["classes"]
    dense = [weights.random.gauss(0, 0.05) for _ in range(1280 * classes)]
    weights.tensors["_fc.weight"] = ((classes, 1280), (1, classes), dense, "FloatStorage")
    weights.vector("_fc.bias", [weights.random.uniform(-0.1, 0.1) for _ in range(classes)])
    return weights.tensors


def stand_in(module, name):
    """An object that pickles as the global MODULE.NAME, without that module."""
    def function():
        raise NotImplementedError
    function.__module__, function.__name__, function.__qualname__ = module, name, name
    parent = sys.modules.setdefault(module, types.ModuleType(module))
    setattr(parent, name, function)
    return function


REBUILD = stand_in("torch._utils", "_rebuild_tensor_v2")
STORAGES = {name: stand_in("torch", name) for name in ("FloatStorage", "LongStorage")}


class Storage:
    def __init__(self, key, kind, count):
        self.key, self.kind, self.count = key, kind, count


class Tensor:
    def __init__(self, storage, shape, strides):
        self.arguments = (storage, 0, shape, strides, False, collections.OrderedDict())

    def __reduce__(self):
        return REBUILD, self.arguments


class Pickler(pickle.Pickler):
    def persistent_id(self, value):
        if not isinstance(value, Storage):
            return None
        identity = ("storage", STORAGES[value.kind], value.key, "cpu", value.count)
        return identity if self.layout == "zip" else identity + (None,)


def pickled(value, layout):
    out = io.BytesIO()
    pickler = Pickler(out, protocol=2)
    pickler.layout = layout
    pickler.dump(value)
    return out.getvalue()


def save(tensors, path, layout):
    state, storages = collections.OrderedDict(), {}
    for number, (name, (shape, strides, values, kind)) in enumerate(tensors.items()):
        key = str(number if layout == "zip" else 94000000000000 + 64 * number)
        letter = {"FloatStorage": "f", "LongStorage": "q"}[kind]
        storages[key] = (len(values), struct.pack(f"<{len(values)}{letter}", *values))
        state[name] = Tensor(Storage(key, kind, len(values)), shape, strides)
    if layout == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            def add(name, data):
                archive.writestr(zipfile.ZipInfo("tiny/" + name), data)
            add("data.pkl", pickled(state, layout))
            add("byteorder", "little")
            for key, (_, data) in storages.items():
                add("data/" + key, data)
            add("version", "3\n")
        return
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    with open(path, "wb") as out:
        for part in (MAGIC, 1001, system, state, sorted(storages)):
            out.write(pickled(part, layout))
        for key in sorted(storages):
            count, data = storages[key]
            out.write(struct.pack("<q", count) + data)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("card")
    parser.add_argument("output")
    parser.add_argument("--layout", choices=("legacy", "zip"), default="legacy")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with open(arguments.card, encoding="utf-8") as text:
        card = json.load(text)
    save(network(card, arguments.seed), arguments.output, arguments.layout)


if __name__ == "__main__":
    main()
