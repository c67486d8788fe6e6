#!/usr/bin/python3
"""The event file for TensorBoard, read by a decoder that shares nothing with Espalier: every record's checksums, every
value against the CSV files and the weights, and one record per value whatever was killed and resumed.

usage: test_events.py ESPALIER"""

import csv
import json
import math
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

CONFIG = """[run]
threads = 1
checkpoint_minutes = 0
[data]
dataset = shapes
train = 480
test = 48
validation = 32
[train]
epochs = 3
batch = 32
[prune]
method = magnitude
schedule = iterative
rounds = 2
sparsity = 0.8
retrain_epochs = 2
[log]
tensorboard = yes
[model]
arch = custom
layers =
  conv 8 3x3 stride 4
  bn
  relu
  flatten
  linear classes
"""
EVENTS = "events.out.tfevents.espalier"
TABLE = []
for index in range(256):
    for _ in range(8):
        index = index >> 1 ^ (0x82F63B78 if index & 1 else 0)
    TABLE.append(index)


def masked_crc(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(path):
    with open(path, "rb") as file:
        data = file.read()
    while data:
        length, check = struct.unpack("<QI", data[:12])
        assert check == masked_crc(data[:8]), "the checksum of a length"
        payload = data[12:12 + length]
        assert len(payload) == length and struct.unpack("<I", data[12 + length:16 + length])[0] == masked_crc(payload)
        yield payload
        data = data[16 + length:]


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at


def fields(data):
    """Pairs of field number and value of a protobuf message."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 1:
            value, at = struct.unpack("<d", data[at:at + 8])[0], at + 8
        elif kind == 5:
            value, at = struct.unpack("<f", data[at:at + 4])[0], at + 4
        else:
            assert kind == 2, kind
            length, at = varint(data, at)
            value, at = data[at:at + length], at + length
        yield key >> 3, value


def doubles(data):
    return struct.unpack(f"<{len(data) // 8}d", data)


def read_events(path):
    """Scalars and histograms by (tag, step); none may occur twice."""
    found = {}
    for number, record in enumerate(records(path)):
        event = dict(fields(record))
        assert abs(event[1] - time.time()) < 3600, "the time"
        if number == 0:
            assert event[3] == b"brain.Event:2", event
            continue
        for _, value in fields(event[5]):
            value = dict(fields(value))
            key = value[1].decode(), event.get(2, 0)
            assert key not in found, f"{key} twice"
            found[key] = dict(fields(value[5])) if 5 in value else value.get(2, 0.0)
    return found


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def weights(path, name):
    with open(path, "rb") as file:
        data = file.read()
    length = struct.unpack("<Q", data[:8])[0]
    begin, end = json.loads(data[8:8 + length])[name]["data_offsets"]
    return [v for v in struct.unpack(f"<{(end - begin) // 4}f", data[8 + length + begin:8 + length + end]) if v != 0]


def check(folder):
    events = read_events(os.path.join(folder, EVENTS))
    close = lambda a, b: math.isclose(a, float(b), rel_tol=1e-5, abs_tol=1e-9)
    log = table(folder + "/log.csv")
    assert len(log) == 7
    for step, row in enumerate(log, start=1):
        for tag, column in (("loss/train", "train_loss"), ("accuracy/train", "train_accuracy"), ("learning_rate", "lr"),
                            ("loss/validation", "validation_loss"), ("accuracy/validation", "validation_accuracy"),
                            ("sparsity", "sparsity")):
            assert close(events[tag, step], row[column]), (tag, step, events[tag, step], row[column])
    ends = {0: 3, 1: 5, 2: 7}  # the last step of each round
    with open(folder + "/result.json", encoding="utf-8") as file:
        result = json.load(file)
    for number, of in enumerate([result["dense"], *result["rounds"]]):
        assert close(events["accuracy/test", ends[number]], of["test_accuracy"])
        assert close(events["loss/test", ends[number]], of["test_loss"])
    for row in table(folder + "/layers.csv"):
        assert close(events["density/" + row["layer"], ends[int(row["round"])]], row["density"]), row
    for layer in ("conv1", "linear1"):
        kept = weights(folder + "/round-02.safetensors", layer + ".weight")
        h = events["weights/" + layer, 7]
        limits, buckets = doubles(h[6]), doubles(h[7])
        assert len(limits) == len(buckets) and sum(buckets) == h[3] == len(kept)
        assert close(h[1], min(kept)) and close(h[2], max(kept)) and close(limits[-1], max(kept))
        assert close(h[4], sum(kept)) and close(h[5], sum(v * v for v in kept))
        left = h[1]
        for limit, count in zip(limits, buckets):
            inside = sum(left <= v < limit for v in kept)
            assert abs(inside - count) <= 1, (layer, left, limit, inside, count)  # a value on an edge
            left = limit
    return events


def killed_and_resumed(command, folder):
    """Killed when the file is so long, each time with a torn record at its end."""
    start = [command, "run", "net.ini", "-o", "killed"]
    path = os.path.join(folder, "killed", EVENTS)
    for length in (3000, 9000):
        with subprocess.Popen(start, cwd=folder, stdout=subprocess.DEVNULL) as run:
            while run.poll() is None and not (os.path.exists(path) and os.path.getsize(path) > length):
                time.sleep(0.001)
            if run.poll() is not None:
                return  # too fast for us: nothing to resume
            run.send_signal(signal.SIGKILL)
        with open(path, "ab") as file:
            file.write(b"torn")
        start = [command, "resume", "killed"]
    subprocess.run(start, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def main():
    command = os.path.abspath(sys.argv[1])
    folder = tempfile.mkdtemp(prefix="espalier-events-")
    run = lambda *arguments: subprocess.run([command, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    try:
        with open(folder + "/net.ini", "w", encoding="utf-8") as file:
            file.write(CONFIG)
        run("run", "net.ini", "-o", "whole")
        events = check(folder + "/whole")
        killed_and_resumed(command, folder)
        again = check(folder + "/killed")
        without_time = lambda found: {k: v for k, v in found.items() if k[0] != "images_per_second"}
        assert without_time(again) == without_time(events)
        run("run", "net.ini", "-o", "without", "log.tensorboard=no")
        assert not os.path.exists(os.path.join(folder, "without", EVENTS))
        with open(folder + "/without/result.json", encoding="utf-8") as a, open(folder + "/whole/result.json", encoding="utf-8") as b:
            assert json.load(a)["weights_sha256"] == json.load(b)["weights_sha256"]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
