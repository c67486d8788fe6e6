"""What a command left behind, without what depends on the clock, the machine or the folder: for comparing two that must have done the same."""

import csv
import json
import os
import re
import struct

VARIES = re.compile(r"seconds|per_second|milliseconds|_ms$|rss|^reason$|^choice$|^threads$|^isa$|^epoch_s|^speed")


def steady(value):
    if isinstance(value, dict):
        return {key: steady(item) for key, item in value.items() if not VARIES.search(key)}
    return [steady(item) for item in value] if isinstance(value, list) else value


def content(path, folder):
    """What a file says, apart from times and from where the folder is."""
    name = os.path.basename(path)
    with open(path, "rb") as file:
        data = file.read()
    if name.endswith(".json"):
        return steady(json.loads(data))
    if name.endswith(".csv"):
        rows = list(csv.reader(data.decode().splitlines()))
        keep = [i for i, cell in enumerate(rows[0]) if not VARIES.search(cell)] if rows else []
        return [[row[i] for i in keep if i < len(row)] for row in rows]
    if name.endswith(".safetensors"):
        length = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8:8 + length])
        texts, tensors = header.pop("__metadata__", {}), data[8 + length:]
        if "espalier.position" in header:  # JSON with times, and the last tensor
            tensors = tensors[:header.pop("espalier.position")["data_offsets"][0]]
        return header, tensors, sorted(texts)
    if name.endswith((".ini", ".txt", ".gp")):
        return data.replace(os.path.realpath(folder).encode(), b"")
    return len(data) > 0 or name == "lock"  # pages and events hold times


def contents(folder, outputs):
    """Of files and of what is in folders, by path."""
    found = {}
    for output in outputs:
        top = os.path.join(folder, output)
        if os.path.isdir(top):
            for where, _, names in os.walk(top):
                for name in names:
                    path = os.path.join(where, name)
                    if name not in ("output.txt", "errors.txt", "kernels.csv", "progress.json"):
                        found[os.path.relpath(path, folder)] = content(path, folder)
        elif os.path.exists(top):
            found[output] = content(top, folder)
    return found


def left_over(folder):
    """Temporary files in it."""
    return [name for _, _, names in os.walk(folder) for name in names if name.endswith(".tmp")]
