#!/usr/bin/env python3
"""What does the default preprocessing change, beside that of a Keras notebook?

    .deps/venv-bench/bin/python bench/preprocessing.py PHOTOS [--akin build/akin] [--model efficientnet-lite0]

Indexes a folder of class folders twice with an imported model: as its card says, and with --preprocess keras (nearest
neighbour, stretched, no orientation, transparency dropped). Prints a Markdown row: cosine similarity of an image's two
features, share of the five best that stay, and precision at 5 (of the image's own class folder) each way.
"""
import argparse
import json
import os
import pathlib
import tempfile

import numpy

import measure

BEST = 5


def features(akin, model, photos, folder, how):
    env = dict(os.environ, AKIN_STORE=str(folder / how))
    measure.run([akin, "index", "--quiet", "--model", model, "--preprocess", how, photos], env, allowed=(0, 3))
    out = folder / f"{how}.npy"
    measure.run([akin, "export", "--model", model, out], env)
    return json.loads(out.with_suffix(".json").read_text())["images"], numpy.load(out).astype(numpy.float64)


def best(rows):
    scores = rows @ rows.T
    numpy.fill_diagonal(scores, -2)
    return numpy.argsort(-scores, axis=1, kind="stable")[:, :BEST]


def precision(found, classes):
    return (classes[found] == classes[:, None]).mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=pathlib.Path)
    parser.add_argument("--akin", type=pathlib.Path, default=pathlib.Path("build/akin"))
    parser.add_argument("--model", default="efficientnet-lite0")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths, ours = features(options.akin.resolve(), options.model, options.photos.resolve(), pathlib.Path(folder), "card")
        same, theirs = features(options.akin.resolve(), options.model, options.photos.resolve(), pathlib.Path(folder), "keras")
    assert paths == same
    cosines = (ours * theirs).sum(axis=1)
    classes = numpy.unique([os.path.dirname(p) for p in paths], return_inverse=True)[1]
    found, before = best(ours), best(theirs)
    kept = numpy.mean([len(set(a) & set(b)) / BEST for a, b in zip(found, before)])
    print(f"| {options.photos.name} | {len(paths):,} | {numpy.median(cosines):.3f}, {cosines.min():.3f} | {100 * kept:.1f} % "
          f"| {precision(before, classes):.4f} | {precision(found, classes):.4f} |")


if __name__ == "__main__":
    main()
