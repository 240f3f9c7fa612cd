#!/usr/bin/env python3
"""Writes the Keras files of this folder: run it with the interpreter that scripts/keras-python prints. The files are
committed, so that the tests in C need no Keras.

    shop*         one model in every form, by Keras 3 and Keras 2 themselves: a nested model of which one layer is frozen
    pixels_*      the first layers of EfficientNet, as Keras makes them for its official weights and for none
    bad_*         what must be refused

Weight number k of the model begins with k (WEIGHTS), and grows by 1/1024: so a test sees which one it was given.
"""

import os
import struct
import sys
import warnings
import zipfile
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import h5py  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
import tf_keras  # noqa: E402
from keras.src.legacy.saving import legacy_h5_format  # noqa: E402

FOLDER = Path(__file__).parent
WEIGHTS = ["a/kernel", "a/bias", "b/gamma", "b/beta", "b/moving_mean", "b/moving_variance", "c/kernel", "c/bias",
           "first/kernel", "first/bias", "second/kernel", "second/bias"]


def numbers(k, shape):
    count = int(np.prod(shape))
    return (k + np.arange(count, dtype=np.float32).reshape(shape) / 1024).astype(np.float32)


def model(k):
    """The shop's model in the Keras of module k."""
    inner = k.Sequential([
        k.layers.Input((6, 6, 3)), k.layers.Conv2D(4, 3, name="a"), k.layers.BatchNormalization(name="b"),
        k.layers.Conv2D(2, 1, name="c")], name="inner")
    inner.layers[0].trainable = False
    x = given = k.layers.Input((6, 6, 3), name="given")
    x = k.layers.Rescaling(1 / 255, name="rescaling")(x)
    x = k.layers.Flatten(name="flat")(inner(x))
    x = k.layers.Dropout(0.5, name="drop")(k.layers.Dense(4, activation="relu", name="first")(x))
    whole = k.Model(given, k.layers.Dense(3, activation="softmax", name="second")(x), name="shop")
    leaves = {layer.name: layer for layer in [*inner.layers, *whole.layers]}
    for i, place in enumerate(WEIGHTS):
        name, weight = place.split("/")
        variable = getattr(leaves[name], weight)
        variable.assign(numbers(i + 1, tuple(variable.shape)))
    return whole


def write_good():
    three, two = model(keras), model(tf_keras)
    three.save(FOLDER / "shop.h5")
    three.save(FOLDER / "shop.keras")
    three.save_weights(FOLDER / "shop.weights.h5")
    two.save(FOLDER / "shop_2.h5")
    two.save(FOLDER / "shop_2.keras")
    two.save_weights(FOLDER / "shop_2_weights.h5")
    legacy_h5_format.HDF5_OBJECT_HEADER_LIMIT = 64  # attributes in parts, as otherwise those of large models alone
    three.save(FOLDER / "shop_parts.h5")
    # The places of Keras 2.12 and 2.13.
    with h5py.File(FOLDER / "shop.weights.h5") as now, h5py.File(FOLDER / "shop_older.weights.h5", "w") as older:
        def copy(name, thing):
            if isinstance(thing, h5py.Dataset):
                older[name.replace("layers", "_layer_checkpoint_dependencies")] = thing[()]
        now.visititems(copy)
    # Two layers of one shape whose names have moved on by one, as in many official files.
    with legacy("shifted.h5", {"conv2d_1": ["conv2d_1/kernel:0"], "conv2d_2": ["conv2d_2/kernel:0"]}) as f:
        f["conv2d_1"]["conv2d_1/kernel:0"] = numbers(1, (1, 1, 3, 3))
        f["conv2d_2"]["conv2d_2/kernel:0"] = numbers(2, (1, 1, 3, 3))
    with h5py.File(FOLDER / "many.weights.h5", "w") as f:
        for i in range(12):
            f[f"layers/dense_{i}/vars/0" if i else "layers/dense/vars/0"] = numbers(i + 1, (3, 3))
    half = np.arange(6, dtype=np.float16).reshape(2, 3) / 4
    with legacy("types.h5", {"half": ["w"], "double": ["w"], "whole": ["w"]}) as f:
        f["half"]["w"] = half
        f["double"]["w"] = half.astype(np.float64)
        f["whole"]["w"] = half.astype(np.int64)


def write_pixels():
    for name, rescalings, mean, variance in (("official", 2, 0.5, 0.25), ("plain", 1, 0.0, 1.0), ("adapted", 1, 0.5, 0.25)):
        keras.utils.clear_session()
        x = given = keras.layers.Input((4, 4, 3))
        x = keras.layers.Rescaling(1 / 255)(x)
        normalization = keras.layers.Normalization()
        x = normalization(x)
        if rescalings == 2:
            x = keras.layers.Rescaling([2.0, 2.1, 2.2])(x)
        normalization.adapt_mean.assign(np.full(3, mean))
        normalization.adapt_variance.assign(np.full(3, variance))
        network = keras.Model(given, x)
        network.save_weights(FOLDER / f"pixels_{name}.weights.h5")
        with h5py.File(FOLDER / f"pixels_{name}.h5", "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, network)
        # Without groups of layers that have no weights, as Keras wrote for a while.
        with h5py.File(FOLDER / f"pixels_{name}_bare.weights.h5", "w") as file:
            for i, value in enumerate(normalization.get_weights()):
                file[f"layers/normalization/vars/{i}"] = value


def legacy(name, layers, **attributes):
    """A legacy weights file of these layers; their datasets are the caller's to make."""
    f = h5py.File(FOLDER / name, "w")
    f.attrs["layer_names"] = [layer.encode() for layer in layers]
    for key, value in attributes.items():
        f.attrs[key] = value
    for layer, weights in layers.items():
        f.create_group(layer).attrs["weight_names"] = [weight.encode() for weight in weights]
    return f


def write_bad_datasets():
    one = {"dense": ["kernel:0"]}
    ones = np.ones((4, 4), np.float32)
    (FOLDER / "elsewhere.tmp").write_bytes(bytes(64))
    with legacy("bad_soft_link.h5", one) as f:
        f["kept"] = ones
        f["dense"]["kernel:0"] = h5py.SoftLink("/kept")
    with legacy("bad_external_link.h5", one) as f:
        f["dense"]["kernel:0"] = h5py.ExternalLink("elsewhere.h5", "/kept")
    with legacy("bad_external_data.h5", one) as f:
        f["dense"].create_dataset("kernel:0", (4, 4), np.float32, external=[("/etc/passwd", 0, 64)])
    with legacy("bad_virtual.h5", one) as f:
        layout = h5py.VirtualLayout((4, 4), np.float32)
        layout[:] = h5py.VirtualSource("elsewhere.h5", "kept", (4, 4))
        f["dense"].create_virtual_dataset("kernel:0", layout)
    with legacy("bad_gzip.h5", one) as f:
        f["dense"].create_dataset("kernel:0", data=ones, compression="gzip")
    with legacy("bad_chunks.h5", one) as f:
        f["dense"].create_dataset("kernel:0", data=ones, chunks=(2, 2))
    with legacy("bad_unwritten.h5", one) as f:
        f["dense"].create_dataset("kernel:0", (1 << 30, 1 << 20), np.float32)
    with legacy("bad_big_endian.h5", one) as f:
        f["dense"]["kernel:0"] = ones.astype(">f4")
    with legacy("bad_strings.h5", one) as f:
        f["dense"]["kernel:0"] = ["one", "two"]
    with legacy("bad_missing.h5", {"dense": ["kernel:0", "bias:0"]}) as f:
        f["dense"]["kernel:0"] = ones
    with legacy("bad_axes.h5", one) as f:
        f["dense"]["kernel:0"] = ones.reshape((1,) * 14 + (4, 4))
    (FOLDER / "elsewhere.tmp").unlink()
    overflow = bytearray((FOLDER / "bad_unwritten.h5").read_bytes())
    place = overflow.index(struct.pack("<QQ", 1 << 30, 1 << 20))
    overflow[place:place + 16] = struct.pack("<QQ", 1 << 62, 1 << 62)
    (FOLDER / "bad_overflow.h5").write_bytes(overflow)


def write_bad_numbers():
    for name, value in [("nan", np.nan), ("infinite", -np.inf)]:
        bad = model(keras)
        bias = bad.get_layer("first").bias
        bias.assign(np.array([1, 2, value, 4], np.float32))
        bad.save(FOLDER / f"bad_{name}.keras")


def write_bad_files():
    ones = np.ones((4, 4), np.float32)
    with legacy("bad_theano.h5", {"dense": ["kernel"]}, backend="theano", keras_version="2.2.4") as f:
        f["dense"]["kernel"] = ones
    with legacy("bad_own_weights.h5", {}, backend="tensorflow") as f:
        f.create_group("top_level_model_weights").attrs["weight_names"] = [b"scale"]
    with legacy("bad_layer.h5", {"dense": []}) as f:
        f.attrs["layer_names"] = [b"dense", b"gone"]
    with legacy("bad_names.h5", {}) as f:
        f.attrs["layer_names"] = np.arange(3)
    with legacy("bad_parts.h5", {"../dense": []}):
        pass
    with h5py.File(FOLDER / "bad_other.h5", "w") as f:
        f["measured"] = ones
    with h5py.File(FOLDER / "bad_cycle.weights.h5", "w") as f:
        f["layers/dense/vars/0"] = ones
        f["layers/again"] = f["layers"]
    with h5py.File(FOLDER / "bad_numbers.weights.h5", "w") as f:
        f["layers/dense/vars/0"] = ones
        f["layers/dense/vars/2"] = ones


def write_bad_archives():
    with zipfile.ZipFile(FOLDER / "shop.keras") as good:
        parts = {name: good.read(name) for name in ["metadata.json", "config.json", "model.weights.h5"]}

    def archive(name, entries, method=zipfile.ZIP_STORED):
        with zipfile.ZipFile(FOLDER / name, "w", method) as out:
            for entry, data in entries:
                out.writestr(entry, data)

    archive("bad_compressed.keras", parts.items(), zipfile.ZIP_DEFLATED)
    archive("bad_bomb.keras", [("metadata.json", b"{}"), ("config.json", bytes(10 << 20))], zipfile.ZIP_DEFLATED)
    archive("bad_no_weights.keras", [(name, parts[name]) for name in ["metadata.json", "config.json"]])
    archive("bad_metadata.keras", [("metadata.json", b"{"), ("config.json", b"{}"), ("model.weights.h5", b"")])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive("bad_twice.keras", [("config.json", b"{}"), ("config.json", b"[]"), ("model.weights.h5", b"")])
    damaged = bytearray((FOLDER / "shop.keras").read_bytes())
    damaged[damaged.index(b"\x89HDF") + 9000] ^= 1
    (FOLDER / "bad_checksum.keras").write_bytes(damaged)


if __name__ == "__main__":
    write_good()
    write_pixels()
    write_bad_datasets()
    write_bad_numbers()
    write_bad_files()
    write_bad_archives()
    sys.stdout.write(f"{sum(f.stat().st_size for f in FOLDER.iterdir())} bytes\n")
