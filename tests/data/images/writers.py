"""Image files of kinds that Pillow reads but does not write, made byte by byte, for the tests.

png() writes every colour type, depth and interlacing; webp_animation() a frame at any place of a larger canvas.
"""

import struct
import zlib

import numpy

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by PNG colour type
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _pack_row(row, depth):
    """row: [width, channels] of samples."""
    samples = row.reshape(-1)
    if depth == 16:
        return samples.astype(">u2").tobytes()
    if depth == 8:
        return samples.astype(numpy.uint8).tobytes()
    bits = ((samples[:, None] >> numpy.arange(depth - 1, -1, -1)) & 1).astype(numpy.uint8)
    return numpy.packbits(bits.reshape(-1)).tobytes()


def _filter_row(row, above, width_bytes, number):
    """PNG's filters 0 to 4 in turn, so that a decoder meets them all."""
    kind = number % 5
    left = bytes(width_bytes) + row[:-width_bytes] if len(row) > width_bytes else bytes(len(row))
    corner = bytes(width_bytes) + above[:-width_bytes] if len(above) > width_bytes else bytes(len(above))
    if kind == 0:
        return b"\0" + row
    out = bytearray([kind])
    for x, a, b, c in zip(row, left, above, corner):
        p = a + b - c
        paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
        out.append((x - (a, b, (a + b) // 2, paeth)[kind - 1]) & 255)
    return bytes(out)


def _pack_pass(samples, depth):
    if samples.shape[0] == 0 or samples.shape[1] == 0:
        return b""
    width_bytes = max(1, samples.shape[2] * depth // 8)
    above, out = None, []
    for number, row in enumerate(samples):
        packed = _pack_row(row, depth)
        out.append(_filter_row(packed, above or bytes(len(packed)), width_bytes, number))
        above = packed
    return b"".join(out)


def png(samples, depth, colour, palette=None, transparency=None, interlaced=False, before=(), after=(), idat=8192):
    """samples: [height, width, channels] of integers. before, after: (type, data) chunks around the picture."""
    samples = numpy.asarray(samples)
    height, width, channels = samples.shape
    assert channels == CHANNELS[colour]
    if interlaced:
        raw = b"".join(_pack_pass(samples[y::dy, x::dx], depth) for x, y, dx, dy in ADAM7)
    else:
        raw = _pack_pass(samples, depth)
    out = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))]
    out += [chunk(kind, data) for kind, data in before]
    if palette is not None:
        out.append(chunk(b"PLTE", numpy.asarray(palette, dtype=numpy.uint8).tobytes()))
    if transparency is not None:
        out.append(chunk(b"tRNS", transparency))
    packed = zlib.compress(raw, 9)
    out += [chunk(b"IDAT", packed[i : i + idat]) for i in range(0, len(packed), idat)]
    out += [chunk(kind, data) for kind, data in after]
    out.append(chunk(b"IEND", b""))
    return b"".join(out)


def exif(orientation, order="<", marked=False):
    """An Exif block of one entry. marked: with the six bytes that JPEG has in front."""
    head = b"II" if order == "<" else b"MM"
    block = head + struct.pack(order + "HI", 42, 8)
    block += struct.pack(order + "HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    return (b"Exif\0\0" if marked else b"") + block


def riff(chunks):
    body = b"WEBP"
    for kind, data in chunks:
        body += kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def riff_chunks(data):
    """The chunks of a WebP file."""
    at, out = 12, []
    while at + 8 <= len(data):
        size = struct.unpack("<I", data[at + 4 : at + 8])[0]
        out.append((data[at : at + 4], data[at + 8 : at + 8 + size]))
        at += 8 + size + (size & 1)
    return out


def _le24(value):
    return struct.pack("<I", value)[:3]


def webp_animation(frames, width, height):
    """frames: (still WebP file, x, y, width, height); x and y are even."""
    chunks = [(b"VP8X", bytes([0x12, 0, 0, 0]) + _le24(width - 1) + _le24(height - 1)), (b"ANIM", bytes(6))]
    for data, x, y, w, h in frames:
        head = _le24(x // 2) + _le24(y // 2) + _le24(w - 1) + _le24(h - 1) + _le24(100) + b"\0"
        picture = [c for c in riff_chunks(data) if c[0] in (b"ALPH", b"VP8 ", b"VP8L")]
        chunks.append((b"ANMF", head + riff(picture)[12:]))
    return riff(chunks)


def jpeg_insert(data, marker, payload):
    """A segment right after the start of image."""
    return data[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload + data[2:]


def jpeg_find(data, marker):
    """(offset, size) of the first segment with this marker, from its 0xFF on."""
    at = 2
    while data[at + 1] != marker:
        at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    return at, 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
