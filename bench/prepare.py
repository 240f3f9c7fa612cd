"""prepare.py PROGRAM [FOLDER] - decoding and antialiased resizing to 224 × 224 on one thread: akin beside Pillow.

PROGRAM: bench_prepare. FOLDER: of JPEG photos (default ../shared/data/clothing beside the checkout). Both sides get the
same files, already in memory, and take turns; each figure is the median of seven turns. Photos of 12 megapixels are
made from the first ones by enlarging and encoding again (quality 90).

    decode   the whole picture, no resizing
    whole    decoded whole, then resized: the pixels of both sides are equal
    scaled   JPEG decoded smaller where it stays at least twice the target: what `akin index` does
"""

import io
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
        start = time.perf_counter()
        for data in self.files:
            image = Image.open(io.BytesIO(data)).convert("RGB")
            if what != "decode":
                image.resize((SIZE, SIZE), Image.Resampling.BILINEAR)
        return time.perf_counter() - start


def measure(title, program, paths):
    akin, pillow = Akin(program, paths), Pillow(paths)
    sides = {"akin decode": [], "akin whole": [], "akin scaled": [], "Pillow decode": [], "Pillow whole": []}
    for _ in range(TURNS):
        for name, times in sides.items():
            side, what = name.split()
            times.append((akin if side == "akin" else pillow).turn(what))
    medians = {name: statistics.median(times) for name, times in sides.items()}
    print(f"{title}, {len(paths)} files")
    for name, seconds in medians.items():
        print(f"  {name:14} {seconds / len(paths) * 1000:8.3f} ms an image {len(paths) / seconds:9.1f} images/s")
    for what in ("whole", "scaled"):
        ratio = statistics.median(p / a for p, a in zip(sides["Pillow whole"], sides[f"akin {what}"]))
        print(f"  akin {what} is {ratio:.2f} times as fast as Pillow")


def enlarge(paths, folder):
    out = []
    for i, path in enumerate(paths):
        image = Image.open(path).convert("RGB")
        scale = (12e6 / (image.width * image.height)) ** 0.5
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
        out.append(os.path.join(folder, f"{i}.jpg"))
        image.save(out[-1], quality=90)
    return out


def main():
    program = sys.argv[1]
    default = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "shared", "data", "clothing")
    photos = sys.argv[2] if len(sys.argv) > 2 else default
    paths = sorted(os.path.join(f, name) for f, _, names in os.walk(photos) for name in names if name.endswith(".jpg"))
    if not paths:
        print(f"no .jpg files in {photos}")
        return 77
    measure("photos", program, paths[:: max(1, len(paths) // 400)][:400])
    with tempfile.TemporaryDirectory() as folder:
        measure("12 megapixels", program, enlarge(paths[:: max(1, len(paths) // 12)][:12], folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
