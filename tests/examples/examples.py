"""examples.py FOLDER AKIN MODEL.pth CARD.json - runs the programs of examples/ (built in FOLDER) with a tiny model and checks
what they print: against the command, which reads the same store, and against what must be true of any feature.
"""

import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

MAKE_IMAGES = pathlib.Path(__file__).resolve().parent.parent / "cli/make_images.py"


def expect(condition, text):
    if not condition:
        print("FAILED:", text)
        sys.exit(1)


def run(*command, code=0):
    """Runs a program, which must end with that exit code. Returns standard output and standard error."""
    done = subprocess.run([str(word) for word in command], capture_output=True, timeout=120)
    out, said = done.stdout.decode(), done.stderr.decode()  # not as text: carriage returns count
    expect(done.returncode == code, f"{command}: exit code {done.returncode}, {code} expected: {said}")
    return out, said


def check_refusals(examples):
    for name in ("embed", "similar", "pixels", "duplicates"):
        out, said = run(examples / name, code=2)
        expect(out == "" and said.startswith(f"usage: {name} MODEL"), f"{name} without arguments: {said}")
    for command in (("embed", "unheard-of", "a.png"), ("similar", "unheard-of", ".", "a.png"), ("pixels", "unheard-of")):
        out, said = run(examples / command[0], *command[1:], code=1)
        expect(out == "" and "unheard-of" in said and said.count("\n") == 1, f"{command}: {said}")


def check_embed(examples, akin, image):
    feature = [float(line) for line in run(examples / "embed", "tiny", image)[0].splitlines()]
    command = json.loads(run(akin, "embed", "--model", "tiny", "--format", "json", image)[0])["feature"]
    expect(feature == command, "embed prints other values than akin embed")
    expect(len(feature) > 8, "a feature of a handful of values")
    expect(abs(math.fsum(value * value for value in feature) - 1) < 1e-5, "the feature is not of unit length")
    out, said = run(examples / "embed", "tiny", "nowhere.png", code=1)
    expect(out == "" and "nowhere.png" in said, f"an image that is not there: {said}")


def check_similar(examples, akin, photos, image):
    images = sum(1 for path in photos.rglob("*") if path.is_file())
    out, said = run(examples / "similar", "tiny", photos, image)
    expect(f"\r{images} of {images} images\n{images} new, 0 known before, 0 skipped\n" in said, f"progress: {said!r}")
    hits = [line.split("  ") for line in out.splitlines()]
    expect([rank for rank, _, _ in hits] == ["1", "2", "3", "4", "5"], f"ranks: {out}")
    scores = [float(score) for _, score, _ in hits]
    expect(scores == sorted(scores, reverse=True) and scores[0] <= 1, f"scores: {out}")
    command = json.loads(run(akin, "like", "--model", "tiny", "--format", "json", image)[0])["hits"]
    expect([path for _, _, path in hits] == [hit["image"] for hit in command], f"other hits than akin like: {out}")
    expect(str(image) not in out, "the question is among its own hits")
    (photos / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    again, said = run(examples / "similar", "tiny", photos, image)
    expect(again == out, "a second run answers differently")
    expect(f"0 new, {images} known before, 1 skipped" in said, f"a second run: {said!r}")
    expect("\nskipped " in said and "broken.png: " in said, f"a broken image: {said!r}")


def check_pixels(examples):
    lines = run(examples / "pixels", "tiny")[0].splitlines()
    names = [line.rsplit(": ", 1)[0] for line in lines]
    expect(names == ["squares and darker squares", "squares and a fade"], f"lines: {lines}")
    darker, fade = (float(line.rsplit(": ", 1)[1]) for line in lines)
    expect(-1 <= fade < darker <= 1, f"a darker copy must be more alike than another pattern: {lines}")


def check_duplicates(examples, akin, photos, image):
    copy = photos / "zz-copy.png"
    copy.write_bytes(image.read_bytes())
    run(akin, "index", "--quiet", photos, code=3)  # the broken one is still there
    out, said = run(examples / "duplicates", "tiny")
    lines = [tuple(line.split("  ")) for line in out.splitlines()]
    expect(("same", "60 x 50", str(copy)) in lines, f"the copy is not told: {out}")
    kept = [path for word, _, path in lines if word == "keep"]
    groups = [json.loads(line) for line in run(akin, "duplicates", "--format", "json")[0].splitlines()]
    expect(kept == [group["images"][0]["image"] for group in groups], f"other groups than akin duplicates: {out}")
    spared = sum(i["bytes"] for group in groups for i in group["images"][1:])
    expect(said == f"{spared} bytes are in copies\n", f"bytes: {said}")


def main():
    examples, akin, weights, card = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place).resolve()
        photos = place / "photos"
        os.environ.update(AKIN_MODELS=str(place / "models"), AKIN_STORE=str(place / "store"))
        os.environ.update(XDG_CACHE_HOME=str(place / "cache"), HOME=str(place), LC_ALL="C.UTF-8")
        run(akin, "model", "import", weights, "--card", card)
        run(sys.executable, "-B", MAKE_IMAGES, photos)
        image = min(photos.rglob("*.png"))
        check_refusals(examples)
        check_embed(examples, akin, image)
        check_similar(examples, akin, photos, image)
        check_duplicates(examples, akin, photos, image)
        check_pixels(examples)


if __name__ == "__main__":
    main()
