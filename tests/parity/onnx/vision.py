"""vision.py AKIN [--real RESULTS [CARD…]] - are the features of CLIP, SigLIP, DINOv2 and ViT right, all the way from an image file?

networks.py writes small networks of these architectures with random weights, as the usual exports have them. AKIN
imports each under the built-in card of the real network, made as small as the network is, and embeds JPEG and PNG files
of many sizes. The same files are opened by Pillow, prepared by what is written down here once more, run through ONNX
Runtime with the original file, and pooled by NumPy: the features must agree, for every network and every pooling.

Then networks with the sizes of the real images are imported under the built-in cards themselves, and one is pulled from
a server. Last the comparison itself is put to the test: with channels swapped, another mean, another deviation, another
fit, another pooling or another tensor it must fail.

--real: instead, networks in their real sizes, still with random weights, under the built-in cards (all, or those named);
the differences found go into RESULTS, which scripts/make-models-table shows. It takes minutes and 6 GB of memory.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

import numpy
import onnxruntime
from PIL import Image, ImageOps

HERE = os.path.dirname(os.path.abspath(__file__))
CARDS = os.path.join(HERE, "..", "..", "..", "models")
sys.path[:0] = [os.path.join(HERE, ".."), HERE]
import comparing
import networks

# What each network was trained with, written down from its authors' code: pixels from 0 to 1.
CLIP = ([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711])
IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
HALF = ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])


class Preparation:
    """shorter: the shorter side is resized to it, the middle is cut out; 0: stretched to width and height."""

    def __init__(self, width, height, shorter, statistics, swapped=False, method=Image.Resampling.BICUBIC):
        self.width, self.height, self.shorter, self.method = width, height, shorter, method
        self.mean, self.deviation = (numpy.array(part, numpy.float64) for part in statistics)
        self.swapped = swapped

    def pixels(self, path):
        image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        if not self.shorter:
            return numpy.asarray(image.resize((self.width, self.height), self.method))
        width, height = image.size
        if width < height:
            size = (self.shorter, int(self.shorter * height / width))
        else:
            size = (int(self.shorter * width / height), self.shorter)
        left, top = int(round((size[0] - self.width) / 2)), int(round((size[1] - self.height) / 2))
        return numpy.asarray(image.resize(size, self.method))[top : top + self.height, left : left + self.width]

    def batch(self, path):
        """[1, 3, height, width] f32"""
        pixels = self.pixels(path)[:, :, ::-1] if self.swapped else self.pixels(path)
        values = (pixels / 255.0 - self.mean) / self.deviation
        return values.transpose(2, 0, 1)[None].astype(numpy.float32)


class Case:
    """A network of networks.py, the card it is imported with, and what images become."""

    def __init__(self, network, card, preparation, prefix, tokens="last_hidden_state", vector=None):
        self.network, self.card, self.preparation = network, card, preparation
        self.prefix, self.tokens, self.vector = prefix, tokens, vector


def cases():
    clip = Preparation(32, 32, 32, CLIP)
    dinov2 = Preparation(56, 42, 64, IMAGENET)
    return [
        Case("clip", "clip-vit-b32", clip, 1, vector="image_embeds"),
        Case("clip-old", "clip-vit-l14", clip, 1, vector="image_embeds"),
        Case("siglip", "siglip-base-patch16-224", Preparation(32, 32, 0, HALF), 0, vector="pooler_output"),
        Case("dinov2", "dinov2-base", dinov2, 1, vector="pooler_output"),
        Case("dinov2-registers", "dinov2-with-registers-base", dinov2, 5, vector="pooler_output"),
    ]


# ---- what it should be ----

class Network:
    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(self, tensor, preparation, paths):
        """[images, …] of one output."""
        return numpy.concatenate([self.session.run([tensor], {"pixel_values": preparation.batch(path)})[0]
                                  for path in paths]).astype(numpy.float64)


def generalised_mean(tokens, power):
    return (numpy.maximum(tokens, 1e-6) ** power).mean(axis=1) ** (1 / power)


def poolings(prefix):
    """name: [images, tokens, channels] to [images, dim]"""
    every = {
        "average": lambda tokens: tokens.mean(axis=1),
        "max": lambda tokens: tokens.max(axis=1),
        "gem": lambda tokens: generalised_mean(tokens, 3),
        "gem:4.5": lambda tokens: generalised_mean(tokens, 4.5),
        "patches": lambda tokens: tokens[:, prefix:].mean(axis=1),
    }
    if prefix:
        every["class"] = lambda tokens: tokens[:, 0]
        every["both"] = lambda tokens: numpy.concatenate([tokens[:, 0], tokens[:, prefix:].mean(axis=1)], axis=1)
    return every


# ---- comparing ----

def small_card(case, folder):
    """The built-in card with the network's sizes in it; pixels exactly: JPEG files are decoded whole."""
    with open(os.path.join(CARDS, f"{case.card}.json"), encoding="utf-8") as text:
        card = json.load(text)
    prepared = case.preparation
    card.update(name=f"{case.network}-tiny", weights=[])
    card.pop("variant_of", None)
    card["input"].update(width=prepared.width, height=prepared.height, scaled_decoding=False)
    if prepared.shorter:
        card["input"]["shorter"] = prepared.shorter
    path = os.path.join(folder, f"{case.network}-tiny.json")
    with open(path, "w", encoding="utf-8") as text:
        json.dump(card, text)
    return card, path


def compare(report, akin, case, networks_folder, paths):
    file = os.path.join(networks_folder, f"{case.network}.onnx")
    card, card_path = small_card(case, akin.folder)
    model, network = card["name"], Network(file)
    akin.do("model", "import", file, "--card", card_path)
    tokens = network.run(case.tokens, case.preparation, paths)
    every = poolings(case.prefix)
    wanted = network.run(card["layer"], case.preparation, paths)
    if "pooling" in card:
        wanted = every[card["pooling"]](wanted)
    got = akin.embed(model, paths)
    report.same(got, wanted, f"{case.network}: as its card says")
    report.expect(akin.inspect(model)["feature_layer"] == card["layer"], f"{case.network}: feature of {card['layer']}")
    for name, pool in every.items():
        report.same(akin.embed(model, paths, "--layer", case.tokens, "--pooling", name), pool(tokens),
                    f"{case.network}: {case.tokens}, {name}")
    if not case.prefix:
        answer = akin.ask("model", "inspect", model, "--layer", case.tokens, "--pooling", "class")
        report.expect(answer.returncode == 1 and "no class token" in answer.stderr, f"{case.network}: no class token, said so")
    if case.vector != card["layer"]:
        report.same(akin.embed(model, paths, "--layer", case.vector), network.run(case.vector, case.preparation, paths),
                    f"{case.network}: {case.vector}")
    mutate(report, case, network, card, paths, got, every)


def mutate(report, case, network, card, paths, got, every):
    """What must not pass for the feature that the card gives."""
    right = case.preparation
    sizes = (right.width, right.height)
    statistics = (right.mean, right.deviation)

    def feature(preparation, pool=card.get("pooling"), tensor=card["layer"]):
        values = network.run(tensor, preparation, paths)
        return every[pool](values) if pool else values

    other = HALF if right.mean[0] != 0.5 else IMAGENET
    wrong = {
        "channels swapped": feature(Preparation(*sizes, right.shorter, statistics, swapped=True)),
        "another mean": feature(Preparation(*sizes, right.shorter, (other[0], right.deviation))),
        "another deviation": feature(Preparation(*sizes, right.shorter, (right.mean, other[1]))),
        "another fit": feature(Preparation(*sizes, 0 if right.shorter else min(sizes), statistics)),
        "bilinear": feature(Preparation(*sizes, right.shorter, statistics, method=Image.Resampling.BILINEAR)),
    }
    if right.shorter > max(sizes):
        wrong["another crop"] = feature(Preparation(*sizes, max(sizes), statistics))
    if card.get("pooling") == "class":
        wrong["patches for the class token"] = feature(right, "patches")
        wrong["all tokens for the class token"] = feature(right, "average")
    elif got.shape[1] == networks.SMALL[0]:
        wrong["another tensor"] = feature(right, "average", case.tokens)
    for what, values in wrong.items():
        report.different(got, values, f"{case.network}: {what}")


def compare_prefix(report, akin, networks_folder, paths):
    """Registers that are taken for patches, and patches taken for registers, are noticed."""
    case = next(case for case in cases() if case.prefix > 1)
    network = Network(os.path.join(networks_folder, f"{case.network}.onnx"))
    got = akin.embed(f"{case.network}-tiny", paths, "--pooling", "patches")
    tokens = network.run(case.tokens, case.preparation, paths)
    for prefix in (0, 1, case.prefix - 1, case.prefix + 1):
        report.different(got, tokens[:, prefix:].mean(axis=1), f"{case.network}: {prefix} tokens in front")


def compare_without_card(report, akin, networks_folder, paths):
    """Options in place of a card; the rule finds the input of the layer that makes class scores."""
    file = os.path.join(networks_folder, "vit.onnx")
    preparation = Preparation(48, 48, 0, HALF)
    paths = [path for path in paths if path.endswith(".png")]  # without a card large JPEG files are decoded smaller
    akin.do("model", "import", file, "--name", "vit-tiny", "--mean", "0.5,0.5,0.5", "--std", "0.5,0.5,0.5", "--resize",
            "bicubic", "--fit", "stretch")
    whole = Network(file).run("logits", preparation, paths)
    got = akin.embed("vit-tiny", paths)
    facts = akin.inspect("vit-tiny")
    report.expect(facts["dim"] == networks.SMALL[0] and "'logits'" in facts["rule"],
                  f"vit: {facts['rule']}")
    head = {tensor.name: networks.onnx.numpy_helper.to_array(tensor) for tensor in networks.onnx.load(file).graph.initializer}
    report.same(got @ head["classifier.weight"].T + head["classifier.bias"], whole, "vit: class scores of the feature")
    report.same(akin.embed("vit-tiny", paths, "--layer", "logits"), whole, "vit: logits")


# ---- the built-in cards themselves ----

def write_full(folder):
    """Networks for images of the real sizes, with the real patches, else small; card: file."""
    made = {
        "clip-vit-b32": (networks.clip, {"opset": 14, "shape": networks.OPEN, "side": 32, "image": 224}),
        "clip-vit-b16": (networks.clip, {"opset": 14, "shape": networks.OPEN, "side": 16, "image": 224}),
        "siglip-base-patch16-224": (networks.siglip, {"opset": 14, "shape": networks.OPEN, "side": 16, "image": 224}),
        "siglip-base-patch16-384": (networks.siglip, {"opset": 17, "shape": networks.OPEN, "side": 16, "image": 384}),
        "dinov2-small": (networks.dinov2, {"opset": 14, "shape": networks.OPEN, "learnt": 37}),
        "dinov2-with-registers-small": (networks.dinov2, {"opset": 17, "shape": networks.OPEN, "learnt": 37, "registers": 4}),
    }
    files = {}
    for card, (function, arguments) in made.items():
        os.makedirs(os.path.join(folder, card), exist_ok=True)
        files[card] = os.path.join(folder, card, "model.onnx" if "dinov2" in card else "vision_model.onnx")
        function(files[card], **arguments)
    return files


def full_preparation(card):
    if card.startswith("siglip"):
        size = int(card.rpartition("-")[2])
        return Preparation(size, size, 0, HALF)
    return Preparation(224, 224, 224, CLIP) if card.startswith("clip") else Preparation(224, 224, 256, IMAGENET)


def full_wanted(card, file, paths):
    layer = "image_embeds" if card.startswith("clip") else "pooler_output"
    return Network(file).run(layer, full_preparation(card), paths)


def compare_full(report, akin, folder, paths):
    """Small images: a JPEG file of no more than twice the target's size is decoded whole."""
    files = write_full(folder)
    for card, file in files.items():
        answer = akin.ask("model", "import", file, "--card", card)
        report.same(akin.embed(card, paths), full_wanted(card, file, paths), f"{card}: imported")
        compare_origin(report, akin.inspect(card), answer.stderr, card)
    compare_pulled(report, akin, folder, files, paths)


def compare_origin(report, facts, said, card):
    """A file that the card's hash does not know is the user's own; where there is no hash the name must do."""
    with open(os.path.join(CARDS, f"{card}.json"), encoding="utf-8") as text:
        known = json.load(text)
    if "sha256" in known["weights"][0]:
        report.expect(facts["licence"] == "NOASSERTION" and not facts["origin"], f"{card}: not the publisher's file: {facts['description']}")
    else:
        report.expect(facts["licence"] == known["licence"] and "nothing verifies it" in said, f"{card}: unverified, and said so")


def compare_pulled(report, akin, folder, files, paths):
    """From a mirror, under the name that the card gives the file."""
    card = "clip-vit-b16"
    served, port_file = os.path.join(folder, "served"), os.path.join(folder, "port")
    with open(os.path.join(CARDS, f"{card}.json"), encoding="utf-8") as text:
        name = json.load(text)["weights"][0]["file"]
    os.mkdir(served)
    os.link(files[card], os.path.join(served, name))
    server = subprocess.Popen([sys.executable, os.path.join(HERE, "..", "..", "cli", "serve.py"), served, port_file])
    try:
        while not os.path.exists(port_file) or not os.path.getsize(port_file):
            time.sleep(0.05)
        with open(port_file, encoding="ascii") as text:
            akin.environment["AKIN_MIRROR"] = f"http://127.0.0.1:{text.read().strip()}"
        answer = akin.ask("model", "pull", card, "--name", "pulled")
        report.expect(answer.returncode == 0 and "nothing verifies it" in answer.stderr, f"{card}: pulled, and said to be unverified")
        report.same(akin.embed("pulled", paths), full_wanted(card, files[card], paths), f"{card}: pulled")
        answer = akin.ask("model", "pull", "clip-vit-b32", "--name", "none")
        report.expect(answer.returncode == 1, "clip-vit-b32: what the server does not have is not pulled")
    finally:
        server.terminate()
        server.wait()
        akin.environment.pop("AKIN_MIRROR", None)


def save_images(folder):
    """JPEG and PNG, tall and wide, smaller and larger than the networks' images, one turned by the camera."""
    random = numpy.random.default_rng(7)
    paths = []
    for i, (width, height) in enumerate([(90, 60), (47, 101), (33, 41), (64, 48), (240, 320), (20, 25)]):
        path = os.path.join(folder, f"image-{i}." + ("png" if i % 2 else "jpg"))
        options = {"exif": comparing.turned()} if i == 2 else {}
        Image.fromarray(comparing.picture(random, height, width)).save(path, **options)
        paths.append(path)
    return paths


def compare_real(report, akin, card, paths):
    """Returns the largest difference, or None."""
    file = os.path.join(akin.folder, f"{card}.onnx")
    networks.write_real(card, file)
    akin.do("model", "import", file, "--card", card)
    found = report.same(akin.embed(card, paths), full_wanted(card, file, paths), f"{card}, in its real size")
    akin.do("model", "remove", card)
    os.remove(file)
    return found


def real(report, akin, results, cards):
    paths = save_images(akin.folder)
    differences = {}
    if os.path.exists(results):
        with open(results, encoding="utf-8") as text:
            differences = json.load(text)
    for card in cards or networks.REAL:
        differences[card] = {"difference": float(f"{compare_real(report, akin, card, paths):.0e}")}
        with open(results, "w", encoding="utf-8") as text:
            json.dump(dict(sorted(differences.items())), text, indent=1)
            text.write("\n")


def main():
    report = comparing.Report()
    with tempfile.TemporaryDirectory() as folder:
        akin = comparing.Akin(sys.argv[1], folder)
        if sys.argv[2:3] == ["--real"]:
            real(report, akin, sys.argv[3], sys.argv[4:])
            return 1 if report.failures else 0
        networks_folder = os.path.join(folder, "networks")
        os.mkdir(networks_folder)
        networks.write(networks_folder)
        paths = save_images(folder)
        for case in cases():
            compare(report, akin, case, networks_folder, paths)
        compare_prefix(report, akin, networks_folder, paths)
        compare_without_card(report, akin, networks_folder, paths)
        compare_full(report, akin, folder, paths)
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
