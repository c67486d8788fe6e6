"""Small data sets of every kind, made."""

import base64
import gzip
import os
import struct
import zlib


def memory():
    """A folder in memory, where the system has one; else None."""
    return "/dev/shm" if os.path.isdir("/dev/shm") else None


# Four squares of 8x8 pixels, each of one colour.
JPEG = base64.b64decode(
    "/9j/2wBDAAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAj/xAAf"
    "AAAAAAwAAAAAAAAAAAAAAAAAAQIDBAUGBwgJCgv/xAAiEAAAAA8AAAAAAAAAAAAAAAAAAQIDBAUREhMUCiEiIyT/wAARCAAQABAD"
    "AREAAhEAAxEA/9oADAMBAAIAAwAAPwBkAUQPVBsQUgQxg64IjQbkGpB1QJwf/9k=")


def rgb(path, pixels):
    """A picture of pixels, rows of three bytes each, [height][width][3]."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    height, width = len(pixels), len(pixels[0])
    rows = b"".join(b"\0" + bytes(byte for pixel in row for byte in pixel) for row in pixels)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data += chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def png(path, grey):
    """An 8x8 picture, all of one grey with a darker row."""
    rgb(path, [[(grey if y else grey // 2,) * 3] * 8 for y in range(8)])


def pictures(folder):
    for split, count in (("train", 3), ("test", 2)):
        for c, name in enumerate(("ant", "bee")):
            for i in range(count):
                png(f"{folder}/{split}/{name}/{i}.png", 60 + 100 * c + 9 * i)
    with open(f"{folder}/train/bee/grey.jpg", "wb") as file:
        file.write(JPEG)


def idx(folder):
    os.makedirs(folder)
    for split, count in (("train", 12), ("t10k", 6)):
        pixels = bytes(i * 7 % 256 for i in range(count * 64))
        with gzip.open(f"{folder}/{split}-images-idx3-ubyte.gz", "wb") as file:
            file.write(struct.pack(">IIII", 0x803, count, 8, 8) + pixels)
        with open(f"{folder}/{split}-labels-idx1-ubyte", "wb") as file:
            file.write(struct.pack(">II", 0x801, count) + bytes(i % 3 for i in range(count)))


def cifar(folder):
    os.makedirs(folder)
    for name in [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]:
        with open(f"{folder}/{name}", "wb") as file:
            for i in range(10):
                file.write(bytes([i]) + bytes((i * 25 + p) % 256 for p in range(3072)))
