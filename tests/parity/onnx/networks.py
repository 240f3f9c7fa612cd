"""networks.py FOLDER - writes small vision transformers with random weights as ONNX files into FOLDER: the networks of
CLIP, SigLIP, DINOv2 and ViT as exporters write them, down to operators, order and names.

Of what the usual exports (Hugging Face's Optimum, by tracing PyTorch) have, so that importing them is put to the test:
open batch, channels, height and width; shapes computed while running (Shape, Gather, Concat, Reshape, Expand, Where);
constants as nodes; class tokens taken by Gather; layer normalization in nine operators below opset 17; positions
interpolated by a cubic Resize; an attention that pools; quick, exact and approximate GELU; several outputs.

What each is: see NETWORKS at the end. Everything follows from the seeds.
"""

import os
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

SMALL = (32, 2, 2)  # width, layers, heads
OPEN = ["batch_size", "num_channels", "height", "width"]


class Graph:
    """An ONNX graph that grows; every method gives the name of a value."""

    def __init__(self, seed, opset, size):
        self.random = numpy.random.default_rng(seed)
        self.opset = opset
        self.width, self.layers, self.head_count = size
        self.part = self.width // self.head_count
        self.nodes, self.weights, self.scope = [], [], ""

    # ---- values ----

    def node(self, operation, *inputs, outputs=1, **attributes):
        place = f"{self.scope}/{operation}_{len(self.nodes)}"
        names = [f"{place}_output_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operation, list(inputs), names, name=place, **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, values, kind=numpy.float32):
        """As a node, which is how tracing writes what stands in the Python code."""
        return self.node("Constant", value=numpy_helper.from_array(numpy.array(values, kind)))

    def integers(self, *values):
        return self.constant(list(values), numpy.int64)

    def weight(self, name, values):
        name = f"{self.scope}.{name}".strip("/.").replace("/", ".")
        self.weights.append(numpy_helper.from_array(numpy.ascontiguousarray(values, numpy.float32), name))
        return name

    def normal(self, name, *shape, strength=0.1):
        return self.weight(name, self.random.normal(0, strength, shape))

    def name_last(self, value, name):
        """Gives a value the name that an output has."""
        for node in self.nodes:
            node.output[:] = [name if output == value else output for output in node.output]
            node.input[:] = [name if source == value else source for source in node.input]
        return name

    # ---- steps ----

    def size(self, value, axis):
        """The length of an axis, as a vector of one, known when it runs."""
        length = self.node("Gather", self.node("Shape", value), self.constant(axis, numpy.int64), axis=0)
        return self.node("Unsqueeze", length, self.integers(0))

    def shape(self, *parts):
        return self.node("Concat", *[self.integers(part) if isinstance(part, int) else part for part in parts], axis=0)

    def expand_batch(self, value, like):
        """tensor.expand(batch, -1, -1), with all that tracing makes of the -1."""
        wanted = self.shape(self.size(like, 0), -1, -1)
        ones = self.node("ConstantOfShape", self.integers(3),
                         value=helper.make_tensor("value", TensorProto.INT64, [1], [1]))
        keeps = self.node("Equal", wanted, self.node("Mul", ones, self.constant(-1, numpy.int64)))
        return self.node("Expand", value, self.node("Where", keeps, ones, wanted))

    def linear(self, value, name, wide, narrow, bias=True):
        matrix = self.weight(f"{name}.weight", self.random.normal(0, wide ** -0.5, (wide, narrow)))
        product = self.node("MatMul", value, matrix)
        return self.node("Add", self.normal(f"{name}.bias", narrow), product) if bias else product

    def gemm(self, value, name, wide, narrow):
        matrix = self.weight(f"{name}.weight", self.random.normal(0, wide ** -0.5, (narrow, wide)))
        return self.node("Gemm", value, matrix, self.normal(f"{name}.bias", narrow), transB=1)

    def normalize(self, value, name, epsilon):
        gain = self.weight(f"{name}.weight", self.random.uniform(0.5, 1.5, self.width))
        shift = self.normal(f"{name}.bias", self.width, strength=0.3)
        if self.opset >= 17:
            return self.node("LayerNormalization", value, gain, shift, axis=-1, epsilon=epsilon)
        centred = self.node("Sub", value, self.node("ReduceMean", value, axes=[-1]))
        variance = self.node("ReduceMean", self.node("Pow", centred, self.constant(2)), axes=[-1])
        deviation = self.node("Sqrt", self.node("Add", variance, self.constant(epsilon)))
        return self.node("Add", self.node("Mul", self.node("Div", centred, deviation), gain), shift)

    def gelu(self, value, kind):
        if kind == "quick":
            gate = self.node("Sigmoid", self.node("Mul", value, self.constant(1.702)))
            return self.node("Mul", value, gate)
        if self.opset >= 20:
            return self.node("Gelu", value, approximate="tanh" if kind == "tanh" else "none")
        if kind == "tanh":
            cube = self.node("Mul", self.constant(0.044715), self.node("Pow", value, self.constant(3)))
            inner = self.node("Mul", self.constant((2 / numpy.pi) ** 0.5), self.node("Add", value, cube))
            gate = self.node("Add", self.constant(1), self.node("Tanh", inner))
            return self.node("Mul", self.node("Mul", self.constant(0.5), value), gate)
        gate = self.node("Add", self.node("Erf", self.node("Div", value, self.constant(2 ** 0.5))), self.constant(1))
        return self.node("Mul", self.node("Mul", value, gate), self.constant(0.5))

    def feed(self, value, kind):
        wide = self.gelu(self.linear(value, "fc1", self.width, 4 * self.width), kind)
        return self.linear(wide, "fc2", 4 * self.width, self.width)

    def heads(self, value, transposed=False):
        """[batch, tokens, width] as [batch, heads, tokens, part]."""
        apart = self.node("Reshape", value,
                          self.shape(self.size(value, 0), self.size(value, 1), self.head_count, self.part))
        return self.node("Transpose", apart, perm=[0, 2, 3, 1] if transposed else [0, 2, 1, 3])

    def attention(self, value):
        """scaled_dot_product_attention: the scale's root goes to both sides."""
        query = self.heads(self.linear(value, "q_proj", self.width, self.width))
        key = self.heads(self.linear(value, "k_proj", self.width, self.width), transposed=True)
        content = self.heads(self.linear(value, "v_proj", self.width, self.width))
        part = self.node("Cast", self.node("Gather", self.node("Shape", query), self.integers(-1), axis=0),
                         to=TensorProto.FLOAT)
        scale = self.node("Sqrt", self.node("Div", self.constant([1]), self.node("Sqrt", part)))
        scores = self.node("MatMul", self.node("Mul", query, scale), self.node("Mul", key, scale))
        mixed = self.node("MatMul", self.node("Softmax", scores, axis=-1), content)
        mixed = self.node("Transpose", mixed, perm=[0, 2, 1, 3])
        mixed = self.node("Reshape", mixed, self.shape(self.size(value, 0), self.size(value, 1), self.width))
        return self.linear(mixed, "out_proj", self.width, self.width)

    def attention_by_batches(self, value):
        """The older form, of three axes: heads are put beside the images of the batch."""
        batch, tokens = self.size(value, 0), self.size(value, 1)
        query = self.node("Mul", self.linear(value, "q_proj", self.width, self.width), self.constant(self.part ** -0.5))
        flat = self.shape(-1, tokens, self.part)
        query, key, content = (
            self.node("Reshape", self.heads(part), flat)
            for part in (query, self.linear(value, "k_proj", self.width, self.width), self.linear(value, "v_proj", self.width, self.width)))
        scores = self.node("MatMul", query, self.node("Transpose", key, perm=[0, 2, 1]))
        mixed = self.node("MatMul", self.node("Softmax", scores, axis=2), content)
        mixed = self.node("Reshape", mixed, self.shape(batch, self.head_count, tokens, self.part))
        mixed = self.node("Transpose", mixed, perm=[0, 2, 1, 3])
        mixed = self.node("Reshape", mixed, self.shape(batch, tokens, self.width))
        return self.linear(mixed, "out_proj", self.width, self.width)

    def encoder(self, value, epsilon, gelu, attention, scaled=False):
        outer = self.scope
        for number in range(self.layers):
            self.scope = f"{outer}/layers.{number}"
            mixed = attention(self.normalize(value, "layer_norm1", epsilon))
            value = self.node("Add", value, self.scaled(mixed, "layer_scale1") if scaled else mixed)
            fed = self.feed(self.normalize(value, "layer_norm2", epsilon), gelu)
            value = self.node("Add", self.scaled(fed, "layer_scale2") if scaled else fed, value)
        self.scope = outer
        return value

    def scaled(self, value, name):
        return self.node("Mul", value, self.weight(f"{name}.lambda1", self.random.uniform(0.2, 2, self.width)))

    def patches(self, image, side, bias=True):
        """[batch, patches, width] of square patches."""
        kernel = self.weight("patch_embedding.weight", self.random.normal(0, 1 / (side * 3 ** 0.5), (self.width, 3, side, side)))
        inputs = [image, kernel] + ([self.normal("patch_embedding.bias", self.width)] if bias else [])
        rows = self.node("Conv", *inputs, kernel_shape=[side, side], strides=[side, side])
        front = self.node("Slice", self.node("Shape", rows), self.integers(0), self.integers(2), self.integers(0))
        return self.node("Transpose", self.node("Reshape", rows, self.shape(front, -1)), perm=[0, 2, 1])

    def first(self, value):
        return self.node("Gather", value, self.constant(0, numpy.int64), axis=1)

    # ---- the file ----

    def save(self, path, outputs, input_shape):
        inputs = [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, input_shape)]
        values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()]
        graph = helper.make_graph(self.nodes, "main_graph", inputs, values, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8,
                                  producer_name="pytorch")
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)


# ---- the networks ----

def clip(path, opset, shape, attention="attention", side=8, image=32, projection=24, size=SMALL):
    """CLIP's vision tower: a normalization in front, the class token behind one, projected."""
    g = Graph(1, opset, size)
    g.scope = "/vision_model/embeddings"
    patches = g.patches("pixel_values", side, bias=False)
    token = g.expand_batch(g.normal("class_embedding", 1, 1, g.width, strength=1), "pixel_values")
    tokens = g.node("Concat", token, patches, axis=1)
    count = (image // side) ** 2 + 1
    places = g.node("Gather", g.normal("position_embedding.weight", count, g.width, strength=0.5),
                    g.constant([list(range(count))], numpy.int64), axis=0)
    value = g.node("Add", tokens, places)
    g.scope = "/vision_model"
    value = g.normalize(value, "pre_layrnorm", 1e-5)
    g.scope = "/vision_model/encoder"
    value = g.name_last(g.encoder(value, 1e-5, "quick", getattr(g, attention)), "last_hidden_state")
    g.scope = "/vision_model"
    pooled = g.normalize(g.first(value), "post_layernorm", 1e-5)
    g.scope = ""
    g.name_last(g.linear(pooled, "visual_projection", g.width, projection, bias=False), "image_embeds")
    g.save(path, {"image_embeds": [shape[0], projection], "last_hidden_state": [shape[0], "sequence", g.width]}, shape)


def siglip_head(g, value):
    """An attention whose one query is learnt (torch.nn.MultiheadAttention: tokens first, weights in one matrix)."""
    g.scope = "/vision_model/head"
    batch = g.size(value, 0)
    times = g.shape(batch, 1, 1)
    ones = g.node("ConstantOfShape", g.node("Shape", times), value=helper.make_tensor("value", TensorProto.INT64, [1], [1]))
    probe = g.node("Tile", g.node("Expand", g.normal("probe", 1, 1, g.width, strength=1), ones), times)
    matrix = g.weight("attention.in_proj_weight", g.random.normal(0, g.width ** -0.5, (3 * g.width, g.width)))
    bias = g.normal("attention.in_proj_bias", 3 * g.width)
    middle = g.node("Add", g.integers(0), g.integers(g.width))
    end = g.node("Add", middle, g.integers(2 * g.width))

    def project(tokens, start, end):
        part = g.node("Transpose", g.node("Slice", matrix, start, end, g.integers(0)), perm=[1, 0])
        product = g.node("MatMul", g.node("Transpose", tokens, perm=[1, 0, 2]), part)
        return g.node("Add", g.node("Slice", bias, start, end, g.integers(0)), product)

    query, both = project(probe, g.integers(0), middle), project(value, middle, end)
    last = g.node("Reshape", g.node("Mod", g.constant(-1, numpy.int64), g.constant(3, numpy.int64)), g.integers(-1))
    sizes = g.node("Shape", both)
    front = g.node("Slice", sizes, g.integers(0), last)
    rest = g.node("Slice", sizes, g.node("Add", last, g.integers(1)), g.integers(2 ** 63 - 1))
    both = g.node("Reshape", both, g.node("Concat", front, g.integers(2, g.width), rest, axis=0))
    both = g.node("Transpose", g.node("Unsqueeze", both, g.integers(0)), perm=[3, 1, 2, 0, 4])
    both = g.node("Squeeze", both, g.integers(3))
    key, content = (g.node("Gather", both, g.constant(i, numpy.int64), axis=0) for i in range(2))

    def apart(part):
        rows = g.node("Reshape", part, g.shape(g.size(part, 0), -1, g.part))
        return g.node("Transpose", rows, perm=[1, 0, 2])

    query, key, content = apart(query), apart(key), apart(content)
    scores = g.node("MatMul", g.node("Mul", query, g.constant(g.part ** -0.5)),
                    g.node("Transpose", key, perm=[0, 2, 1]))
    mixed = g.node("MatMul", g.node("Softmax", scores, axis=-1), content)
    mixed = g.node("Reshape", g.node("Transpose", mixed, perm=[1, 0, 2]), g.integers(-1, g.width))
    mixed = g.node("Reshape", g.gemm(mixed, "attention.out_proj", g.width, g.width), g.shape(1, batch, g.width))
    start = g.node("Transpose", mixed, perm=[1, 0, 2])
    value = g.node("Add", start, g.feed(g.normalize(start, "layernorm", 1e-6), "tanh"))
    return g.first(value)


def siglip(path, opset, shape, side=8, image=32, size=SMALL):
    """SigLIP's: no class token, pooled by an attention."""
    g = Graph(2, opset, size)
    g.scope = "/vision_model/embeddings"
    count = (image // side) ** 2
    places = g.node("Gather", g.normal("position_embedding.weight", count, g.width, strength=0.5),
                    g.constant([list(range(count))], numpy.int64), axis=0)
    value = g.node("Add", g.patches("pixel_values", side), places)
    g.scope = "/vision_model/encoder"
    value = g.encoder(value, 1e-6, "tanh", g.attention)
    g.scope = "/vision_model"
    value = g.name_last(g.normalize(value, "post_layernorm", 1e-6), "last_hidden_state")
    g.name_last(siglip_head(g, value), "pooler_output")
    g.save(path, {"last_hidden_state": [shape[0], "sequence", g.width], "pooler_output": [shape[0], g.width]}, shape)


def dinov2_positions(g, side, learnt):
    """Positions learnt for `learnt` patches across, interpolated to as many as the image has."""
    table = g.normal("position_embeddings", 1, 1 + learnt ** 2, g.width, strength=0.5)
    token = g.node("Slice", table, g.integers(0), g.integers(1), g.integers(1))
    places = g.node("Slice", table, g.integers(1), g.integers(2 ** 63 - 1), g.integers(1))
    places = g.node("Transpose", g.node("Reshape", places, g.integers(1, learnt, learnt, g.width)), perm=[0, 3, 1, 2])
    sizes = [g.node("Div", g.size("pixel_values", axis), g.integers(side)) for axis in (2, 3)]
    front = g.node("Slice", g.node("Shape", places), g.integers(0), g.integers(2), g.integers(0))
    places = g.node("Resize", places, "", "", g.node("Concat", front, *sizes, axis=0), mode="cubic",
                    coordinate_transformation_mode="half_pixel", cubic_coeff_a=-0.75, nearest_mode="floor")
    places = g.node("Reshape", g.node("Transpose", places, perm=[0, 2, 3, 1]), g.integers(1, -1, g.width))
    return token, places


def dinov2(path, opset, shape, registers=0, side=14, learnt=3, size=SMALL):
    """DINOv2's: layers scaled, positions interpolated; with registers behind the class token, which have no position."""
    g = Graph(3 + registers, opset, size)
    g.scope = "/embeddings"
    patches = g.patches("pixel_values", side)
    token = g.expand_batch(g.normal("cls_token", 1, 1, g.width, strength=1), "pixel_values")
    place, places = dinov2_positions(g, side, learnt)
    value = g.node("Add", g.node("Concat", token, patches, axis=1), g.node("Concat", place, places, axis=1))
    if registers:
        more = g.expand_batch(g.normal("register_tokens", 1, registers, g.width, strength=1), "pixel_values")
        token = g.node("Slice", value, g.integers(0), g.integers(1), g.integers(1))
        rest = g.node("Slice", value, g.integers(1), g.integers(2 ** 63 - 1), g.integers(1))
        value = g.node("Concat", token, more, rest, axis=1)
    g.scope = "/encoder"
    value = g.encoder(value, 1e-6, "exact", g.attention, scaled=True)
    g.scope = ""
    value = g.name_last(g.normalize(value, "layernorm", 1e-6), "last_hidden_state")
    g.name_last(g.first(value), "pooler_output")
    g.save(path, {"last_hidden_state": [shape[0], "sequence", g.width], "pooler_output": [shape[0], g.width]}, shape)


def vit(path, opset, shape, side=16, image=48, classes=10, size=SMALL):
    """A classifier: class scores of the class token."""
    g = Graph(9, opset, size)
    g.scope = "/vit/embeddings"
    token = g.expand_batch(g.normal("cls_token", 1, 1, g.width, strength=1), "pixel_values")
    tokens = g.node("Concat", token, g.patches("pixel_values", side), axis=1)
    value = g.node("Add", tokens, g.normal("position_embeddings", 1, (image // side) ** 2 + 1, g.width, strength=0.5))
    g.scope = "/vit/encoder"
    value = g.encoder(value, 1e-12, "exact", g.attention)
    g.scope = "/vit"
    value = g.normalize(value, "layernorm", 1e-12)
    g.scope = ""
    g.name_last(g.gemm(g.first(value), "classifier", g.width, classes), "logits")
    g.save(path, {"logits": [shape[0], classes]}, shape)


# name: function, what it is called with
NETWORKS = {
    "clip": (clip, {"opset": 14, "shape": OPEN}),
    "clip-old": (clip, {"opset": 13, "shape": [1, 3, 32, 32], "attention": "attention_by_batches"}),
    "siglip": (siglip, {"opset": 14, "shape": OPEN}),
    "dinov2": (dinov2, {"opset": 14, "shape": OPEN}),
    "dinov2-registers": (dinov2, {"opset": 17, "shape": OPEN, "registers": 4}),
    "vit": (vit, {"opset": 20, "shape": ["batch", 3, 48, 48]}),
}


# Those that akin has cards of, in their real sizes: width, layers, heads.
SIZES = {"small": (384, 12, 6), "base": (768, 12, 12), "large": (1024, 24, 16)}


def real_clip(side, size, projection):
    return clip, {"side": side, "image": 224, "size": SIZES[size], "projection": projection}


def real_siglip(image):
    return siglip, {"side": 16, "image": image, "size": SIZES["base"]}


def real_dinov2(size, registers=0):
    return dinov2, {"learnt": 37, "size": SIZES[size], "registers": registers}


REAL = {
    "clip-vit-b16": real_clip(16, "base", 512),
    "clip-vit-b32": real_clip(32, "base", 512),
    "clip-vit-l14": real_clip(14, "large", 768),
    "dinov2-base": real_dinov2("base"),
    "dinov2-large": real_dinov2("large"),
    "dinov2-small": real_dinov2("small"),
    "dinov2-with-registers-base": real_dinov2("base", 4),
    "dinov2-with-registers-large": real_dinov2("large", 4),
    "dinov2-with-registers-small": real_dinov2("small", 4),
    "siglip-base-patch16-224": real_siglip(224),
    "siglip-base-patch16-384": real_siglip(384),
}


def write_real(card, path):
    """88 MB to 1.2 GB."""
    function, arguments = REAL[card]
    function(path, opset=14, shape=OPEN, **arguments)


def write(folder):
    for name, (function, arguments) in NETWORKS.items():
        function(os.path.join(folder, f"{name}.onnx"), **arguments)


if __name__ == "__main__":
    write(sys.argv[1])
