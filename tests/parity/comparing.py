"""comparing.py - what the comparisons with other programs' networks share: images, running akin, the measure of how
far two sets of features are apart, and what is kept of it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy
from PIL import Image

ALLOWED = 1e-4  # of the largest value
COSINE = 0.9999  # at least
SPREAD = 1e-2  # of the largest value: features of different images differ at least so much
IMAGES = 6


# ---- images ----

def picture(random, height, width):
    """Waves, an edge and noise: [height, width, 3] u8."""
    y, x = numpy.mgrid[0:height, 0:width] / max(height, width)
    waves = [numpy.sin(random.uniform(2, 30) * x + random.uniform(2, 30) * y + random.uniform(0, 6)) for _ in range(3)]
    edge = (x * random.uniform(-1, 1) + y * random.uniform(-1, 1) > random.uniform(-0.2, 0.4)) * 90
    noise = random.normal(0, random.choice([4, 40]), (height, width, 3))
    image = numpy.stack(waves, axis=2) * 80 + random.uniform(60, 140, 3) + edge[:, :, None] + noise
    return numpy.clip(image, 0, 255).astype(numpy.uint8)


def save_pictures(folder, height, width, seed=5):
    """IMAGES files of exactly that size, without loss. Returns their paths and pixels [IMAGES, height, width, 3]."""
    random = numpy.random.default_rng(seed)
    pixels = numpy.stack([picture(random, height, width) for _ in range(IMAGES)])
    paths = [os.path.join(folder, f"exact-{width}x{height}-{i}.png") for i in range(IMAGES)]
    for path, image in zip(paths, pixels):
        Image.fromarray(image).save(path)
    return paths, pixels


def save_files(folder, seed=6):
    """IMAGES files of other sizes, JPEG and PNG, one of them with transparency, one that the camera turned."""
    random = numpy.random.default_rng(seed)
    sizes = [(400, 300), (301, 517), (96, 64), (640, 480), (333, 333), (50, 211)]
    paths = []
    for i, (width, height) in enumerate(sizes):
        image = Image.fromarray(picture(random, height, width))
        path = os.path.join(folder, f"file-{i}." + ("png" if i % 3 == 2 else "jpg"))
        if i == 2:
            image.putalpha(Image.fromarray(random.integers(0, 256, (height, width), dtype=numpy.uint8)))
        options = {"exif": turned()} if i == 1 else {}
        image.save(path, **options)
        paths.append(path)
    return paths


def turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


# ---- akin ----

class Akin:
    """The command, with models and store in a folder of their own."""

    def __init__(self, program, folder):
        self.program, self.folder = os.path.abspath(program), folder
        self.environment = dict(os.environ, AKIN_MODELS=os.path.join(folder, "models"),
                                AKIN_STORE=os.path.join(folder, "store"), XDG_CACHE_HOME=os.path.join(folder, "cache"))

    def ask(self, *arguments):
        return subprocess.run([self.program, *arguments], env=self.environment, capture_output=True, text=True)

    def do(self, *arguments):
        answer = self.ask(*arguments)
        if answer.returncode != 0:
            sys.exit(f"akin {' '.join(arguments)}: {answer.stderr}")
        return answer.stdout

    def embed(self, model, paths, *arguments):
        """[n, dim] f64, not normalised."""
        out = os.path.join(self.folder, "features.npy")
        self.do("embed", "--raw", "--format", "npy", "-o", out, "--model", model, *arguments, *paths)
        return numpy.load(out).astype(numpy.float64)

    def inspect(self, model, *arguments):
        return json.loads(self.do("model", "inspect", model, "--format", "json", *arguments))


# ---- comparing ----

def distance(got, want):
    """(lowest cosine of a row, without what all rows of want share; largest difference, of the largest value)."""
    middle = want.mean(axis=0)
    difference = numpy.abs(got - want).max() / numpy.abs(want).max()
    got, want = got - middle, want - middle
    lengths = numpy.linalg.norm(got, axis=1) * numpy.linalg.norm(want, axis=1)
    cosine = (got * want).sum(axis=1) / numpy.maximum(lengths, 1e-300)
    return cosine.min(), difference


def spread(want):
    return numpy.abs(want - want.mean(axis=0)).max() / numpy.abs(want).max()


class Report:
    """Prints a line a comparison and counts those that failed."""

    def __init__(self):
        self.failures = 0

    def expect(self, right, what):
        self.failures += not right
        print(("ok       " if right else "NOT OK   ") + what, flush=True)

    def same(self, got, want, what):
        """Returns the largest difference."""
        if got.shape != want.shape:
            self.expect(False, f"{what}: shape {got.shape}, not {want.shape}")
            return numpy.inf
        cosine, difference = distance(got, want)
        right = cosine >= COSINE and difference <= ALLOWED and spread(want) >= SPREAD
        self.expect(right, f"{what}: difference {difference:.1e}, cosine {cosine:.7f}, spread {spread(want):.2f}")
        return difference

    def different(self, got, want, what):
        cosine, difference = distance(got, want)
        self.expect(difference > 10 * ALLOWED or cosine < COSINE, f"{what} is noticed: difference {difference:.1e}, cosine {cosine:.5f}")


# ---- programs that compare all networks of a kind ----

def add_result(path, name, found):
    """Adds what was found of a network to a file that scripts/make-models-table reads."""
    known = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as text:
            known = json.load(text)
    known[name] = known.get(name, {}) | found
    with open(path, "w", encoding="utf-8") as out:
        json.dump(dict(sorted(known.items())), out, indent=1)
        out.write("\n")


def main(whole, *parts):
    """AKIN [NAME…] [--all] [--results FILE]: with --all whole(report, akin, names, results), else part(report, akin, names) of
    each. Returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("akin")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--results")
    options = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        akin = Akin(options.akin, folder)
        if options.all:
            whole(report, akin, options.names, options.results)
        else:
            for part in parts:
                part(report, akin, options.names)
    return 1 if report.failures else 0
