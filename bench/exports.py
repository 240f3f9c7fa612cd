"""exports.py BENCH_NETWORKS AKIN [NAME...] - what networks.py measures, of the cards whose network only its file describes: vision
transformers of their real sizes with random weights, written as exporters write them (tests/parity/onnx/networks.py),
imported by AKIN and timed by that. Run by the Python of scripts/test-python."""
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import networks as bench

HERE = pathlib.Path(__file__).parent
spec = importlib.util.spec_from_file_location("exported", HERE.parent / "tests" / "parity" / "onnx" / "networks.py")
exported = importlib.util.module_from_spec(spec)
spec.loader.exec_module(exported)

SMALL, BASE, LARGE = (384, 12, 6), (768, 12, 12), (1024, 24, 16)  # width, layers, heads
OPEN = {"opset": 17, "shape": exported.OPEN}
CARDS = {
    "clip-vit-b32": (exported.clip, {"side": 32, "image": 224, "size": BASE, "projection": 512}),
    "clip-vit-b16": (exported.clip, {"side": 16, "image": 224, "size": BASE, "projection": 512}),
    "clip-vit-l14": (exported.clip, {"side": 14, "image": 224, "size": LARGE, "projection": 768}),
    "siglip-base-patch16-224": (exported.siglip, {"side": 16, "image": 224, "size": BASE}),
    "siglip-base-patch16-384": (exported.siglip, {"side": 16, "image": 384, "size": BASE}),
    "dinov2-small": (exported.dinov2, {"learnt": 37, "size": SMALL}),
    "dinov2-base": (exported.dinov2, {"learnt": 37, "size": BASE}),
    "dinov2-large": (exported.dinov2, {"learnt": 37, "size": LARGE}),
    "dinov2-with-registers-small": (exported.dinov2, {"learnt": 37, "size": SMALL, "registers": 4}),
    "dinov2-with-registers-base": (exported.dinov2, {"learnt": 37, "size": BASE, "registers": 4}),
    "dinov2-with-registers-large": (exported.dinov2, {"learnt": 37, "size": LARGE, "registers": 4}),
}


def of_card(akin, name):
    function, arguments = CARDS[name]
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "random.onnx")
        function(file, **OPEN, **arguments)
        environment = dict(os.environ, XDG_CACHE_HOME=folder, AKIN_MODELS=os.path.join(folder, "models"))
        subprocess.run([akin, "model", "import", "--quiet", file, "--card", name, "--name", "random"], env=environment,
                       check=True)
        told = subprocess.run([akin, "model", "list", "--format", "json"], env=environment, stdout=subprocess.PIPE, check=True)
    models = json.loads(told.stdout)["models"]
    found = next(model for model in models if model["name"] == "random")
    return {key: found[key] for key in ("dim", "weights", "milliseconds")}


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    program, akin, names = sys.argv[1], sys.argv[2], sys.argv[3:] or CARDS
    bench.keep(bench.conditions_of(program), ((name, of_card(akin, name)) for name in names))


if __name__ == "__main__":
    main()
