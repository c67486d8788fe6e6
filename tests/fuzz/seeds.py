#!/usr/bin/python3
"""Where fuzzing begins: for each program of tests/fuzz a folder of files that its parser takes, and for some a file
PROGRAM.dict of words.

usage: seeds.py ESPALIER FOLDER"""

import glob
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import zlib

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tests"))
import samples  # noqa: E402

RUN = """[run]
threads = 1
[data]
dataset = folder
path = pictures
[train]
epochs = 1
batch = 4
[prune]
method = magnitude
schedule = iterative
rounds = 2
sparsity = 0.5
retrain_epochs = 1
[model]
arch = custom
input = 1x8x8
layers =
  conv 2 3x3 stride 4
  bn
  relu
  flatten
  linear 2
"""
SWEEP = RUN + """[sweep]
prune.sparsity = 0.5 0.8
run.seed = 1 2 3
data.augment = "crop flip" ""
"""
LAYERS = ["conv 2 3x3\nbn\nrelu\nflatten\nlinear 3\n",
          "repeat 2\n  residual\n    conv 4 3x3 groups 2\n    bn\n    gelu\n    depthwise 3x3\n  shortcut\n    conv 4 1x1\n"
          "  end\nend\nglobal_avgpool\nflatten\nlinear classes\n",
          "concat\n  conv 4 1x1 bias\n  tanh\nbranch\n  maxpool 3 stride 1 pad 1\nend\navgpool 2\ndropout 0.2\nflatten\n"
          "linear 16\nleaky_relu\nlinear classes\n"]
NAMES = ("conv1 a\nbn1 b # a batch norm\n", "conv1.weight c\n\nlinear1 d.0\n")
TASKS = ["", "animal: cat dog | tree\n", "legs: four = cat dog | none = tree\nalive: cat dog tree | \n"]


def write(folder, name, data):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def read(path):
    with open(path, "rb") as file:
        return file.read()


def without_checksums(bundle):
    """A safetensors file of which every byte may change."""
    length = struct.unpack("<Q", bundle[:8])[0]
    header = json.loads(bundle[8:8 + length])
    texts = header.get("__metadata__", {})
    header["__metadata__"] = {key: text for key, text in texts.items() if not key.startswith("sha256")}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + bundle[8 + length:]


def keys(espalier):
    """Section, key and default of each key, in order."""
    for section in ("run", "data", "model", "train", "prune", "compress", "log"):
        text = subprocess.run([espalier, "help", section], capture_output=True, text=True, check=True).stdout
        for key, value in re.findall(r"^  (\w+) = ?(\S*)", text, re.M):
            yield section, key, value


def values_of_keys(espalier, out):
    """A value for each key, behind the number of the key."""
    for number, (_, _, value) in enumerate(keys(espalier)):
        write(f"{out}/values", f"{number}", struct.pack("<H", number) + value.encode())
    for n, value in enumerate(("1 2 3", "0.5,0.25", "crop flip", "* 0.5\nconv? 0.25", "yes", "-1e300")):
        write(f"{out}/values", f"more{n}", struct.pack("<H", 37 * n) + value.encode())


def dictionary(out, target, words):
    """libFuzzer's form: a word a line, quoted, with all that is not plain in hexadecimal."""
    text = "".join('"' + "".join(c if c.isascii() and c.isalnum() else f"\\x{ord(c):02x}" for c in word) + '"\n' for word in words)
    write(out, f"{target}.dict", text)


def dictionaries(espalier, out):
    lines, names = [], []
    for section, key, value in keys(espalier):
        lines += [f"\n[{section}]\n"] * (f"\n[{section}]\n" not in lines) + [f"\n{key} = {value}\n"]
        names.append(f"{section}.{key}")
    dictionary(out, "config", lines)
    dictionary(out, "sweep", lines + names + ["\n[sweep]\n", "\nmode = random\n", "\ncount = 2\n", "\nmode = zip\n", "\ncross = run.seed\n"])
    dictionary(out, "paper", names)
    layers = subprocess.run([espalier, "list", "layers"], capture_output=True, text=True, check=True).stdout
    words = sorted(set(re.findall(r"[a-z_]+", "".join(re.findall(r"^  \S.*\n", layers, re.M)))))
    dictionary(out, "layers", words)
    dictionary(out, "opened", words)
    dictionary(out, "picture", ["IHDR", "PLTE", "tRNS", "IDAT", "IEND", "eXIf", "Exif\0\0", "II*\0\x08\0\0\0", "MM\0*\0\0\0\x08"] +
               [f"\xff{marker}" for marker in "\xc0\xc1\xc2\xc4\xd0\xd8\xd9\xda\xdb\xdc\xdd\xe0\xe1\xee\xfe"])


def png(colour, depth, interlaced, *chunks):
    """An 8x8 PNG of zeros, with these chunks before its data."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    passes = ((1, 1), (1, 1), (2, 1), (2, 2), (4, 2), (4, 4), (8, 4)) if interlaced else ((8, 8),)
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    rows = b"".join((bytes([row % 5]) + bytes((width * channels * depth + 7) // 8))
                    for width, height in passes for row in range(height))
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 8, 8, depth, colour, 0, 0, interlaced)), *chunks,
             (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in parts)


def pictures(out):
    """Every kind of PNG, and Exif blocks in both formats."""
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 1, 6, 0, 0)
    palette = (b"PLTE", bytes(range(48)))
    for colour, depths in ((0, (1, 2, 4, 8, 16)), (2, (8, 16)), (3, (1, 2, 4, 8)), (4, (8, 16)), (6, (8, 16))):
        for depth in depths:
            for interlaced in (0, 1):
                write(f"{out}/picture", f"{colour}-{depth}-{interlaced}.png",
                      png(colour, depth, interlaced, *[palette] * (colour == 3)))
    write(f"{out}/picture", "transparent-palette.png", png(3, 4, 0, palette, (b"tRNS", bytes(16))))
    write(f"{out}/picture", "transparent-grey.png", png(0, 8, 0, (b"tRNS", bytes(2))))
    write(f"{out}/picture", "transparent-colour.png", png(2, 16, 0, (b"tRNS", bytes(6))))
    write(f"{out}/picture", "exif.png", png(0, 8, 0, (b"eXIf", tiff)))
    exif = b"Exif\0\0" + tiff
    write(f"{out}/picture", "exif.jpg",
          samples.JPEG[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + samples.JPEG[2:])


def sounds(out):
    """A WAV file of each format."""
    for tag, bits, channels in ((1, 8, 1), (1, 16, 1), (1, 16, 2), (1, 24, 1), (1, 32, 1), (3, 32, 1), (3, 64, 2)):
        moment = bits // 8 * channels
        samples_ = bytes(64 * moment)
        form = struct.pack("<HHIIHH", tag, channels, 11025, 11025 * moment, moment, bits)
        chunks = b"fmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(samples_)) + samples_
        write(f"{out}/wav", f"{tag}-{bits}-{channels}.wav", b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)


def header_as_text(packed, bundle):
    """A packed file as the programs take it with a header that is not deflated; the bundle has the same tensors."""
    length = struct.unpack("<Q", bundle[:8])[0]
    header = json.loads(bundle[8:8 + length])
    texts = header.pop("__metadata__")
    texts["espalier.config"] = "[data]\ndataset = folder\nmean = 0.5\nstd = 0.2\n"
    lines = [f"text {len(texts[key])} {key}\n{texts[key]}\n" for key in
             ("espalier.input", "espalier.layers", "espalier.config", "espalier.classes")]
    lines += [" ".join(["f32", str(len(tensor["shape"])), *map(str, tensor["shape"]), name]) + "\n"
              for name, tensor in sorted(header.items(), key=lambda item: item[1]["data_offsets"])]
    text = "".join(lines).encode()
    deflated = struct.unpack("<I", packed[9:13])[0]
    return b"ESPT" + struct.pack("<H", len(text)) + text + packed[21 + deflated:]


def files_of_a_run(espalier, out):
    work = f"{out}/work"
    os.makedirs(work)
    samples.pictures(f"{work}/pictures")
    samples.idx(f"{work}/idx")
    samples.cifar(f"{work}/cifar10")
    write(work, "run.ini", RUN)
    subprocess.run([espalier, "run", "run.ini", "-o", "done"], cwd=work, check=True, stdout=subprocess.DEVNULL)
    for path in glob.glob(f"{work}/done/*"):
        name, data = os.path.basename(path), read(path)
        if name.endswith(".csv"):
            write(f"{out}/csv", name, data)
        if name.endswith(".safetensors"):
            for target in ("bundle", "opened", "weights"):
                write(f"{out}/{target}", name, data)
                write(f"{out}/{target}", "free-" + name, without_checksums(data))
        if name == "checkpoint.safetensors":
            length = struct.unpack("<Q", data[:8])[0]
            begin, end = json.loads(data[8:8 + length])["espalier.position"]["data_offsets"]
            write(f"{out}/rundir", "position", data[8 + length + begin:8 + length + end])
        if name in ("result.json", "kernels.csv"):
            write(f"{out}/rundir", name, data)
    subprocess.run([espalier, "pack", "done", "-o", "net.esp"], cwd=work, check=True, stdout=subprocess.DEVNULL)
    packed = read(f"{work}/net.esp")
    for target in ("opened", "pack", "weights"):
        write(f"{out}/{target}", "net.esp", packed)
        write(f"{out}/{target}", "net.text", header_as_text(packed, read(f"{work}/done/round-02.safetensors")))
    write(f"{out}/rundir", "progress", json.dumps({name: 1 for name in (
        "stage", "stages", "epoch", "epochs", "batch", "batches", "epochs_left", "loss", "accuracy", "sparsity",
        "images_per_second", "seconds_left")}))
    for path in glob.glob(f"{work}/pictures/*/*/*"):
        write(f"{out}/picture", path[len(work) + 1:].replace("/", "-"), read(path))
    for n, name in enumerate(("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte")):
        write(f"{out}/idx", name, bytes([n]) + read(f"{work}/idx/{name}"))
    write(f"{out}/cifar", "batch", b"\0" + read(f"{work}/cifar10/test_batch.bin"))
    write(f"{out}/cifar", "names", b"\6a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n")
    write(f"{out}/cifar", "hundred", b"\7" + bytes([3, 5]) + bytes(3072))
    shutil.rmtree(work)


TEXTS = (b"\0a\tone two\nb\tthree\n", b"\2label\ttext\nb\tone, two\na\tthree\r\n", b"\1b\t\xc3\xa9\n", b"\x0fa\tone\n")
TABLES = (b"\0a,b,y\n1,2,3\n-1e2, 2 ,.5\n", b"\1\"y\",b,a\r\n1,2,3\r\n4,5,6\r\n", b"\x26b,ya,b,y\n1,2,3\n2,3,4\n",
          b"\x02aa,b,y\n1,2,3\n2,,4\n")


def main(espalier, out):
    espalier = os.path.abspath(espalier)
    files_of_a_run(espalier, out)
    values_of_keys(espalier, out)
    dictionaries(espalier, out)
    pictures(out)
    sounds(out)
    for n, text in enumerate(TEXTS):
        write(f"{out}/text", str(n), text)
    for n, table in enumerate(TABLES):
        write(f"{out}/table", str(n), table)
    for path in glob.glob(f"{ROOT}/configs/*.ini"):
        write(f"{out}/config", os.path.basename(path), read(path))
    for path in glob.glob(f"{ROOT}/configs/papers/*.csv"):
        write(f"{out}/paper", os.path.basename(path), read(path))
        write(f"{out}/csv", os.path.basename(path), read(path))
    for path in glob.glob(f"{ROOT}/configs/*/*.ini"):
        write(f"{out}/sweep", os.path.basename(path), read(path))
    write(f"{out}/sweep", "sweep.ini", SWEEP)
    for target, texts in (("layers", LAYERS), ("names", NAMES), ("tasks", TASKS)):
        for n, text in enumerate(texts):
            write(f"{out}/{target}", str(n), text)


if __name__ == "__main__":
    main(*sys.argv[1:])
