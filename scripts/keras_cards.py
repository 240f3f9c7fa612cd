"""keras_cards.py [--check] - writes models/*.json of Keras' networks, all that its applications are.

File names, addresses and hashes of weights are those that Keras gives to its own download function, which is called
here in place of a download. All else is in the table below.
"""

import os
import sys
from unittest import mock

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
from keras import applications
from keras.src.applications import imagenet_utils
from keras.src.utils import file_utils

import card_files
from citations import DENSENET, EFFICIENTNET, EFFICIENTNET_V2, MOBILENET_V2, MOBILENET_V3, RESNET, VGG

RESNET_V2 = "K. He, X. Zhang, S. Ren, J. Sun: Identity Mappings in Deep Residual Networks, ECCV 2016, arXiv:1603.05027"
INCEPTION_V3 = "C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna: Rethinking the Inception Architecture for Computer Vision, CVPR 2016, arXiv:1512.00567"
INCEPTION_RESNET_V2 = "C. Szegedy, S. Ioffe, V. Vanhoucke, A. Alemi: Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning, AAAI 2017, arXiv:1602.07261"
XCEPTION = "F. Chollet: Xception: Deep Learning with Depthwise Separable Convolutions, CVPR 2017, arXiv:1610.02357"
CONVNEXT = "Z. Liu, H. Mao, C.-Y. Wu, C. Feichtenhofer, T. Darrell, S. Xie: A ConvNet for the 2020s, CVPR 2022, arXiv:2201.03545"
NASNET = "B. Zoph, V. Vasudevan, J. Shlens, Q. V. Le: Learning Transferable Architectures for Scalable Image Recognition, CVPR 2018, arXiv:1707.07012"
MOBILENET = "A. G. Howard et al.: MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications, 2017, arXiv:1704.04861"

# channels, mean, scale: what preprocess_input of the network's module does
PIXELS = {
    "caffe": ("bgr", [103.939, 116.779, 123.68], [1, 1, 1]),
    "tf": ("rgb", [127.5, 127.5, 127.5], [127.5, 127.5, 127.5]),
    "torch": ("rgb", [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]),
    "inside": ("rgb", [0, 0, 0], [1, 1, 1]),  # the network's first layer does it
}


class Network:
    def __init__(self, name, title, family, parameters, make, pixels, size, licence, citation, variant_of=None, **arguments):
        self.name, self.title, self.family, self.parameters = name, title, family, parameters
        self.make, self.pixels, self.size, self.licence = make, pixels, size, licence
        self.citation, self.variant_of, self.arguments = citation, variant_of, arguments
        self.differs = family == "efficientnet"  # Keras makes another network when weights are not asked for

    def build(self, **arguments):
        """The network as Keras makes it."""
        keras.utils.clear_session()
        return self.make(**self.arguments, **arguments)

    def unfilled(self, input_shape, **arguments):
        """The network of the official weights, without them, for any size."""
        arguments = dict(self.arguments, **arguments) | {"input_shape": input_shape}
        if not self.differs:
            return self.make(**arguments, weights=None)
        with (mock.patch.object(file_utils, "get_file"), mock.patch.object(keras.Model, "load_weights"),
              mock.patch.object(imagenet_utils, "obtain_input_shape", return_value=input_shape)):
            return self.make(**arguments, weights="imagenet")


def listed(model):
    """(name, layer or operation, its own weights) of all behind the input as akin lists them: what is in a Sequential
    model stands in front of it, and has the weights."""
    for operation in model.operations[1:]:
        inside = operation.layers if isinstance(operation, keras.Sequential) else []
        for layer in inside:
            yield f"{operation.name}/{layer.name}", layer, layer.weights
        yield operation.name, operation, [] if inside else getattr(operation, "weights", [])


def networks():
    yield Network("vgg16", "VGG16", "vgg", {"depth": 16}, applications.VGG16, "caffe", 224, "CC-BY-4.0", VGG)
    yield Network("vgg19", "VGG19", "vgg", {"depth": 19}, applications.VGG19, "caffe", 224, "CC-BY-4.0", VGG)
    for depth in (50, 101, 152):
        yield Network(f"resnet{depth}", f"ResNet{depth}", "resnet", {"depth": depth},
                      getattr(applications, f"ResNet{depth}"), "caffe", 224, "MIT", RESNET)
    for depth in (50, 101, 152):
        yield Network(f"resnet{depth}-v2", f"ResNet{depth}V2", "resnet-v2", {"depth": depth},
                      getattr(applications, f"ResNet{depth}V2"), "tf", 224, "BSD-3-Clause", RESNET_V2)
    yield Network("inception-v3", "InceptionV3", "inception-v3", {}, applications.InceptionV3, "tf", 299, "Apache-2.0",
                  INCEPTION_V3)
    yield Network("inception-resnet-v2", "InceptionResNetV2", "inception-resnet-v2", {}, applications.InceptionResNetV2,
                  "tf", 299, "Apache-2.0", INCEPTION_RESNET_V2)
    yield Network("xception", "Xception", "xception", {}, applications.Xception, "tf", 299, "MIT", XCEPTION)
    for depth in (121, 169, 201):
        yield Network(f"densenet{depth}", f"DenseNet{depth}", "densenet", {"depth": depth},
                      getattr(applications, f"DenseNet{depth}"), "torch", 224, "BSD-3-Clause", DENSENET)
    for size in ("Tiny", "Small", "Base", "Large", "XLarge"):
        name = f"convnext-{size.lower()}"
        before = "" if size in ("Tiny", "Small") else ", pre-trained on ImageNet-21k"
        yield Network(name, f"ConvNeXt {size.lower()}{before}", name, {}, getattr(applications, f"ConvNeXt{size}"),
                      "inside", 224, "MIT", CONVNEXT)
    yield from efficientnets()
    for kind, size in (("Mobile", 224), ("Large", 331)):
        name = f"nasnet-{kind.lower()}"
        yield Network(name, f"NASNet-A {kind.lower()}", name, {}, getattr(applications, f"NASNet{kind}"), "tf", size,
                      "Apache-2.0", NASNET)
    yield from mobilenets("mobilenet", "MobileNet", applications.MobileNet, MOBILENET,
                          [(alpha, size) for alpha in (0.25, 0.5, 0.75, 1.0) for size in (128, 160, 192, 224)])
    # TensorFlow published the two widest of V2 for one size alone
    yield from mobilenets("mobilenet-v2", "MobileNetV2", applications.MobileNetV2, MOBILENET_V2,
                          [(alpha, size) for alpha in (0.35, 0.5, 0.75, 1.0) for size in (96, 128, 160, 192, 224)]
                          + [(1.3, 224), (1.4, 224)])
    yield from mobilenets_v3("small", applications.MobileNetV3Small)
    yield from mobilenets_v3("large", applications.MobileNetV3Large)


def efficientnets():
    forms = [(1.0, 1.0, 224), (1.0, 1.1, 240), (1.1, 1.2, 260), (1.2, 1.4, 300), (1.4, 1.8, 380), (1.6, 2.2, 456),
             (1.8, 2.6, 528), (2.0, 3.1, 600)]
    for i, (width, depth, size) in enumerate(forms):
        yield Network(f"efficientnet-b{i}", f"EfficientNet-B{i}", "efficientnet",
                      {"width_factor": width, "depth_factor": depth}, getattr(applications, f"EfficientNetB{i}"), "inside",
                      size, "Apache-2.0", EFFICIENTNET)
    for i, (width, depth, size) in enumerate(forms[:4]):
        yield Network(f"efficientnet-v2-b{i}", f"EfficientNetV2-B{i}", "efficientnet-v2-b",
                      {"width_factor": width, "depth_factor": depth}, getattr(applications, f"EfficientNetV2B{i}"),
                      "inside", size, "Apache-2.0", EFFICIENTNET_V2)
    for kind, size in (("S", 384), ("M", 480), ("L", 480)):
        name = f"efficientnet-v2-{kind.lower()}"
        yield Network(name, f"EfficientNetV2-{kind}", name, {}, getattr(applications, f"EfficientNetV2{kind}"), "inside",
                      size, "Apache-2.0", EFFICIENTNET_V2)


def mobilenets(base, title, make, citation, forms):
    for alpha, size in forms:
        plain = (alpha, size) == (1.0, 224)
        yield Network(base if plain else f"{base}-{alpha:.2f}-{size}",
                      title if plain else f"{title} of width {alpha:.2f} for {size}×{size}", base,
                      {"width_factor": alpha}, make, "tf", size, "Apache-2.0", citation, None if plain else base,
                      alpha=alpha, input_shape=(size, size, 3))


def mobilenets_v3(kind, make):
    base, title = f"mobilenet-v3-{kind}", f"MobileNetV3 {kind}"
    for alpha, minimalistic in ((1.0, False), (0.75, False), (1.0, True)):
        plain = alpha == 1.0 and not minimalistic
        name = base if plain else base + ("-minimalistic" if minimalistic else f"-{alpha:.2f}")
        what = title if plain else title + (", minimalistic" if minimalistic else f" of width {alpha:.2f}")
        yield Network(name, what, base, {"width_factor": alpha, "minimalistic": minimalistic}, make, "inside", 224,
                      "Apache-2.0", MOBILENET_V3, None if plain else base, alpha=alpha, minimalistic=minimalistic,
                      input_shape=(224, 224, 3))


# ---- weights, as Keras asks for them ----

class Asked(Exception):
    pass


def asked_for(network, top):
    """(file name, address, hash or None) that Keras would download."""

    def get_file(fname=None, origin=None, file_hash=None, **_):
        raise Asked(fname, origin, file_hash)

    real, file_utils.get_file = file_utils.get_file, get_file
    try:
        network.build(weights="imagenet", include_top=top)
    except Asked as asked:
        return asked.args
    finally:
        file_utils.get_file = real
    sys.exit(f"{network.name}: Keras asked for no weights")


def weights(network):
    for top in (True, False):
        file, address, hash_ = asked_for(network, top)
        entry = {"format": "h5", "file": file, "origin": "Keras' applications", "address": address}
        if hash_:
            entry["md5" if len(hash_) == 32 else "sha256"] = hash_
        if not top:
            entry["top"] = False
        yield entry


# ---- cards ----

def card(network):
    channels, mean, scale = PIXELS[network.pixels]
    result = {"name": network.name, "description": f"{network.title}, trained on ImageNet (1,000 classes)"}
    if network.variant_of:
        result["variant_of"] = network.variant_of
    result |= {"family": network.family, **network.parameters, "classes": 1000}
    result["input"] = {"width": network.size, "height": network.size, "filter": "bilinear", "antialias": True,
                       "fit": "stretch", "alpha": "white", "upright": True, "scaled_decoding": True}
    result |= {"mirror": False, "channels": channels, "mean": mean, "scale": scale, "licence": network.licence,
               "citation": network.citation, "weights": list(weights(network))}
    return result


def forgotten():
    """Keras' applications that no card is of."""
    carded = {network.make for network in networks()}
    return sorted(name for name, make in vars(applications).items() if name[0].isupper() and make not in carded)


def main():
    print("".join(f"{name} of Keras' applications has no card\n" for name in forgotten()), end="")
    changed = card_files.renew(card(network) for network in networks())
    return 1 if changed or ("--check" in sys.argv and forgotten()) else 0


if __name__ == "__main__":
    sys.exit(main())
