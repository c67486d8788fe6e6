#!/usr/bin/python3
"""Where fuzzing begins: for each program of tests/fuzz a folder of files that its parser takes.

usage: seeds.py ESPALIER FOLDER"""

import glob
import json
import os
import re
import shutil
import struct
import subprocess
import sys

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


def values_of_keys(espalier, out):
    """A value for each key, behind the number of the key."""
    sections = ("run", "data", "model", "train", "prune", "log")
    number = 0
    for section in sections:
        text = subprocess.run([espalier, "help", section], capture_output=True, text=True, check=True).stdout
        for line in text.splitlines():
            found = re.match(r"  (\w+) = ?(\S*)", line)
            if found:
                write(f"{out}/values", f"{number}", struct.pack("<H", number) + found[2].encode())
                number += 1
    for n, value in enumerate(("1 2 3", "0.5,0.25", "crop flip", "* 0.5\nconv? 0.25", "yes", "-1e300")):
        write(f"{out}/values", f"more{n}", struct.pack("<H", 37 * n) + value.encode())


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
            for target in ("bundle", "weights"):
                write(f"{out}/{target}", name, data)
                write(f"{out}/{target}", "free-" + name, without_checksums(data))
        if name == "checkpoint.safetensors":
            length = struct.unpack("<Q", data[:8])[0]
            begin, end = json.loads(data[8:8 + length])["espalier.position"]["data_offsets"]
            write(f"{out}/rundir", "position", data[8 + length + begin:8 + length + end])
        if name in ("result.json", "kernels.csv"):
            write(f"{out}/rundir", name, data)
    subprocess.run([espalier, "pack", "done", "-o", "net.esp"], cwd=work, check=True, stdout=subprocess.DEVNULL)
    for target in ("pack", "weights"):
        write(f"{out}/{target}", "net.esp", read(f"{work}/net.esp"))
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


def main(espalier, out):
    espalier = os.path.abspath(espalier)
    files_of_a_run(espalier, out)
    values_of_keys(espalier, out)
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
