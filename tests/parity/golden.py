"""golden.py AKIN [--make] - does akin recommend what it should, from JPEG files to the list of five?

The photos are the first ten of each class of ../shared/data/clothing, the network is EfficientNet-Lite0. The kept list,
tests/data/golden/clothing-lite0.json, was made with --make: by Pillow (decoding, turning, cropping, resizing), NumPy
(arithmetic, cosine similarity) and ONNX Runtime on the network that akin exports, whose values parity_efficientnet_lite
holds to an independent computation. Scores may differ by 1e-4; two hits whose kept scores are closer than that may change
places.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PHOTOS = ROOT.parent / "shared" / "data" / "clothing"
WEIGHTS = ROOT / ".deps" / "weights" / "efficientnet-lite0-57934424.pth"
GOLDEN = ROOT / "tests" / "data" / "golden" / "clothing-lite0.json"
PER_CLASS, BEST, CLOSE = 10, 5, 1e-4


def photos():
    """Names relative to PHOTOS, in order."""
    classes = sorted(p for p in PHOTOS.iterdir() if p.is_dir())
    return [str(p.relative_to(PHOTOS)) for c in classes for p in sorted(c.glob("*.jpg"))[:PER_CLASS]]


def by_akin(akin, names, folder):
    env = dict(os.environ, AKIN_STORE=f"{folder}/store", AKIN_MODELS=f"{folder}/models", XDG_CACHE_HOME=f"{folder}/cache")
    run = lambda *a: subprocess.run([akin, *a], env=env, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    run("model", "import", str(WEIGHTS))
    run("model", "export", "--model", "efficientnet-lite0", f"{folder}/net.onnx")
    run("index", "--quiet", *(str(PHOTOS / n) for n in names))
    answers = [json.loads(line) for line in run("recommend", "--scores", "cosine", "-k", str(BEST), "--format", "json").splitlines()]
    relative = lambda path: str(pathlib.Path(path).relative_to(PHOTOS.resolve()))
    return {relative(a["image"]): [[relative(h["image"]), h["score"]] for h in a["hits"]] for a in answers}


def by_python(names, network):
    import numpy
    import onnxruntime
    from PIL import Image, ImageOps

    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    features = []
    for name in names:
        image = ImageOps.exif_transpose(Image.open(PHOTOS / name)).convert("RGB")
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        image = image.crop((left, top, left + side, top + side)).resize((224, 224), Image.BICUBIC)
        pixels = (numpy.asarray(image, numpy.float32) - 127) / 128
        output = session.run(None, {session.get_inputs()[0].name: pixels.transpose(2, 0, 1)[None]})[0].ravel()
        features.append(output / numpy.linalg.norm(output))
    scores = numpy.stack(features) @ numpy.stack(features).T
    numpy.fill_diagonal(scores, -2)
    best = numpy.argsort(-scores, axis=1)[:, :BEST]
    return {n: [[names[j], round(float(scores[i, j]), 6)] for j in best[i]] for i, n in enumerate(names)}


def differences(golden, found):
    for name, wanted in golden.items():
        hits = found.get(name, [])
        if len(hits) != len(wanted):
            yield f"{name}: {len(hits)} hits, {len(wanted)} are kept"
            continue
        for rank, ((path, score), (kept, kept_score)) in enumerate(zip(hits, wanted), 1):
            if abs(score - kept_score) > CLOSE:
                yield f"{name}: rank {rank} has score {score}, {kept_score} is kept"
            elif path != kept and not any(kept == p and abs(s - kept_score) <= CLOSE for p, s in hits) and rank < BEST:
                yield f"{name}: rank {rank} is {path}, {kept} is kept"


def main():
    akin = os.path.abspath(sys.argv[1])
    for needed in (PHOTOS, WEIGHTS):
        if not needed.exists():
            print(f"skipped: {needed.name} is not here")
            return 77
    names = photos()
    with tempfile.TemporaryDirectory() as folder:
        found = by_akin(akin, names, folder)
        if "--make" in sys.argv:
            made = by_python(names, f"{folder}/net.onnx")
            lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(hits)}" for name, hits in made.items())
            GOLDEN.write_text(f"{{\n{lines}\n}}\n")
    golden = json.loads(GOLDEN.read_text())
    wrong = list(differences(golden, found))
    shifted = {n: [[p, s + 3 * CLOSE] for p, s in hits] for n, hits in found.items()}
    if not list(differences(golden, shifted)) or not list(differences(golden, {n: hits[::-1] for n, hits in found.items()})):
        wrong.append("the comparison finds nothing wrong with scores that are shifted, or hits in reverse order")
    print("\n".join(wrong) or f"{len(golden)} photos: the same five, scores within {CLOSE:g}")
    return 1 if wrong or len(golden) != len(names) else 0


if __name__ == "__main__":
    sys.exit(main())
