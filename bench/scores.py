#!/usr/bin/env python3
"""What is each kind of score worth? `akin evaluate` with each of them, on and off, over folders of classes.

    bench/scores.py PHOTOS [PHOTOS...] [--akin build/akin] [--weights .deps/weights/A.pth .deps/weights/B.pth ...]

Each folder is indexed with each model into a store of its own. Printed as tables: P@5 and mAP, micro, with the difference to
plain cosines over the same questions; then the models joined. No label is looked at before the evaluation. Needs Python alone.
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile

KINDS = ["cosine", "centred", "reduced", "whitened"]
METRICS = [("precision", "P@5"), ("map_r", "MAP@R"), ("map", "mAP")]


class Store:
    def __init__(self, akin, folder, photos, weights):
        self.akin = os.path.abspath(akin)
        self.env = dict(os.environ, AKIN_MODELS=f"{folder}/models", AKIN_STORE=f"{folder}/store", XDG_CACHE_HOME=f"{folder}/cache")
        self.models = []
        for file in weights:
            listed = set(self.listed())
            self.run("model", "import", "--quiet", file)
            name = (set(self.listed()) - listed).pop()
            self.models.append(name)
            self.run("index", "--quiet", "--model", name, photos)

    def run(self, *arguments):
        return subprocess.run([self.akin, *arguments], env=self.env, check=True, stdout=subprocess.PIPE).stdout

    def listed(self):
        folder = pathlib.Path(self.env["AKIN_MODELS"])
        return [p.name for p in folder.glob("[!.]*")]

    def evaluate(self, kind, *arguments):
        text = self.run("evaluate", "--format", "json", "--worst", "0", "--resamples", "0", "--scores", kind, *arguments)
        return json.loads(text)["models"]


def cells(row, off):
    out = []
    for key, _ in METRICS:
        value = row["micro"][key]["value"]
        out.append(f"{value:.4f}" if off is None else f"{value:.4f} ({value - off['micro'][key]['value']:+.4f})")
    out.append(f"{row['macro']['precision']['value']:.4f}")
    return " | ".join(out)


def table(photos, options):
    with tempfile.TemporaryDirectory() as folder:
        store = Store(options.akin, folder, photos, options.weights)
        print(f"\n| {pathlib.Path(photos).name} | scores | " + " | ".join(t for _, t in METRICS) + " | P@5 macro |\n" + "| --- " * 6 + "|")
        for model in store.models:
            off = None
            for kind in KINDS:
                row = store.evaluate(kind, "--models", model)[0]
                print(f"| {model} | {kind} | {cells(row, off)} |", flush=True)
                off = off or row
        for count in range(2, len(store.models) + 1):
            for kind in KINDS[:2]:
                rows = store.evaluate(kind, "--models", ",".join(store.models[:count]), "--fuse")
                print(f"| {rows[-1]['model']} | {kind} | {cells(rows[-1], rows[0])} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--akin", default="build/akin")
    parser.add_argument("--weights", nargs="+", default=sorted(map(str, pathlib.Path(".deps/weights").glob("efficientnet-lite*.pth"))))
    options = parser.parse_args()
    for photos in options.photos:
        table(photos, options)


if __name__ == "__main__":
    main()
