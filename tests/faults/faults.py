#!/usr/bin/python3
"""Every call that can fail, failing: a command is run once to count its calls, then again and again with one of them
refused. Each time it must end with what it was asked for, or with status 1 or 2 and one line about what went wrong;
leave no partial file; and a run that is resumed must end with the weights of an undisturbed one.

usage: faults.py ESPALIER LIBRARY [--all | --points N] [--scenario NAME] [--at KIND:N:HOW] [--jobs N]

  --points N    N points, drawn from all in a fixed order (200)
  --all         all points
  --scenario    only this one; may be given again
  --at          only this point of it, with what the command printed
  --trace FILE  with --at: where the call was made, addresses within the command (addr2line)
  --jobs N      commands at a time (2)"""

import argparse
import collections
import concurrent.futures
import errno
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import samples  # noqa: E402
from outcome import contents, left_over  # noqa: E402

TIMEOUT = 60
NUMBER = {name: str(number) for number, name in errno.errorcode.items()}
# How each kind of call fails, and whether the command must get over it.
MEMORY = [("ENOMEM", False)]
WAYS = {
    "malloc": MEMORY, "calloc": MEMORY, "realloc": MEMORY, "aligned_alloc": MEMORY, "open_memstream": MEMORY,
    "fmemopen": MEMORY,
    "fopen": [("EMFILE", False)],
    "open": [("EMFILE", False), ("EACCES", False)],
    "read": [("EIO", False), ("EINTR", True), ("short", True)],
    "write": [("ENOSPC", False), ("EIO", False), ("EINTR", True), ("short", True)],
    "pwrite": [("ENOSPC", False), ("EINTR", True), ("short", True)],
    "fsync": [("EIO", False), ("EINTR", True)],
    "close": [("EIO", False), ("EINTR", False)],
    "fclose": [("ENOSPC", False)],
    "fflush": [("ENOSPC", False)],
    "rename": [("EIO", False), ("EXDEV", False)],
    "unlink": [("EIO", False)],
    "mkdir": [("ENOSPC", False)],
    "ftruncate": [("EIO", False), ("EINTR", True)],
    "flock": [("ENOLCK", False), ("EINTR", True)],
    "opendir": [("EMFILE", False)],
    "readdir": [("EIO", False)],
    "fork": [("EAGAIN", False)],
    "posix_spawnp": [("EAGAIN", False)],
    "waitpid": [("EINTR", True)],
    "pthread_create": [("EAGAIN", False)],
}
# Failures that stay: a full disk, a table of open files that is full.
LASTING = {"write": "ENOSPC", "open": "EMFILE", "fsync": "EIO", "malloc": "ENOMEM"}
MEMORY_KINDS = {kind for kind, ways in WAYS.items() if ways is MEMORY}

NET = """[model]
arch = custom
layers =
  conv 8 3x3 stride 4
  bn
  relu
  flatten
  linear classes
"""
RUN = """[run]
threads = 1
checkpoint_minutes = 0
keep_steps = 2
[data]
dataset = shapes
train = 64
test = 32
validation = 16
[train]
epochs = 2
batch = 32
[prune]
method = magnitude
schedule = iterative
rounds = 2
sparsity = 0.8
retrain = weight-rewind
rewind_step = 2
retrain_epochs = 1
[log]
tensorboard = yes
""" + NET
CHANNELS = RUN.replace("sparsity = 0.8", "sparsity = 0.5\nstructure = channel").replace(
    "retrain = weight-rewind\nrewind_step = 2\n", "")
SHORT = """[run]
threads = 1
[data]
dataset = shapes
train = 48
test = 32
validation = 16
[train]
epochs = 1
batch = 32
[prune]
method = magnitude
schedule = one-shot
sparsity = 0.5
retrain_epochs = 1
""" + NET
SWEEP = SHORT + """[sweep]
prune.sparsity = 0.5 0.8
"""
SEARCH = SHORT.replace("schedule = one-shot", "schedule = one-shot\ntolerance = 0.3")
SMALL = """[run]
threads = 1
[data]
dataset = {0}
path = {0}
[train]
epochs = 1
batch = 4
[model]
arch = custom
layers =
  flatten
  linear classes
"""

Scenario = collections.namedtuple("Scenario", "name arguments prepare command again fresh outputs")


def scenario(name, *arguments, prepare=None, command=None, again=None, fresh=True, outputs=()):
    """A command; what is to be there before it (a list of names of the stock); the subcommand in whose processes a
    call fails, where that is not the first one; what is run afterwards and must succeed (None: the same again); files
    that must be there, and as they were, when it succeeds."""
    return Scenario(name, list(arguments), prepare or [], command or arguments[0], again, fresh, list(outputs))


SCENARIOS = [
    scenario("run", "run", "run.ini", "-o", "out", outputs=["out"]),
    scenario("resume", "resume", "begun", prepare=["begun"], outputs=["begun"]),
    scenario("run-folder", "run", "folder.ini", "-o", "out", prepare=["folder"], outputs=["out"]),
    scenario("run-idx", "run", "idx.ini", "-o", "out", prepare=["idx"], outputs=["out"]),
    scenario("run-cifar10", "run", "cifar10.ini", "-o", "out", prepare=["cifar10"], outputs=["out"]),
    scenario("sweep", "sweep", "sweep.ini", "-o", "out", outputs=["out"]),
    scenario("sweep-runs", "sweep", "sweep.ini", "-o", "out", command="resume", outputs=["out"]),
    scenario("search", "search", "search.ini", "-o", "out", outputs=["out"]),
    scenario("shrink", "shrink", "channels", "-o", "small.safetensors", prepare=["channels"],
             outputs=["small.safetensors", "small.ini"]),
    scenario("export-onnx", "export", "done", "-o", "net.onnx", "--sparse", prepare=["done"], outputs=["net.onnx"]),
    scenario("export-c", "export", "done", "-o", "net.c", prepare=["done"], outputs=["net.c", "net.h"]),
    scenario("compress", "compress", "plain", "-o", "out", "compress.steps=share round", "compress.epochs=1 0",
             prepare=["plain"], outputs=["out"]),
    scenario("quantise", "compress", "plain", "-o", "out", "compress.steps=quantise", prepare=["plain"],
             outputs=["out"]),
    scenario("factorise", "factorise", "plain", "--rank=2", "-o", "low.safetensors", prepare=["plain"],
             outputs=["low.safetensors", "low.ini"]),
    scenario("pack", "pack", "done", "-o", "net.esp", prepare=["done"], outputs=["net.esp"]),
    scenario("eval-packed", "eval", "net.esp", "--logits", "logits.csv", prepare=["net.esp"], outputs=["logits.csv"]),
    scenario("resume-moved", "resume", "moved", "data.path=folder", prepare=["moved", "folder"], outputs=["moved"]),
    scenario("new", "new", "folder", "-o", "new.ini", prepare=["folder"], outputs=["new.ini"]),
    scenario("eval", "eval", "done", "--logits", "logits.csv", prepare=["done"], outputs=["logits.csv"]),
    scenario("predict", "predict", "done", "folder/train/ant/0.png", "folder/train/bee/grey.jpg",
             prepare=["done", "folder"]),
    scenario("inspect", "inspect", "done", prepare=["done"]),
    scenario("report", "report", "done", "channels", "-o", "page.html", "--figures", "figures",
             prepare=["done", "channels"], outputs=["page.html", "figures"]),
    scenario("sensitivity", "sensitivity", "done", "-o", "out", prepare=["done"], outputs=["out"]),
    scenario("overlap", "overlap", "done", "channels", "--csv", "overlap.csv", prepare=["done", "channels"],
             outputs=["overlap.csv"]),
    scenario("instability", "instability", "short.ini", "prune.method=none", "--points", "3", "-o", "out", outputs=["out"]),
]

def printed(text, folder):
    """What was printed, apart from times and speeds, and from where the folder is."""
    return re.sub(r"[0-9.]+(e[-+][0-9]+)?", "#", "\n".join(
        line for line in text.replace(os.path.realpath(folder), "").splitlines() if not re.search(r"images/s|memory|seconds|^\S* *\S*min|kernel", line)))


class Trial:
    """A folder with the stock that a scenario needs, and commands run in it."""

    def __init__(self, options, stock, plan):
        self.options, self.plan = options, plan
        self.folder = tempfile.mkdtemp(dir=options.work)
        for name in os.listdir(stock):
            path = os.path.join(stock, name)
            if os.path.isfile(path):
                shutil.copy(path, self.folder)
            elif name in plan.prepare:
                shutil.copytree(path, os.path.join(self.folder, name))

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, *arguments, **more):
        environment = dict(os.environ, OMP_WAIT_POLICY="passive", LC_ALL="C.UTF-8", MALLOC_CHECK_="3", **more)
        try:
            return subprocess.run([self.options.espalier, *arguments], cwd=self.folder, env=environment,
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, text=True,
                                  errors="replace", check=False)
        except subprocess.TimeoutExpired as e:
            return subprocess.CompletedProcess(e.cmd, "hang", "", "")

    def preloaded(self, **more):
        return self.command(*self.plan.arguments, LD_PRELOAD=self.options.library, FAIL_COMMAND=self.plan.command,
                            **more)

    def hashes(self):
        found = {}
        for where, _, names in os.walk(self.folder):
            if "result.json" in names:
                with open(os.path.join(where, "result.json"), encoding="utf-8") as file:
                    found[os.path.relpath(where, self.folder)] = json.load(file)["weights_sha256"]
        return found

    def again(self):
        """Goes on after a failure, as a person would."""
        arguments = self.plan.arguments
        if arguments[0] in ("run", "compress") and os.path.exists(os.path.join(self.folder, "out/config.ini")):
            return self.command("resume", "out")
        if arguments[0] == "new" and os.path.exists(os.path.join(self.folder, "new.ini")):
            os.remove(os.path.join(self.folder, "new.ini"))  # whole, but perhaps not to last
        return self.command(*arguments)


def gets_over(plan, kind, how):
    """Whether nothing may come of the failure. A signal during a read of zlib's ends its stream."""
    return dict(WAYS[kind]).get(how, False) and not (plan.name == "run-idx" and kind == "read")


def damaged(result, point, reference_run):
    """What is wrong with the way the command ended, or None."""
    kind, how = point.split(":")[0].rstrip("+"), point.split(":")[2]
    lines = result.stderr.splitlines()
    if result.returncode == "hang":
        return "hangs"
    if result.returncode not in (0, 1, 2, 75) or (kind in MEMORY_KINDS and result.returncode == 75):
        return f"ends with {result.returncode}: {result.stderr[-200:]!r}"
    if kind in MEMORY_KINDS and result.returncode == 2:
        return f"status 2 for want of memory: {result.stderr[-200:]!r}"
    if result.returncode != 0 and len([line for line in lines if line]) != 1 and reference_run.command not in ("resume", "predict"):
        return f"{len(lines)} lines on stderr: {result.stderr[-300:]!r}"
    if result.returncode != 0 and gets_over(reference_run, kind, how) and "+" not in point:
        return f"does not get over it: {result.stderr[-200:]!r}"
    return None


class Reference:
    """A scenario undisturbed: its counts, and what comes of it."""

    def __init__(self, options, stock, plan):
        trial = Trial(options, stock, plan)
        counts = os.path.join(trial.folder, "counts")
        result = trial.preloaded(FAIL_COUNTS=counts)
        if result.returncode != 0:
            sys.exit(f"{plan.name}: {result.stderr}")
        self.plan, self.count = plan, collections.Counter()
        with open(counts, encoding="ascii") as file:
            for line in file:
                command, kind, count = line.split()
                if command == plan.command:
                    self.count[kind] = max(self.count[kind], int(count))
        self.printed, self.contents, self.hashes = printed(result.stdout, trial.folder), contents(
            trial.folder, plan.outputs), trial.hashes()
        trial.close()

    def points(self):
        for kind, count in sorted(self.count.items()):
            for number in range(1, count + 1):
                for how, _ in WAYS[kind]:
                    yield f"{kind}:{number}:{how}"
                if kind in LASTING:
                    yield f"{kind}:{number}+:{LASTING[kind]}"


def difference(trial, reference, result, kind=None):
    """What is not as it was, of a command that says it succeeded. A report notes on the page which files of a run it
    could not read, and goes on without them."""
    if result is not None and reference.plan.name == "report" and kind in ("open", "fopen", "read", "opendir", "readdir"):
        return None
    found = contents(trial.folder, reference.plan.outputs)
    for path in sorted(set(found) | set(reference.contents)):
        if found.get(path) != reference.contents.get(path):
            return f"status 0, and {path} is not what it should be"
    if trial.hashes() != reference.hashes:
        return "status 0, and other weights"
    said = result is not None and ("out of memory" in result.stdout or "cannot" in result.stdout)
    if result is not None and printed(result.stdout, trial.folder) != reference.printed and not said:
        return "status 0, and other output"
    return None


def recovery(trial, reference):
    result = trial.again()
    if result.returncode != 0:
        return f"cannot go on: {result.returncode} {result.stderr[-300:]!r}"
    wrong = difference(trial, reference, None)
    return wrong and f"afterwards: {wrong}"


def examine(options, stock, reference, point):
    """Runs the scenario with one call failing. What is wrong, or None; and whether it succeeded all the same."""
    kind, number, how = point.split(":")
    trial = Trial(options, stock, reference.plan)
    wish = ":".join((kind, number, how if how == "short" else NUMBER[how]))
    result = trial.preloaded(FAIL=wish, **({"FAIL_TRACE": options.trace} if options.trace else {}))
    wrong = damaged(result, point, reference.plan)
    if options.at:
        print(f"status {result.returncode}\n{result.stdout}{result.stderr}")
    if not wrong and kind != "unlink" and left_over(trial.folder):
        wrong = f"leaves {left_over(trial.folder)[0]}"
    if not wrong and result.returncode == 0:
        wrong = difference(trial, reference, result, kind)
    if not wrong and result.returncode != 0:
        wrong = recovery(trial, reference)
    trial.close()
    return wrong, result.returncode == 0


def make_stock(options):
    """Configurations, data sets, and runs that are done or half done."""
    stock = os.path.join(options.work, "stock")
    os.makedirs(stock)
    texts = {"run": RUN, "channels": CHANNELS, "sweep": SWEEP, "search": SEARCH, "short": SHORT}
    texts.update({name: SMALL.format(name) for name in ("folder", "idx", "cifar10")})
    for name, text in texts.items():
        with open(f"{stock}/{name}.ini", "w", encoding="ascii") as file:
            file.write(text)
    samples.pictures(f"{stock}/folder")
    samples.idx(f"{stock}/idx")
    samples.cifar(f"{stock}/cifar10")
    environment = dict(os.environ, OMP_WAIT_POLICY="passive")

    def run(*arguments, **more):
        return subprocess.run([options.espalier, *arguments], cwd=stock, env=dict(environment, **more),
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)

    for name, output in (("run", "done"), ("channels", "channels"), ("short", "plain"), ("folder", "moved")):
        result = run("run", f"{name}.ini", "-o", output)
        if result.returncode != 0:
            sys.exit(f"{name}: {result.stderr}")
    run("pack", "done", "-o", "net.esp")
    run("run", "run.ini", "-o", "begun", LD_PRELOAD=options.library, FAIL=f"rename:18:{errno.EIO}")
    if not os.path.exists(f"{stock}/begun/checkpoint.safetensors"):
        sys.exit("no run that is half done")
    return stock


def arguments_of(argv):
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("espalier", type=os.path.abspath)
    parser.add_argument("library", type=os.path.abspath)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--scenario", action="append")
    parser.add_argument("--at")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--trace", type=os.path.abspath)
    return parser.parse_args(argv)


def choose(options, references):
    points = [(reference, point) for reference in references for point in reference.points()]
    total = len(points)
    if options.at:
        return [(reference, options.at) for reference in references], total
    if not options.all and options.points < total:
        # Every kind of call of every scenario first, then any.
        points = random.Random(1).sample(points, total)
        seen, first, rest = set(), [], []
        for reference, point in points:
            kind = (reference.plan.name, point.split(":")[0], point.split(":")[2])
            (rest if kind in seen else first).append((reference, point))
            seen.add(kind)
        points = (first + rest)[:options.points]
    return points, total


def main(argv):
    options = arguments_of(argv)
    with tempfile.TemporaryDirectory(prefix="espalier-faults-", dir=samples.memory()) as options.work:
        return fail_all(options)


def fail_all(options):
    stock = make_stock(options)
    plans = [plan for plan in SCENARIOS if not options.scenario or plan.name in options.scenario]
    references = [Reference(options, stock, plan) for plan in plans]
    points, total = choose(options, references)
    bad, over = 0, 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for (reference, point), (wrong, succeeded) in zip(points, pool.map(
                lambda p: examine(options, stock, *p), points)):
            over += succeeded
            if wrong:
                bad += 1
                print(f"{reference.plan.name} {point}: {wrong}", flush=True)
    print(f"{len(points)} of {total} points, {over} got over, {bad} findings")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
