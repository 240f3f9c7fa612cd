#!/usr/bin/env python3
"""make_images.py FOLDER [COUNT [SIDE]] - nine small pictures that are alike three by three, named by what they show; or
COUNT pictures of one colour, SIDE pixels wide and high, that all differ."""

import os
import struct
import sys
import zlib


def png(width, height, rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


def painted(colour_at):
    rows = b"".join(b"\0" + bytes(c for x in range(60) for c in colour_at(x, y)) for y in range(50))
    return png(60, 50, rows)


def stripes(n):
    return painted(lambda x, y: (250 - n, 250, 245) if x // 6 % 2 else (10, 10 + n, 20))


def plain(n):
    return painted(lambda x, y: (230 - 2 * n, 30 + n, 20))


def slope(n):
    return painted(lambda x, y: (4 * x, 20 + n, 5 * y))


def one_colour(i, side):
    return png(side, side, (b"\0" + bytes([i & 255, i >> 8, 100]) * side) * side)


def main(folder, count=None, side="8"):
    os.makedirs(folder)
    pictures = {"%05d.png" % i: one_colour(i, int(side)) for i in range(int(count or 0))}
    if count is None:
        makers = {"plain": plain, "slope": slope, "stripes": stripes}
        pictures = {"%s-%d.png" % (name, n): make(16 * n) for name, make in makers.items() for n in (1, 2, 3)}
    for name, picture in pictures.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
