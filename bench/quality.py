#!/usr/bin/env python3
"""How good are the recommendations? Precision at 5 over a folder of class folders.

    bench/quality.py PHOTOS [--akin build/akin] [--weights FILE.pth] [--card models/efficientnet-lite0.json]

For each way of preparing an image (fit, filter, mirrored average) the card is changed in that one respect, the weights are
imported with it, the photos indexed, and for every photo the five best others are asked for. Precision at 5 is the share of
those that lie in the photo's own class folder: micro is the mean over photos, macro the mean over classes of their means.
With --raw also for plain pixels (32x32, no network), to see what a network is worth. Needs Python alone (Pillow and NumPy for --raw).
"""
import collections
import json
import pathlib
import sys
import tempfile

import variant

STRETCH = {"fit": "stretch"}
CROP = {"fit": "crop", "crop_fraction": 1.0}
CROP_7_8 = {"fit": "crop", "crop_fraction": 0.875}
PAD = {"fit": "pad", "pad_colour": [255, 255, 255]}
PAD_GREY = {"fit": "pad", "pad_colour": [127, 127, 127]}
NEAREST = {"filter": "nearest", "antialias": False}
BOX = {"filter": "box", "antialias": True}
BILINEAR = {"filter": "bilinear", "antialias": True}
BICUBIC = {"filter": "bicubic", "antialias": True}
MIRROR = {"mirror": True}

VARIANTS = [
    ("stretch, bilinear", {**STRETCH, **BILINEAR}),
    ("crop, bilinear", {**CROP, **BILINEAR}),
    ("crop of 7/8, bilinear", {**CROP_7_8, **BILINEAR}),
    ("pad with white, bilinear", {**PAD, **BILINEAR}),
    ("pad with grey, bilinear", {**PAD_GREY, **BILINEAR}),
    ("stretch, nearest", {**STRETCH, **NEAREST}),
    ("stretch, box", {**STRETCH, **BOX}),
    ("stretch, bicubic", {**STRETCH, **BICUBIC}),
    ("crop, nearest", {**CROP, **NEAREST}),
    ("crop, box", {**CROP, **BOX}),
    ("crop, bicubic", {**CROP, **BICUBIC}),
    ("crop of 7/8, bicubic", {**CROP_7_8, **BICUBIC}),
    ("stretch, bilinear, mirror", {**STRETCH, **BILINEAR, **MIRROR}),
    ("crop, bilinear, mirror", {**CROP, **BILINEAR, **MIRROR}),
    ("crop, box, mirror", {**CROP, **BOX, **MIRROR}),
    ("crop, bicubic, mirror", {**CROP, **BICUBIC, **MIRROR}),
    ("pad with white, box", {**PAD, **BOX}),
    ("pad with white, box, mirror", {**PAD, **BOX, **MIRROR}),
]


def precision(rows):
    """rows: (class, [classes of the hits]) an image. Returns micro, macro, by class."""
    by_class = collections.defaultdict(list)
    for own, hits in rows:
        if hits:
            by_class[own].append(sum(h == own for h in hits) / len(hits))
    every = [p for values in by_class.values() for p in values]
    means = {c: sum(v) / len(v) for c, v in by_class.items()}
    return sum(every) / len(every), sum(means.values()) / len(means), means


def image_class(path):
    return pathlib.Path(path).parent.name


def with_akin(options, change, folder):
    akin = variant.Variant(options, folder, "quality", change)
    akin.run("index", "--quiet", "--model", "quality", options.photos)
    answers = [json.loads(line) for line in akin.run("recommend", "-k", "5", "--format", "json").splitlines()]
    return precision([(image_class(a["image"]), [image_class(h["image"]) for h in a["hits"]]) for a in answers])


def with_pixels(photos):
    import numpy
    from PIL import Image

    paths = sorted(p for p in pathlib.Path(photos).rglob("*.jpg"))
    rows = numpy.stack([numpy.asarray(Image.open(p).convert("RGB").resize((32, 32), Image.BILINEAR), numpy.float32).ravel() for p in paths])
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= numpy.linalg.norm(rows, axis=1, keepdims=True)
    scores = rows @ rows.T
    numpy.fill_diagonal(scores, -2)
    best = numpy.argsort(-scores, axis=1)[:, :5]
    return precision([(image_class(p), [image_class(paths[j]) for j in row]) for p, row in zip(paths, best)])


def main():
    parser = variant.parser(__doc__)
    parser.add_argument("--only", nargs="+", metavar="TEXT", help="only variants that contain one of these")
    parser.add_argument("--raw", action="store_true", help="plain pixels too")
    parser.add_argument("--classes", action="store_true", help="precision by class of the first variant")
    options = parser.parse_args()
    print(f"| {pathlib.Path(options.card).stem}: preparation | P@5 micro | P@5 macro |\n| --- | --- | --- |")
    chosen = [v for v in VARIANTS if not options.only or any(text in v[0] for text in options.only)]
    for number, (name, change) in enumerate(chosen):
        with tempfile.TemporaryDirectory() as folder:
            micro, macro, by_class = with_akin(options, change, folder)
        print(f"| {name} | {micro:.4f} | {macro:.4f} |", flush=True)
        if number == 0 and options.classes:
            for c, p in sorted(by_class.items()):
                print(f"| - {c} | {p:.3f} | |")
    if options.raw:
        micro, macro, _ = with_pixels(options.photos)
        print(f"| plain pixels, 32x32, no network | {micro:.4f} | {macro:.4f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
