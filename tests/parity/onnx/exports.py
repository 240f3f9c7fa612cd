"""exports.py AKIN - are features of vision transformers those of PyTorch, when PyTorch itself exports them?

Hugging Face's transformers makes CLIP, SigLIP, DINOv2 (with and without registers) and ViT, small and with random
weights. PyTorch exports each in both of its ways, by tracing (as the usual files were made: opset 14, everything open)
and by its newer exporter; AKIN imports the files under the built-in cards, made as small as the networks are, and embeds
image files. What they are compared with comes from transformers' own image processors and PyTorch's network: nothing of
it is ONNX, and nothing is written down here once more.

Also compared: the operators of networks.py, which stands in for exports where there is no PyTorch, with those of the
exports by tracing.
"""

import json
import logging
import os
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")
os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")
import numpy
import onnx
import torch
import transformers
from PIL import Image

logging.disable(logging.WARNING)
HERE = os.path.dirname(os.path.abspath(__file__))
CARDS = os.path.join(HERE, "..", "..", "..", "models")
sys.path[:0] = [os.path.join(HERE, ".."), HERE]
import comparing
import networks

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
WIDE = {**SMALL, "intermediate_size": 96}
OPSET = 14  # of the usual files
OPEN = {"pixel_values": dict(enumerate(networks.OPEN))}


class Case:
    """shown: what to compare, as {(layer, pooling): from the outputs of the network}. traced: the tracing exporter has all
    operators (not those of DINOv2 with registers, whose positions are interpolated with antialiasing)."""

    def __init__(self, name, card, network, processor, size, outputs, shown, traced=True):
        self.name, self.card, self.network, self.processor = name, card, network, processor
        self.size, self.outputs, self.shown, self.traced = size, outputs, shown, traced


def tokens_shown(prefix, vector):
    shown = {
        ("last_hidden_state", "patches"): lambda out: out.last_hidden_state[:, prefix:].mean(dim=1),
        (vector, None): lambda out: out[vector],
    }
    if prefix:
        shown["last_hidden_state", "class"] = lambda out: out.last_hidden_state[:, 0]
        shown["last_hidden_state", "both"] = lambda out: torch.cat(
            [out.last_hidden_state[:, 0], out.last_hidden_state[:, prefix:].mean(dim=1)], dim=1)
    return shown


def cases():
    t = transformers
    square = {"height": 32, "width": 32}
    clip = t.CLIPVisionModelWithProjection(t.CLIPVisionConfig(**WIDE, image_size=32, patch_size=8, projection_dim=24))
    yield Case("clip", "clip-vit-b32", clip, t.CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=square), 32,
               ["image_embeds", "last_hidden_state"], tokens_shown(1, "image_embeds"))
    siglip = t.SiglipVisionModel(t.SiglipVisionConfig(**WIDE, image_size=32, patch_size=8))
    yield Case("siglip", "siglip-base-patch16-224", siglip, t.SiglipImageProcessorPil(size=square), 32,
               ["last_hidden_state", "pooler_output"], tokens_shown(0, "pooler_output"))
    bit = t.BitImageProcessorPil(size={"shortest_edge": 64}, crop_size={"height": 56, "width": 56},
                                 image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225])
    facts = {**SMALL, "image_size": 70, "patch_size": 14, "mlp_ratio": 3}
    yield Case("dinov2", "dinov2-base", t.Dinov2Model(t.Dinov2Config(**facts)), bit, 56,
               ["last_hidden_state", "pooler_output"], tokens_shown(1, "pooler_output"))
    registers = t.Dinov2WithRegistersModel(t.Dinov2WithRegistersConfig(**facts, num_register_tokens=4))
    yield Case("dinov2-registers", "dinov2-with-registers-base", registers, bit, 56,
               ["last_hidden_state", "pooler_output"], tokens_shown(5, "pooler_output"), traced=False)
    vit = t.ViTForImageClassification(t.ViTConfig(**WIDE, image_size=48, patch_size=16, num_labels=10))
    yield Case("vit", None, vit, t.ViTImageProcessorPil(size={"height": 48, "width": 48}, resample=3), 48, ["logits"],
               {("logits", None): lambda out: out.logits})


def scramble(network, seed=1):
    """No weight is 0 or 1, as those of a fresh network are: an exporter joins equal ones, and mistakes would not show."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            noise = torch.randn(weight.shape, generator=random)
            if weight.dim() > 1 and "embed" not in name and "token" not in name and "probe" not in name:
                weight.copy_(noise / weight[0].numel() ** 0.5)
            elif name.endswith("weight") or "lambda" in name:
                weight.copy_(1 + 0.3 * noise)
            else:
                weight.copy_(0.4 * noise)
    return network.eval()


def export(case, path, traced):
    image = torch.zeros(1, 3, case.size, case.size)
    how = {"dynamo": True, "verbose": False}
    if traced:
        how = {"dynamo": False, "opset_version": OPSET, "dynamic_axes": OPEN}
    with open(os.devnull, "w") as nowhere:
        kept, sys.stdout = sys.stdout, nowhere
        try:
            torch.onnx.export(case.network, (image,), path, input_names=["pixel_values"], output_names=case.outputs, **how)
        finally:
            sys.stdout = kept


def wanted(case, paths):
    images = [Image.open(path).convert("RGB") for path in paths]
    with torch.no_grad():
        out = case.network(case.processor(images, return_tensors="pt")["pixel_values"])
    return {shown: values(out).numpy().astype(numpy.float64) for shown, values in case.shown.items()}


def small_card(case, folder):
    with open(os.path.join(CARDS, f"{case.card}.json"), encoding="utf-8") as text:
        card = json.load(text)
    card.update(name="small", weights=[])
    card.pop("variant_of", None)
    card["input"].update(width=case.size, height=case.size, scaled_decoding=False)
    if "shorter" in card["input"]:
        card["input"]["shorter"] = case.processor.size["shortest_edge"]
    path = os.path.join(folder, "small.json")
    with open(path, "w", encoding="utf-8") as text:
        json.dump(card, text)
    return ["--card", path]


def compare(report, akin, case, paths, traced):
    way = "traced" if traced else "exported"
    model = f"{case.name}-{way}"
    file = os.path.join(akin.folder, f"{model}.onnx")
    export(case, file, traced)
    options = small_card(case, akin.folder) if case.card else ["--size", str(case.size), "--mean", "0.5,0.5,0.5", "--std",
                                                              "0.5,0.5,0.5", "--resize", "bicubic", "--fit", "stretch"]
    akin.do("model", "import", file, "--name", model, *options)
    for (layer, pooling), values in wanted(case, paths).items():
        got = akin.embed(model, paths, "--layer", layer, *(["--pooling", pooling] if pooling else []))
        report.same(got, values, f"{case.name}, {way}: {layer}" + (f", {pooling}" if pooling else ""))
    if traced:
        compare_likeness(report, case, file, akin.folder)


def operators(path):
    """Those that compute; a fresh export also holds Identity, Constant and Cast here and there."""
    return {node.op_type for node in onnx.load(path).graph.node} - {"Identity", "Constant", "Cast"}


def compare_likeness(report, case, file, folder):
    """What networks.py writes has the operators and outputs of the export."""
    path = os.path.join(folder, f"{case.name}-like.onnx")
    function, arguments = networks.NETWORKS[case.name]
    function(path, **{**arguments, "opset": OPSET})
    missing = operators(file) - operators(path)
    report.expect(not missing, f"{case.name}: networks.py has every operator of the export" +
                  (f", but {', '.join(sorted(missing))}" if missing else ""))
    names = [{output.name for output in onnx.load(one).graph.output} for one in (file, path)]
    report.expect(names[0] == names[1], f"{case.name}: outputs {', '.join(sorted(names[0]))}")


def save_images(folder):
    """Sizes of which an even number of rows or columns is cut away: where it is odd, the authors' code (torchvision)
    and transformers do not agree on the middle."""
    random = numpy.random.default_rng(8)
    paths = []
    for i, (width, height) in enumerate([(96, 64), (64, 128), (80, 80), (192, 128), (128, 192), (40, 32)]):
        path = os.path.join(folder, f"image-{i}." + ("png" if i % 2 else "jpg"))
        Image.fromarray(comparing.picture(random, height, width)).save(path)
        paths.append(path)
    return paths


def main():
    report = comparing.Report()
    with tempfile.TemporaryDirectory() as folder:
        akin = comparing.Akin(sys.argv[1], folder)
        paths = save_images(folder)
        for case in cases():
            scramble(case.network)
            for traced in (True, False) if case.traced else (False,):
                compare(report, akin, case, paths, traced)
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
