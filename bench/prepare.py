"""prepare.py PROGRAM [FOLDER] [--large FOLDER] [--json] - decoding and antialiased resizing to 224 × 224 on one thread:
akin beside Pillow.

PROGRAM: bench_prepare. FOLDER: of JPEG photos (default ../shared/data/clothing beside the checkout). Both sides get the
same files, already in memory, and take turns; each figure is the median of seven turns, in processor time, which other
programs on the machine disturb least. Photos of 12 megapixels are
taken from --large, else made from a few of the others by enlarging and encoding again (quality 90). --json: one object
a kind of photo, {title: {"files", "images/s": {side: median}, "times Pillow": {what: [ratio of each turn]}}}.

    decode   the whole picture, no resizing
    whole    decoded whole, then resized: the pixels of both sides are equal
    scaled   JPEG decoded smaller where it stays at least twice the target: what `akin index` does
"""

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from PIL import Image

SIZE = 224
TURNS = 7


class Akin:
    def __init__(self, program, paths):
        self.process = subprocess.Popen([program, str(SIZE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for path in paths:
            self.process.stdin.write(f"file {path}\n")

    def turn(self, what):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


class Pillow:
    def __init__(self, paths):
        self.files = []
        for path in paths:
            with open(path, "rb") as f:
                self.files.append(f.read())

    def turn(self, what):
        start = time.process_time()
        for data in self.files:
            image = Image.open(io.BytesIO(data)).convert("RGB")
            if what != "decode":
                image.resize((SIZE, SIZE), Image.Resampling.BILINEAR)
        return time.process_time() - start


def measure(program, paths):
    akin, pillow = Akin(program, paths), Pillow(paths)
    sides = {"akin decode": [], "akin whole": [], "akin scaled": [], "Pillow decode": [], "Pillow whole": []}
    for _ in range(TURNS):
        for name, times in sides.items():
            side, what = name.split()
            times.append((akin if side == "akin" else pillow).turn(what))
    ratios = {what: [p / a for p, a in zip(sides["Pillow whole"], sides[f"akin {what}"])] for what in ("whole", "scaled")}
    rates = {name: len(paths) / statistics.median(times) for name, times in sides.items()}
    return {"files": len(paths), "images/s": rates, "times Pillow": ratios}


def show(title, result):
    print(f"{title}, {result['files']} files")
    for name, rate in result["images/s"].items():
        print(f"  {name:14} {1000 / rate:8.3f} ms an image {rate:9.1f} images/s")
    for what, ratios in result["times Pillow"].items():
        print(f"  akin {what} is {statistics.median(ratios):.2f} times as fast as Pillow")


def enlarge(paths, folder):
    for i, path in enumerate(paths):
        image = Image.open(path).convert("RGB")
        scale = (12e6 / (image.width * image.height)) ** 0.5
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
        image.save(os.path.join(folder, f"{i:04}.jpg"), quality=90)


def some(folder, count):
    """Up to so many of the folder's JPEG files, from all over it."""
    paths = sorted(os.path.join(f, name) for f, _, names in os.walk(folder) for name in names if name.endswith(".jpg"))
    return paths[:: max(1, len(paths) // count)][:count]


def main():
    default = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "shared", "data", "clothing")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("photos", nargs="?", default=default)
    parser.add_argument("--large")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not some(options.photos, 1):
        print(f"no .jpg files in {options.photos}")
        return 77
    results = {"photos": measure(options.program, some(options.photos, 400))}
    with tempfile.TemporaryDirectory() as folder:
        if not options.large:
            enlarge(some(options.photos, 12), folder)
        results["12 megapixels"] = measure(options.program, some(options.large or folder, 12))
    if options.json:
        print(json.dumps(results))
    else:
        for title, result in results.items():
            show(title, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
