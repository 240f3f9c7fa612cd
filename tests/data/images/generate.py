"""generate.py - makes the image files beside it, with what Pillow decodes them to. Run by hand, with the interpreter
that scripts/test-python prints; the files are committed, so that the tests in C need no Python.

    NAME             a file of some kind
    NAME.ppm         its pixels: upright, over white
    NAME.drop.ppm    its pixels: as stored, alpha dropped
    scene.png.FILTER-FIT-WIDTHxHEIGHT.ppm    scene.png, resampled
    bad/NAME         files that must be refused; the test says with what
"""

import io
import os
import struct
import sys
import zlib

import numpy
from PIL import Image

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(FOLDER, "..", "..", "parity"))
import pillow
import writers

WIDTH, HEIGHT = 19, 13


def write(name, data):
    with open(os.path.join(FOLDER, name), "wb") as f:
        f.write(data)
    return data


def write_ppm(name, image):
    data = io.BytesIO()
    image.save(data, format="ppm")
    write(name, data.getvalue())


def add(name, data):
    path = os.path.join(FOLDER, name)
    write(name, data)
    write_ppm(name + ".ppm", pillow.decoded(path, "white", 1))
    write_ppm(name + ".drop.ppm", pillow.decoded(path, "drop", 0))
    return data


def saved(image, kind, **options):
    data = io.BytesIO()
    image.save(data, format=kind, **options)
    return data.getvalue()


def make_jpegs(rgb):
    still = add("still.jpg", saved(rgb, "jpeg", quality=85, subsampling="4:2:0"))
    add("still444.jpg", saved(rgb, "jpeg", quality=95, subsampling="4:4:4"))
    progressive = add("progressive.jpg", saved(rgb, "jpeg", quality=85, progressive=True))
    add("grey.jpg", saved(rgb.convert("L"), "jpeg", quality=85))
    add("restarts.jpg", saved(rgb, "jpeg", quality=85, restart_marker_blocks=1))
    cmyk = add("cmyk.jpg", saved(Image.fromarray(pillow.picture(WIDTH, HEIGHT, 4, 3), mode="CMYK"), "jpeg", quality=85))
    at, size = writers.jpeg_find(cmyk, 0xEE)
    add("ycck.jpg", cmyk[: at + size - 1] + b"\x02" + cmyk[at + size :])
    for orientation in range(1, 9):
        exif = writers.exif(orientation, "<>"[orientation % 2], True)
        add(f"turned{orientation}.jpg", saved(rgb, "jpeg", quality=85, exif=exif))
    add("exif_out_of_range.jpg", saved(rgb, "jpeg", quality=85, exif=writers.exif(9, "<", True)))
    add("exif_damaged.jpg", writers.jpeg_insert(still, 0xE1, b"Exif\0\0II*\0\xff\xff\xff\x7f\x01\x00"))
    return still, progressive


def make_pngs(rgba):
    sixteen = rgba.astype(int) * 257 - 100
    sixteen = sixteen.clip(0, 65535)
    palette = numpy.random.default_rng(6).integers(0, 256, (256, 3))
    for depth in (1, 2, 4, 8):
        grey = rgba[..., :1] >> (8 - depth)
        add(f"grey{depth}.png", writers.png(grey, depth, 0))
        key = int(grey[5, 5, 0]).to_bytes(2, "big")
        add(f"palette{depth}.png", writers.png(grey, depth, 3, palette[: 1 << depth], bytes(range(0, 1 << depth))))
        add(f"grey{depth}_key.png", writers.png(grey, depth, 0, transparency=key, interlaced=True))
    add("grey16.png", writers.png(sixteen[..., :1], 16, 0))
    add("rgb16.png", writers.png(sixteen[..., :3], 16, 2, interlaced=True))
    add("la8.png", writers.png(rgba[..., 2:], 8, 4))
    add("la16.png", writers.png(sixteen[..., 2:], 16, 4))
    add("rgba16.png", writers.png(sixteen, 16, 6))
    add("rgba8.png", writers.png(rgba, 8, 6, interlaced=True))
    key = b"".join(int(v).to_bytes(2, "big") for v in rgba[4, 5, :3])
    add("rgb8_key.png", writers.png(rgba[..., :3], 8, 2, transparency=key))
    still = add("still.png", writers.png(rgba[..., :3], 8, 2, idat=200))
    add("turned6.png", writers.png(rgba[..., :3], 8, 2, before=[(b"eXIf", writers.exif(6, ">"))]))
    add("turned8_late.png", writers.png(rgba[..., :3], 8, 2, after=[(b"eXIf", writers.exif(8))]))
    bomb = zlib.compress(bytes(30000000), 9)
    bombs = [(b"iCCP", b"profile\0\0" + bomb), (b"zTXt", b"Comment\0\0" + bomb)]
    write("text_bomb.png", writers.png(rgba[..., :3], 8, 2, before=bombs))
    return still


def make_webps(rgba):
    image = Image.fromarray(rgba, mode="RGBA")
    still = add("still.webp", saved(image.convert("RGB"), "webp", quality=80))
    add("lossless.webp", saved(image.convert("RGB"), "webp", lossless=True))
    add("alpha.webp", saved(image, "webp", quality=80, exact=True))
    alpha = add("lossless_alpha.webp", saved(image, "webp", lossless=True, exact=True))
    add("turned6.webp", saved(image.convert("RGB"), "webp", quality=80, exif=writers.exif(6, "<", True)))
    second = Image.fromarray(rgba[::-1], mode="RGBA")
    add("animated.webp", saved(image, "webp", save_all=True, append_images=[second], lossless=True, exact=True))
    add("animated_inside.webp", writers.webp_animation([(alpha, 4, 2, WIDTH, HEIGHT)], WIDTH + 9, HEIGHT + 7))
    return still


def make_scene():
    samples = pillow.picture(47, 31, 3, 12)
    write("scene.png", writers.png(samples, 8, 2))
    image = Image.fromarray(samples)
    for filter in pillow.FILTERS:
        for fit, fraction, width, height in (
            ("stretch", 1.0, 20, 9),
            ("stretch", 1.0, 61, 40),
            ("crop", 0.875, 16, 16),
            ("pad", 1.0, 23, 30),
        ):
            resized = pillow.pillow_fit(image, width, height, filter, fit, fraction)
            write_ppm(f"scene.png.{filter}-{fit}-{width}x{height}.ppm", resized)


def huge_png():
    header = struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0)
    idat = zlib.compress(bytes(90001 * 4), 9)
    return b"\x89PNG\r\n\x1a\n" + writers.chunk(b"IHDR", header) + writers.chunk(b"IDAT", idat)


def huge_webp():
    """A lossless header of 16,384 x 16,384 pixels, followed by nothing."""
    bits = 16383 | 16383 << 14
    return writers.riff([(b"VP8L", b"\x2f" + struct.pack("<I", bits) + bytes(16))])


def many_scans(progressive):
    """The first scan of a progressive file, 300 times."""
    at = progressive.index(b"\xff\xda")
    end = progressive.index(b"\xff\xc4", at)
    return progressive[:at] + progressive[at:end] * 300 + progressive[end:]


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 0x41]) + data[at + 1 :]


def make_bad(jpeg, progressive, png, webp):
    sof = writers.jpeg_find(jpeg, 0xC0)[0]
    large = struct.pack(">HH", 15000, 15000)
    bad = {
        "empty.jpg": b"",
        "text.jpg": b"Hello, I am not a picture.\n",
        "truncated.jpg": jpeg[: len(jpeg) * 9 // 10],
        "truncated_header.jpg": jpeg[:100],
        "truncated_progressive.jpg": progressive[: progressive.rindex(b"\xff\xda")],
        "truncated.png": png[: len(png) * 2 // 3],
        "truncated_header.png": png[:20],
        "truncated.webp": webp[: len(webp) * 2 // 3],
        "huge.png": huge_png(),
        "huge.jpg": jpeg[: sof + 5] + b"\xff\xdc\xff\xdc" + jpeg[sof + 9 :],
        "huge.webp": huge_webp(),
        "hollow.jpg": jpeg[: sof + 5] + large + jpeg[sof + 9 :],
        "hollow.png": writers.png(numpy.zeros((1, 1, 3)), 8, 2).replace(
            writers.chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
            writers.chunk(b"IHDR", struct.pack(">IIBBBBB", 15000, 15000, 8, 2, 0, 0, 0)),
        ),
        "zero.jpg": jpeg[: sof + 5] + bytes(4) + jpeg[sof + 9 :],
        "many_scans.jpg": many_scans(progressive),
        "twelve_bits.jpg": jpeg[: sof + 4] + b"\x0c" + jpeg[sof + 5 :],
        "lossless.jpg": jpeg[: sof + 1] + b"\xc3" + jpeg[sof + 2 :],
        "flipped.png": flipped(png, len(png) // 2),
        "no_picture.png": png[:33] + png[-12:],
        "flipped.webp": flipped(webp, 31),
    }
    for name, data in bad.items():
        write(os.path.join("bad", name), data)


def main():
    os.makedirs(os.path.join(FOLDER, "bad"), exist_ok=True)
    rgba = pillow.picture(WIDTH, HEIGHT, 4, 1)
    jpeg, progressive = make_jpegs(Image.fromarray(rgba[..., :3]))
    png = make_pngs(rgba)
    webp = make_webps(rgba)
    make_scene()
    make_bad(jpeg, progressive, png, webp)


if __name__ == "__main__":
    main()
