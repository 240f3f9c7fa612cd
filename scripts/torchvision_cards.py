"""torchvision_cards.py [--check] - writes models/*.json of torchvision's networks.

Addresses, sizes of images, filters, means and deviations are those that torchvision's own weights state; the digits in
a file's name are the first ones of its SHA-256. All else is in the table below.
"""

import re
import sys

from torchvision import models, transforms

import card_files
from citations import DENSENET, EFFICIENTNET, EFFICIENTNET_V2, MOBILENET_V2, MOBILENET_V3, RESNET, VGG

RESNEXT = "S. Xie, R. Girshick, P. Dollár, Z. Tu, K. He: Aggregated Residual Transformations for Deep Neural Networks, CVPR 2017, arXiv:1611.05431"
WIDE_RESNET = "S. Zagoruyko, N. Komodakis: Wide Residual Networks, BMVC 2016, arXiv:1605.07146"

FILTERS = {transforms.InterpolationMode.BILINEAR: "bilinear", transforms.InterpolationMode.BICUBIC: "bicubic"}


class Network:
    """function: torchvision's, which makes the network. variant_of: the card that `akin model list` shows in its place."""

    def __init__(self, function, title, family, parameters, citation, variant_of=None):
        self.function, self.title, self.family, self.parameters = function, title, family, parameters
        self.citation, self.variant_of = citation, variant_of
        self.name = function.replace("_", "-") + "-torchvision"

    def weights(self):
        """(name of the card, torchvision's weights): of the first training, and, where there is one, of the second."""
        for weights in models.get_model_weights(self.function):
            if weights.name in ("IMAGENET1K_V1", "IMAGENET1K_V2"):
                yield self.name + ("-v2" if weights.name == "IMAGENET1K_V2" else ""), weights


def networks():
    for depth in (18, 34, 50, 101, 152):
        yield Network(f"resnet{depth}", f"ResNet{depth}", "resnet", {"depth": depth}, RESNET,
                      f"resnet{depth}" if depth >= 50 else None)
    for depth, groups, width in ((50, 32, 4), (101, 32, 8), (101, 64, 4)):
        yield Network(f"resnext{depth}_{groups}x{width}d", f"ResNeXt{depth} {groups}×{width}d", "resnet",
                      {"depth": depth, "groups": groups, "group_width": width}, RESNEXT, f"resnet{depth}")
    for depth in (50, 101):
        yield Network(f"wide_resnet{depth}_2", f"Wide ResNet{depth}-2", "resnet", {"depth": depth, "group_width": 128},
                      WIDE_RESNET, f"resnet{depth}")
    for depth in (11, 13, 16, 19):
        for normalized in (False, True):
            yield Network(f"vgg{depth}" + ("_bn" if normalized else ""),
                          f"VGG{depth}" + (" with batch normalization" if normalized else ""), "vgg",
                          {"depth": depth, "normalized": normalized}, VGG, "vgg19" if depth == 19 else "vgg16")

    yield Network("mobilenet_v2", "MobileNetV2", "mobilenet-v2", {"width_factor": 1.0}, MOBILENET_V2, "mobilenet-v2")
    for kind in ("small", "large"):
        yield Network(f"mobilenet_v3_{kind}", f"MobileNetV3 {kind}", f"mobilenet-v3-{kind}",
                      {"width_factor": 1.0, "minimalistic": False}, MOBILENET_V3, f"mobilenet-v3-{kind}")

    for depth in (121, 161, 169, 201):
        yield Network(f"densenet{depth}", f"DenseNet{depth}", "densenet", {"depth": depth}, DENSENET,
                      f"densenet{depth}" if depth != 161 else "densenet121")

    for number, (width, depth) in enumerate(((1.0, 1.0), (1.0, 1.1), (1.1, 1.2), (1.2, 1.4), (1.4, 1.8), (1.6, 2.2),
                                             (1.8, 2.6), (2.0, 3.1))):
        yield Network(f"efficientnet_b{number}", f"EfficientNet-B{number}", "efficientnet",
                      {"width_factor": width, "depth_factor": depth}, EFFICIENTNET, f"efficientnet-b{number}")
    for size in "sml":
        yield Network(f"efficientnet_v2_{size}", f"EfficientNetV2-{size.upper()}", f"efficientnet-v2-{size}", {},
                      EFFICIENTNET_V2, f"efficientnet-v2-{size}")


# ---- cards ----

def numbers(values):
    """Of pixels from 0 to 255."""
    return [round(value * 255, 6) for value in values]


def file_entry(weights):
    file = weights.url.rsplit("/", 1)[1]
    return {"format": "pth", "file": file, "origin": f"torchvision, {type(weights).__name__}.{weights.name}",
            "address": weights.url, "sha256_prefix": re.fullmatch(r".*-([0-9a-f]{8})\.pth", file).group(1)}


def card(network, name, weights):
    seen = weights.transforms()
    (size,), (shorter,) = seen.crop_size, seen.resize_size
    second = ", torchvision's second training" if weights.name == "IMAGENET1K_V2" else ""
    result = {"name": name, "description": f"{network.title} of torchvision, trained on ImageNet (1,000 classes){second}"}
    variant_of = network.variant_of or (network.name if second else None)
    if variant_of:
        result["variant_of"] = variant_of
    result |= {"family": network.family, "dialect": "torchvision", **network.parameters, "classes": 1000}
    result["input"] = {"width": size, "height": size, "filter": FILTERS[seen.interpolation], "antialias": True,
                       "fit": "resize-crop", "shorter": shorter, "alpha": "white", "upright": True,
                       "scaled_decoding": True}
    result |= {"mirror": False, "channels": "rgb", "mean": numbers(seen.mean), "scale": numbers(seen.std),
               "licence": "BSD-3-Clause", "citation": network.citation, "weights": [file_entry(weights)]}
    return result


if __name__ == "__main__":
    sys.exit(card_files.renew(card(network, name, weights) for network in networks() for name, weights in network.weights()))
