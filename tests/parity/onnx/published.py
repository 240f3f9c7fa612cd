"""published.py AKIN - the nine networks that the package onnx brings along, as Caffe and Caffe2 wrote them: AlexNet,
DenseNet121, both Inceptions, ResNet50, ShuffleNet, SqueezeNet, VGG19, ZFNet.

Each must import, and cut itself where its class scores begin. The package has them without their weights, as constants
of one number: those of at most FILLED bytes get random ones, and their features are compared with those that ONNX
Runtime computes. Without the package, or without these files in it, says so and exits with 77.
"""

import glob
import json
import os
import sys
import tempfile

try:
    import numpy
    import onnx
    import onnxruntime
    from onnx import numpy_helper
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..")]
import comparing

FILLED = 60 << 20
MEAN, STD = numpy.float32([123.675, 116.28, 103.53]), numpy.float32([58.395, 57.12, 57.375])
ALLOWED = 1e-5  # of the largest value

# The file, the operator that makes its class scores, the floats in its feature, whether that is the mean of a map.
NETWORKS = [
    ("bvlc_alexnet", "Gemm", 4096, False),
    ("densenet121", "Conv", 1024, True),
    ("inception_v1", "Gemm", 1024, False),
    ("inception_v2", "Gemm", 1024, False),
    ("resnet50", "Gemm", 2048, False),
    ("shufflenet", "Gemm", 544, False),
    ("squeezenet", "Conv", 512, True),
    ("vgg19", "Gemm", 4096, False),
    ("zfnet512", "Gemm", 1024, False),
]


def filled(path):
    """The network with random weights in place of its constants; None when it has too many."""
    model, random = onnx.load(path), numpy.random.default_rng(1)
    shapes = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    made = {n.output[0]: shapes[n.input[0]] for n in model.graph.node if n.op_type == "ConstantOfShape"}
    if 4 * sum(int(numpy.prod(shape)) for shape in made.values()) > FILLED:
        return None
    factors = {k for n in model.graph.node if n.op_type == "Mul" for k in n.input}
    factors = {n.input[0] for n in model.graph.node if n.op_type == "Unsqueeze" and n.output[0] in factors}
    factors |= {n.input[k] for n in model.graph.node if n.op_type == "BatchNormalization" for k in (1, 4)}
    for name, shape in made.items():
        deviation = (2 / numpy.prod(shape[1:])) ** 0.5 if len(shape) > 1 else 0.1
        values = random.normal(1 if name in factors else 0, deviation, shape)
        model.graph.initializer.append(numpy_helper.from_array(values.astype(numpy.float32), name))
    nodes = [n for n in model.graph.node if n.op_type != "ConstantOfShape"]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def computed(model, layer, pixels):
    """What ONNX Runtime makes of pixels [n, height, width, 3] at a tensor; the mean of a map."""
    model.graph.output.append(onnx.ValueInfoProto(name=layer))
    onnxruntime.set_default_logger_severity(3)  # it finds tensors that nothing reads
    session = onnxruntime.InferenceSession(model.SerializeToString())
    given = {t.name for t in model.graph.initializer}
    name = next(i.name for i in model.graph.input if i.name not in given)
    x = ((pixels.astype(numpy.float32) - MEAN) / STD).transpose(0, 3, 1, 2)
    rows = [session.run([layer], {name: one[None]})[0].astype(numpy.float64) for one in x]
    return numpy.stack([row.mean((2, 3)).ravel() if row.ndim == 4 else row.ravel() for row in rows])


def imported(akin, path, name):
    akin.do("model", "import", path, "--name", name, "--pixels", "torch", "--fit", "stretch", "--replace")
    return json.loads(akin.do("model", "inspect", name, "--format", "json"))


def compare(akin, model, folder, name, paths, pixels):
    path = os.path.join(folder, f"{name}.onnx")
    onnx.save(model, path)
    layer = imported(akin, path, name)["feature_layer"]
    target = os.path.join(folder, f"{name}.npy")
    akin.do("embed", "--model", name, "--raw", "-o", target, *paths)
    got, wanted = numpy.load(target), computed(model, layer, pixels)
    difference = numpy.abs(got - wanted).max() / numpy.abs(wanted).max()
    apart = numpy.abs(wanted[0] - wanted[1]).max() / numpy.abs(wanted).max()
    print(f"{name}: random weights: {difference:.1e} of the largest value, images are {apart:.1e} apart")
    return difference <= ALLOWED and apart > 100 * ALLOWED


def main():
    files = os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data", "light")
    if not glob.glob(os.path.join(files, "*.onnx")):
        print(f"skipped: no networks in {files}")
        return 77
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        akin = comparing.Akin(sys.argv[1], folder)
        paths, pixels = comparing.save_pictures(folder, 224, 224)
        for name, operator, dim, is_map in NETWORKS:
            path = os.path.join(files, f"light_{name}.onnx")
            facts = imported(akin, path, name.replace("_", "-"))
            layers = {layer["name"]: layer for layer in facts["layers"]}
            right = (facts["dim"] == dim and facts["rule"].startswith(f"the input of the last {operator}, ")
                     and (len(layers[facts["feature_layer"]]["shape"]) == 3) == is_map)
            print(f"{'right ' if right else 'WRONG '} {name}: {facts['dim']} values, {facts['rule']}")
            model = filled(path)
            right = right and (not model or compare(akin, model, folder, name.replace("_", "-"), paths[:2], pixels[:2]))
            failed += not right
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
