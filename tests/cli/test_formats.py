#!/usr/bin/python3
"""Every column of every table that the command writes is described in docs/formats.md."""
import csv
import os
import re
import subprocess
import sys
import tempfile
import unittest

ESPALIER, DOCUMENT = (os.path.abspath(sys.argv.pop(1)) for _ in range(2))
CONFIG = """[run]
threads = 1
[data]
dataset = shapes
train = 96
validation = 16
test = 48
[train]
epochs = 1
batch = 32
[model]
arch = custom
layers =
  conv 8 3x3 stride 4
  bn
  relu
  flatten
  linear classes
[prune]
method = magnitude
sparsity = 0.5
retrain_epochs = 1
every = 1
population = 2
generations = 1
least_step = 0.4
"""
SWEEP = "[sweep]\nprune.sparsity = 0.5 0.6\n"
RUNS = [
    ("run a.ini -o run prune.distribution=swarm", "log rounds layers kernels confusion trials costs "
     "sparsity turned"),
    ("sweep s.ini -o sweep", "sweep summary"),
    ("sensitivity run -o sensitivity", "sensitivity"),
    ("search a.ini -o search prune.tolerance=1", "search"),
    ("instability a.ini -o instability prune.method=none", "line instability"),
]


def described():
    """The columns that the document describes, by file."""
    with open(DOCUMENT, encoding="utf-8") as file:
        parts = re.split(r"^\*\*`(\w+\.csv)`\*\*:", file.read(), flags=re.M)
    tables = {}
    for name, text in zip(parts[1::2], parts[2::2]):
        rows = re.findall(r"^\| ([^|]*) \|", text.split("\n**")[0], re.M)
        tables[name] = set(re.findall(r"`([\w.]+)`", " ".join(rows)))
    return tables


class Columns(unittest.TestCase):
    def test_all_are_described(self):
        tables = described()
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (("a.ini", CONFIG), ("s.ini", CONFIG + SWEEP)):
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write(text)
            for words, files in RUNS:
                subprocess.run([ESPALIER, *words.split()], cwd=folder, check=True,
                               stdout=subprocess.DEVNULL)
                for name in (f"{file}.csv" for file in files.split()):
                    path = os.path.join(folder, words.split()[3], name)
                    with open(path, encoding="utf-8") as file:
                        columns = {c for c in next(csv.reader(file)) if "." not in c}
                    self.assertEqual(columns, tables.pop(name), name)
        self.assertEqual(tables, {}, "described, but written by none of the commands")


if __name__ == "__main__":
    unittest.main()
