"""notebook.py AKIN [NETWORK…] [--files N] - the classic notebook beside akin: load_img, img_to_array, vstack,
preprocess_input, the network cut before its last layer, predict, cosine similarity, a table labelled by file, the five
best of each. akin does the same with --preprocess keras, and must give the same table and the same five.

NETWORK: vgg16, mobilenet-v2, inception-resnet-v2; without one all three. The files are N mixed ones (default 300): JPEG,
PNG and WebP, grey, palette, with transparency, turned by the camera. Weights are random (harness.py), the same for both.
"""

import argparse
import json
import os
import sys
import tempfile

import numpy

import harness
from harness import keras
from PIL import Image

NETWORKS = {
    "vgg16": (keras.applications.vgg16, keras.applications.VGG16),
    "mobilenet-v2": (keras.applications.mobilenet_v2, keras.applications.MobileNetV2),
    "inception-resnet-v2": (keras.applications.inception_resnet_v2, keras.applications.InceptionResNetV2),
}
BEST = 5
TIE = 2e-6  # scores that are so near to each other are equal: either image may come first


def save_mixed(folder, count, seed=11):
    """Returns the paths, sorted."""
    random = numpy.random.default_rng(seed)
    paths = []
    for i in range(count):
        width, height = (int(n) for n in random.integers(40, 500, 2))
        image = Image.fromarray(harness.picture(random, height, width))
        kind, options = ("rgb.jpg", "grey.jpg", "turned.jpg", "rgb.png", "palette.png", "alpha.png", "rgb.webp")[i % 7], {}
        if kind.startswith("grey"):
            image = image.convert("L")
        elif kind.startswith("palette"):
            image = image.quantize(64)
        elif kind.startswith("alpha"):
            image.putalpha(Image.fromarray(random.integers(0, 256, (height, width), dtype=numpy.uint8)))
        elif kind.startswith("turned"):
            options["exif"] = harness.turned()
        path = os.path.join(folder, f"{i:03}-{kind}")
        image.save(path, **options)
        paths.append(path)
    return sorted(paths)


def notebook(module, model, paths):
    """The whole of it: {path: {path: score}} and {path: [the five best]}."""
    cut = keras.Model(inputs=model.inputs, outputs=model.layers[-2].output)
    height, width = model.input_shape[1:3]
    images = [keras.utils.img_to_array(keras.utils.load_img(path, target_size=(height, width))) for path in paths]
    batch = module.preprocess_input(numpy.vstack([image[None] for image in images]))
    features = cut.predict(batch, verbose=0).astype(numpy.float64)
    unit = features / numpy.linalg.norm(features, axis=1, keepdims=True)
    return unit @ unit.T


def best(scores, row):
    """Indices of the five best others, ties by name."""
    order = sorted((i for i in range(len(scores)) if i != row), key=lambda i: (-scores[row][i], i))
    return order[:BEST]


def compare_table(report, akin, name, paths, scores):
    path = os.path.join(akin.folder, "matrix.npy")
    akin.do("matrix", "--model", name, "-o", path)
    with open(path.removesuffix(".npy") + ".json", encoding="utf-8") as text:
        report.expect(json.load(text)["images"] == paths, f"{name}: the table has the same labels")
    difference = float(numpy.abs(numpy.load(path) - scores).max())
    report.expect(difference <= 1e-4, f"{name}: {len(paths)}×{len(paths)} scores, largest difference {difference:.1e}")


def compare_best(report, akin, name, paths, scores):
    answers = akin.do("recommend", "-k", str(BEST), "--scores", "cosine", "--model", name, "--format", "json")
    rows = {path: row for row, path in enumerate(paths)}
    same = ties = 0
    furthest = 0.0
    for line in answers.splitlines():
        answer = json.loads(line)
        row = rows[answer["image"]]
        got, want = [rows[hit["image"]] for hit in answer["hits"]], best(scores, row)
        furthest = max([furthest] + [abs(hit["score"] - scores[row][rows[hit["image"]]]) for hit in answer["hits"]])
        same += got == want
        ties += got != want and numpy.abs(scores[row][got] - scores[row][want]).max() <= TIE
    report.expect(same + ties == len(paths) == len(answers.splitlines()),
                  f"{name}: the same five in the same order for {same} of {len(paths)} images, but for ties for {ties} more")
    report.expect(furthest <= 1e-4, f"{name}: their scores, largest difference {furthest:.1e}")


def spread(scores):
    """Scores must tell images apart, or the five best mean nothing."""
    others = scores[~numpy.eye(len(scores), dtype=bool)]
    return float(numpy.percentile(others, 99) - numpy.percentile(others, 1))


def compare(report, akin, name, photos, paths):
    module, builder = NETWORKS[name]
    keras.utils.clear_session()
    model = builder(weights=None)
    some = harness.load(paths[:12], *model.input_shape[1:3])
    harness.scramble(model, module.preprocess_input(some))
    weights = os.path.join(akin.folder, "weights.h5")
    harness.save(model, weights)
    akin.do("model", "import", weights, "--card", name)
    os.remove(weights)
    akin.do("index", "--quiet", "--model", name, "--preprocess", "keras", photos)
    scores = notebook(module, model, paths)
    report.expect(spread(scores) > 0.01, f"{name}: scores spread over {spread(scores):.3f}")
    compare_table(report, akin, name, paths, scores)
    compare_best(report, akin, name, paths, scores)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("akin")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--files", type=int, default=300)
    options = parser.parse_args()
    report = harness.Report()
    with tempfile.TemporaryDirectory() as folder:
        folder = os.path.realpath(folder)
        photos = os.path.join(folder, "photos")
        os.mkdir(photos)
        paths = save_mixed(photos, options.files)
        for name in options.names or NETWORKS:
            compare(report, harness.Akin(options.akin, folder), name, photos, paths)
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
