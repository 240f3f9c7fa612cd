"""classifiers.py AKIN - are features of any convolutional network in ONNX right?

Small networks with random weights, made here in every form that exporters write: batch, channels and sizes fixed or
open, channels first and last, 8-bit pixels, f16, bf16 and f64, weights inside, beside, in typed lists and as constants,
old and new operators, several outputs and inputs, grey images. AKIN imports each and embeds images of exactly its size;
ONNX Runtime runs the original file, on pixels prepared by NumPy, up to the tensor that the rule should have chosen, or
that was named. Then the comparison itself is put to the test: with channels swapped, another mean and another tensor it
must fail.
"""

import os
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

onnxruntime.set_default_logger_severity(3)  # what it thinks of old networks

ALLOWED = 1e-5  # of the largest value
HALF = 3e-3  # the same where the original computes in 16 bits
HEIGHT, WIDTH, CLASSES = 36, 44, 7
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


class Network:
    """A network that grows; methods return names of tensors."""

    def __init__(self, seed=1, opset=17):
        self.random = numpy.random.default_rng(seed)
        self.opset, self.nodes, self.tensors, self.inputs, self.outputs = opset, [], [], [], []

    def node(self, operation, *inputs, name=None, domain="", **attributes):
        name = name or f"{operation.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, list(inputs), [name], name=f"/{name}", domain=domain, **attributes))
        return name

    def numbers(self, *shape, spread=None, around=0.0):
        spread = spread or 1.7 / numpy.sqrt(max(1, numpy.prod(shape[1:])))
        values = (around + self.random.normal(0, spread, shape)).astype(numpy.float32)
        return self.tensor(values)

    def tensor(self, values, name=None):
        name = name or f"tensor_{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(numpy.asarray(values), name))
        return name

    def conv(self, x, channels, inputs, kernel=3, groups=1, bias=True, **attributes):
        weights = [self.numbers(channels, inputs // groups, kernel, kernel)]
        weights += [self.numbers(channels, spread=0.3)] if bias else []
        pads = [kernel // 2] * 4
        return self.node("Conv", x, *weights, group=groups, pads=pads, kernel_shape=[kernel] * 2, **attributes)

    def norm(self, x, channels):
        parameters = [self.numbers(channels, spread=0.2, around=c) for c in (1.0, 0.1, 0.2)]
        variance = self.tensor(self.random.uniform(0.3, 2, channels).astype(numpy.float32))
        return self.node("BatchNormalization", x, *parameters, variance, epsilon=0.003)

    def body(self, x):
        """Ordinary, grouped and depthwise convolutions, normalizations, a detour; [1, 24, h, w]."""
        x = self.node("Relu", self.norm(self.conv(x, 16, 3, 5, strides=[2, 2]), 16))
        y = self.node("Relu", self.norm(self.conv(x, 16, 16, 3, groups=16, bias=False), 16))
        y = self.conv(y, 16, 16, 3, groups=4)
        x = self.node("Add", x, y)
        x = self.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
        gate = self.node("Sigmoid", self.conv(self.node("GlobalAveragePool", x), 16, 16, 1))
        return self.node("Relu", self.conv(self.node("Mul", x, gate), 24, 16, 1), name="last_map")

    def head(self, x, inputs=24):
        x = self.node("Flatten", self.node("GlobalAveragePool", x), name="pooled", axis=1)
        return self.node("Gemm", x, self.numbers(CLASSES, inputs), self.numbers(CLASSES), transB=1, name="logits")

    def takes(self, name, shape, kind=TensorProto.FLOAT):
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def gives(self, name, kind=TensorProto.FLOAT):
        self.outputs.append(helper.make_tensor_value_info(name, kind, None))

    def model(self):
        graph = helper.make_graph(self.nodes, "network", self.inputs, self.outputs, self.tensors)
        opsets = [helper.make_opsetid("", self.opset)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)


# ---- the networks: each gives a model and what is expected of it ----


def plain(**options):
    n = Network(**options)
    n.gives(n.head(n.body(n.takes("input", [1, 3, HEIGHT, WIDTH]))))
    return n


def open_sizes():
    n = Network(2)
    n.gives(n.node("Softmax", n.head(n.body(n.takes("pixels", ["n", "c", "h", "w"])))))
    return n


def channels_last():
    """As tf2onnx writes a Keras network."""
    n = Network(3)
    x = n.node("Transpose", n.takes("input", ["batch", HEIGHT, WIDTH, 3]), perm=[0, 3, 1, 2])
    x = n.node("ReduceMean", n.body(x), axes=[2, 3], keepdims=0, name="pooled")
    x = n.node("MatMul", x, n.numbers(24, CLASSES), name="product")
    n.gives(n.node("Softmax", n.node("Add", x, n.numbers(CLASSES))))
    return n


def eight_bit():
    n = Network(4)
    x = n.node("Cast", n.takes("image", [1, HEIGHT, WIDTH, 3], TensorProto.UINT8), to=TensorProto.FLOAT)
    x = n.node("Div", n.node("Sub", x, n.tensor(numpy.float32([120, 115, 100]))), n.tensor(numpy.float32(60)))
    n.gives(n.head(n.body(n.node("Transpose", x, perm=[0, 3, 1, 2]))))
    return n


def several():
    """Two outputs and one more tensor to be named; a constant as a node, one that is made of others."""
    n = Network(5)
    x = n.body(n.takes("input", [1, 3, HEIGHT, WIDTH]))
    n.nodes.append(helper.make_node("Constant", [], ["two"], value_float=2.0))
    n.gives(n.head(n.node("Mul", x, "two")))
    n.nodes.append(helper.make_node("Constant", [], ["shape"], value_ints=[0, -1]))
    projection = n.node("Transpose", n.numbers(24, 11), perm=[1, 0])
    x = n.node("Reshape", n.node("GlobalMaxPool", x), "shape")
    n.gives(n.node("Gemm", x, projection, transB=1, name="embedding"))
    return n


def two_inputs():
    """A network of images and of words: only one output is of the image alone."""
    n = Network(6)
    words = n.node("Gather", n.numbers(9, 5), n.takes("input_ids", ["batch", 4], TensorProto.INT64))
    words = n.node("ReduceMean", words, axes=[1], keepdims=0)
    x = n.node("Flatten", n.node("GlobalAveragePool", n.body(n.takes("pixel_values", ["batch", 3, "h", "w"]))))
    embeds = n.node("MatMul", x, n.numbers(24, 5), name="image_embeds")
    n.gives(n.node("MatMul", embeds, n.node("Transpose", words, perm=[1, 0])))
    n.gives(embeds)
    return n


def convolution_head():
    """Like SqueezeNet: the last convolution makes a map of class scores, of which the mean is taken."""
    n = Network(7)
    x = n.node("Relu", n.conv(n.body(n.takes("input", [1, 3, HEIGHT, WIDTH])), CLASSES, 24, 1))
    n.gives(n.node("Softmax", n.node("Flatten", n.node("GlobalAveragePool", x))))
    return n


def old():
    """Operators of version 9, tensors that are inputs besides."""
    n = plain(seed=8, opset=9)
    for tensor in n.tensors:
        n.takes(tensor.name, list(tensor.dims))
    return n


def oldest():
    """Version 7."""
    return plain(seed=13, opset=7)


def old_tokens():
    """Version 7, and tokens: places of a map behind one that is the same for all images."""
    n = Network(12, opset=7)
    x = n.node("Reshape", n.body(n.takes("input", [1, 3, HEIGHT, WIDTH])), n.tensor(numpy.int64([1, 24, -1])))
    x = n.node("Concat", n.numbers(1, 1, 24), n.node("Transpose", x, perm=[0, 2, 1]), axis=1)
    n.gives(n.node("Add", x, n.node("ReduceMax", x, axes=[1], keepdims=1), name="last_tokens"))
    return n


def grey():
    n = Network(9)
    x = n.conv(n.takes("input", [1, 1, HEIGHT, WIDTH]), 3, 1, 3)
    n.gives(n.head(n.body(x)))
    return n


def grey_bytes():
    """Whole numbers of brightness, as Pillow rounds them."""
    n = Network(12)
    x = n.node("Cast", n.takes("input", [1, HEIGHT, WIDTH, 1], TensorProto.UINT8), to=TensorProto.FLOAT)
    x = n.node("Transpose", n.node("Div", x, n.tensor(numpy.float32(90))), perm=[0, 3, 1, 2])
    n.gives(n.head(n.body(n.conv(x, 3, 1, 3))))
    return n


def normalised():
    """The output is a feature of unit length, whatever stands before."""
    n = Network(10)
    x = n.head(n.body(n.takes("input", ["n", 3, HEIGHT, WIDTH])))
    n.gives(n.node("LpNormalization", x, p=2, axis=1, name="unit"))
    return n


def shuffled():
    """Nodes in no order at all."""
    n = plain(seed=11)
    n.nodes.reverse()
    return n


def retyped(model, kind):
    """The same network in numbers of another type."""
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != numpy.float32:
            continue
        tensor.CopyFrom(helper.make_tensor(tensor.name, kind, values.shape, values.astype(numpy.float64).ravel()))
    for value in [*model.graph.input, *model.graph.output]:
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = kind
    return model


def typed_lists(model):
    """Numbers in the lists of their types instead of raw bytes."""
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        tensor.CopyFrom(helper.make_tensor(tensor.name, tensor.data_type, values.shape, values.ravel()))
    return model


# name, network, expected tensor, import's options, what is done to the model, how it is given pixels


NETWORKS = [
    ("plain", plain, "pooled", [], None, "first"),
    ("logits", plain, "logits", ["--layer", "logits"], None, "first"),
    ("last-but-one", plain, "pooled", ["--layer", "-2"], None, "first"),
    ("map", plain, "last_map", ["--layer", "last_map"], None, "first"),
    ("maximum", plain, "last_map", ["--layer", "last_map", "--pooling", "max"], None, "first"),
    ("generalised", plain, "last_map", ["--layer", "last_map", "--pooling", "gem:4.5"], None, "first"),
    ("generalised-old", old, "last_map", ["--layer", "last_map", "--pooling", "gem:4.5"], None, "first"),
    ("generalised-oldest", oldest, "last_map", ["--layer", "last_map", "--pooling", "gem:4.5"], None, "first"),
    ("class-oldest", old_tokens, "last_tokens", [], None, "first"),
    ("both-oldest", old_tokens, "last_tokens", ["--pooling", "both"], None, "first"),
    ("generalised-last", channels_last, "input", ["--layer", "input", "--pooling", "gem:4.5"], None, "last"),
    ("open", open_sizes, "pooled", ["--size", f"{WIDTH}x{HEIGHT}"], None, "first"),
    ("channels-last", channels_last, "pooled", [], None, "last"),
    ("channels-last-input", channels_last, "input", ["--layer", "input"], None, "last"),
    ("eight-bit", eight_bit, "pooled", [], None, "bytes"),
    ("several", several, "pooled", [], None, "first"),
    ("several-second", several, "embedding", ["--layer", "embedding"], None, "first"),
    ("two-inputs", two_inputs, "image_embeds", ["--size", f"{WIDTH}x{HEIGHT}"], None, "first"),
    ("convolution-head", convolution_head, "last_map", [], None, "first"),
    ("old", old, "pooled", [], None, "first"),
    ("grey", grey, "pooled", [], None, "grey"),
    ("grey-bytes", grey_bytes, "pooled", [], None, "grey bytes"),
    ("normalised", normalised, "unit", [], None, "first"),
    ("shuffled", shuffled, "pooled", [], "sorted", "first"),
    ("half", plain, "pooled", [], TensorProto.FLOAT16, "first"),
    ("bfloat", plain, "pooled", [], TensorProto.BFLOAT16, "first"),
    ("double", plain, "pooled", [], TensorProto.DOUBLE, "first"),
    ("lists", plain, "pooled", [], "lists", "first"),
    ("beside", plain, "pooled", [], "beside", "first"),
    ("beside-one-by-one", several, "pooled", [], "one by one", "first"),
]


def run(akin, *arguments):
    done = subprocess.run([akin, *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"akin {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stderr


def write(model, change, path):
    """Writes the model in another form; returns the one that ONNX Runtime is to run."""
    reference = onnx.ModelProto()
    reference.CopyFrom(model)
    if change in (TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE):
        model = retyped(model, change)
        if change == TensorProto.BFLOAT16:  # ONNX Runtime computes it in f32: the same numbers, rounded
            for tensor, rounded in zip(reference.graph.initializer, model.graph.initializer):
                values = numpy_helper.to_array(rounded).astype(numpy.float32)
                tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
        elif change == TensorProto.FLOAT16:
            reference.CopyFrom(model)
    if change == "lists":
        model = typed_lists(model)
    if change == "sorted":
        del reference.graph.node[:]
        reference.graph.node.extend(reversed(model.graph.node))
    if change in ("beside", "one by one"):
        onnx.save(model, path, save_as_external_data=True, all_tensors_to_one_file=change == "beside",
                  location="weights.data" if change == "beside" else None, size_threshold=0)
    else:
        onnx.save(model, path)
    return reference


def reference_features(model, tensor, pixels, form, mean=MEAN, pooling=None):
    """[n, dim], by ONNX Runtime."""
    x = pixels.astype(numpy.float32)
    if "bytes" not in form:
        x = (x / 255 - numpy.float32(mean)) / numpy.float32(STD)
    if form == "grey":
        x = (x @ numpy.float32([19595, 38470, 7471]) / 65536)[:, None]
    elif form == "first":
        x = x.transpose(0, 3, 1, 2)
    elif form == "bytes":
        x = pixels
    elif form == "grey bytes":
        x = numpy.stack([numpy.asarray(Image.fromarray(image).convert("L")) for image in pixels])[..., None]
    names = {i.name for i in model.graph.initializer}
    inputs = [i for i in model.graph.input if i.name not in names]
    if tensor not in {o.name for o in model.graph.output} | {i.name for i in inputs}:
        model.graph.output.append(onnx.ValueInfoProto(name=tensor))
    image = next(i for i in inputs if i.name != "input_ids")
    half = image.type.tensor_type.elem_type == TensorProto.FLOAT16
    feed = {i.name: numpy.zeros((1, 4), numpy.int64) for i in inputs if i.name == "input_ids"}
    rows = []
    session = onnxruntime.InferenceSession(model.SerializeToString()) if tensor != image.name else None
    for one in x:
        one = one[None].astype(numpy.float16) if half else one[None]
        value = session.run([tensor], {**feed, image.name: one})[0] if session else one
        if value.ndim == 4:
            axes = (1, 2) if form == "last" and tensor == image.name else (2, 3)
            value = value.astype(numpy.float64)
            if pooling == "gem:4.5":
                value = (numpy.maximum(value, 1e-6) ** 4.5).mean(axes) ** (1 / 4.5)
            else:
                value = value.max(axes) if pooling == "max" else value.mean(axes)
        elif value.ndim == 3:
            value = value[:, 0] if pooling != "both" else numpy.concatenate([value[:, 0], value[:, 1:].mean(1)], 1)
        rows.append(value.astype(numpy.float64).ravel())
    return numpy.stack(rows)


def embed(akin, folder, name, paths):
    target = os.path.join(folder, f"{name}.npy")
    run(akin, "embed", "--model", name, "--raw", "-o", target, *paths)
    return numpy.load(target)


def main(akin):
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(AKIN_MODELS=os.path.join(folder, "models"), XDG_CACHE_HOME=folder,
                          AKIN_STORE=os.path.join(folder, "store"))
        random = numpy.random.default_rng(3)
        pixels = random.integers(0, 256, (4, HEIGHT, WIDTH, 3)).astype(numpy.uint8)
        paths = [os.path.join(folder, f"{i}.png") for i in range(len(pixels))]
        for path, image in zip(paths, pixels):
            Image.fromarray(image).save(path)
        mean = ["--mean", ",".join(map(str, MEAN)), "--std", ",".join(map(str, STD))]
        for name, network, tensor, options, change, form in NETWORKS:
            os.mkdir(os.path.join(folder, name))
            path = os.path.join(folder, name, f"{name}.onnx")
            model = write(network().model(), change, path)
            run(akin, "model", "import", path, "--fit", "stretch", *options, *([] if "bytes" in form else mean))
            got = embed(akin, folder, name, paths)
            pooling = options[options.index("--pooling") + 1] if "--pooling" in options else None
            want = reference_features(model, tensor, pixels, form, pooling=pooling)
            allowed = HALF if change == TensorProto.FLOAT16 else ALLOWED
            difference = numpy.abs(got - want).max() / numpy.abs(want).max() if got.shape == want.shape else 9
            apart = numpy.abs(want[0] - want[1]).max() / numpy.abs(want).max()
            right = difference <= allowed and apart > 20 * allowed
            print(f"{'equal ' if right else 'DIFFER'} {name}: {got.shape[1]} values, {difference:.1e} of the largest")
            failed += not right
        model = plain().model()
        got = embed(akin, folder, "plain", paths)
        for mistake, want in [
            ("channels swapped", reference_features(model, "pooled", pixels[..., ::-1], "first")),
            ("another mean", reference_features(model, "pooled", pixels, "first", [0.5, 0.456, 0.406])),
        ]:
            seen = numpy.abs(got - want).max() / numpy.abs(want).max() > ALLOWED
            print(f"{'seen  ' if seen else 'MISSED'} {mistake}")
            failed += not seen
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
