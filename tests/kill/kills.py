#!/usr/bin/python3
"""Runs and sweeps that are killed at random moments and resumed, each time with other threads and another instruction
set: each must end with what an undisturbed one gives, to the bit.

usage: kills.py ESPALIER [--kills N] [--seed N] [--jobs N]

  --kills N   stop once so many processes were killed (12)
  --seed N    of the moments, and of what goes on with (1)
  --jobs N    runs at a time (2)"""

import argparse
import concurrent.futures
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import samples  # noqa: E402
from outcome import contents, left_over  # noqa: E402

NET = """[model]
arch = custom
layers =
  conv 16 3x3 stride 2
  bn
  relu
  residual
    conv 16 3x3
    bn
    relu
    depthwise 3x3
  end
  dropout 0.1
  conv 24 3x3 stride 2
  bn
  relu
  flatten
  linear classes
"""
BEGIN = """[run]
checkpoint_minutes = {minutes}
keep_steps = 3
[data]
dataset = shapes
train = 288
test = 64
validation = 32
augment = crop flip cutout
[train]
epochs = 3
batch = 32
[log]
tensorboard = yes
""" + NET
# What there is to resume: rounds with rewinding, masks that move in training, state of regularisers, trials of a search.
KINDS = {
    "rewind": "method = magnitude\nschedule = iterative\nrounds = 2\nsparsity = 0.8\nretrain = weight-rewind\n"
              "rewind_step = 3\n",
    "rigl": "method = rigl\nsparsity = 0.8\nevery = 3\n",
    "admm": "method = magnitude\nschedule = iterative\nrounds = 2\nsparsity = 0.7\nregulariser = admm\nevery = 3\n"
            "retrain_epochs = 1\n",
    "gradual": "method = magnitude\nschedule = cubic\nsparsity = 0.8\nevery = 3\n",
    "channels": "method = magnitude\nstructure = channel\nschedule = iterative\nrounds = 2\nsparsity = 0.5\n"
                "retrain_epochs = 1\n",
    "genetic": "method = magnitude\ndistribution = genetic\nschedule = one-shot\nsparsity = 0.7\nretrain_epochs = 1\n"
               "generations = 2\npopulation = 4\n",
    "shared": "method = magnitude\nschedule = one-shot\nsparsity = 0.7\nretrain_epochs = 1\n[compress]\n"
              "steps = share round\nepochs = 2 0\n",
    "quantised": "method = magnitude\nschedule = one-shot\nsparsity = 0.7\nretrain_epochs = 1\n[compress]\n"
                 "steps = quantise\nepochs = 2\n",
}
SWEEP = BEGIN.format(minutes=0) + "[prune]\n" + KINDS["rewind"] + "[sweep]\nprune.sparsity = 0.5 0.8\nrun.seed = 1 2\n"
PATIENCE = 120


def config_of(kind, minutes):
    return SWEEP if kind == "sweep" else BEGIN.format(minutes=minutes) + "[prune]\n" + KINDS[kind]


class Count:
    """Of kills, shared by all."""

    def __init__(self, wanted):
        self.wanted, self.done, self.lock = wanted, 0, threading.Lock()

    def add(self):
        with self.lock:
            self.done += 1

    def enough(self):
        return self.done >= self.wanted


def sets_of(options):
    """The instruction sets of this machine, which the command names when it is asked for one that there is not."""
    path = os.path.join(options.work, "rewind.ini")
    with open(path, "w", encoding="ascii") as file:
        file.write(config_of("rewind", 0))
    said = subprocess.run([options.espalier, "run", path], env=dict(os.environ, ESPALIER_ISA="none"), text=True,
                          stderr=subprocess.PIPE, check=False).stderr
    return re.search(r"expected one of (.*) on this machine", said).group(1).split(", ")


class Ordeal:
    """One run or sweep in a folder of its own."""

    def __init__(self, options, kind, minutes, seed):
        self.options, self.kind, self.random = options, kind, random.Random(seed)
        self.folder = tempfile.mkdtemp(dir=options.work)
        self.said = ""
        with open(f"{self.folder}/config.ini", "w", encoding="ascii") as file:
            file.write(config_of(kind, minutes))

    def start(self, **environment):
        begun = os.path.exists(f"{self.folder}/out/config.ini")
        arguments = ["resume", "out"] if begun else ["run", "config.ini", "-o", "out"]
        if self.kind == "sweep":
            arguments = ["sweep", "config.ini", "-o", "out", "--jobs", str(self.random.choice((1, 2)))]
        return subprocess.Popen([self.options.espalier, *arguments], cwd=self.folder, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                env=dict(os.environ, OMP_WAIT_POLICY="passive", **environment))

    def begin(self):
        """Goes on with threads and instruction set drawn anew."""
        return self.start(OMP_NUM_THREADS=str(self.random.choice((1, 2, 3))),
                          ESPALIER_ISA=self.random.choice(self.options.sets))

    def children_of(self, process):
        try:
            with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as file:
                return [int(word) for word in file.read().split()]
        except OSError:
            return []

    def kill(self, process):
        """The process, or one that it has started, which then must be made up for by the next start."""
        children = self.children_of(process)
        if children and self.random.random() < 0.5:
            try:
                os.kill(self.random.choice(children), signal.SIGKILL)
            except ProcessLookupError:
                return process.kill()
            return None
        return process.kill()

    def suffer(self, count, seconds):
        """Kills and goes on until the run is done. Returns what is wrong, or None."""
        while True:
            process = self.begin()
            to_end = count.enough()
            try:
                wait = PATIENCE if to_end else self.random.uniform(0.0, 1.3 * seconds)
                self.said = process.communicate(timeout=wait)[0]
            except subprocess.TimeoutExpired:
                if to_end:
                    process.kill()
                    return "hangs"
                self.kill(process)
                self.said = process.communicate()[0]
                count.add()
                continue
            if process.returncode == 0:
                return None
            if process.returncode == 75:  # a process that was killed had one of its own that is still ending
                time.sleep(0.05)
                continue
            if self.kind == "sweep" and process.returncode == 1 and "signal" in self.said:
                continue  # one of its runs was killed
            return f"ends with {process.returncode}: {self.said[-300:]}"

    def outcome(self):
        return contents(self.folder, ["out"])

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def undisturbed(options, kind, minutes):
    """What comes of it, and how long it takes."""
    ordeal = Ordeal(options, kind, minutes, 0)
    started = time.monotonic()
    process = ordeal.start(ESPALIER_ISA=options.sets[-1])
    said = process.communicate()[0]
    if process.returncode != 0:
        sys.exit(f"{kind}: {said}")
    seconds = time.monotonic() - started
    outcome = ordeal.outcome()
    ordeal.close()
    return outcome, seconds


def trial(options, references, count, number):
    """One ordeal. What is wrong, or None."""
    if count.enough():
        return None
    draw = random.Random(options.seed * 1000003 + number)
    key = draw.choice(sorted(references))
    expected, seconds = references[key]
    ordeal = Ordeal(options, *key, draw.random())
    wrong = ordeal.suffer(count, seconds)
    if not wrong:
        outcome = ordeal.outcome()
        other = [path for path in sorted(set(outcome) | set(expected)) if outcome.get(path) != expected.get(path)]
        if other:
            wrong = f"other than undisturbed: {', '.join(other)}"
        elif left_over(ordeal.folder):
            wrong = f"leaves {left_over(ordeal.folder)[0]}"
    ordeal.close()
    return wrong and f"{number}: {key[0]}, a checkpoint every {key[1]} minutes: {wrong}"


def main(argv):
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("espalier", type=os.path.abspath)
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="espalier-kills-", dir=samples.memory()) as options.work:
        return torment(options)


def torment(options):
    options.sets = sets_of(options)
    kinds = [("sweep", 0)] + [(kind, minutes) for kind in KINDS for minutes in (0, 10)]
    if options.kills < 50:
        kinds = [("sweep", 0), ("rewind", 0), ("rigl", 10)]
    references = {key: undisturbed(options, *key) for key in kinds}
    count = Count(options.kills)
    findings, runs = [], 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for wrong in pool.map(lambda n: trial(options, references, count, n), range(10 * options.kills)):
            if wrong:
                findings.append(wrong)
                print(wrong, flush=True)
            runs += 1
    print(f"{count.done} kills with {', '.join(options.sets)}; {len(findings)} findings")
    return bool(findings) or not count.enough()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
