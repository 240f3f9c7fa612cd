"""keras_networks.py [CARD [WIDTHxHEIGHT] [notop]] - Keras' own lists of the layers of the networks that akin has cards of.

Without CARD it writes keras_networks.txt, which tests/unit/model/test_families.c compares akin's families with: one line
a network,

    CARD WIDTHxHEIGHT LAYERS PARAMETERS SHA-256

where the hash is that of the list: for each layer behind the input a line "NAME CLASS SHAPE WEIGHTS", in the order of
Keras' model.layers, operations on tensors included. With CARD it prints that list. Run it with scripts/keras-python.
"""

import hashlib
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "scripts"))
import keras_cards as cards

ODD = (131, 97)  # width, height: paddings follow the parity of each map


def layer_list(network, width, height, top):
    cards.keras.utils.clear_session()
    model = network.unfilled((height, width, 3), include_top=top)
    lines = []
    for name, layer, own in cards.listed(model):
        weights = [list(weight.shape) for weight in own]
        shape = list(layer.output.shape[1:])
        lines.append(f"{name} {type(layer).__name__} {shape} {weights}\n")
    return "".join(lines), len(lines), model.count_params()


def forms():
    for network in cards.networks():
        for top in (True, False):
            yield network, network.size, network.size, top
        if not network.variant_of:
            yield network, *ODD, True


def main():
    if len(sys.argv) > 1:
        network = next(n for n in cards.networks() if n.name == sys.argv[1])
        sizes = [tuple(map(int, a.split("x"))) for a in sys.argv[2:] if a != "notop"] or [(network.size, network.size)]
        print(layer_list(network, *sizes[0], "notop" not in sys.argv)[0], end="")
        return
    with open(os.path.join(HERE, "keras_networks.txt"), "w", encoding="utf-8") as out:
        for network, width, height, top in forms():
            text, count, parameters = layer_list(network, width, height, top)
            name = network.name if top else network.name + "-notop"
            digest = hashlib.sha256(text.encode()).hexdigest()
            print(name, f"{width}x{height}", count, parameters, digest, file=out, flush=True)


if __name__ == "__main__":
    main()
