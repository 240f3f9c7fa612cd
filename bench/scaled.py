#!/usr/bin/env python3
"""What does decoding large JPEGs at a smaller size do to features?

    bench/scaled.py PHOTOS [--akin build/akin] [--weights FILE.pth] [--card models/efficientnet-lite0.json]

PHOTOS: a folder of photos of many megapixels (bench/run leaves enlarged ones in .cache/bench). The same weights are imported
twice, with scaled_decoding on and off in the card; every photo is embedded with both. Printed: the cosine similarity of the two
features of a photo, beside that of the nearest other photo, and how many photos keep their five best. Needs Python alone.
"""
import pathlib
import sys
import tempfile

import variant


def embed(options, photos, scaled, folder):
    name = "scaled" if scaled else "whole"
    akin = variant.Variant(options, folder, name, {"scaled_decoding": scaled})
    lines = akin.run("embed", "--model", name, "--format", "csv", *photos).decode().splitlines()
    return [[float(v) for v in line.rsplit(",", line.count(","))[1:]] for line in lines[1:]]


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b))


def best(features, i):
    return {j for _, j in sorted(((cosine(features[i], f), j) for j, f in enumerate(features) if j != i), reverse=True)[:5]}


def main():
    options = variant.parser(__doc__).parse_args()
    photos = sorted(str(p) for p in pathlib.Path(options.photos).rglob("*.jpg"))
    with tempfile.TemporaryDirectory() as folder:
        scaled, whole = (embed(options, photos, s, folder) for s in (True, False))
    same = sorted(cosine(a, b) for a, b in zip(scaled, whole))
    nearest = [max(cosine(whole[i], f) for j, f in enumerate(whole) if j != i) for i in range(len(whole))]
    kept = sum(len(best(scaled, i) & best(whole, i)) for i in range(len(whole))) / (5 * len(whole))
    print(f"{len(photos)} photos: cosine of a photo decoded both ways: lowest {same[0]:.5f}, median {same[len(same) // 2]:.5f}; "
          f"of the nearest other photo: mean {sum(nearest) / len(nearest):.3f}; of the five best {100 * kept:.1f} % stay")
    return 0


if __name__ == "__main__":
    sys.exit(main())
