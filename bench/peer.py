#!/usr/bin/env python3
"""The same work in Python: Pillow, NumPy and ONNX Runtime, as one would write it in an afternoon.

    peer.py recommend MODEL.onnx CARD.json THREADS FEATURES.npy [--pool] < PATHS
    peer.py enlarge   FOLDER < PATHS
    peer.py agree     OURS.npy OURS.json THEIRS.npy < PATHS
    peer.py reference OURS.npy REFERENCE.f32

recommend  features of all images, cosine similarity of all with all, the best five of each. Without --pool a plain loop,
           with ONNX Runtime on THREADS threads; with --pool THREADS threads that each decode and run, one thread inside.
enlarge    writes each image as one of 12 megapixels, as phones make them.
agree      cosine similarity of two files of features, image by image (rows are matched by path).
reference  the largest difference from reference features, over the largest of them.
Each prints one JSON object. bench/run starts this in a virtual environment of its own.
"""
import concurrent.futures
import json
import pathlib
import sys

import numpy
from PIL import Image, ImageOps

FILTERS = {"nearest": Image.NEAREST, "box": Image.BOX, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}


class Preparation:
    """What a card says of the input, with Pillow."""

    def __init__(self, card_path):
        card = json.loads(pathlib.Path(card_path).read_text())
        self.input = card["input"]
        self.size = (self.input["width"], self.input["height"])
        self.filter = FILTERS[self.input["filter"]]
        self.mirror = card.get("mirror", False)
        self.mean = numpy.array(card["mean"], numpy.float32)
        self.scale = numpy.array(card["scale"], numpy.float32)

    def fit(self, image):
        if self.input["fit"] == "stretch":
            return image.resize(self.size, self.filter)
        if self.input["fit"] == "pad":
            colour = tuple(self.input.get("pad_colour", (255, 255, 255)))
            return ImageOps.pad(image, self.size, self.filter, color=colour)
        return self.centre(image).resize(self.size, self.filter)

    def centre(self, image):
        """The largest centred part of the right proportions, times crop_fraction, cut at whole pixels."""
        (width, height), fraction = self.size, self.input["crop_fraction"]
        scale = min(image.width / width, image.height / height) * fraction
        across, down = round(width * scale), round(height * scale)
        left, top = (image.width - across) // 2, (image.height - down) // 2
        return image.crop((left, top, left + across, top + down))

    def pixels(self, path):
        with Image.open(path) as image:
            return numpy.asarray(self.fit(ImageOps.exif_transpose(image).convert("RGB")))

    def tensor(self, path):
        """f32 [1 or 2, 3, height, width]: the image, and its mirror image where the card wants both"""
        x = ((self.pixels(path).astype(numpy.float32) - self.mean) / self.scale).transpose(2, 0, 1)[None]
        return numpy.concatenate([x, x[..., ::-1]]) if self.mirror else numpy.ascontiguousarray(x)


def read_paths():
    return [line.rstrip("\n") for line in sys.stdin]


def unit(rows):
    return rows / numpy.linalg.norm(rows, axis=1, keepdims=True)


def recommend(onnx, card, threads, out, pool=None):
    import onnxruntime

    paths, preparation, threads = read_paths(), Preparation(card), int(threads)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1 if pool else threads
    session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def feature(path):
        tensor = preparation.tensor(path)
        rows = [session.run(None, {name: tensor[i : i + 1]})[0].reshape(-1) for i in range(len(tensor))]
        return numpy.mean(rows, axis=0)

    if pool:
        with concurrent.futures.ThreadPoolExecutor(threads) as executor:
            rows = list(executor.map(feature, paths))
    else:
        rows = [feature(path) for path in paths]
    features = unit(numpy.stack(rows))
    scores = features @ features.T
    numpy.fill_diagonal(scores, -2)
    best = numpy.argsort(-scores, axis=1)[:, :5]
    numpy.save(out, features)
    return {"images": len(paths), "best": int(best.shape[1])}


def enlarge(folder):
    import prepare

    paths = read_paths()
    pathlib.Path(folder).mkdir(parents=True)
    prepare.enlarge(paths, folder)
    return {"images": len(paths)}


def agree(ours, ours_paths, theirs):
    names = {path: row for row, path in enumerate(json.loads(pathlib.Path(ours_paths).read_text())["images"])}
    order = [names[path] for path in read_paths()]
    cosines = (unit(numpy.load(ours)[order]) * unit(numpy.load(theirs))).sum(axis=1)
    return {"mean": float(cosines.mean()), "lowest": float(cosines.min())}


def reference(ours, theirs):
    rows = numpy.load(ours)
    wanted = numpy.fromfile(theirs, "<f4").reshape(rows.shape)
    return {"difference": float(numpy.abs(rows - wanted).max() / numpy.abs(wanted).max())}


def main():
    commands = {f.__name__: f for f in (recommend, enlarge, agree, reference)}
    print(json.dumps(commands[sys.argv[1]](*sys.argv[2:])))


if __name__ == "__main__":
    main()
