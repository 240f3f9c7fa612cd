#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets: small sound files of every kind, and some with one thing wrong.

    "$(scripts/test-python)" tests/fuzz/make_seeds.py          into tests/fuzz/corpus/NAME/seed-*

The same files every time; what fuzzing found lies beside them and is left alone.
"""

import collections
import io
import json
import pathlib
import struct
import sys
import zipfile

import numpy
import PIL.Image

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE.parent / "data" / "images"), str(HERE.parent / "data" / "models")]

import make_pth
import writers

CORPUS = HERE / "corpus"


def write(folder, name, data):
    (CORPUS / folder).mkdir(parents=True, exist_ok=True)
    (CORPUS / folder / f"seed-{name}").write_bytes(data)


# ---- images ----

def picture(width, height, channels, depth=8):
    """A gradient with an edge in it: [height, width, channels]."""
    y, x, c = numpy.mgrid[0:height, 0:width, 0:channels]
    values = (x * 37 + y * 23 + c * 61 + (x > width // 2) * 90) % 256
    return values * (2**depth - 1) // 255


def png_seeds():
    for colour, depths in {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items():
        for depth in depths:
            samples = picture(11, 7, writers.CHANNELS[colour], depth)
            palette = picture(2**depth, 1, 3)[0] if colour == 3 else None
            transparency = {0: b"\0\1", 2: b"\0\1\0\2\0\3", 3: b"\0\x80"}.get(colour)
            for interlaced in (False, True):
                name = f"png-{colour}-{depth}{'-interlaced' if interlaced else ''}"
                data = writers.png(samples, depth, colour, palette, transparency if depth >= 4 else None, interlaced)
                write("image", name, data)
    samples = picture(5, 9, 3)
    plain = writers.png(samples, 8, 2)
    write("image", "png-exif", writers.png(samples, 8, 2, before=[(b"eXIf", writers.exif(6))]))
    write("image", "png-gamma", writers.png(samples, 8, 2, before=[(b"gAMA", struct.pack(">I", 45455))]))
    write("image", "png-pieces", writers.png(samples, 8, 2, idat=5))
    write("image", "png-huge", plain[:8] + writers.chunk(b"IHDR", struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0)) + plain[33:])
    write("image", "png-truncated", plain[:-20])
    write("image", "png-palette-missing", writers.png(picture(4, 4, 1), 8, 3))


def jpeg(image, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


def jpeg_seeds():
    colour = PIL.Image.fromarray(picture(19, 13, 3).astype(numpy.uint8))
    kinds = {"grey": colour.convert("L"), "rgb": colour, "cmyk": colour.convert("CMYK")}
    for name, image in kinds.items():
        write("image", f"jpeg-{name}", jpeg(image, quality=60))
        write("image", f"jpeg-{name}-progressive", jpeg(image, quality=60, progressive=True))
    plain = jpeg(colour, quality=60, subsampling=0)
    large = PIL.Image.fromarray(picture(120, 90, 3).astype(numpy.uint8))
    write("image", "jpeg-444", plain)
    write("image", "jpeg-420-large", jpeg(large, quality=20, subsampling=2))
    write("image", "jpeg-422-restart", jpeg(large, quality=20, subsampling=1, restart_marker_blocks=2))
    for number in (3, 6, 8):
        write("image", f"jpeg-exif-{number}", writers.jpeg_insert(plain, 0xE1, writers.exif(number, ">", marked=True)))
    # Adobe's segment: 0 CMYK or RGB as it is, 2 YCCK
    adobe = b"Adobe" + struct.pack(">HHHB", 100, 0, 0, 2)
    start, size = writers.jpeg_find(jpeg(kinds["cmyk"]), 0xEE)
    cmyk = jpeg(kinds["cmyk"])
    write("image", "jpeg-ycck", writers.jpeg_insert(cmyk[:start] + cmyk[start + size:], 0xEE, adobe))
    write("image", "jpeg-truncated", plain[: len(plain) * 2 // 3])
    write("image", "jpeg-no-tables", b"\xFF\xD8" + plain[writers.jpeg_find(plain, 0xC0)[0]:])


def webp(image, **options):
    out = io.BytesIO()
    image.save(out, "WEBP", **options)
    return out.getvalue()


def webp_seeds():
    colour = PIL.Image.fromarray(picture(19, 13, 3).astype(numpy.uint8))
    clear = PIL.Image.fromarray(picture(19, 13, 4).astype(numpy.uint8), "RGBA")
    for name, image in {"rgb": colour, "rgba": clear}.items():
        write("image", f"webp-{name}", webp(image, quality=30))
        write("image", f"webp-{name}-lossless", webp(image, lossless=True))
    write("image", "webp-exif", webp(colour, quality=30, exif=writers.exif(5, marked=True)))
    frames = [(webp(colour, quality=30), 2, 4, 19, 13), (webp(clear, lossless=True), 0, 0, 19, 13)]
    write("image", "webp-animation", writers.webp_animation(frames, 32, 24))
    write("image", "webp-truncated", webp(colour, quality=30)[:-30])


def other_image_seeds():
    write("image", "empty", b"")
    write("image", "gif", b"GIF89a\1\0\1\0\0\0\0;")
    write("image", "heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    write("image", "text", b"This is not an image.\n")


# ---- weights ----

def tensors():
    """name -> (shape, strides, values, storage), as make_pth.save wants it."""
    state = collections.OrderedDict()
    state["dense.weight"] = ((3, 4), (4, 1), [i / 8 for i in range(12)], "FloatStorage")
    state["turned"] = ((4, 3), (1, 4), [i / 4 for i in range(12)], "FloatStorage")
    state["conv.weight"] = ((2, 3, 2, 2), (1, 8, 4, 2), [i / 2 for i in range(24)], "FloatStorage")
    state["spread"] = ((5, 2), (0, 1), [1.5, -1.5], "FloatStorage")
    state["count"] = ((), (), [7], "LongStorage")
    state["none"] = ((0, 3), (3, 1), [], "FloatStorage")
    return state


def pth_seeds():
    path = CORPUS / "tensors" / "seed-legacy"
    path.parent.mkdir(parents=True, exist_ok=True)
    make_pth.save(tensors(), path, "legacy")
    make_pth.save(tensors(), path.with_name("seed-zip"), "zip")
    legacy = path.read_bytes()
    write("tensors", "legacy-truncated", legacy[:-9])
    write("tensors", "legacy-empty-state", pickles(make_pth.MAGIC, 1001, {"little_endian": True}, collections.OrderedDict(), []))
    # what a pickle could do if it were obeyed
    write("tensors", "legacy-system", pickles(make_pth.MAGIC, 1001, {}) + b"\x80\x02cos\nsystem\nX\4\0\0\0trueq\0\x85R.")
    write("tensors", "legacy-builtin", pickles(make_pth.MAGIC, 1001, {}) + b"\x80\x02c__builtin__\neval\nX\1\0\0\0001\x85R.")
    write("tensors", "legacy-deep", pickles(make_pth.MAGIC, 1001, {}) + b"\x80\x02" + b"(" * 500 + b"t" * 500 + b".")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr(zipfile.ZipInfo("a/data.pkl"), make_pth.pickled({}, "zip"), zipfile.ZIP_DEFLATED)
        out.writestr(zipfile.ZipInfo("a/version"), "3\n")
    write("tensors", "zip-deflated", archive.getvalue())
    write("tensors", "safetensors", struct.pack("<Q", 2) + b"{}")
    header = b'{"__metadata__":{"a":"b"},"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"F16","shape":[],"data_offsets":[24,26]}}'
    write("tensors", "safetensors-two", struct.pack("<Q", len(header)) + header + bytes(range(26)))
    write("tensors", "empty", b"")


def pickles(*values):
    return b"".join(make_pth.pickled(value, "legacy") for value in values)


# ---- parts of Keras files ----

def keras_number(value):
    return struct.pack("<Q", value)


def keras_text(text):
    return keras_number(len(text)) + text.encode() + b"\0"


def keras_tensor(name, dtype, shape, offset):
    return keras_text(name) + b"".join(keras_number(n) for n in [dtype, len(shape), *shape, offset])


def keras_index(*groups, version="3.15.1", config="{}", form=0):
    """As src/weights/keras_index.h has it; a group: (name, tensors)."""
    parts = [keras_text(version), keras_text(config), keras_number(form), keras_number(len(groups))]
    for name, found in groups:
        parts += [keras_text(name), keras_number(len(found)), *found]
    return b"".join(parts)


def keras_seeds():
    kernel, bias = keras_tensor("d/kernel", 0, [3, 4], 0), keras_tensor("d/bias", 2, [4], 48)
    write("keras_parts", "index", keras_index(("d", [kernel, bias]), ("none", [])))
    write("keras_parts", "index-outside", keras_index(("d", [keras_tensor("d/kernel", 0, [3, 4], 4090)])))
    write("keras_parts", "index-overflow", keras_index(("d", [keras_tensor("d/kernel", 0, [1 << 40, 1 << 40], 0)])))
    write("keras_parts", "index-many", keras_index(*[(f"d{i}", [keras_tensor(f"d{i}/w", 1, [], 8 * i)]) for i in range(70)]))
    write("keras_parts", "index-empty", keras_index(version="", config="", form=1))
    for name, comment, method in [("stored", b"", zipfile.ZIP_STORED), ("comment", b"PK\5\6", zipfile.ZIP_STORED),
                                  ("deflated", b"", zipfile.ZIP_DEFLATED)]:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as out:
            out.comment = comment
            out.writestr(zipfile.ZipInfo("metadata.json"), b"{}", method)
            out.writestr(zipfile.ZipInfo("config.json"), b'{"class_name": "Sequential"}', method)
        write("keras_parts", f"zip-{name}", archive.getvalue())
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        with out.open(zipfile.ZipInfo("config.json"), "w", force_zip64=True) as entry:
            entry.write(b"{}")
    write("keras_parts", "zip-64", archive.getvalue())


# ---- configurations of Keras models ----

IMAGE = {"class_name": "InputLayer", "config": {"name": "image", "batch_shape": [None, 6, 7, 3]}, "name": "image",
         "inbound_nodes": []}

CONFIGURED = {  # Sequential models: classes with their settings
    "convolutions": [("Conv2D", {"filters": 4, "kernel_size": [3, 2], "strides": 2, "padding": "same", "groups": 1}),
                     ("BatchNormalization", {"axis": [3], "scale": False}), ("SeparableConv2D", {"filters": 3, "kernel_size": 2}),
                     ("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "output_padding": 1}),
                     ("DepthwiseConv2D", {"kernel_size": 2, "depth_multiplier": 2, "dilation_rate": 2, "activation": "gelu"}),
                     ("Dense", {"units": 3, "activation": {"class_name": "LeakyReLU", "config": {"negative_slope": 0.1}}})],
    "maps": [("ZeroPadding2D", {"padding": [[1, 2], [0, 3]]}), ("Cropping2D", {"cropping": 1}), ("MaxPooling2D", {"pool_size": 2, "padding": "same"}),
             ("UpSampling2D", {"size": [2, 3], "interpolation": "bicubic"}), ("Resizing", {"height": 5, "width": 4, "crop_to_aspect_ratio": True}),
             ("CenterCrop", {"height": 3, "width": 3}), ("AveragePooling2D", {"pool_size": 2}), ("GlobalMaxPooling2D", {"keepdims": True})],
    "normalizations": [("Rescaling", {"scale": [0.1, 0.2, 0.3], "offset": -1}), ("Normalization", {"axis": -1, "mean": [1, 2, 3], "variance": [1, 1, 2]}),
                       ("LayerNormalization", {"epsilon": 1e-6}), ("GroupNormalization", {"groups": -1}), ("UnitNormalization", {}),
                       ("PReLU", {"shared_axes": [1, 2]}), ("ReLU", {"max_value": 6, "negative_slope": 0.1, "threshold": 0.5}), ("Softmax", {"axis": -1})],
    "forms": [("Permute", {"dims": [3, 1, 2]}), ("Reshape", {"target_shape": [-1, 2, 3, 1]}), ("Flatten", {}), ("Reshape", {"target_shape": [2, -1, 3]}),
              ("Dropout", {"rate": 0.5}), ("Activation", {"activation": "hard_sigmoid"})],
    "overflow": [("UpSampling2D", {"size": [65536, 65536]}), ("Dense", {"units": 2147483647})],
    "lambda": [("Lambda", {"function": {"class_name": "__lambda__", "config": {"code": "4wEA"}}})],
}


def keras_layer(kind, name, settings, calls=()):
    return {"module": "keras.layers", "class_name": kind, "config": {"name": name, "trainable": True, **settings}, "name": name,
            "inbound_nodes": list(calls)}


def keras_call(*values):
    return {"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": [value, 0, 0]}} if isinstance(value, str) else value
                     for value in values], "kwargs": {}}


def keras_model(layers, output):
    return {"class_name": "Functional", "config": {"name": "m", "layers": layers, "input_layers": [["image", 0, 0]],
                                                   "output_layers": [[output, 0, 0]]}}


def keras_operation(kind, name, *values, **settings):
    return {"module": "keras.src.ops.numpy", "class_name": kind, "config": {"name": name, **settings}, "name": name,
            "inbound_nodes": [keras_call(*values)]}


def keras_config_seeds():
    def config(name, model):
        write("keras_config", name, json.dumps(model, separators=(",", ":")).encode())

    for name, layers in CONFIGURED.items():
        config(name, {"class_name": "Sequential", "config": {"name": "s", "layers": [
            IMAGE, *(keras_layer(kind, f"l{i}", settings) for i, (kind, settings) in enumerate(layers))]}})
    ellipsis, turned = {"class_name": "__ellipsis__"}, {"class_name": "__slice__", "config": {"start": None, "stop": None, "step": -1}}
    operations = [keras_operation("GetItem", "a", "image", [ellipsis, turned]), keras_operation("TrueDivide", "b", "a", 127.5),
                  keras_operation("Subtract", "c", [[1, 2, 3]], "b"), keras_operation("GetItem", "d", "c", [ellipsis, 1]),
                  keras_operation("Add", "e", "c", "a"), keras_operation("Mean", "f", "e", axis=[1, 2], keepdims=True)]
    config("operations", keras_model([IMAGE, *operations, keras_layer("Multiply", "g", {}, [keras_call("e", "f")])], "g"))
    config("circle", keras_model([IMAGE, keras_layer("ReLU", "a", {}, [keras_call("b")]), keras_layer("ReLU", "b", {}, [keras_call("a")])], "b"))
    inner = keras_model([IMAGE, keras_layer("ReLU", "a", {}, [keras_call("image")])], "a")
    for _ in range(3):
        twice = {**inner, "name": "inner", "inbound_nodes": [keras_call("image"), keras_call("inner")]}
        inner = keras_model([IMAGE, twice], "inner")
    config("nested", inner)


# ---- JSON and cards ----

JSON = {
    "all-kinds": '{"a": [1, -2.5e-3, true, false, null, "caf\\u00e9 \\ud83d\\udc5f"], "b": {"c": {}, "d": []}, "": ""}',
    "numbers": "[0, -0, 0.0, 1e308, -1e-308, 9223372036854775807, -9223372036854775808, 9223372036854775808]",
    "deep-64": "[" * 64 + "]" * 64,
    "deep-65": "[" * 65 + "]" * 65,
    "duplicate": '{"a": 1, "a": 2}',
    "nul": '["a\\u0000b"]',
    "surrogate-alone": '["\\ud83d"]',
    "control": '["\t"]',
    "comma": "[1, 2,]",
    "unclosed": '{"a": [1, {"b": "c',
    "two": "{} {}",
    "empty": "",
    "text": '"only \\"text\\" \\\\ \\/ \\b\\f\\n\\r\\t"',
}


def json_seeds():
    for name, text in JSON.items():
        write("json", name, text.encode())
    write("json", "bom", b"\xEF\xBB\xBF[]")
    write("json", "latin1", b'["caf\xE9"]')
    write("json", "overlong", b'["\xC0\x80"]')


def card_seeds():
    models = HERE.parent.parent / "models"
    names = ("efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2", "vgg16", "mobilenet-v3-small-minimalistic")
    cards = {name: (models / f"{name}.json").read_bytes() for name in names}
    cards["tiny"] = (HERE.parent / "data" / "models" / "tiny.json").read_bytes()
    for name, text in cards.items():
        write("card", name, text)
    tiny = json.loads(cards["tiny"])
    for key in tiny:
        write("card", f"without-{key}", json.dumps({k: v for k, v in tiny.items() if k != key}).encode())
        write("card", f"wrong-{key}", json.dumps({**tiny, key: [tiny[key]]}).encode())
    write("card", "unknown-key", json.dumps({**tiny, "colour": "red"}).encode())


# ---- filters and tables ----

FILTERS = {
    "all": b"class = shoes and not (width < 200 or price >= 50)",
    "quotes": b"name ~ '*.j?g' or \"odd name\" != \"a\"\"b\"",
    "dates": b"date >= 2024-05-31T18:30 AND size<=1.5MB or date='2024-02-29 10:00:01'",
    "deep": b"((((not not colour = red))))",
    "numbers": b"price < 1e3 or price='1e3' or colour != 5",
    "columns": b"root = /photos and folder = /a/b and path > /a and height != 7",
    "end": b"class =",
    "bytes": b"a\xff ! b",
    "deepest": b"(" * 64 + b"name = a" + b")" * 64,
}

TABLES = {
    "plain": b"path,price,colour\na.jpg,79.90,red\nb.jpg,85,\n",
    "quotes": b'path,title\r\n"a, b.jpg","it is ""so"""\r\n\r\n"c\nd.jpg",\r\n',
    "bom": b"\xEF\xBB\xBFpath\n\xFF.jpg",
    "open": b'path,title\na,"never closed\n',
    "short": b"path,title\na\n",
    "middle": b'path\na"b"\n',
    "zero": b"path\na\0b\n",
    "mac": b"path\ra\rb",
}


def text_seeds():
    for name, text in FILTERS.items():
        write("where", name, text)
    for name, text in TABLES.items():
        write("csv", name, text)


if __name__ == "__main__":
    png_seeds()
    jpeg_seeds()
    webp_seeds()
    other_image_seeds()
    pth_seeds()
    keras_seeds()
    keras_config_seeds()
    json_seeds()
    card_seeds()
    text_seeds()
