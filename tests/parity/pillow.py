"""pillow.py PIXELS PHOTOS [all] - are akin's pixels Pillow's?

Every kind of file that akin decodes is made in a temporary folder; up to 200 photos (all: every one) are taken from
PHOTOS where that folder exists. Each is decoded whole, prepared with every filter, fit and several sizes, and as Keras'
load_img does.
PIXELS is the program made from pixels.c. Smaller JPEG decoding is off. Exit code 1 when any pixel differs by more than
allowed: none at all, but 1 of 255 for resampling where the processor is not x86-64 (compilers may join multiplications
and additions there, in Pillow's weights or in ours).

Two kinds of PNG are judged by the specification instead, because Pillow is wrong there: 16-bit grey, and grey of 2 or 4
bits with a transparent value.
"""

import io
import math
import os
import platform
import subprocess
import sys
import tempfile
import warnings

import numpy
from PIL import Image, ImageOps

warnings.filterwarnings("ignore", message="Palette images with Transparency")
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "images"))
import writers

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}
PAD = (10, 20, 30)
RESAMPLING_ALLOWED = 0 if platform.machine() == "x86_64" else 1


class Akin:
    """The program pixels.c, asked one image at a time."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, path, width=0, height=0, filter="nearest", fit="stretch", fraction=1.0, alpha="white", upright=1, kernels="best"):
        line = f"{width} {height} {filter} {fit} {fraction} {alpha} {upright} 0 {kernels} {path}\n"
        self.process.stdin.write(line.encode())
        self.process.stdin.flush()
        answer = self.process.stdout.readline().decode().split(" ", 1)
        if answer[0] != "ok":
            return answer[1].strip() if len(answer) > 1 else "the program ended"
        width, height = map(int, answer[1].split())
        data = self.process.stdout.read(width * height * 3)
        return numpy.frombuffer(data, dtype=numpy.uint8).reshape(height, width, 3)


class Tally:
    """Differences found, by what was compared."""

    def __init__(self):
        self.rows = {}
        self.failures = []

    def add(self, what, path, ours, theirs, allowed):
        name = os.path.basename(path)
        if isinstance(ours, str):
            self.failures.append(f"{what}: {name}: {ours}")
            return
        if ours.shape != theirs.shape:
            self.failures.append(f"{what}: {name}: size {ours.shape}, Pillow has {theirs.shape}")
            return
        difference = numpy.abs(ours.astype(int) - theirs.astype(int))
        row = self.rows.setdefault(what, [0, 0, 0, 0.0, 0])
        row[0] += 1
        row[1] = max(row[1], int(difference.max()))
        row[2] += int((difference != 0).sum())
        row[3] += float(difference.sum())
        row[4] += difference.size
        if not difference.max() <= allowed:
            y, x, c = numpy.unravel_index(difference.argmax(), difference.shape)
            self.failures.append(
                f"{what}: {name}: differs by {difference.max()} at x {x}, y {y}, channel {c}; {allowed} is allowed"
            )

    def print(self):
        print(f"{'compared':34} {'images':>7} {'maximum':>8} {'mean error':>11} {'samples that differ':>20}")
        for what, (count, maximum, differing, total, samples) in self.rows.items():
            print(f"{what:34} {count:7} {maximum:8} {total / samples:11.2e} {differing:12} of {samples}")
        for failure in self.failures[:40]:
            print("FAILED", failure)
        print(f"{len(self.failures)} failures")


# ---- what Pillow makes of a file ----


def as_rgb(image, alpha):
    if alpha == "white" and (image.mode in ("LA", "RGBA", "PA") or "transparency" in image.info):
        image = image.convert("RGBA")
        page = Image.new("RGB", image.size, (255, 255, 255))
        page.paste(image, mask=image.getchannel("A"))
        return page
    return image.convert("RGB")


def pillow_decode(path, alpha="white", upright=1):
    with Image.open(path) as image:
        image.load()
        if upright:
            image = ImageOps.exif_transpose(image)
        return as_rgb(image, alpha)


def half_up(x):
    return max(1, math.floor(x + 0.5))


def pillow_fit(image, width, height, filter, fit, fraction):
    """fit.h's rules, in Pillow's calls."""
    w, h = image.size
    wider = w * height > h * width
    method = FILTERS[filter]
    if fit == "crop":
        across, down = (h * width / height, h) if wider else (w, w * height / width)
        fraction = float(numpy.float32(fraction))
        across, down = min(half_up(across * fraction), w), min(half_up(down * fraction), h)
        left, top = (w - across) // 2, (h - down) // 2
        return image.crop((left, top, left + across, top + down)).resize((width, height), method)
    if fit == "resize-crop":  # torchvision's Resize and CenterCrop: fraction is the shorter side
        w, h = (fraction, int(fraction * h / w)) if w <= h else (int(fraction * w / h), fraction)
        left, top = int(round((w - width) / 2.0)), int(round((h - height) / 2.0))
        return image.resize((w, h), method).crop((left, top, left + width, top + height))
    if fit == "pad":
        size = (width, half_up(h * width / w)) if wider else (half_up(w * height / h), height)
        size = (min(size[0], width), min(size[1], height))
        page = Image.new("RGB", (width, height), PAD)
        page.paste(image.resize(size, method), ((width - size[0]) // 2, (height - size[1]) // 2))
        return page
    return image.resize((width, height), method)


def load_img(path, width, height):
    """Keras' load_img(path, target_size=(height, width)): its own steps."""
    with open(path, "rb") as f:
        image = Image.open(io.BytesIO(f.read()))
    if image.mode != "RGB":
        image = image.convert("RGB")
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.NEAREST)
    return image


# ---- files of every kind ----


def picture(width, height, channels, seed):
    """Smooth ramps, edges and noise: everything that filters and decoders may get wrong."""
    random = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[0:height, 0:width]
    out = numpy.empty((height, width, channels))
    for c in range(channels):
        out[..., c] = 127 + 90 * numpy.sin(x * (0.05 + 0.03 * c) + c) + 60 * numpy.cos(y * 0.09 - c)
    out[height // 3 : height // 2, width // 4 : width // 2] = random.integers(0, 2, channels) * 255
    out += random.normal(0, 12, out.shape)
    return out.clip(0, 255).astype(numpy.uint8)


class Files:
    def __init__(self, folder):
        self.folder = folder
        self.all = []

    def write(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as f:
            f.write(data)
        self.all.append(path)

    def save(self, name, image, **options):
        data = io.BytesIO()
        image.save(data, format=name.rsplit(".", 1)[1].replace("jpg", "jpeg"), **options)
        self.write(name, data.getvalue())
        return data.getvalue()


def make_jpegs(files):
    rgb = Image.fromarray(picture(301, 203, 3, 1))
    for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
        name = subsampling.replace(":", "")
        files.save(f"rgb_{name}.jpg", rgb, quality=90, subsampling=subsampling)
        files.save(f"progressive_{name}.jpg", rgb, quality=80, subsampling=subsampling, progressive=True)
    files.save("low_quality.jpg", rgb, quality=5)
    files.save("restarts.jpg", rgb, quality=85, restart_marker_blocks=3)
    files.save("kept_rgb.jpg", rgb, quality=95, keep_rgb=True)
    files.save("grey.jpg", rgb.convert("L"), quality=90)
    files.save("grey_progressive.jpg", rgb.convert("L"), quality=90, progressive=True)
    for width, height in ((1, 1), (1, 40), (40, 1), (7, 9), (8, 8), (15, 17), (16, 16), (500, 3)):
        files.save(f"size_{width}x{height}.jpg", Image.fromarray(picture(width, height, 3, 2)), quality=92)
    cmyk = files.save("cmyk.jpg", Image.fromarray(picture(211, 155, 4, 3), mode="CMYK"), quality=90)
    files.save("cmyk_progressive.jpg", Image.fromarray(picture(211, 155, 4, 3), mode="CMYK"), quality=90, progressive=True)
    at, size = writers.jpeg_find(cmyk, 0xEE)
    files.write("ycck.jpg", cmyk[: at + size - 1] + b"\x02" + cmyk[at + size :])
    files.write("cmyk_without_adobe.jpg", cmyk[:at] + cmyk[at + size :])


def make_pngs(files):
    eight = picture(131, 97, 4, 4)
    sixteen = numpy.random.default_rng(5).integers(0, 65536, (97, 131, 4))
    sixteen[..., 3] = numpy.linspace(0, 65535, 131).astype(int)
    palette = numpy.random.default_rng(6).integers(0, 256, (256, 3))
    for interlaced in (False, True):
        kind = "_interlaced" if interlaced else ""

        def write(name, samples, depth, colour, **more):
            files.write(name + kind + ".png", writers.png(samples, depth, colour, interlaced=interlaced, **more))

        for depth in (1, 2, 4, 8):
            grey = eight[..., :1] >> (8 - depth)
            write(f"grey{depth}", grey, depth, 0)
            write(f"grey{depth}_key", grey, depth, 0, transparency=int(grey[50, 60, 0]).to_bytes(2, "big"))
            write(f"palette{depth}", grey, depth, 3, palette=palette[: 1 << depth])
            write(f"palette{depth}_alpha", grey, depth, 3, palette=palette[: 1 << depth], transparency=bytes(range(0, 1 << depth)))
        write("rgb8", eight[..., :3], 8, 2)
        key = b"".join(int(v).to_bytes(2, "big") for v in eight[40, 50, :3])
        write("rgb8_key", eight[..., :3], 8, 2, transparency=key)
        write("rgb16", sixteen[..., :3], 16, 2)
        write("la8", eight[..., 2:], 8, 4)
        write("la16", sixteen[..., 2:], 16, 4)
        write("rgba8", eight, 8, 6)
        write("rgba16", sixteen, 16, 6)
        write("grey16", sixteen[..., :1], 16, 0)
    for width, height in ((1, 1), (1, 9), (9, 1), (3, 3), (5, 7)):
        small = picture(width, height, 4, 7)
        files.write(f"adam7_{width}x{height}.png", writers.png(small, 8, 6, interlaced=True))
    extra = [(b"gAMA", (45455).to_bytes(4, "big")), (b"tEXt", b"Comment\0" + b"x" * 3000000)]
    files.write("text_and_gamma.png", writers.png(eight[..., :3], 8, 2, before=extra[:1], after=extra[1:]))


def make_webps(files):
    rgba = Image.fromarray(picture(173, 121, 4, 8), mode="RGBA")
    for lossless in (False, True):
        kind = "lossless" if lossless else "lossy"
        files.save(f"{kind}.webp", rgba.convert("RGB"), lossless=lossless, quality=80)
        files.save(f"{kind}_alpha.webp", rgba, lossless=lossless, quality=80, exact=True)
    frames = [Image.fromarray(picture(64, 48, 4, 10 + i), mode="RGBA") for i in range(3)]
    files.save("animated.webp", frames[0], save_all=True, append_images=frames[1:], lossless=True, exact=True)
    data = io.BytesIO()
    frames[0].save(data, format="webp", lossless=True, exact=True)
    files.write("animated_inside.webp", writers.webp_animation([(data.getvalue(), 10, 6, 64, 48)], 101, 77))
    for width, height in ((1, 1), (1, 20), (33, 2)):
        files.save(f"size_{width}x{height}.webp", Image.fromarray(picture(width, height, 3, 9)), quality=90)


def make_turned(files):
    image = Image.fromarray(picture(123, 67, 3, 11))
    for orientation in range(1, 9):
        for kind, options in (("jpg", {"quality": 90}), ("webp", {"lossless": True})):
            exif = writers.exif(orientation, "<" if orientation % 2 else ">", True)
            files.save(f"turned{orientation}.{kind}", image, exif=exif, **options)
        block = (b"eXIf", writers.exif(orientation, "<" if orientation % 2 else ">"))
        samples = numpy.asarray(image)
        files.write(f"turned{orientation}.png", writers.png(samples, 8, 2, before=[block]))
        files.write(f"turned{orientation}_late.png", writers.png(samples, 8, 2, after=[block]))


# ---- comparing ----

SHAPES = [(224, 224), (240, 240), (97, 131), (331, 50), (1, 1)]


def is_grey16(path):
    return os.path.basename(path).startswith("grey16")


def grey16(path):
    """16-bit grey, which Pillow clips at 255: the high byte, as Pillow itself takes it of 16-bit colours."""
    with Image.open(path) as image:
        values = numpy.asarray(image).astype(numpy.int64)
    return Image.fromarray((values >> 8).astype(numpy.uint8)).convert("RGB")


def grey_key(path):
    """Grey of 2 or 4 bits with a transparent value, which Pillow looks for among 8-bit values: by the specification."""
    with Image.open(path) as image:
        values, key = numpy.asarray(image), image.info["transparency"]
    depth = int(os.path.basename(path)[len("grey")])
    scaled = key * (255 // ((1 << depth) - 1))
    return Image.fromarray(numpy.where(values == scaled, 255, values).astype(numpy.uint8)).convert("RGB")


def decoded(path, alpha, upright):
    if is_grey16(path):
        return grey16(path)
    if alpha == "white" and os.path.basename(path).startswith(("grey2_key", "grey4_key")):
        return grey_key(path)
    return pillow_decode(path, alpha, upright)


def compare_whole(akin, tally, path):
    for alpha in ("white", "drop"):
        for upright in (0, 1):
            theirs = numpy.asarray(decoded(path, alpha, upright))
            tally.add(f"decode, alpha {alpha}", path, akin.ask(path, alpha=alpha, upright=upright), theirs, 0)


def compare_resized(akin, tally, path, shapes, plan):
    image = decoded(path, "white", 1)
    for width, height in shapes:
        for filter, fit, fraction in plan:
            if fit == "resize-crop":
                fraction = half_up(max(width, height) * fraction)
            theirs = numpy.asarray(pillow_fit(image, width, height, filter, fit, fraction))
            ours = akin.ask(path, width, height, filter, fit, fraction)
            tally.add(f"{filter}, {fit}", path, ours, theirs, 0 if filter == "nearest" else RESAMPLING_ALLOWED)


def compare_keras(akin, tally, path, shapes):
    if is_grey16(path):
        return
    for width, height in shapes:
        tally.add("load_img", path, akin.ask(path, width, height, "keras"), numpy.asarray(load_img(path, width, height)), 0)


def compare_kernels(akin, tally, path, shapes):
    missing = set()
    for width, height in shapes:
        for filter in ("box", "bilinear", "bicubic"):
            plain = akin.ask(path, width, height, filter, kernels="plain")
            for kernels in ("sse4.1", "avx2", "neon"):
                ours = akin.ask(path, width, height, filter, kernels=kernels)
                if isinstance(ours, str) and ours.startswith("no kernels"):
                    missing.add(kernels)
                    continue
                tally.add(f"kernels {kernels} against plain", path, ours, plain, 0)
    return missing


EVERYTHING = [(f, fit, fraction) for f in FILTERS for fit, fraction in (("stretch", 1.0), ("crop", 1.0), ("crop", 0.875), ("pad", 1.0),
                                                            ("resize-crop", 1.0), ("resize-crop", 8 / 7))]


def compare_made(akin, tally):
    with tempfile.TemporaryDirectory() as folder:
        files = Files(folder)
        for make in (make_jpegs, make_pngs, make_webps, make_turned):
            make(files)
        print(f"{len(files.all)} files made")
        for path in files.all:
            compare_whole(akin, tally, path)
            compare_resized(akin, tally, path, SHAPES, EVERYTHING)
            compare_keras(akin, tally, path, SHAPES + [(500, 300)])
        missing = set()
        for path in files.all[::5]:
            missing |= compare_kernels(akin, tally, path, SHAPES + [(500, 300), (3, 400)])
        for kernels in sorted(missing):
            print(f"kernels {kernels}: this machine has none")


def compare_photos(akin, tally, photos, most):
    paths = sorted(os.path.join(f, name) for f, _, names in os.walk(photos) for name in names if name.endswith(".jpg"))
    if not paths:
        print(f"photos: none in {photos}, skipped")
        return
    if most:
        paths = paths[:: max(1, len(paths) // most)][:most]
    print(f"{len(paths)} photos")
    plan = [("bilinear", "stretch", 1.0), ("bilinear", "resize-crop", 8 / 7), ("bicubic", "resize-crop", 1.0),
            ("bicubic", "crop", 0.875), ("box", "pad", 1.0), ("nearest", "crop", 1.0)]
    for path in paths:
        tally.add("photos: decode", path, akin.ask(path), numpy.asarray(pillow_decode(path)), 0)
        compare_resized(akin, tally, path, [(224, 224), (299, 299)], plan)
        compare_keras(akin, tally, path, [(224, 224), (331, 331)])
    for path in paths[::10]:
        compare_kernels(akin, tally, path, [(224, 224)])


def main():
    akin, tally = Akin(sys.argv[1]), Tally()
    compare_made(akin, tally)
    compare_photos(akin, tally, sys.argv[2], 0 if "all" in sys.argv[3:] else 200)
    tally.print()
    return 1 if tally.failures or not tally.rows else 0


if __name__ == "__main__":
    sys.exit(main())
