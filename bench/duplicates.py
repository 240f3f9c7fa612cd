#!/usr/bin/env python3
"""How well are duplicates found? Photos altered by this script, in a store of many others.

    .deps/venv-bench/bin/python bench/duplicates.py PHOTOS [--half set|measured] [--altered 200] [--akin build/akin]
                                                           [--weights FILE.pth] [--card models/efficientnet-lite0.json]

The photos are shuffled with a fixed seed and split: thresholds were set by looking at the one half (--half set), what is
stated was measured on the other (the default). Of --altered photos of the half each alteration below is made; these and
all photos of the half are indexed. An altered image is found when `akin duplicates` puts it into the group of its photo.
Precision is the share of pairs of images in one group that come from one photo. Recoloured images must not be found.
With how many pairs of different photos it might have gone wrong: those whose features score as candidates do.
Prints a table, and every group in which photos are mixed: look at them, some photos really are taken twice.
"""
import collections
import itertools
import json
import pathlib
import random
import sys
import tempfile
import time

import numpy
from PIL import Image, ImageChops, ImageEnhance, ImageOps, ImageStat

import variant

SEED = 1
CANDIDATES = 0.7


def half(image, _):
    return image.resize((max(image.width // 2, 1), max(image.height // 2, 1)), Image.LANCZOS)


def crop(image, dice, kept=0.95):
    width, height = round(image.width * kept), round(image.height * kept)
    left, top = dice.randint(0, image.width - width), dice.randint(0, image.height - height)
    return image.crop((left, top, left + width, top + height))


def crop_each_side(image, _):
    across, down = round(image.width * 0.05), round(image.height * 0.05)
    return image.crop((across, down, image.width - across, image.height - down))


def brightness(factor):
    return lambda image, _: ImageEnhance.Brightness(image).enhance(factor)


def several(image, dice):
    return ImageEnhance.Brightness(half(crop(image, dice), dice)).enhance(1.15)


def recolour(image, _):
    """None where there is so little colour that the image stays what it was."""
    hue, saturation, value = image.convert("HSV").split()
    changed = Image.merge("HSV", (hue.point(lambda h: (h + 43) % 256), saturation, value)).convert("RGB")
    return changed if sum(ImageStat.Stat(ImageChops.difference(image, changed)).mean) / 3 >= 10 else None


# name: (what is done, JPEG quality)
ALTERED = {
    "half size": (half, 90),
    "JPEG quality 30": (lambda image, _: image, 30),
    "crop 5 %": (crop, 90),
    "crop 5 % on each side": (crop_each_side, 90),
    "brightness x 0.75": (brightness(0.75), 90),
    "brightness x 1.3": (brightness(1.3), 90),
    "crop 5 %, half size, brightness x 1.15, JPEG quality 40": (several, 40),
    "mirrored": (lambda image, _: ImageOps.mirror(image), 90),
    "recoloured (hue by 60 degrees)": (recolour, 90),
}
MIRRORED, RECOLOURED = list(ALTERED)[-2:]


def make(photos, altered, folder):
    """The last `altered` photos are. What each image is: path -> (number of its photo, name of the alteration or None)."""
    made = {}
    for number, photo in enumerate(photos):
        path = pathlib.Path(folder, f"{number:05d}{photo.suffix}")
        path.write_bytes(photo.read_bytes())
        made[str(path)] = (number, None)
        if number < len(photos) - altered:
            continue
        with Image.open(photo) as file:
            image = ImageOps.exif_transpose(file).convert("RGB")
        for index, (name, (change, quality)) in enumerate(ALTERED.items()):
            path = pathlib.Path(folder, f"{number:05d}-{index}.jpg")
            changed = change(image, random.Random(f"{SEED} {number} {name}"))
            if changed:
                changed.save(path, quality=quality)
                made[str(path)] = (number, name)
    return made


def groups(akin, *options):
    start = time.perf_counter()
    lines = akin.run("duplicates", "--quiet", "--format", "json", *options).splitlines()
    return [[i["image"] for i in json.loads(line)["images"]] for line in lines], time.perf_counter() - start


def found(made, together):
    """How many of each alteration are in a group with their photo."""
    photo_of = {image: i for i, group in enumerate(together) for image in group}
    original = {number: image for image, (number, name) in made.items() if name is None}
    count = collections.Counter()
    for image, (number, name) in made.items():
        if name and image in photo_of and photo_of[image] == photo_of.get(original[number]):
            count[name] += 1
    return count


def precision(made, together, wanted):
    """Right and wrong pairs in groups, and the groups that mix photos. wanted: alterations that belong to their photo."""
    right, mixed = 0, []
    wrong = 0
    for group in together:
        for a, b in itertools.combinations(group, 2):
            same = made[a][0] == made[b][0] and all(made[i][1] in wanted for i in (a, b))
            right, wrong = right + same, wrong + (not same)
        if len({made[image][0] for image in group}) > 1:
            mixed.append(group)
    return right, wrong, mixed


def hard_pairs(akin, made, folder):
    """Pairs of different photos, as they are, that are candidates by their features."""
    akin.run("export", "--quiet", f"{folder}/features.npy")
    rows = numpy.load(f"{folder}/features.npy")
    images = json.loads(pathlib.Path(folder, "features.json").read_text())["images"]
    rows = rows[[i for i, image in enumerate(images) if made[image][1] is None]]
    return int((numpy.triu(rows @ rows.T, 1) >= CANDIDATES).sum())


def main():
    parser = variant.parser(__doc__)
    parser.add_argument("--half", choices=("set", "measured"), default="measured")
    parser.add_argument("--altered", type=int, default=200)
    options = parser.parse_args()
    photos = sorted(p for p in pathlib.Path(options.photos).rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    random.Random(SEED).shuffle(photos)
    middle = len(photos) // 2
    photos = photos[:middle] if options.half == "set" else photos[middle:]
    altered = min(options.altered, len(photos))
    with tempfile.TemporaryDirectory() as folder:
        folder = str(pathlib.Path(folder).resolve())
        images = pathlib.Path(folder, "images")
        images.mkdir()
        made = make(photos, altered, images)
        akin = variant.Variant(options, folder, "duplicates", {"mirror": False})
        akin.run("index", "--quiet", "--model", "duplicates", str(images))
        plain, seconds = groups(akin)
        mirrored, _ = groups(akin, "--mirrored")
        hard = hard_pairs(akin, made, folder)
    counts, with_mirrored = found(made, plain), found(made, mirrored)
    print(f"{len(photos)} photos, {altered} of them altered, {len(made)} images; {seconds:.1f} s\n")
    many = collections.Counter(name for _, name in made.values())
    print("| altered | images | found | found with --mirrored |\n| --- | --- | --- | --- |")
    for name in ALTERED:
        print(f"| {name} | {many[name]} | {counts[name] / many[name]:.4f} | {with_mirrored[name] / many[name]:.4f} |")
    right_names = set(ALTERED) - {MIRRORED, RECOLOURED} | {None}
    for label, together, names in (("without --mirrored", plain, right_names), ("with --mirrored", mirrored, right_names | {MIRRORED})):
        counted = found(made, together)
        recall = sum(counted[name] for name in names if name) / sum(many[name] for name in names if name)
        right, wrong, mixed = precision(made, together, names)
        print(f"\n{label}: recall {recall:.4f}, precision {right / max(right + wrong, 1):.4f} ({wrong} of {right + wrong} pairs wrong), "
              f"{len(mixed)} groups mix photos")
        for group in mixed:
            print("  ", *(f"{photos[made[image][0]]} ({made[image][1] or 'as it is'})" for image in group), sep="\n    ")
    print(f"\n{hard} pairs of different photos score {CANDIDATES} and more")
    return 0


if __name__ == "__main__":
    sys.exit(main())
