#!/usr/bin/env python3
"""Writes small networks in ONNX, sound ones and such with one thing wrong, beside this file.

    "$(scripts/test-python)" tests/data/onnx/make_onnx.py

The same bytes every time. unit_model_net says what is expected of each; they are the seeds of the fuzz target, too.
"""

import pathlib

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
SIDE = 8


def numbers(name, *shape):
    random = numpy.random.default_rng(sum(name.encode()))
    return numpy_helper.from_array(random.normal(0, 0.5, shape).astype(numpy.float32), name)


def node(operation, inputs, output, **attributes):
    return helper.make_node(operation, inputs, [output] if isinstance(output, str) else output, **attributes)


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


class Network:
    """A convolution, its mean, class scores; parts are changed before it is written."""

    def __init__(self, shape=(1, 3, SIDE, SIDE), kind=TensorProto.FLOAT):
        self.inputs = [value("image", shape, kind)]
        self.outputs = [value("scores", [1, 5])]
        self.tensors = [numbers("kernel", 4, 3, 3, 3), numbers("matrix", 4, 5), numbers("bias", 5)]
        self.nodes = [
            node("Conv", ["image", "kernel"], "map", pads=[1, 1, 1, 1]),
            node("Relu", ["map"], "active"),
            node("GlobalAveragePool", ["active"], "mean"),
            node("Flatten", ["mean"], "vector", axis=1),
            node("Gemm", ["vector", "matrix", "bias"], "scores"),
        ]
        self.opsets = [helper.make_opsetid("", 17)]
        self.functions = []

    def model(self):
        graph = helper.make_graph(self.nodes, "small", self.inputs, self.outputs, self.tensors)
        return helper.make_model(graph, opset_imports=self.opsets, ir_version=8, functions=self.functions)


def write(name, model):
    data = model if isinstance(model, bytes) else model.SerializeToString()
    (HERE / f"{name}.onnx").write_bytes(data)


def changed(name, change, **options):
    network = Network(**options)
    result = change(network)
    write(name, result if isinstance(result, (onnx.ModelProto, bytes)) else network.model())


# ---- sound ----


def turned(n):
    n.nodes.insert(0, node("Transpose", ["image"], "turned", perm=[0, 3, 1, 2]))
    n.nodes[1].input[0] = "turned"


def bytes_in(n):
    turned(n)
    n.nodes.insert(0, node("Cast", ["image"], "pixels", to=TensorProto.FLOAT))
    n.nodes[1].input[0] = "pixels"


def embeds(n):
    n.outputs = [value("image_embeds", None), value("scores", None)]
    n.tensors.append(numbers("projection", 4, 3))
    n.nodes.append(node("MatMul", ["vector", "projection"], "image_embeds"))


def bounded(n):
    """Infinity as one number among the bounds is no damage; a constant, and numbers in every list of a type."""
    n.nodes[1] = node("Clip", ["map", "zero", "infinity"], "active")
    n.nodes.insert(0, node("Constant", [], "zero", value_float=0.0))
    n.tensors.append(helper.make_tensor("infinity", TensorProto.FLOAT, [], [float("inf")]))
    n.tensors[2] = helper.make_tensor("bias", TensorProto.FLOAT, [5], [1, 2, 3, 4, 5])
    n.nodes.append(node("Reshape", ["scores", "shape"], "again"))
    n.tensors.append(helper.make_tensor("shape", TensorProto.INT64, [2], [1, -1]))
    n.outputs = [value("again", None)]


def choice(n):
    """Only the number of a class comes out."""
    n.nodes.append(node("ArgMax", ["scores"], "class", axis=1))
    n.outputs = [value("class", None, TensorProto.INT64)]


def labels(n):
    """The number of a class, and then how probable each is."""
    choice(n)
    n.nodes.append(node("Softmax", ["scores"], "probabilities"))
    n.outputs.append(value("probabilities", None))


def empty(n):
    """A part of the vector with nothing in it, which is put behind the vector."""
    for name in ("zero", "axis"):
        n.tensors.append(helper.make_tensor(name, TensorProto.INT64, [1], [name == "axis"]))
    n.nodes[4:4] = [node("Slice", ["vector", "zero", "zero", "axis"], "nothing"),
                    node("Concat", ["vector", "nothing"], "whole", axis=1)]
    n.nodes[6].input[0] = "whole"


def huge(n):
    """What comes out is one number, many times."""
    n.tensors.append(helper.make_tensor("places", TensorProto.INT64, [4], [1, 4, 1 << 16, 1 << 16]))
    n.nodes[3:] = [node("Expand", ["mean", "places"], "scores")]
    n.outputs = [value("scores", None)]


def warm(n):
    """Class scores times a constant, then a softmax."""
    n.tensors.append(helper.make_tensor("heat", TensorProto.FLOAT, [], [100.0]))
    n.nodes += [node("Mul", ["scores", "heat"], "sharper"), node("Softmax", ["sharper"], "probabilities")]
    n.outputs = [value("probabilities", None)]


def unbiased(n):
    """As MobileNetV2 ends: a convolution without a bias makes the class scores."""
    n.tensors[1:] = [numbers("matrix", 5, 4, 1, 1)]
    n.nodes[3:] = [node("Conv", ["mean", "matrix"], "map_of_scores"), node("Flatten", ["map_of_scores"], "scores")]


def beside(n, location="weights.bin", offset=None, length=None):
    model = n.model()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in (("location", location), ("offset", offset), ("length", length)):
        if text is not None:
            entry = tensor.external_data.add()
            entry.key, entry.value = key, str(text)
    return model


# ---- wrong ----


def edit(number, **fields):
    """Changes fields of a tensor of the written model."""

    def change(n):
        model = n.model()
        for field, content in fields.items():
            tensor = model.graph.initializer[number]
            tensor.ClearField(field)
            if isinstance(content, (list, tuple)):
                getattr(tensor, field).extend(content)
            else:
                setattr(tensor, field, content)
        return model

    return change


def raw(values):
    return numpy.float32(values).tobytes()


def loop(n):
    n.nodes[1].input[0] = "mean"


def branch(n):
    then = helper.make_graph([node("Relu", ["map"], "yes")], "then", [], [value("yes", None)])
    other = helper.make_graph([node("Neg", ["map"], "no")], "else", [], [value("no", None)])
    n.tensors.append(helper.make_tensor("condition", TensorProto.BOOL, [], [True]))
    n.nodes[1] = node("If", ["condition"], "active", then_branch=then, else_branch=other)


def function(n):
    n.opsets.append(helper.make_opsetid("own", 1))
    body = [node("Relu", ["x"], "y")]
    n.functions = [helper.make_function("own", "Active", ["x"], ["y"], body, [helper.make_opsetid("", 17)])]
    n.nodes[1] = helper.make_node("Active", ["map"], ["active"], domain="own")


def sparse(n):
    model = n.model()
    values = helper.make_tensor("few", TensorProto.FLOAT, [1], [1.0])
    indices = helper.make_tensor("where", TensorProto.INT64, [1], [0])
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [5]))
    return model


def unknown(n):
    n.opsets.append(helper.make_opsetid("own", 1))
    n.nodes[1] = helper.make_node("Frobnicate", ["map"], ["active"], domain="own")


def chance(n):
    n.nodes[1:2] = [node("RandomNormalLike", ["map"], "noise"), node("Add", ["map", "noise"], "active")]


def batch(n):
    n.nodes[3] = node("Reshape", ["mean", "shape"], "vector")
    n.tensors.append(helper.make_tensor("shape", TensorProto.INT64, [2], [6, 4]))


def two(n):
    n.inputs.append(value("second", [1, 3, SIDE, SIDE]))
    n.nodes[1] = node("Add", ["map", "second"], "active")


def words(n):
    n.inputs.append(value("ids", [1, 4], TensorProto.INT64))
    n.nodes[2:2] = [node("Cast", ["ids"], "float", to=1), node("ReduceMean", ["float"], "one"),
                    node("Mul", ["active", "one"], "both")]
    n.nodes[5].input[0] = "both"


def nothing(n):
    n.outputs = [value("kernel", None)]


def named(n):
    n.nodes[1] = node("Relu", ["map"], "act\x1b[31mive")
    n.nodes[2].input[0] = "act\x1b[31mive"


def deep():
    """An attribute that has a graph that has a node that has an attribute ..., two thousand times."""
    inner = b""

    def field(number, content):
        size, head = len(content), bytes([number << 3 | 2])
        while size >= 0x80:
            head += bytes([size & 0x7F | 0x80])
            size >>= 7
        return head + bytes([size]) + content

    for _ in range(2000):
        inner = field(1, field(5, field(6, inner)))
    return field(7, field(1, field(5, field(6, inner))))


def main():
    write("small", Network().model())
    write("open", Network(shape=("batch", 3, "height", "width")).model())
    changed("channels-last", turned, shape=(1, SIDE, SIDE, 3))
    changed("eight-bit", bytes_in, shape=("n", SIDE, SIDE, 3), kind=TensorProto.UINT8)
    changed("embeds", embeds)
    changed("bounded", bounded)
    changed("beside", beside)
    changed("choice", choice)
    changed("labels", labels)
    changed("unbiased", unbiased)
    changed("warm", warm)
    changed("empty-part", empty)
    changed("shuffled", lambda n: n.nodes.reverse())
    (HERE / "weights.bin").write_bytes(numpy_helper.to_array(numbers("kernel", 4, 3, 3, 3)).tobytes())

    changed("beside-absolute", lambda n: beside(n, "/etc/passwd"))
    changed("beside-above", lambda n: beside(n, "../weights.bin"))
    changed("beside-through", lambda n: beside(n, "inside/../../weights.bin"))
    changed("beside-nowhere", lambda n: beside(n, None))
    changed("beside-offset", lambda n: beside(n, offset=1 << 62))
    changed("beside-short", lambda n: beside(n, offset=64))
    changed("beside-length", lambda n: beside(n, length=1 << 31))

    changed("circle", loop)
    changed("missing", lambda n: n.tensors.pop())
    changed("twice", lambda n: n.nodes.append(node("Neg", ["map"], "mean")))
    changed("tensor-twice", lambda n: n.tensors.append(numbers("bias", 5)))
    changed("branch", branch)
    changed("function", function)
    changed("sparse", sparse)
    changed("unknown", unknown)
    changed("chance", chance)
    changed("huge-output", huge)
    changed("batch", batch, shape=(6, 3, SIDE, SIDE))
    changed("old", lambda n: n.opsets[0].__setattr__("version", 6))

    changed("nothing-2gb", edit(0, dims=[1 << 9, 3, 1 << 10, 1 << 10]))
    changed("overflow", edit(0, dims=[1 << 31, 1 << 31, 1 << 31]))
    changed("negative", edit(0, dims=[-4, 3, 3, 3]))
    changed("short", edit(0, raw_data=b"\0" * 16))
    changed("many-dimensions", edit(0, dims=[1] * 9))
    changed("strings", edit(0, data_type=TensorProto.STRING))
    changed("wrong-list", edit(2, raw_data=b"", data_type=TensorProto.DOUBLE, float_data=[1, 2, 3, 4, 5]))
    changed("nan", edit(0, raw_data=raw([numpy.nan] + [0] * 107)))
    changed("infinite", edit(2, raw_data=raw([1, 2, numpy.inf, 4, 5])))

    changed("no-image", lambda n: None, shape=(1, 512))
    changed("five-channels", lambda n: None, shape=(1, 5, SIDE, SIDE))
    changed("two-images", two)
    changed("words", words)
    changed("no-output", nothing)
    changed("no-input", lambda n: n.inputs.clear())
    changed("named", named)
    write("deep", deep())
    write("cut-off", Network().model().SerializeToString()[:-40])


main()
